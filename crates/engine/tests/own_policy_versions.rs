//! A changed policy waits for people and for time, and a claim keeps the stricter of two versions; the emergency stop.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod appeals;

use recover_core::amount::Amount;
use recover_core::appeal::{Appeal, AppealStatus};
use recover_core::asset::AssetId;
use recover_core::claim::{Claim, ClaimId, ClaimQuote, ClaimStatus, Execution, Resolution};
use recover_core::digest::Digest;
use recover_core::fee::{Cents, Quote};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::people::Role;
use recover_core::time::Timestamp;
use recover_engine::appeal_erase::AppealEraseError;
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::family::Adapters;
use recover_engine::halt::HaltError;
use recover_engine::policy_versions::PolicyVersionError;
use recover_engine::scan::Silent;
use recover_store::{PolicyState, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

const HOUR: i64 = 3_600;

/// The example policy.
fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy.toml");
    std::fs::read_to_string(path).expect("it is shipped")
}

/// The example with another sum in it: any change is a version of its own.
fn changed(day_release_max: &str) -> String {
    let text = example();
    let from = "day_release_max = \"250000\"";
    assert_eq!(text.matches(from).count(), 1);
    text.replace(from, &format!("day_release_max = \"{day_release_max}\""))
}

/// The same desk at another hour, with another file.
fn desk(store: &Store, text: &str, hour: i64) -> Engine {
    let start = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    let now = start.plus_seconds(hour * HOUR).unwrap();
    Engine::over(
        store.clone(),
        ChainsConfig::default(),
        Some(Policy::parse("policy.toml", text, None).expect("it is sound")),
        Adapters::new(Vec::new()),
        Arc::new(FixedClock(now)),
        BTreeMap::new(),
    )
}

async fn memory() -> Store {
    Store::open("sqlite::memory:").await.expect("a store")
}

async fn votes(store: &Store, text: &str, hour: i64, number: u32, people: &[&str]) {
    for person in people {
        desk(store, text, hour)
            .approve_policy(number, Some(person))
            .await
            .unwrap_or_else(|error| panic!("{person}: {error}"));
    }
}

fn refusal(error: EngineError) -> PolicyVersionError {
    match error {
        EngineError::PolicyVersion(error) => error,
        other => panic!("{other}"),
    }
}

/// A claim that was quoted under a version; the rest of it does not matter here.
fn quoted_under(number: u32) -> Claim {
    let time = Timestamp::UNIX_EPOCH;
    let deposit = DepositId::verbatim("dep_1");
    let nothing = Cents::default();
    Claim {
        id: ClaimId::of(&deposit, 1),
        deposit,
        deposit_block: None,
        asset: AssetId::native(NetworkId::new("ethereum")),
        amount: Amount::ZERO,
        appeal: None,
        beneficiary: None,
        destination: None,
        resolution: Resolution::LedgerCredit,
        correction: None,
        revision: 1,
        status: ClaimStatus::Quoted,
        hold: None,
        quote: Some(ClaimQuote {
            quote: Quote {
                value: nothing,
                service_fee: nothing,
                network_fee: nothing,
                total_fee: nothing,
                fee_in_asset: Amount::ZERO,
                net: Amount::ZERO,
                rule: 1,
                terms: None,
            },
            policy_version: number,
            policy_digest: Digest::parse(&"0".repeat(64)).unwrap(),
            price_ids: Vec::new(),
            quoted_at: time,
            expires_at: time,
        }),
        plan: None,
        screening: None,
        rescreening: None,
        waivers: Vec::new(),
        acceptance: None,
        unwinding: None,
        approvals: Vec::new(),
        approved: None,
        execution: Execution::default(),
        involved: BTreeSet::new(),
        opened_by: "ana".to_owned(),
        opened_at: time,
        closing_reason: None,
    }
}

#[tokio::test]
async fn own_the_first_policy_is_in_force_at_once() {
    let store = memory().await;
    let engine = desk(&store, &example(), 0);
    let in_force = engine.policy_in_force().await.unwrap();
    assert_eq!(in_force.number, 1);
    assert_eq!(engine.policy_for_quotes().await.unwrap().number, 1);
    let claim = quoted_under(1);
    let rules = engine.rules_for(&claim).await.unwrap();
    assert_eq!(rules.len(), 1, "one version, one rule");
    assert_eq!(rules[0].approval, in_force.policy.approval);
    // Again, and nothing is new.
    assert_eq!(engine.policy_in_force().await.unwrap().number, 1);
    assert_eq!(engine.policy_versions().await.unwrap().len(), 1);
}

/// T37: a policy weakened just before a theft decides nothing.
#[tokio::test]
async fn own_a_changed_policy_waits_for_two_admins_and_compliance_and_two_days() {
    let store = memory().await;
    desk(&store, &example(), 0).policy_in_force().await.unwrap();
    let weaker = changed("9000000");

    let engine = desk(&store, &weaker, 1);
    let error = engine.policy_for_quotes().await.unwrap_err();
    assert!(error.is_refusal());
    assert!(
        error.to_string().contains("recover policy approve 2"),
        "{error}"
    );
    let in_force = engine.policy_in_force().await.unwrap();
    assert_eq!(in_force.number, 1, "the file alone changes nothing");
    let rules = engine.rules_for(&quoted_under(1)).await.unwrap();
    assert_eq!(
        rules[0].approval.day_release_max,
        Cents::parse("250000").unwrap()
    );

    // Who is neither has no vote; the same person twice is one.
    for person in ["ana", "emre", "gita", "lea"] {
        let error = engine.approve_policy(2, Some(person)).await.unwrap_err();
        let error = refusal(error);
        assert!(
            matches!(error, PolicyVersionError::MayNotVote { .. }),
            "{person}: {error}"
        );
    }
    votes(&store, &weaker, 2, 2, &["jonas", "jonas"]).await;
    let standings = engine.policy_versions().await.unwrap();
    let waiting = &standings[1];
    assert_eq!(waiting.version.state, PolicyState::Waiting);
    assert_eq!((waiting.admins_missing, waiting.compliance_missing), (1, 1));
    assert_eq!(waiting.ready_at, None);

    votes(&store, &weaker, 3, 2, &["farah"]).await;
    votes(&store, &weaker, 5, 2, &["kim", "hana"]).await;
    let standing = &desk(&store, &weaker, 6).policy_versions().await.unwrap()[1];
    assert_eq!(
        (standing.admins_missing, standing.compliance_missing),
        (0, 0)
    );
    let ready = Timestamp::parse("2026-03-03T05:00:00Z").unwrap();
    assert_eq!(
        standing.ready_at,
        Some(ready),
        "48 hours after the last vote needed"
    );

    let early = desk(&store, &weaker, 52);
    assert_eq!(early.policy_in_force().await.unwrap().number, 1);
    let late = desk(&store, &weaker, 53);
    assert_eq!(late.policy_for_quotes().await.unwrap().number, 2);
    // A desk with the old file is told; what it has in flight goes on under both.
    let old = desk(&store, &example(), 54);
    assert_eq!(old.policy_in_force().await.unwrap().number, 2);
    let error = refusal(old.policy_for_quotes().await.unwrap_err());
    assert!(matches!(
        error,
        PolicyVersionError::NotInForce {
            waiting: 1,
            in_force: 2
        }
    ));
    let rules = old.rules_for(&quoted_under(1)).await.unwrap();
    let versions: Vec<u32> = rules.iter().map(|rules| rules.version).collect();
    assert_eq!(
        versions,
        [2, 1],
        "the stricter of the two decides: both are asked"
    );
    assert_eq!(
        rules[1].approval.day_release_max,
        Cents::parse("250000").unwrap()
    );
    assert_eq!(
        old.policies_in_use()
            .await
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        [&2]
    );
}

#[tokio::test]
async fn own_what_is_in_force_or_gone_takes_no_votes() {
    let store = memory().await;
    desk(&store, &example(), 0).policy_in_force().await.unwrap();
    let second = changed("1");
    desk(&store, &second, 0).policy_in_force().await.unwrap();
    votes(&store, &second, 0, 2, &["jonas", "kim", "farah"]).await;
    let engine = desk(&store, &second, 48);
    assert_eq!(engine.policy_in_force().await.unwrap().number, 2);
    for (number, is_known) in [(1, true), (2, true), (3, false)] {
        let error = refusal(
            engine
                .approve_policy(number, Some("kim"))
                .await
                .unwrap_err(),
        );
        let is_expected = match error {
            PolicyVersionError::NotWaiting { .. } => is_known,
            PolicyVersionError::Unknown { .. } => !is_known,
            _ => false,
        };
        assert!(is_expected, "{number}: {error}");
    }
}

/// T38: whoever writes new people into the file gives them nothing, and their votes for that file do not count.
#[tokio::test]
async fn own_new_people_get_no_role_before_their_version_is_in_force() {
    let store = memory().await;
    desk(&store, &example(), 0).policy_in_force().await.unwrap();
    let puppets = format!(
        "{}\n[[person]]\nname = \"mallory\"\nroles = [\"admin\"]\n\n[[person]]\nname = \"trudy\"\nroles = [\"treasury\"]\n",
        example()
    );
    let engine = desk(&store, &puppets, 1);
    for person in ["mallory", "trudy"] {
        let error = engine.actor(Some(person)).await.unwrap_err();
        assert!(matches!(error, EngineError::ActorUnknown { .. }), "{error}");
        assert!(engine.approve_policy(2, Some(person)).await.is_err());
    }
    assert!(
        engine
            .actor(Some("jonas"))
            .await
            .unwrap()
            .is_any(&[Role::Admin])
    );
    votes(&store, &puppets, 1, 2, &["jonas", "kim", "hana"]).await;
    let engine = desk(&store, &puppets, 49);
    assert!(
        engine
            .actor(Some("trudy"))
            .await
            .unwrap()
            .is_any(&[Role::Treasury])
    );
}

/// A vote was for a change of what was in force then; after another change it would be for something else.
#[tokio::test]
async fn own_votes_from_before_another_version_do_not_count() {
    let store = memory().await;
    desk(&store, &example(), 0).policy_in_force().await.unwrap();
    let (second, third) = (changed("1"), changed("2"));
    desk(&store, &second, 0).policy_in_force().await.unwrap();
    desk(&store, &third, 0).policy_in_force().await.unwrap();
    votes(&store, &second, 1, 2, &["jonas", "kim", "farah"]).await;
    votes(&store, &third, 1, 3, &["jonas", "kim", "farah"]).await;
    let engine = desk(&store, &third, 60);
    let standings = engine.policy_versions().await.unwrap();
    let states: Vec<PolicyState> = standings.iter().map(|one| one.version.state).collect();
    use PolicyState::{Active, Retired, Waiting};
    assert_eq!(
        states,
        [Retired, Waiting, Active],
        "the desk's own file first"
    );
    assert_eq!(standings[1].admins_missing, 2);
    assert!(standings[1].votes.iter().all(|vote| !vote.counts));
    let later = desk(&store, &second, 600);
    assert_eq!(later.policy_in_force().await.unwrap().number, 3);
}

#[tokio::test]
async fn own_without_a_policy_nothing_is_in_force() {
    let store = memory().await;
    let engine = Engine::over(
        store,
        ChainsConfig::default(),
        None,
        Adapters::new(Vec::new()),
        Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
        BTreeMap::new(),
    );
    let error = engine.policy_in_force().await.unwrap_err();
    assert!(matches!(error, EngineError::PolicyMissing), "{error}");
    assert!(engine.rules_for(&quoted_under(1)).await.is_err());
}

#[tokio::test]
async fn own_anybody_who_works_claims_halts_and_two_leads_lift() {
    let store = memory().await;
    let engine = desk(&store, &example(), 0);
    let refused = |error: EngineError| match error {
        EngineError::Halt(error) => error,
        other => panic!("{other}"),
    };
    assert!(!engine.halt_state().await.unwrap().is_halted());
    let error = refused(engine.lift_halt("why not", Some("emre")).await.unwrap_err());
    assert!(matches!(error, HaltError::NotHalted), "{error}");
    let error = refused(engine.halt("look", Some("lea")).await.unwrap_err());
    assert!(matches!(error, HaltError::MayNot { .. }), "{error}");
    let error = refused(engine.halt(" ", Some("ana")).await.unwrap_err());
    assert!(matches!(error, HaltError::ReasonMissing), "{error}");

    for person in ["ana", "chidi", "emre", "gita", "farah", "jonas"] {
        let state = engine
            .halt("a stranger's address", Some(person))
            .await
            .unwrap();
        assert!(state.is_halted(), "{person}");
    }
    for person in ["ana", "chidi", "gita", "farah", "jonas", "lea"] {
        let error = refused(engine.lift_halt("fine", Some(person)).await.unwrap_err());
        assert!(
            matches!(error, HaltError::MayNot { .. }),
            "{person}: {error}"
        );
    }
    assert!(
        engine
            .lift_halt("fine", Some("emre"))
            .await
            .unwrap()
            .is_halted()
    );
    let error = refused(engine.lift_halt("fine", Some("emre")).await.unwrap_err());
    assert!(matches!(error, HaltError::SamePerson { .. }), "{error}");
    // A new reason begins it again.
    assert!(
        engine
            .halt("still odd", Some("ana"))
            .await
            .unwrap()
            .is_halted()
    );
    assert!(
        engine
            .lift_halt("fine", Some("ines"))
            .await
            .unwrap()
            .is_halted()
    );
    let state = engine.lift_halt("fine", Some("emre")).await.unwrap();
    assert!(!state.is_halted());
    assert!(engine.verify_log(&[]).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn own_customers_words_are_overdue_after_the_days_of_the_policy() {
    let store = memory().await;
    let (text, days) = (example(), 90);
    let created_at = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
    let appeal = Appeal {
        free_text: "my wife sent it".to_owned(),
        ..appeals::blank("A-1", "U-1", created_at)
    };
    let id = appeal.id.clone();
    let start = desk(&store, &text, 0).now();
    store.import_appeals(vec![appeal], start).await.unwrap();
    let closed = store.set_appeal_status(&id, AppealStatus::Closed, Some("paid"), start);
    assert!(closed.await.unwrap());
    let overdue = async |hour: i64| {
        let report = desk(&store, &text, hour).reconcile(false, &Silent).await;
        let needs = report.unwrap().needs_person;
        let words = "ended appeals whose words are kept for too long";
        needs
            .iter()
            .find(|(of, _)| of == words)
            .map_or(0, |(_, count)| *count)
    };
    assert_eq!(overdue(days * 24).await, 0);
    assert_eq!(overdue(days * 24 + 1).await, 1);
    let engine = desk(&store, &text, days * 24 + 1);
    let erase = async |dry_run| {
        engine
            .erase_appeal_texts(None, Some("farah"), dry_run)
            .await
    };
    assert_eq!(erase(true).await.unwrap().appeals, 1);
    assert_eq!(erase(false).await.unwrap().appeals, 1);
    assert_eq!(overdue(days * 24 + 1).await, 0);
    let kept = store.appeal(&id).await.unwrap().unwrap().appeal;
    assert_eq!(kept.free_text, "");
    // A house without the rule is asked, and nothing is ever overdue.
    let without = text.replace("[retention]\nappeal_words_days = 90\n", "");
    assert_ne!(without, text);
    let store = memory().await;
    let asked = desk(&store, &without, 0)
        .erase_appeal_texts(None, Some("farah"), true)
        .await;
    assert!(
        matches!(
            asked,
            Err(EngineError::AppealErase(AppealEraseError::AgeMissing))
        ),
        "{asked:?}"
    );
}
