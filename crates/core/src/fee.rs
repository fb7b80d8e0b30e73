//! The fee engine: an itemised quote from a policy, prices and network cost, or a refusal with its reason.
//!
//! Money of the policy's currency is counted in cents. Fees round up to the cent and to the base unit; what the customer
//! receives rounds down. Nothing here ever turns an unknown price into a number.
//!
//! - [`Cents`], [`value_of`]: sums of the currency, and coins in it.
//! - [`FeeForm`]: how a fee follows from a value; [`FeeRule`]: for whom, and under which conditions.
//! - [`Waiver`]: who may let a customer off, and from how much.
//! - [`Gathered`]: what lies at an address of deposits that are too small alone.
//! - [`quote`]: one deposit's [`Quote`], with its [`Terms`] line by line, or the first [`QuoteRefusal`]; what would have to be otherwise for
//!   one: [`network_ceiling`], [`gain_of_topping_up`].

mod form;
mod gather;
mod lines;
mod money;
mod otherwise;
mod parts;
mod quote;
mod reach;
mod rule;
mod terms;
pub mod words;

pub use form::{
    Basis, Edge, FeeCell, FeeForm, FeeTier, FlatOrPercent, Operator, Percentage, ServiceFee,
};
pub use gather::Gathered;
pub use money::{Cents, Rounding, in_asset, value_of};
pub use otherwise::{gain_of_topping_up, network_ceiling};
pub use quote::{NetworkFee, PricedAsset, Quote, QuoteInput, QuoteRefusal, quote};
pub use reach::Shadowed;
pub use rule::{
    AgeWindow, Case, FeePolicy, FeeRule, OnFailure, Outcome, PaidFrom, PriceTime, ValueMin, Waiver,
    WithdrawalTerms,
};
pub use terms::{Charge, Coins, Line, LineCode, Terms, UsedPrice};
