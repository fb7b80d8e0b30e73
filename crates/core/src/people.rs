//! Who acts: natural persons and what each may do.

use crate::code::coded;
use crate::ssh::PublicKey;
use std::collections::BTreeSet;

coded! {
    /// What a person may do.
    pub enum Role {
        /// Opens cases and decides the smallest alone, within the policy's daily limits.
        Agent => "agent",
        /// Works cases: opens, quotes, records acceptance.
        Specialist => "specialist",
        /// Votes on claims for the wallet team.
        Wallet => "wallet",
        /// Votes for the wallet team where the policy wants a senior vote, and lifts a halt with another lead.
        WalletLead => "wallet_lead",
        /// Hands packages to the signers, brings signed bytes back, sends them. Never votes on the same claim.
        Treasury => "treasury",
        /// Clears or holds, and fills the compliance slot of large claims.
        Compliance => "compliance",
        /// Changes policy and people, with others. Never touches a claim.
        Admin => "admin",
        /// Reads and verifies everything, changes nothing.
        Auditor => "auditor",
    }
}

/// A natural person, from the policy. One person fills one slot of a claim, whatever roles they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name they act under.
    pub name: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// The keys that they sign votes with.
    pub keys: Vec<PublicKey>,
}

impl Person {
    /// Whether they have one of the roles.
    #[must_use]
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}
