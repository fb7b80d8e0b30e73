//! What the ledger says about each credit: the rows of its own transaction, where a movement spans several of them the rows
//! that may name it by another id, and the withdrawal that its sender says to return.

use super::FactGatherer;
use crate::error::EngineError;
use recover_core::address::Address;
use recover_core::block::TxId;
use recover_core::ledger::{
    CreditKey, LedgerEntry, LedgerEntryKind, LedgerStanding, booked_by_other_id, explains,
    standings,
};
use recover_core::memo::{MemoEvidence, MemoFinding, MemoKind, MemoSign};
use recover_core::observation::{DepositId, Observation};
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, HashMap};

impl FactGatherer<'_> {
    /// Leaves a doubt on each credit of ours of which no row of its transaction speaks, when a row that nothing explains may
    /// book it under another id. A credit is not paid again before a person has said what that row is about.
    pub(super) async fn note_other_ids(
        &self,
        ours: &[(&Observation, Option<&str>)],
        booked: &mut HashMap<DepositId, LedgerStanding>,
    ) -> Result<(), EngineError> {
        let spans_transactions = self
            .adapter
            .is_some_and(|adapter| adapter.detect().books_by_other_ids());
        if !spans_transactions {
            return Ok(());
        }
        let mut ids: Vec<DepositId> = Vec::new();
        let mut silent: Vec<(CreditKey, Timestamp)> = Vec::new();
        for (credit, owner) in ours {
            let id = credit.id();
            if let Some(block) = &credit.block
                && booked.get(&id).is_none_or(LedgerStanding::is_silent)
            {
                ids.push(id);
                silent.push((CreditKey::of(credit, *owner), block.time));
            }
        }
        if silent.is_empty() {
            return Ok(());
        }
        let mut rows = self
            .store
            .unexplained_bookings(&self.network.id, &silent)
            .await?;
        // What this batch brings is not stored yet, and explains its rows all the same.
        let mut brought: HashMap<&TxId, Vec<&Observation>> = HashMap::new();
        for (credit, _) in ours {
            brought.entry(&credit.tx_id).or_default().push(credit);
        }
        rows.retain(|row| {
            let credits = brought.get(&row.tx_id).into_iter().flatten();
            !credits.into_iter().any(|credit| explains(credit, row))
        });
        for (id, (credit, at)) in ids.into_iter().zip(&silent) {
            if let Some(row) = booked_by_other_id(credit, *at, &rows) {
                booked.entry(id).or_default().unclear = Some(row.id.clone());
            }
        }
        Ok(())
    }

    /// The own withdrawals that senders say they return, by deposit: a routing field that names a transaction (Stellar's
    /// MEMO_RETURN), and the ledger has a withdrawal of ours in it. Of several in one transaction the one that fits best.
    pub(super) async fn named_returns(
        &self,
        ours: &[(&Observation, Option<&str>)],
    ) -> Result<HashMap<DepositId, String>, EngineError> {
        let mut named: BTreeMap<TxId, Vec<&Observation>> = BTreeMap::new();
        for (credit, _) in ours {
            for memo in &credit.memos {
                if memo.kind == MemoKind::Return
                    && let Some(adapter) = self.adapter
                    && let Some(tx_id) = adapter.detect().tx_id(&hex::encode(&memo.raw))
                {
                    named.entry(tx_id).or_default().push(credit);
                }
            }
        }
        if named.is_empty() {
            return Ok(HashMap::new());
        }
        let transactions: Vec<TxId> = named.keys().cloned().collect();
        let rows = self
            .store
            .ledger_of_transactions(&self.network.id, &transactions)
            .await?;
        let mut returns = HashMap::new();
        for (tx_id, credits) in named {
            for credit in credits {
                let from = credit.from.as_ref().map(Address::text);
                let withdrawal = rows
                    .iter()
                    .filter(|row| row.tx_id == tx_id && row.kind == LedgerEntryKind::OwnWithdrawal)
                    .min_by_key(|row| {
                        let is_other_asset = row
                            .asset
                            .as_ref()
                            .is_some_and(|asset| *asset != credit.asset);
                        let is_other_address = row.address.as_deref() != from;
                        let is_less = row.amount.is_some_and(|amount| amount < credit.amount);
                        (is_other_asset, is_other_address, is_less, &row.id)
                    });
                if let Some(row) = withdrawal {
                    returns.insert(credit.id(), row.id.clone());
                }
            }
        }
        Ok(returns)
    }
}

/// Notes that the ledger booked a credit to another user than the one whom its memo names: it is booked all the same, and the
/// one who appeals for it is told the truth only by a person.
pub(super) fn note_booking(
    finding: &mut MemoFinding,
    standing: &LedgerStanding,
    ledger: &[LedgerEntry],
) {
    let row = standing.credited.as_ref().or(standing.settled.as_ref());
    let user = row
        .and_then(|id| ledger.iter().find(|entry| entry.id == *id))
        .and_then(|entry| entry.user_id.as_ref());
    let (Some(owner), Some(user)) = (&finding.owner, user) else {
        return;
    };
    if owner == user {
        return;
    }
    let named = finding
        .evidence
        .iter()
        .find(|evidence| evidence.user.as_ref() == Some(owner));
    let Some(named) = named else { return };
    let evidence = MemoEvidence {
        sign: MemoSign::BookedToAnother,
        user: Some(user.clone()),
        ..named.clone()
    };
    finding.evidence.push(evidence);
    finding.evidence.sort();
    finding.evidence.dedup();
}

/// What the ledger says about each credit of ours, given with the user to whom it belongs beyond doubt. The same credit may
/// be given twice, as it is now and as it was stored: the first counts.
pub(super) fn booked_rows<'a>(
    credits: impl Iterator<Item = (&'a Observation, Option<&'a str>)>,
    ledger: &[LedgerEntry],
) -> HashMap<DepositId, LedgerStanding> {
    let mut rows: HashMap<&TxId, Vec<&LedgerEntry>> = HashMap::new();
    for entry in ledger {
        rows.entry(&entry.tx_id).or_default().push(entry);
    }
    let mut by_transaction: HashMap<&TxId, BTreeMap<DepositId, CreditKey>> = HashMap::new();
    for (credit, owner) in credits.filter(|(credit, _)| rows.contains_key(&credit.tx_id)) {
        by_transaction
            .entry(&credit.tx_id)
            .or_default()
            .entry(credit.id())
            .or_insert_with(|| CreditKey::of(credit, owner));
    }
    let mut booked = HashMap::new();
    for (tx_id, credits) in by_transaction {
        let (ids, keys): (Vec<DepositId>, Vec<CreditKey>) = credits.into_iter().unzip();
        let rows = rows.get(tx_id).map_or(&[][..], Vec::as_slice);
        booked.extend(ids.into_iter().zip(standings(&keys, rows)));
    }
    booked
}
