-- What a user was credited of an asset since a time: whether an ordinary deposit came after one that was too small.

CREATE INDEX ledger_by_credited_user ON ledger_entry (user_id, asset, booked_at) WHERE kind = 'credited_deposit';
