//! The networks' own encoding (protocol buffers, version 3): the messages that we read or write, by their field numbers in the
//! published `.proto` files of the Cosmos SDK, IBC and Injective. Fields that we do not read are left out: decoding skips them.

use prost::Message;

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `cosmos.tx.v1beta1.TxRaw`: what is hashed into the transaction's id.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct TxRaw {
    #[prost(bytes = "vec", tag = "1")]
    pub body_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub auth_info_bytes: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub signatures: Vec<Vec<u8>>,
}

/// `cosmos.tx.v1beta1.SignDoc`: what a signer signs in direct mode.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SignDoc {
    #[prost(bytes = "vec", tag = "1")]
    pub body_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub auth_info_bytes: Vec<u8>,
    #[prost(string, tag = "3")]
    pub chain_id: String,
    #[prost(uint64, tag = "4")]
    pub account_number: u64,
}

/// `tendermint.types.BlobTx` and `IndexWrapper`: in which Celestia's blocks hold a transaction that pays for data. The name in field
/// 3 (`BLOB`, `INDX`) tells them from a `TxRaw`, whose field 3 is a signature.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct WrappedTx {
    #[prost(bytes = "vec", tag = "1")]
    pub tx: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub type_id: Vec<u8>,
}

/// `cosmos.tx.v1beta1.TxBody`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct TxBody {
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<Any>,
    /// A `string` in the published file, and bytes here: nodes take a memo that is no UTF-8, and it must not hide a payment.
    #[prost(bytes = "vec", tag = "2")]
    pub memo: Vec<u8>,
    #[prost(uint64, tag = "3")]
    pub timeout_height: u64,
    #[prost(bool, tag = "4")]
    pub unordered: bool,
    #[prost(message, repeated, tag = "1023")]
    pub extension_options: Vec<Any>,
    #[prost(message, repeated, tag = "2047")]
    pub non_critical_extension_options: Vec<Any>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct AuthInfo {
    #[prost(message, repeated, tag = "1")]
    pub signer_infos: Vec<SignerInfo>,
    #[prost(message, optional, tag = "2")]
    pub fee: Option<Fee>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SignerInfo {
    #[prost(message, optional, tag = "1")]
    pub public_key: Option<Any>,
    #[prost(message, optional, tag = "2")]
    pub mode_info: Option<ModeInfo>,
    #[prost(uint64, tag = "3")]
    pub sequence: u64,
}

/// A key alone signs in `single`; the other form (several keys) is not written by us.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct ModeInfo {
    #[prost(message, optional, tag = "1")]
    pub single: Option<SingleMode>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SingleMode {
    #[prost(int32, tag = "1")]
    pub mode: i32,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Fee {
    #[prost(message, repeated, tag = "1")]
    pub amount: Vec<Coin>,
    #[prost(uint64, tag = "2")]
    pub gas_limit: u64,
    #[prost(string, tag = "3")]
    pub payer: String,
    #[prost(string, tag = "4")]
    pub granter: String,
}

/// The public key types of every network of ours have one field.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct PubKey {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Coin {
    #[prost(string, tag = "1")]
    pub denom: String,
    #[prost(string, tag = "2")]
    pub amount: String,
}

/// `MsgSend`; the messages that make vesting accounts begin with the same three fields, but for the periodic one.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgSend {
    #[prost(string, tag = "1")]
    pub from_address: String,
    #[prost(string, tag = "2")]
    pub to_address: String,
    #[prost(message, repeated, tag = "3")]
    pub amount: Vec<Coin>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgCreatePeriodicVestingAccount {
    #[prost(string, tag = "1")]
    pub from_address: String,
    #[prost(string, tag = "2")]
    pub to_address: String,
    #[prost(message, repeated, tag = "4")]
    pub vesting_periods: Vec<VestingPeriod>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct VestingPeriod {
    #[prost(message, repeated, tag = "2")]
    pub amount: Vec<Coin>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgMultiSend {
    #[prost(message, repeated, tag = "1")]
    pub inputs: Vec<MultiSendSide>,
    #[prost(message, repeated, tag = "2")]
    pub outputs: Vec<MultiSendSide>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MultiSendSide {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(message, repeated, tag = "2")]
    pub coins: Vec<Coin>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgExec {
    #[prost(string, tag = "1")]
    pub grantee: String,
    #[prost(message, repeated, tag = "2")]
    pub msgs: Vec<Any>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Packet {
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    #[prost(string, tag = "2")]
    pub source_port: String,
    #[prost(string, tag = "3")]
    pub source_channel: String,
    #[prost(string, tag = "4")]
    pub destination_port: String,
    #[prost(string, tag = "5")]
    pub destination_channel: String,
    #[prost(bytes = "vec", tag = "6")]
    pub data: Vec<u8>,
}

/// `MsgRecvPacket`, `MsgTimeout` and `MsgTimeoutOnClose` begin with their packet; who signed them is the relayer.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgWithPacket {
    #[prost(message, optional, tag = "1")]
    pub packet: Option<Packet>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgAcknowledgement {
    #[prost(message, optional, tag = "1")]
    pub packet: Option<Packet>,
    #[prost(bytes = "vec", tag = "2")]
    pub acknowledgement: Vec<u8>,
}

/// `ibc.applications.transfer.v1.MsgTransfer`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct MsgTransfer {
    #[prost(string, tag = "1")]
    pub source_port: String,
    #[prost(string, tag = "2")]
    pub source_channel: String,
    #[prost(message, optional, tag = "3")]
    pub token: Option<Coin>,
    #[prost(string, tag = "4")]
    pub sender: String,
    #[prost(string, tag = "5")]
    pub receiver: String,
    /// Always written, empty: the official library does so too, and the field is not nullable.
    #[prost(message, optional, tag = "6")]
    pub timeout_height: Option<IbcHeight>,
    #[prost(uint64, tag = "7")]
    pub timeout_timestamp: u64,
    #[prost(string, tag = "8")]
    pub memo: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct IbcHeight {
    #[prost(uint64, tag = "1")]
    pub revision_number: u64,
    #[prost(uint64, tag = "2")]
    pub revision_height: u64,
}

/// The first field of a message that names its signer there (`sender`, `delegator_address`, …).
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct FirstText {
    #[prost(string, tag = "1")]
    pub text: String,
}
