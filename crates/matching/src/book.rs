//! Whose address, whose memo: what the exchange alone knows.

use crate::ids;
use crate::index::KeyKind;
use crate::keys::{self, Entry, KeyArray};
use crate::rows::RowRef;
use crate::texts::{Span, Texts};
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The address book as matching asks it: rows grouped by user, and the ways from a value to its rows.
#[derive(Debug, Clone, Default)]
pub struct UserBook {
    /// Sorted by user, role, family and value.
    facts: Vec<Fact>,
    ids: Texts,
    values: Texts,
    /// From a user's id to the first of the user's rows.
    by_user: KeyArray,
    /// From an issued address to its rows.
    by_address: KeyArray,
    /// From an assigned memo to its rows.
    by_memo: KeyArray,
    /// From a known sender to its rows.
    by_sender: KeyArray,
    /// What a few rows say beyond that.
    terms: BTreeMap<u32, Terms>,
    users: usize,
}

/// A row of the book.
#[derive(Debug, Clone, Copy)]
struct Fact {
    user: Span,
    value: Span,
    /// The number of its user's first row.
    first: u32,
    family: Family,
    role: Role,
}

/// To whom an address was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// To nobody.
    Nobody,
    /// To the user with this [`UserRef::number`].
    User(u32),
    /// To several: the book contradicts itself.
    Several,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Issued,
    Memo,
    Sender,
}

/// Where and when a memo was a user's.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Terms {
    network: Option<NetworkId>,
    created: Option<Timestamp>,
    retired: Option<Timestamp>,
}

impl Terms {
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
#[derive(Debug, Clone, Copy)]
pub struct UserRef<'a> {
    book: &'a UserBook,
    first: u32,
}

impl<'a> UserRef<'a> {
    /// The user's number in this book: it means nothing in another.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.first
    }

    /// The user's id.
    #[must_use]
    pub fn id(self) -> &'a str {
        let fact = self.book.facts.get(self.first as usize);
        fact.map_or("", |fact| self.book.ids.text(fact.user))
    }

    fn facts(self, role: Role) -> impl Iterator<Item = &'a Fact> {
        let rest = self
            .book
            .facts
            .get(self.first as usize..)
            .unwrap_or_default();
        let user = rest.first().map(|fact| fact.user);
        rest.iter()
            .take_while(move |fact| Some(fact.user) == user)
            .filter(move |fact| fact.role == role)
    }

    /// The addresses issued to the user, folded, retired ones included.
    pub fn addresses(self) -> impl Iterator<Item = &'a str> {
        self.facts(Role::Issued)
            .map(|fact| self.book.values.folded(fact.value))
    }

    /// The memos assigned to the user, folded.
    pub fn memos(self) -> impl Iterator<Item = (Family, &'a str)> {
        self.facts(Role::Memo)
            .map(|fact| (fact.family, self.book.values.folded(fact.value)))
    }

    /// The addresses from which the user has sent before, folded.
    pub fn senders(self) -> impl Iterator<Item = &'a str> {
        self.facts(Role::Sender)
            .map(|fact| self.book.values.folded(fact.value))
    }
}

impl UserBook {
    /// A book of these rows; their order does not matter.
    ///
    /// # Panics
    /// When there are 2^32 rows, or 4 GiB of values.
    #[must_use]
    pub fn new<'a>(records: impl IntoIterator<Item = &'a AddressRecord>) -> Self {
        let mut ids = Texts::default();
        let mut values = Texts::default();
        let mut given: Vec<(Fact, Option<Terms>)> = Vec::new();
        for record in records {
            let Some(user_id) = &record.user_id else {
                continue;
            };
            let (role, value) = match record.role {
                AddressRole::Deposit | AddressRole::Retired => {
                    let address = &record.value;
                    (Role::Issued, values.add(address, &ids::folded(address)))
                }
                AddressRole::AssignedMemo => {
                    let memo = untyped(record);
                    (Role::Memo, values.add(memo, &folded_memo(memo)))
                }
                AddressRole::PastSender => {
                    let address = &record.value;
                    (Role::Sender, values.add(address, &ids::folded(address)))
                }
                AddressRole::Omnibus | AddressRole::Hot => continue,
            };
            let terms = Terms {
                network: record.network.clone(),
                created: record.created,
                retired: record.retired,
            };
            let has_terms = role == Role::Memo && terms != Terms::default();
            let fact = Fact {
                user: ids.share(user_id, str::to_owned),
                value,
                first: 0,
                family: record.family,
                role,
            };
            given.push((fact, has_terms.then_some(terms)));
        }
        ids.finish();
        values.finish();
        given.sort_by(|(left, left_terms), (right, right_terms)| {
            // One span is one text, so most comparisons end there.
            let users = if left.user == right.user {
                std::cmp::Ordering::Equal
            } else {
                ids.text(left.user).cmp(ids.text(right.user))
            };
            users
                .then_with(|| left.role.cmp(&right.role))
                .then_with(|| left.family.cmp(&right.family))
                .then_with(|| values.text(left.value).cmp(values.text(right.value)))
                .then_with(|| left_terms.cmp(right_terms))
        });
        given.dedup_by(|(right, right_terms), (left, left_terms)| {
            ids.text(left.user) == ids.text(right.user)
                && (left.role, left.family) == (right.role, right.family)
                && values.text(left.value) == values.text(right.value)
                && left_terms == right_terms
        });
        let mut book = Self {
            facts: Vec::with_capacity(given.len()),
            ids,
            values,
            ..Self::default()
        };
        let (mut by_user, mut by_address) = (Vec::new(), Vec::new());
        let (mut by_memo, mut by_sender) = (Vec::new(), Vec::new());
        for (number, (mut fact, terms)) in (0u32..).zip(given) {
            let user = book.ids.text(fact.user);
            match book.facts.last() {
                // A user's rows share one span, so that they are told from the next user's by it.
                Some(before) if book.ids.text(before.user) == user => {
                    (fact.user, fact.first) = (before.user, before.first);
                }
                _ => {
                    fact.first = number;
                    by_user.push(Entry::new(keys::text(user), number));
                }
            }
            let key = valued(fact.family, book.values.folded(fact.value));
            match fact.role {
                Role::Issued => by_address.push(Entry::new(key, number)),
                Role::Memo => by_memo.push(Entry::new(key, number)),
                Role::Sender => {
                    let sender = keys::text(book.values.folded(fact.value));
                    by_sender.push(Entry::new(sender, number));
                }
            }
            if let Some(terms) = terms {
                book.terms.insert(number, terms);
            }
            book.facts.push(fact);
        }
        book.users = by_user.len();
        book.by_user = KeyArray::new(&by_user);
        book.by_address = KeyArray::new(&by_address);
        book.by_memo = KeyArray::new(&by_memo);
        book.by_sender = KeyArray::new(&by_sender);
        book
    }

    /// How many users it names.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.users
    }

    /// Whether it names none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.users == 0
    }

    /// The bytes that it occupies.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.facts.capacity() * size_of::<Fact>()
            + self.ids.bytes()
            + self.values.bytes()
            + self.by_user.bytes()
            + self.by_address.bytes()
            + self.by_memo.bytes()
            + self.by_sender.bytes()
    }

    /// What is known of a user; `None` when the book does not name them.
    #[must_use]
    pub fn user(&self, user_id: &str) -> Option<UserRef<'_>> {
        self.by_user
            .find(keys::text(user_id))
            .iter()
            .map(|entry| UserRef {
                book: self,
                first: entry.number(),
            })
            .find(|user| user.id() == user_id)
    }

    fn facts<'a>(
        &'a self,
        array: &'a KeyArray,
        family: Family,
        folded: &'a str,
    ) -> impl Iterator<Item = (u32, &'a Fact)> {
        let entries = array.find(valued(family, folded)).iter();
        entries.filter_map(move |entry| {
            let fact = self.facts.get(entry.number() as usize)?;
            let is_it = fact.family == family && self.values.folded(fact.value) == folded;
            is_it.then_some((entry.number(), fact))
        })
    }

    /// To whom an address (folded text) was issued.
    pub(crate) fn owner(&self, family: Family, address: &str) -> Owner {
        let mut facts = self.facts(&self.by_address, family, address);
        let Some((_, first)) = facts.next() else {
            return Owner::Nobody;
        };
        if facts.all(|(_, fact)| fact.first == first.first) {
            Owner::User(first.first)
        } else {
            Owner::Several
        }
    }

    /// The users to whom an address was issued, folded text; usually one, and in the order of their ids.
    pub fn owners<'a>(&'a self, family: Family, address: &'a str) -> impl Iterator<Item = &'a str> {
        let mut before = None;
        self.facts(&self.by_address, family, address)
            .map(|(_, fact)| self.ids.text(fact.user))
            .filter(move |user| before.replace(*user) != Some(*user))
    }

    /// Whether the memo of a deposit names anybody, however it is read.
    pub(crate) fn has_memo_owners(&self, deposit: RowRef<'_>) -> bool {
        let named = deposit.memo().zip(deposit.family());
        named.is_some_and(|(memo, family)| self.facts(&self.by_memo, family, memo).next().is_some())
    }

    /// Whether others than this user have sent from an address before, folded text: a household's or an exchange's wallet says
    /// nothing about one of them.
    pub(crate) fn is_sender_of_others(&self, user_id: &str, sender: &str) -> bool {
        let entries = self.by_sender.find(keys::text(sender)).iter();
        let facts = entries.filter_map(|entry| self.facts.get(entry.number() as usize));
        let mut others = facts.filter(|fact| {
            self.values.folded(fact.value) == sender && self.ids.text(fact.user) != user_id
        });
        others.next().is_some()
    }

    /// The users whom the memo of a deposit names; `None` where it names nobody, however it is read.
    pub(crate) fn memo_owners(&self, deposit: RowRef<'_>) -> Option<MemoOwners<'_>> {
        let (memo, folded) = (deposit.memo_text()?, deposit.memo()?);
        let family = deposit.family()?;
        let mut owners = MemoOwners {
            exact: BTreeSet::new(),
            near: BTreeSet::new(),
        };
        for entry in self.by_memo.find(valued(family, folded)) {
            let Some(fact) = self.facts.get(entry.number() as usize) else {
                continue;
            };
            if fact.family != family || self.values.folded(fact.value) != folded {
                continue;
            }
            let user = self.ids.text(fact.user);
            let is_served = self
                .terms
                .get(&entry.number())
                .is_none_or(|terms| terms.serves(deposit.network(), deposit.time()));
            // Files pad their cells: blanks around a memo are theirs.
            if self.values.text(fact.value) == memo.trim() && is_served {
                owners.exact.insert(user);
            } else {
                owners.near.insert(user);
            }
        }
        (!owners.exact.is_empty() || !owners.near.is_empty()).then_some(owners)
    }
}

/// The keys of the deposits that a row of the book says something about, whoever asks for them.
pub(crate) fn deposit_keys(record: &AddressRecord) -> Option<(KeyKind, u64)> {
    match record.role {
        AddressRole::Deposit | AddressRole::Retired => {
            Some((KeyKind::To, keys::text(&ids::folded(&record.value))))
        }
        AddressRole::AssignedMemo => {
            let memo = folded_memo(untyped(record));
            Some((KeyKind::Memo, keys::text(&memo)))
        }
        AddressRole::PastSender => Some((KeyKind::From, keys::text(&ids::folded(&record.value)))),
        AddressRole::Omnibus | AddressRole::Hot => None,
    }
}

/// The key of a value of a family.
fn valued(family: Family, folded: &str) -> u64 {
    keys::join(keys::text(folded), family as u64)
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
