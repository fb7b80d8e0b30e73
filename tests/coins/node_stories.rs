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
