//! How much proof a value needs.

use super::ProofMethod;
use crate::code::coded;
use crate::fee::Cents;
use std::collections::BTreeSet;

/// What is known of a claimant about one deposit: every method that holds at this moment.
pub type Evidence = BTreeSet<ProofMethod>;

coded! {
    /// How much proof of ownership is needed.
    pub enum ProofNeed {
        /// Any evidence that is not public.
        Any => "any",
        /// The account's own address or memo, or a proof of the sender.
        Account => "account",
        /// A proof of the sender.
        Sender => "sender",
        /// Two different ones, of which one is the account's own address or memo or a proof of the sender.
        Two => "two",
    }
}

/// Up to a value, so much proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofTier {
    /// The highest value that it is for, in the policy's currency; `None` for any.
    pub value_max: Option<Cents>,
    /// What is needed.
    pub needs: ProofNeed,
}

/// What one version of the policy says about proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPolicy {
    /// The exchange's domain or name, as challenges state it.
    pub exchange: String,
    /// How long a challenge is valid, in seconds.
    pub challenge_valid_seconds: i64,
    /// How long a verification deposit is waited for, in seconds.
    pub test_valid_seconds: i64,
    /// By value, each with a higher `value_max` than the one before; the last has none.
    pub tiers: Vec<ProofTier>,
}

impl ProofPolicy {
    /// What holds where the policy says nothing: challenges of 24 hours, tests of 48, any evidence up to 1,000 and the account's or
    /// the sender's above.
    #[must_use]
    pub fn usual(exchange: &str) -> Self {
        Self {
            exchange: exchange.to_owned(),
            challenge_valid_seconds: 24 * 3_600,
            test_valid_seconds: 48 * 3_600,
            tiers: vec![
                ProofTier {
                    value_max: Cents::parse("1000").ok(),
                    needs: ProofNeed::Any,
                },
                ProofTier {
                    value_max: None,
                    needs: ProofNeed::Account,
                },
            ],
        }
    }

    /// What a value needs. A value that nobody knows needs as much as the highest; one above every tier too.
    #[must_use]
    pub fn need(&self, value: Option<Cents>) -> ProofNeed {
        let fits = |tier: &&ProofTier| match (tier.value_max, value) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(most), Some(value)) => value <= most,
        };
        let found = self.tiers.iter().find(fits).or(self.tiers.last());
        found.map_or(ProofNeed::Two, |tier| tier.needs)
    }
}

/// Whether evidence is as much as is needed. More evidence is never less.
#[must_use]
pub fn is_enough(evidence: &Evidence, need: ProofNeed) -> bool {
    let has = |methods: &[ProofMethod]| methods.iter().any(|method| evidence.contains(method));
    let sender = has(&[
        ProofMethod::SignedMessage,
        ProofMethod::VerificationDeposit,
        ProofMethod::WithdrawalRecord,
    ]);
    let account = sender || evidence.contains(&ProofMethod::DepositAddress);
    match need {
        ProofNeed::Any => !evidence.is_empty(),
        ProofNeed::Account => account,
        ProofNeed::Sender => sender,
        ProofNeed::Two => account && evidence.len() >= 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_evidence() -> impl Iterator<Item = Evidence> {
        (0_u32..1 << ProofMethod::ALL.len()).map(|bits| {
            let methods = ProofMethod::ALL.iter().enumerate();
            methods
                .filter(|(place, _)| bits & (1 << place) != 0)
                .map(|(_, method)| *method)
                .collect()
        })
    }

    #[test]
    fn nothing_is_never_enough_and_more_is_never_less() {
        for need in ProofNeed::ALL {
            assert!(!is_enough(&Evidence::new(), *need), "{need}");
            for evidence in every_evidence() {
                for method in ProofMethod::ALL {
                    let mut more = evidence.clone();
                    more.insert(*method);
                    assert!(
                        !is_enough(&evidence, *need) || is_enough(&more, *need),
                        "{need}: {evidence:?} and {method}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_past_sender_is_little_and_a_proof_is_much() {
        use ProofMethod::{DepositAddress, PastSender, SignedMessage, WithdrawalRecord};
        let rows: [(&[ProofMethod], [bool; 4]); 6] = [
            (&[PastSender], [true, false, false, false]),
            (&[DepositAddress], [true, true, false, false]),
            (&[SignedMessage], [true, true, true, false]),
            (&[DepositAddress, PastSender], [true, true, false, true]),
            (&[WithdrawalRecord, SignedMessage], [true, true, true, true]),
            (&[DepositAddress, SignedMessage], [true, true, true, true]),
        ];
        for (evidence, expected) in rows {
            let evidence: Evidence = evidence.iter().copied().collect();
            let found: Vec<bool> = ProofNeed::ALL
                .iter()
                .map(|need| is_enough(&evidence, *need))
                .collect();
            assert_eq!(found, expected, "{evidence:?}");
        }
    }

    #[test]
    fn an_unknown_value_needs_the_most() {
        let policy = ProofPolicy::usual("example");
        let cents = |text: &str| Some(Cents::parse(text).unwrap());
        assert_eq!(policy.need(cents("1000")), ProofNeed::Any);
        assert_eq!(policy.need(cents("1000.01")), ProofNeed::Account);
        assert_eq!(policy.need(None), ProofNeed::Account);
        let none = ProofPolicy {
            tiers: Vec::new(),
            ..policy
        };
        assert_eq!(none.need(cents("1")), ProofNeed::Two);
    }
}
