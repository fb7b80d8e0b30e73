-- What matching says beside the decision: how far it may go without a person, the two sums, what makes the deposit the user's,
-- the one proof to ask for. The score is finer, so that no two claims with different evidence are equal.

ALTER TABLE match_outcome ADD COLUMN tier TEXT COLLATE "C" NOT NULL DEFAULT 'analyst' CHECK (tier IN (
    'automatic', 'waiting', 'challenge', 'refused', 'analyst'
));
-- Parts per billion.
ALTER TABLE match_outcome ADD COLUMN score_ppb BIGINT NOT NULL DEFAULT 0 CHECK (score_ppb BETWEEN 0 AND 1000000000);
-- 1/1024 bit.
ALTER TABLE match_outcome ADD COLUMN identify BIGINT NOT NULL DEFAULT 0;
ALTER TABLE match_outcome ADD COLUMN entitle BIGINT NOT NULL DEFAULT 0;
-- A JSON list of codes.
ALTER TABLE match_outcome ADD COLUMN entitled_by TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE match_outcome ADD COLUMN ask TEXT COLLATE "C" CHECK (ask IN (
    'verification_deposit', 'sender_signature', 'withdrawal_record', 'transaction_id'
));
UPDATE match_outcome SET
    score_ppb = score_ppm * 1000,
    tier = CASE decision WHEN 'auto' THEN 'automatic' WHEN 'none' THEN 'refused' ELSE 'analyst' END;
ALTER TABLE match_outcome DROP COLUMN score_ppm;
