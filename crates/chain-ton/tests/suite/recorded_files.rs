//! Every recorded answer, and the rows of truth about them.

use crate::fixture::{self, answer, credits, line, transactions, wallets};
use recover_chain_ton::address::RawAddress;
use recover_chain_ton::decode::{Wallets, silence};
use recover_chain_ton::transaction::{Bounce, Compute};
use recover_chain_ton::wire::{self, Answer};
use recover_core::memo::MemoKind;
use recover_core::observation::{Mechanism, Outcome};

/// What a file says, in lines for a person.
fn told(name: &str) -> Vec<String> {
    let answer = match wire::read(&fixture::bytes(name)) {
        Ok(answer) => answer,
        Err(error) => return vec![format!("refused: {error}")],
    };
    match answer {
        Answer::Transactions(rows) => {
            let credits = credits(&rows, &Wallets::default());
            let mut lines = vec![format!(
                "{} transactions, {} credits without knowing any jetton wallet",
                rows.len(),
                credits.len()
            )];
            lines.extend(credits.iter().map(line));
            let silent = rows.iter().filter_map(|row| Some((row, silence(row)?)));
            lines.extend(silent.map(|(row, why)| format!("{} nothing: {why}", &hex::encode(row.hash)[..8])));
            lines
        }
        Answer::Traces(traces) => vec![format!("{} traces", traces.len())],
        Answer::Blocks(blocks) => blocks
            .iter()
            .map(|block| {
                format!(
                    "block {} of workchain {}, network {:?}",
                    block.seqno, block.workchain, block.global_id
                )
            })
            .collect(),
        Answer::Tip { first, last } => vec![format!(
            "blocks {:?} to {} of network {:?}",
            first.map(|first| first.seqno),
            last.seqno,
            last.global_id
        )],
        Answer::JettonWallets(rows) => vec![format!("{} jetton wallets", rows.len())],
        Answer::JettonTransfers(rows) => rows
            .iter()
            .map(|row| {
                format!(
                    "listed transfer of {}, forwards {}, custom payload {:?}: proof is at the wallet of {}",
                    row.amount.to_base_units(),
                    row.forward_payload.kind,
                    row.custom_payload
                        .as_ref()
                        .map(|memo| String::from_utf8_lossy(&memo.raw).into_owned()),
                    row.destination.map_or_else(String::new, |to| to.to_string())
                )
            })
            .collect(),
        Answer::JettonMasters(rows) => vec![format!("{rows:?}")],
        Answer::Accounts(rows) => rows
            .iter()
            .map(|row| format!("account {} with {}", row.status, row.balance.to_base_units()))
            .collect(),
        Answer::Balance(balance) => vec![format!("balance {}", balance.to_base_units())],
        Answer::Nothing(reason) => vec![format!("no deposit: {reason}")],
        Answer::Error(error) => vec![format!(
            "the server's error {}: {}",
            error.code,
            error.words.lines().next().unwrap_or_default()
        )],
    }
}

#[test]
fn recorded_every_file_is_read_or_refused_with_a_reason() {
    let mut names: Vec<String> = std::fs::read_dir(fixture::folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names.len(), 56);
    let mut report = String::new();
    for name in names {
        report.push_str(&name);
        report.push('\n');
        for line in told(&name) {
            report.push_str(&format!("    {line}\n"));
        }
    }
    insta::assert_snapshot!("files", report);
}

/// The account in whose wallet the jettons of the block arrive, and the wallet. Whose jetton it is does not stand in the file.
const WALLET: &str = "0:0916D896BDDAF08DADAD628B3CE4BEB3E60A60FEC94654FEA59ED3EE7B6B00D5";
const MASTER: &str = "0:226E80C4BFFA91ADC11DAD87706D52CD397047C128456ED2866D0549D8E2B163";

fn owner_of(name: &str, prefix: &str) -> String {
    transactions(name)
        .iter()
        .map(|row| row.account.to_string())
        .find(|account| account.starts_with(prefix))
        .unwrap()
}

/// adapters.md §13: ton/gem_transaction_bounced.
#[test]
fn recorded_what_bounced_out_is_no_deposit() {
    let credits = credits(
        &transactions("gem_transaction_bounced"),
        &Wallets::default(),
    );
    let [credit] = credits.as_slice() else {
        panic!("{credits:?}");
    };
    assert_eq!(credit.outcome, Outcome::Failed);
    assert!(credit.amount.is_zero());
    assert_eq!(credit.amount_stated.to_base_units(), "100000000");
    assert_eq!(credit.memos[0].raw, b"claim");
    assert_eq!(
        credit.to.text(),
        "EQA11fOM979kBiwCHMd5JQop5JhykKZyKgdoW1Rysoz4nxG3"
    );
}

/// adapters.md §13: ton/gem_block_transactions.
#[test]
fn recorded_jettons_stand_though_their_notification_ran_out_of_gas() {
    let rows = transactions("gem_block_transactions");
    let owner = owner_of("gem_block_transactions", "0:3B105F24");
    let other_wallet = owner_of("gem_block_transactions", "0:A64CD248");
    let other_owner = owner_of("gem_block_transactions", "0:8AF29064");
    let wallets = wallets(&[
        (WALLET, &owner, MASTER),
        (&other_wallet, &other_owner, MASTER),
    ]);
    let notified = rows
        .iter()
        .find(|row| row.account.to_string() == owner)
        .unwrap();
    assert_eq!(notified.phases.aborted, Some(true));
    assert_eq!(notified.phases.bounce, Bounce::None);
    assert_eq!(
        notified.phases.compute,
        Some(Compute::Skipped("no_gas".to_owned()))
    );
    let lines: Vec<String> = credits(&rows, &wallets)
        .iter()
        .filter(|credit| credit.position.as_str() == "jetton")
        .map(line)
        .collect();
    assert_eq!(
        lines,
        [
            "d718d095 jetton EQCjI8kc>EQA7EF8k 28900000000 of EQAiboDE token_transfer success [forward_payload=\"78450979\"]",
            "647eb880 jetton EQAtsTPy>EQCK8pBk 500000000 of EQAiboDE token_transfer success [forward_payload absent]",
        ]
    );
    // The nanoton that the notification carried stays too.
    let riders: Vec<String> = credits(&rows, &wallets)
        .iter()
        .filter(|credit| RawAddress::of(&credit.to).unwrap().to_string() == owner)
        .map(|credit| {
            format!(
                "{} {} {}",
                credit.position,
                credit.mechanism,
                credit.amount.to_base_units()
            )
        })
        .collect();
    assert_eq!(
        riders,
        ["value carrier 1", "jetton token_transfer 28900000000"]
    );
}

#[test]
fn recorded_a_payment_to_a_wallet_that_does_not_stand_yet_stays() {
    let rows = transactions("gem_transaction_aborted");
    let credits = credits(&rows, &Wallets::default());
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].outcome, Outcome::Success);
    assert_eq!(credits[0].amount.to_base_units(), "3000000000");
    assert_eq!(credits[0].memos[0].kind, MemoKind::Absent);
    assert_eq!(rows[0].phases.aborted, Some(true));
    assert_eq!(rows[0].masterchain, Some(38_216_277));
}

#[test]
fn recorded_a_contract_that_fails_gives_back() {
    let credits = credits(
        &transactions("gem_transaction_exitcodefailed"),
        &Wallets::default(),
    );
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].outcome, Outcome::Failed);
    assert!(credits[0].amount.is_zero());
}

#[test]
fn recorded_a_text_in_the_custom_payload_routes_nothing() {
    let Answer::JettonTransfers(rows) = answer("crosschain_jetton_transfers_L264") else {
        panic!("no transfers");
    };
    assert_eq!(rows[0].forward_payload.kind, MemoKind::Absent);
    let custom = rows[0].custom_payload.clone().unwrap();
    assert_eq!(
        (custom.kind, custom.raw.as_slice()),
        (MemoKind::Text, b"hii".as_slice())
    );
    assert_eq!(custom.place, "custom_payload");
    assert_eq!(rows[0].amount.to_base_units(), "22000000");
    assert_eq!(rows[0].aborted, None);
}

#[test]
fn recorded_the_networks_own_bytes_are_what_is_read() {
    let mut row = fixture::json("tonapi_block-txs-2")["transactions"][5].clone();
    let told = wire::transaction(&row).unwrap();
    // The words beside the bytes may say what they like.
    row["in_msg"]["value"] = 1.into();
    assert_eq!(wire::transaction(&row).unwrap(), told);
    // But the bytes must be those of the hash.
    row["hash"] = "00".repeat(32).into();
    let error = wire::transaction(&row).unwrap_err();
    assert!(error.to_string().contains("another hash"), "{error}");
    // Without the bytes the words are all there is, and say the same.
    let mut row = fixture::json("tonapi_block-txs-2")["transactions"][5].clone();
    row.as_object_mut().unwrap().remove("raw");
    let words = wire::transaction(&row).unwrap();
    assert_eq!(words.phases, told.phases);
    assert_eq!(words.in_message, told.in_message);
    let made = |row| credits(&[row], &Wallets::default());
    assert_eq!(made(words), made(told));
}

#[test]
fn recorded_a_changed_body_is_not_believed() {
    let mut row = fixture::json("gem_transaction_bounced")["transactions"][0].clone();
    // Another comment under the same hash ("hii", from another file).
    row["in_msg"]["message_content"]["body"] = "te6cckEBAQEACQAADgAAAABoaWne1AAn".into();
    let error = wire::transaction(&row).unwrap_err();
    assert!(error.to_string().contains("another hash"), "{error}");
}

#[test]
fn recorded_mechanisms_are_told_apart() {
    let rows = transactions("gem_block_transactions");
    let of = |mechanism| {
        credits(&rows, &Wallets::default())
            .iter()
            .filter(|credit| credit.mechanism == mechanism)
            .count()
    };
    assert_eq!(of(Mechanism::Reward), 1);
    // Two rests of fees and two notifications.
    assert_eq!(of(Mechanism::Carrier), 4);
    assert_eq!(of(Mechanism::TopLevel), 7);
}

/// A wallet of version 5 whose transfer somebody else carried to the network and paid for.
#[test]
fn recorded_the_sender_is_the_owner_and_not_the_relayer() {
    let rows = transactions("gem_block_transactions");
    let owner = owner_of("gem_block_transactions", "0:3B105F24");
    let relayer = owner_of("gem_block_transactions", "0:A1809E9A");
    let relayed = owner_of("gem_block_transactions", "0:A323C91C");
    let carried = rows
        .iter()
        .find(|row| row.account.to_string() == relayed)
        .and_then(|row| row.in_message.as_ref()?.source);
    assert_eq!(carried.unwrap().to_string(), relayer);
    let credits = credits(&rows, &wallets(&[(WALLET, &owner, MASTER)]));
    let jettons = credits
        .iter()
        .find(|credit| credit.position.as_str() == "jetton")
        .unwrap();
    let from = RawAddress::of(jettons.from.as_ref().unwrap()).unwrap();
    assert_eq!(from.to_string(), relayed);
}
