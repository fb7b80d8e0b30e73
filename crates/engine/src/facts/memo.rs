//! Whom routing fields name: two questions to the store for a whole batch, the second only for values that nobody has.

use super::FactGatherer;
use crate::error::EngineError;
use recover_core::book::AddressRecord;
use recover_core::ledger::AccountStanding;
use recover_core::memo::{
    AssignedMemo, MemoFinding, MemoQuestion, MemoRules, judge, near_values, readings,
    wanted_values, wants_near_values,
};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A credit at a shared address, and what is known of its sender.
pub(super) struct Routed<'a> {
    pub(super) observation: &'a Observation,
    /// The network for which its sender meant the memo: the address's home, where it landed somewhere else.
    pub(super) meant_for: NetworkId,
    /// The users who are known to have sent from its sender before.
    pub(super) senders: BTreeSet<String>,
}

/// Rows of the address book by their value, with the network that each is for and the standing of its user's account.
#[derive(Default)]
struct Book(HashMap<String, Vec<(Option<NetworkId>, AssignedMemo)>>);

impl Book {
    /// The rows with one of these values, for this network or for all of them.
    fn of(&self, wanted: &BTreeSet<String>, network: &NetworkId) -> Vec<AssignedMemo> {
        wanted
            .iter()
            .filter_map(|value| self.0.get(value))
            .flatten()
            .filter(|(of, _)| of.as_ref().is_none_or(|of| of == network))
            .map(|(_, row)| row.clone())
            .collect()
    }
}

impl FactGatherer<'_> {
    /// What the routing fields of each credit say, in the order of `credits`.
    pub(super) async fn judge_memos(
        &self,
        credits: &[Routed<'_>],
        rules: &MemoRules,
        standings: &mut HashMap<String, AccountStanding>,
    ) -> Result<Vec<MemoFinding>, EngineError> {
        let mut wanted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (place, credit) in credits.iter().enumerate() {
            let readings = readings(&credit.observation.memos, rules);
            wanted.insert(place, wanted_values(&readings, rules));
        }
        let networks: BTreeSet<&NetworkId> =
            credits.iter().map(|credit| &credit.meant_for).collect();
        let networks: Vec<NetworkId> = networks.into_iter().cloned().collect();
        let assigned = self.assigned(wanted.values(), &networks, standings).await?;
        let judged = |place: usize, near: &[AssignedMemo]| {
            credits.get(place).map(|credit| {
                let nothing = BTreeSet::new();
                let wanted = wanted.get(&place).unwrap_or(&nothing);
                let rows = assigned.of(wanted, &credit.meant_for);
                judge(MemoQuestion {
                    memos: &credit.observation.memos,
                    rules,
                    at: credit.observation.block.as_ref().map(|block| block.time),
                    assigned: &rows,
                    near,
                    senders: &credit.senders,
                })
            })
        };
        let mut findings: Vec<MemoFinding> = (0..credits.len())
            .filter_map(|place| judged(place, &[]))
            .collect();
        let mut near: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (place, (credit, finding)) in credits.iter().zip(&findings).enumerate() {
            if wants_near_values(finding) {
                near.insert(place, near_values(&credit.observation.memos, rules));
            }
        }
        let neighbours = self.assigned(near.values(), &networks, standings).await?;
        for (place, wanted) in &near {
            let Some(credit) = credits.get(*place) else {
                continue;
            };
            let rows = neighbours.of(wanted, &credit.meant_for);
            if let (false, Some(finding), Some(judged)) = (
                rows.is_empty(),
                findings.get_mut(*place),
                judged(*place, &rows),
            ) {
                *finding = judged;
            }
        }
        Ok(findings)
    }

    /// The rows of the address book that assign one of these values here.
    async fn assigned(
        &self,
        wanted: impl Iterator<Item = &BTreeSet<String>>,
        networks: &[NetworkId],
        standings: &mut HashMap<String, AccountStanding>,
    ) -> Result<Book, EngineError> {
        let wanted: BTreeSet<&String> = wanted.flatten().collect();
        let wanted: Vec<String> = wanted.into_iter().cloned().collect();
        let records = self
            .store
            .assigned_memos(self.network.family, networks, &wanted)
            .await?;
        let unknown: BTreeSet<String> = records
            .iter()
            .filter_map(|record| record.user_id.clone())
            .filter(|user| !standings.contains_key(user))
            .collect();
        let unknown: Vec<String> = unknown.into_iter().collect();
        standings.extend(self.store.account_standings(&unknown).await?);
        let mut book = Book::default();
        for record in records {
            let AddressRecord {
                user_id: Some(user),
                value,
                network,
                created,
                retired,
                ..
            } = record
            else {
                continue;
            };
            let account = standings
                .get(&user)
                .copied()
                .unwrap_or(AccountStanding::Unknown);
            let row = AssignedMemo {
                value: value.clone(),
                user,
                created,
                retired,
                account,
            };
            book.0.entry(value).or_default().push((network, row));
        }
        Ok(book)
    }
}
