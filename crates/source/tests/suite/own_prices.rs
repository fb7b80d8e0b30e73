//! A source of prices in the documented shape of CoinGecko's API: what is read, and everything that is no price.

use recover_core::asset::AssetId;
use recover_core::network::NetworkId;
use recover_source::error::SourceError;
use recover_source::prices::{
    PricePlan, PriceQuestion, PriceSource, PriceSourceSettings, PriceSubject, PriceUpdate, open,
};
use recover_source::retry::RetryPolicy;
use recover_testkit::{FaultyServer, Request, Response};
use std::sync::Arc;
use std::time::Duration;

const CANARY: &str = "CG-CANARY-5e1f77";
const WBTC: &str = "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599";

fn source(url: &str, change: impl FnOnce(&mut PriceSourceSettings)) -> Arc<dyn PriceSource> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings = PriceSourceSettings {
        name: "coingecko".to_owned(),
        url: format!("{url}/api/v3"),
        key: None,
        plan: PricePlan::Demo,
        requests_per_minute: None,
        retry: RetryPolicy::once(),
        timeout: Duration::from_secs(5),
    };
    change(&mut settings);
    open(&settings)
}

pub fn coin(network: &str, id: &str) -> PriceQuestion {
    PriceQuestion {
        asset: AssetId::native(NetworkId::new(network)),
        subject: PriceSubject::Coin { id: id.to_owned() },
    }
}

fn token(network: &str, platform: &str, contract: &str) -> PriceQuestion {
    PriceQuestion {
        asset: AssetId::contract(NetworkId::new(network), contract),
        subject: PriceSubject::Token {
            platform: platform.to_owned(),
            contract: contract.to_owned(),
        },
    }
}

fn body(text: &str) -> Response {
    Response::status(200).with_body("application/json", text)
}

pub async fn ask(answer: Response, questions: &[PriceQuestion]) -> PriceUpdate {
    let server = FaultyServer::always(answer);
    source(&server.url(), |_| {}).prices(questions, "USD").await
}

fn said(update: &PriceUpdate) -> Vec<(String, String, String)> {
    let found = update.found.iter();
    found
        .map(|found| {
            (
                found.asset.to_string(),
                found.price.to_string(),
                found.at.to_string(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn own_coins_and_tokens_are_asked_for_in_batches_and_read_exactly() {
    // The documented answer of the token endpoint, with the fields that were not asked for, and numbers that a float would bend.
    let server = FaultyServer::start(|request: &Request| {
        if request
            .path
            .starts_with("/api/v3/simple/token_price/ethereum")
        {
            return body(
                r#"{"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599":{"usd":67187.3358936566,"usd_market_cap":1317802988326.25,"last_updated_at":1711356300}}"#,
            );
        }
        body(
            r#"{"bitcoin":{"usd":9007199254740993.123456789012345678,"last_updated_at":1711356300},
               "dogecoin":{"usd":1.2e-7,"last_updated_at":1711356301},
               "ethereum":{"last_updated_at":1711356300,"usd":3500}}"#,
        )
    });
    let source = source(&server.url(), |_| {});
    assert_eq!(source.name(), "coingecko");
    let questions = [
        coin("bitcoin", "bitcoin"),
        coin("dogecoin", "dogecoin"),
        coin("ethereum", "ethereum"),
        coin("base", "ethereum"),
        token("ethereum", "ethereum", WBTC),
    ];
    let update = source.prices(&questions, "USD").await;
    assert!(
        update.failure.is_none() && update.missing.is_empty(),
        "{update:?}"
    );
    let row =
        |asset: &str, price: &str, at: &str| (asset.to_owned(), price.to_owned(), at.to_owned());
    assert_eq!(
        said(&update),
        [
            row(
                "bitcoin/native",
                "9007199254740993.123456789012345678",
                "2024-03-25T08:45:00Z"
            ),
            row("dogecoin/native", "0.00000012", "2024-03-25T08:45:01Z"),
            row("ethereum/native", "3500", "2024-03-25T08:45:00Z"),
            row("base/native", "3500", "2024-03-25T08:45:00Z"),
            row(
                &format!("ethereum/contract:{WBTC}"),
                "67187.3358936566",
                "2024-03-25T08:45:00Z"
            ),
        ]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "one for the coins, one for the platform");
    for (name, value) in [
        ("ids", "bitcoin,dogecoin,ethereum"),
        ("vs_currencies", "usd"),
        ("include_last_updated_at", "true"),
        ("precision", "full"),
    ] {
        assert_eq!(
            requests[0].query_value(name).as_deref(),
            Some(value),
            "{name}"
        );
    }
    assert_eq!(
        requests[1].query_value("contract_addresses").as_deref(),
        Some("0x2260fac5e5542a773aa44fbcfedf7c193bc2c599")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn own_many_are_asked_for_a_hundred_at_a_time() {
    let server = FaultyServer::always(body("{}"));
    let source = source(&server.url(), |_| {});
    let questions: Vec<PriceQuestion> = (0..201)
        .map(|number| token("ethereum", "ethereum", &format!("0x{number:040x}")))
        .collect();
    let update = source.prices(&questions, "USD").await;
    assert_eq!((update.missing.len(), update.found.len()), (201, 0));
    assert_eq!(server.request_count(), 3);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.path.len() < 8_192)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn own_the_key_goes_into_the_header_of_its_plan_and_nowhere_else() {
    for (plan, header) in [
        (PricePlan::Demo, "x-cg-demo-api-key"),
        (PricePlan::Pro, "x-cg-pro-api-key"),
    ] {
        // A server that repeats the key that it refuses.
        let server = FaultyServer::always(
            Response::status(401).with_body("text/plain", format!("bad key {CANARY}")),
        );
        let source = source(&server.url(), |settings| {
            settings.key = Some(CANARY.to_owned());
            settings.plan = plan;
        });
        let update = source.prices(&[coin("bitcoin", "bitcoin")], "USD").await;
        let failure = update.failure.unwrap().to_string();
        assert!(
            failure.contains("check its key") && !failure.contains(CANARY),
            "{failure}"
        );
        let request = &server.requests()[0];
        assert_eq!(request.header(header), Some(CANARY));
        assert!(!request.path.contains(CANARY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_what_is_no_price_is_left_out_with_its_reason() {
    let time = r#""last_updated_at":1711356300"#;
    for (answer, reason) in [
        ("{}".to_owned(), "does not know"),
        (
            r#"{"Bitcoin":{"usd":1,"last_updated_at":1711356300}}"#.to_owned(),
            "does not know",
        ),
        (
            format!(r#"{{"bitcoin":{{"eur":1,{time}}}}}"#),
            "no price of it in usd",
        ),
        (
            format!(r#"{{"bitcoin":{{"usd":null,{time}}}}}"#),
            "has none",
        ),
        (format!(r#"{{"bitcoin":{{"usd":0,{time}}}}}"#), "zero"),
        (format!(r#"{{"bitcoin":{{"usd":0.0e9,{time}}}}}"#), "zero"),
        (format!(r#"{{"bitcoin":{{"usd":-5,{time}}}}}"#), "negative"),
        (
            format!(r#"{{"bitcoin":{{"usd":"5",{time}}}}}"#),
            "no number",
        ),
        (
            format!(r#"{{"bitcoin":{{"usd":1e400,{time}}}}}"#),
            "every range",
        ),
        (
            format!(r#"{{"bitcoin":{{"usd":{},{time}}}}}"#, "9".repeat(5_000)),
            "5000 characters",
        ),
        (r#"{"bitcoin":{"usd":5}}"#.to_owned(), "no time"),
        (
            r#"{"bitcoin":{"usd":5,"last_updated_at":null}}"#.to_owned(),
            "no time",
        ),
        (
            r#"{"bitcoin":{"usd":5,"last_updated_at":1711356300.5}}"#.to_owned(),
            "no time",
        ),
        (
            r#"{"bitcoin":{"usd":5,"last_updated_at":-1}}"#.to_owned(),
            "no time",
        ),
        (r#"{"bitcoin":5}"#.to_owned(), "no object"),
        // Nobody can say which of two is meant, not even where they are alike.
        (
            format!(r#"{{"bitcoin":{{"usd":5,{time},"usd":50}}}}"#),
            "each name once",
        ),
        (
            format!(r#"{{"bitcoin":{{"usd":5,{time},{time}}}}}"#),
            "each name once",
        ),
    ] {
        let update = ask(body(&answer), &[coin("bitcoin", "bitcoin")]).await;
        assert!(
            update.failure.is_none() && update.found.is_empty(),
            "{answer}: {update:?}"
        );
        assert!(
            update.missing[0].1.contains(reason),
            "{answer}: {}",
            update.missing[0].1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_what_is_no_answer_is_a_failure_and_what_was_found_before_stands() {
    let good = r#"{"bitcoin":{"usd":5,"last_updated_at":1711356300}}"#;
    for (answer, is_expected) in [
        (
            Response::status(429).with_header("retry-after", "0"),
            (|error| matches!(error, SourceError::RateLimited { .. })) as fn(&SourceError) -> bool,
        ),
        (body(good).truncated(20), |error| {
            matches!(
                error,
                SourceError::Unreachable { .. } | SourceError::NotProtocol { .. }
            )
        }),
        (body(&good[..30]), |error| {
            matches!(error, SourceError::NotProtocol { .. })
        }),
        (
            body(
                r#"{"bitcoin":{"usd":5,"last_updated_at":1711356300},"bitcoin":{"usd":50,"last_updated_at":1711356300}}"#,
            ),
            |error| matches!(error, SourceError::NotProtocol { .. }),
        ),
        (Response::html("<html>busy</html>"), |error| {
            matches!(error, SourceError::NotProtocol { .. })
        }),
        (body("[]"), |error| {
            matches!(error, SourceError::NotProtocol { .. })
        }),
        (body(&"[".repeat(10_000)), |error| {
            matches!(error, SourceError::NotProtocol { .. })
        }),
        (
            body(&format!(
                "{{\"bitcoin\":\"{}\"}}",
                "x".repeat(2 * 1024 * 1024)
            )),
            |error| matches!(error, SourceError::TooLarge { .. }),
        ),
        (
            body(r#"{"status":{"error_code":10002,"error_message":"API Key Missing"}}"#),
            |error| matches!(error, SourceError::Refused { .. }),
        ),
        (
            Response::status(404).with_body("application/json", r#"{"error":"coin not found"}"#),
            |error| matches!(error, SourceError::Refused { .. }),
        ),
    ] {
        let server = FaultyServer::start(move |request: &Request| {
            if request.path.contains("/simple/price") {
                body(r#"{"bitcoin":{"usd":5,"last_updated_at":1711356300}}"#)
            } else {
                answer.clone()
            }
        });
        let source = source(&server.url(), |_| {});
        let questions = [
            coin("bitcoin", "bitcoin"),
            token("ethereum", "ethereum", WBTC),
        ];
        let update = source.prices(&questions, "USD").await;
        assert_eq!(update.found.len(), 1, "{update:?}");
        let failure = update.failure.expect("the second request fails");
        assert!(is_expected(&failure), "{failure:?}");
    }
}
