//! Codes in words: what happened, why, and what to do next. One text a code, so that the specialist, the customer and the
//! nightly report read the same answer.

use recover_core::kind::Kind;
use recover_core::memo::{MemoEvidence, MemoSign};
use recover_core::observation::Flag;
use recover_core::verdict::{DeployLeg, DeployLegKind, How, Missing, Reason, Verdict};

/// What happened, in one sentence.
#[must_use]
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => {
            "The transaction failed on the network: nothing was moved, and the sender still has the money."
        }
        Kind::Replaced => "Another transaction took this one's place: nothing was moved by it.",
        Kind::OldFork => "The transaction stands only on an abandoned branch of the network.",
        Kind::OutgoingWithdrawal => {
            "This is a withdrawal that the exchange itself sent; it is no deposit."
        }
        Kind::TokenContract => "It was sent to a contract that is not ours, often the token's own.",
        Kind::BridgeStuck => "It sits in a bridge and never reached us.",
        Kind::NotOurs => "The address that received it is not ours.",
        Kind::NoKey => "The address is ours, and its key is lost.",
        Kind::FakeToken => {
            "The token is an imitation or bait, or its log reports a transfer that moved nothing."
        }
        Kind::OwnMovement => {
            "The exchange moved its own money (a sweep, a top-up or a withdrawal to itself), or these coins only carried a message."
        }
        Kind::AlreadyCredited => "The ledger already has this deposit.",
        Kind::ReturnedWithdrawal => "Another platform sent one of our withdrawals back.",
        Kind::HotWallet => {
            "It was sent to an address of our own operations instead of a deposit address."
        }
        Kind::WrongChainSameKey => {
            "The right address on the wrong network: our key controls this address there too."
        }
        Kind::WrongChainContract => {
            "The right address on the wrong network: at home a contract stands there, so it depends on whether the \
             same contract can be put there."
        }
        Kind::UtxoWrongChain => "The right script on a sibling network.",
        Kind::SuspendedNetwork => {
            "Deposits on this network are paused; the money is safe and is credited on reopening."
        }
        Kind::RetiredContract => "The token's contract was delisted or replaced.",
        Kind::UnlistedToken => "A token that the exchange does not list.",
        Kind::IbcVoucher => "A voucher for a coin of another network.",
        Kind::MemoMissing => "The memo that names the user is missing.",
        Kind::MemoUnknown => "The memo, as it stands, names nobody.",
        Kind::MemoOfAnotherUser => "The memo names another user.",
        Kind::MemoInWrongField => "The right memo stands in another field, or as another type.",
        Kind::PartialPayment => "Less was delivered than the transaction states.",
        Kind::InternalTransfer => {
            "A contract paid it inside a call, which ordinary crediting does not see."
        }
        Kind::ForcedCredit => {
            "It was credited without a payment to us (a self-destruct, a withdrawal of a validator, a reward)."
        }
        Kind::BelowMinimum => "It is smaller than the smallest deposit that is credited.",
        Kind::RetiredAddress => "It was sent to an address that has been replaced.",
        Kind::AccountClosed => "The owner's account is closed.",
        Kind::MissedCredit => "A good deposit that the ledger does not have.",
    }
}

/// Why nothing can be recovered.
#[must_use]
pub const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::TransactionFailed => "nothing moved; the customer's own wallet shows the money",
        Reason::TransactionReplaced => "nothing moved; the replacing transaction counts",
        Reason::OldFork => "the branch is abandoned; nothing there has value",
        Reason::OwnWithdrawal => "it left the exchange; ask the receiving side",
        Reason::ForeignContract => {
            "only the contract's owner could give it back; we hold no key of it"
        }
        Reason::HeldByBridge => "only the bridge can pay or refund it",
        Reason::ForeignAddress => "we never held this address; ask whoever does",
        Reason::ScriptUnspendable => {
            "the network has no rule by which anybody could ever spend an output of this kind"
        }
        Reason::KeyLost => "nobody holds the key of this address",
        Reason::WorthlessToken => "there is nothing of value to return",
        Reason::OwnMovement => {
            "both sides are ours, or it only carried a message; nobody is owed anything"
        }
        Reason::AlreadyCredited => "it was booked or settled before; paying again would pay twice",
        Reason::OtherCodeAtAddress => {
            "another contract stands at this address on this network; it is not ours"
        }
        Reason::AddressNotDerived => {
            "the recorded factory, salt and code do not lead to this address: correct the address book"
        }
        Reason::OtherFactoryCode => {
            "other code stands at the factory's address on this network: our contract cannot be put there"
        }
        Reason::DeployerNonceUsed => {
            "the deployer already used the number that would have made our contract there"
        }
        Reason::OtherDerivation => "this network derives contract addresses by another rule",
        Reason::NetworkOutOfReach => {
            "the exchange cannot sign on this network (recovery = \"none\" in chains.toml)"
        }
    }
}

/// What is missing, and how to get it.
#[must_use]
pub const fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::FinalityMissing => {
            "the block is not final yet: wait; `recover reconcile` looks again"
        }
        Missing::OutcomeUnknown => {
            "no source says whether the transaction succeeded: add a node that has its receipt or trace"
        }
        Missing::LedgerCoverageMissing => {
            "the imported ledger does not reach over this time, so it may have been credited: `recover ledger import … --covers`"
        }
        Missing::LedgerUnclear => {
            "the ledger has a row of this transaction with another amount, one row for several credits, or one of this amount and hour under an id that we cannot place, so it may have been credited: correct the row's transaction, position or amount and import it again"
        }
        Missing::OwnerContested => {
            "the address book gives this address or this memo to several users at this time: correct their created and retired columns and import it again"
        }
        Missing::OwnerDisputed => {
            "the memo names one user and another fact names another: nothing is credited or taken back by itself; settle it with both users"
        }
        Missing::TokenReviewMissing => {
            "nobody reviewed this token contract: `recover tokens review`"
        }
        Missing::CodeUnknown => {
            "no source could say what stands at the address on this network: add or repair a source, then scan again"
        }
        Missing::ControlUnknown => {
            "the address book does not say enough of how this address is controlled: import it with a control column, and a script's address with its output descriptor"
        }
        Missing::ControlContradicted => {
            "the address book says a key controls it, and a contract stands there: correct the address book"
        }
        Missing::FactoryAbsent => {
            "the factory does not stand on this network: ask the wallet team whether it can be deployed at the same address"
        }
        Missing::DeployerNonceUnknown => {
            "the deployer's transaction count on this network could not be read: add or repair a source"
        }
        Missing::NetworkSuspended => {
            "deposits here are paused: it is credited on reopening; nothing to pay, nothing to sign"
        }
        Missing::NetworkConditional => {
            "the wallet team must first arrange signing on this network (recovery = \"conditional\")"
        }
        Missing::NotMovableYet => {
            "the coins are ours and cannot be moved yet: wait until they are free"
        }
        Missing::BalanceUnexplained => {
            "logs and balances do not agree: a person must look at the token"
        }
        Missing::ManualHandling => "it needs a person: an NFT or a log of an odd shape",
        Missing::ScriptSecret => {
            "whoever sees the script behind this address can take the coins on this network: show it to nobody, spend it with a \
             miner you trust"
        }
        Missing::AssetUnvouched => "a file names this asset by a symbol only: find the contract",
        Missing::NotSeenByUs => "only a file tells of it: `recover diagnose` its transaction first",
    }
}

/// How it can be moved.
#[must_use]
pub const fn how(how: How) -> &'static str {
    match how {
        How::SameKey => "the key of this address signs on this network too",
        How::SameScript => {
            "the keys and the script behind this address unlock it on this network too"
        }
        How::OwnAccount => "it already stands in our own account: booking it is enough",
        How::ContractInPlace => "our contract stands at this address on this network",
    }
}

/// One step before the money can move.
#[must_use]
pub const fn leg(leg: DeployLegKind) -> &'static str {
    match leg {
        DeployLegKind::DeployFactory => "deploy the factory at its known address",
        DeployLegKind::DeployForwarder => "deploy the forwarder through its factory",
        DeployLegKind::DeployAtNonce => {
            "deploy the contract from its deployer at the recorded nonce"
        }
        DeployLegKind::Flush => "flush the contract to its parent",
    }
}

/// A verdict's detail in words.
#[must_use]
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Controllable(detail) => how(*detail),
        Verdict::NeedsDeploy(_) => "it can be moved once our contract is put there",
        Verdict::Conditional(detail) => missing(*detail),
        Verdict::NotRecoverable(detail) => reason(*detail),
    }
}

/// As [`verdict`], for a deposit with these flags: what it waits for may be its own age and not the block's finality.
#[must_use]
pub fn why(verdict: &Verdict, flags: &[Flag]) -> &'static str {
    match verdict {
        Verdict::Conditional(Missing::FinalityMissing) if flags.contains(&Flag::Immature) => {
            "mined coins can be spent after a hundred blocks (on Dogecoin 240) and count then: wait; `recover scan` looks again"
        }
        other => self::verdict(other),
    }
}

/// A verdict in one or two words for a headline.
#[must_use]
pub const fn headline(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Controllable(_) => "RECOVERABLE",
        Verdict::NeedsDeploy(_) => "RECOVERABLE AFTER DEPLOYMENT",
        Verdict::Conditional(_) => "NOT YET DECIDED",
        Verdict::NotRecoverable(_) => "NOT RECOVERABLE",
    }
}

/// What a flag means for whoever handles the deposit.
#[must_use]
pub const fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::Nft => "a token id, not a quantity",
        Flag::FeeOnTransfer => "the token keeps a part of each transfer: what arrived is quoted",
        Flag::BalanceUnchanged => "the log reports a transfer and the balance did not change",
        Flag::BalanceAmbiguous => {
            "several credits in one block, and their sum does not fit the change of balance"
        }
        Flag::MultiSource => "several senders: it cannot go back by itself",
        Flag::Immature => {
            "its block made these coins: they count and can be spent after a hundred blocks, on Dogecoin after 240"
        }
        Flag::Inscription => {
            "the output may carry an inscription or a token of another protocol: look first, then `recover quote --spend-inscription`"
        }
        Flag::ScriptSecret => "the script must not be published",
        Flag::OddShape => "the log has no standard shape",
        Flag::PartialDelivery => {
            "less was delivered than the transaction names: what arrived is quoted"
        }
        Flag::Locked => "the coins cannot be moved yet",
    }
}

/// One finding about a routing field, as a specialist reads it aloud.
#[must_use]
pub fn memo(evidence: &MemoEvidence) -> String {
    let MemoEvidence {
        sign,
        place,
        value,
        assigned,
        user,
    } = evidence;
    // Printed with escapes, so that blanks and characters without width are seen.
    let own = assigned.as_deref().unwrap_or_default();
    let user = user.as_deref().unwrap_or_default();
    let read = |how: &str| format!("{place} {value:?} {how} is {own:?}, the memo of user {user}");
    match sign {
        MemoSign::Absent => format!("{place} is not there"),
        MemoSign::Empty => format!("{place} is there and empty"),
        MemoSign::Blank => format!("{place} {value:?} holds nothing but blanks"),
        MemoSign::Zero => {
            format!("{place} is {value:?}: what wallets fill in where nothing was typed")
        }
        MemoSign::Encrypted => format!("{place} is encrypted: only the recipient's key reads it"),
        MemoSign::Unreadable => format!("{place} holds bytes that are no text: {value}"),
        MemoSign::TooLong if own.is_empty() => {
            format!("{place} {value:?} is longer or larger than a memo of this network can be")
        }
        MemoSign::TooLong => read("(too long for this network)"),
        MemoSign::ValuesConflict => {
            format!("{place} is {value:?} and another routing field says something else")
        }
        MemoSign::Trimmed => read("without blanks and signs around it"),
        MemoSign::InvisibleCharacters => read("without characters that nobody sees"),
        MemoSign::FoldedDigits => read("in plain digits and letters"),
        MemoSign::GroupedDigits => read("without the signs between its digits"),
        MemoSign::Labelled => read("without the words beside it"),
        MemoSign::LeadingZeros => read("but for zeros in front"),
        MemoSign::OtherCase => read("but for capitals"),
        MemoSign::WrongType => read("as another type"),
        MemoSign::InOtherField => read("(a field that routes nothing)"),
        MemoSign::Exact => format!("{place} {value:?} is the memo of user {user}"),
        MemoSign::Unassigned => format!("{place} {value:?} is nobody's memo"),
        MemoSign::OneDigitOff => {
            format!("{place} {value:?} is one slip away from {own:?}, the memo of user {user}")
        }
        MemoSign::RetiredValue => {
            format!("{place} {value:?} was the memo of user {user} and was retired before")
        }
        MemoSign::AssignedLater => {
            format!("{place} {value:?} was given to user {user} only afterwards")
        }
        MemoSign::ClosedAccount => format!("the account of user {user} is closed"),
        MemoSign::OfAnotherUser => {
            format!("the sender is known as user {user}'s, not as the memo's owner")
        }
        MemoSign::SeveralOwners => {
            format!("{place} {value:?} is the memo of user {user} and of others at once")
        }
        MemoSign::BookedToAnother => {
            format!(
                "the ledger booked it to user {user}, who is not the one that {place} {value:?} names"
            )
        }
    }
}

/// Who must sign for a verdict, in one line for a person.
#[must_use]
pub fn who_signs(verdict: &Verdict, address: &str) -> String {
    match verdict {
        Verdict::Controllable(How::OwnAccount) => "nobody: it is booked in the ledger".to_owned(),
        Verdict::Controllable(How::SameKey) => {
            format!("the holder of the key of {address}, on this network")
        }
        Verdict::Controllable(How::SameScript) => {
            format!("the holders of the keys of {address}, on this network")
        }
        Verdict::Controllable(How::ContractInPlace) => {
            format!("whoever may operate the contract {address}, on this network")
        }
        Verdict::NeedsDeploy(legs) => {
            let mut signers: Vec<String> = legs.iter().map(leg_signer).collect();
            signers.dedup();
            signers.join(", then ")
        }
        Verdict::Conditional(_) => "not known yet".to_owned(),
        Verdict::NotRecoverable(_) => "nobody".to_owned(),
    }
}

/// Who signs one step. A contract signs nothing: whoever may call it does.
#[must_use]
pub fn leg_signer(leg: &DeployLeg) -> String {
    match leg.kind {
        DeployLegKind::DeployFactory | DeployLegKind::DeployAtNonce => {
            format!("the key of {}", leg.signer)
        }
        DeployLegKind::DeployForwarder => format!("whoever may call the factory {}", leg.signer),
        DeployLegKind::Flush => format!("whoever may operate the contract {}", leg.signer),
    }
}
