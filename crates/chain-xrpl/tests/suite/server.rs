//! Servers in memory: one that answers from recorded transactions, one that answers what a test says.

use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_xrpl::XrplNode;
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers a method and its parameters with a whole body.
pub type Answer = Box<dyn Fn(&str, &Value) -> Result<Value, SourceError> + Send + Sync>;

pub struct Server {
    answer: Answer,
    pub asked: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl Transport for Server {
    fn origin(&self) -> &str {
        "rippled test"
    }

    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
        let call: Value = serde_json::from_slice(&body).unwrap();
        let method = call["method"].as_str().unwrap().to_owned();
        let parameters = call["params"][0].clone();
        let answer = (self.answer)(&method, &parameters);
        self.asked.lock().unwrap().push((method, parameters));
        answer.map(|answer| match answer {
            // A string stands for a body that is no JSON.
            Value::String(text) => Bytes::from(text),
            answer => Bytes::from(answer.to_string()),
        })
    }

    async fn get(&self, _path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        panic!("the protocol knows no GET");
    }
}

pub fn settings() -> SourceSettings {
    let mut settings = SourceSettings::new(
        crate::fixture::network(),
        "0",
        "rippled",
        "http://localhost",
    );
    settings.retry = RetryPolicy {
        tries_max: 3,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(2),
    };
    settings
}

pub fn server(
    answer: impl Fn(&str, &Value) -> Result<Value, SourceError> + Send + Sync + 'static,
) -> Arc<Server> {
    Arc::new(Server {
        answer: Box::new(answer),
        asked: Mutex::default(),
    })
}

pub fn node(server: &Arc<Server>) -> XrplNode {
    XrplNode::new(settings(), Arc::clone(server) as Arc<dyn Transport>)
}

pub fn info(complete: &str, tip: u64) -> Value {
    json!({"result": {"status": "success", "info": {
        "network_id": 0,
        "complete_ledgers": complete,
        "validated_ledger": {
            "seq": tip, "hash": "AB".repeat(32), "base_fee_xrp": 0.00001,
            "reserve_base_xrp": 1, "reserve_inc_xrp": 0.2
        }
    }}})
}

pub fn ledger(height: u64) -> Value {
    json!({"result": {"status": "success", "validated": true, "ledger_index": height,
        "ledger_hash": format!("{height:064X}"),
        "ledger": {"ledger_index": height.to_string(), "ledger_hash": format!("{height:064X}"),
            "parent_hash": format!("{:064X}", height - 1), "close_time": 700_000_000 + height}}})
}

pub fn error(code: &str) -> Value {
    json!({"result": {"status": "error", "error": code, "error_code": 1, "error_message": "words"}})
}
