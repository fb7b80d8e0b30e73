//! What happens on chain id 1, where the exchange takes deposits.

mod odd;
mod ours;

use recover_testkit::{Anvil, Arg};

use super::{
    Asset, Book, COIN, Case, Chain, Expected, PLAIN, People, Token, UNIT, Way, deploy, people, user,
};

/// Nothing special: good, in our own account, waiting for somebody.
const MISSED: Expected = Expected {
    kind: "missed_credit",
    also: &[],
    flags: &[],
    verdict: "controllable:own_account",
    status: "open",
    queue: true,
    way: PLAIN,
};

/// A diagnosis that leaves nothing to do.
const OVER: Expected = Expected {
    kind: "own_movement",
    also: &[],
    flags: &[],
    verdict: "not_recoverable:own_movement",
    status: "resolved",
    queue: false,
    way: Way::Refused("nothing_to_claim"),
};

const CREDITED: Expected = Expected {
    kind: "already_credited",
    verdict: "not_recoverable:already_credited",
    ..OVER
};

/// A token that nobody reviewed: open, and not in the working queue.
const UNREVIEWED: Expected = Expected {
    kind: "unlisted_token",
    verdict: "conditional:token_review_missing",
    queue: false,
    way: Way::Approved {
        destination: true,
        beneficiary: false,
        review: true,
    },
    ..MISSED
};

const FAKE: Expected = Expected {
    kind: "fake_token",
    also: &["unlisted_token"],
    flags: &["balance_unchanged"],
    verdict: "not_recoverable:worthless_token",
    ..OVER
};

struct Stage<'a> {
    anvil: &'a Anvil,
    people: People,
    cases: Vec<Case>,
}

impl Stage<'_> {
    #[expect(
        clippy::too_many_arguments,
        reason = "a row of the table, not an interface"
    )]
    fn case(
        &mut self,
        name: &'static str,
        tx: &str,
        position: &str,
        from: Option<&str>,
        to: &str,
        asset: Asset,
        amount: u128,
        expected: Expected,
    ) {
        self.cases.push(Case {
            name,
            chain: Chain::Ethereum,
            tx: tx.to_owned(),
            position: position.to_owned(),
            from: from.map(str::to_owned),
            to: to.to_owned(),
            asset,
            amount,
            expected,
        });
    }

    /// The stranger pays coins to an address.
    fn pay(&mut self, name: &'static str, to: &str, wei: u128, expected: Expected) -> String {
        let from = self.people.stranger.clone();
        let tx = self.anvil.send(&from, to, wei, &[]);
        self.case(
            name,
            &tx,
            "value",
            Some(&from),
            to,
            Asset::Native,
            wei,
            expected,
        );
        tx
    }

    /// The stranger pays tokens to an address; `amount` is sent and credited.
    fn pay_token(
        &mut self,
        name: &'static str,
        token: &Token,
        to: &str,
        amount: u128,
        expected: Expected,
    ) -> String {
        let from = self.people.stranger.clone();
        let tx = token.transfer(self.anvil, &from, to, amount);
        self.case(
            name,
            &tx,
            "log:0",
            Some(&from),
            to,
            token.asset(),
            amount,
            expected,
        );
        tx
    }

    fn last(&self) -> &Case {
        self.cases.last().expect("a case was just added")
    }

    fn time_of(&self, tx: &str) -> u64 {
        self.anvil.time_of(self.anvil.height_of(tx))
    }
}

/// Lets everything happen; answers the cases in the order of their blocks and the tokens by symbol.
pub fn happen(anvil: &Anvil, book: &mut Book) -> (Vec<Case>, Vec<(&'static str, Token)>) {
    let mut stage = Stage {
        anvil,
        people: people(anvil),
        cases: Vec::new(),
    };
    before_the_ledger(&mut stage, book);
    let tokens = deploy_tokens(&stage);
    forwarders(&mut stage, book);
    good_and_booked(&mut stage, book, &tokens);
    odd::odd_tokens(&mut stage, book, &tokens);
    odd::several_in_one(&mut stage, book, &tokens);
    odd::inside_contracts(&mut stage, book);
    ours::our_own_movements(&mut stage, book, &tokens);
    ours::places_of_ours(&mut stage, book, &tokens);
    ours::spam(&mut stage, book, &tokens);
    // Everything so far becomes final; what comes now does not.
    anvil.mine(8);
    let late = book.issue(60);
    stage.pay(
        "unconfirmed",
        &late,
        9 * COIN / 10,
        Expected {
            verdict: "conditional:finality_missing",
            status: "unconfirmed",
            queue: false,
            way: Way::Refused("deposit_not_final"),
            ..MISSED
        },
    );
    (stage.cases, tokens)
}

fn before_the_ledger(stage: &mut Stage<'_>, book: &mut Book) {
    let to = book.issue(1);
    let tx = stage.pay(
        "before_coverage",
        &to,
        7 * COIN / 10,
        Expected {
            verdict: "conditional:ledger_coverage_missing",
            // Counted apart: nobody can work it before the ledger reaches there.
            queue: false,
            way: Way::Refused("ledger_coverage_missing"),
            ..MISSED
        },
    );
    book.coverage
        .push((Chain::Ethereum, stage.time_of(&tx) + 1));
}

fn deploy_tokens(stage: &Stage<'_>) -> Vec<(&'static str, Token)> {
    let (anvil, stranger) = (stage.anvil, &stage.people.stranger);
    let make = |name: &str, args: &[Arg]| deploy(anvil, stranger, name, args);
    let old_style = [
        Arg::bytes32_text("Antique Coin"),
        Arg::bytes32_text("ANT"),
        Arg::Uint(18),
    ];
    let tokens = vec![
        (
            "TST",
            make("TokenGood", &Token::args("Test Coin", "TST", 6)),
        ),
        (
            "SIL",
            make("TokenNoReturn", &Token::args("Silent Dollar", "SIL", 6)),
        ),
        (
            "OLD",
            make("TokenGood", &Token::args("Old Coin", "OLD", 18)),
        ),
        (
            "NEW",
            make("TokenGood", &Token::args("New Coin", "NEW", 18)),
        ),
        ("FEE", make("TokenFee", &Token::args("Fee Coin", "FEE", 6))),
        (
            "NOT",
            make("TokenFalse", &Token::args("False Coin", "NOT", 6)),
        ),
        (
            "UNI",
            make("TokenUnindexed", &Token::args("Unindexed Coin", "UNI", 6)),
        ),
        (
            "CAT",
            make("TokenNft", &[Arg::text("Cats"), Arg::text("CAT")]),
        ),
        (
            "SPM",
            make("TokenFake", &Token::args("Visit example.invalid", "SPM", 6)),
        ),
        ("ANT", make("TokenBytes32Symbol", &old_style)),
    ];
    for (symbol, token) in &tokens {
        if !matches!(*symbol, "CAT" | "SPM") {
            token.mint(anvil, stranger, 1_000_000 * COIN);
        }
    }
    tokens
}

fn find<'a>(tokens: &'a [(&'static str, Token)], symbol: &str) -> &'a Token {
    let found = tokens.iter().find(|(found, _)| *found == symbol);
    &found.expect("the token was deployed above").1
}

/// Contracts as deposit addresses: the factories and forwarders that the other chain shares or lacks.
fn forwarders(stage: &mut Stage<'_>, book: &mut Book) {
    let (anvil, deployer) = (stage.anvil, stage.people.deployer.clone());
    let parent = [Arg::address(&stage.people.hot)];
    // Nonces 0, 1 and 2 of the deployer: bsc makes the first two again.
    let factory = deploy(anvil, &deployer, "ForwarderFactory", &parent);
    let maker = deploy(anvil, &deployer, "CreateDeployer", &parent);
    let only_here = deploy(anvil, &deployer, "ForwarderFactory", &parent);
    let hash = anvil.read(&factory.address, factory.artifact, "initCodeHash()", &[]);
    let hash = hex::encode(hash);
    for (number, factory) in [
        (40, &factory),
        (41, &only_here),
        (42, &factory),
        (43, &factory),
    ] {
        let salt = salt(number);
        let args = [Arg::Word(salt)];
        let made = factory.call(anvil, &deployer, "deploy(bytes32)", &args);
        assert!(anvil.succeeded(&made), "the forwarder of {number}");
        let at = anvil.read_address(
            &factory.address,
            factory.artifact,
            "predict(bytes32)",
            &args,
        );
        let control = format!(
            "create2:{}:0x{}:0x{hash}",
            factory.address,
            hex::encode(salt)
        );
        book.row(
            &user(number),
            "deposit_address",
            &at,
            "ethereum",
            "",
            &control,
        );
        if number == 43 {
            stage.pay("forwarder_at_home", &at, COIN, MISSED);
            // Paid with data that the forwarder does not understand: mined, reverted, nothing moved.
            let stranger = stage.people.stranger.clone();
            let tx = anvil.send(&stranger, &at, 2 * COIN, &[0x12, 0x34, 0x56, 0x78]);
            stage.case(
                "failed_payment",
                &tx,
                "value",
                Some(&stranger),
                &at,
                Asset::Native,
                2 * COIN,
                Expected {
                    kind: "failed",
                    verdict: "not_recoverable:transaction_failed",
                    ..OVER
                },
            );
        }
    }
    // A contract counts its own nonce from 1.
    let made = maker.call(anvil, &deployer, "deploy()", &[]);
    let log = anvil.receipt(&made)["logs"][0]["data"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let at = format!("0x{}", &log[log.len() - 40..]);
    let control = format!("create:{}:1", maker.address);
    book.row(&user(44), "deposit_address", &at, "ethereum", "", &control);
}

/// The salt of forwarder `number`.
pub fn salt(number: u8) -> [u8; 32] {
    let mut salt = [0; 32];
    salt[31] = number;
    salt
}

fn good_and_booked(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let to = book.issue(2);
    stage.pay("missed_native", &to, COIN, MISSED);
    let to = book.issue(3);
    stage.pay_token("missed_token", find(tokens, "TST"), &to, 250 * UNIT, MISSED);
    let to = book.issue(4);
    let tx = stage.pay("credited", &to, 2 * COIN, CREDITED);
    book.credited(stage.last(), &user(4), stage.time_of(&tx) + 60, "");
    let to = book.issue(5);
    let small = Expected {
        kind: "below_minimum",
        ..MISSED
    };
    // Each is half of the smallest deposit: together they are enough.
    stage.pay("below_minimum", &to, COIN / 2000, small);
    stage.pay("below_minimum_rest", &to, COIN / 2000, small);
    let to = book.issue(6);
    stage.pay_token(
        "token_returning_nothing",
        find(tokens, "SIL"),
        &to,
        75 * UNIT,
        MISSED,
    );

    // The owner allows, somebody else moves: the movement says who paid, the transaction's signer does not.
    let to = book.issue(7);
    let (anvil, token) = (stage.anvil, find(tokens, "TST"));
    let (owner, spender) = (stage.people.stranger.clone(), stage.people.spender.clone());
    let args = [Arg::address(&spender), Arg::Uint(30 * UNIT)];
    token.call(anvil, &owner, "approve(address,uint256)", &args);
    let args = [
        Arg::address(&owner),
        Arg::address(&to),
        Arg::Uint(30 * UNIT),
    ];
    let tx = token.call(
        anvil,
        &spender,
        "transferFrom(address,address,uint256)",
        &args,
    );
    let asset = token.asset();
    stage.case(
        "transfer_from",
        &tx,
        "log:0",
        Some(&owner),
        &to,
        asset,
        30 * UNIT,
        MISSED,
    );
}
