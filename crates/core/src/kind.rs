//! Why a credit was not booked: the closed list of kinds.

use crate::code::coded;

coded! {
    /// Why a credit was not booked, in order of precedence: the first that fits is the primary kind, the rest that
    /// fits is kept beside it.
    pub enum Kind {
        /// The transaction was reverted: nothing moved.
        Failed => "failed",
        /// The transaction gave way to another one.
        Replaced => "replaced",
        /// It stands on an abandoned branch of the network.
        OldFork => "old_fork",
        /// The user quotes the exchange's own withdrawal.
        OutgoingWithdrawal => "outgoing_withdrawal",
        /// It went to a contract (often the token's own) that is not ours.
        TokenContract => "token_contract",
        /// It sits in a bridge and never reached us.
        BridgeStuck => "bridge_stuck",
        /// The address was never ours.
        NotOurs => "not_ours",
        /// The address is ours and nobody holds its key.
        NoKey => "no_key",
        /// An imitation, or a log without a movement.
        FakeToken => "fake_token",
        /// Both sides are ours, or it is our own withdrawal: a sweep or a top-up; or the coins only paid for a message about
        /// something else.
        OwnMovement => "own_movement",
        /// The ledger has it.
        AlreadyCredited => "already_credited",
        /// Another platform sent our withdrawal back.
        ReturnedWithdrawal => "returned_withdrawal",
        /// Sent to an address of our own operations.
        HotWallet => "hot_wallet",
        /// Right address, other network, and the same key signs there.
        WrongChainSameKey => "wrong_chain_same_key",
        /// Right address, other network, and a contract controls it at home.
        WrongChainContract => "wrong_chain_contract",
        /// An output on a sibling of the intended network.
        UtxoWrongChain => "utxo_wrong_chain",
        /// Deposits on this network are paused.
        SuspendedNetwork => "suspended_network",
        /// A contract that was delisted or replaced.
        RetiredContract => "retired_contract",
        /// A token that we do not list.
        UnlistedToken => "unlisted_token",
        /// A voucher for a coin of another network.
        IbcVoucher => "ibc_voucher",
        /// No routing field at a shared address.
        MemoMissing => "memo_missing",
        /// A routing field that, as it stands, names nobody.
        MemoUnknown => "memo_unknown",
        /// A routing field that names another user.
        MemoOfAnotherUser => "memo_of_another_user",
        /// The right value in another field, or as another type.
        MemoInWrongField => "memo_in_wrong_field",
        /// Less was delivered than the transaction states.
        PartialPayment => "partial_payment",
        /// Credited by a call inside a contract.
        InternalTransfer => "internal_transfer",
        /// Credited without any call to us.
        ForcedCredit => "forced_credit",
        /// Under the smallest deposit that is credited.
        BelowMinimum => "below_minimum",
        /// An address that was replaced.
        RetiredAddress => "retired_address",
        /// The owner's account is closed.
        AccountClosed => "account_closed",
        /// A good, final deposit with no ledger row.
        MissedCredit => "missed_credit",
    }
}

impl Kind {
    /// Whether this explains a transaction and leaves nothing to recover.
    #[must_use]
    pub const fn is_diagnosis(self) -> bool {
        matches!(
            self,
            Self::Failed
                | Self::Replaced
                | Self::OldFork
                | Self::OutgoingWithdrawal
                | Self::TokenContract
                | Self::BridgeStuck
                | Self::NotOurs
                | Self::NoKey
                | Self::FakeToken
                | Self::AlreadyCredited
        )
    }

    /// Whether a person should see it in the working queue: it is neither a diagnosis nor our own movement.
    #[must_use]
    pub const fn is_workable(self) -> bool {
        !self.is_diagnosis() && !matches!(self, Self::OwnMovement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_snake_case_and_round_trip() {
        for kind in Kind::ALL {
            assert!(
                kind.code()
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            assert_eq!(Kind::from_code(kind.code()), Some(*kind));
        }
    }
}
