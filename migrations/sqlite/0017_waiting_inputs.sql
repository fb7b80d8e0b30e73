-- What transactions that wait for a block spend, where the network keeps outputs: one of them never happens once another transaction
-- spent an output of it for good.

CREATE TABLE waiting_input (
    network TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    -- The output that it spends, `TXID:INDEX`.
    outpoint TEXT NOT NULL CHECK (outpoint <> ''),
    noted_at INTEGER NOT NULL,
    -- The transaction in a final block that spent it instead; absent while there is none.
    spent_by TEXT CHECK (spent_by <> '' AND spent_by <> tx_id),
    PRIMARY KEY (network, tx_id, outpoint)
) STRICT;
