-- Claims from approval to settlement: plans, packages, reserved slots, receipts, postings, incidents, halts, and policies that
-- wait for votes.

-- Which rule made content_digest: 1 before this file, 2 since. A claim of the old rule has no plan and takes the new one with its
-- next step.
ALTER TABLE claim ADD COLUMN content_rule BIGINT NOT NULL DEFAULT 1 CHECK (content_rule BETWEEN 1 AND 2);
-- When the votes were enough, the tier by then, whose votes counted, and whether the opener decided alone.
ALTER TABLE claim ADD COLUMN approved_at BIGINT;
ALTER TABLE claim ADD COLUMN approved_tier TEXT COLLATE "C";
ALTER TABLE claim ADD COLUMN approved_voters TEXT COLLATE "C";
ALTER TABLE claim ADD COLUMN approved_alone BIGINT CHECK (approved_alone BETWEEN 0 AND 1);
-- How many steps of the present plan are final, and how many packages there ever were.
ALTER TABLE claim ADD COLUMN done BIGINT NOT NULL DEFAULT 0 CHECK (done >= 0);
ALTER TABLE claim ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0);
CREATE INDEX claim_by_approval ON claim (approved_at) WHERE approved_at IS NOT NULL;

-- The digest of the policy that the quote was reckoned under.
ALTER TABLE claim_quote ADD COLUMN policy_digest TEXT COLLATE "C" CHECK (length(policy_digest) = 64);
UPDATE claim_quote SET policy_digest = (SELECT digest FROM policy_version WHERE number = claim_quote.policy_version);

-- Whether it renews the age of an earlier clearance or holds, and is no part of what people vote on.
ALTER TABLE claim_screening ADD COLUMN is_renewal BIGINT NOT NULL DEFAULT 0 CHECK (is_renewal BETWEEN 0 AND 1);

-- What a revision of a claim will do, as JSON.
CREATE TABLE claim_plan (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    plan TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (claim_id, revision)
);

-- What was handed out for one step: an unsigned transaction, or ledger instructions.
CREATE TABLE package (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    -- Which package of the claim it is, from 1.
    attempt BIGINT NOT NULL CHECK (attempt >= 1),
    revision BIGINT NOT NULL CHECK (revision >= 1),
    step BIGINT NOT NULL CHECK (step >= 0),
    network TEXT COLLATE "C" NOT NULL,
    -- The leg as JSON; absent for instructions.
    leg TEXT COLLATE "C",
    bytes BYTEA NOT NULL,
    slot_account TEXT COLLATE "C",
    slot_sequence BIGINT CHECK (slot_sequence >= 0),
    slot_is_ticket BIGINT CHECK (slot_is_ticket BETWEEN 0 AND 1),
    prepared_by TEXT COLLATE "C" NOT NULL,
    prepared_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    valid_until BIGINT,
    valid_through BIGINT CHECK (valid_through >= 0),
    -- The signed transaction once it was brought back, what is left of it without its signature, and who signed.
    signed BYTEA,
    unsigned BYTEA,
    signer TEXT COLLATE "C",
    signer_key TEXT COLLATE "C",
    signed_tx_id TEXT COLLATE "C",
    -- The id under which the network was last seen to know it, and the block.
    tx_id TEXT COLLATE "C",
    block_height BIGINT CHECK (block_height >= 0),
    block_hash TEXT COLLATE "C",
    block_time BIGINT,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('live', 'finished', 'dropped')),
    PRIMARY KEY (claim_id, attempt),
    CHECK ((leg IS NULL) = (slot_account IS NULL)),
    CHECK ((slot_account IS NULL) = (slot_sequence IS NULL) AND (slot_account IS NULL) = (slot_is_ticket IS NULL)),
    CHECK ((signed IS NULL) = (unsigned IS NULL) AND (signed IS NULL) = (signer IS NULL)
        AND (signed IS NULL) = (signed_tx_id IS NULL)),
    CHECK ((block_height IS NULL) = (block_hash IS NULL) AND (block_height IS NULL) = (block_time IS NULL))
);
-- At most one package of a claim is out.
CREATE UNIQUE INDEX package_live_once ON package (claim_id) WHERE state = 'live';
CREATE INDEX package_by_network ON package (network, claim_id);

-- The slots of accounts that packages use. One that is used or may still be used is never given out again.
CREATE TABLE reservation (
    claim_id TEXT COLLATE "C" NOT NULL,
    attempt BIGINT NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    is_ticket BIGINT NOT NULL CHECK (is_ticket BETWEEN 0 AND 1),
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('live', 'used', 'freed')),
    reserved_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (claim_id, attempt),
    FOREIGN KEY (claim_id, attempt) REFERENCES package (claim_id, attempt),
    CHECK ((state = 'live') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX reservation_once ON reservation (network, account, sequence, is_ticket) WHERE state <> 'freed';

-- What finished steps left behind, in order, as JSON.
CREATE TABLE receipt (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    -- The transaction; absent for bookings.
    tx_id TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, number)
);

-- What a settled claim left in the books: debits and credits of each asset have the same sum.
CREATE TABLE posting (
    claim_id TEXT COLLATE "C" NOT NULL REFERENCES claim (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    account TEXT COLLATE "C" NOT NULL CHECK (account IN (
        'unassigned_deposit', 'customer', 'fee_revenue', 'network_cost', 'gas_float', 'top_up_leftover'
    )),
    asset TEXT COLLATE "C" NOT NULL,
    debit NUMERIC(78,0) NOT NULL CHECK (
        debit >= 0
        AND debit <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    credit NUMERIC(78,0) NOT NULL CHECK (
        credit >= 0
        AND credit <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    posted_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, number)
);

-- What went wrong and needs a person.
CREATE TABLE incident (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    claim_id TEXT COLLATE "C" REFERENCES claim (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN (
        'mispaid', 'deposit_gone_after_handover', 'slot_used_by_another', 'log_damaged'
    )),
    detail TEXT COLLATE "C" NOT NULL CHECK (detail <> ''),
    next_steps TEXT COLLATE "C" NOT NULL CHECK (next_steps <> ''),
    opened_at BIGINT NOT NULL,
    opened_by TEXT COLLATE "C" NOT NULL,
    closed_at BIGINT,
    closed_by TEXT COLLATE "C",
    closing_note TEXT COLLATE "C",
    CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (closing_note IS NULL))
);
CREATE INDEX incident_by_claim ON incident (claim_id);
CREATE INDEX incident_open ON incident (opened_at, id) WHERE closed_at IS NULL;

-- Halts of every release and their lifts, in order; never changed. Two people lift a halt.
CREATE TABLE halt (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 1),
    action TEXT COLLATE "C" NOT NULL CHECK (action IN ('halt', 'lift')),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    reason TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
    at_time BIGINT NOT NULL
);

-- One version is in force; a later one waits for votes.
ALTER TABLE policy_version ADD COLUMN state TEXT COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'retired'));
ALTER TABLE policy_version ADD COLUMN activated_at BIGINT;
UPDATE policy_version SET state = 'retired';
UPDATE policy_version SET state = 'active', activated_at = loaded_at
    WHERE number = (SELECT MAX(number) FROM policy_version AS one);
CREATE UNIQUE INDEX policy_active_once ON policy_version (state) WHERE state = 'active';

CREATE TABLE policy_vote (
    number BIGINT NOT NULL REFERENCES policy_version (number),
    person TEXT COLLATE "C" NOT NULL CHECK (person <> ''),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN (
        'agent', 'specialist', 'wallet', 'wallet_lead', 'treasury', 'compliance', 'admin', 'auditor'
    )),
    voted_at BIGINT NOT NULL,
    PRIMARY KEY (number, person)
);

CREATE INDEX claim_event_of_no_claim ON claim_event (sequence) WHERE claim_id IS NULL;

CREATE FUNCTION halt_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'halt is append-only';
END
$$;
CREATE TRIGGER halt_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON halt
    FOR EACH STATEMENT EXECUTE FUNCTION halt_is_append_only();
