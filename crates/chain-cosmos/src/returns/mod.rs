//! Transactions that give a deposit back: the bytes to sign, what they say, and whether they are what was approved.
//!
//! A return is one payment of one coin: a `MsgSend` to the sender, or, for a coin that came over IBC, a `MsgTransfer` over the
//! same channel. It is built as a `SignDoc` for either mode of signing, direct (Protobuf bytes) or amino (sorted JSON, what
//! hardware wallets show). Nothing here signs or sends.
//!
//! [`build`] refuses in the order of [`ReturnRefusal`]; [`decode`] says what bytes would do, knowing nothing of a request;
//! [`verify`] and [`verify_signed`] refuse every deviation from a request, with the field that deviates.

mod amino;
mod read;

#[cfg(feature = "fetch")]
pub(crate) use read::decode_signed;
pub use read::{Deviation, Summary, decode, verify, verify_signed};

use crate::address::{self, module_account, parse_denom};
use crate::key::PublicKey;
use crate::networks::{self, CosmosNetwork};
use crate::proto;
use prost::Message as _;
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::network::NetworkId;

/// How the bytes are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignMode {
    /// The Protobuf bytes of a `SignDoc`.
    Direct,
    /// The canonical JSON of amino: what hardware wallets can show.
    AminoJson,
}

impl SignMode {
    /// Its number in `cosmos.tx.signing.v1beta1.SignMode`.
    const fn number(self) -> i32 {
        match self {
            Self::Direct => 1,
            Self::AminoJson => 127,
        }
    }
}

/// Where a return goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An account of the same network.
    Account(Address),
    /// An account of another network, over the channel by which the coin came.
    OverIbc {
        /// The port on this network (`transfer`).
        port: String,
        /// The channel on this network (`channel-141`).
        channel: String,
        /// The receiver as the other network writes it: the packet's sender.
        receiver: String,
        /// When the transfer is undone if it has not arrived: nanoseconds since 1970.
        timeout_nanoseconds: u64,
    },
}

/// The fee that a return pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// The coin it is paid in: one that the network takes.
    pub denom: String,
    /// How much, in base units.
    pub amount: Amount,
    /// The most gas it may use.
    pub gas_limit: u64,
}

/// A return as it was approved. Everything that the bytes hold stands here; nothing has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRequest {
    /// The network.
    pub network: NetworkId,
    /// The chain's own name, which signatures bind (`cosmoshub-4`).
    pub chain: String,
    /// Our account that pays.
    pub from: Address,
    /// Who gets it.
    pub to: Destination,
    /// The one coin that goes.
    pub denom: String,
    /// How much of it, in base units.
    pub amount: Amount,
    /// What the recipient needs to find it: the memo of the transaction, or of the packet when it goes over IBC. Kept character by
    /// character; empty for none.
    pub memo: String,
    /// The fee.
    pub fee: Fee,
    /// The last height at which it may enter a block.
    pub timeout_height: Height,
    /// The account's number.
    pub account_number: u64,
    /// The account's next sequence.
    pub sequence: u64,
    /// The account's public key: from the network, or from the wallet while the network does not know it.
    pub public_key: Option<PublicKey>,
    /// How it is signed.
    pub mode: SignMode,
}

/// Why a return is not built, in the order in which they are checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnRefusal {
    /// The network's key rule and limits are not known.
    #[error("{network} is not a network whose transactions are built; return it by hand")]
    UnknownNetwork {
        /// The network.
        network: NetworkId,
    },
    /// The paying account is written for another network.
    #[error(
        "{address} is no account of {network} ({prefix}1…); take the account's form on this network"
    )]
    PayerOfAnotherNetwork {
        /// The address.
        address: String,
        /// The network.
        network: NetworkId,
        /// Its prefix.
        prefix: &'static str,
    },
    /// No key signs for the paying account.
    #[error("{address} is a contract or a module: no key signs for it")]
    PayerIsNoKey {
        /// The address.
        address: String,
    },
    /// Neither the network nor the wallet gave a public key.
    #[error(
        "the public key of {address} is not on the network, because the account has signed nothing yet; supply it from the wallet"
    )]
    PublicKeyMissing {
        /// The address.
        address: String,
    },
    /// The key makes another address.
    #[error("the public key makes {made} and not {address}; supply the key of this account")]
    PublicKeyOfAnother {
        /// The address that pays.
        address: String,
        /// The address that the key makes.
        made: String,
    },
    /// The recipient is written for another network.
    #[error(
        "{address} is no account of {network} ({prefix}1…); a coin goes to another network over its channel only"
    )]
    RecipientOfAnotherNetwork {
        /// The address.
        address: String,
        /// The network.
        network: NetworkId,
        /// Its prefix.
        prefix: &'static str,
    },
    /// The recipient is the payer.
    #[error("{address} would pay itself")]
    RecipientIsPayer {
        /// The address.
        address: String,
    },
    /// The recipient is an account of the network itself, which refuses coins or loses them.
    #[error(
        "{address} is the module '{module}' and nobody's account; ask the customer for an address"
    )]
    RecipientIsModule {
        /// The address.
        address: String,
        /// The module.
        module: &'static str,
    },
    /// The recipient is a contract or an interchain account.
    #[error(
        "{address} is a contract or an interchain account; ask the customer for an address of their own"
    )]
    RecipientIsContract {
        /// The address.
        address: String,
    },
    /// A return over IBC without a proper way.
    #[error("a transfer over IBC needs {what}")]
    IbcIncomplete {
        /// What is missing.
        what: &'static str,
    },
    /// A token of a contract is no coin of the bank module.
    #[error("{contract} is a token's contract, which is moved by calling it; return it by hand")]
    ContractToken {
        /// The contract.
        contract: String,
    },
    /// The denomination is none.
    #[error("'{denom}' is no denomination; write it as the network does")]
    Denomination {
        /// The text.
        denom: String,
    },
    /// Nothing would go.
    #[error("a return of nothing")]
    NothingToReturn,
    /// The memo is longer than the network takes.
    #[error("the memo has {characters} characters and {network} takes {characters_max}")]
    MemoTooLong {
        /// Its length.
        characters: usize,
        /// The limit.
        characters_max: usize,
        /// The network.
        network: NetworkId,
    },
    /// The memo has a letter that libraries write in different bytes, so that a signature could not be checked: a control character
    /// or a line separator (cosmjs leaves U+2028 as it is, the network escapes it).
    #[error(
        "the memo has the letter U+{letter:04X}, which cannot be signed alike everywhere; ask for the memo without it"
    )]
    MemoLetter {
        /// The letter.
        letter: u32,
    },
    /// Without gas nothing is executed.
    #[error("a fee with a gas limit of 0")]
    GasMissing,
    /// Without an end a signed transaction could be sent at any later time.
    #[error("a return needs a last height (timeout_height)")]
    TimeoutMissing,
    /// The bytes are not those of the request.
    #[error("the bytes do not fit what was approved: {0}")]
    Deviates(#[from] Deviation),
}

impl ReturnRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownNetwork { .. } => "unknown_network",
            Self::PayerOfAnotherNetwork { .. } => "payer_of_another_network",
            Self::PayerIsNoKey { .. } => "payer_is_no_key",
            Self::PublicKeyMissing { .. } => "public_key_missing",
            Self::PublicKeyOfAnother { .. } => "public_key_of_another",
            Self::RecipientOfAnotherNetwork { .. } => "recipient_of_another_network",
            Self::RecipientIsPayer { .. } => "recipient_is_payer",
            Self::RecipientIsModule { .. } => "recipient_is_module",
            Self::RecipientIsContract { .. } => "recipient_is_contract",
            Self::IbcIncomplete { .. } => "ibc_incomplete",
            Self::Denomination { .. } => "denomination",
            Self::ContractToken { .. } => "contract_token",
            Self::NothingToReturn => "nothing_to_return",
            Self::MemoTooLong { .. } => "memo_too_long",
            Self::MemoLetter { .. } => "memo_letter",
            Self::GasMissing => "gas_missing",
            Self::TimeoutMissing => "timeout_missing",
            Self::Deviates(_) => "deviates",
        }
    }
}

/// Modules whose accounts take no payment, or keep it: of the SDK and of IBC.
const MODULES: &[&str] = &[
    "fee_collector",
    "distribution",
    "bonded_tokens_pool",
    "not_bonded_tokens_pool",
    "gov",
    "mint",
    "transfer",
    "interchainaccounts",
    "evm",
    "wasm",
];

/// An unsigned return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedReturn {
    /// The bytes to sign: the whole document, never only its hash.
    pub sign_bytes: Vec<u8>,
    /// The body of the transaction.
    pub body: Vec<u8>,
    /// Signer and fee.
    pub auth_info: Vec<u8>,
}

impl UnsignedReturn {
    /// The transaction with its signature (r and s, 64 bytes): what is sent, and what its id is the hash of.
    #[must_use]
    pub fn with_signature(&self, signature: &[u8; 64]) -> Vec<u8> {
        proto::TxRaw {
            body_bytes: self.body.clone(),
            auth_info_bytes: self.auth_info.clone(),
            signatures: vec![signature.to_vec()],
        }
        .encode_to_vec()
    }
}

/// Builds the bytes to sign.
///
/// # Errors
/// The first refusal in the order of [`ReturnRefusal`].
pub fn build(request: &ReturnRequest) -> Result<UnsignedReturn, ReturnRefusal> {
    let (network, key) = check(request)?;
    let body = proto::TxBody {
        messages: vec![message(request)],
        memo: request.transaction_memo().as_bytes().to_vec(),
        timeout_height: request.timeout_height.0,
        ..proto::TxBody::default()
    }
    .encode_to_vec();
    let auth_info = proto::AuthInfo {
        signer_infos: vec![proto::SignerInfo {
            public_key: Some(proto::Any {
                type_url: network.public_key_type.to_owned(),
                value: proto::PubKey {
                    key: key.bytes().to_vec(),
                }
                .encode_to_vec(),
            }),
            mode_info: Some(proto::ModeInfo {
                single: Some(proto::SingleMode {
                    mode: request.mode.number(),
                }),
            }),
            sequence: request.sequence,
        }],
        fee: Some(proto::Fee {
            amount: fee_coins(request),
            gas_limit: request.fee.gas_limit,
            payer: String::new(),
            granter: String::new(),
        }),
    }
    .encode_to_vec();
    let sign_bytes = match request.mode {
        SignMode::Direct => proto::SignDoc {
            body_bytes: body.clone(),
            auth_info_bytes: auth_info.clone(),
            chain_id: request.chain.clone(),
            account_number: request.account_number,
        }
        .encode_to_vec(),
        SignMode::AminoJson => amino::document(request).into_bytes(),
    };
    Ok(UnsignedReturn {
        sign_bytes,
        body,
        auth_info,
    })
}

impl ReturnRequest {
    /// The memo of the transaction itself: over IBC the memo goes in the packet.
    fn transaction_memo(&self) -> &str {
        match self.to {
            Destination::Account(_) => &self.memo,
            Destination::OverIbc { .. } => "",
        }
    }

    /// What the payer must be able to spend, coin by coin: the amount, and the fee beside it or in it.
    #[must_use]
    pub fn needs(&self) -> Vec<(String, Option<Amount>)> {
        if self.denom == self.fee.denom {
            return vec![(self.denom.clone(), self.amount.checked_add(self.fee.amount))];
        }
        vec![
            (self.denom.clone(), Some(self.amount)),
            (self.fee.denom.clone(), Some(self.fee.amount)),
        ]
    }
}

fn coin(denom: &str, amount: Amount) -> proto::Coin {
    proto::Coin {
        denom: denom.to_owned(),
        amount: amount.to_base_units(),
    }
}

/// The fee's coins: none where the network takes none, because a coin of zero is refused.
fn fee_coins(request: &ReturnRequest) -> Vec<proto::Coin> {
    if request.fee.amount.is_zero() {
        Vec::new()
    } else {
        vec![coin(&request.fee.denom, request.fee.amount)]
    }
}

pub(crate) const MSG_SEND: &str = "/cosmos.bank.v1beta1.MsgSend";
pub(crate) const MSG_TRANSFER: &str = "/ibc.applications.transfer.v1.MsgTransfer";

fn message(request: &ReturnRequest) -> proto::Any {
    let token = coin(&request.denom, request.amount);
    match &request.to {
        Destination::Account(to) => proto::Any {
            type_url: MSG_SEND.to_owned(),
            value: proto::MsgSend {
                from_address: request.from.text().to_owned(),
                to_address: to.text().to_owned(),
                amount: vec![token],
            }
            .encode_to_vec(),
        },
        Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } => proto::Any {
            type_url: MSG_TRANSFER.to_owned(),
            value: proto::MsgTransfer {
                source_port: port.clone(),
                source_channel: channel.clone(),
                token: Some(token),
                sender: request.from.text().to_owned(),
                receiver: receiver.clone(),
                timeout_height: Some(proto::IbcHeight::default()),
                timeout_timestamp: *timeout_nanoseconds,
                memo: request.memo.clone(),
            }
            .encode_to_vec(),
        },
    }
}

/// Checks a request in the order of [`ReturnRefusal`].
fn check(request: &ReturnRequest) -> Result<(&'static CosmosNetwork, PublicKey), ReturnRefusal> {
    let network =
        networks::by_name(&request.network).ok_or_else(|| ReturnRefusal::UnknownNetwork {
            network: request.network.clone(),
        })?;
    let from = request.from.text().to_owned();
    if address::prefix(&request.from) != network.prefix {
        return Err(ReturnRefusal::PayerOfAnotherNetwork {
            address: from,
            network: request.network.clone(),
            prefix: network.prefix,
        });
    }
    if matches!(request.from.payload(), Payload::Contract32(_)) {
        return Err(ReturnRefusal::PayerIsNoKey { address: from });
    }
    let key = request
        .public_key
        .ok_or_else(|| ReturnRefusal::PublicKeyMissing {
            address: from.clone(),
        })?;
    let made = key.account(network.key_rule);
    if made != request.from.payload() {
        return Err(ReturnRefusal::PublicKeyOfAnother {
            address: from,
            made: address::format(network.prefix, &made)
                .map_or_else(String::new, |made| made.text().to_owned()),
        });
    }
    match &request.to {
        Destination::Account(to) => check_recipient(request, network, to)?,
        Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } => check_way(network, port, channel, receiver, *timeout_nanoseconds)?,
    }
    if let Ok(contract) = address::parse(&request.denom) {
        return Err(ReturnRefusal::ContractToken {
            contract: contract.text().to_owned(),
        });
    }
    for denom in [&request.denom, &request.fee.denom] {
        if parse_denom(denom).as_ref() != Some(denom) {
            return Err(ReturnRefusal::Denomination {
                denom: denom.clone(),
            });
        }
    }
    if request.amount.is_zero() {
        return Err(ReturnRefusal::NothingToReturn);
    }
    // The SDK counts bytes and calls them characters: the stricter reading holds for both.
    let characters = request.memo.len();
    if characters > network.memo_characters_max {
        return Err(ReturnRefusal::MemoTooLong {
            characters,
            characters_max: network.memo_characters_max,
            network: request.network.clone(),
        });
    }
    if let Some(letter) = request
        .memo
        .chars()
        .find(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}'))
    {
        return Err(ReturnRefusal::MemoLetter {
            letter: u32::from(letter),
        });
    }
    if request.fee.gas_limit == 0 {
        return Err(ReturnRefusal::GasMissing);
    }
    if request.timeout_height.0 == 0 {
        return Err(ReturnRefusal::TimeoutMissing);
    }
    Ok((network, key))
}

fn check_recipient(
    request: &ReturnRequest,
    network: &CosmosNetwork,
    to: &Address,
) -> Result<(), ReturnRefusal> {
    let text = to.text().to_owned();
    if address::prefix(to) != network.prefix {
        return Err(ReturnRefusal::RecipientOfAnotherNetwork {
            address: text,
            network: request.network.clone(),
            prefix: network.prefix,
        });
    }
    if to.payload() == request.from.payload() {
        return Err(ReturnRefusal::RecipientIsPayer { address: text });
    }
    if let Some(module) = MODULES
        .iter()
        .find(|module| module_account(module) == to.payload())
    {
        return Err(ReturnRefusal::RecipientIsModule {
            address: text,
            module,
        });
    }
    if matches!(to.payload(), Payload::Contract32(_)) {
        return Err(ReturnRefusal::RecipientIsContract { address: text });
    }
    Ok(())
}

fn check_way(
    network: &CosmosNetwork,
    port: &str,
    channel: &str,
    receiver: &str,
    timeout_nanoseconds: u64,
) -> Result<(), ReturnRefusal> {
    let is_channel = channel
        .strip_prefix("channel-")
        .is_some_and(|number| number.parse::<u64>().is_ok());
    let missing = if port != "transfer" {
        Some("the port 'transfer': coins that came through a contract's port go back by hand")
    } else if !is_channel {
        Some("the channel by which the coin came, like channel-141")
    } else if receiver.trim().is_empty() || receiver.trim() != receiver {
        Some("a receiver on the other network")
    } else if address::parse(receiver).is_ok_and(|to| address::prefix(&to) == network.prefix) {
        Some("a receiver of the other network, not of this one")
    } else if timeout_nanoseconds == 0 {
        Some("a time after which it is undone")
    } else {
        None
    };
    match missing {
        Some(what) => Err(ReturnRefusal::IbcIncomplete { what }),
        None => Ok(()),
    }
}
