//! Which appeals must be matched again when something changed, and how the others are kept.
//!
//! On what a decision depends, and how a change of it is noticed:
//!
//! | What | How it is noticed |
//! | --- | --- |
//! | the appeal's own words, what a person took back from it, what its user proved | whoever keeps the looks says so: [`Changes::appeals`], [`Changes::users`] |
//! | the deposits that its keys lead to | a [`Look`] remembers the keys; a deposit that came, went or changed is held against them with its old and its new values |
//! | how common a deposit's values are (level by level: outputs of its transaction, its address, its sender, its twins) | the counts before are computed from those now; a deposit whose level changed counts as changed |
//! | the address book: the user's own rows; who owns a deposit's address or memo | [`Changes::records`]: the rows' users are looked at again, and every deposit at such an address or with such a memo counts as changed |
//! | who else asks for its candidates, what else the user asks for, to whom the assignment gives what | every look is decided with all others in each run ([`Matcher::decide`]): looks are small and deciding is cheap |
//! | counts that a reason quotes, the limit, the model's thresholds | in the [`Fingerprint`] of a ruling, which is computed for every appeal in each run |
//! | the model, the vocabulary, this program | whoever keeps the looks matches everything when [`program`] or its vocabulary is another |
//!
//! So a run looks at the touched appeals only, decides all of them, and makes outcomes for those whose ruling changed. It gives
//! the outcomes that a run over everything gives, byte for byte.

use crate::book;
use crate::clue::AppealClues;
use crate::decide::{Candidate, Interest, Limit, Matcher, Ruling, in_parallel};
use crate::facts::DepositFacts;
use crate::index::{DepositIndex, KeyKind, RowNo};
use crate::levels::{self, Levels, PARTS};
use crate::rows::RowRef;
use crate::watch::{Stirred, Watch};
use crate::{keys, standing};
use recover_core::appeal::{AppealId, MatchOutcome};
use recover_core::book::AddressRecord;
use recover_core::observation::DepositId;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The shape in which looks are kept; looks of another are made anew.
const SHAPE: u8 = 1;

/// A digest over the sources of this crate and of core, and the model that is compiled in: what another program looked at is
/// looked at again.
#[must_use]
pub const fn program() -> &'static str {
    env!("RECOVER_MATCHING_SOURCES")
}

/// What one appeal wants and what would change that, without row numbers: it can be kept from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    appeal: Box<str>,
    user_id: Box<str>,
    candidates: Box<[(DepositId, Levels)]>,
    compared: u32,
    is_capped: bool,
    is_taken_back: bool,
    watch: Watch,
}

impl Look {
    /// The appeal.
    #[must_use]
    pub fn appeal(&self) -> AppealId {
        AppealId::verbatim(&self.appeal)
    }

    /// How many deposits it was compared with.
    #[must_use]
    pub const fn compared(&self) -> u32 {
        self.compared
    }

    /// The look as bytes, without appeal and user; [`Look::from_bytes`] reads them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![
            SHAPE,
            u8::from(self.is_capped) | u8::from(self.is_taken_back) << 1,
            u8::try_from(PARTS).unwrap_or(u8::MAX),
        ];
        let number = |bytes: &mut Vec<u8>, number: usize| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            bytes.extend(number.to_le_bytes());
        };
        bytes.extend(self.compared.to_le_bytes());
        number(&mut bytes, self.candidates.len());
        for (id, levels) in &self.candidates {
            number(&mut bytes, id.as_str().len());
            bytes.extend(id.as_str().as_bytes());
            bytes.extend(levels.0);
        }
        let (from, to) = self.watch.span;
        bytes.extend(from.to_le_bytes());
        bytes.extend(to.to_le_bytes());
        for marks in [&self.watch.always, &self.watch.timed] {
            number(&mut bytes, marks.len());
            for mark in marks {
                bytes.extend(mark.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads what [`Look::to_bytes`] wrote; `None` for anything else, what an earlier program wrote among it.
    #[must_use]
    pub fn from_bytes(appeal: &AppealId, user_id: &str, bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let [shape, flags, parts] = bytes.take()?;
        if shape != SHAPE || usize::from(parts) != PARTS {
            return None;
        }
        let compared = u32::from_le_bytes(bytes.take()?);
        let mut candidates = Vec::new();
        for _ in 0..bytes.count()? {
            let length = bytes.count()?;
            let id = std::str::from_utf8(bytes.slice(length)?).ok()?;
            candidates.push((DepositId::verbatim(id), Levels(bytes.take()?)));
        }
        let span = (
            i64::from_le_bytes(bytes.take()?),
            i64::from_le_bytes(bytes.take()?),
        );
        let [always, timed] = [bytes.marks()?, bytes.marks()?];
        bytes.0.is_empty().then(|| Self {
            appeal: appeal.as_str().into(),
            user_id: user_id.into(),
            candidates: candidates.into_boxed_slice(),
            compared,
            is_capped: flags & 1 != 0,
            is_taken_back: flags & 2 != 0,
            watch: Watch {
                always,
                timed,
                span,
            },
        })
    }
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).ok()
    }

    fn marks(&mut self) -> Option<Box<[u32]>> {
        let count = self.count()?;
        let bytes = self.slice(count.checked_mul(4)?)?;
        let marks = bytes.as_chunks::<4>().0.iter();
        Some(marks.map(|mark| u32::from_le_bytes(*mark)).collect())
    }
}

/// The first sixteen bytes of a SHA-256: what has the same is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint that these bytes are; `None` unless there are sixteen.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// The fingerprint of an outcome.
    #[must_use]
    pub fn of_outcome(outcome: &MatchOutcome) -> Self {
        // Every field with its name, texts quoted: two that differ never print the same.
        Self::of(&format!("{outcome:?}"))
    }
}

/// A deposit that came, went or changed since the kept looks were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDeposit {
    /// Which.
    pub id: DepositId,
    /// What it was then; `None` where it was none that an appeal may mean. What it is now says the index.
    pub before: Option<DepositFacts>,
}

/// What changed since the kept looks were made.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Appeals that say something else, from which a match was taken back, or whose user's proofs changed.
    pub appeals: BTreeSet<AppealId>,
    /// Users all of whose appeals are to be looked at again.
    pub users: BTreeSet<String>,
    /// Deposits, each once.
    pub deposits: Vec<ChangedDeposit>,
    /// Rows of the address book that are new or say something else.
    pub records: Vec<AddressRecord>,
}

/// Which looks may be other than they were, by their places: `true` where the appeal must be looked at again.
#[must_use]
pub fn touched(looks: &[Look], changes: &Changes, index: &DepositIndex) -> Vec<bool> {
    let mut users: BTreeSet<&str> = changes.users.iter().map(String::as_str).collect();
    users.extend(
        changes
            .records
            .iter()
            .filter_map(|record| record.user_id.as_deref()),
    );
    let appeals: BTreeSet<&str> = changes.appeals.iter().map(AppealId::as_str).collect();
    let stirred = stirred(changes, index);
    in_parallel(looks, |look| {
        appeals.contains(&*look.appeal)
            || users.contains(&*look.user_id)
            || (!stirred.is_empty() && stirred.meets(&look.watch))
            // What is gone without a word is looked at again all the same.
            || look.candidates.iter().any(|(id, _)| index.find(id).is_none())
    })
}

/// The deposits whose comparison with an appeal may be another than before.
fn stirred(changes: &Changes, index: &DepositIndex) -> Stirred {
    let mut stirred = Stirred::default();
    let mut rows: BTreeSet<RowNo> = BTreeSet::new();
    let before = DepositIndex::new(
        changes
            .deposits
            .iter()
            .filter_map(|deposit| deposit.before.clone()),
    );
    let mut counts = Counts::default();
    for deposit in &changes.deposits {
        if let Some(number) = index.find(&deposit.id)
            && let Some(row) = index.row(number)
        {
            counts.add(row, 1);
            rows.insert(number);
        }
    }
    for number in 0..u32::try_from(before.len()).unwrap_or(u32::MAX) {
        if let Some(row) = before.row(RowNo(number)) {
            counts.add(row, -1);
            stirred.add(row);
        }
    }
    counts.changed(index, &mut rows);
    for record in &changes.records {
        if let Some((kind, key)) = book::deposit_keys(record) {
            rows.extend(index.run(kind, key));
        }
    }
    for number in rows {
        if let Some(row) = index.row(number) {
            stirred.add(row);
        }
    }
    stirred
}

/// What changed deposits add to the counts that the rarity of others is taken from, by key.
#[derive(Default)]
struct Counts {
    transactions: HashMap<u64, isize>,
    addresses: HashMap<u64, isize>,
    senders: HashMap<u64, isize>,
    /// By coin and amount: when, to which address, one more or one less.
    values: HashMap<u64, Vec<(i64, u64, isize)>>,
}

impl Counts {
    fn add(&mut self, row: RowRef<'_>, change: isize) {
        let mut count = |map: fn(&mut Self) -> &mut HashMap<u64, isize>, kind: KeyKind| {
            if let Some(key) = kind.key(row) {
                *map(self).entry(key).or_default() += change;
            }
        };
        count(|of| &mut of.transactions, KeyKind::Transaction);
        count(|of| &mut of.addresses, KeyKind::To);
        count(|of| &mut of.senders, KeyKind::From);
        if let Some(key) = KeyKind::Value.key(row)
            && let Some(time) = row.time()
        {
            let to = keys::text(row.to());
            let list = self.values.entry(key).or_default();
            list.push((time.as_micros(), to, change));
        }
    }

    /// Adds the rows that are as common as before no longer.
    fn changed(&self, index: &DepositIndex, rows: &mut BTreeSet<RowNo>) {
        type Class = fn(usize) -> u8;
        let kinds: [(&HashMap<u64, isize>, KeyKind, Class); 3] = [
            (
                &self.transactions,
                KeyKind::Transaction,
                standing::outputs_class,
            ),
            (&self.addresses, KeyKind::To, levels::common),
            (&self.senders, KeyKind::From, levels::common),
        ];
        for (map, kind, class) in kinds {
            for (key, change) in map {
                let now = index.run(kind, *key).count();
                if class(now) != class(now.saturating_add_signed(-change)) {
                    rows.extend(index.run(kind, *key));
                }
            }
        }
        for (key, list) in &self.values {
            for number in index.run(KeyKind::Value, *key) {
                let Some(row) = index.row(number) else {
                    continue;
                };
                let Some(at) = row.time().map(|time| time.as_micros()) else {
                    continue;
                };
                let to = keys::text(row.to());
                let change = |seconds: i64, is_there: bool| -> isize {
                    let reach = seconds.unsigned_abs().saturating_mul(1_000_000);
                    list.iter()
                        .filter(|(time, of, _)| {
                            time.abs_diff(at) <= reach && (!is_there || *of == to)
                        })
                        .map(|(_, _, change)| change)
                        .sum()
                };
                let of_day = change(standing::TWIN_DAY_SECONDS, false);
                let near = change(standing::TWIN_SECONDS, true);
                if of_day == 0 && near == 0 {
                    continue;
                }
                let (now_of_day, now_near) = standing::twins(index, row);
                let is_other = |now: usize, change: isize| {
                    levels::twins(now) != levels::twins(now.saturating_add_signed(-change))
                };
                if is_other(now_of_day, of_day) || is_other(now_near, near) {
                    rows.insert(number);
                }
            }
        }
    }
}

/// What is kept of an appeal from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it wanted.
    pub look: Look,
    /// What was decided; `None` where no outcome of it is kept.
    pub ruling: Option<Fingerprint>,
}

/// What a run made of one appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The appeal.
    pub appeal: AppealId,
    /// Its look; `None` where the kept one stands.
    pub look: Option<Look>,
    /// What was decided.
    pub ruling: Ruling,
    /// The ruling's fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether the outcome that is kept is still the one: nobody need make it again.
    pub is_kept: bool,
}

/// Decides every appeal: those of `fresh` by looking at them, the others by their kept looks. In the order of the appeals' ids.
/// A kept look of an appeal that is among the fresh ones is left out.
#[must_use]
pub fn rematch(
    matcher: &Matcher<'_>,
    kept: Vec<Kept>,
    fresh: &[AppealClues],
    limit: Option<&Limit<'_>>,
) -> Vec<Decided> {
    struct Seen {
        interest: Interest,
        look: Option<Look>,
        ruling: Option<Fingerprint>,
    }
    let mut seen: BTreeMap<Box<str>, Seen> = BTreeMap::new();
    for kept in kept {
        // A look whose deposits are gone is touched: whoever keeps it gives its appeal among the fresh ones.
        if let Some(interest) = matcher.interest_of(&kept.look) {
            let new = Seen {
                interest,
                look: None,
                ruling: kept.ruling,
            };
            seen.insert(kept.look.appeal, new);
        }
    }
    for (interest, look) in in_parallel(fresh, |clues| matcher.watched_look(clues)) {
        let new = Seen {
            interest,
            look: Some(look),
            ruling: None,
        };
        seen.insert(new.interest.appeal.clone(), new);
    }
    let mut interests = Vec::with_capacity(seen.len());
    let mut looks = Vec::with_capacity(seen.len());
    for seen in seen.into_values() {
        interests.push(seen.interest);
        looks.push((seen.look, seen.ruling));
    }
    let rulings = matcher.decide(&interests, limit);
    let fingerprints = in_parallel(&rulings, |ruling| matcher.fingerprint(ruling));
    interests
        .into_iter()
        .zip(looks)
        .zip(rulings.into_iter().zip(fingerprints))
        .map(
            |((interest, (look, known)), (ruling, fingerprint))| Decided {
                appeal: AppealId::verbatim(&interest.appeal),
                look,
                ruling,
                fingerprint,
                is_kept: known == Some(fingerprint),
            },
        )
        .collect()
}

impl Matcher<'_> {
    /// What an appeal wants, and what would change that.
    #[must_use]
    pub fn watched_look(&self, clues: &AppealClues) -> (Interest, Look) {
        let (pairs, is_capped, watch) = self.watched_pairs(clues);
        let interest = self.interest(clues, &pairs, is_capped);
        let candidates = interest.candidates.iter();
        let look = Look {
            appeal: interest.appeal.clone(),
            user_id: interest.user_id.clone(),
            candidates: candidates
                .map(|candidate| (self.id(candidate.row), candidate.levels))
                .collect(),
            compared: interest.compared,
            is_capped,
            is_taken_back: interest.is_taken_back,
            watch,
        };
        (interest, look)
    }

    /// What an appeal wants by a look that was kept; `None` when one of its deposits is gone.
    #[must_use]
    pub fn interest_of(&self, look: &Look) -> Option<Interest> {
        let candidates = look.candidates.iter().map(|(id, levels)| {
            Some(Candidate {
                row: self.index.find(id)?,
                levels: *levels,
                identify: self.model.identify(levels),
                entitle: self.model.entitle(levels),
            })
        });
        Some(Interest {
            appeal: look.appeal.clone(),
            user_id: look.user_id.clone(),
            candidates: candidates.collect::<Option<_>>()?,
            compared: look.compared,
            is_capped: look.is_capped,
            is_taken_back: look.is_taken_back,
        })
    }

    /// The fingerprint of a ruling with everything that its reasons quote beyond the appeal's own words and the deposit's own
    /// values.
    #[must_use]
    pub fn fingerprint(&self, ruling: &Ruling) -> Fingerprint {
        let shown = ruling.candidate.and_then(|candidate| {
            let row = self.index.row(candidate.row)?;
            Some((
                row.id_text(),
                self.index.outputs(row),
                self.index.twins(row),
            ))
        });
        // Row numbers mean nothing in the next run.
        let candidate = ruling.candidate.map(|candidate| Candidate {
            row: RowNo(0),
            ..candidate
        });
        let ruling = Ruling {
            candidate,
            ..ruling.clone()
        };
        Fingerprint::of(&format!("{shown:?} {ruling:?}"))
    }
}
