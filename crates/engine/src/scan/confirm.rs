//! Finality: deposits whose block can no longer vanish are looked at once more, with everything known by then.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use crate::scan::NetworkReport;
use recover_core::block::{BlockHash, Height, TxId};
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::network::NetworkId;
use recover_core::verdict::{Missing, Verdict};
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
        let gatherer = self.gatherer(network, Some(finalized))?;
        let mut hashes: BTreeMap<Height, Option<BlockHash>> = BTreeMap::new();
        // One under a claim keeps the claim's status while its block waits for finality again.
        let filter = DepositFilter {
            network: Some(network.id.clone()),
            statuses: vec![DepositStatus::Unconfirmed, DepositStatus::Claimed],
            origin: Some(OriginFilter::Observed),
            ..DepositFilter::default()
        };
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            let mut final_now = Vec::new();
            for stored in page.deposits {
                let is_waiting = stored.deposit.status == DepositStatus::Unconfirmed
                    || stored.deposit.classification.verdict
                        == Verdict::Conditional(Missing::FinalityMissing);
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
                if stored.suspect_at.is_some() || !is_waiting {
                    continue;
                }
                let hash = match hashes.entry(block.height) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        let header = source.header(block.height).await?;
                        place.insert(header.map(|header| header.block.hash))
                    }
                };
                match hash {
                    Some(hash) if *hash == block.hash => final_now.push(observation),
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
            let judged = gatherer.judge(final_now).await?;
            let deposits = self.deposits_of(network, None, judged).await?;
            // Mined coins wait for a hundred blocks, long after their block is final.
            let (waiting, done): (Vec<_>, Vec<_>) = deposits.into_iter().partition(|deposit| {
                deposit.classification.verdict == Verdict::Conditional(Missing::FinalityMissing)
            });
            let now = self.now();
            self.store.update_classifications(waiting, now).await?;
            let written = self.store.update_classifications(done, now).await?;
            report.confirmed = report.confirmed.saturating_add(written);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let replaced = self.follow_waiting(network, source, finalized).await?;
        report.confirmed = report.confirmed.saturating_add(replaced);
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
        let filter = DepositFilter {
            origin: Some(OriginFilter::Observed),
            ..filter.clone()
        };
        let mut gatherers: BTreeMap<NetworkId, FactGatherer<'_>> = BTreeMap::new();
        let mut changed = 0_u64;
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            let mut networks: BTreeMap<NetworkId, BTreeSet<TxId>> = BTreeMap::new();
            for stored in &page.deposits {
                networks
                    .entry(stored.deposit.network().clone())
                    .or_default()
                    .insert(stored.deposit.tx_id().clone());
            }
            for (network, transactions) in networks {
                let Some(config) = self.chains.network(&network) else {
                    continue;
                };
                let gatherer = match gatherers.entry(network.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(FactGatherer::new(
                        &self.store,
                        &self.chains,
                        &self.adapters,
                        &network,
                        sources,
                        self.store.finalized_height(&network).await?,
                    )?),
                };
                let transactions: Vec<TxId> = transactions.into_iter().collect();
                let written = self
                    .reclassify_transactions(config, gatherer, &transactions)
                    .await?;
                changed = changed.saturating_add(written);
            }
            after = page.next;
            if after.is_none() {
                return Ok(changed);
            }
        }
    }

    /// Whole transactions: a ledger row that one credit no longer needs may cover another.
    async fn reclassify_transactions(
        &self,
        network: &NetworkConfig,
        gatherer: &FactGatherer<'_>,
        transactions: &[TxId],
    ) -> Result<u64, EngineError> {
        let mut before = Vec::new();
        let mut observations = Vec::new();
        for stored in self
            .store
            .observed_in_transactions(&network.id, transactions)
            .await?
        {
            if let (Origin::Observed(observation), None) =
                (&stored.deposit.origin, stored.suspect_at)
            {
                observations.push(observation.clone());
                before.push(stored.deposit);
            }
        }
        let judged = gatherer.judge(observations).await?;
        let after = self.deposits_of(network, None, judged).await?;
        let different: Vec<Deposit> = before
            .iter()
            .zip(after)
            .filter(|(before, after)| {
                after.classification != before.classification
                    || after.decimals != before.decimals
                    || after.decimals_vouched != before.decimals_vouched
                    || (after.status != before.status && before.status != DepositStatus::Claimed)
            })
            .map(|(_, after)| after)
            .collect();
        if different.is_empty() {
            return Ok(0);
        }
        Ok(self
            .store
            .update_classifications(different, self.now())
            .await?)
    }
}
