-- Claims that correct a booking: a deposit that the ledger credited to the wrong user.

ALTER TABLE claim DROP CONSTRAINT claim_resolution_check;
ALTER TABLE claim ADD CONSTRAINT claim_resolution_check CHECK (resolution IN (
    'ledger_credit', 'sweep_then_credit', 'sweep_to_address', 'return_to_sender', 'wait', 'refuse',
    'manual', 'correct_booking'
));
-- The ledger's entry that is wrong, and the user to whom it was booked.
ALTER TABLE claim ADD COLUMN correction_entry TEXT COLLATE "C" CHECK (correction_entry <> '');
ALTER TABLE claim ADD COLUMN correction_counterparty TEXT COLLATE "C" CHECK (correction_counterparty <> '');
ALTER TABLE claim ADD CONSTRAINT claim_correction_check CHECK (
    (correction_entry IS NULL) = (resolution <> 'correct_booking')
    AND (correction_counterparty IS NULL) = (resolution <> 'correct_booking')
);
-- One entry is corrected once: at most one claim on it is open or was settled.
CREATE UNIQUE INDEX claim_correction_once ON claim (correction_entry) WHERE correction_entry IS NOT NULL AND (is_open = 1 OR status = 'settled');

ALTER TABLE posting DROP CONSTRAINT posting_account_check;
ALTER TABLE posting ADD CONSTRAINT posting_account_check CHECK (account IN (
    'unassigned_deposit', 'customer', 'fee_revenue', 'network_cost', 'gas_float', 'top_up_leftover',
    'counterparty'
));
