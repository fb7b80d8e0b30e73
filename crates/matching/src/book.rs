//! Whose address, whose memo: what the exchange alone knows.

use crate::facts::DepositFacts;
use crate::ids;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// The address book as matching asks it.
#[derive(Debug, Clone, Default)]
pub struct UserBook {
    issued: HashMap<(Family, String), BTreeSet<String>>,
    memos: HashMap<(Family, String), Vec<Assigned>>,
    users: HashMap<String, User>,
}

/// A memo as it was assigned.
#[derive(Debug, Clone)]
struct Assigned {
    user: String,
    value: String,
    network: Option<NetworkId>,
    created: Option<Timestamp>,
    retired: Option<Timestamp>,
}

impl Assigned {
    /// Whether it was this user's on this network at this time.
    fn serves(&self, network: &NetworkId, at: Option<Timestamp>) -> bool {
        let is_later = matches!((self.created, at), (Some(created), Some(at)) if at < created);
        let is_retired = self
            .retired
            .is_some_and(|retired| at.is_none_or(|at| retired <= at));
        let is_here = self.network.as_ref().is_none_or(|own| own == network);
        is_here && !is_later && !is_retired
    }
}

/// Whom a memo of a file names.
pub(crate) struct MemoOwners<'a> {
    /// The users who had it as it stands, there and then.
    pub(crate) exact: BTreeSet<&'a str>,
    /// Whoever had it in other capitals, elsewhere or at another time.
    pub(crate) near: BTreeSet<&'a str>,
}

/// What is known of one user.
#[derive(Debug, Clone, Default)]
pub(crate) struct User {
    pub(crate) addresses: BTreeSet<String>,
    pub(crate) memos: BTreeSet<(Family, String)>,
    pub(crate) senders: BTreeSet<String>,
}

impl UserBook {
    /// A book of these rows; their order does not matter.
    #[must_use]
    pub fn new<'a>(records: impl IntoIterator<Item = &'a AddressRecord>) -> Self {
        let mut book = Self::default();
        for record in records {
            book.add(record);
        }
        book
    }

    /// Adds a row.
    pub fn add(&mut self, record: &AddressRecord) {
        let Some(user_id) = &record.user_id else {
            return;
        };
        let user = self.users.entry(user_id.clone()).or_default();
        match record.role {
            AddressRole::Deposit | AddressRole::Retired => {
                let address = ids::folded(&record.value);
                user.addresses.insert(address.clone());
                let owners = self.issued.entry((record.family, address)).or_default();
                owners.insert(user_id.clone());
            }
            AddressRole::AssignedMemo => {
                let value = untyped(record);
                let memo = folded_memo(value);
                user.memos.insert((record.family, memo.clone()));
                let owners = self.memos.entry((record.family, memo)).or_default();
                owners.push(Assigned {
                    user: user_id.clone(),
                    value: value.to_owned(),
                    network: record.network.clone(),
                    created: record.created,
                    retired: record.retired,
                });
            }
            AddressRole::PastSender => {
                user.senders.insert(ids::folded(&record.value));
            }
            AddressRole::Omnibus | AddressRole::Hot => {}
        }
    }

    pub(crate) fn user(&self, user_id: &str) -> Option<&User> {
        self.users.get(user_id)
    }

    /// The users to whom an address was issued, folded text; usually one.
    pub(crate) fn owners(&self, family: Family, address: &str) -> Option<&BTreeSet<String>> {
        self.issued.get(&(family, address.to_owned()))
    }

    /// The users whom the memo of a deposit names; `None` where it names nobody, however it is read.
    pub(crate) fn memo_owners(&self, deposit: &DepositFacts) -> Option<MemoOwners<'_>> {
        let memo = deposit.memo.as_deref()?;
        let rows = self.memos.get(&(deposit.family?, folded_memo(memo)))?;
        let mut owners = MemoOwners {
            exact: BTreeSet::new(),
            near: BTreeSet::new(),
        };
        for row in rows {
            // Files pad their cells: blanks around a memo are theirs.
            if row.value == memo.trim() && row.serves(&deposit.network, deposit.time) {
                owners.exact.insert(&row.user);
            } else {
                owners.near.insert(&row.user);
            }
        }
        Some(owners)
    }
}

/// An assigned memo without the type that may stand before it where the network tells types apart.
fn untyped(record: &AddressRecord) -> &str {
    match (record.family, record.value.split_once(':')) {
        (Family::Stellar, Some(("id" | "text" | "hash" | "return", value))) => value,
        _ => &record.value,
    }
}

/// A memo for comparison: no blanks around it, lower case.
pub(crate) fn folded_memo(text: &str) -> String {
    text.trim().to_lowercase()
}
