//! Pitfalls that other systems met with claims and that show only from the whole program on a node. The other named ones stand
//! in the crate whose part they concern, or among the stories here.

use serde_json::{Value, json};
use std::process::Child;

use crate::desk::{Run, rows};
use crate::settle::house::{House, deposit, proved, treasury, user};
use crate::settle::office::VOTERS;
use crate::settle::signer;
use crate::world::{COIN, Chain, Token, UNIT};

/// A token at address 1, which has no gas, claimed by its user and approved.
fn short_of_gas() -> (House, Token, String) {
    let house = House::new();
    let key = house.issue(1);
    let token = house.token(Chain::Ethereum, "TokenGood");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    (house, token, id)
}

/// Runs the same command of several people at once.
fn at_once(house: &House, runs: &[(&str, Vec<&str>)]) -> Vec<Run> {
    let start = |(person, arguments): &(&str, Vec<&str>)| -> (Vec<String>, Child) {
        let arguments = [&["--as", person], arguments.as_slice()].concat();
        let child = house.desk.command(&arguments).spawn();
        let told = arguments.iter().map(|text| (*text).to_owned()).collect();
        (told, child.expect("recover starts"))
    };
    let children: Vec<_> = runs.iter().map(start).collect();
    let end = |(arguments, child): (Vec<String>, Child)| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Run::of(&arguments, child.wait_with_output().unwrap())
    };
    children.into_iter().map(end).collect()
}

fn nonce(house: &House, account: &str) -> Value {
    house
        .ethereum
        .call("eth_getTransactionCount", json!([account, "latest"]))
}

#[test]
fn pitfall_037_a_top_up_that_is_tried_again_and_again_funds_once() {
    let (house, _, id) = short_of_gas();
    let runs: Vec<(&str, Vec<&str>)> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| ("tariq", vec!["claims", "export", &id, "--out", name]))
        .collect();
    let ended = at_once(&house, &runs);
    let written: Vec<&str> = ended
        .iter()
        .zip(["a", "b", "c", "d"])
        .filter(|(run, _)| run.code == Some(0))
        .map(|(_, name)| name)
        .collect();
    assert!(!written.is_empty(), "{}", ended[0].err);
    // Whoever got one got the same bytes in the same slot.
    let packages: Vec<_> = written.iter().map(|name| house.package(name)).collect();
    for package in &packages {
        assert_eq!(package.unsigned(), packages[0].unsigned());
    }
    assert_eq!(house.export(&id).unsigned(), packages[0].unsigned());
    let signed = house.signed(&packages[0]);
    house.import(&id, &signed).ok();
    // Sent by several at once, and again after it is in a block.
    let send = vec!["claims", "broadcast", id.as_str(), "--execute"];
    at_once(
        &house,
        &[
            ("tariq", send.clone()),
            ("tariq", send.clone()),
            ("tariq", send),
        ],
    );
    house.await_mined("ethereum", &signer::tx_id(&signed));
    house.broadcast(&id);
    let amount: u128 = packages[0].leg()["amount"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(house.ethereum.balance(&deposit(1).account()), amount);
    assert_eq!(nonce(&house, &crate::settle::house::gas().account()), "0x1");
    house.bury();
    house.track(&id);
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
}

#[test]
fn pitfall_038_the_transfer_waits_until_its_gas_is_final() {
    let (house, _, id) = short_of_gas();
    let package = house.export(&id);
    assert_eq!(package.kind(), "gas_top_up");
    // With the signers, sent, in a block: until it is final there is one package, the same again.
    let same = |when: &str| {
        let arguments = ["claims", "export", &id, "--out", "again.json"];
        let run = house.desk.run_as("tariq", &arguments);
        if run.code == Some(0) {
            let again = house.package("again.json");
            assert_eq!(again.unsigned(), package.unsigned(), "{when}");
        } else {
            assert_eq!(run.code, Some(3), "{when}: {}", run.err);
        }
    };
    same("with the signers");
    house.send(&id, &package);
    same("sent");
    house.track(&id);
    same("in a block");
    house.bury();
    house.track(&id);
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
}

#[test]
fn pitfall_050_a_kept_approval_does_not_sweep_a_later_deposit() {
    let (house, token, id) = short_of_gas();
    // The same token comes to the same address once more, before anything moved.
    let key = deposit(1);
    let later = token.transfer(&house.ethereum, &house.stranger, &key.account(), 300 * UNIT);
    house.scan();
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
    let held = |owner: &str| house.token_balance(Chain::Ethereum, &token.address, owner);
    let net: u128 = house.show(&id)["quote"]["net"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(held(&proved().account()), net);
    assert_eq!(held(&key.account()), 800 * UNIT - net);
    // What came later is a deposit of its own, with a claim and votes of its own.
    let row = house.found(&later);
    assert_eq!(
        (&row["status"], &row["amount"]),
        (&"open".into(), &(300 * UNIT).to_string().into())
    );
    let second = house.open(&later, &["--destination", &proved().address()]);
    assert_eq!(house.show(&second)["approvals"], json!([]));
    house.refused("tariq", &["claims", "export", &second], "plan_missing");
}

#[test]
fn pitfall_051_a_step_that_is_stuck_stays_visible() {
    let (house, _, id) = short_of_gas();
    let package = house.export(&id);
    let signed = house.signed(&package);
    house.import(&id, &signed).ok();
    // The price rises above what was signed: it waits in the pool, and nobody mines it.
    house.ethereum.set_automine(false);
    let price = |wei: &str| {
        house
            .ethereum
            .call("anvil_setNextBlockBaseFeePerGas", json!([wei]));
    };
    price("0x174876e800");
    house.ethereum.mine(1);
    house.broadcast(&id);
    let tx = signer::tx_id(&signed);
    assert!(!house.ethereum.is_mined(&tx));
    for _ in 0..2 {
        price("0x174876e800");
        house.ethereum.mine(1);
        house.desk.run(&["claims", "track"]);
        let status = house.status(&id);
        assert!(
            ["broadcast", "broadcast_unknown"].contains(&status.as_str()),
            "{status}"
        );
    }
    let reserved = rows(house.desk.json(&["claims", "reserved"]));
    assert_eq!(
        (reserved.len(), &reserved[0]["tx_id"]),
        (1, &tx.as_str().into())
    );
    let listed = rows(house.desk.json(&["claims", "list"]));
    assert!(
        listed.iter().any(|claim| claim["id"] == id.as_str()),
        "{listed:?}"
    );
    // The price falls again: the same transaction goes through.
    price("0x3b9aca00");
    house.broadcast(&id);
    house.ethereum.mine(1);
    assert!(house.ethereum.is_mined(&tx));
    house.ethereum.set_automine(true);
    house.bury();
    house.track(&id);
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
}

#[test]
fn pitfall_052_a_key_of_another_derivation_is_not_the_addresss() {
    let (house, _, id) = short_of_gas();
    house.carry_out(&id, "gas_top_up");
    let package = house.export(&id);
    // The wallet took the key of the next index.
    let other = deposit(2);
    house
        .import(&id, &other.sign(&package.unsigned()))
        .exits(3)
        .says(&["signer_differs"]);
    assert_eq!(house.status(&id), "awaiting_signature");
    house.send(&id, &package);
    house.bury();
    house.track(&id);
    house.is_settled(&id);
}

#[test]
fn pitfall_086_approving_and_releasing_race() {
    let house = House::new();
    let key = house.issue(1);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN, &[]);
    house.furnish();
    house.scan();
    let id = house.open(&tx, &[]);
    house.put_up(&id);
    let revision = house.revision(&id);
    let mut runs: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in ["p1", "p2", "p3"] {
        for voter in VOTERS {
            runs.push((
                voter,
                vec!["claims", "approve", &id, "--revision", &revision],
            ));
        }
        runs.push(("tariq", vec!["claims", "export", &id, "--out", name]));
    }
    at_once(&house, &runs);
    // Whatever happened in between, it can be finished, and exactly one release is in the log.
    if house.status(&id) == "pending_approval" {
        house.vote(&id);
    }
    let package = house.export(&id);
    let shown = house.show(&id);
    let events = shown["events"].as_array().unwrap();
    let count = |command: &str| {
        let of = events.iter().filter(|event| event["command"] == command);
        of.count()
    };
    assert_eq!(count("instruct"), 1, "{events:?}");
    let people: Vec<&Value> = shown["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vote| &vote["person"])
        .collect();
    let mut once = people.clone();
    once.dedup();
    assert!(
        people.len() >= 2 && once.len() == people.len(),
        "{people:?}"
    );
    assert_eq!(count("approve"), people.len(), "{events:?}");
    house.acknowledge(&id, &house.answers(&package)).ok();
    house.is_settled(&id);
}

#[test]
fn pitfall_093_a_command_that_is_repeated_happens_once() {
    let house = House::new();
    let key = house.issue(1);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN / 10, &[]);
    house.furnish();
    house.scan();
    let id = house.open(&tx, &[]);
    house.claim("ana", &["quote", &id]);
    let twice = |person: &str, arguments: &[&str]| {
        house.desk.run_as(person, arguments).ok();
        let once = house.show(&id);
        house.desk.run_as(person, arguments);
        let again = house.show(&id);
        assert_eq!(once["events"], again["events"], "{arguments:?}");
        assert_eq!(once["status"], again["status"], "{arguments:?}");
    };
    let revision = house.revision(&id);
    twice(
        "ana",
        &[
            "claims",
            "accept",
            &id,
            "--evidence",
            "ticket 4711",
            "--revision",
            &revision,
        ],
    );
    let clear = [
        "claims",
        "screen",
        &id,
        "--clear",
        "--reason",
        "known",
        "--revision",
        &revision,
    ];
    twice("farah", &clear);
    twice(
        "chidi",
        &["claims", "approve", &id, "--revision", &revision],
    );
    twice(
        "tariq",
        &[
            "claims",
            "export",
            &id,
            "--revision",
            &revision,
            "--out",
            "p.json",
        ],
    );
    let answers = house.answers(&house.package("p.json"));
    house.desk.write("answers.csv", &answers);
    let import = [
        "claims",
        "import",
        &id,
        "--revision",
        &revision,
        "--acknowledgement",
        "answers.csv",
    ];
    twice("tariq", &import);
    house.is_settled(&id);
}

#[test]
fn pitfall_095_the_books_balance_in_every_state() {
    let house = House::on_two();
    let key = house.issue(1);
    let bsc = house.anvil(Chain::Bsc);
    let tx = bsc.send(&house.stranger, &key.account(), COIN, &[]);
    house.furnish();
    house.scan();
    let id = house.open(&tx, &[]);
    let balanced = || {
        let shown = house.show(&id);
        let mut sums = std::collections::BTreeMap::<String, i128>::new();
        for posting in shown["postings"].as_array().unwrap() {
            let number = |name: &str| posting[name].as_str().unwrap().parse::<i128>().unwrap();
            *sums
                .entry(posting["asset"].as_str().unwrap().to_owned())
                .or_default() += number("debit") - number("credit");
        }
        assert!(sums.values().all(|sum| *sum == 0), "{shown}");
        sums.len()
    };
    assert_eq!(balanced(), 0);
    house.put_up(&id);
    house.vote(&id);
    assert_eq!(balanced(), 0);
    for kind in ["gas_top_up", "transfer"] {
        house.carry_out(&id, kind);
        balanced();
    }
    house.book(&id);
    // Asset and network's coin are one here: what came in is the customer's, the fee's, and what was spent was ours.
    assert_eq!(balanced(), 1);
    let posted = |account: &str| house.posted(&id, account, "bsc/native");
    assert_eq!(
        -posted("unassigned_deposit"),
        posted("customer") + posted("fee_revenue")
    );
    assert_eq!(-posted("unassigned_deposit"), i128::try_from(COIN).unwrap());
    assert_eq!(
        -posted("gas_float"),
        posted("network_cost") + posted("top_up_leftover")
    );
    house.is_settled(&id);
}

#[test]
fn pitfall_096_without_a_price_there_is_no_quote_and_no_zero_fee() {
    let house = House::on_two();
    let key = house.issue(1);
    let bsc = house.anvil(Chain::Bsc);
    let token = house.token(Chain::Bsc, "TokenGood");
    let tx = token.transfer(bsc, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish_without_prices();
    house.scan();
    house.review(Chain::Bsc, &token);
    let id = house.open(&tx, &[]);
    let prices = |rows: &str| {
        let text = format!("asset,currency,price,time,source\n{rows}");
        house.desk.write("prices.csv", text);
        house.desk.run(&["prices", "import", "prices.csv"]).ok();
    };
    let asset = format!("bsc/contract:{}", token.address);
    let now = crate::desk::now();
    let none = || {
        let run = house.desk.run_as("ana", &["quote", &id]);
        run.exits(3).says(&["price"]);
        let shown = house.show(&id);
        assert_eq!(
            (&shown["status"], &shown["quote"]),
            (&"draft".into(), &Value::Null)
        );
    };
    // No price at all; an old one; one of the token alone, so that nobody knows what the network's share is worth.
    none();
    prices(&format!("{asset},USD,1,2025-06-01T00:00:00Z,test\n"));
    none();
    prices(&format!("{asset},USD,1,{now},test\n"));
    none();
    prices(&format!("bsc/native,USD,600,{now},test\n"));
    house.claim("ana", &["quote", &id]);
    let shown = house.show(&id);
    assert_eq!(shown["quote"]["value"], "500.00");
    assert_ne!(shown["quote"]["network_fee"], "0.00");
}

#[test]
fn pitfall_098_a_token_that_is_listed_meanwhile_is_credited_or_claimed_and_never_both() {
    let (house, token, id) = short_of_gas();
    let shown = house.show(&id);
    let deposit_id = shown["deposit_id"].as_str().unwrap().to_owned();
    let stored = house
        .desk
        .deposits()
        .into_iter()
        .find(|row| row["id"] == deposit_id.as_str())
        .unwrap();
    // The exchange lists the token and its own scanner credits the deposit while the claim waits for its release.
    house
        .book
        .borrow_mut()
        .ledger
        .push(crate::world::LedgerRow {
            kind: "credited",
            user: Some(user(1)),
            chain: Chain::Ethereum,
            tx: stored["tx_id"].as_str().unwrap().to_owned(),
            position: stored["position"].as_str().unwrap().to_owned(),
            address: deposit(1).account(),
            asset: token.asset(),
            amount: 500 * UNIT,
            time: crate::world::START + 600,
        });
    house.furnish_book();
    let run = house
        .desk
        .run_as("tariq", &["claims", "export", &id])
        .exits(3);
    assert!(!run.err.is_empty());
    assert!(house.show(&id)["package"].is_null(), "nothing went out");
    house.desk.run(&["reconcile"]);
    assert_eq!(
        house.found(stored["tx_id"].as_str().unwrap())["kind"],
        "already_credited"
    );
    assert_ne!(
        house.desk.run_as("tariq", &["claims", "export", &id]).code,
        Some(0)
    );
    assert_eq!(
        house.token_balance(Chain::Ethereum, &token.address, &proved().account()),
        0
    );
}

#[test]
fn pitfall_100_a_payout_that_comes_back_is_a_deposit_of_its_own() {
    let (house, token, id) = short_of_gas();
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
    let net: u128 = house.show(&id)["quote"]["net"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    // The other exchange does not take it and sends it back to where it came from.
    house.ethereum.set_balance(&proved().account(), COIN);
    let back = token.transfer(
        &house.ethereum,
        &proved().account(),
        &deposit(1).account(),
        net,
    );
    house.scan();
    let row = house.found(&back);
    assert_eq!(
        (&row["status"], &row["amount"]),
        (&"open".into(), &net.to_string().into())
    );
    assert_eq!(
        row["from"].as_str().unwrap().to_lowercase(),
        proved().account()
    );
    // The settled claim is not touched, and the money can be recovered once more.
    house.is_settled(&id);
    let again = house.approved(&back, &["--destination", &treasury().address()]);
    assert_ne!(again, id);
}

#[test]
fn pitfall_101_a_deposit_to_a_retired_address_is_found_and_credited() {
    let house = House::new();
    let key = deposit(1);
    house.book.borrow_mut().row(
        &user(1),
        "deposit_address",
        &key.account(),
        "ethereum",
        &crate::world::rfc3339(crate::world::START),
        "eoa",
    );
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN / 10, &[]);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "retired_address");
    let id = house.approved(&tx, &[]);
    let booked = house.book(&id);
    assert_eq!(booked[0][2], user(1));
    house.is_settled(&id);
}

#[test]
fn pitfall_103_digits_that_nobody_vouched_for_price_nothing() {
    let house = House::new();
    let key = house.issue(1);
    let token = house.token(Chain::Ethereum, "TokenGood");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    let deposit = house.found(&tx)["id"].as_str().unwrap().to_owned();
    let to = proved().address();
    let open = ["claims", "open", &deposit, "--destination", &to];
    assert_ne!(
        house.desk.run_as("ana", &open).code,
        Some(0),
        "nobody reviewed it"
    );
    // A list says 8, the contract says 6: a factor of a hundred.
    let review = [
        "tokens",
        "review",
        "ethereum",
        &token.address,
        "--decision",
        "genuine",
        "--decimals",
        "8",
        "--reason",
        "from a list",
    ];
    let run = house.desk.run_as("ana", &review);
    assert_ne!(
        run.code,
        Some(0),
        "the contract itself says 6: {}{}",
        run.out,
        run.err
    );
    house.review(Chain::Ethereum, &token);
    let id = house.open(&tx, &["--destination", &to]);
    let quoted = house.claim("ana", &["quote", &id]);
    let value = quoted["quote"]["value"]
        .as_str()
        .or(quoted["value"].as_str());
    assert_eq!(value, Some("500.00"), "{quoted}");
}
