-- More ways in which money moves, and what the routing fields of a credit say.

ALTER TABLE deposit DROP CONSTRAINT deposit_mechanism_check;
ALTER TABLE deposit ADD CONSTRAINT deposit_mechanism_check CHECK (mechanism IN (
        'top_level', 'token_transfer', 'internal_call', 'self_destruct', 'withdrawal', 'reward',
        'bridge_mint', 'escrow', 'check', 'payment_channel', 'account_merge', 'claimable_balance',
        'ibc_transfer', 'ibc_refund', 'bounce', 'carrier', 'block_event', 'balance_change'
));

-- What the routing fields say, as JSON; absent where none is needed.
ALTER TABLE deposit ADD COLUMN memo_finding TEXT COLLATE "C" CHECK (memo_finding <> '');

-- Where a movement spans several transactions a ledger may name it by another id than ours: found by amount and time.
CREATE INDEX ledger_by_amount ON ledger_entry (network, amount, booked_at) WHERE kind <> 'own_withdrawal';
