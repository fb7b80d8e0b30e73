-- The specialist's work on appeals: what people did, what they decided, and the queue as it is listed.

-- Until when somebody holds it who took it from the queue; absent where it was given to them for good.
ALTER TABLE appeal ADD COLUMN assigned_until INTEGER;
CREATE INDEX appeal_assigned_until ON appeal (assigned_until) WHERE assigned_until IS NOT NULL;

-- Everything that people did with an appeal but notes, which have a table of their own.
CREATE TABLE appeal_act (
    appeal_id TEXT NOT NULL REFERENCES appeal (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    act TEXT NOT NULL CHECK (act IN (
        'assign', 'note', 'ask', 'answer', 'confirm', 'correct', 'duplicate', 'refuse', 'wait', 'close', 'reopen'
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

-- What customers answered, in the place of what the appeal says there; the appeal itself keeps its first words.
CREATE TABLE appeal_said (
    appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
    fields TEXT NOT NULL,
    answered_at INTEGER NOT NULL
) STRICT;

-- A person's decision which deposit is meant: matching leaves it alone, and models learn from it.
CREATE TABLE appeal_truth (
    appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
    -- Absent where none is the right one.
    deposit_id TEXT REFERENCES deposit (id),
    decision TEXT NOT NULL CHECK (decision IN ('confirmed', 'corrected', 'none')),
    person TEXT NOT NULL CHECK (person <> ''),
    decided_at INTEGER NOT NULL,
    -- What matching proposed then.
    model_deposit_id TEXT,
    model_decision TEXT,
    model_score_ppm INTEGER,
    CHECK ((decision = 'none') = (deposit_id IS NULL))
) STRICT;
-- One deposit, one owner.
CREATE UNIQUE INDEX appeal_truth_once ON appeal_truth (deposit_id) WHERE deposit_id IS NOT NULL;

-- One row an appeal: what the queue sorts and narrows by. Derived; the triggers below say whose row is out of date.
CREATE TABLE appeal_queue (
    appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Empty before matching.
    decision TEXT NOT NULL,
    -- The deposit's network, else what the customer calls it; empty where neither is known.
    network TEXT NOT NULL,
    -- Empty for nobody.
    assigned_to TEXT NOT NULL,
    assigned_until INTEGER,
    next_action TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('first_answer', 'decision', 'matching', 'waiting', 'done')),
    -- Since when the stage's clock runs, and the same in whole hours.
    since INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    -- Cents below zero: the dearest sorts first, and a value that nobody knows before it.
    value_order INTEGER NOT NULL,
    value_cents INTEGER
) STRICT;
CREATE INDEX appeal_queue_order ON appeal_queue (stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_status ON appeal_queue (status, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_decision ON appeal_queue (decision, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_network ON appeal_queue (network, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_assigned ON appeal_queue (assigned_to, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_user ON appeal_queue (user_id, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_next ON appeal_queue (next_action, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_value ON appeal_queue (stage, value_order, hour, appeal_id);

CREATE INDEX claim_by_appeal ON claim (appeal_id, opened_at) WHERE appeal_id IS NOT NULL;

-- Appeals whose queue row is out of date. A migration that makes one of these tables anew must make its triggers anew too.
CREATE TABLE appeal_stale (
    number INTEGER NOT NULL PRIMARY KEY,
    appeal_id TEXT NOT NULL
) STRICT;
INSERT INTO appeal_stale (appeal_id) SELECT id FROM appeal;

CREATE TRIGGER appeal_stale_made AFTER INSERT ON appeal
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.id);
END;
CREATE TRIGGER appeal_stale_changed AFTER UPDATE ON appeal
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.id);
END;
CREATE TRIGGER appeal_stale_matched AFTER INSERT ON match_outcome
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER appeal_stale_rematched AFTER UPDATE ON match_outcome
WHEN OLD.decision <> NEW.decision OR OLD.deposit_id IS NOT NEW.deposit_id
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER appeal_stale_unmatched AFTER DELETE ON match_outcome
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (OLD.appeal_id);
END;
CREATE TRIGGER appeal_stale_act AFTER INSERT ON appeal_act
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER appeal_stale_claimed AFTER INSERT ON claim WHEN NEW.appeal_id IS NOT NULL
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER appeal_stale_stepped AFTER UPDATE ON claim WHEN NEW.appeal_id IS NOT NULL AND OLD.status <> NEW.status
BEGIN
    INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER appeal_stale_deposit AFTER UPDATE ON deposit
WHEN OLD.status <> NEW.status OR OLD.value_cents IS NOT NEW.value_cents OR OLD.kind <> NEW.kind
    OR OLD.verdict_detail <> NEW.verdict_detail OR OLD.owner IS NOT NEW.owner
BEGIN
    INSERT INTO appeal_stale (appeal_id) SELECT appeal_id FROM match_outcome WHERE deposit_id = NEW.id;
END;
