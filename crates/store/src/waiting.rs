//! Transactions that were seen waiting for a block on networks that keep outputs: what they spend, and which of them can never
//! happen because another transaction spent it.

use crate::error::StoreError;
use crate::sql::{Statement, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::block::TxId;
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use std::collections::BTreeMap;

impl Store {
    /// Notes what a waiting transaction spends. What was noted before stays.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn note_waiting(
        &self,
        network: &NetworkId,
        tx_id: &TxId,
        outpoints: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let db = self.db.clone();
        let (network, tx_id) = (network.clone(), tx_id.clone());
        let outpoints = outpoints.to_vec();
        detached(async move {
            let mut tx = db.begin().await?;
            for outpoint in outpoints {
                tx.run(
                    "INSERT INTO waiting_input (network, tx_id, outpoint, noted_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (network, tx_id, outpoint) DO NOTHING",
                    values![network.as_str(), tx_id.as_str(), outpoint, now],
                )
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// The waiting transactions of a network with deposits that are in no block yet and were not replaced, each with what it spends.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting(
        &self,
        network: &NetworkId,
    ) -> Result<BTreeMap<TxId, Vec<String>>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT tx_id, outpoint FROM waiting_input WHERE network = $1
                    AND NOT EXISTS (SELECT 1 FROM waiting_input AS lost WHERE lost.network = waiting_input.network
                        AND lost.tx_id = waiting_input.tx_id AND lost.spent_by IS NOT NULL)
                    AND EXISTS (SELECT 1 FROM deposit WHERE deposit.network = waiting_input.network
                        AND deposit.tx_id = waiting_input.tx_id AND deposit.origin = 'observed'
                        AND deposit.block_height IS NULL)
                 ORDER BY tx_id, outpoint",
                values![network.as_str()],
            )
            .await?;
        let mut waiting: BTreeMap<TxId, Vec<String>> = BTreeMap::new();
        for row in &rows {
            let row = row.of("waiting_input", "tx_id");
            let inputs = waiting.entry(TxId::new(&row.text("tx_id")?)).or_default();
            inputs.push(row.text("outpoint")?);
        }
        Ok(waiting)
    }

    /// Notes that another transaction in a final block spent an output of a waiting one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn note_replaced(
        &self,
        network: &NetworkId,
        tx_id: &TxId,
        outpoint: &str,
        by: &TxId,
    ) -> Result<(), StoreError> {
        let db = self.db.clone();
        let bound = values![by.as_str(), network.as_str(), tx_id.as_str(), outpoint];
        detached(async move {
            let mut tx = db.begin().await?;
            tx.run(
                "UPDATE waiting_input SET spent_by = $1 WHERE network = $2 AND tx_id = $3 AND outpoint = $4",
                bound,
            )
            .await?;
            tx.commit().await
        })
        .await
    }

    /// Those of these transactions that another one took the place of, with that one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn replaced(
        &self,
        network: &NetworkId,
        transactions: &[TxId],
    ) -> Result<BTreeMap<TxId, TxId>, StoreError> {
        let mut replaced = BTreeMap::new();
        for chunk in transactions.chunks(rows_per_statement(2)) {
            let mut statement = Statement::new(
                "SELECT tx_id, MIN(spent_by) AS spent_by FROM waiting_input WHERE spent_by IS NOT NULL AND network = ",
            );
            statement.bind(network.as_str());
            statement
                .push(" AND tx_id IN ")
                .bind_list(chunk.iter().map(TxId::as_str));
            statement.push(" GROUP BY tx_id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                let row = row.of("waiting_input", "tx_id");
                let (of, by) = (row.text("tx_id")?, row.text("spent_by")?);
                replaced.insert(TxId::new(&of), TxId::new(&by));
            }
        }
        Ok(replaced)
    }
}
