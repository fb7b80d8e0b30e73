//! What the exchange already booked, as far as it told us.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::TxId;
use crate::code::coded;
use crate::network::NetworkId;
use crate::observation::{Mechanism, Observation, Position};
use crate::time::Timestamp;

/// How far from a movement a row may be booked that names it by another id, in seconds. Every transaction of one movement is
/// executed within minutes; the rest is for books that are kept by another clock.
pub const OTHER_ID_SECONDS_MAX: i64 = 3_600;

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
    /// already. Or a row of another transaction that may name it by another id ([`booked_by_other_id`]). Whether it was
    /// credited is unknown then.
    pub unclear: Option<String>,
    /// The own withdrawal that this very transaction is.
    pub own_withdrawal: Option<String>,
    /// The earlier own withdrawal that this credit seems to return.
    pub returned_withdrawal: Option<String>,
}

impl LedgerStanding {
    /// Whether no row of its transaction speaks of the credit.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.credited.is_none() && self.settled.is_none() && self.unclear.is_none()
    }
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
    /// The user to whom it belongs beyond doubt; `None` while nobody knows. Credits of one transaction at one shared address
    /// may be several users' (packets that one relayer brings, muxed accounts, outputs of one message).
    pub owner: Option<String>,
}

impl CreditKey {
    /// The part of an observed credit that a ledger row is compared with; `owner` is whom the address book names for it.
    #[must_use]
    pub fn of(observation: &Observation, owner: Option<&str>) -> Self {
        Self {
            owner: owner.map(str::to_owned),
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
/// Among rows that fit equally the one that names a credit's owner is that credit's. A row that may be one of several
/// owners' credits, with too few like it for all of them, covers none: each is unclear, since choosing one would pay its
/// neighbour twice and it never.
///
/// Give every credit of the transaction at addresses of ours and no other: a row must not be used up by a stranger's.
/// The answer does not depend on the order of either list.
#[must_use]
pub fn standings(credits: &[CreditKey], rows: &[&LedgerEntry]) -> Vec<LedgerStanding> {
    let mut rows: Vec<&LedgerEntry> = rows
        .iter()
        .copied()
        .filter(|row| row.kind != LedgerEntryKind::OwnWithdrawal)
        .collect();
    rows.sort_by(|left, right| left.id.cmp(&right.id));
    let mut in_order: Vec<usize> = (0..credits.len()).collect();
    in_order.sort_by_key(|index| credits.get(*index).map(|credit| &credit.position));
    let mut sharing = Sharing {
        credits,
        in_order,
        used: vec![false; rows.len()],
        rows,
        standings: vec![LedgerStanding::default(); credits.len()],
    };
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
        for kinship in [Kinship::Same, Kinship::Unsaid, Kinship::Other] {
            sharing.share_out(fits, kinship);
        }
    }
    sharing.finish()
}

/// The row by which one credit of a transaction was credited, and which can be about nothing else: `None` where no row credited it,
/// where a case was settled by hand, where the row fits another credit as well and does not say which one it means, or where a
/// further row may be about the credit too. Give the same lists as to [`standings`]; `place` is the credit's in `credits`.
#[must_use]
pub fn sole_row<'a>(
    credits: &[CreditKey],
    place: usize,
    rows: &[&'a LedgerEntry],
) -> Option<&'a LedgerEntry> {
    let credit = credits.get(place)?;
    let standings = standings(credits, rows);
    let own = standings.get(place)?;
    let id = own
        .credited
        .as_ref()
        .filter(|_| own.settled.is_none() && own.unclear.is_none())?;
    let row = rows.iter().copied().find(|row| row.id == *id)?;
    let is_placed = row.position.as_ref() == Some(&credit.position);
    let mut others = credits.iter().enumerate().filter(|(at, _)| *at != place);
    let is_of_this = is_placed
        || !others.any(|(_, other)| {
            fits_address_and_asset(other, row)
                && row
                    .amount
                    .is_none_or(|amount| other.amounts.contains(&amount))
        });
    // A further row that is known to be another credit's is no doubt, unless it may stand for the whole transaction.
    let is_of_another = |further: &LedgerEntry| {
        let is_whole = further.amount.is_none() && further.position.is_none();
        !is_whole
            && standings.iter().enumerate().any(|(at, standing)| {
                let covering = standing.credited.as_ref().or(standing.settled.as_ref());
                at != place && covering == Some(&further.id)
            })
    };
    let is_alone = rows
        .iter()
        .filter(|further| further.id != row.id && further.kind != LedgerEntryKind::OwnWithdrawal)
        .all(|further| !fits_address_and_asset(credit, further) || is_of_another(further));
    (is_of_this && is_alone).then_some(row)
}

type Fits = fn(&CreditKey, &LedgerEntry) -> bool;

/// How the user of a row stands to the owner of a credit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinship {
    /// One and the same.
    Same,
    /// One of them is not known.
    Unsaid,
    /// Two users.
    Other,
}

impl Kinship {
    fn of(credit: &CreditKey, row: &LedgerEntry) -> Self {
        match (&credit.owner, &row.user_id) {
            (Some(owner), Some(user)) if owner == user => Self::Same,
            (Some(_), Some(_)) => Self::Other,
            _ => Self::Unsaid,
        }
    }
}

/// The rows of one transaction on their way to its credits.
struct Sharing<'a> {
    credits: &'a [CreditKey],
    /// The credits by their position.
    in_order: Vec<usize>,
    rows: Vec<&'a LedgerEntry>,
    used: Vec<bool>,
    standings: Vec<LedgerStanding>,
}

impl<'a> Sharing<'a> {
    /// Gives each row that is free to the first uncovered credit that it fits, unless it may as well be another owner's.
    fn share_out(&mut self, fits: Fits, kinship: Kinship) {
        let matches = |credit: &CreditKey, row: &LedgerEntry| {
            Kinship::of(credit, row) == kinship
                && fits_address_and_asset(credit, row)
                && fits(credit, row)
        };
        for place in 0..self.rows.len() {
            let Some(row) = self.free_row(place) else {
                continue;
            };
            let wanting: Vec<(usize, &CreditKey)> = self
                .in_order
                .iter()
                .filter(|index| !self.is_covered(**index))
                .filter_map(|index| Some((*index, self.credits.get(*index)?)))
                .filter(|(_, credit)| matches(credit, row))
                .collect();
            let Some((index, first)) = wanting.first() else {
                continue;
            };
            let has_several_owners = wanting
                .iter()
                .any(|(_, credit)| credit.owner != first.owner);
            let alike = (0..self.rows.len())
                .filter_map(|other| self.free_row(other))
                .filter(|other| wanting.iter().all(|(_, credit)| matches(credit, other)))
                .count();
            if has_several_owners && alike < wanting.len() {
                continue;
            }
            let Some(standing) = self.standings.get_mut(*index) else {
                continue;
            };
            match row.kind {
                LedgerEntryKind::SettledCase => standing.settled = Some(row.id.clone()),
                LedgerEntryKind::CreditedDeposit | LedgerEntryKind::OwnWithdrawal => {
                    standing.credited = Some(row.id.clone());
                }
            }
            if let Some(used) = self.used.get_mut(place) {
                *used = true;
            }
        }
    }

    fn free_row(&self, place: usize) -> Option<&'a LedgerEntry> {
        let is_used = self.used.get(place).copied().unwrap_or(true);
        self.rows.get(place).copied().filter(|_| !is_used)
    }

    fn is_covered(&self, index: usize) -> bool {
        self.standings
            .get(index)
            .is_some_and(|standing| standing.credited.is_some() || standing.settled.is_some())
    }

    /// What is left over leaves a doubt on every credit that it may cover.
    fn finish(mut self) -> Vec<LedgerStanding> {
        for (credit, standing) in self.credits.iter().zip(self.standings.iter_mut()) {
            if standing.credited.is_some() || standing.settled.is_some() {
                continue;
            }
            standing.unclear = self
                .rows
                .iter()
                .zip(&self.used)
                .find(|(row, used)| {
                    // A row that names another user stands for that user's part of the transaction.
                    let is_whole = row.amount.is_none()
                        && row.position.is_none()
                        && Kinship::of(credit, row) != Kinship::Other;
                    (!**used || is_whole) && fits_address_and_asset(credit, row)
                })
                .map(|(row, _)| row.id.clone());
        }
        self.standings
    }
}

/// The row that may have booked a credit under another id than ours: of the credit's asset and amount or of none that is
/// known, of its owner or of nobody known, and booked within [`OTHER_ID_SECONDS_MAX`] of `at`, the time of its block. Of
/// several the nearest in time, then the first by id; an address in the row decides nothing, since a ledger may name the
/// token's own account as well as ours.
///
/// Give only credits that no row of their own transaction speaks of, and only rows that no observed credit explains
/// ([`explains`]). Such a row is a doubt and never a proof: one row holds every credit that it may be about, and two rows hold
/// two equal credits, since nothing says that they are not of two others that we never saw.
#[must_use]
pub fn booked_by_other_id<'a>(
    credit: &CreditKey,
    at: Timestamp,
    rows: impl IntoIterator<Item = &'a LedgerEntry>,
) -> Option<&'a LedgerEntry> {
    let micros_max = OTHER_ID_SECONDS_MAX
        .unsigned_abs()
        .saturating_mul(1_000_000);
    rows.into_iter()
        .filter(|row| {
            row.kind != LedgerEntryKind::OwnWithdrawal
                && row
                    .asset
                    .as_ref()
                    .is_none_or(|asset| *asset == credit.asset)
                && row
                    .amount
                    .is_none_or(|amount| credit.amounts.contains(&amount))
                && Kinship::of(credit, row) != Kinship::Other
        })
        .map(|row| (row.booked_at.micros_since(at).unsigned_abs(), row))
        .filter(|(distance, _)| *distance <= micros_max)
        .min_by(|(left, one), (right, other)| left.cmp(right).then_with(|| one.id.cmp(&other.id)))
        .map(|(_, row)| row)
}

/// Whether a row is accounted for by a credit of the transaction that it names: it is of the same asset, or names none. Coins
/// that only came along with a message explain no row that does not name them: it may well speak of what the message was
/// about.
#[must_use]
pub fn explains(credit: &Observation, row: &LedgerEntry) -> bool {
    credit.network == row.network
        && credit.tx_id == row.tx_id
        && match &row.asset {
            Some(asset) => *asset == credit.asset,
            None => credit.mechanism != Mechanism::Carrier,
        }
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
            owner: None,
        }
    }

    fn of(owner: &str, position: u64, amount: u128) -> CreditKey {
        CreditKey {
            owner: Some(owner.into()),
            ..credit(position, amount)
        }
    }

    fn booked_to(user: &str, id: &str, amount: Option<u128>) -> LedgerEntry {
        LedgerEntry {
            user_id: Some(user.into()),
            ..row(id, None, amount)
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

    fn sole(credits: &[CreditKey], rows: &[LedgerEntry]) -> Vec<Option<String>> {
        let rows: Vec<&LedgerEntry> = rows.iter().collect();
        (0..credits.len())
            .map(|place| sole_row(credits, place, &rows).map(|row| row.id.clone()))
            .collect()
    }

    #[test]
    fn a_row_is_sole_where_it_can_be_about_nothing_else() {
        let bob = |id| booked_to("bob", id, Some(5));
        assert_eq!(sole(&[credit(0, 5)], &[bob("L1")]), [named("L1")]);
        assert_eq!(sole(&[of("alice", 0, 5)], &[bob("L1")]), [named("L1")]);
        // Of two equal payments nobody knows which one a row without a place is about.
        let twins = [credit(0, 5), credit(1, 5)];
        assert_eq!(sole(&twins, &[bob("L1")]), [None, None]);
        assert_eq!(sole(&twins, &[bob("L1"), bob("L2")]), [None, None]);
        let placed = |id, place| LedgerEntry {
            position: Some(Position::log(place)),
            ..bob(id)
        };
        let both = [placed("L1", 1), placed("L2", 0)];
        assert_eq!(sole(&twins, &both), [named("L2"), named("L1")]);
        // Two payments of two sums, each with its own row.
        let two = [credit(0, 5), credit(1, 6)];
        let rows = [bob("L1"), booked_to("carol", "L2", Some(6))];
        assert_eq!(sole(&two, &rows), [named("L1"), named("L2")]);
        // A further row may be about the same credit.
        for amount in [Some(5), Some(4), None] {
            let further = booked_to("alice", "L9", amount);
            assert_eq!(sole(&[credit(0, 5)], &[bob("L1"), further]), [None]);
        }
        let whole = booked_to("alice", "L9", None);
        assert_eq!(sole(&two, &[bob("L1"), whole]), [None, None]);
        let settled = LedgerEntry {
            kind: LedgerEntryKind::SettledCase,
            ..bob("S1")
        };
        assert_eq!(
            sole(&[credit(0, 5)], std::slice::from_ref(&settled)),
            [None]
        );
        assert_eq!(sole(&[credit(0, 5)], &[bob("L1"), settled]), [None]);
        // What speaks of another asset or address, or of money that went out, is about something else.
        let elsewhere = LedgerEntry {
            address: Some("0xB".into()),
            ..bob("L9")
        };
        let sent = LedgerEntry {
            kind: LedgerEntryKind::OwnWithdrawal,
            ..bob("L8")
        };
        let rows = [bob("L1"), elsewhere, sent];
        assert_eq!(sole(&[credit(0, 5)], &rows), [named("L1")]);
        assert_eq!(sole(&[credit(0, 5)], &[]), [None]);
        assert_eq!(sole(&[], &[bob("L1")]), []);
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

    #[test]
    fn a_row_that_names_a_user_is_that_users_credit() {
        let rows = [booked_to("bob", "L1", Some(5))];
        let credits = [of("alice", 0, 5), of("bob", 1, 5)];
        assert_eq!(covered(&credits, &rows), [None, named("L1")]);
        assert_eq!(unclear(&credits, &rows), [None, None]);
        let whole = [booked_to("bob", "L1", None)];
        assert_eq!(covered(&credits, &whole), [None, named("L1")]);
        assert_eq!(unclear(&credits, &whole), [None, None]);
    }

    #[test]
    fn a_row_that_may_be_of_two_owners_pays_neither() {
        let credits = [of("alice", 0, 5), of("bob", 1, 5)];
        for row in [row("L1", None, Some(5)), booked_to("carol", "L1", Some(5))] {
            let rows = [row];
            assert_eq!(covered(&credits, &rows), [None, None]);
            assert_eq!(unclear(&credits, &rows), [named("L1"), named("L1")]);
        }
        let one_unknown = [credit(0, 5), of("bob", 1, 5)];
        let rows = [row("L1", None, Some(5))];
        assert_eq!(unclear(&one_unknown, &rows), [named("L1"), named("L1")]);
    }

    #[test]
    fn as_many_rows_as_owners_cover_all_of_them() {
        let credits = [of("alice", 0, 5), of("bob", 1, 5)];
        let rows = [row("L1", None, Some(5)), row("L2", None, Some(5))];
        assert_eq!(covered(&credits, &rows), [named("L1"), named("L2")]);
        let rows = [booked_to("bob", "L1", Some(5)), row("L2", None, Some(5))];
        assert_eq!(covered(&credits, &rows), [named("L2"), named("L1")]);
    }

    #[test]
    fn one_credit_is_covered_whomever_its_row_names() {
        let rows = [booked_to("bob", "L1", Some(5))];
        assert_eq!(covered(&[of("alice", 0, 5)], &rows), [named("L1")]);
        let by_hand = [credit(0, 5), of("alice", 1, 5)];
        assert_eq!(covered(&by_hand, &rows), [named("L1"), None]);
    }

    fn held_by(credit: &CreditKey, seconds: u64, rows: &[LedgerEntry]) -> Option<String> {
        let at = Timestamp::from_seconds(seconds).unwrap();
        booked_by_other_id(credit, at, rows).map(|row| row.id.clone())
    }

    fn booked(seconds: u64, row: LedgerEntry) -> LedgerEntry {
        LedgerEntry {
            booked_at: Timestamp::from_seconds(seconds).unwrap(),
            ..row
        }
    }

    #[test]
    fn a_row_of_another_id_holds_what_it_may_be_about() {
        let rows = [booked(10_000, booked_to("alice", "L1", Some(5)))];
        let held = |credit: &CreditKey| held_by(credit, 10_000, &rows);
        assert_eq!(held(&of("alice", 0, 5)), named("L1"));
        assert_eq!(held(&credit(0, 5)), named("L1"));
        assert_eq!(held(&of("bob", 0, 5)), None);
        assert_eq!(held(&of("alice", 0, 6)), None);
        let fee_taken = CreditKey {
            amounts: [Amount::from_u128(6), Amount::from_u128(5)],
            ..of("alice", 0, 6)
        };
        assert_eq!(held(&fee_taken), named("L1"));
        // Another token in the row is another movement; none is any.
        let token = AssetId::contract(NetworkId::new("ethereum"), "0xtoken");
        let of_token = LedgerEntry {
            asset: Some(token),
            ..rows[0].clone()
        };
        assert_eq!(held_by(&of("alice", 0, 5), 10_000, &[of_token]), None);
        let bare = LedgerEntry {
            user_id: None,
            amount: None,
            ..rows[0].clone()
        };
        assert_eq!(held_by(&of("bob", 0, 9), 10_000, &[bare]), named("L1"));
        let sent = LedgerEntry {
            kind: LedgerEntryKind::OwnWithdrawal,
            ..rows[0].clone()
        };
        assert_eq!(held_by(&of("alice", 0, 5), 10_000, &[sent]), None);
    }

    #[test]
    fn a_row_of_another_id_is_near_in_time_and_the_nearest_is_named() {
        let late = booked(13_600, row("L1", None, Some(5)));
        let early = booked(6_400, row("L2", None, Some(5)));
        let at = |seconds| held_by(&credit(0, 5), seconds, &[late.clone(), early.clone()]);
        assert_eq!(at(10_000), named("L1"));
        assert_eq!(at(9_999), named("L2"));
        assert_eq!(at(17_200), named("L1"));
        assert_eq!(at(17_201), None);
        assert_eq!(at(2_799), None);
        let turned = [early.clone(), late.clone()];
        assert_eq!(held_by(&credit(0, 5), 10_000, &turned), named("L1"));
    }
}
