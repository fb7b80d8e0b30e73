-- Halts and policies stand in the same chain as the steps of claims.

-- Absent where an entry is about no claim: a halt, a policy.
ALTER TABLE claim_event ALTER COLUMN claim_id DROP NOT NULL;
ALTER TABLE claim_event DROP CONSTRAINT claim_event_revision_check;
ALTER TABLE claim_event ADD CONSTRAINT claim_event_revision_check CHECK (revision >= 0);
