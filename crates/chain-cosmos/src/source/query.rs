//! Questions to a node's modules and their answers, in the networks' own encoding.

use crate::proto::{Any, Coin};
use prost::Message;

/// `cosmos.bank.v1beta1.QueryBalanceRequest` and `QuerySpendableBalanceByDenomRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct AddressAndDenom {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(string, tag = "2")]
    pub denom: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct BalanceAnswer {
    #[prost(message, optional, tag = "1")]
    pub balance: Option<Coin>,
}

/// `cosmwasm.wasm.v1.QuerySmartContractStateRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SmartQuery {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(bytes = "vec", tag = "2")]
    pub query_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SmartAnswer {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
}

/// `cosmos.auth.v1beta1.QueryAccountResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct AccountAnswer {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Any>,
}

/// `cosmos.auth.v1beta1.BaseAccount`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct BaseAccount {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(message, optional, tag = "2")]
    pub pub_key: Option<Any>,
    #[prost(uint64, tag = "3")]
    pub account_number: u64,
    #[prost(uint64, tag = "4")]
    pub sequence: u64,
}

/// Other accounts (vesting, module, Ethereum's) carry the simpler one in their first field.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Wrapped {
    #[prost(bytes = "vec", tag = "1")]
    pub inner: Vec<u8>,
}

/// `ibc.applications.transfer.v1.QueryDenomTraceResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct DenomTraceAnswer {
    #[prost(message, optional, tag = "1")]
    pub trace: Option<DenomTrace>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct DenomTrace {
    #[prost(string, tag = "1")]
    pub path: String,
    #[prost(string, tag = "2")]
    pub base_denom: String,
}

/// `cosmos.tx.v1beta1.SimulateRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SimulateRequest {
    #[prost(bytes = "vec", tag = "2")]
    pub tx_bytes: Vec<u8>,
}

/// `cosmos.tx.v1beta1.SimulateResponse`, as far as it tells of gas.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct SimulateAnswer {
    #[prost(message, optional, tag = "1")]
    pub gas_info: Option<GasInfo>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct GasInfo {
    #[prost(uint64, tag = "2")]
    pub gas_used: u64,
}
