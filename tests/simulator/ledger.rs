//! The exchange's ledger: books an instruction once, whatever it is told how often. It reads the canonical text of a package and
//! knows nothing of the engine.

use std::collections::BTreeMap;

/// What the ledger booked for an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its own number of the entry.
    pub entry: String,
    pub claim: String,
    pub kind: String,
    pub user: String,
    pub asset: String,
    /// What it was asked to book, in base units.
    pub asked: u128,
    /// What it booked.
    pub booked: u128,
}

/// The ledger.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By the instruction's id; where it forgets, by a name of its own.
    pub entries: BTreeMap<String, Entry>,
    /// The broken ledger of a mutation test: it books what it booked before.
    pub forgets: bool,
}

impl Ledger {
    /// Books every instruction of a package; an id that is known is left as it is. `wrong` books the first of them with a unit
    /// more, as a person who types would.
    pub fn book(&mut self, claim: &str, text: &str, wrong: bool) {
        let mut wrong = wrong;
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [id, kind, user, asset, amount, _entry] = fields.as_slice() else {
                panic!("the canonical text has six fields: {line}");
            };
            let mut key = (*id).to_owned();
            if self.entries.contains_key(*id) {
                if !self.forgets {
                    continue;
                }
                key = format!("{id} again {}", self.entries.len());
            }
            let asked: u128 = amount.parse().expect("base units");
            let entry = Entry {
                entry: format!("E-{}", self.entries.len() + 1),
                claim: claim.to_owned(),
                kind: (*kind).to_owned(),
                user: (*user).to_owned(),
                asset: (*asset).to_owned(),
                asked,
                booked: if wrong { asked + 1 } else { asked },
            };
            wrong = false;
            self.entries.insert(key, entry);
        }
    }

    /// The entries of a claim, by instruction.
    pub fn of<'a>(&'a self, claim: &'a str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        self.entries
            .iter()
            .filter(move |(_, entry)| entry.claim == claim)
    }
}
