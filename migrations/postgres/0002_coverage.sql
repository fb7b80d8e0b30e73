-- Which blocks were read, under which watch set, and which could not be.

CREATE TABLE scan_state (
    network TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Counts rewinds: what was read before a rewind is not committed after it.
    generation BIGINT NOT NULL CHECK (generation >= 0),
    -- The newest height that a scan took as final; absent before the first.
    finalized_height BIGINT CHECK (finalized_height >= 0)
);

CREATE TABLE coverage (
    network TEXT COLLATE "C" NOT NULL,
    -- A part of the chain (`part:transfer_logs`) or one account (`account:0x…`).
    stream TEXT COLLATE "C" NOT NULL CHECK (stream <> ''),
    epoch BIGINT NOT NULL CHECK (epoch >= 0),
    from_height BIGINT NOT NULL CHECK (from_height >= 0),
    to_height BIGINT NOT NULL,
    -- The block hash at `to_height`; absent where a rewind cut the range at a height whose header is not kept.
    to_hash TEXT COLLATE "C",
    -- Where an adapter goes on reading an account.
    resume_token TEXT COLLATE "C",
    read_at BIGINT NOT NULL,
    PRIMARY KEY (network, stream, epoch, from_height),
    CHECK (from_height <= to_height)
);

CREATE TABLE coverage_gap (
    network TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL CHECK (stream <> ''),
    from_height BIGINT NOT NULL CHECK (from_height >= 0),
    to_height BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (network, stream, from_height),
    CHECK (from_height <= to_height)
);

-- Headers of the window that a reorganisation can still change.
CREATE TABLE block_seen (
    network TEXT COLLATE "C" NOT NULL,
    height BIGINT NOT NULL CHECK (height >= 0),
    hash TEXT COLLATE "C" NOT NULL,
    parent_hash TEXT COLLATE "C" NOT NULL,
    block_time BIGINT NOT NULL,
    PRIMARY KEY (network, height)
);
