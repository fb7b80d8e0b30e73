//! The client against a server in memory.

use crate::fixture::seen;
use crate::world::{Fault, World, account, life, not_found, ours, problem};
use recover_chain_stellar::{Horizon, address, open};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_source::chain::{AccountRequest, ChainRead, Lookup};
use recover_source::conformance::{AccountCase, check_account, read};
use recover_source::error::{Advice, SourceError};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use serde_json::json;
use std::time::Duration;

fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

fn unknown() -> TxId {
    TxId::new(&"ab".repeat(32))
}

fn hash_at(world: &World, ledger: u64, number: usize) -> TxId {
    let of: Vec<_> = world
        .transactions
        .values()
        .filter(|record| record["ledger"] == json!(ledger))
        .collect();
    let mut of: Vec<_> = of
        .iter()
        .map(|record| {
            let token: u64 = record["paging_token"].as_str().unwrap().parse().unwrap();
            (token, record["hash"].as_str().unwrap())
        })
        .collect();
    of.sort_unstable();
    TxId::new(of[number].1)
}

async fn all(source: &Horizon, range: HeightRange) -> Vec<String> {
    let mut broken = Vec::new();
    let credits = read(source, &ours(), range, &mut broken).await.unwrap();
    assert_eq!(broken, Vec::<String>::new());
    credits.iter().map(seen).collect()
}

#[tokio::test]
async fn own_the_conformance_suite_holds() {
    let (world, credits) = life(7);
    let case = AccountCase {
        address: ours(),
        range: range(100, 180),
        credits: Some(credits * 7 / 7),
        known: Some(hash_at(&world, 100, 0)),
        unknown: unknown(),
        two_credits: Some(hash_at(&world, 100, 1)),
        failed: Some(hash_at(&world, 101, 1)),
    };
    for rows in [1, 2, 3, 5, 7, 20, 200] {
        let (world, _) = life(7);
        let (_, source) = world.source_with(|settings| settings.page_size = Some(rows));
        let broken = check_account(&source, &case).await;
        assert_eq!(broken, Vec::<String>::new(), "{rows} rows a page");
    }
}

#[tokio::test]
async fn own_what_one_round_of_a_life_gives() {
    let (world, _) = life(1);
    let (_, source) = world.source();
    insta::assert_snapshot!(all(&source, range(100, 110)).await.join("\n"));
}

#[tokio::test]
async fn own_every_fault_leaves_the_same_history() {
    let (world, _) = life(12);
    let (_, source) = world.source();
    let expected = all(&source, range(100, 230)).await;
    assert!(expected.len() > 100);
    for (every, fault) in [
        (3, Fault::RateLimit),
        (3, Fault::Problem(503, "stale_history")),
        (4, Fault::Problem(504, "timeout")),
        (2, Fault::Html),
        (3, Fault::CutBody),
        (3, Fault::RepeatPage),
        (2, Fault::Shuffle),
        (2, Fault::ShortPage),
    ] {
        let (mut world, _) = life(12);
        world.faults.push((every, fault));
        let (_, source) = world.source();
        assert_eq!(all(&source, range(100, 230)).await, expected, "{fault:?}");
    }
    let (mut world, _) = life(12);
    world.joins = false;
    let (_, source) = world.source();
    assert_eq!(
        all(&source, range(100, 230)).await,
        expected,
        "join ignored"
    );
}

#[tokio::test]
async fn own_a_server_that_lags_speaks_for_nothing_it_has_not() {
    let (mut world, _) = life(2);
    world.latest = 109;
    let (_, source) = world.source_with(|settings| settings.retry = RetryPolicy::once());
    let request = |to| AccountRequest {
        address: ours(),
        range: range(100, to),
        resume: None,
    };
    let error = source.account_page(&request(120)).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Retry, "{error}");
    assert!(error.to_string().contains("newest block is 109"), "{error}");
    assert!(source.account_page(&request(109)).await.is_ok());
}

#[tokio::test]
async fn own_history_that_was_dropped_is_a_gap() {
    let (mut world, _) = life(3);
    world.elder = 115;
    let (_, source) = world.source_with(|settings| settings.page_size = Some(200));
    let mut request = AccountRequest {
        address: ours(),
        range: range(100, 140),
        resume: None,
    };
    let mut pages = 0;
    loop {
        let page = source.account_page(&request).await.unwrap();
        pages += 1;
        assert!(!page.gaps.is_empty());
        for gap in &page.gaps {
            assert_eq!(gap.range, range(100, 114));
            assert!(
                gap.reason.contains("begins at ledger 115"),
                "{}",
                gap.reason
            );
        }
        let Some(next) = page.next else { break };
        request.resume = Some(next);
    }
    assert!(pages >= 1);
    let contract = AccountRequest {
        address: address::contract([5; 32]),
        range: range(100, 140),
        resume: None,
    };
    let page = source.account_page(&contract).await.unwrap();
    assert_eq!(page.gaps[0].range, range(100, 140));
    assert!(page.gaps[0].reason.contains("contracts"));
}

#[tokio::test]
async fn own_another_network_with_the_same_interface_is_refused() {
    for (passphrase, found) in [
        ("Pi Network", "'Pi Network'"),
        ("Test SDF Network ; September 2015", "stellar:testnet"),
    ] {
        let (mut world, _) = life(1);
        world.passphrase = passphrase.to_owned();
        let (_, source) = world.source();
        let request = AccountRequest {
            address: ours(),
            range: range(100, 110),
            resume: None,
        };
        let errors = [
            source.capabilities().await.map(|_| ()),
            source.head().await.map(|_| ()),
            source.header(Height(5)).await.map(|_| ()),
            source.account(&ours()).await.map(|_| ()),
            source.transaction(&unknown()).await.map(|_| ()),
            source.account_page(&request).await.map(|_| ()),
            source.network_cost().await.map(|_| ()),
        ];
        for error in errors {
            let error = error.unwrap_err();
            assert!(matches!(error, SourceError::WrongNetwork { .. }), "{error}");
            assert!(error.to_string().contains(found), "{error}");
        }
    }
}

#[tokio::test]
async fn own_not_found_is_absence_only_where_it_is_proved() {
    for (proves, elder, absent) in [(false, 2, false), (true, 2, true), (true, 50, false)] {
        let (mut world, _) = life(1);
        world.elder = elder;
        let (_, source) = world.source_with(|settings| settings.proves_absence = proves);
        let found = source.transaction(&unknown()).await.unwrap();
        assert_eq!(found == Lookup::Absent, absent, "{found:?}");
        assert!(!matches!(found, Lookup::Found(_)));
    }
    let (mut world, _) = life(1);
    let path = format!("/transactions/{}", unknown());
    world
        .fixed
        .insert(path.clone(), problem(410, "before_history"));
    let (_, source) = world.source_with(|settings| settings.proves_absence = true);
    assert!(matches!(
        source.transaction(&unknown()).await.unwrap(),
        Lookup::Unknown { .. }
    ));
    // A 404 that no Horizon wrote is no "not found".
    let (mut world, _) = life(1);
    world.fixed.insert(path, problem(404, "not_implemented"));
    let (_, source) = world.source_with(|settings| settings.proves_absence = true);
    assert!(source.transaction(&unknown()).await.is_err());
    assert!(matches!(
        source.transaction(&TxId::new("0x12")).await.unwrap(),
        Lookup::Unknown { .. }
    ));
}

#[tokio::test]
async fn own_an_answer_about_something_else_is_not_believed() {
    let (world, _) = life(1);
    let known = hash_at(&world, 100, 0);
    let other = hash_at(&world, 102, 0);
    let inconsistent = |error: SourceError| {
        assert_eq!(error.advice(), Advice::Disbelieve, "{error}");
    };
    let mut lying = life(1).0;
    let record = lying.transactions[other.as_str()].clone();
    lying.fixed.insert(format!("/transactions/{known}"), record);
    lying.fixed.insert(
        "/ledgers/7".to_owned(),
        json!({"sequence": 8, "closed_at": "2020-01-01T00:00:00Z"}),
    );
    lying.fixed.insert(
        format!("/accounts/{}", ours().text()),
        json!({"account_id": account(2).text(), "sequence": "1", "balances": []}),
    );
    let (_, source) = lying.source();
    inconsistent(source.transaction(&known).await.unwrap_err());
    inconsistent(source.header(Height(7)).await.unwrap_err());
    inconsistent(source.account(&ours()).await.unwrap_err());
    // An operation of the transaction is held back.
    let mut partial = life(1).0;
    partial.transactions.get_mut(known.as_str()).unwrap()["operation_count"] = json!(2);
    let (_, source) = partial.source();
    inconsistent(source.transaction(&known).await.unwrap_err());
}

#[tokio::test]
async fn own_head_and_headers() {
    let (mut world, _) = life(1);
    world.elder = 50;
    let (_, source) = world.source();
    let head = source.head().await.unwrap();
    assert_eq!(head.latest.block.height, Height(1_000_000));
    assert_eq!(head.finalized, Some(Height(1_000_000)));
    let at = source.header(Height(999_999)).await.unwrap().unwrap();
    assert_eq!(head.latest.parent, at.block.hash);
    assert_eq!(source.header(Height(1_000_001)).await.unwrap(), None);
    assert!(matches!(
        source.header(Height(10)).await,
        Err(SourceError::NotKept { .. })
    ));
    // What an observation names is what the header names.
    let credits = all_credits(&source).await;
    let block = credits[0].block.clone().unwrap();
    let header = source.header(block.height).await.unwrap().unwrap();
    assert_eq!(
        (header.block.hash, header.block.time),
        (block.hash, block.time)
    );
}

async fn all_credits(source: &Horizon) -> Vec<recover_core::observation::Observation> {
    let mut broken = Vec::new();
    read(source, &ours(), range(100, 110), &mut broken)
        .await
        .unwrap()
}

fn account_record() -> serde_json::Value {
    json!({
        "id": ours().text(), "account_id": ours().text(), "sequence": "77", "subentry_count": 3,
        "num_sponsoring": 1, "num_sponsored": 2, "data": {"config.memo_required": "MQ=="},
        "balances": [
            {"asset_type": "liquidity_pool_shares", "liquidity_pool_id": "00", "balance": "1.0000000", "limit": "5.0000000"},
            {"asset_type": "credit_alphanum4", "asset_code": "USDC", "asset_issuer": account(200).text(), "balance": "30.0000000",
             "limit": "922337203685.4775807", "buying_liabilities": "1.0000000", "selling_liabilities": "2.0000000", "is_authorized": false},
            {"asset_type": "credit_alphanum4", "asset_code": "XLM", "asset_issuer": account(200).text(), "balance": "99.0000000",
             "limit": "100.0000000"},
            {"asset_type": "native", "balance": "12.3456789", "buying_liabilities": "0.0000000", "selling_liabilities": "0.5000000"},
        ],
    })
}

#[tokio::test]
async fn own_accounts_and_balances() {
    let network = NetworkId::new("stellar");
    let (mut world, _) = life(1);
    world
        .fixed
        .insert(format!("/accounts/{}", ours().text()), account_record());
    world.fixed.insert(
        "/fee_stats".to_owned(),
        json!({"last_ledger_base_fee": "100", "fee_charged": {"p95": "2500"}, "max_fee": {"p95": "10000"}}),
    );
    let (_, source) = world.source();
    let state = source.account(&ours()).await.unwrap();
    assert_eq!((state.nonce, state.at), (77, Height(1_000_000)));
    let usdc = AssetId::contract(network.clone(), &address::asset_text("USDC", &account(200)));
    let fake = AssetId::contract(network.clone(), &address::asset_text("XLM", &account(200)));
    let other = AssetId::contract(network.clone(), &address::asset_text("USDC", &account(201)));
    let native = AssetId::native(network.clone());
    for (asset, stroops) in [
        (&usdc, 300_000_000),
        (&fake, 990_000_000),
        (&other, 0),
        (&native, 123_456_789),
    ] {
        assert_eq!(
            source.balance(&ours(), asset).await.unwrap(),
            Amount::from_u128(stroops),
            "{asset}"
        );
    }
    let nobody = account(99);
    assert_eq!(source.account(&nobody).await.unwrap().nonce, 0);
    assert_eq!(
        source.balance(&nobody, &native).await.unwrap(),
        Amount::ZERO
    );
    assert!(source.account(&address::contract([3; 32])).await.is_err());
    let cost = source.network_cost().await.unwrap();
    assert_eq!(cost.native_transfer, Amount::from_u128(2500));
    // Two entries of half a coin each, by the newest ledger.
    assert_eq!(cost.reserve, Some(Amount::from_u128(10_000_000)));
    assert_eq!(
        cost.basis,
        "one operation at the fee that 95 of 100 transactions paid at most, 2500 stroops (100 at least); a new account keeps 10000000 stroops"
    );
    let claims = source
        .token_claims(usdc.contract_text().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (claims.symbol.as_deref(), claims.decimals),
        (Some("USDC"), Some(7))
    );

    let facts = source.preflight(&ours(), &usdc).await.unwrap().unwrap();
    assert_eq!(facts.sequence, 77);
    assert!(facts.memo_required);
    // (2 + 3 + 1 - 2) base reserves.
    assert_eq!(facts.reserve(), Some(Amount::from_u128(20_000_000)));
    assert_eq!(
        facts.spendable(),
        Amount::from_u128(123_456_789 - 20_000_000 - 5_000_000)
    );
    let line = facts.line.unwrap();
    assert!(!line.authorized);
    assert_eq!(line.selling, Amount::from_u128(20_000_000));
    assert_eq!(
        source
            .preflight(&ours(), &other)
            .await
            .unwrap()
            .unwrap()
            .line,
        None
    );
}

#[tokio::test]
async fn pitfall_077_an_error_is_no_absent_destination() {
    let network = NetworkId::new("stellar");
    let native = AssetId::native(network);
    let path = format!("/accounts/{}", account(50).text());
    for (answer, expected) in [
        (not_found(), Some(true)),
        (problem(500, "server_error"), None),
        (problem(503, "stale_history"), None),
        (problem(504, "timeout"), None),
        (problem(429, "rate_limit_exceeded"), None),
        (problem(404, "not_implemented"), None),
        (problem(400, "bad_request"), None),
        (json!({}), None),
        (json!({"_embedded": {"records": []}}), None),
    ] {
        let (mut world, _) = life(1);
        world.fixed.insert(path.clone(), answer.clone());
        let (_, source) = world.source_with(|settings| settings.retry = RetryPolicy::once());
        let found = source.preflight(&account(50), &native).await;
        assert_eq!(
            found.as_ref().ok().map(Option::is_none),
            expected,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn own_an_effect_is_missing_and_the_amount_is_not_guessed() {
    // A merge whose effects the server does not give: the account's page cannot be told, the look-up says what is unread.
    let (mut world, _) = life(1);
    let merge = hash_at(&world, 103, 0);
    world
        .effects
        .retain(|(operation, _), _| operation >> 32 != 103);
    let (_, source) = world.source_with(|settings| settings.retry = RetryPolicy::once());
    let Lookup::Found(view) = source.transaction(&merge).await.unwrap() else {
        panic!("it is there");
    };
    assert!(view.credits.is_empty());
    assert!(!view.unread.is_empty());
    let mut broken = Vec::new();
    let error = read(&source, &ours(), range(100, 110), &mut broken)
        .await
        .unwrap_err();
    assert_eq!(error.advice(), Advice::Retry, "{error}");
}

#[tokio::test]
async fn own_a_second_server_that_lags_hides_nothing() {
    let (world, _) = life(3);
    let (_, source) = world.source();
    let expected = all(&source, range(100, 130)).await;
    // The range ends at the tip, and every third answer is one of a server that is fifteen ledgers behind.
    let (mut world, _) = life(3);
    world.latest = 130;
    world.lag = Some((3, 15));
    let (_, source) = world.source();
    assert_eq!(all(&source, range(100, 130)).await, expected);
}

#[tokio::test]
async fn own_one_fee_bump_is_one_credit_by_either_hash() {
    let mut world = World::new();
    let mut tx = world.transaction(100, "text", Some("for bob"));
    world.pay(&mut tx, &account(2), &ours(), "10.0000000");
    let outer = tx.hash.clone();
    let inner = "cd".repeat(32);
    let record = world.transactions.get_mut(&outer).unwrap();
    record["fee_account"] = json!(account(3).text());
    record["fee_bump_transaction"] = json!({"hash": outer});
    record["inner_transaction"] = json!({"hash": inner});
    // Asked by the inner hash, Horizon gives the record under that hash and the operations under the outer one.
    let mut by_inner = record.clone();
    by_inner["hash"] = json!(inner);
    by_inner["id"] = json!(inner);
    world
        .fixed
        .insert(format!("/transactions/{inner}"), by_inner);
    let operations = world
        .operations
        .values()
        .map(|(row, ..)| row.clone())
        .collect::<Vec<_>>();
    world.fixed.insert(
        format!("/transactions/{inner}/operations"),
        json!({"_embedded": {"records": operations}}),
    );
    let (_, source) = world.source();
    let mut ids = Vec::new();
    for hash in [&outer, &inner] {
        let Lookup::Found(view) = source.transaction(&TxId::new(hash)).await.unwrap() else {
            panic!("it is there");
        };
        assert_eq!(view.id.as_str(), outer);
        assert_eq!(view.outcome, Outcome::Success);
        ids.extend(view.credits.iter().map(|credit| credit.id()));
    }
    let credits = all_credits(&source).await;
    ids.extend(credits.iter().map(|credit| credit.id()));
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn own_a_claim_says_who_put_the_balance_there_and_with_which_memo() {
    let (mut world, _) = life(1);
    let claim = hash_at(&world, 104, 0);
    world.fixed.insert(
        "/claimable_balances/00/operations".to_owned(),
        json!({"_embedded": {"records": [{
            "id": "210453397505", "type": "create_claimable_balance", "type_i": 14, "source_account": account(12).text(),
            "transaction_successful": true, "transaction": {"hash": "ef".repeat(32), "memo_type": "id", "memo": "4711"},
        }]}}),
    );
    let (_, source) = world.source();
    let Lookup::Found(view) = source.transaction(&claim).await.unwrap() else {
        panic!("it is there");
    };
    let in_history = all_credits(&source).await;
    let in_history = in_history
        .iter()
        .find(|credit| credit.tx_id == claim)
        .unwrap();
    assert_eq!(in_history, &view.credits[0]);
    assert_eq!(in_history.from, Some(account(12)));
    let memos: Vec<String> = in_history.memos.iter().map(crate::fixture::memo).collect();
    assert!(memos[0].starts_with("memo hash"));
    assert_eq!(memos[1], "claimable_balance.memo id \"4711\"");
}

#[tokio::test]
async fn own_an_account_without_history_is_read_in_few_questions() {
    let (world, _) = life(1);
    let (world, source) = world.source();
    let request = AccountRequest {
        address: account(77),
        range: range(100, 200_000),
        resume: None,
    };
    let page = source.account_page(&request).await.unwrap();
    assert_eq!((page.through, page.next), (Some(Height(200_000)), None));
    assert!(page.observations.is_empty() && page.gaps.is_empty());
    assert!(world.log.lock().unwrap().len() <= 4, "far from the tip");
    // A server that never knew the account says so, and that is an empty history too.
    let mut strict = life(1).0;
    for list in ["payments", "effects"] {
        strict.fixed.insert(
            format!("/accounts/{}/{list}", account(77).text()),
            not_found(),
        );
    }
    let (_, source) = strict.source();
    let page = source.account_page(&request).await.unwrap();
    assert_eq!((page.through, page.next), (Some(Height(200_000)), None));
}

#[tokio::test]
async fn own_a_place_of_another_reading_is_refused() {
    let (_, source) = life(1).0.source();
    for resume in [
        "",
        "1",
        "1/2",
        "x/1-1/2",
        "1/1/2",
        "1/1-1/2/3/4",
        "1/1-1/2/9",
        "-1/1-1/2/1",
    ] {
        let request = AccountRequest {
            address: ours(),
            range: range(100, 110),
            resume: Some(resume.to_owned()),
        };
        let error = source.account_page(&request).await.unwrap_err();
        assert!(
            matches!(error, SourceError::Unsupported { .. }),
            "{resume}: {error}"
        );
    }
}

#[test]
fn own_only_horizon_is_opened() {
    let settings = |kind| SourceSettings {
        timeout: Duration::from_secs(1),
        ..SourceSettings::new(
            NetworkId::new("stellar"),
            "pubnet",
            kind,
            "https://horizon.example.com",
        )
    };
    assert!(open(settings("horizon")).is_ok());
    assert!(matches!(
        open(settings("rippled")),
        Err(SourceError::Unsupported { .. })
    ));
    let mut keyed = settings("horizon");
    keyed.key = Some("${KEY}".to_owned());
    assert!(matches!(open(keyed), Err(SourceError::Unsupported { .. })));
}
