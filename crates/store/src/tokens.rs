//! Unlisted tokens: what their contracts say of themselves, how their deposits look, and what a person decided, once for
//! all deposits of one contract.

use crate::error::StoreError;
use crate::sql::{Row, RowOf, Statement, detached, json, values};
use crate::store::Store;
use recover_core::asset::{AssetId, TokenReview};
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;

/// What a source saw of an unlisted contract. Claims of a stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSighting {
    /// The token; it must be a contract.
    pub asset: AssetId,
    /// The symbol it claims; `None` when it has none that can be read.
    pub symbol: Option<String>,
    /// The name it claims.
    pub name: Option<String>,
    /// The decimals it claims.
    pub decimals: Option<u8>,
    /// What speaks for or against it (`lookalike:USDC`), in a fixed order.
    pub signals: Vec<String>,
}

/// A decision about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDecision {
    /// What was decided; never unreviewed.
    pub review: TokenReview,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A token with its deposits counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What was seen of it last.
    pub sighting: TokenSighting,
    /// The decision; `None` while nobody looked.
    pub decision: Option<TokenDecision>,
    /// How many of its deposits we saw, gone ones left out.
    pub deposits: u64,
    /// To how many distinct addresses of ours.
    pub recipients: u64,
    /// The first block time among them; `None` without a deposit in a block.
    pub first_deposit: Option<Timestamp>,
    /// The last.
    pub last_deposit: Option<Timestamp>,
    /// When the contract was first stored.
    pub first_seen_at: Timestamp,
}

impl Token {
    /// What was decided, unreviewed while nothing was.
    #[must_use]
    pub fn review(&self) -> TokenReview {
        self.decision
            .as_ref()
            .map_or(TokenReview::Unreviewed, |decision| decision.review)
    }
}

/// Which tokens to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Only this network.
    pub network: Option<NetworkId>,
    /// Only with this decision.
    pub review: Option<TokenReview>,
}

const SELECT: &str =
    "SELECT token.asset AS asset, claimed_symbol, claimed_name, claimed_decimals, signals, review,
        reviewed_by, reviewed_at, review_reason, token.first_seen_at AS first_seen_at,
        COUNT(deposit.id) AS deposits, COUNT(DISTINCT deposit.to_text) AS recipients,
        MIN(deposit.block_time) AS first_deposit, MAX(deposit.block_time) AS last_deposit
    FROM token LEFT JOIN deposit ON deposit.asset = token.asset AND deposit.origin = 'observed'
        AND deposit.status <> 'gone'";

const GROUP: &str = " GROUP BY token.asset, claimed_symbol, claimed_name, claimed_decimals, signals, review, reviewed_by,
        reviewed_at, review_reason, token.first_seen_at";

fn token(row: &Row) -> Result<Token, StoreError> {
    let row = row.of("token", "asset");
    Ok(Token {
        sighting: sighting(&row)?,
        decision: decision(&row)?,
        deposits: row.number("deposits")?,
        recipients: row.number("recipients")?,
        first_deposit: row.time_or_null("first_deposit")?,
        last_deposit: row.time_or_null("last_deposit")?,
        first_seen_at: row.time("first_seen_at")?,
    })
}

fn sighting(row: &RowOf<'_>) -> Result<TokenSighting, StoreError> {
    Ok(TokenSighting {
        asset: row.parsed("asset", AssetId::parse)?,
        symbol: row.text_or_null("claimed_symbol")?,
        name: row.text_or_null("claimed_name")?,
        decimals: row.number_or_null("claimed_decimals")?,
        signals: row.json("signals")?,
    })
}

fn decision(row: &RowOf<'_>) -> Result<Option<TokenDecision>, StoreError> {
    let review = row.parsed("review", TokenReview::from_code)?;
    if review == TokenReview::Unreviewed {
        return Ok(None);
    }
    Ok(Some(TokenDecision {
        review,
        by: row.text("reviewed_by")?,
        at: row.time("reviewed_at")?,
        reason: row.text("review_reason")?,
    }))
}

impl Store {
    /// Stores what was seen of contracts. A contract that was reviewed keeps the claims that the reviewer saw.
    ///
    /// # Errors
    /// When one of them is no contract, or the database cannot be written; then none is stored.
    pub async fn sight_tokens(
        &self,
        sightings: Vec<TokenSighting>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            for sighting in sightings {
                let Some(contract) = sighting.asset.contract_text() else {
                    return Err(StoreError::Unstorable {
                        what: "a token",
                        problem: "it is no contract: native coins and symbols from files are not reviewed",
                    });
                };
                tx.run(
                    "INSERT INTO token (asset, network, contract, claimed_symbol, claimed_name, claimed_decimals, signals,
                        review, first_seen_at, updated_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, 'unreviewed', $8, $9)
                     ON CONFLICT (asset) DO UPDATE SET claimed_symbol = excluded.claimed_symbol,
                        claimed_name = excluded.claimed_name, claimed_decimals = excluded.claimed_decimals,
                        signals = excluded.signals, updated_at = excluded.updated_at
                     WHERE token.review = 'unreviewed'",
                    values![
                        &sighting.asset,
                        &sighting.asset.network,
                        contract,
                        sighting.symbol.as_deref(),
                        sighting.name.as_deref(),
                        sighting.decimals,
                        json(&sighting.signals),
                        now,
                        now
                    ],
                )
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Records a decision about a contract, in place of an earlier one. `false` when no such token was seen.
    ///
    /// # Errors
    /// When the decision is no decision or gives no reason, or the database cannot be written.
    pub async fn review_token(
        &self,
        asset: &AssetId,
        decision: TokenDecision,
    ) -> Result<bool, StoreError> {
        let (db, asset) = (self.db.clone(), asset.clone());
        if decision.review == TokenReview::Unreviewed || decision.reason.trim().is_empty() {
            return Err(StoreError::Unstorable {
                what: "a token review",
                problem: "it needs a decision (genuine, airdrop or fake) and a reason",
            });
        }
        detached(async move {
            let mut tx = db.begin().await?;
            let changed = tx
                .run(
                    "UPDATE token SET review = $1, reviewed_by = $2, reviewed_at = $3, review_reason = $4, updated_at = $5
                     WHERE asset = $6",
                    values![
                        decision.review.code(),
                        &decision.by,
                        decision.at,
                        &decision.reason,
                        decision.at,
                        &asset
                    ],
                )
                .await?;
            tx.commit().await?;
            Ok(changed > 0)
        })
        .await
    }

    /// What was decided about a contract; unreviewed when nothing was, or when it was never seen. For the classifier:
    /// counts nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token_review(&self, asset: &AssetId) -> Result<TokenReview, StoreError> {
        let row = self
            .db
            .row(
                "SELECT asset, review FROM token WHERE asset = $1",
                values![asset],
            )
            .await?;
        row.map_or(Ok(TokenReview::Unreviewed), |row| {
            row.of("token", "asset")
                .parsed("review", TokenReview::from_code)
        })
    }

    /// What was seen of a contract and what was decided, without counting its deposits; `None` when it was never seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sighting(
        &self,
        asset: &AssetId,
    ) -> Result<Option<(TokenSighting, Option<TokenDecision>)>, StoreError> {
        let row = self
            .db
            .row(
                "SELECT asset, claimed_symbol, claimed_name, claimed_decimals, signals, review, reviewed_by, reviewed_at,
                    review_reason FROM token WHERE asset = $1",
                values![asset],
            )
            .await?;
        row.map(|row| {
            let row = row.of("token", "asset");
            Ok((sighting(&row)?, decision(&row)?))
        })
        .transpose()
    }

    /// One token; `None` when it was never seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token(&self, asset: &AssetId) -> Result<Option<Token>, StoreError> {
        let row = self
            .db
            .row(
                &format!("{SELECT} WHERE token.asset = $1{GROUP}"),
                values![asset],
            )
            .await?;
        row.as_ref().map(token).transpose()
    }

    /// One page of tokens, by asset. Pass the last asset to get the next page; an empty page is the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&AssetId>,
        limit: u32,
    ) -> Result<Vec<Token>, StoreError> {
        // The page is cut before the deposits are counted.
        let mut page = Statement::new(SELECT);
        page.push(
            " WHERE token.asset IN (SELECT page.asset FROM (SELECT asset FROM token WHERE 1 = 1",
        );
        if let Some(network) = &filter.network {
            page.push(" AND network = ").bind(network);
        }
        if let Some(review) = filter.review {
            page.push(" AND review = ").bind(review.code());
        }
        if let Some(after) = after {
            page.push(" AND asset > ").bind(after);
        }
        page.push(" ORDER BY asset LIMIT ")
            .bind(limit)
            .push(") AS page)");
        page.push(GROUP).push(" ORDER BY token.asset");
        let rows = self.db.rows(&page.text, page.values).await?;
        rows.iter().map(token).collect()
    }

    /// How many tokens have each decision.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_tokens(&self) -> Result<Vec<(TokenReview, u64)>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT review, COUNT(*) AS count FROM token GROUP BY review ORDER BY review",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("token", "review");
                Ok((
                    row.parsed("review", TokenReview::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }
}
