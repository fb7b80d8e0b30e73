//! A quote that a customer has seen stays what it is, whatever becomes of the policy.

mod common;
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use recover_core::amount::Amount;
use recover_core::claim::{Claim, Resolution};
use recover_core::decimal::Decimal;
use recover_core::fee::QuoteRefusal;
use recover_core::observation::Position;
use recover_core::people::{Person, Role};
use recover_engine::claims::{OpenOptions, QuoteOptions, QuotedClaim, StepOptions};
use recover_engine::config::Policy;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::scan::{ScanOptions, Silent};
use recover_source::chain::NetworkCost;
use recover_store::{Price, Store};
use std::collections::BTreeSet;
use support::{
    Chain, NOW, addresses, chain, cover_ledger, engine_under, native, payment, shipped_policy, time,
};

/// The day after, when the votes are given; and four days later, when the changed policy is in force.
const NEXT_DAY: &str = "2026-03-02T12:00:00Z";
const LATER: &str = "2026-03-06T12:00:00Z";

/// A fee of 7.50 for a good deposit that was not booked, where the shipped policy takes none.
fn first() -> Policy {
    let text = shipped_policy().text;
    policy(&text.replacen("amount = \"0\"\n", "amount = \"7.5\"\n", 1))
}

/// Twice the fee, another margin, other limits, no waivers and an hour less.
fn second() -> Policy {
    let text = first().text;
    let (before, rest) = text.split_once("[[waiver]]").expect("it has waivers");
    let (_, after) = rest.split_once("[approval]").expect("it has approval");
    let changed = format!("{before}[approval]{after}")
        .replacen("amount = \"7.5\"", "amount = \"15\"", 1)
        .replace("gas_buffer_percent = \"25\"", "gas_buffer_percent = \"80\"")
        .replace("quote_valid_minutes = 1440", "quote_valid_minutes = 60");
    policy(&changed)
}

fn policy(text: &str) -> Policy {
    Policy::parse("policy.toml", text, None).expect("it is sound")
}

fn specialist() -> Person {
    Person {
        name: "ana".to_owned(),
        roles: BTreeSet::from([Role::Specialist]),
        keys: Vec::new(),
    }
}

fn lead(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        roles: BTreeSet::from([Role::WalletLead]),
        keys: Vec::new(),
    }
}

/// A coin at 2,000, moved for 0.001 at most.
async fn opened(engine: &Engine, chain: &Chain) -> Claim {
    let owner = format!("U1,deposit,evm,{},,,eoa\n", support::address(1).text());
    addresses(engine, &owner).await;
    cover_ledger(engine).await;
    let credit = payment(7, Position::value(), 1, 10_u128.pow(17));
    chain.state().put(10, credit.clone());
    let cost = Amount::from_u128(10_u128.pow(15));
    chain.state().cost = Some(NetworkCost {
        native_transfer: cost,
        token_transfer: cost,
        contract_step: cost,
        added_input: None,
        reserve: None,
        basis: "scripted".to_owned(),
    });
    engine
        .scan(&ScanOptions::default(), &Silent)
        .await
        .expect("the store works");
    let options = OpenOptions {
        resolution: Some(Resolution::SweepThenCredit),
        ..OpenOptions::default()
    };
    engine
        .open_claim(&credit.id(), &options, &specialist())
        .await
        .expect("it is opened")
}

async fn priced(engine: &Engine, at: &str) {
    let by = |source: &str| Price {
        asset: native(),
        currency: "USD".to_owned(),
        price: Decimal::whole(2_000),
        priced_at: time(at),
        source: source.to_owned(),
    };
    let prices = vec![by("file"), by("second")];
    let stored = engine.store().import_prices(prices, time(at)).await;
    assert_eq!(stored.expect("stored").inserted, 2);
}

/// One database and one network, under whichever policy is loaded.
struct Desk {
    chain: Chain,
    store: Store,
}

impl Desk {
    async fn open() -> Self {
        Self {
            chain: chain(50, Some(40)),
            store: Store::open("sqlite::memory:").await.expect("a store"),
        }
    }

    fn under(&self, policy: Policy, now: &str) -> Engine {
        engine_under(self.store.clone(), &self.chain, policy, now)
    }

    /// The engine under the first policy, and a claim of which everything has a price.
    async fn priced_claim(&self) -> (Engine, Claim) {
        let engine = self.under(first(), NOW);
        let claim = opened(&engine, &self.chain).await;
        priced(&engine, NOW).await;
        (engine, claim)
    }
}

async fn quoted_with(engine: &Engine, claim: &Claim) -> QuotedClaim {
    engine
        .quote_claim(&claim.id, &QuoteOptions::default(), &specialist())
        .await
        .expect("it is quoted")
}

async fn quoted(engine: &Engine, claim: &Claim) -> Claim {
    quoted_with(engine, claim).await.claim
}

/// The people of the first policy agree to the second.
async fn agreed(engine: &Engine) {
    for person in ["jonas", "kim", "farah"] {
        engine
            .approve_policy(2, Some(person))
            .await
            .expect("it counts");
    }
}

#[tokio::test]
async fn own_a_changed_policy_never_changes_an_existing_quote() {
    let desk = Desk::open().await;
    let (engine, claim) = desk.priced_claim().await;
    let before = quoted(&engine, &claim).await;
    let quote = before.quote.clone().expect("it has one");
    assert_eq!(quote.policy_version, 1);
    assert_eq!(quote.quote.value.to_string(), "200.00");
    assert_eq!(quote.quote.service_fee.to_string(), "7.50");
    // 0.001 and a quarter of it, at 2,000.
    assert_eq!(quote.quote.network_fee.to_string(), "2.50");
    let digest = before.content_digest();

    // The file is edited, agreed to, and in force.
    let changed = second();
    agreed(&desk.under(changed.clone(), NEXT_DAY)).await;
    let engine = desk.under(changed, LATER);
    assert_eq!(
        engine.policy_in_force().await.expect("it is kept").number,
        2
    );

    // To the last line, and to the digest that people voted on.
    let after = engine.claim(&before.id).await.expect("it is kept");
    assert_eq!(after, before);
    assert_eq!(after.content_digest(), digest);
    assert_eq!(after.quote.as_ref(), Some(&quote));
    let version = engine.policy_version(1).await.expect("it is kept");
    assert_eq!(version.text, first().text);

    // What is quoted anew is another quote, under the new version, and the old one stays in the log.
    priced(&engine, LATER).await;
    let again = quoted(&engine, &after).await;
    let new = again.quote.expect("it has one");
    assert_eq!(new.policy_version, 2);
    assert_eq!(new.quote.service_fee.to_string(), "15.00");
    assert_eq!(new.quote.network_fee.to_string(), "3.60");
}

#[tokio::test]
async fn own_a_waiver_that_counts_no_more_is_named() {
    let desk = Desk::open().await;
    let (engine, claim) = desk.priced_claim().await;
    for (code, name) in [("venue_fault", "emre"), ("goodwill", "ines")] {
        engine
            .waive_claim(
                &claim.id,
                code,
                "our page was wrong",
                &StepOptions::default(),
                &lead(name),
            )
            .await
            .expect("a lead grants it");
    }
    let before = quoted_with(&engine, &claim).await;
    assert!(before.lost_waivers.is_empty(), "{:?}", before.lost_waivers);
    let quote = before.claim.quote.expect("it has one").quote;
    assert_eq!(quote.total_fee.to_string(), "0.00");

    agreed(&desk.under(second(), NEXT_DAY)).await;
    let engine = desk.under(second(), LATER);
    // Where there is no quote it is said as well: the customer was told of it.
    let unpriced = engine
        .quote_claim(&claim.id, &QuoteOptions::default(), &specialist())
        .await;
    let Err(EngineError::NoQuote {
        refusal,
        detail,
        lost_waivers,
    }) = unpriced
    else {
        panic!("{unpriced:?}");
    };
    assert_eq!(refusal, QuoteRefusal::PriceUnknown);
    // Not what balances pay in, which has no price either: nothing is paid beside this deposit.
    assert!(detail.contains("ethereum/native"), "{detail}");
    assert_eq!(lost_waivers, ["venue_fault", "goodwill"]);
    priced(&engine, LATER).await;
    let after = quoted_with(&engine, &claim).await;
    assert_eq!(after.lost_waivers, ["venue_fault", "goodwill"]);
    let quote = after.claim.quote.expect("it has one").quote;
    assert_eq!(quote.service_fee.to_string(), "15.00");
}
