//! What the exchange already booked, the periods for which that is complete, and its users' accounts.

use crate::addresses::ImportCounts;
use crate::error::StoreError;
use crate::sql::{Reader, Row, Statement, Tx, Value, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::ledger::{
    AccountStanding, CreditKey, LedgerEntry, LedgerEntryKind, OTHER_ID_SECONDS_MAX,
};
use recover_core::network::NetworkId;
use recover_core::observation::Position;
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A period for which the imported ledger of a network is complete, both ends inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPeriod {
    /// The network.
    pub network: NetworkId,
    /// Its first instant.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
}

/// Which ordinary deposits of a user are looked for in the ledger.
#[derive(Debug, Clone, Copy)]
pub struct OrdinaryCredits<'a> {
    /// Who was credited.
    pub user_id: &'a str,
    /// Whether rows that name no user count too: the address is the user's alone.
    pub or_nobody: bool,
    /// Of which asset.
    pub asset: &'a AssetId,
    /// At which address, canonical text.
    pub address: &'a str,
    /// At least so much, in base units.
    pub minimum: Amount,
    /// Booked then or later.
    pub since: Timestamp,
}

/// Network, instant, and the instant again.
pub(crate) const LEDGER_COVERS: &str =
    "SELECT network FROM ledger_coverage WHERE network = $1 AND from_time <= $2 AND to_time >= $3";

const COLUMNS: &str =
    "id, kind, user_id, network, tx_id, position, address, asset, amount, booked_at";

fn entry(row: &Row) -> Result<LedgerEntry, StoreError> {
    let row = row.of("ledger_entry", "id");
    Ok(LedgerEntry {
        id: row.text("id")?,
        kind: row.parsed("kind", LedgerEntryKind::from_code)?,
        user_id: row.text_or_null("user_id")?,
        network: row.network("network")?,
        tx_id: TxId::new(&row.text("tx_id")?),
        position: row
            .text_or_null("position")?
            .map(|text| Position::new(&text)),
        address: row.text_or_null("address")?,
        asset: row.parsed_or_null("asset", AssetId::parse)?,
        amount: row.amount_or_null("amount")?,
        booked_at: row.time("booked_at")?,
    })
}

impl Store {
    /// Adds a batch of ledger rows, or updates those that it has, by the exchange's own id. All of the batch or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn import_ledger(
        &self,
        entries: Vec<LedgerEntry>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut counts = ImportCounts::default();
            let unique: BTreeMap<String, LedgerEntry> =
                entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
            let all: Vec<LedgerEntry> = unique.into_values().collect();
            for chunk in all.chunks(rows_per_statement(12)) {
                let mut statement =
                    Statement::new(&format!("SELECT {COLUMNS} FROM ledger_entry WHERE id IN "));
                statement.bind_list(chunk.iter().map(|entry| &entry.id));
                let mut stored = HashMap::new();
                for row in tx.rows(&statement.text, statement.values).await? {
                    let entry = entry(&row)?;
                    stored.insert(entry.id.clone(), entry);
                }
                let mut rows: Vec<Vec<Value>> = Vec::new();
                for entry in chunk {
                    match stored.get(&entry.id) {
                        Some(known) if known == entry => {
                            counts.unchanged += 1;
                            continue;
                        }
                        Some(_) => counts.updated += 1,
                        None => counts.inserted += 1,
                    }
                    rows.push(values![
                        &entry.id,
                        entry.kind.code(),
                        entry.user_id.as_deref(),
                        &entry.network,
                        &entry.tx_id,
                        entry.position.as_ref().map(Position::as_str),
                        entry.address.as_deref(),
                        entry.asset.as_ref(),
                        entry.amount,
                        entry.booked_at,
                        now
                    ]);
                }
                tx.insert_rows(
                    "INSERT INTO ledger_entry (id, kind, user_id, network, tx_id, position, address, asset, amount,
                        booked_at, imported_at) VALUES ",
                    rows,
                    " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, user_id = excluded.user_id,
                        network = excluded.network, tx_id = excluded.tx_id, position = excluded.position,
                        address = excluded.address, asset = excluded.asset, amount = excluded.amount,
                        booked_at = excluded.booked_at, imported_at = excluded.imported_at",
                )
                .await?;
            }
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// Records that the imported ledger of a network is complete over a period, and joins it with the periods it touches.
    /// A period whose end lies before its start is refused by the database.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_ledger_period(&self, period: LedgerPeriod) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(&format!("ledger:{}", period.network)).await?;
            // Periods touch when the next instant, a microsecond later, begins the other.
            let rows = tx
                .rows(
                    "DELETE FROM ledger_coverage WHERE network = $1 AND from_time <= $2 AND to_time >= $3
                     RETURNING network, from_time, to_time",
                    values![
                        &period.network,
                        period.to.as_micros().saturating_add(1),
                        period.from.as_micros().saturating_sub(1)
                    ],
                )
                .await?;
            let (mut from, mut to) = (period.from, period.to);
            for row in &rows {
                let known = ledger_period(row)?;
                from = from.min(known.from);
                to = to.max(known.to);
            }
            tx.run(
                "INSERT INTO ledger_coverage (network, from_time, to_time) VALUES ($1, $2, $3)",
                values![&period.network, from, to],
            )
            .await?;
            tx.commit().await
        })
        .await
    }

    /// The periods for which the imported ledger is complete, by network and time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ledger_periods(
        &self,
        network: Option<&NetworkId>,
    ) -> Result<Vec<LedgerPeriod>, StoreError> {
        let mut statement =
            Statement::new("SELECT network, from_time, to_time FROM ledger_coverage WHERE 1 = 1");
        if let Some(network) = network {
            statement.push(" AND network = ").bind(network);
        }
        statement.push(" ORDER BY network, from_time");
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter().map(ledger_period).collect()
    }

    /// Whether the imported ledger of a network is complete at an instant.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_ledger_covered(
        &self,
        network: &NetworkId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = self.db.row(LEDGER_COVERS, values![network, at, at]).await?;
        Ok(row.is_some())
    }

    /// The ledger rows of transactions of one network, by id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ledger_of_transactions(
        &self,
        network: &NetworkId,
        tx_ids: &[TxId],
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut found = Vec::new();
        for chunk in tx_ids.chunks(rows_per_statement(20)) {
            let mut statement = Statement::new(&format!(
                "SELECT {COLUMNS} FROM ledger_entry WHERE network = "
            ));
            statement
                .bind(network)
                .push(" AND tx_id IN ")
                .bind_list(chunk);
            statement.push(" ORDER BY id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                found.push(entry(&row)?);
            }
        }
        Ok(found)
    }

    /// The rows that may book one of these credits of a network under another id than ours, by id: credited or settled, of
    /// one of its amounts or of none, near the time of its block, and explained by no deposit that a source of ours saw
    /// ([`recover_core::ledger::explains`]). Which of them is about which credit is for
    /// [`recover_core::ledger::booked_by_other_id`] to say.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unexplained_bookings(
        &self,
        network: &NetworkId,
        credits: &[(CreditKey, Timestamp)],
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        unexplained_bookings(&mut Reader::Db(&self.db), network, credits).await
    }

    /// The exchange's own withdrawals to an address before an instant, newest first: what a credit *from* that address may
    /// return. With an asset, only rows that name it or name none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn withdrawals_to(
        &self,
        network: &NetworkId,
        address: &str,
        asset: Option<&AssetId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut statement = Statement::new(&format!(
            "SELECT {COLUMNS} FROM ledger_entry WHERE kind = 'own_withdrawal' AND network = "
        ));
        statement
            .bind(network)
            .push(" AND address = ")
            .bind(address);
        statement.push(" AND booked_at < ").bind(before);
        if let Some(asset) = asset {
            statement
                .push(" AND (asset IS NULL OR asset = ")
                .bind(asset)
                .push(")");
        }
        statement
            .push(" ORDER BY booked_at DESC, id LIMIT ")
            .bind(limit);
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter().map(entry).collect()
    }

    /// The first ordinary deposits that answer to a question, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ordinary_credits(
        &self,
        asked: &OrdinaryCredits<'_>,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let or_nobody = if asked.or_nobody {
            " OR user_id IS NULL"
        } else {
            ""
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger_entry
             WHERE kind = 'credited_deposit' AND asset = $1 AND address = $2 AND booked_at >= $3 AND amount >= $4
                AND (user_id = $5{or_nobody})
             ORDER BY booked_at, id LIMIT $6"
        );
        let values = values![
            asked.asset,
            asked.address,
            asked.since,
            asked.minimum,
            asked.user_id,
            limit
        ];
        let rows = self.db.rows(&sql, values).await?;
        rows.iter().map(entry).collect()
    }

    /// How many ledger rows there are, by kind.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_ledger(&self) -> Result<Vec<(LedgerEntryKind, u64)>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT kind, COUNT(*) AS count FROM ledger_entry GROUP BY kind ORDER BY kind",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("ledger_entry", "kind");
                Ok((
                    row.parsed("kind", LedgerEntryKind::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }

    /// Records whether users' accounts can be credited. Answers how many users were not there before, and of how many it
    /// was otherwise.
    ///
    /// # Errors
    /// When the database cannot be written; then none is.
    pub async fn import_accounts(
        &self,
        accounts: Vec<(String, AccountStanding)>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let unique: BTreeMap<String, AccountStanding> = accounts.into_iter().collect();
            let users: Vec<String> = unique.keys().cloned().collect();
            let known = standings_of(&mut Reader::Tx(&mut tx), &users).await?;
            let mut counts = ImportCounts::default();
            for (user, standing) in &unique {
                match known.get(user) {
                    Some(before) if before == standing => counts.unchanged += 1,
                    Some(_) => counts.updated += 1,
                    None => counts.inserted += 1,
                }
            }
            let rows = unique
                .into_iter()
                .map(|(user, standing)| values![user, standing.code(), now])
                .collect();
            tx.insert_rows(
                "INSERT INTO account (user_id, standing, imported_at) VALUES ",
                rows,
                " ON CONFLICT (user_id) DO UPDATE SET standing = excluded.standing, imported_at = excluded.imported_at",
            )
            .await?;
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// Whether the accounts of these users can be credited; a user of whom the exchange never said is left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account_standings(
        &self,
        users: &[String],
    ) -> Result<HashMap<String, AccountStanding>, StoreError> {
        standings_of(&mut Reader::Db(&self.db), users).await
    }

    /// Whether a user's account can be credited; [`AccountStanding::Unknown`] when the exchange never said.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account_standing(&self, user_id: &str) -> Result<AccountStanding, StoreError> {
        let row = self
            .db
            .row(
                "SELECT user_id, standing FROM account WHERE user_id = $1",
                values![user_id],
            )
            .await?;
        row.map_or(Ok(AccountStanding::Unknown), |row| {
            row.of("account", "user_id")
                .parsed("standing", AccountStanding::from_code)
        })
    }
}

/// The ledger rows of one transaction, read in the transaction that decides on them.
pub(crate) async fn entries_of_transaction(
    tx: &mut Tx,
    network: &NetworkId,
    tx_id: &TxId,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM ledger_entry WHERE network = $1 AND tx_id = $2");
    let rows = tx.rows(&sql, values![network, tx_id]).await?;
    rows.iter().map(entry).collect()
}

/// As [`Store::unexplained_bookings`]; in the transaction that decides on them when it is given one.
pub(crate) async fn unexplained_bookings(
    reader: &mut Reader<'_>,
    network: &NetworkId,
    credits: &[(CreditKey, Timestamp)],
) -> Result<Vec<LedgerEntry>, StoreError> {
    // A look-up for each amount and time, so that what is read is what may fit, however many rows a day has. What several
    // neighbours ask alike is asked once.
    let mut wanted: BTreeMap<Option<Amount>, BTreeSet<Timestamp>> = BTreeMap::new();
    for (credit, at) in credits {
        for amount in [
            None,
            credit.amounts.first().copied(),
            credit.amounts.last().copied(),
        ] {
            wanted.entry(amount).or_default().insert(*at);
        }
    }
    let mut lookups = Vec::new();
    for (amount, times) in wanted {
        for (from, to) in joined(times) {
            lookups.push((amount, from, to));
        }
    }
    let mut found = BTreeMap::new();
    for chunk in lookups.chunks(LOOKUPS_MAX) {
        let mut statement = Statement::new("");
        for (place, (amount, from, to)) in chunk.iter().enumerate() {
            if place > 0 {
                statement.push(" UNION ALL ");
            }
            statement.push(&format!(
                "SELECT {COLUMNS} FROM ledger_entry WHERE kind <> 'own_withdrawal' AND network = "
            ));
            statement.bind(network);
            match amount {
                Some(amount) => statement.push(" AND amount = ").bind(*amount),
                None => statement.push(" AND amount IS NULL"),
            };
            statement.push(" AND booked_at >= ").bind(*from);
            statement.push(" AND booked_at <= ").bind(*to);
            // As `explains` in core has it. Written so that only the index by transaction fits.
            statement.push(
                " AND NOT EXISTS (SELECT 1 FROM deposit WHERE deposit.tx_id = ledger_entry.tx_id
                    AND (deposit.network || '') = ledger_entry.network AND (deposit.origin || '') = 'observed'
                    AND (deposit.status || '') <> 'gone'
                    AND (deposit.asset = ledger_entry.asset
                        OR (ledger_entry.asset IS NULL AND deposit.mechanism <> 'carrier')))",
            );
        }
        for row in reader.rows(&statement.text, statement.values).await? {
            let entry = entry(&row)?;
            found.insert(entry.id.clone(), entry);
        }
    }
    Ok(found.into_values().collect())
}

/// How many look-ups one statement makes: SQLite joins up to 500 of them, and reads each text anew.
const LOOKUPS_MAX: usize = 50;

/// The periods around these times, those that touch as one.
fn joined(times: BTreeSet<Timestamp>) -> Vec<(Timestamp, Timestamp)> {
    let mut periods: Vec<(Timestamp, Timestamp)> = Vec::new();
    for at in times {
        // Beyond the end of time there are no rows.
        let from = at.plus_seconds(-OTHER_ID_SECONDS_MAX).unwrap_or(at);
        let to = at.plus_seconds(OTHER_ID_SECONDS_MAX).unwrap_or(at);
        match periods.last_mut() {
            Some((_, end)) if from <= *end => *end = to,
            _ => periods.push((from, to)),
        }
    }
    periods
}

async fn standings_of(
    reader: &mut Reader<'_>,
    users: &[String],
) -> Result<HashMap<String, AccountStanding>, StoreError> {
    let mut found = HashMap::new();
    for chunk in users.chunks(rows_per_statement(20)) {
        let mut statement =
            Statement::new("SELECT user_id, standing FROM account WHERE user_id IN ");
        statement.bind_list(chunk);
        for row in reader.rows(&statement.text, statement.values).await? {
            let row = row.of("account", "user_id");
            found.insert(
                row.text("user_id")?,
                row.parsed("standing", AccountStanding::from_code)?,
            );
        }
    }
    Ok(found)
}

fn ledger_period(row: &Row) -> Result<LedgerPeriod, StoreError> {
    let row = row.of("ledger_coverage", "network");
    Ok(LedgerPeriod {
        network: row.network("network")?,
        from: row.time("from_time")?,
        to: row.time("to_time")?,
    })
}
