//! `quote`: what recovery costs, itemised.

use crate::args::{Format, QuoteArguments};
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, symbol_of};
use recover_core::claim::ClaimId;
use recover_core::fee::Cents;
use recover_core::observation::DepositId;
use recover_engine::claims::{QuoteOptions, StepOptions};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
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
    let named = arguments.fee.as_deref().map(Cents::parse).transpose()?;
    let estimate = engine.estimate_with(&stored.deposit, None, named).await?;
    let quote = estimate.outcome.map_err(|refusal| EngineError::NoQuote {
        refusal,
        detail: estimate.detail.clone(),
    })?;
    let view = EstimateView {
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
        reckoned_at: estimate.reckoned_at.to_string(),
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let deposit = &stored.deposit;
    let symbol = symbol_of(deposit);
    let coins = |amount: recover_core::amount::Amount| {
        format!("{} {symbol}", amount.to_coin_text(deposit.decimals))
    };
    let mut rows = vec![
        ("deposit", view.deposit_id.clone()),
        ("amount", coins(deposit.amount())),
        ("value", format!("{} {}", view.value, view.currency)),
        (
            "service fee",
            format!(
                "{} {} (rule {} of the policy)",
                view.service_fee, view.currency, view.rule
            ),
        ),
        (
            "network fee",
            format!("{} {}", view.network_fee, view.currency),
        ),
        ("fees in coin", coins(quote.fee_in_asset)),
        ("receives", coins(quote.net)),
        ("how", view.resolution.to_owned()),
    ];
    if let Some(basis) = &view.network_basis {
        rows.push(("", basis.clone()));
    }
    rows.push(("prices", view.price_ids.join(", ")));
    rows.push((
        "note",
        "an estimate: nothing is promised until a claim is quoted".to_owned(),
    ));
    output::facts(&rows)?;
    Ok(Exit::Done)
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
    let person = engine.actor(actor).await?;
    let options = QuoteOptions {
        step: StepOptions {
            revision: arguments.revision,
            dry_run: false,
        },
        spend_inscription: arguments.spend_inscription,
        fee: arguments.fee.as_deref().map(Cents::parse).transpose()?,
    };
    let quoted = engine.quote_claim(&id, &options, &person).await?;
    if let Some(why) = &quoted.no_plan {
        eprintln!(
            "nobody can approve it yet, because nobody could lay out what would be done: {why}"
        );
    }
    let claim = quoted.claim;
    super::claims::tell(format, engine, &claim, ClaimView::of(&claim)).await
}
