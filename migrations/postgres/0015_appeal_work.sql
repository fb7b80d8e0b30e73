-- The specialist's work on appeals: what people did, what they decided, and the queue as it is listed.

-- Until when somebody holds it who took it from the queue; absent where it was given to them for good.
ALTER TABLE appeal ADD COLUMN assigned_until BIGINT;
CREATE INDEX appeal_assigned_until ON appeal (assigned_until) WHERE assigned_until IS NOT NULL;

-- Everything that people did with an appeal but notes, which have a table of their own.
CREATE TABLE appeal_act (
    appeal_id TEXT COLLATE "C" NOT NULL REFERENCES appeal (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    act TEXT COLLATE "C" NOT NULL CHECK (act IN (
        'assign', 'note', 'ask', 'answer', 'confirm', 'correct', 'duplicate', 'refuse', 'wait', 'close', 'reopen'
    )),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    acted_at BIGINT NOT NULL,
    -- Where the appeal stood afterwards.
    status TEXT COLLATE "C" NOT NULL,
    -- To whom it was given.
    assigned_to TEXT COLLATE "C",
    -- The question's or the refusal's.
    code TEXT COLLATE "C",
    deposit_id TEXT COLLATE "C" REFERENCES deposit (id),
    other_appeal_id TEXT COLLATE "C" REFERENCES appeal (id),
    -- The question, the answer's fields as JSON, or the reason.
    text TEXT COLLATE "C",
    PRIMARY KEY (appeal_id, number)
);

-- What customers answered, in the place of what the appeal says there; the appeal itself keeps its first words.
CREATE TABLE appeal_said (
    appeal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES appeal (id),
    fields TEXT COLLATE "C" NOT NULL,
    answered_at BIGINT NOT NULL
);

-- A person's decision which deposit is meant: matching leaves it alone, and models learn from it.
CREATE TABLE appeal_truth (
    appeal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES appeal (id),
    -- Absent where none is the right one.
    deposit_id TEXT COLLATE "C" REFERENCES deposit (id),
    decision TEXT COLLATE "C" NOT NULL CHECK (decision IN ('confirmed', 'corrected', 'none')),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    decided_at BIGINT NOT NULL,
    -- What matching proposed then.
    model_deposit_id TEXT COLLATE "C",
    model_decision TEXT COLLATE "C",
    model_score_ppm BIGINT,
    CHECK ((decision = 'none') = (deposit_id IS NULL))
);
-- One deposit, one owner.
CREATE UNIQUE INDEX appeal_truth_once ON appeal_truth (deposit_id) WHERE deposit_id IS NOT NULL;

-- One row an appeal: what the queue sorts and narrows by. Derived; the triggers below say whose row is out of date.
CREATE TABLE appeal_queue (
    appeal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES appeal (id),
    user_id TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    -- Empty before matching.
    decision TEXT COLLATE "C" NOT NULL,
    -- The deposit's network, else what the customer calls it; empty where neither is known.
    network TEXT COLLATE "C" NOT NULL,
    -- Empty for nobody.
    assigned_to TEXT COLLATE "C" NOT NULL,
    assigned_until BIGINT,
    next_action TEXT COLLATE "C" NOT NULL,
    stage TEXT COLLATE "C" NOT NULL CHECK (stage IN ('first_answer', 'decision', 'matching', 'waiting', 'done')),
    -- Since when the stage's clock runs, and the same in whole hours.
    since BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    -- Cents below zero: the dearest sorts first, and a value that nobody knows before it.
    value_order BIGINT NOT NULL,
    value_cents BIGINT
);
CREATE INDEX appeal_queue_order ON appeal_queue (stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_status ON appeal_queue (status, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_decision ON appeal_queue (decision, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_network ON appeal_queue (network, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_assigned ON appeal_queue (assigned_to, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_user ON appeal_queue (user_id, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_next ON appeal_queue (next_action, stage, hour, value_order, appeal_id);
CREATE INDEX appeal_queue_value ON appeal_queue (stage, value_order, hour, appeal_id);

CREATE INDEX claim_by_appeal ON claim (appeal_id, opened_at) WHERE appeal_id IS NOT NULL;

-- Appeals whose queue row is out of date. The triggers below say so.
CREATE TABLE appeal_stale (
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL PRIMARY KEY,
    appeal_id TEXT COLLATE "C" NOT NULL
);
INSERT INTO appeal_stale (appeal_id) SELECT id FROM appeal;

-- What the trigger is given: the column that names the appeal.
CREATE FUNCTION appeal_is_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'appeal' THEN
        INSERT INTO appeal_stale (appeal_id) VALUES (NEW.id);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO appeal_stale (appeal_id) VALUES (OLD.appeal_id);
    ELSE
        INSERT INTO appeal_stale (appeal_id) VALUES (NEW.appeal_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION appeals_of_deposit_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO appeal_stale (appeal_id) SELECT appeal_id FROM match_outcome WHERE deposit_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER appeal_stale_made AFTER INSERT OR UPDATE ON appeal
    FOR EACH ROW EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_matched AFTER INSERT OR DELETE ON match_outcome
    FOR EACH ROW EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_rematched AFTER UPDATE ON match_outcome
    FOR EACH ROW WHEN (OLD.decision <> NEW.decision OR OLD.deposit_id IS DISTINCT FROM NEW.deposit_id)
    EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_act AFTER INSERT ON appeal_act
    FOR EACH ROW EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_claimed AFTER INSERT ON claim
    FOR EACH ROW WHEN (NEW.appeal_id IS NOT NULL) EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_stepped AFTER UPDATE ON claim
    FOR EACH ROW WHEN (NEW.appeal_id IS NOT NULL AND OLD.status <> NEW.status) EXECUTE FUNCTION appeal_is_stale();
CREATE TRIGGER appeal_stale_deposit AFTER UPDATE ON deposit
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.value_cents IS DISTINCT FROM NEW.value_cents
        OR OLD.kind <> NEW.kind OR OLD.verdict_detail <> NEW.verdict_detail OR OLD.owner IS DISTINCT FROM NEW.owner)
    EXECUTE FUNCTION appeals_of_deposit_are_stale();
