//! The recording's own format.

use crate::world::{Chain, Tx, ours, request};
use recover_chain_evm::replay::{Recording, record};
use recover_chain_evm::rpc::{Call, RpcClient};
use recover_core::block::{Height, HeightRange};
use recover_source::chain::Part;
use recover_source::retry::RetryPolicy;
use serde_json::json;
use std::sync::Arc;

#[test]
fn a_line_that_is_not_understood_is_named() {
    for (text, words) in [
        ("", "line 1"),
        ("{\"recording\":2,\"chain_id\":1}", "version 2"),
        ("{\"recording\":1,\"chain_id\":1}\n{\"block\":{}}", "line 2"),
        (
            "{\"recording\":1,\"chain_id\":1}\n\n{\"method\":1}",
            "line 3",
        ),
    ] {
        let error = Recording::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_recording_of_a_recording_is_the_same_chain() {
    let mut chain = Chain::empty(6);
    chain.put(2, Tx::new("paid").pays(&ours(), 5).call(&[0], &ours(), 9));
    chain.answers.push((
        "eth_getCode".to_owned(),
        json!([ours(), "latest"]),
        json!("0x6001"),
    ));
    let transport = Arc::new(recover_chain_evm::replay::ReplayTransport::new(
        chain.recording(),
        "own",
    ));
    let client = RpcClient::new(transport, RetryPolicy::once());
    let mut out = Vec::new();
    let range = HeightRange::new(Height(0), Height(5)).unwrap();
    let further = vec![Call::new("eth_getCode", json!([ours(), "latest"]))];
    record(&client, "a copy", range, further, &mut out)
        .await
        .unwrap();
    let copy = Recording::read(out.as_slice()).unwrap();
    assert_eq!((copy.note(), copy.chain_id()), ("a copy", 1));
    assert_eq!(copy.range(), Some(range));
    let node = |recording| {
        recover_chain_evm::open_with(
            crate::world::config("http://unused"),
            Arc::new(recover_chain_evm::replay::ReplayTransport::new(
                recording, "own",
            )),
        )
    };
    let request = request(0, 5, Part::ALL);
    let first = node(chain.recording()).scan(&request).await.unwrap();
    let second = node(copy).scan(&request).await.unwrap();
    assert_eq!(first.observations.len(), 2);
    assert_eq!(first.observations, second.observations);
    assert_eq!(first.end, second.end);
}
