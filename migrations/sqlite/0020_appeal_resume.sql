-- Going on with an appeal whose waiting has an end is an act of its own.

-- SQLite changes no CHECK in place; see 0008.
CREATE TEMP TABLE appeal_act_0019 AS SELECT * FROM appeal_act;
DROP TABLE appeal_act;

CREATE TABLE appeal_act (
    appeal_id TEXT NOT NULL REFERENCES appeal (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    act TEXT NOT NULL CHECK (act IN (
        'assign', 'note', 'ask', 'answer', 'confirm', 'correct', 'duplicate', 'refuse', 'wait', 'close', 'reopen', 'resume'
    )),
    person TEXT NOT NULL CHECK (person <> ''),
    acted_at INTEGER NOT NULL,
    -- Where the appeal stood afterwards.
    status TEXT NOT NULL,
    -- To whom it was given.
    assigned_to TEXT,
    -- The question's or the refusal's.
    code TEXT,
    deposit_id TEXT REFERENCES deposit (id),
    other_appeal_id TEXT REFERENCES appeal (id),
    -- The question, the answer's fields as JSON, or the reason.
    text TEXT,
    PRIMARY KEY (appeal_id, number)
) STRICT;
INSERT INTO appeal_act (appeal_id, number, act, person, acted_at, status, assigned_to, code, deposit_id, other_appeal_id, text)
    SELECT appeal_id, number, act, person, acted_at, status, assigned_to, code, deposit_id, other_appeal_id, text
    FROM appeal_act_0019;
DROP TABLE appeal_act_0019;
CREATE TRIGGER appeal_stale_act AFTER INSERT ON appeal_act
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
