//! Who else has sent from the wallets by which appealing users are known: a wallet that several use is evidence for none of them.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::book::{AddressRecord, AddressRole};
use recover_matching::levels::SENDER_DEPOSITS_MAX;
use recover_matching::{DepositFacts, ids};
use std::collections::{BTreeSet, HashMap};

impl Engine {
    /// Every row of the address book about the past senders that these rows name, whoever's they are. Senders of no deposit are
    /// left out, and busy ones: matching takes what comes from those for anybody's.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn records_of_senders(
        &self,
        records: &[AddressRecord],
        facts: &[DepositFacts],
    ) -> Result<Vec<AddressRecord>, EngineError> {
        let senders: Vec<(String, &AddressRecord)> = records
            .iter()
            .filter(|record| record.role == AddressRole::PastSender)
            .map(|record| (ids::folded(&record.value), record))
            .collect();
        let mut counts: HashMap<&str, usize> = HashMap::with_capacity(senders.len());
        for (sender, _) in &senders {
            counts.insert(sender, 0);
        }
        for from in facts.iter().filter_map(|facts| facts.from.as_deref()) {
            if let Some(count) = counts.get_mut(ids::folded(from).as_str()) {
                *count = count.saturating_add(1);
            }
        }
        let (mut payloads, mut values) = (BTreeSet::new(), BTreeSet::new());
        for (sender, record) in &senders {
            let count = counts.get(sender.as_str()).copied().unwrap_or(0);
            if count == 0 || count > SENDER_DEPOSITS_MAX {
                continue;
            }
            match &record.payload {
                Some(payload) => {
                    payloads.insert(*payload);
                }
                None => {
                    values.insert(record.value.clone());
                }
            }
        }
        let payloads: Vec<_> = payloads.into_iter().collect();
        let values: Vec<_> = values.into_iter().collect();
        let mut found = self.store.records_of(&payloads).await?;
        found.extend(self.store.records_with_values(&values).await?);
        Ok(found)
    }
}
