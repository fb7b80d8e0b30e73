-- Work that only one process may do at a time.

CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
    holder TEXT NOT NULL CHECK (holder <> ''),
    -- Grows with every change of holder; an effect compares it in its own transaction.
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    expires_at INTEGER NOT NULL
) STRICT;
