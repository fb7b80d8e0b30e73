-- What a quote rests on, line by line: prices, ceiling, what is paid beside the deposit. Absent for quotes of before terms were kept.

ALTER TABLE claim_quote ADD COLUMN terms TEXT CHECK (terms <> '');

-- How many cases a user has: some policies let the first one off.
CREATE INDEX claim_by_beneficiary ON claim (beneficiary, id);
CREATE INDEX ledger_by_settled_user ON ledger_entry (user_id) WHERE kind = 'settled_case';
