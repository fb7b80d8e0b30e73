//! Who paid: the outputs that a transaction spends, as one node can tell them.

use super::node::BitcoinNode;
use super::rpc::{Call, code};
use super::wire::RawTransaction;
use crate::block::{Dialect, Entry, Role, read_transaction};
use crate::credit::Payer;
use bitcoin::Txid;
use recover_source::error::{Advice, SourceError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// How many inputs of one transaction are looked up at most: one with more counts as paid by several.
const INPUTS_MAX: usize = 64;

/// A transaction whose payer is asked for.
pub struct Paid<'a> {
    /// The transaction.
    pub entry: &'a Entry,
    /// Its id.
    pub id: &'a str,
    /// Its block; `None` while it waits for one.
    pub block: Option<&'a str>,
}

impl BitcoinNode {
    /// The payers of transactions, in their order. What this node cannot tell is [`Payer::Unknown`], or [`Payer::Spent`] by several.
    pub(super) async fn payers(
        &self,
        dialect: Dialect,
        paid: &[Paid<'_>],
    ) -> Result<Vec<Payer>, SourceError> {
        let mut payers: Vec<Option<Payer>> = paid
            .iter()
            .map(|paid| match paid.entry.role {
                Role::Coinbase => Some(Payer::Block),
                // Paid out of a pool that does not say for whom.
                Role::HogEx => Some(Payer::Unknown),
                // Nothing but the extension block pays here, or a part of it.
                Role::Payment if paid.entry.transaction.input.is_empty() => Some(Payer::Unknown),
                Role::Payment => None,
            })
            .collect();
        self.ask_node(paid, &mut payers).await?;
        self.look_up(dialect, paid, &mut payers).await?;
        Ok(payers
            .into_iter()
            .map(|payer| payer.unwrap_or(Payer::Unknown))
            .collect())
    }

    /// Bitcoin Core from 24 on tells what a mined transaction spends, from what it keeps to undo its block: without any index.
    async fn ask_node(
        &self,
        paid: &[Paid<'_>],
        payers: &mut [Option<Payer>],
    ) -> Result<(), SourceError> {
        if !self.tells_spent.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut places = Vec::new();
        let mut calls = Vec::new();
        for (place, (paid, payer)) in paid.iter().zip(payers.iter()).enumerate() {
            if let (Some(block), None) = (paid.block, payer) {
                places.push(place);
                calls.push(Call::new("getrawtransaction", json!([paid.id, 2, block])));
            }
        }
        if calls.is_empty() {
            return Ok(());
        }
        let (mut tells, mut lacks) = (false, false);
        for (place, answer) in places.into_iter().zip(self.rpc.batch(&calls).await?) {
            let answer = match answer {
                Ok(answer) => self
                    .rpc
                    .parse::<RawTransaction>("getrawtransaction", answer.get())?,
                // Older daemons take no third parameter, and answer how the method is used.
                Err(SourceError::Refused {
                    code: code::MISC | code::WRONG_TYPE | code::OUT_OF_RANGE,
                    ..
                }) => {
                    lacks = true;
                    continue;
                }
                Err(error) if error.advice() == Advice::GiveUp => continue,
                Err(error) => return Err(error),
            };
            let scripts: Option<Vec<Vec<u8>>> = answer
                .vin
                .iter()
                .map(|input| hex::decode(&input.prevout.as_ref()?.script.hex).ok())
                .collect();
            if let (Some(scripts), Some(slot)) = (scripts, payers.get_mut(place))
                && !scripts.is_empty()
            {
                tells = true;
                *slot = Some(Payer::of(scripts.iter().map(|script| Some(&script[..]))));
            } else {
                lacks = true;
            }
        }
        if lacks && !tells {
            self.tells_spent.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Looks the transactions up whose outputs are spent: all of them where the node has `txindex`, else those that still wait.
    async fn look_up(
        &self,
        dialect: Dialect,
        paid: &[Paid<'_>],
        payers: &mut [Option<Payer>],
    ) -> Result<(), SourceError> {
        let mut wanted: BTreeSet<Txid> = BTreeSet::new();
        for (paid, payer) in paid.iter().zip(payers.iter()) {
            if payer.is_none() {
                let inputs = paid.entry.transaction.input.iter().take(INPUTS_MAX);
                wanted.extend(inputs.map(|input| input.previous_output.txid));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let calls: Vec<Call> = wanted
            .iter()
            .map(|id| Call::new("getrawtransaction", json!([id.to_string()])))
            .collect();
        let mut known: BTreeMap<Txid, Entry> = BTreeMap::new();
        for (id, answer) in wanted.into_iter().zip(self.rpc.batch(&calls).await?) {
            let text = match answer {
                Ok(answer) => answer,
                Err(error) if error.advice() == Advice::GiveUp => continue,
                Err(error) => return Err(error),
            };
            let hex: String = self.rpc.parse("getrawtransaction", text.get())?;
            let entry = hex::decode(hex)
                .ok()
                .and_then(|bytes| read_transaction(&bytes, dialect).ok());
            let Some(entry) = entry else { continue };
            if entry.id().is_some_and(|found| found != id) {
                return Err(self
                    .rpc
                    .client()
                    .inconsistent(format!("another transaction than {id}")));
            }
            known.insert(id, entry);
        }
        for (paid, payer) in paid.iter().zip(payers.iter_mut()) {
            if payer.is_some() {
                continue;
            }
            let inputs = &paid.entry.transaction.input;
            let scripts = inputs.iter().enumerate().map(|(place, input)| {
                let spent = input.previous_output;
                let entry = (place < INPUTS_MAX)
                    .then(|| known.get(&spent.txid))
                    .flatten()?;
                let output = entry
                    .transaction
                    .output
                    .get(usize::try_from(spent.vout).ok()?)?;
                Some(output.script_pubkey.as_bytes())
            });
            *payer = Some(Payer::of(scripts));
        }
        Ok(())
    }
}
