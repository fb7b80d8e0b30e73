//! What the exchange already booked, as far as it told us.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::TxId;
use crate::code::coded;
use crate::network::NetworkId;
use crate::observation::Position;
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

/// Pairs the credits of one transaction with the ledger rows of the same transaction, each row at most once, so that two
/// equal payments with one row leave one payment uncredited. Rows that name a position come first, then exact amounts,
/// then rows without an amount. Returns, in the order of `credits`, the id of the row that covers each.
#[must_use]
pub fn assign_rows(credits: &[CreditKey], rows: &[&LedgerEntry]) -> Vec<Option<String>> {
    let mut assigned: Vec<Option<String>> = vec![None; credits.len()];
    let mut used = vec![false; rows.len()];
    type Fits = fn(&CreditKey, &LedgerEntry) -> bool;
    let rounds: [Fits; 3] = [
        |credit, row| row.position.as_ref() == Some(&credit.position),
        |credit, row| {
            row.position.is_none()
                && fits_address_and_asset(credit, row)
                && row
                    .amount
                    .is_some_and(|amount| credit.amounts.contains(&amount))
        },
        |credit, row| {
            row.position.is_none() && row.amount.is_none() && fits_address_and_asset(credit, row)
        },
    ];
    for fits in rounds {
        for (credit, slot) in credits
            .iter()
            .zip(assigned.iter_mut())
            .filter(|(_, slot)| slot.is_none())
        {
            let free = rows
                .iter()
                .zip(used.iter_mut())
                .find(|(row, used)| !**used && fits(credit, row));
            if let Some((row, used)) = free {
                *used = true;
                *slot = Some(row.id.clone());
            }
        }
    }
    assigned
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

    #[test]
    fn two_equal_payments_and_one_row_leave_one_uncredited() {
        let rows = [row("L1", None, Some(5))];
        let found = assign_rows(
            &[credit(0, 5), credit(1, 5)],
            &rows.iter().collect::<Vec<_>>(),
        );
        assert_eq!(found, vec![Some("L1".to_owned()), None]);
    }

    #[test]
    fn a_row_with_a_position_takes_its_own_credit_first() {
        let rows = [row("L1", None, Some(5)), row("L2", Some(0), None)];
        let found = assign_rows(
            &[credit(0, 5), credit(1, 5)],
            &rows.iter().collect::<Vec<_>>(),
        );
        assert_eq!(found, vec![Some("L2".to_owned()), Some("L1".to_owned())]);
    }

    #[test]
    fn a_row_of_another_amount_covers_nothing() {
        let rows = [row("L1", None, Some(4))];
        assert_eq!(
            assign_rows(&[credit(0, 5)], &rows.iter().collect::<Vec<_>>()),
            vec![None]
        );
    }
}
