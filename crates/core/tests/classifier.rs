//! The classifier as a table: a named row for every kind, verdict and flag, written from the decision order that a desk
//! follows (is it final, is it ours, is it booked, which asset by contract, which routing field, how much, who can sign).

mod support;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use recover_core::amount::Amount;
use recover_core::asset::{AssetStanding, TokenReview};
use recover_core::book::{AddressRole, ControlRecord};
use recover_core::claim::Resolution;
use recover_core::classify::{
    Facts, Finality, MemoStanding, Recipient, TransactionStanding, classify, status,
};
use recover_core::deposit::{DepositStatus, Queue};
use recover_core::kind::Kind;
use recover_core::ledger::{AccountStanding, LedgerStanding};
use recover_core::memo::{MemoFinding, MemoSign};
use recover_core::network::{DepositState, RecoveryCapability};
use recover_core::observation::{Flag, Mechanism};
use recover_core::verdict::{DeployLegKind, How, Missing, Reason, Verdict};
use std::collections::BTreeSet;
use support::{
    Change, LACKING, MAKING, changed, good, leave_home, leg, memo, said, set_forwarder, set_role,
    stranger, terms,
};

/// One scenario: the good deposit after a change, and what must be made of it.
struct Row {
    name: &'static str,
    change: Change,
    kind: Kind,
    also: &'static [Kind],
    verdict: Verdict,
}

const OWN: Verdict = Verdict::Controllable(How::OwnAccount);
const KEY: Verdict = Verdict::Controllable(How::SameKey);

const fn no(reason: Reason) -> Verdict {
    Verdict::NotRecoverable(reason)
}

const fn lacks(missing: Missing) -> Verdict {
    Verdict::Conditional(missing)
}

fn deploy(kind: DeployLegKind) -> Verdict {
    Verdict::NeedsDeploy(vec![leg(kind)])
}

/// A wrong-chain deposit at a contract address whose control is what a control proof said.
fn forwarder_abroad(facts: &mut Facts, control: Verdict) {
    leave_home(facts);
    set_forwarder(facts);
    facts.control = control;
}

#[rustfmt::skip] // A table: one row, one scenario.
fn rows() -> Vec<Row> {
    use Kind as K;
    use Missing as M;
    use Reason as R;
    let mut rows = Vec::new();
    let mut row = |name, kind, also, verdict, change: Change| rows.push(Row { name, change, kind, also, verdict });

    // Did it happen.
    row("the transaction was reverted", K::Failed, &[], no(R::TransactionFailed), |f| f.transaction = TransactionStanding::Failed);
    row("the transaction was replaced", K::Replaced, &[], no(R::TransactionReplaced), |f| f.transaction = TransactionStanding::Replaced);
    row("it stands on an abandoned branch", K::OldFork, &[], no(R::OldFork), |f| f.transaction = TransactionStanding::OldFork);
    row("no source knows whether it succeeded", K::MissedCredit, &[], lacks(M::OutcomeUnknown), |f| f.transaction = TransactionStanding::Unknown);
    row("it is not final", K::MissedCredit, &[], lacks(M::FinalityMissing), |f| f.finality = Finality::NotFinal);
    row("nobody knows whether it is final", K::MissedCredit, &[], lacks(M::FinalityMissing), |f| f.finality = Finality::Unknown);

    // Is it ours.
    row("the user quotes our withdrawal", K::OutgoingWithdrawal, &[K::NotOurs], no(R::OwnWithdrawal), |f| { f.recipient = stranger(Some(false), false); f.ledger.own_withdrawal = Some("w".into()); });
    row("our hot wallet paid a stranger", K::OutgoingWithdrawal, &[K::NotOurs], no(R::OwnWithdrawal), |f| { f.recipient = stranger(None, false); f.sender_is_ours = true; });
    row("sent to the token's own contract", K::TokenContract, &[K::NotOurs], no(R::ForeignContract), |f| f.recipient = stranger(Some(true), false));
    row("it sits in a bridge", K::BridgeStuck, &[K::NotOurs], no(R::HeldByBridge), |f| f.recipient = stranger(Some(true), true));
    row("the address was never ours", K::NotOurs, &[], no(R::ForeignAddress), |f| f.recipient = stranger(Some(false), false));
    row("a stranger's address of unknown code", K::NotOurs, &[], no(R::ForeignAddress), |f| f.recipient = stranger(None, false));
    row("a routing field at a stranger's address is not about us", K::NotOurs, &[], no(R::ForeignAddress), |f| { f.recipient = stranger(None, false); f.memo = memo(MemoStanding::Missing); });
    row("ours, and the key is lost", K::NoKey, &[], no(R::KeyLost), |f| f.control = no(R::KeyLost));

    // Is it money.
    row("a reviewed imitation", K::FakeToken, &[K::UnlistedToken], no(R::WorthlessToken), |f| f.asset = AssetStanding::Unlisted(TokenReview::Fake));
    row("a reviewed airdrop", K::FakeToken, &[K::UnlistedToken], no(R::WorthlessToken), |f| f.asset = AssetStanding::Unlisted(TokenReview::Airdrop));
    row("an unlisted token's log without a movement", K::FakeToken, &[K::UnlistedToken], no(R::WorthlessToken), |f| { f.asset = AssetStanding::Unlisted(TokenReview::Genuine); f.flags = vec![Flag::BalanceUnchanged]; });
    row("a listed token's log without a movement", K::MissedCredit, &[], lacks(M::BalanceUnexplained), |f| f.flags = vec![Flag::BalanceUnchanged]);

    // Is it booked.
    row("the nightly sweep", K::OwnMovement, &[K::HotWallet], no(R::OwnMovement), |f| { f.sender_is_ours = true; set_role(f, AddressRole::Hot); });
    row("our withdrawal to an address of ours", K::OwnMovement, &[], no(R::OwnMovement), |f| f.ledger.own_withdrawal = Some("w".into()));
    row("the ledger has it", K::AlreadyCredited, &[], no(R::AlreadyCredited), |f| f.ledger.credited = Some("l".into()));
    row("a case settled by hand", K::AlreadyCredited, &[], no(R::AlreadyCredited), |f| f.ledger.settled = Some("c".into()));
    row("booked, although the import covers nothing there", K::AlreadyCredited, &[], no(R::AlreadyCredited), |f| { f.ledger.credited = Some("l".into()); f.ledger.covered = false; });
    row("a good deposit the ledger lacks", K::MissedCredit, &[], OWN, |_| ());
    row("a booking of another amount stands in its transaction", K::MissedCredit, &[], lacks(M::LedgerUnclear), |f| f.ledger.unclear = Some("l".into()));
    row("the book gives its address to two users", K::MissedCredit, &[], lacks(M::OwnerContested), |f| f.owner_contested = true);
    row("a good deposit outside ledger coverage", K::MissedCredit, &[], lacks(M::LedgerCoverageMissing), |f| f.ledger.covered = false);

    // Our own operations.
    row("another platform sent our withdrawal back", K::ReturnedWithdrawal, &[K::HotWallet], OWN, |f| { f.ledger.returned_withdrawal = Some("w".into()); set_role(f, AddressRole::Hot); });
    row("sent to the hot wallet", K::HotWallet, &[], OWN, |f| set_role(f, AddressRole::Hot));
    row("an unlisted token at the hot wallet", K::HotWallet, &[K::UnlistedToken], KEY, |f| { set_role(f, AddressRole::Hot); f.asset = AssetStanding::Unlisted(TokenReview::Genuine); });
    row("the hot wallet's address on a network we do not serve", K::HotWallet, &[K::WrongChainSameKey], KEY, |f| { set_role(f, AddressRole::Hot); leave_home(f); });

    // Which network.
    row("right address, other network, same key", K::WrongChainSameKey, &[], KEY, leave_home);
    row("other network, only conditional there", K::WrongChainSameKey, &[], lacks(M::NetworkConditional), |f| { leave_home(f); f.recovery = RecoveryCapability::Conditional; });
    row("other network, out of reach", K::WrongChainSameKey, &[], no(R::NetworkOutOfReach), |f| { leave_home(f); f.recovery = RecoveryCapability::None; });
    row("other network, nobody could read the code", K::WrongChainSameKey, &[], lacks(M::CodeUnknown), |f| { leave_home(f); f.control = lacks(M::CodeUnknown); });
    row("other network, the book does not say who controls it", K::WrongChainSameKey, &[], lacks(M::ControlUnknown), |f| { leave_home(f); f.control = lacks(M::ControlUnknown); });
    row("other network, a contract where the book says key", K::WrongChainSameKey, &[], lacks(M::ControlContradicted), |f| { leave_home(f); f.control = lacks(M::ControlContradicted); });
    row("other network, the ledger need not cover it to be explained", K::WrongChainSameKey, &[], KEY, |f| { leave_home(f); f.ledger.covered = false; });
    row("forwarder already deployed there", K::WrongChainContract, &[], Verdict::Controllable(How::ContractInPlace), |f| forwarder_abroad(f, Verdict::Controllable(How::ContractInPlace)));
    row("forwarder to be deployed by its factory", K::WrongChainContract, &[], deploy(DeployLegKind::DeployForwarder), |f| forwarder_abroad(f, deploy(DeployLegKind::DeployForwarder)));
    row("factory to be deployed first", K::WrongChainContract, &[], deploy(DeployLegKind::DeployFactory), |f| forwarder_abroad(f, deploy(DeployLegKind::DeployFactory)));
    row("contract to be made at the deployer's nonce", K::WrongChainContract, &[], deploy(DeployLegKind::DeployAtNonce), |f| forwarder_abroad(f, deploy(DeployLegKind::DeployAtNonce)));
    row("only the flush is left", K::WrongChainContract, &[], deploy(DeployLegKind::Flush), |f| forwarder_abroad(f, deploy(DeployLegKind::Flush)));
    row("factory absent there", K::WrongChainContract, &[], lacks(M::FactoryAbsent), |f| forwarder_abroad(f, lacks(M::FactoryAbsent)));
    row("deployer's nonce unread", K::WrongChainContract, &[], lacks(M::DeployerNonceUnknown), |f| forwarder_abroad(f, lacks(M::DeployerNonceUnknown)));
    row("other code at the address there", K::WrongChainContract, &[], no(R::OtherCodeAtAddress), |f| forwarder_abroad(f, no(R::OtherCodeAtAddress)));
    row("the record does not lead to the address", K::WrongChainContract, &[], no(R::AddressNotDerived), |f| forwarder_abroad(f, no(R::AddressNotDerived)));
    row("other code at the factory's address", K::WrongChainContract, &[], no(R::OtherFactoryCode), |f| forwarder_abroad(f, no(R::OtherFactoryCode)));
    row("deployer's nonce used up", K::WrongChainContract, &[], no(R::DeployerNonceUsed), |f| forwarder_abroad(f, no(R::DeployerNonceUsed)));
    row("the network derives addresses by another rule", K::WrongChainContract, &[], no(R::OtherDerivation), |f| forwarder_abroad(f, no(R::OtherDerivation)));
    row("an output on another network, same key", K::UtxoWrongChain, &[], KEY, |f| { leave_home(f); f.keeps_outputs = true; });
    row("an output on another network, same script", K::UtxoWrongChain, &[], Verdict::Controllable(How::SameScript), |f| { leave_home(f); f.keeps_outputs = true; f.control = Verdict::Controllable(How::SameScript); });
    row("an output whose script must stay secret there", K::UtxoWrongChain, &[], lacks(M::ScriptSecret), |f| { leave_home(f); f.keeps_outputs = true; f.control = lacks(M::ScriptSecret); });
    row("an output that nobody can ever spend there", K::UtxoWrongChain, &[], no(R::ScriptUnspendable), |f| { leave_home(f); f.keeps_outputs = true; f.control = no(R::ScriptUnspendable); });
    row("a missed output at home", K::MissedCredit, &[], OWN, |f| f.keeps_outputs = true);
    row("a missed output at home that anybody may take", K::MissedCredit, &[], lacks(M::ScriptSecret), |f| { f.keeps_outputs = true; f.control = lacks(M::ScriptSecret); });
    row("a missed output at home that nobody can ever spend", K::MissedCredit, &[], no(R::ScriptUnspendable), |f| { f.keeps_outputs = true; f.control = no(R::ScriptUnspendable); });
    row("deposits on the network are paused", K::SuspendedNetwork, &[], lacks(M::NetworkSuspended), |f| f.deposits = DepositState::Suspended);
    row("paused, and nothing to sign: control is no condition", K::SuspendedNetwork, &[], lacks(M::NetworkSuspended), |f| { f.deposits = DepositState::Suspended; f.control = lacks(M::ControlUnknown); f.recovery = RecoveryCapability::None; });
    row("paused, and a deposit below the minimum", K::SuspendedNetwork, &[K::BelowMinimum], lacks(M::NetworkSuspended), |f| { f.deposits = DepositState::Suspended; f.amount = Amount::from_u128(1); });

    // Which asset, by contract.
    row("a delisted contract", K::RetiredContract, &[], KEY, |f| f.asset = AssetStanding::Retired(terms()));
    row("a reviewed unlisted token", K::UnlistedToken, &[], KEY, |f| f.asset = AssetStanding::Unlisted(TokenReview::Genuine));
    row("an unlisted token that nobody reviewed", K::UnlistedToken, &[], lacks(M::TokenReviewMissing), |f| f.asset = AssetStanding::Unlisted(TokenReview::Unreviewed));
    row("an unlisted token at a forwarder in place", K::UnlistedToken, &[], Verdict::Controllable(How::ContractInPlace), |f| { set_forwarder(f); f.control = Verdict::Controllable(How::ContractInPlace); f.asset = AssetStanding::Unlisted(TokenReview::Genuine); });
    row("a symbol from a file, for which nobody vouches", K::UnlistedToken, &[], lacks(M::AssetUnvouched), |f| f.asset = AssetStanding::Unvouched);
    row("a deposit that only a file tells of", K::MissedCredit, &[], lacks(M::NotSeenByUs), |f| f.seen_by_us = false);
    row("a voucher over a foreign channel", K::IbcVoucher, &[], KEY, |f| { f.asset = AssetStanding::Unlisted(TokenReview::Genuine); f.is_voucher = true; });
    row("a listed voucher is credited as any other asset", K::MissedCredit, &[], OWN, |f| f.is_voucher = true);
    row("a listed voucher that the ledger has", K::AlreadyCredited, &[], no(R::AlreadyCredited), |f| { f.is_voucher = true; f.ledger.credited = Some("l".into()); });
    row("a listed voucher below the minimum", K::BelowMinimum, &[], OWN, |f| { f.is_voucher = true; f.amount = Amount::from_u128(1); });
    row("a listed voucher without a routing field", K::MemoMissing, &[], OWN, |f| { f.is_voucher = true; set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Missing); });
    row("a delisted voucher", K::RetiredContract, &[], KEY, |f| { f.is_voucher = true; f.asset = AssetStanding::Retired(terms()); });
    row("a voucher that nobody reviewed", K::IbcVoucher, &[], lacks(M::TokenReviewMissing), |f| { f.is_voucher = true; f.asset = AssetStanding::Unlisted(TokenReview::Unreviewed); });
    row("an imitated voucher", K::FakeToken, &[K::IbcVoucher], no(R::WorthlessToken), |f| { f.is_voucher = true; f.asset = AssetStanding::Unlisted(TokenReview::Fake); });
    row("a voucher by a symbol from a file", K::IbcVoucher, &[], lacks(M::AssetUnvouched), |f| { f.is_voucher = true; f.asset = AssetStanding::Unvouched; });

    // Which routing field.
    row("no routing field", K::MemoMissing, &[], OWN, |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Missing); });
    row("a routing field of nobody", K::MemoUnknown, &[], OWN, |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Unassigned); });
    row("a routing field of another user", K::MemoOfAnotherUser, &[], lacks(M::OwnerDisputed), |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::OfAnotherUser); });
    row("the right value in the wrong field", K::MemoInWrongField, &[], OWN, |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::InWrongField); });
    row("a good routing field", K::MissedCredit, &[], OWN, |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Good); });

    row("a memo that the book gives to two users", K::MemoUnknown, &[], lacks(M::OwnerContested), |f| { set_role(f, AddressRole::Omnibus); f.memo = said(MemoStanding::Unassigned, MemoSign::SeveralOwners); });
    row("two routing fields with two values", K::MemoUnknown, &[], lacks(M::OwnerDisputed), |f| { set_role(f, AddressRole::Omnibus); f.memo = said(MemoStanding::Unassigned, MemoSign::ValuesConflict); });
    row("a memo of another user, and the ledger credited that one", K::AlreadyCredited, &[K::MemoOfAnotherUser], no(R::AlreadyCredited), |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::OfAnotherUser); f.ledger.credited = Some("l".into()); });
    row("a memo of another user outside the ledger's period", K::MemoOfAnotherUser, &[], lacks(M::OwnerDisputed), |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::OfAnotherUser); f.ledger.covered = false; });
    row("a good memo, booked", K::AlreadyCredited, &[], no(R::AlreadyCredited), |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Good); f.ledger.credited = Some("l".into()); });
    row("a good memo of a closed account", K::AccountClosed, &[], KEY, |f| { set_role(f, AddressRole::Omnibus); f.memo = memo(MemoStanding::Good); f.account = AccountStanding::Closed; });
    row("a routing field at a network that we do not serve", K::WrongChainSameKey, &[K::MemoMissing], KEY, |f| { set_role(f, AddressRole::Omnibus); leave_home(f); f.memo = memo(MemoStanding::Missing); });

    // Our own money on its way back.
    row("a message of ours that bounced", K::ReturnedWithdrawal, &[], OWN, |f| f.mechanism = Mechanism::Bounce);
    row("coins of ours that came back over IBC", K::ReturnedWithdrawal, &[], OWN, |f| f.mechanism = Mechanism::IbcRefund);
    row("coins that came over IBC are a deposit", K::MissedCredit, &[], OWN, |f| f.mechanism = Mechanism::IbcTransfer);

    // How much, and how it moved.
    row("less delivered than stated", K::PartialPayment, &[], OWN, |f| f.is_partial = true);
    row("credited by a call inside a contract", K::InternalTransfer, &[], OWN, |f| f.mechanism = Mechanism::InternalCall);
    row("what pays for the message of a token transfer", K::OwnMovement, &[K::InternalTransfer, K::BelowMinimum], no(R::OwnMovement), |f| { f.mechanism = Mechanism::Carrier; f.amount = Amount::from_u128(1); });
    row("as much as a deposit, beside a token transfer", K::InternalTransfer, &[], OWN, |f| f.mechanism = Mechanism::Carrier);
    row("left by a contract that destroyed itself", K::ForcedCredit, &[], OWN, |f| f.mechanism = Mechanism::SelfDestruct);
    row("a validator withdrawal", K::ForcedCredit, &[], OWN, |f| f.mechanism = Mechanism::Withdrawal);
    row("a block reward", K::ForcedCredit, &[], OWN, |f| f.mechanism = Mechanism::Reward);
    row("a token transfer is no internal one", K::MissedCredit, &[], OWN, |f| f.mechanism = Mechanism::TokenTransfer);
    row("a deposit carried over from layer 1", K::MissedCredit, &[], OWN, |f| f.mechanism = Mechanism::BridgeMint);
    row("one unit under the minimum", K::BelowMinimum, &[], OWN, |f| f.amount = Amount::from_u128(99));
    row("exactly the minimum", K::MissedCredit, &[], OWN, |f| f.amount = Amount::from_u128(100));
    row("nothing at all, and no minimum is set", K::MissedCredit, &[], OWN, |f| { f.amount = Amount::ZERO; f.asset = AssetStanding::Listed(recover_core::asset::AssetTerms { minimum: None, ..terms() }); });

    // Whose.
    row("a rotated address", K::RetiredAddress, &[], OWN, |f| set_role(f, AddressRole::Retired));
    row("the owner's account is closed", K::AccountClosed, &[], KEY, |f| f.account = AccountStanding::Closed);
    row("the account's state is not known", K::MissedCredit, &[], OWN, |f| f.account = AccountStanding::Unknown);

    // Flags.
    row("flag nft", K::UnlistedToken, &[], lacks(M::ManualHandling), |f| { f.asset = AssetStanding::Unlisted(TokenReview::Genuine); f.flags = vec![Flag::Nft]; });
    row("flag odd_shape", K::MissedCredit, &[], lacks(M::ManualHandling), |f| f.flags = vec![Flag::OddShape]);
    row("flag balance_ambiguous", K::MissedCredit, &[], lacks(M::BalanceUnexplained), |f| f.flags = vec![Flag::BalanceAmbiguous]);
    row("flag fee_on_transfer: the smaller amount counts, control is the same", K::UnlistedToken, &[], KEY, |f| { f.asset = AssetStanding::Unlisted(TokenReview::Genuine); f.flags = vec![Flag::FeeOnTransfer]; });
    row("flag multi_source: it can be booked, only not sent back", K::MissedCredit, &[], OWN, |f| f.flags = vec![Flag::MultiSource]);
    row("flag immature", K::ForcedCredit, &[], OWN, |f| { f.mechanism = Mechanism::Reward; f.flags = vec![Flag::Immature]; });
    row("flag partial_delivery: what arrived is booked", K::PartialPayment, &[], OWN, |f| { f.is_partial = true; f.flags = vec![Flag::PartialDelivery]; });
    row("flag locked: ours, and not to be booked before it is free", K::MissedCredit, &[], lacks(M::NotMovableYet), |f| f.flags = vec![Flag::Locked]);
    row("flag inscription", K::MissedCredit, &[], OWN, |f| f.flags = vec![Flag::Inscription]);
    row("flag script_secret", K::WrongChainSameKey, &[], KEY, |f| { leave_home(f); f.flags = vec![Flag::ScriptSecret]; });
    rows
}

#[test]
fn every_row_is_classified_as_written() {
    let mut wrong = Vec::new();
    for row in rows() {
        let found = classify(&changed(row.change));
        if (found.kind, found.also.as_slice(), &found.verdict) != (row.kind, row.also, &row.verdict)
        {
            wrong.push(format!(
                "{}: expected {} {:?} {}, got {} {:?} {}",
                row.name, row.kind, row.also, row.verdict, found.kind, found.also, found.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_verdict_and_flag_has_a_row() {
    let rows = rows();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "a row's name is its own");

    let kinds: BTreeSet<Kind> = rows.iter().map(|row| row.kind).collect();
    for kind in Kind::ALL {
        assert!(kinds.contains(kind), "no row has the kind {kind}");
    }
    let details: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|row| (row.verdict.code(), row.verdict.detail()))
        .collect();
    let every = (How::ALL.iter().map(|how| Verdict::Controllable(*how)))
        .chain(DeployLegKind::ALL.iter().map(|kind| deploy(*kind)))
        .chain(Missing::ALL.iter().map(|missing| lacks(*missing)))
        .chain(Reason::ALL.iter().map(|reason| no(*reason)));
    for verdict in every {
        assert!(
            details.contains(&(verdict.code(), verdict.detail())),
            "no row ends in {verdict}"
        );
    }
    let flags: BTreeSet<Flag> = (rows.iter())
        .flat_map(|row| changed(row.change).flags)
        .collect();
    for flag in Flag::ALL {
        assert!(flags.contains(flag), "no row has the flag {flag}");
    }
}

/// The order in which kinds outrank each other; members of one group never fit together or do not care.
const ORDER: &[&[Kind]] = &[
    &[
        Kind::Failed,
        Kind::Replaced,
        Kind::OldFork,
        Kind::OutgoingWithdrawal,
        Kind::TokenContract,
        Kind::BridgeStuck,
        Kind::NotOurs,
        Kind::NoKey,
        Kind::FakeToken,
    ],
    &[Kind::OwnMovement],
    &[Kind::AlreadyCredited],
    &[Kind::ReturnedWithdrawal],
    &[Kind::HotWallet],
    &[
        Kind::WrongChainSameKey,
        Kind::WrongChainContract,
        Kind::UtxoWrongChain,
    ],
    &[Kind::SuspendedNetwork],
    &[Kind::RetiredContract],
    &[Kind::UnlistedToken, Kind::IbcVoucher],
    &[
        Kind::MemoMissing,
        Kind::MemoUnknown,
        Kind::MemoOfAnotherUser,
        Kind::MemoInWrongField,
    ],
    &[Kind::PartialPayment],
    &[Kind::InternalTransfer, Kind::ForcedCredit],
    &[Kind::BelowMinimum],
    &[Kind::RetiredAddress],
    &[Kind::AccountClosed],
    &[Kind::MissedCredit],
];

#[test]
fn the_list_of_kinds_follows_the_decided_order() {
    let flat: Vec<Kind> = ORDER.concat();
    assert_eq!(flat, Kind::ALL);
}

/// Why two kinds whose facts can be had together still cannot fit together; `None` when they must.
fn cannot_meet(first: Kind, second: Kind) -> Option<&'static str> {
    let any = |wanted: &[Kind]| wanted.contains(&first) || wanted.contains(&second);
    let strangers = [
        Kind::OutgoingWithdrawal,
        Kind::TokenContract,
        Kind::BridgeStuck,
        Kind::NotOurs,
    ];
    let about_the_transaction = [
        Kind::Failed,
        Kind::Replaced,
        Kind::OldFork,
        Kind::FakeToken,
        Kind::AlreadyCredited,
    ];
    if any(&[Kind::MissedCredit]) {
        return Some("a missed credit is what is left when nothing else fits");
    }
    if any(&strangers) && !(strangers.contains(&first) && strangers.contains(&second)) {
        let other = if strangers.contains(&first) {
            second
        } else {
            first
        };
        if !about_the_transaction.contains(&other) {
            return Some("at a stranger's address nothing about our own addresses can fit");
        }
    }
    let wrong_chain = [
        Kind::WrongChainSameKey,
        Kind::WrongChainContract,
        Kind::UtxoWrongChain,
    ];
    if any(&[Kind::SuspendedNetwork]) && any(&wrong_chain) {
        return Some("a network that the address does not serve cannot be paused for it");
    }
    if [Kind::WrongChainSameKey, Kind::WrongChainContract] == [first, second] {
        return Some("one record controls an address: a key or a contract");
    }
    if second == Kind::UtxoWrongChain && any(&[Kind::WrongChainSameKey, Kind::WrongChainContract]) {
        return Some("a network keeps outputs or it keeps balances");
    }
    if [Kind::UnlistedToken, Kind::IbcVoucher] == [first, second] {
        return Some("a token is a voucher or it is not");
    }
    if any(&[Kind::BelowMinimum]) && any(&[Kind::FakeToken, Kind::UnlistedToken, Kind::IbcVoucher])
    {
        return Some("an asset that is not listed has no minimum");
    }
    None
}

#[test]
fn of_two_kinds_that_fit_the_earlier_leads_and_the_other_stays() {
    let mut pairs = 0;
    for (index, (first, make_first)) in MAKING.iter().enumerate() {
        for (second, make_second) in MAKING.iter().skip(index + 1) {
            let mut facts = good();
            make_first(&mut facts);
            make_second(&mut facts);
            let mut turned = good();
            make_second(&mut turned);
            make_first(&mut turned);
            // The two set one fact to two values: they exclude each other.
            if facts != turned {
                continue;
            }
            let found = classify(&facts);
            let fitting: Vec<Kind> = std::iter::once(found.kind)
                .chain(found.also.clone())
                .collect();
            if let Some(reason) = cannot_meet(*first, *second) {
                let both = fitting.contains(first) && fitting.contains(second);
                assert!(!both, "{first} and {second} met: {reason}");
                continue;
            }
            pairs += 1;
            let place = |kind: &Kind| fitting.iter().position(|fits| fits == kind);
            let (Some(at_first), Some(at_second)) = (place(first), place(second)) else {
                panic!("{first} and {second} hold, and {fitting:?} were found");
            };
            assert!(at_first < at_second, "{first} comes before {second}");
        }
    }
    assert!(
        pairs >= 297,
        "only {pairs} pairs can meet: the table shrank"
    );
}

#[test]
fn what_is_missing_is_named_in_its_order() {
    for (index, (first, lack_first)) in LACKING.iter().enumerate() {
        assert_eq!(
            classify(&changed(*lack_first)).verdict,
            lacks(*first),
            "{first} alone"
        );
        for (second, lack_second) in LACKING.iter().skip(index + 1) {
            let mut facts = good();
            lack_first(&mut facts);
            lack_second(&mut facts);
            let mut turned = good();
            lack_second(&mut turned);
            lack_first(&mut turned);
            if facts != turned {
                continue;
            }
            // A ledger or a pause matters only for what could be booked here, and finality only of what we saw.
            let about_booking = [Missing::LedgerCoverageMissing, Missing::NetworkSuspended];
            let moot = (about_booking.contains(first) || about_booking.contains(second))
                && (facts.recipient != good().recipient || facts.asset != good().asset);
            let of_what_we_saw = [Missing::FinalityMissing, Missing::OutcomeUnknown];
            let unseen = *second == Missing::NotSeenByUs && of_what_we_saw.contains(first);
            if moot || unseen {
                continue;
            }
            assert_eq!(
                classify(&facts).verdict,
                lacks(*first),
                "{first} before {second}"
            );
        }
    }
    let order: Vec<Missing> = LACKING.iter().map(|(missing, _)| *missing).collect();
    assert_eq!(order, Missing::ALL);
}

#[test]
fn the_owner_is_who_the_book_says() {
    assert_eq!(classify(&good()).owner.as_deref(), Some("user-1"));
    let shared = changed(|facts| {
        facts.recipient = Recipient::Ours {
            role: AddressRole::Omnibus,
            serves: true,
            user: None,
            control: ControlRecord::Key,
        };
    });
    assert_eq!(classify(&shared).owner, None);
    let foreign = changed(|facts| facts.recipient = stranger(None, false));
    assert_eq!(classify(&foreign).owner, None);
}

#[test]
fn pitfall_020_not_final_and_unknown_are_never_open() {
    for (_, change) in MAKING {
        let found = classify(&changed(*change));
        for finality in [Finality::NotFinal, Finality::Unknown] {
            assert_eq!(status(&found, finality), DepositStatus::Unconfirmed);
        }
        let settled = if found.kind.is_workable() {
            DepositStatus::Open
        } else {
            DepositStatus::Resolved
        };
        assert_eq!(
            status(&found, Finality::Final),
            settled,
            "{}",
            found.kind.code()
        );
    }
}

#[test]
fn only_work_for_people_is_in_the_working_queue() {
    let cases: &[(&str, Queue, Change)] = &[
        ("a missed credit", Queue::Work, |_| ()),
        ("a sweep", Queue::None, |facts| facts.sender_is_ours = true),
        ("a booked deposit", Queue::None, |facts| {
            facts.ledger.credited = Some("l".into());
        }),
        ("an unreviewed token", Queue::TokenReview, |facts| {
            facts.asset = AssetStanding::Unlisted(TokenReview::Unreviewed);
        }),
        ("a genuine token", Queue::Work, |facts| {
            facts.asset = AssetStanding::Unlisted(TokenReview::Genuine);
        }),
        ("outside ledger coverage", Queue::LedgerCoverage, |facts| {
            facts.ledger.covered = false;
        }),
    ];
    for (name, expected, change) in cases {
        assert_eq!(Queue::of(&classify(&changed(*change))), *expected, "{name}");
    }
}

#[test]
fn what_is_proposed_follows_kind_and_verdict() {
    use Resolution as Do;
    let rows = [
        (
            "a missed credit is booked",
            Kind::MissedCredit,
            OWN,
            Do::LedgerCredit,
        ),
        (
            "memo money already sits with us",
            Kind::MemoMissing,
            OWN,
            Do::LedgerCredit,
        ),
        (
            "another user's memo needs consent",
            Kind::MemoOfAnotherUser,
            KEY,
            Do::Manual,
        ),
        (
            "wrong chain is moved first",
            Kind::WrongChainSameKey,
            KEY,
            Do::SweepThenCredit,
        ),
        (
            "after a deployment too",
            Kind::WrongChainContract,
            deploy(DeployLegKind::DeployForwarder),
            Do::SweepThenCredit,
        ),
        (
            "an unlisted token cannot be booked",
            Kind::UnlistedToken,
            KEY,
            Do::SweepToAddress,
        ),
        (
            "a closed account cannot be booked to",
            Kind::AccountClosed,
            KEY,
            Do::SweepToAddress,
        ),
        (
            "the hot wallet's listed coin is booked",
            Kind::HotWallet,
            OWN,
            Do::LedgerCredit,
        ),
        (
            "what the ledger cannot book at the hot wallet",
            Kind::HotWallet,
            KEY,
            Do::Manual,
        ),
        (
            "a pause is waited for",
            Kind::SuspendedNetwork,
            lacks(Missing::NetworkSuspended),
            Do::Wait,
        ),
        (
            "finality is waited for",
            Kind::MissedCredit,
            lacks(Missing::FinalityMissing),
            Do::Wait,
        ),
        (
            "an nft is worked by hand",
            Kind::UnlistedToken,
            lacks(Missing::ManualHandling),
            Do::Manual,
        ),
        (
            "a lost key is refused",
            Kind::NoKey,
            no(Reason::KeyLost),
            Do::Refuse,
        ),
    ];
    for (name, kind, verdict, expected) in rows {
        assert_eq!(Resolution::proposed(kind, &verdict), expected, "{name}");
    }
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        select(How::ALL).prop_map(Verdict::Controllable),
        prop::collection::vec(select(DeployLegKind::ALL).prop_map(leg), 0..4)
            .prop_map(Verdict::NeedsDeploy),
        select(Missing::ALL).prop_map(Verdict::Conditional),
        select(Reason::ALL).prop_map(Verdict::NotRecoverable),
    ]
}

fn any_recipient() -> impl Strategy<Value = Recipient> {
    let control = prop_oneof![
        Just(ControlRecord::Unknown),
        Just(ControlRecord::Key),
        Just(ControlRecord::KeyLost),
        Just(ControlRecord::Create2 {
            factory: [1; 20],
            salt: [2; 32],
            init_code_hash: [3; 32]
        }),
        Just(ControlRecord::Create {
            deployer: [4; 20],
            nonce: 7
        }),
    ];
    prop_oneof![
        1 => (any::<Option<bool>>(), any::<bool>())
            .prop_map(|(is_contract, is_bridge)| stranger(is_contract, is_bridge)),
        3 => (select(AddressRole::ALL), any::<bool>(), any::<bool>(), control).prop_map(
            |(role, serves, has_user, control)| Recipient::Ours {
                role,
                serves,
                user: has_user.then(|| "user-1".to_owned()),
                control,
            }
        ),
    ]
}

fn any_asset() -> impl Strategy<Value = AssetStanding> {
    let minimum = prop::option::of((0u128..5).prop_map(Amount::from_u128));
    let terms = minimum.prop_map(|minimum| recover_core::asset::AssetTerms { minimum, ..terms() });
    prop_oneof![
        4 => terms.clone().prop_map(AssetStanding::Listed),
        1 => terms.prop_map(AssetStanding::Retired),
        2 => select(TokenReview::ALL).prop_map(AssetStanding::Unlisted),
        1 => Just(AssetStanding::Unvouched),
    ]
}

fn any_ledger() -> impl Strategy<Value = LedgerStanding> {
    let row = || prop::option::weighted(0.15, Just("row".to_owned()));
    (any::<bool>(), row(), row(), row(), row(), row()).prop_map(
        |(covered, credited, settled, unclear, own_withdrawal, returned_withdrawal)| {
            LedgerStanding {
                covered,
                credited,
                settled,
                unclear,
                own_withdrawal,
                returned_withdrawal,
            }
        },
    )
}

/// Facts in every combination, most of them good enough to get past the diagnoses.
fn any_facts() -> impl Strategy<Value = Facts> {
    let first = (
        prop_oneof![6 => Just(TransactionStanding::Executed), 1 => select(TransactionStanding::ALL)],
        prop_oneof![4 => Just(Finality::Final), 1 => select(Finality::ALL)],
        select(Mechanism::ALL),
        prop_oneof![3 => Just(Vec::new()), 1 => subsequence(Flag::ALL, 0..=Flag::ALL.len())],
        (0u128..6).prop_map(Amount::from_u128),
        prop::bool::weighted(0.1),
        select(DepositState::ALL),
        select(RecoveryCapability::ALL),
    );
    let second = (
        any_asset(),
        (prop::bool::weighted(0.1), prop::bool::weighted(0.3)),
        any_recipient(),
        prop::bool::weighted(0.1),
        prop_oneof![3 => Just(MemoStanding::NotNeeded), 1 => select(MemoStanding::ALL)],
        any_verdict(),
        any_ledger(),
        select(AccountStanding::ALL),
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.1),
    );
    (first, second).prop_map(|(first, second)| {
        let (transaction, finality, mechanism, flags, amount, is_partial, deposits, recovery) =
            first;
        let (
            asset,
            (is_voucher, keeps_outputs),
            recipient,
            sender_is_ours,
            memo,
            control,
            ledger,
            account,
            seen_by_us,
            owner_contested,
        ) = second;
        let memo = (memo != MemoStanding::NotNeeded)
            .then(|| support::memo(memo))
            .flatten();
        Facts {
            transaction,
            finality,
            mechanism,
            flags,
            amount,
            is_partial,
            deposits,
            recovery,
            asset,
            keeps_outputs,
            is_voucher,
            recipient,
            sender_is_ours,
            memo,
            control,
            ledger,
            account,
            owner_contested,
            seen_by_us,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_facts_are_classified_in_order_and_each_kind_once(facts in any_facts()) {
        let found = classify(&facts);
        let all: Vec<Kind> = std::iter::once(found.kind).chain(found.also.clone()).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", all);
        prop_assert_eq!(classify(&facts), found);
    }

    #[test]
    fn a_diagnosis_or_own_movement_is_never_recoverable(facts in any_facts()) {
        let found = classify(&facts);
        if !found.kind.is_workable() {
            prop_assert!(matches!(found.verdict, Verdict::NotRecoverable(_)), "{}", found.verdict);
            prop_assert_eq!(Queue::of(&found), Queue::None);
        }
    }

    #[test]
    fn the_unknown_is_never_fine(facts in any_facts()) {
        let found = classify(&facts);
        let is_sure = facts.seen_by_us
            && facts.finality == Finality::Final
            && facts.transaction == TransactionStanding::Executed;
        if !is_sure {
            prop_assert!(!found.verdict.is_recoverable(), "{}", found.verdict);
        }
        if facts.ledger.unclear.is_some() || facts.owner_contested {
            prop_assert!(!found.verdict.is_recoverable(), "{}", found.verdict);
        }
        let is_disputed = facts.memo.as_ref().is_some_and(MemoFinding::is_disputed);
        if is_disputed && matches!(facts.recipient, Recipient::Ours { .. }) {
            prop_assert!(!found.verdict.is_recoverable(), "{}", found.verdict);
            prop_assert!(!Resolution::proposed(found.kind, &found.verdict).is_payment() || found.kind != Kind::MemoOfAnotherUser);
        }
        if found.verdict == OWN && !facts.ledger.covered {
            // Only a control proof can say so of money that is not simply booked.
            prop_assert_eq!(&facts.control, &OWN);
        }
        if facts.control == lacks(Missing::CodeUnknown) && found.verdict.is_recoverable() {
            // Booking moves nothing, so nobody has to know what stands at the address.
            prop_assert_eq!(found.verdict, OWN);
        }
    }

    #[test]
    fn nothing_is_paid_that_cannot_be_recovered(kind in select(Kind::ALL), verdict in any_verdict()) {
        let proposed = Resolution::proposed(kind, &verdict);
        if matches!(verdict, Verdict::NotRecoverable(_)) || !kind.is_workable() {
            prop_assert!(!proposed.is_payment(), "{kind} {verdict}: {proposed}");
        }
    }
}
