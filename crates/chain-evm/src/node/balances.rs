//! What a token's logs say against what its balances show.
//!
//! A log is a claim of its contract. For a contract that nobody vouched for the balance of the recipient is read before
//! and after the block; what it gained is what is ours.

use super::{EvmNode, Located, Reading};
use crate::address;
use crate::decode::LogCounter;
use crate::lookup::tag;
use crate::rpc::{Call, RpcCall, ask};
use crate::token::{balance_call, first_word, returned};
use crate::wire::Log;
use ethers::types::H160;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome};
use recover_source::chain::TransactionView;
use recover_source::error::{Advice, SourceError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;

/// Most contracts and recipients of one transaction whose balances are read when it is looked up.
const VIEW_PLACES_MAX: usize = 24;

/// A token balance over one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// The token.
    pub contract: H160,
    /// Whose balance.
    pub holder: H160,
    /// The block.
    pub height: u64,
}

/// The balance that a credit speaks of; `None` where none can be compared.
pub(super) fn stated(credit: &Observation, height: u64) -> Option<Place> {
    if credit.mechanism != Mechanism::TokenTransfer || credit.flags.contains(&Flag::Nft) {
        return None;
    }
    let contract = address::parse(credit.asset.contract_text()?).ok()?;
    Some(Place {
        contract: H160(address::bytes(&contract)?),
        holder: H160(address::bytes(&credit.to)?),
        height,
    })
}

/// A balance before and after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    before: Amount,
    after: Amount,
}

impl EvmNode {
    pub(super) async fn compare_with_balances(
        &self,
        trusted: &BTreeSet<String>,
        reading: &mut Reading,
    ) -> Result<(), SourceError> {
        let mut groups: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (index, Located { height, credit, .. }) in reading.found.iter().enumerate() {
            let vouched = credit
                .asset
                .contract_text()
                .is_none_or(|contract| trusted.contains(contract));
            if !vouched && let Some(place) = stated(credit, *height) {
                groups.entry(place).or_default().push(index);
            }
        }
        let places: Vec<Place> = groups.keys().copied().collect();
        let changes = self.changes(&places).await?;
        for ((place, members), change) in groups.iter().zip(changes) {
            let Some(change) = change else {
                continue;
            };
            let amounts: Vec<Amount> = members
                .iter()
                .filter_map(|index| reading.found.get(*index))
                .map(|located| located.credit.amount_stated)
                .collect();
            let outflow = reading.outflow.get(place).copied().unwrap_or_default();
            let judgement = judge(&amounts, change, outflow);
            for index in members {
                if let Some(located) = reading.found.get_mut(*index) {
                    apply(&mut located.credit, judgement);
                }
            }
        }
        Ok(())
    }

    /// The same for one transaction that was looked up: with all logs of its block, since other transactions may move the
    /// same balance.
    pub(super) async fn compare_view(&self, view: &mut TransactionView) -> Result<(), SourceError> {
        let Some(block) = view.block.clone() else {
            return Ok(());
        };
        let height = block.height.0;
        let mut places: BTreeSet<Place> = view
            .credits
            .iter()
            .filter(|credit| credit.outcome == Outcome::Success)
            .filter_map(|credit| stated(credit, height))
            .collect();
        if places.is_empty() || places.len() > VIEW_PLACES_MAX {
            return Ok(());
        }
        let contracts: BTreeSet<String> = places
            .iter()
            .map(|place| format!("{:?}", place.contract))
            .collect();
        let query = json!([{
            "fromBlock": tag(block.height),
            "toBlock": tag(block.height),
            "address": contracts,
            "topics": [format!("{:?}", crate::decode::TRANSFER)],
        }]);
        let logs: Vec<Log> = match ask(&self.rpc, Call::new("eth_getLogs", query)).await {
            Ok(logs) => logs,
            Err(error) if error.advice() == Advice::GiveUp => return Ok(()),
            Err(error) => return Err(error),
        };
        // Credits of other transactions to the same balance: then the change belongs to several, as in a scan.
        let mut others: Vec<Observation> = Vec::new();
        let mut outflow: HashMap<Place, Amount> = HashMap::new();
        let known: HashSet<_> = view.credits.iter().map(Observation::id).collect();
        let mut counter = LogCounter::default();
        for log in &logs {
            let transaction = log.transaction_hash.unwrap_or_default();
            let topic = log.topics.first().copied().unwrap_or_default();
            let Some(place) = counter.place(transaction, topic) else {
                continue;
            };
            if let Some(transfer) = crate::decode::read_transfer(log) {
                let source = Place {
                    contract: log.address,
                    holder: transfer.from,
                    height,
                };
                if places.contains(&source) && transfer.from != transfer.to {
                    let sum = outflow.entry(source).or_insert(Amount::ZERO);
                    *sum = sum.checked_add(transfer.amount).unwrap_or(Amount::MAX);
                }
            }
            // The query names contracts, so its count of logs is not the transaction's: only other transactions' credits are
            // taken from it, and for those the sum alone matters.
            let same =
                log.transaction_hash.map(|hash| address::tx_id(&hash.0)) == Some(view.id.clone());
            if !same {
                others.extend(
                    self.decoder
                        .log(log, place, Some(&block))
                        .into_iter()
                        .filter(|credit| !known.contains(&credit.id()))
                        .filter(|credit| {
                            stated(credit, height).is_some_and(|place| places.contains(&place))
                        }),
                );
            }
        }
        let ordered: Vec<Place> = std::mem::take(&mut places).into_iter().collect();
        let changes = self.changes(&ordered).await?;
        for (place, change) in ordered.iter().zip(changes) {
            let Some(change) = change else {
                continue;
            };
            let amounts: Vec<Amount> = view
                .credits
                .iter()
                .chain(&others)
                .filter(|credit| stated(credit, height) == Some(*place))
                .map(|credit| credit.amount_stated)
                .collect();
            let outflow = outflow.get(place).copied().unwrap_or_default();
            let judgement = judge(&amounts, change, outflow);
            for credit in &mut view.credits {
                if stated(credit, height) == Some(*place) {
                    apply(credit, judgement);
                }
            }
        }
        Ok(())
    }

    /// The balances before and after; `None` where the node or the contract does not say.
    async fn changes(&self, places: &[Place]) -> Result<Vec<Option<Change>>, SourceError> {
        let mut changes = Vec::with_capacity(places.len());
        for part in places.chunks(50) {
            if self.lacks_past_state.load(Ordering::Relaxed) {
                changes.resize(changes.len() + part.len(), None);
                continue;
            }
            let calls = part
                .iter()
                .flat_map(|place| {
                    let before = tag(Height(place.height).minus(1));
                    let after = tag(Height(place.height));
                    [
                        balance_call(place.contract, place.holder, &before),
                        balance_call(place.contract, place.holder, &after),
                    ]
                })
                .collect();
            let answers = match self.rpc.batch(calls).await {
                Ok(answers) => answers,
                Err(error) if error.advice() == Advice::GiveUp => {
                    self.lacks_past_state.store(true, Ordering::Relaxed);
                    changes.resize(changes.len() + part.len(), None);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut words = Vec::with_capacity(answers.len());
            for answer in answers {
                words.push(match answer {
                    // This node will not do it for any balance.
                    Err(SourceError::Unsupported { .. }) => {
                        self.lacks_past_state.store(true, Ordering::Relaxed);
                        None
                    }
                    Err(error) if error.advice() == Advice::GiveUp => None,
                    answer => returned(self.rpc().origin(), answer)?
                        .as_deref()
                        .and_then(first_word),
                });
            }
            changes.extend(words.chunks(2).map(|pair| {
                match pair {
                    [before, after] => before
                        .zip(*after)
                        .map(|(before, after)| Change { before, after }),
                    _ => None,
                }
            }));
        }
        Ok(changes)
    }
}

/// What the change of one balance in one block says of the credits to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// The balance gained what the logs say.
    Fits,
    /// One credit, and the balance gained another amount.
    Single(Amount),
    /// Several movements whose sum does not fit: how much each brought cannot be told.
    Several(Amount),
}

/// Compares the stated amounts of all credits to one balance in one block with its change. What left the balance by logs
/// is added to what it gained, so that a deposit swept in its own block still counts.
fn judge(stated: &[Amount], change: Change, outflow: Amount) -> Judgement {
    let sum = stated
        .iter()
        .try_fold(Amount::ZERO, |sum, amount| sum.checked_add(*amount));
    let gained = change
        .after
        .checked_add(outflow)
        .and_then(|after| after.checked_sub(change.before));
    let gained_or_none = gained.unwrap_or_default();
    if sum.is_some() && gained == sum {
        Judgement::Fits
    } else if stated.len() == 1 && outflow.is_zero() {
        Judgement::Single(gained_or_none)
    } else {
        Judgement::Several(gained_or_none)
    }
}

fn apply(credit: &mut Observation, judgement: Judgement) {
    match judgement {
        Judgement::Fits => credit.balance_delta = Some(credit.amount_stated),
        Judgement::Single(gained) => {
            credit.balance_delta = Some(gained);
            credit.amount = credit.amount_stated.min(gained);
            if gained.is_zero() {
                flag(credit, Flag::BalanceUnchanged);
            } else if gained < credit.amount_stated {
                flag(credit, Flag::FeeOnTransfer);
            }
        }
        Judgement::Several(gained) => {
            credit.amount = credit.amount_stated.min(gained);
            if gained.is_zero() {
                credit.balance_delta = Some(Amount::ZERO);
                flag(credit, Flag::BalanceUnchanged);
            } else {
                flag(credit, Flag::BalanceAmbiguous);
            }
        }
    }
}

fn flag(credit: &mut Observation, flag: Flag) {
    if !credit.flags.contains(&flag) {
        credit.flags.push(flag);
        credit.flags.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(values: &[u128]) -> Vec<Amount> {
        values
            .iter()
            .map(|value| Amount::from_u128(*value))
            .collect()
    }

    #[test]
    fn pitfall_030_the_change_of_balance_decides() {
        let judged = |stated: &[u128], before, after, outflow| {
            let change = Change {
                before: Amount::from_u128(before),
                after: Amount::from_u128(after),
            };
            judge(&amounts(stated), change, Amount::from_u128(outflow))
        };
        let of = Amount::from_u128;
        assert_eq!(judged(&[100], 5, 105, 0), Judgement::Fits);
        assert_eq!(judged(&[100], 5, 104, 0), Judgement::Single(of(99)));
        assert_eq!(judged(&[100], 5, 5, 0), Judgement::Single(Amount::ZERO));
        // A rebase downwards is no gain.
        assert_eq!(judged(&[100], 50, 5, 0), Judgement::Single(Amount::ZERO));
        assert_eq!(judged(&[100], 0, 500, 0), Judgement::Single(of(500)));
        assert_eq!(judged(&[60, 40], 0, 100, 0), Judgement::Fits);
        assert_eq!(judged(&[60, 40], 0, 99, 0), Judgement::Several(of(99)));
        // Swept in the block of its arrival.
        assert_eq!(judged(&[100], 0, 0, 100), Judgement::Fits);
        assert_eq!(judged(&[100], 0, 0, 99), Judgement::Several(of(99)));
        // Amounts that no sum holds never fit.
        let huge = vec![Amount::MAX, Amount::MAX];
        let none = Change {
            before: Amount::ZERO,
            after: Amount::ZERO,
        };
        assert_eq!(
            judge(&huge, none, Amount::ZERO),
            Judgement::Several(Amount::ZERO)
        );
    }
}
