//! Bitcoin and its relatives: recorded mainnet transactions that pay scripts which we call ours.

use super::answers::Answer;
use super::heading;
use super::recorded::Recording;
use crate::output;
use crate::view::shortened;
use anyhow::Context as _;
use recover_core::deposit::Origin;
use recover_engine::explain;
use std::path::Path;

/// What Blockbooks answered about one address: a page of its transactions, of which each is the answer about that transaction.
const PAGES: &[(&str, &str)] = &[
    (
        "bitcoin",
        include_str!("../../../../fixtures/utxo/blockbook_bitcoin_address.json"),
    ),
    (
        "litecoin",
        include_str!("../../../../fixtures/utxo/blockbook_litecoin_address.json"),
    ),
    (
        "dogecoin",
        include_str!("../../../../fixtures/utxo/blockbook_doge_address.json"),
    ),
    (
        "dash",
        include_str!("../../../../fixtures/utxo/blockbook_dash_address.json"),
    ),
];

const RECORDING: Recording = Recording {
    name: "outputs",
    now: "2025-10-01T00:00:00Z",
    answers,
    around: include_str!("../../../../fixtures/demo/outputs/around.json"),
    addresses: include_str!("../../../../fixtures/demo/outputs/addresses.csv"),
    ledger: include_str!("../../../../fixtures/demo/outputs/ledger.csv"),
    kind: |_| "blockbook",
};

/// What a customer would paste, and what is worth seeing in it.
const PASTED: &[(&str, &str)] = &[
    (
        "535b9feb13c603f8",
        "Dogecoin to the script of a Bitcoin address",
    ),
    (
        "f8ddc3eca55aa4bf",
        "Litecoin to the script of a Bitcoin SegWit address",
    ),
    (
        "3db4dca70f007a6f",
        "a miner's pay, which counts after 100 blocks",
    ),
    (
        "48554ab85af88889",
        "so little Bitcoin that it may carry an inscription",
    ),
];

fn answers() -> anyhow::Result<Vec<(String, Answer)>> {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        transactions: Vec<&'a serde_json::value::RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Named {
        txid: String,
    }
    let mut answers = Vec::new();
    for (network, page) in PAGES {
        let page: Page<'_> = serde_json::from_str(page)?;
        for transaction in page.transactions {
            let Named { txid } = serde_json::from_str(transaction.get())?;
            let answer = Answer {
                ask: format!("/api/v2/tx/{txid}"),
                about: String::new(),
                body: transaction.get().to_owned().into(),
            };
            answers.push(((*network).to_owned(), answer));
        }
    }
    Ok(answers)
}

/// The part of the demo.
pub async fn run(folder: &Path) -> anyhow::Result<()> {
    heading(
        "10  Bitcoin and its relatives: recorded mainnet transactions that pay scripts which we call ours",
    )?;
    let engine = RECORDING.engine(folder).await?;
    output::line(
        "That these scripts are ours is invented; the transactions are not. One script is the same on all of these networks.",
    )?;
    let recorded = answers()?;
    let mut rows = Vec::new();
    for (begins, about) in PASTED {
        let ask = format!("/api/v2/tx/{begins}");
        let pasted = recorded
            .iter()
            .find_map(|(_, answer)| answer.ask.starts_with(&ask).then_some(&answer.ask))
            .and_then(|ask| ask.rsplit('/').next())
            .context("a transaction of the demo was not recorded")?;
        let diagnosis = engine.diagnose(pasted, &[]).await?;
        let deposit = diagnosis
            .deciding()
            .with_context(|| format!("{pasted} was not found: {:?}", diagnosis.answers))?;
        let classification = &deposit.classification;
        let mut why = vec![classification.kind.to_string()];
        why.extend(classification.also.iter().map(ToString::to_string));
        if let Origin::Observed(observation) = &deposit.origin {
            why.extend(observation.flags.iter().map(|flag| format!("flag {flag}")));
        }
        rows.push(vec![
            deposit.network().to_string(),
            shortened(deposit.tx_id().as_str()),
            format!(
                "{} {}",
                deposit.amount_text(),
                deposit.symbol.clone().unwrap_or_default()
            ),
            (*about).to_owned(),
            why.join(", "),
            explain::headline(&classification.verdict).to_owned(),
        ]);
    }
    output::line("")?;
    output::line(
        &output::table(
            &[
                "network",
                "transaction",
                "amount",
                "what it is",
                "why",
                "verdict",
            ],
            rows.into_iter(),
        )
        .to_string(),
    )?;
    engine.store().close().await;
    Ok(())
}
