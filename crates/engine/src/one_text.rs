//! Addresses that the networks of a family write in different ways, as matching compares them.
//!
//! The address book holds what was issued, an appeal what its writer was shown, a deposit what its network writes. Where these are three
//! texts for one script, all of them are compared in one ([`Detect::one_for_all`](recover_core::detect::Detect::one_for_all)). What is stored and shown stays as
//! it was written.

use crate::config::ChainsConfig;
use crate::family::Adapters;
use recover_core::appeal::Appeal;
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::network::Family;
use recover_matching::{DepositFacts, ids};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What turns every address into the one text for comparison, and remembers how else the address book may write it.
pub(crate) struct OneText<'a> {
    adapters: &'a Adapters,
    chains: &'a ChainsConfig,
    /// The folded texts of an address on the configured networks, by its folded one text.
    spellings: Mutex<HashMap<String, Vec<String>>>,
}

impl<'a> OneText<'a> {
    pub(crate) fn new(adapters: &'a Adapters, chains: &'a ChainsConfig) -> Self {
        Self {
            adapters,
            chains,
            spellings: Mutex::default(),
        }
    }

    fn of(&self, family: Family, text: &str) -> Option<String> {
        self.adapters.of(family)?.detect().one_for_all(text)
    }

    /// A deposit with its receiving address in the one text.
    pub(crate) fn deposit(&self, mut facts: DepositFacts) -> DepositFacts {
        let Some(family) = facts.family else {
            return facts;
        };
        if let Some(one) = self.of(family, &facts.to) {
            self.remember(family, &one);
            facts.to = one;
        }
        facts
    }

    fn remember(&self, family: Family, one: &str) {
        let Some(adapter) = self.adapters.of(family) else {
            return;
        };
        let folded = ids::folded(one);
        let mut spellings = self
            .spellings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if spellings.contains_key(&folded) {
            return;
        }
        let detect = adapter.detect();
        if let Ok(address) = detect.address(one) {
            let networks = self.chains.networks.values();
            let texts = networks
                .filter(|network| network.family == family)
                .filter_map(|network| detect.on_network(&address.payload(), &network.id))
                .map(|address| ids::folded(address.text()));
            spellings.insert(folded, texts.collect());
        }
    }

    /// The folded texts beside the folded one text of a deposit's address; none where all networks write alike.
    pub(crate) fn spellings(&self, folded: &str) -> Vec<String> {
        let spellings = self
            .spellings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        spellings.get(folded).cloned().unwrap_or_default()
    }

    /// Rows of the address book with the addresses of ours in the one text.
    pub(crate) fn records(&self, mut records: Vec<AddressRecord>) -> Vec<AddressRecord> {
        for record in &mut records {
            if matches!(record.role, AddressRole::Deposit | AddressRole::Retired)
                && let Some(one) = self.of(record.family, &record.value)
            {
                record.value = one;
            }
        }
        records
    }

    /// An appeal whose address is in the one text of the family that reads it.
    pub(crate) fn appeal<'b>(&self, appeal: &'b Appeal) -> Cow<'b, Appeal> {
        let text = &appeal.claimed_to_address;
        let one = self
            .adapters
            .iter()
            .find_map(|adapter| adapter.detect().one_for_all(text))
            .filter(|one| one != text);
        match one {
            Some(one) => Cow::Owned(Appeal {
                claimed_to_address: one,
                ..appeal.clone()
            }),
            None => Cow::Borrowed(appeal),
        }
    }
}
