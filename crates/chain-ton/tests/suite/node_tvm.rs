//! Deposits played on the network's own virtual machine (@ton/sandbox): its transactions, fees, bounces and hashes, in the
//! machine's bytes and in the rows of toncenter, read by the decoder and through the client.

use crate::fixture::{credits, line, wallets};
use crate::index::Index;
use recover_chain_ton::address::{RawAddress, parse_hash};
use recover_chain_ton::decode::Wallets;
use recover_chain_ton::toncenter::KIND;
use recover_chain_ton::transaction::Transaction;
use recover_chain_ton::wire;
use recover_core::amount::Amount;
use recover_core::block::{Height, HeightRange};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{ChainRead, Lookup};
use recover_source::conformance::{AccountCase, check_account, read};
use recover_source::settings::SourceSettings;
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a scenario left behind.
struct Played {
    ours: RawAddress,
    rows: Vec<Value>,
    read: Vec<Transaction>,
    wallets: Wallets,
    said: Value,
}

const FIRST_BLOCK: u64 = 50_000_000;

fn played(scenario: &str) -> Played {
    let said = Oracle::shared_blocking()
        .ask_blocking("ton.sandbox", json!({"scenario": scenario}))
        .unwrap();
    let mut rows = Vec::new();
    let mut read = Vec::new();
    for transaction in said["transactions"].as_array().unwrap() {
        let row = transaction["framed"].clone();
        let from_row = wire::transaction(&row).unwrap();
        // The machine's own bytes say the same as the row around them.
        let bytes = json!({
            "raw": transaction["boc"], "account": row["account"], "hash": transaction["hash"],
            "mc_block_seqno": row["mc_block_seqno"], "trace_id": row["trace_id"],
        });
        assert_eq!(wire::transaction(&bytes).unwrap(), from_row, "{scenario}");
        rows.push(row);
        read.push(from_row);
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed: Vec<(String, String, String)> = said["jetton_wallets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                text(&row["address"]),
                text(&row["owner"]),
                text(&row["jetton"]),
            )
        })
        .collect();
    let listed: Vec<(&str, &str, &str)> = listed
        .iter()
        .map(|(address, owner, master)| (address.as_str(), owner.as_str(), master.as_str()))
        .collect();
    let ours: RawAddress = text(&said["ours"]).parse().unwrap();
    let mut wallets = wallets(&listed);
    wallets.completed(ours);
    Played {
        ours,
        rows,
        read,
        wallets,
        said,
    }
}

impl Played {
    fn to_us(&self) -> Vec<Observation> {
        let mut found = credits(&self.read, &self.wallets);
        found.retain(|credit| credit.to == self.ours.address());
        found
    }

    fn change(&self, at: &str) -> i128 {
        let of = |when: &str| {
            let amount = self.said[when]
                .pointer(at)
                .map_or("0", |text| text.as_str().unwrap());
            amount.parse::<i128>().unwrap()
        };
        of("after") - of("before")
    }

    /// The scenario as an index has it.
    fn index(&self) -> Index {
        let mut index = Index::new(FIRST_BLOCK + 100);
        index.first = FIRST_BLOCK;
        index.wallets = self.said["jetton_wallets"].as_array().unwrap().clone();
        let hashes = self
            .rows
            .iter()
            .map(|row| parse_hash(row["hash"].as_str().unwrap()).unwrap())
            .collect();
        index.traces.push((hashes, false));
        index.transactions = self.rows.clone();
        index
    }
}

fn scenarios() -> Vec<String> {
    let names = Oracle::shared_blocking()
        .ask_blocking("ton.scenarios", json!({}))
        .unwrap();
    names
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Every scenario, what is said of it, and what the machine says of our account: jettons to the unit, coins to the nanoton.
#[test]
fn node_what_is_credited_is_what_the_machine_gained() {
    let mut report = String::new();
    let (mut with_jettons, mut with_coins) = (0, 0);
    for name in scenarios() {
        let played = played(&name);
        let to_us = played.to_us();
        report.push_str(&format!("{name}: nanotons {:+}", played.change("/ton")));
        for master in played.said["masters"].as_array().unwrap() {
            let master = master.as_str().unwrap();
            let gained = played.change(&format!("/jettons/{master}"));
            let token = master.parse::<RawAddress>().unwrap().address();
            assert_eq!(credited(&to_us, Some(token.text())), gained, "{name}");
            with_jettons += usize::from(gained > 0);
            report.push_str(&format!(", jettons {gained:+}"));
        }
        report.push('\n');
        for credit in &to_us {
            report.push_str(&format!("    {}\n", line(credit)));
        }
        let own: Vec<&Value> = played
            .rows
            .iter()
            .filter(|row| row["account"].as_str().unwrap().parse() == Ok(played.ours))
            .collect();
        let sends = |row: &&Value| !row["out_msgs"].as_array().unwrap().is_empty();
        if own.iter().any(sends) {
            // It sent something on, or back: fees of messages come in between.
            continue;
        }
        let fees: i128 = own
            .iter()
            .map(|row| row["total_fees"].as_str().unwrap().parse::<i128>().unwrap())
            .sum();
        let kept = credited(&to_us, None);
        assert_eq!(kept - fees, played.change("/ton"), "{name}");
        with_coins += usize::from(kept > 0);
    }
    assert!(
        with_jettons >= 6 && with_coins >= 8,
        "{with_jettons} and {with_coins}"
    );
    insta::assert_snapshot!("scenarios", report);
}

/// What stands to our credit of one asset; `None` for the coin.
fn credited(credits: &[Observation], token: Option<&str>) -> i128 {
    credits
        .iter()
        .filter(|credit| {
            credit.outcome == Outcome::Success && credit.asset.contract_text() == token
        })
        .map(|credit| i128::try_from(credit.amount.to_u128().unwrap()).unwrap())
        .sum()
}

#[test]
fn node_a_forged_jetton_is_no_jetton() {
    let forged = played("fake_jetton").to_us();
    let [pretence, coins] = forged.as_slice() else {
        panic!("{forged:?}");
    };
    assert_eq!(pretence.amount, Amount::ZERO);
    assert_eq!(pretence.amount_stated.to_base_units(), "1234567");
    assert_eq!(coins.amount.to_base_units(), "20000000");
    // Sent by hand to our true wallet: the machine refuses it.
    let by_hand = played("jetton_forged_internal_transfer").to_us();
    assert!(
        by_hand
            .iter()
            .all(|credit| credit.outcome == Outcome::Failed && credit.amount.is_zero()),
        "{by_hand:?}"
    );
}

/// The whole way: the rows served as an index does, read by the client, held against the checks of every account source.
#[tokio::test]
async fn node_every_scenario_through_the_client() {
    for name in scenarios() {
        let played = played(&name);
        let range = HeightRange::new(Height(FIRST_BLOCK), Height(FIRST_BLOCK + 50)).unwrap();
        let mut settings = SourceSettings::new(
            NetworkId::new("ton"),
            "-239",
            KIND,
            "https://toncenter.example",
        );
        settings.page_size = Some(1);
        let source = recover_chain_ton::open_with(settings, Arc::new(played.index()));
        let source: &dyn ChainRead = &*source;
        let mut broken = Vec::new();
        let found = read(source, &played.ours.address(), range, &mut broken)
            .await
            .unwrap();
        let lines = |credits: &[Observation]| -> Vec<String> {
            let mut lines: Vec<String> = credits.iter().map(line).collect();
            lines.sort();
            lines
        };
        let without_custom = |mut credits: Vec<Observation>| {
            for credit in &mut credits {
                credit.memos.truncate(1);
            }
            credits
        };
        assert_eq!(
            lines(&without_custom(found.clone())),
            lines(&played.to_us()),
            "{name}"
        );
        let known = found.first().map(|credit| credit.tx_id.clone());
        let case = AccountCase {
            address: played.ours.address(),
            range,
            credits: None,
            known: known.clone(),
            unknown: recover_chain_ton::address::tx_id(&[9; 32]),
            two_credits: None,
            failed: None,
        };
        broken.extend(check_account(source, &case).await);
        assert_eq!(broken, Vec::<String>::new(), "{name}");
        // The stranger's own transaction, which is what a person pastes, leads to the same credits.
        let first = played.read.first().unwrap();
        let id = recover_chain_ton::address::tx_id(&first.hash);
        let Lookup::Found(view) = source.transaction(&id).await.unwrap() else {
            panic!("{name}: {id} was not found");
        };
        let mut to_us = view.credits;
        to_us.retain(|credit| credit.to == played.ours.address());
        if name == "jetton_custom_payload" {
            let custom = &to_us[0].memos[1];
            assert_eq!(
                (custom.place.as_str(), custom.raw.as_slice()),
                ("custom_payload", b"103556".as_slice())
            );
        }
        assert_eq!(
            lines(&without_custom(to_us)),
            lines(&played.to_us()),
            "{name}"
        );
    }
}
