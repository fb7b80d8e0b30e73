//! Against cosmjs, the networks' own library: addresses, transaction bytes and documents to sign, both ways.

use crate::fixture::json;
use crate::own_check;
use crate::own_returns::{over_ibc, plain, public_key, signing_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use recover_chain_cosmos::CosmosCheck;
use recover_chain_cosmos::address;
use recover_chain_cosmos::networks::{KeyRule, NETWORKS};
use recover_chain_cosmos::returns::{
    Destination, Fee, ReturnRequest, SignMode, build, decode, verify, verify_signed,
};
use recover_core::address::Payload;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::Check;
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, arguments: Value) -> Result<Value, String> {
    Oracle::shared_blocking().ask_blocking(op, arguments)
}

/// A request in the oracle's words.
fn arguments(request: &ReturnRequest) -> Value {
    let token = json!({"denom": request.denom, "amount": request.amount.to_base_units()});
    let (type_url, value, memo) = match &request.to {
        Destination::Account(to) => (
            "/cosmos.bank.v1beta1.MsgSend",
            json!({"fromAddress": request.from.text(), "toAddress": to.text(), "amount": [token]}),
            request.memo.clone(),
        ),
        Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } => (
            "/ibc.applications.transfer.v1.MsgTransfer",
            json!({"sourcePort": port, "sourceChannel": channel, "token": token, "sender": request.from.text(),
                "receiver": receiver, "timeoutHeight": {}, "timeoutTimestamp": timeout_nanoseconds.to_string(), "memo": request.memo}),
            String::new(),
        ),
    };
    json!({
        "messages": [{"type_url": type_url, "value": value}],
        "memo": memo,
        "fee": {"amount": [{"denom": request.fee.denom, "amount": request.fee.amount.to_base_units()}], "gas": request.fee.gas_limit.to_string()},
        "public_key": hex::encode(request.public_key.unwrap().bytes()),
        "sequence": request.sequence.to_string(),
        "chain_id": request.chain,
        "account_number": request.account_number.to_string(),
        "timeout_height": request.timeout_height.to_string(),
    })
}

fn bytes_of(answer: &Value, key: &str) -> Vec<u8> {
    hex::decode(answer[key].as_str().unwrap()).unwrap()
}

#[test]
fn oracle_direct_documents_are_the_librarys_byte_for_byte() {
    for request in [plain(), over_ibc()] {
        let theirs = ask("cosmos.sign_doc_direct", arguments(&request)).unwrap();
        let ours = build(&request).unwrap();
        assert_eq!(hex::encode(&ours.body), theirs["body"].as_str().unwrap());
        assert_eq!(
            hex::encode(&ours.auth_info),
            theirs["auth_info"].as_str().unwrap()
        );
        assert_eq!(
            hex::encode(&ours.sign_bytes),
            theirs["bytes"].as_str().unwrap()
        );
        assert_eq!(verify(&bytes_of(&theirs, "bytes"), &request), Ok(()));
        // And the library reads ours as what we meant.
        let read = ask(
            "cosmos.decode_sign_doc",
            json!({"hex": hex::encode(&ours.sign_bytes)}),
        )
        .unwrap();
        assert_eq!(read["chain_id"], request.chain);
        assert_eq!(read["timeout_height"], request.timeout_height.to_string());
        assert_eq!(read["signers"][0]["sequence"], request.sequence.to_string());
        assert_eq!(read["fee"]["gas"], request.fee.gas_limit.to_string());
    }
}

#[test]
fn oracle_amino_documents_are_the_librarys_byte_for_byte() {
    for (memo, request) in ["", "0071", "<&> \"\\ é \u{FF11}"]
        .iter()
        .flat_map(|memo| [(memo, plain()), (memo, over_ibc())])
    {
        let request = ReturnRequest {
            memo: (*memo).to_owned(),
            mode: SignMode::AminoJson,
            ..request
        };
        let theirs = ask("cosmos.sign_doc_amino", arguments(&request)).unwrap();
        let ours = String::from_utf8(build(&request).unwrap().sign_bytes).unwrap();
        assert_eq!(ours, theirs["text"].as_str().unwrap());
        assert_eq!(verify(&bytes_of(&theirs, "bytes"), &request), Ok(()));
    }
}

#[test]
fn oracle_a_transaction_signed_by_the_library_is_accepted_and_a_changed_one_is_not() {
    let request = plain();
    let mut arguments = arguments(&request);
    arguments["key"] = json!(hex::encode(signing_key().to_bytes()));
    arguments["prefix"] = json!("cosmos");
    let signed = ask("cosmos.sign_direct", arguments).unwrap();
    assert_eq!(signed["address"], request.from.text());
    let raw = bytes_of(&signed, "tx_raw");
    assert_eq!(verify_signed(&raw, &request), Ok(()));
    assert_eq!(
        address::tx_id_of(&raw).as_str(),
        signed["txid"].as_str().unwrap()
    );
    let signature: [u8; 64] = bytes_of(&signed, "signature").try_into().unwrap();
    assert_eq!(build(&request).unwrap().with_signature(&signature), raw);
    for index in (0..raw.len()).step_by(7) {
        let mut changed = raw.clone();
        changed[index] ^= 1;
        assert!(verify_signed(&changed, &request).is_err(), "byte {index}");
    }
    // Ours, signed by our own curve, is one that the library verifies.
    let own = ask(
        "cosmos.verify",
        json!({"bytes": hex::encode(build(&request).unwrap().sign_bytes),
        "signature": signed["signature"], "public_key": hex::encode(public_key().bytes())}),
    )
    .unwrap();
    assert_eq!(own["valid"], true);
}

/// The signers' side is the official library: it signs what we hand out, and we open what it hands back.
#[test]
fn oracle_what_the_library_signs_is_opened_as_what_was_handed_out() {
    for request in [plain(), over_ibc()] {
        let handed_out = build(&request).unwrap().sign_bytes;
        let mut arguments = arguments(&request);
        arguments["key"] = json!(hex::encode(signing_key().to_bytes()));
        arguments["prefix"] = json!("cosmos");
        let signed = ask("cosmos.sign_direct", arguments).unwrap();
        assert_eq!(bytes_of(&signed, "bytes"), handed_out);
        let raw = bytes_of(&signed, "tx_raw");
        let chain = own_check::chain(&request);
        let opened = CosmosCheck.open(&chain, &handed_out, &raw).unwrap();
        assert_eq!(opened.unsigned, handed_out);
        assert_eq!(opened.tx_id.as_str(), signed["txid"].as_str().unwrap());
        assert_eq!(opened.signer, signed["address"].as_str().unwrap());
        assert_eq!(opened.signer_key.as_deref(), signed["public_key"].as_str());
        assert!(
            CosmosCheck
                .verify(&own_check::leg(&request), &opened.unsigned)
                .is_ok()
        );
    }
}

#[test]
fn oracle_addresses_and_their_forms_are_the_librarys() {
    let key = hex::encode(public_key().bytes());
    for network in NETWORKS
        .iter()
        .filter(|network| network.key_rule == KeyRule::Cosmos)
    {
        let theirs = ask(
            "cosmos.address",
            json!({"public_key": key, "prefix": network.prefix}),
        )
        .unwrap();
        let ours = address::format(network.prefix, &public_key().account(KeyRule::Cosmos)).unwrap();
        assert_eq!(ours.text(), theirs["address"].as_str().unwrap());
        let back = ask(
            "cosmos.address",
            json!({"text": ours.text(), "prefix": "osmo"}),
        )
        .unwrap();
        assert_eq!(
            back["address"],
            address::format("osmo", &ours.payload()).unwrap().text()
        );
        assert_eq!(back["prefix"], network.prefix);
    }
}

#[test]
fn oracle_recorded_transactions_read_as_the_library_reads_them() {
    for name in [
        "crosschain_tx_L378",
        "crosschain_tx_L425",
        "crosschain_tx_L471",
    ] {
        let answer = json(name);
        let raw = STANDARD
            .decode(answer["result"]["tx"].as_str().unwrap())
            .unwrap();
        let theirs = ask("cosmos.decode_tx_raw", json!({"hex": hex::encode(&raw)})).unwrap();
        let ours = crate::fixture::transaction("cosmos", name);
        assert_eq!(ours.id.as_str(), theirs["txid"].as_str().unwrap(), "{name}");
        assert_eq!(ours.memo.as_deref(), theirs["memo"].as_str(), "{name}");
        let message = &theirs["messages"][0]["value"];
        if let Some(to) = message["toAddress"].as_str() {
            assert_eq!(ours.credits[0].to.text(), to, "{name}");
            assert_eq!(
                message["amount"][0]["amount"],
                ours.credits[0].amount.to_base_units(),
                "{name}"
            );
        }
    }
    for name in crate::fixture::names()
        .iter()
        .filter(|name| name.starts_with("cometbft") && name.ends_with("_block"))
    {
        let answer = json(name);
        for raw in answer
            .pointer("/result/block/data/txs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let raw = STANDARD.decode(raw.as_str().unwrap()).unwrap();
            let theirs = ask("cosmos.txid", json!({"hex": hex::encode(&raw)})).unwrap();
            assert_eq!(
                address::tx_id_of(&raw).as_str(),
                theirs["txid"].as_str().unwrap(),
                "{name}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn oracle_any_address_reads_alike(bytes: [u8; 32], short: bool, prefix in "[a-z]{1,10}x") {
        let data = if short { &bytes[..20] } else { &bytes[..] };
        let theirs = ask("cosmos.address_encode", json!({"prefix": prefix, "hex": hex::encode(data)})).unwrap();
        let text = theirs["address"].as_str().unwrap();
        let payload = match data.try_into() {
            Ok(account) => Payload::Hash160(account),
            Err(_) => Payload::Contract32(bytes),
        };
        let ours = address::format(&prefix, &payload).unwrap();
        prop_assert_eq!(ours.text(), text);
        prop_assert_eq!(address::parse(text).unwrap().payload(), payload);
    }

    #[test]
    fn oracle_a_changed_address_is_refused_by_both(bytes: [u8; 20], place in any::<prop::sample::Index>(), letter in "[02-9ac-hj-np-z]") {
        let good = address::format("cosmos", &Payload::Hash160(bytes)).unwrap().text().to_owned();
        let index = 7 + place.index(good.len() - 7);
        let mut changed = good.clone();
        changed.replace_range(index..=index, &letter);
        let theirs = ask("cosmos.address", json!({"text": changed}));
        prop_assert_eq!(address::parse(&changed).is_ok(), theirs.is_ok(), "{}", changed);
        prop_assert_eq!(changed == good, theirs.is_ok());
    }

    // The library counts in whole numbers below 2^53.
    #[test]
    fn oracle_any_return_is_the_librarys_byte_for_byte(
        amount in 1_u128..,
        fee in 1_u64..,
        gas in 1_u64..1 << 50,
        number in 0_u64..1 << 50,
        sequence in 0_u64..1 << 50,
        height in 1_u64..1 << 50,
        memo in "[\\PC&&[^\u{2028}\u{2029}]]{0,30}",
        ibc: bool,
    ) {
        let request = ReturnRequest {
            amount: Amount::from_u128(amount),
            fee: Fee { amount: Amount::from_u128(u128::from(fee)), gas_limit: gas, denom: "uosmo".to_owned() },
            account_number: number,
            sequence,
            timeout_height: Height(height),
            memo,
            ..if ibc { over_ibc() } else { plain() }
        };
        let theirs = ask("cosmos.sign_doc_direct", arguments(&request)).unwrap();
        prop_assert_eq!(hex::encode(build(&request).unwrap().sign_bytes), theirs["bytes"].as_str().unwrap());
        let amino = ReturnRequest { mode: SignMode::AminoJson, ..request };
        let theirs = ask("cosmos.sign_doc_amino", arguments(&amino)).unwrap();
        prop_assert_eq!(String::from_utf8(build(&amino).unwrap().sign_bytes).unwrap(), theirs["text"].as_str().unwrap());
        prop_assert!(decode(&bytes_of(&theirs, "bytes")).is_ok());
    }
}
