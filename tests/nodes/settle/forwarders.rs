//! Deposit addresses that are contracts: deployed where they are missing, and emptied into their parent.

use recover_testkit::{Arg, Contracts};

use crate::settle::house::{House, deposit, treasury, user};
use crate::world::{COIN, Chain, UNIT};

/// Both networks with the factory at one address, whose forwarders pay to `parent`; the forwarder of salt 1 is user 10's.
fn house(parent: &str) -> (House, String, String) {
    let house = House::on_two();
    let deployer = house.ethereum.accounts()[3].clone();
    let home = house.factory(Chain::Ethereum, &deployer, parent);
    let away = house.factory(Chain::Bsc, &deployer, parent);
    assert_eq!(home, away, "the same account's first contract");
    let (address, control) = house.forwarder(Chain::Ethereum, &home, [1; 32]);
    house.issue_forwarder(10, &address, &control);
    // At home it is in use: what its code must be is known from there.
    deploy(&house, Chain::Ethereum, &home, [1; 32]);
    (house, home, address)
}

fn deploy(house: &House, chain: Chain, factory: &str, salt: [u8; 32]) {
    let artifact = Contracts::load().get("ForwarderFactory");
    let anvil = house.anvil(chain);
    let signature = "deploy(bytes32)";
    anvil.send_call(
        &house.stranger,
        factory,
        0,
        artifact,
        signature,
        &[Arg::Word(salt)],
    );
}

#[test]
fn a_forwarder_is_deployed_and_flushed() {
    let (house, _, forwarder) = house(&treasury().account());
    let bsc = house.anvil(Chain::Bsc);
    let tx = bsc.send(&house.stranger, &forwarder, 2 * COIN, &[]);
    house.furnish();
    house.scan();
    let found = house.found(&tx);
    assert_eq!(
        (&found["kind"], &found["verdict"]),
        (&"wrong_chain_contract".into(), &"needs_deploy".into())
    );
    let id = house.approved(&tx, &[]);
    assert!(bsc.code(&forwarder).is_empty());
    let before = bsc.balance(&treasury().account());
    house.carry_out(&id, "deploy");
    assert!(!bsc.code(&forwarder).is_empty());
    // The money still lies there: what is in the forwarder moves in a step of its own.
    assert_eq!(bsc.balance(&forwarder), 2 * COIN);
    house.carry_out(&id, "flush");
    assert_eq!(bsc.balance(&forwarder), 0);
    assert_eq!(bsc.balance(&treasury().account()) - before, 2 * COIN);
    let booked = house.book(&id);
    assert_eq!(booked[0][2], user(10));
    house.is_settled(&id);
}

#[test]
fn pitfall_045_a_forwarder_in_place_is_flushed_of_its_token_only() {
    let (house, factory, forwarder) = house(&treasury().account());
    let bsc = house.anvil(Chain::Bsc);
    deploy(&house, Chain::Bsc, &factory, [1; 32]);
    let token = house.token(Chain::Bsc, "TokenGood");
    let tx = token.transfer(bsc, &house.stranger, &forwarder, 700 * UNIT);
    // Coin lies in it as well: another customer's, and no part of this claim.
    bsc.send(&house.stranger, &forwarder, COIN, &[]);
    house.furnish();
    house.scan();
    house.review(Chain::Bsc, &token);
    let id = house.approved(&tx, &[]);
    house.carry_out(&id, "flush");
    let held = |owner: &str| house.token_balance(Chain::Bsc, &token.address, owner);
    assert_eq!(
        (held(&treasury().account()), held(&forwarder)),
        (700 * UNIT, 0)
    );
    assert_eq!(bsc.balance(&forwarder), COIN);
    house.book(&id);
    house.is_settled(&id);
}

#[test]
fn pitfall_045_from_a_parent_that_is_not_treasury_it_goes_on() {
    let parent = deposit(11);
    let (house, _, forwarder) = house(&parent.account());
    let bsc = house.anvil(Chain::Bsc);
    let token = house.token(Chain::Bsc, "TokenGood");
    let tx = token.transfer(bsc, &house.stranger, &forwarder, 700 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Bsc, &token);
    let id = house.approved(&tx, &[]);
    for kind in ["deploy", "flush", "gas_top_up", "transfer"] {
        house.carry_out(&id, kind);
    }
    let held = |owner: &str| house.token_balance(Chain::Bsc, &token.address, owner);
    assert_eq!(held(&treasury().account()), 700 * UNIT);
    assert_eq!((held(&forwarder), held(&parent.account())), (0, 0));
    house.book(&id);
    house.is_settled(&id);
}

#[test]
fn pitfall_044_a_forwarder_that_does_not_follow_from_its_factory_is_not_deployed() {
    let (house, factory, forwarder) = house(&treasury().account());
    let bsc = house.anvil(Chain::Bsc);
    // Somebody wrote another salt, another factory, another code hash into the address book.
    let (_, right) = house.forwarder(Chain::Ethereum, &factory, [1; 32]);
    let other_salt = right.replace(&hex::encode([1; 32]), &hex::encode([2; 32]));
    let other_factory = right.replace(&factory, &house.stranger);
    let hash = right.rsplit(':').next().unwrap();
    let other_hash = right.replace(hash, &format!("0x{}", "11".repeat(32)));
    let tx = bsc.send(&house.stranger, &forwarder, 2 * COIN, &[]);
    for control in [other_salt, other_factory, other_hash] {
        house.book.borrow_mut().addresses.clear();
        house.issue_forwarder(10, &forwarder, &control);
        house.furnish();
        house.scan();
        house.desk.run(&["reconcile"]);
        let found = house.found(&tx);
        assert_ne!(found["verdict"], "needs_deploy", "{control}: {found}");
        assert_ne!(found["verdict"], "controllable", "{control}: {found}");
        let deposit = found["id"].as_str().unwrap();
        house
            .desk
            .run_as("ana", &["claims", "open", deposit])
            .exits(3);
    }
    // The same book with the right row: it can be recovered.
    house.book.borrow_mut().addresses.clear();
    house.issue_forwarder(10, &forwarder, &right);
    house.furnish();
    house.desk.run(&["reconcile"]);
    let id = house.approved(&tx, &[]);
    house.carry_out(&id, "deploy");
    house.carry_out(&id, "flush");
    house.book(&id);
    house.is_settled(&id);
}

#[test]
fn pitfall_044_a_factory_that_the_policy_does_not_know_has_no_plan() {
    let (house, factory, forwarder) = house(&treasury().account());
    let bsc = house.anvil(Chain::Bsc);
    let tx = bsc.send(&house.stranger, &forwarder, 2 * COIN, &[]);
    let known = crate::settle::signer::checksummed(&factory);
    house.edit(
        &format!("address = \"{known}\""),
        &format!("address = \"{}\"", deposit(12).address()),
    );
    house.furnish();
    house.scan();
    let id = house.open(&tx, &[]);
    let quoted = house.desk.run_as("ana", &["quote", &id]);
    assert!(
        format!("{}{}", quoted.out, quoted.err).contains("factory_unknown"),
        "{}{}",
        quoted.out,
        quoted.err
    );
}

#[test]
fn somebody_else_deployed_it_first() {
    let (house, factory, forwarder) = house(&treasury().account());
    let bsc = house.anvil(Chain::Bsc);
    let tx = bsc.send(&house.stranger, &forwarder, 2 * COIN, &[]);
    house.furnish();
    house.scan();
    let id = house.approved(&tx, &[]);
    // Anybody may call the factory. The step that was approved can no longer do what it says.
    deploy(&house, Chain::Bsc, &factory, [1; 32]);
    let export = ["claims", "export", id.as_str()];
    let run = house.desk.run_as("tariq", &export);
    assert_ne!(run.code, Some(0), "{}{}", run.out, run.err);
    // Looked at again and quoted again, only the flush is left.
    house.bury();
    house.desk.run(&["reconcile"]);
    assert_eq!(house.found(&tx)["verdict"], "controllable");
    house.put_up(&id);
    house.vote(&id);
    house.carry_out(&id, "flush");
    house.book(&id);
    house.is_settled(&id);
}
