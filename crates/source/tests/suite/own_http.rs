//! The HTTP client: bounded in time and size, deaf to redirects, silent about keys.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use recover_source::error::SourceError;
use recover_source::http::{HttpConfig, HttpTransport};
use recover_source::secret::SecretTemplate;
use recover_source::transport::Transport;
use recover_testkit::{FaultyServer, Response};
use std::io::Write;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const CANARY: &str = "CANARY-7d1f0c";

fn transport(url: &str, change: impl FnOnce(&mut HttpConfig)) -> HttpTransport {
    // Only the first of this process installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = HttpConfig::new("json_rpc", SecretTemplate::new(url));
    config.connect_timeout = Duration::from_secs(2);
    config.total_timeout = Duration::from_secs(5);
    change(&mut config);
    HttpTransport::new(config)
}

async fn post(transport: &HttpTransport) -> Result<Bytes, SourceError> {
    transport.post(Bytes::from_static(b"{}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_back_as_it_was_sent() {
    let server =
        FaultyServer::always(Response::status(200).with_body("application/json", "{\"a\":1}"));
    let transport = transport(&server.url(), |_| {});
    assert_eq!(post(&transport).await.unwrap(), "{\"a\":1}");
    let request = &server.requests()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("accept-encoding").unwrap().contains("gzip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_answer_that_unpacks_to_a_large_one_stops_at_the_limit() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        packer.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let server = FaultyServer::always(
        Response::status(200)
            .with_body("application/json", bomb)
            .with_header("content-encoding", "gzip"),
    );
    let small = transport(&server.url(), |config| config.answer_bytes_max = 1_000_000);
    let error = post(&small).await.unwrap_err();
    assert!(
        matches!(
            error,
            SourceError::TooLarge {
                limit_bytes: 1_000_000,
                ..
            }
        ),
        "{error}"
    );
    // The same answer below its limit is read whole.
    let large = transport(&server.url(), |config| {
        config.answer_bytes_max = 65 * 1024 * 1024
    });
    assert_eq!(post(&large).await.unwrap().len(), 64 * 1024 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_refused_by_its_announcement() {
    let server = FaultyServer::always(
        Response::status(200).with_body("application/json", vec![b' '; 2_000]),
    );
    let transport = transport(&server.url(), |config| config.answer_bytes_max = 1_999);
    assert!(matches!(
        post(&transport).await,
        Err(SourceError::TooLarge { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dawdles_is_left() {
    let server = FaultyServer::always(Response::status(200).delayed(Duration::from_secs(3)));
    let transport = transport(&server.url(), |config| {
        config.total_timeout = Duration::from_millis(200)
    });
    let started = Instant::now();
    let error = post(&transport).await.unwrap_err();
    assert!(error.to_string().contains("it took too long"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let elsewhere = FaultyServer::always(Response::status(200).with_body("application/json", "{}"));
    let url = elsewhere.url();
    let server = FaultyServer::always(Response::status(307).with_header("location", &url));
    let error = post(&transport(&server.url(), |_| {})).await.unwrap_err();
    assert!(
        error.to_string().contains("redirects are not followed"),
        "{error}"
    );
    assert_eq!(elsewhere.request_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_body_is_no_answer() {
    let server = FaultyServer::always(
        Response::status(200)
            .with_body("application/json", "{\"result\":\"0x1\"}")
            .truncated(7),
    );
    let error = post(&transport(&server.url(), |_| {})).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_says_how_long_to_wait() {
    let server = FaultyServer::always(Response::status(429).with_header("retry-after", "7"));
    let error = post(&transport(&server.url(), |_| {})).await.unwrap_err();
    let SourceError::RateLimited { retry_after, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_json_under_a_bad_status_is_the_protocols_own() {
    let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}"#;
    for status in [400, 500] {
        let server =
            FaultyServer::always(Response::status(status).with_body("application/json", body));
        assert_eq!(post(&transport(&server.url(), |_| {})).await.unwrap(), body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_stand_in_no_message() {
    let server = FaultyServer::always(Response::status(403).with_body(
        "text/plain",
        format!("the key {CANARY}-in-path is unknown, and {CANARY}-as-key"),
    ));
    let url = format!("{}/v3/{CANARY}-in-path", server.url());
    let with_key = transport(&url, |config| {
        config.key = Some(("apikey", SecretTemplate::new(&format!("{CANARY}-as-key"))));
    });
    let refused = post(&with_key).await.unwrap_err();
    // A port where nobody listens: the error of the connection could name the address.
    let dead = transport(
        &format!("http://127.0.0.1:1/v3/{CANARY}-in-path"),
        |config| {
            config.key = Some(("apikey", SecretTemplate::new(&format!("{CANARY}-as-key"))));
        },
    );
    let unreachable = post(&dead).await.unwrap_err();
    let asked = dead
        .get("/list", &[("module", "account")])
        .await
        .unwrap_err();
    for text in [
        refused.to_string(),
        format!("{refused:?}"),
        unreachable.to_string(),
        format!("{unreachable:?}"),
        format!("{asked:?}"),
        format!("{with_key:?}"),
        with_key.origin().to_owned(),
    ] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(
        refused.to_string().contains("json_rpc 127.0.0.1"),
        "{refused}"
    );
    // It reached the server all the same.
    let request = &server.requests()[0];
    assert_eq!(
        request.query_value("apikey"),
        Some(format!("{CANARY}-as-key"))
    );
}

/// A server repeats the key just where its words are cut.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_key_stands_in_no_message() {
    for filling in [60, 105, 108, 112, 116, 1015, 1020] {
        let body = format!("{} {CANARY} {}", "x".repeat(filling), "y".repeat(200));
        let server = FaultyServer::always(Response::status(400).with_body("text/plain", body));
        let transport = transport(&server.url(), |config| {
            config.key = Some(("key", SecretTemplate::new(CANARY)));
        });
        let error = post(&transport).await.unwrap_err().to_string();
        assert!(!error.contains("CANA"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_none_says_so_without_repeating_it() {
    for url in [CANARY, "ftp://host/CANARY-7d1f0c", "//host"] {
        let error = post(&transport(url, |_| {})).await.unwrap_err();
        assert!(
            error.to_string().contains("write it as https://HOST/PATH"),
            "{error}"
        );
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_variable_is_named_when_it_is_needed_and_not_before() {
    let transport = transport("${RECOVER_TEST_NO_SUCH_URL}", |_| {});
    assert_eq!(transport.origin(), "json_rpc ${RECOVER_TEST_NO_SUCH_URL}");
    let error = post(&transport).await.unwrap_err();
    assert!(
        matches!(&error, SourceError::MissingVariable { variable, .. } if variable == "RECOVER_TEST_NO_SUCH_URL"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_holds() {
    let server = FaultyServer::always(Response::status(200).with_body("application/json", "{}"));
    let transport = transport(&server.url(), |config| {
        config.requests_per_second = NonZeroU32::new(10)
    });
    let started = Instant::now();
    for _ in 0..15 {
        post(&transport).await.unwrap();
    }
    // Ten at once, and five more at one a tenth of a second.
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_millis(380), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_parameters_are_appended() {
    let server = FaultyServer::always(Response::status(200).with_body("application/json", "{}"));
    let transport = transport(&format!("{}/base/", server.url()), |_| {});
    transport.get("/api/v2", &[("a", "b c&d")]).await.unwrap();
    transport.get("", &[]).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].path, "/base/api/v2");
    assert_eq!(requests[0].query_value("a").as_deref(), Some("b c&d"));
    assert_eq!(requests[1].path, "/base/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_type_is_posted_below_the_address() {
    let server = FaultyServer::always(Response::status(200).with_body("application/json", "{}"));
    let transport = transport(&format!("{}/base", server.url()), |_| {});
    transport
        .post_to(
            "/transactions",
            "application/x-www-form-urlencoded",
            Bytes::from_static(b"tx=AA"),
        )
        .await
        .unwrap();
    let request = &server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/base/transactions")
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.body, b"tx=AA");
}
