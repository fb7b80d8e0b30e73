//! Tokens that misbehave, several credits in one transaction, and credits that only a trace shows.

use recover_testkit::{Arg, Contracts};

use super::super::{Asset, Book, COIN, Expected, Token, UNIT, Way, deploy, user};
use super::{CREDITED, FAKE, MISSED, Stage, UNREVIEWED, find};

pub(super) fn odd_tokens(stage: &mut Stage<'_>, book: &mut Book, tokens: &[(&'static str, Token)]) {
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

pub(super) fn several_in_one(
    stage: &mut Stage<'_>,
    book: &mut Book,
    tokens: &[(&'static str, Token)],
) {
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

pub(super) fn inside_contracts(stage: &mut Stage<'_>, book: &mut Book) {
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
