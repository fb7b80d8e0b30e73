-- Work that only one process may do at a time.

CREATE TABLE lease (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
    holder TEXT COLLATE "C" NOT NULL CHECK (holder <> ''),
    -- Grows with every change of holder; an effect compares it in its own transaction.
    epoch BIGINT NOT NULL CHECK (epoch >= 1),
    expires_at BIGINT NOT NULL
);
