//! Memo networks: recorded mainnet transactions, read by the adapters that read real servers.

use super::answers::Answer;
use super::heading;
use super::recorded::Recording;
use crate::output;
use crate::view::shortened;
use anyhow::Context as _;
use recover_core::block::Height;
use recover_core::deposit::Deposit;
use recover_engine::explain;
use recover_engine::scan::{ScanOptions, Silent};
use recover_store::DepositFilter;
use std::collections::BTreeSet;
use std::path::Path;

/// The moment at which this part plays: after its newest recording.
const NOW: &str = "2025-10-01T00:00:00Z";

/// The last ledger of the recorded page.
const LAST_LEDGER: Height = Height(98_408_868);

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../fixtures/demo/memo/", $name))
    };
}

/// What was recorded: the network, what asks for it, and the answer.
const RECORDED: &[(&str, &str, &str, &str)] = &[
    ("xrpl", "account_tx", "", file!("xrpl_account_tx.json")),
    (
        "stellar",
        "/transactions/2912d519b2c2174b0147a9e02208f3ed14820228913142f8c6a5cd360783c029",
        "",
        file!("stellar_transaction.json"),
    ),
    (
        "stellar",
        "/transactions/2912d519b2c2174b0147a9e02208f3ed14820228913142f8c6a5cd360783c029/operations",
        "",
        file!("stellar_operations.json"),
    ),
    (
        "cosmos",
        "/cosmos/tx/v1beta1/txs/BC5E330F0AFA34489B9796E8101A2B027CC8AE8E820AFC7901C3C1E75C2895DD",
        "",
        file!("cosmos_tx.json"),
    ),
    (
        "ton",
        "/api/v3/transactions",
        "hMCQ9yMCBW5DgV0L0Uebz3xIBJfDp4nIvzTlRaIFwpY=",
        file!("ton_no_comment.json"),
    ),
    (
        "ton",
        "/api/v3/transactions",
        "i39bgWzp6AStaaGHO8QKlHR5W40D82sZPKHeOOYWDaA=",
        file!("ton_comment.json"),
    ),
];

/// What a customer would paste, by network.
const PASTED: &[(&str, &str)] = &[
    (
        "stellar",
        "https://stellar.expert/explorer/public/tx/2912d519b2c2174b0147a9e02208f3ed14820228913142f8c6a5cd360783c029",
    ),
    (
        "cosmos",
        "BC5E330F0AFA34489B9796E8101A2B027CC8AE8E820AFC7901C3C1E75C2895DD",
    ),
    ("ton", "hMCQ9yMCBW5DgV0L0Uebz3xIBJfDp4nIvzTlRaIFwpY="),
    ("ton", "i39bgWzp6AStaaGHO8QKlHR5W40D82sZPKHeOOYWDaA="),
];

const RECORDING: Recording = Recording {
    name: "memo",
    now: NOW,
    answers: || {
        RECORDED
            .iter()
            .map(|(network, ask, about, body)| {
                let answer = Answer {
                    ask: (*ask).to_owned(),
                    about: (*about).to_owned(),
                    body: body.as_bytes().into(),
                };
                Ok(((*network).to_owned(), answer))
            })
            .collect()
    },
    around: file!("around.json"),
    addresses: file!("addresses.csv"),
    ledger: file!("ledger.csv"),
    kind: |network| match network {
        "xrpl" => "rippled",
        "stellar" => "horizon",
        "cosmos" => "cosmos_rest",
        _ => "toncenter_v3",
    },
};

/// The part of the demo.
pub async fn run(folder: &Path) -> anyhow::Result<()> {
    heading(
        "9  Networks that route by memo: recorded mainnet transactions, to accounts that we call ours",
    )?;
    let engine = RECORDING.engine(folder).await?;
    output::line(
        "That these accounts are ours, whose memo is whose, and what the ledger knows is invented; the transactions are not.",
    )?;
    let network = "xrpl".to_owned();
    output::line(&format!(
        "\n$ recover scan --network xrpl --to {LAST_LEDGER}   (one recorded page of account_tx: 49 transactions, both ways)"
    ))?;
    let options = ScanOptions {
        networks: vec![network],
        from: Some(Height(32_570)),
        to: Some(LAST_LEDGER),
    };
    for report in engine.scan(&options, &Silent).await? {
        let kinds: Vec<String> = report
            .found
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        output::line(&format!("{}: {}", report.network, kinds.join(", ")))?;
        let gap = report.gaps.into_iter().next().map(|gap| gap.reason);
        if let Some(reason) = report.failure.or(gap).or(report.note) {
            anyhow::bail!("the recorded page could not be scanned: {reason}");
        }
    }
    let mut shown = BTreeSet::new();
    let mut rows = Vec::new();
    for deposit in super::deposits(&engine, &DepositFilter::default()).await? {
        // One of each kind is enough to see what they are.
        if shown.insert(deposit.classification.kind) {
            rows.push(row(&deposit));
        }
    }
    for (network, pasted) in PASTED {
        let diagnosis = engine.diagnose(pasted, &[]).await?;
        let deposit = diagnosis.deciding().with_context(|| {
            format!(
                "the recorded transaction of {network} was not found: {:?}",
                diagnosis.answers
            )
        })?;
        rows.push(row(deposit));
    }
    output::line("")?;
    output::line(
        &output::table(
            &[
                "network",
                "transaction",
                "amount",
                "why",
                "what the memo says",
                "verdict",
            ],
            rows.into_iter(),
        )
        .to_string(),
    )?;
    engine.store().close().await;
    Ok(())
}

fn row(deposit: &Deposit) -> Vec<String> {
    let classification = &deposit.classification;
    let mut says: Vec<String> = classification
        .memo
        .iter()
        .flat_map(|finding| finding.evidence.iter().take(2).map(explain::memo))
        .collect();
    if let Some(user) = classification
        .memo
        .as_ref()
        .and_then(|finding| finding.proposed.as_ref())
    {
        says.push(format!("proposed: user {user}"));
    }
    if let Some(owner) = &classification.owner {
        says.push(format!("owner: user {owner}"));
    }
    vec![
        deposit.network().to_string(),
        shortened(deposit.tx_id().as_str()),
        format!(
            "{} {}",
            deposit.amount_text(),
            deposit.symbol.clone().unwrap_or_default()
        ),
        classification.kind.to_string(),
        says.iter()
            .map(|line| wrapped(line))
            .collect::<Vec<_>>()
            .join("\n"),
        explain::headline(&classification.verdict).to_owned(),
    ]
}

/// A line broken between words, for a table that fits a terminal.
fn wrapped(line: &str) -> String {
    const WIDTH: usize = 72;
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        if let Some(last) = lines.last_mut()
            && (last.is_empty() || last.chars().count() + 1 + word.chars().count() <= WIDTH)
        {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines.join("\n")
}
