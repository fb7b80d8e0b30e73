//! Deposits: what scans saw, what files told, and what the classifier makes of them.

use crate::addresses::ImportCounts;
use crate::coverage::{generation, lock_network};
use crate::deposit_row::{
    ClaimState, DEPOSIT_COLUMNS, STORE_COLUMNS, StoredDeposit, claim_state, classification_values,
    deposit_values, stored_deposit,
};
use crate::error::StoreError;
use crate::sql::{IntoValue as _, Statement, Tx, Value, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::block::{BlockHash, TxId};
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What storing observed deposits changed. Storing the same again changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpsertReport {
    /// Deposits that were not there.
    pub inserted: Vec<DepositId>,
    /// Deposits that were there with other content.
    pub updated: Vec<DepositId>,
    /// Those of the updated that stand in another block than before: a reorganisation mined them again.
    pub remined: Vec<DepositId>,
    /// How many were there as given.
    pub unchanged: u64,
}

impl Store {
    /// Stores deposits that a source of ours saw, classified. The key is network, transaction and position: a transaction
    /// that was mined again updates its row. A deposit under an open claim stays `claimed`, one that a claim settled stays
    /// `resolved`, whatever status is given; one that was gone comes back.
    ///
    /// # Errors
    /// When one of them comes from a file, or the database cannot be written; then none is stored.
    pub async fn upsert_observed(
        &self,
        deposits: Vec<Deposit>,
        now: Timestamp,
    ) -> Result<UpsertReport, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            // Two writers of one new deposit would both insert it: ON CONFLICT names the id, and PostgreSQL refuses the second by
            // the key of an observation instead (23505). In the order of the names, so that no two wait for each other.
            let networks: BTreeSet<NetworkId> = deposits
                .iter()
                .map(|deposit| deposit.network().clone())
                .collect();
            for network in &networks {
                lock_network(&mut tx, network).await?;
            }
            let report = upsert_observed(&mut tx, &deposits, now).await?;
            tx.commit().await?;
            Ok(report)
        })
        .await
    }

    /// Stores deposits that a file told of, by the file's id. A row whose deposit has an open or settled claim, and a row
    /// whose id is that of a deposit we saw ourselves, is counted as kept and not changed.
    ///
    /// # Errors
    /// When one of them does not come from a file, or the database cannot be written; then none is stored.
    pub async fn import_deposits(
        &self,
        deposits: Vec<Deposit>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut counts = ImportCounts::default();
            for deposit in &deposits {
                match &deposit.origin {
                    Origin::Observed(_) => {
                        return Err(StoreError::Unstorable {
                            what: "a deposit that a source saw",
                            problem: "it does not come from a file: store it as observed",
                        });
                    }
                    // One column keeps both: the amount of a file is shown under the file's own scale.
                    Origin::Imported(imported) if imported.scale != deposit.decimals => {
                        return Err(StoreError::Unstorable {
                            what: "an imported deposit",
                            problem: "its decimals must be the scale that the file gave its amount",
                        });
                    }
                    Origin::Imported(_) => {}
                }
            }
            let unique = by_id(&deposits);
            let all: Vec<&Deposit> = unique.into_values().collect();
            for chunk in all.chunks(rows_per_statement(40)) {
                let stored = stored_for_update(&mut tx, chunk).await?;
                let mut rows = Vec::new();
                for deposit in chunk {
                    match stored.get(&deposit.id()) {
                        None => counts.inserted += 1,
                        Some((known, _))
                            if without_status(&known.deposit) == without_status(deposit) =>
                        {
                            counts.unchanged += 1;
                            continue;
                        }
                        Some((known, claim))
                            if claim.is_some()
                                || matches!(known.deposit.origin, Origin::Observed(_)) =>
                        {
                            counts.kept += 1;
                            continue;
                        }
                        Some(_) => counts.updated += 1,
                    }
                    rows.push(full_row(deposit, deposit.status, now)?);
                }
                write(&mut tx, rows).await?;
            }
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// Writes what the classifier now makes of deposits that are stored: kind, verdict, owner, decimals, symbol, status.
    /// The credit itself is not touched, and a row whose block is no longer the given one, or which a rewind put in doubt, is
    /// left alone. A gone deposit
    /// stays gone, one under a claim keeps the claim's status. Answers how many rows were written.
    ///
    /// # Errors
    /// When the database cannot be written; then none is.
    pub async fn update_classifications(
        &self,
        deposits: Vec<Deposit>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut written = 0;
            for deposit in by_id(&deposits).into_values() {
                let mut row = classification_values(deposit, deposit.status);
                row.extend(values![now, &deposit.id(), block_hash(deposit)]);
                written += tx
                    .run(
                        "UPDATE deposit SET decimals = $1, decimals_vouched = $2, symbol = $3, kind = $4, also = $5,
                            verdict = $6, verdict_detail = $7, verdict_legs = $8, owner = $9,
                            status = CASE WHEN status = 'gone' THEN 'gone' WHEN claim_state = 'open' THEN 'claimed'
                                WHEN claim_state = 'settled' THEN 'resolved' ELSE $10 END,
                            queue = $11, memo_finding = $12, updated_at = $13
                         WHERE id = $14 AND block_hash IS NOT DISTINCT FROM $15 AND suspect_at IS NULL",
                        row,
                    )
                    .await?;
            }
            tx.commit().await?;
            Ok(written)
        })
        .await
    }

    /// Writes the value of deposits for sorting: cents and the price row behind them, or neither.
    ///
    /// # Errors
    /// When the database cannot be written; then none is.
    pub async fn update_values(
        &self,
        deposit_values: Vec<(DepositId, Option<(i64, String)>)>,
    ) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            for (id, value) in deposit_values {
                let (cents, price) = value.unzip();
                tx.run(
                    "UPDATE deposit SET value_cents = $1, price_id = $2 WHERE id = $3",
                    values![cents, price, &id],
                )
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// One deposit; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deposit(&self, id: &DepositId) -> Result<Option<StoredDeposit>, StoreError> {
        let sql = format!("SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE id = $1");
        let row = self.db.row(&sql, values![id]).await?;
        row.as_ref().map(stored_deposit).transpose()
    }

    /// The deposits with these ids, by id; those that are not there are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deposits_by_ids(
        &self,
        ids: &[DepositId],
    ) -> Result<Vec<StoredDeposit>, StoreError> {
        let mut found = Vec::new();
        for chunk in ids.chunks(rows_per_statement(20)) {
            let mut statement = Statement::new(&format!(
                "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE id IN "
            ));
            statement.bind_list(chunk).push(" ORDER BY id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                found.push(stored_deposit(&row)?);
            }
        }
        Ok(found)
    }

    /// The deposits of one transaction, observed and imported, by position; of every network when none is named.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deposits_of_transaction(
        &self,
        network: Option<&NetworkId>,
        tx_id: &TxId,
    ) -> Result<Vec<StoredDeposit>, StoreError> {
        let mut statement = Statement::new(&format!(
            "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE tx_id = "
        ));
        statement.bind(tx_id);
        if let Some(network) = network {
            statement.push(" AND network = ").bind(network);
        }
        statement.push(" ORDER BY network, position, id");
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter().map(stored_deposit).collect()
    }

    /// The deposits that a source of ours saw in these transactions of one network and that are not gone, by id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn observed_in_transactions(
        &self,
        network: &NetworkId,
        tx_ids: &[TxId],
    ) -> Result<Vec<StoredDeposit>, StoreError> {
        let mut found = Vec::new();
        for chunk in tx_ids.chunks(rows_per_statement(20)) {
            let mut statement = Statement::new(&format!(
                "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE tx_id IN "
            ));
            statement.bind_list(chunk);
            // Written so that no index fits them: a transaction is narrow enough.
            statement
                .push(" AND (origin || '') = 'observed' AND (status || '') <> 'gone' AND (network || '') = ")
                .bind(network)
                .push(" ORDER BY id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                found.push(stored_deposit(&row)?);
            }
        }
        Ok(found)
    }

    /// Gives up deposits that a rewind put in doubt and that were not seen again: they become gone. The caller answers for
    /// their heights and everything above having been read again under this generation; nothing happens when the network
    /// was rewound since, and one that was seen again meanwhile stays. Answers the ids of those that are gone now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_unseen_gone(
        &self,
        network: &NetworkId,
        unseen: &[DepositId],
        under: u64,
        now: Timestamp,
    ) -> Result<Vec<DepositId>, StoreError> {
        let db = self.db.clone();
        let (network, unseen) = (network.clone(), unseen.to_vec());
        detached(async move {
            let mut tx = db.begin().await?;
            lock_network(&mut tx, &network).await?;
            if generation(&mut tx, &network).await? != under {
                return Ok(Vec::new());
            }
            let mut gone = Vec::new();
            for chunk in unseen.chunks(rows_per_statement(20)) {
                let mut statement = Statement::new(
                    "UPDATE deposit SET status = 'gone', suspect_at = NULL, updated_at = ",
                );
                statement.bind(now).push(" WHERE network = ").bind(&network);
                statement
                    .push(" AND suspect_at IS NOT NULL AND id IN ")
                    .bind_list(chunk);
                statement.push(" RETURNING id");
                gone.extend(sorted_ids(
                    &tx.rows(&statement.text, statement.values).await?,
                )?);
            }
            tx.commit().await?;
            gone.sort();
            Ok(gone)
        })
        .await
    }

    /// The deposits of a network that a rewind put in doubt and that were neither seen again nor given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn suspect_deposits(
        &self,
        network: &NetworkId,
    ) -> Result<Vec<StoredDeposit>, StoreError> {
        let sql = format!(
            "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit
             WHERE network = $1 AND suspect_at IS NOT NULL ORDER BY id"
        );
        let rows = self.db.rows(&sql, values![network]).await?;
        rows.iter().map(stored_deposit).collect()
    }
}

pub(crate) fn sorted_ids(rows: &[crate::sql::Row]) -> Result<Vec<DepositId>, StoreError> {
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(DepositId::verbatim(&row.of("deposit", "id").text("id")?));
    }
    ids.sort();
    Ok(ids)
}

fn block_hash(deposit: &Deposit) -> Option<&BlockHash> {
    match &deposit.origin {
        Origin::Observed(observation) => observation.block.as_ref().map(|block| &block.hash),
        Origin::Imported(_) => None,
    }
}

/// The last of equal ids counts; in the order of the id, so that two writers lock rows in the same order.
fn by_id(deposits: &[Deposit]) -> BTreeMap<DepositId, &Deposit> {
    deposits
        .iter()
        .map(|deposit| (deposit.id(), deposit))
        .collect()
}

fn without_status(deposit: &Deposit) -> Deposit {
    Deposit {
        status: DepositStatus::Open,
        ..deposit.clone()
    }
}

type Known = HashMap<DepositId, (StoredDeposit, Option<ClaimState>)>;

async fn stored_for_update(tx: &mut Tx, deposits: &[&Deposit]) -> Result<Known, StoreError> {
    let mut statement = Statement::new(&format!(
        "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE id IN "
    ));
    let ids: Vec<DepositId> = deposits.iter().map(|deposit| deposit.id()).collect();
    statement
        .bind_list(&ids)
        .push(" ORDER BY id")
        .push(tx.lock_rows());
    let mut known = HashMap::new();
    for row in tx.rows(&statement.text, statement.values).await? {
        let stored = stored_deposit(&row)?;
        let claim = claim_state(&row.of("deposit", "id"))?;
        known.insert(stored.deposit.id(), (stored, claim));
    }
    Ok(known)
}

fn full_row(
    deposit: &Deposit,
    status: DepositStatus,
    now: Timestamp,
) -> Result<Vec<Value>, StoreError> {
    let mut row = deposit_values(deposit, status)?;
    row.push(now.into_value());
    row.push(now.into_value());
    Ok(row)
}

async fn write(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
    let before =
        format!("INSERT INTO deposit ({DEPOSIT_COLUMNS}, first_seen_at, updated_at) VALUES ");
    tx.insert_rows(
        &before,
        rows,
        " ON CONFLICT (id) DO UPDATE SET
            position = excluded.position, network = excluded.network, tx_id = excluded.tx_id,
            block_height = excluded.block_height, block_hash = excluded.block_hash, block_time = excluded.block_time,
            from_payload = excluded.from_payload, from_text = excluded.from_text, to_payload = excluded.to_payload,
            to_text = excluded.to_text,
            value_cents = CASE WHEN deposit.amount = excluded.amount AND deposit.asset = excluded.asset
                THEN deposit.value_cents ELSE NULL END,
            price_id = CASE WHEN deposit.amount = excluded.amount AND deposit.asset = excluded.asset
                THEN deposit.price_id ELSE NULL END,
            asset = excluded.asset, amount = excluded.amount, amount_stated = excluded.amount_stated,
            balance_delta = excluded.balance_delta, memos = excluded.memos, mechanism = excluded.mechanism,
            outcome = excluded.outcome, flags = excluded.flags, imported_memo = excluded.imported_memo,
            orphan_reason = excluded.orphan_reason, decimals = excluded.decimals,
            decimals_vouched = excluded.decimals_vouched, symbol = excluded.symbol, kind = excluded.kind,
            also = excluded.also, verdict = excluded.verdict, verdict_detail = excluded.verdict_detail,
            verdict_legs = excluded.verdict_legs, owner = excluded.owner, status = excluded.status,
            queue = excluded.queue, memo_finding = excluded.memo_finding, suspect_at = NULL, updated_at = excluded.updated_at",
    )
    .await?;
    Ok(())
}

pub(crate) async fn upsert_observed(
    tx: &mut Tx,
    deposits: &[Deposit],
    now: Timestamp,
) -> Result<UpsertReport, StoreError> {
    let mut report = UpsertReport::default();
    for deposit in deposits {
        if let Origin::Imported(_) = deposit.origin {
            return Err(StoreError::Unstorable {
                what: "a deposit from a file",
                problem: "no source saw it: store it as imported",
            });
        }
    }
    let unique: Vec<&Deposit> = by_id(deposits).into_values().collect();
    for chunk in unique.chunks(rows_per_statement(40)) {
        let stored = stored_for_update(tx, chunk).await?;
        let mut rows = Vec::new();
        for deposit in chunk {
            let id = deposit.id();
            let status = match stored.get(&id) {
                None => {
                    report.inserted.push(id);
                    deposit.status
                }
                Some((known, claim)) => {
                    let status = match claim {
                        Some(ClaimState::Open) => DepositStatus::Claimed,
                        Some(ClaimState::Settled) => DepositStatus::Resolved,
                        None => deposit.status,
                    };
                    let same = known.suspect_at.is_none()
                        && known.deposit.status == status
                        && without_status(&known.deposit) == without_status(deposit);
                    if same {
                        report.unchanged += 1;
                        continue;
                    }
                    if block_hash(&known.deposit) != block_hash(deposit) {
                        report.remined.push(id.clone());
                    }
                    report.updated.push(id);
                    status
                }
            };
            rows.push(full_row(deposit, status, now)?);
        }
        write(tx, rows).await?;
    }
    Ok(report)
}
