//! One transaction, from whatever hash a person pasted: of a transaction, of a message, of a trace. Wallets show the hash of
//! the sender's transaction or of the message from outside; the deposit comes later in the same trace.

use super::Toncenter;
use super::pages::{meaning, notifier};
use crate::address::{RawAddress, base64_text, parse_hash};
use crate::body::{Meaning, Transfer};
use crate::decode::Wallets;
use crate::transaction::{Compute, Transaction};
use crate::wire::{Answer, Trace};
use recover_core::block::TxId;
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{Lookup, Part, TransactionView};
use recover_source::error::SourceError;
use std::collections::{BTreeMap, BTreeSet};

/// Wallets asked for in one question at most.
const TOGETHER_MAX: usize = 50;
/// Accounts that an answer for several left out are asked for one by one, so many at most.
const ALONE_MAX: usize = 32;

impl Toncenter {
    pub(super) async fn look_up(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        let absent = || {
            if self.proves_absence {
                Lookup::Absent
            } else {
                Lookup::Unknown {
                    reason: format!("{} does not know it", self.api.client.origin()),
                }
            }
        };
        let Some(hash) = parse_hash(id.as_str()) else {
            return Ok(absent());
        };
        let text = base64_text(&hash);
        let mut found = self
            .rows("/transactions", &[("hash", &text), ("limit", "1")])
            .await?
            .into_iter()
            .find(|row| row.hash == hash);
        if found.is_none() {
            // Of a message that two transactions know, the one that received it is meant.
            let mut rows = self
                .rows("/transactionsByMessage", &[("msg_hash", &text)])
                .await?;
            rows.sort_by_key(|row| std::cmp::Reverse(row.lt));
            found = rows.into_iter().next();
        }
        let trace = match &found {
            Some(row) => self.trace_of(&row.hash).await?,
            None => self.trace("trace_id", &hash).await?,
        };
        if found.is_none() {
            found = trace
                .as_ref()
                .and_then(|trace| trace.transactions.first().cloned());
        }
        let Some(pasted) = found else {
            return Ok(absent());
        };
        self.view(id, pasted, trace).await.map(Lookup::Found)
    }

    async fn rows(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Transaction>, SourceError> {
        match self.api.ask_or_nothing(path, query).await? {
            None => Ok(Vec::new()),
            Some(Answer::Transactions(rows)) => Ok(rows),
            Some(_) => Err(self.api.unexpected("transactions")),
        }
    }

    /// The trace that a transaction belongs to; `None` when the server has none.
    pub(super) async fn trace_of(&self, hash: &[u8; 32]) -> Result<Option<Trace>, SourceError> {
        self.trace("tx_hash", hash).await
    }

    async fn trace(&self, by: &str, hash: &[u8; 32]) -> Result<Option<Trace>, SourceError> {
        let text = base64_text(hash);
        let answer = self
            .api
            .ask_or_nothing("/traces", &[(by, &text), ("limit", "1")])
            .await;
        match answer {
            // The transaction itself is worth showing without what came of it; that part counts as unread.
            Ok(None)
            | Err(
                SourceError::Unsupported { .. }
                | SourceError::Refused { .. }
                | SourceError::NotKept { .. },
            ) => Ok(None),
            Ok(Some(Answer::Traces(traces))) => Ok(traces.into_iter().next()),
            Ok(Some(_)) => Err(self.api.unexpected("a trace")),
            Err(error) => Err(error),
        }
    }

    async fn view(
        &self,
        id: &TxId,
        pasted: Transaction,
        trace: Option<Trace>,
    ) -> Result<TransactionView, SourceError> {
        let mut unread = BTreeSet::new();
        let mut steps = match trace {
            Some(trace) => {
                if trace.is_incomplete {
                    unread.extend([Part::TransferLogs, Part::Internal]);
                }
                trace.transactions
            }
            None => {
                unread.extend([Part::TransferLogs, Part::Internal]);
                Vec::new()
            }
        };
        if !steps.iter().any(|step| step.hash == pasted.hash) {
            steps.push(pasted.clone());
        }
        steps.sort_by_key(|step| (step.lt, step.account));
        let wallets = self.wallets_in(&steps).await?;
        let orders: Vec<Transfer> = steps
            .iter()
            .filter_map(|step| match meaning(step) {
                Some(Meaning::Transfer(order)) => Some(order),
                _ => None,
            })
            .collect();
        let mut heights = BTreeMap::new();
        for step in &steps {
            if let Some(height) = step.masterchain {
                heights.entry(height).or_insert(step.now);
            }
        }
        self.blocks.prepare(&self.api, &heights).await?;
        let mut credits: Vec<Observation> = Vec::new();
        for step in &steps {
            let block = match step.masterchain.filter(|_| !step.is_emulated) {
                Some(height) => Some(self.block_at(height).await?),
                None => None,
            };
            let mut made = self.decoder.credits(step, &wallets, block.as_ref());
            if let Some(Meaning::InternalTransfer(arrival)) = meaning(step) {
                let order = orders
                    .iter()
                    .find(|order| order.query == arrival.query && order.amount == arrival.amount);
                let custom = order.and_then(|order| order.custom_payload.clone());
                if let Some(credit) = made
                    .iter_mut()
                    .find(|credit| credit.position.as_str() == "jetton")
                {
                    credit.memos.extend(custom);
                }
            }
            credits.extend(made);
        }
        let own_id = crate::address::tx_id(&pasted.hash);
        let own = credits.iter().filter(|credit| credit.tx_id == own_id);
        let outcome = own
            .map(|credit| credit.outcome)
            .min_by_key(|outcome| match outcome {
                Outcome::Success => 0,
                Outcome::Unknown => 1,
                Outcome::Failed => 2,
            })
            .unwrap_or_else(|| ran(&pasted));
        let block = match pasted.masterchain.filter(|_| !pasted.is_emulated) {
            Some(height) => Some(self.block_at(height).await?),
            None => None,
        };
        let from_outside = |step: &&Transaction| {
            step.in_message
                .as_ref()
                .is_some_and(|message| !message.is_internal())
        };
        let signer = steps
            .iter()
            .find(from_outside)
            .map(|step| step.account.address());
        let to = if from_outside(&&pasted) {
            pasted
                .out_messages
                .iter()
                .find_map(|message| message.destination)
                .map(RawAddress::address)
        } else {
            Some(pasted.account.address())
        };
        Ok(TransactionView {
            id: id.clone(),
            block,
            outcome,
            signer,
            to,
            to_is_contract: None,
            credits,
            inputs: Vec::new(),
            unread,
        })
    }

    /// Which of the accounts in a trace are jetton wallets, and whose.
    async fn wallets_in(&self, steps: &[Transaction]) -> Result<Wallets, SourceError> {
        let mut asked: BTreeSet<RawAddress> = BTreeSet::new();
        for step in steps {
            let is_wallet = match meaning(step) {
                Some(Meaning::InternalTransfer(_)) => true,
                Some(Meaning::Operation(operation)) => operation == crate::body::BOUNCED,
                _ => false,
            };
            if is_wallet {
                asked.insert(step.account);
            }
            asked.extend(notifier(step));
        }
        let mut wallets = Wallets::default();
        let all: Vec<RawAddress> = asked.into_iter().collect();
        for some in all.chunks(TOGETHER_MAX) {
            let texts: Vec<String> = some.iter().map(RawAddress::to_string).collect();
            let size = texts.len().to_string();
            let mut query: Vec<(&str, &str)> = texts
                .iter()
                .map(|text| ("address", text.as_str()))
                .collect();
            query.push(("limit", &size));
            for row in self.wallet_rows(&query).await? {
                wallets.insert(&row);
            }
        }
        // Some servers take only the first of several.
        let left: Vec<RawAddress> = all
            .iter()
            .filter(|account| !wallets.knows(account))
            .copied()
            .collect();
        for account in left.iter().take(ALONE_MAX) {
            match self.wallet_at(*account).await? {
                Some(row) => wallets.insert(&row),
                None => wallets.stranger(*account),
            }
        }
        Ok(wallets)
    }
}

/// Whether a transaction that credits nobody did what it was for.
fn ran(row: &Transaction) -> Outcome {
    match (row.phases.aborted, &row.phases.compute) {
        (Some(true), _) => Outcome::Failed,
        (Some(false), None | Some(Compute::Ran { success: true, .. })) => Outcome::Success,
        (Some(false), _) => Outcome::Failed,
        (None, _) => Outcome::Unknown,
    }
}
