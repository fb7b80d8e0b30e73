//! Puts a world before the program: its files written and imported, and what the program found compared with what is
//! expected.

use std::collections::{BTreeMap, BTreeSet};

use recover_testkit::Contracts;
use serde_json::Value;

use crate::desk::{Desk, now, rows, workspace};
use crate::world::{Asset, Case, Chain, World, checksummed, people};

/// The example policy for a `chains.toml` without the token in which it has balances pay.
fn example() -> String {
    let example = std::fs::read_to_string(workspace("policy.toml"));
    let example = example.unwrap_or_else(|error| panic!("policy.toml: {error}"));
    let (fees, others): (Vec<&str>, Vec<&str>) = example
        .lines()
        .partition(|line| line.starts_with("fee_asset = "));
    assert_eq!(fees.len(), 1, "the example says once what balances pay in");
    others.join("\n")
}

/// The policy of these tests: the example with two votes for the smallest too, a higher limit of what passes without a person, and
/// two people with two roles each.
pub fn policy() -> String {
    let example = example();
    let lines = example.lines().filter(|line| !line.starts_with("alone_"));
    let example = lines.collect::<Vec<_>>().join("\n");
    let example = example.replace("votes = 1\nlead_votes = 0", "votes = 2\nlead_votes = 0");
    // What passes without a person here is worth a coin or more.
    let limit = "auto_value_max = \"1000\"";
    assert!(example.contains(limit), "the example limits what passes");
    let example = example.replace(limit, "auto_value_max = \"100000\"");
    format!(
        "{example}\n[[person]]\nname = \"nadia\"\nroles = [\"specialist\", \"wallet\"]\n\n\
         [[person]]\nname = \"omar\"\nroles = [\"compliance\", \"wallet\"]\n"
    )
}

/// The exchange's accounts on a network of the world: what is swept goes to the hot wallet, which its factory knows as well.
fn wallet(world: &World, chain: Chain) -> String {
    let anvil = world.anvil(chain);
    let people = people(anvil);
    let hot = checksummed(anvil, &people.hot);
    let gas = checksummed(anvil, &people.deployer);
    let mut text = format!(
        "\n[[wallet]]\nnetwork = \"{}\"\ntreasury = \"{hot}\"\nfee_max = \"1\"\ngas = \"{gas}\"\ntop_up_max = \"1\"\n",
        chain.name()
    );
    let selector = |contract: &str, signature: &str| {
        let selectors = &Contracts::load().get(contract).selectors;
        format!("0x{}", selectors[signature])
    };
    let factories: BTreeSet<&str> = world
        .book
        .addresses
        .iter()
        .filter_map(|row| row.rsplit(',').next()?.strip_prefix("create2:"))
        .filter_map(|control| control.split(':').next())
        .collect();
    for factory in factories {
        text.push_str(&format!(
            "\n[[wallet.factory]]\naddress = \"{}\"\nparent = \"{hot}\"\ndeploy = \"{}{{salt}}\"\nflush_token = \
             \"{}{{token}}\"\nflush_native = \"{}\"\n",
            checksummed(anvil, factory),
            selector("ForwarderFactory", "deploy(bytes32)"),
            selector("Forwarder", "flushToken(address)"),
            selector("Forwarder", "flush()"),
        ));
    }
    text
}

/// Writes the world's files and imports them; the sources are the two nodes themselves.
pub fn furnish(desk: &Desk, world: &World) {
    furnish_at(
        desk,
        world,
        Some(world.ethereum.rpc_url()),
        Some(world.bsc.rpc_url()),
    );
}

/// As [`furnish`], with other addresses of the sources; `None` leaves a network out.
pub fn furnish_at(desk: &Desk, world: &World, ethereum: Option<&str>, bsc: Option<&str>) {
    desk.write("chains.toml", world.chains_toml(ethereum, bsc));
    let mut policy = policy();
    for (chain, url) in [(Chain::Ethereum, ethereum), (Chain::Bsc, bsc)] {
        policy.extend(url.map(|_| wallet(world, chain)));
    }
    desk.write("policy.toml", policy);
    desk.write("addresses.csv", world.book.addresses_csv());
    desk.write("ledger.csv", world.book.ledger_csv());
    desk.write("prices.csv", world.prices_csv(&now()));
    desk.run(&["addresses", "import", "addresses.csv"]).ok();
    desk.run(&["ledger", "import", "ledger.csv"]).ok();
    desk.run(&["prices", "import", "prices.csv"]).ok();
}

/// Scans everything; there must be no gap.
#[track_caller]
pub fn scan(desk: &Desk) -> Vec<Value> {
    rows(desk.json(&["scan"]))
}

/// A deposit by the key that no two share.
pub type Key = (String, String, String);

/// The key of a row of `deposits list`.
pub fn key(row: &Value) -> Key {
    let field = |name: &str| row[name].as_str().unwrap_or_default().to_lowercase();
    (field("network"), field("tx_id"), field("position"))
}

/// The key of a case.
pub fn key_of(case: &Case) -> Key {
    (
        case.chain.name().to_owned(),
        case.tx.to_lowercase(),
        case.position.clone(),
    )
}

/// The stored deposits by key; no key may stand twice.
#[track_caller]
pub fn by_key(rows: Vec<Value>) -> BTreeMap<Key, Value> {
    let count = rows.len();
    let found: BTreeMap<Key, Value> = rows.into_iter().map(|row| (key(&row), row)).collect();
    assert_eq!(found.len(), count, "a deposit stands twice");
    found
}

/// The id under which the program stored a case.
#[track_caller]
pub fn id_of(desk: &Desk, case: &Case) -> String {
    let found = by_key(desk.deposits());
    let row = found
        .get(&key_of(case))
        .unwrap_or_else(|| panic!("{} is not stored", case.name));
    row["id"].as_str().unwrap().to_owned()
}

/// An asset in the program's words, lower case.
fn asset_text(case: &Case) -> String {
    match &case.asset {
        Asset::Native => format!("{}/native", case.chain.name()),
        Asset::Contract(contract) => format!("{}/contract:{contract}", case.chain.name()),
    }
}

/// What a row says, in the form in which cases are expected: one line, so that a difference reads well.
fn line_of_row(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or("-").to_lowercase();
    let list = |name: &str| {
        let words = row[name].as_array().cloned().unwrap_or_default();
        words
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("+")
    };
    format!(
        "{} from {} to {} {} {} also [{}] flags [{}] {} {}",
        text("kind"),
        text("from"),
        text("to"),
        text("amount"),
        text("asset"),
        list("also"),
        list("flags"),
        text("verdict"),
        text("status"),
    )
}

fn line_of_case(case: &Case) -> String {
    let expected = &case.expected;
    format!(
        "{} from {} to {} {} {} also [{}] flags [{}] {} {}",
        expected.kind,
        case.from.as_deref().unwrap_or("-"),
        case.to,
        case.amount,
        asset_text(case),
        expected.also.join("+"),
        expected.flags.join("+"),
        expected.verdict.split(':').next().unwrap_or_default(),
        expected.status,
    )
}

/// Compares everything stored with the cases of these networks: all of them, nothing else, each as expected.
#[track_caller]
pub fn assert_cases(desk: &Desk, world: &World, chains: &[Chain], skip: &[&str]) {
    let found = by_key(desk.deposits());
    let expected: Vec<&Case> = world
        .cases
        .iter()
        .filter(|case| chains.contains(&case.chain) && !skip.contains(&case.name))
        .collect();
    let mut wrong: Vec<String> = Vec::new();
    for case in &expected {
        let want = line_of_case(case);
        match found.get(&key_of(case)) {
            None => wrong.push(format!("{}: not found", case.name)),
            Some(row) if line_of_row(row) != want => {
                let got = line_of_row(row);
                wrong.push(format!(
                    "{}:\n    expected {want}\n    found    {got}",
                    case.name
                ));
            }
            Some(_) => {}
        }
    }
    let known: BTreeSet<Key> = expected.iter().map(|case| key_of(case)).collect();
    for (key, row) in found.iter().filter(|(key, _)| !known.contains(*key)) {
        wrong.push(format!(
            "stored and not expected: {key:?} {}",
            line_of_row(row)
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The ids in the working queue.
pub fn queue(desk: &Desk) -> BTreeSet<Key> {
    rows(desk.json(&["deposits", "list", "--queue", "--limit", "10000"]))
        .iter()
        .map(key)
        .collect()
}

/// The keys of the cases that belong into the working queue.
pub fn expected_queue(world: &World) -> BTreeSet<Key> {
    world
        .cases
        .iter()
        .filter(|case| case.expected.queue)
        .map(key_of)
        .collect()
}
