//! Return transactions: what is refused, what is built, and what is told apart from it.

use crate::world::{account, issuer, ours};
use proptest::prelude::*;
use recover_chain_stellar::address;
use recover_chain_stellar::returns::{
    AccountFacts, Action, Deviation, ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest,
    TrustLine, build, decode, plan, verify,
};
use recover_chain_stellar::xdr::Network;
use recover_core::amount::Amount;
use recover_core::memo::MemoKind;

pub fn amount(stroops: u128) -> Amount {
    Amount::from_u128(stroops)
}

pub fn request() -> ReturnRequest {
    ReturnRequest {
        network: Network::public(),
        from: ours(),
        to: account(2),
        to_muxed_id: None,
        asset: None,
        amount: amount(50_000_000),
        memo: ReturnMemo::None,
        sequence: 78,
        fee: 100,
        valid_from: 0,
        valid_until: 1_800_000_000,
    }
}

pub fn usdc() -> String {
    address::asset_text("USDC", &issuer())
}

fn facts() -> AccountFacts {
    AccountFacts {
        sequence: 77,
        native: amount(1_000_000_000),
        native_selling: Amount::ZERO,
        subentries: 0,
        sponsoring: 0,
        sponsored: 0,
        memo_required: false,
        line: None,
        base_reserve: amount(5_000_000),
    }
}

fn line(balance: u128) -> TrustLine {
    TrustLine {
        balance: amount(balance),
        limit: amount(1_000_000_000),
        buying: Amount::ZERO,
        selling: Amount::ZERO,
        authorized: true,
    }
}

fn holding(balance: u128) -> AccountFacts {
    AccountFacts {
        line: Some(line(balance)),
        ..facts()
    }
}

fn code(request: ReturnRequest, source: &AccountFacts, to: Option<&AccountFacts>) -> &'static str {
    match plan(request, source, to) {
        Ok(plan) => {
            let built = build(&plan).unwrap();
            assert_eq!(verify(&built.envelope, &plan), Ok(built.hash));
            match plan.operation {
                ReturnOperation::Payment => "payment",
                ReturnOperation::CreateAccount => "create_account",
            }
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            refusal.code()
        }
    }
}

fn with(change: impl FnOnce(&mut ReturnRequest)) -> ReturnRequest {
    let mut changed = request();
    change(&mut changed);
    changed
}

#[test]
fn own_requests_that_cannot_be_are_refused() {
    let there = facts();
    for (name, request, expected) in [
        ("plain", request(), "payment"),
        (
            "to a contract",
            with(|r| r.to = address::contract([3; 32])),
            "not_an_account",
        ),
        (
            "from a contract",
            with(|r| r.from = address::contract([3; 32])),
            "not_an_account",
        ),
        ("to itself", with(|r| r.to = ours()), "to_itself"),
        (
            "a contract's token",
            with(|r| r.asset = Some(address::contract([3; 32]).text().to_owned())),
            "not_an_asset",
        ),
        ("nothing", with(|r| r.amount = Amount::ZERO), "amount_zero"),
        (
            "too much",
            with(|r| r.amount = amount(1 << 63)),
            "amount_too_large",
        ),
        ("no end", with(|r| r.valid_until = 0), "time_bounds"),
        (
            "end before begin",
            with(|r| r.valid_from = 1_900_000_000),
            "time_bounds",
        ),
        ("no fee", with(|r| r.fee = 99), "fee_too_low"),
        ("used sequence", with(|r| r.sequence = 77), "sequence_used"),
    ] {
        assert_eq!(code(request, &facts(), Some(&there)), expected, "{name}");
    }
}

#[test]
fn pitfall_075_memos_of_returns() {
    let to = facts();
    let memo = |memo| code(with(|request| request.memo = memo), &facts(), Some(&to));
    assert_eq!(memo(ReturnMemo::Id(u64::MAX)), "payment");
    assert_eq!(memo(ReturnMemo::Text("a".repeat(28))), "payment");
    assert_eq!(memo(ReturnMemo::Text("a".repeat(29))), "memo_too_long");
    // 28 bytes, not 28 letters.
    assert_eq!(memo(ReturnMemo::Text("ä".repeat(14))), "payment");
    assert_eq!(memo(ReturnMemo::Text("ä".repeat(15))), "memo_too_long");
    assert_eq!(memo(ReturnMemo::Text(String::new())), "payment");
    let read = |memo| {
        let plan = plan(
            with(|request| request.memo = memo),
            &facts(),
            Some(&facts()),
        )
        .unwrap();
        decode(&build(&plan).unwrap().envelope).unwrap().memo
    };
    // The same digits and the same bytes under two types are two memos.
    let (text, id) = (
        read(ReturnMemo::Text("7".to_owned())),
        read(ReturnMemo::Id(7)),
    );
    assert_eq!(
        (text.kind, id.kind, &text.raw),
        (MemoKind::Text, MemoKind::Id, &id.raw)
    );
    let (hash, back) = (
        read(ReturnMemo::Hash([7; 32])),
        read(ReturnMemo::Return([7; 32])),
    );
    assert_eq!(
        (hash.kind, back.kind, &hash.raw),
        (MemoKind::Hash, MemoKind::Return, &back.raw)
    );
    assert_eq!(read(ReturnMemo::Text(String::new())).kind, MemoKind::Empty);
    assert_eq!(read(ReturnMemo::None).kind, MemoKind::Absent);
    let planned = plan(
        with(|request| request.memo = ReturnMemo::Hash([7; 32])),
        &facts(),
        Some(&facts()),
    )
    .unwrap();
    let other = ReturnPlan {
        request: with(|request| request.memo = ReturnMemo::Return([7; 32])),
        ..planned.clone()
    };
    assert_eq!(
        verify(&build(&other).unwrap().envelope, &planned),
        Err(Deviation::Memo)
    );
}

#[test]
fn pitfall_076_muxed_destinations_and_required_memos() {
    let asks = AccountFacts {
        memo_required: true,
        ..facts()
    };
    let muxed = |request: &mut ReturnRequest| request.to_muxed_id = Some(u64::MAX);
    assert_eq!(code(request(), &facts(), Some(&asks)), "memo_required");
    assert_eq!(
        code(with(|r| r.memo = ReturnMemo::Id(0)), &facts(), Some(&asks)),
        "payment"
    );
    assert_eq!(code(with(muxed), &facts(), Some(&asks)), "payment");
    let both = with(|r| {
        muxed(r);
        r.memo = ReturnMemo::Id(5);
    });
    assert_eq!(code(both, &facts(), Some(&facts())), "memo_beside_muxed_id");
    let planned = plan(with(muxed), &facts(), Some(&facts())).unwrap();
    let summary = decode(&build(&planned).unwrap().envelope).unwrap();
    let Action::Pay {
        to, to_muxed_id, ..
    } = &summary.operations[0].action
    else {
        panic!("a payment");
    };
    assert_eq!((to, *to_muxed_id), (&account(2), Some(u64::MAX)));
    // The same account without the id inside is another destination.
    let plain = plan(request(), &facts(), Some(&facts())).unwrap();
    let bytes = build(&plain).unwrap().envelope;
    assert_eq!(verify(&bytes, &planned), Err(Deviation::Destination));
}

#[test]
fn pitfall_077_an_absent_destination_is_created() {
    assert_eq!(code(request(), &facts(), None), "create_account");
    assert_eq!(
        code(with(|r| r.amount = amount(10_000_000)), &facts(), None),
        "create_account"
    );
    assert_eq!(
        code(with(|r| r.amount = amount(9_999_999)), &facts(), None),
        "below_starting_balance"
    );
    assert_eq!(
        code(with(|r| r.asset = Some(usdc())), &holding(90_000_000), None),
        "asset_needs_account"
    );
    assert_eq!(
        code(with(|r| r.to_muxed_id = Some(1)), &facts(), None),
        "muxed_needs_account"
    );
    let planned = plan(request(), &facts(), None).unwrap();
    let paid = ReturnPlan {
        operation: ReturnOperation::Payment,
        ..planned.clone()
    };
    assert_eq!(
        verify(&build(&paid).unwrap().envelope, &planned),
        Err(Deviation::Operation)
    );
}

#[test]
fn pitfall_078_the_reserve_stays() {
    let to = facts();
    // Two reserves of 0.5 and the fee: 1000 - 10 = 990 million stroops can go, fee included.
    let ask = |stroops, source: &AccountFacts| {
        code(with(|r| r.amount = amount(stroops)), source, Some(&to))
    };
    assert_eq!(ask(989_999_900, &facts()), "payment");
    assert_eq!(ask(989_999_901, &facts()), "underfunded");
    let changed = |change: fn(&mut AccountFacts)| {
        let mut source = facts();
        change(&mut source);
        source
    };
    for (source, most) in [
        (changed(|facts| facts.subentries = 3), 974_999_900),
        (
            changed(|facts| facts.native_selling = amount(1_000_000)),
            988_999_900,
        ),
        (changed(|facts| facts.sponsoring = 1), 984_999_900),
        (changed(|facts| facts.sponsored = 2), 999_999_900),
        (
            changed(|facts| facts.base_reserve = amount(100_000_000)),
            799_999_900,
        ),
    ] {
        assert_eq!(ask(most, &source), "payment", "{source:?}");
        assert_eq!(ask(most + 1, &source), "underfunded", "{source:?}");
    }
    // More sponsored than there can be: nothing is spendable rather than everything.
    assert_eq!(ask(1, &changed(|facts| facts.sponsored = 3)), "underfunded");
    let poor = AccountFacts {
        native: amount(10_000_050),
        ..holding(90_000_000)
    };
    assert_eq!(
        code(with(|r| r.asset = Some(usdc())), &poor, Some(&holding(0))),
        "reserve_touched"
    );
}

#[test]
fn pitfall_079_trust_lines_of_both_sides() {
    let asset = |stroops: u128| {
        with(|request| {
            request.asset = Some(usdc());
            request.amount = amount(stroops);
        })
    };
    let source = holding(600_000_000);
    let changed = |change: fn(&mut TrustLine)| {
        let mut held = line(0);
        change(&mut held);
        AccountFacts {
            line: Some(held),
            ..facts()
        }
    };
    for (name, to, stroops, expected) in [
        ("room", changed(|_| {}), 500_000_000, "payment"),
        ("none", facts(), 1, "trust_line_missing"),
        (
            "not authorised",
            changed(|line| line.authorized = false),
            1,
            "not_authorized",
        ),
        (
            "to the limit",
            changed(|line| line.balance = amount(500_000_000)),
            500_000_000,
            "payment",
        ),
        (
            "past it",
            changed(|line| line.balance = amount(500_000_001)),
            500_000_000,
            "limit_exceeded",
        ),
        (
            "offers count",
            changed(|line| line.buying = amount(500_000_001)),
            500_000_000,
            "limit_exceeded",
        ),
        (
            "limit below balance",
            changed(|line| line.limit = Amount::ZERO),
            1,
            "limit_exceeded",
        ),
    ] {
        assert_eq!(code(asset(stroops), &source, Some(&to)), expected, "{name}");
    }
    let to = holding(0);
    assert_eq!(code(asset(600_000_001), &source, Some(&to)), "underfunded");
    assert_eq!(code(asset(1), &facts(), Some(&to)), "cannot_send");
    let frozen = AccountFacts {
        line: Some(TrustLine {
            authorized: false,
            ..line(600_000_000)
        }),
        ..facts()
    };
    assert_eq!(code(asset(1), &frozen, Some(&to)), "cannot_send");
    let offered = AccountFacts {
        line: Some(TrustLine {
            selling: amount(600_000_000),
            ..line(600_000_000)
        }),
        ..facts()
    };
    assert_eq!(code(asset(1), &offered, Some(&to)), "underfunded");
    // The issuer takes its own asset without a line.
    let to_issuer = with(|request| {
        request.asset = Some(usdc());
        request.to = issuer();
    });
    assert_eq!(code(to_issuer, &source, Some(&facts())), "payment");
}

#[test]
fn own_every_deviation_has_its_reason() {
    let planned = plan(request(), &facts(), Some(&facts())).unwrap();
    let genuine = build(&planned).unwrap().envelope;
    let other = |change: fn(&mut ReturnRequest)| {
        let plan = ReturnPlan {
            request: with(change),
            operation: ReturnOperation::Payment,
        };
        verify(&build(&plan).unwrap().envelope, &planned).unwrap_err()
    };
    assert_eq!(other(|r| r.from = account(7)), Deviation::Source);
    assert_eq!(other(|r| r.fee = 101), Deviation::Fee);
    assert_eq!(other(|r| r.sequence = 79), Deviation::Sequence);
    assert_eq!(other(|r| r.valid_until += 1), Deviation::TimeBounds);
    assert_eq!(other(|r| r.valid_from = 1), Deviation::TimeBounds);
    assert_eq!(other(|r| r.memo = ReturnMemo::Id(0)), Deviation::Memo);
    assert_eq!(other(|r| r.to = account(3)), Deviation::Destination);
    assert_eq!(other(|r| r.asset = Some(usdc())), Deviation::Asset);
    assert_eq!(other(|r| r.amount = amount(50_000_001)), Deviation::Amount);
    assert_eq!(
        verify(&genuine[..genuine.len() - 1], &planned),
        Err(Deviation::Unreadable)
    );
    let mut longer = genuine.clone();
    longer.push(0);
    assert!(verify(&longer, &planned).is_err());
    // The network is in what is signed.
    let elsewhere = ReturnPlan {
        request: with(|r| r.network = Network::test()),
        ..planned.clone()
    };
    assert_ne!(verify(&genuine, &elsewhere), verify(&genuine, &planned));
}

proptest! {
    #[test]
    fn own_what_is_built_is_read_and_verified(
        stroops in 1_u128..=i64::MAX.unsigned_abs().into(),
        sequence in 1_i64..,
        fee in 100_u32..,
        bounds in (0_u64..1_000, 1_000_u64..),
        muxed: Option<u64>,
        code in "[A-Za-z0-9]{1,12}",
        issued: bool,
        memo in prop_oneof![Just(ReturnMemo::None), any::<u64>().prop_map(ReturnMemo::Id), "[a-zä]{0,14}".prop_map(ReturnMemo::Text),
            any::<[u8; 32]>().prop_map(ReturnMemo::Hash), any::<[u8; 32]>().prop_map(ReturnMemo::Return)],
    ) {
        let request = with(|request| {
            request.amount = amount(stroops);
            request.sequence = sequence;
            request.fee = fee;
            (request.valid_from, request.valid_until) = bounds;
            request.asset = issued.then(|| address::asset_text(&code, &issuer()));
            request.to_muxed_id = muxed.filter(|_| memo == ReturnMemo::None);
            request.memo = memo;
        });
        let plan = ReturnPlan { request, operation: ReturnOperation::Payment };
        let built = build(&plan).unwrap();
        let summary = decode(&built.envelope).unwrap();
        prop_assert_eq!(summary.time_bounds, Some(bounds));
        prop_assert_eq!(&summary.operations[0].action, &Action::Pay {
            to: account(2), to_muxed_id: plan.request.to_muxed_id, asset: plan.request.asset.clone(),
            amount: i64::try_from(stroops).unwrap(),
        });
        prop_assert_eq!(verify(&built.envelope, &plan), Ok(built.hash));
    }

    #[test]
    fn own_no_changed_bit_passes(at: prop::sample::Index, bit in 0_u8..8) {
        let planned = plan(with(|r| r.memo = ReturnMemo::Text("return".to_owned())), &facts(), Some(&facts())).unwrap();
        let mut bytes = build(&planned).unwrap().envelope;
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        // Only a signature could be added without changing what was planned, and one bit adds none.
        prop_assert!(verify(&bytes, &planned).is_err());
    }

    #[test]
    fn own_any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = decode(&bytes);
    }
}
