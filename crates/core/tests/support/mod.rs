//! Facts that the suites of the core start from: one good deposit, and one change for each way in which it goes wrong.
#![allow(dead_code, reason = "each suite uses its own part")]

use recover_core::amount::Amount;
use recover_core::asset::{AssetStanding, AssetTerms, TokenReview};
use recover_core::book::{AddressRole, ControlRecord};
use recover_core::classify::{Facts, Finality, MemoStanding, Recipient, TransactionStanding};
use recover_core::kind::Kind;
use recover_core::ledger::{AccountStanding, LedgerStanding};
use recover_core::memo::{MemoEvidence, MemoFinding, MemoSign};
use recover_core::network::{DepositState, RecoveryCapability};
use recover_core::observation::{Flag, Mechanism};
use recover_core::verdict::{DeployLeg, DeployLegKind, How, Missing, Reason, Verdict};

/// A change of the good deposit's facts.
pub type Change = fn(&mut Facts);

/// A final deposit of a listed coin above the minimum, at an address issued to `user-1`, on a network that is served, in a
/// period that the ledger covers, and no row of the ledger for it.
pub fn good() -> Facts {
    Facts {
        transaction: TransactionStanding::Executed,
        finality: Finality::Final,
        mechanism: Mechanism::TopLevel,
        flags: Vec::new(),
        amount: Amount::from_u128(1_000),
        is_partial: false,
        deposits: DepositState::Open,
        recovery: RecoveryCapability::Direct,
        asset: AssetStanding::Listed(terms()),
        keeps_outputs: false,
        is_voucher: false,
        recipient: Recipient::Ours {
            role: AddressRole::Deposit,
            serves: true,
            user: Some("user-1".to_owned()),
            control: ControlRecord::Key,
        },
        sender_is_ours: false,
        memo: None,
        control: Verdict::Controllable(How::SameKey),
        ledger: LedgerStanding {
            covered: true,
            ..LedgerStanding::default()
        },
        account: AccountStanding::Active,
        owner_contested: false,
        seen_by_us: true,
    }
}

/// The good deposit after one change.
pub fn changed(change: Change) -> Facts {
    let mut facts = good();
    change(&mut facts);
    facts
}

pub fn terms() -> AssetTerms {
    AssetTerms {
        symbol: "USDC".to_owned(),
        decimals: 6,
        minimum: Some(Amount::from_u128(100)),
    }
}

/// Routing fields with this standing and nothing else to say.
pub fn memo(standing: MemoStanding) -> Option<MemoFinding> {
    Some(MemoFinding {
        standing,
        owner: None,
        proposed: None,
        evidence: Vec::new(),
    })
}

/// Routing fields with one finding.
pub fn said(standing: MemoStanding, sign: MemoSign) -> Option<MemoFinding> {
    Some(MemoFinding {
        standing,
        owner: None,
        proposed: None,
        evidence: vec![MemoEvidence {
            sign,
            place: "memo".to_owned(),
            value: "7".to_owned(),
            assigned: Some("7".to_owned()),
            user: Some("user-2".to_owned()),
        }],
    })
}

pub fn stranger(is_contract: Option<bool>, is_bridge: bool) -> Recipient {
    Recipient::Stranger {
        is_contract,
        is_bridge,
    }
}

/// Changes the role of the credited address, keeping the rest.
pub fn set_role(facts: &mut Facts, wanted: AddressRole) {
    if let Recipient::Ours { role, .. } = &mut facts.recipient {
        *role = wanted;
    }
}

/// Moves the deposit to a network that its address does not serve.
pub fn leave_home(facts: &mut Facts) {
    if let Recipient::Ours { serves, .. } = &mut facts.recipient {
        *serves = false;
    }
}

/// Makes the credited address a CREATE2 forwarder.
pub fn set_forwarder(facts: &mut Facts) {
    if let Recipient::Ours { control, .. } = &mut facts.recipient {
        *control = ControlRecord::Create2 {
            factory: [1; 20],
            salt: [2; 32],
            init_code_hash: [3; 32],
        };
    }
}

pub fn leg(kind: DeployLegKind) -> DeployLeg {
    DeployLeg {
        kind,
        signer: "0xSigner".to_owned(),
        detail: "salt 1".to_owned(),
    }
}

/// For every kind that facts can produce, the smallest change of the good deposit that makes it fit.
pub const MAKING: &[(Kind, Change)] = &[
    (Kind::Failed, |facts| {
        facts.transaction = TransactionStanding::Failed;
    }),
    (Kind::Replaced, |facts| {
        facts.transaction = TransactionStanding::Replaced;
    }),
    (Kind::OldFork, |facts| {
        facts.transaction = TransactionStanding::OldFork;
    }),
    (Kind::OutgoingWithdrawal, |facts| {
        facts.recipient = stranger(Some(false), false);
        facts.ledger.own_withdrawal = Some("w-1".to_owned());
    }),
    (Kind::TokenContract, |facts| {
        facts.recipient = stranger(Some(true), false);
    }),
    (Kind::BridgeStuck, |facts| {
        facts.recipient = stranger(Some(true), true);
    }),
    (Kind::NotOurs, |facts| {
        facts.recipient = stranger(None, false);
    }),
    (Kind::NoKey, |facts| {
        facts.control = Verdict::NotRecoverable(Reason::KeyLost);
    }),
    (Kind::FakeToken, |facts| {
        facts.asset = AssetStanding::Unlisted(TokenReview::Fake);
    }),
    (Kind::OwnMovement, |facts| facts.sender_is_ours = true),
    (Kind::AlreadyCredited, |facts| {
        facts.ledger.credited = Some("l-1".to_owned());
    }),
    (Kind::ReturnedWithdrawal, |facts| {
        facts.ledger.returned_withdrawal = Some("w-1".to_owned());
    }),
    (Kind::HotWallet, |facts| set_role(facts, AddressRole::Hot)),
    (Kind::WrongChainSameKey, leave_home),
    (Kind::WrongChainContract, |facts| {
        leave_home(facts);
        set_forwarder(facts);
    }),
    (Kind::UtxoWrongChain, |facts| {
        leave_home(facts);
        facts.keeps_outputs = true;
    }),
    (Kind::SuspendedNetwork, |facts| {
        facts.deposits = DepositState::Suspended;
    }),
    (Kind::RetiredContract, |facts| {
        facts.asset = AssetStanding::Retired(terms());
    }),
    (Kind::UnlistedToken, |facts| {
        facts.asset = AssetStanding::Unlisted(TokenReview::Genuine);
    }),
    (Kind::IbcVoucher, |facts| {
        facts.asset = AssetStanding::Unlisted(TokenReview::Genuine);
        facts.is_voucher = true;
    }),
    (Kind::MemoMissing, |facts| {
        facts.memo = memo(MemoStanding::Missing);
    }),
    (Kind::MemoUnknown, |facts| {
        facts.memo = memo(MemoStanding::Unassigned);
    }),
    (Kind::MemoOfAnotherUser, |facts| {
        facts.memo = memo(MemoStanding::OfAnotherUser);
    }),
    (Kind::MemoInWrongField, |facts| {
        facts.memo = memo(MemoStanding::InWrongField);
    }),
    (Kind::PartialPayment, |facts| facts.is_partial = true),
    (Kind::InternalTransfer, |facts| {
        facts.mechanism = Mechanism::InternalCall;
    }),
    (Kind::ForcedCredit, |facts| {
        facts.mechanism = Mechanism::SelfDestruct;
    }),
    (Kind::BelowMinimum, |facts| {
        facts.amount = Amount::from_u128(99);
    }),
    (Kind::RetiredAddress, |facts| {
        set_role(facts, AddressRole::Retired);
    }),
    (Kind::AccountClosed, |facts| {
        facts.account = AccountStanding::Closed;
    }),
    (Kind::MissedCredit, |_| ()),
];

/// What is missing, and the smallest change that makes it so.
pub const LACKING: &[(Missing, Change)] = &[
    (Missing::FinalityMissing, |facts| {
        facts.finality = Finality::NotFinal;
    }),
    (Missing::OutcomeUnknown, |facts| {
        facts.transaction = TransactionStanding::Unknown;
    }),
    (Missing::LedgerCoverageMissing, |facts| {
        facts.ledger.covered = false;
    }),
    (Missing::LedgerUnclear, |facts| {
        facts.ledger.unclear = Some("row-4".to_owned());
    }),
    (Missing::OwnerContested, |facts| {
        facts.owner_contested = true;
    }),
    (Missing::OwnerDisputed, |facts| {
        facts.memo = said(MemoStanding::Unassigned, MemoSign::ValuesConflict);
    }),
    (Missing::TokenReviewMissing, |facts| {
        facts.asset = AssetStanding::Unlisted(TokenReview::Unreviewed);
    }),
    (Missing::CodeUnknown, |facts| {
        lose_control(facts, Missing::CodeUnknown);
    }),
    (Missing::ControlUnknown, |facts| {
        lose_control(facts, Missing::ControlUnknown);
    }),
    (Missing::ScriptSecret, |facts| {
        lose_control(facts, Missing::ScriptSecret);
    }),
    (Missing::ControlContradicted, |facts| {
        lose_control(facts, Missing::ControlContradicted);
    }),
    (Missing::FactoryAbsent, |facts| {
        lose_control(facts, Missing::FactoryAbsent);
    }),
    (Missing::DeployerNonceUnknown, |facts| {
        lose_control(facts, Missing::DeployerNonceUnknown);
    }),
    (Missing::NetworkSuspended, |facts| {
        facts.deposits = DepositState::Suspended;
    }),
    (Missing::NetworkConditional, |facts| {
        leave_home(facts);
        facts.recovery = RecoveryCapability::Conditional;
    }),
    (Missing::NotMovableYet, |facts| {
        facts.flags = vec![Flag::Locked];
    }),
    (Missing::BalanceUnexplained, |facts| {
        facts.flags = vec![Flag::BalanceAmbiguous];
    }),
    (Missing::ManualHandling, |facts| {
        facts.flags = vec![Flag::Nft];
    }),
    (Missing::AssetUnvouched, |facts| {
        facts.asset = AssetStanding::Unvouched;
    }),
    (Missing::NotSeenByUs, |facts| facts.seen_by_us = false),
];

/// A deposit on a network that its address does not serve, where control cannot be shown.
fn lose_control(facts: &mut Facts, missing: Missing) {
    leave_home(facts);
    facts.control = Verdict::Conditional(missing);
}
