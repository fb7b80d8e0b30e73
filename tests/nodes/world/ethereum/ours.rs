//! Our own movements, places of ours that are no deposit addresses, and spam.

use recover_testkit::Arg;

use super::super::{
    Asset, Book, COIN, Chain, Expected, LedgerRow, Token, UNIT, Way, address, user,
};
use super::{CREDITED, FAKE, MISSED, OVER, Stage, find};

pub(super) fn our_own_movements(
    stage: &mut Stage<'_>,
    book: &mut Book,
    tokens: &[(&'static str, Token)],
) {
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

pub(super) fn places_of_ours(
    stage: &mut Stage<'_>,
    book: &mut Book,
    tokens: &[(&'static str, Token)],
) {
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

    let to = address(35);
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

pub(super) fn spam(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
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
