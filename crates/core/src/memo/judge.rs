//! Whom the routing fields name, by what the address book has for their readings.

use super::read::{Class, Field, Reading, assigned, fields, neighbours_of, readings};
use super::{Memo, MemoEvidence, MemoFinding, MemoRules, MemoShape, MemoSign, MemoStanding};
use crate::ledger::AccountStanding;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// Users one digit off that are named in evidence; more say no more.
const NEAR_NAMED_MAX: usize = 8;

/// A row of the address book that assigns a value to a user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssignedMemo {
    /// The value as the book writes it.
    pub value: String,
    /// The user.
    pub user: String,
    /// When it was assigned; `None` when the book does not say (then it may always have been).
    pub created: Option<Timestamp>,
    /// When it was retired; `None` while it serves.
    pub retired: Option<Timestamp>,
    /// Whether the user's account can be credited.
    pub account: AccountStanding,
}

impl AssignedMemo {
    fn is_later_than(&self, at: Option<Timestamp>) -> bool {
        matches!((self.created, at), (Some(created), Some(at)) if at < created)
    }

    fn is_retired_at(&self, at: Option<Timestamp>) -> bool {
        match (self.retired, at) {
            (Some(retired), Some(at)) => retired <= at,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    fn is_live_at(&self, at: Option<Timestamp>) -> bool {
        !self.is_later_than(at) && !self.is_retired_at(at)
    }
}

/// Everything that the judgement may look at.
#[derive(Debug, Clone, Copy)]
pub struct MemoQuestion<'a> {
    /// The fields of the credit.
    pub memos: &'a [Memo],
    /// How its family routes.
    pub rules: &'a MemoRules,
    /// When the credit happened; `None` while nobody knows. Values are judged as they were assigned then.
    pub at: Option<Timestamp>,
    /// What the book assigns among [`super::wanted_values`]; other rows are passed over.
    pub assigned: &'a [AssignedMemo],
    /// What it assigns among [`super::near_values`]; empty where it was not asked.
    pub near: &'a [AssignedMemo],
    /// The users who are known to have sent from the credit's sender before. With two or more of them it is a shared wallet
    /// and says nothing.
    pub senders: &'a BTreeSet<String>,
}

/// Whether a value one slip away would say more: the routing fields hold one, and the book has nobody for any reading of it.
#[must_use]
pub fn wants_near_values(finding: &MemoFinding) -> bool {
    finding.standing == MemoStanding::Unassigned
        && !finding.is_disputed()
        && finding
            .evidence
            .iter()
            .all(|evidence| evidence.user.is_none() || evidence.sign == MemoSign::AssignedLater)
}

/// What the routing fields of one credit say. Only a value that is assigned exactly as it stands names an owner; whatever had
/// to be read otherwise proposes one, and only where one user alone fits. The order of rows changes nothing.
#[must_use]
pub fn judge(question: MemoQuestion<'_>) -> MemoFinding {
    let MemoQuestion { memos, rules, .. } = question;
    let usual = Memo::absent(rules.routing.first().copied().unwrap_or_default());
    let fields = fields(memos, rules, &usual);
    let readings = readings(memos, rules);
    let mut judge = Judge {
        question,
        evidence: BTreeSet::new(),
    };
    let mut finding = judge.decide(&fields, &readings);
    if finding.owner.is_none() && finding.standing != MemoStanding::OfAnotherUser {
        judge.describe(&fields, finding.standing);
    }
    finding.evidence = judge.evidence.into_iter().collect();
    finding
}

/// A reading and a row that has its value.
type Pair<'r, 'a> = (&'r Reading, &'a AssignedMemo);

struct Judge<'a> {
    question: MemoQuestion<'a>,
    evidence: BTreeSet<MemoEvidence>,
}

/// A finding whose evidence is filled in at the end.
fn found(standing: MemoStanding, owner: Option<&str>, proposed: Option<&str>) -> MemoFinding {
    MemoFinding {
        standing,
        owner: owner.map(str::to_owned),
        proposed: proposed.map(str::to_owned),
        evidence: Vec::new(),
    }
}

/// The one member of a set; `None` when it has none or several.
fn only<'a>(set: &BTreeSet<&'a str>) -> Option<&'a str> {
    set.first().copied().filter(|_| set.len() == 1)
}

fn users<'a>(rows: &[Pair<'_, 'a>]) -> BTreeSet<&'a str> {
    rows.iter().map(|(_, row)| row.user.as_str()).collect()
}

impl<'a> Judge<'a> {
    fn decide(&mut self, fields: &[Field<'_>], readings: &[Reading]) -> MemoFinding {
        let at = self.question.at;
        let (exact, other) = self.matches(readings);
        if self.conflict(fields, &exact) {
            return found(MemoStanding::Unassigned, None, None);
        }
        let is_missing = fields.iter().all(Field::is_missing);
        let unnamed = if is_missing {
            MemoStanding::Missing
        } else {
            MemoStanding::Unassigned
        };

        let pick = |keep: fn(&AssignedMemo, Option<Timestamp>) -> bool| -> Vec<_> {
            let rows = exact.iter().copied();
            rows.filter(|(_, row)| keep(row, at)).collect()
        };
        let live = pick(AssignedMemo::is_live_at);
        if !live.is_empty() {
            let named = users(&live);
            let Some(owner) = only(&named) else {
                self.note_all(MemoSign::SeveralOwners, &live);
                return found(unnamed, None, None);
            };
            let same_number = self.same_number(&other, owner);
            if !same_number.is_empty() {
                self.note_all(MemoSign::SeveralOwners, &live);
                self.note_all(MemoSign::SeveralOwners, &same_number);
                return found(unnamed, None, None);
            }
            self.note_all(MemoSign::Exact, &live);
            self.note_closed(&live);
            if self.sender_disputes(owner, &live) {
                return found(MemoStanding::OfAnotherUser, None, None);
            }
            return found(MemoStanding::Good, Some(owner), None);
        }
        let retired = pick(|row, at| !row.is_later_than(at) && row.is_retired_at(at));
        if !retired.is_empty() {
            self.note_all(MemoSign::RetiredValue, &retired);
            self.note_closed(&retired);
            let Some(owner) = only(&users(&retired)) else {
                return found(unnamed, None, None);
            };
            if self.sender_disputes(owner, &retired) {
                return found(MemoStanding::OfAnotherUser, None, None);
            }
            // Nobody else can be meant, and nothing can be booked: whose it is may be told.
            let is_closed = retired
                .iter()
                .all(|(_, row)| row.account == AccountStanding::Closed);
            return if is_closed {
                found(MemoStanding::Good, Some(owner), None)
            } else {
                found(unnamed, None, Some(owner))
            };
        }
        self.note_all(MemoSign::AssignedLater, &exact);

        if !other.is_empty() {
            return self.read_otherwise(&other, unnamed);
        }
        self.near(fields, unnamed)
    }

    /// What the book has for the readings: rows for values as they stand in a routing field, and live rows for the rest.
    fn matches<'r>(&self, readings: &'r [Reading]) -> (Vec<Pair<'r, 'a>>, Vec<Pair<'r, 'a>>) {
        let shape = self.question.rules.shape;
        let (mut exact, mut other) = (Vec::new(), Vec::new());
        for row in self.question.assigned {
            let (class, value) = assigned(&row.value, shape);
            for reading in readings.iter().filter(|reading| reading.value == value) {
                if reading.signs.is_empty() && reading.class == class {
                    exact.push((reading, row));
                } else if row.is_live_at(self.question.at) {
                    other.push((reading, row));
                }
            }
        }
        (exact, other)
    }

    /// Rows of other users whose value a network that carries numbers cannot tell from the exact one: `00123` reaches us as
    /// 123, whoever was told to write it.
    fn same_number<'r>(&self, other: &[Pair<'r, 'a>], owner: &str) -> Vec<Pair<'r, 'a>> {
        let is_number = self.question.rules.shape == MemoShape::Tag;
        let rows = other.iter().copied().filter(|_| is_number);
        rows.filter(|(reading, row)| row.user != owner && reading.signs == [MemoSign::LeadingZeros])
            .collect()
    }

    /// Two routing fields with two values: nobody can say which one the sender meant.
    fn conflict(&mut self, fields: &[Field<'_>], exact: &[Pair<'_, '_>]) -> bool {
        let values: BTreeSet<&str> = fields
            .iter()
            .filter(|field| !field.is_missing())
            .map(|field| match field.plain.as_str() {
                "" => field.text.as_str(),
                plain => plain,
            })
            .collect();
        if values.len() < 2 {
            return false;
        }
        for field in fields.iter().filter(|field| !field.is_missing()) {
            self.note_field(MemoSign::ValuesConflict, field);
        }
        let at = self.question.at;
        let live = exact.iter().filter(|(_, row)| row.is_live_at(at));
        self.note_all(MemoSign::Exact, &live.copied().collect::<Vec<_>>());
        true
    }

    /// Whether the sender is known as one other user's. Both are named, and neither gets it without a person.
    fn sender_disputes(&mut self, owner: &str, rows: &[Pair<'_, '_>]) -> bool {
        let senders: BTreeSet<&str> = self.question.senders.iter().map(String::as_str).collect();
        let Some(sender) = only(&senders).filter(|sender| *sender != owner) else {
            return false;
        };
        for (reading, row) in rows {
            self.evidence.insert(MemoEvidence {
                sign: MemoSign::OfAnotherUser,
                place: reading.place.clone(),
                value: reading.text.clone(),
                assigned: Some(row.value.clone()),
                user: Some(sender.to_owned()),
            });
        }
        true
    }

    /// Values that had to be read otherwise than they stand.
    fn read_otherwise(&mut self, rows: &[Pair<'_, 'a>], unnamed: MemoStanding) -> MemoFinding {
        for (reading, row) in rows {
            for sign in self.signs(reading, row) {
                self.note(sign, reading, row);
            }
        }
        self.note_closed(rows);
        let Some(owner) = only(&users(rows)) else {
            return found(unnamed, None, None);
        };
        let is_elsewhere = rows.iter().any(|(reading, row)| {
            let signs = self.signs(reading, row);
            signs.contains(&MemoSign::InOtherField) || signs.contains(&MemoSign::WrongType)
        });
        let standing = if is_elsewhere {
            MemoStanding::InWrongField
        } else {
            unnamed
        };
        let disputed = self.sender_disputes(owner, rows);
        found(standing, None, (!disputed).then_some(owner))
    }

    /// How a reading came to a row's value; the type counts where the network tells types apart.
    fn signs(&self, reading: &Reading, row: &AssignedMemo) -> BTreeSet<MemoSign> {
        let (class, _): (Class, _) = assigned(&row.value, self.question.rules.shape);
        let mut signs: BTreeSet<MemoSign> = reading.signs.iter().copied().collect();
        if class != reading.class {
            signs.insert(MemoSign::WrongType);
        }
        signs
    }

    /// Values of live users one slip away from a routing field's.
    fn near(&mut self, fields: &[Field<'_>], unnamed: MemoStanding) -> MemoFinding {
        let shape = self.question.rules.shape;
        let mut named = BTreeSet::new();
        let mut rows: Vec<&AssignedMemo> = self.question.near.iter().collect();
        rows.sort();
        for field in fields {
            let values = neighbours_of(field, shape);
            for row in &rows {
                let is_live =
                    row.is_live_at(self.question.at) && row.account != AccountStanding::Closed;
                if !is_live || !values.contains(&assigned(&row.value, shape).1) {
                    continue;
                }
                named.insert(row.user.as_str());
                if named.len() <= NEAR_NAMED_MAX {
                    self.evidence.insert(MemoEvidence {
                        sign: MemoSign::OneDigitOff,
                        place: field.memo.place.clone(),
                        value: field.text.clone(),
                        assigned: Some(row.value.clone()),
                        user: Some(row.user.clone()),
                    });
                }
            }
        }
        let senders: BTreeSet<&str> = self.question.senders.iter().map(String::as_str).collect();
        let sender = only(&senders);
        let proposed = only(&named).filter(|user| sender.is_none_or(|sender| sender == *user));
        found(unnamed, None, proposed)
    }

    /// What the fields themselves are, once nobody is named.
    fn describe(&mut self, fields: &[Field<'_>], standing: MemoStanding) {
        // A value that the book gives away wrongly, late or no more is told by that.
        let is_told = self.evidence.iter().any(|evidence| {
            matches!(
                evidence.sign,
                MemoSign::SeveralOwners | MemoSign::RetiredValue | MemoSign::ValuesConflict
            )
        });
        for field in fields {
            match field.sign {
                Some(sign) => self.note_field(sign, field),
                None if standing != MemoStanding::Missing && !is_told => {
                    self.note_field(MemoSign::Unassigned, field);
                }
                None => {}
            }
        }
    }

    fn note_field(&mut self, sign: MemoSign, field: &Field<'_>) {
        self.evidence.insert(MemoEvidence {
            sign,
            place: field.memo.place.clone(),
            value: field.text.clone(),
            assigned: None,
            user: None,
        });
    }

    fn note(&mut self, sign: MemoSign, reading: &Reading, row: &AssignedMemo) {
        self.evidence.insert(MemoEvidence {
            sign,
            place: reading.place.clone(),
            value: reading.text.clone(),
            assigned: Some(row.value.clone()),
            user: Some(row.user.clone()),
        });
    }

    fn note_all(&mut self, sign: MemoSign, rows: &[Pair<'_, '_>]) {
        for (reading, row) in rows {
            self.note(sign, reading, row);
        }
    }

    fn note_closed(&mut self, rows: &[Pair<'_, '_>]) {
        for (reading, row) in rows {
            if row.account == AccountStanding::Closed {
                self.note(MemoSign::ClosedAccount, reading, row);
            }
        }
    }
}
