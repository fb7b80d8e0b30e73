//! An HTTP server that answers what a test makes up, and breaks the protocol where told to.

use std::fmt;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST ...
    pub method: String,
    /// From the first slash to the question mark.
    pub path: String,
    /// After the question mark, still encoded; empty without one.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As received.
    pub body: Vec<u8>,
    /// 0 for the first request of this server, then counting up.
    pub number: u64,
}

impl Request {
    /// The body as JSON; null when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The JSON-RPC calls in the body: one, or those of a batch, or none.
    pub fn rpc_calls(&self) -> Vec<Value> {
        let calls = match self.json() {
            Value::Array(calls) => calls,
            call => vec![call],
        };
        calls
            .into_iter()
            .filter(|call| call.get("method").is_some())
            .collect()
    }

    /// Whether one of its JSON-RPC calls is of that method.
    pub fn asks(&self, method: &str) -> bool {
        self.rpc_calls().iter().any(|call| call["method"] == method)
    }

    /// The value of a query parameter, percent signs and pluses decoded; the first where it stands more than once.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(found) == name).then(|| decode(value))
        })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| hex::decode(digits).ok());
        match escaped {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(if byte == b'+' { b' ' } else { byte });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer, honest or not.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Sent as they are; the length is added.
    pub headers: Vec<(String, String)>,
    /// The whole body, which the length header announces even when less is sent.
    pub body: Vec<u8>,
    /// Sends only this many bytes of the body and closes the connection. None: all of it.
    pub truncate: Option<usize>,
    /// Waits this long before answering.
    pub delay: Duration,
    /// Closes the connection without a byte.
    pub hang_up: bool,
}

impl Response {
    /// An empty answer of that status.
    pub fn status(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            truncate: None,
            delay: Duration::ZERO,
            hang_up: false,
        }
    }

    /// 200 with a JSON body.
    pub fn json(value: &Value) -> Response {
        Response::status(200).with_body("application/json", value.to_string())
    }

    /// 200 with an HTML page, as a gateway in front of a node answers.
    pub fn html(page: &str) -> Response {
        Response::status(200).with_body("text/html; charset=utf-8", page)
    }

    /// The JSON-RPC error for every call of the request: one object, or a list for a batch.
    pub fn rpc_error(request: &Request, code: i64, message: &str) -> Response {
        let answer = |call: &Value| json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}});
        match request.json() {
            Value::Array(calls) => Response::json(&calls.iter().map(answer).collect()),
            call => Response::json(&answer(&call)),
        }
    }

    /// The same with this body and content type.
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        self.body = body.into();
        self.with_header("content-type", content_type)
    }

    /// The same with this header, which replaces one of the same name.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers
            .retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// The same, cut after `bytes` of the body though the length header promises all of it.
    pub fn truncated(mut self, bytes: usize) -> Response {
        self.truncate = Some(bytes);
        self
    }

    /// The same, later.
    pub fn delayed(mut self, delay: Duration) -> Response {
        self.delay = delay;
        self
    }

    /// No answer at all: the connection is closed.
    pub fn hang_up() -> Response {
        let mut response = Response::status(200);
        response.hang_up = true;
        response
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// An HTTP server on the loopback address whose every answer comes from a closure. Ends when dropped.
pub struct FaultyServer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    handler: Box<Handler>,
    stopping: AtomicBool,
    next: AtomicU64,
    requests: Mutex<Vec<Request>>,
}

impl fmt::Debug for FaultyServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FaultyServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl FaultyServer {
    /// Serves `handler`, which is called from several threads at once.
    pub fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FaultyServer {
        let listener =
            TcpListener::bind("127.0.0.1:0").expect("the loopback address has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let state = Arc::new(State {
            handler: Box::new(handler),
            stopping: AtomicBool::new(false),
            next: AtomicU64::new(0),
            requests: Mutex::new(Vec::new()),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&accepting);
                if let Ok(stream) = stream {
                    // A client that goes away in the middle is the client's business.
                    thread::spawn(move || state.serve(&stream).ok());
                }
            }
        });
        FaultyServer { address, state }
    }

    /// Answers everything the same way.
    pub fn always(response: Response) -> FaultyServer {
        FaultyServer::start(move |_| response.clone())
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in the order they came.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests().clone()
    }

    /// How many HTTP requests came.
    pub fn request_count(&self) -> usize {
        self.state.requests().len()
    }

    /// How many JSON-RPC calls of that method came, each call of a batch counted.
    pub fn call_count(&self, method: &str) -> usize {
        self.state
            .requests()
            .iter()
            .flat_map(Request::rpc_calls)
            .filter(|call| call["method"] == method)
            .count()
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees the mark.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn requests(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        // A push either happened or not: a handler that panicked left the list whole.
        self.requests
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Answers one connection until it is closed.
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(message) = http::read_message(&mut reader)? {
            if self.stopping.load(Ordering::Relaxed) {
                return Ok(());
            }
            let mut words = message.start.split(' ');
            let method = words.next().unwrap_or_default().to_owned();
            let target = words.next().unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let request = Request {
                method,
                path: path.to_owned(),
                query: query.to_owned(),
                headers: message.headers,
                body: message.body,
                number: self.next.fetch_add(1, Ordering::Relaxed),
            };
            self.requests().push(request.clone());
            let response = (self.handler)(&request);
            thread::sleep(response.delay);
            if response.hang_up {
                return Ok(());
            }
            let mut head = format!(
                "HTTP/1.1 {} {}\r\n",
                response.status,
                reason(response.status)
            );
            for (name, value) in &response.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("content-length: {}\r\n\r\n", response.body.len()));
            let sent = response
                .truncate
                .unwrap_or(response.body.len())
                .min(response.body.len());
            let mut bytes = head.into_bytes();
            bytes.extend_from_slice(&response.body[..sent]);
            let mut writer = stream;
            writer.write_all(&bytes)?;
            if sent < response.body.len() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unnamed",
    }
}
