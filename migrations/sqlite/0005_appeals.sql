-- What customers say, what matching made of it, and what a diagnosis saw.

CREATE TABLE appeal (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Verbatim; empty where the customer left it blank.
    claimed_txid TEXT NOT NULL,
    claimed_network TEXT NOT NULL,
    claimed_asset TEXT NOT NULL,
    claimed_amount TEXT NOT NULL,
    claimed_to_address TEXT NOT NULL,
    claimed_memo TEXT NOT NULL,
    claimed_from_address TEXT NOT NULL,
    claimed_at TEXT NOT NULL,
    ownership_proof TEXT NOT NULL,
    session_view_at INTEGER,
    free_text TEXT NOT NULL,
    -- BCP 47 and an IANA name.
    language TEXT,
    time_zone TEXT,
    status TEXT NOT NULL CHECK (status IN (
        'received', 'needs_info', 'no_match', 'matched', 'conflict', 'waiting', 'refused', 'duplicate',
        'closed'
    )),
    status_reason TEXT,
    assigned_to TEXT,
    imported_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX appeal_by_status ON appeal (status, created_at, id);
CREATE INDEX appeal_by_user ON appeal (user_id, created_at, id);
CREATE INDEX appeal_by_time ON appeal (created_at, id);

CREATE TABLE appeal_note (
    appeal_id TEXT NOT NULL REFERENCES appeal (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    written_by TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    text TEXT NOT NULL CHECK (text <> ''),
    PRIMARY KEY (appeal_id, number)
) STRICT;

-- The current outcome of each appeal.
CREATE TABLE match_outcome (
    appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
    deposit_id TEXT REFERENCES deposit (id),
    decision TEXT NOT NULL CHECK (decision IN ('auto', 'review', 'none', 'conflict')),
    score_ppm INTEGER NOT NULL CHECK (score_ppm BETWEEN 0 AND 1000000),
    reasons TEXT NOT NULL,
    matched_at INTEGER NOT NULL
) STRICT;
CREATE INDEX match_by_deposit ON match_outcome (deposit_id) WHERE deposit_id IS NOT NULL;

CREATE TABLE diagnosis (
    id TEXT NOT NULL PRIMARY KEY,
    query TEXT NOT NULL,
    actor TEXT,
    made_at INTEGER NOT NULL,
    -- What was seen and concluded, as JSON.
    verdict TEXT NOT NULL
) STRICT;
CREATE INDEX diagnosis_by_query ON diagnosis (query, made_at);
