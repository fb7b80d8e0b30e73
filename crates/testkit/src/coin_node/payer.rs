//! Somebody with coins on a node's private chain, who signs for himself: Bitcoin Core is built without a wallet.

use std::sync::Mutex;

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, Network, OutPoint, PublicKey, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    Txid, Witness,
};
use serde_json::json;

use super::{CoinNode, Daemon};

/// Base units for each byte of a payer's transaction: far above what any of the nodes asks for by default, on Bitcoin SV as well.
const FEE_RATE: u64 = 10;
/// A signed input that pays to a key hash, in bytes at most.
const INPUT_BYTES: u64 = 149;
/// With a signature that names the fork, as BIP-143 writes it: SIGHASH_ALL | SIGHASH_FORKID.
const ALL_AND_FORKID: u8 = 0x41;

/// An output of the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    /// The transaction that made it.
    pub txid: Txid,
    /// Which of its outputs.
    pub index: u32,
    /// Base units.
    pub value: u64,
}

/// A transaction of the payer, handed to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id, as the node prints it.
    pub txid: String,
    /// Its bytes.
    pub transaction: Vec<u8>,
    /// The coins it spends.
    pub inputs: Vec<Coin>,
}

/// What a transaction is made of, for [`CoinNode::sign`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Coins of the payer.
    pub inputs: Vec<Coin>,
    /// Script and base units of each output, in this order; nothing is added to them.
    pub outputs: Vec<(Vec<u8>, u64)>,
    /// Whether it says by its sequence numbers that it may be replaced (BIP-125).
    pub replaceable: bool,
}

#[derive(Debug, Default)]
pub(super) struct Coins(Mutex<Vec<Coin>>);

impl Coins {
    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Coin>> {
        self.0
            .lock()
            .expect("nothing panics while the lock is held")
    }
}

fn key() -> (SecretKey, PublicKey) {
    let key = SecretKey::from_slice(&[0x50; 32]).expect("any such bytes are a key");
    (key, PublicKey::new(key.public_key(&Secp256k1::new())))
}

/// The payer's address: the three networks write it alike on their private chains.
pub(super) fn address() -> String {
    Address::p2pkh(key().1, Network::Regtest).to_string()
}

fn script() -> ScriptBuf {
    ScriptBuf::new_p2pkh(&key().1.pubkey_hash())
}

impl CoinNode {
    /// The payer's script: what is paid to it is the payer's again.
    pub fn payer_script(&self) -> Vec<u8> {
        script().into_bytes()
    }

    /// The payer's address in the form that the private chains share.
    pub fn payer_address(&self) -> String {
        address()
    }

    /// Pays each script its base units in one transaction, as outputs 0, 1, 2 … in this order, and the rest back to the payer as the
    /// last one. It waits for the next block.
    #[track_caller]
    pub fn pay(&self, outputs: &[(Vec<u8>, u64)]) -> Payment {
        let size: u64 = outputs.iter().map(|(script, _)| output_bytes(script)).sum();
        let sum: u64 = outputs.iter().map(|(_, value)| value).sum();
        let size = size + 10 + output_bytes(script().as_bytes());
        let mut inputs = Vec::new();
        let mut held = 0;
        while held < sum + FEE_RATE * (size + INPUT_BYTES * inputs.len() as u64) + 1_000 {
            let coin = self.take_coin();
            held += coin.value;
            inputs.push(coin);
        }
        let fee = FEE_RATE * (size + INPUT_BYTES * inputs.len() as u64);
        let change = held - sum - fee;
        let mut all = outputs.to_vec();
        all.push((self.payer_script(), change));
        let spending = Spending {
            inputs,
            outputs: all,
            replaceable: true,
        };
        let payment = self.hand_over(&spending);
        let change = Coin {
            txid: payment.txid.parse().expect("a node answers ids"),
            index: u32::try_from(outputs.len()).expect("no block holds as many"),
            value: change,
        };
        self.keep_coin(change);
        payment
    }

    /// Signs and sends what is said.
    ///
    /// # Panics
    /// When the node refuses it.
    #[track_caller]
    pub fn hand_over(&self, spending: &Spending) -> Payment {
        let transaction = self.sign(spending);
        let txid = self.send_raw(&transaction).unwrap_or_else(|error| {
            panic!(
                "{} refused a payment: {error}\n{}\n{}",
                self.daemon.name(),
                hex::encode(&transaction),
                self.log_tail()
            )
        });
        Payment {
            txid,
            transaction,
            inputs: spending.inputs.clone(),
        }
    }

    /// A coin that no payment of [`pay`](CoinNode::pay) will use, the oldest first.
    ///
    /// # Panics
    /// When there is none left.
    #[track_caller]
    pub fn take_coin(&self) -> Coin {
        let mut coins = self.coins.all();
        assert!(!coins.is_empty(), "the payer has no coins left");
        coins.remove(0)
    }

    /// Gives the payer a coin, or back: it is used after all others.
    pub fn keep_coin(&self, coin: Coin) {
        self.coins.all().push(coin);
    }

    /// Gives the payer what a block's miner was paid. It must be a hundred blocks deep when it is used.
    #[track_caller]
    pub fn keep_coinbase(&self, block: &str) {
        let answer = self.call("getblock", json!([block, 1]));
        let txid = answer["tx"][0].as_str().expect("a block has a coinbase");
        // A node without an index of transactions finds it in its block.
        let raw = self.raw_transaction(txid).unwrap_or_else(|| {
            let answer = self.call("getrawtransaction", json!([txid, false, block]));
            hex::decode(answer.as_str().expect("a node writes text")).expect("a node writes hex")
        });
        let transaction: Transaction = encode::deserialize(&raw).expect("a coinbase is readable");
        self.keep_coin(Coin {
            txid: txid.parse().expect("a node answers ids"),
            index: 0,
            value: transaction.output[0].value.to_sat(),
        });
    }

    /// The signed bytes of a transaction, not sent.
    pub fn sign(&self, spending: &Spending) -> Vec<u8> {
        let sequence = if spending.replaceable {
            Sequence::ENABLE_RBF_NO_LOCKTIME
        } else {
            Sequence::MAX
        };
        let input = |coin: &Coin| TxIn {
            previous_output: OutPoint::new(coin.txid, coin.index),
            script_sig: ScriptBuf::new(),
            sequence,
            witness: Witness::new(),
        };
        let output = |(script, value): &(Vec<u8>, u64)| TxOut {
            value: Amount::from_sat(*value),
            script_pubkey: ScriptBuf::from_bytes(script.clone()),
        };
        let mut transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: spending.inputs.iter().map(input).collect(),
            output: spending.outputs.iter().map(output).collect(),
        };
        let scripts: Vec<ScriptBuf> = spending
            .inputs
            .iter()
            .enumerate()
            .map(|(index, coin)| self.unlock(&transaction, index, coin))
            .collect();
        for (input, script) in transaction.input.iter_mut().zip(scripts) {
            input.script_sig = script;
        }
        encode::serialize(&transaction)
    }

    fn unlock(&self, transaction: &Transaction, index: usize, coin: &Coin) -> ScriptBuf {
        let (secret, public) = key();
        let cache = SighashCache::new(transaction);
        let (digest, kind) = if self.daemon == Daemon::BitcoinSv {
            (
                forkid_digest(cache, index, &script(), coin.value),
                ALL_AND_FORKID,
            )
        } else {
            let kind = EcdsaSighashType::All;
            let digest = cache
                .legacy_signature_hash(index, &script(), kind.to_u32())
                .expect("the input is there");
            (digest.to_byte_array(), kind as u8)
        };
        let signature = Secp256k1::new().sign_ecdsa(&Message::from_digest(digest), &secret);
        let mut bytes = signature.serialize_der().to_vec();
        bytes.push(kind);
        let bytes = PushBytesBuf::try_from(bytes).expect("a signature is short");
        Builder::new()
            .push_slice(bytes)
            .push_key(&public)
            .into_script()
    }
}

/// What BIP-143 hashes, with the hash type that names the fork; the library only knows Bitcoin's.
fn forkid_digest(
    mut cache: SighashCache<&Transaction>,
    index: usize,
    script: &bitcoin::Script,
    value: u64,
) -> [u8; 32] {
    let mut written = Vec::new();
    cache
        .segwit_v0_encode_signing_data_to(
            &mut written,
            index,
            script,
            Amount::from_sat(value),
            EcdsaSighashType::All,
        )
        .expect("the input is there");
    let end = written.len() - 4;
    written[end..].copy_from_slice(&u32::from(ALL_AND_FORKID).to_le_bytes());
    sha256d::Hash::hash(&written).to_byte_array()
}

fn output_bytes(script: &[u8]) -> u64 {
    // The value, and a length of up to three bytes.
    8 + 3 + script.len() as u64
}
