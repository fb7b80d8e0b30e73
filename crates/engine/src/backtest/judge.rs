//! One case at a time: what the desk did beside what we would have done.

use super::matched::Matched;
use super::payments::Payments;
use super::report::{CaseResult, Class, DeskSaid, Finding, Money, PriceBasis, WeSay};
use super::value::{self, OurFee, PriceBook, TheirFee};
use super::witness::{Support, Witness};
use crate::config::{ChainsConfig, Policy};
use crate::explain;
use crate::import::{ClosedCase, DeskOutcome};
use recover_core::appeal::MatchDecision;
use recover_core::deposit::{Classification, Deposit, DepositStatus, Origin};
use recover_core::fee::{Cents, QuoteRefusal};
use recover_core::observation::DepositId;
use recover_core::verdict::{Missing, Reason, Verdict};
use recover_store::Price;
use std::collections::{BTreeSet, HashMap};

/// What the desk paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paid {
    /// A deposit of the database.
    Known(DepositId),
    /// Something that is not there, as the file names it, with what to do.
    Missing { named: String, advice: &'static str },
    /// Nothing: the case was refused or given up.
    Nothing,
}

impl Paid {
    pub(super) const fn known(&self) -> Option<&DepositId> {
        match self {
            Self::Known(id) => Some(id),
            Self::Missing { .. } | Self::Nothing => None,
        }
    }
}

/// Everything that is known beside the case itself.
pub(super) struct World<'a> {
    pub(super) cases: &'a [ClosedCase],
    pub(super) deposits: &'a HashMap<DepositId, Deposit>,
    /// What deposits are once the bookings of the file's own cases are set aside.
    pub(super) judged_again: &'a HashMap<DepositId, Classification>,
    pub(super) witness: &'a Witness,
    pub(super) payments: &'a Payments,
    /// Who names a deposit, by what matching found.
    pub(super) claimants: &'a HashMap<DepositId, BTreeSet<&'a str>>,
    /// Cases that name one deposit which is not in the database, by how they name it.
    pub(super) missing: &'a HashMap<String, Vec<usize>>,
    pub(super) prices: &'a PriceBook,
    pub(super) policy: &'a Policy,
    pub(super) chains: &'a ChainsConfig,
}

/// A result, and the price that it was reckoned with.
pub(super) struct Judged<'a> {
    pub(super) result: CaseResult,
    pub(super) price: Option<(&'a Price, PriceBasis)>,
    /// The asset that has no price; `None` where it has one or none was asked for.
    pub(super) unpriced: Option<String>,
    /// By how much the fee is off, and whether it is above ours.
    pub(super) fee_off: Option<(Cents, bool)>,
}

/// Whether a deposit can be recovered, as far as its facts say.
enum Standing {
    Recoverable,
    /// A person must find out something first.
    Open(Missing),
    /// No, by the code and in words.
    No(&'static str, String),
}

impl<'a> World<'a> {
    fn classification(&self, deposit: &'a Deposit) -> &'a Classification {
        self.judged_again
            .get(&deposit.id())
            .unwrap_or(&deposit.classification)
    }

    fn standing(&self, deposit: &'a Deposit, case: &ClosedCase) -> Standing {
        if deposit
            .block_time()
            .is_some_and(|time| time >= case.closed_at)
        {
            let why = "it arrived only after the case was closed".to_owned();
            return Standing::No("not_arrived", why);
        }
        let classification = self.classification(deposit);
        let is_told = matches!(deposit.origin, Origin::Imported(_));
        if is_told {
            let kinds = value::kinds_of(deposit, classification);
            if let [kind] = kinds.as_slice()
                && (kind.is_diagnosis() || !kind.is_workable())
            {
                return Standing::No(kind.code(), explain::kind(*kind).to_owned());
            }
        }
        match &classification.verdict {
            Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => Standing::Recoverable,
            // The exchange's own file tells of it, and the file's own cases are about it: here that is enough.
            Verdict::Conditional(Missing::NotSeenByUs) if is_told => Standing::Recoverable,
            Verdict::Conditional(missing) => Standing::Open(*missing),
            Verdict::NotRecoverable(reason) => {
                Standing::No(reason.code(), explain::reason(*reason).to_owned())
            }
        }
    }

    /// Other users whose appeals name the deposit.
    fn rivals(&self, id: &DepositId, user: &str) -> Vec<&'a str> {
        self.claimants
            .get(id)
            .into_iter()
            .flatten()
            .copied()
            .filter(|claimant| *claimant != user)
            .collect()
    }

    /// Compares one case.
    pub(super) fn judge(&self, place: usize, paid: &Paid, ours: &Matched) -> Option<Judged<'a>> {
        let case = self.cases.get(place)?;
        let in_question = match paid {
            Paid::Known(id) => Some(id),
            Paid::Missing { .. } => None,
            Paid::Nothing => ours.deposit.as_ref(),
        };
        let deposit = in_question.and_then(|id| self.deposits.get(id));
        let price = deposit.and_then(|deposit| self.prices.at(deposit.asset(), case.closed_at));
        let value = match (deposit, paid) {
            (Some(deposit), _) => value::value_of(deposit, price.map(|(price, _)| price)),
            (None, Paid::Missing { .. }) => Money::Unknown,
            (None, Paid::Known(_) | Paid::Nothing) => Money::None,
        };
        let mut findings = Vec::new();
        let mut evidence = String::new();
        let mut fees = Fees::default();
        match (paid, deposit) {
            (Paid::Known(id), Some(deposit)) => {
                fees = self.fees(case, deposit, price.map(|(price, _)| price));
                let support = self.witness.support(case.payee(), deposit, case);
                evidence = support.in_words().to_owned();
                self.paid(
                    place,
                    case,
                    id,
                    deposit,
                    ours,
                    &support,
                    value,
                    &mut findings,
                );
                fees.judge(self, case, deposit, &mut findings);
            }
            (Paid::Missing { named, advice }, _) => {
                self.missing(place, case, named, advice, &mut findings);
            }
            (Paid::Nothing, Some(deposit)) => {
                let support = self.witness.support(&case.appeal.user_id, deposit, case);
                evidence = support.in_words().to_owned();
                findings.push(self.refused(
                    case,
                    deposit,
                    ours,
                    &support,
                    value,
                    &fees_of(self, deposit, price.map(|(price, _)| price)),
                ));
            }
            (Paid::Known(_) | Paid::Nothing, None) => findings.push(Finding {
                class: Class::Agree,
                code: "no_match",
                money: Money::None,
                sentence: format!(
                    "nothing was paid to {}, and no deposit fits the appeal",
                    case.appeal.user_id
                ),
            }),
        }
        findings.sort_by_key(|finding| finding.class);
        // What is about no money needs no price.
        let is_about_money = findings.iter().any(|finding| finding.money != Money::None);
        let price = price.filter(|_| is_about_money);
        let asset = deposit
            .filter(|_| value == Money::Unknown && is_about_money)
            .map(|deposit| deposit.asset().to_string());
        let result = CaseResult {
            id: case.appeal.id.clone(),
            user_id: case.appeal.user_id.clone(),
            desk: DeskSaid {
                outcome: case.outcome,
                closed_at: case.closed_at,
                deposit: paid.known().cloned(),
                named: match paid {
                    Paid::Missing { named, .. } => Some(named.clone()),
                    Paid::Known(_) | Paid::Nothing => None,
                },
                paid_to: case.outcome.is_paid().then(|| case.payee().to_owned()),
                code: case.code.clone(),
                fee: fees.theirs.map(|fee| fee.cents),
            },
            ours: WeSay {
                decision: ours.decision,
                deposit: ours.deposit.clone(),
                reasons: ours.reasons.clone(),
                evidence,
                fee: match fees.ours {
                    Some(OurFee::Known { service, .. }) => Some(service),
                    Some(OurFee::Refused(_) | OurFee::Unknown) | None => None,
                },
            },
            value,
            price: None,
            findings,
        };
        Some(Judged {
            result,
            price,
            unpriced: asset,
            fee_off: fees.off,
        })
    }

    /// A deposit that was paid and is not here.
    fn missing(
        &self,
        place: usize,
        case: &ClosedCase,
        named: &str,
        advice: &str,
        findings: &mut Vec<Finding>,
    ) {
        let earlier = self
            .missing
            .get(named)
            .and_then(|places| places.first())
            .filter(|first| **first != place)
            .and_then(|first| self.cases.get(*first));
        if let Some(earlier) = earlier {
            findings.push(Finding {
                class: Class::PaidTwice,
                code: "paid_twice",
                money: Money::Unknown,
                sentence: format!(
                    "case {} paid {named} before, to {}; now {} was paid for it too",
                    earlier.appeal.id,
                    earlier.payee(),
                    case.payee()
                ),
            });
        }
        findings.push(Finding {
            class: Class::DepositMissing,
            code: "deposit_missing",
            money: Money::Unknown,
            sentence: format!("{} was paid for {named}: {advice}", case.payee()),
        });
    }

    /// A case in which a deposit of the database was paid.
    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one comparison, each named"
    )]
    fn paid(
        &self,
        place: usize,
        case: &ClosedCase,
        id: &DepositId,
        deposit: &'a Deposit,
        ours: &Matched,
        support: &Support,
        value: Money,
        findings: &mut Vec<Finding>,
    ) {
        let payee = case.payee();
        let what = in_words(deposit);
        let mut find = |class: Class, code: &'static str, sentence: String| {
            findings.push(Finding {
                class,
                code,
                money: value,
                sentence,
            });
        };
        let twice = self.payments.one_too_many(place, id, self.cases);
        let is_twice = twice.is_some();
        if let Some(why) = twice {
            find(Class::PaidTwice, "paid_twice", format!("{what}: {why}"));
        }
        let mut question = None;
        match self.standing(deposit, case) {
            Standing::Recoverable => {}
            Standing::Open(missing) => {
                question = Some((missing.code(), explain::missing(missing).to_owned()));
            }
            // Told as paid twice already.
            Standing::No(code, _) if is_twice && code == Reason::AlreadyCredited.code() => {}
            Standing::No(code, why) => find(
                Class::WeWouldRefuse,
                code,
                format!("{what} was paid to {payee}; we say no: {why}"),
            ),
        }
        let rivals = self.rivals(id, payee);
        match support {
            Support::Others { why } => find(
                Class::OtherUser,
                "other_owner",
                format!("{what} was paid to {payee}, but {why}"),
            ),
            Support::Silent | Support::Hint(_)
                if case.outcome == DeskOutcome::Credited && payee != case.appeal.user_id =>
            {
                find(
                    Class::OtherUser,
                    "other_than_appellant",
                    format!(
                        "{what} was paid to {payee} on the appeal of {}, and nothing proves that it is theirs",
                        case.appeal.user_id
                    ),
                );
            }
            Support::Silent if case.outcome == DeskOutcome::Credited => find(
                Class::PaidWithoutEvidence,
                "no_evidence",
                format!(
                    "{what} was paid to {payee}, and no address, memo, past sender, verified proof or page view speaks for them{}",
                    rivals_in_words(&rivals)
                ),
            ),
            Support::Hint(why) if case.outcome == DeskOutcome::Credited && !rivals.is_empty() => {
                find(
                    Class::PaidWithoutEvidence,
                    "rival_claim",
                    format!(
                        "{what} was paid to {payee} although nothing proves it is theirs ({why}){}",
                        rivals_in_words(&rivals)
                    ),
                );
            }
            Support::Proven(_) | Support::Verified(_) | Support::Hint(_) | Support::Silent => {}
        }
        let is_supported = !matches!(support, Support::Silent | Support::Others { .. });
        match (ours.decision, &ours.deposit) {
            (_, Some(named)) if named == id => {
                if ours.decision == MatchDecision::Conflict && question.is_none() {
                    question = Some((
                        "conflict",
                        format!(
                            "Several users want it{}: ask each for a proof before anybody is paid.",
                            rivals_in_words(&rivals)
                        ),
                    ));
                }
            }
            (MatchDecision::Auto, Some(named)) => find(
                Class::OtherDeposit,
                "other_deposit",
                format!(
                    "{what} was paid to {payee}; what the appeal means is {}",
                    self.name(named)
                ),
            ),
            (_, Some(named)) => {
                let theirs = self.deposits.get(named).map(|named| {
                    self.witness
                        .support(&case.appeal.user_id, named, case)
                        .is_proven()
                });
                if ours.is_identified && theirs == Some(true) {
                    find(
                        Class::OtherDeposit,
                        "other_deposit",
                        format!(
                            "{what} was paid to {payee}; the transaction in the appeal is {}",
                            self.name(named)
                        ),
                    );
                } else if question.is_none() {
                    question = Some((
                        "which_deposit",
                        format!(
                            "The appeal fits {} at least as well: ask which transaction is meant.",
                            self.name(named)
                        ),
                    ));
                }
            }
            (_, None) if payee != case.appeal.user_id && support.is_proven() => {}
            (_, None) if is_supported => {
                question = question.or_else(|| {
                    Some((
                        "which_deposit",
                        "Nothing in the appeal says which deposit is meant: ask for the transaction id."
                            .to_owned(),
                    ))
                });
            }
            (_, None) => find(
                Class::WeWouldRefuse,
                "no_match",
                format!("{what} was paid to {payee}; by the appeal no deposit fits"),
            ),
        }
        if findings.is_empty() {
            findings.push(match question {
                Some((code, text)) => Finding {
                    class: Class::NeedsPerson,
                    code,
                    money: value,
                    sentence: format!("{what}: {text}"),
                },
                None => Finding {
                    class: Class::Agree,
                    code: "paid",
                    money: value,
                    sentence: format!("{what} is due to {payee}: {}", support.in_words()),
                },
            });
        }
    }

    /// A case in which nothing was paid although matching names a deposit.
    fn refused(
        &self,
        case: &ClosedCase,
        deposit: &'a Deposit,
        ours: &Matched,
        support: &Support,
        value: Money,
        fee: &OurFee,
    ) -> Finding {
        let user = &case.appeal.user_id;
        let id = deposit.id();
        let what = in_words(deposit);
        let agree = |code: &'static str, sentence: String| Finding {
            class: Class::Agree,
            code,
            money: Money::None,
            sentence,
        };
        let ask = |code: &'static str, sentence: String| Finding {
            class: Class::NeedsPerson,
            code,
            money: value,
            sentence,
        };
        let recoverable = || Finding {
            class: Class::DeskRefusedRecoverable,
            code: "recoverable",
            money: value,
            sentence: format!(
                "{user} was told no ({}), and {what} can be recovered for them: {}",
                case.code.as_deref().unwrap_or(case.outcome.code()),
                support.in_words()
            ),
        };
        if ours.decision == MatchDecision::None {
            return agree("no_match", format!("no deposit of {user} fits the appeal"));
        }
        if let Some(row) = self.payments.beside(&id).first() {
            let text = format!("{what} is in the ledger already, as {}", row.id);
            return agree(Reason::AlreadyCredited.code(), text);
        }
        let payers: Vec<&ClosedCase> = self
            .payments
            .in_file(&id)
            .iter()
            .filter_map(|place| self.cases.get(*place))
            .collect();
        if let Some(payer) = payers.iter().find(|payer| payer.payee() == user) {
            let text = format!("{what} was paid to {user} in case {}", payer.appeal.id);
            return agree("duplicate", text);
        }
        if let Some(payer) = payers.first() {
            if support.is_proven() {
                return recoverable();
            }
            let text = format!(
                "{what} was paid to {} in case {}, and nothing proves that it is {user}'s",
                payer.payee(),
                payer.appeal.id
            );
            return agree("paid_to_another", text);
        }
        match deposit.status {
            DepositStatus::Resolved => {
                return agree("resolved", format!("{what} is resolved already"));
            }
            DepositStatus::Claimed => {
                return ask(
                    "claimed",
                    format!("{what} is under a claim now: look there"),
                );
            }
            DepositStatus::Unconfirmed | DepositStatus::Open | DepositStatus::Gone => {}
        }
        match self.standing(deposit, case) {
            Standing::Recoverable => {}
            Standing::Open(missing) => {
                return ask(
                    missing.code(),
                    format!("{what}: {}", explain::missing(missing)),
                );
            }
            Standing::No(code, why) => return agree(code, format!("{what}: {why}")),
        }
        if let OurFee::Refused(refusal) = fee {
            let text = format!("{what}: {}", refusal_in_words(*refusal));
            return agree(refusal.code(), text);
        }
        let rivals = self.rivals(&id, user);
        match (ours.decision, support) {
            (_, Support::Others { why }) => {
                agree("other_owner", format!("{what} is not {user}'s: {why}"))
            }
            (MatchDecision::Conflict, _) => ask(
                "conflict",
                format!(
                    "{what}: several users want it{}; ask each for a proof",
                    rivals_in_words(&rivals)
                ),
            ),
            (MatchDecision::Auto, _) | (_, Support::Proven(_)) => recoverable(),
            (_, Support::Verified(_)) if ours.is_identified => recoverable(),
            (_, Support::Hint(why) | Support::Verified(why)) => ask(
                "proof",
                format!("{what} may be {user}'s ({why}): ask for a proof of the sender"),
            ),
            (_, Support::Silent) => ask(
                "proof",
                format!(
                    "{what} fits the appeal and nothing shows that it is {user}'s: ask for a proof of the sender"
                ),
            ),
        }
    }

    fn name(&self, id: &DepositId) -> String {
        self.deposits
            .get(id)
            .map_or_else(|| id.as_str().to_owned(), in_words)
    }

    fn fees(&self, case: &ClosedCase, deposit: &'a Deposit, price: Option<&Price>) -> Fees {
        Fees {
            ours: Some(fees_of(self, deposit, price)),
            theirs: value::their_fee(
                case,
                deposit,
                self.prices,
                self.chains,
                &self.policy.currency,
            ),
            off: None,
        }
    }
}

fn fees_of<'a>(world: &World<'a>, deposit: &'a Deposit, price: Option<&Price>) -> OurFee {
    value::our_fee(world.policy, deposit, world.classification(deposit), price)
}

/// Their fee and ours.
#[derive(Debug, Default)]
struct Fees {
    ours: Option<OurFee>,
    theirs: Option<TheirFee>,
    off: Option<(Cents, bool)>,
}

impl Fees {
    fn judge(
        &mut self,
        world: &World<'_>,
        case: &ClosedCase,
        deposit: &Deposit,
        findings: &mut Vec<Finding>,
    ) {
        let currency = &world.policy.currency;
        let what = in_words(deposit);
        if let Some((more, scale)) = value::overpaid(case, deposit) {
            let symbol = deposit.symbol.as_deref().unwrap_or_default();
            let money = world
                .prices
                .at(deposit.asset(), case.closed_at)
                .and_then(|(price, _)| {
                    recover_core::fee::value_of(
                        more,
                        scale,
                        price.price,
                        recover_core::fee::Rounding::Up,
                    )
                });
            self.off = money.map(|cents| (cents, false));
            push(
                findings,
                Finding {
                    class: Class::FeeDiffers,
                    code: "paid_more_than_arrived",
                    money: money.map_or(Money::Unknown, Money::Known),
                    sentence: format!(
                        "{what}: {} {symbol} more was paid out than arrived",
                        more.to_coin_text(scale)
                    ),
                },
            );
            return;
        }
        let (service, network_max) = match self.ours {
            Some(OurFee::Known {
                service,
                network_max,
            }) => (service, network_max),
            Some(OurFee::Refused(refusal)) => {
                let value = findings.first().map_or(Money::Unknown, |first| first.money);
                push(
                    findings,
                    Finding {
                        class: Class::WeWouldRefuse,
                        code: refusal.code(),
                        money: value,
                        sentence: format!(
                            "{what} was paid to {}; we say no: {}",
                            case.payee(),
                            refusal_in_words(refusal)
                        ),
                    },
                );
                return;
            }
            Some(OurFee::Unknown) | None => return,
        };
        let Some(theirs) = self.theirs else {
            return;
        };
        let slack = Cents(recover_core::amount::Amount::from_u128(u128::from(
            theirs.is_converted,
        )));
        let highest = service.checked_add(network_max);
        let below = service.0.checked_sub(theirs.cents.0).map(Cents);
        let above = highest
            .and_then(|highest| theirs.cents.0.checked_sub(highest.0))
            .map(Cents);
        let on_top = if network_max == Cents::default() {
            String::new()
        } else {
            format!(" and up to {network_max} for the network")
        };
        let (off, is_above) = match (below, above) {
            (Some(below), _) if below > slack => (below, false),
            (_, Some(above)) if above > slack => (above, true),
            _ => return,
        };
        self.off = Some((off, is_above));
        push(
            findings,
            Finding {
                class: Class::FeeDiffers,
                code: if is_above {
                    "charged_more"
                } else {
                    "charged_less"
                },
                money: Money::Known(off),
                sentence: format!(
                    "{what}: {} {currency} was charged, {off} {} than today's policy asks ({service}{on_top})",
                    theirs.cents,
                    if is_above { "more" } else { "less" }
                ),
            },
        );
    }
}

/// Adds a disagreement to what was found: it takes the place of an agreement and of a question.
fn push(findings: &mut Vec<Finding>, finding: Finding) {
    findings.retain(|found| found.class.is_disagreement());
    let is_there = findings.iter().any(|found| found.class == finding.class);
    if !is_there {
        findings.push(finding);
    }
}

/// A deposit in a few words.
fn in_words(deposit: &Deposit) -> String {
    format!(
        "{} ({} {} on {})",
        deposit.id(),
        deposit.amount_text(),
        deposit.symbol.as_deref().unwrap_or("of an unknown token"),
        deposit.network()
    )
}

fn rivals_in_words(rivals: &[&str]) -> String {
    const NAMED_MAX: usize = 3;
    if rivals.is_empty() {
        return String::new();
    }
    let named: Vec<&str> = rivals.iter().copied().take(NAMED_MAX).collect();
    let more = rivals.len().saturating_sub(named.len());
    let and = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("; also wanted by {}{and}", named.join(", "))
}

const fn refusal_in_words(refusal: QuoteRefusal) -> &'static str {
    match refusal {
        QuoteRefusal::MinimumNotReached => {
            "it is under the smallest deposit of today's chains.toml"
        }
        QuoteRefusal::ValueTooSmall => "its value is under the minimum of today's policy",
        QuoteRefusal::FeeExceedsValue => "the fee of today's policy would eat it",
        QuoteRefusal::NetTooSmall => "what today's fee leaves is less than the least that is sent",
        QuoteRefusal::RefusedByRule => "today's policy refuses such cases",
        QuoteRefusal::FeeByPerson => "a person names the fee by today's policy",
        QuoteRefusal::NothingToPay
        | QuoteRefusal::DecimalsUnknown
        | QuoteRefusal::HomeUnknown
        | QuoteRefusal::AgeUnknown
        | QuoteRefusal::WithdrawalFeeUnknown
        | QuoteRefusal::FeeOutsideRange
        | QuoteRefusal::FeeAssetUnknown
        | QuoteRefusal::PrepaidTooSmall
        | QuoteRefusal::PriceUnknown
        | QuoteRefusal::NetworkPriceUnknown
        | QuoteRefusal::NoRule
        | QuoteRefusal::OutOfRange => "today's policy gives no quote for it",
    }
}
