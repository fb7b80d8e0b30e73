//! A claim's whole life on one page: who did what, when, on which evidence, which bytes, which block.

use crate::view::{seconds, symbol_of};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::{Claim, Package, Receipt, settlement};
use recover_core::deposit::Deposit;
use recover_core::digest::Digest;
use recover_core::plan::{Instruction, InstructionKind, Leg, Step};
use recover_core::wire::PlanJson;
use recover_engine::config::ChainsConfig;
use recover_verify::words::words;
use serde::Serialize;

/// Writes amounts in coins where the decimals are known: of the deposit's asset, and of what `chains.toml` lists.
pub struct Coins<'a> {
    /// The networks, with their coins and tokens.
    pub chains: &'a ChainsConfig,
    /// The claim's deposit; `None` where it is not in the database.
    pub deposit: Option<&'a Deposit>,
}

impl Coins<'_> {
    /// An amount of an asset: `1 BNB`, or its base units where nobody vouches for the decimals.
    pub fn text(&self, asset: &AssetId, amount: Amount) -> String {
        if let Some(deposit) = self.deposit.filter(|deposit| deposit.asset() == asset) {
            return format!(
                "{} {}",
                amount.to_coin_text(deposit.decimals),
                symbol_of(deposit)
            );
        }
        let terms =
            self.chains
                .network(&asset.network)
                .and_then(|network| match asset.contract_text() {
                    Some(contract) => network.asset(contract).map(|token| &token.terms),
                    None => (*asset == AssetId::native(network.id.clone()))
                        .then_some(&network.native.terms),
                });
        match terms {
            Some(terms) => format!("{} {}", amount.to_coin_text(terms.decimals), terms.symbol),
            None => format!("{} base units of {asset}", amount.to_base_units()),
        }
    }
}

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
    read_aloud: String,
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
        let digest = package.digest(&claim.content_digest());
        Self {
            read_aloud: words(&digest).join(" "),
            digest: digest.to_string(),
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
    if !claim.has_postings() {
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
pub fn plan_rows(claim: &Claim, coins: &Coins<'_>) -> Vec<Vec<String>> {
    let Some(plan) = &claim.plan else {
        return Vec::new();
    };
    let done = usize::try_from(claim.execution.done).unwrap_or(usize::MAX);
    plan.steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let does = match step {
                Step::Send(leg) => leg_words(leg, coins),
                Step::Instruct(list) => {
                    let lines: Vec<String> = list
                        .iter()
                        .map(|instruction| instruction_words(instruction, coins))
                        .collect();
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

fn leg_words(leg: &Leg, coins: &Coins<'_>) -> String {
    let mut text = format!(
        "{} on {}\n{}\nfrom {}\nto   {}",
        leg.kind,
        leg.network,
        coins.text(&leg.asset, leg.amount),
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
    let coin = AssetId::native(leg.network.clone());
    let fee = coins.text(&coin, leg.fee_max);
    let Some(spend) = &leg.spend else {
        text.push_str(&format!("\nthe network takes at most {fee}"));
        return text;
    };
    // An output is spent whole: what the network takes is settled with the rest.
    if let Some(rest) = &spend.rest {
        let amount = coins.text(&coin, rest.amount);
        text.push_str(&format!("\nand {amount}\nto   {}", rest.recipient));
    }
    text.push_str(&format!("\nthe network takes {fee}"));
    text.push_str(&format!("\nspends {}:{}", spend.tx_id, spend.index));
    text
}

fn instruction_words(instruction: &Instruction, coins: &Coins<'_>) -> String {
    let takes = matches!(
        instruction.kind,
        InstructionKind::FreezeCounterparty | InstructionKind::Reverse
    );
    let whose = match (&instruction.user, takes) {
        (None, _) => String::new(),
        (Some(user), true) => format!(" of {user}"),
        (Some(user), false) => format!(" to {user}"),
    };
    let entry = match &instruction.entry {
        None => String::new(),
        Some(entry) => format!(", entry {entry}"),
    };
    format!(
        "{} {}{whose}{entry}",
        instruction.kind,
        coins.text(&instruction.asset, instruction.amount),
    )
}

fn package_words(package: &Package) -> String {
    let stands = if package.block.is_some() {
        "in a block"
    } else if package.tx_id.is_some() {
        "sent"
    } else if package.signed.is_some() {
        "signed"
    } else {
        "out"
    };
    format!("{stands}, package {}", package.attempt)
}

/// The package that is out, as names and texts: which bytes, how two people compare them, where they are. Nothing while none
/// is out.
pub fn package_facts(claim: &Claim, coins: &Coins<'_>) -> Vec<(&'static str, String)> {
    let Some(package) = &claim.execution.package else {
        return Vec::new();
    };
    let digest = package.digest(&claim.content_digest());
    let mut rows = vec![(
        "package",
        format!(
            "{} of this claim, for step {}",
            package.attempt,
            u64::from(package.step).saturating_add(1)
        ),
    )];
    if let Some(slot) = &package.slot {
        rows.push(("slot", format!("{} of {}", slot.sequence, slot.account)));
    }
    rows.push(("digest", grouped(&digest)));
    rows.push(("read aloud", words(&digest).join(" ")));
    rows.push(("handed out", seconds(package.prepared_at)));
    rows.push(("good until", seconds(package.expires_at)));
    if let Some(Step::Instruct(list)) = claim.current_step() {
        let step = usize::try_from(package.step).unwrap_or(usize::MAX);
        rows.extend(list.iter().enumerate().map(|(ordinal, instruction)| {
            let id = instruction.id(claim.id.as_str(), step, ordinal);
            (
                "books",
                format!("{id}: {}", instruction_words(instruction, coins)),
            )
        }));
    }
    if let Some(signed) = &package.signed {
        rows.push(("signed", format!("{} bytes are back", signed.bytes.len())));
    }
    if let Some(tx_id) = &package.tx_id {
        rows.push(("transaction", tx_id.as_str().to_owned()));
    }
    if let Some(block) = &package.block {
        rows.push((
            "block",
            format!("{} {}", block.height.0, block.hash.as_str()),
        ));
    }
    rows
}

/// A digest in groups of four, as `recover-verify` prints it.
fn grouped(digest: &Digest) -> String {
    let text = digest.to_string();
    let groups: Vec<String> = text
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join(" ")
}

/// What finished steps left: columns `what`, `where`, `cost`.
pub fn receipt_rows(claim: &Claim, coins: &Coins<'_>) -> Vec<Vec<String>> {
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
                coins.text(&AssetId::native(leg.network.clone()), *fee),
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
                            "{}: {}",
                            instruction_words(instruction, coins),
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

/// The postings of a settled claim: columns `account`, `taken from it` (debit), `given to it` (credit).
pub fn posting_rows(claim: &Claim, coins: &Coins<'_>) -> Vec<Vec<String>> {
    if !claim.has_postings() {
        return Vec::new();
    }
    let side = |asset: &AssetId, amount: Amount| {
        if amount.is_zero() {
            String::new()
        } else {
            coins.text(asset, amount)
        }
    };
    settlement::postings(claim)
        .unwrap_or_default()
        .iter()
        .map(|posting| {
            vec![
                posting.account.code().to_owned(),
                side(&posting.asset, posting.debit),
                side(&posting.asset, posting.credit),
            ]
        })
        .collect()
}
