-- What the exchange booked, its accounts, prices, and what is known of unlisted tokens.

CREATE TABLE ledger_entry (
    -- The exchange's own id, verbatim.
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('credited_deposit', 'own_withdrawal', 'settled_case')),
    user_id TEXT,
    network TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    position TEXT,
    address TEXT,
    asset TEXT,
    amount TEXT CHECK (
        length(amount) = 78 AND amount NOT GLOB '*[^0-9]*'
        AND amount <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    booked_at INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_transaction ON ledger_entry (network, tx_id);
CREATE INDEX ledger_by_address ON ledger_entry (network, address, booked_at) WHERE kind = 'own_withdrawal';

-- Periods over which the imported ledger is complete.
CREATE TABLE ledger_coverage (
    network TEXT NOT NULL,
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    PRIMARY KEY (network, from_time),
    CHECK (from_time <= to_time)
) STRICT;

CREATE TABLE account (
    user_id TEXT NOT NULL PRIMARY KEY CHECK (user_id <> ''),
    standing TEXT NOT NULL CHECK (standing IN ('active', 'closed', 'unknown')),
    imported_at INTEGER NOT NULL
) STRICT;

-- A price is `digits / 10^scale` of the currency for one coin.
CREATE TABLE price (
    id TEXT NOT NULL PRIMARY KEY,
    asset TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (currency <> ''),
    digits TEXT NOT NULL CHECK (
        length(digits) = 78 AND digits NOT GLOB '*[^0-9]*'
        AND digits <= '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    ),
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 77),
    priced_at INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source <> ''),
    imported_at INTEGER NOT NULL
) STRICT;
-- Prices are never changed: a corrected one is another row, and quotes keep naming the one they were reckoned from.
CREATE INDEX price_latest ON price (asset, currency, priced_at, imported_at);

-- What a token contract says of itself, and what a person decided about it, once for all its deposits.
CREATE TABLE token (
    asset TEXT NOT NULL PRIMARY KEY,
    network TEXT NOT NULL,
    contract TEXT NOT NULL,
    claimed_symbol TEXT,
    claimed_name TEXT,
    claimed_decimals INTEGER CHECK (claimed_decimals BETWEEN 0 AND 255),
    signals TEXT NOT NULL,
    review TEXT NOT NULL CHECK (review IN ('unreviewed', 'genuine', 'airdrop', 'fake')),
    reviewed_by TEXT,
    reviewed_at INTEGER,
    review_reason TEXT,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (network, contract),
    CHECK (review = 'unreviewed' OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL AND review_reason IS NOT NULL))
) STRICT;
