//! An appeal and the deposits that it may mean, side by side: what was said, what happened, and where the two differ.

use recover_core::deposit::Deposit;
use recover_matching::clue::{Field, Id, Proof};
use recover_matching::{AppealClues, DepositFacts};

/// How a deposit's fact compares with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The same.
    Same,
    /// The same as far as it was said.
    Near,
    /// Something else.
    Differs,
    /// Nothing was said about it, or nothing is known.
    Unknown,
}

impl Mark {
    /// The sign that stands before the fact.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Near => "~",
            Self::Differs => "≠",
            Self::Unknown => " ",
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Near => "near",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
        }
    }
}

/// One field of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field.
    pub field: &'static str,
    /// What the appeal says, as it was read.
    pub said: String,
    /// What each deposit holds.
    pub facts: Vec<(Mark, String)>,
}

/// An appeal beside its candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The fields, in a fixed order.
    pub rows: Vec<Row>,
}

fn fold(text: &str) -> String {
    let text = text.trim().to_lowercase();
    text.strip_prefix("0x").unwrap_or(&text).to_owned()
}

fn of_ids<'a>(said: impl Iterator<Item = &'a Id>, fact: Option<&str>) -> Mark {
    let Some(fact) = fact.map(fold) else {
        return Mark::Unknown;
    };
    let mut mark = Mark::Unknown;
    for id in said {
        match id {
            Id::Whole(text) if fold(text) == fact => return Mark::Same,
            Id::Ends { head, tail }
                if fact.starts_with(&fold(head)) && fact.ends_with(&tail.to_lowercase()) =>
            {
                mark = Mark::Near;
            }
            _ if mark == Mark::Unknown => mark = Mark::Differs,
            _ => {}
        }
    }
    mark
}

/// A number without the zeros behind its last digit: `1.50` and `1.5` are the same.
fn trimmed(number: &str) -> String {
    if number.contains('.') {
        number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        number.to_owned()
    }
}

fn of_any(said_something: bool, is_same: bool) -> Mark {
    match (said_something, is_same) {
        (false, _) => Mark::Unknown,
        (true, true) => Mark::Same,
        (true, false) => Mark::Differs,
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut texts: Vec<String> = texts.collect();
    texts.dedup();
    texts.join("\n")
}

/// Compares an appeal with deposits.
pub(super) fn compare(clues: &AppealClues, deposits: &[&Deposit]) -> Comparison {
    let facts: Vec<(&Deposit, DepositFacts)> = deposits
        .iter()
        .map(|deposit| (*deposit, DepositFacts::from(*deposit)))
        .collect();
    let row = |field, said: String, fact: &dyn Fn(&Deposit, &DepositFacts) -> (Mark, String)| Row {
        field,
        said,
        facts: facts
            .iter()
            .map(|(deposit, facts)| fact(deposit, facts))
            .collect(),
    };
    let ids = |list: &[recover_matching::clue::Found<Id>]| {
        joined(list.iter().map(|found| found.value.to_string()))
    };
    let unknown = || "unknown".to_owned();
    let (sent_from, sent_to): (Vec<_>, Vec<_>) = clues
        .addresses
        .iter()
        .cloned()
        .partition(|found| found.field == Field::From);
    let rows = vec![
        row("transaction", ids(&clues.transactions), &|_, fact| {
            let said = clues.transactions.iter().map(|found| &found.value);
            (of_ids(said, Some(&fact.tx_id)), fact.tx_id.clone())
        }),
        row(
            "network",
            joined(
                clues
                    .networks
                    .iter()
                    .map(|found| found.value.network.to_string()),
            ),
            &|_, fact| {
                let is_same = clues
                    .networks
                    .iter()
                    .any(|found| found.value.network == fact.network);
                (
                    of_any(!clues.networks.is_empty(), is_same),
                    fact.network.to_string(),
                )
            },
        ),
        row(
            "coin",
            joined(clues.assets.iter().map(|found| found.value.clone())),
            &|_, fact| {
                let symbol = fact.symbol.clone().unwrap_or_default();
                let asset = fact.asset.to_string();
                let is_same = clues.assets.iter().any(|found| {
                    let said = fold(&found.value);
                    said == fold(&symbol) || fold(&asset).ends_with(&said)
                });
                let text = if symbol.is_empty() { asset } else { symbol };
                (of_any(!clues.assets.is_empty(), is_same), text)
            },
        ),
        row(
            "amount",
            joined(clues.amounts.iter().map(|found| found.value.to_string())),
            &|deposit, fact| {
                let is_same = fact.amount.is_some_and(|amount| {
                    let amount = trimmed(&amount.to_string());
                    let mut said = clues.amounts.iter();
                    said.any(|found| trimmed(&found.value.to_string()) == amount)
                });
                (
                    of_any(!clues.amounts.is_empty(), is_same),
                    deposit.amount_text(),
                )
            },
        ),
        row(
            "time",
            joined(clues.times.iter().map(|found| match found.value.stated {
                Some(stated) => stated.to_string(),
                None => format!("{} to {}", found.value.from, found.value.to),
            })),
            &|_, fact| match fact.time {
                None => (Mark::Unknown, unknown()),
                Some(time) => {
                    let is_in = clues
                        .times
                        .iter()
                        .any(|found| found.value.from <= time && time <= found.value.to);
                    (of_any(!clues.times.is_empty(), is_in), time.to_string())
                }
            },
        ),
        row("sent to", ids(&sent_to), &|_, fact| {
            let said = sent_to.iter().map(|found| &found.value);
            (of_ids(said, Some(&fact.to)), fact.to.clone())
        }),
        row("sent from", ids(&sent_from), &|_, fact| {
            let said = sent_from.iter().map(|found| &found.value);
            let from = fact.from.clone().unwrap_or_else(unknown);
            (of_ids(said, fact.from.as_deref()), from)
        }),
        row(
            "memo",
            joined(clues.memos.iter().map(|found| found.value.clone())),
            &|_, fact| {
                let memo = fact.memo.clone().unwrap_or_default();
                let is_same = clues
                    .memos
                    .iter()
                    .any(|found| fold(&found.value) == fold(&memo));
                let text = if memo.is_empty() {
                    "none".to_owned()
                } else {
                    memo
                };
                (of_any(!clues.memos.is_empty(), is_same), text)
            },
        ),
        row("owner", clues.user_id.clone(), &|deposit, _| {
            let owner = deposit.classification.owner.as_deref();
            let mark = owner.map_or(Mark::Unknown, |owner| of_any(true, owner == clues.user_id));
            // Whose it is by the book is told; who they are is not this page's to say.
            let text = match owner {
                None => "nobody by the address book",
                Some(owner) if owner == clues.user_id => "this user by the address book",
                Some(_) => "another user by the address book",
            };
            (mark, text.to_owned())
        }),
        row("proof", proof(clues.proof).to_owned(), &|_, _| {
            (Mark::Unknown, String::new())
        }),
        row("status", String::new(), &|deposit, _| {
            let classification = &deposit.classification;
            let text = format!(
                "{}, {}\n{}",
                deposit.status, classification.kind, classification.verdict
            );
            (Mark::Unknown, text)
        }),
    ];
    Comparison { rows }
}

const fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Sender => "the sending address is shown to be theirs",
        Proof::Record => "the sending service's record",
        Proof::Refuted => "a proof that does not fit",
        _ => "",
    }
}
