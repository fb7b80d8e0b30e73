//! A test key: the signer that stands outside the engine.

use ethers::utils::rlp::{Rlp, RlpStream};
use k256::ecdsa::{RecoveryId, Signature, SigningKey};
use recover_chain_evm::address;
use recover_chain_evm::transaction::{Price, Transaction};

pub struct Key(SigningKey);

impl Key {
    /// The key whose 32 bytes are all this one.
    pub fn new(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).unwrap())
    }

    pub fn address(&self) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        let hash = ethers::utils::keccak256(&point.as_bytes()[1..]);
        address::text(hash[12..].try_into().unwrap())
    }

    /// Signed bytes, put together here and not by the code under test: the unsigned list is opened and the signature appended.
    pub fn sign(&self, transaction: &Transaction) -> Vec<u8> {
        let (signature, id) = self
            .0
            .sign_prehash_recoverable(&transaction.signing_hash())
            .unwrap();
        assemble(transaction, &signature, id)
    }

    pub fn sign_with_high_s(&self, transaction: &Transaction) -> Vec<u8> {
        let (signature, id) = self
            .0
            .sign_prehash_recoverable(&transaction.signing_hash())
            .unwrap();
        let (r, s) = signature.split_scalars();
        let high = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        let other = RecoveryId::from_byte(id.to_byte() ^ 1).unwrap();
        assemble(transaction, &high, other)
    }
}

fn assemble(transaction: &Transaction, signature: &Signature, id: RecoveryId) -> Vec<u8> {
    let unsigned = transaction.unsigned_bytes();
    let odd = u64::from(id.is_y_odd());
    let (list, kept, v) = match transaction.price {
        Price::Legacy { .. } => (&unsigned[..], 6, transaction.chain_id * 2 + 35 + odd),
        Price::Dynamic { .. } => (&unsigned[1..], 9, odd),
    };
    let rlp = Rlp::new(list);
    let mut stream = RlpStream::new_list(kept + 3);
    for place in 0..kept {
        stream.append_raw(rlp.at(place).unwrap().as_raw(), 1);
    }
    stream.append(&v);
    for part in [signature.r().to_bytes(), signature.s().to_bytes()] {
        let start = part.iter().position(|byte| *byte != 0).unwrap();
        stream.append(&&part[start..]);
    }
    let mut bytes = match transaction.price {
        Price::Legacy { .. } => vec![],
        Price::Dynamic { .. } => vec![2],
    };
    bytes.extend(stream.out());
    bytes
}
