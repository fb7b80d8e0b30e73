//! Legs and the keys that sign them.

use crate::fixture::network;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Money};
use recover_chain_xrpl::binary::{self, Part, SIGNING};
use recover_chain_xrpl::number::{ISSUED_DECIMALS, Number};
use recover_chain_xrpl::returns::{ReturnPayment, Signing, Validity};
use recover_chain_xrpl::signature::account_of_key;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use serde_json::json;
use sha2::{Digest, Sha512};

/// A test key of either algorithm.
pub enum Key {
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(k256::ecdsa::SigningKey),
}

impl Key {
    pub fn new(seed: [u8; 32], is_ed25519: bool) -> Self {
        if is_ed25519 {
            return Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed));
        }
        let mut seed = seed;
        // Below the curve's order, and not zero.
        seed[0] = 1;
        Self::Secp256k1(k256::ecdsa::SigningKey::from_slice(&seed).unwrap())
    }

    pub fn public(&self) -> [u8; 33] {
        match self {
            Self::Ed25519(key) => {
                let mut public = [0xed; 33];
                public[1..].copy_from_slice(key.verifying_key().as_bytes());
                public
            }
            Self::Secp256k1(key) => {
                let point = key.verifying_key().to_encoded_point(true);
                point.as_bytes().try_into().unwrap()
            }
        }
    }

    pub fn account(&self) -> [u8; 20] {
        account_of_key(self.public())
    }

    fn signature(&self, unsigned: &[u8]) -> Vec<u8> {
        let message = [&SIGNING[..], unsigned].concat();
        match self {
            Self::Ed25519(key) => {
                use ed25519_dalek::Signer;
                key.sign(&message).to_bytes().to_vec()
            }
            Self::Secp256k1(key) => {
                let hash = Sha512::digest(&message);
                let signature: k256::ecdsa::Signature = key.sign_prehash(&hash[..32]).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    pub fn sign(&self, unsigned: &[u8]) -> Vec<u8> {
        with_signature(unsigned, &self.signature(unsigned))
    }

    /// The other signature that is as valid: S negated.
    pub fn sign_with_high_s(&self, unsigned: &[u8]) -> Vec<u8> {
        let signature = k256::ecdsa::Signature::from_der(&self.signature(unsigned)).unwrap();
        let (r, s) = signature.split_scalars();
        let high = k256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        assert!(high.normalize_s().is_some());
        with_signature(unsigned, high.to_der().as_bytes())
    }
}

pub fn with_signature(unsigned: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut fields = binary::decode(unsigned).unwrap();
    fields.insert(
        "TxnSignature".to_owned(),
        json!(hex::encode_upper(signature)),
    );
    binary::encode(&fields, Part::Whole).unwrap()
}

pub fn leg(key: &Key, recipient: [u8; 20], asset: Asset, amount: Amount) -> Leg {
    Leg {
        kind: LegKind::Return,
        network: network(),
        chain: "xrpl:0".to_owned(),
        signer: address::text(key.account()),
        signer_key: Some(hex::encode(key.public())),
        target: address::text(recipient),
        recipient: address::text(recipient),
        memo: None,
        asset: match asset {
            Asset::Xrp => AssetId::native(network()),
            asset => AssetId::contract(network(), &asset.to_string()),
        },
        amount,
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::from_u128(1_000),
    }
}

pub fn with_tag(leg: Leg, tag: u32) -> Leg {
    Leg {
        memo: Some(Memo::tag(tag, place::DESTINATION_TAG)),
        ..leg
    }
}

/// The payment that carries a leg out.
pub fn payment(leg: &Leg, validity: Validity, fee_drops: u64) -> ReturnPayment {
    let asset = Asset::of_id(&leg.asset).unwrap();
    let scale = if asset == Asset::Xrp {
        0
    } else {
        ISSUED_DECIMALS
    };
    let amount = Money {
        asset,
        value: Number::of_units(leg.amount, scale),
    };
    let signer = address::account(&leg.signer).unwrap();
    let send_max = asset
        .issuer()
        .filter(|issuer| *issuer != signer)
        .map(|_| amount.clone());
    let tag = leg
        .memo
        .as_ref()
        .map(|memo| String::from_utf8(memo.raw.clone()).unwrap());
    let mut key = [0; 33];
    hex::decode_to_slice(leg.signer_key.as_ref().unwrap(), &mut key).unwrap();
    ReturnPayment {
        account: signer,
        destination: address::account(&leg.recipient).unwrap(),
        destination_tag: tag.map(|tag| tag.parse().unwrap()),
        amount,
        send_max,
        fee_drops,
        validity,
        signing: Signing::Key(key),
    }
}

pub const SEQUENCE: Validity = Validity::Sequence {
    sequence: 100,
    last_ledger: 1_050,
};
