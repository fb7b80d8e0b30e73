//! What happens on chain id 56: the same addresses exist there, and deposits are suspended.

use recover_testkit::{Anvil, Arg};

use super::ethereum::salt;
use super::{
    Asset, Book, COIN, Case, Chain, Expected, PLAIN, Token, UNIT, Way, address, deploy, people,
};

/// Sent to the right address on the wrong network; the same key signs there.
const WRONG: Expected = Expected {
    kind: "wrong_chain_same_key",
    also: &[],
    flags: &[],
    verdict: "controllable:same_key",
    status: "open",
    queue: true,
    way: PLAIN,
};

const WRONG_CONTRACT: Expected = Expected {
    kind: "wrong_chain_contract",
    ..WRONG
};

/// Lets everything happen; answers the cases in the order of their blocks and the one token.
pub fn happen(anvil: &Anvil, home: &Anvil, book: &mut Book) -> (Vec<Case>, Token) {
    let people = people(anvil);
    let (stranger, deployer) = (&people.stranger, &people.deployer);
    let mut cases: Vec<Case> = Vec::new();
    let mut case = |name, tx: &str, position: &str, to: &str, asset, amount, expected| {
        cases.push(Case {
            name,
            chain: Chain::Bsc,
            tx: tx.to_owned(),
            position: position.to_owned(),
            from: Some(stranger.clone()),
            to: to.to_owned(),
            asset,
            amount,
            expected,
        });
    };
    let mut pay = |name, to: &str, wei: u128, expected| {
        let tx = anvil.send(stranger, to, wei, &[]);
        case(name, &tx, "value", to, Asset::Native, wei, expected);
    };

    book.coverage.push((Chain::Bsc, super::START));
    // An address that a key moves, issued for ethereum.
    pay("wrong_chain_native", &address(2), COIN, WRONG);

    // The deployer's first two contracts stand where they stand at home; the third was never made here.
    let parent = [Arg::address(&people.hot)];
    let factory = deploy(anvil, deployer, "ForwarderFactory", &parent);
    let maker = deploy(anvil, deployer, "CreateDeployer", &parent);
    for token in [&factory, &maker] {
        assert!(
            !home.code(&token.address).is_empty(),
            "made at home in the same order"
        );
    }
    let forwarder = |number: u8| {
        // The prediction needs the factory; where it is not on this chain, home is asked.
        let only_home = number == 41;
        let (node, at) = if only_home {
            let third = book_factory(book, number);
            assert!(anvil.code(&third).is_empty());
            (home, third)
        } else {
            (anvil, factory.address.clone())
        };
        node.read_address(
            &at,
            factory.artifact,
            "predict(bytes32)",
            &[Arg::Word(salt(number))],
        )
    };
    pay(
        "wrong_chain_forwarder",
        &forwarder(40),
        COIN,
        Expected {
            verdict: "needs_deploy:deploy_forwarder",
            ..WRONG_CONTRACT
        },
    );
    pay(
        "wrong_chain_no_factory",
        &forwarder(41),
        2 * COIN,
        Expected {
            verdict: "conditional:factory_absent",
            way: Way::Refused("condition_open"),
            ..WRONG_CONTRACT
        },
    );
    let in_place = forwarder(42);
    factory.call(anvil, deployer, "deploy(bytes32)", &[Arg::Word(salt(42))]);
    assert_eq!(anvil.code(&in_place), home.code(&in_place));
    pay(
        "wrong_chain_forwarder_in_place",
        &in_place,
        3 * COIN,
        Expected {
            verdict: "controllable:contract_in_place",
            ..WRONG_CONTRACT
        },
    );
    let by_nonce = book_value(book, &super::user(44));
    assert!(anvil.code(&by_nonce).is_empty());
    pay(
        "wrong_chain_create",
        &by_nonce,
        4 * COIN,
        Expected {
            verdict: "needs_deploy:deploy_at_nonce",
            ..WRONG_CONTRACT
        },
    );

    // The book says a key moves it, and a contract stands there.
    let odd = book.issue(45);
    pay(
        "wrong_chain_key_contradicted",
        &odd,
        COIN,
        Expected {
            verdict: "conditional:control_contradicted",
            way: Way::Refused("condition_open"),
            ..WRONG
        },
    );
    anvil.set_code(&odd, &[0x60, 0x00, 0x60, 0x00, 0xf3]);

    let own = book.issue_as(46, "bsc", "eoa");
    pay(
        "suspended_network",
        &own,
        COIN,
        Expected {
            kind: "suspended_network",
            verdict: "conditional:network_suspended",
            way: Way::Refused("condition_open"),
            ..WRONG
        },
    );

    let busd = deploy(
        anvil,
        stranger,
        "TokenGood",
        &Token::args("Binance Dollar", "BUSD", 18),
    );
    let stray = deploy(
        anvil,
        stranger,
        "TokenGood",
        &Token::args("Stray Coin", "STR", 6),
    );
    for token in [&busd, &stray] {
        token.mint(anvil, stranger, 1_000_000 * COIN);
    }
    let tx = busd.transfer(anvil, stranger, &address(3), 300 * COIN);
    case(
        "wrong_chain_token",
        &tx,
        "log:0",
        &address(3),
        busd.asset(),
        300 * COIN,
        WRONG,
    );
    let tx = stray.transfer(anvil, stranger, &address(5), 60 * UNIT);
    case(
        "wrong_chain_unlisted",
        &tx,
        "log:0",
        &address(5),
        stray.asset(),
        60 * UNIT,
        Expected {
            also: &["unlisted_token"],
            verdict: "conditional:token_review_missing",
            queue: false,
            way: Way::Approved {
                destination: false,
                beneficiary: false,
                review: true,
            },
            ..WRONG
        },
    );
    anvil.mine(12);
    (cases, busd)
}

/// The factory that the book names for a user's forwarder.
fn book_factory(book: &Book, number: u8) -> String {
    let row = row_of(book, &super::user(number));
    let control = row.rsplit(',').next().unwrap_or_default();
    control.split(':').nth(1).unwrap_or_default().to_owned()
}

fn book_value(book: &Book, user: &str) -> String {
    row_of(book, user)
        .split(',')
        .nth(3)
        .unwrap_or_default()
        .to_owned()
}

fn row_of<'a>(book: &'a Book, user: &str) -> &'a str {
    let found = book
        .addresses
        .iter()
        .find(|row| row.starts_with(&format!("{user},")));
    found.unwrap_or_else(|| panic!("the book has no row of {user}"))
}
