//! Edits behind the program: each is found, told where it is, and nothing is released after it.

use super::Backend;
use super::world::{
    acknowledge, approve, approved_credit, approved_sweep, assert_sound, by, export, founded,
    import, instruct, keyed, later, pending, prepare, prepared, read, screen, sighted_final,
    stepped, transfer,
};
use recover_core::audit::Head;
use recover_core::claim::{Claim, ClaimStatus, Command, Refusal};
use recover_store::{ClaimAnswer, EventCheck, Store, StoreError};

/// Takes the database's own guard of an append-only table away, as somebody with every right on it can.
pub async fn unlock(backend: &Backend, table: &str) {
    let triggers: &[String] = match backend {
        Backend::Sqlite(_) => &[
            format!("DROP TRIGGER {table}_is_never_changed"),
            format!("DROP TRIGGER {table}_is_never_deleted"),
        ],
        Backend::Postgres(_) => &[format!("DROP TRIGGER {table}_is_never_changed ON {table}")],
    };
    for trigger in triggers {
        backend.raw(trigger).await.unwrap();
    }
}

pub async fn the_log_shows_every_edit(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = pending(&store, &deposit.id()).await;
    let clean = store.verify_log(&[]).await.unwrap();
    assert_eq!((clean.events, clean.problems.len()), (5, 0));
    // A head that was kept outside must be met.
    let head = store.log_head().await.unwrap().unwrap();
    assert_eq!((head.sequence, Some(head)), (5, clean.head));
    let met = store.verify_log(&[head]).await.unwrap();
    assert_eq!((met.heads_met, met.problems.len()), (1, 0));
    for (outside, problem) in [
        (
            Head {
                sequence: 6,
                ..head
            },
            "the end was cut off",
        ),
        (
            Head {
                sequence: 4,
                ..head
            },
            "written anew somewhere from entry 1 to 4",
        ),
    ] {
        let check = store.verify_log(&[outside]).await.unwrap();
        assert_eq!(check.problems.len(), 1);
        assert!(check.problems[0].contains(problem), "{:?}", check.problems);
    }
    let events = store.claim_events(&claim.id).await.unwrap();
    assert_eq!(
        events
            .iter()
            .map(|event| event.command.as_str())
            .collect::<Vec<_>>(),
        ["open", "quote", "accept", "screen_clear"]
    );
    assert!(
        events[1]
            .body
            .as_ref()
            .is_some_and(|body| body.contains("\"fee_in_asset\":\"10\""))
    );
    assert_eq!(store.export_log(0, 10).await.unwrap().len(), 5);
    assert_eq!(store.export_log(4, 10).await.unwrap()[0], events[3]);
    for edit in [
        "UPDATE claim_event SET actor = 'eve' WHERE sequence = 2",
        "DELETE FROM claim_event",
    ] {
        let refused = backend.raw(edit).await.unwrap_err();
        assert!(
            refused.contains("append-only") || refused.contains("foreign key"),
            "{refused}"
        );
    }
    // A body may be erased; what is left is still compared.
    backend
        .raw("DELETE FROM claim_event_body WHERE sequence = 3")
        .await
        .unwrap();
    let check = store.verify_log(&[head]).await.unwrap();
    assert_eq!((check.bodies_erased, check.problems), (1, vec![]));
    backend
        .raw("UPDATE claim_event_body SET body = '{}' WHERE sequence = 2")
        .await
        .unwrap();
    let check = store.verify_log(&[]).await.unwrap();
    assert!(
        check
            .problems
            .contains(&"the body of entry 2 was changed".to_owned()),
        "{:?}",
        check.problems
    );
    // Who edits the claim itself is met at the next reading.
    let edit = format!(
        "UPDATE claim SET beneficiary = 'eve' WHERE id = '{}'",
        claim.id
    );
    backend.raw(&edit).await.unwrap();
    let damaged = store.claim(&claim.id).await.unwrap_err().to_string();
    assert!(
        damaged.contains("does not fit the content of the claim"),
        "{damaged}"
    );
}

/// What a claim that waits for its release is told after an edit: anything but that it was done.
async fn assert_not_released(store: &Store, claim: &Claim, edit: &str) {
    let commands = [
        (prepare(&transfer(), 9), "tom"),
        (export(), "tom"),
        (instruct(), "tom"),
        (import(&transfer(), 1), "tom"),
        (Command::Send, "tom"),
        (sighted_final(&transfer(), 1, 20), "tom"),
    ];
    for (place, (command, name)) in commands.into_iter().enumerate() {
        let code = command.code();
        let answer = store
            .step_claim(
                &claim.id,
                claim.revision,
                command,
                keyed(name, &format!("after {place}")),
            )
            .await;
        let is_refused = match &answer {
            Ok(answer) => !matches!(answer, ClaimAnswer::Done(_) | ClaimAnswer::Repeated(_)),
            Err(error) => matches!(
                error,
                StoreError::ChangedBehind { .. } | StoreError::BadRow { .. }
            ),
        };
        assert!(is_refused, "{code} after {edit}: {answer:?}");
    }
}

async fn found_by_audit(store: &Store, edit: &str, told: &str) {
    let check = store.verify_log(&[]).await.unwrap();
    assert!(
        check.problems.iter().any(|problem| problem.contains(told)),
        "{edit} is not told as '{told}': {:#?}",
        check.problems
    );
}

/// Three claims for each edit: one that is out with the signers, one that waits for its release with one vote too few, and one
/// that is settled.
struct Victims {
    store: Store,
    out: Claim,
    waiting: Claim,
    settled: Claim,
}

async fn victims(store: &Store, round: u64) -> Victims {
    let store = store.clone();
    let tx = |name: &str| format!("0x{round}{name}");
    let settled = approved_credit(&store, &tx("settled")).await;
    let settled = stepped(&store, &settled, instruct(), by("tom")).await;
    let settled = stepped(&store, &settled, acknowledge(&settled), by("tom")).await;
    assert_eq!(settled.status, ClaimStatus::Settled);
    let out = approved_sweep(&store, &tx("out")).await;
    let out = stepped(&store, &out, prepare(&transfer(), round), by("tom")).await;
    let out = stepped(&store, &out, export(), by("tom")).await;
    let found = super::world::found(&store, &tx("waiting")).await;
    let waiting = super::world::opened(&store, &found.id()).await;
    let waiting = super::world::pending_with(&store, &waiting, super::world::quote(10)).await;
    let waiting = stepped(&store, &waiting, approve(&waiting), by("wim")).await;
    Victims {
        store,
        out,
        waiting,
        settled,
    }
}

/// What somebody writes, on which claim, and what `audit verify` says about it.
const EDITS: [(&str, &str); 20] = [
    // A vote that nobody gave, and a status that nobody reached.
    (
        "INSERT INTO claim_approval SELECT claim_id, revision, digest, 'wes', decision, signature, decided_at
            FROM claim_approval WHERE claim_id = 'WAITING'",
        "no entry tells of row",
    ),
    (
        "UPDATE claim SET status = 'approved', approved_at = 1800000000000000, approved_tier = 'T1', approved_voters = '[]',
            approved_alone = 0 WHERE id = 'WAITING'",
        "it is not as its last step",
    ),
    (
        "UPDATE claim_approval SET person = 'wes' WHERE claim_id = 'WAITING'",
        "is missing, which entry",
    ),
    (
        "UPDATE claim_approval SET decided_at = decided_at + 1 WHERE claim_id = 'OUT' AND person = 'wim'",
        "decided_at",
    ),
    (
        "DELETE FROM claim_approval WHERE claim_id = 'OUT' AND person = 'wim'",
        "is missing, which entry",
    ),
    // A hold taken away, a screening made fresh, a clearance that nobody gave.
    (
        "UPDATE claim_screening SET decided_at = decided_at + 1 WHERE claim_id = 'OUT'",
        "decided_at",
    ),
    (
        "INSERT INTO claim_screening SELECT claim_id, number + 1, revision, clear, person, reason, decided_at + 5, 1
            FROM claim_screening WHERE claim_id = 'OUT'",
        "no entry tells of row",
    ),
    // Another plan, price or payee.
    (
        "UPDATE claim_plan SET plan = REPLACE(plan, 'treasury', 'thief') WHERE claim_id = 'OUT'",
        "plan",
    ),
    (
        "UPDATE claim_quote SET net = fee_in_asset WHERE claim_id = 'OUT'",
        "net",
    ),
    (
        "UPDATE claim SET destination = 'thief' WHERE id = 'OUT'",
        "destination",
    ),
    (
        "UPDATE claim SET involved = '[]' WHERE id = 'OUT'",
        "involved",
    ),
    // Other bytes in the package, a longer deadline, a package and a slot that nobody built.
    (
        "UPDATE package SET bytes = BYTES WHERE claim_id = 'OUT'",
        "bytes",
    ),
    (
        "UPDATE package SET expires_at = expires_at + 1 WHERE claim_id = 'OUT'",
        "expires_at",
    ),
    (
        "INSERT INTO package (claim_id, attempt, revision, step, network, bytes, prepared_by, prepared_at, expires_at, state)
            SELECT claim_id, 2, revision, 1, network, bytes, 'tom', prepared_at, expires_at, 'dropped' FROM package
            WHERE claim_id = 'OUT'",
        "no entry tells of row",
    ),
    (
        "UPDATE reservation SET state = 'freed', ended_at = 5 WHERE claim_id = 'OUT'",
        "state",
    ),
    (
        "UPDATE claim SET attempts = 0 WHERE id = 'OUT'",
        "attempts",
    ),
    // The books of a settled claim.
    (
        "UPDATE posting SET account = 'fee_revenue' WHERE claim_id = 'SETTLED' AND account = 'customer'",
        "account",
    ),
    (
        "DELETE FROM posting WHERE claim_id = 'SETTLED'",
        "is missing, which entry",
    ),
    (
        "DELETE FROM receipt WHERE claim_id = 'SETTLED'",
        "is missing, which entry",
    ),
    (
        "INSERT INTO incident VALUES ('inc_1', 'SETTLED', 'mispaid', 'd', 'n', 5, 'eve', NULL, NULL, NULL)",
        "no entry tells of row",
    ),
];

/// Edits of the log itself, once its guard is taken away.
const LOG_EDITS: [(&str, &str); 8] = [
    (
        "UPDATE claim_event SET actor = 'eve' WHERE sequence = LAST",
        "was changed",
    ),
    (
        "UPDATE claim_event SET at_time = at_time + 1 WHERE sequence = 4",
        "entry 4 was changed",
    ),
    (
        "UPDATE claim_event SET claim_id = 'OUT' WHERE sequence = 4",
        "entry 4 was changed",
    ),
    (
        "DELETE FROM claim_event_body WHERE sequence = 4; DELETE FROM outbox WHERE sequence = 4;
            DELETE FROM idempotency WHERE sequence = 4; DELETE FROM claim_event WHERE sequence = 4",
        "entries 4 to 4 are missing",
    ),
    (
        "UPDATE claim_event_body SET body = '{}' WHERE sequence = LAST",
        "the body of entry",
    ),
    (
        "DELETE FROM idempotency; DELETE FROM outbox; DELETE FROM claim_event_body; DELETE FROM claim_event",
        "no entry tells of it",
    ),
    (
        "INSERT INTO claim_event SELECT sequence + 1, claim_id, at_time, actor, command, revision, status, content_digest,
            body_digest, hash, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' FROM claim_event
            WHERE sequence = LAST",
        "was changed",
    ),
    (
        "DELETE FROM claim_event_body WHERE sequence = LAST; DELETE FROM outbox WHERE sequence = LAST;
            DELETE FROM idempotency WHERE sequence = LAST; DELETE FROM claim_event WHERE sequence = LAST",
        "no entry tells of row",
    ),
];

async fn written(backend: &Backend, victims: &Victims, edit: &str) {
    let last = victims.store.log_head().await.unwrap().unwrap().sequence;
    let bytes = match backend {
        Backend::Sqlite(_) => "x'00ff'",
        Backend::Postgres(_) => "'\\x00ff'",
    };
    let edit = edit
        .replace("WAITING", victims.waiting.id.as_str())
        .replace("OUT", victims.out.id.as_str())
        .replace("SETTLED", victims.settled.id.as_str())
        .replace("BYTES", bytes)
        .replace("LAST", &last.to_string());
    backend.raw(&edit).await.unwrap();
}

pub async fn rows_written_behind_the_program_are_found_and_stop_their_claim(backend: Backend) {
    let store = founded(&backend).await;
    for (round, (edit, told)) in (1..).zip(EDITS) {
        let victims = victims(&store, round).await;
        let victim = if edit.contains("WAITING") {
            &victims.waiting
        } else if edit.contains("OUT") {
            &victims.out
        } else {
            &victims.settled
        };
        let of_victim = |check: EventCheck| {
            let of = format!("claim {}: ", victim.id);
            let problems = check.problems.into_iter();
            problems
                .filter(|problem| problem.starts_with(&of))
                .collect::<Vec<_>>()
        };
        let before = store.verify_log(&[]).await.unwrap();
        assert_eq!(of_victim(before), Vec::<String>::new());
        written(&backend, &victims, edit).await;
        let found = of_victim(store.verify_log(&[]).await.unwrap());
        assert!(
            found.iter().any(|problem| problem.contains(told)),
            "{edit} is not told as '{told}': {found:#?}"
        );
        assert_not_released(&store, victim, edit).await;
    }
}

pub async fn edits_of_the_log_itself_are_found_and_stop_their_claim(backend: Backend) {
    for (edit, told) in LOG_EDITS {
        let fresh = match &backend {
            Backend::Sqlite(_) => Backend::sqlite(),
            Backend::Postgres(_) => Backend::postgres(),
        };
        let victims = victims(&founded(&fresh).await, 1).await;
        assert_sound(&victims.store).await;
        unlock(&fresh, "claim_event").await;
        written(&fresh, &victims, edit).await;
        found_by_audit(&victims.store, edit, told).await;
        // The last entry is of the claim that waits.
        if edit.contains("LAST") || told == "no entry tells of it" {
            assert_not_released(&victims.store, &victims.waiting, edit).await;
            let late = keyed("wil", "late");
            let answer = victims
                .store
                .step_claim(&victims.waiting.id, 1, approve(&victims.waiting), late)
                .await;
            assert!(
                matches!(answer, Err(StoreError::ChangedBehind { .. })),
                "{edit}: {answer:?}"
            );
        }
        victims.store.close().await;
    }
}

/// A vote whose row and status were both written, so that the quorum looks reached.
pub async fn a_vote_without_an_entry_releases_nothing(backend: Backend) {
    let store = founded(&backend).await;
    let found = super::world::found(&store, "0x1").await;
    let claim = super::world::opened(&store, &found.id()).await;
    let claim = super::world::pending_with(&store, &claim, super::world::quote(10)).await;
    let claim = stepped(&store, &claim, approve(&claim), by("wim")).await;
    let forged = format!(
        "INSERT INTO claim_approval SELECT claim_id, revision, digest, 'wil', decision, signature, decided_at
            FROM claim_approval WHERE claim_id = '{0}';
         UPDATE claim SET status = 'approved', approved_at = 1800000000000000, approved_tier = 'T1',
            approved_voters = '[\"wil\",\"wim\"]', approved_alone = 0 WHERE id = '{0}'",
        claim.id
    );
    backend.raw(&forged).await.unwrap();
    assert_eq!(
        super::world::refusal(&store, &claim, instruct(), by("tom")).await,
        Refusal::VotesNotLogged
    );
    assert_eq!(read(&store, &claim.id).await.approvals.len(), 2);
    found_by_audit(&store, "a forged vote", "/wil of claim_approval").await;
}

/// The bytes of a claim that is on its way, changed between two sendings of the same.
pub async fn a_repeat_of_a_sending_does_not_hand_out_changed_bytes(backend: Backend) {
    let store = founded(&backend).await;
    let claim = approved_sweep(&store, "0x1").await;
    let claim = stepped(&store, &claim, prepare(&transfer(), 1), by("tom")).await;
    let claim = stepped(&store, &claim, export(), by("tom")).await;
    let claim = stepped(&store, &claim, import(&transfer(), 1), by("tom")).await;
    let claim = stepped(&store, &claim, Command::Send, by("tom")).await;
    let again = async || {
        store
            .step_claim(&claim.id, claim.revision, Command::Send, by("tom"))
            .await
    };
    assert_eq!(again().await.unwrap(), ClaimAnswer::Repeated(claim.clone()));
    let bytes = match &backend {
        Backend::Sqlite(_) => "x'00ff'",
        Backend::Postgres(_) => "'\\x00ff'",
    };
    let edit = format!("UPDATE package SET signed = {bytes}");
    backend.raw(&edit).await.unwrap();
    let refused = again().await.unwrap_err().to_string();
    assert!(refused.contains("changed behind the program"), "{refused}");
}

/// The log alone says what the tables hold: a random life of several claims, played again.
pub async fn the_log_played_again_gives_the_tables(backend: Backend) {
    let store = founded(&backend).await;
    for number in 0..6_u64 {
        let claim = approved_sweep(&store, &format!("0x{number}")).await;
        let leg = transfer();
        let claim = stepped(&store, &claim, prepare(&leg, number), by("tom")).await;
        if number % 3 == 0 {
            continue;
        }
        let claim = stepped(&store, &claim, export(), by("tom")).await;
        let claim = stepped(&store, &claim, import(&leg, number), by("tom")).await;
        if number % 3 == 1 {
            continue;
        }
        let claim = stepped(&store, &claim, sighted_final(&leg, number, 9), by("tom")).await;
        let claim = stepped(&store, &claim, instruct(), by("tom")).await;
        stepped(&store, &claim, acknowledge(&claim), by("tom")).await;
    }
    store.halt("cat", "a drill", later(3)).await.unwrap();
    let held = approved_credit(&store, "0xheld").await;
    stepped(&store, &held, screen(false), by("cat")).await;
    let check = store.verify_log(&[]).await.unwrap();
    assert_eq!(check.problems, Vec::<String>::new());
    // Every row of every table that the log answers for was compared.
    let mut rows = 0;
    for table in [
        "claim",
        "claim_quote",
        "claim_plan",
        "claim_acceptance",
        "claim_screening",
        "claim_approval",
        "package",
        "reservation",
        "receipt",
        "posting",
        "incident",
        "halt",
        "policy_version",
        "policy_vote",
    ] {
        let count = backend
            .column(&format!("SELECT COUNT(*) FROM {table}"))
            .await;
        rows += count[0].parse::<u64>().unwrap();
    }
    assert!(rows > 60);
    assert_eq!(check.rows, rows);
}
