//! Lists and counts of deposits that stay quick with a million rows: by index, page after page.

use crate::deposit_row::{DEPOSIT_COLUMNS, STORE_COLUMNS, StoredDeposit, stored_deposit};
use crate::error::StoreError;
use crate::sql::{Statement, values};
use crate::store::Store;
use recover_core::asset::AssetId;
use recover_core::deposit::{DepositStatus, Queue};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;

/// Whether a deposit was seen by a source of ours or told by a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginFilter {
    /// Seen.
    Observed,
    /// Told.
    Imported,
}

/// Which deposits to list; what is not set does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepositFilter {
    /// Only this network.
    pub network: Option<NetworkId>,
    /// Only this primary kind.
    pub kind: Option<Kind>,
    /// Only these statuses; empty for all.
    pub statuses: Vec<DepositStatus>,
    /// Only this verdict code (`controllable`).
    pub verdict: Option<String>,
    /// Only this verdict detail (`same_key`).
    pub verdict_detail: Option<String>,
    /// Only this queue; [`Queue::Work`] is what people work on.
    pub queue: Option<Queue>,
    /// Only this owner.
    pub owner: Option<String>,
    /// Only this credited address, canonical text.
    pub to: Option<String>,
    /// Only this asset.
    pub asset: Option<AssetId>,
    /// Only where it comes from.
    pub origin: Option<OriginFilter>,
    /// Only worth at least so many cents; what has no price is left out.
    pub value_cents_min: Option<i64>,
    /// Only in blocks of this time or later.
    pub block_time_min: Option<Timestamp>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DepositOrder {
    /// Newest block first, those without a block last.
    #[default]
    Newest,
    /// Most valuable first, those without a price last.
    MostValuable,
    /// By id: for going through all of them.
    Id,
}

/// A place in a list, after which the next page begins. It belongs to the order it was made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositCursor {
    /// The sort column's value at that place; `None` among the rows that have none.
    sort: Option<i64>,
    id: DepositId,
}

/// One page of deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositPage {
    /// The deposits.
    pub deposits: Vec<StoredDeposit>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<DepositCursor>,
}

/// How many deposits share these codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositCount {
    /// The network.
    pub network: NetworkId,
    /// The primary kind.
    pub kind: Kind,
    /// The status.
    pub status: DepositStatus,
    /// Where a person meets them.
    pub queue: Queue,
    /// How many.
    pub count: u64,
}

impl Store {
    /// One page of deposits.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_deposits(
        &self,
        filter: &DepositFilter,
        order: DepositOrder,
        after: Option<&DepositCursor>,
        limit: u32,
    ) -> Result<DepositPage, StoreError> {
        let sort_column = match order {
            DepositOrder::Newest => Some("block_time"),
            DepositOrder::MostValuable => Some("value_cents"),
            DepositOrder::Id => None,
        };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut deposits = Vec::new();
        match sort_column {
            None => {
                let mut statement = narrowed(filter);
                if let Some(cursor) = after {
                    statement.push(" AND id > ").bind(&cursor.id);
                }
                statement.push(" ORDER BY id LIMIT ").bind(limit);
                self.read_into(statement, &mut deposits).await?;
            }
            Some(column) => {
                // Two ranges of the index, one after the other: the rows with a value, then those without. A cursor of
                // either kind is a place inside one of them, so that no page reads what came before it.
                if after.is_none_or(|cursor| cursor.sort.is_some()) {
                    let mut statement = narrowed(filter);
                    statement.push(&format!(" AND {column} IS NOT NULL"));
                    if let Some((sort, id)) =
                        after.and_then(|cursor| Some((cursor.sort?, &cursor.id)))
                    {
                        statement.push(&format!(" AND {column} <= ")).bind(sort);
                        statement.push(&format!(" AND ({column} < ")).bind(sort);
                        statement.push(" OR id > ").bind(id).push(")");
                    }
                    statement
                        .push(&format!(" ORDER BY {column} DESC NULLS LAST, id LIMIT "))
                        .bind(limit);
                    self.read_into(statement, &mut deposits).await?;
                }
                let has_room = deposits.len() < wanted;
                if has_room && !(filter.value_cents_min.is_some() && column == "value_cents") {
                    let left = u32::try_from(wanted - deposits.len()).unwrap_or(limit);
                    let mut statement = narrowed(filter);
                    statement.push(&format!(" AND {column} IS NULL"));
                    if let Some(cursor) = after.filter(|cursor| cursor.sort.is_none()) {
                        statement.push(" AND id > ").bind(&cursor.id);
                    }
                    statement.push(" ORDER BY id LIMIT ").bind(left);
                    self.read_into(statement, &mut deposits).await?;
                }
            }
        }
        let next = deposits
            .last()
            .filter(|_| deposits.len() >= wanted)
            .map(|last| DepositCursor {
                sort: match order {
                    DepositOrder::Newest => last.deposit.block_time().map(Timestamp::as_micros),
                    DepositOrder::MostValuable => last.value.as_ref().map(|(cents, _)| *cents),
                    DepositOrder::Id => None,
                },
                id: last.deposit.id(),
            });
        Ok(DepositPage { deposits, next })
    }

    async fn read_into(
        &self,
        statement: Statement,
        deposits: &mut Vec<StoredDeposit>,
    ) -> Result<(), StoreError> {
        for row in self.db.rows(&statement.text, statement.values).await? {
            deposits.push(stored_deposit(&row)?);
        }
        Ok(())
    }

    /// How many deposits there are, by network, kind, status and queue; combinations without any are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_deposits(
        &self,
        network: Option<&NetworkId>,
    ) -> Result<Vec<DepositCount>, StoreError> {
        let mut statement = Statement::new(
            "SELECT network, kind, status, queue, COUNT(*) AS count FROM deposit WHERE 1 = 1",
        );
        if let Some(network) = network {
            statement.push(" AND network = ").bind(network);
        }
        statement
            .push(" GROUP BY network, kind, status, queue ORDER BY network, kind, status, queue");
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter()
            .map(|row| {
                let row = row.of("deposit", "network");
                Ok(DepositCount {
                    network: row.network("network")?,
                    kind: row.parsed("kind", Kind::from_code)?,
                    status: row.parsed("status", DepositStatus::from_code)?,
                    queue: row.parsed("queue", Queue::from_code)?,
                    count: row.number("count")?,
                })
            })
            .collect()
    }

    /// Whether a source of ours saw a deposit of the same network, transaction and address as this one from a file.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_scanned_twin(&self, id: &DepositId) -> Result<bool, StoreError> {
        Ok(self.db.row(TWIN, values![id]).await?.is_some())
    }
}

/// Addresses of the EVM compare without their checksum's case: a file may write them in lower case. On other networks a
/// difference in case alone means a mistyped address, never another deposit of the same transaction.
pub(crate) const TWIN: &str = "SELECT seen.id FROM deposit AS told
    JOIN deposit AS seen ON seen.tx_id = told.tx_id AND seen.network = told.network
    WHERE told.id = $1 AND told.origin = 'imported' AND seen.origin = 'observed' AND seen.status <> 'gone'
        AND LOWER(seen.to_text) = LOWER(told.to_text)
    LIMIT 1";

/// The conditions of a filter. Each order has an index behind the columns that narrow most; of several such columns in one
/// filter, the weaker ones are written so that no index fits them, since the planner would guess among equals and may
/// read a whole queue to find the few rows of a rare kind.
fn narrowed(filter: &DepositFilter) -> Statement {
    let mut statement = Statement::new(&format!(
        "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE 1 = 1"
    ));
    let mut is_narrow = false;
    let mut column = |name: &'static str, is_set: bool| {
        let text = if is_narrow {
            format!("({name} || '')")
        } else {
            name.to_owned()
        };
        is_narrow |= is_set;
        text
    };
    // Strongest first; a network has indexes of its own together with a kind or a queue.
    let owner = column("owner", filter.owner.is_some());
    let to = column("to_text", filter.to.is_some());
    let network = column("network", false);
    let kind = column("kind", filter.kind.is_some());
    let queue = column("queue", filter.queue.is_some());
    let asset = column("asset", filter.asset.is_some());
    let verdict = column("verdict", filter.verdict.is_some());
    let status = column("status", filter.network.is_some());
    if let Some(value) = &filter.network {
        statement.push(&format!(" AND {network} = ")).bind(value);
    }
    if let Some(value) = filter.kind {
        statement
            .push(&format!(" AND {kind} = "))
            .bind(value.code());
    }
    match filter.statuses.as_slice() {
        [] => {}
        [value] => {
            statement
                .push(&format!(" AND {status} = "))
                .bind(value.code());
        }
        values => {
            // Several values of one column never come in the order of an index.
            statement.push(" AND (status || '') IN ");
            statement.bind_list(values.iter().map(|value| value.code()));
        }
    }
    if let Some(value) = &filter.verdict {
        statement.push(&format!(" AND {verdict} = ")).bind(value);
    }
    if let Some(value) = &filter.verdict_detail {
        statement.push(" AND verdict_detail = ").bind(value);
    }
    if let Some(value) = filter.queue {
        statement
            .push(&format!(" AND {queue} = "))
            .bind(value.code());
    }
    if let Some(value) = &filter.owner {
        statement.push(&format!(" AND {owner} = ")).bind(value);
    }
    if let Some(value) = &filter.to {
        statement.push(&format!(" AND {to} = ")).bind(value);
    }
    if let Some(value) = &filter.asset {
        statement.push(&format!(" AND {asset} = ")).bind(value);
    }
    match filter.origin {
        None => {}
        Some(OriginFilter::Observed) => {
            statement.push(" AND (origin || '') = 'observed'");
        }
        Some(OriginFilter::Imported) => {
            statement.push(" AND (origin || '') = 'imported'");
        }
    }
    if let Some(cents) = filter.value_cents_min {
        statement.push(" AND value_cents >= ").bind(cents);
    }
    if let Some(time) = filter.block_time_min {
        statement.push(" AND block_time >= ").bind(time);
    }
    statement
}
