-- What people said on a claim beside votes: what the customer was let off, by what they accepted the quote, and that a recovery was
-- given up whose fee was set aside. Claims of before have none of it, and keep their digests.

CREATE TABLE claim_waiver (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    -- In the order in which they were granted, from 1.
    number BIGINT NOT NULL CHECK (number >= 1),
    code TEXT COLLATE "C" NOT NULL CHECK (code <> ''),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    note TEXT COLLATE "C" NOT NULL CHECK (note <> ''),
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, number)
);
-- The same waiver is granted once on a claim.
CREATE UNIQUE INDEX claim_waiver_once ON claim_waiver (claim_id, code);

CREATE TABLE claim_acceptance (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    -- What the customer wrote or where it stands; empty where nothing was charged.
    evidence TEXT COLLATE "C" NOT NULL,
    -- The file that shows it: SHA-256 and length in bytes.
    file_sha256 TEXT COLLATE "C" CHECK (length(file_sha256) = 64),
    file_length BIGINT CHECK (file_length >= 0),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, revision),
    CHECK ((file_sha256 IS NULL) = (file_length IS NULL))
);

CREATE TABLE claim_unwinding (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    reason TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    since BIGINT NOT NULL,
    -- What the networks took by then, in native base units.
    costs NUMERIC(78,0) NOT NULL CHECK (
        costs >= 0
        AND costs <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    PRIMARY KEY (claim_id, revision)
);
