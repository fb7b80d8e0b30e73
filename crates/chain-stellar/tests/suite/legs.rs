//! Legs and the keys that sign them.

use crate::world::{account, issuer};
use ed25519_dalek::{Signer, SigningKey};
use recover_chain_stellar::address;
use recover_chain_stellar::xdr::Network;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, LegKind};
use stellar_xdr::{
    BytesM, DecoratedSignature, Limits, ReadXdr, Signature, SignatureHint, TransactionEnvelope,
    WriteXdr,
};

pub fn network() -> NetworkId {
    NetworkId::new("stellar")
}

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn account_of(key: &SigningKey) -> Address {
    address::account(*key.verifying_key().as_bytes())
}

pub fn usdc() -> AssetId {
    AssetId::contract(network(), &address::asset_text("USDC", &issuer()))
}

pub fn leg() -> Leg {
    Leg {
        kind: LegKind::Return,
        network: network(),
        chain: "stellar:pubnet".to_owned(),
        signer: account_of(&key()).text().to_owned(),
        signer_key: None,
        target: account(2).text().to_owned(),
        recipient: account(2).text().to_owned(),
        memo: None,
        asset: AssetId::native(network()),
        amount: Amount::from_u128(50_000_000),
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::from_u128(1_000),
    }
}

pub fn hash_memo(kind: MemoKind, hash: [u8; 32]) -> Memo {
    Memo {
        kind,
        raw: hash.to_vec(),
        place: place::MEMO.to_owned(),
    }
}

pub fn envelope(bytes: &[u8]) -> TransactionEnvelope {
    TransactionEnvelope::from_xdr(bytes, Limits::none()).unwrap()
}

pub fn xdr(envelope: &TransactionEnvelope) -> Vec<u8> {
    envelope.to_xdr(Limits::none()).unwrap()
}

/// The same with one more signature.
pub fn with_signature(bytes: &[u8], hint: [u8; 4], signature: &[u8]) -> Vec<u8> {
    let TransactionEnvelope::Tx(mut inner) = envelope(bytes) else {
        panic!("a plain transaction");
    };
    let mut all = inner.signatures.to_vec();
    all.push(DecoratedSignature {
        hint: SignatureHint(hint),
        signature: Signature(BytesM::try_from(signature.to_vec()).unwrap()),
    });
    inner.signatures = all.try_into().unwrap();
    xdr(&TransactionEnvelope::Tx(inner))
}

pub fn sign_on(network: &Network, key: &SigningKey, bytes: &[u8]) -> Vec<u8> {
    let hash = envelope(bytes).hash(network.id()).unwrap();
    let hint = key.verifying_key().as_bytes()[28..].try_into().unwrap();
    with_signature(bytes, hint, &key.sign(&hash).to_bytes())
}

pub fn sign(key: &SigningKey, bytes: &[u8]) -> Vec<u8> {
    sign_on(&Network::public(), key, bytes)
}
