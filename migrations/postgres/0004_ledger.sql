-- What the exchange booked, its accounts, prices, and what is known of unlisted tokens.

CREATE TABLE ledger_entry (
    -- The exchange's own id, verbatim.
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('credited_deposit', 'own_withdrawal', 'settled_case')),
    user_id TEXT COLLATE "C",
    network TEXT COLLATE "C" NOT NULL,
    tx_id TEXT COLLATE "C" NOT NULL,
    position TEXT COLLATE "C",
    address TEXT COLLATE "C",
    asset TEXT COLLATE "C",
    amount NUMERIC(78,0) CHECK (
        amount >= 0
        AND amount <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    booked_at BIGINT NOT NULL,
    imported_at BIGINT NOT NULL
);
CREATE INDEX ledger_by_transaction ON ledger_entry (network, tx_id);
CREATE INDEX ledger_by_address ON ledger_entry (network, address, booked_at) WHERE kind = 'own_withdrawal';

-- Periods over which the imported ledger is complete.
CREATE TABLE ledger_coverage (
    network TEXT COLLATE "C" NOT NULL,
    from_time BIGINT NOT NULL,
    to_time BIGINT NOT NULL,
    PRIMARY KEY (network, from_time),
    CHECK (from_time <= to_time)
);

CREATE TABLE account (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (user_id <> ''),
    standing TEXT COLLATE "C" NOT NULL CHECK (standing IN ('active', 'closed', 'unknown')),
    imported_at BIGINT NOT NULL
);

-- A price is `digits / 10^scale` of the currency for one coin.
CREATE TABLE price (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    asset TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL CHECK (currency <> ''),
    digits NUMERIC(78,0) NOT NULL CHECK (
        digits >= 0
        AND digits <= 115792089237316195423570985008687907853269984665640564039457584007913129639935
    ),
    scale BIGINT NOT NULL CHECK (scale BETWEEN 0 AND 77),
    priced_at BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL CHECK (source <> ''),
    imported_at BIGINT NOT NULL
);
-- Prices are never changed: a corrected one is another row, and quotes keep naming the one they were reckoned from.
CREATE INDEX price_latest ON price (asset, currency, priced_at, imported_at);

-- What a token contract says of itself, and what a person decided about it, once for all its deposits.
CREATE TABLE token (
    asset TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    network TEXT COLLATE "C" NOT NULL,
    contract TEXT COLLATE "C" NOT NULL,
    claimed_symbol TEXT COLLATE "C",
    claimed_name TEXT COLLATE "C",
    claimed_decimals BIGINT CHECK (claimed_decimals BETWEEN 0 AND 255),
    signals TEXT COLLATE "C" NOT NULL,
    review TEXT COLLATE "C" NOT NULL CHECK (review IN ('unreviewed', 'genuine', 'airdrop', 'fake')),
    reviewed_by TEXT COLLATE "C",
    reviewed_at BIGINT,
    review_reason TEXT COLLATE "C",
    first_seen_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (network, contract),
    CHECK (review = 'unreviewed' OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL AND review_reason IS NOT NULL))
);
