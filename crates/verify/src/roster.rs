//! The pinned roster: what the signers know from elsewhere than the package, in a file on their own machine.
//!
//! It says who may approve with which keys, how many must, where the exchange's own money lies, and what a network may cost at
//! most. It comes to the signers once, by a way that they trust, and changes by the same way; nothing in a package can change it.

use crate::codecs::check_of;
use crate::text::{self, list_of};
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
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The exchange, for people.
    pub exchange: String,
    /// The versions of the policy that a package may refer to.
    #[serde(rename = "policy")]
    pub policies: Vec<AcceptedPolicy>,
    /// Who must agree.
    #[serde(with = "ApprovalShape")]
    pub approval: ApprovalPolicy,
    /// Everybody who may.
    #[serde(rename = "person", with = "people")]
    pub people: Vec<Person>,
    /// The networks with the exchange's own accounts.
    #[serde(default, rename = "network")]
    pub networks: Vec<PinnedNetwork>,
    /// Digits and names of assets, for printing alone: no rule looks at them.
    #[serde(default, rename = "asset")]
    pub assets: Vec<PinnedAsset>,
    /// How long ago the content that people voted on may have been cleared, in seconds: the one age in a package that is under the
    /// approvers' signatures. It ends the life of an approval that somebody kept.
    pub content_age_seconds_max: i64,
    /// How far a package's deadline may lie ahead, in seconds.
    pub package_valid_seconds_max: i64,
}

/// A version of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedPolicy {
    /// Its number.
    pub version: u32,
    /// The digest of its text.
    #[serde(with = "text")]
    pub digest: Digest,
}

/// A network and what may happen on it. Addresses are canonical text; amounts are base units of its native asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedNetwork {
    /// Its short name.
    #[serde(rename = "name", with = "text")]
    pub network: NetworkId,
    /// Its CAIP-2 chain.
    pub chain: String,
    /// Where swept money goes.
    pub treasury: String,
    /// Who pays gas top-ups and calls contracts of the exchange; `None` where nobody does, so that no such step is accepted.
    pub gas: Option<String>,
    /// The most that one transaction may cost.
    #[serde(with = "text")]
    pub fee_max: Amount,
    /// The most that one gas top-up may send.
    #[serde(with = "text")]
    pub top_up_max: Amount,
    /// Which key signs for an account whose address does not tell it: account and lower-case hexadecimal key.
    #[serde(default, rename = "signer", with = "signers")]
    pub signers: Vec<(String, String)>,
}

/// An asset as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedAsset {
    /// Which.
    #[serde(rename = "id", with = "text")]
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
    /// It would let nobody or anybody approve, or contradicts itself.
    #[error("the roster {0}")]
    Unsound(String),
}

// The shapes of core's types in the file. Serde holds each against its type: a field that is added must be decided on here.

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApprovalPolicy", deny_unknown_fields)]
struct ApprovalShape {
    signed_votes: bool,
    vote_valid_seconds: i64,
    screening_age_max_seconds: i64,
    release_screening_age_max_seconds: i64,
    week_multiple: u32,
    maker_multiple: u32,
    pair_multiple: u32,
    #[serde(with = "text")]
    day_release_max: Cents,
    #[serde(rename = "rule", with = "rules")]
    rules: Vec<ApprovalRule>,
    #[serde(rename = "tier", with = "tiers")]
    tiers: Vec<Tier>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApprovalRule", deny_unknown_fields)]
struct RuleShape {
    number: u32,
    #[serde(with = "text::list")]
    kinds: Vec<Kind>,
    #[serde(with = "text::list")]
    networks: Vec<NetworkId>,
    #[serde(with = "text::list")]
    resolutions: Vec<Resolution>,
    #[serde(with = "text")]
    action: RuleAction,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tier", deny_unknown_fields)]
struct TierShape {
    name: String,
    #[serde(default, with = "text::optional")]
    value_max: Option<Cents>,
    votes: u32,
    lead_votes: u32,
    compliance_vote: bool,
    delay_seconds: i64,
    #[serde(default, with = "alone")]
    alone: Option<Alone>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Alone", deny_unknown_fields)]
struct AloneShape {
    #[serde(with = "text")]
    day_value_max: Cents,
    day_claims_max: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Person", deny_unknown_fields)]
struct PersonShape {
    name: String,
    #[serde(with = "text::list")]
    roles: BTreeSet<Role>,
    #[serde(with = "text::list")]
    keys: Vec<PublicKey>,
}

list_of!(rules, ApprovalRule, "RuleShape");
list_of!(tiers, Tier, "TierShape");
list_of!(people, Person, "PersonShape");

mod alone {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "AloneShape")] Alone);

    pub fn serialize<S: Serializer>(alone: &Option<Alone>, to: S) -> Result<S::Ok, S::Error> {
        alone.map(One).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Alone>, D::Error> {
        Ok(Option::<One>::deserialize(from)?.map(|one| one.0))
    }
}

mod signers {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        account: String,
        key: String,
    }

    pub fn serialize<S: Serializer>(list: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
        let one = |(account, key): (String, String)| One { account, key };
        to.collect_seq(list.iter().cloned().map(one))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        let list = Vec::<One>::deserialize(from)?;
        Ok(list.into_iter().map(|one| (one.account, one.key)).collect())
    }
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
        // The message alone: around its place somebody may have pasted a private key.
        let shape = |error: toml::de::Error| RosterError::Shape(error.message().to_owned());
        let mut table: toml::Table = text.parse().map_err(shape)?;
        match table.remove("format") {
            Some(toml::Value::String(format)) if format == FORMAT => {}
            _ => return Err(RosterError::Shape(format!("its format is not {FORMAT}"))),
        }
        let roster: Self = table.try_into().map_err(shape)?;
        roster.require_sound()?;
        Ok(roster)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// When the roster is unsound.
    pub fn to_toml(&self) -> Result<String, RosterError> {
        self.require_sound()?;
        let body = toml::to_string(self).map_err(|error| RosterError::Shape(error.to_string()))?;
        Ok(format!("format = \"{FORMAT}\"\n{body}"))
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
            let is_key = |key: &str| {
                let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                !key.is_empty() && key.len().is_multiple_of(2) && key.bytes().all(digits)
            };
            require(
                pinned.signers.iter().all(|(_, key)| is_key(key)),
                &format!("has a signing key of {name} that is no lower-case hexadecimal"),
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
