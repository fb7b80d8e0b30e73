//! Every recorded file: what it decodes to, or why it is refused.

use crate::fixture::{decoder, json, line, names};
use serde_json::Value;

/// The network of a file by what its addresses begin with; the hub's for the rest.
fn network_of(name: &str) -> &'static str {
    for (part, network) in [
        ("_osmo", "osmosis"),
        ("OSMO", "osmosis"),
        ("celestia", "celestia"),
        ("TIA", "celestia"),
        ("_inj_", "injective"),
        ("INJ", "injective"),
        ("_sei_", "sei"),
        ("SEI", "sei"),
        ("kava", "kava"),
    ] {
        if name.contains(part) {
            return network;
        }
    }
    "cosmos"
}

/// How many credits of one file the snapshot lists.
const LISTED_MAX: usize = 12;

fn outcome(name: &str, value: &Value) -> String {
    let decoder = decoder(network_of(name));
    let mut lines = Vec::new();
    let mut transactions = Vec::new();
    let mut credits = Vec::new();
    let partner = name
        .strip_suffix("_block_results")
        .map(|stem| format!("{stem}_block"))
        .filter(|block| names().contains(block));
    if let Some(block) = partner {
        match decoder.block(&json(&block), value) {
            Ok(block) => {
                lines.push(format!(
                    "block {} of {} with {} transactions",
                    block.block.height,
                    block.chain,
                    block.transactions.len()
                ));
                transactions = block.transactions;
                credits = block.credits;
            }
            Err(error) => lines.push(format!("refused: {error}")),
        }
    } else if name.contains("block_results") {
        match decoder.block_credits(value) {
            Ok(block) => {
                lines.push(format!("results of block {}", block.height));
                credits = block.credits;
            }
            Err(error) => lines.push(format!("refused: {error}")),
        }
    } else {
        match decoder.transactions(value) {
            Ok(all) => transactions = all,
            Err(error) => lines.push(format!("refused: {error}")),
        }
    }
    for transaction in &transactions {
        lines.push(format!(
            "{} at {} {}{} memo {:?} signer {}",
            &transaction.id.as_str()[..8],
            transaction
                .height
                .map_or("-".to_owned(), |height| height.to_string()),
            transaction.outcome,
            if transaction.code == 0 {
                String::new()
            } else {
                format!(" ({} {})", transaction.codespace, transaction.code)
            },
            transaction
                .memo
                .as_ref()
                .map(|memo| memo.chars().take(40).collect::<String>()),
            transaction
                .signer
                .as_ref()
                .map_or("-", |signer| signer.text()),
        ));
        list(&mut lines, &transaction.credits);
    }
    if !credits.is_empty() {
        lines.push(format!("the block itself: {} credits", credits.len()));
        list(&mut lines, &credits);
    }
    lines.join("\n")
}

fn list(lines: &mut Vec<String>, credits: &[recover_core::observation::Observation]) {
    lines.extend(
        credits
            .iter()
            .take(LISTED_MAX)
            .map(|credit| format!("  {}", line(credit))),
    );
    if credits.len() > LISTED_MAX {
        lines.push(format!("  … {} in all", credits.len()));
    }
}

#[test]
fn recorded_every_file_decodes_or_is_refused_with_a_reason() {
    let mut all = Vec::new();
    for name in names() {
        all.push(format!("== {name}\n{}", outcome(&name, &json(&name))));
    }
    insta::assert_snapshot!(all.join("\n"));
}
