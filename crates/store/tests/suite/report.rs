//! What is missing, added up: once a deposit, dearest first, and an unknown value is never zero.

use super::appeals::{appeal, outcome};
use super::{Backend, address_text, at, deposit, ethereum, imported, now, payload, record};
use recover_core::advice::Lack;
use recover_core::amount::Amount;
use recover_core::appeal::MatchDecision;
use recover_core::asset::AssetId;
use recover_core::book::{AddressRole, ControlRecord};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::verdict::{How, Missing, Reason, Verdict};
use recover_store::{LackRow, LackTotals, Lacks, Price, Store};

/// A deposit of an owner with a verdict, at the address of that number.
fn of(tx: &str, kind: Kind, verdict: Verdict, owner: Option<&str>, to: u32) -> Deposit {
    let mut deposit = deposit(tx, 5);
    deposit.classification.kind = kind;
    deposit.classification.verdict = verdict;
    deposit.classification.owner = owner.map(str::to_owned);
    if let Origin::Observed(seen) = &mut deposit.origin {
        seen.to = super::address(to);
    }
    deposit
}

fn on(mut deposit: Deposit, network: &str) -> Deposit {
    if let Origin::Observed(seen) = &mut deposit.origin {
        seen.network = NetworkId::new(network);
        seen.asset = AssetId::native(NetworkId::new(network));
    }
    deposit
}

async fn value(store: &Store, deposit: &Deposit, cents: i64) {
    let price = Price {
        asset: AssetId::native(ethereum()),
        currency: "USD".into(),
        price: Decimal::parse("1").unwrap(),
        priced_at: at(1),
        source: "test".into(),
    };
    store
        .update_values(vec![(deposit.id(), Some((cents, price.id())))])
        .await
        .unwrap();
}

fn told(rows: &[LackRow]) -> Vec<(Lack, &str, u128, u64, u64, u64)> {
    rows.iter()
        .map(|row| {
            (
                row.lack,
                row.subject.as_str(),
                row.value_cents,
                row.without_value,
                row.customers,
                row.deposits,
            )
        })
        .collect()
}

pub async fn what_is_missing_is_ranked_by_value(backend: Backend) {
    let store = backend.open().await;
    let suspended = Verdict::Conditional(Missing::NetworkSuspended);
    let review = Verdict::Conditional(Missing::TokenReviewMissing);
    let factory = Verdict::Conditional(Missing::FactoryAbsent);
    let waits = of(
        "0x1",
        Kind::SuspendedNetwork,
        suspended.clone(),
        Some("u1"),
        1,
    );
    let again = of("0x2", Kind::SuspendedNetwork, suspended, Some("u1"), 1);
    let token = of("0x3", Kind::UnlistedToken, review, None, 2);
    let contract = on(
        of("0x4", Kind::WrongChainContract, factory, Some("u2"), 3),
        "bsc",
    );
    let far = on(
        of(
            "0x5",
            Kind::WrongChainSameKey,
            Verdict::NotRecoverable(Reason::NetworkOutOfReach),
            Some("u3"),
            4,
        ),
        "celo",
    );
    let unpriced = of(
        "0x6",
        Kind::MissedCredit,
        Verdict::Controllable(How::OwnAccount),
        Some("u4"),
        5,
    );
    // What is not in it: with a price and a way, booked, gone, and what time brings.
    let fine = of(
        "0x7",
        Kind::MissedCredit,
        Verdict::Controllable(How::OwnAccount),
        Some("u5"),
        5,
    );
    let mut lost = of(
        "0x8",
        Kind::NoKey,
        Verdict::NotRecoverable(Reason::KeyLost),
        Some("u5"),
        5,
    );
    // As the classifier leaves it: nobody works it.
    lost.status = DepositStatus::Resolved;
    let young = of(
        "0x9",
        Kind::MissedCredit,
        Verdict::Conditional(Missing::FinalityMissing),
        Some("u5"),
        5,
    );
    let mut gone = of(
        "0xa",
        Kind::SuspendedNetwork,
        Verdict::Conditional(Missing::NetworkSuspended),
        Some("u9"),
        5,
    );
    gone.status = DepositStatus::Gone;
    let all = [
        &waits, &again, &token, &contract, &far, &unpriced, &fine, &lost, &young, &gone,
    ];
    store
        .upsert_observed(all.into_iter().cloned().collect(), now())
        .await
        .unwrap();
    for (deposit, cents) in [
        (&waits, i64::MAX),
        (&again, i64::MAX),
        (&contract, 700),
        (&far, 700),
        (&fine, 9_900),
        (&lost, 9_000),
        (&young, 9_900),
    ] {
        value(&store, deposit, cents).await;
    }
    // The factory stands in the address book, twice; the token's claimant in two appeals of theirs and one that ended.
    let mut made = record(3, AddressRole::Deposit);
    made.payload = Some(payload(3));
    made.control = ControlRecord::Create2 {
        factory: [0xfa; 20],
        salt: [1; 32],
        init_code_hash: [2; 32],
    };
    let mut twice = made.clone();
    twice.user_id = Some("u99".into());
    store
        .import_addresses(vec![made, twice], now())
        .await
        .unwrap();
    let appeals = vec![
        appeal("A-1", "u7"),
        appeal("A-2", "u7"),
        appeal("A-3", "u8"),
    ];
    store.import_appeals(appeals, now()).await.unwrap();
    let outcomes = ["A-1", "A-2", "A-3"]
        .map(|id| outcome(id, Some(token.id()), MatchDecision::Conflict))
        .to_vec();
    store.put_match_outcomes(outcomes, now()).await.unwrap();

    let factory = format!("bsc 0x{}", "fa".repeat(20));
    let twice_the_most = 2 * u128::from(i64::MAX.unsigned_abs());
    let native = "ethereum/native";
    let lacks = store.lacks(&[NetworkId::new("bsc")]).await.unwrap();
    let rows = lacks.rows;
    assert_eq!(
        told(&rows),
        [
            (Lack::Network, "ethereum", twice_the_most, 0, 1, 2),
            (Lack::Key, "ethereum", 9_000, 0, 1, 1),
            (Lack::Network, "celo", 700, 0, 1, 1),
            (Lack::Factory, factory.as_str(), 700, 0, 1, 1),
            (Lack::Review, native, 0, 1, 2, 1),
            (Lack::Price, native, 0, 1, 1, 1),
        ]
    );
    // What lacks two things counts under the first, and says so.
    let also: Vec<(u64, u64)> = rows
        .iter()
        .map(|row| (row.also_price, row.also_network))
        .collect();
    assert_eq!(also, [(0, 0), (0, 0), (0, 0), (0, 1), (1, 0), (0, 0)]);
    assert_eq!(
        lacks.totals,
        LackTotals {
            customers: 7,
            wait_for_time: 1,
            key_lost: 1,
        }
    );
}

pub async fn a_files_row_of_what_was_seen_counts_once(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(store.lacks(&[]).await.unwrap(), Lacks::default());
    store
        .import_deposits(vec![imported("D-1", "0x1"), imported("D-2", "0x2")], now())
        .await
        .unwrap();
    let rows = store.lacks(&[]).await.unwrap().rows;
    assert_eq!(told(&rows), [(Lack::Source, "ethereum", 0, 2, 0, 2)]);
    assert_eq!(rows[0].also_price, 2);
    let mut seen = deposit("0x1", 5);
    assert_eq!(seen.to(), address_text(1));
    seen.classification.verdict = Verdict::Conditional(Missing::LedgerCoverageMissing);
    if let Origin::Observed(seen) = &mut seen.origin {
        seen.amount = Amount::from_u128(7);
    }
    store.upsert_observed(vec![seen], now()).await.unwrap();
    let rows = store.lacks(&[]).await.unwrap().rows;
    assert_eq!(
        told(&rows),
        [
            (Lack::Ledger, "ethereum", 0, 1, 1, 1),
            (Lack::Source, "ethereum", 0, 1, 0, 1),
        ]
    );
}
