//! `claims`: the queue from a draft to settled money.

mod page;
mod queue;

pub use page::tell;
pub use queue::{COLUMNS, cells};

use crate::args::{ClaimStep, Claims, Format};
use crate::commands::{chosen, handover, read_text, unknown};
use crate::exit::Exit;
use crate::view::ClaimView;
use anyhow::Context as _;
use page::show;
use queue::list;
use recover_core::claim::{ClaimId, ClaimStatus, Command, Evidence, EvidenceFile, Resolution};
use recover_core::digest::Digest;
use recover_core::observation::DepositId;
use recover_engine::claims::{OpenOptions, StepOptions};
use recover_engine::engine::Engine;
use recover_store::ClaimFilter;
use std::path::Path;

/// `claims`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Claims,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        Claims::Open {
            deposit,
            appeal,
            beneficiary,
            destination,
            resolution,
            entry,
            counterparty,
        } => {
            let person = engine.actor(actor).await?;
            let resolution = chosen(
                "resolution",
                resolution.as_deref(),
                Resolution::ALL,
                Resolution::code,
            )?;
            let options = OpenOptions {
                appeal: appeal.clone(),
                beneficiary: beneficiary.clone(),
                destination: destination.clone(),
                resolution,
                entry: entry.clone(),
                counterparty: counterparty.clone(),
            };
            let claim = engine
                .open_claim(&DepositId::verbatim(deposit), &options, &person)
                .await?;
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Waive {
            step: taken,
            code,
            note,
        } => {
            let person = engine.actor(actor).await?;
            let id = ClaimId::verbatim(&taken.id);
            let options = StepOptions {
                revision: taken.revision,
                dry_run: taken.dry_run,
            };
            let claim = engine
                .waive_claim(&id, code, note, &options, &person)
                .await?;
            note_dry_run(taken.dry_run);
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Accept {
            step: taken,
            evidence,
            evidence_file,
        } => {
            let evidence = Evidence {
                text: evidence.clone().unwrap_or_default(),
                file: evidence_file.as_deref().map(evidence_of).transpose()?,
            };
            step(format, engine, taken, Command::Accept { evidence }, actor).await
        }
        Claims::Screen {
            step: taken,
            clear,
            hold: _,
            reason,
        } => {
            let command = Command::Screen {
                clear: *clear,
                reason: reason.clone(),
            };
            step(format, engine, taken, command, actor).await
        }
        Claims::Approve {
            id,
            revision,
            digest,
            signature,
            dry_run,
        } => {
            let person = engine.actor(actor).await?;
            let digest = digest
                .as_deref()
                .map(|text| {
                    Digest::parse(text).ok_or_else(|| {
                        unknown(
                            "digest",
                            text,
                            std::iter::once("64 hexadecimal digits, as `claims show` prints them"),
                        )
                    })
                })
                .transpose()?;
            let signature = signature.as_deref().map(read_text).transpose()?;
            let options = StepOptions {
                revision: Some(*revision),
                dry_run: *dry_run,
            };
            let claim = engine
                .approve_claim(&ClaimId::verbatim(id), digest, signature, &options, &person)
                .await?;
            note_dry_run(*dry_run);
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Reject {
            step: taken,
            reason,
        } => {
            step(
                format,
                engine,
                taken,
                Command::Reject {
                    reason: reason.clone(),
                },
                actor,
            )
            .await
        }
        Claims::Cancel {
            step: taken,
            reason,
        } => {
            step(
                format,
                engine,
                taken,
                Command::Cancel {
                    reason: reason.clone(),
                },
                actor,
            )
            .await
        }
        Claims::Unwind {
            step: taken,
            reason,
        } => {
            let command = Command::Unwind {
                reason: reason.clone(),
            };
            step(format, engine, taken, command, actor).await
        }
        Claims::Export { step, out } => {
            handover::export(format, engine, step, out.as_deref(), actor).await
        }
        Claims::Import {
            step,
            signed,
            txid,
            acknowledgement,
            declined,
        } => {
            if let Some(said) = declined {
                let command = Command::Decline {
                    reason: said.clone(),
                };
                return self::step(format, engine, step, command, actor).await;
            }
            let answer = match (signed, txid, acknowledgement) {
                (Some(file), _, _) => handover::Answer::Signed(file),
                (_, Some(txid), _) => handover::Answer::Transaction(txid),
                (_, _, Some(file)) => handover::Answer::Ledger(file),
                (None, None, None) => {
                    anyhow::bail!("name one of --signed, --txid, --acknowledgement, --declined")
                }
            };
            handover::import(format, engine, step, answer, actor).await
        }
        Claims::Broadcast {
            id,
            revision,
            execute,
        } => handover::broadcast(format, engine, id, *revision, *execute, actor).await,
        Claims::Track { id } => handover::track(format, engine, id.as_deref()).await,
        Claims::Reserved { network } => {
            handover::reserved(format, engine, network.as_deref()).await
        }
        Claims::Incidents { all, close, reason } => {
            let closing = close.as_deref().zip(reason.as_deref());
            handover::incidents(format, engine, *all, closing, actor).await
        }
        Claims::List {
            status,
            deposit,
            all,
        } => {
            let status = chosen(
                "status",
                status.as_deref(),
                ClaimStatus::ALL,
                ClaimStatus::code,
            )?;
            let filter = ClaimFilter {
                open_only: !all && status.is_none(),
                statuses: status.into_iter().collect(),
                deposit: deposit.as_deref().map(DepositId::verbatim),
                ..ClaimFilter::default()
            };
            list(format, engine, &filter).await
        }
        Claims::Show { id } => show(format, engine, &ClaimId::verbatim(id), actor).await,
    }
}

async fn step(
    format: Format,
    engine: &Engine,
    taken: &ClaimStep,
    command: Command,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let person = engine.actor(actor).await?;
    let options = StepOptions {
        revision: taken.revision,
        dry_run: taken.dry_run,
    };
    let claim = engine
        .step_claim(&ClaimId::verbatim(&taken.id), command, &options, &person)
        .await?;
    note_dry_run(taken.dry_run);
    tell(format, engine, &claim, ClaimView::of(&claim)).await
}

/// The longest file that is taken for evidence, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 64 << 20;

fn evidence_of(file: &Path) -> anyhow::Result<EvidenceFile> {
    let about = || format!("cannot read {}", file.display());
    let length = std::fs::metadata(file).with_context(about)?.len();
    if length == 0 || length > EVIDENCE_BYTES_MAX {
        anyhow::bail!(
            "{} has {length} bytes: evidence has at least one, and at most {EVIDENCE_BYTES_MAX}",
            file.display()
        );
    }
    Ok(EvidenceFile::of(&std::fs::read(file).with_context(about)?))
}

fn note_dry_run(is_dry: bool) {
    if is_dry {
        eprintln!("dry run: nothing was changed; this is how the claim would be");
    }
}
