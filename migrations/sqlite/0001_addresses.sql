-- What the exchange knows about its own addresses, and the epochs of the watch set.

-- An epoch is the set of payloads watched up to it. It is open while imports add to it and sealed by the first scan
-- that reads it, so that coverage under its number never speaks of a payload added later.
CREATE TABLE watch_epoch (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number >= 1),
    opened_at INTEGER NOT NULL,
    sealed_at INTEGER
) STRICT;

-- How far back each family must be scanned for what an epoch added.
CREATE TABLE watch_epoch_family (
    number INTEGER NOT NULL REFERENCES watch_epoch (number),
    family TEXT NOT NULL CHECK (family IN ('evm', 'bitcoin', 'xrpl', 'stellar', 'cosmos', 'ton', 'tron', 'solana')),
    -- Earliest creation among the new payloads; absent when one of them may be as old as its network.
    since INTEGER,
    payloads INTEGER NOT NULL CHECK (payloads >= 0),
    PRIMARY KEY (number, family)
) STRICT;

CREATE TABLE address (
    -- First 16 bytes of SHA-256 over family, network, role, value and user.
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    family TEXT NOT NULL CHECK (family IN ('evm', 'bitcoin', 'xrpl', 'stellar', 'cosmos', 'ton', 'tron', 'solana')),
    network TEXT,
    role TEXT NOT NULL CHECK (role IN ('deposit', 'omnibus', 'hot', 'retired', 'assigned_memo', 'past_sender')),
    value TEXT NOT NULL CHECK (value <> ''),
    -- One byte for the kind of payload, then its bytes; absent for memos and families without a codec.
    payload BLOB CHECK (length(payload) >= 2),
    user_id TEXT,
    created_at INTEGER,
    retired_at INTEGER,
    control TEXT NOT NULL CHECK (control <> ''),
    -- Whether money landing at the payload is ours.
    watched INTEGER NOT NULL CHECK (watched IN (0, 1)),
    imported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX address_by_payload ON address (payload) WHERE payload IS NOT NULL;
CREATE INDEX address_watched ON address (family, payload) WHERE watched = 1;
CREATE INDEX address_by_user ON address (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX address_by_value ON address (value, id);

-- One row a file that was read.
CREATE TABLE import_run (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('addresses', 'ledger', 'prices', 'appeals', 'deposits')),
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    inserted INTEGER NOT NULL CHECK (inserted >= 0),
    updated INTEGER NOT NULL CHECK (updated >= 0),
    unchanged INTEGER NOT NULL CHECK (unchanged >= 0),
    rejected INTEGER NOT NULL CHECK (rejected >= 0),
    actor TEXT,
    finished_at INTEGER NOT NULL
) STRICT;
