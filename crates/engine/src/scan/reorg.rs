//! Reorganisations: found by block hash, repaired by reading again.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::scan::NetworkReport;
use recover_core::block::{BlockHash, Height};
use recover_core::claim::Command;
use recover_core::observation::DepositId;
use recover_source::chain::{ChainRead, Head};
use recover_store::ClaimFilter;

/// How many kept headers are compared: more than any finality rule leaves open.
const HEADERS_MAX: u32 = 100_000;

/// A reorganisation that was found and repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reorganisation {
    /// The highest block that still stands.
    pub agreement: Height,
    /// How many blocks that we had read stand no more.
    pub depth: u64,
    /// Whether blocks that were final by the network's rule stand no more: the rule or a source is wrong, and a person
    /// must look at everything that was decided since.
    pub is_beyond_finality: bool,
    /// Deposits that stood in the blocks that are gone; they count again once they are seen again.
    pub in_doubt: Vec<DepositId>,
    /// Deposits that did not come back.
    pub gone: Vec<DepositId>,
}

impl Engine {
    /// Compares what we read with what the source has now, from the highest block down to the first that agrees, and
    /// rewinds to it. A source that lags behind us is no reorganisation.
    pub(super) async fn repair(
        &self,
        network: &NetworkConfig,
        source: &dyn ChainRead,
        head: &Head,
    ) -> Result<Option<Reorganisation>, EngineError> {
        let mut known: Vec<(Height, BlockHash)> = self
            .store
            .blocks_seen(&network.id, HEADERS_MAX)
            .await?
            .into_iter()
            .map(|seen| (seen.block.height, seen.block.hash))
            .collect();
        for covered in self.store.coverage(&network.id).await? {
            if let Some(hash) = covered.end_hash {
                known.push((covered.range.to(), hash));
            }
        }
        known.retain(|(height, _)| *height <= head.latest.block.height);
        known.sort_by(|left, right| {
            right
                .0
                .cmp(&left.0)
                .then_with(|| left.1.as_str().cmp(right.1.as_str()))
        });
        known.dedup();
        let Some((top, _)) = known.first().cloned() else {
            return Ok(None);
        };
        let mut agreement = None;
        let mut lowest_wrong = None;
        for (height, hash) in &known {
            let Some(header) = source.header(*height).await? else {
                continue;
            };
            if header.block.hash == *hash {
                agreement = Some(*height);
                break;
            }
            lowest_wrong = Some(*height);
        }
        let Some(lowest_wrong) = lowest_wrong else {
            return Ok(None);
        };
        // Between the lowest block known to be wrong and the highest known to be right nothing is proved: read it again.
        let agreement = agreement.unwrap_or_else(|| lowest_wrong.minus(lowest_wrong.0));
        let final_before = self.store.finalized_height(&network.id).await?;
        let rewind = self
            .store
            .rewind(&network.id, agreement, self.now())
            .await?;
        let is_beyond_finality = final_before.is_some_and(|height| lowest_wrong <= height);
        tracing::warn!(network = %network.id, %agreement, is_beyond_finality, "the chain was reorganised");
        Ok(Some(Reorganisation {
            agreement,
            depth: top.0.saturating_sub(agreement.0),
            is_beyond_finality,
            in_doubt: rewind.suspects,
            gone: Vec::new(),
        }))
    }

    /// Gives up the deposits that did not come back, and ends the claims that stood on them.
    pub(super) async fn settle_suspects(
        &self,
        network: &NetworkConfig,
        read_to: Height,
        report: &mut NetworkReport,
    ) -> Result<(), EngineError> {
        let gone = self
            .store
            .mark_unseen_gone(&network.id, read_to, self.now())
            .await?;
        for deposit in &gone {
            self.invalidate_claims(deposit, "a reorganisation removed the deposit")
                .await?;
        }
        if let (Some(reorganisation), false) = (&mut report.reorganisation, gone.is_empty()) {
            reorganisation.gone = gone;
        }
        Ok(())
    }

    /// Ends every open claim on a deposit that no longer stands as it stood. A claim that has left the house stays: only
    /// the chain can say what becomes of it.
    pub(crate) async fn invalidate_claims(
        &self,
        deposit: &DepositId,
        reason: &str,
    ) -> Result<(), EngineError> {
        let filter = ClaimFilter {
            deposit: Some(deposit.clone()),
            open_only: true,
            ..ClaimFilter::default()
        };
        for claim in self.list_claims(&filter).await? {
            {
                let command = Command::Invalidate {
                    reason: reason.to_owned(),
                };
                match self.step_by_engine(&claim, command).await {
                    Ok(_) => {}
                    Err(EngineError::Refused { refusal }) => {
                        tracing::warn!(claim = %claim.id, %refusal, "a claim on a vanished deposit could not be ended");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}
