-- What people said on a claim beside votes: what the customer was let off, by what they accepted the quote, and that a recovery was
-- given up whose fee was set aside. Claims of before have none of it, and keep their digests.

CREATE TABLE claim_waiver (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    -- In the order in which they were granted, from 1.
    number INTEGER NOT NULL CHECK (number >= 1),
    code TEXT NOT NULL CHECK (code <> ''),
    person TEXT NOT NULL CHECK (person <> ''),
    note TEXT NOT NULL CHECK (note <> ''),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, number)
) STRICT;
-- The same waiver is granted once on a claim.
CREATE UNIQUE INDEX claim_waiver_once ON claim_waiver (claim_id, code);

CREATE TABLE claim_acceptance (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    -- What the customer wrote or where it stands; empty where nothing was charged.
    evidence TEXT NOT NULL,
    -- The file that shows it: SHA-256 and length in bytes.
    file_sha256 TEXT CHECK (length(file_sha256) = 64),
    file_length INTEGER CHECK (file_length >= 0),
    person TEXT NOT NULL CHECK (person <> ''),
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, revision),
    CHECK ((file_sha256 IS NULL) = (file_length IS NULL))
) STRICT;

CREATE TABLE claim_unwinding (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    reason TEXT NOT NULL CHECK (reason <> ''),
    person TEXT NOT NULL CHECK (person <> ''),
    since INTEGER NOT NULL,
    -- What the networks took by then, in native base units.
    costs TEXT NOT NULL CHECK (
        length(costs) = 78 AND costs NOT GLOB '*[^0-9]*'
        AND costs <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    PRIMARY KEY (claim_id, revision)
) STRICT;
