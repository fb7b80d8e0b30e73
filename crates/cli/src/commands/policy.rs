//! `policy check`: says what the policy decides before anybody relies on it.

use crate::args::Format;
use crate::exit::Exit;
use crate::output;
use recover_core::people::Role;
use recover_engine::config::{ChainsConfig, Policy};
use recover_engine::error::EngineError;
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct PolicyView {
    name: String,
    digest: String,
    currency: String,
    fee_rules: usize,
    approvers_min: u32,
    wallet_people: usize,
    compliance_people: usize,
    quote_valid_minutes: u32,
    price_age_max_minutes: u32,
    screening_age_max_minutes: u32,
}

/// `policy check`
pub fn check(format: Format, chains: &ChainsConfig, path: Option<&Path>) -> anyhow::Result<Exit> {
    let path = path.ok_or(EngineError::PolicyMissing)?;
    let policy = Policy::load(path, Some(chains)).map_err(EngineError::from)?;
    let with = |role: Role| {
        policy
            .people
            .iter()
            .filter(|person| person.roles.contains(&role))
            .count()
    };
    let view = PolicyView {
        name: policy.name.clone(),
        digest: policy.digest_text(),
        currency: policy.currency.clone(),
        fee_rules: policy.fees.len(),
        approvers_min: policy.approval.approvers_min,
        wallet_people: with(Role::Wallet),
        compliance_people: with(Role::Compliance),
        quote_valid_minutes: policy.quote_valid_minutes,
        price_age_max_minutes: policy.price_age_max_minutes,
        screening_age_max_minutes: policy.screening_age_max_minutes,
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    output::facts(&[
        ("policy", format!("{} ({})", view.name, path.display())),
        ("digest", view.digest.clone()),
        (
            "fees",
            format!("{} rules, in {}", view.fee_rules, view.currency),
        ),
        (
            "approval",
            format!(
                "{} of {} wallet people, none of whom acted on the claim before",
                view.approvers_min, view.wallet_people
            ),
        ),
        (
            "screening",
            format!(
                "{} compliance people, good for {} minutes",
                view.compliance_people, view.screening_age_max_minutes
            ),
        ),
        (
            "quotes",
            format!(
                "valid {} minutes, prices no older than {} minutes",
                view.quote_valid_minutes, view.price_age_max_minutes
            ),
        ),
    ])?;
    Ok(Exit::Done)
}
