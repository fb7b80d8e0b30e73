//! What kind of world and what kind of users: the rates of `base`, and the profiles that were set aside for measuring.

use std::fmt;

/// A named set of rates. Shares are parts of ten thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// What every rate of error is multiplied by, in percent.
    pub errors_percent: u32,
    /// Of the fields that are told rightly: how many in another spelling that `base` does not have.
    pub respelled: u32,
    /// Whether reasons are drawn by their second weights.
    pub has_other_reasons: bool,
    /// Of the missing memos: how many fall in bursts.
    pub bursts: u32,
    /// Of the deposits: how many come from a shared exchange wallet.
    pub from_exchange: u32,
    /// Of the deposits: how many are appealed by their owner.
    pub appealed: u32,
    /// Of those: how many a second time.
    pub repeated: u32,
    /// Decoys for ten thousand deposits.
    pub decoys: u32,
    /// Fraudulent appeals for ten thousand deposits.
    pub fraud: u32,
    /// Of the users: how many share their deposit address and wallet with the user before them.
    pub shared_addresses: u32,
    /// Of the genuine appeals: how many have a page view in the log.
    pub session: u32,
    /// What the shares of proofs are multiplied by, in percent.
    pub proofs_percent: u32,
}

/// The rates that the samples have.
pub const BASE: Profile = Profile {
    name: "base",
    errors_percent: 100,
    respelled: 0,
    has_other_reasons: false,
    bursts: 3_000,
    from_exchange: 4_200,
    appealed: 6_200,
    repeated: 1_600,
    decoys: 2_000,
    fraud: 600,
    shared_addresses: 0,
    session: 9_200,
    proofs_percent: 100,
};

/// Every profile.
pub const PROFILES: [Profile; 5] = [
    BASE,
    // Other spellings: months in words, relative times, other digits, base 64, addresses that hold their memo, misnomers.
    Profile {
        name: "formats",
        respelled: 4_500,
        ..BASE
    },
    // Other shares: more chains by mistake, more thieves, more twins, households that share an address, more repeats.
    Profile {
        name: "mixes",
        has_other_reasons: true,
        bursts: 6_000,
        from_exchange: 5_500,
        appealed: 5_000,
        repeated: 3_500,
        decoys: 3_000,
        fraud: 1_500,
        shared_addresses: 600,
        ..BASE
    },
    // Users who err twice as often, with less of what only the exchange knows.
    Profile {
        name: "careless",
        errors_percent: 200,
        session: 5_500,
        proofs_percent: 50,
        ..BASE
    },
    // All of it at once, milder.
    Profile {
        name: "together",
        errors_percent: 130,
        respelled: 2_500,
        has_other_reasons: true,
        bursts: 4_500,
        fraud: 1_000,
        repeated: 2_500,
        shared_addresses: 300,
        session: 7_500,
        proofs_percent: 80,
        ..BASE
    },
];

/// A profile that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownProfile(String);

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        write!(
            f,
            "no profile '{}'; there are: {}",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownProfile {}

/// The profile of this name.
///
/// # Errors
/// When there is none; the message names those that exist.
pub fn profile(name: &str) -> Result<Profile, UnknownProfile> {
    PROFILES
        .iter()
        .find(|profile| profile.name == name)
        .cloned()
        .ok_or_else(|| UnknownProfile(name.to_owned()))
}
