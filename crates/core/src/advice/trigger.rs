//! What a deposit is watched for: the one thing that must happen before it can go on.

use crate::amount::Amount;
use crate::asset::{AssetId, AssetStanding, TokenReview};
use crate::code::coded;
use crate::network::{DepositState, NetworkId, RecoveryCapability};
use crate::time::Timestamp;
use crate::verdict::{Missing, Reason, Verdict};

coded! {
    /// What a deposit is watched for.
    pub enum TriggerCode {
        /// The network takes deposits again, or we can act there.
        NetworkReopened => "network_reopened",
        /// The asset is listed.
        AssetListed => "asset_listed",
        /// Somebody reviewed the token's contract.
        TokenReviewed => "token_reviewed",
        /// The asset has a price that counts.
        PriceKnown => "price_known",
        /// The factory that makes our contract stands on the network, or its deployment is laid out.
        FactoryInPlace => "factory_in_place",
        /// The address book says how the address is controlled.
        ControlKnown => "control_known",
        /// The network's work costs no more than a ceiling, or leaves something.
        NetworkCostBelow => "network_cost_below",
        /// What lies at the address reaches the smallest sum that is worked.
        MinimumReached => "minimum_reached",
        /// Whatever was missing: the deposit can be recovered as it is judged now.
        Recoverable => "recoverable",
        /// A day has come.
        Date => "date",
    }
}

/// What a deposit is watched for, with what exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// As [`TriggerCode::NetworkReopened`].
    NetworkReopened(NetworkId),
    /// As [`TriggerCode::AssetListed`].
    AssetListed(AssetId),
    /// As [`TriggerCode::TokenReviewed`].
    TokenReviewed(AssetId),
    /// As [`TriggerCode::PriceKnown`].
    PriceKnown(AssetId),
    /// As [`TriggerCode::FactoryInPlace`]: for an address on a network.
    FactoryInPlace(NetworkId, String),
    /// As [`TriggerCode::ControlKnown`]: of an address on a network.
    ControlKnown(NetworkId, String),
    /// As [`TriggerCode::NetworkCostBelow`]: the most that the network may take, in base units of its own coin, where a person
    /// named one; `None` is whatever leaves enough for a quote to be given then.
    NetworkCostBelow(NetworkId, Option<Amount>),
    /// As [`TriggerCode::MinimumReached`]: of an asset at an address.
    MinimumReached(AssetId, String),
    /// As [`TriggerCode::Recoverable`].
    Recoverable,
    /// As [`TriggerCode::Date`].
    Date(Timestamp),
}

impl Trigger {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> TriggerCode {
        match self {
            Self::NetworkReopened(_) => TriggerCode::NetworkReopened,
            Self::AssetListed(_) => TriggerCode::AssetListed,
            Self::TokenReviewed(_) => TriggerCode::TokenReviewed,
            Self::PriceKnown(_) => TriggerCode::PriceKnown,
            Self::FactoryInPlace(..) => TriggerCode::FactoryInPlace,
            Self::ControlKnown(..) => TriggerCode::ControlKnown,
            Self::NetworkCostBelow(..) => TriggerCode::NetworkCostBelow,
            Self::MinimumReached(..) => TriggerCode::MinimumReached,
            Self::Recoverable => TriggerCode::Recoverable,
            Self::Date(_) => TriggerCode::Date,
        }
    }

    /// What exactly is watched, as [`Trigger::parse`] reads it; empty where the deposit itself is.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::NetworkReopened(network) | Self::NetworkCostBelow(network, None) => {
                network.to_string()
            }
            Self::AssetListed(asset) | Self::TokenReviewed(asset) | Self::PriceKnown(asset) => {
                asset.to_string()
            }
            Self::FactoryInPlace(network, address) | Self::ControlKnown(network, address) => {
                format!("{network} {address}")
            }
            Self::NetworkCostBelow(network, Some(ceiling)) => {
                format!("{network} {}", ceiling.to_base_units())
            }
            Self::MinimumReached(asset, address) => format!("{asset} {address}"),
            Self::Recoverable => String::new(),
            Self::Date(date) => date.to_string(),
        }
    }

    /// Reads a code and what [`Trigger::subject`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(code: TriggerCode, subject: &str) -> Option<Self> {
        // A network's name holds no blank; an asset or an address of a file may.
        let network = || (!subject.is_empty()).then(|| NetworkId::new(subject));
        let placed = || {
            let (network, address) = subject.split_once(' ')?;
            Some((NetworkId::new(network), address.to_owned()))
        };
        let trigger = match code {
            TriggerCode::NetworkReopened => Self::NetworkReopened(network()?),
            TriggerCode::AssetListed => Self::AssetListed(AssetId::parse(subject)?),
            TriggerCode::TokenReviewed => Self::TokenReviewed(AssetId::parse(subject)?),
            TriggerCode::PriceKnown => Self::PriceKnown(AssetId::parse(subject)?),
            TriggerCode::FactoryInPlace => {
                let (network, address) = placed()?;
                Self::FactoryInPlace(network, address)
            }
            TriggerCode::ControlKnown => {
                let (network, address) = placed()?;
                Self::ControlKnown(network, address)
            }
            TriggerCode::NetworkCostBelow => {
                if subject.contains(' ') {
                    let (network, ceiling) = placed()?;
                    let ceiling = Amount::from_base_units(&ceiling).ok()?;
                    Self::NetworkCostBelow(network, Some(ceiling))
                } else {
                    Self::NetworkCostBelow(network()?, None)
                }
            }
            TriggerCode::MinimumReached => {
                let (asset, address) = subject.rsplit_once(' ')?;
                Self::MinimumReached(AssetId::parse(asset)?, address.to_owned())
            }
            TriggerCode::Recoverable if subject.is_empty() => Self::Recoverable,
            TriggerCode::Recoverable => return None,
            TriggerCode::Date => Self::Date(Timestamp::parse(subject).ok()?),
        };
        Some(trigger)
    }
}

/// What is known now of what a trigger waits for. `None` is unknown, and what is unknown has not happened.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The deposit's verdict as it is judged now.
    pub verdict: &'a Verdict,
    /// What chains.toml says of the trigger's network; `None` where it has no such table.
    pub network: Option<(DepositState, RecoveryCapability)>,
    /// How we stand to the trigger's asset.
    pub asset: Option<AssetStanding>,
    /// Whether the trigger's asset has a price that counts.
    pub has_price: Option<bool>,
    /// What the network's work for this deposit costs now, in base units of its own coin.
    pub network_cost: Option<Amount>,
    /// Whether a quote is given now.
    pub is_quoted: Option<bool>,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Seen<'a> {
    /// A verdict at a time, with nothing else looked at yet.
    #[must_use]
    pub fn of(verdict: &'a Verdict, now: Timestamp) -> Self {
        Self {
            verdict,
            network: None,
            asset: None,
            has_price: None,
            network_cost: None,
            is_quoted: None,
            now,
        }
    }
}

impl Trigger {
    /// Whether it has happened.
    #[must_use]
    pub fn is_met(&self, seen: &Seen<'_>) -> bool {
        match self {
            Self::NetworkReopened(_) => {
                let is_usable = matches!(
                    seen.network,
                    Some((DepositState::Open, _))
                        | Some((DepositState::Closed, RecoveryCapability::Direct))
                );
                is_usable
                    && !matches!(
                        seen.verdict,
                        Verdict::Conditional(
                            Missing::NetworkSuspended | Missing::NetworkConditional
                        ) | Verdict::NotRecoverable(_)
                    )
            }
            Self::AssetListed(_) => matches!(seen.asset, Some(AssetStanding::Listed(_))),
            Self::TokenReviewed(_) => match &seen.asset {
                Some(AssetStanding::Listed(_) | AssetStanding::Retired(_)) => true,
                Some(AssetStanding::Unlisted(review)) => *review != TokenReview::Unreviewed,
                Some(AssetStanding::Unvouched) | None => false,
            },
            Self::PriceKnown(_) => seen.has_price == Some(true),
            Self::FactoryInPlace(..) => match seen.verdict {
                Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => true,
                // The first that is missing is told: behind all that is about the factory, something else.
                Verdict::Conditional(missing) => *missing > Missing::DeployerNonceUnknown,
                Verdict::NotRecoverable(_) => false,
            },
            Self::ControlKnown(..) => match seen.verdict {
                Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => true,
                Verdict::Conditional(missing) => *missing > Missing::ControlContradicted,
                Verdict::NotRecoverable(_) => false,
            },
            Self::MinimumReached(..) | Self::NetworkCostBelow(_, None) => {
                seen.is_quoted == Some(true)
            }
            Self::NetworkCostBelow(_, Some(ceiling)) => {
                seen.network_cost.is_some_and(|cost| cost <= *ceiling)
            }
            Self::Recoverable => seen.verdict.is_recoverable(),
            Self::Date(date) => *date <= seen.now,
        }
    }

    /// Whether it can still come although the verdict says that nothing can be recovered: a network that we learn to act on,
    /// an address book that is corrected.
    #[must_use]
    pub const fn outlives(&self, reason: Reason) -> bool {
        matches!(
            (self, reason),
            (
                Self::NetworkReopened(_) | Self::Recoverable | Self::Date(_),
                Reason::NetworkOutOfReach
            ) | (
                Self::ControlKnown(..) | Self::Recoverable | Self::Date(_),
                Reason::AddressNotDerived
            )
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::AssetTerms;
    use crate::verdict::How;

    fn network() -> NetworkId {
        NetworkId::new("bsc")
    }

    fn seen(verdict: &Verdict) -> Seen<'_> {
        Seen::of(verdict, Timestamp::from_seconds(1_000).unwrap())
    }

    fn triggers() -> Vec<Trigger> {
        let asset = AssetId::contract(network(), "0xAb");
        vec![
            Trigger::NetworkReopened(network()),
            Trigger::AssetListed(AssetId::native(network())),
            Trigger::TokenReviewed(asset.clone()),
            Trigger::PriceKnown(AssetId::unlisted(network(), "A B")),
            Trigger::FactoryInPlace(network(), "0xAb".to_owned()),
            Trigger::ControlKnown(network(), "an address".to_owned()),
            Trigger::NetworkCostBelow(network(), Some(Amount::from_u128(u128::MAX))),
            Trigger::MinimumReached(AssetId::unlisted(network(), "A B"), "0xAb".to_owned()),
            Trigger::Recoverable,
            Trigger::Date(Timestamp::from_seconds(5).unwrap()),
        ]
    }

    #[test]
    fn own_every_trigger_is_read_as_it_was_written() {
        let triggers = triggers();
        let codes: Vec<TriggerCode> = triggers.iter().map(Trigger::code).collect();
        assert_eq!(codes, TriggerCode::ALL);
        let unnamed = Trigger::NetworkCostBelow(network(), None);
        for trigger in triggers.into_iter().chain([unnamed]) {
            let again = Trigger::parse(trigger.code(), &trigger.subject());
            assert_eq!(again, Some(trigger));
        }
        for code in TriggerCode::ALL {
            for nonsense in ["", " ", "x y z w", "native", "bsc/"] {
                if let Some(read) = Trigger::parse(*code, nonsense) {
                    assert_eq!(read.subject(), nonsense, "{code}");
                }
            }
        }
    }

    #[test]
    fn own_what_is_unknown_has_not_happened() {
        let waits = Verdict::Conditional(Missing::FinalityMissing);
        for trigger in triggers() {
            let is_met = trigger.is_met(&seen(&waits));
            assert_eq!(is_met, trigger.code() == TriggerCode::Date, "{trigger:?}");
        }
    }

    #[test]
    fn own_each_trigger_is_met_by_what_it_waits_for_and_by_nothing_before() {
        let good = Verdict::Controllable(How::SameKey);
        let terms = AssetTerms {
            symbol: "A".to_owned(),
            decimals: 2,
            minimum: None,
        };
        let reopened = Trigger::NetworkReopened(network());
        for (deposits, recovery, expected) in [
            (DepositState::Open, RecoveryCapability::None, true),
            (DepositState::Suspended, RecoveryCapability::Direct, false),
            (DepositState::Closed, RecoveryCapability::Direct, true),
            (DepositState::Closed, RecoveryCapability::Conditional, false),
        ] {
            let seen = Seen {
                network: Some((deposits, recovery)),
                ..seen(&good)
            };
            assert_eq!(reopened.is_met(&seen), expected, "{deposits} {recovery}");
        }
        let listed = Trigger::AssetListed(AssetId::native(network()));
        let reviewed = Trigger::TokenReviewed(AssetId::native(network()));
        for (standing, is_listed, is_reviewed) in [
            (AssetStanding::Listed(terms.clone()), true, true),
            (AssetStanding::Retired(terms), false, true),
            (AssetStanding::Unlisted(TokenReview::Genuine), false, true),
            (
                AssetStanding::Unlisted(TokenReview::Unreviewed),
                false,
                false,
            ),
            (AssetStanding::Unvouched, false, false),
        ] {
            let seen = Seen {
                asset: Some(standing.clone()),
                ..seen(&good)
            };
            assert_eq!(listed.is_met(&seen), is_listed, "{standing:?}");
            assert_eq!(reviewed.is_met(&seen), is_reviewed, "{standing:?}");
        }
        let cheap = Trigger::NetworkCostBelow(network(), Some(Amount::from_u128(10)));
        for (cost, expected) in [(9, true), (10, true), (11, false)] {
            let seen = Seen {
                network_cost: Some(Amount::from_u128(cost)),
                ..seen(&good)
            };
            assert_eq!(cheap.is_met(&seen), expected, "{cost}");
        }
        // Without a ceiling of a person's the quote of now decides, however little the network takes.
        let pays = Trigger::NetworkCostBelow(network(), None);
        for (is_quoted, expected) in [(Some(true), true), (Some(false), false), (None, false)] {
            let seen = Seen {
                network_cost: Some(Amount::ZERO),
                is_quoted,
                ..seen(&good)
            };
            assert_eq!(pays.is_met(&seen), expected, "{is_quoted:?}");
        }
        let factory = Trigger::FactoryInPlace(network(), String::new());
        let control = Trigger::ControlKnown(network(), String::new());
        for (missing, in_place, known) in [
            (Missing::FinalityMissing, false, false),
            (Missing::ControlUnknown, false, false),
            (Missing::ControlContradicted, false, false),
            (Missing::FactoryAbsent, false, true),
            (Missing::DeployerNonceUnknown, false, true),
            (Missing::NetworkConditional, true, true),
        ] {
            let verdict = Verdict::Conditional(missing);
            assert_eq!(factory.is_met(&seen(&verdict)), in_place, "{missing}");
            assert_eq!(control.is_met(&seen(&verdict)), known, "{missing}");
        }
        assert!(Trigger::Recoverable.is_met(&seen(&good)));
        let day = |seconds| Trigger::Date(Timestamp::from_seconds(seconds).unwrap());
        assert!(day(1_000).is_met(&seen(&good)));
        assert!(!day(1_001).is_met(&seen(&good)));
    }
}
