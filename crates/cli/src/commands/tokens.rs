//! `tokens`: unlisted contracts, reviewed once each.

use crate::args::{Format, Tokens};
use crate::commands::unknown;
use crate::exit::Exit;
use crate::output;
use recover_core::asset::TokenReview;
use recover_core::people::Role;
use recover_engine::engine::Engine;
use recover_store::Token;
use serde::Serialize;

#[derive(Serialize)]
struct TokenView {
    network: String,
    contract: String,
    claimed_symbol: Option<String>,
    claimed_name: Option<String>,
    claimed_decimals: Option<u8>,
    review: &'static str,
    reviewed_by: Option<String>,
    reason: Option<String>,
    deposits: u64,
    recipients: u64,
    first_deposit: Option<String>,
    last_deposit: Option<String>,
    signals: Vec<String>,
}

impl TokenView {
    fn of(token: &Token, signals: Vec<String>) -> Self {
        let sighting = &token.sighting;
        Self {
            network: sighting.asset.network.to_string(),
            contract: sighting
                .asset
                .contract_text()
                .unwrap_or_default()
                .to_owned(),
            claimed_symbol: sighting.symbol.clone(),
            claimed_name: sighting.name.clone(),
            claimed_decimals: sighting.decimals,
            review: token
                .decision
                .as_ref()
                .map_or(TokenReview::Unreviewed, |decision| decision.review)
                .code(),
            reviewed_by: token.decision.as_ref().map(|decision| decision.by.clone()),
            reason: token
                .decision
                .as_ref()
                .map(|decision| decision.reason.clone()),
            deposits: token.deposits,
            recipients: token.recipients,
            first_deposit: token.first_deposit.map(|time| time.to_string()),
            last_deposit: token.last_deposit.map(|time| time.to_string()),
            signals,
        }
    }
}

/// `tokens`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Tokens,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        Tokens::List { unreviewed } => {
            let views: Vec<TokenView> = engine
                .tokens(*unreviewed)
                .await?
                .into_iter()
                .map(|(token, signals)| TokenView::of(&token, signals))
                .collect();
            output::rows(
                format,
                &[
                    "network",
                    "contract",
                    "says it is",
                    "decimals",
                    "deposits",
                    "recipients",
                    "signals",
                    "review",
                ],
                &views,
                |view| {
                    let says = [view.claimed_symbol.as_deref(), view.claimed_name.as_deref()];
                    let says: Vec<&str> = says.into_iter().flatten().collect();
                    vec![
                        view.network.clone(),
                        view.contract.clone(),
                        says.join("\n"),
                        view.claimed_decimals
                            .map_or_else(|| "-".to_owned(), |decimals| decimals.to_string()),
                        view.deposits.to_string(),
                        view.recipients.to_string(),
                        view.signals.join("\n"),
                        view.review.to_owned(),
                    ]
                },
            )?;
            Ok(Exit::Done)
        }
        Tokens::Review {
            network,
            contract,
            decision,
            decimals,
            reason,
        } => {
            let review = TokenReview::from_code(decision)
                .filter(|review| *review != TokenReview::Unreviewed)
                .ok_or_else(|| {
                    unknown(
                        "decision",
                        decision,
                        ["genuine", "airdrop", "fake"].into_iter(),
                    )
                })?;
            let person = engine.actor(actor).await?;
            anyhow::ensure!(
                person.roles.contains(&Role::Specialist) || person.roles.contains(&Role::Wallet),
                "{} may not review tokens: a specialist or a wallet person does",
                person.name
            );
            let network = engine.network(network)?;
            let reviewed = engine
                .review_token(network, contract, review, *decimals, &person.name, reason)
                .await?;
            eprintln!(
                "{} deposits are classified otherwise now",
                reviewed.reclassified
            );
            let view = TokenView::of(&reviewed.token, reviewed.token.sighting.signals.clone());
            match format {
                Format::Json | Format::Csv => output::json(&view)?,
                Format::Table => {
                    output::line(&format!(
                        "{} on {} is {} by {}",
                        view.contract, view.network, view.review, person.name
                    ))?;
                }
            }
            Ok(Exit::Done)
        }
    }
}
