//! The node's blocks, from their raw bytes.

use super::node::BitcoinNode;
use super::payers::Paid;
use super::raw::{self, Hit};
use super::rpc::{Call, found, wants_boolean};
use super::scan::{Blocks, ReadBlock};
use crate::block::from_digits;
use crate::credit::{Facts, is_inscribed};
use async_trait::async_trait;
use recover_core::block::{Height, TxId};
use recover_source::chain::{Header, ScanRequest};
use recover_source::client::Client;
use recover_source::error::SourceError;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

impl BitcoinNode {
    /// A block as it goes over the wire.
    pub(crate) async fn raw_block(&self, hash: &str) -> Result<Vec<u8>, SourceError> {
        let client = self.rpc.client();
        let read = |text: &str| {
            let digits = text.trim_matches('"');
            from_digits(digits)
                .ok_or_else(|| client.not_protocol("a block that is not hexadecimal"))
        };
        let call = |form: Value| Call::new("getblock", json!([hash, form]));
        if !self.takes_booleans_only.load(Ordering::Relaxed) {
            match self.rpc.ask_in_place(&call(Value::from(0)), read).await {
                Err(error) if wants_boolean(&error) => {
                    self.takes_booleans_only.store(true, Ordering::Relaxed);
                }
                answer => return answer,
            }
        }
        self.rpc.ask_in_place(&call(Value::Bool(false)), read).await
    }
}

#[async_trait]
impl Blocks for BitcoinNode {
    fn client(&self) -> &Client {
        self.rpc.client()
    }

    async fn newest(&self) -> Result<Height, SourceError> {
        Ok(Height(self.chain_info().await?.blocks))
    }

    async fn header_at(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.best_header(height).await
    }

    async fn hashes(&self, from: Height, to: Height) -> Result<Vec<(Height, String)>, SourceError> {
        let client = self.rpc.client();
        let heights: Vec<u64> = (from.0..=to.0).collect();
        let calls: Vec<Call> = heights
            .iter()
            .map(|height| Call::new("getblockhash", json!([height])))
            .collect();
        let mut hashes = Vec::with_capacity(heights.len());
        for (height, answer) in heights.iter().zip(self.rpc.batch(&calls).await?) {
            // The end was there a moment ago: a chain that became shorter is another branch.
            let answer = found(answer)?.ok_or_else(|| {
                client.inconsistent(format!("block {height} went while the range was read"))
            })?;
            let hash: String = self.rpc.parse("getblockhash", answer.get())?;
            hashes.push((Height(*height), hash));
        }
        Ok(hashes)
    }

    async fn block(
        &self,
        request: &ScanRequest,
        height: Height,
        hash: &str,
    ) -> Result<ReadBlock, SourceError> {
        let (decoder, dialect) = self.reading()?;
        let (header, hits) = {
            let bytes = self.raw_block(hash).await?;
            let watch = request.watch.as_ref();
            raw::block(self.rpc.client(), dialect, height, hash, &bytes, watch)?
        };
        let paid: Vec<Paid<'_>> = hits
            .iter()
            .map(|hit: &Hit| Paid {
                entry: &hit.entry,
                id: &hit.id,
                block: Some(hash),
            })
            .collect();
        let payers = self.payers(dialect, &paid).await?;
        let mut credits = Vec::new();
        for (hit, payer) in hits.iter().zip(payers) {
            let facts = Facts {
                id: &TxId::new(&hit.id),
                block: Some(&header.block),
                payer,
                is_inscribed: is_inscribed(&hit.entry.transaction),
            };
            let outputs = hit.outputs.iter();
            credits.extend(outputs.filter_map(|output| decoder.credit(&facts, output)));
        }
        Ok(ReadBlock { header, credits })
    }

    async fn lowest_kept(&self) -> Result<Option<(Height, String)>, SourceError> {
        let info = self.chain_info().await?;
        let kept = info.prune_height.filter(|_| info.pruned);
        Ok(kept.map(|kept| {
            let reason = format!(
                "{} has pruned the blocks below {kept}: use a node that keeps all blocks, or an explorer",
                self.rpc.client().origin()
            );
            (Height(kept), reason)
        }))
    }
}
