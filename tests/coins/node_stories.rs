//! Claims that end well: every kind of script, both ways between Bitcoin and Litecoin, and Bitcoin SV.

use crate::house::{COIN, House};
use crate::keys::{Held, Lock};
use crate::walk::Mistake;

/// 500 to 600 dollars: below what passes without a person, above every fee.
fn value(network: &str) -> u64 {
    match network {
        "bitcoin" => COIN / 100,
        "litecoin" => 5 * COIN,
        _ => 10 * COIN,
    }
}

#[track_caller]
fn is_recovered(meant: &'static str, found: &'static str, lock: Lock) {
    let mistake = Mistake::happened(meant, found, Held::new(lock, 1), value(found));
    mistake.is_found();
    let id = mistake.approved();
    mistake.settles(&id);
}

macro_rules! stories {
    ($($name:ident: $lock:ident,)*) => {
        mod litecoin_sent_to_bitcoin {
            use super::*;
            $(#[test] fn $name() { is_recovered("bitcoin", "litecoin", Lock::$lock); })*
        }
        mod bitcoin_sent_to_litecoin {
            use super::*;
            $(#[test] fn $name() { is_recovered("litecoin", "bitcoin", Lock::$lock); })*
        }
    };
}

stories! {
    p2pkh: Key,
    p2wpkh: WitnessKey,
    p2sh_p2wpkh: NestedKey,
    p2tr: Taproot,
    p2sh_multisig: Multi,
    p2wsh_multisig: WitnessMulti,
    p2sh_p2wsh_multisig: NestedMulti,
}

#[test]
fn bitcoin_sv_sent_to_bitcoin() {
    is_recovered("bitcoin", "bitcoin-sv", Lock::Key);
}

#[test]
fn litecoin_with_mweb_sent_to_bitcoin() {
    let house = House::new(&["bitcoin", "litecoin"]);
    house.node("litecoin").begin_mweb();
    let held = Held::new(Lock::WitnessKey, 1);
    let mistake = Mistake::in_a_house(house, "bitcoin", "litecoin", held, value("litecoin"));
    let height = mistake.house.node("litecoin").height();
    assert!(height > 432, "{height}");
    mistake.is_found();
    let id = mistake.approved();
    mistake.settles(&id);
    // Neither what went into the extension blocks nor the transaction that carries them is anybody's deposit.
    assert_eq!(mistake.house.desk.deposits().len(), 1);
}

#[test]
fn two_deposits_of_one_transaction_are_two_packages_of_one_input_each() {
    let house = House::new(&["bitcoin", "litecoin"]);
    let node = house.node("litecoin");
    let (one, other) = (Held::new(Lock::WitnessKey, 1), Held::new(Lock::Key, 2));
    house.issue("U-201", "bitcoin", &one);
    house.issue("U-202", "bitcoin", &other);
    let sum = value("litecoin");
    let payment = node.pay(&[
        (one.script().into_bytes(), sum),
        (other.script().into_bytes(), sum),
    ]);
    node.mine(1);
    house.furnish();
    house.scan();
    let mut rows = house.desk.deposits();
    rows.sort_by_key(|row| row["position"].to_string());
    assert_eq!(rows.len(), 2, "{rows:?}");
    let mut claims = Vec::new();
    for row in &rows {
        let open = ["claims", "open", row["id"].as_str().unwrap()];
        let opened = house.claim("ana", &open);
        let id = opened["id"].as_str().unwrap().to_owned();
        house.put_up(&id);
        house.vote(&id);
        claims.push(id);
    }
    // Both are out at once: neither waits for the other, neither holds the other's output.
    let packages: Vec<_> = claims.iter().map(|id| house.export(id)).collect();
    for (index, (id, package)) in (0..).zip(claims.iter().zip(&packages)) {
        let psbt = crate::signer::read(&package.unsigned());
        let [input] = &psbt.unsigned_tx.input[..] else {
            panic!("one input: {psbt:?}")
        };
        assert_eq!(input.previous_output.txid.to_string(), payment.txid);
        assert_eq!(input.previous_output.vout, index);
        let signed = house.signed(package);
        // The other's signed bytes are nothing here.
        let (of_other, wrong) = match index {
            0 => (&claims[1], &signed),
            _ => (&claims[0], &signed),
        };
        assert_ne!(house.import(of_other, wrong).code, Some(0));
        house.send(id, package, &signed);
    }
    node.mine(1);
    house.bury();
    for id in &claims {
        house.track(id);
        house.book(id);
    }
    for id in &claims {
        assert_eq!(house.status(id), "settled");
    }
}

#[test]
fn coins_go_to_an_address_of_the_user_and_the_fee_to_treasury() {
    let held = Held::new(Lock::WitnessMulti, 1);
    let mistake = Mistake::happened("litecoin", "bitcoin", held, value("bitcoin"));
    let house = &mistake.house;
    let theirs = Held::of("user", Lock::Taproot, 1);
    let to = theirs.address("bitcoin");
    let deposit = house.found(&mistake.payment.txid)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let appeal = house
        .desk
        .vouched("bruno", mistake.user, &deposit, Some(&to));
    let more = [
        "--appeal",
        &appeal,
        "--resolution",
        "sweep_to_address",
        "--destination",
        &to,
    ];
    let id = house.open(&mistake.payment.txid, &more);
    house.put_up(&id);
    house.vote(&id);
    let package = house.export(&id);
    let net: u64 = house.show(&id)["quote"]["net"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let psbt = crate::signer::read(&package.unsigned());
    let [paid, rest] = &psbt.unsigned_tx.output[..] else {
        panic!("the user, and what is left: {psbt:?}")
    };
    assert_eq!(
        (paid.script_pubkey.clone(), paid.value.to_sat()),
        (theirs.script(), net)
    );
    assert_eq!(
        rest.script_pubkey,
        crate::house::treasury_on("bitcoin").script()
    );
    let network = mistake.value - net - rest.value.to_sat();
    let most: u64 = package.leg()["fee_max"].as_str().unwrap().parse().unwrap();
    assert!((100..=most).contains(&network), "{network} of {most}");
    mistake.refuses_flipped_packages(&package);
    let signed = mistake.signed(&package);
    mistake.refuses_flipped_transactions(&signed);
    let tx = house.send(&id, &package, &signed);
    house.confirm(&id, "bitcoin");
    house.is_settled(&id);
    assert!(house.node("bitcoin").unspent(&tx, 0).is_some());
    // A later scan takes what came to treasury for our own, not for anybody's deposit.
    house.scan();
    let queue = house.desk.json(&["deposits", "list", "--queue"]);
    assert_eq!(queue.as_array().map(Vec::len), Some(0), "{queue}");
}
