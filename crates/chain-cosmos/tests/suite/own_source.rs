//! Both sources against a network of our own: conformance, faults, and what their errors mean.

use crate::world::{CHAIN, Comet, Fault, Gateway, TIP, World, contract, ours};
use recover_chain_cosmos::{address, open, open_with};
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Outcome};
use recover_source::chain::{AccountRequest, ChainRead, Lookup, Part};
use recover_source::conformance::{AccountCase, check_account, read};
use recover_source::error::{Advice, SourceError};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::sync::Arc;

fn settings(kind: &str) -> SourceSettings {
    let mut settings =
        SourceSettings::new(NetworkId::new("osmosis"), CHAIN, kind, "http://own.example");
    settings.retry = RetryPolicy::once();
    settings.page_size = Some(20);
    settings.address_prefix = Some("osmo".to_owned());
    settings
}

fn comet(world: World) -> Arc<dyn ChainRead> {
    open_with(settings("comet_rpc"), Arc::new(Comet(world)))
}

fn gateway(world: World, counts: bool) -> Arc<dyn ChainRead> {
    let transport: Arc<dyn Transport> = Arc::new(Gateway { world, counts });
    open_with(settings("cosmos_rest"), transport)
}

fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

fn case(credits: usize) -> AccountCase {
    let world = World::new();
    let id = |memo: &str| Some(TxId::new(&world.of_memo(memo).id));
    AccountCase {
        address: ours(),
        range: range(1, TIP),
        credits: Some(credits),
        known: id("1070"),
        unknown: TxId::new(&"AB".repeat(32)),
        two_credits: id("two"),
        failed: id("failed"),
    }
}

fn with(fault: Fault) -> World {
    let world = World::new();
    world.faults.lock().unwrap().push(fault);
    world
}

#[tokio::test]
async fn own_conformance_of_a_node() {
    let source = comet(World::new());
    let broken = check_account(source.as_ref(), &case(World::CREDITS)).await;
    assert_eq!(broken, Vec::<String>::new());
}

#[tokio::test]
async fn own_conformance_of_a_gateway() {
    // It cannot see the unbonding, and says so.
    for counts in [true, false] {
        let source = gateway(World::new(), counts);
        let broken = check_account(source.as_ref(), &case(World::CREDITS - 1)).await;
        assert_eq!(broken, Vec::<String>::new(), "{counts}");
    }
}

#[tokio::test]
async fn own_every_kind_of_credit_is_found() {
    let source = comet(World::new());
    let credits = source.history(&ours(), range(204, 208)).await.unwrap();
    assert_eq!(credits.gaps, []);
    let lines: Vec<String> = credits
        .observations
        .iter()
        .map(crate::fixture::line)
        .collect();
    let short = |text: &str| format!("{}…{}", &text[..12], &text[text.len() - 5..]);
    let (from, to, token) = (
        short(crate::world::account(1).text()),
        short(ours().text()),
        short(contract().text()),
    );
    assert_eq!(
        lines,
        [
            format!("msg:0.0 {from} > {to} 11 native [memo=\"two\"] top_level"),
            format!("msg:1.0 {from} > {to} 11 native [memo=\"two\"] top_level"),
            format!("msg:0.cw20.0 {from} > {to} 77 {token} [memo=\"token\"] token_transfer"),
            format!("event:0 - > {to} 500 native [memo:absent] block_event"),
        ]
    );
    let block = credits.observations[3].clone();
    assert_eq!(block.tx_id.as_str(), "block:208");
    let Lookup::Found(view) = source.transaction(&block.tx_id).await.unwrap() else {
        panic!("a block that was read");
    };
    assert_eq!(view.credits, [block]);
}

#[tokio::test]
async fn own_faults_of_a_page_lose_nothing_and_double_nothing() {
    for fault in [
        Fault::DropRow,
        Fault::DoubleRow,
        Fault::CutPage,
        Fault::SmallPages,
        Fault::Unsorted,
        Fault::WrongTotal,
    ] {
        let source = comet(with(fault));
        let mut broken = Vec::new();
        let mut credits = read(source.as_ref(), &ours(), range(1, TIP), &mut broken).await;
        if credits.is_err() {
            // What a source contradicts itself in is read again, from what was called complete.
            broken.clear();
            credits = read(source.as_ref(), &ours(), range(1, TIP), &mut broken).await;
        }
        assert_eq!(broken, Vec::<String>::new(), "{fault:?}");
        assert_eq!(credits.unwrap().len(), World::CREDITS, "{fault:?}");
    }
}

/// A row that is left out shows before its height is called complete: the reading ends in an error, and nothing at or above the
/// row was promised.
#[tokio::test]
async fn own_a_row_that_is_always_left_out_is_never_promised() {
    let source = comet(with(Fault::AlwaysDropRow));
    let mut request = AccountRequest {
        address: ours(),
        range: range(51, TIP),
        resume: None,
    };
    let mut through = Height(50);
    let error = loop {
        match source.account_page(&request).await {
            Ok(page) => {
                through = page.through.unwrap_or(through).max(through);
                request.resume = Some(page.next.expect("it can never end"));
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error.advice(), Advice::Disbelieve, "{error}");
    // The first page has the heights 60 to 250, and 150 in its middle was left out.
    assert!(through < Height(150), "{through}");
}

#[tokio::test]
async fn own_an_index_that_is_off_is_no_empty_history() {
    let off = || World {
        tx_index: false,
        ..World::new()
    };
    for source in [comet(off()), gateway(off(), true)] {
        let capabilities = source.capabilities().await.unwrap();
        assert!(!capabilities.accounts && capabilities.history.is_empty());
        let error = source.history(&ours(), range(1, TIP)).await.unwrap_err();
        assert!(matches!(error, SourceError::NotKept { .. }), "{error}");
    }
}

#[tokio::test]
async fn own_what_was_pruned_is_a_gap() {
    let pruned = || World {
        lowest: 100,
        ..World::new()
    };
    for source in [comet(pruned()), gateway(pruned(), true)] {
        let update = source.history(&ours(), range(1, TIP)).await.unwrap();
        let missing: Vec<_> = update
            .gaps
            .iter()
            .filter(|gap| gap.range == range(1, 99))
            .collect();
        assert_eq!(missing.len(), Part::ALL.len(), "{:?}", update.gaps);
        assert!(missing[0].reason.contains("lowest block is 100"));
        let lowest = update
            .observations
            .iter()
            .filter_map(|credit| credit.block.as_ref())
            .map(|block| block.height)
            .min();
        assert_eq!(lowest, Some(Height(100)));
        let error = source.history(&ours(), range(1, 99)).await.unwrap_err();
        assert!(matches!(error, SourceError::NotKept { .. }), "{error}");
        assert!(matches!(
            source.header(Height(99)).await,
            Err(SourceError::NotKept { .. })
        ));
    }
}

#[tokio::test]
async fn own_a_source_that_lags_promises_nothing() {
    for source in [comet(World::new()), gateway(World::new(), true)] {
        let error = source
            .history(&ours(), range(1, TIP + 1))
            .await
            .unwrap_err();
        assert_eq!(error.advice(), Advice::Retry, "{error}");
        assert_eq!(source.header(Height(TIP + 1)).await.unwrap(), None);
        let head = source.head().await.unwrap();
        assert_eq!(head.finalized, Some(Height(TIP)));
        assert_eq!(source.header(Height(TIP)).await.unwrap(), Some(head.latest));
    }
}

#[tokio::test]
async fn own_what_blocks_do_is_a_gap_where_it_cannot_be_seen() {
    let no_index = World {
        block_index: false,
        ..World::new()
    };
    for source in [comet(no_index), gateway(World::new(), true)] {
        let update = source.history(&ours(), range(208, 208)).await.unwrap();
        assert_eq!(update.observations, []);
        assert_eq!(update.gaps.len(), 1);
        assert_eq!(update.gaps[0].part, Part::BlockCredits);
    }
}

#[tokio::test]
async fn own_another_chain_is_refused() {
    let other = || World {
        chain: "osmo-test-5".to_owned(),
        ..World::new()
    };
    for source in [comet(other()), gateway(other(), true)] {
        let error = source.head().await.unwrap_err();
        assert!(
            matches!(&error, SourceError::WrongNetwork { expected, found, .. }
                if expected == "cosmos:osmosis-1" && found == "cosmos:osmo-test-5"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn own_absence_is_claimed_only_by_the_operators_own_whole_node() {
    let unknown = TxId::new(&"AB".repeat(32));
    for (own, lowest, expected) in [(false, 1, false), (true, 1, true), (true, 2, false)] {
        let mut settings = settings("comet_rpc");
        settings.proves_absence = own;
        let world = World {
            lowest,
            ..World::new()
        };
        let source = open_with(settings, Arc::new(Comet(world)));
        let found = source.transaction(&unknown).await.unwrap();
        assert_eq!(found == Lookup::Absent, expected, "{own} {lowest}");
        assert_eq!(
            source.capabilities().await.unwrap().proves_absence,
            expected
        );
    }
}

#[tokio::test]
async fn own_a_failed_payment_is_looked_up_as_failed() {
    for source in [comet(World::new()), gateway(World::new(), true)] {
        let id = TxId::new(&World::new().of_memo("failed").id);
        let Lookup::Found(view) = source.transaction(&id).await.unwrap() else {
            panic!("it is there");
        };
        assert_eq!(view.outcome, Outcome::Failed);
        assert_eq!(view.credits.len(), 1);
        assert_eq!(view.credits[0].outcome, Outcome::Failed);
        assert_eq!(view.credits[0].mechanism, Mechanism::TopLevel);
    }
}

#[tokio::test]
async fn own_the_account_is_asked_for_in_the_form_of_the_network() {
    // The same key under another prefix is the same account here.
    let source = comet(World::new());
    let cosmos = address::format("cosmos", &ours().payload()).unwrap();
    let update = source.history(&cosmos, range(204, 206)).await.unwrap();
    assert_eq!(update.observations.len(), 2);
}

#[tokio::test]
async fn own_a_page_of_another_reading_is_refused() {
    let source = comet(World::new());
    for resume in [
        "",
        "x",
        "500/0/1/1/1",
        "5/0/1/1",
        "5/0/1/1/1/1",
        "5/0/1/x/1",
    ] {
        let request = AccountRequest {
            address: ours(),
            range: range(1, TIP),
            resume: Some(resume.to_owned()),
        };
        assert!(source.account_page(&request).await.is_err(), "{resume}");
    }
}

#[test]
fn own_a_kind_of_another_family_is_not_opened() {
    let error = open(settings("rippled")).err().unwrap();
    assert!(error.to_string().contains("comet_rpc"), "{error}");
    assert!(open(settings("cosmos_rest")).is_ok());
}

#[tokio::test]
async fn own_what_a_gateway_does_not_offer_is_unsupported() {
    let source = gateway(World::new(), true);
    let native = AssetId::native(NetworkId::new("osmosis"));
    assert!(matches!(
        source.balance(&ours(), &native).await,
        Err(SourceError::Unsupported { .. })
    ));
    assert!(matches!(
        source.network_cost().await,
        Err(SourceError::Unsupported { .. })
    ));
}
