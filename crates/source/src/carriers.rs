//! Several carriers of one network behind one face: what is read comes from the first that answers, signed bytes go to all, and
//! that something can never happen is believed only while nobody says otherwise.

use crate::carry::{
    Carry, CarryError, Inclusion, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use crate::error::SourceError;
use async_trait::async_trait;
use recover_core::check::{Deviation, Signed};
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, LegKind};
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
///    can never happen; that it failed there frees its slot, and is believed only while nobody who answered does not see it there;
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
                .any(|other| !same_block(first, other))
            || (matches!(first, Standing::Failed(_))
                && answers.iter().any(|other| {
                    !matches!(other, Standing::Unknown { .. }) && !same_block(first, other)
                }));
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

/// Whether a transaction stands in another slot than the one that was asked for.
fn is_elsewhere(inclusion: &Inclusion) -> bool {
    inclusion
        .deviations
        .iter()
        .any(|deviation| deviation.field == SEQUENCE)
}

/// The field by which every family tells that a transaction used another slot than the one in question.
pub const SEQUENCE: &str = "sequence";

/// Transactions and operations that give nobody anything, by the families' own names: what wallets send to take a slot away. Others
/// (an escrow, a path payment, a merged account) may well pay the recipient.
const PAYS_NOBODY: &[&str] = &[
    "AccountSet",
    "BumpSequence",
    "ManageData",
    "OfferCancel",
    "SetOptions",
    "TicketCreate",
    "TrustSet",
];

/// Whether a transaction that is not the approved one certainly paid its recipient nothing: it is addressed to another, pays nobody at
/// all, or delivered nothing. What cannot be told from the deviations may have paid. A contract's deployment pays nobody whatever
/// stands in its place.
fn paid_nothing(leg: &Leg, inclusion: &Inclusion) -> bool {
    leg.kind == LegKind::Deploy && !inclusion.deviations.is_empty()
        || inclusion
            .deviations
            .iter()
            .any(|deviation| match deviation.field {
                "recipient" => true,
                "kind" | "operation" => PAYS_NOBODY.contains(&deviation.found.as_str()),
                "delivered" => deviation.found == "0",
                _ => false,
            })
}

/// What it means that another transaction than the known one used the slot, after that one was compared with the leg.
///
/// The same payment can have several ids: an ECDSA signature made twice differs, and signers may have sent it themselves under another
/// price. A claim whose payment was called replaced is paid anew, so this is believed only of a transaction that paid the recipient
/// nothing, or of a slot that is gone without any.
fn of_replacement(leg: &Leg, by_slot: Standing) -> Standing {
    match by_slot {
        Standing::Included(inclusion) if inclusion.deviations.is_empty() => {
            Standing::Included(inclusion)
        }
        Standing::Included(inclusion) if inclusion.is_final => {
            if paid_nothing(leg, &inclusion) {
                Standing::Replaced {
                    by: Some(inclusion.tx_id),
                }
            } else {
                Standing::Included(inclusion)
            }
        }
        Standing::Failed(inclusion) if inclusion.is_final => Standing::Replaced {
            by: Some(inclusion.tx_id),
        },
        found @ (Standing::Replaced { .. } | Standing::Unknown { .. }) => found,
        other => Standing::Unknown {
            reason: format!(
                "another transaction is said to have used its slot, and by the slot itself {}: wait, or look which source is wrong",
                name(&other)
            ),
        },
    }
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
        let standing = self.merged(tracked).await?;
        match (standing, tracked.tx_id) {
            (Standing::Replaced { .. }, Some(_)) => {
                let by_slot = Tracked {
                    tx_id: None,
                    ..tracked.clone()
                };
                Ok(of_replacement(tracked.leg, self.merged(&by_slot).await?))
            }
            (Standing::Failed(inclusion), _) if is_elsewhere(&inclusion) => Ok(Standing::Unknown {
                reason: format!(
                    "{} failed, and it used another slot than the one in question: that frees nothing",
                    inclusion.tx_id
                ),
            }),
            (standing, _) => Ok(standing),
        }
    }
}

impl Carriers {
    /// What all members say, as one.
    async fn merged(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
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

    /// A source that knows what it is told to know: one answer by the id, one by the slot.
    struct Told {
        network: NetworkId,
        by_id: Standing,
        by_slot: Standing,
    }

    #[async_trait]
    impl Carry for Told {
        fn network(&self) -> &NetworkId {
            &self.network
        }
        async fn plan(&self, _: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
            unreachable!("nothing is planned")
        }
        async fn sequence(&self, _: &str) -> Result<Sequence, CarryError> {
            unreachable!("no account is asked about")
        }
        async fn build(
            &self,
            _: &Leg,
            _: u64,
            _: Timestamp,
            _: u32,
        ) -> Result<Unsigned, CarryError> {
            unreachable!("nothing is built")
        }
        async fn send(&self, _: &Signed) -> Sending {
            unreachable!("nothing is sent")
        }
        async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
            Ok(match tracked.tx_id {
                Some(_) => self.by_id.clone(),
                None => self.by_slot.clone(),
            })
        }
    }

    async fn standing_of(by_id: Standing, by_slot: Standing) -> Standing {
        use recover_core::amount::Amount;
        let network = NetworkId::new("x");
        let leg = Leg {
            kind: LegKind::Transfer,
            network: network.clone(),
            chain: "x:1".to_owned(),
            signer: "s".to_owned(),
            signer_key: None,
            target: "r".to_owned(),
            recipient: "r".to_owned(),
            memo: None,
            asset: recover_core::asset::AssetId::native(network.clone()),
            amount: Amount::from_u128(2),
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::from_u128(3),
        };
        let slot = recover_core::check::Slot {
            account: "s".to_owned(),
            sequence: 1,
            is_ticket: false,
        };
        let told = Told {
            network: network.clone(),
            by_id,
            by_slot,
        };
        Carriers::new(network, vec![Arc::new(told)])
            .standing(&Tracked {
                leg: &leg,
                slot: &slot,
                tx_id: Some(&TxId::new("b")),
                valid_until: None,
                valid_through: None,
            })
            .await
            .unwrap()
    }

    fn deviating(field: &'static str, found: &str, is_final: bool) -> Inclusion {
        Inclusion {
            deviations: vec![Deviation {
                field,
                found: found.to_owned(),
                approved: "2".to_owned(),
            }],
            ..included("x", is_final)
        }
    }

    /// The approved payment under another id – signed twice, or sent by the signers themselves – is the approved payment. Called
    /// replaced, the claim would end and the deposit be paid again.
    #[tokio::test]
    async fn pitfall_104_a_replacement_that_paid_is_no_replacement() {
        let by = |id: &str| Standing::Replaced {
            by: Some(TxId::new(id)),
        };
        let same = Standing::Included(included("x", true));
        assert_eq!(standing_of(by("a"), same.clone()).await, same);
        assert_eq!(standing_of(replaced(), same.clone()).await, same);
        // It paid the recipient another amount, or nobody can tell: a person must look.
        for (field, found) in [
            ("amount", "1"),
            ("delivered", "1"),
            ("fee_max", "9"),
            ("bytes", "another form"),
            ("operations", "2"),
            ("operation", "PathPaymentStrictSend"),
            ("kind", "EscrowCreate"),
        ] {
            let paid = Standing::Included(deviating(field, found, true));
            assert_eq!(standing_of(by("a"), paid.clone()).await, paid, "{field}");
        }
        // It paid the recipient nothing: the slot is gone and the payment never was.
        for (field, found) in [
            ("recipient", "another"),
            ("kind", "AccountSet"),
            ("operation", "BumpSequence"),
            ("delivered", "0"),
        ] {
            let other = Standing::Included(deviating(field, found, true));
            assert_eq!(standing_of(by("a"), other).await, by("a"), "{field}");
            let soon = Standing::Included(deviating(field, found, false));
            let found = standing_of(by("a"), soon).await;
            assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
        }
        let failed = Standing::Failed(included("x", true));
        assert_eq!(standing_of(by("a"), failed).await, by("a"));
        assert_eq!(standing_of(replaced(), replaced()).await, replaced());
        for other in [unknown(), Standing::NotSeen, pending()] {
            let found = standing_of(by("a"), other).await;
            assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_in_another_slot_frees_nothing() {
        let failed = Standing::Failed(deviating(SEQUENCE, "9", true));
        let found = standing_of(failed, Standing::NotSeen).await;
        assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
    }

    /// A failure frees the slot as a replacement does: one source that tells of it alone is not believed.
    #[test]
    fn a_failure_that_another_source_does_not_see_is_unknown() {
        let failed = || Standing::Failed(included("x", true));
        let here = Standing::Included(included("y", false));
        assert_eq!(
            merge_standings(vec![failed(), unknown(), failed()]),
            Some(failed())
        );
        for other in [Standing::NotSeen, pending(), here] {
            assert!(is_unknown(merge_standings(vec![failed(), other.clone()])));
            assert!(is_unknown(merge_standings(vec![other, failed()])));
        }
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
