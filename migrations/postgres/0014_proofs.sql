-- What claimants were asked to sign or to pay, and what proved that a deposit is theirs.

CREATE TABLE ownership_challenge (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    appeal_id TEXT COLLATE "C" NOT NULL REFERENCES appeal (id),
    deposit_id TEXT COLLATE "C" NOT NULL REFERENCES deposit (id),
    -- The account that appeals.
    account TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
    method TEXT COLLATE "C" NOT NULL CHECK (method IN ('signed_message', 'verification_deposit')),
    -- Where the claim's money goes, as the signed text says it.
    destination TEXT COLLATE "C" NOT NULL CHECK (destination <> ''),
    network TEXT COLLATE "C" NOT NULL,
    -- The address that sent the deposit, canonical.
    sender TEXT COLLATE "C" NOT NULL CHECK (sender <> ''),
    -- What is signed.
    text TEXT COLLATE "C" UNIQUE,
    -- What is paid: exactly so much, to the user's own address.
    asset TEXT COLLATE "C",
    amount NUMERIC(78,0) CHECK (
        amount >= 0
        AND amount <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    to_text TEXT COLLATE "C",
    memo TEXT COLLATE "C",
    issued_by TEXT COLLATE "C" NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'used', 'void', 'expired')),
    ended_at BIGINT,
    CHECK (issued_at < expires_at),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((method = 'signed_message') = (text IS NOT NULL)),
    CHECK ((method = 'verification_deposit') = (amount IS NOT NULL AND asset IS NOT NULL AND to_text IS NOT NULL))
);
CREATE INDEX ownership_challenge_by_appeal ON ownership_challenge (appeal_id, issued_at, id);
CREATE INDEX ownership_challenge_open ON ownership_challenge (network, asset) WHERE state = 'open' AND amount IS NOT NULL;
-- Two open tests never wait for the same amount.
CREATE UNIQUE INDEX ownership_amount_once ON ownership_challenge (network, asset, amount)
    WHERE state = 'open' AND amount IS NOT NULL;

-- Every attempt and what became of it. A proof that is taken back is a further row.
CREATE TABLE ownership_proof (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number >= 1),
    appeal_id TEXT COLLATE "C" NOT NULL REFERENCES appeal (id),
    deposit_id TEXT COLLATE "C" NOT NULL REFERENCES deposit (id),
    account TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
    method TEXT COLLATE "C" NOT NULL CHECK (method IN (
        'signed_message', 'verification_deposit', 'withdrawal_record', 'deposit_address', 'past_sender'
    )),
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('verified', 'refused', 'voided')),
    refusal TEXT COLLATE "C",
    destination TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C",
    challenge_id TEXT COLLATE "C" REFERENCES ownership_challenge (id),
    -- The deposit that met a test, or where a document is kept.
    reference TEXT COLLATE "C",
    -- The signature and its scheme, or what a person wrote.
    evidence TEXT COLLATE "C",
    -- The proof that this row takes back.
    voids BIGINT REFERENCES ownership_proof (number),
    person TEXT COLLATE "C" NOT NULL,
    at_time BIGINT NOT NULL,
    CHECK ((outcome = 'refused') = (refusal IS NOT NULL)),
    CHECK ((outcome = 'voided') = (voids IS NOT NULL)),
    CHECK (method <> 'withdrawal_record' OR outcome <> 'verified' OR (reference IS NOT NULL AND reference <> '')),
    CHECK (method NOT IN ('signed_message', 'verification_deposit') OR challenge_id IS NOT NULL)
);
CREATE INDEX ownership_proof_by_appeal ON ownership_proof (appeal_id, number);
CREATE INDEX ownership_proof_by_deposit ON ownership_proof (deposit_id, number);
-- A challenge proves once, a payment meets one test, and a proof is taken back once.
CREATE UNIQUE INDEX ownership_challenge_used_once ON ownership_proof (challenge_id)
    WHERE outcome = 'verified' AND challenge_id IS NOT NULL;
CREATE UNIQUE INDEX ownership_payment_used_once ON ownership_proof (reference)
    WHERE outcome = 'verified' AND method = 'verification_deposit';
CREATE UNIQUE INDEX ownership_void_once ON ownership_proof (voids) WHERE voids IS NOT NULL;

CREATE FUNCTION ownership_proof_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ownership_proof is append-only';
END
$$;
CREATE TRIGGER ownership_proof_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON ownership_proof
    FOR EACH STATEMENT EXECUTE FUNCTION ownership_proof_is_append_only();
