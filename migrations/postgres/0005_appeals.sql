-- What customers say, what matching made of it, and what a diagnosis saw.

CREATE TABLE appeal (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    user_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    -- Verbatim; empty where the customer left it blank.
    claimed_txid TEXT COLLATE "C" NOT NULL,
    claimed_network TEXT COLLATE "C" NOT NULL,
    claimed_asset TEXT COLLATE "C" NOT NULL,
    claimed_amount TEXT COLLATE "C" NOT NULL,
    claimed_to_address TEXT COLLATE "C" NOT NULL,
    claimed_memo TEXT COLLATE "C" NOT NULL,
    claimed_from_address TEXT COLLATE "C" NOT NULL,
    claimed_at TEXT COLLATE "C" NOT NULL,
    ownership_proof TEXT COLLATE "C" NOT NULL,
    session_view_at BIGINT,
    free_text TEXT COLLATE "C" NOT NULL,
    -- BCP 47 and an IANA name.
    language TEXT COLLATE "C",
    time_zone TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL CHECK (status IN (
        'received', 'needs_info', 'no_match', 'matched', 'conflict', 'waiting', 'refused', 'duplicate',
        'closed'
    )),
    status_reason TEXT COLLATE "C",
    assigned_to TEXT COLLATE "C",
    imported_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX appeal_by_status ON appeal (status, created_at, id);
CREATE INDEX appeal_by_user ON appeal (user_id, created_at, id);
CREATE INDEX appeal_by_time ON appeal (created_at, id);

CREATE TABLE appeal_note (
    appeal_id TEXT COLLATE "C" NOT NULL REFERENCES appeal (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    written_by TEXT COLLATE "C" NOT NULL,
    written_at BIGINT NOT NULL,
    text TEXT COLLATE "C" NOT NULL CHECK (text <> ''),
    PRIMARY KEY (appeal_id, number)
);

-- The current outcome of each appeal.
CREATE TABLE match_outcome (
    appeal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES appeal (id),
    deposit_id TEXT COLLATE "C" REFERENCES deposit (id),
    decision TEXT COLLATE "C" NOT NULL CHECK (decision IN ('auto', 'review', 'none', 'conflict')),
    score_ppm BIGINT NOT NULL CHECK (score_ppm BETWEEN 0 AND 1000000),
    reasons TEXT COLLATE "C" NOT NULL,
    matched_at BIGINT NOT NULL
);
CREATE INDEX match_by_deposit ON match_outcome (deposit_id) WHERE deposit_id IS NOT NULL;

CREATE TABLE diagnosis (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    query TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C",
    made_at BIGINT NOT NULL,
    -- What was seen and concluded, as JSON.
    verdict TEXT COLLATE "C" NOT NULL
);
CREATE INDEX diagnosis_by_query ON diagnosis (query, made_at);
