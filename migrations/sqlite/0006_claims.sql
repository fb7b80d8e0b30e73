-- Claims, everything approvers vote on, and the log of every step.

-- Policies by the order of their first load.
CREATE TABLE policy_version (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number >= 1),
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    text TEXT NOT NULL,
    loaded_at INTEGER NOT NULL
) STRICT;

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
        'manual'
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
    UNIQUE (deposit_id, ordinal),
    CHECK ((hold_person IS NULL) = (hold_since IS NULL) AND (hold_person IS NULL) = (hold_reason IS NULL)),
    CHECK (is_open = CASE WHEN status IN ('settled', 'rejected', 'cancelled', 'invalidated') THEN 0 ELSE 1 END)
) STRICT;
-- No deposit is paid twice: at most one open claim on each.
CREATE UNIQUE INDEX claim_open_once ON claim (deposit_id) WHERE is_open = 1;
CREATE INDEX claim_by_status ON claim (status, opened_at, id);
CREATE INDEX claim_by_time ON claim (opened_at, id);

-- Sums of the policy's currency are in cents, amounts in base units of the deposit's asset.
CREATE TABLE claim_quote (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    value_cents TEXT NOT NULL CHECK (
        length(value_cents) = 78 AND value_cents NOT GLOB '*[^0-9]*'
        AND value_cents <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    service_fee_cents TEXT NOT NULL CHECK (
        length(service_fee_cents) = 78 AND service_fee_cents NOT GLOB '*[^0-9]*'
        AND service_fee_cents <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    network_fee_cents TEXT NOT NULL CHECK (
        length(network_fee_cents) = 78 AND network_fee_cents NOT GLOB '*[^0-9]*'
        AND network_fee_cents <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    total_fee_cents TEXT NOT NULL CHECK (
        length(total_fee_cents) = 78 AND total_fee_cents NOT GLOB '*[^0-9]*'
        AND total_fee_cents <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    fee_in_asset TEXT NOT NULL CHECK (
        length(fee_in_asset) = 78 AND fee_in_asset NOT GLOB '*[^0-9]*'
        AND fee_in_asset <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    net TEXT NOT NULL CHECK (
        length(net) = 78 AND net NOT GLOB '*[^0-9]*'
        AND net <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    rule INTEGER NOT NULL CHECK (rule >= 1),
    policy_version INTEGER NOT NULL REFERENCES policy_version (number),
    price_ids TEXT NOT NULL,
    quoted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, revision)
) STRICT;

CREATE TABLE claim_screening (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    clear INTEGER NOT NULL CHECK (clear IN (0, 1)),
    person TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, number)
) STRICT;

CREATE TABLE claim_approval (
    claim_id TEXT NOT NULL REFERENCES claim (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    person TEXT NOT NULL CHECK (person <> ''),
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    signature TEXT,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (claim_id, revision, digest, person)
) STRICT;

-- One row a step, gapless, each bound to the one before.
CREATE TABLE claim_event (
    sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence >= 1),
    claim_id TEXT NOT NULL REFERENCES claim (id),
    at_time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    status TEXT NOT NULL CHECK (status IN (
        'draft', 'quoted', 'accepted', 'pending_approval', 'approved', 'prepared', 'awaiting_signature',
        'broadcast', 'confirming', 'instructed', 'settled', 'rejected', 'cancelled', 'quote_expired',
        'artifact_expired', 'invalidated', 'failed_on_chain', 'broadcast_unknown', 'reorged', 'mispaid'
    )),
    content_digest TEXT NOT NULL CHECK (length(content_digest) = 64),
    body_digest TEXT NOT NULL CHECK (length(body_digest) = 64),
    previous_hash TEXT NOT NULL CHECK (length(previous_hash) = 64),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX claim_event_by_claim ON claim_event (claim_id, sequence);

-- What the command said. It may name persons, so it stands outside the chain, which holds its digest.
CREATE TABLE claim_event_body (
    sequence INTEGER NOT NULL PRIMARY KEY REFERENCES claim_event (sequence),
    body TEXT NOT NULL
) STRICT;

-- The same key and the same request give the same answer.
CREATE TABLE idempotency (
    key TEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
    request_digest TEXT NOT NULL CHECK (length(request_digest) = 64),
    claim_id TEXT NOT NULL REFERENCES claim (id),
    sequence INTEGER NOT NULL REFERENCES claim_event (sequence),
    created_at INTEGER NOT NULL
) STRICT;

-- What others must hear of, written with the change itself and delivered after it.
CREATE TABLE outbox (
    sequence INTEGER NOT NULL PRIMARY KEY REFERENCES claim_event (sequence),
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (sequence) WHERE delivered_at IS NULL;

CREATE TRIGGER claim_event_is_never_changed BEFORE UPDATE ON claim_event
BEGIN
    SELECT RAISE(ABORT, 'claim_event is append-only');
END;
CREATE TRIGGER claim_event_is_never_deleted BEFORE DELETE ON claim_event
BEGIN
    SELECT RAISE(ABORT, 'claim_event is append-only');
END;
