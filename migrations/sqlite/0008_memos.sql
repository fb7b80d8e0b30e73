-- More ways in which money moves, and what the routing fields of a credit say.

-- SQLite changes no CHECK in place. The rows wait in a copy while the table is made anew under its own name: matches and
-- claims point to it, and are looked at once all rows are back.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE deposit_0007 AS SELECT * FROM deposit;
DROP TABLE deposit;

CREATE TABLE deposit (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    origin TEXT NOT NULL CHECK (origin IN ('observed', 'imported')),
    network TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    position TEXT NOT NULL,
    block_height INTEGER CHECK (block_height >= 0),
    block_hash TEXT,
    block_time INTEGER,
    from_payload BLOB,
    from_text TEXT,
    to_payload BLOB,
    to_text TEXT NOT NULL,
    asset TEXT NOT NULL,
    amount TEXT NOT NULL CHECK (
        length(amount) = 78 AND amount NOT GLOB '*[^0-9]*'
        AND amount <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    amount_stated TEXT CHECK (
        length(amount_stated) = 78 AND amount_stated NOT GLOB '*[^0-9]*'
        AND amount_stated <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    balance_delta TEXT CHECK (
        length(balance_delta) = 78 AND balance_delta NOT GLOB '*[^0-9]*'
        AND balance_delta <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    memos TEXT NOT NULL,
    mechanism TEXT CHECK (mechanism IN (
        'top_level', 'token_transfer', 'internal_call', 'self_destruct', 'withdrawal', 'reward',
        'bridge_mint', 'escrow', 'check', 'payment_channel', 'account_merge', 'claimable_balance',
        'ibc_transfer', 'ibc_refund', 'bounce', 'carrier', 'block_event', 'balance_change'
    )),
    outcome TEXT CHECK (outcome IN ('success', 'failed', 'unknown')),
    flags TEXT NOT NULL,
    -- What a file says, verbatim.
    imported_memo TEXT,
    orphan_reason TEXT,
    decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 255),
    decimals_vouched INTEGER NOT NULL CHECK (decimals_vouched IN (0, 1)),
    symbol TEXT,
    kind TEXT NOT NULL CHECK (kind IN (
        'failed', 'replaced', 'old_fork', 'outgoing_withdrawal', 'token_contract', 'bridge_stuck',
        'not_ours', 'no_key', 'fake_token', 'own_movement', 'already_credited', 'returned_withdrawal',
        'hot_wallet', 'wrong_chain_same_key', 'wrong_chain_contract', 'utxo_wrong_chain',
        'suspended_network', 'retired_contract', 'unlisted_token', 'ibc_voucher', 'memo_missing',
        'memo_unknown', 'memo_of_another_user', 'memo_in_wrong_field', 'partial_payment',
        'internal_transfer', 'forced_credit', 'below_minimum', 'retired_address', 'account_closed',
        'missed_credit'
    )),
    also TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('controllable', 'needs_deploy', 'conditional', 'not_recoverable')),
    verdict_detail TEXT NOT NULL,
    verdict_legs TEXT NOT NULL,
    owner TEXT,
    status TEXT NOT NULL CHECK (status IN ('unconfirmed', 'open', 'claimed', 'resolved', 'gone')),
    -- Where a person meets it: the working queue, one of the two counts beside it, or nowhere.
    queue TEXT NOT NULL CHECK (queue IN ('work', 'token_review', 'ledger_coverage', 'none')),
    -- Whether a claim on it is open or was settled; absent while it is free.
    claim_state TEXT CHECK (claim_state IN ('open', 'settled')),
    -- The value in cents and the price row it comes from, for sorting only; absent without a price.
    value_cents INTEGER CHECK (value_cents >= 0),
    price_id TEXT,
    -- When a rewind put it in doubt; absent once it was seen again.
    suspect_at INTEGER,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- What the routing fields say, as JSON; absent where none is needed.
    memo_finding TEXT CHECK (memo_finding <> ''),
    CHECK ((value_cents IS NULL) = (price_id IS NULL)),
    CHECK (origin = 'imported' OR (to_payload IS NOT NULL AND amount_stated IS NOT NULL
        AND mechanism IS NOT NULL AND outcome IS NOT NULL)),
    CHECK (origin = 'imported' OR (block_height IS NULL) = (block_hash IS NULL)),
    CHECK ((from_payload IS NULL) OR (from_text IS NOT NULL))
) STRICT;

INSERT INTO deposit (
    id, origin, network, tx_id, position, block_height, block_hash, block_time,
    from_payload, from_text, to_payload, to_text, asset, amount, amount_stated, balance_delta,
    memos, mechanism, outcome, flags, imported_memo, orphan_reason, decimals, decimals_vouched,
    symbol, kind, also, verdict, verdict_detail, verdict_legs, owner, status,
    queue, claim_state, value_cents, price_id, suspect_at, first_seen_at, updated_at
) SELECT
    id, origin, network, tx_id, position, block_height, block_hash, block_time,
    from_payload, from_text, to_payload, to_text, asset, amount, amount_stated, balance_delta,
    memos, mechanism, outcome, flags, imported_memo, orphan_reason, decimals, decimals_vouched,
    symbol, kind, also, verdict, verdict_detail, verdict_legs, owner, status,
    queue, claim_state, value_cents, price_id, suspect_at, first_seen_at, updated_at
FROM deposit_0007;
DROP TABLE deposit_0007;

-- The key of an observation; the block is not part of it.
CREATE UNIQUE INDEX deposit_observed_once ON deposit (network, tx_id, position) WHERE origin = 'observed';
CREATE INDEX deposit_by_transaction ON deposit (tx_id, network);
CREATE INDEX deposit_by_height ON deposit (network, block_height) WHERE origin = 'observed';
CREATE INDEX deposit_by_owner ON deposit (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX deposit_by_address ON deposit (to_text, id);
CREATE INDEX deposit_by_asset ON deposit (asset, to_text);
CREATE INDEX deposit_suspect ON deposit (network) WHERE suspect_at IS NOT NULL;
-- Lists stay quick with a million rows: what they narrow by most stands before each of the two orders.
CREATE INDEX deposit_time ON deposit (block_time DESC, id);
CREATE INDEX deposit_value ON deposit (value_cents DESC, id);
CREATE INDEX deposit_queue_time ON deposit (queue, block_time DESC, id);
CREATE INDEX deposit_queue_value ON deposit (queue, value_cents DESC, id);
CREATE INDEX deposit_network_time ON deposit (network, block_time DESC, id);
CREATE INDEX deposit_network_value ON deposit (network, value_cents DESC, id);
CREATE INDEX deposit_kind_time ON deposit (kind, block_time DESC, id);
CREATE INDEX deposit_kind_value ON deposit (kind, value_cents DESC, id);
CREATE INDEX deposit_status_time ON deposit (status, block_time DESC, id);
CREATE INDEX deposit_status_value ON deposit (status, value_cents DESC, id);
CREATE INDEX deposit_verdict_time ON deposit (verdict, block_time DESC, id);
CREATE INDEX deposit_verdict_value ON deposit (verdict, value_cents DESC, id);
CREATE INDEX deposit_network_queue_time ON deposit (network, queue, block_time DESC, id);
CREATE INDEX deposit_network_queue_value ON deposit (network, queue, value_cents DESC, id);
CREATE INDEX deposit_network_kind_time ON deposit (network, kind, block_time DESC, id);
CREATE INDEX deposit_network_kind_value ON deposit (network, kind, value_cents DESC, id);
CREATE INDEX deposit_counts ON deposit (network, kind, status, queue);

-- Where a movement spans several transactions a ledger may name it by another id than ours: found by amount and time.
CREATE INDEX ledger_by_amount ON ledger_entry (network, amount, booked_at) WHERE kind <> 'own_withdrawal';
