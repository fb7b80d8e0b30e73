//! One output spent: what it costs, how the money is laid out, the PSBT for the signers, and whether what they hand back is what was
//! approved. Pure: no network, no clock, no key.
//!
//! Exactly one input, the claimed output, and nobody else's; the transaction that made it is inside, so that a signer without a network
//! sees what the output holds. Outputs are the recipient's and, where something is left, treasury's. Nothing here knows whether the
//! output is still there: that is for the carrier behind the feature `fetch`.
//!
//! Start at [`BitcoinCheck`]; [`build`] writes what it reads.

mod build;
mod check;
mod layout;
mod maps;
mod open;
mod previous;
mod program;
mod read;
mod refusal;
mod rules;
mod terms;
mod unlock;

pub use build::{FORK_ID_ALL, INPUT_SEQUENCE, Spending, build};
pub use check::{BitcoinCheck, DECIMALS, slot};
pub use layout::{Layout, Wish, fee_of, lay_out};
pub use previous::{CARRIED_BYTES_MAX, PREVIOUS_BYTES_MAX, read_previous};
pub use refusal::{REFUSALS, SpendRefusal};
pub use rules::Rules;
#[cfg(feature = "fetch")]
pub(crate) use terms::deviation;
pub use terms::{Terms, txid, units};
pub use unlock::{Multi, Unlock, address_of, script_of, unlock, virtual_size};
