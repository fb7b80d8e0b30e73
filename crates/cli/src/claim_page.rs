//! A claim's whole life on one page: who did what, when, on which evidence, which bytes, which block.

use crate::view::seconds;
use recover_core::claim::{Claim, Package, Receipt, settlement};
use recover_core::plan::{Instruction, Leg, Step};
use recover_core::wire::PlanJson;
use serde::Serialize;

/// What a claim does and did beyond its quote and its votes.
#[derive(Debug, Serialize)]
pub struct LifeView {
    plan: Option<PlanJson>,
    screening: Option<ScreeningView>,
    rescreening: Option<ScreeningView>,
    approved: Option<ApprovedView>,
    steps_done: u32,
    package: Option<PackageView>,
    receipts: Vec<ReceiptView>,
    postings: Vec<PostingView>,
}

#[derive(Debug, Serialize)]
struct ScreeningView {
    clear: bool,
    person: String,
    decided_at: String,
}

#[derive(Debug, Serialize)]
struct ApprovedView {
    at: String,
    tier: String,
    voters: Vec<String>,
    alone: bool,
}

#[derive(Debug, Serialize)]
struct PackageView {
    digest: String,
    step: u32,
    attempt: u32,
    account: Option<String>,
    sequence: Option<u64>,
    bytes: String,
    prepared_at: String,
    expires_at: String,
    signed: Option<String>,
    tx_id: Option<String>,
    block_height: Option<u64>,
    block_hash: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ReceiptView {
    Sent {
        leg: &'static str,
        tx_id: String,
        block_height: u64,
        block_hash: String,
        fee: String,
        succeeded: bool,
    },
    Booked {
        instructions: Vec<BookedView>,
    },
}

#[derive(Debug, Serialize)]
struct BookedView {
    kind: &'static str,
    user: Option<String>,
    asset: String,
    amount: String,
    instruction: String,
    entry: String,
}

#[derive(Debug, Serialize)]
struct PostingView {
    account: &'static str,
    asset: String,
    debit: String,
    credit: String,
}

impl LifeView {
    /// The view of a claim.
    pub fn of(claim: &Claim) -> Self {
        let screening = |decision: &recover_core::claim::Screening| ScreeningView {
            clear: decision.clear,
            person: decision.person.clone(),
            decided_at: decision.decided_at.to_string(),
        };
        Self {
            plan: claim.plan.as_ref().map(PlanJson::of),
            screening: claim.screening.as_ref().map(screening),
            rescreening: claim.rescreening.as_ref().map(screening),
            approved: claim.approved.as_ref().map(|approved| ApprovedView {
                at: approved.at.to_string(),
                tier: approved.tier.clone(),
                voters: approved.voters.iter().cloned().collect(),
                alone: approved.alone,
            }),
            steps_done: claim.execution.done,
            package: claim
                .execution
                .package
                .as_ref()
                .map(|package| PackageView::of(claim, package)),
            receipts: claim.execution.receipts.iter().map(receipt).collect(),
            postings: postings(claim),
        }
    }
}

impl PackageView {
    fn of(claim: &Claim, package: &Package) -> Self {
        Self {
            digest: package.digest(&claim.content_digest()).to_string(),
            step: package.step,
            attempt: package.attempt,
            account: package.slot.as_ref().map(|slot| slot.account.clone()),
            sequence: package.slot.as_ref().map(|slot| slot.sequence),
            bytes: hex::encode(&package.bytes),
            prepared_at: package.prepared_at.to_string(),
            expires_at: package.expires_at.to_string(),
            signed: package
                .signed
                .as_ref()
                .map(|signed| hex::encode(&signed.bytes)),
            tx_id: package.tx_id.as_ref().map(|id| id.as_str().to_owned()),
            block_height: package.block.as_ref().map(|block| block.height.0),
            block_hash: package
                .block
                .as_ref()
                .map(|block| block.hash.as_str().to_owned()),
        }
    }
}

fn receipt(receipt: &Receipt) -> ReceiptView {
    match receipt {
        Receipt::Sent {
            leg,
            tx_id,
            block,
            fee,
            succeeded,
        } => ReceiptView::Sent {
            leg: leg.kind.code(),
            tx_id: tx_id.as_str().to_owned(),
            block_height: block.height.0,
            block_hash: block.hash.as_str().to_owned(),
            fee: fee.to_base_units(),
            succeeded: *succeeded,
        },
        Receipt::Booked {
            instructions,
            bookings,
        } => ReceiptView::Booked {
            instructions: instructions
                .iter()
                .zip(bookings)
                .map(|(instruction, booking)| BookedView {
                    kind: instruction.kind.code(),
                    user: instruction.user.clone(),
                    asset: instruction.asset.to_string(),
                    amount: instruction.amount.to_base_units(),
                    instruction: booking.instruction.clone(),
                    entry: booking.entry.clone(),
                })
                .collect(),
        },
    }
}

/// The postings of a settled claim; none before.
fn postings(claim: &Claim) -> Vec<PostingView> {
    if claim.status != recover_core::claim::ClaimStatus::Settled {
        return Vec::new();
    }
    settlement::postings(claim)
        .unwrap_or_default()
        .into_iter()
        .map(|posting| PostingView {
            account: posting.account.code(),
            asset: posting.asset.to_string(),
            debit: posting.debit.to_base_units(),
            credit: posting.credit.to_base_units(),
        })
        .collect()
}

/// The plan, step by step, with how far it was carried out: columns `step`, `does`, `stands`.
pub fn plan_rows(claim: &Claim) -> Vec<Vec<String>> {
    let Some(plan) = &claim.plan else {
        return Vec::new();
    };
    let done = usize::try_from(claim.execution.done).unwrap_or(usize::MAX);
    plan.steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let does = match step {
                Step::Send(leg) => leg_words(leg),
                Step::Instruct(list) => {
                    let lines: Vec<String> = list.iter().map(instruction_words).collect();
                    lines.join("\n")
                }
            };
            let stands = match index.cmp(&done) {
                std::cmp::Ordering::Less => "done".to_owned(),
                std::cmp::Ordering::Equal => claim
                    .execution
                    .package
                    .as_ref()
                    .map_or_else(|| "next".to_owned(), package_words),
                std::cmp::Ordering::Greater => "-".to_owned(),
            };
            vec![(index + 1).to_string(), does, stands]
        })
        .collect()
}

fn leg_words(leg: &Leg) -> String {
    let mut text = format!(
        "{} on {}\n{} base units of {}\nfrom {}\nto {}",
        leg.kind,
        leg.network,
        leg.amount.to_base_units(),
        leg.asset,
        leg.signer,
        leg.recipient,
    );
    if leg.target != leg.recipient {
        text.push_str(&format!("\nby calling {}", leg.target));
    }
    if let Some(memo) = &leg.memo {
        text.push_str(&format!(
            "\nmemo {} {}",
            memo.kind,
            String::from_utf8_lossy(&memo.raw)
        ));
    }
    text.push_str(&format!(
        "\nthe network takes at most {} base units",
        leg.fee_max.to_base_units()
    ));
    text
}

fn instruction_words(instruction: &Instruction) -> String {
    format!(
        "{} {} base units of {}{}",
        instruction.kind,
        instruction.amount.to_base_units(),
        instruction.asset,
        instruction
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!(" to {user}")),
    )
}

fn package_words(package: &Package) -> String {
    let mut text = format!("package {}", package.attempt);
    if let Some(slot) = &package.slot {
        text.push_str(&format!(", slot {}", slot.sequence));
    }
    text.push_str(&format!("\nout until {}", seconds(package.expires_at)));
    if package.signed.is_some() {
        text.push_str("\nsigned bytes are back");
    }
    if let Some(tx_id) = &package.tx_id {
        text.push_str(&format!("\ntransaction {}", tx_id.as_str()));
    }
    if let Some(block) = &package.block {
        text.push_str(&format!("\nin block {}", block.height.0));
    }
    text
}

/// What finished steps left: columns `what`, `where`, `cost`.
pub fn receipt_rows(claim: &Claim) -> Vec<Vec<String>> {
    claim
        .execution
        .receipts
        .iter()
        .map(|receipt| match receipt {
            Receipt::Sent {
                leg,
                tx_id,
                block,
                fee,
                succeeded,
            } => vec![
                format!(
                    "{}{}",
                    leg.kind,
                    if *succeeded {
                        ""
                    } else {
                        ", failed on the network"
                    }
                ),
                format!(
                    "{}\nblock {} {}",
                    tx_id.as_str(),
                    block.height.0,
                    block.hash.as_str()
                ),
                format!("{} base units", fee.to_base_units()),
            ],
            Receipt::Booked {
                instructions,
                bookings,
            } => {
                let lines: Vec<String> = instructions
                    .iter()
                    .zip(bookings)
                    .map(|(instruction, booking)| {
                        format!(
                            "{}: entry {}",
                            instruction_words(instruction),
                            booking.entry
                        )
                    })
                    .collect();
                vec![
                    "booked by the ledger".to_owned(),
                    lines.join("\n"),
                    "-".to_owned(),
                ]
            }
        })
        .collect()
}

/// The postings of a settled claim: columns `account`, `asset`, `debit`, `credit`.
pub fn posting_rows(claim: &Claim) -> Vec<Vec<String>> {
    postings(claim)
        .into_iter()
        .map(|posting| {
            vec![
                posting.account.to_owned(),
                posting.asset,
                posting.debit,
                posting.credit,
            ]
        })
        .collect()
}
