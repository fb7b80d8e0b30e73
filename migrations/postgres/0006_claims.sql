-- Claims, everything approvers vote on, and the log of every step.

-- Policies by the order of their first load.
CREATE TABLE policy_version (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 1),
    digest TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(digest) = 64),
    text TEXT COLLATE "C" NOT NULL,
    loaded_at BIGINT NOT NULL
);

CREATE TABLE claim (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    deposit_id TEXT COLLATE "C" NOT NULL REFERENCES deposit (id),
    -- Which claim on its deposit it is, from 1.
    ordinal BIGINT NOT NULL CHECK (ordinal >= 1),
    deposit_block TEXT COLLATE "C",
    asset TEXT COLLATE "C" NOT NULL,
    amount NUMERIC(78,0) NOT NULL CHECK (
        amount >= 0
        AND amount <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    appeal_id TEXT COLLATE "C" REFERENCES appeal (id),
    beneficiary TEXT COLLATE "C",
    destination TEXT COLLATE "C",
    resolution TEXT COLLATE "C" NOT NULL CHECK (resolution IN (
        'ledger_credit', 'sweep_then_credit', 'sweep_to_address', 'return_to_sender', 'wait', 'refuse',
        'manual'
    )),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    status TEXT COLLATE "C" NOT NULL CHECK (status IN (
        'draft', 'quoted', 'accepted', 'pending_approval', 'approved', 'prepared', 'awaiting_signature',
        'broadcast', 'confirming', 'instructed', 'settled', 'rejected', 'cancelled', 'quote_expired',
        'artifact_expired', 'invalidated', 'failed_on_chain', 'broadcast_unknown', 'reorged', 'mispaid'
    )),
    is_open BIGINT NOT NULL CHECK (is_open IN (0, 1)),
    hold_person TEXT COLLATE "C",
    hold_since BIGINT,
    hold_reason TEXT COLLATE "C",
    policy_version BIGINT REFERENCES policy_version (number),
    content_digest TEXT COLLATE "C" NOT NULL CHECK (length(content_digest) = 64),
    involved TEXT COLLATE "C" NOT NULL,
    opened_by TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closing_reason TEXT COLLATE "C",
    UNIQUE (deposit_id, ordinal),
    CHECK ((hold_person IS NULL) = (hold_since IS NULL) AND (hold_person IS NULL) = (hold_reason IS NULL)),
    CHECK (is_open = CASE WHEN status IN ('settled', 'rejected', 'cancelled', 'invalidated') THEN 0 ELSE 1 END)
);
-- No deposit is paid twice: at most one open claim on each.
CREATE UNIQUE INDEX claim_open_once ON claim (deposit_id) WHERE is_open = 1;
CREATE INDEX claim_by_status ON claim (status, opened_at, id);
CREATE INDEX claim_by_time ON claim (opened_at, id);

-- Sums of the policy's currency are in cents, amounts in base units of the deposit's asset.
CREATE TABLE claim_quote (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    value_cents NUMERIC(78,0) NOT NULL CHECK (
        value_cents >= 0
        AND value_cents <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    service_fee_cents NUMERIC(78,0) NOT NULL CHECK (
        service_fee_cents >= 0
        AND service_fee_cents <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    network_fee_cents NUMERIC(78,0) NOT NULL CHECK (
        network_fee_cents >= 0
        AND network_fee_cents <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    total_fee_cents NUMERIC(78,0) NOT NULL CHECK (
        total_fee_cents >= 0
        AND total_fee_cents <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    fee_in_asset NUMERIC(78,0) NOT NULL CHECK (
        fee_in_asset >= 0
        AND fee_in_asset <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    net NUMERIC(78,0) NOT NULL CHECK (
        net >= 0
        AND net <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    rule BIGINT NOT NULL CHECK (rule >= 1),
    policy_version BIGINT NOT NULL REFERENCES policy_version (number),
    price_ids TEXT COLLATE "C" NOT NULL,
    quoted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, revision)
);

CREATE TABLE claim_screening (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    clear BIGINT NOT NULL CHECK (clear IN (0, 1)),
    person TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, number)
);

CREATE TABLE claim_approval (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    digest TEXT COLLATE "C" NOT NULL CHECK (length(digest) = 64),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    decision TEXT COLLATE "C" NOT NULL CHECK (decision IN ('approve', 'reject')),
    signature TEXT COLLATE "C",
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, revision, digest, person)
);

-- One row a step, gapless, each bound to the one before.
CREATE TABLE claim_event (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence >= 1),
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    at_time BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL CHECK (revision >= 1),
    status TEXT COLLATE "C" NOT NULL CHECK (status IN (
        'draft', 'quoted', 'accepted', 'pending_approval', 'approved', 'prepared', 'awaiting_signature',
        'broadcast', 'confirming', 'instructed', 'settled', 'rejected', 'cancelled', 'quote_expired',
        'artifact_expired', 'invalidated', 'failed_on_chain', 'broadcast_unknown', 'reorged', 'mispaid'
    )),
    content_digest TEXT COLLATE "C" NOT NULL CHECK (length(content_digest) = 64),
    body_digest TEXT COLLATE "C" NOT NULL CHECK (length(body_digest) = 64),
    previous_hash TEXT COLLATE "C" NOT NULL CHECK (length(previous_hash) = 64),
    hash TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(hash) = 64)
);
CREATE INDEX claim_event_by_claim ON claim_event (claim_id, sequence);

-- What the command said. It may name persons, so it stands outside the chain, which holds its digest.
CREATE TABLE claim_event_body (
    sequence BIGINT NOT NULL PRIMARY KEY REFERENCES claim_event (sequence),
    body TEXT COLLATE "C" NOT NULL
);

-- The same key and the same request give the same answer.
CREATE TABLE idempotency (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (key <> ''),
    request_digest TEXT COLLATE "C" NOT NULL CHECK (length(request_digest) = 64),
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    sequence BIGINT NOT NULL REFERENCES claim_event (sequence),
    created_at BIGINT NOT NULL
);

-- What others must hear of, written with the change itself and delivered after it.
CREATE TABLE outbox (
    sequence BIGINT NOT NULL PRIMARY KEY REFERENCES claim_event (sequence),
    topic TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX outbox_waiting ON outbox (sequence) WHERE delivered_at IS NULL;

CREATE FUNCTION claim_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'claim_event is append-only';
END
$$;
CREATE TRIGGER claim_event_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON claim_event
    FOR EACH STATEMENT EXECUTE FUNCTION claim_event_is_append_only();
