//! Who was paid for which deposit: in the file, and in the ledger beside it.
//!
//! A replay must not read the end of a case as its beginning: the ledger row by which a desk credited a case would make the
//! deposit "already credited" before the case was looked at. So a row is set aside when it is the booking of a payment in the
//! file: about that deposit, for that user or for none, booked not before the case was opened and at most a week after it was
//! closed; one row a payment, the earliest first. Every other row stands, and a deposit with one was paid before.

use crate::config::ChainsConfig;
use crate::import::ClosedCase;
use recover_core::block::TxId;
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, Origin};
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// How long after a case was closed its booking may come.
const BOOKING_SECONDS_MAX: i64 = 7 * 24 * 3_600;

/// Ledger rows by transaction.
pub(super) type Ledger = HashMap<(NetworkId, TxId), Vec<LedgerEntry>>;

/// The payments of the deposits in question.
#[derive(Debug, Default)]
pub(super) struct Payments {
    /// The cases that paid a deposit, by their places in the file, earliest closing first.
    in_file: HashMap<DepositId, Vec<usize>>,
    /// The rows about a deposit that book no case of the file, earliest first.
    beside: HashMap<DepositId, Vec<LedgerEntry>>,
    /// The rows that book a case of the file.
    pub(super) set_aside: BTreeSet<String>,
    /// The deposits whose booking was set aside.
    pub(super) booked_by_file: BTreeSet<DepositId>,
}

impl Payments {
    pub(super) fn new(
        cases: &[ClosedCase],
        paid: &[Option<DepositId>],
        deposits: &HashMap<DepositId, Deposit>,
        outputs: &HashMap<(NetworkId, TxId), u32>,
        ledger: &Ledger,
        chains: &ChainsConfig,
    ) -> Self {
        let mut payments = Self::default();
        for (place, id) in paid.iter().enumerate() {
            if let Some(id) = id {
                payments.in_file.entry(id.clone()).or_default().push(place);
            }
        }
        for places in payments.in_file.values_mut() {
            places.sort_by_key(|place| {
                cases
                    .get(*place)
                    .map(|case| (case.closed_at, case.appeal.id.clone()))
            });
        }
        // Two deposits of one transaction may fit the same row: it is set aside once, for the first of them by id.
        let mut ids: Vec<&DepositId> = deposits.keys().collect();
        ids.sort();
        for id in ids {
            let Some(deposit) = deposits.get(id) else {
                continue;
            };
            let key = (deposit.network().clone(), deposit.tx_id().clone());
            let Some(rows) = ledger.get(&key) else {
                continue;
            };
            let is_alone = !outputs.contains_key(&key);
            let places = payments.in_file.get(id).cloned().unwrap_or_default();
            let payers: Vec<&ClosedCase> = places
                .iter()
                .filter_map(|place| cases.get(*place))
                .collect();
            let mut about: Vec<&LedgerEntry> = rows
                .iter()
                .filter(|row| is_about(row, deposit, chains))
                .filter(|row| {
                    is_alone
                        || is_placed(row, deposit)
                        || payers
                            .iter()
                            .any(|case| row.user_id.as_deref() == Some(case.payee()))
                })
                .filter(|row| !payments.set_aside.contains(&row.id))
                .collect();
            about.sort_by(|left, right| {
                (left.booked_at, &left.id).cmp(&(right.booked_at, &right.id))
            });
            for case in payers {
                let own = about.iter().position(|row| is_booking_of(row, case));
                if let Some(row) = own.map(|place| about.remove(place)) {
                    payments.set_aside.insert(row.id.clone());
                    payments.booked_by_file.insert(id.clone());
                }
            }
            if !about.is_empty() {
                let beside = about.into_iter().cloned().collect();
                payments.beside.insert(id.clone(), beside);
            }
        }
        payments
    }

    /// The rows about a deposit that book no case of the file.
    pub(super) fn beside(&self, id: &DepositId) -> &[LedgerEntry] {
        self.beside.get(id).map_or(&[], Vec::as_slice)
    }

    /// The cases that paid a deposit, earliest first.
    pub(super) fn in_file(&self, id: &DepositId) -> &[usize] {
        self.in_file.get(id).map_or(&[], Vec::as_slice)
    }

    /// Why the payment of a case is one too many; `None` when the deposit was paid once, or this was the first time and a
    /// later case of the file is told.
    pub(super) fn one_too_many(
        &self,
        place: usize,
        id: &DepositId,
        cases: &[ClosedCase],
    ) -> Option<String> {
        let places = self.in_file(id);
        let closed = |place: usize| cases.get(place).map(|case| case.closed_at);
        let own = closed(place)?;
        if let Some(row) = self.beside(id).iter().find(|row| row.booked_at <= own) {
            return Some(format!(
                "{id} was paid before: the ledger has it as {} of {}{}",
                row.id,
                row.booked_at,
                row.user_id
                    .as_ref()
                    .map_or(String::new(), |user| format!(", for {user}"))
            ));
        }
        let first = places.first()?;
        if *first != place {
            let case = cases.get(*first)?;
            return Some(format!(
                "{id} was paid before: case {} of {} paid it to {}",
                case.appeal.id,
                case.closed_at,
                case.payee()
            ));
        }
        // The first in the file, and paid again outside of it: the last case that paid is told.
        if places.len() > 1 {
            return None;
        }
        self.beside(id).first().map(|row| {
            format!(
                "{id} was paid again: the ledger has it also as {} of {}{}",
                row.id,
                row.booked_at,
                row.user_id
                    .as_ref()
                    .map_or(String::new(), |user| format!(", for {user}"))
            )
        })
    }
}

/// Whether a row may book a credit: what it names fits, and what it leaves open does not contradict.
fn is_about(row: &LedgerEntry, deposit: &Deposit, chains: &ChainsConfig) -> bool {
    let fits_position = match &deposit.origin {
        Origin::Observed(observation) => row
            .position
            .as_ref()
            .is_none_or(|position| *position == observation.position),
        // The exchange's file and its ledger may count outputs differently.
        Origin::Imported(_) => true,
    };
    let fits_address = row
        .address
        .as_ref()
        .is_none_or(|address| address.eq_ignore_ascii_case(deposit.to()));
    let is_named = !matches!(
        deposit.asset().reference,
        recover_core::asset::AssetReference::Unlisted(_)
    );
    let fits_asset = row
        .asset
        .as_ref()
        .is_none_or(|asset| !is_named || asset == deposit.asset());
    let fits_amount = match (row.amount, &deposit.origin) {
        (None, _) => true,
        (Some(amount), Origin::Observed(observation)) => {
            amount == observation.amount || amount == observation.amount_stated
        }
        (Some(amount), Origin::Imported(imported)) => {
            let terms = row.asset.as_ref().and_then(|asset| chains.terms(asset));
            terms.is_none_or(|terms| {
                same_number(
                    Decimal::from_parts(amount, terms.decimals),
                    Decimal::from_parts(imported.amount, imported.scale),
                )
            })
        }
    };
    row.kind != LedgerEntryKind::OwnWithdrawal
        && fits_position
        && fits_address
        && fits_asset
        && fits_amount
}

/// Two decimals of perhaps two scales; what does not fit any number is taken for the same, so that nothing is paid twice.
fn same_number(left: Option<Decimal>, right: Option<Decimal>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.to_string() == right.to_string(),
        _ => true,
    }
}

/// Whether a row names the place of the credit in its transaction.
fn is_placed(row: &LedgerEntry, deposit: &Deposit) -> bool {
    row.position
        .as_ref()
        .is_some_and(|position| position.as_str() == deposit.position())
}

/// Whether a row is how a desk booked the end of a case.
fn is_booking_of(row: &LedgerEntry, case: &ClosedCase) -> bool {
    let is_theirs = row
        .user_id
        .as_deref()
        .is_none_or(|user| user == case.payee());
    let latest: Option<Timestamp> = case.closed_at.plus_seconds(BOOKING_SECONDS_MAX);
    is_theirs
        && row.booked_at >= case.appeal.created_at
        && latest.is_none_or(|latest| row.booked_at <= latest)
}
