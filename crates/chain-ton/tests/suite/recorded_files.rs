//! Every recorded answer, and the rows of truth about them.

use crate::fixture::{self, answer, credits, line, transactions, wallets};
use recover_chain_ton::address::RawAddress;
use recover_chain_ton::decode::Wallets;
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
