//! What the exchange already booked, as far as it told us.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::TxId;
use crate::code::coded;
use crate::network::NetworkId;
use crate::observation::{Observation, Position};
use crate::time::Timestamp;

coded! {
    /// What a ledger row records.
    pub enum LedgerEntryKind {
        /// A deposit that was credited to a user.
        CreditedDeposit => "credited_deposit",
        /// A withdrawal that the exchange sent.
        OwnWithdrawal => "own_withdrawal",
        /// A recovery case that was settled by hand before.
        SettledCase => "settled_case",
    }
}

/// One imported ledger row about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The exchange's own id of the row, verbatim.
    pub id: String,
    /// What it records.
    pub kind: LedgerEntryKind,
    /// The user whose account it touched; `None` when the file did not say.
    pub user_id: Option<String>,
    /// The network.
    pub network: NetworkId,
    /// The transaction.
    pub tx_id: TxId,
    /// The movement inside the transaction; `None` when the exchange does not keep it.
    pub position: Option<Position>,
    /// The address credited (deposits) or paid (withdrawals), canonical text; `None` when not kept.
    pub address: Option<String>,
    /// The asset; `None` when the file named none that we know.
    pub asset: Option<AssetId>,
    /// The amount in base units; `None` when not kept.
    pub amount: Option<Amount>,
    /// When it was booked.
    pub booked_at: Timestamp,
}

coded! {
    /// Whether an account can be credited.
    pub enum AccountStanding {
        /// It can.
        Active => "active",
        /// It is closed: money for it needs another way home.
        Closed => "closed",
        /// The exchange did not say.
        Unknown => "unknown",
    }
}

/// What the ledger says about one credit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerStanding {
    /// Whether the imported ledger reaches over the credit's time on its network. Outside it "not credited" is unknown.
    pub covered: bool,
    /// The row that credited it.
    pub credited: Option<String>,
    /// The case that settled it by hand.
    pub settled: Option<String>,
    /// A row of its transaction that may cover it: the amount differs, or the row names none and covers another credit
    /// already. Whether it was credited is unknown then.
    pub unclear: Option<String>,
    /// The own withdrawal that this very transaction is.
    pub own_withdrawal: Option<String>,
    /// The earlier own withdrawal that this credit seems to return.
    pub returned_withdrawal: Option<String>,
}

/// The part of a credit that a ledger row is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditKey {
    /// Where inside its transaction it stands.
    pub position: Position,
    /// The credited address, canonical text.
    pub to: String,
    /// The asset.
    pub asset: AssetId,
    /// The amounts that the exchange may have booked: stated and received.
    pub amounts: [Amount; 2],
}

impl CreditKey {
    /// The part of an observed credit that a ledger row is compared with.
    #[must_use]
    pub fn of(observation: &Observation) -> Self {
        Self {
            position: observation.position.clone(),
            to: observation.to.text().to_owned(),
            asset: observation.asset.clone(),
            amounts: [observation.amount_stated, observation.amount],
        }
    }
}

/// What the ledger rows of one transaction say about its credits, in the order of `credits`: only `credited`, `settled` and
/// `unclear` are filled. Each row covers at most one credit, so that two equal payments with one row leave one payment
/// uncredited, and a credit is covered once, so that a booking and a settlement speak of two payments. Rows that name a
/// position come first, then exact amounts, then rows without an amount; a position that fits no credit is somebody
/// else's numbering and read as none.
///
/// Give every credit of the transaction at addresses of ours and no other: a row must not be used up by a stranger's.
/// The answer does not depend on the order of either list.
#[must_use]
pub fn standings(credits: &[CreditKey], rows: &[&LedgerEntry]) -> Vec<LedgerStanding> {
    let mut standings = vec![LedgerStanding::default(); credits.len()];
    let mut rows: Vec<&LedgerEntry> = rows
        .iter()
        .copied()
        .filter(|row| row.kind != LedgerEntryKind::OwnWithdrawal)
        .collect();
    rows.sort_by(|left, right| left.id.cmp(&right.id));
    let mut in_order: Vec<usize> = (0..credits.len()).collect();
    in_order.sort_by_key(|index| credits.get(*index).map(|credit| &credit.position));
    let mut used = vec![false; rows.len()];
    type Fits = fn(&CreditKey, &LedgerEntry) -> bool;
    let rounds: [Fits; 3] = [
        |credit, row| {
            row.position.as_ref() == Some(&credit.position)
                && row
                    .amount
                    .is_none_or(|amount| credit.amounts.contains(&amount))
        },
        |credit, row| {
            row.amount
                .is_some_and(|amount| credit.amounts.contains(&amount))
        },
        |_, row| row.amount.is_none(),
    ];
    for fits in rounds {
        for index in &in_order {
            let (Some(credit), Some(standing)) = (credits.get(*index), standings.get_mut(*index))
            else {
                continue;
            };
            if standing.credited.is_some() || standing.settled.is_some() {
                continue;
            }
            let free = rows.iter().zip(used.iter_mut()).find(|(row, used)| {
                !**used && fits_address_and_asset(credit, row) && fits(credit, row)
            });
            let Some((row, used)) = free else { continue };
            *used = true;
            match row.kind {
                LedgerEntryKind::SettledCase => standing.settled = Some(row.id.clone()),
                LedgerEntryKind::CreditedDeposit | LedgerEntryKind::OwnWithdrawal => {
                    standing.credited = Some(row.id.clone());
                }
            }
        }
    }
    for (credit, standing) in credits.iter().zip(standings.iter_mut()) {
        if standing.credited.is_none() && standing.settled.is_none() {
            standing.unclear = rows
                .iter()
                .zip(&used)
                .find(|(row, used)| {
                    let is_whole = row.amount.is_none() && row.position.is_none();
                    (!**used || is_whole) && fits_address_and_asset(credit, row)
                })
                .map(|(row, _)| row.id.clone());
        }
    }
    standings
}

fn fits_address_and_asset(credit: &CreditKey, row: &LedgerEntry) -> bool {
    row.address
        .as_ref()
        .is_none_or(|address| *address == credit.to)
        && row
            .asset
            .as_ref()
            .is_none_or(|asset| *asset == credit.asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(position: u64, amount: u128) -> CreditKey {
        CreditKey {
            position: Position::log(position),
            to: "0xA".into(),
            asset: AssetId::native(NetworkId::new("ethereum")),
            amounts: [Amount::from_u128(amount); 2],
        }
    }

    fn row(id: &str, position: Option<u64>, amount: Option<u128>) -> LedgerEntry {
        LedgerEntry {
            id: id.into(),
            kind: LedgerEntryKind::CreditedDeposit,
            user_id: None,
            network: NetworkId::new("ethereum"),
            tx_id: TxId::new("0x1"),
            position: position.map(Position::log),
            address: Some("0xA".into()),
            asset: None,
            amount: amount.map(Amount::from_u128),
            booked_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn covered(credits: &[CreditKey], rows: &[LedgerEntry]) -> Vec<Option<String>> {
        standings(credits, &rows.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|standing| standing.credited.or(standing.settled))
            .collect()
    }

    fn unclear(credits: &[CreditKey], rows: &[LedgerEntry]) -> Vec<Option<String>> {
        standings(credits, &rows.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|standing| standing.unclear)
            .collect()
    }

    fn named(id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    #[test]
    fn two_equal_payments_and_one_row_leave_one_uncredited() {
        let rows = [row("L1", None, Some(5))];
        let credits = [credit(0, 5), credit(1, 5)];
        assert_eq!(covered(&credits, &rows), [named("L1"), None]);
        assert_eq!(unclear(&credits, &rows), [None, None]);
    }

    #[test]
    fn a_row_with_a_position_takes_its_own_credit_first() {
        let rows = [row("L1", None, Some(5)), row("L2", Some(0), None)];
        let credits = [credit(0, 5), credit(1, 5)];
        assert_eq!(covered(&credits, &rows), [named("L2"), named("L1")]);
    }

    #[test]
    fn the_order_of_credits_decides_nothing() {
        let rows = [row("L1", None, Some(5))];
        let turned = [credit(1, 5), credit(0, 5)];
        assert_eq!(covered(&turned, &rows), [None, named("L1")]);
    }

    #[test]
    fn a_row_of_another_amount_covers_nothing_and_leaves_a_doubt() {
        let rows = [row("L1", None, Some(4))];
        assert_eq!(covered(&[credit(0, 5)], &rows), [None]);
        assert_eq!(unclear(&[credit(0, 5)], &rows), [named("L1")]);
    }

    #[test]
    fn a_sum_booked_in_one_row_leaves_a_doubt_on_every_part() {
        let rows = [row("L1", None, Some(8))];
        let credits = [credit(0, 5), credit(1, 3)];
        assert_eq!(unclear(&credits, &rows), [named("L1"), named("L1")]);
    }

    #[test]
    fn a_row_without_an_amount_may_stand_for_the_whole_transaction() {
        let rows = [row("L1", None, None)];
        let credits = [credit(0, 5), credit(1, 3)];
        assert_eq!(covered(&credits, &rows), [named("L1"), None]);
        assert_eq!(unclear(&credits, &rows), [None, named("L1")]);
    }

    #[test]
    fn a_position_in_another_numbering_still_covers() {
        let rows = [row("L1", Some(57), Some(5))];
        assert_eq!(covered(&[credit(0, 5)], &rows), [named("L1")]);
    }

    #[test]
    fn a_booking_and_a_settlement_cover_two_payments() {
        let settled = LedgerEntry {
            kind: LedgerEntryKind::SettledCase,
            ..row("S1", None, Some(5))
        };
        let rows = [settled, row("L1", None, Some(5))];
        let credits = [credit(0, 5), credit(1, 5)];
        assert_eq!(covered(&credits, &rows), [named("L1"), named("S1")]);
    }
}
