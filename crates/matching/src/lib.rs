//! The matcher: which deposit does an appeal mean, and is it this user's.
//!
//! Two questions, never one. A transaction id is public: it says WHICH deposit, never WHOSE. So evidence that anybody could
//! read on an explorer finds the deposit, and only what the exchange alone knows (whose address, whose memo) lets a match
//! pass without a person.
//!
//! It is pure: no I/O, no clock, no floating point; weights are integers in 1/1024 bit and scores parts per million. The
//! order of the input never matters. It deliberately knows no network's encoding beyond the shapes that people paste, and
//! no store.
//!
//! Start at [`normalise::normalise`] (an appeal's text becomes clues), then [`decide::match_appeals`].

pub mod amount;
mod amount_key;
pub mod asset;
pub mod book;
pub mod candidates;
pub mod clue;
pub mod decide;
mod evidence;
pub mod facts;
pub mod hosts;
pub mod ids;
pub mod index;
mod keys;
mod lexicon;
pub mod moment;
pub mod normalise;
mod rows;
pub mod rule;
pub mod secret;
pub mod text;
mod texts;

pub use book::{UserBook, UserRef};
pub use candidates::CandidateKey;
pub use clue::AppealClues;
pub use decide::match_appeals;
pub use facts::{DepositFacts, DepositView};
pub use hosts::Vocabulary;
pub use index::{DepositIndex, IndexBuilder, RowNo};
pub use normalise::normalise;
pub use rows::RowRef;
pub use rule::{Flag, Rule};
