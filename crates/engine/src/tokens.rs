//! Unlisted tokens: seen by contract, reviewed once by a person for all their deposits.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::Judged;
use recover_core::address::AddressError;
use recover_core::asset::{AssetId, TokenReview};
use recover_core::classify;
use recover_core::deposit::{Deposit, Origin};
use recover_core::time::Timestamp;
use recover_matching::secret;
use recover_source::chain::{ChainRead, TokenClaims};
use recover_store::{DepositFilter, Token, TokenDecision, TokenFilter, TokenSighting};
use std::collections::BTreeMap;

/// From so many of our addresses on, a contract that paid each about once looks like bait sent to strangers.
const AIRDROP_RECIPIENTS: u64 = 5;

/// Where the tokens' names are to be had.
const LISTED: &str =
    "`recover tokens list` shows those that scans have seen, in the spelling to give here";

/// What a review decided and changed.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// The token as it is now.
    pub token: Token,
    /// Deposits that are classified otherwise now.
    pub reclassified: u64,
}

/// What was seen of a contract and what was decided about it.
type Sighted = (TokenSighting, Option<TokenDecision>);

impl Engine {
    /// The deposits that judged credits make. Scale and symbol come from the configuration; for an unlisted contract from
    /// its own claims, which nobody vouches for until a person reviewed it. Contracts never seen before are asked for
    /// their claims where a source is given.
    pub(crate) async fn deposits_of(
        &self,
        network: &NetworkConfig,
        source: Option<&dyn ChainRead>,
        judged: Vec<Judged>,
    ) -> Result<Vec<Deposit>, EngineError> {
        let mut known: BTreeMap<AssetId, Option<Sighted>> = BTreeMap::new();
        let mut deposits = Vec::with_capacity(judged.len());
        for credit in judged {
            let asset = credit.observation.asset.clone();
            let terms = self.chains.terms(&asset);
            if terms.is_none() && !known.contains_key(&asset) {
                let token = self.sighted(network, source, &asset).await?;
                known.insert(asset.clone(), token);
            }
            let token = known.get(&asset).and_then(Option::as_ref);
            let is_vouched = token.is_some_and(|(sighting, decision)| {
                decision
                    .as_ref()
                    .is_some_and(|decision| decision.review == TokenReview::Genuine)
                    && sighting.decimals.is_some()
            });
            deposits.push(Deposit {
                decimals: terms
                    .map(|terms| terms.decimals)
                    .or_else(|| token.and_then(|(sighting, _)| sighting.decimals))
                    .filter(|decimals| *decimals <= recover_core::amount::DECIMALS_MAX)
                    .unwrap_or(0),
                decimals_vouched: terms.is_some() || is_vouched,
                symbol: terms
                    .map(|terms| terms.symbol.clone())
                    .or_else(|| token.and_then(|(sighting, _)| sighting.symbol.clone())),
                status: classify::status(&credit.classification, credit.finality),
                classification: credit.classification,
                origin: Origin::Observed(credit.observation),
            });
        }
        Ok(deposits)
    }

    /// The stored token, or what its contract claims when nobody has heard it yet. What a reviewed contract says later
    /// changes nothing: its claims stay as they were reviewed.
    async fn sighted(
        &self,
        network: &NetworkConfig,
        source: Option<&dyn ChainRead>,
        asset: &AssetId,
    ) -> Result<Option<Sighted>, EngineError> {
        let stored = self.store.sighting(asset).await?;
        let is_known = stored
            .as_ref()
            .is_some_and(|(sighting, decision)| decision.is_some() || says_something(sighting));
        let (false, Some(source), Some(contract)) = (is_known, source, asset.contract_text())
        else {
            return Ok(stored);
        };
        let claims = match source.token_claims(contract).await {
            Ok(claims) => claims,
            Err(error) => {
                tracing::warn!(%asset, %error, "a token could not be asked for its claims; the next scan asks again");
                if stored.is_some() {
                    return Ok(stored);
                }
                // It stands in the list without them, or nobody could review it.
                TokenClaims::default()
            }
        };
        let signals = lookalikes(network, &claims)
            .map(|symbol| format!("lookalike:{symbol}"))
            .collect();
        let sighting = TokenSighting {
            asset: asset.clone(),
            symbol: claims.symbol,
            name: claims.name,
            decimals: claims.decimals,
            signals,
        };
        self.store.sight_tokens(vec![sighting], self.now()).await?;
        Ok(self.store.sighting(asset).await?)
    }

    /// Every unlisted contract that was seen, with what speaks for spam.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(
        &self,
        unreviewed_only: bool,
    ) -> Result<Vec<(Token, Vec<String>)>, EngineError> {
        let filter = TokenFilter {
            review: unreviewed_only.then_some(TokenReview::Unreviewed),
            ..TokenFilter::default()
        };
        let mut tokens = Vec::new();
        let mut after: Option<AssetId> = None;
        loop {
            let page = self.store.list_tokens(&filter, after.as_ref(), 500).await?;
            let Some(last) = page.last() else {
                return Ok(tokens);
            };
            after = Some(last.sighting.asset.clone());
            let now = self.now();
            tokens.extend(page.into_iter().map(|token| {
                let signals = signals(&token, now);
                (token, signals)
            }));
        }
    }

    /// Records a person's decision about a contract and classifies its deposits again. A genuine token needs the
    /// decimals that the person confirms: they must be what the contract claimed when it was first seen.
    ///
    /// # Errors
    /// When the contract was never seen, the decimals differ, or the store fails.
    pub async fn review_token(
        &self,
        network: &NetworkConfig,
        contract: &str,
        review: TokenReview,
        decimals: Option<u8>,
        person: &str,
        reason: &str,
    ) -> Result<Reviewed, EngineError> {
        if !secret::redact(contract).is_clean() {
            return Err(EngineError::SecretPasted);
        }
        let contract =
            self.adapter(network)?
                .detect()
                .asset(contract)
                .map_err(|error| match error {
                    AddressError::Shape { .. } => EngineError::NotFound {
                        what: "token",
                        id: contract.to_owned(),
                        hint: LISTED,
                    },
                    error => EngineError::NotUnderstood {
                        text: contract.to_owned(),
                        hint: error.to_string(),
                    },
                })?;
        let asset = AssetId::contract(network.id.clone(), &contract);
        let token = self
            .store
            .token(&asset)
            .await?
            .ok_or_else(|| EngineError::NotFound {
                what: "token",
                id: asset.to_string(),
                hint: LISTED,
            })?;
        if review == TokenReview::Genuine
            && (decimals.is_none() || decimals != token.sighting.decimals)
        {
            return Err(EngineError::DecimalsNotConfirmed {
                given: decimals,
                claimed: token.sighting.decimals,
            });
        }
        let decision = TokenDecision {
            review,
            by: person.to_owned(),
            at: self.now(),
            reason: secret::redact(reason).text.into_owned(),
        };
        self.store.review_token(&asset, decision).await?;
        let filter = DepositFilter {
            asset: Some(asset.clone()),
            ..DepositFilter::default()
        };
        let reclassified = self.reclassify(&filter).await?;
        self.revalue().await?;
        let token = self.store.token(&asset).await?.unwrap_or(token);
        Ok(Reviewed {
            token,
            reclassified,
        })
    }
}

/// Whether a token was ever heard.
fn says_something(sighting: &TokenSighting) -> bool {
    sighting.symbol.is_some() || sighting.name.is_some() || sighting.decimals.is_some()
}

/// The listed symbols that a token imitates: the same letters once look-alike forms and case are folded, in its symbol or
/// its name.
fn lookalikes<'a>(
    network: &'a NetworkConfig,
    claims: &'a TokenClaims,
) -> impl Iterator<Item = &'a str> {
    let claimed: Vec<String> = [&claims.symbol, &claims.name]
        .into_iter()
        .flatten()
        .map(|text| recover_matching::asset::folded(text))
        .collect();
    network
        .assets
        .iter()
        .map(|asset| (asset.terms.symbol.as_str(), asset.name.as_str()))
        .chain([(
            network.native.terms.symbol.as_str(),
            network.native.name.as_str(),
        )])
        .filter(move |(symbol, name)| {
            let listed = [
                recover_matching::asset::folded(symbol),
                recover_matching::asset::folded(name),
            ];
            claimed
                .iter()
                .any(|text| !text.is_empty() && listed.contains(text))
        })
        .map(|(symbol, _)| symbol)
}

/// Everything that speaks for spam, in a fixed order.
fn signals(token: &Token, now: Timestamp) -> Vec<String> {
    let mut signals = token.sighting.signals.clone();
    if token.recipients >= AIRDROP_RECIPIENTS && token.deposits < token.recipients.saturating_mul(2)
    {
        signals.push(format!("airdrop:{} recipients", token.recipients));
    }
    if let Some(first) = token.first_deposit {
        let days = now.micros_since(first) / 86_400_000_000;
        signals.push(format!("age:{days} days"));
    }
    signals
}
