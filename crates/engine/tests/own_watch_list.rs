//! Advice with the figures of real quotes, and the watch list as `reconcile` looks at it.

mod appeals;
mod common;
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use recover_core::advice::{Advice, AdviceCode, Trigger, TriggerCode};
use recover_core::amount::Amount;
use recover_core::appeal::{Appeal, AppealId, AppealStatus};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, Origin};
use recover_core::fee::{Cents, Gathered, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::network::{DepositState, NetworkId};
use recover_core::observation::{DepositId, Observation, Position};
use recover_core::time::Timestamp;
use recover_engine::claims::OpenOptions;
use recover_engine::clock::FixedClock;
use recover_engine::config::{NetworkConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::scan::{ScanOptions, Silent};
use recover_engine::watch_list::{WatchError, WatchWish, Watched};
use recover_source::chain::NetworkCost;
use recover_store::{Price, WatchFilter, Work};
use std::path::Path;
use std::sync::Arc;
use support::{
    Chain, NETWORK, NOW, address, addresses, cover_ledger, engine, native, payment, time, tx,
};

const PERSON: Option<&str> = Some("ana");

/// The desk's engine with another configuration, as a later run of the program has it.
fn changed(
    engine: &Engine,
    change: impl FnOnce(&mut NetworkConfig),
    policy: Option<Policy>,
) -> Engine {
    let mut chains = engine.chains().clone();
    change(
        chains
            .networks
            .get_mut(&NetworkId::new(NETWORK))
            .expect("it is configured"),
    );
    let policy = policy.unwrap_or_else(|| engine.policy().expect("one is loaded").clone());
    Engine::new(
        engine.store().clone(),
        chains,
        Some(policy),
        engine.adapters().clone(),
        Arc::new(FixedClock(time(NOW))),
    )
    .expect("an engine")
}

/// The same where the network's deposits are in another state.
fn in_state(engine: &Engine, deposits: DepositState) -> Engine {
    changed(engine, |network| network.deposits = deposits, None)
}

/// The example policy with one text in the place of another.
fn policy(from: &str, to: &str) -> Policy {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("policy.toml")).expect("it is there");
    assert!(text.contains(from), "the example says {from}");
    Policy::parse("policy.toml", &text.replace(from, to), None).expect("it loads")
}

/// One user with the address 1, a ledger that reaches over everything, and a coin of 2000.
async fn desk() -> (Engine, Chain) {
    let (engine, chain) = engine(50, Some(40)).await;
    let rows = format!("U1,deposit,evm,{},,,eoa\n", address(1).text());
    addresses(&engine, &rows).await;
    cover_ledger(&engine).await;
    priced(&engine, "2000", NOW).await;
    (engine, chain)
}

/// Two sources say what the coin costs from a time on.
async fn priced(engine: &Engine, price: &str, at: &str) {
    let by = |source: &str| Price {
        asset: native(),
        currency: "USD".to_owned(),
        price: Decimal::parse(price).expect("a price"),
        priced_at: time(at),
        source: source.to_owned(),
    };
    let prices = vec![by("test"), by("second")];
    let stored = engine.store().import_prices(prices, time(NOW)).await;
    assert_eq!(stored.expect("stored").inserted, 2);
}

/// The same engine at another time.
fn later(engine: &Engine, now: &str) -> Engine {
    Engine::new(
        engine.store().clone(),
        engine.chains().clone(),
        Some(engine.policy().expect("one is loaded").clone()),
        engine.adapters().clone(),
        Arc::new(FixedClock(time(now))),
    )
    .expect("an engine")
}

async fn is_quoted(engine: &Engine, deposit: &Deposit) -> bool {
    let quote = engine.estimate(deposit).await.expect("an answer");
    quote.outcome.is_ok()
}

fn coins(text: &str) -> Amount {
    Amount::from_coin_text(text, 18).expect("an amount")
}

fn costs(chain: &Chain, amount: Amount) {
    chain.state().cost = Some(NetworkCost {
        native_transfer: amount,
        token_transfer: amount,
        contract_step: amount,
        added_input: None,
        reserve: None,
        basis: "scripted".to_owned(),
    });
}

async fn scanned(engine: &Engine, chain: &Chain, height: u64, credit: &Observation) -> Deposit {
    {
        let mut state = chain.state();
        state.grow("a", height);
        state.finalized = state.finalized.max(Some(height));
        state.put(height, credit.clone());
    }
    engine
        .scan(&ScanOptions::default(), &Silent)
        .await
        .expect("the store works");
    stored(engine, &credit.id()).await
}

/// A desk whose network takes no deposits, and a deposit that the network's cost eats up: worth 300, of which 100 are for the service
/// and 500 for the network with its margin.
async fn dear_desk() -> (Engine, Chain, Deposit) {
    let (engine, chain) = desk().await;
    let closed = in_state(&engine, DepositState::Closed);
    costs(&chain, coins("0.2"));
    let credit = payment(7, Position::value(), 1, 150_000_000_000_000_000);
    let deposit = scanned(&closed, &chain, 10, &credit).await;
    (closed, chain, deposit)
}

/// The engine where the smallest deposit is 0.01, and one of 0.004.
async fn below_minimum(
    engine: &Engine,
    chain: &Chain,
    policy: Option<Policy>,
) -> (Engine, Deposit) {
    let least = |network: &mut NetworkConfig| network.native.terms.minimum = Some(coins("0.01"));
    let engine = changed(engine, least, policy);
    let credit = payment(7, Position::value(), 1, 4_000_000_000_000_000);
    let deposit = scanned(&engine, chain, 10, &credit).await;
    assert_eq!(deposit.classification.kind, Kind::BelowMinimum);
    (engine, deposit)
}

async fn stored(engine: &Engine, id: &DepositId) -> Deposit {
    let found = engine.store().deposit(id).await;
    found
        .expect("the store works")
        .expect("it is stored")
        .deposit
}

/// Down to a cost of the network that a person names.
fn below(ceiling: &str) -> WatchWish {
    WatchWish {
        codes: vec![TriggerCode::NetworkCostBelow],
        ceiling: Some(ceiling.to_owned()),
        ..WatchWish::default()
    }
}

/// The entries that are made for a deposit; there is something to watch for.
async fn watch(engine: &Engine, deposit: &Deposit, wish: &WatchWish) -> Vec<Watched> {
    let watched = engine.watch(&deposit.id(), wish, PERSON).await;
    watched.expect("there is something to watch for")
}

async fn advice(engine: &Engine, deposit: &Deposit) -> Vec<Advice> {
    let quote = engine.estimate(deposit).await.expect("an answer");
    let advice = engine.advice(deposit, Some(&quote)).await;
    let advice = advice.expect("the store works");
    advice.into_iter().map(|advised| advised.advice).collect()
}

fn codes(advice: &[Advice]) -> Vec<AdviceCode> {
    advice.iter().map(Advice::code).collect()
}

/// What `reconcile` did with the list: fired, appeals that go on, ended; and how many can go on now.
async fn night(engine: &Engine, ask_sources: bool) -> (u64, u64, u64, u64) {
    let report = engine
        .reconcile(ask_sources, &Silent)
        .await
        .expect("it runs");
    let can_go_on = report
        .needs_person
        .iter()
        .find(|(words, _)| words == "watched deposits that can go on")
        .map_or(0, |(_, count)| *count);
    let watch = report.watch;
    (watch.fired, watch.resumed, watch.closed, can_go_on)
}

#[tokio::test]
async fn own_a_paused_network_reopens_and_the_appeal_goes_on() {
    let (engine, chain) = desk().await;
    let paused = in_state(&engine, DepositState::Suspended);
    let credit = payment(7, Position::value(), 1, 5_000_000_000_000_000_000);
    let deposit = scanned(&paused, &chain, 10, &credit).await;
    assert_eq!(deposit.classification.kind, Kind::SuspendedNetwork);
    let told = advice(&paused, &deposit).await;
    assert_eq!(codes(&told), [AdviceCode::WaitForReopening]);

    let id = AppealId::verbatim("A-1");
    let rows = vec![Appeal {
        claimed_txid: tx(7).as_str().to_owned(),
        claimed_network: NETWORK.to_owned(),
        ..appeals::blank("A-1", "U1", time("2026-03-01T01:00:00Z"))
    }];
    paused
        .store()
        .import_appeals(rows, time(NOW))
        .await
        .expect("stored");
    paused.match_all().await.expect("it matches");
    let wait = || Work::Wait {
        reason: "deposits are paused".to_owned(),
    };
    let tried = paused.work_on_appeal(&id, wait(), PERSON, true).await;
    assert_eq!(tried.expect("it may wait").watched, None, "a dry run");
    let worked = paused.work_on_appeal(&id, wait(), PERSON, false).await;
    let worked = worked.expect("it may wait");
    assert_eq!(worked.status, AppealStatus::Waiting);
    let entry = worked.watched.expect("it is watched").entry;
    let reopened = Trigger::NetworkReopened(NetworkId::new(NETWORK));
    assert_eq!(
        (&entry.trigger, &entry.appeal),
        (&reopened, &Some(id.clone()))
    );
    // Somebody looks at it whatever comes: two weeks are the example's wait.
    assert_eq!(entry.recheck_at, Some(time("2026-03-15T12:00:00Z")));
    // Once more changes nothing.
    let again = paused.work_on_appeal(&id, wait(), PERSON, false).await;
    assert!(
        again
            .expect("it may wait")
            .watched
            .expect("still")
            .is_repeat
    );

    assert_eq!(night(&paused, true).await, (0, 0, 0, 0));
    assert_eq!(night(&engine, true).await, (1, 1, 0, 1));
    let stands = engine.store().appeal(&id).await.expect("it reads");
    assert_eq!(stands.expect("it is there").status, AppealStatus::Matched);
    assert_eq!(night(&engine, true).await, (0, 0, 0, 1), "once");
    // Somebody works it: the entry has an end.
    let specialist = engine.person(PERSON).expect("the policy names her");
    let opened = engine
        .open_claim(&deposit.id(), &OpenOptions::default(), &specialist)
        .await;
    opened.expect("it can be recovered now");
    assert_eq!(night(&engine, true).await, (0, 0, 1, 0));
    assert_eq!(night(&engine, true).await, (0, 0, 0, 0));
}

#[tokio::test]
async fn own_a_dear_network_is_waited_for_down_to_the_last_base_unit() {
    let (closed, chain, deposit) = dear_desk().await;
    assert_eq!(deposit.classification.kind, Kind::WrongChainSameKey);
    let told = advice(&closed, &deposit).await;
    let [Advice::WaitForCheaperNetwork { now, ceiling }] = told.as_slice() else {
        panic!("{told:?}")
    };
    let (now, ceiling) = (*now, *ceiling);
    assert_eq!(now, coins("0.25"));
    assert!(
        ceiling < coins("0.1") && ceiling > coins("0.0999"),
        "{ceiling:?}"
    );

    // With a second one at the address the transfer is shared, and its part pays.
    let second = payment(8, Position::value(), 1, 450_000_000_000_000_000);
    scanned(&closed, &chain, 60, &second).await;
    let told = advice(&closed, &deposit).await;
    let both = [
        AdviceCode::PoolWithOthers,
        AdviceCode::WaitForCheaperNetwork,
    ];
    assert_eq!(codes(&told), both);
    let Advice::PoolWithOthers(share) = &told[0] else {
        panic!("{told:?}")
    };
    assert_eq!(
        (share.deposits, share.shared, share.own),
        (2, now, coins("0.0625"))
    );

    let watched = watch(&closed, &deposit, &WatchWish::default()).await;
    let below = Trigger::NetworkCostBelow(NetworkId::new(NETWORK), None);
    assert_eq!(watched[0].entry.trigger, below);
    assert_eq!(night(&closed, true).await, (0, 0, 0, 0));
    // A run that may ask nobody knows nothing, and fires nothing.
    costs(&chain, Amount::from_u128(1));
    assert_eq!(night(&closed, false).await, (0, 0, 0, 0));
    chain.state().cost = None;
    assert_eq!(
        night(&closed, true).await,
        (0, 0, 0, 0),
        "silent is not cheap"
    );
    // With the margin of a quarter this is the ceiling, to the base unit.
    let four_fifths = ceiling.mul_ratio_floor(Amount::from_u128(4), Amount::from_u128(5));
    let cheap = four_fifths.expect("in range");
    costs(
        &chain,
        cheap.checked_add(Amount::from_u128(1)).expect("in range"),
    );
    assert!(!is_quoted(&closed, &deposit).await);
    assert_eq!(night(&closed, true).await, (0, 0, 0, 0));
    costs(&chain, cheap);
    assert!(is_quoted(&closed, &deposit).await);
    assert_eq!(night(&closed, true).await, (1, 0, 0, 1));
}

#[tokio::test]
async fn own_a_deposit_that_a_rule_refuses_is_not_told_to_be_topped_up() {
    let (engine, chain) = desk().await;
    let strict = policy(WAITS, "value_min = \"50\"\n");
    let (engine, deposit) = below_minimum(&engine, &chain, Some(strict)).await;
    costs(&chain, coins("0.0001"));
    // Worth 8, where the rule asks for 50: no coin beside it changes what a claim of it is worth.
    let told = advice(&engine, &deposit).await;
    assert_eq!(told, [Advice::WaitForValue]);

    let watched = watch(&engine, &deposit, &WatchWish::default()).await;
    assert_eq!(watched[0].entry.trigger.code(), TriggerCode::MinimumReached);
    assert_eq!(night(&engine, true).await, (0, 0, 0, 0));
    // Together they reach the smallest deposit, and each is refused as before: nobody is told that it goes on.
    let rest = payment(8, Position::value(), 1, 6_000_000_000_000_000);
    let rest = scanned(&engine, &chain, 60, &rest).await;
    assert_eq!(night(&engine, true).await, (0, 0, 0, 0));
    for part in [&deposit, &rest] {
        assert!(!is_quoted(&engine, part).await);
        assert_eq!(advice(&engine, part).await, [Advice::WaitForValue]);
    }
    // What is advised leads to quotes: the coin becomes dearer, and each part is worth enough.
    priced(&engine, "20000", "2026-03-01T12:01:00Z").await;
    for part in [&deposit, &rest] {
        assert!(is_quoted(&engine, part).await);
        let told = advice(&engine, part).await;
        assert_eq!(told, [Advice::ClaimIt { is_quoted: true }]);
    }
    assert_eq!(night(&engine, true).await, (1, 0, 0, 1));
}

#[tokio::test]
async fn own_a_rule_that_does_not_wait_credits_below_the_minimum_at_once() {
    let (engine, chain) = desk().await;
    let lenient = policy(WAITS, "");
    let (engine, deposit) = below_minimum(&engine, &chain, Some(lenient)).await;
    let told = advice(&engine, &deposit).await;
    assert_eq!(told, [Advice::ClaimIt { is_quoted: true }]);

    // Without a policy nobody quotes, and nobody is told to send more.
    let unruled = Engine::new(
        engine.store().clone(),
        engine.chains().clone(),
        None,
        engine.adapters().clone(),
        Arc::new(FixedClock(time(NOW))),
    )
    .expect("an engine");
    let told = unruled.advice(&deposit, None).await.expect("it reads");
    assert_eq!(told[0].advice, Advice::ClaimIt { is_quoted: false });
    assert_eq!(told.len(), 1);
}

/// The line of the example's rule for deposits below the minimum.
const WAITS: &str = "waits_for_minimum = true\n";

fn gathered(present: &str) -> Gathered {
    Gathered {
        minimum: coins("0.01"),
        present: coins(present),
    }
}

#[tokio::test]
async fn own_what_is_topped_up_as_advised_is_quoted_and_the_watch_fires() {
    let (engine, chain) = desk().await;
    let (engine, deposit) = below_minimum(&engine, &chain, None).await;
    // A transfer of the user's takes 0.20 of the 8.00 that it frees.
    costs(&chain, coins("0.0001"));
    let waits = Advice::WaitForNextDeposit {
        gathered: gathered("0.004"),
        missing: coins("0.006"),
    };
    let told = advice(&engine, &deposit).await;
    let top_up = Advice::TopUpToMinimum {
        gathered: gathered("0.004"),
        missing: coins("0.006"),
        costs: Cents::parse("0.20").expect("a sum"),
        gain: Cents::parse("8").expect("a sum"),
    };
    assert_eq!(told, [top_up, waits.clone()]);
    let refused = engine.estimate(&deposit).await.expect("an answer");
    assert_eq!(refused.outcome, Err(QuoteRefusal::MinimumNotReached));
    assert_eq!(refused.top_up_gain, Cents::parse("8").ok());
    assert!(
        refused.detail.starts_with("0.004 of it came"),
        "{}",
        refused.detail
    );

    // Where the transfer takes as much as it frees, or nobody knows what it takes, nobody is told to send it.
    for cost in [Some(coins("0.004")), None] {
        match cost {
            Some(cost) => costs(&chain, cost),
            None => chain.state().cost = None,
        }
        assert_eq!(
            advice(&engine, &deposit).await,
            std::slice::from_ref(&waits)
        );
    }
    costs(&chain, coins("0.0001"));
    let watched = watch(&engine, &deposit, &WatchWish::default()).await;
    assert_eq!(watched[0].entry.trigger.code(), TriggerCode::MinimumReached);
    assert_eq!(night(&engine, true).await, (0, 0, 0, 0));

    let rest = payment(8, Position::value(), 1, 6_000_000_000_000_000);
    let rest = scanned(&engine, &chain, 60, &rest).await;
    assert_eq!(rest.classification.kind, Kind::BelowMinimum);
    assert_eq!(night(&engine, true).await, (1, 0, 0, 1));
    let both = [
        Advice::ClaimIt { is_quoted: true },
        Advice::CreditTogether(gathered("0.01")),
    ];
    for part in [&deposit, &rest] {
        assert_eq!(advice(&engine, part).await, both);
    }
    // Crediting one takes the other nothing: what came to the address came.
    let specialist = engine.person(PERSON).expect("the policy names her");
    let opened = engine
        .open_claim(&deposit.id(), &OpenOptions::default(), &specialist)
        .await;
    opened.expect("it can be recovered now");
    assert!(is_quoted(&engine, &rest).await);
}

#[tokio::test]
async fn own_only_an_ordinary_deposit_that_comes_after_and_stands_counts() {
    let (engine, chain) = desk().await;
    let (engine, small) = below_minimum(&engine, &chain, None).await;
    let at = small.block_time().expect("it is in a block");
    // One that nobody stored yet counts for itself alone.
    let mut unseen = small.clone();
    if let Origin::Observed(credit) = &mut unseen.origin {
        credit.tx_id = tx(99);
    }
    assert!(!is_quoted(&engine, &unseen).await);
    let paid = |number, base_units| {
        let credit = payment(number, Position::value(), 1, base_units);
        chain.state().replace(20, credit);
    };
    book(
        &engine,
        LedgerEntryKind::CreditedDeposit,
        1,
        "1",
        at.plus_seconds(-1),
    )
    .await;
    paid(1, 1_000_000_000_000_000_000);
    assert!(!is_quoted(&engine, &small).await, "it came before");
    book(
        &engine,
        LedgerEntryKind::CreditedDeposit,
        2,
        "1",
        at.plus_seconds(1),
    )
    .await;
    assert!(!is_quoted(&engine, &small).await, "no network shows it");
    // One row for this deposit and another: it was credited with it.
    paid(2, 996_000_000_000_000_000);
    assert!(!is_quoted(&engine, &small).await, "another sum was paid");
    paid(2, 1_000_000_000_000_000_000);
    assert!(is_quoted(&engine, &small).await);
    let told = advice(&engine, &small).await;
    assert_eq!(told[1], Advice::CreditTogether(gathered("1.004")));
}

#[tokio::test]
async fn own_what_was_credited_counts_and_what_was_given_back_does_not() {
    for (kind, counts) in [
        (LedgerEntryKind::CreditedDeposit, true),
        (LedgerEntryKind::SettledCase, false),
    ] {
        let (engine, chain) = desk().await;
        let (engine, first) = below_minimum(&engine, &chain, None).await;
        let rest = payment(8, Position::value(), 1, 6_000_000_000_000_000);
        let rest = scanned(&engine, &chain, 60, &rest).await;
        assert!(is_quoted(&engine, &rest).await);
        let at = first.block_time().expect("it is in a block");
        book(&engine, kind, 7, "0.004", at.plus_seconds(60)).await;
        engine
            .reclassify(&Default::default())
            .await
            .expect("the store works");
        let first = stored(&engine, &first.id()).await;
        assert_eq!(first.classification.kind, Kind::AlreadyCredited);
        assert_eq!(is_quoted(&engine, &rest).await, counts, "{kind}");
        // What comes after a full group gathers anew.
        let dust = payment(9, Position::value(), 1, 9_000_000_000_000_000);
        let dust = scanned(&engine, &chain, 70, &dust).await;
        assert_eq!(is_quoted(&engine, &dust).await, !counts, "{kind}");
    }
}

/// The ledger books a payment of the coin to the user's address.
async fn book(
    engine: &Engine,
    kind: LedgerEntryKind,
    number: u64,
    amount: &str,
    at: Option<Timestamp>,
) {
    let entry = LedgerEntry {
        id: format!("L{number}"),
        kind,
        user_id: Some("U1".to_owned()),
        network: NetworkId::new(NETWORK),
        tx_id: tx(number),
        position: None,
        address: Some(address(1).text().to_owned()),
        asset: Some(native()),
        amount: Some(coins(amount)),
        booked_at: at.expect("a time"),
    };
    let counts = engine.store().import_ledger(vec![entry], time(NOW)).await;
    assert_eq!(counts.expect("stored").inserted, 1);
}

#[tokio::test]
async fn own_a_ceiling_that_nobody_named_moves_with_the_price() {
    let (closed, chain, deposit) = dear_desk().await;
    watch(&closed, &deposit, &WatchWish::default()).await;
    watch(&closed, &deposit, &below("0.09")).await;
    assert_eq!(night(&closed, true).await, (0, 0, 0, 0));
    // With a cheaper coin the service takes all: what the ceiling of that day allowed leaves nothing now.
    priced(&closed, "500", "2026-03-01T12:01:00Z").await;
    costs(&chain, coins("0.0792"));
    assert!(!is_quoted(&closed, &deposit).await);
    assert_eq!(night(&closed, true).await, (0, 0, 0, 0));
    // With a dearer one something is left although the network takes more than that.
    priced(&closed, "20000", "2026-03-01T12:02:00Z").await;
    assert!(is_quoted(&closed, &deposit).await);
    assert_eq!(night(&closed, true).await, (1, 0, 0, 1));
    // The ceiling that a person named is a ceiling.
    costs(&chain, coins("0.072"));
    assert_eq!(night(&closed, true).await, (1, 0, 0, 2));
}

#[tokio::test]
async fn own_a_deposit_without_a_quote_hides_the_networks_cost_from_no_other() {
    let (closed, chain, sure) = dear_desk().await;
    // A second one that is not final yet, looked at first.
    let young = payment(8, Position::value(), 1, 150_000_000_000_000_000);
    {
        let mut state = chain.state();
        state.grow("a", 60);
        state.put(60, young.clone());
    }
    closed
        .scan(&ScanOptions::default(), &Silent)
        .await
        .expect("the store works");
    let young = stored(&closed, &young.id()).await;
    assert!(!young.classification.verdict.is_recoverable());
    let wish = below("0.09");
    for (deposit, at) in [(&young, NOW), (&sure, "2026-03-01T12:00:01Z")] {
        watch(&later(&closed, at), deposit, &wish).await;
    }
    let tonight = later(&closed, "2026-03-01T12:00:02Z");
    assert_eq!(night(&tonight, true).await, (0, 0, 0, 0));
    costs(&chain, coins("0.05"));
    assert_eq!(night(&tonight, true).await, (1, 0, 0, 1));
}

#[tokio::test]
async fn own_a_day_that_came_fires_and_a_vanished_deposit_ends_its_entry() {
    let (engine, chain) = desk().await;
    let paused = in_state(&engine, DepositState::Suspended);
    let credit = payment(7, Position::value(), 1, 5_000_000_000_000_000_000);
    let deposit = scanned(&paused, &chain, 45, &credit).await;
    let wish = |day: &str| WatchWish {
        recheck_at: Some(time(day)),
        ..WatchWish::default()
    };
    let over = paused
        .watch(&deposit.id(), &wish("2026-03-01T11:00:00Z"), PERSON)
        .await;
    assert!(
        matches!(over, Err(EngineError::Watch(WatchError::DayOver { .. }))),
        "{over:?}"
    );
    watch(&paused, &deposit, &wish("2026-03-02T00:00:00Z")).await;
    assert_eq!(night(&paused, true).await, (0, 0, 0, 0));
    let later = later(&paused, "2026-03-02T00:00:00Z");
    assert_eq!(night(&later, true).await, (1, 0, 0, 1));
    assert_eq!(night(&later, true).await, (0, 0, 0, 1));
    chain.state().reorganise(41, "b");
    assert_eq!(night(&later, true).await, (0, 0, 1, 0));
}

#[tokio::test]
async fn own_what_does_not_fit_is_not_watched() {
    let (engine, chain) = desk().await;
    let credit = payment(7, Position::value(), 1, 5_000_000_000_000_000_000);
    let deposit = scanned(&engine, &chain, 10, &credit).await;
    let asked = |codes: &[TriggerCode]| WatchWish {
        codes: codes.to_vec(),
        ..WatchWish::default()
    };
    for (codes, expected) in [
        // It can be recovered now: nothing is to be waited for, and what is there need not be.
        (&[][..], "nothing follows from deposit"),
        (&[TriggerCode::Recoverable], "need not wait"),
        (&[TriggerCode::NetworkReopened], "need not wait"),
        (&[TriggerCode::AssetListed], "need not wait"),
        (&[TriggerCode::PriceKnown], "need not wait"),
        (&[TriggerCode::TokenReviewed], "only a token's contract"),
        (&[TriggerCode::FactoryInPlace], "no contract of ours"),
        (&[TriggerCode::NetworkCostBelow], "--ceiling"),
        (&[TriggerCode::Date], "--recheck"),
    ] {
        let refused = engine.watch(&deposit.id(), &asked(codes), PERSON).await;
        let text = refused.expect_err("it is refused").to_string();
        assert!(text.contains(expected), "{codes:?}: {text}");
    }
    let nobody = engine
        .watch(&deposit.id(), &WatchWish::default(), None)
        .await;
    assert!(
        matches!(nobody, Err(EngineError::ActorMissing)),
        "{nobody:?}"
    );
    let other = DepositId::verbatim("D-0");
    let unknown = engine.watch(&other, &WatchWish::default(), PERSON).await;
    assert!(
        matches!(unknown, Err(EngineError::NotFound { .. })),
        "{unknown:?}"
    );
    for text in ["", "x", "-1", "1e18", "0.0000000000000000001"] {
        let refused = engine.watch(&deposit.id(), &below(text), PERSON).await;
        assert!(
            matches!(refused, Err(EngineError::UnknownWord { .. })),
            "{text}: {refused:?}"
        );
    }
    let none = engine
        .store()
        .list_watch(&WatchFilter::default(), None, 10)
        .await;
    assert!(none.expect("it reads").is_empty());
    let dropped = engine.drop_watch("wch_0", "no more", PERSON).await;
    assert!(
        matches!(dropped, Err(EngineError::NotFound { .. })),
        "{dropped:?}"
    );
}
