//! Each family's bytes for a leg, by its own builder, and the signature that the exchange's signers would give.

use recover_core::memo::Memo;
use recover_core::plan::Leg;

pub fn memo_text(memo: &Memo) -> String {
    String::from_utf8(memo.raw.clone()).unwrap()
}

/// The unsigned bytes of a leg at a place in its account's order; `None` where the family has no bytes for such a leg.
pub fn unsigned(leg: &Leg, sequence: u64) -> Option<Vec<u8>> {
    match leg.chain.split_once(':').unwrap().0 {
        "bip122" => bitcoin_family::unsigned(leg, sequence),
        "eip155" => evm::unsigned(leg, sequence),
        "xrpl" => xrpl::unsigned(leg, sequence),
        "stellar" => stellar::unsigned(leg, sequence),
        _ => cosmos::unsigned(leg, sequence),
    }
}

/// Signed by the leg's own key, or by a stranger's. The bytes may be any.
pub fn sign(leg: &Leg, unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
    match leg.chain.split_once(':').unwrap().0 {
        "bip122" => bitcoin_family::sign(leg, unsigned, by_stranger),
        "eip155" => evm::sign(leg, unsigned, by_stranger),
        "xrpl" => xrpl::sign(unsigned, by_stranger),
        "stellar" => stellar::sign(unsigned, by_stranger),
        _ => cosmos::sign(unsigned, by_stranger),
    }
}

pub mod bitcoin_family {
    use bitcoin::absolute::LockTime;
    use bitcoin::consensus::serialize;
    use bitcoin::hashes::{Hash as _, sha256d};
    use bitcoin::script::{Builder, PushBytesBuf};
    use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
    use bitcoin::sighash::SighashCache;
    use bitcoin::transaction::Version;
    use bitcoin::{
        Amount, EcdsaSighashType, OutPoint, Psbt, PublicKey, ScriptBuf, Sequence, Transaction,
        TxIn, TxOut, Witness,
    };
    use recover_chain_bitcoin::script::Script;
    use recover_chain_bitcoin::spend::{
        Rules, Spending, address_of, build, script_of, units, unlock,
    };
    use recover_core::network::NetworkId;
    use recover_core::plan::Leg;

    /// What the deposit's output holds.
    pub const VALUE: u64 = 1_000_000;

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_slice(&[seed; 32]).unwrap()
    }

    fn public(seed: u8) -> PublicKey {
        PublicKey::new(secret(seed).public_key(&Secp256k1::new()))
    }

    fn text(network: &str, script: &Script) -> String {
        address_of(Rules::of(&NetworkId::new(network)).unwrap(), script).unwrap()
    }

    /// Our deposit address: a SegWit key's where the network has SegWit.
    pub fn deposit(network: &str) -> String {
        let hash = public(0x66).pubkey_hash().to_byte_array();
        match network {
            "bitcoin" | "litecoin" => text(network, &Script::WitnessPubkeyHash(hash)),
            _ => text(network, &Script::PubkeyHash(hash)),
        }
    }

    pub fn descriptor() -> String {
        format!("wpkh([d34db33f/84'/0'/0'/0/5]{})", public(0x66))
    }

    pub fn treasury(network: &str) -> String {
        text(network, &Script::ScriptHash([0xae; 20]))
    }

    pub fn other(network: &str, seed: u8) -> String {
        text(network, &Script::PubkeyHash([seed; 20]))
    }

    /// The transaction that made the output, as its number 0.
    fn previous(script: &Script) -> Transaction {
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::new(bitcoin::Txid::from_byte_array([0x5a; 32]), 3),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(VALUE),
                script_pubkey: ScriptBuf::from_bytes(script.bytes()),
            }],
        }
    }

    fn script(network: &str, address: &str) -> Option<Script> {
        script_of(Rules::of(&NetworkId::new(network))?, address).ok()
    }

    /// The id of that transaction.
    pub fn tx_id(network: &str) -> String {
        let script = script(network, &deposit(network)).unwrap();
        previous(&script).compute_txid().to_string()
    }

    /// By a builder that does what it is told: what the leg says, even where it does not add up.
    pub fn unsigned(leg: &Leg, sequence: u64) -> Option<Vec<u8>> {
        let network = leg.network.as_str();
        let rules = Rules::of(&leg.network)?;
        let spend = leg.spend.as_ref()?;
        let signer = script(network, &leg.signer)?;
        let previous = previous(&signer);
        let most = VALUE.checked_sub(units(leg.fee_max)?)?;
        let amount = units(leg.amount)?.min(most);
        let mut payments = vec![(script(network, &leg.recipient)?, amount)];
        if let Some(rest) = &spend.rest {
            let amount = units(rest.amount)?.min(most - amount);
            payments.push((script(network, &rest.recipient)?, amount));
        }
        let spending = Spending {
            rules,
            outpoint: OutPoint::new(previous.compute_txid(), spend.index),
            previous: &serialize(&previous),
            unlock: &unlock(rules, &signer, spend.descriptor.as_deref()).ok()?,
            payments: &payments,
            tip: 930_000 + u32::try_from(sequence).ok()?,
        };
        build(&spending).ok()
    }

    /// As signers of the family hand it back: the PSBT with the signature in it. Of the SegWit key only.
    pub fn signed_psbt(leg: &Leg, unsigned: &[u8]) -> Vec<u8> {
        let mut psbt = Psbt::deserialize(unsigned).unwrap();
        let raw = sign(leg, unsigned, false);
        let transaction: Transaction = bitcoin::consensus::deserialize(&raw).unwrap();
        let witness = transaction.input[0].witness.to_vec();
        let key = PublicKey::from_slice(&witness[1]).unwrap();
        let signature = bitcoin::ecdsa::Signature::from_slice(&witness[0]).unwrap();
        psbt.inputs[0].partial_sigs.insert(key, signature);
        psbt.serialize()
    }

    /// The transaction for the network. Of what is no PSBT any more, nothing.
    pub fn sign(leg: &Leg, unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
        let psbt = Psbt::deserialize(unsigned).unwrap();
        let seed = if by_stranger { 0x77 } else { 0x66 };
        let spent = psbt.inputs[0].non_witness_utxo.as_ref().unwrap().output[0].clone();
        let mut transaction = psbt.unsigned_tx;
        let mut cache = SighashCache::new(&transaction);
        let all = EcdsaSighashType::All;
        let has_fork_id = Rules::of(&leg.network).unwrap().has_fork_id();
        let (digest, mark) = if has_fork_id {
            let mut preimage = Vec::new();
            let script = &spent.script_pubkey;
            cache
                .segwit_v0_encode_signing_data_to(&mut preimage, 0, script, spent.value, all)
                .unwrap();
            *preimage.last_chunk_mut::<4>().unwrap() = 0x41_u32.to_le_bytes();
            (sha256d::Hash::hash(&preimage).to_byte_array(), 0x41)
        } else {
            let digest = cache.p2wpkh_signature_hash(0, &spent.script_pubkey, spent.value, all);
            (digest.unwrap().to_byte_array(), 0x01)
        };
        let signature = Secp256k1::new().sign_ecdsa(&Message::from_digest(digest), &secret(seed));
        let mut bytes = signature.serialize_der().to_vec();
        bytes.push(mark);
        let key = public(seed);
        if has_fork_id {
            transaction.input[0].script_sig = Builder::new()
                .push_slice(PushBytesBuf::try_from(bytes).unwrap())
                .push_key(&key)
                .into_script();
        } else {
            transaction.input[0].witness = Witness::from_slice(&[bytes, key.to_bytes()]);
        }
        serialize(&transaction)
    }
}

pub mod evm {
    use k256::ecdsa::SigningKey;
    use recover_chain_evm::address;
    use recover_chain_evm::check::chain_id;
    use recover_chain_evm::transaction::{Price, Transaction, seal};
    use recover_core::amount::Amount;
    use recover_core::asset::AssetId;
    use recover_core::network::NetworkId;
    use recover_core::plan::Leg;
    use sha3::{Digest as _, Keccak256};

    pub const DEPOSIT: u8 = 0x11;
    pub const GAS: u8 = 0x22;
    pub const HOT: u8 = 0x23;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    /// The account of a test key; it holds nothing anywhere.
    pub fn account(seed: u8) -> String {
        let point = key(seed).verifying_key().to_encoded_point(false);
        let hash = Keccak256::digest(&point.as_bytes()[1..]);
        address::text(hash[12..].try_into().unwrap())
    }

    pub fn treasury() -> String {
        address::text([0xaa; 20])
    }

    pub fn token() -> AssetId {
        let contract = address::text(
            hex::decode("dac17f958d2ee523a2206206994597c13d831ec7")
                .unwrap()
                .try_into()
                .unwrap(),
        );
        AssetId::contract(NetworkId::new("ethereum"), &contract)
    }

    pub fn bytes_of(text: &str) -> Option<[u8; 20]> {
        address::parse(text).ok().and_then(|parsed| {
            hex::decode(parsed.text().strip_prefix("0x")?)
                .ok()?
                .try_into()
                .ok()
        })
    }

    pub fn unsigned(leg: &Leg, nonce: u64) -> Option<Vec<u8>> {
        let gas_limit = 60_000_u64;
        let price = leg.fee_max.to_u128()? / u128::from(gas_limit);
        let transaction = Transaction {
            chain_id: chain_id(&leg.chain)?,
            nonce,
            price: Price::Dynamic {
                max_fee: Amount::from_u128(price),
                max_tip: Amount::from_u128(price.min(1_000_000_000)),
            },
            gas_limit,
            to: bytes_of(&leg.target)?,
            value: if leg.call.is_some() {
                Amount::ZERO
            } else {
                leg.amount
            },
            data: leg.call.clone().unwrap_or_default(),
        };
        Some(transaction.unsigned_bytes())
    }

    pub fn sign(leg: &Leg, unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
        let transaction = Transaction::from_unsigned(unsigned).unwrap();
        let mut seeds = [DEPOSIT, GAS, HOT].into_iter();
        let own = seeds.find(|seed| account(*seed) == leg.signer).unwrap();
        let key = key(if by_stranger { 0x77 } else { own });
        let (signature, odd) = key
            .sign_prehash_recoverable(&transaction.signing_hash())
            .unwrap();
        let (r, s) = signature.split_bytes();
        let amount = |bytes: &[u8]| Amount::from_be_bytes(bytes.try_into().unwrap());
        seal(&transaction, odd.is_y_odd(), amount(&r), amount(&s)).unwrap()
    }
}

pub mod xrpl {
    use ed25519_dalek::{Signer as _, SigningKey};
    use recover_chain_xrpl::ISSUED_DECIMALS;
    use recover_chain_xrpl::address;
    use recover_chain_xrpl::asset::{Asset, Money};
    use recover_chain_xrpl::binary::{self, Part, SIGNING};
    use recover_chain_xrpl::number::Number;
    use recover_chain_xrpl::returns::{ReturnPayment, Signing, Validity};
    use recover_chain_xrpl::signature::account_of_key;
    use recover_core::plan::Leg;

    fn key(seed: u8) -> ([u8; 33], SigningKey) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let mut public = [0xed; 33];
        public[1..].copy_from_slice(key.verifying_key().as_bytes());
        (public, key)
    }

    pub fn public_key() -> String {
        hex::encode(key(0x33).0)
    }

    pub fn account() -> String {
        address::text(account_of_key(key(0x33).0))
    }

    pub fn treasury() -> String {
        address::text([0xab; 20])
    }

    pub fn unsigned(leg: &Leg, sequence: u64) -> Option<Vec<u8>> {
        let asset = Asset::of_id(&leg.asset)?;
        let scale = if asset == Asset::Xrp {
            0
        } else {
            ISSUED_DECIMALS
        };
        let amount = Money {
            asset,
            value: Number::of_units(leg.amount, scale),
        };
        let tag = leg.memo.as_ref().map(super::memo_text);
        let mut public = [0; 33];
        hex::decode_to_slice(leg.signer_key.as_ref()?, &mut public).ok()?;
        let payment = ReturnPayment {
            account: address::account(&leg.signer)?,
            destination: address::account(&leg.recipient)?,
            destination_tag: tag.and_then(|tag| tag.parse().ok()),
            send_max: asset.issuer().map(|_| amount.clone()),
            amount,
            fee_drops: u64::try_from(leg.fee_max.to_u128()?).ok()?,
            validity: Validity::Sequence {
                sequence: u32::try_from(sequence).ok()?,
                last_ledger: 99_000_000,
            },
            signing: Signing::Key(public),
        };
        payment.unsigned().ok()
    }

    pub fn sign(unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
        let (_, key) = key(if by_stranger { 0x77 } else { 0x33 });
        let signature = key.sign(&[&SIGNING[..], unsigned].concat());
        let mut fields = binary::decode(unsigned).unwrap();
        let digits = hex::encode_upper(signature.to_bytes());
        fields.insert("TxnSignature".to_owned(), digits.into());
        binary::encode(&fields, Part::Whole).unwrap()
    }
}

pub mod stellar {
    use ed25519_dalek::{Signer as _, SigningKey};
    use recover_chain_stellar::address;
    use recover_chain_stellar::returns::{
        ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest, build,
    };
    use recover_chain_stellar::xdr::Network;
    use recover_core::memo::MemoKind;
    use recover_core::plan::Leg;
    use stellar_xdr::{
        BytesM, DecoratedSignature, Limits, ReadXdr as _, Signature, SignatureHint,
        TransactionEnvelope, WriteXdr as _,
    };

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    pub fn account(seed: u8) -> String {
        let public = *key(seed).verifying_key().as_bytes();
        address::account(public).text().to_owned()
    }

    pub fn treasury() -> String {
        account(0xac)
    }

    pub fn unsigned(leg: &Leg, sequence: u64) -> Option<Vec<u8>> {
        let memo = match &leg.memo {
            None => ReturnMemo::None,
            Some(memo) if memo.kind == MemoKind::Id => {
                ReturnMemo::Id(super::memo_text(memo).parse().ok()?)
            }
            Some(memo) => ReturnMemo::Text(super::memo_text(memo)),
        };
        let request = ReturnRequest {
            network: Network::of_reference(leg.chain.strip_prefix("stellar:")?),
            from: address::parse(&leg.signer).ok()?,
            to: address::parse(&leg.recipient).ok()?,
            to_muxed_id: None,
            asset: leg.asset.contract_text().map(str::to_owned),
            amount: leg.amount,
            memo,
            sequence: i64::try_from(sequence).ok()?,
            fee: u32::try_from(leg.fee_max.to_u128()?).ok()?,
            valid_from: 0,
            valid_until: 1_800_000_000,
        };
        let plan = ReturnPlan {
            request,
            operation: ReturnOperation::Payment,
        };
        build(&plan).ok().map(|built| built.envelope)
    }

    pub fn sign(unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
        let key = key(if by_stranger { 0x77 } else { 0x44 });
        let envelope = TransactionEnvelope::from_xdr(unsigned, Limits::none()).unwrap();
        let hash = envelope.hash(Network::public().id()).unwrap();
        let TransactionEnvelope::Tx(mut inner) = envelope else {
            panic!("a plain transaction");
        };
        let hint = key.verifying_key().as_bytes()[28..].try_into().unwrap();
        inner.signatures = vec![DecoratedSignature {
            hint: SignatureHint(hint),
            signature: Signature(BytesM::try_from(key.sign(&hash).to_bytes().to_vec()).unwrap()),
        }]
        .try_into()
        .unwrap();
        TransactionEnvelope::Tx(inner)
            .to_xdr(Limits::none())
            .unwrap()
    }
}

pub mod cosmos {
    use k256::ecdsa::signature::hazmat::PrehashSigner as _;
    use k256::ecdsa::{Signature, SigningKey};
    use recover_chain_cosmos::address;
    use recover_chain_cosmos::key::PublicKey;
    use recover_chain_cosmos::networks::KeyRule;
    use recover_chain_cosmos::returns::{
        Destination, Fee, ReturnRequest, SignMode, UnsignedReturn, build,
    };
    use recover_core::address::Payload;
    use recover_core::block::Height;
    use recover_core::plan::Leg;
    use sha2::{Digest as _, Sha256};
    use std::cell::RefCell;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn public() -> PublicKey {
        let point = key(0x55).verifying_key().to_encoded_point(true);
        PublicKey::from_bytes(point.as_bytes()).unwrap()
    }

    pub fn public_key() -> String {
        hex::encode(public().bytes())
    }

    pub fn account() -> String {
        address::format("cosmos", &public().account(KeyRule::Cosmos))
            .unwrap()
            .text()
            .to_owned()
    }

    pub fn other(seed: u8) -> String {
        address::format("cosmos", &Payload::Hash160([seed; 20]))
            .unwrap()
            .text()
            .to_owned()
    }

    pub fn treasury() -> String {
        other(0xad)
    }

    thread_local! {
        /// A document to sign does not come apart again: what was built is kept, for the signature.
        static BUILT: RefCell<Vec<UnsignedReturn>> = const { RefCell::new(Vec::new()) };
    }

    pub fn unsigned(leg: &Leg, sequence: u64) -> Option<Vec<u8>> {
        let denom = leg.asset.contract_text().unwrap_or("uatom").to_owned();
        let request = ReturnRequest {
            network: leg.network.clone(),
            chain: leg.chain.strip_prefix("cosmos:")?.to_owned(),
            from: address::parse(&leg.signer).ok()?,
            to: Destination::Account(address::parse(&leg.recipient).ok()?),
            denom,
            amount: leg.amount,
            memo: leg.memo.as_ref().map(super::memo_text).unwrap_or_default(),
            fee: Fee {
                denom: "uatom".to_owned(),
                amount: leg.fee_max,
                gas_limit: 200_000,
            },
            timeout_height: Height(26_300_000),
            account_number: 12,
            sequence,
            public_key: Some(public()),
            mode: SignMode::Direct,
        };
        let built = build(&request).ok()?;
        let bytes = built.sign_bytes.clone();
        BUILT.with_borrow_mut(|all| all.push(built));
        Some(bytes)
    }

    pub fn sign(unsigned: &[u8], by_stranger: bool) -> Vec<u8> {
        let digest: [u8; 32] = Sha256::digest(unsigned).into();
        let key = key(if by_stranger { 0x77 } else { 0x55 });
        let signature: Signature = key.sign_prehash(&digest).unwrap();
        let signature = signature.normalize_s().unwrap_or(signature);
        BUILT.with_borrow(|all| {
            let built = all
                .iter()
                .find(|built| built.sign_bytes == unsigned)
                .unwrap();
            built.with_signature(&signature.to_bytes().into())
        })
    }
}
