-- Every credit at an address of ours, good or not, and what we make of it.

CREATE TABLE deposit (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    origin TEXT COLLATE "C" NOT NULL CHECK (origin IN ('observed', 'imported')),
    network TEXT COLLATE "C" NOT NULL,
    tx_id TEXT COLLATE "C" NOT NULL,
    position TEXT COLLATE "C" NOT NULL,
    block_height BIGINT CHECK (block_height >= 0),
    block_hash TEXT COLLATE "C",
    block_time BIGINT,
    from_payload BYTEA,
    from_text TEXT COLLATE "C",
    to_payload BYTEA,
    to_text TEXT COLLATE "C" NOT NULL,
    asset TEXT COLLATE "C" NOT NULL,
    amount NUMERIC(78,0) NOT NULL CHECK (
        amount >= 0
        AND amount <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    amount_stated NUMERIC(78,0) CHECK (
        amount_stated >= 0
        AND amount_stated <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    balance_delta NUMERIC(78,0) CHECK (
        balance_delta >= 0
        AND balance_delta <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    memos TEXT COLLATE "C" NOT NULL,
    mechanism TEXT COLLATE "C" CHECK (mechanism IN (
        'top_level', 'token_transfer', 'internal_call', 'self_destruct', 'withdrawal', 'reward',
        'bridge_mint'
    )),
    outcome TEXT COLLATE "C" CHECK (outcome IN ('success', 'failed', 'unknown')),
    flags TEXT COLLATE "C" NOT NULL,
    -- What a file says, verbatim.
    imported_memo TEXT COLLATE "C",
    orphan_reason TEXT COLLATE "C",
    decimals BIGINT NOT NULL CHECK (decimals BETWEEN 0 AND 255),
    decimals_vouched BIGINT NOT NULL CHECK (decimals_vouched IN (0, 1)),
    symbol TEXT COLLATE "C",
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN (
        'failed', 'replaced', 'old_fork', 'outgoing_withdrawal', 'token_contract', 'bridge_stuck',
        'not_ours', 'no_key', 'fake_token', 'own_movement', 'already_credited', 'returned_withdrawal',
        'hot_wallet', 'wrong_chain_same_key', 'wrong_chain_contract', 'utxo_wrong_chain',
        'suspended_network', 'retired_contract', 'unlisted_token', 'ibc_voucher', 'memo_missing',
        'memo_unknown', 'memo_of_another_user', 'memo_in_wrong_field', 'partial_payment',
        'internal_transfer', 'forced_credit', 'below_minimum', 'retired_address', 'account_closed',
        'missed_credit'
    )),
    also TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('controllable', 'needs_deploy', 'conditional', 'not_recoverable')),
    verdict_detail TEXT COLLATE "C" NOT NULL,
    verdict_legs TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('unconfirmed', 'open', 'claimed', 'resolved', 'gone')),
    -- Where a person meets it: the working queue, one of the two counts beside it, or nowhere.
    queue TEXT COLLATE "C" NOT NULL CHECK (queue IN ('work', 'token_review', 'ledger_coverage', 'none')),
    -- Whether a claim on it is open or was settled; absent while it is free.
    claim_state TEXT COLLATE "C" CHECK (claim_state IN ('open', 'settled')),
    -- The value in cents and the price row it comes from, for sorting only; absent without a price.
    value_cents BIGINT CHECK (value_cents >= 0),
    price_id TEXT COLLATE "C",
    -- When a rewind put it in doubt; absent once it was seen again.
    suspect_at BIGINT,
    first_seen_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((value_cents IS NULL) = (price_id IS NULL)),
    CHECK (origin = 'imported' OR (to_payload IS NOT NULL AND amount_stated IS NOT NULL
        AND mechanism IS NOT NULL AND outcome IS NOT NULL)),
    CHECK (origin = 'imported' OR (block_height IS NULL) = (block_hash IS NULL)),
    CHECK ((from_payload IS NULL) OR (from_text IS NOT NULL))
);
-- The key of an observation; the block is not part of it.
CREATE UNIQUE INDEX deposit_observed_once ON deposit (network, tx_id, position) WHERE origin = 'observed';
CREATE INDEX deposit_by_transaction ON deposit (tx_id, network);
CREATE INDEX deposit_by_height ON deposit (network, block_height) WHERE origin = 'observed';
CREATE INDEX deposit_by_owner ON deposit (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX deposit_by_address ON deposit (to_text, id);
CREATE INDEX deposit_by_asset ON deposit (asset, to_text);
CREATE INDEX deposit_suspect ON deposit (network) WHERE suspect_at IS NOT NULL;
-- Lists stay quick with a million rows: what they narrow by most stands before each of the two orders.
CREATE INDEX deposit_time ON deposit (block_time DESC NULLS LAST, id);
CREATE INDEX deposit_value ON deposit (value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_queue_time ON deposit (queue, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_queue_value ON deposit (queue, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_network_time ON deposit (network, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_network_value ON deposit (network, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_kind_time ON deposit (kind, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_kind_value ON deposit (kind, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_status_time ON deposit (status, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_status_value ON deposit (status, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_verdict_time ON deposit (verdict, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_verdict_value ON deposit (verdict, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_network_queue_time ON deposit (network, queue, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_network_queue_value ON deposit (network, queue, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_network_kind_time ON deposit (network, kind, block_time DESC NULLS LAST, id);
CREATE INDEX deposit_network_kind_value ON deposit (network, kind, value_cents DESC NULLS LAST, id);
CREATE INDEX deposit_counts ON deposit (network, kind, status, queue);
