//! Decisions: the best deposit of each appeal, and what rivals for it change.

use crate::book::UserBook;
use crate::clue::{AppealClues, Field};
use crate::evidence::{self, Comparer, Levels, Like, Owner};
use crate::index::{DepositIndex, RowNo};
use recover_core::appeal::{MatchDecision, MatchOutcome, MatchReason};
use std::collections::HashMap;

/// A rival deposit this close (3 bits: one to eight) makes the choice a person's.
const MARGIN: i32 = 3 * 1024;

/// What was found for one appeal, before rivals are looked at.
struct Pick {
    row: RowNo,
    levels: Levels,
    /// Other deposits nearly as likely.
    twins: usize,
    /// Another deposit that fits address, asset, amount and time as well.
    is_repeated: bool,
    is_capped: bool,
    /// Whether this user proved to be its sender.
    is_proven: bool,
    /// The weights of all candidates and the prior against them.
    field: Vec<i32>,
    reasons: Vec<MatchReason>,
}

impl Pick {
    fn names_by_transaction(&self) -> bool {
        self.levels.transaction >= Like::Misplaced
    }

    fn is_found(&self, prior: i32) -> bool {
        self.levels.sum >= prior && self.levels.owner != Owner::OtherAddress
    }

    /// Whether what the exchange alone knows, or a proof, makes it this user's. A proof of the sender says nothing against the
    /// address book or a memo that name somebody else.
    fn is_entitled(&self) -> bool {
        let owner = self.levels.owner;
        let is_free = matches!(owner, Owner::Unknown | Owner::NearMemo | Owner::Sender);
        owner.is_entitled() || (self.is_proven && is_free)
    }
}

/// Matches every appeal: exactly one outcome each, in the order of `appeals`. The order of appeals, deposits and book rows
/// changes no outcome.
///
/// `auto` needs both: which deposit (its exact transaction, or the only one that fits address, asset, amount and time) and
/// whose (an address issued to this user alone, this user's own memo, or a proof that this user sent it). A transaction id is public and never enough.
/// When users name one deposit by its transaction and nobody owns it, all of them are in `conflict`; when one owns it, the
/// owner is looked at by a person and the others get `none`. What a person took back from an appeal is no candidate of it and no
/// rival's hindrance; the appeal passes only by a person from then on.
#[must_use]
pub fn match_appeals(
    appeals: &[AppealClues],
    deposits: &DepositIndex,
    book: &UserBook,
) -> Vec<MatchOutcome> {
    let prior = evidence::prior(deposits);
    let picks: Vec<Option<Pick>> = appeals
        .iter()
        .map(|clues| pick(clues, deposits, book, prior))
        .collect();
    let rivals = rivals(appeals, &picks, prior);
    appeals
        .iter()
        .zip(picks)
        .map(|(clues, pick)| match pick {
            None => nothing(clues),
            Some(pick) => {
                let rivals = rivals.get(&pick.row).map_or(&[][..], Vec::as_slice);
                outcome(clues, pick, rivals, deposits, prior)
            }
        })
        .collect()
}

fn pick(clues: &AppealClues, deposits: &DepositIndex, book: &UserBook, prior: i32) -> Option<Pick> {
    let user = book.user(&clues.user_id);
    let mut candidates = Vec::new();
    let is_capped = deposits.candidates(clues, user, &mut candidates);
    let comparer = Comparer::new(clues, deposits, book);
    let mut best: Option<(RowNo, Levels)> = None;
    let mut sums: Vec<(RowNo, Levels)> = Vec::with_capacity(candidates.len());
    for place in candidates {
        let Some(row) = deposits.row(place) else {
            continue;
        };
        if !clues.taken_back.is_empty() && clues.taken_back.contains(&row.id()) {
            continue;
        }
        let levels = comparer.compare(row);
        sums.push((place, levels));
        // Rows stand in an order that the input's order does not change, so the first of equals is always the same.
        if best.is_none_or(|(_, known)| levels.sum > known.sum) {
            best = Some((place, levels));
        }
    }
    let (row, levels) = best?;
    // What is far below the prior is no candidate, unless its transaction was named: then the answer is about it.
    if levels.sum < prior - MARGIN && levels.transaction < Like::Misplaced {
        return None;
    }
    let others = || sums.iter().filter(|(place, _)| *place != row);
    Some(Pick {
        row,
        levels,
        twins: others()
            .filter(|(_, other)| other.sum > levels.sum - MARGIN)
            .count(),
        is_repeated: others().any(|(_, other)| other.is_complete() && other.owner == levels.owner),
        is_capped,
        is_proven: clues.proven.contains(&deposits.row(row)?.id()),
        field: others().map(|(_, other)| other.sum).collect(),
        reasons: evidence::reasons(&comparer, deposits.row(row)?, &levels),
    })
}

/// A user's strongest interest in a deposit.
#[derive(Clone)]
struct Rival {
    user_id: String,
    sum: i32,
    names_by_transaction: bool,
    is_entitled: bool,
    is_found: bool,
}

fn rivals(
    appeals: &[AppealClues],
    picks: &[Option<Pick>],
    prior: i32,
) -> HashMap<RowNo, Vec<Rival>> {
    let mut by_row: HashMap<RowNo, Vec<Rival>> = HashMap::new();
    for (clues, pick) in appeals.iter().zip(picks) {
        let Some(pick) = pick else { continue };
        let here = Rival {
            user_id: clues.user_id.clone(),
            sum: pick.levels.sum,
            names_by_transaction: pick.names_by_transaction(),
            is_entitled: pick.is_entitled(),
            is_found: pick.is_found(prior),
        };
        let list = by_row.entry(pick.row).or_default();
        // Repeated appeals of one user are one interest.
        match list.iter_mut().find(|known| known.user_id == here.user_id) {
            None => list.push(here),
            Some(known) => {
                known.sum = known.sum.max(here.sum);
                known.names_by_transaction |= here.names_by_transaction;
                known.is_entitled |= here.is_entitled;
                known.is_found |= here.is_found;
            }
        }
    }
    for list in by_row.values_mut() {
        list.sort_by(|left, right| left.user_id.cmp(&right.user_id));
    }
    by_row
}

fn outcome(
    clues: &AppealClues,
    mut pick: Pick,
    rivals: &[Rival],
    deposits: &DepositIndex,
    prior: i32,
) -> MatchOutcome {
    let levels = pick.levels;
    let others: Vec<&Rival> = rivals
        .iter()
        .filter(|rival| rival.user_id != clues.user_id)
        .collect();
    let naming = others
        .iter()
        .filter(|rival| rival.names_by_transaction)
        .count();
    let owners = rivals
        .iter()
        .filter(|rival| rival.names_by_transaction && rival.is_entitled)
        .count();
    let is_contested = pick.names_by_transaction() && naming > 0 && owners != 1;
    let found = others.iter().filter(|rival| rival.is_found).count();
    let has_rival = naming > 0 || found > 0;
    let score_ppm = score(&pick, &others, prior);
    let mut extra = |field: &str, verdict: &str, detail: String| {
        pick.reasons.push(MatchReason {
            field: field.to_owned(),
            verdict: verdict.to_owned(),
            weight: 0,
            detail,
        });
    };
    if has_rival {
        let count = others
            .iter()
            .filter(|rival| rival.names_by_transaction || rival.is_found)
            .count();
        extra(
            "rival",
            "differs",
            format!("rival_appeal: {count} other users name this deposit"),
        );
    }
    if pick.twins > 0 {
        extra(
            "rival",
            "near",
            format!(
                "ambiguous: {} other deposits fit nearly as well",
                pick.twins
            ),
        );
    }
    if pick.is_capped {
        extra(
            "rival",
            "near",
            "ambiguous: more deposits share these values than were compared".to_owned(),
        );
    }
    let is_which = if pick.names_by_transaction() {
        true
    } else {
        levels.is_complete() && !pick.is_repeated && !pick.is_capped
    };
    let decision = if levels.owner == Owner::OtherAddress {
        MatchDecision::None
    } else if is_contested {
        MatchDecision::Conflict
    } else if pick.names_by_transaction() && owners == 1 && !pick.is_entitled() {
        // Another user owns it and names it: this one only knows its transaction.
        MatchDecision::None
    } else if levels.sum < prior {
        MatchDecision::None
    } else if pick.is_entitled()
        && is_which
        && pick.twins == 0
        && !has_rival
        && clues.taken_back.is_empty()
        && clues.proof != crate::clue::Proof::Refuted
    {
        MatchDecision::Auto
    } else {
        MatchDecision::Review
    };
    add_taken_back(&mut pick.reasons, clues);
    add_unread(&mut pick.reasons, clues);
    MatchOutcome {
        appeal: clues.appeal.clone(),
        deposit: (decision != MatchDecision::None)
            .then(|| deposits.row(pick.row).map(crate::rows::RowRef::id))
            .flatten(),
        decision,
        score_ppm: if decision == MatchDecision::None {
            score_ppm.min(499_999)
        } else {
            score_ppm
        },
        reasons: pick.reasons,
    }
}

/// An appeal for which no deposit fits: what it says and that nothing has it.
fn nothing(clues: &AppealClues) -> MatchOutcome {
    let mut reasons = Vec::new();
    let mut say = |field: &str, is_stated: bool, noun: &str| {
        let (verdict, detail) = if is_stated {
            (
                "differs",
                format!("no deposit has this {noun} with the rest of what is stated"),
            )
        } else {
            (
                "absent",
                format!("no {noun} was stated, or it cannot be read"),
            )
        };
        reasons.push(MatchReason {
            field: field.to_owned(),
            verdict: verdict.to_owned(),
            weight: 0,
            detail,
        });
    };
    say("txid", !clues.transactions.is_empty(), "transaction");
    say(
        "to",
        clues.addresses.iter().any(|clue| clue.field == Field::To),
        "address",
    );
    say("asset", !clues.assets.is_empty(), "coin");
    say("amount", !clues.amounts.is_empty(), "amount");
    say("time", !clues.times.is_empty(), "time");
    add_taken_back(&mut reasons, clues);
    add_unread(&mut reasons, clues);
    MatchOutcome {
        appeal: clues.appeal.clone(),
        deposit: None,
        decision: MatchDecision::None,
        score_ppm: 0,
        reasons,
    }
}

/// What is not proposed although it may fit.
fn add_taken_back(reasons: &mut Vec<MatchReason>, clues: &AppealClues) {
    reasons.extend(clues.taken_back.iter().map(|deposit| MatchReason {
        field: "taken_back".to_owned(),
        verdict: "differs".to_owned(),
        weight: 0,
        detail: format!("a person took {deposit} back from this appeal"),
    }));
}

/// What stood in a field and could not be read, for the person who looks.
fn add_unread(reasons: &mut Vec<MatchReason>, clues: &AppealClues) {
    for unread in &clues.unread {
        let field = match unread.field {
            Field::TxId => "txid",
            Field::Network => "network",
            Field::Asset => "asset",
            Field::Amount => "amount",
            Field::To => "to",
            Field::Memo => "memo",
            Field::From => "from",
            Field::Time => "time",
            Field::FreeText => continue,
        };
        let shown: String = unread.value.chars().take(60).collect();
        reasons.push(MatchReason {
            field: field.to_owned(),
            verdict: "absent".to_owned(),
            weight: 0,
            detail: format!("'{shown}' in the {} could not be read", unread.field.name()),
        });
    }
}

/// How likely it is that this deposit is meant and this user's, in parts per million: its odds against the other
/// candidates of the appeal, against none of them, and against the other users who want it.
fn score(pick: &Pick, others: &[&Rival], prior: i32) -> u32 {
    let mine = pick.levels.sum;
    let share = |against: &mut dyn Iterator<Item = i32>| -> u64 {
        let weights: Vec<i32> = against.collect();
        let top = weights.iter().copied().fold(mine, i32::max);
        let own = power_of_two(mine.saturating_sub(top));
        let all = weights
            .iter()
            .map(|weight| power_of_two(weight.saturating_sub(top)))
            .fold(own, u64::saturating_add);
        own.saturating_mul(1_000_000) / all.max(1)
    };
    let which = share(&mut pick.field.iter().copied().chain([prior]));
    let whose = share(&mut others.iter().map(|rival| rival.sum));
    u32::try_from(which * whose / 1_000_000).unwrap_or(0)
}

/// `2^(exponent / 1024)` in parts of 10^9, for exponents of zero or less; 0 below 2^-29.
fn power_of_two(exponent: i32) -> u64 {
    /// `2^-(1/2)`, `2^-(1/4)`, … `2^-(1/1024)` in parts of 10^9.
    const ROOTS: [u64; 10] = [
        707_106_781,
        840_896_415,
        917_004_043,
        957_603_281,
        978_572_062,
        989_228_013,
        994_599_423,
        997_296_056,
        998_647_113,
        999_323_327,
    ];
    let below = exponent.min(0).unsigned_abs();
    let whole = below / 1024;
    if whole > 29 {
        return 0;
    }
    let mut value = 1_000_000_000u64 >> whole;
    for (place, root) in (1u32..).zip(ROOTS) {
        let bit = 1024u32 >> place;
        if (below % 1024) & bit != 0 {
            value = value * root / 1_000_000_000;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_powers_of_two_are_close_enough() {
        for (exponent, expected) in [
            (0, 1_000_000_000u64),
            (-1024, 500_000_000),
            (-512, 707_106_781),
            (-1, 999_323_327),
            (-1536, 353_553_390),
            (-10 * 1024, 976_562),
        ] {
            let off = power_of_two(exponent).abs_diff(expected);
            assert!(off <= 20, "{exponent}: off by {off}");
        }
        assert_eq!(power_of_two(-40 * 1024), 0);
        for exponent in -3000..0 {
            assert!(power_of_two(exponent) <= power_of_two(exponent + 1));
        }
    }
}
