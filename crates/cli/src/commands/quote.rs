//! `quote`: what recovery costs, itemised.

use crate::advice_view::{self, AdviceView};
use crate::args::{Format, QuoteArguments};
use crate::claim_page::Coins;
use crate::commands::chosen;
use crate::exit::Exit;
use crate::output;
use crate::quote_page::{self, TermsView};
use crate::view::{ClaimView, seconds};
use recover_core::claim::{ClaimId, Resolution};
use recover_core::fee::{Cents, QuoteRefusal};
use recover_core::observation::DepositId;
use recover_engine::advice::Advised;
use recover_engine::claims::{QuoteOptions, StepOptions};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::quote::DepositQuote;
use serde::Serialize;

#[derive(Serialize)]
struct EstimateView {
    deposit_id: String,
    currency: String,
    value: String,
    service_fee: String,
    network_fee: String,
    total_fee: String,
    fee_in_asset: String,
    net: String,
    rule: u32,
    resolution: &'static str,
    network_basis: Option<String>,
    price_ids: Vec<String>,
    terms: Option<TermsView>,
    reckoned_at: String,
}

/// `quote`
pub async fn run(
    format: Format,
    engine: &Engine,
    arguments: &QuoteArguments,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let deposit = engine
        .store()
        .deposit(&DepositId::verbatim(&arguments.id))
        .await?;
    let Some(stored) = deposit else {
        return give(format, engine, arguments, actor).await;
    };
    let named = named(arguments)?;
    let resolution = chosen(
        "resolution",
        arguments.resolution.as_deref(),
        Resolution::ALL,
        Resolution::code,
    )?;
    let estimate = engine
        .estimate_with(&stored.deposit, resolution, named)
        .await?;
    let quote = match &estimate.outcome {
        Ok(quote) => quote.clone(),
        Err(refusal) => {
            let advice = engine.advice(&stored.deposit, Some(&estimate)).await?;
            let why = Why {
                refusal: *refusal,
                detail: &estimate.detail,
                lost_waivers: &estimate.lost_waivers,
            };
            return refused(format, &arguments.id, why, &advice);
        }
    };
    if format != Format::Table {
        output::json(&EstimateView {
            deposit_id: arguments.id.clone(),
            currency: estimate.currency.clone(),
            value: quote.value.to_string(),
            service_fee: quote.service_fee.to_string(),
            network_fee: quote.network_fee.to_string(),
            total_fee: quote.total_fee.to_string(),
            fee_in_asset: quote.fee_in_asset.to_base_units(),
            net: quote.net.to_base_units(),
            rule: quote.rule,
            resolution: estimate.resolution.code(),
            network_basis: estimate.network_basis.clone(),
            price_ids: estimate.price_ids.clone(),
            terms: quote.terms.as_deref().map(TermsView::of),
            reckoned_at: estimate.reckoned_at.to_string(),
        })?;
        return Ok(Exit::Done);
    }
    let coins = Coins {
        chains: engine.chains(),
        deposit: Some(&stored.deposit),
    };
    output::facts(&[
        ("deposit", arguments.id.clone()),
        (
            "what",
            format!(
                "{} on {}",
                stored.deposit.classification.kind,
                stored.deposit.network()
            ),
        ),
        ("how", estimate.resolution.code().to_owned()),
        ("reckoned", seconds(estimate.reckoned_at)),
    ])?;
    if let Some(terms) = &quote.terms {
        output::line(&quote_page::table(terms, &coins))?;
    }
    output::line("an estimate: nothing is promised until a claim is quoted")?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct RefusedView<'a> {
    id: String,
    refused: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    waivers_lost: &'a [String],
    advice: Vec<AdviceView>,
}

/// Why there is no quote.
struct Why<'a> {
    refusal: QuoteRefusal,
    detail: &'a str,
    lost_waivers: &'a [String],
}

/// Tells what can be done instead of a quote, and ends with why there is none.
fn refused(format: Format, id: &str, why: Why<'_>, advice: &[Advised]) -> anyhow::Result<Exit> {
    tell_lost(why.lost_waivers);
    if format == Format::Table {
        output::facts(&advice_view::lines(advice))?;
    } else {
        output::json(&RefusedView {
            id: id.to_owned(),
            refused: why.refusal.code(),
            detail: why.detail.to_owned(),
            waivers_lost: why.lost_waivers,
            advice: AdviceView::all(advice),
        })?;
    }
    Err(EngineError::NoQuote {
        refusal: why.refusal,
        detail: why.detail.to_owned(),
        lost_waivers: why.lost_waivers.to_vec(),
    }
    .into())
}

/// Says on standard error what was granted and is not counted: a customer was told of it.
fn tell_lost(codes: &[String]) {
    if !codes.is_empty() {
        eprintln!(
            "the policy in force no longer has what was granted ({}), so that it does not count: tell the customer, or put it back into \
             policy.toml and quote again",
            codes.join(", ")
        );
    }
}

/// The fee that a person names.
fn named(arguments: &QuoteArguments) -> anyhow::Result<Option<Cents>> {
    let Some(text) = &arguments.fee else {
        return Ok(None);
    };
    let named = Cents::parse(text).map_err(|_| EngineError::UnknownWord {
        what: "fee",
        word: text.clone(),
        expected: "350, 350.50 or any other sum of the policy's currency".to_owned(),
    })?;
    Ok(Some(named))
}

async fn give(
    format: Format,
    engine: &Engine,
    arguments: &QuoteArguments,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let id = ClaimId::verbatim(&arguments.id);
    if engine.store().claim(&id).await?.is_none() {
        return Err(EngineError::NotFound {
            what: "deposit or claim",
            id: arguments.id.clone(),
            hint: "`recover deposits list` and `recover claims list` show those that are",
        }
        .into());
    }
    if arguments.resolution.is_some() {
        return Err(EngineError::NotUnderstood {
            text: arguments.id.clone(),
            hint:
                "a claim keeps what was chosen when it was opened: --resolution goes with a deposit"
                    .to_owned(),
        }
        .into());
    }
    let person = engine.actor(actor).await?;
    let options = QuoteOptions {
        step: StepOptions {
            revision: arguments.revision,
            dry_run: false,
        },
        spend_inscription: arguments.spend_inscription,
        fee: named(arguments)?,
    };
    let quoted = match engine.quote_claim(&id, &options, &person).await {
        Err(EngineError::NoQuote {
            refusal,
            detail,
            lost_waivers,
        }) => {
            let claim = engine.claim(&id).await?;
            let stored = engine.store().deposit(&claim.deposit).await?;
            let advice = match &stored {
                None => Vec::new(),
                Some(stored) => {
                    let estimate = engine
                        .estimate_with(&stored.deposit, Some(claim.resolution), options.fee)
                        .await?;
                    // Laying it out may have refused what the sums alone allow.
                    let estimate = DepositQuote {
                        outcome: Err(refusal),
                        ..estimate
                    };
                    engine.advice(&stored.deposit, Some(&estimate)).await?
                }
            };
            let why = Why {
                refusal,
                detail: &detail,
                lost_waivers: &lost_waivers,
            };
            return refused(format, &arguments.id, why, &advice);
        }
        quoted => quoted?,
    };
    if let Some(why) = &quoted.no_plan {
        eprintln!(
            "nobody can approve it yet, because nobody could lay out what would be done: {why}"
        );
    }
    tell_lost(&quoted.lost_waivers);
    let claim = quoted.claim;
    if let (Format::Table, Some(terms)) = (
        format,
        claim
            .quote
            .as_ref()
            .and_then(|quote| quote.quote.terms.as_deref()),
    ) {
        let stored = engine.store().deposit(&claim.deposit).await?;
        let coins = Coins {
            chains: engine.chains(),
            deposit: stored.as_ref().map(|stored| &stored.deposit),
        };
        output::line(&quote_page::table(terms, &coins))?;
    }
    let view = ClaimView {
        waivers_lost: quoted.lost_waivers,
        ..ClaimView::of(&claim)
    };
    super::claims::tell(format, engine, &claim, view).await
}
