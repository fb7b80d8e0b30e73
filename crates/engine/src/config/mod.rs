//! The two files an operator writes: `chains.toml` (networks, sources, assets) and `policy.toml` (fees, approval, people).
//!
//! Each file is read in full and checked before anything uses it: a wrong line stops the start with its file, line, table
//! and key, never a later command. The shapes of the files stay in this module; the rest of the engine sees
//! [`ChainsConfig`] and [`Policy`]. Secrets never stand in a file: a key is `${VAR}` and stays so in every type here.

mod chains;
mod chains_file;
mod chains_prices;
mod codec;
mod error;
mod place;
mod policy;
mod policy_approval;
mod policy_fees;
mod policy_file;
mod policy_forms;
mod policy_matching;
mod policy_prices;
mod policy_proofs;
mod policy_slots;
mod policy_waivers;
mod policy_wallets;
mod policy_warnings;
mod secret;
mod words;

pub use chains::{
    AssetConfig, ChainsConfig, Finality, NativeConfig, NetworkConfig, PriceSourceConfig,
    SourceConfig,
};
pub use codec::Codecs;
pub use error::{Ambiguity, ConfigError, Problem};
pub use place::Place;
pub use policy::{NativeLimits, Policy, PolicyChange};
pub use policy_file::Networks;
pub use policy_warnings::PolicyWarning;
pub use words::{
    AssetStatus, FeeRuleName, FeeStyle, FinalityRule, MemoRule, PricePlanName, PriceSourceKind,
    SourceKind,
};
