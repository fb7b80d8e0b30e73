//! A proxy before a real node that spoils chosen answers, as public nodes do.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::http;
use crate::server::{FaultyServer, Request, Response};

type Applies = dyn Fn(&Request) -> bool + Send + Sync;
type Answer = dyn Fn(&Request) -> Response + Send + Sync;
type Change = dyn Fn(&Request, Response) -> Response + Send + Sync;

#[derive(Clone)]
enum Action {
    /// Instead of asking the node.
    Answer(Arc<Answer>),
    /// To what the node said.
    Change(Arc<Change>),
}

/// Which requests are spoiled, and how. Applies to every request until narrowed down.
pub struct Rule {
    applies: Box<Applies>,
    skip: u64,
    times: Option<u64>,
    every: u64,
    action: Action,
    seen: u64,
}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Rule")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl Rule {
    fn new(action: Action) -> Rule {
        Rule {
            applies: Box::new(|_| true),
            skip: 0,
            times: None,
            every: 1,
            action,
            seen: 0,
        }
    }

    /// Answers this without asking the node.
    pub fn answer(response: Response) -> Rule {
        Rule::answer_with(move |_| response.clone())
    }

    /// Answers by a closure without asking the node.
    pub fn answer_with(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Rule {
        Rule::new(Action::Answer(Arc::new(answer)))
    }

    /// Changes what the node answered.
    pub fn change(change: impl Fn(&Request, Response) -> Response + Send + Sync + 'static) -> Rule {
        Rule::new(Action::Change(Arc::new(change)))
    }

    /// Changes the answer object of each JSON-RPC call of that method, alone or in a batch. The closure gets the call and the
    /// whole answer (`{"jsonrpc", "id", "result" | "error"}`).
    pub fn change_calls(
        method: &'static str,
        change: impl Fn(&Value, Value) -> Value + Send + Sync + 'static,
    ) -> Rule {
        Rule::change(move |request, mut response| {
            let calls = request.rpc_calls();
            let spoil = |answer: Value| {
                let call = calls
                    .iter()
                    .find(|call| call["id"] == answer["id"] && call["method"] == method);
                match call {
                    Some(call) => change(call, answer),
                    None => answer,
                }
            };
            let spoiled = match serde_json::from_slice(&response.body) {
                Ok(Value::Array(answers)) => answers.into_iter().map(spoil).collect(),
                Ok(answer) => spoil(answer),
                // What the node said was no JSON: it stays what it is.
                Err(_) => return response,
            };
            response.body = spoiled.to_string().into_bytes();
            response
        })
        .on_method(method)
    }

    /// 429 with an empty body and no hint when to come back.
    pub fn too_many_requests() -> Rule {
        Rule::answer(Response::status(429))
    }

    /// 429 with a JSON-RPC error and `Retry-After` in seconds.
    pub fn too_many_requests_with_body(retry_after_seconds: u32) -> Rule {
        Rule::answer_with(move |request| {
            Response::rpc_error(request, -32005, "rate limit exceeded")
                .with_status(429)
                .with_header("retry-after", &retry_after_seconds.to_string())
        })
    }

    /// A gateway's page instead of JSON, status 200.
    pub fn html() -> Rule {
        Rule::answer(Response::html(
            "<!DOCTYPE html><html><body><h1>Checking your browser</h1></body></html>",
        ))
    }

    /// The node's answer cut in the middle, its length corrected: whole HTTP, half a JSON.
    pub fn half_json() -> Rule {
        Rule::change(|_, mut response| {
            response.body.truncate(response.body.len() / 2);
            response
        })
    }

    /// The node's answer cut in the middle of the transfer: the connection closes early.
    pub fn half_body() -> Rule {
        Rule::change(|_, response| {
            let half = response.body.len() / 2;
            response.truncated(half)
        })
    }

    /// The node claims to be of another chain.
    pub fn chain_id(chain_id: u64) -> Rule {
        Rule::change_calls("eth_chainId", move |_, mut answer| {
            answer["result"] = json!(format!("0x{chain_id:x}"));
            answer
        })
    }

    /// The result cap: `eth_getLogs` with more than `max` logs is refused with this code and message.
    pub fn max_logs(max: usize, code: i64, message: impl Into<String>) -> Rule {
        let message = message.into();
        Rule::change_calls("eth_getLogs", move |_, answer| {
            let found = answer["result"].as_array().map_or(0, Vec::len);
            if found > max {
                refusal(&answer, code, &message)
            } else {
                answer
            }
        })
    }

    /// The range cap: `eth_getLogs` over more than `max` blocks is refused with this code and message, whatever it holds.
    /// Bounds given as tags count as one block.
    pub fn max_range(max: u64, code: i64, message: impl Into<String>) -> Rule {
        let message = message.into();
        Rule::change_calls("eth_getLogs", move |call, answer| {
            let bound = |key: &str| {
                let digits = call["params"][0][key].as_str()?.strip_prefix("0x")?;
                u64::from_str_radix(digits, 16).ok()
            };
            let blocks = match (bound("fromBlock"), bound("toBlock")) {
                (Some(from), Some(to)) => to.saturating_sub(from).saturating_add(1),
                _ => 1,
            };
            if blocks > max {
                refusal(&answer, code, &message)
            } else {
                answer
            }
        })
    }

    /// The node does not know the method: -32601.
    pub fn without_method(method: &'static str) -> Rule {
        Rule::change_calls(method, move |_, answer| {
            refusal(
                &answer,
                -32601,
                &format!("the method {method} does not exist/is not available"),
            )
        })
    }

    /// A method answers null, as a node does that has the block but not what belongs to it.
    pub fn null_result(method: &'static str) -> Rule {
        Rule::change_calls(
            method,
            |_, answer| json!({"jsonrpc": "2.0", "id": answer["id"], "result": null}),
        )
    }

    /// Only requests with a JSON-RPC call of that method.
    pub fn on_method(self, method: &'static str) -> Rule {
        self.when(move |request| request.asks(method))
    }

    /// Only requests this is true for, besides the conditions given before.
    pub fn when(mut self, applies: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Rule {
        let before = self.applies;
        self.applies = Box::new(move |request| before(request) && applies(request));
        self
    }

    /// Lets the first `count` fitting requests pass.
    pub fn after(mut self, count: u64) -> Rule {
        self.skip = count;
        self
    }

    /// Spoils at most `count` requests, then lets all pass.
    pub fn times(mut self, count: u64) -> Rule {
        self.times = Some(count);
        self
    }

    /// Spoils each `n`-th fitting request only, the first one included.
    pub fn every(mut self, n: u64) -> Rule {
        self.every = n.max(1);
        self
    }

    /// Whether this request is spoiled; counts it.
    fn takes(&mut self, request: &Request) -> bool {
        if !(self.applies)(request) {
            return false;
        }
        let seen = self.seen;
        self.seen += 1;
        let Some(number) = seen.checked_sub(self.skip) else {
            return false;
        };
        number.is_multiple_of(self.every)
            && self.times.is_none_or(|times| number / self.every < times)
    }
}

fn refusal(answer: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": answer["id"], "error": {"code": code, "message": message}})
}

/// The proxy. Passes requests on to the node until a [`Rule`] says otherwise; rules may be added and cleared while it runs.
///
/// The first rule that answers wins and the node is not asked; rules that change are applied in the order they were added.
#[derive(Debug)]
pub struct FaultProxy {
    server: FaultyServer,
    rules: Arc<Mutex<Vec<Rule>>>,
    upstream: Arc<Mutex<String>>,
}

impl FaultProxy {
    /// Starts before `upstream`, an `http://HOST:PORT` without TLS.
    pub fn start(upstream: &str) -> FaultProxy {
        let rules: Arc<Mutex<Vec<Rule>>> = Arc::default();
        let upstream = Arc::new(Mutex::new(upstream.to_owned()));
        let server = FaultyServer::start({
            let rules = Arc::clone(&rules);
            let upstream = Arc::clone(&upstream);
            move |request| {
                let url = guard(&upstream).clone();
                respond(request, &url, &rules)
            }
        });
        FaultProxy {
            server,
            rules,
            upstream,
        }
    }

    /// Adds a rule, after those there are.
    pub fn rule(&self, rule: Rule) -> &FaultProxy {
        guard(&self.rules).push(rule);
        self
    }

    /// Removes all rules: the node answers again.
    pub fn clear(&self) {
        guard(&self.rules).clear();
    }

    /// Passes on to another node from now on, as a balancer does.
    pub fn set_upstream(&self, upstream: &str) {
        upstream.clone_into(&mut guard(&self.upstream));
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The requests so far, in the order they came.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// How many HTTP requests came, spoiled or not.
    pub fn request_count(&self) -> usize {
        self.server.request_count()
    }

    /// How many JSON-RPC calls of that method came, each call of a batch counted.
    pub fn call_count(&self, method: &str) -> usize {
        self.server.call_count(method)
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A closure of a test that panicked must not hide its message behind a poisoned lock in every later request.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn respond(request: &Request, upstream: &str, rules: &Mutex<Vec<Rule>>) -> Response {
    // Which rules apply is settled before the node is asked, and the lock is not held while anybody thinks.
    let mut changes = Vec::new();
    let mut answering = None;
    for rule in guard(rules).iter_mut() {
        if rule.takes(request) {
            match rule.action.clone() {
                Action::Change(change) => changes.push(change),
                Action::Answer(answer) => {
                    answering = Some(answer);
                    break;
                }
            }
        }
    }
    if let Some(answer) = answering {
        return answer(request);
    }
    let target = match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    };
    let headers: Vec<(String, String)> = request
        .headers
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "content-type" | "authorization"))
        .cloned()
        .collect();
    let mut response = match http::send(
        &request.method,
        upstream,
        Some(&target),
        &headers,
        &request.body,
    ) {
        Ok((status, message)) => {
            let content_type = message
                .header("content-type")
                .unwrap_or("application/json")
                .to_owned();
            Response::status(status).with_body(&content_type, message.body)
        }
        // As a balancer says it when the node behind it is down.
        Err(error) => Response::status(502).with_body("text/plain", error.to_string()),
    };
    for change in changes {
        response = change(request, response);
    }
    response
}
