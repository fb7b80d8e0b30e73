//! What counts as a credit and what does not.
//!
//! - A message from a contract with a value, which did not go back, credits the account it came to. `aborted` alone decides
//!   nothing: without a bounce phase, or with one that lacked the funds, the value stays.
//! - A message of ours that comes back is our own money ([`Mechanism::Bounce`]).
//! - Jettons are credited by a successful `internal_transfer` at the jetton wallet that belongs to the account. Whether the
//!   notification behind it was sent, arrived or failed does not matter; a notification from any other contract is a pretence.
//! - What a notification, a rest of fees or an NFT carries in TON stays too, and is told apart by its mechanism.

use crate::address::{self, RawAddress};
use crate::body::{self, Arrival, Meaning};
use crate::control::EXTRA_CURRENCY;
use crate::transaction::{Bounce, Compute, Message, Phases, Transaction};
use crate::wire::JettonWalletRow;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::BlockRef;
use recover_core::memo::{Memo, place};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of jetton wallets: whose they are, and of which accounts all are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wallets {
    known: BTreeMap<RawAddress, Wallet>,
    complete: BTreeSet<RawAddress>,
    strangers: BTreeSet<RawAddress>,
}

/// A jetton wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// Whose it is.
    pub owner: RawAddress,
    /// The jetton's master.
    pub master: RawAddress,
    /// Another contract is said to be the same owner's wallet of the same jetton: one of both is not.
    pub is_contested: bool,
}

/// Whether a contract that speaks as a jetton wallet is one of the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Own,
    Foreign,
    Unknown,
}

impl Wallets {
    /// Takes in a wallet that an index lists after asking its master.
    pub fn insert(&mut self, row: &JettonWalletRow) {
        let twin = self
            .known
            .iter_mut()
            .find(|(address, wallet)| {
                **address != row.address && wallet.owner == row.owner && wallet.master == row.master
            })
            .map(|(_, wallet)| wallet.is_contested = true);
        self.strangers.remove(&row.address);
        self.known.insert(
            row.address,
            Wallet {
                owner: row.owner,
                master: row.master,
                is_contested: twin.is_some(),
            },
        );
    }

    /// Says that every wallet of this account was taken in.
    pub fn completed(&mut self, owner: RawAddress) {
        self.complete.insert(owner);
    }

    /// Says that this account is no jetton wallet.
    pub fn stranger(&mut self, account: RawAddress) {
        if !self.known.contains_key(&account) {
            self.strangers.insert(account);
        }
    }

    /// The wallet at this account; `None` when none is known.
    #[must_use]
    pub fn get(&self, account: &RawAddress) -> Option<&Wallet> {
        self.known.get(account)
    }

    /// Whether it is known what this account is.
    #[must_use]
    pub fn knows(&self, account: &RawAddress) -> bool {
        self.known.contains_key(account) || self.strangers.contains(account)
    }

    fn standing(&self, source: &RawAddress, owner: &RawAddress) -> Standing {
        match self.known.get(source) {
            Some(wallet) if wallet.owner == *owner => Standing::Own,
            Some(_) => Standing::Foreign,
            None if self.strangers.contains(source) || self.complete.contains(owner) => {
                Standing::Foreign
            }
            None => Standing::Unknown,
        }
    }
}

/// Reads transactions of one network.
#[derive(Debug, Clone)]
pub struct Decoder {
    network: NetworkId,
}

/// What became of a message's value.
struct Landing {
    outcome: Outcome,
    kept: Amount,
}

impl Decoder {
    /// A reader for a network.
    #[must_use]
    pub const fn new(network: NetworkId) -> Self {
        Self { network }
    }

    /// Every credit that the transaction made, failed ones included. Several stand in one fixed order: jettons or an NFT, the
    /// coin, extra currencies.
    #[must_use]
    pub fn credits(
        &self,
        transaction: &Transaction,
        wallets: &Wallets,
        block: Option<&BlockRef>,
    ) -> Vec<Observation> {
        let Some(message) = &transaction.in_message else {
            return Vec::new();
        };
        let Some(source) = message.source else {
            return Vec::new();
        };
        let meaning = message.body.meaning();
        let mut credits = Vec::new();
        let wallet = wallets.get(&transaction.account);
        if let Some(wallet) = wallet {
            credits.extend(self.jettons(transaction, message, &meaning, wallet, block));
            // The TON that pays for a wallet's work is the wallet's; what somebody sends there by mistake is told.
            if !matches!(
                meaning,
                Meaning::Empty | Meaning::Comment(_) | Meaning::Unknown
            ) {
                return credits;
            }
        } else {
            match &meaning {
                Meaning::Notification(arrival)
                    if wallets.standing(&source, &transaction.account) == Standing::Foreign =>
                {
                    credits.extend(self.pretence(transaction, source, arrival, block));
                }
                Meaning::OwnershipAssigned { previous, payload } => {
                    let mut credit = self.credit(transaction, "nft", block);
                    credit.from = previous.map(RawAddress::address);
                    credit.asset = self.token(source);
                    credit.amount = Amount::from_u128(1);
                    credit.amount_stated = credit.amount;
                    credit.memos = vec![payload.clone()];
                    credit.mechanism = Mechanism::TokenTransfer;
                    credit.flags = vec![Flag::Nft];
                    credits.push(credit);
                }
                _ => {}
            }
        }
        credits.extend(self.coins(transaction, message, source, &meaning, block));
        credits
    }

    fn credit(
        &self,
        transaction: &Transaction,
        position: &str,
        block: Option<&BlockRef>,
    ) -> Observation {
        Observation {
            network: self.network.clone(),
            tx_id: address::tx_id(&transaction.hash),
            position: Position::new(position),
            block: block.cloned(),
            from: None,
            to: transaction.account.address(),
            asset: AssetId::native(self.network.clone()),
            amount: Amount::ZERO,
            amount_stated: Amount::ZERO,
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TopLevel,
            outcome: Outcome::Success,
            flags: Vec::new(),
        }
    }

    fn token(&self, contract: RawAddress) -> AssetId {
        AssetId::contract(self.network.clone(), contract.address().text())
    }

    fn coins(
        &self,
        transaction: &Transaction,
        message: &Message,
        source: RawAddress,
        meaning: &Meaning,
        block: Option<&BlockRef>,
    ) -> Vec<Observation> {
        let (mechanism, memo) = match meaning {
            _ if is_bounced(message) => (Mechanism::Bounce, Memo::absent(place::COMMENT)),
            Meaning::Comment(memo) => (Mechanism::TopLevel, memo.clone()),
            Meaning::Notification(arrival) => (Mechanism::Carrier, arrival.payload.clone()),
            Meaning::OwnershipAssigned { payload, .. } => (Mechanism::Carrier, payload.clone()),
            Meaning::Excesses => (Mechanism::Carrier, Memo::absent(place::COMMENT)),
            Meaning::Empty
            | Meaning::Transfer(_)
            | Meaning::InternalTransfer(_)
            | Meaning::Operation(_)
            | Meaning::Malformed(_)
            | Meaning::Unknown => (Mechanism::TopLevel, Memo::absent(place::COMMENT)),
        };
        // Validators are paid by messages from the masterchain's zero address.
        let is_system = source.workchain == -1 && source.hash == [0; 32];
        let coin = message.value.map(|value| {
            (
                "value".to_owned(),
                AssetId::native(self.network.clone()),
                value,
            )
        });
        let extra = message.extra.iter().map(|(id, amount)| {
            let name = format!("{EXTRA_CURRENCY}{id}");
            let asset = AssetId::contract(self.network.clone(), &name);
            (name, asset, *amount)
        });
        coin.into_iter()
            .chain(extra)
            .filter(|(_, _, stated)| !stated.is_zero())
            .map(|(position, asset, stated)| {
                let is_coin = asset.contract_text().is_none();
                let landing = landing(transaction, stated, is_coin);
                let mut credit = self.credit(transaction, &position, block);
                credit.from = Some(source.address());
                credit.asset = asset;
                credit.amount = landing.kept;
                credit.amount_stated = stated;
                credit.memos = vec![memo.clone()];
                credit.mechanism = if is_system {
                    Mechanism::Reward
                } else {
                    mechanism
                };
                credit.outcome = landing.outcome;
                credit
            })
            .collect()
    }

    fn jettons(
        &self,
        transaction: &Transaction,
        message: &Message,
        meaning: &Meaning,
        wallet: &Wallet,
        block: Option<&BlockRef>,
    ) -> Option<Observation> {
        let mut credit = self.credit(transaction, "jetton", block);
        credit.to = wallet.owner.address();
        credit.asset = self.token(wallet.master);
        credit.mechanism = Mechanism::TokenTransfer;
        credit.outcome = computed(&transaction.phases);
        if credit.outcome == Outcome::Success && wallet.is_contested {
            credit.outcome = Outcome::Unknown;
        }
        if is_bounced(message) {
            let stated = body::returned_jettons(&message.body)?;
            credit.mechanism = Mechanism::Bounce;
            credit.amount_stated = stated;
            credit.memos = vec![Memo::absent(place::FORWARD_PAYLOAD)];
        } else {
            let Meaning::InternalTransfer(arrival) = meaning else {
                return None;
            };
            credit.from = arrival.from.map(RawAddress::address);
            credit.amount_stated = arrival.amount;
            credit.memos = vec![arrival.payload.clone()];
        }
        if credit.amount_stated.is_zero() {
            return None;
        }
        credit.amount = credit.amount_stated;
        // Some jettons take a fee on the way: what the wallet tells its owner is what it booked.
        let told = transaction
            .out_messages
            .iter()
            .filter(|out| out.destination == Some(wallet.owner))
            .find_map(|out| match out.body.meaning() {
                Meaning::Notification(arrival) => Some(arrival.amount),
                _ => None,
            });
        if let Some(told) = told.filter(|told| *told < credit.amount) {
            credit.amount = told;
            credit.flags = vec![Flag::FeeOnTransfer];
        }
        if credit.outcome == Outcome::Failed {
            credit.amount = Amount::ZERO;
        }
        Some(credit)
    }

    /// A notification from a contract that is no jetton wallet of the account: it says much and moves nothing.
    fn pretence(
        &self,
        transaction: &Transaction,
        source: RawAddress,
        arrival: &Arrival,
        block: Option<&BlockRef>,
    ) -> Option<Observation> {
        if arrival.amount.is_zero() {
            return None;
        }
        let mut credit = self.credit(transaction, "notification", block);
        credit.from = arrival.from.map(RawAddress::address);
        credit.asset = self.token(source);
        credit.amount_stated = arrival.amount;
        credit.balance_delta = Some(Amount::ZERO);
        credit.memos = vec![arrival.payload.clone()];
        credit.mechanism = Mechanism::TokenTransfer;
        credit.flags = vec![Flag::BalanceUnchanged];
        Some(credit)
    }
}

/// Why a transaction credits nobody, for a person; `None` where a message with a value came in.
#[must_use]
pub fn silence(transaction: &Transaction) -> Option<&'static str> {
    let Some(message) = &transaction.in_message else {
        return Some("a system contract's own tick: nothing came in");
    };
    if !message.is_internal() {
        return Some(if transaction.out_messages.is_empty() {
            "the account was called from outside and sent nothing"
        } else {
            "the account was called from outside and sent messages: who got something stands in the transactions after it"
        });
    }
    let is_empty = message.value.is_none_or(Amount::is_zero) && message.extra.is_empty();
    is_empty.then_some("a message without a value")
}

/// Whether the message is on its way back. toncenter v2 does not say, and the mark at the body's beginning does.
fn is_bounced(message: &Message) -> bool {
    message
        .bounced
        .unwrap_or_else(|| matches!(message.body.meaning(), Meaning::Operation(body::BOUNCED)))
}

/// Whether the contract's work stands.
fn computed(phases: &Phases) -> Outcome {
    match (phases.aborted, &phases.compute) {
        (Some(true), _) => Outcome::Failed,
        (Some(false), Some(Compute::Ran { success: true, .. }))
            if phases.action_success != Some(false) =>
        {
            Outcome::Success
        }
        // Not aborted and yet not run well: the source contradicts itself, or does not say.
        _ => Outcome::Unknown,
    }
}

/// What became of the value that came in with a message. Fees for the computing and for the way back are not the sender's
/// payment to us: when the value went back, nothing of it was kept.
fn landing(transaction: &Transaction, stated: Amount, is_coin: bool) -> Landing {
    let phases = &transaction.phases;
    let went_back = transaction
        .out_messages
        .iter()
        .any(|out| out.bounced == Some(true));
    let outcome = match (phases.aborted, phases.bounce, went_back) {
        (None, _, _) => Outcome::Unknown,
        (Some(false), Bounce::None, false) => Outcome::Success,
        (Some(true), Bounce::None | Bounce::NoFunds, false) => Outcome::Success,
        (Some(true), Bounce::Ok, _) | (Some(true), Bounce::Other, true) => Outcome::Failed,
        // A bounce without an abort, a message that went back without a bounce phase: not both can be true.
        _ => Outcome::Unknown,
    };
    // An account in debt pays it first.
    let credited = match phases.credit {
        Some(credit) if is_coin && credit < stated => credit,
        _ => stated,
    };
    match outcome {
        Outcome::Success if credited.is_zero() => Landing {
            outcome: Outcome::Failed,
            kept: Amount::ZERO,
        },
        Outcome::Failed => Landing {
            outcome,
            kept: Amount::ZERO,
        },
        Outcome::Success | Outcome::Unknown => Landing {
            outcome,
            kept: credited,
        },
    }
}
