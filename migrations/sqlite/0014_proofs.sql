-- What claimants were asked to sign or to pay, and what proved that a deposit is theirs.

CREATE TABLE ownership_challenge (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    appeal_id TEXT NOT NULL REFERENCES appeal (id),
    deposit_id TEXT NOT NULL REFERENCES deposit (id),
    -- The account that appeals.
    account TEXT NOT NULL CHECK (account <> ''),
    method TEXT NOT NULL CHECK (method IN ('signed_message', 'verification_deposit')),
    -- Where the claim's money goes, as the signed text says it.
    destination TEXT NOT NULL CHECK (destination <> ''),
    network TEXT NOT NULL,
    -- The address that sent the deposit, canonical.
    sender TEXT NOT NULL CHECK (sender <> ''),
    -- What is signed.
    text TEXT UNIQUE,
    -- What is paid: exactly so much, to the user's own address.
    asset TEXT,
    amount TEXT CHECK (
        length(amount) = 78 AND amount NOT GLOB '*[^0-9]*'
        AND amount <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    to_text TEXT,
    memo TEXT,
    issued_by TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'used', 'void', 'expired')),
    ended_at INTEGER,
    CHECK (issued_at < expires_at),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((method = 'signed_message') = (text IS NOT NULL)),
    CHECK ((method = 'verification_deposit') = (amount IS NOT NULL AND asset IS NOT NULL AND to_text IS NOT NULL))
) STRICT;
CREATE INDEX ownership_challenge_by_appeal ON ownership_challenge (appeal_id, issued_at, id);
CREATE INDEX ownership_challenge_open ON ownership_challenge (network, asset) WHERE state = 'open' AND amount IS NOT NULL;
-- Two open tests never wait for the same amount.
CREATE UNIQUE INDEX ownership_amount_once ON ownership_challenge (network, asset, amount)
    WHERE state = 'open' AND amount IS NOT NULL;

-- Every attempt and what became of it. A proof that is taken back is a further row.
CREATE TABLE ownership_proof (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number >= 1),
    appeal_id TEXT NOT NULL REFERENCES appeal (id),
    deposit_id TEXT NOT NULL REFERENCES deposit (id),
    account TEXT NOT NULL CHECK (account <> ''),
    method TEXT NOT NULL CHECK (method IN (
        'signed_message', 'verification_deposit', 'withdrawal_record', 'deposit_address', 'past_sender'
    )),
    outcome TEXT NOT NULL CHECK (outcome IN ('verified', 'refused', 'voided')),
    refusal TEXT,
    destination TEXT NOT NULL,
    sender TEXT,
    challenge_id TEXT REFERENCES ownership_challenge (id),
    -- The deposit that met a test, or where a document is kept.
    reference TEXT,
    -- The signature and its scheme, or what a person wrote.
    evidence TEXT,
    -- The proof that this row takes back.
    voids INTEGER REFERENCES ownership_proof (number),
    person TEXT NOT NULL,
    at_time INTEGER NOT NULL,
    CHECK ((outcome = 'refused') = (refusal IS NOT NULL)),
    CHECK ((outcome = 'voided') = (voids IS NOT NULL)),
    CHECK (method <> 'withdrawal_record' OR outcome <> 'verified' OR (reference IS NOT NULL AND reference <> '')),
    CHECK (method NOT IN ('signed_message', 'verification_deposit') OR challenge_id IS NOT NULL)
) STRICT;
CREATE INDEX ownership_proof_by_appeal ON ownership_proof (appeal_id, number);
CREATE INDEX ownership_proof_by_deposit ON ownership_proof (deposit_id, number);
-- A challenge proves once, a payment meets one test, and a proof is taken back once.
CREATE UNIQUE INDEX ownership_challenge_used_once ON ownership_proof (challenge_id)
    WHERE outcome = 'verified' AND challenge_id IS NOT NULL;
CREATE UNIQUE INDEX ownership_payment_used_once ON ownership_proof (reference)
    WHERE outcome = 'verified' AND method = 'verification_deposit';
CREATE UNIQUE INDEX ownership_void_once ON ownership_proof (voids) WHERE voids IS NOT NULL;

CREATE TRIGGER ownership_proof_is_never_changed BEFORE UPDATE ON ownership_proof
BEGIN
    SELECT RAISE(ABORT, 'ownership_proof is append-only');
END;
CREATE TRIGGER ownership_proof_is_never_deleted BEFORE DELETE ON ownership_proof
BEGIN
    SELECT RAISE(ABORT, 'ownership_proof is append-only');
END;
