//! Each adapter alone, without a store: what it reads is the truth.

use std::collections::BTreeSet;

use recover_core::block::{Height, HeightRange};
use recover_source::chain::Part;
use recover_testkit::omnibus::{Api, Fault, Faults, Options};

use crate::reading::{compare, read};
use crate::setting;

async fn reads_all(api: Api, blind: &[Part]) {
    let faults = Faults::all();
    reads(
        api,
        &Options::new(setting::seed())
            .deposits(setting::deposits())
            .faults(faults),
        blind,
    )
    .await;
}

async fn reads(api: Api, options: &Options, blind: &[Part]) {
    let (omnibus, source) = setting::open(api, options);
    let range = HeightRange::new(
        Height(omnibus.first_height()),
        Height(omnibus.last_height()),
    )
    .unwrap();
    let address = setting::family(api).address(&omnibus.account()).unwrap();
    let blind: BTreeSet<Part> = blind.iter().copied().collect();
    let started = std::time::Instant::now();
    let reading = read(source.as_ref(), &address, range, &blind).await;
    let took = started.elapsed();
    println!(
        "{api}: seed {}, {} credits on {} pages in {took:?}; {} requests, {} failures, {} restarts; {:?}",
        options.seed,
        reading.credits.len(),
        reading.pages,
        omnibus.request_count(),
        reading.failures,
        reading.restarts,
        omnibus.faults_told(),
    );
    let truth = omnibus
        .truth()
        .filter(|row| !blind.contains(&Part::BlockCredits) || !row.tx_id.starts_with("block:"));
    compare(&reading.credits, truth);
    if options.faults != Faults::none() && options.deposits >= 20_000 {
        let told = omnibus.faults_told();
        let transport = [
            Fault::RateLimited,
            Fault::RateLimitedWait,
            Fault::ServerError,
            Fault::Html,
            Fault::Cut,
            Fault::Slow,
        ];
        for fault in transport {
            assert!(told.contains_key(&fault), "{fault:?} never happened");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rippled_misses_nothing() {
    reads_all(Api::Rippled, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comet_rpc_misses_nothing() {
    reads_all(Api::CometRpc, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cosmos_rest_misses_nothing_but_what_it_says() {
    // The gateway has no search over blocks, and says so on every page.
    reads_all(Api::CosmosRest, &[Part::BlockCredits]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn horizon_misses_nothing() {
    reads_all(Api::Horizon, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toncenter_misses_nothing() {
    reads_all(Api::Toncenter, &[]).await;
}
