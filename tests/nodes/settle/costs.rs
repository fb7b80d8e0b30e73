//! What claims really cost on a real network, against the ceiling that their quote named: never above, while the price of gas moves
//! between quote, hand-over and block.
//!
//! `just fee-truth 50 SEED` settles many; CI a few with a fixed seed.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::settle::house::{House, base_fee, proved, treasury};
use crate::world::{COIN, Chain, UNIT};
use recover_testkit::{Arg, Contracts};

/// What is recovered, each with other legs.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// A token that is paid out: a top-up and a transfer.
    PaidOut,
    /// Native coin on the wrong network: a top-up and a transfer.
    Native,
    /// A token on the wrong network: a top-up and a transfer.
    Token,
    /// A forwarder that stands nowhere yet: deployed, then flushed.
    Forwarder,
}

const STORIES: [Story; 4] = [
    Story::PaidOut,
    Story::Native,
    Story::Token,
    Story::Forwarder,
];

const GWEI: u64 = 1_000_000_000;

fn number_of(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    text.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number"))
    })
}

/// A number below `sides` that follows from the seed, the claim and what it is for.
fn dice(seed: u64, claim: u64, what: &str, sides: u64) -> u64 {
    let digest = Sha256::digest(format!("{seed} {claim} {what}"));
    u64::from_be_bytes(digest[..8].try_into().unwrap()) % sides
}

fn amount(value: &Value) -> u128 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
    text.parse().unwrap()
}

#[test]
fn what_the_network_takes_is_within_the_quoted_ceiling() {
    let count = number_of("FEE_CLAIMS", 4);
    let seed = number_of("FEE_SEED", 1);
    assert!(count <= 60, "the house has sixty addresses");
    let house = House::on_two();
    house.one_vote_each();
    let deployer = house.ethereum.accounts()[3].clone();
    let factory = house.factory(Chain::Ethereum, &deployer, &treasury().account());
    assert_eq!(
        factory,
        house.factory(Chain::Bsc, &deployer, &treasury().account())
    );
    let unlisted = house.token(Chain::Ethereum, "TokenGood");
    let wrong = house.token(Chain::Bsc, "TokenNoReturn");
    let mut paid = Vec::new();
    for claim in 1..=count {
        let number = u8::try_from(claim).unwrap();
        let story = STORIES[usize::try_from(claim).unwrap() % STORIES.len()];
        let to = match story {
            Story::Forwarder => {
                let mut salt = [7; 32];
                salt[0] = number;
                let (address, control) = house.forwarder(Chain::Ethereum, &factory, salt);
                house.issue_forwarder(number, &address, &control);
                deploy(&house, &factory, salt);
                address
            }
            _ => house.issue(number).account(),
        };
        let bsc = house.anvil(Chain::Bsc);
        let (tx, chain) = match story {
            Story::PaidOut => (
                unlisted.transfer(&house.ethereum, &house.stranger, &to, 900 * UNIT),
                Chain::Ethereum,
            ),
            Story::Token => (
                wrong.transfer(bsc, &house.stranger, &to, 900 * UNIT),
                Chain::Bsc,
            ),
            Story::Native | Story::Forwarder => {
                (bsc.send(&house.stranger, &to, COIN, &[]), Chain::Bsc)
            }
        };
        paid.push((claim, story, chain, tx));
    }
    house.furnish();
    house.pin_one_vote_each();
    house.scan();
    house.review(Chain::Ethereum, &unlisted);
    house.review(Chain::Bsc, &wrong);
    let mut shares = Vec::new();
    for (claim, story, chain, tx) in paid {
        let anvil = house.anvil(chain);
        let price = GWEI + dice(seed, claim, "price", 30 * GWEI);
        base_fee(anvil, price);
        let more: &[&str] = match story {
            Story::PaidOut => &["--destination", &proved().address()],
            _ => &[],
        };
        let id = house.approved(&tx, more);
        let legs = match story {
            Story::Forwarder => ["deploy", "flush"],
            _ => ["gas_top_up", "transfer"],
        };
        for leg in legs {
            // The price moves by up to a fifth either way before each step.
            base_fee(anvil, price * (80 + dice(seed, claim, leg, 41)) / 100);
            house.carry_out(&id, leg);
        }
        if !matches!(story, Story::PaidOut) {
            house.book(&id);
        }
        let shown = house.show(&id);
        assert_eq!(shown["status"], "settled", "{shown}");
        let ceiling = amount(&shown["quote"]["terms"]["ceiling"]["amount"]);
        let native = format!("{}/native", chain.name());
        let cost = u128::try_from(house.posted(&id, "network_cost", &native)).unwrap();
        assert!(
            cost > 0 && cost <= ceiling,
            "claim {claim} of seed {seed} ({story:?}): {cost} of {ceiling}"
        );
        // And the sum that the customer saw covers what the exchange paid.
        let rate = match chain {
            Chain::Ethereum => 3_000,
            Chain::Bsc => 600,
        };
        let quoted = shown["quote"]["terms"]["network_cost"].as_str().unwrap();
        let quoted: u128 = quoted.replace('.', "").parse().unwrap();
        assert!(
            cost * rate * 100 <= quoted * COIN,
            "{cost} cost more than {quoted} cents"
        );
        shares.push(cost * 100 / ceiling);
    }
    shares.sort_unstable();
    println!(
        "{count} claims of seed {seed} settled, 0 above their ceiling; what they cost, in percent of it: least {}, median {}, most {}",
        shares[0],
        shares[shares.len() / 2],
        shares[shares.len() - 1]
    );
}

/// At home the forwarder is in use: what its code must be is known from there.
fn deploy(house: &House, factory: &str, salt: [u8; 32]) {
    let artifact = Contracts::load().get("ForwarderFactory");
    house.ethereum.send_call(
        &house.stranger,
        factory,
        0,
        artifact,
        "deploy(bytes32)",
        &[Arg::Word(salt)],
    );
}
