//! What a test reads from a node and sets in it, behind the back of the code under test.

use serde_json::{Value, json};

use super::{Anvil, height, hex_data, hex_quantity, quantity, text};
use crate::abi::{self, Arg};
use crate::contracts::Artifact;

impl Anvil {
    /// What a function of a contract answers at the head, as bytes.
    #[track_caller]
    pub fn read(
        &self,
        contract: &str,
        artifact: &Artifact,
        signature: &str,
        args: &[Arg],
    ) -> Vec<u8> {
        let data = hex_data(&artifact.call_data(signature, args));
        let answer = self.call(
            "eth_call",
            json!([{"to": contract, "data": data}, "latest"]),
        );
        hex::decode(text(&answer).trim_start_matches("0x")).expect("eth_call answers hex")
    }

    /// As [`read`](Anvil::read), for a function that answers one integer.
    #[track_caller]
    pub fn read_uint(
        &self,
        contract: &str,
        artifact: &Artifact,
        signature: &str,
        args: &[Arg],
    ) -> u128 {
        abi::uint_in(&self.read(contract, artifact, signature, args))
    }

    /// As [`read`](Anvil::read), for a function that answers one address.
    #[track_caller]
    pub fn read_address(
        &self,
        contract: &str,
        artifact: &Artifact,
        signature: &str,
        args: &[Arg],
    ) -> String {
        abi::address_in(&self.read(contract, artifact, signature, args))
    }

    /// The balance of a token that has `balanceOf(address)`.
    #[track_caller]
    pub fn token_balance(&self, token: &str, artifact: &Artifact, owner: &str) -> u128 {
        self.read_uint(
            token,
            artifact,
            "balanceOf(address)",
            &[Arg::address(owner)],
        )
    }

    /// The native balance at the head, in wei.
    #[track_caller]
    pub fn balance(&self, address: &str) -> u128 {
        quantity(&self.call("eth_getBalance", json!([address, "latest"])))
    }

    /// The receipt as the node writes it.
    ///
    /// # Panics
    /// When the transaction is in no block.
    #[track_caller]
    pub fn receipt(&self, transaction: &str) -> Value {
        let receipt = self.call("eth_getTransactionReceipt", json!([transaction]));
        assert!(!receipt.is_null(), "{transaction} is in no block");
        receipt
    }

    /// Whether a mined transaction has status 1.
    #[track_caller]
    pub fn succeeded(&self, transaction: &str) -> bool {
        text(&self.receipt(transaction)["status"]) == "0x1"
    }

    /// The height of the head.
    #[track_caller]
    pub fn height(&self) -> u64 {
        height(&self.call("eth_blockNumber", json!([])))
    }

    /// The height a mined transaction is at.
    #[track_caller]
    pub fn height_of(&self, transaction: &str) -> u64 {
        height(&self.receipt(transaction)["blockNumber"])
    }

    /// The hash of the block at that height.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn block_hash(&self, height: u64) -> String {
        let block = self.call(
            "eth_getBlockByNumber",
            json!([format!("0x{height:x}"), false]),
        );
        assert!(!block.is_null(), "there is no block {height}");
        text(&block["hash"]).to_owned()
    }

    /// Remembers the present state; answers its name for [`revert`](Anvil::revert).
    #[track_caller]
    pub fn snapshot(&self) -> String {
        text(&self.call("evm_snapshot", json!([]))).to_owned()
    }

    /// Goes back to a snapshot, which can be used once.
    #[track_caller]
    pub fn revert(&self, snapshot: &str) {
        let done = self.call("evm_revert", json!([snapshot]));
        assert_eq!(done, json!(true), "no snapshot {snapshot}");
    }

    /// Sets a native balance, in wei.
    #[track_caller]
    pub fn set_balance(&self, address: &str, wei: u128) {
        self.call("anvil_setBalance", json!([address, hex_quantity(wei)]));
    }

    /// Puts code at an address; empty removes it.
    #[track_caller]
    pub fn set_code(&self, address: &str, code: &[u8]) {
        self.call("anvil_setCode", json!([address, hex_data(code)]));
    }

    /// The code at an address; empty for an account with a key.
    #[track_caller]
    pub fn code(&self, address: &str) -> Vec<u8> {
        let answer = self.call("eth_getCode", json!([address, "latest"]));
        hex::decode(text(&answer).trim_start_matches("0x")).expect("eth_getCode answers hex")
    }

    /// Sets the nonce the address uses next.
    #[track_caller]
    pub fn set_nonce(&self, address: &str, nonce: u64) {
        self.call("anvil_setNonce", json!([address, format!("0x{nonce:x}")]));
    }

    /// Sets the time of the next block, in Unix seconds; blocks after it go on from there.
    #[track_caller]
    pub fn set_time(&self, seconds: u64) {
        self.call("evm_setNextBlockTimestamp", json!([seconds]));
    }

    /// The time of the block at that height, in Unix seconds.
    #[track_caller]
    pub fn time_of(&self, block: u64) -> u64 {
        let answer = self.call(
            "eth_getBlockByNumber",
            json!([format!("0x{block:x}"), false]),
        );
        assert!(!answer.is_null(), "there is no block {block}");
        height(&answer["timestamp"])
    }

    /// Allows transactions from an address whose key nobody has, and gives it one coin for gas when it has less.
    #[track_caller]
    pub fn impersonate(&self, address: &str) {
        const ONE_COIN: u128 = 1_000_000_000_000_000_000;
        self.call("anvil_impersonateAccount", json!([address]));
        if self.balance(address) < ONE_COIN {
            self.set_balance(address, ONE_COIN);
        }
    }
}
