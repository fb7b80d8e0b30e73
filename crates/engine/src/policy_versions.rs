//! Versions of the policy: which one is in force, who agreed to the next, and which ones a claim must pass.
//!
//! Whoever may edit `policy.toml` must not be able to loosen anything by that alone. So a changed file is a version that waits
//! until people of the version in force agreed to it and a delay is over, and a claim that was quoted under an earlier version
//! must pass both.

use crate::config::Policy;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::claim::Claim;
use recover_core::digest::Digest;
use recover_core::people::{Person, Role};
use recover_core::time::Timestamp;
use recover_store::{
    ClaimFilter, PolicyAnswer, PolicyRules, PolicyState, PolicyVote, StoredPolicy,
};
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many claims are read at once.
const CLAIMS_PAGE: u32 = 500;

/// Why a version of the policy is not used, or a vote for it not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyVersionError {
    /// The file is not the version in force.
    #[error(
        "the policy file is version {waiting}, and version {in_force} is in force: have it approved with `recover policy approve \
         {waiting}` (`recover policy list` says what is missing), or put the other one back with `recover policy show {in_force}`"
    )]
    NotInForce {
        /// The file's version.
        waiting: u32,
        /// The version in force.
        in_force: u32,
    },
    /// No version has this number.
    #[error(
        "there is no version {number} of the policy; `recover policy list` shows those that there are"
    )]
    Unknown {
        /// The number.
        number: u32,
    },
    /// The version is in force, or was.
    #[error(
        "version {number} does not wait for votes: it is in force, or another one followed it; to go back to an earlier one change \
         its text (a comment is enough), which makes a new version"
    )]
    NotWaiting {
        /// The number.
        number: u32,
    },
    /// The person is neither admin nor compliance in the version in force.
    #[error(
        "{person} may not vote for a version of the policy: admins and people of compliance of version {in_force} may"
    )]
    MayNotVote {
        /// Who.
        person: String,
        /// The version in force.
        in_force: u32,
    },
    /// The stored text of a version is not the one that was loaded, or cannot be read.
    #[error(
        "version {number} of the policy cannot be used: {detail}; run `recover audit verify`, and restore the database if it was changed"
    )]
    Unreadable {
        /// The number.
        number: u32,
        /// What is wrong.
        detail: String,
    },
}

impl PolicyVersionError {
    /// Whether a requested change was refused, as opposed to a fault.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::NotInForce { .. } | Self::NotWaiting { .. } | Self::MayNotVote { .. }
        )
    }
}

/// A version of the policy that is read.
#[derive(Debug, Clone)]
pub struct PolicyVersion {
    /// Its number in this database.
    pub number: u32,
    /// What it says.
    pub policy: Arc<Policy>,
}

impl PolicyVersion {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest_of(&self.policy)
    }

    /// The rules and people as the store's decisions read them.
    #[must_use]
    pub fn rules(&self) -> PolicyRules {
        PolicyRules {
            version: self.number,
            approval: self.policy.approval.clone(),
            people: self.policy.people.clone(),
        }
    }
}

/// A version, and how far it is from being in force.
#[derive(Debug, Clone)]
pub struct PolicyStanding {
    /// The version.
    pub version: StoredPolicy,
    /// The votes for it, oldest first.
    pub votes: Vec<CountedVote>,
    /// How many admins must still agree.
    pub admins_missing: u32,
    /// How many people of compliance must still agree.
    pub compliance_missing: u32,
    /// From when on it can come into force; `None` while votes are missing, and for a version that does not wait.
    pub ready_at: Option<Timestamp>,
}

/// A vote for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedVote {
    /// The vote.
    pub vote: PolicyVote,
    /// Whether it counts: the person has that role in the version in force, and voted since it is.
    pub counts: bool,
}

fn digest_of(policy: &Policy) -> Digest {
    Digest::parse(&policy.digest_text()).expect("a SHA-256 in hexadecimal is a digest")
}

/// What the votes for a version that waits amount to under the version in force.
fn standing(
    version: StoredPolicy,
    votes: Vec<PolicyVote>,
    in_force: &Policy,
    since: Option<Timestamp>,
) -> PolicyStanding {
    let counts = |vote: &PolicyVote| {
        let has_role = in_force
            .person(&vote.person)
            .is_some_and(|person| person.roles.contains(&vote.role));
        // A vote given under an earlier version was about another change than the one that it would make now.
        has_role && since.is_none_or(|since| vote.voted_at >= since)
    };
    let votes: Vec<CountedVote> = votes
        .into_iter()
        .map(|vote| CountedVote {
            counts: counts(&vote),
            vote,
        })
        .collect();
    let times = |role: Role| -> Vec<Timestamp> {
        let counted = votes
            .iter()
            .filter(|vote| vote.counts && vote.vote.role == role);
        let mut times: Vec<Timestamp> = counted.map(|vote| vote.vote.voted_at).collect();
        times.sort_unstable();
        times
    };
    let (admins, officers) = (times(Role::Admin), times(Role::Compliance));
    let change = in_force.change;
    let missing = |have: &[Timestamp], need: u32| {
        need.saturating_sub(u32::try_from(have.len()).unwrap_or(u32::MAX))
    };
    // When the last of the votes that were needed came.
    let nth = |times: &[Timestamp], need: u32| {
        usize::try_from(need)
            .ok()
            .and_then(|need| times.get(need.checked_sub(1)?).copied())
    };
    let is_waiting = version.state == PolicyState::Waiting;
    let ready_at = nth(&admins, change.admin_votes)
        .zip(nth(&officers, change.compliance_votes))
        .and_then(|(one, other)| one.max(other).plus_seconds(change.delay_seconds))
        .filter(|_| is_waiting);
    PolicyStanding {
        admins_missing: if is_waiting {
            missing(&admins, change.admin_votes)
        } else {
            0
        },
        compliance_missing: if is_waiting {
            missing(&officers, change.compliance_votes)
        } else {
            0
        },
        version,
        votes,
        ready_at,
    }
}

impl Engine {
    /// The version of the policy in force. Loads the file into the store first: the first ever is in force at once, and one that
    /// waits comes into force here when its votes and its delay allow it.
    ///
    /// # Errors
    /// When no policy file is given, the store fails, or the version in force cannot be read.
    pub async fn policy_in_force(&self) -> Result<PolicyVersion, EngineError> {
        let (_, in_force) = self.load_policy_file().await?;
        Ok(in_force)
    }

    /// The version in force, when the policy file is that version: what prices are made under.
    ///
    /// # Errors
    /// As [`Engine::policy_in_force`], and [`PolicyVersionError::NotInForce`] when the file is another version.
    pub async fn policy_for_quotes(&self) -> Result<PolicyVersion, EngineError> {
        let (waiting, in_force) = self.load_policy_file().await?;
        if waiting != in_force.number {
            let in_force = in_force.number;
            return Err(PolicyVersionError::NotInForce { waiting, in_force }.into());
        }
        Ok(in_force)
    }

    /// The policy in force; the file that was given where the database knows none yet; `None` without any. Loads nothing, and
    /// nothing comes into force.
    ///
    /// # Errors
    /// When the store fails, or the version in force cannot be read.
    pub(crate) async fn policy_known(&self) -> Result<Option<Arc<Policy>>, EngineError> {
        match self.store.active_policy().await? {
            Some(version) => Ok(Some(Arc::new(read(&version)?))),
            None => Ok(self.policy.clone()),
        }
    }

    /// Whether the policy file is what is in force, or what would be at once in a database that knows none yet; `false` without a
    /// file. Loads nothing. No price is made with a file that people have not agreed to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_quote(&self) -> Result<bool, EngineError> {
        let Some(file) = &self.policy else {
            return Ok(false);
        };
        let in_force = self.store.active_policy().await?;
        Ok(in_force.is_none_or(|version| version.digest == digest_of(file)))
    }

    /// The number of the file's version, and the version in force.
    async fn load_policy_file(&self) -> Result<(u32, PolicyVersion), EngineError> {
        let file = self.policy.clone().ok_or(EngineError::PolicyMissing)?;
        let number = self
            .store
            .load_policy(&digest_of(&file), &file.text, self.now())
            .await?;
        let mut in_force = self.active_version(&file).await?;
        if in_force.number != number && self.bring_into_force(number, &in_force).await? {
            in_force = self.active_version(&file).await?;
        }
        Ok((number, in_force))
    }

    /// What is in force by the store, read from its text where the file is another one.
    async fn active_version(&self, file: &Arc<Policy>) -> Result<PolicyVersion, EngineError> {
        let active = self
            .store
            .active_policy()
            .await?
            .ok_or(EngineError::PolicyMissing)?;
        let number = active.number;
        let policy = if active.digest == digest_of(file) {
            Arc::clone(file)
        } else {
            Arc::new(read(&active)?)
        };
        Ok(PolicyVersion { number, policy })
    }

    /// Brings a version into force whose votes are enough and whose delay is over; whether it did.
    async fn bring_into_force(
        &self,
        number: u32,
        in_force: &PolicyVersion,
    ) -> Result<bool, EngineError> {
        let Some(version) = self.store.policy(number).await? else {
            return Ok(false);
        };
        // A text that nobody could act under would lock everybody out.
        if version.state != PolicyState::Waiting || read(&version).is_err() {
            return Ok(false);
        }
        let standing = self.standing_of(version, in_force).await?;
        let now = self.now();
        if standing.ready_at.is_none_or(|ready_at| now < ready_at) {
            return Ok(false);
        }
        let answer = self.store.activate_policy(number, now).await?;
        Ok(matches!(
            answer,
            PolicyAnswer::Done | PolicyAnswer::Repeated
        ))
    }

    async fn standing_of(
        &self,
        version: StoredPolicy,
        in_force: &PolicyVersion,
    ) -> Result<PolicyStanding, EngineError> {
        let votes = self.store.policy_votes(version.number).await?;
        let active = self.store.policy(in_force.number).await?;
        let since = active.and_then(|active| active.activated_at);
        Ok(standing(version, votes, &in_force.policy, since))
    }

    /// Every version by number with its votes and what is missing. Versions that may come into force do so first.
    ///
    /// # Errors
    /// As [`Engine::policy_in_force`].
    pub async fn policy_versions(&self) -> Result<Vec<PolicyStanding>, EngineError> {
        let mut in_force = self.policy_in_force().await?;
        for version in self.store.policies().await? {
            if version.state == PolicyState::Waiting
                && self.bring_into_force(version.number, &in_force).await?
            {
                in_force = self.policy_in_force().await?;
            }
        }
        let mut standings = Vec::new();
        for version in self.store.policies().await? {
            standings.push(self.standing_of(version, &in_force).await?);
        }
        Ok(standings)
    }

    /// A version by its number, as it was loaded.
    ///
    /// # Errors
    /// When there is none, the store fails, or the text is not the one that was loaded.
    pub async fn policy_version(&self, number: u32) -> Result<StoredPolicy, EngineError> {
        let version = self
            .store
            .policy(number)
            .await?
            .ok_or(PolicyVersionError::Unknown { number })?;
        untouched(&version)?;
        Ok(version)
    }

    /// Votes for a version that waits, in the name of a person of the version in force: as admin, else as compliance.
    ///
    /// # Errors
    /// When the person may not vote, the version does not wait or cannot be read, or the store fails.
    pub async fn approve_policy(
        &self,
        number: u32,
        name: Option<&str>,
    ) -> Result<PolicyStanding, EngineError> {
        let person = self.actor(name).await?;
        let in_force = self.policy_in_force().await?;
        let version = self.policy_version(number).await?;
        let role = [Role::Admin, Role::Compliance]
            .into_iter()
            .find(|role| person.roles.contains(role))
            .ok_or_else(|| PolicyVersionError::MayNotVote {
                person: person.name.clone(),
                in_force: in_force.number,
            })?;
        read(&version)?;
        let answer = self
            .store
            .vote_policy(number, &person.name, role, self.now())
            .await?;
        match answer {
            PolicyAnswer::Done | PolicyAnswer::Repeated => {}
            PolicyAnswer::NotWaiting => {
                return Err(PolicyVersionError::NotWaiting { number }.into());
            }
            PolicyAnswer::NotFound => return Err(PolicyVersionError::Unknown { number }.into()),
        }
        self.bring_into_force(number, &in_force).await?;
        let in_force = self.policy_in_force().await?;
        let version = self.policy_version(number).await?;
        self.standing_of(version, &in_force).await
    }

    /// The versions that bear on a claim, the one in force first: it, and the one of the claim's quote where that is another. A
    /// decision must pass under each.
    ///
    /// # Errors
    /// When no policy file is given, the store fails, or a version cannot be read.
    pub async fn rules_for(&self, claim: &Claim) -> Result<Vec<PolicyRules>, EngineError> {
        let in_force = self.policy_in_force().await?;
        let mut rules = vec![in_force.rules()];
        let quoted = claim.quote.as_ref().map(|quote| quote.policy_version);
        if let Some(number) = quoted.filter(|number| *number != in_force.number) {
            let version = self.policy_version(number).await?;
            let policy = Arc::new(read(&version)?);
            rules.push(PolicyVersion { number, policy }.rules());
        }
        Ok(rules)
    }

    /// The versions that packages may refer to, by number: the one in force, and those under which open claims were quoted.
    ///
    /// # Errors
    /// As [`Engine::policy_in_force`].
    pub async fn policies_in_use(&self) -> Result<BTreeMap<u32, Digest>, EngineError> {
        let in_force = self.policy_in_force().await?;
        let mut versions = BTreeMap::from([(in_force.number, in_force.digest())]);
        let filter = ClaimFilter {
            open_only: true,
            ..ClaimFilter::default()
        };
        let mut after = None;
        loop {
            let page = self
                .store
                .list_claims(&filter, after.as_ref(), CLAIMS_PAGE)
                .await?;
            let quotes = page.claims.iter().filter_map(|claim| claim.quote.as_ref());
            versions.extend(quotes.map(|quote| (quote.policy_version, quote.policy_digest)));
            after = page.next;
            if after.is_none() {
                return Ok(versions);
            }
        }
    }

    /// The person who acts, as the version in force knows them: nobody gets a role by editing the file alone.
    ///
    /// # Errors
    /// When no name is given, no policy is loaded, or the version in force does not name the person.
    pub async fn actor(&self, name: Option<&str>) -> Result<Person, EngineError> {
        let name = name.ok_or(EngineError::ActorMissing)?;
        let in_force = self.policy_in_force().await?;
        let person = in_force.policy.person(name);
        person.cloned().ok_or_else(|| EngineError::ActorUnknown {
            name: name.to_owned(),
        })
    }
}

/// A stored text must be the one that was loaded and voted on: its digest says so.
fn untouched(version: &StoredPolicy) -> Result<(), PolicyVersionError> {
    let found: [u8; 32] = sha2::Sha256::digest(version.text.as_bytes()).into();
    if found == *version.digest.bytes() {
        return Ok(());
    }
    Err(PolicyVersionError::Unreadable {
        number: version.number,
        detail: "its text is not the one that was loaded".to_owned(),
    })
}

fn read(version: &StoredPolicy) -> Result<Policy, PolicyVersionError> {
    untouched(version)?;
    Policy::stored(version.number, &version.text).map_err(|error| PolicyVersionError::Unreadable {
        number: version.number,
        detail: error.to_string(),
    })
}
