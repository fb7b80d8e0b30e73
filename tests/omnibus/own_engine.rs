//! The whole engine: a scan that is dropped again and again, and what is in the store in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use recover_core::block::Height;
use recover_core::observation::Observation;
use recover_engine::scan::{NetworkReport, ScanOptions, Silent};
use recover_source::chain::Part;
use recover_testkit::omnibus::{Api, Fault, Faults, Options};
use recover_testkit::{Omnibus, temp_dir};

use crate::desk::Desk;
use crate::reading::{compare, matched};
use crate::setting;

/// Deposits of an engine's test: every credit is classified and stored.
const DEPOSITS: u32 = 3000;
/// A scan is dropped when so many more requests were made.
const DROPPED_AFTER: [usize; 4] = [6, 15, 25, 40];

async fn scan(desk: &Desk, to: Option<u64>) -> NetworkReport {
    let engine = desk.engine().await;
    let reports = engine.scan(&options(desk, to), &Silent).await;
    reports.expect("the store works").remove(0)
}

fn options(desk: &Desk, to: Option<u64>) -> ScanOptions {
    ScanOptions {
        networks: vec![desk.network().as_str().to_owned()],
        from: Some(Height(desk.omnibus.first_height())),
        to: to.map(Height),
    }
}

/// Drops a scan in the middle: when the server has answered so many requests more.
async fn dropped_scan(desk: &Desk, requests: usize) {
    let start = desk.omnibus.request_count();
    let engine = desk.engine().await;
    let options = options(desk, Some(desk.omnibus.last_height()));
    let enough = async {
        while desk.omnibus.request_count() < start + requests {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        report = engine.scan(&options, &Silent) => {
            report.expect("the store works");
        }
        () = enough => {}
    }
}

/// Scans until nothing is left open: a server with many faults may leave a gap, and the next scan asks again.
async fn scan_to_the_end(desk: &Desk, to: Option<u64>) -> NetworkReport {
    let mut last = None;
    for _ in 0..6 {
        let report = scan(desk, to).await;
        let open = report
            .gaps
            .iter()
            .filter(|gap| {
                gap.stream
                    .account_text()
                    .is_none_or(|(_, part)| part != Some(Part::BlockCredits.code()))
            })
            .count();
        if open == 0 && report.failure.is_none() {
            return report;
        }
        last = Some(report);
    }
    panic!("gaps stay open: {last:?}");
}

/// The life of a scan on one database.
pub async fn is_found_once(api: Api, database: &str) {
    // Gaps for history that a server does not keep are tested where they are told: here they would only be told again.
    let faults = Faults::all().with(Fault::Narrowed, 0);
    let omnibus = Omnibus::start(
        api,
        &Options::new(setting::seed())
            .deposits(DEPOSITS)
            .faults(faults),
    );
    let desk = Desk::new(omnibus, api, database);
    let last = desk.omnibus.last_height();
    desk.furnish(&desk.engine().await).await;
    for requests in DROPPED_AFTER {
        dropped_scan(&desk, requests).await;
        // Whatever a dropped scan left behind is true.
        let stored = desk.stored(&desk.engine().await).await;
        assert!(stored.len() <= usize::try_from(DEPOSITS).unwrap() * 2);
    }
    let report = scan_to_the_end(&desk, Some(last)).await;
    let engine = desk.engine().await;
    let stored = desk.stored(&engine).await;
    let credits: Vec<Observation> = stored.iter().map(|(credit, _)| credit.clone()).collect();
    let blind = api == Api::CosmosRest;
    let truth = || {
        desk.omnibus
            .truth()
            .enumerate()
            .filter(|(_, row)| !blind || !row.tx_id.starts_with("block:"))
    };
    compare(&credits, truth().map(|(_, row)| row));
    let whole = format!("{}..{last}", desk.omnibus.first_height());
    assert_eq!(desk.covered(&engine).await, [whole.as_str()], "{report:?}");

    // Kinds: what the book and the ledger make of each row.
    let mut by_transaction: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, (credit, _)) in stored.iter().enumerate() {
        by_transaction
            .entry(credit.tx_id.as_str())
            .or_default()
            .push(place);
    }
    let mut checked: BTreeMap<&str, u32> = BTreeMap::new();
    for (number, row) in truth() {
        let places = by_transaction
            .get(row.tx_id.as_str())
            .expect("compared above");
        let place = *places
            .iter()
            .find(|place| matched(&stored[**place].0, &row))
            .expect("compared above");
        let (credit, kind) = &stored[place];
        // Several credits of one transaction share its ledger rows: which of them a row covers is the ledger's affair.
        if places.len() > 1 || !credit.flags.is_empty() {
            continue;
        }
        if let Some(expected) = desk.kind(&row, number) {
            assert_eq!(*kind, expected, "{row:?}");
            *checked.entry(expected.code()).or_default() += 1;
        }
    }
    println!(
        "{api}: {} stored, kinds {checked:?}, faults {:?}",
        stored.len(),
        desk.omnibus.faults_told()
    );
    for kind in [
        "already_credited",
        "missed_credit",
        "memo_missing",
        "memo_unknown",
    ] {
        assert!(
            checked.get(kind).is_some_and(|count| *count > 20),
            "{kind}: {checked:?}"
        );
    }

    // Again: nothing is new, nothing comes twice.
    let again = scan(&desk, Some(last)).await;
    assert_eq!((again.new, again.failure.as_deref()), (0, None));
    assert_eq!(desk.stored(&engine).await.len(), stored.len());

    // What arrived meanwhile is found by the next scan, and nothing else is.
    let report = scan_to_the_end(&desk, None).await;
    let stored = desk.stored(&engine).await;
    let credits: Vec<Observation> = stored.into_iter().map(|(credit, _)| credit).collect();
    let covered = desk.covered(&engine).await;
    let (_, tip) = covered[0].split_once("..").expect("a range");
    let tip: u64 = tip.parse().expect("a height");
    assert!(tip >= last && covered.len() == 1, "{covered:?} {report:?}");
    let truth = desk
        .omnibus
        .truth_up_to(tip)
        .filter(|row| !blind || !row.tx_id.starts_with("block:"));
    compare(&credits, truth);
}

async fn on_sqlite(api: Api) {
    let folder = temp_dir();
    let path = folder.path().join("omnibus.db");
    is_found_once(api, &format!("sqlite://{}", path.display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rippled_in_a_store() {
    on_sqlite(Api::Rippled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn horizon_in_a_store() {
    on_sqlite(Api::Horizon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comet_rpc_in_a_store() {
    on_sqlite(Api::CometRpc).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cosmos_rest_in_a_store() {
    on_sqlite(Api::CosmosRest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toncenter_in_a_store() {
    on_sqlite(Api::Toncenter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_rippled_in_a_store() {
    let database = recover_testkit::Postgres::fresh_database();
    is_found_once(Api::Rippled, database.url()).await;
}
