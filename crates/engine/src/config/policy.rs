//! Who decides, what recovery costs and how old the facts behind a decision may be, as the engine sees it.

use recover_core::amount::Amount;
use recover_core::approval::{ApprovalPolicy, PolicyInForce};
use recover_core::decimal::Decimal;
use recover_core::fee::{Cents, FeePolicy};
use recover_core::network::NetworkId;
use recover_core::people::Person;
use recover_core::price::PriceRules;
use recover_core::proof::ProofPolicy;
use recover_core::queue::ServiceLevels;
use recover_source::carry::Wallet;
use std::collections::BTreeMap;

/// A checked `policy.toml`. The store numbers each text it has not seen before; quotes and approvals refer to that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// The currency of every sum in it: three capital letters.
    pub currency: String,
    /// How long a quote holds, in minutes.
    pub quote_valid_minutes: u32,
    /// How old a price may be when it is used, in minutes.
    pub price_age_max_minutes: u32,
    /// How many sources must have a price, and how far they may lie apart.
    pub prices: PriceRules,
    /// How long the signers may sign what was handed to them, in minutes.
    pub package_valid_minutes: u32,
    /// What is added to the gas estimate, in percent.
    pub gas_buffer_percent: Decimal,
    /// The most that the network may take for one claim, in `currency`.
    pub network_fee_max: Cents,
    /// The most that the network may take for one claim, in percent of the claim's value.
    pub network_fee_max_percent: Decimal,
    /// What recovery costs.
    pub fees: FeePolicy,
    /// Who must agree to what, and for how long what they saw holds.
    pub approval: ApprovalPolicy,
    /// How much proof of ownership a value needs, and how long proofs are waited for.
    pub proofs: ProofPolicy,
    /// The highest value up to which a match may pass without a person, in `currency`; a value that nobody knows never does. Zero:
    /// none passes.
    pub match_value_max: Cents,
    /// Who may do what.
    pub people: Vec<Person>,
    /// The exchange's own accounts. Nothing is moved on a network that has none here.
    pub wallets: BTreeMap<NetworkId, Wallet>,
    /// Accounts of services that many people share, with the service's name: nothing is returned to them.
    pub services: BTreeMap<(NetworkId, String), String>,
    /// What one transaction on the network of a wallet may take; for the same networks as `wallets`.
    pub native_limits: BTreeMap<NetworkId, NativeLimits>,
    /// By when customers are answered, and for how long `appeals next` gives out an appeal.
    pub service_levels: ServiceLevels,
    /// How many days customers' words are kept after their appeal ended; `None` where the house has no such rule.
    pub appeal_words_days: Option<u32>,
    /// Who must agree to a change of this policy.
    pub change: PolicyChange,
    /// SHA-256 of the file's bytes.
    pub digest: [u8; 32],
    /// The file's text, verbatim.
    pub text: String,
}

/// What it takes until a changed policy replaces this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyChange {
    /// Distinct admins who must agree; at least 2.
    pub admin_votes: u32,
    /// Distinct people of compliance who must agree; at least 1.
    pub compliance_votes: u32,
    /// How long after the last vote the changed policy becomes active, in seconds.
    pub delay_seconds: i64,
}

/// What one transaction on a network may take, in coins of its own currency. The signers' roster holds the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeLimits {
    /// The most that one transaction may cost.
    pub fee_max: Decimal,
    /// The most that one gas top-up may send; `None` where nobody pays for others.
    pub top_up_max: Option<Decimal>,
}

impl NativeLimits {
    /// Both limits in base units, `fee_max` first; `None` when one has more decimals than the coin, or does not fit.
    #[must_use]
    pub fn in_base_units(&self, decimals: u8) -> Option<(Amount, Amount)> {
        let one = Amount::power_of_ten(decimals)?;
        let exact = |coins: Decimal| {
            (coins.scale() <= decimals)
                .then(|| coins.times_floor(one))
                .flatten()
        };
        exact(self.fee_max).zip(self.top_up_max.map_or(Some(Amount::ZERO), exact))
    }
}

impl Policy {
    /// The person with this name; `None` when the policy does not know them.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// The exchange's accounts on a network; `None` where it names none, so that nothing is moved there.
    #[must_use]
    pub fn wallet(&self, network: &NetworkId) -> Option<&Wallet> {
        self.wallets.get(network)
    }

    /// What one transaction on a network may take; `None` where there is no wallet.
    #[must_use]
    pub fn native_limits(&self, network: &NetworkId) -> Option<NativeLimits> {
        self.native_limits.get(network).copied()
    }

    /// Rules and people as a decision on a claim reads them.
    #[must_use]
    pub fn in_force(&self) -> PolicyInForce<'_> {
        PolicyInForce {
            approval: &self.approval,
            people: &self.people,
        }
    }

    /// What the network's work may cost, with the margin of `gas_buffer_percent`, rounded up to the base unit; `None` when it does
    /// not fit.
    #[must_use]
    pub fn with_margin(&self, cost: Amount) -> Option<Amount> {
        let (one, hundred) = (Amount::from_u128(1), Amount::from_u128(100));
        let margin = self.gas_buffer_percent.times_ceil(cost)?;
        cost.checked_add(margin.mul_ratio_ceil(one, hundred)?)
    }

    /// Whether what the network takes for a claim of this value stays within both limits, the absolute and the relative one.
    /// A sum that leaves every range does not.
    #[must_use]
    pub fn allows_network_fee(&self, fee: Cents, value: Cents) -> bool {
        let within_share = fee
            .0
            .mul_ratio_ceil(Amount::from_u128(100), Amount::from_u128(1))
            .zip(self.network_fee_max_percent.times_floor(value.0))
            .is_some_and(|(fee, share)| fee <= share);
        within_share && fee <= self.network_fee_max
    }

    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn digest_text(&self) -> String {
        hex::encode(self.digest)
    }
}
