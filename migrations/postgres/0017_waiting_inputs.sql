-- What transactions that wait for a block spend, where the network keeps outputs: one of them never happens once another transaction
-- spent an output of it for good.

CREATE TABLE waiting_input (
    network TEXT COLLATE "C" NOT NULL,
    tx_id TEXT COLLATE "C" NOT NULL,
    -- The output that it spends, `TXID:INDEX`.
    outpoint TEXT COLLATE "C" NOT NULL CHECK (outpoint <> ''),
    noted_at BIGINT NOT NULL,
    -- The transaction in a final block that spent it instead; absent while there is none.
    spent_by TEXT COLLATE "C" CHECK (spent_by <> '' AND spent_by <> tx_id),
    PRIMARY KEY (network, tx_id, outpoint)
);
