//! The keys of the made-up exchange. They live outside the engine, as the signers' do: test keys, derived from their names.

use k256::ecdsa::{RecoveryId, Signature, SigningKey};
use recover_chain_evm::address;
use recover_chain_evm::transaction::{self, Price, Transaction};
use recover_core::amount::Amount;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// 20 bytes of an account.
pub type Account = [u8; 20];

thread_local! {
    /// Deriving an account multiplies on the curve: once for each name is enough.
    static MADE: RefCell<BTreeMap<String, (SigningKey, Account)>> = const { RefCell::new(BTreeMap::new()) };
}

fn made(name: &str) -> (SigningKey, Account) {
    MADE.with_borrow_mut(|made| {
        made.entry(name.to_owned())
            .or_insert_with(|| {
                let secret = Sha256::digest(format!("simulator test key {name}"));
                let key = SigningKey::from_slice(&secret).expect("a hash is below the order");
                // Whoever signs anything shows their account: no hash function of our own is needed.
                let opened = transaction::open(&seal(&key, &nothing())).expect("just sealed");
                (key, opened.signer)
            })
            .clone()
    })
}

fn nothing() -> Transaction {
    Transaction {
        chain_id: 1,
        nonce: 0,
        price: Price::Legacy {
            gas_price: Amount::ZERO,
        },
        gas_limit: 21_000,
        to: [1; 20],
        value: Amount::ZERO,
        data: Vec::new(),
    }
}

fn seal(key: &SigningKey, transaction: &Transaction) -> Vec<u8> {
    let (signature, id): (Signature, RecoveryId) = key
        .sign_prehash_recoverable(&transaction.signing_hash())
        .expect("a hash can be signed");
    let (r, s) = signature.split_bytes();
    transaction::seal(
        transaction,
        id.is_y_odd(),
        Amount::from_be_bytes(r.into()),
        Amount::from_be_bytes(s.into()),
    )
    .expect("a signature of k256 has its s in the lower half")
}

/// The account of a name.
pub fn account(name: &str) -> Account {
    made(name).1
}

/// Its canonical text.
pub fn text(name: &str) -> String {
    address::text(account(name))
}

/// Signs a transaction as a hardware signer would: the bytes that a node takes.
pub fn sign(name: &str, transaction: &Transaction) -> Vec<u8> {
    seal(&made(name).0, transaction)
}
