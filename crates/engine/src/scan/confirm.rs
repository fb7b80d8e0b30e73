//! Finality: deposits whose block can no longer vanish are looked at once more, with everything known by then.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use crate::scan::NetworkReport;
use recover_core::block::{BlockHash, Height, TxId};
use recover_core::deposit::{DepositStatus, Origin};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_source::chain::{ChainRead, Head};
use recover_store::{DepositFilter, DepositOrder, OriginFilter};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PAGE: u32 = 500;

impl Engine {
    /// Re-checks the unconfirmed deposits at final heights: the block at their height must still be theirs, then they are
    /// classified again as final. Answers `false` when a block is another one than stored: the network was rewound below
    /// it and must be read again.
    pub(super) async fn confirm(
        &self,
        network: &NetworkConfig,
        source: &dyn ChainRead,
        head: &Head,
        report: &mut NetworkReport,
    ) -> Result<bool, EngineError> {
        let Some(finalized) = head.finalized else {
            return Ok(true);
        };
        let mut hashes: BTreeMap<Height, Option<BlockHash>> = BTreeMap::new();
        let mut final_now: BTreeMap<TxId, Vec<Observation>> = BTreeMap::new();
        let filter = DepositFilter {
            network: Some(network.id.clone()),
            statuses: vec![DepositStatus::Unconfirmed],
            origin: Some(OriginFilter::Observed),
            ..DepositFilter::default()
        };
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            for stored in page.deposits {
                let Origin::Observed(observation) = stored.deposit.origin else {
                    continue;
                };
                let Some(block) = observation
                    .block
                    .clone()
                    .filter(|block| block.height <= finalized)
                else {
                    continue;
                };
                if stored.suspect_at.is_some() {
                    continue;
                }
                if let Entry::Vacant(unread) = hashes.entry(block.height) {
                    let header = source.header(block.height).await?;
                    unread.insert(header.map(|header| header.block.hash));
                }
                match hashes.get(&block.height).and_then(Option::as_ref) {
                    Some(hash) if *hash == block.hash => {
                        final_now
                            .entry(observation.tx_id.clone())
                            .or_default()
                            .push(observation);
                    }
                    // The source does not answer for this height now: it stays unconfirmed.
                    None => {}
                    Some(_) => {
                        self.store
                            .rewind(&network.id, block.height.minus(1), self.now())
                            .await?;
                        return Ok(false);
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let gatherer = FactGatherer::new(
            &self.store,
            &self.chains,
            &self.adapters,
            &network.id,
            &self.sources,
            Some(finalized),
        )?;
        let observations: Vec<Observation> = final_now.into_values().flatten().collect();
        let judged = gatherer.judge(observations).await?;
        let deposits = self.deposits_of(network, None, judged).await?;
        let written = self
            .store
            .update_classifications(deposits, self.now())
            .await?;
        report.confirmed = report.confirmed.saturating_add(written);
        self.store.set_finalized(&network.id, finalized).await?;
        // One header below the final height stays, so that the next scan has something to agree on.
        self.store.prune_blocks(&network.id, finalized).await?;
        Ok(true)
    }

    /// Classifies stored deposits again with everything known now, without reading blocks: after an import, a token
    /// review or a change of configuration. Answers how many changed.
    ///
    /// # Errors
    /// When the store fails. A source that fails leaves its facts as they were.
    pub async fn reclassify(&self, filter: &DepositFilter) -> Result<u64, EngineError> {
        self.reclassify_from(filter, &self.sources).await
    }

    /// The same with these sources to ask; none for a run that must ask nobody.
    pub(crate) async fn reclassify_from(
        &self,
        filter: &DepositFilter,
        sources: &BTreeMap<NetworkId, Arc<dyn ChainRead>>,
    ) -> Result<u64, EngineError> {
        let mut networks: BTreeMap<_, BTreeSet<TxId>> = BTreeMap::new();
        let mut after = None;
        let filter = DepositFilter {
            origin: Some(OriginFilter::Observed),
            ..filter.clone()
        };
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            for stored in &page.deposits {
                networks
                    .entry(stored.deposit.network().clone())
                    .or_default()
                    .insert(stored.deposit.tx_id().clone());
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut changed = 0_u64;
        for (network, transactions) in networks {
            let Some(config) = self.chains.network(&network) else {
                continue;
            };
            let finalized = self.store.finalized_height(&network).await?;
            let mut gatherer = FactGatherer::new(
                &self.store,
                &self.chains,
                &self.adapters,
                &network,
                sources,
                finalized,
            )?;
            for tx_id in transactions {
                let stored = self
                    .store
                    .deposits_of_transaction(Some(&network), &tx_id)
                    .await?;
                let mut before = Vec::new();
                let mut observations = Vec::new();
                for stored in stored {
                    if stored.deposit.status == DepositStatus::Gone || stored.suspect_at.is_some() {
                        continue;
                    }
                    if let Origin::Observed(observation) = &stored.deposit.origin {
                        observations.push(observation.clone());
                        gatherer.remember(observation.id(), &stored.deposit.classification.verdict);
                        before.push(stored.deposit);
                    }
                }
                let judged = gatherer.judge(observations).await?;
                let after = self.deposits_of(config, None, judged).await?;
                let mut different = Vec::new();
                for (before, after) in before.into_iter().zip(after) {
                    if after.classification != before.classification
                        || (after.status != before.status
                            && before.status != DepositStatus::Claimed)
                    {
                        different.push(after);
                    }
                }
                changed =
                    changed.saturating_add(u64::try_from(different.len()).unwrap_or(u64::MAX));
                self.store
                    .update_classifications(different, self.now())
                    .await?;
            }
        }
        Ok(changed)
    }
}
