//! What no appeal changes about a deposit, found once over the whole table: how common it is, and whose by the book.

use crate::book::{Owner, UserBook};
use crate::index::{DepositIndex, KeyKind, RowNo};
use crate::levels::{self, Part};
use crate::rows::RowRef;

/// The deposits of one coin and amount this close are its twins: a specialist could not tell them apart by them.
pub(crate) const TWIN_SECONDS: i64 = 1_800;

/// The deposits of one coin and amount this close are counted as those of the day.
pub(crate) const TWIN_DAY_SECONDS: i64 = 129_600;

/// What no appeal changes about each deposit, found once over the whole table: how common it is, and whose by the book.
pub(crate) struct Standing {
    rows: Vec<Fixed>,
}

/// What is fixed about one deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fixed {
    /// The classes of its counts, by [`COUNTED`].
    pub(crate) classes: [u8; COUNTED.len()],
    /// Whether its memo names somebody in the book.
    pub(crate) has_memo_owners: bool,
    pub(crate) owner: Owner,
    /// How many deposits have its coin and exact amount, itself among them; 1 when the amount is unknown.
    alike: u32,
}

/// The parts that are counts over all deposits.
pub(crate) const COUNTED: [Part; 5] = [
    Part::Outputs,
    Part::ToCommon,
    Part::FromCommon,
    Part::TwinsOfDay,
    Part::TwinsNear,
];

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_MIN: usize = 4_096;

impl Standing {
    pub(crate) fn new(index: &DepositIndex, book: &UserBook) -> Self {
        let blank = Fixed {
            classes: [0; COUNTED.len()],
            has_memo_owners: false,
            owner: Owner::Nobody,
            alike: 1,
        };
        let mut rows = vec![blank; index.len()];
        let owned = |from: usize, part: &mut [Fixed]| {
            for (number, fixed) in (from..).zip(part) {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let Some(row) = index.row(RowNo(number)) else {
                    continue;
                };
                fixed.has_memo_owners = book.has_memo_owners(row);
                if let Some(family) = row.family() {
                    fixed.owner = book.owner(family, row.to());
                }
            }
        };
        let counts = if index.len() < PARALLEL_MIN {
            owned(0, &mut rows);
            COUNTED.map(|part| classes(index, part))
        } else {
            std::thread::scope(|scope| {
                let counts = scope.spawn(|| COUNTED.map(|part| classes(index, part)));
                owned(0, &mut rows);
                counts.join().expect("a thread that counts does not panic")
            })
        };
        for (place, of) in counts.iter().enumerate() {
            for (fixed, class) in rows.iter_mut().zip(of) {
                fixed.classes[place] = *class;
            }
        }
        index.counts(KeyKind::Value, |number, count| {
            if count > 1 {
                rows[number.0 as usize].alike = u32::try_from(count).unwrap_or(u32::MAX);
            }
        });
        Self { rows }
    }

    /// How many deposits have the coin and exact amount of one, itself among them; 1 when its amount is unknown.
    pub(crate) fn alike(&self, number: RowNo) -> u32 {
        self.of(number).alike
    }

    pub(crate) fn of(&self, number: RowNo) -> Fixed {
        self.rows[number.0 as usize]
    }
}

/// The class of how many deposits a transaction made: the further ones, up to three.
pub(crate) fn outputs_class(outputs: usize) -> u8 {
    u8::try_from(outputs.saturating_sub(1).min(3)).unwrap_or(3)
}

/// How many twins of a deposit there are around its day, and how many in its half hour at its address, however many.
pub(crate) fn twins(index: &DepositIndex, row: RowRef<'_>) -> (usize, usize) {
    let near = index.twins_within(row, TWIN_SECONDS).filter(|other| {
        let other = index.row(*other);
        other.is_some_and(|other| other.to() == row.to())
    });
    let of_day = index.twins_within(row, TWIN_DAY_SECONDS);
    (of_day.count(), near.count())
}

/// The class of one count of every deposit. What one key leads to is counted once for all of its deposits. What is counted here,
/// `touched` knows to follow.
fn classes(index: &DepositIndex, part: Part) -> Vec<u8> {
    let mut classes = vec![0; index.len()];
    let mut set = |number: RowNo, class: u8| classes[number.0 as usize] = class;
    match part {
        Part::Outputs => index.counts(KeyKind::Transaction, |number, count| {
            set(number, outputs_class(count));
        }),
        Part::ToCommon => index.counts(KeyKind::To, |number, count| {
            set(number, levels::common(count));
        }),
        Part::FromCommon => index.counts(KeyKind::From, |number, count| {
            set(number, levels::common(count));
        }),
        Part::TwinsOfDay => index.each_twins(TWIN_DAY_SECONDS, |number, twins| {
            set(number, levels::twins(twins.take(levels::TWINS_MAX).count()));
        }),
        Part::TwinsNear => index.each_twins(TWIN_SECONDS, |number, twins| {
            let near = twins.filter(|other| {
                let both = index.row(number).zip(index.row(*other));
                both.is_some_and(|(row, other)| row.shares_to(other) || row.to() == other.to())
            });
            set(number, levels::twins(near.take(levels::TWINS_MAX).count()));
        }),
        _ => {}
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::DepositFacts;
    use proptest::prelude::*;
    use recover_core::asset::AssetId;
    use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
    use recover_core::decimal::Decimal;
    use recover_core::network::{Family, NetworkId};
    use recover_core::observation::DepositId;
    use recover_core::time::Timestamp;

    /// Few values, so that most are shared.
    #[derive(Debug, Clone)]
    struct Draft {
        transaction: u8,
        to: u8,
        from: Option<u8>,
        amount: Option<u8>,
        minutes: Option<i64>,
        memo: Option<u8>,
    }

    fn draft() -> impl Strategy<Value = Draft> {
        (
            0u8..20,
            0u8..4,
            prop::option::of(0u8..4),
            prop::option::weighted(0.9, 0u8..3),
            prop::option::weighted(0.9, 0i64..6_000),
            prop::option::of(0u8..3),
        )
            .prop_map(|(transaction, to, from, amount, minutes, memo)| Draft {
                transaction,
                to,
                from,
                amount,
                minutes,
                memo,
            })
    }

    fn facts(number: usize, draft: &Draft) -> DepositFacts {
        let network = NetworkId::new("xrpl");
        DepositFacts {
            id: DepositId::verbatim(&format!("D{number:04}")),
            family: Some(Family::Xrpl),
            tx_id: format!("transaction{}", draft.transaction),
            from: draft.from.map(|from| format!("sender{from}")),
            to: format!("address{}", draft.to),
            asset: AssetId::unlisted(network.clone(), "XRP"),
            network,
            symbol: Some("XRP".to_owned()),
            amount: draft
                .amount
                .map(|amount| Decimal::parse(&format!("1.{amount}")).unwrap()),
            time: draft
                .minutes
                .map(|minutes| Timestamp::from_micros(minutes * 60_000_000)),
            memo: draft.memo.map(|memo| format!("10{memo}")),
            memo_finding: None,
            reason: None,
        }
    }

    fn record(user: &str, role: AddressRole, value: &str) -> AddressRecord {
        AddressRecord {
            user_id: Some(user.to_owned()),
            role,
            family: Family::Xrpl,
            network: None,
            value: value.to_owned(),
            payload: None,
            created: None,
            retired: None,
            control: ControlRecord::Unknown,
        }
    }

    proptest! {
        #[test]
        fn own_counts_of_runs_are_the_counts_of_each_deposit(
            first in prop::collection::vec(draft(), 0..60), second in prop::collection::vec(draft(), 0..10)
        ) {
            let first_count = first.len();
            let mut index = DepositIndex::new(first.iter().enumerate().map(|(at, of)| facts(at, of)));
            let later: Vec<_> = second.iter().enumerate().map(|(at, of)| facts(first_count + at, of)).collect();
            index.extend(later.iter().map(DepositFacts::view));
            let book = UserBook::new(&[
                record("A", AddressRole::Deposit, "address0"),
                record("B", AddressRole::Deposit, "address1"),
                record("C", AddressRole::Retired, "address1"),
                record("A", AddressRole::AssignedMemo, "100"),
            ]);
            let standing = Standing::new(&index, &book);
            for number in (0..u32::try_from(index.len()).unwrap()).map(RowNo) {
                let row = index.row(number).unwrap();
                let fixed = standing.of(number);
                let (day, near) = twins(&index, row);
                let expected = [
                    outputs_class(index.outputs(row)),
                    levels::common(index.at_address(row)),
                    levels::common(index.of_sender(row)),
                    levels::twins(day),
                    levels::twins(near),
                ];
                prop_assert_eq!(fixed.classes, expected);
                prop_assert_eq!(standing.alike(number) as usize, index.twins(row));
                let owners: Vec<&str> = book.owners(Family::Xrpl, row.to()).collect();
                match fixed.owner {
                    Owner::Nobody => prop_assert!(owners.is_empty()),
                    Owner::User(user) => {
                        prop_assert_eq!(book.user(owners[0]).unwrap().number(), user);
                        prop_assert_eq!(owners.len(), 1);
                    }
                    Owner::Several => prop_assert_eq!(owners.len(), 2),
                }
                prop_assert_eq!(fixed.has_memo_owners, row.memo() == Some("100"));
            }
        }
    }
}
