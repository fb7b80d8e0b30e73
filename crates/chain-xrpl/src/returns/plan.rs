//! From a credit to a return, or to the reason why not.

use super::{FEE_DROPS_MAX, LAST_LEDGER_AHEAD_MAX, ReturnFacts, ReturnPayment, Signing, Validity};
use crate::address;
use crate::asset::{Asset, Money};
use crate::decode::SOURCE_TAG;
use crate::number::{ISSUED_DECIMALS, Number};
use recover_core::amount::Amount;
use recover_core::observation::{Flag, Observation, Outcome};

/// A transfer rate that takes nothing, in billionths.
const RATE_ONE: u32 = 1_000_000_000;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct ReturnOrder<'a> {
    /// The credit that goes back.
    pub credit: &'a Observation,
    /// What its sender shall receive, in base units of the credit's asset.
    pub deliver: Amount,
    /// What is burnt, in drops.
    pub fee_drops: u64,
    /// What keeps it unique.
    pub validity: Validity,
    /// Who signs.
    pub signing: Signing,
}

/// A payment that is wanted, whoever gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOrder {
    /// Who pays: our account.
    pub account: [u8; 20],
    /// Who receives.
    pub destination: [u8; 20],
    /// The recipient's routing value; `None` for none, and 0 is one.
    pub destination_tag: Option<u32>,
    /// What is paid; `None` for what no payment here carries.
    pub asset: Option<Asset>,
    /// What shall arrive, in base units.
    pub deliver: Amount,
    /// The most that may leave for it, an issuer's transfer fee included, in base units.
    pub leave_max: Amount,
    /// What is burnt, in drops.
    pub fee_drops: u64,
    /// What keeps it unique.
    pub validity: Validity,
    /// Who signs.
    pub signing: Signing,
}

/// Why a payment is not made, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnRefusal {
    /// The credit did not happen, or is not final.
    #[error("nothing came in by this transaction: there is nothing to return")]
    NothingCameIn,
    /// Nobody can be named as its sender.
    #[error("the credit names no sender: a person must find out whom it belongs to")]
    NoSender,
    /// It came from the account itself.
    #[error("the money would go back to the account that pays it")]
    OwnAccount,
    /// The sender is an account that nobody holds.
    #[error("the recipient is an account of the ledger itself: nobody could use the money there")]
    NobodysAccount,
    /// A kind of asset that is returned by hand.
    #[error("this asset is returned by hand: only XRP and issued currencies are built here")]
    AssetByHand,
    /// Nothing would arrive.
    #[error("the amount to return is zero")]
    NothingToReturn,
    /// More than came in.
    #[error("more would go back than came in")]
    MoreThanCameIn,
    /// Digits that the ledger does not carry.
    #[error("the amount has more digits than the ledger carries: 16 for an issued currency")]
    TooFine,
    /// The destination takes payments only from accounts that it named.
    #[error(
        "the recipient's account takes payments only from accounts that it authorised (DepositAuth): it must authorise ours first"
    )]
    DepositAuthorisation,
    /// The destination needs a tag, and the sender gave none to answer to.
    #[error(
        "the recipient's account needs a destination tag, and none is known: ask the recipient; a tag is never made up"
    )]
    TagNeeded,
    /// The destination does not exist and cannot be made with this.
    #[error("the recipient's account does not exist any more, and only XRP can make it again")]
    DestinationAbsent,
    /// The destination does not exist and the amount is below what makes an account.
    #[error(
        "the recipient's account does not exist any more, and making it again takes {reserve_drops} drops"
    )]
    BelowBaseReserve {
        /// What it takes.
        reserve_drops: u64,
    },
    /// Facts of the issuer are missing.
    #[error("nothing is known of the currency's issuer: ask the server for its account")]
    IssuerUnknown,
    /// The issuer froze the currency.
    #[error("the issuer froze this currency: it cannot be moved now")]
    Frozen,
    /// The destination has no trust line.
    #[error(
        "the recipient's account no longer has a trust line for this currency: it must set one first"
    )]
    TrustLineAbsent,
    /// The destination's trust line is not authorised by the issuer.
    #[error("the issuer has not authorised the recipient's account to hold this currency")]
    TrustLineNotAuthorised,
    /// The destination's trust line would overflow.
    #[error("the recipient's trust line does not take so much: its limit must be raised first")]
    TrustLimit,
    /// The issuer's fee would be ours to pay.
    #[error(
        "with the issuer's transfer fee {send_max} would leave for this, more than came in: return less"
    )]
    TransferFeeUncovered {
        /// What would leave.
        send_max: String,
    },
    /// Our account does not exist.
    #[error("our account does not exist on this network")]
    OwnAccountAbsent,
    /// Our balance in the currency is too small.
    #[error("our account does not hold so much of this currency")]
    OwnBalance,
    /// Our XRP would fall below what the account must keep.
    #[error("our account must keep {reserve_drops} drops, and this would leave less")]
    OwnReserve {
        /// What must stay.
        reserve_drops: u64,
    },
    /// A fee that the ledger does not take.
    #[error("the fee is below {fee_drops_min} drops, the least for these signatures")]
    FeeTooLow {
        /// The least.
        fee_drops_min: u64,
    },
    /// A fee that nobody meant.
    #[error("the fee is above {FEE_DROPS_MAX} drops: nobody pays that for a payment")]
    FeeTooHigh,
    /// Nobody would sign.
    #[error("the number of signers is none, or more than the ledger allows (32)")]
    Signers,
    /// It would be dead on arrival.
    #[error("its last ledger has passed: build it again")]
    Expired,
    /// It would stay open for too long.
    #[error(
        "it would stay open for more than {LAST_LEDGER_AHEAD_MAX} ledgers and hold up the account: use a ticket"
    )]
    LivesTooLong,
    /// The sequence number was used.
    #[error("the account already used this sequence number: reserve the next")]
    SequenceUsed,
    /// The number is no ticket's.
    #[error("a ticket's number lies below the account's next sequence number: this is none")]
    NoTicket,
}

impl ReturnRefusal {
    /// Every code, in order of precedence.
    pub const CODES: &'static [&'static str] = &[
        "nothing_came_in",
        "no_sender",
        "own_account",
        "nobodys_account",
        "asset_by_hand",
        "nothing_to_return",
        "more_than_came_in",
        "too_fine",
        "deposit_authorisation",
        "tag_needed",
        "destination_absent",
        "below_base_reserve",
        "issuer_unknown",
        "frozen",
        "trust_line_absent",
        "trust_line_not_authorised",
        "trust_limit",
        "transfer_fee_uncovered",
        "own_account_absent",
        "own_balance",
        "own_reserve",
        "fee_too_low",
        "fee_too_high",
        "signers",
        "expired",
        "lives_too_long",
        "sequence_used",
        "no_ticket",
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NothingCameIn => "nothing_came_in",
            Self::NoSender => "no_sender",
            Self::OwnAccount => "own_account",
            Self::NobodysAccount => "nobodys_account",
            Self::AssetByHand => "asset_by_hand",
            Self::NothingToReturn => "nothing_to_return",
            Self::MoreThanCameIn => "more_than_came_in",
            Self::TooFine => "too_fine",
            Self::DepositAuthorisation => "deposit_authorisation",
            Self::TagNeeded => "tag_needed",
            Self::DestinationAbsent => "destination_absent",
            Self::BelowBaseReserve { .. } => "below_base_reserve",
            Self::IssuerUnknown => "issuer_unknown",
            Self::Frozen => "frozen",
            Self::TrustLineAbsent => "trust_line_absent",
            Self::TrustLineNotAuthorised => "trust_line_not_authorised",
            Self::TrustLimit => "trust_limit",
            Self::TransferFeeUncovered { .. } => "transfer_fee_uncovered",
            Self::OwnAccountAbsent => "own_account_absent",
            Self::OwnBalance => "own_balance",
            Self::OwnReserve { .. } => "own_reserve",
            Self::FeeTooLow { .. } => "fee_too_low",
            Self::FeeTooHigh => "fee_too_high",
            Self::Signers => "signers",
            Self::Expired => "expired",
            Self::LivesTooLong => "lives_too_long",
            Self::SequenceUsed => "sequence_used",
            Self::NoTicket => "no_ticket",
        }
    }
}

/// Plans a return.
///
/// # Errors
/// The first refusal that applies.
pub fn plan(order: &ReturnOrder<'_>, facts: &ReturnFacts) -> Result<ReturnPayment, ReturnRefusal> {
    use ReturnRefusal as No;
    let credit = order.credit;
    if credit.outcome != Outcome::Success || credit.amount.is_zero() {
        return Err(No::NothingCameIn);
    }
    let sender = credit.from.as_ref().and_then(address::bytes);
    let destination = sender.ok_or(No::NoSender)?;
    let account = address::bytes(&credit.to).ok_or(No::NoSender)?;
    // The sender's own tag, where the deposit carried one: no other value is theirs.
    let tag = source_tag(credit);
    pay(
        &PaymentOrder {
            account,
            destination,
            destination_tag: tag,
            asset: Asset::of_id(&credit.asset).filter(|_| !credit.flags.contains(&Flag::Nft)),
            deliver: order.deliver,
            leave_max: credit.amount,
            fee_drops: order.fee_drops,
            validity: order.validity,
            signing: order.signing,
        },
        facts,
    )
}

/// The sender's own tag (`SourceTag`) of a credit; `None` where it carried none.
#[must_use]
pub fn source_tag(credit: &Observation) -> Option<u32> {
    let memo = credit.memos.iter().find(|memo| memo.place == SOURCE_TAG)?;
    std::str::from_utf8(&memo.raw).ok()?.parse().ok()
}

/// Plans a payment to anybody.
///
/// # Errors
/// The first refusal that applies.
pub fn pay(order: &PaymentOrder, facts: &ReturnFacts) -> Result<ReturnPayment, ReturnRefusal> {
    use ReturnRefusal as No;
    let PaymentOrder {
        account,
        destination,
        ..
    } = *order;
    if account == destination {
        return Err(No::OwnAccount);
    }
    if matches!(destination, address::ACCOUNT_ZERO | address::ACCOUNT_ONE) {
        return Err(No::NobodysAccount);
    }
    let asset = order
        .asset
        .filter(|asset| !matches!(asset, Asset::Mpt(_)))
        .ok_or(No::AssetByHand)?;
    if order.deliver.is_zero() {
        return Err(No::NothingToReturn);
    }
    if order.deliver > order.leave_max {
        return Err(No::MoreThanCameIn);
    }
    let scale = match asset {
        Asset::Issued { .. } => ISSUED_DECIMALS,
        Asset::Xrp | Asset::Mpt(_) => 0,
    };
    let amount = Money {
        asset,
        value: Number::of_units(order.deliver, scale),
    };
    if crate::binary::encode_money(&amount).is_none() {
        return Err(No::TooFine);
    }
    match &facts.destination {
        Some(state) if state.requires_deposit_authorisation() => {
            return Err(No::DepositAuthorisation);
        }
        Some(state) if state.requires_tag() && order.destination_tag.is_none() => {
            return Err(No::TagNeeded);
        }
        Some(_) => {}
        None if asset != Asset::Xrp => return Err(No::DestinationAbsent),
        None => {
            let reserve_drops = facts.ledger.reserve_base_drops;
            if order.deliver < Amount::from_u128(reserve_drops.into()) {
                return Err(No::BelowBaseReserve { reserve_drops });
            }
        }
    }
    let send_max = match asset {
        Asset::Issued { issuer, .. } => currency(order, facts, issuer, &amount)?,
        Asset::Xrp | Asset::Mpt(_) => None,
    };
    own_side(order, facts, asset, send_max.as_ref().unwrap_or(&amount))?;
    fee_and_validity(order, facts)?;
    Ok(ReturnPayment {
        account,
        destination,
        destination_tag: order.destination_tag,
        amount,
        send_max,
        fee_drops: order.fee_drops,
        validity: order.validity,
        signing: order.signing,
    })
}

/// What an issued currency needs on the other side, and the most that may leave ours.
fn currency(
    order: &PaymentOrder,
    facts: &ReturnFacts,
    issuer: [u8; 20],
    amount: &Money,
) -> Result<Option<Money>, ReturnRefusal> {
    use ReturnRefusal as No;
    let PaymentOrder {
        account,
        destination,
        ..
    } = *order;
    let state = facts.issuer.as_ref().ok_or(No::IssuerUnknown)?;
    // A frozen line still lets its holder pay the issuer.
    let own_frozen = facts.own_line.as_ref().is_some_and(|line| line.frozen);
    if destination != issuer && account != issuer && (state.is_frozen() || own_frozen) {
        return Err(No::Frozen);
    }
    if destination != issuer {
        let line = facts.destination_line.as_ref().ok_or(No::TrustLineAbsent)?;
        if state.requires_authorisation() && !line.authorised {
            return Err(No::TrustLineNotAuthorised);
        }
        let units = |number: &Number| number.units(ISSUED_DECIMALS).map(|units| units.held());
        let after = units(&line.balance).and_then(|held| held.checked_add(order.deliver));
        // A limit past what we can count is no limit.
        let fits = units(&line.limit).is_none_or(|limit| after.is_some_and(|after| after <= limit));
        if !fits {
            return Err(No::TrustLimit);
        }
    }
    if account == issuer {
        return Ok(None);
    }
    let rate = if destination == issuer || state.transfer_rate == 0 {
        RATE_ONE
    } else {
        state.transfer_rate.max(RATE_ONE)
    };
    let most = order
        .deliver
        .mul_ratio_ceil(
            Amount::from_u128(rate.into()),
            Amount::from_u128(RATE_ONE.into()),
        )
        .and_then(|units| Number::of_units(units, ISSUED_DECIMALS).rounded_up())
        .ok_or(No::TooFine)?;
    let units = most.units(ISSUED_DECIMALS).map(|units| units.amount);
    if units.is_none_or(|units| units > order.leave_max) {
        return Err(No::TransferFeeUncovered {
            send_max: most.to_string(),
        });
    }
    Ok(Some(Money {
        asset: amount.asset,
        value: most,
    }))
}

/// What our account must have and keep.
fn own_side(
    order: &PaymentOrder,
    facts: &ReturnFacts,
    asset: Asset,
    leaves: &Money,
) -> Result<(), ReturnRefusal> {
    use ReturnRefusal as No;
    let account = order.account;
    let own = facts.own.as_ref().ok_or(No::OwnAccountAbsent)?;
    let leaves = leaves
        .units()
        .map(|units| units.amount)
        .ok_or(No::TooFine)?;
    let reserve_drops = facts.ledger.reserve_drops(own.owner_count);
    // The ledger lets a fee be paid from the reserve, and a payment not.
    let needed = match asset {
        Asset::Xrp => {
            leaves.checked_add(Amount::from_u128(reserve_drops.max(order.fee_drops).into()))
        }
        Asset::Issued { issuer, .. } => {
            let held = facts
                .own_line
                .as_ref()
                .and_then(|line| line.balance.units(ISSUED_DECIMALS))
                .map(|units| units.held());
            if account != issuer && held.is_none_or(|held| held < leaves) {
                return Err(No::OwnBalance);
            }
            Some(Amount::from_u128(order.fee_drops.into()))
        }
        Asset::Mpt(_) => return Err(No::AssetByHand),
    };
    let balance = Amount::from_u128(own.balance_drops.into());
    if needed.is_none_or(|needed| needed > balance) {
        return Err(No::OwnReserve { reserve_drops });
    }
    Ok(())
}

fn fee_and_validity(order: &PaymentOrder, facts: &ReturnFacts) -> Result<(), ReturnRefusal> {
    use ReturnRefusal as No;
    let signatures = match order.signing {
        Signing::Key(_) => 1,
        Signing::Signers(count) => u64::from(count).saturating_add(1),
    };
    let fee_drops_min = facts.ledger.base_fee_drops.saturating_mul(signatures);
    if order.fee_drops < fee_drops_min {
        return Err(No::FeeTooLow { fee_drops_min });
    }
    if order.fee_drops > FEE_DROPS_MAX {
        return Err(No::FeeTooHigh);
    }
    if matches!(order.signing, Signing::Signers(0 | 33..)) {
        return Err(No::Signers);
    }
    let validated = facts.ledger.validated;
    if order
        .validity
        .last_ledger()
        .is_some_and(|last| last <= validated)
    {
        return Err(No::Expired);
    }
    let next = facts.own.as_ref().map_or(0, |own| own.sequence);
    match order.validity {
        Validity::Sequence { last_ledger, .. }
            if last_ledger.saturating_sub(validated) > LAST_LEDGER_AHEAD_MAX =>
        {
            Err(No::LivesTooLong)
        }
        Validity::Sequence { sequence, .. } if sequence < next => Err(No::SequenceUsed),
        Validity::Ticket { ticket, .. } if ticket == 0 || ticket >= next => Err(No::NoTicket),
        Validity::Sequence { .. } | Validity::Ticket { .. } => Ok(()),
    }
}
