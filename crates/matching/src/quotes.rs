//! What the reasons of a decision repeat of an appeal: little, so that nobody holds its clues until all appeals are looked at.

use crate::clue::{AppealClues, Field};
use recover_core::observation::DepositId;
use std::collections::BTreeSet;

/// The most characters of an unread text that are shown.
const SHOWN_MAX: usize = 60;

/// What was stated, as bits of [`Quotes::stated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stated {
    Transaction = 1,
    Address = 2,
    Coin = 4,
    Amount = 8,
    Time = 16,
}

/// Words of an appeal that its reasons repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotes {
    stated: u8,
    /// Every reading of the amount, joined with `or`.
    pub(crate) amounts: Box<str>,
    /// What few appeals have; `None` for the others.
    rest: Option<Box<Rest>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rest {
    taken_back: BTreeSet<DepositId>,
    unread: Vec<(Field, String)>,
}

impl Quotes {
    /// What the reasons of any decision about an appeal may repeat of it.
    #[must_use]
    pub fn new(clues: &AppealClues) -> Self {
        use std::fmt::Write;
        let bits = [
            (!clues.transactions.is_empty(), Stated::Transaction),
            (
                clues.addresses.iter().any(|clue| clue.field == Field::To),
                Stated::Address,
            ),
            (!clues.assets.is_empty(), Stated::Coin),
            (!clues.amounts.is_empty(), Stated::Amount),
            (!clues.times.is_empty(), Stated::Time),
        ];
        let stated = bits.into_iter().filter(|(is_stated, _)| *is_stated);
        let mut amounts = String::new();
        for clue in &clues.amounts {
            let before = if amounts.is_empty() { "" } else { " or " };
            write!(amounts, "{before}{}", clue.value).expect("a text takes whatever is written");
        }
        let unread: Vec<(Field, String)> = clues
            .unread
            .iter()
            .filter(|unread| unread.field != Field::FreeText)
            .map(|unread| {
                let shown = unread.value.chars().take(SHOWN_MAX).collect();
                (unread.field, shown)
            })
            .collect();
        let has_rest = !clues.taken_back.is_empty() || !unread.is_empty();
        Self {
            stated: stated.fold(0, |bits, (_, bit)| bits | bit as u8),
            amounts: amounts.into_boxed_str(),
            rest: has_rest.then(|| {
                Box::new(Rest {
                    taken_back: clues.taken_back.clone(),
                    unread,
                })
            }),
        }
    }

    pub(crate) const fn has(&self, what: Stated) -> bool {
        self.stated & what as u8 != 0
    }

    /// The deposits that a person took back from it, in order.
    pub(crate) fn taken_back(&self) -> impl Iterator<Item = &DepositId> {
        self.rest.iter().flat_map(|rest| &rest.taken_back)
    }

    /// What stood in a field of its own and could not be read, with the field.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (Field, &str)> {
        let all = self.rest.iter().flat_map(|rest| &rest.unread);
        all.map(|(field, text)| (*field, text.as_str()))
    }
}
