//! From a request and the accounts' facts to a plan, or to the reason why not.

use super::{FEE_MIN, ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest, stroops};
use crate::address;
use recover_core::amount::Amount;

/// What an account holds of the asset in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustLine {
    /// How much it holds.
    pub balance: Amount,
    /// How much it may hold.
    pub limit: Amount,
    /// What its offers to buy may still bring in.
    pub buying: Amount,
    /// What its offers to sell may still take out.
    pub selling: Amount,
    /// Whether the issuer lets it hold the asset.
    pub authorized: bool,
}

/// What must be known of an account, as a source read it. An account that does not exist has no facts: see
/// `Horizon::preflight`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFacts {
    /// The sequence number that it used last.
    pub sequence: i64,
    /// Its native balance in stroops.
    pub native: Amount,
    /// What its offers to sell the native coin may take out.
    pub native_selling: Amount,
    /// Entries that it owns, each of which reserves a base reserve.
    pub subentries: u32,
    /// Reserves that it pays for others.
    pub sponsoring: u32,
    /// Reserves that others pay for it.
    pub sponsored: u32,
    /// Whether it asks for a memo with every payment (SEP-29).
    pub memo_required: bool,
    /// Its line of the asset; `None` when it has none, and for the native coin.
    pub line: Option<TrustLine>,
    /// The base reserve of the newest ledger in stroops.
    pub base_reserve: Amount,
}

impl AccountFacts {
    /// What must stay in the account: two base reserves and one for each entry, with what is sponsored either way. `None`
    /// when it does not fit.
    #[must_use]
    pub fn reserve(&self) -> Option<Amount> {
        let entries = u128::from(self.subentries)
            .checked_add(2)?
            .checked_add(u128::from(self.sponsoring))?
            .checked_sub(u128::from(self.sponsored))?;
        self.base_reserve
            .mul_ratio_floor(Amount::from_u128(entries), Amount::from_u128(1))
    }

    /// What of the native coin can be spent, fees included.
    #[must_use]
    pub fn spendable(&self) -> Amount {
        self.reserve()
            .and_then(|reserve| reserve.checked_add(self.native_selling))
            .and_then(|held| self.native.checked_sub(held))
            .unwrap_or(Amount::ZERO)
    }
}

/// Why no return is built, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnRefusal {
    /// One side is a contract.
    #[error(
        "{address} is no account: a payment goes from an account to an account; handle it by hand"
    )]
    NotAnAccount {
        /// The address.
        address: String,
    },
    /// The recipient is the sender.
    #[error("the return would go to the account that pays it: choose another destination")]
    ToItself,
    /// The asset is no issued asset.
    #[error("'{asset}' is no asset that a payment can carry: write CODE.ISSUER")]
    NotAnAsset {
        /// The text.
        asset: String,
    },
    /// The amount is nothing.
    #[error("the amount is zero")]
    AmountZero,
    /// The amount is more than the network can hold.
    #[error("the amount is more than 2^63 - 1 stroops")]
    AmountTooLarge,
    /// The text is longer than 28 bytes.
    #[error(
        "the memo has {bytes} bytes and 28 is the most: shorten it; letters with accents count as two or more"
    )]
    MemoTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Two routing values.
    #[error(
        "the destination carries an id inside and a memo was given too: ask the recipient which one is meant"
    )]
    MemoBesideMuxedId,
    /// It would be valid for ever, or never.
    #[error("the time bounds are empty or without end: give an end after the beginning")]
    TimeBounds,
    /// Less than the network takes.
    #[error("a fee of {fee} stroops is below the least of {FEE_MIN}")]
    FeeTooLow {
        /// The fee given.
        fee: u32,
    },
    /// The sequence number was used.
    #[error("sequence number {given} is used: the account stands at {used}; plan it again")]
    SequenceUsed {
        /// The number given.
        given: i64,
        /// The last number that was used.
        used: i64,
    },
    /// An absent account cannot hold an issued asset.
    #[error(
        "the destination does not exist, and only the native coin can create it: ask for another destination"
    )]
    AssetNeedsAccount,
    /// An absent account cannot be created through an id inside it.
    #[error(
        "the destination does not exist, and an account cannot be created with an id inside: ask for another destination"
    )]
    MuxedNeedsAccount,
    /// Too little to create an account.
    #[error(
        "the destination does not exist, and creating it takes at least {minimum} stroops: ask for another destination"
    )]
    BelowStartingBalance {
        /// The least starting balance.
        minimum: String,
    },
    /// The recipient asks for a memo (SEP-29).
    #[error(
        "the destination takes no payment without a memo (SEP-29): ask the recipient for theirs"
    )]
    MemoRequired,
    /// The recipient cannot hold the asset.
    #[error("the destination has no trust line for this asset: ask the recipient to add one")]
    TrustLineMissing,
    /// The issuer does not let the recipient hold it.
    #[error(
        "the issuer has not authorised the destination to hold this asset: ask the recipient to see to it"
    )]
    NotAuthorized,
    /// It would hold more than it may.
    #[error(
        "the destination can take {room} stroops more of this asset: ask the recipient to raise the limit"
    )]
    LimitExceeded {
        /// How much it can still take.
        room: String,
    },
    /// We cannot send the asset.
    #[error("our account cannot send this asset: it has no authorised trust line for it")]
    CannotSend,
    /// We have not enough.
    #[error("our account can spend {spendable} stroops of this asset and {needed} are needed")]
    Underfunded {
        /// What can be spent.
        spendable: String,
        /// What is needed.
        needed: String,
    },
    /// The fee would touch the reserve.
    #[error(
        "our account can spend {spendable} stroops of the native coin above its reserve, and the fee is {fee}: fund it first"
    )]
    ReserveTouched {
        /// What can be spent.
        spendable: String,
        /// The fee.
        fee: u32,
    },
}

impl ReturnRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnAccount { .. } => "not_an_account",
            Self::ToItself => "to_itself",
            Self::NotAnAsset { .. } => "not_an_asset",
            Self::AmountZero => "amount_zero",
            Self::AmountTooLarge => "amount_too_large",
            Self::MemoTooLong { .. } => "memo_too_long",
            Self::MemoBesideMuxedId => "memo_beside_muxed_id",
            Self::TimeBounds => "time_bounds",
            Self::FeeTooLow { .. } => "fee_too_low",
            Self::SequenceUsed { .. } => "sequence_used",
            Self::AssetNeedsAccount => "asset_needs_account",
            Self::MuxedNeedsAccount => "muxed_needs_account",
            Self::BelowStartingBalance { .. } => "below_starting_balance",
            Self::MemoRequired => "memo_required",
            Self::TrustLineMissing => "trust_line_missing",
            Self::NotAuthorized => "not_authorized",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::CannotSend => "cannot_send",
            Self::Underfunded { .. } => "underfunded",
            Self::ReserveTouched { .. } => "reserve_touched",
        }
    }
}

/// Decides how a return is done. `destination` is `None` only after a true "not found" of a source; an error of the source is no
/// absence and must end the planning before it comes here.
///
/// # Errors
/// The first refusal that fits, in the order of [`ReturnRefusal`].
pub fn plan(
    request: ReturnRequest,
    source: &AccountFacts,
    destination: Option<&AccountFacts>,
) -> Result<ReturnPlan, ReturnRefusal> {
    check_request(&request)?;
    if request.sequence <= source.sequence {
        return Err(ReturnRefusal::SequenceUsed {
            given: request.sequence,
            used: source.sequence,
        });
    }
    let operation = match destination {
        None => {
            check_absent(&request, source)?;
            ReturnOperation::CreateAccount
        }
        Some(destination) => {
            check_present(&request, destination)?;
            ReturnOperation::Payment
        }
    };
    check_source(&request, source)?;
    Ok(ReturnPlan { request, operation })
}

/// What can be judged of a request without knowing the accounts.
pub(super) fn check_request(request: &ReturnRequest) -> Result<(), ReturnRefusal> {
    for side in [&request.from, &request.to] {
        if address::account_key(side).is_none() {
            return Err(ReturnRefusal::NotAnAccount {
                address: side.text().to_owned(),
            });
        }
    }
    if request.from == request.to {
        return Err(ReturnRefusal::ToItself);
    }
    if let Some(asset) = &request.asset
        && address::split_asset(asset).is_none()
    {
        return Err(ReturnRefusal::NotAnAsset {
            asset: asset.clone(),
        });
    }
    if request.amount.is_zero() {
        return Err(ReturnRefusal::AmountZero);
    }
    stroops(request.amount).ok_or(ReturnRefusal::AmountTooLarge)?;
    if let ReturnMemo::Text(text) = &request.memo
        && text.len() > crate::control::MEMO_TEXT_BYTES_MAX
    {
        return Err(ReturnRefusal::MemoTooLong { bytes: text.len() });
    }
    if request.to_muxed_id.is_some() && request.memo != ReturnMemo::None {
        return Err(ReturnRefusal::MemoBesideMuxedId);
    }
    if request.valid_until == 0 || request.valid_until <= request.valid_from {
        return Err(ReturnRefusal::TimeBounds);
    }
    if request.fee < FEE_MIN {
        return Err(ReturnRefusal::FeeTooLow { fee: request.fee });
    }
    Ok(())
}

fn check_absent(request: &ReturnRequest, source: &AccountFacts) -> Result<(), ReturnRefusal> {
    if request.asset.is_some() {
        return Err(ReturnRefusal::AssetNeedsAccount);
    }
    if request.to_muxed_id.is_some() {
        return Err(ReturnRefusal::MuxedNeedsAccount);
    }
    let minimum = source
        .base_reserve
        .checked_add(source.base_reserve)
        .unwrap_or(Amount::MAX);
    if request.amount < minimum {
        return Err(ReturnRefusal::BelowStartingBalance {
            minimum: minimum.to_base_units(),
        });
    }
    Ok(())
}

fn check_present(request: &ReturnRequest, to: &AccountFacts) -> Result<(), ReturnRefusal> {
    // An id inside the account routes as a memo does (SEP-29 exempts muxed destinations).
    if to.memo_required && request.memo == ReturnMemo::None && request.to_muxed_id.is_none() {
        return Err(ReturnRefusal::MemoRequired);
    }
    let Some(asset) = &request.asset else {
        return Ok(());
    };
    if address::split_asset(asset).is_some_and(|(_, issuer)| issuer == request.to) {
        return Ok(());
    }
    let line = to.line.as_ref().ok_or(ReturnRefusal::TrustLineMissing)?;
    if !line.authorized {
        return Err(ReturnRefusal::NotAuthorized);
    }
    let room = line
        .balance
        .checked_add(line.buying)
        .and_then(|taken| line.limit.checked_sub(taken))
        .unwrap_or(Amount::ZERO);
    if request.amount > room {
        return Err(ReturnRefusal::LimitExceeded {
            room: room.to_base_units(),
        });
    }
    Ok(())
}

fn check_source(request: &ReturnRequest, source: &AccountFacts) -> Result<(), ReturnRefusal> {
    let fee = Amount::from_u128(u128::from(request.fee));
    let spendable = source.spendable();
    if let Some(asset) = &request.asset {
        let is_issuer =
            address::split_asset(asset).is_some_and(|(_, issuer)| issuer == request.from);
        if !is_issuer {
            let line = source.line.as_ref().filter(|line| line.authorized);
            let line = line.ok_or(ReturnRefusal::CannotSend)?;
            let free = line
                .balance
                .checked_sub(line.selling)
                .unwrap_or(Amount::ZERO);
            if request.amount > free {
                return Err(ReturnRefusal::Underfunded {
                    spendable: free.to_base_units(),
                    needed: request.amount.to_base_units(),
                });
            }
        }
        if fee > spendable {
            return Err(ReturnRefusal::ReserveTouched {
                spendable: spendable.to_base_units(),
                fee: request.fee,
            });
        }
        return Ok(());
    }
    let needed = request.amount.checked_add(fee).unwrap_or(Amount::MAX);
    if needed > spendable {
        return Err(ReturnRefusal::Underfunded {
            spendable: spendable.to_base_units(),
            needed: needed.to_base_units(),
        });
    }
    Ok(())
}
