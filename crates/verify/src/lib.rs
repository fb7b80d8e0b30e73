//! The offline checker for signers: whether a package does what the approvers agreed to, and nothing else.
//!
//! It opens a package that `claims export` wrote, decodes its bytes with the codecs of the networks, and holds them against the
//! content that people voted on, against the signatures of these people, and against a roster that the signers pinned on their
//! own machine. Whoever controls the engine, its database and its configuration can still not make a package that passes.
//!
//! It deliberately knows no network access, no database and no clock of the engine: every fact that it uses is in the package, in
//! the roster, or the time of the signer's machine. So it cannot know rolling sums, holds set after the export, or whether a
//! slot is used; its report says so.
//!
//! Start at [`package`] (the file), [`roster`] (what it is held against) and [`verify()`].

pub mod codecs;
pub mod package;
mod pins;
pub mod problem;
mod report;
pub mod roster;
pub mod seen;
mod signed;
mod text;
mod verify;
mod votes;
pub mod words;

pub use package::{Outgoing, PackageFile};
pub use problem::{Code, Problem};
pub use report::{Report, Row};
pub use roster::Roster;
pub use seen::Seen;
pub use signed::{signed_bytes, verify_signed};
pub use verify::verify;
