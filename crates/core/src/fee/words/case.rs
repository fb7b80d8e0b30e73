//! What a case is called where customers read it.

use super::Names;
use crate::claim::Resolution;
use crate::fee::rule::{AgeWindow, FeeRule};
use crate::kind::Kind;

/// What customers call a case of this kind, without an article.
#[must_use]
pub const fn case(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "failed transaction",
        Kind::Replaced => "replaced transaction",
        Kind::OldFork => "transaction on an abandoned branch",
        Kind::OutgoingWithdrawal => "withdrawal of our own",
        Kind::TokenContract => "sent to a contract of others",
        Kind::BridgeStuck => "stuck in a bridge",
        Kind::NotOurs => "sent to an address that is not ours",
        Kind::NoKey => "sent to an address without a key",
        Kind::FakeToken => "imitated token",
        Kind::OwnMovement => "movement of our own",
        Kind::AlreadyCredited => "booked to the wrong user",
        Kind::ReturnedWithdrawal => "withdrawal that another platform sent back",
        Kind::HotWallet => "sent to a wallet of our operations",
        Kind::WrongChainSameKey => "sent on the wrong network",
        Kind::WrongChainContract => "sent on the wrong network, to an address that is a contract",
        Kind::UtxoWrongChain => "sent on a relative of the right network",
        Kind::SuspendedNetwork => "sent on a paused network",
        Kind::RetiredContract => "old or delisted token",
        Kind::UnlistedToken => "token that is not listed",
        Kind::IbcVoucher => "voucher for a coin of another network",
        Kind::MemoMissing => "missing memo or tag",
        Kind::MemoUnknown => "wrong memo or tag",
        Kind::MemoOfAnotherUser => "memo or tag of another user",
        Kind::MemoInWrongField => "memo or tag in the wrong field",
        Kind::PartialPayment => "less delivered than stated",
        Kind::InternalTransfer => "paid inside a contract call",
        Kind::ForcedCredit => "credited without a payment",
        Kind::BelowMinimum => "below the smallest deposit",
        Kind::RetiredAddress => "sent to a replaced address",
        Kind::AccountClosed => "account closed",
        Kind::MissedCredit => "good deposit that was not booked",
    }
}

/// What narrows a rule beside its kinds: networks, assets, age; empty where nothing does.
pub(super) fn conditions(rule: &FeeRule, names: &Names<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    if !rule.networks.is_empty() {
        let networks: Vec<String> = rule.networks.iter().map(|id| (names.network)(id)).collect();
        texts.push(format!("on {}", super::listed(&networks, "or")));
    }
    if !rule.assets.is_empty() {
        let assets: Vec<String> = rule.assets.iter().map(|id| (names.asset)(id)).collect();
        texts.push(format!("in {}", super::listed(&assets, "or")));
    }
    if let Some(age) = rule.age {
        texts.push(aged(age));
    }
    texts
}

/// How old a deposit must be, in words.
fn aged(age: AgeWindow) -> String {
    let days = |days: u32| match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match (age.from_days, age.to_days) {
        (0, None) => "of any age".to_owned(),
        (0, Some(to)) => format!("less than {} old", days(to)),
        (from, None) => format!("at least {} old", days(from)),
        (from, Some(to)) => format!("at least {} and less than {} old", days(from), days(to)),
    }
}

/// What shall happen to the money, as the end of "when it is …".
pub(super) const fn done(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::LedgerCredit => "booked where it lies",
        Resolution::SweepThenCredit => "moved and booked",
        Resolution::SweepToAddress => "sent to an address of the user",
        Resolution::ReturnToSender => "sent back",
        Resolution::CorrectBooking => "taken back from the wrong user",
        Resolution::Wait => "waiting",
        Resolution::Refuse => "refused",
        Resolution::Manual => "worked by hand",
    }
}
