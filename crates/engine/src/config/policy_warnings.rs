//! What a policy allows and its author may not have meant. Nothing here stops anything: `policy check` says it.

use super::chains::{ChainsConfig, PriceSourceConfig};
use super::policy::Policy;
use recover_core::asset::AssetId;
use recover_core::fee::{Cents, FeeForm};
use recover_core::people::{Person, Role};
use recover_core::price::same_source;

/// Something that a policy allows and its author may not have meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyWarning {
    /// Votes count without a signature.
    #[error(
        "votes are not signed: who can write into the database can make up people's consent, and only `audit verify` and the \
         signers' own check stand behind it; give every voter a key and set signed_votes = true"
    )]
    VotesNotSigned,
    /// Who votes also hands over.
    #[error(
        "{name} votes and is treasury: on a claim that they voted for, somebody else must hand over"
    )]
    VoterIsTreasury {
        /// The person.
        name: String,
    },
    /// Nobody hands over.
    #[error("nobody has the role treasury: an approved claim can be handed to nobody")]
    NoTreasury,
    /// Nobody who never votes hands over.
    #[error(
        "everybody with the role treasury votes as well: a claim that all of them voted for can be handed over by nobody"
    )]
    TreasuryVotes,
    /// A halt stays.
    #[error(
        "{leads} people have the role wallet_lead, and two must lift a halt: once halted, nothing is ever released again"
    )]
    HaltStays {
        /// How many leads there are.
        leads: usize,
    },
    /// Values above the last tier.
    #[error("the last tier ends at {value_max}: a claim above it is denied")]
    ValuesDenied {
        /// Where it ends.
        value_max: Cents,
    },
    /// A changed policy is in force with the last vote.
    #[error("a changed policy comes into force with the last vote: nobody has time to notice")]
    ChangeWithoutDelay,
    /// Nothing is moved.
    #[error("no [[wallet]]: claims that need a transaction can be carried out on no network")]
    NoWallet,
    /// Unlisted tokens pay with themselves.
    #[error(
        "no fee_asset: what a token that the exchange does not list costs is taken out of that token; name what balances pay in"
    )]
    NoFeeAsset,
    /// Prices are compared with nothing.
    #[error(
        "[prices] sources_min is 1: where only one source has a price, its mistake decides what is quoted and who must agree; import or \
         fetch prices of two sources and write sources_min = 2"
    )]
    OnePriceSource,
    /// A fee that goes by the prices of a source that chains.toml does not name.
    #[error(
        "rule {rule} takes the prices of '{source_name}' alone, and no [[price_source]] of chains.toml has that name: unless files bring \
         prices in that name, no quote is given"
    )]
    PriceSourceUnnamed {
        /// The rule.
        rule: u32,
        /// The name that it takes.
        source_name: String,
    },
    /// A fee that is a multiple of what the policy does not name.
    #[error(
        "rule {rule} charges a multiple of the withdrawal fee, and {standing}: there no quote is given"
    )]
    WithdrawalUnnamed {
        /// The rule.
        rule: u32,
        /// Which assets have a `[[withdrawal]]`, or have none.
        standing: String,
    },
    /// A waiver that nobody may grant.
    #[error(
        "nobody has a role that may grant waiver {code}: name a person with one, or other roles"
    )]
    WaiverUngranted {
        /// The waiver.
        code: String,
    },
    /// Nobody is left when one person is away.
    #[error("tier {tier} needs every lead there is: while one is away, it waits")]
    LeadsScarce {
        /// The tier.
        tier: String,
    },
}

impl PolicyWarning {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::VotesNotSigned => "votes_not_signed",
            Self::VoterIsTreasury { .. } => "voter_is_treasury",
            Self::NoTreasury => "no_treasury",
            Self::TreasuryVotes => "treasury_votes",
            Self::HaltStays { .. } => "halt_stays",
            Self::ValuesDenied { .. } => "values_denied",
            Self::ChangeWithoutDelay => "change_without_delay",
            Self::NoWallet => "no_wallet",
            Self::NoFeeAsset => "no_fee_asset",
            Self::OnePriceSource => "one_price_source",
            Self::PriceSourceUnnamed { .. } => "price_source_unnamed",
            Self::WithdrawalUnnamed { .. } => "withdrawal_unnamed",
            Self::WaiverUngranted { .. } => "waiver_ungranted",
            Self::LeadsScarce { .. } => "leads_scarce",
        }
    }
}

impl Policy {
    /// The people with a role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Person> {
        self.people
            .iter()
            .filter(move |person| person.roles.contains(&role))
    }

    /// What it allows beside these networks and sources of prices and its author may not have meant, the gravest first.
    #[must_use]
    pub fn warnings(&self, chains: &ChainsConfig) -> Vec<PolicyWarning> {
        let voters = [Role::Wallet, Role::WalletLead, Role::Compliance];
        let mut found = Vec::new();
        if !self.approval.signed_votes {
            found.push(PolicyWarning::VotesNotSigned);
        }
        if self.change.delay_seconds == 0 {
            found.push(PolicyWarning::ChangeWithoutDelay);
        }
        let both: Vec<&Person> = self
            .with(Role::Treasury)
            .filter(|person| person.is_any(&voters))
            .collect();
        match self.with(Role::Treasury).count() {
            0 => found.push(PolicyWarning::NoTreasury),
            treasury if treasury == both.len() => found.push(PolicyWarning::TreasuryVotes),
            _ => {}
        }
        found.extend(both.iter().map(|person| PolicyWarning::VoterIsTreasury {
            name: person.name.clone(),
        }));
        let leads = self.with(Role::WalletLead).count();
        if leads < 2 {
            found.push(PolicyWarning::HaltStays { leads });
        }
        let scarce = self
            .approval
            .tiers
            .iter()
            .find(|tier| tier.lead_votes > 0 && usize::try_from(tier.lead_votes) == Ok(leads));
        found.extend(scarce.map(|tier| PolicyWarning::LeadsScarce {
            tier: tier.name.clone(),
        }));
        if let Some(value_max) = self.approval.tiers.last().and_then(|tier| tier.value_max) {
            found.push(PolicyWarning::ValuesDenied { value_max });
        }
        if self.wallets.is_empty() {
            found.push(PolicyWarning::NoWallet);
        }
        if self.prices.sources_min == 1 {
            found.push(PolicyWarning::OnePriceSource);
        }
        found.extend(self.fee_warnings(chains));
        found
    }

    fn fee_warnings(&self, chains: &ChainsConfig) -> Vec<PolicyWarning> {
        let fees = &self.fees;
        let mut found = Vec::new();
        if fees.fee_asset.is_none() && !fees.rules.is_empty() {
            found.push(PolicyWarning::NoFeeAsset);
        }
        for rule in &fees.rules {
            let unnamed = rule.price_source.as_deref().filter(|name| {
                let is = |source: &PriceSourceConfig| same_source(&source.name, name);
                !chains.price_sources.iter().any(is)
            });
            found.extend(unnamed.map(|name| PolicyWarning::PriceSourceUnnamed {
                rule: rule.number,
                source_name: name.to_owned(),
            }));
            let is_multiple = |form: &FeeForm| matches!(form, FeeForm::WithdrawalFee { .. });
            if !rule.form.members().any(is_multiple) {
                continue;
            }
            let without = |asset: &&AssetId| !fees.withdrawals.contains_key(*asset);
            let unnamed: Vec<String> = rule
                .assets
                .iter()
                .filter(without)
                .map(ToString::to_string)
                .collect();
            let named: Vec<String> = fees.withdrawals.keys().map(ToString::to_string).collect();
            let standing = match (rule.assets.is_empty(), unnamed.as_slice()) {
                (true, _) if named.is_empty() => "there is no [[withdrawal]]".to_owned(),
                (true, _) => format!(
                    "assets other than {} have no [[withdrawal]]",
                    named.join(", ")
                ),
                (false, []) => continue,
                (false, assets) => format!("there is no [[withdrawal]] of {}", assets.join(", ")),
            };
            let rule = rule.number;
            found.push(PolicyWarning::WithdrawalUnnamed { rule, standing });
        }
        found.extend(
            fees.waivers
                .iter()
                .filter(|waiver| {
                    !self
                        .people
                        .iter()
                        .any(|person| person.is_any(&waiver.roles))
                })
                .map(|waiver| PolicyWarning::WaiverUngranted {
                    code: waiver.code.clone(),
                }),
        );
        found
    }
}
