-- Which blocks were read, under which watch set, and which could not be.

CREATE TABLE scan_state (
    network TEXT NOT NULL PRIMARY KEY,
    -- Counts rewinds: what was read before a rewind is not committed after it.
    generation INTEGER NOT NULL CHECK (generation >= 0),
    -- The newest height that a scan took as final; absent before the first.
    finalized_height INTEGER CHECK (finalized_height >= 0)
) STRICT;

CREATE TABLE coverage (
    network TEXT NOT NULL,
    -- A part of the chain (`part:transfer_logs`) or one account (`account:0x…`).
    stream TEXT NOT NULL CHECK (stream <> ''),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    from_height INTEGER NOT NULL CHECK (from_height >= 0),
    to_height INTEGER NOT NULL,
    -- The block hash at `to_height`; absent where a rewind cut the range at a height whose header is not kept.
    to_hash TEXT,
    -- Where an adapter goes on reading an account.
    resume_token TEXT,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (network, stream, epoch, from_height),
    CHECK (from_height <= to_height)
) STRICT;

CREATE TABLE coverage_gap (
    network TEXT NOT NULL,
    stream TEXT NOT NULL CHECK (stream <> ''),
    from_height INTEGER NOT NULL CHECK (from_height >= 0),
    to_height INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (network, stream, from_height),
    CHECK (from_height <= to_height)
) STRICT;

-- Headers of the window that a reorganisation can still change.
CREATE TABLE block_seen (
    network TEXT NOT NULL,
    height INTEGER NOT NULL CHECK (height >= 0),
    hash TEXT NOT NULL,
    parent_hash TEXT NOT NULL,
    block_time INTEGER NOT NULL,
    PRIMARY KEY (network, height)
) STRICT;
