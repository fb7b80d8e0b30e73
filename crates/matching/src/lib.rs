//! The matcher: which deposit does an appeal mean, and is it this user's.
//!
//! Two questions, never one. A transaction id is public: it says WHICH deposit, never WHOSE. So evidence that anybody could
//! read on an explorer finds the deposit, and only what the exchange alone knows (whose address, whose memo) lets a match
//! pass without a person.
//!
//! It is pure: no I/O, no clock, no floating point; weights are integers in 1/1024 bit and scores parts per billion. The
//! order of the input never matters. It deliberately knows no network's encoding beyond the shapes that people paste, and
//! no store.
//!
//! Start at [`normalise::normalise`] (an appeal's text becomes clues), then [`decide::match_appeals`]:
//! [`Matcher::look`] compares an appeal with its candidates field by field ([`levels`]), [`Matcher::decide`] weighs all of
//! them against each other ([`rivals`]) with a trained [`model`], and [`Matcher::outcome`] says why.

pub mod amount;
mod amount_key;
pub mod asset;
mod assign;
pub mod book;
pub mod candidates;
pub mod clue;
mod compare;
pub mod decide;
mod explain;
pub mod facts;
pub mod hosts;
pub mod ids;
pub mod index;
mod keys;
pub mod levels;
mod lexicon;
pub mod model;
pub mod moment;
pub mod normalise;
mod quotes;
pub mod rivals;
mod rows;
pub mod rule;
pub mod secret;
mod settle;
mod standing;
pub mod text;
mod texts;
mod times;
pub mod touched;
mod watch;

pub use book::{UserBook, UserRef};
pub use candidates::CandidateKey;
pub use clue::AppealClues;
pub use decide::{Interest, Matcher, Ruling, match_appeals};
pub use facts::{DepositFacts, DepositView};
pub use hosts::Vocabulary;
pub use index::{DepositIndex, IndexBuilder, RowNo};
pub use model::Model;
pub use normalise::normalise;
pub use quotes::Quotes;
pub use rows::RowRef;
pub use rule::{Flag, Rule};
