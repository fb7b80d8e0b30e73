//! The ledger: what the exchange booked, and how far it reaches.

use super::columns::{Column, ColumnMap, needed, optional};
use super::context::{Context, coin_amount};
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::ledger::{AccountStanding, LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::Position;
use recover_core::time::Timestamp;
use std::io::Read;

const COLUMNS: &[Column] = &[
    needed("id"),
    needed("kind"),
    needed("time"),
    optional("time_to"),
    optional("user_id"),
    optional("network"),
    optional("tx_id"),
    optional("position"),
    optional("address"),
    optional("asset"),
    optional("amount"),
    optional("amount_base"),
    optional("state"),
];

/// One row of a ledger file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerRecord {
    /// Money that was booked (`kind` = `credited`, `withdrawal` or `settled`).
    Entry(LedgerEntry),
    /// How an account stands since `at` (`kind` = `account`).
    Account {
        /// The user.
        user_id: String,
        /// Whether the account can be credited.
        standing: AccountStanding,
        /// Since when the exchange says so.
        at: Timestamp,
    },
    /// How far the file reaches (`kind` = `coverage`).
    Coverage(LedgerCoverage),
}

/// A period over which the imported ledger is complete on one network, both ends inside.
///
/// It is only as true as the rows are complete: the caller stores the coverage of a file when none of its rows was
/// rejected, and otherwise says that it was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCoverage {
    /// The network.
    pub network: NetworkId,
    /// From when.
    pub from: Timestamp,
    /// Until when, not before `from`.
    pub to: Timestamp,
}

impl LedgerCoverage {
    /// Reads the command line's form, `NETWORK=FROM..TO` with RFC 3339 times.
    ///
    /// # Errors
    /// When the text has another form, names an unknown network, or ends before it begins.
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, ImportError> {
        let coverage = || {
            let (network, period) = text.split_once('=')?;
            let (from, to) = period.split_once("..")?;
            let (network, _) = context.network("network", network).ok()?;
            let from = Timestamp::parse(from).ok()?;
            let to = Timestamp::parse(to).ok()?;
            (from <= to).then_some(Self { network, from, to })
        };
        coverage().ok_or_else(|| ImportError::Coverage {
            text: text.to_owned(),
        })
    }
}

/// Reads a ledger. An asset is `native`, a contract, or a symbol that `chains.toml` has on that network; an amount stands in
/// `amount` in coin units or in `amount_base` in base units. Where the asset is not known, asset and amount are left open:
/// such a row covers whatever its transaction credited, so that nothing is paid twice. The amount alone is left open where a
/// whole number in `amount` stands beside the name of a base unit (`5000000` of `uatom`): both readings are common.
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn ledger<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, LedgerRecord>, ImportError> {
    Records::open(file, reader, COLUMNS, map, context, parse)
}

fn parse(row: &Row<'_>, context: &Context<'_>) -> Result<LedgerRecord, RejectReason> {
    let kind = row.needed("kind")?.to_ascii_lowercase();
    let entry = match kind.as_str() {
        "account" => return account(row),
        "coverage" => return coverage(row, context),
        "credited" => LedgerEntryKind::CreditedDeposit,
        "withdrawal" => LedgerEntryKind::OwnWithdrawal,
        "settled" => LedgerEntryKind::SettledCase,
        code => LedgerEntryKind::from_code(code).ok_or_else(|| {
            let problem = format!(
                "'{code}' is no kind: write one of credited, withdrawal, settled, account, coverage"
            );
            RejectReason::value("kind", problem)
        })?,
    };
    money(row, context, entry).map(LedgerRecord::Entry)
}

fn account(row: &Row<'_>) -> Result<LedgerRecord, RejectReason> {
    let text = row.needed("state")?;
    let standing = AccountStanding::from_code(&text.to_ascii_lowercase()).ok_or_else(|| {
        let problem = format!("'{text}' is no account state: write active or closed");
        RejectReason::value("state", problem)
    })?;
    Ok(LedgerRecord::Account {
        user_id: row.needed("user_id")?.to_owned(),
        standing,
        at: row.needed_time("time")?,
    })
}

fn coverage(row: &Row<'_>, context: &Context<'_>) -> Result<LedgerRecord, RejectReason> {
    let (network, _) = context.network("network", row.needed("network")?)?;
    let from = row.needed_time("time")?;
    let to = row.needed_time("time_to")?;
    if to < from {
        return Err(RejectReason::value("time_to", "it lies before time"));
    }
    Ok(LedgerRecord::Coverage(LedgerCoverage { network, from, to }))
}

fn money(
    row: &Row<'_>,
    context: &Context<'_>,
    kind: LedgerEntryKind,
) -> Result<LedgerEntry, RejectReason> {
    let (network, family) = context.network("network", row.needed("network")?)?;
    let asset = match row.get("asset") {
        None => None,
        Some(text) => context.asset("asset", &network, family, text)?,
    };
    // A symbol that a file calls unlisted names no asset that a credit could be compared with.
    let asset = asset.filter(|asset| !matches!(asset.reference, AssetReference::Unlisted(_)));
    let address = row
        .get("address")
        .map(|text| context.address("address", family, text))
        .transpose()?
        .map(|address| address.text);
    let is_unit_open = row.get("asset").is_some_and(|text| {
        context.may_count_base_units(&network, family, text)
            && row
                .get("amount")
                .is_some_and(|amount| !amount.contains('.'))
    });
    Ok(LedgerEntry {
        id: row.needed("id")?.to_owned(),
        kind,
        user_id: row.get("user_id").map(str::to_owned),
        tx_id: context.transaction("tx_id", family, row.needed("tx_id")?)?,
        position: row.get("position").map(Position::new),
        address,
        amount: amount(row, context, asset.as_ref())?.filter(|_| !is_unit_open),
        asset,
        booked_at: row.needed_time("time")?,
        network,
    })
}

fn amount(
    row: &Row<'_>,
    context: &Context<'_>,
    asset: Option<&AssetId>,
) -> Result<Option<Amount>, RejectReason> {
    match (row.get("amount"), row.get("amount_base")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let problem =
                "give the amount once: in coin units here or in base units in amount_base";
            Err(RejectReason::value("amount", problem))
        }
        (None, Some(text)) => Amount::from_base_units(text)
            .map(Some)
            .map_err(|error| RejectReason::value("amount_base", error)),
        (Some(text), None) => match asset.and_then(|asset| context.decimals(asset)) {
            Some(decimals) => coin_amount("amount", text, decimals).map(Some),
            // Its scale is not known; that it reads as a number is checked all the same.
            None => recover_core::decimal::Decimal::parse(text)
                .map(|_| None)
                .map_err(|error| RejectReason::value("amount", error)),
        },
    }
}
