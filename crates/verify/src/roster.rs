//! The pinned roster: what the signers know from elsewhere than the package, in a file on their own machine.
//!
//! It says who may approve with which keys, how many must, where the exchange's own money lies, and what a network may cost at
//! most. It comes to the signers once, by a way that they trust, and changes by the same way; nothing in a package can change it.

use crate::codecs::check_of;
use recover_core::amount::Amount;
use recover_core::approval::{Alone, ApprovalPolicy, ApprovalRule, RuleAction, Tier};
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::digest::Digest;
use recover_core::fee::Cents;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::people::{Person, Role};
use recover_core::ssh::PublicKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What stands in `format`.
pub const FORMAT: &str = "recover-roster/1";

/// The longest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// How old what people voted on may be, where nobody decided otherwise: seven days.
pub const CONTENT_AGE_SECONDS_MAX: i64 = 7 * 86_400;

/// How far a package's deadline may lie ahead, where nobody decided otherwise: one day.
pub const PACKAGE_VALID_SECONDS_MAX: i64 = 86_400;

/// What signers hold a package against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The exchange, for people.
    pub exchange: String,
    /// The versions of the policy that a package may refer to.
    pub policies: Vec<AcceptedPolicy>,
    /// Who must agree.
    pub approval: ApprovalPolicy,
    /// Everybody who may.
    pub people: Vec<Person>,
    /// The networks with the exchange's own accounts.
    pub networks: Vec<PinnedNetwork>,
    /// Digits and names of assets, for printing alone: no rule looks at them.
    pub assets: Vec<PinnedAsset>,
    /// How long ago the content that people voted on may have been cleared, in seconds: the one age in a package that is under the
    /// approvers' signatures. It ends the life of an approval that somebody kept.
    pub content_age_seconds_max: i64,
    /// How far a package's deadline may lie ahead, in seconds.
    pub package_valid_seconds_max: i64,
}

/// A version of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedPolicy {
    /// Its number.
    pub version: u32,
    /// The digest of its text.
    pub digest: Digest,
}

/// A network and what may happen on it. Addresses are canonical text; amounts are base units of its native asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedNetwork {
    /// Its short name.
    pub network: NetworkId,
    /// Its CAIP-2 chain.
    pub chain: String,
    /// Where swept money goes.
    pub treasury: String,
    /// Who pays gas top-ups and calls contracts of the exchange; `None` where nobody does, so that no such step is accepted.
    pub gas: Option<String>,
    /// The most that one transaction may cost.
    pub fee_max: Amount,
    /// The most that one gas top-up may send.
    pub top_up_max: Amount,
    /// Which key signs for an account whose address does not tell it: account and lower-case hexadecimal key.
    pub signers: Vec<(String, String)>,
}

/// An asset as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedAsset {
    /// Which.
    pub asset: AssetId,
    /// What people call it.
    pub symbol: String,
    /// Digits behind the point.
    pub decimals: u8,
}

/// Why a text is no roster. The fields say where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// It is no TOML of this shape.
    #[error("the roster cannot be read: {0}")]
    Shape(String),
    /// A value is not what it should be.
    #[error("the roster's {field} cannot be read: {value:?}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// It would let nobody or anybody approve, or contradicts itself.
    #[error("the roster {0}")]
    Unsound(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RosterFile {
    format: String,
    exchange: String,
    content_age_seconds_max: i64,
    package_valid_seconds_max: i64,
    policy: Vec<PolicyFile>,
    approval: ApprovalFile,
    person: Vec<PersonFile>,
    #[serde(default)]
    network: Vec<NetworkFile>,
    #[serde(default)]
    asset: Vec<AssetFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: u32,
    digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalFile {
    signed_votes: bool,
    vote_valid_seconds: i64,
    screening_age_max_seconds: i64,
    release_screening_age_max_seconds: i64,
    week_multiple: u32,
    maker_multiple: u32,
    pair_multiple: u32,
    day_release_max: String,
    rule: Vec<RuleFile>,
    tier: Vec<TierFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    number: u32,
    kinds: Vec<String>,
    networks: Vec<String>,
    resolutions: Vec<String>,
    action: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    name: String,
    value_max: Option<String>,
    votes: u32,
    lead_votes: u32,
    compliance_vote: bool,
    delay_seconds: i64,
    alone: Option<AloneFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AloneFile {
    day_value_max: String,
    day_claims_max: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonFile {
    name: String,
    roles: Vec<String>,
    keys: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    name: String,
    chain: String,
    treasury: String,
    gas: Option<String>,
    fee_max: String,
    top_up_max: String,
    #[serde(default)]
    signer: Vec<SignerFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerFile {
    account: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetFile {
    id: String,
    symbol: String,
    decimals: u8,
}

fn read<T>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, RosterError> {
    parse(text).ok_or_else(|| RosterError::Value {
        field,
        value: text.to_owned(),
    })
}

fn list<T>(
    field: &'static str,
    texts: &[String],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, RosterError> {
    texts.iter().map(|text| read(field, text, &parse)).collect()
}

fn cents(field: &'static str, text: &str) -> Result<Cents, RosterError> {
    read(field, text, |text| Cents::parse(text).ok())
}

fn amount(field: &'static str, text: &str) -> Result<Amount, RosterError> {
    read(field, text, |text| Amount::from_base_units(text).ok())
}

impl Roster {
    /// Reads a roster.
    ///
    /// # Errors
    /// When it cannot be read, or is unsound: no threshold, nobody, a person or key twice, …
    pub fn parse(text: &str) -> Result<Self, RosterError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(RosterError::Shape(format!("it has {} bytes", text.len())));
        }
        let file: RosterFile =
            toml::from_str(text).map_err(|error| RosterError::Shape(error.message().to_owned()))?;
        if file.format != FORMAT {
            return Err(RosterError::Value {
                field: "format",
                value: file.format,
            });
        }
        let roster = Self {
            exchange: file.exchange,
            content_age_seconds_max: file.content_age_seconds_max,
            package_valid_seconds_max: file.package_valid_seconds_max,
            policies: file
                .policy
                .iter()
                .map(|policy| {
                    Ok(AcceptedPolicy {
                        version: policy.version,
                        digest: read("policy.digest", &policy.digest, Digest::parse)?,
                    })
                })
                .collect::<Result<_, _>>()?,
            approval: file.approval.read()?,
            people: file
                .person
                .iter()
                .map(PersonFile::read)
                .collect::<Result<_, _>>()?,
            networks: file
                .network
                .iter()
                .map(NetworkFile::read)
                .collect::<Result<_, _>>()?,
            assets: file
                .asset
                .iter()
                .map(|asset| {
                    Ok(PinnedAsset {
                        asset: read("asset.id", &asset.id, AssetId::parse)?,
                        symbol: asset.symbol.clone(),
                        decimals: asset.decimals,
                    })
                })
                .collect::<Result<_, _>>()?,
        };
        roster.require_sound()?;
        Ok(roster)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// When the roster is unsound.
    pub fn to_toml(&self) -> Result<String, RosterError> {
        self.require_sound()?;
        let file = RosterFile {
            format: FORMAT.to_owned(),
            exchange: self.exchange.clone(),
            content_age_seconds_max: self.content_age_seconds_max,
            package_valid_seconds_max: self.package_valid_seconds_max,
            policy: self
                .policies
                .iter()
                .map(|policy| PolicyFile {
                    version: policy.version,
                    digest: policy.digest.to_string(),
                })
                .collect(),
            approval: ApprovalFile::of(&self.approval),
            person: self.people.iter().map(PersonFile::of).collect(),
            network: self.networks.iter().map(NetworkFile::of).collect(),
            asset: self
                .assets
                .iter()
                .map(|asset| AssetFile {
                    id: asset.asset.to_string(),
                    symbol: asset.symbol.clone(),
                    decimals: asset.decimals,
                })
                .collect(),
        };
        toml::to_string(&file).map_err(|error| RosterError::Shape(error.to_string()))
    }

    /// The network with this name.
    #[must_use]
    pub fn network(&self, network: &NetworkId) -> Option<&PinnedNetwork> {
        self.networks
            .iter()
            .find(|pinned| pinned.network == *network)
    }

    /// Empty is never a pass: what would let nobody, anybody or one person in two names approve is refused.
    fn require_sound(&self) -> Result<(), RosterError> {
        let require = |holds: bool, otherwise: &str| match holds {
            true => Ok(()),
            false => Err(RosterError::Unsound(otherwise.to_owned())),
        };
        fn once<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
            let mut seen = BTreeSet::new();
            items.into_iter().all(|item| seen.insert(item))
        }
        let approval = &self.approval;
        require(!self.exchange.trim().is_empty(), "names no exchange")?;
        require(!self.policies.is_empty(), "accepts no policy")?;
        require(!self.people.is_empty(), "names nobody")?;
        require(!approval.rules.is_empty(), "has no approval rule")?;
        require(!approval.tiers.is_empty(), "has no tier")?;
        for (seconds, field) in [
            (self.content_age_seconds_max, "content_age_seconds_max"),
            (self.package_valid_seconds_max, "package_valid_seconds_max"),
            (approval.vote_valid_seconds, "vote_valid_seconds"),
            (
                approval.screening_age_max_seconds,
                "screening_age_max_seconds",
            ),
            (
                approval.release_screening_age_max_seconds,
                "release_screening_age_max_seconds",
            ),
        ] {
            require(seconds > 0, &format!("has no time in {field}"))?;
        }
        let multiples = [
            approval.week_multiple,
            approval.maker_multiple,
            approval.pair_multiple,
        ];
        require(!multiples.contains(&0), "has a multiple of zero")?;
        for tier in &approval.tiers {
            let name = &tier.name;
            require(!name.trim().is_empty(), "has a tier without a name")?;
            require(tier.votes > 0, &format!("has tier {name} without a vote"))?;
            require(
                tier.lead_votes <= tier.votes && tier.delay_seconds >= 0,
                &format!("has tier {name} that contradicts itself"),
            )?;
        }
        let rises = approval.tiers.windows(2).all(|pair| match pair {
            [lower, higher] => lower
                .value_max
                .is_some_and(|lower| higher.value_max.is_none_or(|higher| lower < higher)),
            _ => true,
        });
        require(rises, "has tiers that do not rise")?;
        let names = |tier: &Tier| tier.name.clone();
        require(once(approval.tiers.iter().map(names)), "has a tier twice")?;
        require(
            once(self.people.iter().map(|person| person.name.to_lowercase())),
            "has a person twice",
        )?;
        require(
            self.people
                .iter()
                .all(|person| !person.name.trim().is_empty() && !person.roles.is_empty()),
            "has a person without a name or a role",
        )?;
        require(
            once(self.people.iter().flat_map(|person| &person.keys)),
            "has a key twice: one key is one person's",
        )?;
        require(
            once(self.networks.iter().map(|network| &network.network))
                && once(self.networks.iter().map(|network| &network.chain)),
            "has a network or a chain twice",
        )?;
        for pinned in &self.networks {
            let name = &pinned.network;
            require(
                check_of(&pinned.chain).is_some(),
                &format!(
                    "has {name} on {}, whose bytes are not checked",
                    pinned.chain
                ),
            )?;
            require(
                !pinned.treasury.is_empty() && pinned.gas.as_deref() != Some(""),
                &format!("has {name} without a treasury or with an empty gas account"),
            )?;
            require(
                !pinned.fee_max.is_zero(),
                &format!("lets nothing be paid on {name}: fee_max is zero"),
            )?;
            let mut accounts = pinned.signers.iter().map(|(account, _)| account);
            require(
                once(accounts.by_ref()),
                &format!("has an account of {name} with two keys"),
            )?;
        }
        Ok(())
    }
}

impl ApprovalFile {
    fn of(policy: &ApprovalPolicy) -> Self {
        // Without `..`: a field that is added must be decided on here.
        let ApprovalPolicy {
            rules,
            tiers,
            week_multiple,
            maker_multiple,
            pair_multiple,
            day_release_max,
            vote_valid_seconds,
            screening_age_max_seconds,
            release_screening_age_max_seconds,
            signed_votes,
        } = policy;
        Self {
            signed_votes: *signed_votes,
            vote_valid_seconds: *vote_valid_seconds,
            screening_age_max_seconds: *screening_age_max_seconds,
            release_screening_age_max_seconds: *release_screening_age_max_seconds,
            week_multiple: *week_multiple,
            maker_multiple: *maker_multiple,
            pair_multiple: *pair_multiple,
            day_release_max: day_release_max.to_string(),
            rule: rules.iter().map(RuleFile::of).collect(),
            tier: tiers.iter().map(TierFile::of).collect(),
        }
    }

    fn read(&self) -> Result<ApprovalPolicy, RosterError> {
        Ok(ApprovalPolicy {
            rules: self
                .rule
                .iter()
                .map(RuleFile::read)
                .collect::<Result<_, _>>()?,
            tiers: self
                .tier
                .iter()
                .map(TierFile::read)
                .collect::<Result<_, _>>()?,
            week_multiple: self.week_multiple,
            maker_multiple: self.maker_multiple,
            pair_multiple: self.pair_multiple,
            day_release_max: cents("approval.day_release_max", &self.day_release_max)?,
            vote_valid_seconds: self.vote_valid_seconds,
            screening_age_max_seconds: self.screening_age_max_seconds,
            release_screening_age_max_seconds: self.release_screening_age_max_seconds,
            signed_votes: self.signed_votes,
        })
    }
}

impl RuleFile {
    fn of(rule: &ApprovalRule) -> Self {
        let ApprovalRule {
            number,
            kinds,
            networks,
            resolutions,
            action,
        } = rule;
        Self {
            number: *number,
            kinds: kinds.iter().map(|kind| kind.code().to_owned()).collect(),
            networks: networks.iter().map(NetworkId::to_string).collect(),
            resolutions: resolutions
                .iter()
                .map(|resolution| resolution.code().to_owned())
                .collect(),
            action: action.code().to_owned(),
        }
    }

    fn read(&self) -> Result<ApprovalRule, RosterError> {
        Ok(ApprovalRule {
            number: self.number,
            kinds: list("approval.rule.kinds", &self.kinds, Kind::from_code)?,
            networks: self
                .networks
                .iter()
                .map(|network| NetworkId::new(network))
                .collect(),
            resolutions: list(
                "approval.rule.resolutions",
                &self.resolutions,
                Resolution::from_code,
            )?,
            action: read("approval.rule.action", &self.action, RuleAction::from_code)?,
        })
    }
}

impl TierFile {
    fn of(tier: &Tier) -> Self {
        let Tier {
            name,
            value_max,
            votes,
            lead_votes,
            compliance_vote,
            delay_seconds,
            alone,
        } = tier;
        Self {
            name: name.clone(),
            value_max: value_max.map(|value| value.to_string()),
            votes: *votes,
            lead_votes: *lead_votes,
            compliance_vote: *compliance_vote,
            delay_seconds: *delay_seconds,
            alone: alone.map(|alone| AloneFile {
                day_value_max: alone.day_value_max.to_string(),
                day_claims_max: alone.day_claims_max,
            }),
        }
    }

    fn read(&self) -> Result<Tier, RosterError> {
        let value_max = self.value_max.as_deref();
        let alone = self.alone.as_ref().map(|alone| {
            Ok(Alone {
                day_value_max: cents("approval.tier.alone.day_value_max", &alone.day_value_max)?,
                day_claims_max: alone.day_claims_max,
            })
        });
        Ok(Tier {
            name: self.name.clone(),
            value_max: value_max
                .map(|text| cents("approval.tier.value_max", text))
                .transpose()?,
            votes: self.votes,
            lead_votes: self.lead_votes,
            compliance_vote: self.compliance_vote,
            delay_seconds: self.delay_seconds,
            alone: alone.transpose()?,
        })
    }
}

impl PersonFile {
    fn of(person: &Person) -> Self {
        let Person { name, roles, keys } = person;
        Self {
            name: name.clone(),
            roles: roles.iter().map(|role| role.code().to_owned()).collect(),
            keys: keys.iter().map(PublicKey::to_string).collect(),
        }
    }

    fn read(&self) -> Result<Person, RosterError> {
        Ok(Person {
            name: self.name.clone(),
            roles: list("person.roles", &self.roles, Role::from_code)?
                .into_iter()
                .collect(),
            // The error of a key never repeats a private one.
            keys: self
                .keys
                .iter()
                .map(|text| {
                    PublicKey::parse(text).map_err(|error| {
                        RosterError::Unsound(format!("has a wrong key of {}: {error}", self.name))
                    })
                })
                .collect::<Result<_, _>>()?,
        })
    }
}

impl NetworkFile {
    fn of(pinned: &PinnedNetwork) -> Self {
        Self {
            name: pinned.network.to_string(),
            chain: pinned.chain.clone(),
            treasury: pinned.treasury.clone(),
            gas: pinned.gas.clone(),
            fee_max: pinned.fee_max.to_base_units(),
            top_up_max: pinned.top_up_max.to_base_units(),
            signer: pinned
                .signers
                .iter()
                .map(|(account, key)| SignerFile {
                    account: account.clone(),
                    key: key.clone(),
                })
                .collect(),
        }
    }

    fn read(&self) -> Result<PinnedNetwork, RosterError> {
        let is_key = |key: &str| {
            let plain = key
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            (plain && !key.is_empty() && key.len() % 2 == 0).then(|| key.to_owned())
        };
        Ok(PinnedNetwork {
            network: NetworkId::new(&self.name),
            chain: self.chain.clone(),
            treasury: self.treasury.clone(),
            gas: self.gas.clone(),
            fee_max: amount("network.fee_max", &self.fee_max)?,
            top_up_max: amount("network.top_up_max", &self.top_up_max)?,
            signers: self
                .signer
                .iter()
                .map(|signer| {
                    let key = read("network.signer.key", &signer.key, is_key)?;
                    Ok((signer.account.clone(), key))
                })
                .collect::<Result<_, _>>()?,
        })
    }
}
