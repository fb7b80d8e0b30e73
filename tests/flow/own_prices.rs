//! Prices from sources that are asked: two servers in the documented shape, one of which goes wrong.

use std::sync::{Arc, Mutex};

use recover_core::time::Timestamp;
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};

use crate::desk::{Desk, rows};

/// A server with one price of ether and of a token, which can be changed.
struct Market {
    server: FaultyServer,
    answer: Arc<Mutex<Option<String>>>,
}

impl Market {
    fn new(price: &str) -> Self {
        let answer = Arc::new(Mutex::new(Some(price.to_owned())));
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let said = Arc::clone(&answer);
        let server = FaultyServer::start(move |request: &Request| {
            let Some(price) = said.lock().unwrap().clone() else {
                return Response::status(403).with_body("text/plain", "blocked: CANARY-KEY-91");
            };
            let asked = request.query_value("ids").unwrap_or_default();
            let is_of_coins = asked.split(',').any(|id| id == "ethereum");
            let entry = format!(r#"{{"usd":{price},"last_updated_at":{now}}}"#);
            let body = if is_of_coins {
                format!(r#"{{"ethereum":{entry}}}"#)
            } else if request.path.contains("/token_price/ethereum") {
                format!(r#"{{"0xdac17f958d2ee523a2206206994597c13d831ec7":{entry}}}"#)
            } else {
                "{}".to_owned()
            };
            Response::status(200).with_body("application/json", body)
        });
        Self { server, answer }
    }

    fn says(&self, price: Option<&str>) {
        *self.answer.lock().unwrap() = price.map(str::to_owned);
    }
}

fn desk(markets: &[(&str, &Market)]) -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let mut chains = desk.read("chains.toml");
    for (name, market) in markets {
        chains.push_str(&format!(
            "\n[[price_source]]\nname = \"{name}\"\nkind = \"coingecko\"\nurl = \"{}\"\nkey = \"${{PRICE_KEY}}\"\nrequests_per_minute = 600\n",
            market.server.url()
        ));
    }
    desk.write("chains.toml", chains);
    desk.set_variable("PRICE_KEY", "CANARY-KEY-91");
    desk
}

fn shown(desk: &Desk, asset: &str) -> Value {
    let tables = rows(desk.json(&["prices", "show", asset]));
    tables[0].clone()
}

#[test]
fn two_sources_are_asked_compared_and_shown() {
    let (one, two) = (Market::new("2000.5"), Market::new("2.05e3"));
    let desk = desk(&[("one", &one), ("two", &two)]);
    let fetched = desk.json(&["prices", "fetch"]);
    let sources = rows(fetched["sources"].clone());
    assert_eq!(sources.len(), 2);
    for (source, name) in sources.iter().zip(["one", "two"]) {
        assert_eq!(source["source"], name);
        assert!(source["failure"].is_null(), "{source}");
        // Ether is the coin of six networks of the file; the seventh is what balances pay fees in.
        assert_eq!((&source["found"], &source["new"]), (&json!(7), &json!(7)));
    }
    let unpriced = fetched["unpriced"].as_array().unwrap();
    assert!(unpriced.contains(&json!("bitcoin/native")), "{unpriced:?}");
    assert!(!unpriced.contains(&json!("base/native")), "{unpriced:?}");
    for server in [&one.server, &two.server] {
        for request in server.requests() {
            assert_eq!(request.header("x-cg-demo-api-key"), Some("CANARY-KEY-91"));
        }
    }
    // The highest counts.
    let ether = shown(&desk, "ethereum/native");
    assert_eq!(ether["price"], "2050");
    assert_eq!(ether["spread_percent"], "2.48");
    let standing = |ether: &Value| -> Vec<String> {
        rows(ether["sources"].clone())
            .iter()
            .map(|row| format!("{} {} {}", row["source"], row["price"], row["standing"]))
            .collect()
    };
    assert_eq!(
        standing(&ether),
        [
            "\"one\" \"2000.5\" \"counts\"",
            "\"two\" \"2050\" \"counts\""
        ]
    );
    // Again: nothing is new, and a token is asked for by its contract. It was asked for before: balances pay fees in it.
    let again = desk.json(&[
        "prices",
        "fetch",
        "--asset",
        "USDT",
        "--network",
        "ethereum",
    ]);
    assert_eq!(again["sources"][0]["asked"], 1);
    assert_eq!(again["sources"][0]["found"], 1);
    assert_eq!(again["sources"][0]["new"], 0);
    assert_eq!(
        shown(
            &desk,
            "ethereum/contract:0xdAC17F958D2ee523a2206206994597C13D831ec7"
        )["price"],
        "2050"
    );

    // The next minute the second lies far off: there is no price, and the page says which said what.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let three = Market::new("3000");
    let mut chains = desk.read("chains.toml");
    chains = chains.replace(&two.server.url(), &three.server.url());
    desk.write("chains.toml", chains);
    desk.run(&["prices", "fetch", "--asset", "ethereum/native"])
        .ok();
    let ether = shown(&desk, "ethereum/native");
    assert!(ether["price"].is_null());
    assert_eq!(ether["no_price"], "apart");
    let detail = ether["detail"].as_str().unwrap();
    for word in ["one 2000.5 of ", "two 3000 of ", "% apart", "allows 5 %"] {
        assert!(detail.contains(word), "{word}: {detail}");
    }
    desk.run(&["prices", "show", "ETH"]).ok().says(&["apart"]);
}

#[test]
fn a_source_that_fails_is_told_and_the_other_stands() {
    let (one, two) = (Market::new("2000"), Market::new("2000"));
    two.says(None);
    let desk = desk(&[("one", &one), ("two", &two)]);
    let run = desk
        .run(&["prices", "fetch", "--network", "ethereum"])
        .exits(1);
    let errors = run.errors().join("\n");
    assert!(
        errors.contains("prices of two") && !errors.contains("CANARY"),
        "{errors}"
    );
    // The example wants two; whoever is content with one says so.
    assert_eq!(
        shown(&desk, "ethereum/native")["no_price"],
        "too_few_sources"
    );
    let policy = desk.read("policy.toml");
    let one_is_enough = policy.replace("sources_min = 2", "sources_min = 1");
    desk.write("policy.toml", one_is_enough);
    assert_eq!(shown(&desk, "ethereum/native")["price"], "2000");
    desk.write("policy.toml", policy);
    // The nightly job says so, goes on, and asks for a person.
    let run = desk.run(&["--format", "json", "reconcile"]).exits(4);
    let report = run.json();
    assert_eq!(report["prices"]["sources"][0]["found"], 7);
    assert!(report["prices"]["sources"][1]["failure"].is_string());
    assert_eq!(report["needs_person"]["sources of prices that failed"], 1);
    // Offline nobody is asked.
    let before = one.server.request_count();
    let run = desk
        .run(&["--format", "json", "reconcile", "--offline"])
        .ok();
    assert!(run.json()["prices"].is_null());
    assert_eq!(one.server.request_count(), before);
}

#[test]
fn without_a_source_fetch_says_what_to_do() {
    let desk = desk(&[]);
    let run = desk.run(&["prices", "fetch"]).exits(1);
    assert!(run.errors().join(" ").contains("[[price_source]]"));
    let run = desk.run(&["prices", "show", "NOSUCH"]).exits(2);
    assert!(run.errors().join(" ").contains("NOSUCH"));
    let none = shown(&desk, "xrpl/native");
    assert_eq!(none["no_price"], "absent");
    assert!(none["detail"].as_str().unwrap().contains("prices import"));
}

#[test]
fn a_price_source_that_cannot_be_is_refused_with_its_place() {
    for (from, to, says) in [
        ("name = \"one\"", "name = \"TWO\"", "stands twice"),
        (
            "kind = \"coingecko\"",
            "kind = \"oracle\"",
            "write one of coingecko",
        ),
        ("${PRICE_KEY}", "CG-abc", "must not stand in this file"),
        (
            "requests_per_minute = 600",
            "requests_per_minute = 0",
            "at least 1",
        ),
        (
            "requests_per_minute = 600",
            "requests_per_minute = 6\nplan = \"gold\"",
            "demo, pro",
        ),
        (
            "price_id = \"ethereum\"",
            "price_id = \"a/../b\"",
            "no id of a source",
        ),
    ] {
        let (first, second) = (Market::new("1"), Market::new("1"));
        let desk = desk(&[("two", &first), ("one", &second)]);
        let chains = desk.read("chains.toml");
        // The last: the file as it comes shows one in a comment.
        let (before, after) = chains.rsplit_once(from).expect(from);
        desk.write("chains.toml", format!("{before}{to}{after}"));
        let run = desk.run(&["chains", "list"]);
        let errors = run.errors().join("\n");
        assert!(errors.contains(says), "{says}: {errors}");
    }
}

/// A mistake dated ahead of its correction stays in force: the import says so, and how it is corrected.
#[test]
fn a_correction_that_does_not_count_is_told() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let now = Timestamp::from_seconds(now).unwrap();
    let ahead = now.plus_seconds(120).unwrap();
    let import = |price: &str, at: Timestamp| {
        desk.write(
            "prices.csv",
            format!("asset,currency,price,time,source\nethereum/native,USD,{price},{at},desk\n"),
        );
        desk.run(&["prices", "import", "prices.csv"]).ok()
    };
    let counted = || shown(&desk, "ethereum/native")["sources"][0]["price"].clone();
    assert!(!import("25000", ahead).err.contains("warning"));
    let corrected = import("2500", now);
    corrected.says(&[
        "does not count",
        "25000 of",
        &ahead.to_string(),
        "import its row again",
    ]);
    assert_eq!(counted(), "25000");
    assert!(!import("2500", ahead).err.contains("warning"));
    assert_eq!(counted(), "2500");
    // The old row is there already: it does not come back by itself.
    import("25000", ahead).says(&["does not count", "was imported after it"]);
    assert_eq!(counted(), "2500");
}
