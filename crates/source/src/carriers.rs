//! Several carriers of one network behind one face: what is read comes from the first that answers, signed bytes go to all, and
//! that something can never happen is believed only while nobody says otherwise.

use crate::carry::{
    Carry, CarryError, Inclusion, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use crate::error::SourceError;
use async_trait::async_trait;
use recover_core::check::{Deviation, Signed};
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use std::sync::Arc;

/// The carriers of one network, in the order in which they are asked.
pub struct Carriers {
    network: NetworkId,
    members: Vec<Arc<dyn Carry>>,
}

impl std::fmt::Debug for Carriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carriers")
            .field("network", &self.network)
            .field("members", &self.members.len())
            .finish()
    }
}

impl Carriers {
    /// The carriers of one network, in order of preference: own nodes first.
    #[must_use]
    pub fn new(network: NetworkId, members: Vec<Arc<dyn Carry>>) -> Self {
        Self { network, members }
    }

    /// What failed where all did: the error itself where there is one, else all of them.
    fn failed(&self, mut errors: Vec<CarryError>) -> CarryError {
        if errors.len() == 1
            && let Some(error) = errors.pop()
        {
            return error;
        }
        let detail = if errors.is_empty() {
            "none is configured that carries transactions; add a node to chains.toml".to_owned()
        } else {
            join(errors.iter().map(ToString::to_string))
        };
        CarryError::Source(SourceError::AllFailed {
            network: self.network.to_string(),
            detail,
        })
    }

    /// Asks one after another and takes the first answer. A refusal is an answer: no other source is asked until one agrees.
    async fn first<T, F>(&self, ask: F) -> Result<T, CarryError>
    where
        T: Send,
        F: for<'a> Fn(
                &'a dyn Carry,
            )
                -> std::pin::Pin<Box<dyn Future<Output = Result<T, CarryError>> + Send + 'a>>
            + Send
            + Sync,
    {
        let mut errors = Vec::new();
        for member in &self.members {
            match ask(member.as_ref()).await {
                Err(error @ CarryError::Source(_)) => {
                    tracing::warn!(network = %self.network, %error, "asking the next source");
                    errors.push(error);
                }
                answer => return answer,
            }
        }
        Err(self.failed(errors))
    }
}

/// Texts in their order, each once.
fn join(texts: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct.join("; ")
}

/// What several sources said about bytes that all of them were given. A refusal holds only when nobody is left who may have
/// passed them on.
fn merge_sendings(answers: Vec<Sending>) -> Sending {
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    let mut unknown = Vec::new();
    for answer in answers {
        match answer {
            Sending::Accepted { by } => accepted.extend(by),
            Sending::Refused { reason } => refused.push(reason),
            Sending::Unknown { reason } => unknown.push(reason),
        }
    }
    if !accepted.is_empty() {
        return Sending::Accepted { by: accepted };
    }
    if unknown.is_empty() && !refused.is_empty() {
        return Sending::Refused {
            reason: join(refused.into_iter()),
        };
    }
    if unknown.is_empty() {
        unknown.push("no source is configured that takes transactions".to_owned());
    }
    Sending::Unknown {
        reason: join(unknown.into_iter().chain(refused)),
    }
}

/// In a block, whether it succeeded there or not.
fn inclusion(standing: &Standing) -> Option<&Inclusion> {
    match standing {
        Standing::Included(inclusion) | Standing::Failed(inclusion) => Some(inclusion),
        _ => None,
    }
}

fn name(standing: &Standing) -> String {
    match standing {
        Standing::NotSeen => "not seen".to_owned(),
        Standing::Pending { tx_id } => format!("{tx_id} waits"),
        Standing::Included(inclusion) => {
            format!("{} in block {}", inclusion.tx_id, inclusion.block.height)
        }
        Standing::Failed(inclusion) => {
            format!(
                "{} failed in block {}",
                inclusion.tx_id, inclusion.block.height
            )
        }
        Standing::Replaced { by: Some(by) } => format!("replaced by {by}"),
        Standing::Replaced { by: None } => "replaced".to_owned(),
        Standing::Expired { proof } => format!("expired: {proof}"),
        Standing::Unknown { reason } => reason.clone(),
    }
}

fn disagree(answers: &[Standing]) -> Standing {
    Standing::Unknown {
        reason: format!(
            "the sources disagree ({}); wait, or look which of them is wrong",
            join(answers.iter().map(name))
        ),
    }
}

/// One standing from what each source that answered said. Precedence:
/// 1. in a final block – unless another source has it in another final block, failed where it succeeded here, or says that it
///    can never happen;
/// 2. in a block – over everything that is only not seen, since a source may lag;
/// 3. waiting;
/// 4. replaced or expired – only while no source that answered says that it may still appear: the price of believing a liar here
///    is a second payment, the price of doubting is a wait;
/// 5. unknown, then not seen.
fn merge_standings(answers: Vec<Standing>) -> Option<Standing> {
    let in_blocks: Vec<&Standing> = answers
        .iter()
        .filter(|answer| inclusion(answer).is_some())
        .collect();
    let never =
        |answer: &&Standing| matches!(answer, Standing::Replaced { .. } | Standing::Expired { .. });
    let is_final =
        |answer: &&&Standing| inclusion(answer).is_some_and(|inclusion| inclusion.is_final);
    if let Some(first) = in_blocks.iter().find(is_final) {
        let contradicted = answers.iter().any(|answer| never(&answer))
            || in_blocks
                .iter()
                .filter(is_final)
                .any(|other| !same_block(first, other));
        return Some(if contradicted {
            disagree(&answers)
        } else {
            with_every_deviation(first, &in_blocks)
        });
    }
    if let Some(first) = in_blocks.first() {
        return Some(with_every_deviation(first, &in_blocks));
    }
    if let Some(waiting) = answers
        .iter()
        .find(|answer| matches!(answer, Standing::Pending { .. }))
    {
        return Some(waiting.clone());
    }
    let gone: Vec<&Standing> = answers.iter().filter(never).collect();
    if let Some(first) = gone.first() {
        if answers
            .iter()
            .any(|answer| matches!(answer, Standing::NotSeen))
        {
            return Some(disagree(&answers));
        }
        // The one that can name what took the slot says more.
        let named = gone
            .iter()
            .find(|answer| matches!(answer, Standing::Replaced { by: Some(_) }));
        return Some((*named.unwrap_or(first)).clone());
    }
    if let Some(unknown) = answers
        .iter()
        .find(|answer| matches!(answer, Standing::Unknown { .. }))
    {
        return Some(unknown.clone());
    }
    answers.into_iter().next()
}

fn same_block(left: &Standing, right: &Standing) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
        && match (inclusion(left), inclusion(right)) {
            (Some(left), Some(right)) => {
                left.tx_id == right.tx_id && left.block.hash == right.block.hash
            }
            _ => false,
        }
}

/// The inclusion with what every source that saw it in the same block found wrong: one that cannot look everywhere must not hide
/// what another saw.
fn with_every_deviation(chosen: &Standing, in_blocks: &[&Standing]) -> Standing {
    let mut chosen = chosen.clone();
    let others: Vec<Deviation> = in_blocks
        .iter()
        .filter(|other| same_block(&chosen, other))
        .filter_map(|other| inclusion(other))
        .flat_map(|inclusion| inclusion.deviations.iter().cloned())
        .collect();
    if let Standing::Included(inclusion) | Standing::Failed(inclusion) = &mut chosen {
        for deviation in others {
            if !inclusion.deviations.contains(&deviation) {
                inclusion.deviations.push(deviation);
            }
        }
    }
    chosen
}

#[async_trait]
impl Carry for Carriers {
    fn network(&self) -> &NetworkId {
        &self.network
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        let mut errors = Vec::new();
        for member in &self.members {
            match member.plan(order).await {
                Err(error @ CarryError::Source(_)) => errors.push(error),
                answer => return answer,
            }
        }
        Err(self.failed(errors))
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let account = account.to_owned();
        self.first(move |member| {
            let account = account.clone();
            Box::pin(async move { member.sequence(&account).await })
        })
        .await
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        let leg = leg.clone();
        self.first(move |member| {
            let leg = leg.clone();
            Box::pin(async move { member.build(&leg, sequence, now, life_seconds).await })
        })
        .await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let answers =
            futures::future::join_all(self.members.iter().map(|member| member.send(signed))).await;
        merge_sendings(answers)
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let answers =
            futures::future::join_all(self.members.iter().map(|member| member.standing(tracked)))
                .await;
        let mut standings = Vec::new();
        let mut errors = Vec::new();
        for answer in answers {
            match answer {
                Ok(standing) => standings.push(standing),
                Err(error) => errors.push(error),
            }
        }
        merge_standings(standings).ok_or_else(|| self.failed(errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::block::{BlockHash, BlockRef, Height, TxId};

    fn included(block: &str, is_final: bool) -> Inclusion {
        Inclusion {
            tx_id: TxId::new("a"),
            block: BlockRef {
                height: Height(7),
                hash: BlockHash::new(block),
                time: Timestamp::from_seconds(1).unwrap(),
            },
            is_final,
            fee: recover_core::amount::Amount::from_u128(3),
            deviations: Vec::new(),
            signer: "s".to_owned(),
        }
    }

    fn replaced() -> Standing {
        Standing::Replaced { by: None }
    }

    fn unknown() -> Standing {
        Standing::Unknown {
            reason: "cannot tell".to_owned(),
        }
    }

    fn pending() -> Standing {
        Standing::Pending {
            tx_id: TxId::new("a"),
        }
    }

    fn is_unknown(standing: Option<Standing>) -> bool {
        matches!(standing, Some(Standing::Unknown { .. }))
    }

    #[test]
    fn sent_bytes_are_refused_only_when_nobody_may_have_passed_them_on() {
        let accepted = Sending::Accepted {
            by: vec!["b".to_owned()],
        };
        let refused = Sending::Refused {
            reason: "bad".to_owned(),
        };
        let timeout = Sending::Unknown {
            reason: "time-out".to_owned(),
        };
        assert_eq!(
            merge_sendings(vec![refused.clone(), timeout.clone(), accepted.clone()]),
            accepted
        );
        assert_eq!(
            merge_sendings(vec![refused.clone(), refused.clone()]),
            refused
        );
        assert!(matches!(
            merge_sendings(vec![refused, timeout]),
            Sending::Unknown { reason } if reason == "time-out; bad"
        ));
        assert!(matches!(merge_sendings(vec![]), Sending::Unknown { .. }));
    }

    #[test]
    fn a_source_that_saw_it_wins_over_those_that_did_not() {
        let waiting_block = Standing::Included(included("x", false));
        let final_block = Standing::Included(included("x", true));
        for (answers, expected) in [
            (
                vec![Standing::NotSeen, final_block.clone()],
                final_block.clone(),
            ),
            (
                vec![waiting_block.clone(), final_block.clone()],
                final_block.clone(),
            ),
            (vec![replaced(), waiting_block.clone()], waiting_block),
            (vec![Standing::NotSeen, pending()], pending()),
            (vec![replaced(), pending()], pending()),
            (vec![unknown(), replaced()], replaced()),
            (vec![Standing::NotSeen, unknown()], unknown()),
            (vec![Standing::NotSeen], Standing::NotSeen),
        ] {
            assert_eq!(merge_standings(answers), Some(expected));
        }
        assert_eq!(merge_standings(vec![]), None);
    }

    #[test]
    fn what_cannot_both_be_true_is_unknown() {
        let here = || Standing::Included(included("x", true));
        let there = Standing::Included(included("y", true));
        let failed = Standing::Failed(included("x", true));
        assert!(is_unknown(merge_standings(vec![here(), there])));
        assert!(is_unknown(merge_standings(vec![here(), failed])));
        assert!(is_unknown(merge_standings(vec![here(), replaced()])));
        assert!(is_unknown(merge_standings(vec![
            Standing::NotSeen,
            replaced()
        ])));
    }

    #[test]
    fn nobody_hides_what_another_found_wrong() {
        let mut bad = included("x", true);
        bad.deviations.push(Deviation {
            field: "amount",
            found: "1".to_owned(),
            approved: "2".to_owned(),
        });
        let merged = merge_standings(vec![
            Standing::Included(included("x", true)),
            Standing::Included(bad),
        ]);
        let Some(Standing::Included(merged)) = merged else {
            panic!("it is in a block");
        };
        assert_eq!(merged.deviations.len(), 1);
    }
}
