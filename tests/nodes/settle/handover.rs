//! What comes back from the signers, and what must not.

use serde_json::json;
use std::process::Command;

use crate::desk::Desk;
use crate::settle::house::{House, deposit, proved, treasury};
use crate::settle::signer::{self, Key, headed, item, items_of};
use crate::settle::walk::Package;
use crate::world::{COIN, Chain, Token, UNIT};

/// Who votes with a key.
const SIGNING: &[&str] = &["chidi", "dalia", "emre", "esin", "farah", "gul"];

/// A key of `ssh-keygen` for everybody who votes; answers their public lines.
pub fn ssh_keys(desk: &Desk) -> Vec<(&'static str, String)> {
    let make = |person: &&'static str| {
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", person, "-f", person];
        ssh(desk, &arguments);
        (
            *person,
            desk.read(&format!("{person}.pub")).trim().to_owned(),
        )
    };
    SIGNING.iter().map(make).collect()
}

/// A person's signature over a digest, as `ssh-keygen -Y sign` writes it; answers the file's name.
pub fn ssh_sign(desk: &Desk, person: &str, digest: &str) -> String {
    let file = format!("digest-{person}-{}", &digest[..8]);
    desk.write(&file, format!("{digest}\n"));
    let signature = format!("{file}.sig");
    // It does not write over what is there.
    let _ = std::fs::remove_file(desk.path(&signature));
    let key = desk.path(person).display().to_string();
    ssh(
        desk,
        &["-q", "-Y", "sign", "-f", &key, "-n", "recover-claim", &file],
    );
    signature
}

fn ssh(desk: &Desk, arguments: &[&str]) {
    let run = Command::new("ssh-keygen")
        .current_dir(desk.path("."))
        .args(arguments)
        .output()
        .expect("ssh-keygen is part of every OpenSSH");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

/// A token at address 1 whose claim waits for its transfer to be signed: the address has gas of its own.
pub fn waiting(contract: &str) -> (House, Token, String, Package) {
    let house = House::new();
    let key = house.issue(1);
    house.ethereum.set_balance(&key.account(), COIN);
    let token = house.token(Chain::Ethereum, contract);
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    let package = house.export(&id);
    assert_eq!(package.kind(), "transfer");
    (house, token, id, package)
}

/// The items of a dynamic-fee transaction, by their places in EIP-1559.
const NONCE: usize = 1;
const TIP: usize = 2;
const FEE: usize = 3;
const GAS: usize = 4;
const TO: usize = 5;
const VALUE: usize = 6;
const DATA: usize = 7;
const ACCESS: usize = 8;

/// Unsigned bytes with one item replaced.
fn changed(unsigned: &[u8], place: usize, content: &[u8]) -> Vec<u8> {
    assert_eq!(unsigned[0], 2, "a dynamic-fee transaction");
    let mut items: Vec<Vec<u8>> = items_of(&unsigned[1..])
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    items[place] = if place == ACCESS {
        content.to_vec()
    } else {
        item(content)
    };
    let mut bytes = vec![2];
    bytes.extend(headed(0xc0, &items.concat()));
    bytes
}

/// A transaction in the same slot that does something else: one unit of coin to the user.
pub fn rival(package: &Package) -> Vec<u8> {
    let to = hex::decode(&proved().account()[2..]).unwrap();
    let other = changed(&package.unsigned(), TO, &to);
    changed(&changed(&other, VALUE, &[1]), DATA, &[])
}

/// The call data of the transfer, with another amount.
fn data_for(to: &str, units: u128) -> Vec<u8> {
    let mut data = hex::decode("a9059cbb000000000000000000000000").unwrap();
    data.extend(hex::decode(&to[2..]).unwrap());
    data.extend([0; 16]);
    data.extend(units.to_be_bytes());
    data
}

#[test]
fn pitfall_104_signed_bytes_of_something_else_are_refused() {
    let (house, token, id, package) = waiting("TokenGood");
    let unsigned = package.unsigned();
    let key = house.key(package.signer());
    let thief = Key::new(0x7f);
    let net: u128 = package.leg()["amount"].as_str().unwrap().parse().unwrap();
    let number = |value: u128| {
        let bytes = value.to_be_bytes();
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(16);
        bytes[first..].to_vec()
    };
    let other_token = hex::decode(&deposit(9).account()[2..]).unwrap();
    let access = {
        let entry = [item(&other_token), headed(0xc0, &[])].concat();
        headed(0xc0, &headed(0xc0, &entry))
    };
    let right = proved().account();
    let tampered: Vec<(&str, Vec<u8>)> = vec![
        ("another chain", changed(&unsigned, 0, &[56])),
        ("another nonce", changed(&unsigned, NONCE, &[1])),
        ("another tip", changed(&unsigned, TIP, &number(3))),
        (
            "a higher fee",
            changed(&unsigned, FEE, &number(900_000_000_000)),
        ),
        ("more gas", changed(&unsigned, GAS, &number(2_000_000))),
        ("another target", changed(&unsigned, TO, &other_token)),
        ("coin on top", changed(&unsigned, VALUE, &number(1))),
        (
            "another recipient",
            changed(&unsigned, DATA, &data_for(&thief.account(), net)),
        ),
        (
            "one unit more",
            changed(&unsigned, DATA, &data_for(&right, net + 1)),
        ),
        (
            "one unit less",
            changed(&unsigned, DATA, &data_for(&right, net - 1)),
        ),
        ("an approval instead", {
            let mut data = data_for(&right, net);
            data[..4].copy_from_slice(&hex::decode("095ea7b3").unwrap());
            changed(&unsigned, DATA, &data)
        }),
        ("bytes behind the call", {
            let mut data = data_for(&right, net);
            data.push(0);
            changed(&unsigned, DATA, &data)
        }),
        ("an access list", changed(&unsigned, ACCESS, &access)),
    ];
    for (what, bytes) in &tampered {
        let run = house.import(&id, &key.sign(bytes));
        assert_eq!(run.code, Some(3), "{what}: {}{}", run.out, run.err);
        // What is for another chain, or of a form that we never build, cannot even be opened.
        let code = match *what {
            "another chain" => "not for eip155:1",
            "an access list" => "it has an access list",
            _ => "bytes_differ",
        };
        run.says(&[code]);
    }
    // The right bytes by another key.
    house
        .import(&id, &thief.sign(&unsigned))
        .exits(3)
        .says(&["signer_differs"]);
    // No signature at all, half of one, a byte behind it.
    let signed = key.sign(&unsigned);
    let mut longer = signed.clone();
    longer.push(0);
    for bytes in [
        unsigned.as_slice(),
        &signed[..signed.len() - 1],
        &longer,
        &[],
    ] {
        let run = house.import(&id, bytes);
        assert_ne!(run.code, Some(0), "{}{}", run.out, run.err);
    }
    // Nothing of all this left a trace; the right bytes still go through.
    assert_eq!(house.status(&id), "awaiting_signature");
    house.refused(
        "tariq",
        &["claims", "broadcast", &id, "--execute"],
        "signed_bytes_missing",
    );
    house.send(&id, &package);
    house.bury();
    house.track(&id);
    house.is_settled(&id);
    assert_eq!(
        house.token_balance(Chain::Ethereum, &token.address, &right),
        net
    );
}

#[test]
fn a_package_that_was_tampered_with_is_refused_by_the_signers_program() {
    let (house, _, _, package) = waiting("TokenGood");
    let text = house
        .desk
        .read(package.file.file_name().unwrap().to_str().unwrap());
    let bytes = package.json["bytes"].as_str().unwrap();
    let thief = Key::new(0x7f).account()[2..].to_owned();
    let right = proved().account()[2..].to_owned();
    let expires = package.json["expires_at"].as_str().unwrap();
    for (what, tampered) in [
        (
            "bytes to a thief",
            text.replace(bytes, &bytes.replace(&right, &thief)),
        ),
        ("a thief everywhere", text.replace(&right, &thief)),
        (
            "a later deadline",
            text.replace(expires, "2199-01-01T00:00:00Z"),
        ),
        (
            "another person's vote",
            text.replace("\"chidi\"", "\"dalia\""),
        ),
        ("a blank", text.replacen("{\n", "{ \n", 1)),
        ("an end cut off", text[..text.len() - 20].to_owned()),
    ] {
        assert_ne!(tampered, text, "{what}");
        let file = house.desk.write("tampered.json", tampered);
        let run = house.verify(&file, &[]);
        assert_ne!(run.code, Some(0), "{what}: {}{}", run.out, run.err);
    }
    house.verified(&package.file);
    // And it takes the signed bytes of this package only.
    let good = hex::encode(house.signed(&package));
    house.desk.write("good.hex", &good);
    let run = house.verify(&package.file, &["--signed", "good.hex"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let other = changed(&package.unsigned(), NONCE, &[5]);
    let bad = hex::encode(house.key(package.signer()).sign(&other));
    house.desk.write("bad.hex", &bad);
    let run = house.verify(&package.file, &["--signed", "bad.hex"]);
    assert_ne!(run.code, Some(0), "{}{}", run.out, run.err);
}

/// Sends signed bytes past the engine, as signers who broadcast by themselves do.
pub fn sent_by_signers(house: &House, signed: &[u8]) -> String {
    let raw = format!("0x{}", hex::encode(signed));
    let tx = house.ethereum.call("eth_sendRawTransaction", json!([raw]));
    let tx = tx.as_str().unwrap().to_owned();
    house.await_mined("ethereum", &tx);
    tx
}

#[test]
fn signers_who_send_it_themselves_are_believed_by_the_chain() {
    let (house, token, id, package) = waiting("TokenGood");
    let import = |tx: &str| {
        house
            .desk
            .run_as("tariq", &["claims", "import", &id, "--txid", tx])
    };
    // A transaction that does not exist, one of somebody else, and no transaction id at all.
    for tx in [
        format!("0x{}", "ab".repeat(32)),
        house
            .ethereum
            .send(&house.stranger, &treasury().account(), 1, &[]),
        "soon".to_owned(),
    ] {
        let run = import(&tx);
        assert_ne!(run.code, Some(0), "{tx}: {}{}", run.out, run.err);
        assert_eq!(house.status(&id), "awaiting_signature");
    }
    let tx = sent_by_signers(&house, &house.signed(&package));
    house.bury();
    import(&tx).ok();
    house.is_settled(&id);
    let net: u128 = package.leg()["amount"].as_str().unwrap().parse().unwrap();
    let held = house.token_balance(Chain::Ethereum, &token.address, &proved().account());
    assert_eq!(held, net);
}

#[test]
fn signers_who_send_another_amount_make_an_incident() {
    let (house, _, id, package) = waiting("TokenGood");
    let net: u128 = package.leg()["amount"].as_str().unwrap().parse().unwrap();
    let data = data_for(&proved().account(), net - 1);
    let other = changed(&package.unsigned(), DATA, &data);
    let tx = sent_by_signers(&house, &house.key(package.signer()).sign(&other));
    house.bury();
    house
        .desk
        .run_as("tariq", &["claims", "import", &id, "--txid", &tx]);
    assert_eq!(house.status(&id), "mispaid");
    let incident = house.incident(&id, "mispaid");
    // Nothing goes on by itself, and nobody can claim the rest or send it again.
    house.refused("tariq", &["claims", "export", &id], "status_wrong");
    let row = house.show(&id);
    let deposit = row["deposit_id"].as_str().unwrap();
    house.refused("bruno", &["claims", "open", deposit], "deposit_taken");
    let number = incident["id"].as_str().unwrap();
    let close = [
        "claims",
        "incidents",
        "--close",
        number,
        "--reason",
        "one unit, written off",
    ];
    house.desk.run_as("emre", &close).ok();
    let open = crate::desk::rows(house.desk.json(&["claims", "incidents"]));
    assert!(open.is_empty(), "{open:?}");
    house.audited();
}

#[test]
fn the_right_transaction_is_found_by_its_slot_alone() {
    let (house, _, id, package) = waiting("TokenGood");
    // Sent by the signers, and nobody told us.
    sent_by_signers(&house, &house.signed(&package));
    house.bury();
    house.track(&id);
    house.is_settled(&id);
}

#[test]
fn a_halt_stops_release_and_sending_until_two_leads_lift_it() {
    let (house, _, id, package) = waiting("TokenGood");
    let other = house.issue(2);
    let tx = house
        .ethereum
        .send(&house.stranger, &other.account(), COIN / 10, &[]);
    house.furnish_book();
    house.scan();
    let second = house.approved(&tx, &[]);
    house.import(&id, &house.signed(&package)).ok();

    house
        .desk
        .run_as("ana", &["halt", "set", "--reason", "something is odd"])
        .ok();
    house.refused("tariq", &["claims", "export", &second], "halted");
    house.refused(
        "tariq",
        &["claims", "broadcast", &id, "--execute"],
        "halted",
    );
    // One lead is not enough, nor is anybody who is none; the same lead twice is one.
    let lift = ["halt", "lift", "--reason", "looked at"];
    assert_ne!(house.desk.run_as("ana", &lift).code, Some(0));
    house.desk.run_as("emre", &lift);
    house.desk.run_as("emre", &lift);
    house.refused("tariq", &["claims", "export", &second], "halted");
    house.desk.run_as("esin", &lift).ok();
    house.broadcast(&id).ok();
    house.await_mined("ethereum", &signer::tx_id(&house.signed(&package)));
    house.bury();
    house.track(&id);
    house.book(&second);
    for id in [&id, &second] {
        house.is_settled(id);
    }
}

#[test]
fn a_hold_stops_sending_what_was_signed() {
    let (house, _, id, package) = waiting("TokenGood");
    house.import(&id, &house.signed(&package)).ok();
    // Without --execute nothing is sent and nothing is kept.
    house
        .desk
        .run_as("tariq", &["claims", "broadcast", &id])
        .ok();
    assert_eq!(house.status(&id), "awaiting_signature");
    let hold = [
        "claims",
        "screen",
        &id,
        "--hold",
        "--reason",
        "sender on a list",
    ];
    house.claim("farah", &hold);
    house.refused(
        "tariq",
        &["claims", "broadcast", &id, "--execute"],
        "on_hold",
    );
    assert_eq!(house.show(&id)["held"], true);
    let tx = signer::tx_id(&house.signed(&package));
    assert!(!house.ethereum.is_mined(&tx));
    house.claim(
        "farah",
        &[
            "claims",
            "screen",
            &id,
            "--clear",
            "--reason",
            "false alarm",
        ],
    );
    // The way under the hold was not lost: the same bytes go out, nobody votes again.
    house.broadcast(&id).ok();
    house.await_mined("ethereum", &tx);
    house.bury();
    house.track(&id);
    house.is_settled(&id);
}
