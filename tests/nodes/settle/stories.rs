//! Claims that end well.

use serde_json::json;

use crate::desk::rows;
use crate::settle::house::{House, deposit, gas, proved, treasury, user};
use crate::world::{COIN, Chain, UNIT};

#[test]
fn an_unlisted_token_is_swept_with_a_top_up_and_settled() {
    let house = House::new();
    let key = house.issue(1);
    let token = house.token(Chain::Ethereum, "TokenGood");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "unlisted_token");
    house.review(Chain::Ethereum, &token);
    let id = house.open(&tx, &["--destination", &proved().address()]);
    house.put_up(&id);
    assert_eq!(house.vote(&id), ["chidi"], "500 dollars need one vote");

    let gas_before = house.ethereum.balance(&gas().account());
    let (top_up, brought) = house.carry_out(&id, "gas_top_up");
    assert_eq!(top_up.signer(), gas().address());
    // The slot and the account that gets gas are in the feed for the exchange's own sweeper while it is out; now they are not.
    assert_eq!(rows(house.desk.json(&["claims", "reserved"])).len(), 0);
    let topped = house.ethereum.balance(&key.account());
    assert_eq!(topped.to_string(), top_up.leg()["amount"].as_str().unwrap());
    let (sweep, moved) = house.carry_out(&id, "transfer");
    assert_eq!(sweep.signer(), key.address());
    house.is_settled(&id);

    // On the chain: the user has the net, the fee stays, nobody else got anything.
    let shown = house.show(&id);
    let net: u128 = shown["quote"]["net"].as_str().unwrap().parse().unwrap();
    let fee: u128 = shown["quote"]["fee_in_asset"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((10 * UNIT..30 * UNIT).contains(&fee), "{shown}");
    assert_eq!(net + fee, 500 * UNIT);
    let held = |owner: &str| house.token_balance(Chain::Ethereum, &token.address, owner);
    assert_eq!(held(&proved().account()), net);
    assert_eq!(held(&key.account()), fee);
    // In the books: the same, and what the networks took and what the top-up left.
    let asset = shown["asset"].as_str().unwrap();
    let signed = |number: u128| i128::try_from(number).unwrap();
    assert_eq!(
        house.posted(&id, "unassigned_deposit", asset),
        -signed(500 * UNIT)
    );
    assert_eq!(house.posted(&id, "customer", asset), signed(net));
    assert_eq!(house.posted(&id, "fee_revenue", asset), signed(fee));
    let native = "ethereum/native";
    let left = house.ethereum.balance(&key.account());
    let spent = gas_before - house.ethereum.balance(&gas().account());
    assert_eq!(house.posted(&id, "top_up_leftover", native), signed(left));
    assert_eq!(house.posted(&id, "gas_float", native), -signed(spent));
    assert_eq!(
        house.posted(&id, "network_cost", native),
        signed(spent - left)
    );

    // A later scan does not take our own top-up for a customer's deposit, nor our payout for one.
    house.scan();
    let found = house.desk.deposits();
    let of = |tx: &str| -> Vec<_> { found.iter().filter(|row| row["tx_id"] == tx).collect() };
    for row in of(&brought) {
        assert_eq!(row["kind"], "own_movement", "{row}");
    }
    assert!(of(&moved).is_empty(), "the recipient is nobody of ours");
    let queue = rows(house.desk.json(&["deposits", "list", "--queue"]));
    assert!(queue.is_empty(), "{queue:?}");
}

#[test]
fn native_coin_on_the_wrong_network_comes_to_treasury_and_is_credited() {
    let house = House::on_two();
    let key = house.issue(2);
    let bsc = house.anvil(Chain::Bsc);
    let tx = bsc.send(&house.stranger, &key.account(), 5 * COIN, &[]);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "wrong_chain_same_key");
    let id = house.open(&tx, &[]);
    house.put_up(&id);
    assert_eq!(
        house.vote(&id),
        ["chidi", "emre"],
        "3,000 dollars need a lead"
    );
    let treasury_before = bsc.balance(&treasury().account());
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    assert_eq!(
        bsc.balance(&treasury().account()) - treasury_before,
        5 * COIN
    );
    assert_ne!(house.status(&id), "settled", "nobody was credited yet");
    let booked = house.book(&id);
    let [credit, fee] = &booked[..] else {
        panic!("{booked:?}")
    };
    assert_eq!(
        credit[1..4],
        ["credit".to_owned(), user(2), "bsc/native".to_owned()]
    );
    assert_eq!(fee[1], "capture_fee");
    let sum: u128 = [credit, fee]
        .map(|row| row[4].parse::<u128>().unwrap())
        .iter()
        .sum();
    assert_eq!(sum, 5 * COIN);
    house.is_settled(&id);
}

#[test]
fn a_token_on_the_wrong_network_comes_to_treasury_and_is_credited() {
    let house = House::on_two();
    let key = house.issue(3);
    // One that answers nothing, as the oldest do.
    let token = house.token(Chain::Bsc, "TokenNoReturn");
    let bsc = house.anvil(Chain::Bsc);
    let tx = token.transfer(bsc, &house.stranger, &key.account(), 300 * UNIT);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "wrong_chain_same_key");
    house.review(Chain::Bsc, &token);
    let id = house.approved(&tx, &[]);
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    let held = |owner: &str| house.token_balance(Chain::Bsc, &token.address, owner);
    assert_eq!(
        (held(&treasury().account()), held(&key.account())),
        (300 * UNIT, 0)
    );
    house.book(&id);
    house.is_settled(&id);
}

#[test]
fn a_missed_credit_is_settled_by_a_ledger_instruction() {
    let house = House::new();
    let key = house.issue(4);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN / 10, &[]);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "missed_credit");
    let id = house.approved(&tx, &[]);
    let package = house.export(&id);
    assert_eq!(house.status(&id), "instructed");
    let instructions = package.instructions();
    let [[_, kind, whose, asset, amount]] = &instructions[..] else {
        panic!("free of charge, one credit: {instructions:?}")
    };
    let expected = [
        "credit",
        &user(4),
        "ethereum/native",
        &(COIN / 10).to_string(),
    ]
    .map(str::to_owned);
    assert_eq!([kind, whose, asset, amount], expected.each_ref());
    // Written out again it is the same, so that the ledger books it once.
    assert_eq!(house.export(&id).instructions(), instructions);
    // An answer about something else, an incomplete one, none at all: nothing is taken.
    let header = "instruction_id,entry_id,asset,amount\n";
    let other = format!("{header}ins_00000000000000000000,E-1,{asset},{amount}\n");
    let twice = format!(
        "{}{}",
        house.answers(&package),
        house.answers(&package).replace(header, "")
    );
    let unnamed = house.answers(&package).replace("E-0", " ");
    for (answers, code) in [
        (other.as_str(), "acknowledgement_unknown"),
        (header, "acknowledgement_incomplete"),
        (&twice, "acknowledgement_incomplete"),
        (&unnamed, "acknowledgement_incomplete"),
    ] {
        house.acknowledge(&id, answers).exits(3).says(&[code]);
    }
    assert_eq!(house.status(&id), "instructed");
    house.acknowledge(&id, &house.answers(&package)).ok();
    house.is_settled(&id);
    // The same answers again change nothing.
    house.acknowledge(&id, &house.answers(&package));
    house.is_settled(&id);
}

#[test]
fn a_ledger_that_booked_another_amount_is_an_incident() {
    let house = House::new();
    let key = house.issue(4);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN / 10, &[]);
    house.furnish();
    house.scan();
    let id = house.approved(&tx, &[]);
    let package = house.export(&id);
    let amount = (COIN / 10).to_string();
    let wrong = house
        .answers(&package)
        .replace(&amount, &(COIN / 10 + 1).to_string());
    house.acknowledge(&id, &wrong);
    assert_eq!(house.status(&id), "mispaid");
    house.incident(&id, "mispaid");
    // Nobody pays it again on top: the deposit stays taken.
    let row = house.found(&tx);
    let deposit = row["id"].as_str().unwrap();
    house.refused("bruno", &["claims", "open", deposit], "deposit_taken");
    house.audited();
}

#[test]
fn votes_signed_with_ssh_keys_are_checked_by_the_signers_too() {
    let house = House::new();
    let keys = crate::settle::handover::ssh_keys(&house.desk);
    for (person, line) in &keys {
        house.key_of_person(person, line);
    }
    let key = house.issue(5);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), 10 * COIN, &[]);
    house.furnish();
    house.scan();
    let id = house.open(&tx, &[]);
    house.put_up(&id);
    let revision = house.revision(&id);
    let unsigned = ["claims", "approve", &id, "--revision", &revision];
    house.refused("chidi", &unsigned, "signature_missing");
    let digest = house.show(&id)["digest"].as_str().unwrap().to_owned();
    let by = |signer: &str| crate::settle::handover::ssh_sign(&house.desk, signer, &digest);
    // Another person's signature, and one over something else.
    let approve = |person: &str, file: &str| {
        let arguments = [
            "claims",
            "approve",
            &id,
            "--revision",
            &revision,
            "--signature",
            file,
        ];
        house.desk.run_as(person, &arguments)
    };
    approve("chidi", &by("emre"))
        .exits(3)
        .says(&["signature_wrong"]);
    let other = crate::settle::handover::ssh_sign(&house.desk, "chidi", &"0".repeat(64));
    approve("chidi", &other).exits(3).says(&["signature_wrong"]);
    // 30,000 dollars: three of the wallet team, two leads among them, and compliance.
    for person in ["chidi", "emre", "esin"] {
        approve(person, &by(person)).ok();
        assert_eq!(house.status(&id), "pending_approval", "{person}");
    }
    // Who screened it is involved; another person of compliance is not.
    approve("farah", &by("farah"))
        .exits(3)
        .says(&["actor_involved"]);
    approve("gul", &by("gul")).ok();
    assert_eq!(house.status(&id), "approved");
    house.book(&id);
    house.is_settled(&id);
}

#[test]
fn a_claims_whole_life_is_one_page() {
    let house = House::on_two();
    let key = house.issue(6);
    let bsc = house.anvil(Chain::Bsc);
    bsc.set_balance(&key.account(), COIN);
    let token = house.token(Chain::Bsc, "TokenGood");
    let tx = token.transfer(bsc, &house.stranger, &key.account(), 300 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Bsc, &token);
    let id = house.approved(&tx, &[]);
    // The address has gas of its own: no top-up.
    let (package, sweep) = house.carry_out(&id, "transfer");
    house.book(&id);
    house.is_settled(&id);
    let page = house.desk.run(&["claims", "show", &id]).ok().out;
    let block = bsc.height_of(&sweep).to_string();
    let expected = [
        "ana",
        "chidi",
        "farah",
        "tariq",
        "settled",
        &sweep,
        &block,
        package.signer(),
        "E-0",
    ];
    for text in expected {
        assert!(
            page.contains(text),
            "the page does not tell {text}:\n{page}"
        );
    }
    // As data: every step in order, nothing missing.
    let shown = house.show(&id);
    let commands: Vec<&str> = shown["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["command"].as_str())
        .collect();
    let expected = [
        "open",
        "quote",
        "accept",
        "screen_clear",
        "approve",
        "prepare",
        "export",
        "import",
        "send",
        "sent",
        "seen_included",
        "seen_final",
        "instruct",
        "acknowledge",
    ];
    let mut rest = commands.iter();
    for command in expected {
        assert!(
            rest.any(|known| *known == command),
            "{command} is missing or out of order: {commands:?}"
        );
    }
}

#[test]
fn two_claims_from_one_gas_account_get_two_nonces() {
    let house = House::new();
    let token = house.token(Chain::Ethereum, "TokenGood");
    let mut transactions = Vec::new();
    for number in [7, 8] {
        let key = house.issue(number);
        let to = key.account();
        transactions.push(token.transfer(&house.ethereum, &house.stranger, &to, 400 * UNIT));
    }
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let to = proved().address();
    let ids: Vec<String> = transactions
        .iter()
        .map(|tx| house.approved(tx, &["--destination", &to]))
        .collect();
    let packages: Vec<_> = ids.iter().map(|id| house.export(id)).collect();
    let sequences: Vec<u64> = packages.iter().map(|package| package.sequence()).collect();
    assert_eq!(sequences, [0, 1]);
    let reserved = rows(
        house
            .desk
            .json(&["claims", "reserved", "--network", "ethereum"]),
    );
    assert_eq!(reserved.len(), 2, "{reserved:?}");
    for (row, number) in reserved.iter().zip([7, 8]) {
        assert_eq!(row["account"], gas().address(), "{row}");
        assert_eq!(row["kind"], "gas_top_up");
        assert_eq!(row["recipient"], deposit(number).address());
    }
    // The second is signed and sent first: it waits for the first, and both come.
    for place in [1, 0] {
        let signed = house.signed(&packages[place]);
        house.import(&ids[place], &signed).ok();
        house.broadcast(&ids[place]).ok();
    }
    for package in &packages {
        house.await_mined(
            "ethereum",
            &crate::settle::signer::tx_id(&house.signed(package)),
        );
    }
    house.bury();
    // One round follows both.
    let report = house.desk.json(&["claims", "track"]);
    assert_eq!(report["moved"].as_array().unwrap().len(), 2, "{report}");
    for id in &ids {
        house.carry_out(id, "transfer");
        assert_eq!(house.status(id), "settled");
    }
    house.audited();
    let nonce = house.ethereum.call(
        "eth_getTransactionCount",
        json!([gas().account(), "latest"]),
    );
    assert_eq!(nonce, "0x2");
}
