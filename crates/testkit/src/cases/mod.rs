//! Made-up cases to train and measure matching on: orphan deposits, appeals, an address book, and what is true.
//!
//! A world of users, exchanges and orphans on 14 chains comes first ([`world`]); then honest users tell of their payments with
//! the errors of [`spoil`], users tell of payments that are no orphans, and thieves tell of other people's ([`appeal`]). The
//! rates are assumptions, not data of any exchange. The profile `base` has the columns, rates and error kinds of the published
//! samples; the others have what those do not, and are for measuring only ([`mod@profile`]).
//!
//! The same size, seed and profile give the same bytes on every machine: integers only.

pub mod appeal;
pub mod chains;
pub mod codec;
pub mod moment;
pub mod profile;
pub mod random;
pub mod spelling;
pub mod spoil;
pub mod words;
pub mod world;
mod write;

pub use profile::{PROFILES, Profile, UnknownProfile, profile};

/// A set of cases.
pub struct Cases {
    /// Its rates.
    pub profile: Profile,
    /// What happened.
    pub world: world::World,
    /// What was said about it, by time; the place is the number in `appeal_id`.
    pub appeals: Vec<appeal::Told>,
}

impl Cases {
    /// Makes up this many orphans with all that belongs to them.
    #[must_use]
    pub fn new(size: u64, seed: u64, profile: &Profile) -> Self {
        let mut world = world::World::new(size, seed, profile);
        let appeals = appeal::appeals(&mut world, profile);
        Self {
            profile: profile.clone(),
            world,
            appeals,
        }
    }

    /// Writes `deposits.csv`, `appeals.csv`, `address_book.csv`, `truth.csv`, `truth_deposits.csv` and `manifest.json`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &std::path::Path) -> std::io::Result<()> {
        write::write(self, folder)
    }
}
