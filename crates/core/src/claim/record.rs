//! The record of a claim, and the digest over its content.

use super::beside::{Unwinding, only_holds};
use super::consent::{Acceptance, GrantedWaiver};
use super::correction::Correction;
use super::package::Execution;
use super::{ClaimId, ClaimStatus, Resolution};
use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::asset::AssetId;
use crate::block::BlockHash;
use crate::deposit::Classification;
use crate::digest::{Digest, Encoder};
use crate::fee::Quote;
use crate::kind::Kind;
use crate::observation::DepositId;
use crate::plan::{Plan, Step};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// The quote that a claim carries, frozen with the policy and the prices it was reckoned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimQuote {
    /// The itemised sums.
    pub quote: Quote,
    /// The numbered policy it was reckoned under.
    pub policy_version: u32,
    /// The digest of that policy's text.
    pub policy_digest: Digest,
    /// The price rows it was reckoned from: of the asset, and of the native coin where the network is paid.
    pub price_ids: Vec<String>,
    /// When it was given.
    pub quoted_at: Timestamp,
    /// When it ends, if it was not accepted before.
    pub expires_at: Timestamp,
}

/// A person's screening decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// Whether they cleared it; otherwise they hold it.
    pub clear: bool,
    /// Who decided.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub decided_at: Timestamp,
}

/// Who holds a claim, since when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who set it.
    pub person: String,
    /// When.
    pub since: Timestamp,
    /// Why; for compliance, never shown to the claimant.
    pub reason: String,
}

/// One approver's vote on one exact content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub person: String,
    /// The content they saw.
    pub digest: Digest,
    /// When.
    pub approved_at: Timestamp,
    /// Their signature over the digest; `None` where the team does not sign votes.
    pub signature: Option<String>,
}

/// When the votes were enough, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// When the last vote came.
    pub at: Timestamp,
    /// The tier by then.
    pub tier: String,
    /// Whose votes counted for the wallet team: the pairs among them are limited together.
    pub voters: BTreeSet<String>,
    /// Whether the opener decided alone.
    pub alone: bool,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The deposit it recovers.
    pub deposit: DepositId,
    /// The deposit's block at opening; another block is another fact.
    pub deposit_block: Option<BlockHash>,
    /// The deposit's asset at opening.
    pub asset: AssetId,
    /// The deposit's amount at opening, in base units.
    pub amount: Amount,
    /// The appeal that asked for it; `None` when the exchange acts by itself.
    pub appeal: Option<AppealId>,
    /// The user who is paid.
    pub beneficiary: Option<String>,
    /// The address that is paid; `None` when the beneficiary's account is credited.
    pub destination: Option<String>,
    /// What shall happen.
    pub resolution: Resolution,
    /// The booking that it corrects; `None` for every resolution but [`Resolution::CorrectBooking`].
    pub correction: Option<Correction>,
    /// Counts changes of content, from 1. Votes count only for the revision they were given on.
    pub revision: u32,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Set while somebody holds it.
    pub hold: Option<Hold>,
    /// What the customer was let off, in the order in which it was granted. A quote counts what the policy in force then knows.
    pub waivers: Vec<GrantedWaiver>,
    /// The quote of this revision.
    pub quote: Option<ClaimQuote>,
    /// That the customer accepted it; `None` before, and for an acceptance of before evidence was kept.
    pub acceptance: Option<Acceptance>,
    /// What it will do, laid out with the quote; `None` before the first quote, and where nobody could lay it out.
    pub plan: Option<Plan>,
    /// Set where it was given up after a fee of the customer was set aside: its plan gives that back, and nothing else.
    pub unwinding: Option<Unwinding>,
    /// The screening that put this revision up for approval: part of what people vote on.
    pub screening: Option<Screening>,
    /// The latest screening after that. It renews the age or holds, and leaves the votes as they are.
    pub rescreening: Option<Screening>,
    /// The votes on this revision.
    pub approvals: Vec<Approval>,
    /// Set when the votes were enough. Where something left the house it outlives votes that lapsed ([`Claim::is_decided`]).
    pub approved: Option<Approved>,
    /// How far the plan was carried out.
    pub execution: Execution,
    /// Everybody who acted on it other than by voting: none of them may vote.
    pub involved: BTreeSet<String>,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: Timestamp,
    /// Why it ended, where it ended without payment.
    pub closing_reason: Option<String>,
}

impl Claim {
    /// Whether the votes of this revision were enough, which the last of them decided.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.approved.as_ref().is_some_and(|approved| {
            self.approvals
                .iter()
                .any(|vote| vote.approved_at == approved.at)
        })
    }

    /// The digest that approvers vote on: every field that has an effect. The struct is taken apart without `..`, so
    /// that a new field cannot be forgotten here. What happens to the content (status, votes, packages) is no part of it.
    ///
    /// What corrects no booking keeps the rule of before, `/2`, so that votes and packages that are out stay good; a correction
    /// has the rule `/3`, and no digest of one rule is one of the other.
    #[must_use]
    pub fn content_digest(&self) -> Digest {
        let Self {
            id,
            deposit,
            deposit_block,
            asset,
            amount,
            appeal,
            beneficiary,
            destination,
            resolution,
            correction,
            revision,
            status: _,
            hold: _,
            waivers,
            quote,
            acceptance,
            plan,
            unwinding,
            screening,
            rescreening: _,
            approvals: _,
            approved: _,
            execution: _,
            involved: _,
            opened_by,
            opened_at: _,
            closing_reason: _,
        } = self;
        let encoder = match correction {
            None => Encoder::new("recover/claim-content/2"),
            Some(Correction {
                entry,
                counterparty,
            }) => Encoder::new("recover/claim-content/3")
                .field(entry)
                .field(counterparty),
        }
        .field(id.as_str())
        .field(&revision.to_string())
        .field(deposit.as_str())
        .optional(deposit_block.as_ref().map(BlockHash::as_str))
        .field(&asset.to_string())
        .field(&amount.to_base_units())
        .optional(appeal.as_ref().map(AppealId::as_str))
        .optional(beneficiary.as_deref())
        .optional(destination.as_deref())
        .field(resolution.code())
        .field(opened_by);
        let encoder = match quote {
            None => encoder.optional(None),
            Some(ClaimQuote {
                quote,
                policy_version,
                policy_digest,
                price_ids,
                quoted_at: _,
                expires_at,
            }) => {
                let Quote {
                    value,
                    service_fee,
                    network_fee,
                    total_fee,
                    fee_in_asset,
                    net,
                    rule,
                    terms,
                } = quote;
                let encoder = encoder
                    .optional(Some("quote"))
                    .field(&value.to_string())
                    .field(&service_fee.to_string())
                    .field(&network_fee.to_string())
                    .field(&total_fee.to_string())
                    .field(&fee_in_asset.to_base_units())
                    .field(&net.to_base_units())
                    .field(&rule.to_string())
                    .field(&policy_version.to_string())
                    .field(&policy_digest.to_string())
                    .field(&expires_at.as_micros().to_string())
                    .field(&price_ids.len().to_string());
                // One field each: joined ids could be read in two ways.
                let encoder = price_ids
                    .iter()
                    .fold(encoder, |encoder, price_id| encoder.field(price_id));
                // A quote of before terms were kept has the digest that was voted on.
                match terms {
                    None => encoder,
                    Some(terms) => terms.encode(encoder.field("terms")),
                }
            }
        };
        let encoder = match screening {
            None => encoder.optional(None),
            Some(Screening {
                clear,
                person,
                reason: _,
                decided_at,
            }) => encoder
                .optional(Some("screening"))
                .field(if *clear { "clear" } else { "hold" })
                .field(person)
                .field(&decided_at.as_micros().to_string()),
        };
        let encoder = match plan {
            None => encoder.optional(None),
            Some(plan) => plan.encode(encoder.optional(Some("planned"))),
        };
        // What came later stands behind words of its own, and only where it is there: contents of before keep their digests.
        let encoder = match waivers.as_slice() {
            [] => encoder,
            waivers => waivers.iter().fold(
                encoder.field("waivers").field(&waivers.len().to_string()),
                |encoder, waiver| waiver.encode(encoder),
            ),
        };
        let encoder = match acceptance {
            None => encoder,
            Some(acceptance) => acceptance.encode(encoder.field("acceptance")),
        };
        match unwinding {
            None => encoder,
            Some(unwinding) => unwinding.encode(encoder.field("unwinding")),
        }
        .finish()
    }

    /// Whether the deposit is still of the kind that such a claim is for, and as far as is known still the beneficiary's: something to
    /// recover; for a correction something that was booked, where the owner may be the user who has it.
    #[must_use]
    pub fn is_owed(&self, classification: &Classification) -> bool {
        let owner = classification.owner.as_ref();
        let is_theirs = owner.is_none() || owner == self.beneficiary.as_ref();
        match &self.correction {
            None => classification.kind.is_workable() && is_theirs,
            Some(correction) => {
                classification.kind == Kind::AlreadyCredited
                    && (is_theirs || owner == Some(&correction.counterparty))
            }
        }
    }

    /// The step that is next or under way; `None` without a plan and after the last step.
    #[must_use]
    pub fn current_step(&self) -> Option<&Step> {
        let done = usize::try_from(self.execution.done).ok()?;
        self.plan.as_ref()?.steps.get(done)
    }

    /// Whether the ledger was told to set the customer's fee aside and has not answered: what the claim waits for is the customer's
    /// money.
    #[must_use]
    pub fn waits_for_fee(&self) -> bool {
        self.status == ClaimStatus::Instructed
            && self.execution.package.is_some()
            && self.current_step().is_some_and(only_holds)
    }

    /// Whether a fee of the customer is set aside that nothing ended yet: it was neither captured nor given back.
    #[must_use]
    pub fn holds_fee(&self) -> bool {
        self.execution.has_held() && self.current_step().is_some()
    }

    /// Whether it came to an end that the books tell of: settled, or given up with its fee ended.
    #[must_use]
    pub fn has_postings(&self) -> bool {
        match self.status {
            ClaimStatus::Settled => true,
            ClaimStatus::Cancelled => self.unwinding.is_some(),
            _ => false,
        }
    }

    /// The latest screening decision.
    #[must_use]
    pub const fn latest_screening(&self) -> Option<&Screening> {
        match &self.rescreening {
            Some(screening) => Some(screening),
            None => self.screening.as_ref(),
        }
    }
}
