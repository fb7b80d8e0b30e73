//! Return transactions: planned from facts, built unsigned, read back, and verified. Nothing here signs or sends.
//!
//! A return is one transaction with one operation: a payment, or the creation of the account where it is absent. Time bounds are
//! always set, so that a transaction which nobody sent cannot be sent later. [`plan`] decides once and refuses with a reason;
//! [`build`] only writes the plan down; [`verify`] trusts nothing but the plan.

mod build;
mod plan;
mod read;

pub use build::{Unsigned, build};
pub use plan::{AccountFacts, ReturnRefusal, TrustLine, plan};
pub use read::{Action, Deviation, OperationSummary, ReturnSummary, decode, verify};
pub(crate) use read::{parse, summary};

use crate::xdr::Network;
use recover_core::address::Address;
use recover_core::amount::Amount;

/// The least fee of one operation in stroops.
pub const FEE_MIN: u32 = 100;

/// What the recipient is told beside the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnMemo {
    /// Nothing.
    None,
    /// Text of at most 28 bytes; bytes, not characters.
    Text(String),
    /// A number.
    Id(u64),
    /// 32 bytes.
    Hash([u8; 32]),
    /// The hash of the transaction that is returned.
    Return([u8; 32]),
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRequest {
    /// The network.
    pub network: Network,
    /// Our account, which pays money and fee.
    pub from: Address,
    /// The recipient's account.
    pub to: Address,
    /// The id inside the recipient, where it is a muxed account.
    pub to_muxed_id: Option<u64>,
    /// The canonical text of the asset (`CODE.ISSUER`); `None` for the native coin.
    pub asset: Option<String>,
    /// How much arrives, in stroops.
    pub amount: Amount,
    /// What the recipient is told.
    pub memo: ReturnMemo,
    /// The sequence number that the transaction uses: one above the account's at the time it is sent.
    pub sequence: i64,
    /// The most that the transaction may cost, in stroops of the native coin.
    pub fee: u32,
    /// From when it is valid, in seconds of Unix time; 0 for at once.
    pub valid_from: u64,
    /// Until when it is valid, in seconds of Unix time; never 0, which would be for ever.
    pub valid_until: u64,
}

/// How it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnOperation {
    /// The recipient exists and is paid.
    Payment,
    /// The recipient is absent and is created with the money as its balance.
    CreateAccount,
}

/// A request whose conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPlan {
    /// What is wanted.
    pub request: ReturnRequest,
    /// How it is done.
    pub operation: ReturnOperation,
}

fn stroops(amount: Amount) -> Option<i64> {
    i64::try_from(amount.to_u128()?).ok()
}
