//! What a finished claim leaves in the books: a balanced set of postings, asset by asset.

use super::Resolution;
use super::package::Receipt;
use super::record::{Claim, ClaimQuote};
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;
use crate::plan::{InstructionKind, LegKind};
use std::collections::BTreeMap;

coded! {
    /// Whose money a posting is about.
    pub enum Account {
        /// The deposit as it was found: unassigned money of the exchange's custody.
        UnassignedDeposit => "unassigned_deposit",
        /// The customer: credited, or paid out on the network; and the balance that a fee beside the deposit is taken from.
        Customer => "customer",
        /// The exchange's revenue from the fee.
        FeeRevenue => "fee_revenue",
        /// What networks took.
        NetworkCost => "network_cost",
        /// The exchange's own coin that pays networks: gas accounts.
        GasFloat => "gas_float",
        /// What top-ups left at addresses of the exchange.
        TopUpLeftover => "top_up_leftover",
        /// The user to whom it was booked by mistake.
        Counterparty => "counterparty",
    }
}

/// One side of the set. Debits and credits of each asset have the same sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Whose money.
    pub account: Account,
    /// Which asset.
    pub asset: AssetId,
    /// Taken from the account, in base units.
    pub debit: Amount,
    /// Given to the account, in base units.
    pub credit: Amount,
}

/// Why there is no balanced set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// The claim has no quote.
    #[error("the claim has no quote to settle by")]
    NoQuote,
    /// A sum leaves every range, or more was spent than there was.
    #[error("the sums of the claim do not balance: a person must look")]
    OutOfRange,
}

/// The postings of a claim whose plan is done: the deposit becomes the customer's net and the fee; what networks took is the
/// exchange's cost, and what a top-up brought and the next leg did not use is left over. Where an output pays for its own
/// transaction, that comes out of the fee. A correction takes both from the user to whom the deposit was booked. A fee that was
/// captured from the balance beside the payout is no part of the deposit's split: it goes from the customer to the revenue in its
/// own asset. Where the recovery was given up the deposit is not split at all, and what was kept of the fee and what networks took
/// is all there is.
///
/// # Errors
/// When sums leave every range or the claim has no quote.
pub fn postings(claim: &Claim) -> Result<Vec<Posting>, SettlementError> {
    let quote = claim.quote.as_ref().ok_or(SettlementError::NoQuote)?;
    let mut set = Set::default();
    // What was booked is unassigned no more: it stands on the balance that it is taken back from.
    let from = match claim.resolution {
        Resolution::CorrectBooking => Account::Counterparty,
        _ => Account::UnassignedDeposit,
    };
    if claim.unwinding.is_none() {
        let net = quote.quote.net;
        let fee = claim
            .amount
            .checked_sub(net)
            .ok_or(SettlementError::OutOfRange)?;
        set.moves(from, Account::Customer, &claim.asset, net)?;
        set.moves(from, Account::FeeRevenue, &claim.asset, fee)?;
    }
    beside(claim, quote, &mut set)?;
    let mut topped: BTreeMap<(String, AssetId), Amount> = BTreeMap::new();
    for receipt in &claim.execution.receipts {
        let Receipt::Sent {
            leg,
            fee,
            succeeded,
            ..
        } = receipt
        else {
            continue;
        };
        let native = AssetId::native(leg.network.clone());
        // An output pays for its own transaction: what the network took is missing from what was kept of the deposit.
        if leg.spend.is_some() {
            set.moves(Account::FeeRevenue, Account::NetworkCost, &native, *fee)?;
            continue;
        }
        // The network's cost comes from what a top-up left at the address first, and from the gas float for the rest.
        let key = (leg.signer.clone(), native.clone());
        let from_top_up = topped.get(&key).copied().unwrap_or(Amount::ZERO).min(*fee);
        if let Some(rest) = topped.get_mut(&key) {
            *rest = rest
                .checked_sub(from_top_up)
                .ok_or(SettlementError::OutOfRange)?;
        }
        let from_float = fee
            .checked_sub(from_top_up)
            .ok_or(SettlementError::OutOfRange)?;
        set.moves(
            Account::TopUpLeftover,
            Account::NetworkCost,
            &native,
            from_top_up,
        )?;
        set.moves(Account::GasFloat, Account::NetworkCost, &native, from_float)?;
        if leg.kind == LegKind::GasTopUp && *succeeded {
            set.moves(
                Account::GasFloat,
                Account::TopUpLeftover,
                &native,
                leg.amount,
            )?;
            let sum = topped
                .entry((leg.recipient.clone(), native))
                .or_insert(Amount::ZERO);
            *sum = sum
                .checked_add(leg.amount)
                .ok_or(SettlementError::OutOfRange)?;
        }
    }
    set.postings()
}

/// What was captured beside the deposit, by what the ledger booked: all of it where the claim is settled, and never more than was
/// charged.
fn beside(claim: &Claim, quote: &ClaimQuote, set: &mut Set) -> Result<(), SettlementError> {
    let charges = quote.quote.charges();
    if charges.is_empty() {
        return Ok(());
    }
    let mut open: BTreeMap<&AssetId, Amount> = BTreeMap::new();
    for charge in charges {
        let sum = open.entry(&charge.coins.asset).or_insert(Amount::ZERO);
        *sum = sum
            .checked_add(charge.coins.amount)
            .ok_or(SettlementError::OutOfRange)?;
    }
    let booked = claim
        .execution
        .receipts
        .iter()
        .flat_map(|receipt| match receipt {
            Receipt::Booked { instructions, .. } => instructions.as_slice(),
            Receipt::Sent { .. } => &[],
        });
    for capture in
        booked.filter(|booked| booked.kind == InstructionKind::CaptureFee && booked.user.is_some())
    {
        let rest = open
            .get_mut(&capture.asset)
            .ok_or(SettlementError::OutOfRange)?;
        *rest = rest
            .checked_sub(capture.amount)
            .ok_or(SettlementError::OutOfRange)?;
        set.moves(
            Account::Customer,
            Account::FeeRevenue,
            &capture.asset,
            capture.amount,
        )?;
    }
    let is_all = open.values().all(|rest| *rest == Amount::ZERO);
    if claim.unwinding.is_none() && !is_all {
        return Err(SettlementError::OutOfRange);
    }
    Ok(())
}

/// Whether debits and credits of each asset have the same sum.
#[must_use]
pub fn is_balanced(postings: &[Posting]) -> bool {
    let mut sums: BTreeMap<&AssetId, (Option<Amount>, Option<Amount>)> = BTreeMap::new();
    for posting in postings {
        let (debit, credit) = sums
            .entry(&posting.asset)
            .or_insert((Some(Amount::ZERO), Some(Amount::ZERO)));
        *debit = debit.and_then(|sum| sum.checked_add(posting.debit));
        *credit = credit.and_then(|sum| sum.checked_add(posting.credit));
    }
    sums.values()
        .all(|(debit, credit)| debit.is_some() && debit == credit)
}

#[derive(Default)]
struct Set(BTreeMap<(AssetId, Account), (Amount, Amount)>);

impl Set {
    fn moves(
        &mut self,
        from: Account,
        to: Account,
        asset: &AssetId,
        amount: Amount,
    ) -> Result<(), SettlementError> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        let mut add = |account, debit: Amount, credit: Amount| {
            let sums = self
                .0
                .entry((asset.clone(), account))
                .or_insert((Amount::ZERO, Amount::ZERO));
            sums.0 = sums.0.checked_add(debit)?;
            sums.1 = sums.1.checked_add(credit)?;
            Some(())
        };
        add(from, amount, Amount::ZERO)
            .and_then(|()| add(to, Amount::ZERO, amount))
            .ok_or(SettlementError::OutOfRange)
    }

    fn postings(self) -> Result<Vec<Posting>, SettlementError> {
        let postings: Vec<Posting> = self
            .0
            .into_iter()
            .map(|((asset, account), (debit, credit))| Posting {
                account,
                asset,
                debit,
                credit,
            })
            .collect();
        if is_balanced(&postings) {
            Ok(postings)
        } else {
            Err(SettlementError::OutOfRange)
        }
    }
}
