//! Scanning networks that are read account by account: whatever breaks a reading off, nothing is missed, nothing is stored twice
//! and no height counts as read that was not.

mod accounts;

use accounts::{
    Fault, Ledgers, address, addresses, covered, engine, engine_on, engine_over, payment, stored,
};
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_engine::engine::Engine;
use recover_engine::scan::{NetworkReport, ScanOptions, Silent};
use recover_source::chain::Part;
use recover_store::Store;
use std::collections::BTreeSet;
use std::time::Duration;

async fn scan_with(engine: &Engine, options: ScanOptions) -> NetworkReport {
    let reports = engine.scan(&options, &Silent).await;
    reports.expect("the store works").remove(0)
}

async fn scan(engine: &Engine) -> NetworkReport {
    scan_on(engine, "cosmos").await
}

async fn scan_on(engine: &Engine, network: &str) -> NetworkReport {
    let options = ScanOptions {
        networks: vec![network.to_owned()],
        ..ScanOptions::default()
    };
    scan_with(engine, options).await
}

async fn omnibus(engine: &Engine, number: u64, created: &str) {
    let text = address("cosmos", number);
    addresses(
        engine,
        &format!(",omnibus,cosmos,{},,{created},eoa\n", text.text()),
    )
    .await;
}

/// Twenty credits to the account 1, two of them at height 10 and four at height 12.
fn fill(ledgers: &Ledgers) -> BTreeSet<u64> {
    let heights = [
        2, 3, 5, 10, 10, 12, 12, 12, 12, 20, 21, 22, 23, 24, 25, 26, 30, 31, 40, 50,
    ];
    for (number, height) in (1..).zip(heights) {
        ledgers
            .of("cosmos")
            .put(height, payment("cosmos", number, 1));
    }
    (1..=20).collect()
}

#[tokio::test]
async fn own_every_credit_of_an_account_is_found_once() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    let all = fill(&ledgers);
    let report = scan(&engine).await;
    assert!(!report.is_fault(), "{report:?}");
    assert_eq!((report.new, report.blocks_read), (20, 51));
    assert_eq!(report.found.values().sum::<u64>(), 20);
    assert_eq!(stored(&engine, "cosmos").await, all);
    assert_eq!(covered(&engine, "cosmos", 1).await, ["0..50"]);
    let asked = ledgers.of("cosmos").asked.len();
    let again = scan(&engine).await;
    assert_eq!((again.new, again.blocks_read), (0, 0));
    assert_eq!(
        ledgers.of("cosmos").asked.len(),
        asked,
        "nothing is left to ask"
    );
    // New blocks are asked for alone.
    {
        let mut ledger = ledgers.of("cosmos");
        ledger.tip = 60;
        ledger.put(55, payment("cosmos", 21, 1));
    }
    assert_eq!(scan(&engine).await.new, 1);
    assert_eq!(
        ledgers.of("cosmos").asked.last().cloned(),
        Some((address("cosmos", 1).text().to_owned(), 51, 60, true))
    );
}

#[tokio::test]
async fn own_a_run_killed_at_any_page_loses_nothing_and_resumes_no_place() {
    for killed_at in 0..8 {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("db").display());
        let store = Store::open(&url).await.expect("a store");
        let (first, ledgers) = engine_on(store, 50).await;
        omnibus(&first, 1, "").await;
        let all = fill(&ledgers);
        ledgers.of("cosmos").faults.insert(killed_at, Fault::Hangs);
        let run = tokio::time::timeout(Duration::from_millis(400), scan(&first)).await;
        assert!(run.is_err(), "it hangs at page {killed_at}");
        drop(first);

        let store = Store::open(&url).await.expect("the store again");
        let second = engine_over(store, &ledgers).await;
        let before = ledgers.of("cosmos").asked.len();
        let report = scan(&second).await;
        assert!(!report.is_fault(), "{report:?}");
        let first_page = ledgers.of("cosmos").asked[before].clone();
        assert!(first_page.3, "a new run begins a reading of its own");
        if killed_at >= 3 {
            assert!(first_page.1 > 0, "what was committed is not read again");
        }
        assert_eq!(stored(&second, "cosmos").await, all, "{killed_at}");
        assert_eq!(covered(&second, "cosmos", 1).await, ["0..50"]);
    }
}

#[tokio::test]
async fn own_a_reading_that_breaks_off_is_begun_anew_where_it_was() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    let all = fill(&ledgers);
    for page in [2, 3, 6] {
        ledgers.of("cosmos").faults.insert(page, Fault::Silent);
    }
    let report = scan(&engine).await;
    assert!(!report.is_fault(), "{report:?}");
    assert_eq!(stored(&engine, "cosmos").await, all);
    assert_eq!(
        report.found.values().sum::<u64>(),
        20,
        "no credit is counted twice"
    );
    let starts: Vec<u64> = ledgers
        .of("cosmos")
        .asked
        .iter()
        .filter(|asked| asked.3)
        .map(|asked| asked.1)
        .collect();
    assert_eq!(starts.len(), 4);
    assert!(starts[1] > starts[0], "{starts:?}");
}

#[tokio::test]
async fn own_what_cannot_be_read_is_one_gap_until_it_is() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    let all = fill(&ledgers);
    for page in 2..20 {
        ledgers.of("cosmos").faults.insert(page, Fault::Silent);
    }
    let report = scan(&engine).await;
    assert!(report.is_fault());
    assert_eq!(report.gaps.len(), 1, "{:?}", report.gaps);
    let gap = &report.gaps[0];
    assert_eq!(
        gap.stream.as_str(),
        format!("account:{}", address("cosmos", 1))
    );
    assert!(gap.reason.contains("scripted"), "{}", gap.reason);
    let read = covered(&engine, "cosmos", 1).await;
    assert_eq!(read, [format!("0..{}", gap.range.from().0 - 1)]);
    assert_eq!(gap.range.to(), Height(50));
    ledgers.of("cosmos").faults.clear();
    let healed = scan(&engine).await;
    assert!(!healed.is_fault(), "{healed:?}");
    assert_eq!(stored(&engine, "cosmos").await, all);
}

#[tokio::test]
async fn own_an_address_imported_late_is_read_from_its_issue_and_no_other_again() {
    let (engine, ledgers) = engine(100).await;
    omnibus(&engine, 1, "").await;
    fill(&ledgers);
    scan(&engine).await;
    let asked = ledgers.of("cosmos").asked.len();
    // Height 60 is 2026-01-03T12:00:00Z: read from the beginning of that day, 48.
    ledgers.of("cosmos").put(70, payment("cosmos", 90, 2));
    omnibus(&engine, 2, "2026-01-03T12:00:00Z").await;
    assert_eq!(scan(&engine).await.new, 1);
    let text = address("cosmos", 2).text().to_owned();
    assert_eq!(ledgers.of("cosmos").asked[asked..], [(text, 48, 100, true)]);
    assert_eq!(covered(&engine, "cosmos", 2).await, ["48..100"]);
    // The book learns that it is older: what lies before is read.
    omnibus(&engine, 2, "2026-01-02T00:00:00Z").await;
    scan(&engine).await;
    assert_eq!(covered(&engine, "cosmos", 2).await, ["24..100"]);
}

#[tokio::test]
async fn own_a_server_that_narrows_the_range_is_not_believed() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    fill(&ledgers);
    ledgers.of("cosmos").narrowed_to = Some(30);
    let report = scan(&engine).await;
    assert!(report.is_fault());
    let reason = &report.gaps[0].reason;
    assert!(reason.contains("ends before the height 50"), "{reason}");
    // What its pages completed before is read; the last page claims the end and is not taken.
    let read = covered(&engine, "cosmos", 1).await;
    assert_eq!(read.len(), 1);
    assert!(read[0].starts_with("0..2"), "{read:?}");
    ledgers.of("cosmos").narrowed_to = None;
    assert!(!scan(&engine).await.is_fault());
    assert_eq!(stored(&engine, "cosmos").await.len(), 20);
}

#[tokio::test]
async fn own_a_part_that_no_source_sees_is_a_gap_asked_for_with_one_page() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    fill(&ledgers);
    ledgers.of("cosmos").unseen = Some((Part::BlockCredits, 24));
    let report = scan(&engine).await;
    assert!(report.is_fault(), "something was missed");
    let part = format!("account:{}/block_credits", address("cosmos", 1));
    let gaps: Vec<_> = report
        .gaps
        .iter()
        .map(|gap| (gap.stream.to_string(), gap.range.to_string()))
        .collect();
    assert_eq!(gaps, [(part, "0..24".to_owned())]);
    assert_eq!(covered(&engine, "cosmos", 1).await, ["0..50"]);
    assert_eq!(stored(&engine, "cosmos").await.len(), 20);

    let asked = ledgers.of("cosmos").asked.len();
    assert!(scan(&engine).await.is_fault());
    assert_eq!(ledgers.of("cosmos").asked.len(), asked + 1);

    let missed = payment("cosmos", 77, 1);
    {
        let mut ledger = ledgers.of("cosmos");
        ledger.put(7, missed);
        ledger.unseen = None;
    }
    let report = scan(&engine).await;
    assert!(!report.is_fault(), "{report:?}");
    assert_eq!(report.new, 1);
}

#[tokio::test]
async fn own_from_and_to_bound_what_is_read() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    fill(&ledgers);
    let options = ScanOptions {
        networks: vec!["cosmos".to_owned()],
        from: Some(Height(10)),
        to: Some(Height(24)),
    };
    let report = scan_with(&engine, options).await;
    assert_eq!((report.new, report.blocks_read), (11, 15));
    assert_eq!(covered(&engine, "cosmos", 1).await, ["10..24"]);
    assert!(!scan(&engine).await.is_fault());
    assert_eq!(covered(&engine, "cosmos", 1).await, ["0..50"]);
    assert_eq!(stored(&engine, "cosmos").await.len(), 20);
}

#[tokio::test]
async fn own_money_on_a_sibling_network_is_found_there() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    ledgers.of("osmosis").put(9, payment("osmosis", 5, 1));
    ledgers.of("injective").put(9, payment("injective", 6, 1));
    let report = scan_on(&engine, "osmosis").await;
    assert_eq!(report.found.get(&Kind::WrongChainSameKey), Some(&1));
    // There the same bytes are another key's.
    scan_on(&engine, "injective").await;
    assert_eq!(ledgers.of("injective").asked, []);
}

#[tokio::test]
async fn own_a_dead_source_is_not_asked_for_every_account() {
    let (engine, ledgers) = engine(50).await;
    for number in 1..=60 {
        omnibus(&engine, number, "").await;
    }
    ledgers.of("cosmos").always = Some(Fault::Silent);
    let report = scan(&engine).await;
    assert_eq!(report.gaps.len(), 60, "each account is named");
    let asked = ledgers.of("cosmos").asked.len();
    assert!(asked < 40, "{asked} pages");
    ledgers.of("cosmos").always = None;
    assert!(!scan(&engine).await.is_fault());
}

#[tokio::test]
async fn own_a_history_of_somebody_else_is_not_believed() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    // The same account on another network: the source answers from the wrong chain.
    let mut stranger = payment("cosmos", 5, 1);
    stranger.network = NetworkId::new("osmosis");
    ledgers.of("cosmos").put(9, stranger);
    let report = scan(&engine).await;
    assert!(report.is_fault());
    assert_eq!(covered(&engine, "cosmos", 1).await, Vec::<String>::new());
    assert!(stored(&engine, "cosmos").await.is_empty());
}

#[tokio::test]
async fn own_a_source_without_its_index_is_a_failure_and_leaves_no_gap_behind() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    fill(&ledgers);
    ledgers.of("cosmos").has_index = false;
    let report = scan(&engine).await;
    assert!(report.is_fault());
    let failure = report.failure.expect("nothing was read");
    assert!(failure.contains("index"), "{failure}");
    assert_eq!(report.gaps, []);
    ledgers.of("cosmos").has_index = true;
    assert!(!scan(&engine).await.is_fault());
    assert_eq!(stored(&engine, "cosmos").await.len(), 20);
}

#[tokio::test]
async fn own_a_reorganisation_is_repaired_as_for_blocks() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    ledgers.of("cosmos").finalized = Some(30);
    ledgers.of("cosmos").put(40, payment("cosmos", 1, 1));
    ledgers.of("cosmos").put(45, payment("cosmos", 2, 1));
    scan(&engine).await;
    {
        let mut ledger = ledgers.of("cosmos");
        ledger.reorganise(38, "b");
        ledger.put(47, payment("cosmos", 1, 1));
    }
    let report = scan(&engine).await;
    let found = report.reorganisation.as_ref().expect("it was seen");
    assert!(!found.is_beyond_finality);
    assert_eq!(found.gone.len(), 1, "{found:?}");
    let back = engine
        .store()
        .deposit(&payment("cosmos", 1, 1).id())
        .await
        .expect("the store works")
        .expect("it is there");
    assert_eq!(back.deposit.block_height(), Some(Height(47)));
    assert_eq!(back.deposit.status, DepositStatus::Unconfirmed);
    assert_eq!(covered(&engine, "cosmos", 1).await, ["0..50"]);
    // Once its height is final it is open.
    ledgers.of("cosmos").finalized = Some(50);
    assert_eq!(scan(&engine).await.confirmed, 1);
}

/// A voucher's origin is asked of a node that may not answer: it must stand in the list all the same, or nobody could review it.
#[tokio::test]
async fn own_a_token_that_nobody_can_ask_stands_in_the_list_and_is_asked_again() {
    let (engine, ledgers) = engine(50).await;
    omnibus(&engine, 1, "").await;
    let token = AssetId::contract(
        NetworkId::new("cosmos"),
        "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2",
    );
    let credit = |number| Observation {
        asset: token.clone(),
        ..payment("cosmos", number, 1)
    };
    ledgers.of("cosmos").put(3, credit(1));
    scan(&engine).await;
    let seen = engine.tokens(true).await.unwrap();
    let known: Vec<_> = seen
        .iter()
        .map(|(token, _)| (&token.sighting.asset, token.sighting.symbol.as_deref()))
        .collect();
    assert_eq!(known, [(&token, None)]);
    // The next credit of it finds a node that answers.
    {
        let mut ledger = ledgers.of("cosmos");
        ledger.put(51, credit(2));
        ledger.tip = 51;
        ledger.claims = Some(("uosmo", 6));
    }
    scan(&engine).await;
    let seen = engine.tokens(true).await.unwrap();
    assert_eq!(seen.len(), 1);
    let sighting = &seen[0].0.sighting;
    assert_eq!(
        (sighting.symbol.as_deref(), sighting.decimals),
        (Some("uosmo"), Some(6))
    );
}
