//! Recorded answers of daemons, served over HTTP with the status that daemons give them.

use crate::fixture;
use crate::world::{SCRIPTS, nothing, provide_tls, quick, request};
use recover_chain_bitcoin::block::{BlockReader, Dialect};
use recover_chain_bitcoin::credit::outputs_to;
use recover_chain_bitcoin::source::rpc::{Call, Rpc, code, found};
use recover_chain_bitcoin::source::wire::{BlockHeader, RawTransaction};
use recover_chain_bitcoin::source::{BitcoinNode, Coins, transport};
use recover_core::network::NetworkId;
use recover_core::observation::Flag;
use recover_source::chain::{ChainRead, Lookup};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};

fn settings(server: &FaultyServer) -> SourceSettings {
    provide_tls();
    let chain = "000000000019d6689c085ae165831e93";
    let mut settings = SourceSettings::new(
        NetworkId::new("bitcoin"),
        chain,
        "bitcoin_rpc",
        &server.url(),
    );
    settings.retry = quick();
    settings
}

fn rpc(server: &FaultyServer) -> Rpc {
    let settings = settings(server);
    Rpc::new(Client::new(transport(&settings).unwrap(), settings.retry))
}

/// The recorded answer with the id of the call, as a daemon sends it.
fn recorded(name: &'static str, status: u16) -> impl Fn(&Request) -> Response + Send + Sync {
    move |request| {
        let mut answer = fixture::json(name);
        answer["id"] = request.json()["id"].clone();
        Response::json(&answer).with_status(status)
    }
}

#[tokio::test]
async fn recorded_errors_mean_what_their_codes_say() {
    let server = FaultyServer::start(recorded("core_get_block_not_found_response.json", 500));
    let error = rpc(&server).ask::<Value>("getblock", json!(["00"])).await;
    assert!(
        matches!(
            error,
            Err(SourceError::Refused {
                code: code::NOT_FOUND,
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!(found(error).unwrap(), None);
    assert_eq!(server.request_count(), 1, "it is an answer");

    let server = FaultyServer::start(recorded(
        "core_get_block_hash_out_of_range_response.json",
        500,
    ));
    let answer = rpc(&server)
        .ask::<Value>("getblockhash", json!([9_999_999]))
        .await;
    assert_eq!(found(answer).unwrap(), None);

    let server = FaultyServer::start(recorded("crosschain_rpc_L174.json", 200));
    let answer = rpc(&server)
        .ask::<Value>("getrawtransaction", json!(["00"]))
        .await;
    assert_eq!(found(answer).unwrap(), None);
}

/// A daemon that starts is asked again, and then answers.
#[tokio::test]
async fn recorded_a_daemon_that_warms_up_is_asked_again() {
    let warming = recorded("core_rpc_in_warmup_response.json", 500);
    let server = FaultyServer::start(move |request| match request.number {
        0 | 1 => warming(request),
        _ => Response::json(&json!({"result": 7, "error": null, "id": request.json()["id"]})),
    });
    let asked = rpc(&server);
    assert_eq!(
        asked.ask::<u64>("getblockcount", json!([])).await.unwrap(),
        7
    );
    let always = FaultyServer::start(recorded("core_rpc_in_warmup_response.json", 500));
    let error = rpc(&always)
        .ask::<u64>("getblockcount", json!([]))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("rpc in warmup"), "{error}");
    // In a batch it is the whole batch that is asked again.
    let calls = vec![Call::new("getblockcount", json!([])); 2];
    let both = asked.batch(&calls).await;
    assert!(both.is_err(), "one answer to a batch is no answer");
}

#[test]
fn recorded_answers_are_read_exactly() {
    let raw: RawTransaction =
        serde_json::from_slice(&fixture::bytes("core_get_raw_transaction.json")).unwrap();
    assert_eq!(raw.confirmations, Some(3427));
    assert!(raw.block_hash.is_some());
    assert!(raw.vin.iter().all(|input| input.prevout.is_none()));
    let answer = fixture::json("crosschain_rpc_L136.json");
    let header: BlockHeader = serde_json::from_value(answer["result"].clone()).unwrap();
    assert_eq!((header.height, header.confirmations), (916_479, 3));
    // Every value of the files, from the text of its number.
    let text = String::from_utf8(fixture::bytes("core_get_block.json")).unwrap();
    let values: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"value\": "))
        .map(|value| value.trim_end_matches(','))
        .collect();
    assert!(values.len() >= 5, "{values:?}");
    for value in values {
        let coins = Coins::parse(value).unwrap_or_else(|| panic!("{value}"));
        let printed = format!("{}.{:08}", coins.0 / 100_000_000, coins.0 % 100_000_000);
        let padded = match value.split_once('.') {
            Some((whole, fraction)) => format!("{whole}.{fraction:0<8}"),
            None => format!("{value}.00000000"),
        };
        assert_eq!(printed, padded);
    }
}

/// A node that answers by a table: method to result, or to an error's code and words.
fn scripted(
    table: impl Fn(&str, &Value) -> Result<Value, (i64, &'static str)> + Send + Sync + 'static,
) -> FaultyServer {
    FaultyServer::start(move |request| {
        let answer = |call: &Value| {
            let method = call["method"].as_str().unwrap_or_default();
            match table(method, &call["params"]) {
                Ok(result) => json!({"result": result, "error": null, "id": call["id"]}),
                Err((code, message)) => {
                    json!({"result": null, "error": {"code": code, "message": message}, "id": call["id"]})
                }
            }
        };
        match request.json() {
            Value::Array(calls) => Response::json(&calls.iter().map(answer).collect()),
            call => {
                let answer = answer(&call);
                let status = if answer["error"].is_null() { 200 } else { 500 };
                Response::json(&answer).with_status(status)
            }
        }
    })
}

const GENESIS: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const PARTED: &str = "00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148";

fn usual(method: &str, params: &Value) -> Result<Value, (i64, &'static str)> {
    match method {
        "getblockhash" if params[0] == 0 => Ok(json!(GENESIS)),
        "getblockhash" if params[0] == 478_559 => Ok(json!(PARTED)),
        "getblockhash" => Err((-8, "Block height out of range")),
        "getblockchaininfo" => {
            Ok(json!({"blocks": 800_000, "headers": 800_000, "bestblockhash": PARTED}))
        }
        "help" => Ok(json!(
            "== Blockchain ==\ngetblockhash height\ngetblock \"hash\" ( verbosity )\n"
        )),
        _ => Err((-32601, "Method not found")),
    }
}

/// An old daemon (no list of indexes, no transaction index) says in words that it has not looked everywhere.
#[tokio::test]
async fn own_without_an_index_of_transactions_nothing_is_absent() {
    let words = "No such mempool transaction. Use -txindex to enable blockchain transaction queries. Use gettransaction for wallet transactions.";
    let server = scripted(move |method, params| match method {
        "getrawtransaction" => Err((-5, words)),
        _ => usual(method, params),
    });
    let mut own = settings(&server);
    own.proves_absence = true;
    let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
    assert!(!node.capabilities().await.unwrap().proves_absence);
    match node.transaction(&nothing()).await.unwrap() {
        Lookup::Unknown { reason } => assert!(reason.contains("txindex=1"), "{reason}"),
        other => panic!("{other:?}"),
    }
    // With an index, in the words of the same daemons.
    let words =
        "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";
    let server = scripted(move |method, params| match method {
        "getrawtransaction" => Err((-5, words)),
        _ => usual(method, params),
    });
    let mut own = settings(&server);
    own.proves_absence = true;
    let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
    assert_eq!(node.transaction(&nothing()).await.unwrap(), Lookup::Absent);
    // What it does not list it does not offer.
    assert!(!node.offers("scantxoutset").await.unwrap());
    assert_eq!(node.fee_rate(6).await.unwrap(), None);
}

/// A daemon that reads only yes or no where newer ones read a number (Bitcoin SV, Dogecoin Core).
#[tokio::test]
async fn own_a_daemon_that_reads_only_booleans_is_asked_so() {
    let raw = fixture::json("core_get_raw_transaction.json");
    let id = raw["txid"].as_str().unwrap().to_owned();
    let server = scripted(move |method, params| match method {
        "getrawtransaction" if params[1].is_number() => {
            Err((-1, "JSON value is not a boolean as expected"))
        }
        "getrawtransaction" => Ok(raw.clone()),
        _ => usual(method, params),
    });
    let own = settings(&server);
    let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
    for _ in 0..2 {
        assert_eq!(node.raw_transaction(&id).await.unwrap().unwrap().txid, id);
    }
    assert_eq!(server.call_count("getrawtransaction"), 3, "found out once");
}

/// Real blocks of Dogecoin and Dash, scanned from a daemon of Dogecoin's age: it reads only yes or no, lists no indexes and tells of no
/// input what it spent.
#[tokio::test]
async fn recorded_blocks_of_dogecoin_and_dash_are_scanned() {
    let dash = hex::decode(fixture::bytes("dash_block_regtest_106.hex")).unwrap();
    // Dash's hash is another function; any name does here.
    for (network, bytes, height, hash, parties, mined) in [
        (
            "dogecoin",
            fixture::bytes("dogecoin_block371337.bin"),
            371_337_u64,
            "60323982f9c5ff1b5a954eac9dc1269352835f47c2c5222691d80f0d50dcf053",
            8,
            // The coins that it made are paid to a bare key.
            0,
        ),
        ("dash", dash, 106, PARTED, 3, 1),
    ] {
        let dialect = Dialect::of(&NetworkId::new(network)).unwrap();
        let mut reader = BlockReader::new(&bytes, dialect).unwrap();
        let (time, previous) = (
            reader.header().time,
            reader.header().prev_blockhash.to_string(),
        );
        let mut scripts = Vec::new();
        let mut ids = Vec::new();
        while let Some(entry) = reader.next_paying(|_| true).unwrap() {
            ids.push(entry.id().unwrap().to_string());
            let outputs = outputs_to(&entry.transaction, |_| true);
            scripts.extend(outputs.iter().map(|output| output.script));
        }
        let digits = hex::encode(&bytes);
        let first = "11".repeat(32);
        let genesis = first.clone();
        let server = scripted(move |method, params| match method {
            "getblockhash" if params[0] == 0 => Ok(json!(genesis)),
            "getblockhash" if params[0] == height => Ok(json!(hash)),
            "getblock" if params[1].is_number() => {
                Err((-1, "JSON value is not a boolean as expected"))
            }
            "getblock" => Ok(json!(digits)),
            "getblockheader" => Ok(json!({
                "hash": hash, "confirmations": 9, "height": height, "time": time, "previousblockhash": previous
            })),
            "getrawtransaction" => Err((
                -5,
                "No such mempool transaction. Use -txindex to enable blockchain transaction queries.",
            )),
            _ => usual(method, params),
        });
        let mut own = settings(&server);
        own.network = NetworkId::new(network);
        own.chain = first[..32].to_owned();
        let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
        let update = node.scan(&request(&scripts, height, height)).await.unwrap();
        assert!(update.gaps.is_empty(), "{network}: {:?}", update.gaps);
        assert_eq!(update.observations.len(), parties, "{network}");
        assert_eq!(update.end.block.hash.as_str(), hash);
        let flagged = |flag: Flag| {
            let credits = update.observations.iter();
            credits
                .filter(|credit| credit.flags.contains(&flag))
                .count()
        };
        assert_eq!(flagged(Flag::Immature), mined, "{network}");
        // Who paid the others it cannot tell.
        assert_eq!(flagged(Flag::MultiSource), parties - mined, "{network}");
        let form = recover_chain_bitcoin::network::form(&NetworkId::new(network)).unwrap();
        for credit in &update.observations {
            assert!(ids.contains(&credit.tx_id.as_str().to_owned()));
            let parsed = recover_chain_bitcoin::address::parse(credit.to.text()).unwrap();
            assert!(parsed.forms.contains(&form), "{network} {}", credit.to);
        }
        // None of them once none is ours.
        let update = node.scan(&request(&SCRIPTS, height, height)).await.unwrap();
        assert!(update.observations.is_empty() && update.gaps.is_empty());
    }
}

/// It neither knows what is final nor what is absent: it is not asked.
#[tokio::test]
async fn own_a_node_that_still_downloads_is_not_believed() {
    let server = scripted(|method, params| match method {
        "getblockchaininfo" => Ok(json!({
            "blocks": 500_000, "headers": 900_000, "bestblockhash": PARTED, "initialblockdownload": true
        })),
        _ => usual(method, params),
    });
    let own = settings(&server);
    let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
    let error = node.head().await.unwrap_err();
    assert!(
        error.to_string().contains("block 500000 of 900000"),
        "{error}"
    );
    assert!(matches!(error, SourceError::Unreachable { .. }));
}

/// Bitcoin's node under the name of Bitcoin Cash or Bitcoin SV would be right about everything up to the day they parted.
#[tokio::test]
async fn own_three_networks_with_one_first_block_are_told_apart() {
    let server = scripted(usual);
    for (network, chain) in [
        ("bitcoin-cash", "000000000000000000651ef99cb9fcbe"),
        ("bitcoin-sv", "000000000000000001d956714215d96f"),
    ] {
        let mut own = settings(&server);
        own.network = NetworkId::new(network);
        own.chain = chain.to_owned();
        let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
        let error = node.head().await.unwrap_err();
        // The node has no block at the height at which Bitcoin SV parted: then it is not known yet.
        let is_wrong = matches!(error, SourceError::WrongNetwork { .. });
        assert!(is_wrong || network == "bitcoin-sv", "{error}");
        assert!(
            !matches!(error, SourceError::Inconsistent { .. }),
            "{error}"
        );
    }
}

/// The transaction's block left the best chain: the index still names it, and it confirms nothing.
#[tokio::test]
async fn own_pitfall_019_a_block_off_the_best_chain_confirms_nothing() {
    let raw = fixture::json("core_get_raw_transaction.json");
    let id = recover_core::block::TxId::new(raw["txid"].as_str().unwrap());
    let hash = raw["blockhash"].as_str().unwrap().to_owned();
    let server = scripted(move |method, params| match method {
        "getrawtransaction" if params[0] == raw["txid"] => Ok(raw.clone()),
        "getrawtransaction" => Err((-5, "No such mempool or blockchain transaction.")),
        "getblockheader" => {
            Ok(json!({"hash": hash, "confirmations": -1, "height": 700_000, "time": 1_600_000_000}))
        }
        _ => usual(method, params),
    });
    for (proves, expected) in [(true, "absent"), (false, "unknown")] {
        let mut own = settings(&server);
        own.proves_absence = proves;
        let node = BitcoinNode::new(own.clone(), transport(&own).unwrap());
        match node.transaction(&id).await.unwrap() {
            Lookup::Absent => assert_eq!(expected, "absent"),
            Lookup::Unknown { reason } => {
                assert_eq!(expected, "unknown");
                assert!(reason.contains("left"), "{reason}");
            }
            Lookup::Found(view) => panic!("{view:?}"),
        }
    }
}
