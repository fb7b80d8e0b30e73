-- Pairs of appeal and deposit that a person took back: matching does not propose them again.

CREATE TABLE match_undone (
    appeal_id TEXT COLLATE "C" NOT NULL REFERENCES appeal (id),
    deposit_id TEXT COLLATE "C" NOT NULL REFERENCES deposit (id),
    -- The last to take it back; the log has the earlier ones.
    person TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
    undone_at BIGINT NOT NULL,
    PRIMARY KEY (appeal_id, deposit_id)
);
CREATE INDEX match_undone_by_deposit ON match_undone (deposit_id);
