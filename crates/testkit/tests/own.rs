//! The faulty server against a plain client.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use recover_testkit::{Contracts, FaultyServer, Request, Response};
use serde_json::json;

/// What comes over the wire for these bytes, until the server closes or falls silent.
fn exchange(server: &FaultyServer, bytes: &str) -> String {
    let address = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Times out on a connection kept open; what came until then is the answer.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn handler_sees_the_request() {
    let server = FaultyServer::start(|request: &Request| {
        Response::json(&json!([
            request.method,
            request.path,
            request.query_value("module"),
            request.query_value("absent"),
            request.query_value("name"),
            request.header("X-Key"),
        ]))
    });
    let request = "GET /api/v2?module=account&name=a%20b+c%zz HTTP/1.1\r\nx-key: k\r\n\r\n";
    let answer = exchange(&server, request);
    let expected = r#"["GET","/api/v2","account",null,"a b c%zz","k"]"#;
    assert!(answer.ends_with(expected), "{answer}");
    assert_eq!(server.requests()[0].query, "module=account&name=a%20b+c%zz");
}

#[test]
fn one_connection_carries_several_requests_and_chunks() {
    let server = FaultyServer::start(|request: &Request| {
        Response::status(200).with_body("text/plain", request.body.clone())
    });
    let first = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\none";
    let second =
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n";
    let answer = exchange(&server, &format!("{first}{second}"));
    assert!(answer.contains("\r\n\r\noneHTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("\r\n\r\ntwo"), "{answer}");
    assert_eq!(server.request_count(), 2);
}

#[test]
fn truncated_answer_promises_more_than_it_sends() {
    let server = FaultyServer::always(Response::json(&json!({"a": 1})).truncated(3));
    let answer = exchange(&server, "GET / HTTP/1.1\r\n\r\n");
    assert!(answer.contains("content-length: 7\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"a"), "{answer}");
}

#[test]
fn hang_up_sends_nothing() {
    let server = FaultyServer::always(Response::hang_up());
    assert_eq!(exchange(&server, "GET / HTTP/1.1\r\n\r\n"), "");
    assert_eq!(server.request_count(), 1);
}

#[test]
fn rpc_errors_keep_the_ids_of_a_batch() {
    let server = FaultyServer::start(|request: &Request| {
        Response::rpc_error(request, -32000, "busy").with_status(503)
    });
    let body = r#"[{"id":1,"method":"a"},{"id":"x","method":"b"}]"#;
    let request = format!(
        "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(&server, &request);
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains(r#""id":1"#) && answer.contains(r#""id":"x""#),
        "{answer}"
    );
    assert_eq!((server.call_count("a"), server.call_count("c")), (1, 0));
}

#[test]
fn a_dropped_server_is_gone() {
    let server = FaultyServer::always(Response::status(200));
    let address = server.url().replace("http://", "");
    drop(server);
    // The accepting thread closes its listener as soon as it wakes.
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(&address).is_err()
    });
    assert!(gone);
}

#[test]
fn every_contract_is_compiled() {
    let names: Vec<&str> = Contracts::load().names().collect();
    let expected = [
        "CreateDeployer",
        "Forwarder",
        "ForwarderFactory",
        "InternalPayer",
        "MultiSend",
        "SelfDestructPayer",
        "TokenBytes32Symbol",
        "TokenFake",
        "TokenFalse",
        "TokenFee",
        "TokenGood",
        "TokenNft",
        "TokenNoReturn",
        "TokenPausable",
        "TokenUnindexed",
    ];
    assert_eq!(names, expected);
    let transfer = &Contracts::load().get("TokenGood").selectors["transfer(address,uint256)"];
    assert_eq!(transfer, "a9059cbb");
}
