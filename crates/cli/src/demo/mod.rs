//! `demo`: the whole main job offline, computed live on embedded data.

mod answers;
mod data;
mod handover;
mod memo;
mod outputs;
mod recorded;
mod totals;

use crate::args::Demo;
use crate::claim_page::Coins;
use crate::commands;
use crate::commands::diagnose::{self, Found};
use crate::exit::Exit;
use crate::output;
use crate::quote_page;
use crate::view::{MatchView, symbol_of};
use crate::wiring;
use anyhow::Context as _;
use data::Chains;
use recover_core::appeal::{AppealId, MatchDecision, MatchOutcome};
use recover_core::asset::TokenReview;
use recover_core::claim::{Claim, ClaimStatus, Command, Evidence};
use recover_core::deposit::Deposit;
use recover_core::kind::Kind;
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_engine::claims::{OpenOptions, QuoteOptions, StepOptions};
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, Networks, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::explain;
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_engine::scan::{ScanOptions, Silent};
use recover_store::{ClaimFilter, DepositFilter, DepositOrder, Store};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// `demo`
pub async fn run(arguments: &Demo) -> anyhow::Result<Exit> {
    let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
    let folder = arguments.dir.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    if std::fs::read_dir(folder)?.next().is_some() {
        anyhow::bail!(
            "{} is not empty: name a new folder, so that nothing of yours is overwritten",
            folder.display()
        );
    }
    data::write(folder)?;
    let engine = engine(folder, Chains::Ours, "recover.db").await?;

    heading("A mis-sent deposit desk in one minute, offline")?;
    output::line(
        "Ethereum and BNB Smart Chain are our own recording of two anvil nodes; users, ledger and prices are invented.\n\
         Everything below is computed now, by the code that reads real nodes.",
    )?;
    imports(&engine, folder).await?;
    scanned(&engine).await?;
    wrong_networks(&engine).await?;
    unlisted_token(&engine).await?;
    let outcomes = appeals(&engine).await?;
    refusals(&engine, &outcomes).await?;
    queue(&engine, &outcomes).await?;
    mainnet(folder).await?;
    memo::run(folder).await?;
    outputs::run(folder).await?;

    heading("What to try next")?;
    let place = arguments
        .dir
        .as_deref()
        .map_or_else(|| "DIR".to_owned(), |dir| dir.display().to_string());
    let keep = if arguments.dir.is_some() {
        ""
    } else {
        "recover demo --dir DIR   keeps the files and the database\n"
    };
    output::line(&format!(
        "{keep}cd {place} && recover deposits list --queue   the working queue of this demo\n\
         recover init   writes chains.toml and policy.toml for your own networks; README.md has a tour on live nodes"
    ))?;
    output::line("")?;
    output::line(&totals::line(&engine).await?)?;
    engine.store().close().await;
    Ok(Exit::Done)
}

fn heading(text: &str) -> anyhow::Result<()> {
    output::line(&format!(
        "\n── {text} {}",
        "─".repeat(100_usize.saturating_sub(text.chars().count()))
    ))
}

async fn engine(folder: &Path, recorded: Chains, database: &str) -> anyhow::Result<Engine> {
    let adapters = wiring::adapters();
    let mut chains = ChainsConfig::load(&folder.join("chains.toml"), &adapters)?;
    let sources = recorded.sources(&chains)?;
    chains
        .networks
        .retain(|network, _| sources.contains_key(network));
    let networks = Networks {
        chains: &chains,
        codecs: &adapters,
    };
    let policy = Policy::load(&folder.join("policy.toml"), Some(networks))?;
    let store = Store::open(&format!("sqlite://{}", folder.join(database).display())).await?;
    let clock = Arc::new(FixedClock(Timestamp::parse(data::NOW)?));
    Ok(Engine::over(
        store,
        chains,
        Some(policy),
        adapters,
        clock,
        sources,
    ))
}

async fn imports(engine: &Engine, folder: &Path) -> anyhow::Result<()> {
    heading("1  What the exchange knows")?;
    let file = |name: &str| -> anyhow::Result<IntakeFile<File>> {
        let path = folder.join(name);
        Ok(IntakeFile {
            name: name.to_owned(),
            reader: File::open(&path).with_context(|| path.display().to_string())?,
            map: ColumnMap::default(),
            reject: path.with_extension("rejected.csv"),
        })
    };
    let quiet = |_: u64| {};
    let reports = [
        (
            "addresses",
            engine
                .import_addresses(file("addresses.csv")?, &quiet)
                .await?,
        ),
        (
            "ledger rows",
            engine
                .import_ledger(file("ledger.csv")?, &[], &quiet)
                .await?,
        ),
        (
            "prices",
            engine.import_prices(file("prices.csv")?, &quiet).await?,
        ),
        (
            "appeals",
            engine.import_appeals(file("appeals.csv")?, &quiet).await?,
        ),
    ];
    let counts: Vec<String> = reports
        .iter()
        .map(|(noun, report)| format!("{} {noun}", report.counts.inserted))
        .collect();
    output::line(&counts.join(", "))
}

async fn scanned(engine: &Engine) -> anyhow::Result<()> {
    heading("2  Scan: every credit at an address of ours, and why it was not booked")?;
    let reports = engine.scan(&ScanOptions::default(), &Silent).await?;
    for report in &reports {
        let found: u64 = report.found.values().sum();
        output::line(&format!(
            "{}: {} blocks read, {found} credits found, {} gaps",
            report.network,
            report.blocks_read,
            report.gaps.len()
        ))?;
        if let Some(failure) = &report.failure {
            anyhow::bail!("{}: {failure}", report.network);
        }
    }
    let deposits = deposits(engine, &DepositFilter::default()).await?;
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&Deposit> = deposits
            .iter()
            .filter(|deposit| deposit.classification.kind == *kind)
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        let mut verdicts: Vec<String> = of_kind
            .iter()
            .map(|deposit| deposit.classification.verdict.to_string())
            .collect();
        verdicts.sort();
        verdicts.dedup();
        rows.push(vec![
            kind.to_string(),
            of_kind.len().to_string(),
            totals::worth(engine, &of_kind).await?,
            verdicts.join("\n"),
        ]);
    }
    output::line(
        &output::table(&["kind", "credits", "USD", "verdicts"], rows.into_iter()).to_string(),
    )
}

async fn deposits(engine: &Engine, filter: &DepositFilter) -> anyhow::Result<Vec<Deposit>> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = engine
            .store()
            .list_deposits(filter, DepositOrder::Newest, after.as_ref(), 500)
            .await?;
        found.extend(page.deposits.into_iter().map(|stored| stored.deposit));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

async fn first(
    engine: &Engine,
    kind: Kind,
    fits: impl Fn(&Deposit) -> bool,
) -> anyhow::Result<Option<Deposit>> {
    let filter = DepositFilter {
        kind: Some(kind),
        ..DepositFilter::default()
    };
    Ok(deposits(engine, &filter).await?.into_iter().find(fits))
}

async fn wrong_networks(engine: &Engine) -> anyhow::Result<()> {
    heading("3  Diagnose: the right address on the wrong network, and who holds which key")?;
    let same_key = first(engine, Kind::WrongChainSameKey, |deposit| {
        deposit.classification.verdict.is_recoverable()
    })
    .await?;
    let contract = first(engine, Kind::WrongChainContract, |deposit| {
        matches!(deposit.classification.verdict, Verdict::NeedsDeploy(_))
    })
    .await?;
    for deposit in [same_key, contract].into_iter().flatten() {
        output::line(&format!("$ recover diagnose {}", deposit.tx_id()))?;
        let found = Found::out(engine, deposit.tx_id().as_str(), &[]).await?;
        output::line(&diagnose::page(engine, &found))?;
        output::line("")?;
    }
    Ok(())
}

async fn unlisted_token(engine: &Engine) -> anyhow::Result<()> {
    heading(
        "4  Unlisted tokens: reviewed once by contract, then quoted; its fee is no part of it",
    )?;
    let mut rows = Vec::new();
    let mut genuine = None;
    for (token, signals) in engine.tokens(true).await? {
        let sighting = &token.sighting;
        rows.push(vec![
            sighting.symbol.clone().unwrap_or_default(),
            sighting.asset.to_string(),
            token.deposits.to_string(),
            token.recipients.to_string(),
            signals.join("\n"),
        ]);
        if sighting.symbol.as_deref() == Some("NEW") {
            genuine = Some(token);
        }
    }
    output::line(
        &output::table(
            &["says it is", "contract", "credits", "recipients", "signals"],
            rows.into_iter(),
        )
        .to_string(),
    )?;
    let token = genuine.context("the recording has no token NEW")?;
    let asset = &token.sighting.asset;
    let contract = asset.contract_text().unwrap_or_default();
    let network = engine.network(asset.network.as_str())?;
    let reviewed = engine
        .review_token(
            network,
            contract,
            TokenReview::Genuine,
            token.sighting.decimals,
            "ana",
            "issuer known",
        )
        .await?;
    output::line(&format!(
        "$ recover tokens review {} {contract} --decision genuine --decimals {} --reason \"issuer known\"\n{} deposits are classified otherwise now",
        network.id,
        token.sighting.decimals.unwrap_or_default(),
        reviewed.reclassified
    ))?;
    let filter = DepositFilter {
        asset: Some(asset.clone()),
        ..DepositFilter::default()
    };
    if let Some(deposit) = deposits(engine, &filter)
        .await?
        .into_iter()
        .find(|deposit| deposit.classification.verdict.is_recoverable())
    {
        let estimate = engine.estimate(&deposit).await?;
        output::line(&format!("$ recover quote {}", deposit.id()))?;
        let terms = estimate
            .outcome
            .as_ref()
            .ok()
            .and_then(|quote| quote.terms.as_deref());
        let page = match terms {
            Some(terms) => quote_page::table(
                terms,
                &Coins {
                    chains: engine.chains(),
                    deposit: Some(&deposit),
                },
            ),
            None => estimate.in_words(&symbol_of(&deposit), deposit.decimals),
        };
        output::line(&page)?;
    }
    Ok(())
}

async fn appeals(engine: &Engine) -> anyhow::Result<Vec<MatchOutcome>> {
    heading("5  Match: what customers say against what was found")?;
    let outcomes = engine.match_all().await?;
    let mut rows = Vec::new();
    for outcome in &outcomes {
        let stored = engine.store().appeal(&outcome.appeal).await?;
        let says = stored.map(|stored| {
            let appeal = stored.appeal;
            let parts = [
                appeal.claimed_amount,
                appeal.claimed_asset,
                appeal.claimed_network,
                crate::view::shortened(&appeal.claimed_txid),
            ];
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        });
        let view = MatchView::of(outcome)?;
        let because = view.because();
        rows.push(vec![
            view.appeal_id,
            says.unwrap_or_default(),
            view.decision.to_owned(),
            view.deposit_id.unwrap_or_else(|| "-".to_owned()),
            because,
        ]);
    }
    output::line(
        &output::table(
            &["appeal", "says", "decision", "deposit", "because"],
            rows.into_iter(),
        )
        .to_string(),
    )?;
    Ok(outcomes)
}

fn specialist(engine: &Engine) -> Result<recover_core::people::Person, EngineError> {
    engine.person(Some("ana"))
}

/// Opens a claim as a person would for an appeal, and tells what came of it.
async fn open(
    engine: &Engine,
    deposit: &Deposit,
    appeal: &AppealId,
) -> anyhow::Result<Option<Claim>> {
    output::line(&format!(
        "$ recover claims open {} --appeal {appeal}",
        deposit.id()
    ))?;
    let options = OpenOptions {
        appeal: Some(appeal.to_string()),
        ..OpenOptions::default()
    };
    match engine
        .open_claim(&deposit.id(), &options, &specialist(engine)?)
        .await
    {
        Ok(claim) => {
            output::line(&format!("{} opened", claim.id))?;
            Ok(Some(claim))
        }
        Err(EngineError::Refused { refusal }) => {
            output::line(&format!("refused: {refusal}: {}", refusal.hint()))?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn refusals(engine: &Engine, outcomes: &[MatchOutcome]) -> anyhow::Result<()> {
    heading("6  Refusals: a stranger with the right transaction id, two claimants on one deposit")?;
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.decision == MatchDecision::None)
    {
        let Some(stored) = engine.store().appeal(&outcome.appeal).await? else {
            continue;
        };
        if stored.appeal.claimed_txid.is_empty() {
            continue;
        }
        let diagnosis = engine.diagnose(&stored.appeal.claimed_txid, &[]).await?;
        if let Some(deposit) = diagnosis.deciding() {
            let owner = deposit.classification.owner.as_deref().unwrap_or("nobody");
            output::line(&format!(
                "{} of user {} names the transaction exactly. The address was issued to {owner}:",
                outcome.appeal, stored.appeal.user_id
            ))?;
            open(engine, deposit, &outcome.appeal).await?;
        }
    }
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.decision == MatchDecision::Conflict)
    {
        let Some(id) = &outcome.deposit else { continue };
        if let Some(stored) = engine.store().deposit(id).await? {
            output::line(&format!(
                "{} is one of several users who want {id}, and nobody owns its address:",
                outcome.appeal
            ))?;
            open(engine, &stored.deposit, &outcome.appeal).await?;
        }
    }
    Ok(())
}

async fn queue(engine: &Engine, outcomes: &[MatchOutcome]) -> anyhow::Result<()> {
    heading(
        "7  Claims: quoted, accepted, screened, approved by people who did not act before, carried to the end",
    )?;
    let ana = specialist(engine)?;
    let mut ready = Vec::new();
    for outcome in outcomes {
        let (MatchDecision::Auto | MatchDecision::Review, Some(id)) =
            (outcome.decision, &outcome.deposit)
        else {
            continue;
        };
        let Some(stored) = engine.store().deposit(id).await? else {
            continue;
        };
        if !stored.deposit.classification.verdict.is_recoverable()
            || stored.deposit.classification.kind == Kind::UnlistedToken
        {
            continue;
        }
        let Some(claim) = open(engine, &stored.deposit, &outcome.appeal).await? else {
            continue;
        };
        match engine
            .quote_claim(&claim.id, &QuoteOptions::default(), &ana)
            .await
        {
            Ok(quoted) => {
                if let Some(why) = quoted.no_plan {
                    output::line(&format!("  quoted; nobody can approve it yet: {why}"))?;
                    continue;
                }
            }
            Err(error @ EngineError::NoQuote { .. }) => {
                output::line(&format!("  stays a draft: {error}"))?;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        ready.push(engine.claim(&claim.id).await?);
    }
    // The smallest waits behind no delay of its tier.
    let smallest = ready
        .into_iter()
        .min_by_key(|claim| claim.quote.as_ref().map(|given| given.quote.value))
        .context("the demo's data hold no claim that can be carried offline")?;
    output::line(&format!("{} goes on:", smallest.id))?;
    approve(engine, &smallest).await?;
    output::line("$ recover claims list")?;
    let mut rows = Vec::new();
    for claim in engine.list_claims(&ClaimFilter::default()).await? {
        rows.push(commands::claims::cells(engine, &claim).await?);
    }
    output::line(&output::table(commands::claims::COLUMNS, rows.into_iter()).to_string())?;
    handover::carry(engine, &smallest.id).await
}

/// Accepted, screened, and voted for until the votes are enough.
async fn approve(engine: &Engine, claim: &Claim) -> anyhow::Result<()> {
    let options = StepOptions::default();
    let (ana, farah) = (specialist(engine)?, engine.person(Some("farah"))?);
    let accept = Command::Accept {
        evidence: Evidence {
            text: "their answer in the ticket of the appeal".to_owned(),
            file: None,
        },
    };
    engine.step_claim(&claim.id, accept, &options, &ana).await?;
    let clear = Command::Screen {
        clear: true,
        reason: "no hits on sender and user".to_owned(),
    };
    engine
        .step_claim(&claim.id, clear, &options, &farah)
        .await?;
    for name in ["ana", "chidi", "dalia", "emre"] {
        let person = engine.person(Some(name))?;
        match engine
            .approve_claim(&claim.id, None, None, &options, &person)
            .await
        {
            Err(EngineError::Refused { refusal }) => {
                output::line(&format!("  {name} votes: refused: {refusal}"))?;
            }
            Err(error) => return Err(error.into()),
            Ok(voted) => {
                output::line(&format!(
                    "  {name} votes: {} in all, {}",
                    voted.approvals.len(),
                    voted.status
                ))?;
                if voted.status == ClaimStatus::Approved {
                    return Ok(());
                }
            }
        }
    }
    anyhow::bail!("the demo's people cannot approve {}", claim.id)
}

async fn mainnet(folder: &Path) -> anyhow::Result<()> {
    heading("8  Recorded mainnet transactions, through the same adapter")?;
    let engine = engine(folder, Chains::Mainnet, "mainnet.db").await?;
    output::line(&format!("$ recover diagnose {}", data::MAINNET_PAYMENT))?;
    let diagnosis = engine.diagnose(data::MAINNET_PAYMENT, &[]).await?;
    if let Some(deposit) = diagnosis.deciding() {
        output::line(&format!(
            "{}: {} ETH to {}: {}",
            explain::headline(&deposit.classification.verdict),
            deposit.amount_text(),
            deposit.to(),
            explain::kind(deposit.classification.kind)
        ))?;
    }
    engine.store().close().await;
    output::line(
        "What the logs of recorded receipts move, as a scan reads them (each id recomputed from its own bytes):",
    )?;
    let mut rows = Vec::new();
    for (name, receipt) in data::MAINNET_RECEIPTS {
        let movements = data::movements(receipt).with_context(|| (*name).to_owned())?;
        for movement in movements.iter().take(3) {
            let flags: Vec<&str> = movement.flags.iter().map(|flag| flag.code()).collect();
            rows.push(vec![
                (*name).to_owned(),
                format!(
                    "{}\n{}",
                    crate::view::shortened(movement.tx_id.as_str()),
                    movement.position
                ),
                movement
                    .asset
                    .contract_text()
                    .unwrap_or("native")
                    .to_owned(),
                format!(
                    "{} {}",
                    movement.amount.to_base_units(),
                    if flags.is_empty() { "base units" } else { "" }
                ),
                flags.join(", "),
            ]);
        }
    }
    output::line(
        &output::table(
            &["what", "transaction", "contract", "amount", "flags"],
            rows.into_iter(),
        )
        .to_string(),
    )
}
