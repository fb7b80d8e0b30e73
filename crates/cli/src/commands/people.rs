//! `people`: who may do what, and the roster that signers pin.

use crate::args::{Format, People};
use crate::exit::Exit;
use crate::output;
use anyhow::Context as _;
use recover_core::asset::AssetId;
use recover_core::people::{Person, Role};
use recover_engine::config::{NetworkConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_verify::codecs::check_of;
use recover_verify::roster::{
    AcceptedPolicy, CONTENT_AGE_SECONDS_MAX, PinnedAsset, PinnedNetwork, Roster,
};
use serde::Serialize;
use std::io::Write as _;

#[derive(Serialize)]
struct PersonView {
    name: String,
    roles: Vec<&'static str>,
    keys: Vec<String>,
}

impl PersonView {
    fn of(person: &Person) -> Self {
        Self {
            name: person.name.clone(),
            roles: person.roles.iter().copied().map(Role::code).collect(),
            keys: person.keys.iter().map(|key| key.fingerprint()).collect(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let keys = match self.keys.is_empty() {
            true => "-".to_owned(),
            false => self.keys.join("\n"),
        };
        vec![self.name.clone(), self.roles.join(", "), keys]
    }
}

/// `people`
pub async fn run(format: Format, engine: &Engine, arguments: &People) -> anyhow::Result<Exit> {
    if arguments.roster {
        return roster(engine).await;
    }
    let in_force = engine.policy_in_force().await?;
    let people: Vec<PersonView> = in_force.policy.people.iter().map(PersonView::of).collect();
    output::rows(
        format,
        &["person", "roles", "keys"],
        &people,
        PersonView::cells,
    )?;
    eprintln!("as version {} of the policy has them", in_force.number);
    Ok(Exit::Done)
}

/// Writes what the signers hold packages against.
async fn roster(engine: &Engine) -> anyhow::Result<Exit> {
    let text = roster_text(engine).await?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    eprintln!(
        "the signers keep this file on their own machine; read the people, keys and addresses in it to them by another way \
         than the one by which it came"
    );
    Ok(Exit::Done)
}

/// What the signers hold packages against, as TOML.
pub async fn roster_text(engine: &Engine) -> anyhow::Result<String> {
    let in_force = engine.policy_in_force().await?;
    let versions = engine.policies_in_use().await?;
    let policy = &in_force.policy;
    let mut networks = Vec::new();
    let mut assets = Vec::new();
    for id in policy.wallets.keys() {
        let config = engine
            .chains()
            .network(id)
            .ok_or_else(|| EngineError::UnknownNetwork {
                name: id.to_string(),
            })?;
        if check_of(&config.caip2).is_none() {
            eprintln!("note: recover-verify does not read the bytes of {id}: it is left out");
            continue;
        }
        networks.push(pinned(policy, config)?);
        assets.extend(names(config));
    }
    let roster = Roster {
        exchange: policy.name.clone(),
        policies: versions
            .into_iter()
            .map(|(version, digest)| AcceptedPolicy { version, digest })
            .collect(),
        approval: policy.approval.clone(),
        people: policy.people.clone(),
        networks,
        assets,
        content_age_seconds_max: CONTENT_AGE_SECONDS_MAX,
        package_valid_seconds_max: i64::from(policy.package_valid_minutes).saturating_mul(60),
    };
    roster.to_toml().context("no roster was written")
}

fn pinned(policy: &Policy, config: &NetworkConfig) -> anyhow::Result<PinnedNetwork> {
    let id = &config.id;
    let (fee_max, top_up_max) = policy
        .native_limits(id)
        .and_then(|limits| limits.in_base_units(config.native.terms.decimals))
        .with_context(|| {
            format!(
                "fee_max or top_up_max of {id} has more decimals than its coin: correct [[wallet]]"
            )
        })?;
    let wallet = policy
        .wallet(id)
        .with_context(|| format!("the policy has no [[wallet]] for {id}"))?;
    Ok(PinnedNetwork {
        network: id.clone(),
        chain: config.caip2.clone(),
        treasury: wallet.treasury.clone(),
        gas: wallet.gas.clone(),
        fee_max,
        top_up_max,
        signers: wallet.keys.clone(),
    })
}

/// What the assets of a network are called, for printing.
fn names(config: &NetworkConfig) -> impl Iterator<Item = PinnedAsset> {
    let native = PinnedAsset {
        asset: AssetId::native(config.id.clone()),
        symbol: config.native.terms.symbol.clone(),
        decimals: config.native.terms.decimals,
    };
    let tokens = config.assets.iter().map(|asset| PinnedAsset {
        asset: AssetId::contract(config.id.clone(), &asset.contract),
        symbol: asset.terms.symbol.clone(),
        decimals: asset.terms.decimals,
    });
    std::iter::once(native).chain(tokens)
}
