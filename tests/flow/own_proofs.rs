//! Ownership through the command line: two people want one deposit, and one of them can sign for its sender.

use serde_json::Value;
use sha3::{Digest as _, Keccak256};

use crate::desk::{Desk, rows};

const HASH: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

fn address(key: &k256::ecdsa::SigningKey) -> String {
    let point = key.verifying_key().to_encoded_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    format!("0x{}", hex::encode(&hash[12..]))
}

/// As `personal_sign` of a wallet does.
fn sign(key: &k256::ecdsa::SigningKey, text: &str) -> String {
    let hash = Keccak256::new()
        .chain_update(format!("\x19Ethereum Signed Message:\n{}", text.len()))
        .chain_update(text)
        .finalize();
    let (signature, id) = key.sign_prehash_recoverable(&hash).unwrap();
    format!(
        "0x{}{:02x}",
        hex::encode(signature.to_bytes()),
        27 + id.to_byte()
    )
}

/// A deposit at an address of nobody, from an address whose key is at hand; two users name it.
fn desk() -> (Desk, k256::ecdsa::SigningKey) {
    let key = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let sender = address(&key);
    desk.write(
        "deposits.csv",
        format!(
            "deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason\n\
             D-1,ETH,{HASH},0,1000,2025-06-01T10:00:00Z,{sender},0xde90510000000000000000000000000000000009,USDT,250,,internal_transfer\n"
        ),
    );
    desk.write(
        "appeals.csv",
        format!(
            "appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,claimed_memo,claimed_from_address,claimed_at,ownership_proof,session_view_at,free_text\n\
             A-1,U-1,2025-06-01T13:00:00Z,{HASH},ERC20,USDT,250,,,,,none,,\n\
             A-2,U-2,2025-06-01T14:00:00Z,{HASH},ERC20,USDT,250,,,,,screenshot,,\n"
        ),
    );
    desk.run(&["deposits", "import", "deposits.csv"]).ok();
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
    (desk, key)
}

fn decisions(desk: &Desk) -> Vec<String> {
    let lines = desk.run(&["--format", "json", "match"]).ok().json_lines();
    lines
        .iter()
        .map(|line| line["decision"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_signature_of_the_sender_ends_the_dispute() {
    let (desk, key) = desk();
    assert_eq!(decisions(&desk), ["conflict", "conflict"]);
    let asked = desk.json(&["--as", "ana", "proofs", "challenge", "A-2"]);
    assert_eq!(asked["method"], "signed_message");
    assert_eq!(asked["destination"], "credit to account U-2");
    let text = asked["text"].as_str().unwrap();
    for line in [
        "exchange: exchange.example",
        "appeal: A-2",
        "deposit: D-1",
        "This is not a transaction.",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // On a terminal the text stands alone, byte for byte, so that it can be sent on.
    let plain = desk
        .run(&["--as", "ana", "proofs", "challenge", "A-2"])
        .ok();
    assert!(plain.out.starts_with("Proof of ownership") && plain.out.ends_with("Z\n"));
    let text = plain.out.trim_end_matches('\n').to_owned();

    let stranger = k256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap();
    let wrong = sign(&stranger, &text);
    desk.run(&[
        "--as",
        "ana",
        "proofs",
        "verify",
        "A-2",
        "--signature",
        &wrong,
    ])
    .exits(3)
    .says(&["signature_wrong"]);
    assert_eq!(decisions(&desk), ["conflict", "conflict"]);

    let good = sign(&key, &text);
    let proven = desk.json(&[
        "--as",
        "ana",
        "proofs",
        "verify",
        "A-2",
        "--signature",
        &good,
    ]);
    assert_eq!(proven["scheme"], "eip191");
    assert_eq!(
        proven["address"].as_str().unwrap().to_lowercase(),
        address(&key)
    );
    let found = decisions(&desk);
    assert_eq!(found[0], "none");
    assert!(["review", "auto"].contains(&found[1].as_str()), "{found:?}");
    desk.run(&[
        "--as",
        "ana",
        "proofs",
        "verify",
        "A-2",
        "--signature",
        &good,
    ])
    .exits(3)
    .says(&["challenge_used"]);

    let shown = desk.json(&["proofs", "show", "A-2"]);
    assert_eq!(
        rows(shown["evidence"].clone()),
        [Value::from("signed_message")]
    );
    let list = desk.json(&["proofs", "list", "A-2"]);
    let states: Vec<&str> = list["challenges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|challenge| challenge["state"].as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 2);
    assert!(
        states.contains(&"void") && states.contains(&"used"),
        "{states:?}"
    );
    let outcomes: Vec<&str> = list["proofs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|proof| proof["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["refused", "verified"]);
    let told = desk.run(&["proofs", "list", "A-2"]).ok().out;
    for words in ["signed_message", "refused (signature_wrong)", "verified"] {
        assert!(told.contains(words), "{told}");
    }

    // Taken back, both are frozen again.
    let number = proven["number"].to_string();
    desk.run(&[
        "--as",
        "farah",
        "proofs",
        "void",
        &number,
        "--reason",
        "a lent key",
    ])
    .ok();
    assert_eq!(decisions(&desk), ["conflict", "conflict"]);
    desk.run(&["audit", "verify"]).ok();
}

#[test]
fn what_cannot_be_asked_says_what_to_do_instead() {
    let (desk, _) = desk();
    desk.run(&["--as", "ana", "proofs", "challenge", "A-1"])
        .exits(3)
        .says(&["--deposit"]);
    desk.run(&["--as", "ana", "proofs", "challenge", "A-9"])
        .says(&["appeals list"]);
    decisions(&desk);
    desk.run(&["--as", "chidi", "proofs", "challenge", "A-1"])
        .exits(3)
        .says(&["a specialist or an agent may"]);
    // The user has no address of their own to pay to.
    desk.run(&["--as", "ana", "proofs", "deposit", "A-1"])
        .exits(3)
        .says(&["addresses import"]);
    desk.write(
        "book.csv",
        "user_id,role,family,value\nU-1,deposit_address,evm,0xde90510000000000000000000000000000000001\n",
    );
    desk.run(&["addresses", "import", "book.csv"]).ok();
    let test = desk.json(&["--as", "ana", "proofs", "deposit", "A-1"]);
    assert_eq!(test["method"], "verification_deposit");
    let amount = test["amount_decimal"].as_str().unwrap();
    assert!(amount.contains('.'), "{amount}");
    desk.run(&[
        "--as",
        "ana",
        "proofs",
        "record",
        "A-1",
        "--reference",
        "ticket 7",
    ])
    .ok();
    let shown = desk.json(&["proofs", "show", "A-1"]);
    assert_eq!(
        rows(shown["evidence"].clone()),
        [Value::from("withdrawal_record")]
    );
}
