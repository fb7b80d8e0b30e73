//! What speaks for a user and a deposit that no stranger could know: address book, memos, past senders, verified proofs, the
//! exchange's own log of page views. A transaction id, an amount or a time is public and speaks for nobody.

use crate::import::ClosedCase;
use recover_core::address::Payload;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::deposit::{Deposit, Origin};
use recover_core::names;
use recover_core::network::Family;
use recover_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// How long before the block somebody who is about to send looks at the deposit page.
const VIEW_SECONDS: i64 = 3_600;

/// A memo shorter than this is like too many others.
const MEMO_LENGTH_MIN: usize = 5;

/// What the evidence says about a user and a deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Support {
    /// It is theirs.
    Proven(String),
    /// Support verified that they are the sender of what they appealed for: as good, where the appeal names this deposit.
    Verified(String),
    /// Something speaks for them that does not carry a payment against a rival.
    Hint(String),
    /// It is somebody else's.
    Others {
        /// Whose, and why.
        why: String,
    },
    /// Nothing speaks for anybody.
    Silent,
}

impl Support {
    pub(super) const fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_) | Self::Verified(_))
    }

    pub(super) fn in_words(&self) -> &str {
        match self {
            Self::Proven(why) | Self::Verified(why) | Self::Hint(why) | Self::Others { why } => why,
            Self::Silent => "",
        }
    }
}

/// The address book, asked by deposit.
#[derive(Debug, Default)]
pub(super) struct Witness {
    by_payload: HashMap<(Family, Payload), BTreeSet<String>>,
    by_text: HashMap<(Family, String), BTreeSet<String>>,
    by_memo: HashMap<(Family, String), Vec<Assigned>>,
    memos: HashMap<String, BTreeSet<(Family, String)>>,
    senders: HashMap<(Family, String), BTreeSet<String>>,
}

#[derive(Debug)]
struct Assigned {
    user: String,
    record: AddressRecord,
}

impl Assigned {
    /// Whether the memo was this user's there and then.
    fn serves(&self, deposit: &Deposit) -> bool {
        let record = &self.record;
        let at = deposit.block_time();
        let is_later = matches!((record.created, at), (Some(created), Some(at)) if at < created);
        let is_retired = matches!((record.retired, at), (Some(retired), Some(at)) if retired <= at);
        let is_here = record
            .network
            .as_ref()
            .is_none_or(|own| own == deposit.network());
        is_here && !is_later && !is_retired
    }
}

impl Witness {
    pub(super) fn new(records: &[AddressRecord]) -> Self {
        let mut witness = Self::default();
        for record in records {
            let Some(user) = &record.user_id else {
                continue;
            };
            let family = record.family;
            match record.role {
                AddressRole::Deposit | AddressRole::Retired => {
                    if let Some(payload) = record.payload {
                        let owners = witness.by_payload.entry((family, payload)).or_default();
                        owners.insert(user.clone());
                    }
                    let owners = witness
                        .by_text
                        .entry((family, folded(&record.value)))
                        .or_default();
                    owners.insert(user.clone());
                }
                AddressRole::AssignedMemo => {
                    let memo = folded(untyped(record));
                    let own = witness.memos.entry(user.clone()).or_default();
                    own.insert((family, memo.clone()));
                    let rows = witness.by_memo.entry((family, memo)).or_default();
                    rows.push(Assigned {
                        user: user.clone(),
                        record: record.clone(),
                    });
                }
                AddressRole::PastSender => {
                    let users = witness
                        .senders
                        .entry((family, folded(&record.value)))
                        .or_default();
                    users.insert(user.clone());
                }
                AddressRole::Omnibus | AddressRole::Hot => {}
            }
        }
        witness
    }

    /// What speaks for a user and a deposit. `case` is the case in which the user was paid or asked: what was verified there
    /// speaks for its own customer only.
    pub(super) fn support(&self, user: &str, deposit: &Deposit, case: &ClosedCase) -> Support {
        let family = names::known(deposit.network()).map(|known| known.family);
        if let Some(owner) = &deposit.classification.owner {
            return whose(user, std::iter::once(owner.as_str()), |owner| {
                format!("the address book gives the deposit's address or memo to {owner}")
            });
        }
        let issued = family.and_then(|family| match &deposit.origin {
            Origin::Observed(observation) => {
                self.by_payload.get(&(family, observation.to.payload()))
            }
            Origin::Imported(imported) => self.by_text.get(&(family, folded(&imported.to))),
        });
        if let Some(owners) = issued {
            return whose(user, owners.iter().map(String::as_str), |owner| {
                format!("the address that received it was issued to {owner}")
            });
        }
        let memo = deposit.memo_text().map(|memo| folded(&memo));
        if let (Some(family), Some(memo)) = (family, &memo)
            && let Some(rows) = self.by_memo.get(&(family, memo.clone()))
        {
            let owners: BTreeSet<&str> = rows
                .iter()
                .filter(|row| row.serves(deposit))
                .map(|row| row.user.as_str())
                .collect();
            if !owners.is_empty() {
                return whose(user, owners.into_iter(), |owner| {
                    format!("its memo is assigned to {owner}")
                });
            }
        }
        if case.appeal.user_id == user
            && let Some(proof) = verified_proof(case)
        {
            return Support::Verified(proof.to_owned());
        }
        let from = deposit.from().map(folded);
        if let (Some(family), Some(from)) = (family, from)
            && let Some(users) = self.senders.get(&(family, from))
        {
            if users.contains(user) && users.len() == 1 {
                return Support::Proven(format!("{user} has sent from this address before"));
            }
            if users.contains(user) {
                return Support::Hint(format!(
                    "{user} and {} others have sent from this address before",
                    users.len().saturating_sub(1)
                ));
            }
        }
        if let (Some(family), Some(memo)) = (family, &memo)
            && self.has_memo_like(user, family, memo)
        {
            return Support::Hint(format!("its memo is that of {user} but for a slip"));
        }
        if case.appeal.user_id == user
            && is_viewed_before(case.appeal.session_view_at, deposit.block_time())
        {
            return Support::Hint(format!(
                "{user} looked at the deposit page in the hour before the payment"
            ));
        }
        Support::Silent
    }

    fn has_memo_like(&self, user: &str, family: Family, memo: &str) -> bool {
        self.memos.get(user).is_some_and(|own| {
            own.iter().any(|(of, value)| {
                *of == family && value.chars().count() >= MEMO_LENGTH_MIN && is_near(value, memo)
            })
        })
    }
}

/// The exchange's own log: the page was open in the hour before the block.
fn is_viewed_before(view: Option<Timestamp>, block: Option<Timestamp>) -> bool {
    view.zip(block).is_some_and(|(view, block)| {
        let seconds = block.micros_since(view) / 1_000_000;
        (0..=VIEW_SECONDS).contains(&seconds)
    })
}

/// Whether the user is the one of these owners; what is several users' is nobody's beyond doubt.
fn whose<'a>(
    user: &str,
    owners: impl Iterator<Item = &'a str>,
    say: impl Fn(&str) -> String,
) -> Support {
    let owners: Vec<&str> = owners.collect();
    let named = owners.join(" and ");
    match (owners.contains(&user), owners.len()) {
        (true, 1) => Support::Proven(say(&named)),
        (true, _) => Support::Hint(say(&named)),
        (false, _) => Support::Others { why: say(&named) },
    }
}

/// What support verified about the customer, in words; `None` for what anybody could make (a screenshot, a video).
pub(super) fn verified_proof(case: &ClosedCase) -> Option<&'static str> {
    let read = |text: &str| {
        let word = names::fold(text);
        match word.as_str() {
            "signatureok" | "signature" | "signedmessage" | "signed" => {
                Some("support verified a signature of the sending address")
            }
            "microtxok" | "microtx" | "satoshitest" | "verificationdeposit" | "testtransfer" => {
                Some("support verified a payment of a named amount from the sending address")
            }
            "cexwithdrawalrecord" | "withdrawalrecord" => {
                Some("support verified the sending platform's record of the withdrawal")
            }
            _ => None,
        }
    };
    // What was refuted is not proved by a word in another column.
    if names::fold(&case.appeal.ownership_proof) == "signaturebad" {
        return None;
    }
    read(&case.appeal.ownership_proof).or_else(|| read(&case.evidence))
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An assigned memo without the type that may stand before it where the network tells types apart.
fn untyped(record: &AddressRecord) -> &str {
    match (record.family, record.value.split_once(':')) {
        (Family::Stellar, Some(("id" | "text" | "hash" | "return", value))) => value,
        _ => &record.value,
    }
}

/// Whether two texts are one or two edits apart, a swap of neighbours counted as two.
fn is_near(left: &str, right: &str) -> bool {
    const EDITS_MAX: usize = 2;
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    if left.len().abs_diff(right.len()) > EDITS_MAX {
        return false;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index.saturating_add(1);
        let mut next = vec![before];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(letter != other));
            before = changed
                .min(before.saturating_add(1))
                .min(above.saturating_add(1));
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().is_some_and(|edits| *edits <= EDITS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_slip_is_two_edits_at_most() {
        for (left, right, is) in [
            ("12345678", "12345678", true),
            ("12345678", "1234567", true),
            ("12345678", "123456", true),
            ("12345678", "12354678", true),
            ("12345678", "12345", false),
            ("12345678", "87654321", false),
            ("12345678", "92945698", false),
            ("", "12", true),
            ("", "123", false),
        ] {
            assert_eq!(is_near(left, right), is, "{left} {right}");
            assert_eq!(is_near(right, left), is, "{right} {left}");
        }
    }

    #[test]
    fn own_a_view_counts_in_the_hour_before_the_block_and_not_after_it() {
        let at = |text: &str| Timestamp::parse(text).ok();
        let block = at("2025-06-01T10:00:00Z");
        for (view, is) in [
            ("2025-06-01T09:00:00Z", true),
            ("2025-06-01T10:00:00Z", true),
            ("2025-06-01T08:59:59Z", false),
            ("2025-06-01T10:00:01Z", false),
        ] {
            assert_eq!(is_viewed_before(at(view), block), is, "{view}");
        }
        assert!(!is_viewed_before(None, block));
        assert!(!is_viewed_before(block, None));
    }
}
