//! Reorganisations: found by block hash, repaired by reading again.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::scan::NetworkReport;
use recover_core::block::{BlockHash, Height, HeightRange};
use recover_core::claim::Command;
use recover_core::coverage::uncovered;
use recover_core::deposit::Origin;
use recover_core::observation::{DepositId, Mechanism};
use recover_source::chain::{ChainRead, Head, Part};
use recover_store::{ClaimFilter, Stream};
use std::collections::{BTreeMap, HashSet};

/// How many kept headers are compared: more than any finality rule leaves open.
const HEADERS_MAX: u32 = 100_000;

/// How many headers a comparison asks a source for once one has agreed; what follows from a parent's hash is not asked.
const HEADERS_ASKED_MAX: u32 = 64;

/// How far below a deposit in doubt everything must have been read again: its transaction may be mined lower than before.
const DEPTH_IN_DOUBT: u64 = 256;

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
    /// Compares what we read with what the source has now and rewinds below the lowest block that stands no more. The blocks
    /// that can still change are all compared, not only the highest: two pages of one scan may come from two branches. A
    /// source that lags behind us is no reorganisation.
    pub(super) async fn repair(
        &self,
        network: &NetworkConfig,
        source: &dyn ChainRead,
        head: &Head,
    ) -> Result<Option<Reorganisation>, EngineError> {
        let final_before = self.store.finalized_height(&network.id).await?;
        // By height: the hashes that we have, and the parent that a header names.
        let mut known: BTreeMap<Height, (HashSet<BlockHash>, Option<BlockHash>)> = BTreeMap::new();
        for seen in self.store.blocks_seen(&network.id, HEADERS_MAX).await? {
            known.insert(
                seen.block.height,
                (HashSet::from([seen.block.hash]), Some(seen.parent)),
            );
        }
        for covered in self.store.coverage(&network.id).await? {
            if let Some(hash) = covered.end_hash {
                let (hashes, _) = known.entry(covered.range.to()).or_default();
                hashes.insert(hash);
            }
        }
        known.retain(|height, _| *height <= head.latest.block.height);
        let Some(top) = known.keys().next_back().copied() else {
            return Ok(None);
        };
        let mut agreement: Option<Height> = None;
        let mut lowest_wrong: Option<Height> = None;
        // The parent that the header above names, where that header is right.
        let mut expected: Option<(Height, BlockHash)> = None;
        let mut asked = 0_u32;
        for (height, (hashes, parent)) in known.iter().rev() {
            let right = match expected.take() {
                Some((at, hash)) if at == *height => hash,
                _ => {
                    if agreement.is_some() && asked >= HEADERS_ASKED_MAX {
                        break;
                    }
                    asked = asked.saturating_add(1);
                    match source.header(*height).await? {
                        Some(header) => header.block.hash,
                        None => continue,
                    }
                }
            };
            if hashes.iter().all(|hash| *hash == right) {
                agreement.get_or_insert(*height);
                expected = parent.clone().map(|parent| (height.minus(1), parent));
                // Below what is final nothing changes: the first that agrees there ends the search.
                if final_before.is_some_and(|final_before| *height <= final_before) {
                    break;
                }
            } else {
                lowest_wrong = Some(*height);
                agreement = None;
            }
        }
        let Some(lowest_wrong) = lowest_wrong else {
            return Ok(None);
        };
        // Between the lowest block known to be wrong and the highest known to be right nothing is proved: read it again.
        let agreement = agreement.unwrap_or(Height(0));
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

    /// Gives up the deposits that did not come back, and ends the claims that stood on them. One whose part of the chain was
    /// not read again, from below it up to the tip, stays in doubt: a gap, a failed piece or the end of `--to` proves nothing,
    /// and its transaction may be mined again higher up.
    pub(super) async fn settle_suspects(
        &self,
        network: &NetworkConfig,
        tip: Height,
        generation: u64,
        report: &mut NetworkReport,
    ) -> Result<(), EngineError> {
        let suspects = self.store.suspect_deposits(&network.id).await?;
        if suspects.is_empty() {
            return Ok(());
        }
        let mut read: BTreeMap<Stream, Vec<HeightRange>> = BTreeMap::new();
        for covered in self.store.coverage(&network.id).await? {
            read.entry(covered.stream).or_default().push(covered.range);
        }
        let mut unseen = Vec::new();
        for stored in suspects {
            let Origin::Observed(observation) = &stored.deposit.origin else {
                continue;
            };
            // Found in the history of its account, or in a part of the blocks.
            let read = read
                .get(&Stream::account(observation.to.text()))
                .or_else(|| read.get(&Stream::part(part_of(observation.mechanism).code())))
                .map_or(&[][..], Vec::as_slice);
            let lowest_read = read.iter().map(|range| range.from()).min();
            let wanted = observation
                .block
                .as_ref()
                .zip(lowest_read)
                .and_then(|(block, lowest)| {
                    let from = block.height.minus(DEPTH_IN_DOUBT).max(lowest);
                    HeightRange::new(from.min(block.height), tip)
                });
            if wanted.is_some_and(|wanted| uncovered(wanted, read).is_empty()) {
                unseen.push(stored.deposit.id());
            }
        }
        let gone = self
            .store
            .mark_unseen_gone(&network.id, &unseen, generation, self.now())
            .await?;
        for deposit in &gone {
            self.invalidate_claims(deposit, "a reorganisation removed the deposit")
                .await?;
        }
        if let Some(reorganisation) = &mut report.reorganisation {
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
        Ok(())
    }
}

/// The part of a chain in which a credit of this mechanism is found.
const fn part_of(mechanism: Mechanism) -> Part {
    match mechanism {
        Mechanism::TokenTransfer => Part::TransferLogs,
        Mechanism::TopLevel
        | Mechanism::BridgeMint
        | Mechanism::Escrow
        | Mechanism::Check
        | Mechanism::PaymentChannel
        | Mechanism::AccountMerge
        | Mechanism::ClaimableBalance
        | Mechanism::IbcTransfer
        | Mechanism::IbcRefund
        | Mechanism::Bounce => Part::TopLevel,
        Mechanism::InternalCall
        | Mechanism::SelfDestruct
        | Mechanism::Carrier
        | Mechanism::BalanceChange => Part::Internal,
        Mechanism::Withdrawal | Mechanism::Reward | Mechanism::BlockEvent => Part::BlockCredits,
    }
}
