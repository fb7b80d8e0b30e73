//! The suite for sources that are read account by account, on a made-up account behind a server without fault; and look-ups of
//! single transactions behind one with every fault.

use std::collections::BTreeMap;

use recover_core::block::{Height, HeightRange, TxId};
use recover_source::chain::Lookup;
use recover_source::conformance::{AccountCase, check_account};
use recover_testkit::omnibus::{Api, Expected, Fault, Faults, Options, Outcome};

use crate::reading::matched;
use crate::setting;

const DEPOSITS: u32 = 900;

async fn conforms(api: Api) {
    let options = Options::new(setting::seed())
        .deposits(DEPOSITS)
        .faults(Faults::none());
    let (omnibus, source) = setting::open(api, &options);
    let family = setting::family(api);
    // What only a block paid is another question than an account's transactions.
    let truth: Vec<Expected> = omnibus
        .truth()
        .filter(|row| api != Api::CosmosRest || !row.tx_id.starts_with("block:"))
        .collect();
    let mut of_transaction: BTreeMap<&str, u32> = BTreeMap::new();
    for row in &truth {
        *of_transaction.entry(&row.tx_id).or_default() += 1;
    }
    let id = |text: &str| family.tx_id(text).expect("the id is one of the family's");
    let moved = |row: &&Expected| row.outcome != Outcome::Failed;
    let case = AccountCase {
        address: family.address(&omnibus.account()).unwrap(),
        range: HeightRange::new(
            Height(omnibus.first_height()),
            Height(omnibus.last_height()),
        )
        .unwrap(),
        credits: Some(truth.iter().filter(moved).count()),
        known: truth
            .iter()
            .filter(|row| !row.tx_id.starts_with("block:"))
            .find(moved)
            .map(|row| id(&row.tx_id)),
        unknown: id(&"0123456789abcdef".repeat(4)),
        two_credits: of_transaction
            .iter()
            .find(|(_, count)| **count > 1)
            .map(|(text, _)| id(text)),
        failed: truth
            .iter()
            .find(|row| row.outcome == Outcome::Failed)
            .map(|row| id(&row.tx_id)),
    };
    assert!(case.two_credits.is_some());
    let broken = check_account(source.as_ref(), &case).await;
    assert!(
        broken.is_empty(),
        "{api}, seed {}:\n{}",
        options.seed,
        broken.join("\n")
    );
    assert!(omnibus.faults_told().is_empty());
}

/// Transactions looked up one by one have the credits that the history has.
async fn are_found(api: Api) {
    let faults = Faults::all().with(Fault::Lagging, 0);
    let options = Options::new(setting::seed())
        .deposits(DEPOSITS)
        .faults(faults);
    let (omnibus, source) = setting::open(api, &options);
    let mut found = 0;
    for row in omnibus
        .truth()
        .step_by(7)
        .filter(|row| !row.tx_id.starts_with("block:"))
    {
        let id: TxId = setting::family(api).tx_id(&row.tx_id).unwrap();
        match source.transaction(&id).await {
            Ok(Lookup::Found(view)) => {
                assert!(
                    view.credits.iter().any(|credit| matched(credit, &row)),
                    "{api}, seed {}: {row:?} is not in {:#?}",
                    options.seed,
                    view.credits
                );
                found += 1;
            }
            other => panic!("{api}, seed {}: {row:?} gives {other:?}", options.seed),
        }
    }
    assert!(found > 100, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rippled_conforms() {
    conforms(Api::Rippled).await;
    are_found(Api::Rippled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn horizon_conforms() {
    conforms(Api::Horizon).await;
    are_found(Api::Horizon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comet_rpc_conforms() {
    conforms(Api::CometRpc).await;
    are_found(Api::CometRpc).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cosmos_rest_conforms() {
    conforms(Api::CosmosRest).await;
    are_found(Api::CosmosRest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toncenter_conforms() {
    conforms(Api::Toncenter).await;
    are_found(Api::Toncenter).await;
}
