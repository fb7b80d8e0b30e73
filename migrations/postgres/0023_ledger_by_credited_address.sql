-- What an address was credited of an asset since a time: whether an ordinary deposit came after one that was too small.

CREATE INDEX ledger_by_credited_address ON ledger_entry (address, asset, booked_at) WHERE kind = 'credited_deposit';
