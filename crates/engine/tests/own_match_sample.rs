//! Import and matching together on a labelled sample: what loads, what is found, and that nothing passes without reason.

mod common;

use common::ShapeCodec;
use recover_core::appeal::MatchDecision;
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_engine::import::{self, ColumnMap, Context, Records};
use recover_matching::{
    DepositFacts, DepositIndex, Model, UserBook, Vocabulary, match_appeals, normalise,
};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/matching")
        .join(name)
}

fn open(name: &str) -> File {
    import::open(&sample(name)).expect("the sample is part of the repository")
}

fn all<R: Read, T>(records: Records<'_, R, T>) -> Vec<T> {
    records
        .map(|item| {
            item.expect("the file reads to its end")
                .expect("no row of the sample is bad")
        })
        .collect()
}

fn facts(deposit: &recover_core::deposit::ImportedDeposit) -> DepositFacts {
    let symbol = deposit.asset.to_string();
    DepositFacts {
        id: deposit.id.clone(),
        network: deposit.network.clone(),
        family: names::known(&deposit.network).map(|known| known.family),
        tx_id: deposit.tx_id.as_str().to_owned(),
        from: deposit.from.clone(),
        to: deposit.to.clone(),
        asset: deposit.asset.clone(),
        symbol: symbol.split_once(':').map(|(_, symbol)| symbol.to_owned()),
        amount: Decimal::from_parts(deposit.amount, deposit.scale),
        time: deposit.block_time,
        memo: deposit.memo.clone(),
        memo_finding: None,
        reason: None,
    }
}

#[test]
fn own_the_sample_is_what_its_origin_says() {
    let origin: toml::Table = std::fs::read_to_string(sample("origin.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let files = origin["file"].as_array().unwrap();
    assert_eq!(files.len(), 4);
    for file in files {
        let name = file["name"].as_str().unwrap();
        let digest = &file["sha256"];
        let bytes = std::fs::read(sample(name)).unwrap();
        let found = hex::encode(Sha256::digest(&bytes));
        assert_eq!(Some(found.as_str()), digest.as_str(), "{name}");
    }
}

#[test]
fn own_the_labelled_sample_is_matched_and_auto_is_never_wrong() {
    let context = Context {
        codec: &ShapeCodec,
        chains: None,
    };
    let map = ColumnMap::default();
    let book = all(import::addresses("b", open("address_book.csv"), &map, &context).unwrap());
    let deposits = all(import::deposits("d", open("deposits.csv"), &map, &context).unwrap());
    let appeals = all(import::appeals("a", open("appeals.csv"), &map, &context).unwrap());
    let words = Vocabulary::default();
    let clues: Vec<_> = appeals
        .iter()
        .map(|appeal| normalise(appeal, &words))
        .collect();
    let index = DepositIndex::new(deposits.iter().map(facts));
    let outcomes = match_appeals(&clues, &index, &UserBook::new(&book), &Model::default());
    assert_eq!(outcomes.len(), appeals.len(), "exactly one an appeal");

    let mut truth: HashMap<String, (String, String)> = HashMap::new();
    let mut reader = csv::Reader::from_reader(open("truth.csv"));
    for row in reader.records() {
        let row = row.unwrap();
        truth.insert(row[0].to_owned(), (row[1].to_owned(), row[2].to_owned()));
    }
    let (mut links, mut right, mut auto) = (0, 0, 0);
    for outcome in &outcomes {
        let (kind, deposit) = &truth[outcome.appeal.as_str()];
        let found = outcome.deposit.as_ref().map(|id| id.as_str());
        links += usize::from(!deposit.is_empty());
        right += usize::from(found == Some(deposit));
        if outcome.decision == MatchDecision::Auto {
            auto += 1;
            assert_eq!(found, Some(deposit.as_str()), "{} {kind}", outcome.appeal);
        }
        assert!(
            !(kind.starts_with("fraud") && outcome.decision == MatchDecision::Auto),
            "{}",
            outcome.appeal
        );
        assert!(!outcome.reasons.is_empty());
    }
    println!("{right} of {links} links found, {auto} of them without a person");
    assert!(links >= 80, "{links}");
    assert!(right * 100 >= links * 93, "{right} of {links}");
    assert!(auto * 100 >= links * 30, "{auto} of {links}");
}
