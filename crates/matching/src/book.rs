//! Whose address, whose memo: what the exchange alone knows.

use crate::ids;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::network::Family;
use std::collections::{BTreeSet, HashMap};

/// The address book as matching asks it.
#[derive(Debug, Clone, Default)]
pub struct UserBook {
    issued: HashMap<(Family, String), BTreeSet<String>>,
    memos: HashMap<(Family, String), BTreeSet<String>>,
    users: HashMap<String, User>,
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
                let memo = folded_memo(untyped(record));
                user.memos.insert((record.family, memo.clone()));
                let owners = self.memos.entry((record.family, memo)).or_default();
                owners.insert(user_id.clone());
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

    /// The users to whom a memo was assigned.
    pub(crate) fn memo_owners(&self, family: Family, memo: &str) -> Option<&BTreeSet<String>> {
        self.memos.get(&(family, memo.to_owned()))
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
