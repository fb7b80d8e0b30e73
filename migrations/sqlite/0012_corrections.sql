-- Claims that correct a booking: a deposit that the ledger credited to the wrong user.

-- SQLite changes no CHECK in place; see 0008.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE claim_0011 AS SELECT * FROM claim;
DROP TABLE claim;

CREATE TABLE claim (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    deposit_id TEXT NOT NULL REFERENCES deposit (id),
    -- Which claim on its deposit it is, from 1.
    ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
    deposit_block TEXT,
    asset TEXT NOT NULL,
    amount TEXT NOT NULL CHECK (
        length(amount) = 78 AND amount NOT GLOB '*[^0-9]*'
        AND amount <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    appeal_id TEXT REFERENCES appeal (id),
    beneficiary TEXT,
    destination TEXT,
    resolution TEXT NOT NULL CHECK (resolution IN (
        'ledger_credit', 'sweep_then_credit', 'sweep_to_address', 'return_to_sender', 'wait', 'refuse',
        'manual', 'correct_booking'
    )),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    status TEXT NOT NULL CHECK (status IN (
        'draft', 'quoted', 'accepted', 'pending_approval', 'approved', 'prepared', 'awaiting_signature',
        'broadcast', 'confirming', 'instructed', 'settled', 'rejected', 'cancelled', 'quote_expired',
        'artifact_expired', 'invalidated', 'failed_on_chain', 'broadcast_unknown', 'reorged', 'mispaid'
    )),
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    hold_person TEXT,
    hold_since INTEGER,
    hold_reason TEXT,
    policy_version INTEGER REFERENCES policy_version (number),
    content_digest TEXT NOT NULL CHECK (length(content_digest) = 64),
    involved TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closing_reason TEXT,
    -- Which rule made content_digest: 1 before 0010, 2 since. A claim of the old rule has no plan and takes the new one with its
    -- next step.
    content_rule INTEGER NOT NULL DEFAULT 1 CHECK (content_rule BETWEEN 1 AND 2),
    -- When the votes were enough, the tier by then, whose votes counted, and whether the opener decided alone.
    approved_at INTEGER,
    approved_tier TEXT,
    approved_voters TEXT,
    approved_alone INTEGER CHECK (approved_alone BETWEEN 0 AND 1),
    -- How many steps of the present plan are final, and how many packages there ever were.
    done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- The ledger's entry that is wrong, and the user to whom it was booked.
    correction_entry TEXT CHECK (correction_entry <> ''),
    correction_counterparty TEXT CHECK (correction_counterparty <> ''),
    UNIQUE (deposit_id, ordinal),
    CHECK ((correction_entry IS NULL) = (resolution <> 'correct_booking')
        AND (correction_counterparty IS NULL) = (resolution <> 'correct_booking')),
    CHECK ((hold_person IS NULL) = (hold_since IS NULL) AND (hold_person IS NULL) = (hold_reason IS NULL)),
    CHECK (is_open = CASE WHEN status IN ('settled', 'rejected', 'cancelled', 'invalidated') THEN 0 ELSE 1 END)
) STRICT;

INSERT INTO claim (
    id, deposit_id, ordinal, deposit_block, asset, amount, appeal_id, beneficiary, destination, resolution,
    revision, status, is_open, hold_person, hold_since, hold_reason, policy_version, content_digest, involved,
    opened_by, opened_at, updated_at, closing_reason, content_rule, approved_at, approved_tier, approved_voters,
    approved_alone, done, attempts
) SELECT
    id, deposit_id, ordinal, deposit_block, asset, amount, appeal_id, beneficiary, destination, resolution,
    revision, status, is_open, hold_person, hold_since, hold_reason, policy_version, content_digest, involved,
    opened_by, opened_at, updated_at, closing_reason, content_rule, approved_at, approved_tier, approved_voters,
    approved_alone, done, attempts
FROM claim_0011;
DROP TABLE claim_0011;

-- No deposit is paid twice: at most one open claim on each.
CREATE UNIQUE INDEX claim_open_once ON claim (deposit_id) WHERE is_open = 1;
CREATE INDEX claim_by_status ON claim (status, opened_at, id);
CREATE INDEX claim_by_time ON claim (opened_at, id);
CREATE INDEX claim_by_approval ON claim (approved_at) WHERE approved_at IS NOT NULL;
-- One entry is corrected once: at most one claim on it is open or was settled.
CREATE UNIQUE INDEX claim_correction_once ON claim (correction_entry) WHERE correction_entry IS NOT NULL AND (is_open = 1 OR status = 'settled');

CREATE TEMP TABLE posting_0011 AS SELECT * FROM posting;
DROP TABLE posting;

CREATE TABLE posting (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    account TEXT NOT NULL CHECK (account IN (
        'unassigned_deposit', 'customer', 'fee_revenue', 'network_cost', 'gas_float', 'top_up_leftover',
        'counterparty'
    )),
    asset TEXT NOT NULL,
    debit TEXT NOT NULL CHECK (
        length(debit) = 78 AND debit NOT GLOB '*[^0-9]*'
        AND debit <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    credit TEXT NOT NULL CHECK (
        length(credit) = 78 AND credit NOT GLOB '*[^0-9]*'
        AND credit <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    posted_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, number)
) STRICT;

INSERT INTO posting (claim_id, number, account, asset, debit, credit, posted_at)
SELECT claim_id, number, account, asset, debit, credit, posted_at FROM posting_0011;
DROP TABLE posting_0011;
