-- Halts and policies stand in the same chain as the steps of claims.

-- SQLite changes no column in place; see 0008.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE claim_event_0008 AS SELECT * FROM claim_event;
DROP TABLE claim_event;

CREATE TABLE claim_event (
    sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence >= 1),
    -- Absent where an entry is about no claim: a halt, a policy.
    claim_id TEXT REFERENCES claim (id),
    at_time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    status TEXT NOT NULL CHECK (status IN (
        'draft', 'quoted', 'accepted', 'pending_approval', 'approved', 'prepared', 'awaiting_signature',
        'broadcast', 'confirming', 'instructed', 'settled', 'rejected', 'cancelled', 'quote_expired',
        'artifact_expired', 'invalidated', 'failed_on_chain', 'broadcast_unknown', 'reorged', 'mispaid'
    )),
    content_digest TEXT NOT NULL CHECK (length(content_digest) = 64),
    body_digest TEXT NOT NULL CHECK (length(body_digest) = 64),
    previous_hash TEXT NOT NULL CHECK (length(previous_hash) = 64),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;

INSERT INTO claim_event (
    sequence, claim_id, at_time, actor, command, revision, status, content_digest, body_digest, previous_hash, hash
) SELECT
    sequence, claim_id, at_time, actor, command, revision, status, content_digest, body_digest, previous_hash, hash
FROM claim_event_0008;
DROP TABLE claim_event_0008;

CREATE INDEX claim_event_by_claim ON claim_event (claim_id, sequence);

CREATE TRIGGER claim_event_is_never_changed BEFORE UPDATE ON claim_event
BEGIN
    SELECT RAISE(ABORT, 'claim_event is append-only');
END;
CREATE TRIGGER claim_event_is_never_deleted BEFORE DELETE ON claim_event
BEGIN
    SELECT RAISE(ABORT, 'claim_event is append-only');
END;
