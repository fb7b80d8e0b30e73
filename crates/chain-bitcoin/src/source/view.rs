//! A looked-up transaction, whoever gave it.

use crate::credit::{Decoder, Facts, Payer, outputs_to};
use bitcoin::Transaction;
use recover_core::observation::Outcome;
use recover_source::chain::TransactionView;
use std::collections::BTreeSet;

impl Facts<'_> {
    /// A transaction with every output that credits an address.
    pub(super) fn view(&self, decoder: &Decoder, transaction: &Transaction) -> TransactionView {
        let outputs = outputs_to(transaction, |_| true);
        let credits: Vec<_> = outputs
            .iter()
            .filter_map(|output| decoder.credit(self, output))
            .collect();
        let inputs = transaction.input.iter().map(|input| input.previous_output);
        let signer = match self.payer {
            Payer::Spent { first, .. } => first.and_then(|first| decoder.address(&first)),
            Payer::Block | Payer::Unknown => None,
        };
        // A transaction is addressed to nobody: its outputs are.
        let to = match &credits[..] {
            [only] => Some(only.to.clone()),
            _ => None,
        };
        TransactionView {
            id: self.id.clone(),
            block: self.block.cloned(),
            outcome: if self.block.is_some() {
                Outcome::Success
            } else {
                Outcome::Unknown
            },
            signer,
            to_is_contract: to.as_ref().map(|_| false),
            to,
            credits,
            inputs: inputs
                .filter(|outpoint| !outpoint.is_null())
                .map(|outpoint| outpoint.to_string())
                .collect(),
            unread: BTreeSet::new(),
        }
    }
}
