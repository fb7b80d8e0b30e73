//! A made-up omnibus account behind a server that tells the truth badly: nothing missed, nothing twice.

use recover_chain_xrpl::{address, open};
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{AccountRequest, ChainRead};
use recover_source::conformance::{AccountCase, check_account};
use recover_source::settings::SourceSettings;
use recover_testkit::Omnibus;
use recover_testkit::omnibus::{self, Api, Expected, Faults, Options};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

fn source(omnibus: &Omnibus, page_size: u32) -> Arc<dyn ChainRead> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings =
        SourceSettings::new(crate::fixture::network(), "0", "rippled", &omnibus.url());
    settings.page_size = Some(page_size);
    settings.retry.tries_max = 8;
    settings.retry.delay_min = Duration::from_millis(1);
    settings.retry.delay_max = Duration::from_millis(4);
    open(settings).unwrap()
}

/// What a credit is, for comparison: id, asset, amount, outcome, routing value.
fn key(credit: &Observation) -> String {
    let memo = credit.memos.first();
    format!(
        "{} {} {} {} {}",
        credit.tx_id,
        credit.asset.contract_text().unwrap_or("XRP"),
        credit.amount.to_base_units(),
        credit.outcome == Outcome::Success,
        memo.map_or(String::new(), |memo| format!(
            "{}={}",
            memo.kind,
            String::from_utf8_lossy(&memo.raw)
        ))
    )
}

fn expected(row: &Expected) -> String {
    format!(
        "{} {} {} {} {}",
        row.tx_id,
        row.asset.as_deref().unwrap_or("XRP"),
        row.amount,
        row.outcome == omnibus::Outcome::Moved,
        if row.memo.place.is_empty() {
            String::new()
        } else {
            format!(
                "{}={}",
                row.memo.kind,
                String::from_utf8_lossy(&row.memo.raw)
            )
        }
    )
}

/// Reads a range to its end; what a page names as a gap is read again, as a scan does.
async fn read(source: &dyn ChainRead, account: &str, range: HeightRange) -> Vec<Observation> {
    let mut open = vec![range];
    let mut seen = BTreeSet::new();
    let mut credits = Vec::new();
    let mut rounds = 0;
    while let Some(range) = open.pop() {
        rounds += 1;
        assert!(rounds < 200, "the gaps never close");
        let mut request = AccountRequest {
            address: address::parse(account).unwrap().address,
            range,
            resume: None,
        };
        loop {
            let page = match source.account_page(&request).await {
                Ok(page) => page,
                // A source that gave up is asked again from the start.
                Err(error) => {
                    assert!(!error.to_string().contains("cannot be true"), "{error}");
                    open.push(range);
                    break;
                }
            };
            credits.extend(
                page.observations
                    .into_iter()
                    .filter(|credit| seen.insert(credit.id())),
            );
            match page.next {
                Some(next) => request.resume = Some(next),
                None => {
                    let gaps: BTreeSet<_> = page
                        .gaps
                        .iter()
                        .map(|gap| (gap.range.from(), gap.range.to()))
                        .collect();
                    open.extend(
                        gaps.into_iter()
                            .filter_map(|(from, to)| HeightRange::new(from, to)),
                    );
                    break;
                }
            }
        }
    }
    credits
}

#[tokio::test(flavor = "multi_thread")]
async fn every_deposit_is_found_once_through_every_fault() {
    for seed in [3, 20_261_122] {
        let options = Options::new(seed).deposits(4_000).faults(Faults::all());
        let omnibus = Omnibus::start(Api::Rippled, &options);
        let range = HeightRange::new(
            Height(omnibus.first_height()),
            Height(omnibus.last_height()),
        )
        .unwrap();
        let found = read(&*source(&omnibus, 25), &omnibus.account(), range).await;
        let mut balance: BTreeMap<String, i64> = BTreeMap::new();
        for credit in &found {
            *balance.entry(key(credit)).or_default() += 1;
        }
        for row in omnibus.truth() {
            *balance.entry(expected(&row)).or_default() -= 1;
        }
        balance.retain(|_, count| *count != 0);
        assert_eq!(balance, BTreeMap::new(), "seed {seed}");
        assert!(found.len() >= 4_000);
        assert!(
            omnibus.faults_told().len() >= 8,
            "{:?}",
            omnibus.faults_told()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conformance_suite_holds_over_http() {
    let options = Options::new(7).deposits(300).faults(Faults::none());
    let omnibus = Omnibus::start(Api::Rippled, &options);
    let truth: Vec<Expected> = omnibus.truth().collect();
    let first = |outcome| {
        let row = truth.iter().find(|row| row.outcome == outcome);
        row.map(|row| TxId::new(&row.tx_id))
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &truth {
        *counts.entry(&row.tx_id).or_default() += 1;
    }
    let case = AccountCase {
        address: address::parse(&omnibus.account()).unwrap().address,
        range: HeightRange::new(
            Height(omnibus.first_height()),
            Height(omnibus.last_height()),
        )
        .unwrap(),
        credits: Some(
            truth
                .iter()
                .filter(|row| row.outcome == omnibus::Outcome::Moved)
                .count(),
        ),
        known: first(omnibus::Outcome::Moved),
        unknown: TxId::new(&"0".repeat(64)),
        two_credits: counts
            .iter()
            .find(|(_, count)| **count == 2)
            .map(|(id, _)| TxId::new(id)),
        failed: first(omnibus::Outcome::Failed),
    };
    assert!(case.two_credits.is_some() && case.failed.is_some());
    let broken = check_account(&*source(&omnibus, 33), &case).await;
    assert_eq!(broken, Vec::<String>::new());
}
