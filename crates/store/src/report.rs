//! What would become recoverable if something were added: deposits grouped by what they lack first, added up by the database.

use crate::error::StoreError;
use crate::sql::{Row, Statement};
use crate::store::Store;
use recover_core::advice::{Lack, LackSubject};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::verdict::{Missing, Reason};
use std::collections::BTreeMap;

/// What all deposits together lack that lack one thing of one subject first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackRow {
    /// What is missing.
    pub lack: Lack,
    /// A network, an asset, or a network and the address of a factory with a blank between; the network alone where the address
    /// book names no factory.
    pub subject: String,
    /// Their network.
    pub network: NetworkId,
    /// What those are worth whose value is known, in cents.
    pub value_cents: u128,
    /// How many have no known value.
    pub without_value: u64,
    /// How many different owners and claimants there are.
    pub customers: u64,
    /// How many deposits.
    pub deposits: u64,
    /// How many of them lack a price as well.
    pub also_price: u64,
    /// How many of them wait for a network that takes no deposits now, or where nobody can sign, as well.
    pub also_network: u64,
}

/// What undecided deposits lack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacks {
    /// One row for one thing of one subject, dearest first, then by customers and deposits.
    pub rows: Vec<LackRow>,
    /// What is beside them.
    pub totals: LackTotals,
}

/// What is beside the ranking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LackTotals {
    /// How many different owners and claimants there are in all rows together.
    pub customers: u64,
    /// Deposits that time alone brings.
    pub wait_for_time: u64,
    /// Deposits of the rows at addresses whose key is lost: nothing but that key brings them back.
    pub key_lost: u64,
}

/// A file's row of what a source saw as well counts once.
const NO_TWIN: &str = "(deposit.origin = 'observed' OR NOT EXISTS (SELECT 1 FROM deposit AS seen
    WHERE seen.tx_id = deposit.tx_id AND seen.network = deposit.network AND seen.origin = 'observed' AND seen.status <> 'gone'
        AND LOWER(seen.to_text) = LOWER(deposit.to_text)))";

/// The undecided deposits that lack something, each with what and of which subject. On `networks` nobody can
/// sign now.
fn lacking(networks: &[NetworkId]) -> Statement {
    let out_of_reach = Reason::NetworkOutOfReach.code();
    let mut lack = String::from("CASE");
    for missing in Missing::ALL {
        if let Some(of) = Lack::of(*missing) {
            let (missing, of) = (missing.code(), of.code());
            lack.push_str(&format!(
                " WHEN verdict = 'conditional' AND verdict_detail = '{missing}' THEN '{of}'"
            ));
        }
    }
    let key_lost = Reason::KeyLost.code();
    let (network, key, review, price) = (
        Lack::Network.code(),
        Lack::Key.code(),
        Lack::Review.code(),
        Lack::Price.code(),
    );
    lack.push_str(&format!(
        " WHEN verdict = 'not_recoverable' AND verdict_detail = '{out_of_reach}' THEN '{network}'
          WHEN verdict = 'not_recoverable' AND verdict_detail = '{key_lost}' THEN '{key}'
          WHEN verdict IN ('controllable', 'needs_deploy') AND decimals_vouched = 0 THEN '{review}'
          WHEN verdict IN ('controllable', 'needs_deploy') AND value_cents IS NULL THEN '{price}' END"
    ));
    let of_subject = |wanted: LackSubject| {
        let codes: Vec<String> = Lack::ALL
            .iter()
            .filter(|lack| lack.subject() == wanted)
            .map(|lack| format!("'{}'", lack.code()))
            .collect();
        codes.join(", ")
    };
    // `create2:0x`, 40 digits, the rest: as the address book writes control.
    let factory =
        "network || COALESCE(' ' || (SELECT SUBSTR(MIN(address.control), 9, 42) FROM address
        WHERE address.payload = found.to_payload AND address.control LIKE 'create2:0x%'), '')";
    let mut statement = Statement::new(&format!(
        "WITH lacking AS (
            SELECT id, owner, network, value_cents, lack,
                CASE WHEN lack IN ({assets}) THEN asset WHEN lack IN ({factories}) THEN {factory} ELSE network END AS subject,
                CASE WHEN lack <> '{price}' AND value_cents IS NULL THEN 1 ELSE 0 END AS also_price,
                CASE WHEN lack NOT IN ('{network}', '{key}') AND (kind = '{suspended}' OR network IN ",
        assets = of_subject(LackSubject::Asset),
        factories = of_subject(LackSubject::Factory),
        suspended = Kind::SuspendedNetwork.code(),
    ));
    let no_key = Kind::NoKey.code();
    // An empty list is no SQL; no network is called so.
    let none = [NetworkId::new("")];
    statement.bind_list(if networks.is_empty() { &none } else { networks });
    statement.push(&format!(
        ") THEN 1 ELSE 0 END AS also_network
            FROM (SELECT id, owner, network, kind, asset, to_payload, value_cents, {lack} AS lack FROM deposit
                WHERE ((status IN ('open', 'unconfirmed') AND queue <> 'none')
                    OR (kind = '{no_key}' AND status <> 'gone'))
                    AND {NO_TWIN}) AS found
            WHERE lack IS NOT NULL)"
    ));
    statement
}

/// Who waits for a deposit: its owner, else whoever's appeal is paired with it.
const CUSTOMERS: &str = "SELECT lack, subject, owner AS customer FROM lacking WHERE owner IS NOT NULL
    UNION SELECT lack, subject, appeal.user_id AS customer FROM lacking
        JOIN match_outcome ON match_outcome.deposit_id = lacking.id JOIN appeal ON appeal.id = match_outcome.appeal_id
        WHERE owner IS NULL AND appeal.status NOT IN ('refused', 'duplicate', 'closed')";

/// Sums of cents are made of two halves: no database's sum of them leaves its range.
const HALF: i64 = 1_000_000_000;

fn row(row: &Row, customers: &BTreeMap<(String, String), u64>) -> Result<LackRow, StoreError> {
    let row = row.of("deposit", "subject");
    let lack = row.parsed("lack", Lack::from_code)?;
    let subject = row.text("subject")?;
    let half = |column| -> Result<u128, StoreError> {
        let sum = row.integer_or_null(column)?.unwrap_or(0);
        u128::try_from(sum).map_err(|_| row.bad(column, "is below zero"))
    };
    let value_cents = half("high")?
        .saturating_mul(HALF.unsigned_abs().into())
        .saturating_add(half("low")?);
    let key = (lack.code().to_owned(), subject.clone());
    Ok(LackRow {
        customers: customers.get(&key).copied().unwrap_or(0),
        network: row.network("network")?,
        lack,
        subject,
        value_cents,
        without_value: row.number("without_value")?,
        deposits: row.number("deposits")?,
        also_price: row.number("also_price")?,
        also_network: row.number("also_network")?,
    })
}

impl Store {
    /// What undecided deposits lack. A deposit that lacks two things counts under the first. On `networks` nobody can sign now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn lacks(&self, networks: &[NetworkId]) -> Result<Lacks, StoreError> {
        // Who waits is found once, for each row and for all: with a million open deposits that is the dearest part. The union
        // has each customer of a row once; the last row of the answer, whose lack is empty, is of all rows together.
        let mut statement = lacking(networks);
        statement.push(&format!(
            ", waiting AS ({CUSTOMERS})
              SELECT lack, subject, COUNT(*) AS customers FROM waiting GROUP BY lack, subject
              UNION ALL SELECT '' AS lack, '' AS subject, COUNT(DISTINCT customer) AS customers FROM waiting"
        ));
        let mut customers = BTreeMap::new();
        for row in self.db.rows(&statement.text, statement.values).await? {
            let row = row.of("deposit", "subject");
            let key = (row.text("lack")?, row.text("subject")?);
            customers.insert(key, row.number("customers")?);
        }
        let of_all = customers
            .remove(&(String::new(), String::new()))
            .unwrap_or(0);
        let mut statement = lacking(networks);
        statement.push(&format!(
            " SELECT lack, subject, MIN(network) AS network, COUNT(*) AS deposits,
                CAST(SUM(value_cents / {HALF}) AS BIGINT) AS high, CAST(SUM(value_cents % {HALF}) AS BIGINT) AS low,
                COUNT(*) - COUNT(value_cents) AS without_value,
                CAST(SUM(also_price) AS BIGINT) AS also_price, CAST(SUM(also_network) AS BIGINT) AS also_network
              FROM lacking GROUP BY lack, subject"
        ));
        let rows = self.db.rows(&statement.text, statement.values).await?;
        let mut lacks = rows
            .iter()
            .map(|found| row(found, &customers))
            .collect::<Result<Vec<_>, _>>()?;
        lacks.sort_by(|one, other| {
            let rank = |row: &LackRow| (row.value_cents, row.customers, row.deposits);
            rank(other)
                .cmp(&rank(one))
                .then_with(|| (one.lack, &one.subject).cmp(&(other.lack, &other.subject)))
        });
        let key_lost = lacks
            .iter()
            .filter(|row| row.lack == Lack::Key)
            .fold(0_u64, |sum, row| sum.saturating_add(row.deposits));
        Ok(Lacks {
            totals: LackTotals {
                customers: of_all,
                wait_for_time: self.wait_for_time().await?,
                key_lost,
            },
            rows: lacks,
        })
    }

    /// How many deposits time alone brings.
    async fn wait_for_time(&self) -> Result<u64, StoreError> {
        let time: Vec<String> = Missing::ALL
            .iter()
            .filter(|missing| Lack::of(**missing).is_none())
            .map(|missing| format!("'{}'", missing.code()))
            .collect();
        let sql = format!(
            "SELECT COUNT(*) AS count FROM deposit WHERE status IN ('open', 'unconfirmed') AND queue <> 'none'
                AND verdict = 'conditional' AND verdict_detail IN ({}) AND {NO_TWIN}",
            time.join(", ")
        );
        self.count(&sql, Vec::new()).await
    }

    async fn count(&self, sql: &str, values: Vec<crate::sql::Value>) -> Result<u64, StoreError> {
        let row = self.db.row(sql, values).await?;
        row.map_or(Ok(0), |row| row.of("deposit", "count").number("count"))
    }
}
