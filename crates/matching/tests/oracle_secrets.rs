//! Secrets that the networks' own libraries make are found, and what they call no secret is left alone.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_matching::secret::{SecretKind, redact};
use recover_testkit::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args)
        .unwrap_or_else(|error| panic!("{op}: {error}"))
}

#[track_caller]
fn is_taken_out(secret: &Value, kind: SecretKind) {
    let secret = secret.as_str().unwrap();
    let text = format!("please help: {secret} thank you");
    let redacted = redact(&text);
    assert_eq!(redacted.found, [kind], "{secret}");
    assert!(!redacted.text.contains(&secret[1..]), "{}", redacted.text);
}

#[track_caller]
fn is_left_alone(public: &Value) {
    let public = public.as_str().unwrap();
    let text = format!("please help: {public} thank you");
    assert!(redact(&text).is_clean(), "{public}");
}

/// 32 bytes that differ from one number to the next.
fn bytes(number: u8) -> String {
    (0..32u8)
        .map(|place| format!("{:02x}", place.wrapping_mul(37) ^ number.wrapping_mul(73)))
        .collect()
}

#[test]
fn stellar_secrets_are_taken_out_and_accounts_are_not() {
    for number in 0..50 {
        let pair = ask("stellar.keypair", json!({ "seed": bytes(number) }));
        is_taken_out(&pair["secret"], SecretKind::StellarSecret);
        is_left_alone(&pair["public_key"]);
        for kind in ["G", "C", "T", "X"] {
            let other = ask(
                "stellar.strkey_encode",
                json!({ "kind": kind, "hex": bytes(number) }),
            );
            is_left_alone(&other["text"]);
        }
    }
}

#[test]
fn xrp_ledger_seeds_are_taken_out_and_addresses_are_not() {
    for number in 0..50 {
        for algorithm in ["ecdsa-secp256k1", "ed25519"] {
            let wallet = ask(
                "xrpl.wallet",
                json!({ "entropy": &bytes(number)[..32], "algorithm": algorithm }),
            );
            is_taken_out(&wallet["seed"], SecretKind::XrplSeed);
            is_left_alone(&wallet["address"]);
            let tagged = ask(
                "xrpl.x_encode",
                json!({ "address": wallet["address"], "tag": u32::from(number) }),
            );
            is_left_alone(&tagged["x_address"]);
        }
    }
}

#[test]
fn ton_and_cosmos_addresses_are_left_alone() {
    for number in 0..50 {
        let ton = ask(
            "ton.address_encode",
            json!({ "workchain": 0, "hash": bytes(number) }),
        );
        for form in ["raw", "bounceable", "non_bounceable_base64"] {
            is_left_alone(&ton[form]);
        }
        let cosmos = ask(
            "cosmos.address_encode",
            json!({ "prefix": "sei", "hex": bytes(number) }),
        );
        is_left_alone(&cosmos["address"]);
    }
}
