//! Fees beside the deposit, on a real node: set aside, sent whole, captured; and given back where the recovery fails.

use serde_json::{Value, json};

use crate::desk::Run;
use crate::settle::house::{House, base_fee, deposit, gas, proved, user};
use crate::settle::signer::checksummed;
use crate::world::{COIN, Chain, Token, UNIT};

/// What the exchange takes, in cents, before the network's share.
const FEE: u128 = 10 * UNIT;

const GWEI: u64 = 1_000_000_000;

/// A house whose balances pay fees in a listed coin of its own; an unlisted token of some contract of ours lies at address 1.
struct Charged {
    house: House,
    token: Token,
    /// The asset that balances pay in.
    dollars: String,
    tx: String,
}

fn charged(contract: &str, on_failure: &str) -> Charged {
    let house = House::new();
    let key = house.issue(1);
    let token = house.token(Chain::Ethereum, contract);
    let dollar = house.token(Chain::Ethereum, "TokenGood");
    let address = checksummed(&dollar.address);
    let dollars = format!("ethereum/contract:{address}");
    house.edit(
        "name = \"house\"\n",
        &format!("name = \"house\"\nfee_asset = \"{dollars}\"\n"),
    );
    house.edit(
        "kinds = []\nnetworks = []\nform = \"flat\"\namount = \"10\"\n",
        &format!(
            "kinds = []\nnetworks = []\nform = \"flat\"\namount = \"10\"\non_failure = \"{on_failure}\"\n\n\
             [[waiver]]\ncode = \"goodwill\"\ntitle = \"goodwill\"\nkinds = []\npercent = \"100\"\nnetwork = true\n\
             roles = [\"wallet_lead\"]\n"
        ),
    );
    house.edit(
        "[[network.ethereum.source]]",
        &format!(
            "[[network.ethereum.asset]]\nsymbol = \"HUSD\"\nname = \"House dollar\"\ncontract = \"{address}\"\ndecimals = 6\n\
             status = \"listed\"\nminimum = \"1\"\n\n[[network.ethereum.source]]"
        ),
    );
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    assert_eq!(house.found(&tx)["kind"], "unlisted_token");
    house.review(Chain::Ethereum, &token);
    Charged {
        house,
        token,
        dollars,
        tx,
    }
}

impl Charged {
    fn approved(&self) -> String {
        self.house
            .approved(&self.tx, &["--destination", &proved().address()])
    }

    /// What is charged, as the claim says it.
    fn charge(&self, id: &str) -> u128 {
        let shown = self.house.show(id);
        let plan = &shown["plan"]["steps"][0]["instruct"];
        assert_eq!(plan[0]["kind"], "hold_fee", "{shown}");
        assert_eq!(plan[0]["user"], user(1).as_str());
        assert_eq!(plan[0]["asset"], self.dollars.as_str());
        assert!(plan[1].is_null(), "one charge: {plan}");
        plan[0]["amount"].as_str().unwrap().parse().unwrap()
    }

    /// The ledger sets the fee aside.
    fn hold(&self, id: &str) {
        let booked = self.house.book(id);
        assert_eq!(booked.len(), 1);
        assert_eq!(booked[0][1], "hold_fee");
        assert_eq!(self.house.status(id), "instructed");
    }

    /// What is set aside is given back or kept, after the quorum's votes; answers the instructions.
    fn unwind(&self, id: &str, person: &str) -> Vec<[String; 5]> {
        let house = &self.house;
        house.refused(
            "ana",
            &["claims", "cancel", id, "--reason", "it failed"],
            "already_moved",
        );
        house.refused("ana", &["quote", id], "already_moved");
        let unwound = house.claim(
            person,
            &["claims", "unwind", id, "--reason", "the token is paused"],
        );
        assert_eq!(unwound["status"], "pending_approval", "{unwound}");
        house.vote(id);
        let package = house.export(id);
        let told = house.verify(&package.file, &[]);
        shows(
            &told,
            &[
                "given up by",
                "the token is paused",
                "fee beside it",
                "user accepted",
            ],
        );
        house.acknowledge(id, &house.answers(&package)).ok();
        assert_eq!(house.status(id), "cancelled");
        house.audited();
        package.instructions()
    }

    fn is_free(&self) -> bool {
        let found = self.house.found(&self.tx);
        found["status"] == "open"
    }
}

/// Every one of these stands on the page.
#[track_caller]
fn shows(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.out.contains(word), "{word} is not in: {}", run.out);
    }
}

fn number(text: &Value) -> u128 {
    text.as_str().unwrap().parse().unwrap()
}

fn signed(number: u128) -> i128 {
    i128::try_from(number).unwrap()
}

#[test]
fn an_unlisted_token_goes_out_whole_and_its_fee_comes_from_the_balance() {
    let charged = charged("TokenGood", "refund");
    let house = &charged.house;
    let id = charged.approved();
    let charge = charged.charge(&id);
    let shown = house.show(&id);
    assert_eq!(number(&shown["quote"]["net"]), 500 * UNIT, "{shown}");
    assert_eq!(number(&shown["quote"]["fee_in_asset"]), 0, "{shown}");
    assert!((FEE..3 * FEE).contains(&charge), "{shown}");
    assert_eq!(shown["acceptance"]["evidence"], "ticket 4711");
    // Nothing moves before the ledger answered, and everybody is told what it waits for.
    let package = house.export(&id);
    shows(
        &house.verify(&package.file, &[]),
        &[
            "set the fee aside only",
            "fee beside it",
            "from the user's balance",
        ],
    );
    let run = house.desk.run(&["reconcile"]).exits(4);
    shows(&run, &["claims that wait for the customer's fee"]);
    house.acknowledge(&id, &house.answers(&package)).ok();
    let before = house.ethereum.balance(&gas().account());
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    // The customer has all of it; the fee is captured last.
    let held = |owner: &str| house.token_balance(Chain::Ethereum, &charged.token.address, owner);
    assert_eq!(held(&proved().account()), 500 * UNIT);
    assert_eq!(held(&deposit(1).account()), 0);
    let booked = house.book(&id);
    assert_eq!(booked.len(), 1);
    assert_eq!(
        booked[0][1..],
        [
            "capture_fee".to_owned(),
            user(1),
            charged.dollars.clone(),
            charge.to_string()
        ]
    );
    house.is_settled(&id);
    let asset = shown["asset"].as_str().unwrap();
    assert_eq!(house.posted(&id, "customer", asset), signed(500 * UNIT));
    assert_eq!(house.posted(&id, "fee_revenue", asset), 0);
    assert_eq!(
        house.posted(&id, "customer", &charged.dollars),
        -signed(charge)
    );
    assert_eq!(
        house.posted(&id, "fee_revenue", &charged.dollars),
        signed(charge)
    );
    // The charge covers what the network took, at the price of the quote: 3,000 for one coin.
    let spent = before - house.ethereum.balance(&gas().account());
    assert!(
        spent > 0 && spent * 3_000 * UNIT / COIN <= charge - FEE,
        "{spent}"
    );
}

#[test]
fn a_token_that_is_paused_gives_the_fee_back() {
    let charged = charged("TokenPausable", "refund");
    let house = &charged.house;
    let id = charged.approved();
    let charge = charged.charge(&id);
    charged.hold(&id);
    house.carry_out(&id, "gas_top_up");
    house.pause(&charged.token, true);
    house.refused("tariq", &["claims", "export", &id], "token_paused");
    let told = charged.unwind(&id, "bruno");
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0][1..],
        [
            "release_fee".to_owned(),
            user(1),
            charged.dollars.clone(),
            charge.to_string()
        ]
    );
    // The books have what the network took and nothing of the customer's; the deposit may be claimed again.
    assert_eq!(house.posted(&id, "customer", &charged.dollars), 0);
    let cost = house.posted(&id, "network_cost", "ethereum/native");
    assert!(cost > 0);
    assert!(charged.is_free());
    house.refused(
        "tariq",
        &["claims", "unwind", &id, "--reason", "again"],
        "status_wrong",
    );
}

#[test]
fn a_transfer_that_fails_on_the_chain_keeps_its_costs_and_gives_the_rest_back() {
    let charged = charged("TokenPausable", "refund_less_costs");
    let house = &charged.house;
    let id = charged.approved();
    let charge = charged.charge(&id);
    charged.hold(&id);
    house.carry_out(&id, "gas_top_up");
    let package = house.export(&id);
    assert_eq!(package.kind(), "transfer");
    house.refused(
        "ana",
        &["claims", "unwind", &id, "--reason", "too early"],
        "package_live",
    );
    house.pause(&charged.token, true);
    let tx = house.send(&id, &package);
    assert!(!house.ethereum.succeeded(&tx));
    house.bury();
    house.track(&id);
    assert_eq!(house.status(&id), "failed_on_chain");
    let told = charged.unwind(&id, "tariq");
    let sum = |kind: &str| -> u128 {
        let of_kind = told.iter().filter(|line| line[1] == kind);
        of_kind.map(|line| line[4].parse::<u128>().unwrap()).sum()
    };
    let (kept, given_back) = (sum("capture_fee"), sum("release_fee"));
    assert_eq!(kept + given_back, charge);
    // Both transactions at 3,000 for one coin, rounded up to the cent and to the base unit.
    let took = house.posted(&id, "network_cost", "ethereum/native");
    let took = u128::try_from(took).unwrap();
    let cents = (took * 300_000).div_ceil(COIN);
    assert!(cents > 0, "{took}");
    assert_eq!(kept, cents * UNIT / 100);
    assert_eq!(
        house.posted(&id, "fee_revenue", &charged.dollars),
        signed(kept)
    );
    assert!(charged.is_free());
}

#[test]
fn a_balance_that_is_too_small_moves_nothing() {
    let charged = charged("TokenGood", "keep");
    let house = &charged.house;
    let id = charged.approved();
    let first = house.export(&id);
    let page = house.desk.run(&["claims", "show", &id]).ok();
    shows(&page, &["the ledger sets the customer's"]);
    house.refused(
        "ana",
        &["claims", "cancel", &id, "--reason", "no money"],
        "package_live",
    );
    let declined = [
        "claims",
        "import",
        &id,
        "--declined",
        "balance 1.00 of 12.40",
    ];
    house.refused("ana", &declined, "role_missing");
    let back = house.claim("tariq", &declined);
    assert_eq!(back["status"], "approved", "{back}");
    // The customer topped up: the same ids, so that a late booking is no second one.
    let again = house.export(&id);
    let ids = |package: &crate::settle::walk::Package| -> Vec<String> {
        package
            .instructions()
            .into_iter()
            .map(|[id, ..]| id)
            .collect()
    };
    assert_eq!(ids(&first), ids(&again));
    house.claim("tariq", &declined);
    let ended = house.claim("ana", &["claims", "cancel", &id, "--reason", "no money"]);
    assert_eq!(ended["status"], "cancelled");
    assert!(charged.is_free());
    house.audited();
}

#[test]
fn what_the_network_wants_above_the_ceiling_is_never_a_silent_loss() {
    let charged = charged("TokenGood", "refund");
    let house = &charged.house;
    let id = charged.approved();
    charged.hold(&id);
    let dear = 60 * GWEI;
    base_fee(&house.ethereum, dear);
    let before = house.ethereum.balance(&gas().account());
    // It waits or is given up: a program must tell that from a fault, which it would try again.
    house
        .refused("tariq", &["claims", "export", &id], "fee_above_limit")
        .says(&["the network would take up to", "claims unwind"]);
    assert_eq!(house.ethereum.balance(&gas().account()), before);
    assert_eq!(house.status(&id), "instructed", "nothing was released");
    // Given up, and claimed again at what it costs now: the customer accepts another price.
    let told = charged.unwind(&id, "bruno");
    assert!(told.iter().all(|line| line[1] == "release_fee"), "{told:?}");
    base_fee(&house.ethereum, dear);
    let dearer = house.open(&charged.tx, &["--destination", &proved().address()]);
    house.put_up(&dearer);
    let first = charged.charge(&dearer);
    assert!(first > 2 * FEE, "{first}");
}

#[test]
fn a_waiver_is_counted_by_the_next_quote() {
    let charged = charged("TokenGood", "refund");
    let house = &charged.house;
    let id = house.open(&charged.tx, &["--destination", &proved().address()]);
    house.claim("ana", &["quote", &id]);
    let waive = |code| {
        [
            "claims",
            "waive",
            &id,
            "--code",
            code,
            "--note",
            "our page was wrong",
        ]
    };
    house.refused("ana", &waive("goodwill"), "role_missing");
    house
        .desk
        .run_as("esin", &waive("no_such"))
        .exits(2)
        .says(&["waiver"]);
    let waived = house.claim("esin", &waive("goodwill"));
    assert_eq!(waived["status"], "draft", "{waived}");
    house.refused(
        "ana",
        &["claims", "accept", &id, "--evidence", "ticket 4711"],
        "status_wrong",
    );
    house.refused("emre", &waive("goodwill"), "waiver_granted");
    let quoted = house.claim("ana", &["quote", &id]);
    assert_eq!(number(&quoted["quote"]["net"]), 500 * UNIT, "{quoted}");
    assert_eq!(quoted["quote"]["total_fee"], "0.00", "{quoted}");
    // All of it is theirs: nobody must agree to that in writing.
    house.claim("ana", &["claims", "accept", &id]);
    let clear = ["claims", "screen", &id, "--clear", "--reason", "known"];
    house.claim("farah", &clear);
    let revision = house.revision(&id);
    house.refused(
        "esin",
        &["claims", "approve", &id, "--revision", &revision],
        "actor_involved",
    );
    house.vote(&id);
    house.carry_out(&id, "gas_top_up");
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
    let page = house.desk.run(&["claims", "show", &id]).ok();
    shows(&page, &["goodwill by esin", "our page was wrong"]);
}

#[test]
fn a_waiver_that_left_the_policy_is_named_by_the_quote_that_does_not_count_it() {
    let charged = charged("TokenGood", "refund");
    let house = &charged.house;
    let id = house.open(&charged.tx, &["--destination", &proved().address()]);
    let note = ["--code", "goodwill", "--note", "our page was wrong"];
    house.claim("esin", &[&["claims", "waive", &id][..], &note].concat());
    let quoted = house.claim("ana", &["quote", &id]);
    assert_eq!(quoted["quote"]["total_fee"], "0.00", "{quoted}");
    assert!(quoted["waivers_lost"].is_null(), "{quoted}");
    let policy = house.desk.read("policy.toml");
    let other = policy.replace("code = \"goodwill\"", "code = \"campaign\"");
    assert_ne!(other, policy);
    house.desk.write("policy.toml", other);
    for person in ["asha", "adam", "farah"] {
        house.desk.run_as(person, &["policy", "approve", "2"]).ok();
    }
    let run = house
        .desk
        .run_as("ana", &["--format", "json", "quote", &id]);
    let again = run
        .says(&["no longer has what was granted (goodwill)"])
        .json();
    assert_eq!(again["waivers_lost"], json!(["goodwill"]), "{again}");
    assert_eq!(again["waivers"][0]["code"], "goodwill", "{again}");
    assert_eq!(again["quote"]["service_fee"], "10.00", "{again}");
    // It is said of the quote that was just given, not kept with the claim.
    assert!(house.show(&id)["waivers_lost"].is_null());
}

#[test]
fn evidence_is_kept_by_its_digest_and_asked_for() {
    let charged = charged("TokenGood", "refund");
    let house = &charged.house;
    let id = house.open(&charged.tx, &["--destination", &proved().address()]);
    house.claim("ana", &["quote", &id]);
    house.refused("ana", &["claims", "accept", &id], "evidence_missing");
    house.desk.write("mail.txt", "I agree to the fee.\n");
    let accepted = house.claim(
        "ana",
        &[
            "claims",
            "accept",
            &id,
            "--evidence",
            "mail of 3 May",
            "--evidence-file",
            "mail.txt",
        ],
    );
    let file = &accepted["acceptance"]["file"];
    assert_eq!(file["length"], "20");
    assert_eq!(
        file["sha256"], "2c9dfcc74f9d2526d6c8b294f91b1cd7fb7207dc61a4a5fb2af39478763ad7df",
        "{accepted}"
    );
    assert_eq!(accepted["acceptance"]["person"], "ana");
}
