//! What happens on chain id 1, where the exchange takes deposits.

use recover_testkit::{Anvil, Arg, Contracts};

use super::{
    Asset, Book, COIN, Case, Chain, Expected, LedgerRow, PLAIN, People, Token, UNIT, Way, deploy,
    people, user,
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
    odd_tokens(&mut stage, book, &tokens);
    several_in_one(&mut stage, book, &tokens);
    inside_contracts(&mut stage, book);
    our_own_movements(&mut stage, book, &tokens);
    places_of_ours(&mut stage, book, &tokens);
    spam(&mut stage, book, &tokens);
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
    stage.pay("below_minimum", &to, COIN / 2000, small);
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

fn odd_tokens(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let anvil = stage.anvil;
    let stranger = stage.people.stranger.clone();
    let to = book.issue(10);
    stage.pay_token(
        "unlisted_token",
        find(tokens, "NEW"),
        &to,
        100 * COIN,
        UNREVIEWED,
    );
    let to = book.issue(11);
    stage.pay_token(
        "bytes32_symbol",
        find(tokens, "ANT"),
        &to,
        12 * COIN,
        UNREVIEWED,
    );

    let fee = find(tokens, "FEE");
    let to = book.issue(12);
    let tx = fee.transfer(anvil, &stranger, &to, 1000 * UNIT);
    stage.case(
        "fee_logged_net",
        &tx,
        "log:0",
        Some(&stranger),
        &to,
        fee.asset(),
        990 * UNIT,
        UNREVIEWED,
    );
    fee.call(anvil, &stranger, "setLogsGross(bool)", &[Arg::Bool(true)]);
    let to = book.issue(13);
    let tx = fee.transfer(anvil, &stranger, &to, 1000 * UNIT);
    stage.case(
        "fee_on_transfer",
        &tx,
        "log:0",
        Some(&stranger),
        &to,
        fee.asset(),
        990 * UNIT,
        Expected {
            flags: &["fee_on_transfer"],
            ..UNREVIEWED
        },
    );

    let liar = find(tokens, "NOT");
    let to = book.issue(14);
    // Quiet, it leaves no trace at all; then it logs what did not happen.
    liar.transfer(anvil, &stranger, &to, 500 * UNIT);
    liar.call(anvil, &stranger, "setEmits(bool)", &[Arg::Bool(true)]);
    let tx = liar.transfer(anvil, &stranger, &to, 500 * UNIT);
    // Logged 500, gained nothing: nothing is ours to dispose of.
    stage.case(
        "false_token",
        &tx,
        "log:0",
        Some(&stranger),
        &to,
        liar.asset(),
        0,
        FAKE,
    );

    let to = book.issue(15);
    stage.pay_token(
        "unindexed_transfer",
        find(tokens, "UNI"),
        &to,
        44 * UNIT,
        Expected {
            flags: &["odd_shape"],
            way: Way::Refused("condition_open"),
            ..UNREVIEWED
        },
    );

    let nft = find(tokens, "CAT");
    let to = book.issue(16);
    let args = [Arg::address(&to), Arg::Uint(77)];
    let tx = nft.call(anvil, &stranger, "mint(address,uint256)", &args);
    let expected = Expected {
        flags: &["nft"],
        way: Way::Refused("condition_open"),
        ..UNREVIEWED
    };
    stage.case("nft", &tx, "log:0", None, &to, nft.asset(), 1, expected);

    let to = book.issue(17);
    stage.pay_token(
        "retired_contract",
        find(tokens, "OLD"),
        &to,
        500 * COIN,
        Expected {
            kind: "retired_contract",
            verdict: "controllable:same_key",
            way: Way::Approved {
                destination: true,
                beneficiary: false,
                review: false,
            },
            ..MISSED
        },
    );
}

fn several_in_one(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let anvil = stage.anvil;
    let stranger = stage.people.stranger.clone();
    let (tst, sil) = (find(tokens, "TST"), find(tokens, "SIL"));
    let sender = deploy(anvil, &stranger, "MultiSend", &[]);
    for token in [tst, sil] {
        token.transfer(anvil, &stranger, &sender.address, 5000 * UNIT);
    }
    let send = |values: &[(&str, u128)], transfers: &[(&Token, &str, u128)]| {
        let total = values.iter().map(|(_, value)| value).sum();
        let args = [
            Arg::Addresses(values.iter().map(|(to, _)| (*to).to_owned()).collect()),
            Arg::Uints(values.iter().map(|(_, value)| *value).collect()),
            Arg::Addresses(
                transfers
                    .iter()
                    .map(|(token, ..)| token.address.clone())
                    .collect(),
            ),
            Arg::Addresses(
                transfers
                    .iter()
                    .map(|(_, to, _)| (*to).to_owned())
                    .collect(),
            ),
            Arg::Uints(transfers.iter().map(|(.., amount)| *amount).collect()),
        ];
        let signature = "send(address[],uint256[],address[],address[],uint256[])";
        let sent = anvil.send_call(
            &stranger,
            &sender.address,
            total,
            sender.artifact,
            signature,
            &args,
        );
        assert!(anvil.succeeded(&sent), "the payout of several failed");
        sent
    };
    let by = Some(sender.address.as_str());
    let internal = Expected {
        kind: "internal_transfer",
        ..MISSED
    };

    // Two customers and a stranger, coins and tokens, one transaction.
    let (one, two) = (book.issue(20), book.issue(21));
    let tx = send(
        &[(&one, COIN), (&stranger, COIN / 5), (&two, 2 * COIN)],
        &[
            (tst, &one, 10 * UNIT),
            (tst, &stranger, UNIT),
            (sil, &two, 20 * UNIT),
        ],
    );
    stage.case(
        "multi_log_0",
        &tx,
        "log:0",
        by,
        &one,
        tst.asset(),
        10 * UNIT,
        MISSED,
    );
    stage.case(
        "multi_log_2",
        &tx,
        "log:2",
        by,
        &two,
        sil.asset(),
        20 * UNIT,
        MISSED,
    );
    stage.case(
        "multi_trace_0",
        &tx,
        "trace:0",
        by,
        &one,
        Asset::Native,
        COIN,
        internal,
    );
    stage.case(
        "multi_trace_2",
        &tx,
        "trace:2",
        by,
        &two,
        Asset::Native,
        2 * COIN,
        internal,
    );

    // Twice the same amount to the same address in one transaction, and one row in the ledger.
    let to = book.issue(22);
    let tx = send(&[], &[(tst, &to, 5 * UNIT), (tst, &to, 5 * UNIT)]);
    stage.case(
        "twin_credited",
        &tx,
        "log:0",
        by,
        &to,
        tst.asset(),
        5 * UNIT,
        CREDITED,
    );
    book.credited(stage.last(), &user(22), stage.time_of(&tx) + 60, "");
    stage.case(
        "twin_missed",
        &tx,
        "log:1",
        by,
        &to,
        tst.asset(),
        5 * UNIT,
        MISSED,
    );
}

fn inside_contracts(stage: &mut Stage<'_>, book: &mut Book) {
    let anvil = stage.anvil;
    let stranger = stage.people.stranger.clone();
    let payer = deploy(anvil, &stranger, "InternalPayer", &[]);
    let internal = Expected {
        kind: "internal_transfer",
        ..MISSED
    };
    let call = |value: u128, signature: &str, args: &[Arg]| {
        anvil.send_call(
            &stranger,
            &payer.address,
            value,
            payer.artifact,
            signature,
            args,
        )
    };
    let by = Some(payer.address.as_str());
    let to = book.issue(25);
    let tx = call(3 * COIN, "pay(address)", &[Arg::address(&to)]);
    stage.case(
        "internal",
        &tx,
        "trace:0",
        by,
        &to,
        Asset::Native,
        3 * COIN,
        internal,
    );
    let to = book.issue(26);
    let tx = call(
        4 * COIN,
        "payDeep(address,uint256)",
        &[Arg::address(&to), Arg::Uint(2)],
    );
    stage.case(
        "internal_deep",
        &tx,
        "trace:0.0.0",
        by,
        &to,
        Asset::Native,
        4 * COIN,
        internal,
    );
    // Undone inside, undone altogether, and a frame that repeats its caller's value: none of them moves a coin.
    let swallowed = call(COIN, "paySwallowed(address)", &[Arg::address(&to)]);
    assert!(anvil.succeeded(&swallowed));
    assert!(!anvil.succeeded(&call(COIN, "payThenFail(address)", &[Arg::address(&to)])));
    call(
        COIN,
        "delegate(address,bytes)",
        &[Arg::address(&to), Arg::Bytes(Vec::new())],
    );
    assert_eq!(anvil.balance(&to), 4 * COIN);

    let bomb = Contracts::load().get("SelfDestructPayer");
    let at = anvil.deploy_from(&stranger, 5 * COIN, bomb, &[]).address;
    let to = book.issue(27);
    let tx = anvil.send_call(
        &stranger,
        &at,
        0,
        bomb,
        "destroy(address)",
        &[Arg::address(&to)],
    );
    stage.case(
        "self_destruct",
        &tx,
        "trace:0",
        Some(&at),
        &to,
        Asset::Native,
        5 * COIN,
        Expected {
            kind: "forced_credit",
            ..MISSED
        },
    );
}

fn our_own_movements(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let (anvil, token) = (stage.anvil, find(tokens, "TST"));
    let (hot, platform) = (stage.people.hot.clone(), stage.people.platform.clone());
    book.row("", "hot", &hot, "ethereum", "", "eoa");

    // A credited deposit, its top-up with gas, and the sweep of the night.
    let swept = book.issue(30);
    let tx = stage.pay_token("swept_deposit", token, &swept, 40 * UNIT, CREDITED);
    book.credited(stage.last(), &user(30), stage.time_of(&tx) + 60, "log:0");
    let tx = anvil.send(&hot, &swept, COIN / 100, &[]);
    stage.case(
        "own_top_up",
        &tx,
        "value",
        Some(&hot),
        &swept,
        Asset::Native,
        COIN / 100,
        OVER,
    );
    let tx = token.transfer(anvil, &swept, &hot, 40 * UNIT);
    let into_hot = Expected {
        also: &["hot_wallet"],
        ..OVER
    };
    stage.case(
        "own_sweep",
        &tx,
        "log:0",
        Some(&swept),
        &hot,
        token.asset(),
        40 * UNIT,
        into_hot,
    );

    // A withdrawal to another platform, which sends it back less its own fee.
    let tx = anvil.send(&hot, &platform, COIN, &[]);
    book.ledger.push(LedgerRow {
        kind: "withdrawal",
        user: Some(user(31)),
        chain: Chain::Ethereum,
        time: stage.time_of(&tx),
        tx,
        position: String::new(),
        address: platform.clone(),
        asset: Asset::Native,
        amount: COIN,
    });
    let back = 99 * COIN / 100;
    let tx = anvil.send(&platform, &hot, back, &[]);
    stage.case(
        "withdrawal_came_back",
        &tx,
        "value",
        Some(&platform),
        &hot,
        Asset::Native,
        back,
        Expected {
            kind: "returned_withdrawal",
            also: &["hot_wallet"],
            way: Way::Approved {
                destination: false,
                beneficiary: true,
                review: false,
            },
            ..MISSED
        },
    );
}

fn places_of_ours(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let hot = stage.people.hot.clone();
    let named = Way::Approved {
        destination: false,
        beneficiary: true,
        review: false,
    };
    let expected = Expected {
        kind: "hot_wallet",
        way: named,
        ..MISSED
    };
    stage.pay("hot_wallet", &hot, 3 * COIN, expected);
    stage.pay_token(
        "hot_wallet_token",
        find(tokens, "TST"),
        &hot,
        900 * UNIT,
        expected,
    );

    let to = super::address(35);
    book.row(
        &user(35),
        "deposit_address",
        &to,
        "ethereum",
        "2025-05-01T00:00:00Z",
        "eoa",
    );
    let retired = Expected {
        kind: "retired_address",
        ..MISSED
    };
    stage.pay("retired_address", &to, COIN, retired);

    let to = book.issue(36);
    book.closed.push(user(36));
    stage.pay(
        "account_closed",
        &to,
        COIN,
        Expected {
            kind: "account_closed",
            verdict: "controllable:same_key",
            way: Way::Approved {
                destination: true,
                beneficiary: false,
                review: false,
            },
            ..MISSED
        },
    );

    let to = book.issue_as(37, "ethereum", "key_lost");
    let lost = Expected {
        kind: "no_key",
        verdict: "not_recoverable:key_lost",
        ..OVER
    };
    stage.pay("key_lost", &to, COIN, lost);
}

fn spam(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
    let (anvil, fake) = (stage.anvil, find(tokens, "SPM"));
    let (stranger, spender) = (stage.people.stranger.clone(), stage.people.spender.clone());
    let (one, two) = (book.issue(50), book.issue(51));
    // Poisoning: nothing was moved and nothing is stored.
    let args = [Arg::address(&stranger), Arg::address(&one), Arg::Uint(0)];
    fake.call(anvil, &spender, "emitFor(address,address,uint256)", &args);
    find(tokens, "TST").call(
        anvil,
        &spender,
        "transferFrom(address,address,uint256)",
        &args,
    );
    // The log counts over all logs of its transaction, ours or not.
    let args = [
        Arg::Addresses(vec![one.clone(), stranger, two.clone()]),
        Arg::Uint(1_000_000 * UNIT),
    ];
    let tx = fake.call(anvil, &spender, "airdrop(address[],uint256)", &args);
    let by = Some(fake.address.as_str());
    stage.case("airdrop_0", &tx, "log:0", by, &one, fake.asset(), 0, FAKE);
    stage.case("airdrop_2", &tx, "log:2", by, &two, fake.asset(), 0, FAKE);
}
