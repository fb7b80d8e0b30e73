//! Nonces: where an account stands, and what used one of them.

use super::EvmCarry;
use crate::address;
use crate::lookup::{self, tag};
use crate::rpc::{Call, ask, parse};
use crate::wire::{StatedTransaction, hex_quantity};
use recover_core::block::Height;
use recover_source::carry::Sequence;
use recover_source::error::SourceError;
use serde_json::{Value, json};

/// How many transactions an account had sent, at three points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// What waits included.
    pub pending: u64,
    /// At the tip.
    pub latest: u64,
    /// At the newest final block; zero when none is known to be final, which promises nothing.
    pub finalized: u64,
    /// The tip.
    pub tip: Height,
    /// The newest final block.
    pub final_height: Option<Height>,
}

impl Counts {
    pub(super) fn sequence(self) -> Sequence {
        Sequence {
            next: self.pending.max(self.latest),
            next_final: self.finalized,
        }
    }
}

/// A block with transactions of any kind, and only what tells ours among them.
#[derive(serde::Deserialize)]
struct FullBlock {
    transactions: Vec<Value>,
}

impl EvmCarry {
    pub(super) async fn counts(&self, account: [u8; 20]) -> Result<Counts, SourceError> {
        let head = lookup::head(self.rpc(), self.config().finality, true).await?;
        let text = address::text(account);
        let mut places = vec!["pending".to_owned(), "latest".to_owned()];
        places.extend(head.finalized.map(tag));
        let calls = places
            .iter()
            .map(|place| Call::new("eth_getTransactionCount", json!([text, place])))
            .collect();
        let mut counts = Vec::with_capacity(3);
        for answer in self.rpc().batch(calls).await? {
            counts.push(self.count(&parse::<String>(
                self.rpc().origin(),
                "eth_getTransactionCount",
                &answer?,
            )?)?);
        }
        let at = |place: usize| counts.get(place).copied().unwrap_or_default();
        let counts = Counts {
            pending: at(0),
            latest: at(1),
            finalized: at(2),
            tip: head.latest.block.height,
            final_height: head.finalized,
        };
        if counts.finalized > counts.latest {
            return Err(self.inconsistent(format!(
                "{text} had sent {} transactions at the final block and {} at the tip",
                counts.finalized, counts.latest
            )));
        }
        Ok(counts)
    }

    fn count(&self, text: &str) -> Result<u64, SourceError> {
        hex_quantity(text).ok_or_else(|| self.inconsistent("a nonce that is no number"))
    }

    async fn count_at(&self, account: [u8; 20], height: u64) -> Result<u64, SourceError> {
        let params = json!([address::text(account), tag(Height(height))]);
        let text: String = ask(self.rpc(), Call::new("eth_getTransactionCount", params)).await?;
        self.count(&text)
    }

    /// The block in which an account used a nonce, found from the counts at other heights: backwards from the tip in steps that
    /// double, then by halves, so that a nonce used lately is found on a node that keeps only recent state. `None` when the chain
    /// moved meanwhile.
    async fn height_of(
        &self,
        account: [u8; 20],
        nonce: u64,
        tip: Height,
    ) -> Result<Option<u64>, SourceError> {
        if self.count_at(account, tip.0).await? <= nonce {
            return Ok(None);
        }
        // At `above` the nonce is used; at `below` it is not.
        let mut above = tip.0;
        let mut step = 1_u64;
        let mut below = loop {
            let candidate = above.saturating_sub(step);
            if self.count_at(account, candidate).await? <= nonce {
                break candidate;
            }
            if candidate == 0 {
                return Ok(Some(0));
            }
            above = candidate;
            step = step.saturating_mul(2);
        };
        while above.saturating_sub(below) > 1 {
            let middle = below + (above - below) / 2;
            if self.count_at(account, middle).await? > nonce {
                above = middle;
            } else {
                below = middle;
            }
        }
        Ok(Some(above))
    }

    /// The transaction that used a nonce, and its height. The transaction is `None` where the account's count moved without one of
    /// its own (an EIP-7702 authorization), the height where the chain moved meanwhile.
    pub(super) async fn user_of(
        &self,
        account: [u8; 20],
        nonce: u64,
        tip: Height,
    ) -> Result<(Option<StatedTransaction>, Option<Height>), SourceError> {
        let Some(height) = self.height_of(account, nonce, tip).await? else {
            return Ok((None, None));
        };
        let call = Call::new("eth_getBlockByNumber", json!([tag(Height(height)), true]));
        let block: Option<FullBlock> = ask(self.rpc(), call).await?;
        let Some(block) = block else {
            return Ok((None, None));
        };
        let ours = address::text(account).to_lowercase();
        let found = block.transactions.into_iter().find(|transaction| {
            let text = |field: &str| transaction.get(field).and_then(Value::as_str);
            text("from").is_some_and(|from| from.to_lowercase() == ours)
                && text("nonce").and_then(hex_quantity) == Some(nonce)
        });
        let found = found
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| self.inconsistent(format!("a transaction: {error}")))?;
        Ok((found, Some(Height(height))))
    }
}
