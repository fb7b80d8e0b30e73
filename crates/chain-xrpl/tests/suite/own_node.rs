//! The source over a server in memory that answers from recorded transactions. The transactions are recorded; pages, markers and
//! ledgers around them are ours.

use crate::fixture::json;
use crate::server::{Server, error, info, ledger, node, server, settings};
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::Asset;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::observation::Outcome;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{AccountRequest, ChainRead, Lookup};
use recover_source::conformance::{AccountCase, check_account};
use recover_source::error::SourceError;
use serde_json::{Value, json};
use std::sync::Arc;

const ACCOUNT: &str = "rnZmVGX6f4pUYyS4oXYJzoLdRojQV8y297";
const TIP: u64 = 98_408_868;

fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

fn height_of(row: &Value) -> u64 {
    row["tx"]["ledger_index"].as_u64().unwrap()
}

/// A server with one recorded account: 49 transactions in API version 1, told oldest first.
fn recorded(limit_max: usize, version_2: bool) -> Arc<Server> {
    recorded_with(limit_max, version_2, "32570-98408868")
}

/// The same by a server that has these ledgers.
fn server_of_history(complete: &'static str) -> Arc<Server> {
    recorded_with(200, true, complete)
}

fn recorded_with(limit_max: usize, version_2: bool, complete: &'static str) -> Arc<Server> {
    let answer = json("account_tx_49");
    let mut rows: Vec<Value> = answer["result"]["transactions"].as_array().unwrap().clone();
    rows.reverse();
    server(move |method, asked| {
        if asked["api_version"] == 2 && !version_2 {
            return Ok(error("invalid_API_version"));
        }
        Ok(match method {
            "server_info" => info(complete, TIP),
            "ledger" => ledger(asked["ledger_index"].as_u64().unwrap_or(TIP)),
            "tx" => {
                let row = rows
                    .iter()
                    .find(|row| row["tx"]["hash"] == asked["transaction"]);
                let Some(row) = row else {
                    let mut answer = error("txnNotFound");
                    if asked["min_ledger"].is_u64() {
                        answer["result"]["searched_all"] = json!(true);
                    }
                    return Ok(answer);
                };
                let mut flat = row["tx"].clone();
                flat["meta"] = row["meta"].clone();
                flat["validated"] = json!(true);
                json!({"result": flat})
            }
            "account_tx" => {
                assert_eq!(asked["forward"], true);
                let from = asked["ledger_index_min"].as_u64().unwrap();
                let to = asked["ledger_index_max"].as_u64().unwrap();
                let within: Vec<&Value> = rows
                    .iter()
                    .filter(|row| (from..=to).contains(&height_of(row)))
                    .collect();
                let start = asked["marker"]["seq"].as_u64().unwrap_or(0) as usize;
                let end = (start + limit_max).min(within.len());
                let mut page: Vec<Value> = within[start..end].iter().copied().cloned().collect();
                // Rows inside a page may be unsorted.
                page.reverse();
                let mut result = json!({
                    "account": ACCOUNT, "ledger_index_min": from, "ledger_index_max": to,
                    "limit": limit_max, "validated": true, "status": "success",
                    "transactions": page,
                });
                if end < within.len() {
                    result["marker"] = json!({"ledger": height_of(within[end]), "seq": end});
                }
                json!({ "result": result })
            }
            _ => error("unknownCmd"),
        })
    })
}

fn case() -> AccountCase {
    AccountCase {
        address: address::parse(ACCOUNT).unwrap().address,
        range: range(82_000_000, TIP),
        // Counted in the file: every payment of it succeeded, and so many go to the account.
        credits: Some(22),
        known: None,
        unknown: TxId::new(&"0".repeat(64)),
        two_credits: None,
        failed: None,
    }
}

#[tokio::test]
async fn the_conformance_suite_holds_over_pages_of_every_size() {
    for limit in [1, 2, 7, 48, 200] {
        let server = recorded(limit, true);
        let mut case = case();
        let rows = json("account_tx_49");
        let first = rows["result"]["transactions"][48]["tx"]["hash"].as_str();
        case.known = first.map(TxId::new);
        let broken = check_account(&node(&server), &case).await;
        assert_eq!(broken, Vec::<String>::new(), "{limit} rows a page");
    }
}

/// The network's first ledgers were lost in 2012: nobody can close that gap, so it is none, and a scan from the start ends well.
#[tokio::test]
async fn ledgers_that_the_network_itself_lost_are_no_gap() {
    let server = recorded(200, true);
    let ask = |range| AccountRequest {
        address: address::parse(ACCOUNT).unwrap().address,
        range,
        resume: None,
    };
    let page = node(&server).account_page(&ask(range(0, TIP))).await;
    let page = page.unwrap();
    assert_eq!(page.gaps, []);
    assert_eq!((page.through, page.next), (Some(Height(TIP)), None));
    assert_eq!(page.observations.len(), 22);
    let page = node(&server).account_page(&ask(range(0, 32_569))).await;
    let page = page.unwrap();
    assert_eq!(page.gaps, []);
    assert_eq!(page.through, Some(Height(32_569)));
    // One ledger later it is the server that does not have them.
    let short = server_of_history("32571-98408868");
    let page = node(&short).account_page(&ask(range(0, TIP))).await;
    let gap = page.unwrap().gaps.first().map(|gap| gap.range);
    assert_eq!(gap, Some(range(32_570, 32_570)));
}

#[tokio::test]
async fn an_older_server_is_asked_in_the_version_it_knows_and_its_ledgers_are_looked_up() {
    let server = recorded(10, false);
    let node = node(&server);
    let request = AccountRequest {
        address: address::parse(ACCOUNT).unwrap().address,
        range: range(82_000_000, 85_000_000),
        resume: None,
    };
    let page = node.account_page(&request).await.unwrap();
    assert!(!page.observations.is_empty());
    for credit in &page.observations {
        let block = credit.block.as_ref().unwrap();
        assert_eq!(block.hash.as_str(), format!("{:064X}", block.height.0));
    }
    let asked = server.asked.lock().unwrap();
    let last = &asked.last().unwrap().1;
    assert!(last.get("api_version").is_none(), "{last}");
}

#[tokio::test]
async fn a_history_that_the_server_does_not_have_is_a_gap_and_never_silence() {
    let server = server(|method, asked| {
        Ok(match method {
            "server_info" => info("50000-60000,70000-90000", 90_000),
            "account_tx" => json!({"result": {
                "account": ACCOUNT, "transactions": [],
                // It has even less than it says.
                "ledger_index_min": asked["ledger_index_min"].as_u64().unwrap().max(51_000),
                "ledger_index_max": asked["ledger_index_max"],
            }}),
            _ => error("unknownCmd"),
        })
    });
    let mut request = AccountRequest {
        address: address::parse(ACCOUNT).unwrap().address,
        range: range(40_000, 100_000),
        resume: None,
    };
    let page = node(&server).account_page(&request).await.unwrap();
    assert_eq!(page.next, None);
    assert_eq!(page.through, Some(Height(100_000)));
    let mut spans: Vec<String> = page.gaps.iter().map(|gap| gap.range.to_string()).collect();
    spans.dedup();
    assert_eq!(
        spans,
        [
            "40000..49999",
            "50000..50999",
            "60001..69999",
            "90001..100000"
        ]
    );
    assert!(page.gaps.iter().all(|gap| !gap.reason.is_empty()));
    request.range = range(33_000, 34_000);
    assert!(matches!(
        node(&server).account_page(&request).await,
        Err(SourceError::NotKept { .. })
    ));
}

#[tokio::test]
async fn a_marker_that_died_begins_again_behind_what_is_complete() {
    let inner = recorded(5, true);
    let deaths = std::sync::atomic::AtomicU32::new(0);
    let server = server(move |method, asked| {
        if asked.get("marker").is_some()
            && deaths
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                .is_multiple_of(2)
        {
            return Ok(error("invalidParams"));
        }
        // The inner server is asked as the protocol does; its answers are ready at once.
        let body = json!({"method": method, "params": [asked]}).to_string();
        let answer = futures_now(recover_source::transport::Transport::post(
            &*inner,
            bytes::Bytes::from(body),
        ))?;
        Ok(serde_json::from_slice(&answer).unwrap())
    });
    let broken = check_account(&node(&server), &case()).await;
    assert_eq!(broken, Vec::<String>::new());
}

/// The value of a future that never waits.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn absence_is_believed_only_where_the_server_can_prove_it() {
    let unknown = TxId::new(&"0".repeat(64));
    let recorded = recorded(10, true);
    assert!(matches!(
        node(&recorded).transaction(&unknown).await,
        Ok(Lookup::Unknown { .. })
    ));
    let mut own = settings();
    own.proves_absence = true;
    let own = recover_chain_xrpl::XrplNode::new(own, recorded);
    assert_eq!(own.transaction(&unknown).await.unwrap(), Lookup::Absent);
    // Windows of at most 1,000 ledgers, every one searched whole.
    let windows = range(90_000_000, 90_002_500);
    assert_eq!(
        own.transaction_within(&unknown, windows).await.unwrap(),
        Lookup::Absent
    );
    let short = server(|method, _| {
        Ok(match method {
            "server_info" => info("90000000-98408868", TIP),
            _ => error("txnNotFound"),
        })
    });
    let mut proving = settings();
    proving.proves_absence = true;
    let short = recover_chain_xrpl::XrplNode::new(proving, short);
    assert!(matches!(
        short.transaction(&unknown).await,
        Ok(Lookup::Unknown { .. })
    ));
    assert!(matches!(
        short.transaction_within(&unknown, windows).await,
        Ok(Lookup::Unknown { .. })
    ));
}

#[tokio::test]
async fn what_is_not_validated_waits_and_is_no_success() {
    let mut result = json("tx_payment_xrp")["result"].clone();
    result["validated"] = json!(false);
    let id = TxId::new(result["hash"].as_str().unwrap());
    let answer = json!({ "result": result });
    let waiting = server(move |method, _| {
        Ok(match method {
            "server_info" => info("1-98408868", TIP),
            _ => answer.clone(),
        })
    });
    let Lookup::Found(view) = node(&waiting).transaction(&id).await.unwrap() else {
        panic!("not found");
    };
    assert_eq!((view.block, view.outcome), (None, Outcome::Unknown));
    assert!(
        view.credits
            .iter()
            .all(|credit| credit.block.is_none() && credit.outcome == Outcome::Unknown)
    );
}

#[tokio::test]
async fn another_transaction_than_asked_for_is_disbelieved() {
    let answer = json("tx_payment_xrp");
    let liar = server(move |method, asked| {
        Ok(match method {
            "server_info" => info("1-98408868", TIP),
            "ledger" => ledger(asked["ledger_index"].as_u64().unwrap()),
            _ => answer.clone(),
        })
    });
    assert!(matches!(
        node(&liar).transaction(&TxId::new(&"0".repeat(64))).await,
        Err(SourceError::Inconsistent { .. })
    ));
    // A compact id names no hash: the server resolves it.
    let compact = TxId::new("C005523E00000000");
    assert!(matches!(
        node(&liar).transaction(&compact).await,
        Ok(Lookup::Found(view)) if view.id != compact
    ));
    let asked = liar.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .any(|(_, asked)| asked["ctid"] == "C005523E00000000")
    );
}

fn accounts() -> Arc<Server> {
    server(|method, asked| {
        let issuer = "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B";
        Ok(match (method, asked["account"].as_str()) {
            ("server_info", _) => info("1-900", 900),
            ("ledger", _) => ledger(900),
            ("account_info", Some(ACCOUNT)) => {
                json!({"result": {"ledger_index": 900, "account_data": {
                    "Account": ACCOUNT, "Balance": "25000000", "Flags": 17_301_504, "OwnerCount": 3, "Sequence": 17
                }}})
            }
            ("account_info", _) => json("err_actNotFound"),
            ("account_lines", _) if asked.get("marker").is_none() => {
                json!({"result": {"lines": [{"account": issuer, "currency": "EUR", "balance": "5", "limit": "0"}], "marker": "x"}})
            }
            ("account_lines", _) => {
                json!({"result": {"lines": [{"account": issuer, "currency": "USD", "balance": "12.5",
                    "limit": "100", "freeze_peer": true, "peer_authorized": true}]}})
            }
            ("fee", _) => json!({"result": {"drops": {"base_fee": "10", "open_ledger_fee": "25"}}}),
            ("ledger_entry", _) => {
                json!({"result": {"node": {"MPTAmount": "77", "AssetScale": 2}}})
            }
            // As Clio answers it.
            _ => error("unknownCmd"),
        })
    })
}

#[tokio::test]
async fn accounts_balances_and_costs_are_read() {
    let server = accounts();
    let node = node(&server);
    let ours = address::parse(ACCOUNT).unwrap().address;
    let nobody = address::parse("rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv")
        .unwrap()
        .address;
    assert_eq!(
        node.account(&ours).await.unwrap(),
        AccountState {
            code: Code::Absent,
            nonce: 17,
            at: Height(900)
        }
    );
    assert_eq!(node.account(&nobody).await.unwrap().nonce, 0);
    let network = crate::fixture::network();
    let balance = async |address, text: &str| {
        let asset = match text {
            "" => AssetId::native(network.clone()),
            text => AssetId::contract(network.clone(), text),
        };
        node.balance(address, &asset).await.unwrap()
    };
    assert_eq!(balance(&ours, "").await, Amount::from_u128(25_000_000));
    assert_eq!(balance(&nobody, "").await, Amount::ZERO);
    let usd = "USD.rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B";
    assert_eq!(balance(&ours, usd).await.to_coin_text(30), "12.5");
    let absent = "XYZ.rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B";
    assert_eq!(balance(&ours, absent).await, Amount::ZERO);
    let token = format!("mpt:{}", "00".repeat(24));
    assert_eq!(balance(&ours, &token).await, Amount::from_u128(77));
    assert_eq!(node.token_claims(&token).await.unwrap().decimals, Some(2));
    let claims = node.token_claims(usd).await.unwrap();
    assert_eq!(
        (claims.symbol.as_deref(), claims.decimals),
        (Some("USD"), Some(30))
    );
    let cost = node.network_cost().await.unwrap();
    assert_eq!(cost.native_transfer, Amount::from_u128(25));
    // What a new account must keep is the server's word, never a constant.
    assert_eq!(cost.reserve, Some(Amount::from_u128(1_000_000)));
    assert_eq!(cost.added_input, None);
    assert_eq!(
        cost.basis,
        "25 drops to enter the open ledger now, of ledger 900 (10 drops at least); a new account keeps 1000000 drops, and 200000 for each object"
    );
    assert_eq!(node.fee_drops().await.unwrap(), 25);
    let head = node.head().await.unwrap();
    assert_eq!(head.finalized, Some(Height(900)));
}

#[tokio::test]
async fn pitfall_070_a_preflight_sees_flags_reserves_and_trust_lines() {
    let server = accounts();
    let node = node(&server);
    let ours = address::parse(ACCOUNT).unwrap().address;
    let asset = Asset::parse("USD.rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B").unwrap();
    let seen = node.preflight(&ours, asset).await.unwrap();
    assert_eq!(seen.ledger.reserve_base_drops, 1_000_000);
    assert_eq!(seen.ledger.reserve_drops(3), 1_600_000);
    let account = seen.account.unwrap();
    // DisallowXRP and DepositAuth are set, RequireDestTag is not.
    assert!(account.requires_deposit_authorisation() && account.disallows_xrp());
    assert!(!account.requires_tag());
    let line = seen.line.unwrap();
    assert!(line.frozen && line.authorised);
    assert_eq!(line.balance.to_string(), "12.5");
    let nobody = address::parse("rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv")
        .unwrap()
        .address;
    let absent = node.preflight(&nobody, Asset::Xrp).await.unwrap();
    assert_eq!((absent.account, absent.line), (None, None));
}
