//! One appeal against one deposit: how each field compares, and what that weighs.
//!
//! Weights are bits of evidence: how much likelier the comparison is when the appeal means the deposit than when it does
//! not. What is rare among the deposits at hand weighs more: an amount that a hundred deposits share says little.

use crate::amount::Closeness;
use crate::asset::Sameness;
use crate::book::{UserBook, UserRef};
use crate::clue::{AppealClues, Field, Found, Id, Proof};
use crate::index::DepositIndex;
use crate::rows::RowRef;
use crate::{amount, asset, text};
use recover_core::appeal::MatchReason;
use recover_core::memo::MemoFinding;

/// 1/1024 bit.
const BIT: i32 = 1024;

/// Deposits are reckoned as at least this many, so that three deposits in a new database do not make everything likely.
const POPULATION_MIN: usize = 1024;

/// A zone is a whole number of quarters of an hour from UTC.
const QUARTER_SECONDS: i64 = 900;

/// How a stated id compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Like {
    /// Nothing to compare.
    Absent,
    /// Another one.
    Differs,
    /// What is shown of it fits, by this many characters.
    Shown(u8),
    /// It fits but for this many changes.
    Edited(u8),
    /// The same, in a field where it does not belong.
    Misplaced,
    /// The same.
    Exact,
}

/// How the deposit's time lies to the stated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    Absent,
    Outside,
    /// Less than a day off.
    DayOff,
    /// Inside the window.
    Inside,
    /// Inside, and whole quarters of an hour away: the user's own zone.
    Zone,
    /// Within minutes.
    Exact,
}

/// Whose the deposit is, as far as the exchange knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody knows.
    Unknown,
    /// It arrived at an address issued to the claimant alone.
    Address,
    /// It carries the claimant's own memo.
    Memo,
    /// It carries a memo that is the claimant's but for a slip.
    NearMemo,
    /// Its memo names one user and another fact names another, and the claimant is one of them.
    Disputed,
    /// It comes from an address from which the claimant has sent before.
    Sender,
    /// It carries a memo that is one other user's but for a slip.
    OtherNearMemo,
    /// It carries the memo of somebody else.
    OtherMemo,
    /// It arrived at an address issued to somebody else.
    OtherAddress,
}

impl Owner {
    /// Whether this is knowledge that no stranger could have, strong enough to go without a person.
    pub(crate) const fn is_entitled(self) -> bool {
        matches!(self, Self::Address | Self::Memo)
    }
}

/// How every field compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) owner: Owner,
    pub(crate) transaction: Like,
    pub(crate) to: Like,
    pub(crate) from: Like,
    pub(crate) asset: Option<Sameness>,
    pub(crate) amount: Option<Closeness>,
    pub(crate) time: Timing,
    pub(crate) memo: Like,
    /// Whether the network is the stated one; `None` when none was stated.
    pub(crate) network: Option<bool>,
    pub(crate) has_session: bool,
    pub(crate) sum: i32,
}

impl Levels {
    /// Whether address, asset, amount and time all fit.
    pub(crate) fn is_complete(&self) -> bool {
        self.to >= Like::Misplaced
            && self.asset.is_some_and(|same| same >= Sameness::Alias)
            && self.amount == Some(Closeness::Exact)
            && matches!(self.time, Timing::Exact | Timing::Zone | Timing::Inside)
    }
}

/// Compares one appeal with deposits.
pub(crate) struct Comparer<'a> {
    clues: &'a AppealClues,
    index: &'a DepositIndex,
    book: &'a UserBook,
    user: Option<UserRef<'a>>,
}

/// The prior weight against a deposit: one of so many.
pub(crate) fn prior(index: &DepositIndex) -> i32 {
    bits(index.len().max(POPULATION_MIN), 1)
}

/// The whole bits of `of / part`, in 1/1024 bit.
fn bits(of: usize, part: usize) -> i32 {
    let log = (of / part.max(1)).max(1).ilog2();
    i32::try_from(log).unwrap_or(0) * BIT
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(clues: &'a AppealClues, index: &'a DepositIndex, book: &'a UserBook) -> Self {
        Self {
            clues,
            index,
            book,
            user: book.user(&clues.user_id),
        }
    }

    pub(crate) fn compare(&self, row: RowRef<'_>) -> Levels {
        let mut levels = Levels {
            owner: self.owner(row),
            transaction: like(&self.clues.transactions, row.transaction(), 3, |_| true),
            to: like(&self.clues.addresses, row.to(), 2, |field| {
                field == Field::To
            }),
            from: row.from().map_or(Like::Absent, |from| {
                like(&self.clues.addresses, from, 2, |field| field == Field::From)
            }),
            asset: self.asset(row),
            amount: row.amount().and_then(|arrived| {
                let stated = self.clues.amounts.iter();
                stated
                    .map(|clue| amount::compare(clue.value, arrived))
                    .max()
            }),
            time: self.time(row),
            memo: self.memo(row),
            network: self.network(row),
            has_session: self.session(row),
            sum: 0,
        };
        levels.sum = weights(&levels, self, row).iter().sum();
        levels
    }

    fn owner(&self, row: RowRef<'_>) -> Owner {
        let Some(family) = row.family() else {
            return Owner::Unknown;
        };
        let user_id = &self.clues.user_id;
        let owners: Vec<&str> = self.book.owners(family, row.to()).collect();
        if !owners.is_empty() {
            if !owners.contains(&user_id.as_str()) {
                return Owner::OtherAddress;
            }
            if owners.len() == 1 {
                return Owner::Address;
            }
            // Issued to several: the book contradicts itself, and a person must look.
            return Owner::Unknown;
        }
        let finding = row.memo_finding();
        if let Some(owner) = finding.and_then(|finding| self.named_by(finding)) {
            return owner;
        }
        if let Some(memo) = row.memo() {
            // The memo of a file's deposit was judged by nobody: it is compared as text, and as strictly.
            let owners = self.book.memo_owners(row).filter(|_| finding.is_none());
            if let Some(owners) = owners {
                let user = user_id.as_str();
                if owners.exact.contains(user) {
                    return if owners.exact.len() == 1 {
                        Owner::Memo
                    } else {
                        Owner::NearMemo
                    };
                }
                if !owners.exact.is_empty() {
                    return Owner::OtherMemo;
                }
                return if owners.near.contains(user) {
                    Owner::NearMemo
                } else {
                    Owner::OtherNearMemo
                };
            }
            let is_near = self.user.is_some_and(|user| {
                user.memos().any(|(of, own)| {
                    of == family && own.len() >= 6 && text::edits(own, memo, 2).is_some()
                })
            });
            if is_near {
                return Owner::NearMemo;
            }
        }
        match (self.user, row.from()) {
            (Some(user), Some(sender)) if user.senders().any(|own| own == sender) => Owner::Sender,
            _ => Owner::Unknown,
        }
    }

    /// Whose it is by the judgement of its routing fields; `None` where they say nothing about this user.
    fn named_by(&self, finding: &MemoFinding) -> Option<Owner> {
        let user = self.clues.user_id.as_str();
        if let Some(owner) = &finding.owner {
            return Some(if owner == user {
                Owner::Memo
            } else {
                Owner::OtherMemo
            });
        }
        let is_named = finding.named().contains(user);
        if finding.is_disputed() {
            return Some(if is_named {
                Owner::Disputed
            } else {
                Owner::OtherMemo
            });
        }
        // One of several who may be meant is as near as the only one; which of them, a person says.
        let is_anothers = finding.proposed.is_some().then_some(Owner::OtherNearMemo);
        is_named.then_some(Owner::NearMemo).or(is_anothers)
    }

    fn asset(&self, row: RowRef<'_>) -> Option<Sameness> {
        let compare = |stated: &String| {
            if Some(stated.as_str()) == row.contract() {
                Sameness::Same
            } else {
                asset::compare(stated, row.symbol())
            }
        };
        let stated = self.clues.assets.iter();
        stated.map(|clue| compare(&clue.value)).max()
    }

    fn time(&self, row: RowRef<'_>) -> Timing {
        let Some(seconds) = row.seconds() else {
            return Timing::Absent;
        };
        let mut best = Timing::Absent;
        for window in self.clues.times.iter().map(|clue| clue.value) {
            let (from, to) = (window.from.as_seconds(), window.to.as_seconds());
            let here = if seconds < from || seconds > to {
                let off = if seconds < from {
                    from - seconds
                } else {
                    seconds - to
                };
                if off <= 24 * 3600 {
                    Timing::DayOff
                } else {
                    Timing::Outside
                }
            } else {
                match window.stated.map(recover_core::time::Timestamp::as_seconds) {
                    None => Timing::Inside,
                    Some(stated) => {
                        let off = seconds.abs_diff(stated);
                        let quarter = i64::try_from(off).unwrap_or(0) % QUARTER_SECONDS;
                        let to_quarter = quarter.min(QUARTER_SECONDS - quarter);
                        if off <= 900 {
                            Timing::Exact
                        } else if to_quarter <= 240 {
                            Timing::Zone
                        } else {
                            Timing::Inside
                        }
                    }
                }
            };
            if timing_weight(here) > timing_weight(best) || best == Timing::Absent {
                best = here;
            }
        }
        best
    }

    fn memo(&self, row: RowRef<'_>) -> Like {
        let stated = &self.clues.memos;
        match row.memo() {
            None => Like::Absent,
            Some(_) if stated.is_empty() => Like::Absent,
            Some(memo) => stated
                .iter()
                .map(|clue| {
                    let own = clue.value.to_lowercase();
                    if own == memo {
                        Like::Exact
                    } else if own.len() >= 5 && text::edits(&own, memo, 2).is_some() {
                        Like::Edited(2)
                    } else {
                        Like::Differs
                    }
                })
                .max()
                .unwrap_or(Like::Absent),
        }
    }

    fn network(&self, row: RowRef<'_>) -> Option<bool> {
        let linked = self
            .clues
            .networks
            .iter()
            .filter(|clue| clue.value.is_from_link);
        // A pasted link outranks what the user calls the network.
        let mut stated: Vec<_> = linked.collect();
        if stated.is_empty() {
            stated = self.clues.networks.iter().collect();
        }
        let mut networks = stated.iter().map(|clue| &clue.value.network).peekable();
        networks.peek()?;
        Some(networks.any(|network| network == row.network()))
    }

    fn session(&self, row: RowRef<'_>) -> bool {
        let view = self
            .clues
            .session_view_at
            .map(recover_core::time::Timestamp::as_seconds);
        view.zip(row.seconds())
            .is_some_and(|(view, seconds)| (-600..=3600).contains(&(seconds - view)))
    }
}

/// How the best of several clues compares with one text.
fn like(
    clues: &[Found<Id>],
    text: &str,
    edits_max: usize,
    belongs: impl Fn(Field) -> bool,
) -> Like {
    let mut best = Like::Absent;
    for clue in clues {
        let here = match &clue.value {
            Id::Whole(stated) if stated == text => {
                if belongs(clue.field) {
                    Like::Exact
                } else {
                    Like::Misplaced
                }
            }
            Id::Whole(stated) => match text::edits(stated, text, edits_max) {
                Some(edits) => Like::Edited(u8::try_from(edits).unwrap_or(u8::MAX)),
                None => cut(stated, text).unwrap_or(Like::Differs),
            },
            Id::Ends { head, tail } => {
                let shown = head.len() + tail.len();
                if shown <= text.len()
                    && text.starts_with(head.as_str())
                    && text.ends_with(tail.as_str())
                {
                    Like::Shown(u8::try_from(shown).unwrap_or(u8::MAX))
                } else {
                    Like::Differs
                }
            }
        };
        // A clue in another field that does not fit says nothing about this one.
        if here > Like::Differs || belongs(clue.field) {
            best = best.max(here);
        }
    }
    best
}

/// Whether a stated id is the beginning or the end of a text.
fn cut(stated: &str, text: &str) -> Option<Like> {
    (stated.len() >= 16 && (text.starts_with(stated) || text.ends_with(stated)))
        .then(|| Like::Shown(u8::try_from(stated.len()).unwrap_or(u8::MAX)))
}

const fn timing_weight(timing: Timing) -> i32 {
    match timing {
        Timing::Absent => 0,
        Timing::Outside => -6 * BIT,
        Timing::DayOff => -2 * BIT,
        Timing::Inside => 2 * BIT,
        Timing::Zone => 3 * BIT,
        Timing::Exact => 6 * BIT,
    }
}

/// Weights in the order of [`reasons`].
fn weights(levels: &Levels, comparer: &Comparer<'_>, row: RowRef<'_>) -> [i32; 11] {
    let index = comparer.index;
    let population = index.len().max(POPULATION_MIN);
    let rare =
        |part: usize, least: i32, most: i32| bits(population, part).clamp(least * BIT, most * BIT);
    let owner = match levels.owner {
        Owner::Unknown => 0,
        Owner::Address | Owner::Memo => 14 * BIT,
        Owner::NearMemo => 8 * BIT,
        Owner::Sender | Owner::Disputed => 7 * BIT,
        Owner::OtherNearMemo => -3 * BIT,
        Owner::OtherMemo => -6 * BIT,
        Owner::OtherAddress => -14 * BIT,
    };
    let outputs = index.outputs(row);
    let transaction = match levels.transaction {
        Like::Absent => 0,
        Like::Differs => -5 * BIT,
        Like::Shown(shown) => (i32::from(shown) * 2).min(18) * BIT - bits(outputs, 1),
        Like::Edited(edits) => (20 - i32::from(edits)) * BIT - bits(outputs, 1),
        Like::Misplaced | Like::Exact => 24 * BIT - bits(outputs, 1),
    };
    let at_address = index.at_address(row);
    let to = match levels.to {
        Like::Absent => 0,
        Like::Differs => -5 * BIT,
        Like::Shown(_) | Like::Edited(_) => rare(at_address, 1, 9),
        Like::Misplaced | Like::Exact => rare(at_address, 1, 11),
    };
    let from_address = index.of_sender(row);
    let from = match levels.from {
        Like::Absent => 0,
        Like::Differs => -BIT,
        Like::Shown(_) | Like::Edited(_) => rare(from_address, 1, 8),
        Like::Misplaced | Like::Exact => rare(from_address, 1, 10),
    };
    let asset = match levels.asset {
        None => 0,
        Some(Sameness::Differs) => -4 * BIT,
        Some(Sameness::Alias) => 2 * BIT,
        Some(Sameness::Same) => 3 * BIT,
    };
    let amount = match levels.amount {
        None => 0,
        Some(Closeness::Differs) => -5 * BIT,
        Some(Closeness::Shifted) => -BIT,
        Some(Closeness::Gross) => BIT,
        Some(Closeness::Near) => 4 * BIT,
        Some(Closeness::Exact) => rare(index.twins(row), 3, 10),
    };
    let memo = match levels.memo {
        Like::Absent | Like::Differs | Like::Shown(_) => 0,
        Like::Edited(_) => 6 * BIT,
        Like::Misplaced | Like::Exact => 10 * BIT,
    };
    let network = match levels.network {
        None => 0,
        Some(false) => -BIT,
        Some(true) => 2 * BIT,
    };
    let session = if levels.has_session { 3 * BIT } else { 0 };
    let proof = match comparer.clues.proof {
        Proof::None => 0,
        Proof::Sender | Proof::Record => BIT,
        Proof::Refuted => -6 * BIT,
    };
    [
        owner,
        transaction,
        to,
        from,
        asset,
        amount,
        timing_weight(levels.time),
        memo,
        network,
        session,
        proof,
    ]
}

/// The reasons for a pair in their fixed order: owner, txid, to, from, asset, amount, time, memo, network, session, proof.
pub(crate) fn reasons(
    comparer: &Comparer<'_>,
    row: RowRef<'_>,
    levels: &Levels,
) -> Vec<MatchReason> {
    let clues = comparer.clues;
    let owner = match levels.owner {
        Owner::Unknown => (
            "absent",
            "whose this deposit is, the address book does not say".to_owned(),
        ),
        Owner::Address => (
            "exact",
            format!("{} was issued to this user", row.to_text()),
        ),
        Owner::Memo => (
            "exact",
            "it carries the memo assigned to this user".to_owned(),
        ),
        Owner::NearMemo => ("near", near_memo(clues, row)),
        Owner::Disputed => (
            "near",
            "owner_disputed: its memo names one user and another fact names another".to_owned(),
        ),
        Owner::Sender => (
            "near",
            "this user has sent from the same address before".to_owned(),
        ),
        Owner::OtherNearMemo => (
            "differs",
            "its memo is another user's but for a slip".to_owned(),
        ),
        Owner::OtherMemo => ("differs", "its memo is assigned to another user".to_owned()),
        Owner::OtherAddress => (
            "differs",
            format!("{} belongs to another user", row.to_text()),
        ),
    };
    let outputs = comparer.index.outputs(row);
    let transaction = id_detail(levels.transaction, "transaction", row.tx_id());
    let transaction = if outputs > 1 && levels.transaction > Like::Differs {
        (
            transaction.0,
            format!("{}; {outputs} deposits are in it", transaction.1),
        )
    } else {
        transaction
    };
    let asset = match levels.asset {
        None => ("absent", "no coin was stated".to_owned()),
        Some(same) => {
            let verdict = match same {
                Sameness::Same => "exact",
                Sameness::Alias => "near",
                Sameness::Differs => "differs",
            };
            let symbol = row
                .symbol_text()
                .map_or_else(|| row.asset().to_string(), str::to_owned);
            (verdict, format!("the deposit is in {symbol}"))
        }
    };
    let stated_amounts: Vec<String> = clues
        .amounts
        .iter()
        .map(|clue| clue.value.to_string())
        .collect();
    let amount = match (levels.amount, row.amount()) {
        (None, _) | (_, None) => ("absent", "no amount in coins was stated".to_owned()),
        (Some(closeness), Some(arrived)) => {
            let stated = stated_amounts.join(" or ");
            match closeness {
                Closeness::Exact => (
                    "exact",
                    format!(
                        "{arrived} arrived; {} deposits of this coin and amount",
                        comparer.index.twins(row)
                    ),
                ),
                Closeness::Near => (
                    "near",
                    format!("{stated} stated, {arrived} arrived: rounded"),
                ),
                Closeness::Gross => (
                    "near",
                    format!("{stated} stated, {arrived} arrived: as after a fee"),
                ),
                Closeness::Shifted => (
                    "differs",
                    format!("{stated} stated, {arrived} arrived: the point is elsewhere"),
                ),
                Closeness::Differs => ("differs", format!("{stated} stated, {arrived} arrived")),
            }
        }
    };
    let arrived_at = row.time().map_or_else(String::new, |time| time.to_string());
    let time = match levels.time {
        Timing::Absent => ("absent", "no time was stated".to_owned()),
        Timing::Exact => ("exact", format!("arrived {arrived_at}, within minutes")),
        Timing::Zone => (
            "near",
            format!("arrived {arrived_at}: fits in another time zone"),
        ),
        Timing::Inside => (
            "near",
            format!("arrived {arrived_at}, inside the stated period"),
        ),
        Timing::DayOff => (
            "differs",
            format!("arrived {arrived_at}, less than a day off"),
        ),
        Timing::Outside => ("differs", format!("arrived {arrived_at}")),
    };
    let memo = match levels.memo {
        Like::Absent if row.memo().is_none() => {
            ("absent", "the deposit carries no memo".to_owned())
        }
        Like::Absent => ("absent", "no memo was stated".to_owned()),
        Like::Exact | Like::Misplaced => ("exact", "the stated memo is the deposit's".to_owned()),
        Like::Edited(_) | Like::Shown(_) => (
            "near",
            "the stated memo is the deposit's but for a slip".to_owned(),
        ),
        Like::Differs => ("differs", "the stated memo is not the deposit's".to_owned()),
    };
    let network = match levels.network {
        None => ("absent", "no network was stated".to_owned()),
        Some(true) => ("exact", format!("on {}", row.network())),
        Some(false) => ("differs", format!("the deposit is on {}", row.network())),
    };
    let session = if levels.has_session {
        (
            "near",
            "the deposit page was viewed in the hour before".to_owned(),
        )
    } else {
        (
            "absent",
            "no view of the deposit page in the hour before".to_owned(),
        )
    };
    let proof = match clues.proof {
        Proof::None => (
            "absent",
            "nothing was verified about the claimant".to_owned(),
        ),
        Proof::Sender => ("exact", "support verified the sending address".to_owned()),
        Proof::Record => (
            "near",
            "support saw the sending platform's record".to_owned(),
        ),
        Proof::Refuted => (
            "differs",
            "the signature that was given does not fit".to_owned(),
        ),
    };
    let fields = [
        ("owner", owner),
        ("txid", transaction),
        ("to", id_detail(levels.to, "address", row.to_text())),
        (
            "from",
            id_detail(levels.from, "sender", row.from_text().unwrap_or("unknown")),
        ),
        ("asset", asset),
        ("amount", amount),
        ("time", time),
        ("memo", memo),
        ("network", network),
        ("session", session),
        ("proof", proof),
    ];
    fields
        .into_iter()
        .zip(weights(levels, comparer, row))
        .map(|((field, (verdict, detail)), weight)| MatchReason {
            field: field.to_owned(),
            verdict: verdict.to_owned(),
            weight,
            detail,
        })
        .collect()
}

/// How the deposit's memo comes to be this user's.
fn near_memo(clues: &AppealClues, row: RowRef<'_>) -> String {
    let evidence = row
        .memo_finding()
        .into_iter()
        .flat_map(|finding| &finding.evidence);
    let signs: Vec<&str> = evidence
        .filter(|evidence| evidence.user.as_deref() == Some(clues.user_id.as_str()))
        .map(|evidence| evidence.sign.code())
        .collect();
    if signs.is_empty() {
        "its memo is this user's own but for a slip".to_owned()
    } else {
        format!(
            "its memo is this user's own, read otherwise: {}",
            signs.join(", ")
        )
    }
}

fn id_detail(like: Like, noun: &str, actual: &str) -> (&'static str, String) {
    match like {
        Like::Absent => ("absent", format!("no {noun} was stated")),
        Like::Differs => ("differs", format!("the deposit's {noun} is {actual}")),
        Like::Shown(shown) => (
            "near",
            format!("{shown} characters of {actual} are shown and fit"),
        ),
        Like::Edited(edits) => ("near", format!("{edits} characters off {actual}")),
        Like::Misplaced => ("exact", format!("{actual}, stated in another field")),
        Like::Exact => ("exact", actual.to_owned()),
    }
}
