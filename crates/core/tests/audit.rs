//! The rule of the log against everything that somebody with the database or the file could do to it.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use recover_core::audit::{Chain, Entry, Head, Logged, Problem, Report, beginning, body_digest};
use recover_core::claim::{ClaimId, ClaimStatus};
use recover_core::digest::{Digest, Encoder};
use recover_core::time::Timestamp;

fn digest(of: &str) -> Digest {
    Encoder::new("test").field(of).finish()
}

/// What one step says: everything but its place in the chain.
#[derive(Debug, Clone)]
struct Said {
    claim: u8,
    micros: i64,
    actor: String,
    command: String,
    revision: u32,
    status: ClaimStatus,
    body: String,
    is_erased: bool,
}

prop_compose! {
    fn said()(
        claim in 0..5_u8,
        micros in any::<i64>(),
        actor in ".{0,12}",
        command in "[a-z_]{1,12}",
        revision in 1..9_u32,
        status in select(ClaimStatus::ALL),
        body in ".{0,40}",
        is_erased in any::<bool>(),
    ) -> Said {
        Said { claim, micros, actor, command, revision, status, body, is_erased }
    }
}

fn chained(sequence: usize, previous_hash: Digest, said: &Said) -> Logged {
    let entry = Entry {
        sequence: sequence as i64,
        claim: ClaimId::verbatim(&format!("clm_{}", said.claim)),
        at: Timestamp::from_micros(said.micros),
        actor: said.actor.clone(),
        command: said.command.clone(),
        revision: said.revision,
        status: said.status,
        content_digest: digest(&said.body),
        body_digest: body_digest(&said.body),
        previous_hash,
    };
    Logged {
        hash: entry.hash(),
        body: (!said.is_erased).then(|| said.body.clone()),
        entry,
    }
}

/// Writes a log as the store does.
fn write(steps: &[Said]) -> Vec<Logged> {
    let mut log: Vec<Logged> = Vec::new();
    for (place, said) in steps.iter().enumerate() {
        let previous = log.last().map_or_else(beginning, |last| last.hash);
        log.push(chained(place + 1, previous, said));
    }
    log
}

/// Renumbers, links and hashes everything from a place on: what an insider with the whole database can do.
fn computed_anew(log: &mut [Logged], from: usize) {
    for place in from..log.len() {
        let previous = match place {
            0 => beginning(),
            _ => log[place - 1].hash,
        };
        let logged = &mut log[place];
        logged.entry.sequence = place as i64 + 1;
        logged.entry.previous_hash = previous;
        logged.hash = logged.entry.hash();
    }
}

fn head_of(logged: &Logged) -> Head {
    Head {
        sequence: logged.entry.sequence,
        hash: logged.hash,
    }
}

fn walked(log: &[Logged], outside: &[Head]) -> Report {
    let mut chain = Chain::new(outside.iter().copied());
    for logged in log {
        chain.push(logged);
    }
    chain.finish()
}

/// The ways to edit a log that its own chain shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Claim,
    Time,
    Actor,
    Command,
    Revision,
    Status,
    Content,
    BodyAndItsDigest,
    Body,
    BodyOfAnErasedOne,
    StatedHash,
    Link,
    Number,
    FieldAndHash,
    TwoContentsExchanged,
    DeleteOne,
    DeleteSome,
    DeleteAndMend,
    InsertLinked,
    InsertAndRenumber,
    Repeat,
    MoveBack,
    MoveToTheFront,
    Reverse,
}

const EDITS: &[Edit] = &[
    Edit::Claim,
    Edit::Time,
    Edit::Actor,
    Edit::Command,
    Edit::Revision,
    Edit::Status,
    Edit::Content,
    Edit::BodyAndItsDigest,
    Edit::Body,
    Edit::BodyOfAnErasedOne,
    Edit::StatedHash,
    Edit::Link,
    Edit::Number,
    Edit::FieldAndHash,
    Edit::TwoContentsExchanged,
    Edit::DeleteOne,
    Edit::DeleteSome,
    Edit::DeleteAndMend,
    Edit::InsertLinked,
    Edit::InsertAndRenumber,
    Edit::Repeat,
    Edit::MoveBack,
    Edit::MoveToTheFront,
    Edit::Reverse,
];

/// Edits the log at a place with at least two entries behind it, and answers exactly what must be found.
fn edited(log: &mut Vec<Logged>, place: usize, edit: Edit, forged: &Said) -> Vec<Problem> {
    let sequence = log[place].entry.sequence;
    let end = log.len() as i64;
    let changed = |sequence| Problem::Changed { sequence };
    let not_following = |sequence| Problem::NotFollowing { sequence };
    let out_of_place = |sequence, after| Problem::OutOfPlace { sequence, after };
    let logged = &mut log[place];
    match edit {
        Edit::Claim => {
            logged.entry.claim = ClaimId::verbatim("clm_other");
            vec![changed(sequence)]
        }
        Edit::Time => {
            logged.entry.at = Timestamp::from_micros(logged.entry.at.as_micros() ^ 1);
            vec![changed(sequence)]
        }
        Edit::Actor => {
            logged.entry.actor.push('x');
            vec![changed(sequence)]
        }
        Edit::Command => {
            // The same letters, on the other side of the border between two fields.
            let letter = logged.entry.command.remove(0);
            logged.entry.actor.push(letter);
            vec![changed(sequence)]
        }
        Edit::Revision => {
            logged.entry.revision += 1;
            vec![changed(sequence)]
        }
        Edit::Status => {
            logged.entry.status = match logged.entry.status {
                ClaimStatus::Settled => ClaimStatus::Draft,
                _ => ClaimStatus::Settled,
            };
            vec![changed(sequence)]
        }
        Edit::Content => {
            logged.entry.content_digest = digest("other content, no body has 40 letters more");
            vec![changed(sequence)]
        }
        Edit::BodyAndItsDigest => {
            let body = "a body that nobody said, longer than all of them";
            logged.entry.body_digest = body_digest(body);
            logged.body = Some(body.into());
            vec![changed(sequence)]
        }
        Edit::Body => {
            logged.body = Some("a body that nobody said, longer than all of them".into());
            vec![Problem::BodyChanged { sequence }]
        }
        Edit::BodyOfAnErasedOne => {
            // The other way round: erased is allowed, and an empty body is not erased.
            logged.entry.body_digest =
                body_digest("another body that nobody said, longer than all of them");
            logged.hash = logged.entry.hash();
            logged.body = Some(String::new());
            vec![
                Problem::BodyChanged { sequence },
                not_following(sequence + 1),
            ]
        }
        Edit::StatedHash => {
            logged.hash = digest("no entry");
            vec![changed(sequence), not_following(sequence + 1)]
        }
        Edit::Link => {
            logged.entry.previous_hash = digest("no entry");
            vec![not_following(sequence), changed(sequence)]
        }
        Edit::Number => {
            // Numbered as the last but one behind it: what stood between is missing, and then there are two.
            logged.entry.sequence = sequence + 1;
            vec![
                Problem::Missing {
                    from: sequence,
                    to: sequence,
                },
                changed(sequence + 1),
                out_of_place(sequence + 1, sequence + 1),
                not_following(sequence + 2),
            ]
        }
        Edit::FieldAndHash => {
            logged.entry.actor.push('x');
            logged.hash = logged.entry.hash();
            vec![not_following(sequence + 1)]
        }
        Edit::TwoContentsExchanged => {
            let (one, other) = (log[place].clone(), log[place + 1].clone());
            for (place, (content, link)) in [(&other, &one), (&one, &other)].iter().enumerate() {
                let logged = &mut log[sequence as usize - 1 + place];
                *logged = (*content).clone();
                logged.entry.sequence = link.entry.sequence;
                logged.entry.previous_hash = link.entry.previous_hash;
                logged.hash = link.hash;
            }
            vec![changed(sequence), changed(sequence + 1)]
        }
        Edit::DeleteOne => {
            log.remove(place);
            vec![Problem::Missing {
                from: sequence,
                to: sequence,
            }]
        }
        Edit::DeleteSome => {
            log.drain(place..place + 2);
            vec![Problem::Missing {
                from: sequence,
                to: sequence + 1,
            }]
        }
        Edit::DeleteAndMend => {
            log.remove(place);
            let previous = match place {
                0 => beginning(),
                _ => log[place - 1].hash,
            };
            log[place].entry.previous_hash = previous;
            log[place].hash = log[place].entry.hash();
            vec![
                Problem::Missing {
                    from: sequence,
                    to: sequence,
                },
                not_following(sequence + 2),
            ]
        }
        Edit::InsertLinked => {
            let forged = chained(place + 2, log[place].hash, forged);
            log.insert(place + 1, forged);
            vec![
                out_of_place(sequence + 1, sequence + 1),
                not_following(sequence + 2),
            ]
        }
        Edit::InsertAndRenumber => {
            let forged = chained(place + 2, log[place].hash, forged);
            for logged in &mut log[place + 1..] {
                logged.entry.sequence += 1;
            }
            log.insert(place + 1, forged);
            let rest = sequence + 2..=end + 1;
            [not_following(sequence + 2)]
                .into_iter()
                .chain(rest.map(changed))
                .collect()
        }
        Edit::Repeat => {
            let again = log[place].clone();
            log.insert(place + 1, again);
            vec![out_of_place(sequence, sequence)]
        }
        Edit::MoveBack => {
            log.swap(place, place + 1);
            vec![out_of_place(sequence, sequence + 1)]
        }
        Edit::MoveToTheFront => {
            // The one at the end comes first: all the others stand behind it.
            let last = log.pop().unwrap();
            log.insert(0, last);
            (1..end)
                .map(|sequence| out_of_place(sequence, end))
                .collect()
        }
        Edit::Reverse => {
            log.reverse();
            (1..end)
                .map(|sequence| out_of_place(sequence, end))
                .collect()
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 3..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_untouched_log_fits_with_every_head_and_in_every_part(steps in steps(), cut in any::<Index>()) {
        let log = write(&steps);
        let heads: Vec<Head> = log.iter().map(head_of).collect();
        let report = walked(&log, &heads);
        prop_assert_eq!(&report, &Report {
            entries: log.len() as u64,
            bodies_erased: steps.iter().filter(|said| said.is_erased).count() as u64,
            heads_met: log.len(),
            head: heads.last().copied(),
            problems: vec![],
        });
        // A part of it, behind an entry that is trusted.
        let cut = cut.index(log.len());
        let mut chain = Chain::after(heads[cut], heads[cut..].iter().copied());
        log[cut + 1..].iter().for_each(|logged| chain.push(logged));
        let part = chain.finish();
        prop_assert_eq!(part.problems, vec![]);
        prop_assert_eq!((part.head, part.heads_met), (report.head, log.len() - cut));
        for head in heads {
            prop_assert_eq!(Head::parse(&head.to_string()), Some(head));
        }
    }

    #[test]
    fn every_edit_is_found_at_its_place(
        steps in steps(), forged in said(), at in any::<Index>(),
    ) {
        // An entry that is forged exactly as one that stands there is no edit.
        let said_alike = |one: &Said| format!("{:?}", Said { is_erased: false, ..one.clone() });
        prop_assume!(steps.iter().all(|said| said_alike(said) != said_alike(&forged)));
        let written = write(&steps);
        let place = at.index(written.len() - 2);
        for &edit in EDITS {
            let mut log = written.clone();
            let expected = edited(&mut log, place, edit, &forged);
            prop_assert!(!expected.is_empty());
            prop_assert_eq!(walked(&log, &[]).problems, expected, "{:?}", edit);
        }
    }

    #[test]
    fn a_head_kept_outside_finds_a_cut_end(steps in steps(), cut in any::<Index>(), kept in any::<Index>()) {
        let log = write(&steps);
        let left = cut.index(log.len());
        let kept = head_of(&log[left + kept.index(log.len() - left)]);
        let short = &log[..left];
        // The chain alone cannot know.
        prop_assert_eq!(walked(short, &[]).problems, vec![]);
        let report = walked(short, &[kept]);
        prop_assert_eq!(report.problems, vec![Problem::Truncated { head: kept, last: left as i64 }]);
    }

    /// From any entry on: edited, deleted, inserted or cut and grown again, with every number, link and hash made to fit.
    #[test]
    fn a_head_kept_outside_finds_a_history_computed_anew(
        steps in steps(), forged in said(), at in any::<Index>(), earlier in any::<Index>(), later in any::<Index>(),
        way in 0..4,
    ) {
        let log = write(&steps);
        let place = at.index(log.len());
        let mut fork = log.clone();
        match way {
            0 => fork[place].entry.actor.push('x'),
            1 => {
                fork.remove(place);
            }
            2 => fork.insert(place, chained(place + 1, beginning(), &forged)),
            _ => {
                fork.truncate(place);
                let mut forged = forged.clone();
                forged.actor.push_str("longer than any actor");
                fork.resize(log.len() + 1, chained(place + 1, beginning(), &forged));
            }
        }
        computed_anew(&mut fork, place);
        prop_assume!(fork[..] != log[..log.len().min(fork.len())] || fork.len() > log.len());
        prop_assume!(fork.get(place).is_none_or(|logged| logged.hash != log[place].hash));
        prop_assert_eq!(walked(&fork, &[]).problems, vec![]);

        // One head from before the edit, which fits, and one from behind it.
        let late = head_of(&log[place + later.index(log.len() - place)]);
        let early = (place > 0).then(|| head_of(&log[earlier.index(place)]));
        let heads: Vec<Head> = early.into_iter().chain([late]).collect();
        let report = walked(&fork, &heads);
        prop_assert_eq!(report.heads_met, heads.len() - 1);
        let length = fork.len() as i64;
        prop_assert_eq!(report.problems, vec![if late.sequence > length {
            Problem::Truncated { head: late, last: length }
        } else {
            // The fork began in the range that is named.
            let from = early.map_or(0, |early| early.sequence) + 1;
            prop_assert!((from..=late.sequence).contains(&(place as i64 + 1)));
            Problem::Forked { head: late, from }
        }]);
    }

    #[test]
    fn no_order_and_no_numbers_make_it_panic(
        steps in steps(), numbers in prop::collection::vec((any::<Index>(), any::<i64>()), 0..40),
        heads in prop::collection::vec((any::<i64>(), ".{0,3}"), 0..6), start in any::<Option<i64>>(),
    ) {
        let log = write(&steps);
        let heads: Vec<Head> = heads
            .iter()
            .map(|(sequence, text)| Head { sequence: *sequence, hash: digest(text) })
            .collect();
        let mut chain = match start {
            None => Chain::new(heads),
            Some(sequence) => Chain::after(Head { sequence, hash: digest("start") }, heads),
        };
        for (which, sequence) in &numbers {
            let mut logged = which.get(&log).clone();
            logged.entry.sequence = *sequence;
            chain.push(&logged);
        }
        let report = chain.finish();
        prop_assert_eq!(report.entries, numbers.len() as u64);
        prop_assert!(report.problems.is_sorted_by_key(Problem::sequence));
        prop_assert!(numbers.is_empty() || !report.problems.is_empty());
    }
}

fn said_plainly(actor: &str) -> Said {
    Said {
        claim: 1,
        micros: 1_700_000_000_000_000,
        actor: actor.into(),
        command: "approve".into(),
        revision: 2,
        status: ClaimStatus::PendingApproval,
        body: "{\"decision\":\"approve\"}".into(),
        is_erased: false,
    }
}

/// Logs that were written must stay readable, so this hash may never change. It was computed from the encoding's description by another
/// program.
#[test]
fn the_hash_of_an_entry_is_what_it_always_was() {
    let log = write(&[said_plainly("ann")]);
    assert_eq!(
        log[0].hash.to_string(),
        "fa6b4fb72bbc38652cb5ffd1a3e97f6f32012cea48d3a0b54ae5963d6b7df8c0"
    );
}

#[test]
fn an_edit_of_the_last_entry_needs_a_head_kept_outside() {
    let log = write(&["ann", "bo", "cy"].map(said_plainly));
    let mut edited = log.clone();
    edited[2].entry.actor = "eve".into();
    edited[2].hash = edited[2].entry.hash();
    assert_eq!(walked(&edited, &[]).problems, []);
    let head = head_of(&log[2]);
    let report = walked(&edited, &[head_of(&log[0]), head_of(&log[1]), head]);
    assert_eq!(report.problems, [Problem::Forked { head, from: 3 }]);
    assert_eq!(
        report.problems[0].to_string(),
        format!(
            "entry 3 is not the one that a record outside has ({}): the history was written anew somewhere from entry 3 to 3",
            log[2].hash
        )
    );
    // Two records outside that contradict each other: whichever is right, somebody keeps another history.
    let other = head_of(&edited[2]);
    let report = walked(&log, &[head, other]);
    assert_eq!(
        report.problems,
        [Problem::Forked {
            head: other,
            from: 1
        }]
    );
    assert_eq!(report.heads_met, 1);
}

#[test]
fn an_empty_log_fits_unless_something_outside_knows_better() {
    let none = walked(&[], &[]);
    assert_eq!((none.entries, none.head, none.problems.len()), (0, None, 0));
    let head = head_of(&write(&[said_plainly("ann")])[0]);
    let report = walked(&[], &[head]);
    assert_eq!(report.problems, [Problem::Truncated { head, last: 0 }]);
    let nothing = Head {
        sequence: 0,
        ..head
    };
    assert_eq!(
        walked(&[], &[nothing]).problems,
        [Problem::Forked {
            head: nothing,
            from: 0
        }]
    );
}

#[test]
fn a_part_says_what_it_cannot_know() {
    let log = write(&["ann", "bo", "cy", "di"].map(said_plainly));
    let heads: Vec<Head> = log.iter().map(head_of).collect();
    let part = |start: Head, outside: &[Head]| {
        let mut chain = Chain::after(start, outside.iter().copied());
        log[2..].iter().for_each(|logged| chain.push(logged));
        chain.finish().problems
    };
    assert_eq!(
        part(heads[1], &heads),
        [Problem::BeforeStart {
            head: heads[0],
            start: 2
        }]
    );
    let wrong = Head {
        hash: heads[0].hash,
        ..heads[1]
    };
    assert_eq!(
        part(wrong, &heads[1..]),
        [
            Problem::Forked {
                head: heads[1],
                from: 2
            },
            Problem::NotFollowing { sequence: 3 }
        ]
    );
    assert_eq!(part(heads[0], &[]), [Problem::Missing { from: 2, to: 2 }]);
}

/// A head of an entry that is gone says no more than the gap does; of one that turns up late it is compared there.
#[test]
fn a_head_in_a_gap_is_looked_for() {
    let mut log = write(&["ann", "bo", "cy", "di"].map(said_plainly));
    let kept = head_of(&log[1]);
    let mut without = log.clone();
    without.remove(1);
    assert_eq!(
        walked(&without, &[kept]).problems,
        [Problem::Missing { from: 2, to: 2 }]
    );
    log.swap(1, 2);
    let late = Problem::OutOfPlace {
        sequence: 2,
        after: 3,
    };
    assert_eq!(walked(&log, &[kept]).problems, vec![late.clone()]);
    let other = Head {
        hash: digest("other"),
        ..kept
    };
    assert_eq!(
        walked(&log, &[other]).problems,
        [
            late,
            Problem::Forked {
                head: other,
                from: 1
            }
        ]
    );
}

#[test]
fn a_head_has_one_spelling() {
    let hash = digest("head").to_string();
    let head = Head::parse(&format!("12:{hash}")).unwrap();
    assert_eq!((head.sequence, head.hash), (12, digest("head")));
    let upper = hash.to_uppercase();
    for text in [
        String::new(),
        hash.clone(),
        format!("12 {hash}"),
        format!(" 12:{hash}"),
        format!("12:{hash}\n"),
        format!("012:{hash}"),
        format!("+12:{hash}"),
        format!("0:{hash}"),
        format!("-1:{hash}"),
        format!("9223372036854775808:{hash}"),
        format!("12:{upper}"),
        format!("12:{}", &hash[1..]),
        format!("12:{hash}0"),
    ] {
        assert_eq!(Head::parse(&text), None, "{text:?}");
    }
}
