-- The value by which people and limits are chosen, in cents of the policy's currency: at the price of now, and never below the value that
-- fees go by. Absent where no price stood behind it.

ALTER TABLE claim_quote ADD COLUMN limit_cents TEXT CHECK (
    length(limit_cents) = 78 AND limit_cents NOT GLOB '*[^0-9]*'
    AND limit_cents <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
);
UPDATE claim_quote SET limit_cents = value_cents WHERE price_ids <> '[]';
