//! The way of an approved claim out of the house and back: its package, the signers' check, a package that somebody changed, and
//! the ledger's answer.

use crate::claim_page::{self, Coins};
use crate::commands::people::roster_text;
use crate::output;
use anyhow::Context as _;
use recover_core::claim::{Acknowledged, ClaimId};
use recover_core::plan::Step;
use recover_engine::claims::StepOptions;
use recover_engine::engine::Engine;
use recover_verify::package::PackageFile;
use recover_verify::verify;

/// Carries an approved claim of ledger instructions to its end.
pub async fn carry(engine: &Engine, id: &ClaimId) -> anyhow::Result<()> {
    let gita = engine.actor(Some("gita")).await?;
    let options = StepOptions::default();
    output::line(&format!("\n$ recover --as gita claims export {id}"))?;
    let exported = engine.export_claim(id, &options, &gita).await?;
    let package = exported
        .package
        .context("an export gives a package")?
        .to_json();
    let roster = roster_text(engine).await?;
    output::line(&format!(
        "$ recover-verify --roster roster.toml {id}-1.package.json"
    ))?;
    match verify(&package, &roster, engine.now()) {
        Ok(report) => {
            // As `recover-verify` prints it, without the notes.
            let width = report.rows.iter().map(|row| row.label.len()).max();
            let width = width.unwrap_or(0);
            for row in &report.rows {
                output::line(&format!("  {:<width$}  {}", row.label, row.value))?;
            }
            output::line(&format!("  accepted: {}", report.words.join(" ")))?;
        }
        Err(problems) => anyhow::bail!("the demo's own package is refused: {problems:?}"),
    }
    let claim = engine.claim(id).await?;
    let user = claim.beneficiary.clone().unwrap_or_default();
    // Whoever rules the exchange's machine can write every digest anew, but cannot vote.
    let changed: PackageFile = serde_json::from_str(&package.replace(&user, "U-6666"))?;
    let changed = changed.sealed().to_json();
    output::line(&format!(
        "The same package with another user in place of {user} everywhere, sealed again:"
    ))?;
    match verify(&changed, &roster, engine.now()) {
        Ok(_) => anyhow::bail!("a package that somebody changed was accepted"),
        Err(problems) => {
            for problem in problems {
                output::line(&format!("  refused: {problem}"))?;
            }
        }
    }
    let Some(Step::Instruct(instructions)) = claim.current_step() else {
        anyhow::bail!("the demo's claim is no ledger instruction");
    };
    let answers = instructions
        .iter()
        .enumerate()
        .map(|(ordinal, instruction)| Acknowledged {
            instruction: instruction.id(id.as_str(), 0, ordinal),
            entry: format!("entry-{}", 81_233 + ordinal),
            asset: instruction.asset.clone(),
            amount: instruction.amount,
        })
        .collect();
    output::line(&format!(
        "The ledger booked it.\n$ recover --as gita claims import {id} --acknowledgement ledger.csv"
    ))?;
    let settled = engine
        .acknowledge_claim(id, answers, &options, &gita)
        .await?;
    output::line(&format!("  {}", settled.status))?;
    let stored = engine.store().deposit(&settled.deposit).await?;
    let coins = Coins {
        chains: engine.chains(),
        deposit: stored.as_ref().map(|stored| &stored.deposit),
    };
    let tables = [
        (
            ["finished", "where", "cost"].as_slice(),
            claim_page::receipt_rows(&settled, &coins),
        ),
        (
            &["account", "taken from it", "given to it"],
            claim_page::posting_rows(&settled, &coins),
        ),
    ];
    for (columns, rows) in tables {
        output::line(&output::table(columns, rows.into_iter()).to_string())?;
    }
    Ok(())
}
