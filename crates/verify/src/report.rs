//! What a person is shown of a package that passed.

use crate::problem::plain;
use crate::roster::Roster;
use crate::verify::Reading;
use crate::votes::{Counted, needed};
use crate::words::words;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::audit::Head;
use recover_core::check::{Decoded, Signed};
use recover_core::claim::{Acceptance, Claim, Evidence, EvidenceFile, GrantedWaiver, Unwinding};
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::Quote;
use recover_core::memo::Memo;
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Step};
use serde::{Serialize, Serializer};

fn as_text<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// A label and a value, both printable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What is told.
    pub label: String,
    /// The value, in full.
    pub value: String,
}

/// A package that passed. Every text in it is printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What a signer compares and gives as the package's name.
    #[serde(serialize_with = "as_text")]
    pub package_digest: Digest,
    /// The same as six words, to read aloud.
    pub words: Vec<&'static str>,
    /// The end of the log that this package vouches for.
    #[serde(serialize_with = "as_text")]
    pub log_head: Head,
    /// The deposit that it recovers.
    pub deposit: String,
    /// What it does to the deposit, where it must be done once: `payout`, `instruct`, `freeze`, `gas_top_up` …
    pub effect: &'static str,
    /// What makes a second package of the same effect harmless: the slot, or the instructions' text, as a digest.
    #[serde(serialize_with = "as_text")]
    pub once: Digest,
    /// Whether a ledger books it; otherwise it is a transaction that is signed.
    pub is_for_ledger: bool,
    /// The claim whose fee beside the deposit it ends, captured or given back, which is done once; `None` where it ends none.
    pub ends_fee_of: Option<String>,
    /// The page, line by line.
    pub rows: Vec<Row>,
    /// What could not be known here.
    pub notes: Vec<&'static str>,
}

const NOTES: &[&str] = &[
    "Sums of other claims are not known here: the tier is chosen by this claim's value, and by the tier that the package states.",
    "Holds and halts after the export are not known here: ask the exchange whether the claim is still clear before you sign.",
    "The kind of the deposit, the times of the votes and the latest screening are stated by the exchange; the signatures do not cover them.",
    "The six words are no seed phrase. Compare them by voice with the exchange's treasury.",
];

impl Report {
    pub(crate) fn new(
        reading: &Reading<'_>,
        leg: Option<&Leg>,
        decoded: Option<&Decoded>,
        counted: &Counted,
    ) -> Self {
        let (claim, file, roster) = (&reading.claim, reading.file, reading.roster);
        let mut rows = Rows(Vec::new());
        let steps = claim.plan.as_ref().map_or(0, |plan| plan.steps.len());
        let effect = effect(claim, file.step, leg);
        let does = match leg {
            Some(leg) => leg.kind.code(),
            None if effect == FREEZE => "ledger instructions: freeze only",
            None if effect == HOLD => "ledger instructions: set the fee aside only",
            None if effect == UNWIND => "ledger instructions: the recovery is given up",
            None if effect == CAPTURE => "ledger instructions: capture the fee only",
            None => "ledger instructions",
        };
        rows.add("exchange", &roster.exchange);
        rows.add("claim", claim.id.as_str());
        rows.add("deposit", claim.deposit.as_str());
        rows.add("why not credited", &file.deposit_kind);
        rows.add("resolution", claim.resolution.code());
        rows.add("for user", claim.beneficiary.as_deref().unwrap_or("none"));
        if let Some(correction) = &claim.correction {
            rows.add("taken from user", &correction.counterparty);
            rows.add("booked by entry", &correction.entry);
        }
        let step = u64::from(file.step) + 1;
        let attempt = file.attempt;
        rows.add(
            "step",
            &format!("{step} of {steps}: {does}; package {attempt} of this claim"),
        );
        if let Some(leg) = leg {
            rows.leg(roster, leg);
        }
        for line in &file.summary {
            rows.add(&format!("bytes: {}", line.label), &line.value);
        }
        if let Some(quote) = &claim.quote {
            let deposit = shown(roster, &claim.asset, claim.amount);
            let net = shown(roster, &claim.asset, quote.quote.net);
            let fee = shown(roster, &claim.asset, quote.quote.fee_in_asset);
            rows.add("deposit's amount", &deposit);
            rows.add("user gets", &net);
            rows.add("exchange's fee", &fee);
            rows.beside(roster, &quote.quote);
        }
        rows.said(roster, claim);
        let value = counted
            .value
            .map_or("unknown".to_owned(), |value| value.to_string());
        rows.add("value by the quote", &value);
        let tier = &counted.tier;
        rows.add(
            "votes needed",
            &format!("tier {}: {}", tier.name, needed(tier)),
        );
        for (person, line) in &counted.lines {
            rows.add(&format!("approved by {person}"), line);
        }
        let screening = &reading.screening;
        rows.add(
            "cleared by",
            &format!("{} {}", screening.person, screening.decided_at),
        );
        rows.add(
            "policy",
            &format!("{} {}", file.policy.version, file.policy.digest),
        );
        rows.add("sign before", &file.expires_at);
        if let Some(last) = &file.valid_through {
            rows.add("last block", last);
        }
        if let Some(until) = &file.valid_until {
            rows.add("valid on chain until", until);
        }
        rows.add("log head", &file.log_head);
        rows.add("content digest", &grouped(&file.content_digest));
        rows.add("package digest", &grouped(&file.package_digest));
        let package_digest = reading.package.digest(&reading.content);
        rows.add("read aloud", &words(&package_digest).join(" "));
        let once = Encoder::new("recover/package-effect/1");
        let once = match decoded.map(|decoded| &decoded.slot) {
            None => once.field(&file.bytes),
            Some(slot) => once
                .field(&slot.account)
                .field(&slot.sequence.to_string())
                .field(if slot.is_ticket { "ticket" } else { "sequence" }),
        };
        Self {
            package_digest,
            words: words(&package_digest),
            log_head: reading.log_head,
            deposit: plain(claim.deposit.as_str()),
            effect,
            once: once.finish(),
            is_for_ledger: leg.is_none(),
            ends_fee_of: ends_fee(claim, file.step).then(|| plain(claim.id.as_str())),
            rows: rows.0,
            notes: NOTES.to_vec(),
        }
    }

    pub(crate) fn add_signed(&mut self, signed: &Signed) {
        let mut rows = Rows(std::mem::take(&mut self.rows));
        rows.add("signed by", &grouped(&signed.signer));
        rows.add("transaction id", signed.tx_id.as_str());
        self.rows = rows.0;
    }
}

/// The page: labels in one column, values in the other, then what could not be known.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self
            .rows
            .iter()
            .map(|row| row.label.len())
            .max()
            .unwrap_or(0);
        for Row { label, value } in &self.rows {
            writeln!(f, "{label:<width$}  {value}")?;
        }
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

/// Whether a step captures or gives back what a customer had set aside beside the deposit.
fn ends_fee(claim: &Claim, step: u32) -> bool {
    let steps = claim.plan.as_ref().map(|plan| plan.steps.as_slice());
    match usize::try_from(step).ok().and_then(|step| steps?.get(step)) {
        Some(Step::Instruct(list)) => list.iter().any(|instruction| match instruction.kind {
            InstructionKind::ReleaseFee => true,
            InstructionKind::CaptureFee => instruction.user.is_some(),
            _ => false,
        }),
        _ => false,
    }
}

/// Freezing is no payment: what is frozen first and what is booked then are two effects on one deposit.
const FREEZE: &str = "freeze";
/// Setting a fee aside pays nobody either, and giving it back or keeping it is done after the payout or in its place.
pub(crate) const HOLD: &str = "hold_fee";
pub(crate) const CAPTURE: &str = "capture_fee";
pub(crate) const UNWIND: &str = "unwind";

fn effect(claim: &Claim, step: u32, leg: Option<&Leg>) -> &'static str {
    let steps = claim.plan.as_ref().map(|plan| plan.steps.as_slice());
    let step = usize::try_from(step).ok().and_then(|step| steps?.get(step));
    let only = |list: &[Instruction], kinds: &[InstructionKind]| {
        list.iter()
            .all(|instruction| kinds.contains(&instruction.kind))
    };
    match (leg.map(|leg| leg.kind), step) {
        (None, Some(Step::Instruct(list))) if only(list, &[InstructionKind::HoldFee]) => HOLD,
        (None, _) if claim.unwinding.is_some() => UNWIND,
        (None, Some(Step::Instruct(list))) if only(list, &[InstructionKind::CaptureFee]) => CAPTURE,
        (Some(LegKind::Transfer | LegKind::Return), _) => "payout",
        (Some(kind), _) => kind.code(),
        (None, Some(Step::Instruct(list)))
            if only(list, &[InstructionKind::FreezeCounterparty]) =>
        {
            FREEZE
        }
        (None, _) => "instruct",
    }
}

struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, label: &str, value: &str) {
        self.0.push(Row {
            label: plain(label),
            value: plain(value),
        });
    }

    /// What is paid beside the deposit, and what becomes of it.
    fn beside(&mut self, roster: &Roster, quote: &Quote) {
        for charge in quote.charges() {
            let sum = shown(roster, &charge.coins.asset, charge.coins.amount);
            let how = match charge.is_prepaid {
                true => "paid in beforehand",
                false => "from the user's balance",
            };
            self.add("fee beside it", &format!("{sum}, {how}"));
        }
        let terms = quote.terms.as_deref();
        if let Some(terms) = terms.filter(|terms| !terms.charges.is_empty()) {
            self.add("if it fails", terms.on_failure.code());
        }
    }

    /// What people said beside votes: waivers, acceptance, and that the recovery is given up.
    fn said(&mut self, roster: &Roster, claim: &Claim) {
        for waiver in &claim.waivers {
            let GrantedWaiver {
                code,
                person,
                note,
                granted_at,
            } = waiver;
            self.add(
                "waived",
                &format!("{code} by {person} {granted_at}: {note}"),
            );
        }
        if let Some(acceptance) = &claim.acceptance {
            let Acceptance {
                evidence: Evidence { text, file },
                person,
                accepted_at,
            } = acceptance;
            let text = if text.is_empty() {
                "nothing was charged"
            } else {
                text
            };
            self.add(
                "user accepted",
                &format!("recorded by {person} {accepted_at}: {text}"),
            );
            if let Some(EvidenceFile { sha256, length }) = file {
                self.add("evidence", &format!("SHA-256 {sha256}, {length} bytes"));
            }
        }
        if let Some(unwinding) = &claim.unwinding {
            let Unwinding {
                reason,
                person,
                since,
                costs,
            } = unwinding;
            self.add("given up by", &format!("{person} {since}: {reason}"));
            let native = AssetId::native(claim.asset.network.clone());
            self.add("networks took", &shown(roster, &native, *costs));
        }
    }

    fn leg(&mut self, roster: &Roster, leg: &Leg) {
        self.add("network", &format!("{} ({})", leg.network, leg.chain));
        self.add("from", &grouped(&leg.signer));
        if let Some(key) = &leg.signer_key {
            self.add("signing key", &grouped(key));
        }
        self.add("to", &grouped(&leg.recipient));
        if leg.target != leg.recipient {
            self.add("through", &grouped(&leg.target));
        }
        self.add("asset", &leg.asset.to_string());
        self.add("amount", &shown(roster, &leg.asset, leg.amount));
        let memo = leg
            .memo
            .as_ref()
            .map_or(
                "none".to_owned(),
                |Memo { kind, raw, place }| match std::str::from_utf8(raw) {
                    Ok(text) => format!("{kind} '{text}' in {place}"),
                    Err(_) => format!("{kind} 0x{} in {place}", hex::encode(raw)),
                },
            );
        self.add("memo", &memo);
        if let Some(route) = &leg.route {
            self.add("route", route);
        }
        let native = AssetId::native(leg.network.clone());
        if let Some(spend) = &leg.spend {
            self.add("spends", &spend.outpoint());
            self.add("holding", &shown(roster, &native, spend.amount));
            if let Some(rest) = &spend.rest {
                self.add("rest to", &grouped(&rest.recipient));
                self.add("rest", &shown(roster, &native, rest.amount));
            }
            if let Some(descriptor) = &spend.descriptor {
                self.add("unlocked by", descriptor);
            }
            if spend.inscription {
                self.add(
                    "inscription",
                    "perhaps: whoever approved it spends it like money",
                );
            }
        }
        self.add("fee at most", &shown(roster, &native, leg.fee_max));
    }
}

/// An amount with its digits and symbol where the roster pins them, always with its base units.
fn shown(roster: &Roster, asset: &AssetId, amount: Amount) -> String {
    let base = amount.to_base_units();
    match roster.assets.iter().find(|pinned| pinned.asset == *asset) {
        Some(pinned) => {
            let coins = amount.to_coin_text(pinned.decimals);
            format!("{coins} {} ({base} base units)", pinned.symbol)
        }
        None => format!("{base} base units of {asset}"),
    }
}

/// In groups of four letters, to be compared by eye.
fn grouped(text: &str) -> String {
    if let Some(digits) = text.strip_prefix("0x") {
        return format!("0x {}", grouped(digits));
    }
    let letters: Vec<char> = text.chars().collect();
    let groups = letters
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}
