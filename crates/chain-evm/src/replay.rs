//! A recorded chain that answers JSON-RPC from memory: for the demo, for benchmarks and for tests without a node.
//!
//! The format is JSON lines. First `{"recording":1,"chain_id":1,"note":"…","finalized":90}` (`finalized` may be left out:
//! then all of it is final), then a line a block, lowest first: `{"block":{…},"receipts":[…],"traces":[…]}` with the block
//! in full and `traces` as `trace_block` gives them or left out, then lines of other answers:
//! `{"method":"eth_getCode","params":[…],"result":…}`.

use crate::rpc::{Call, RpcCall};
use async_trait::async_trait;
use bytes::Bytes;
use recover_core::block::HeightRange;
use recover_source::error::SourceError;
use recover_source::transport::Transport;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Reading or writing failed.
    #[error("the recording cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// A line has another shape.
    #[error("line {line} of the recording is not understood: {detail}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// The node that was to be recorded did not answer.
    #[error("the node to record failed: {0}")]
    Source(#[from] SourceError),
}

#[derive(Serialize, Deserialize)]
struct Heading {
    recording: u32,
    chain_id: u64,
    #[serde(default)]
    note: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalized: Option<u64>,
}

#[derive(Deserialize)]
struct BlockLine {
    block: Box<RawValue>,
    receipts: Vec<Box<RawValue>>,
    #[serde(default)]
    traces: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct AnswerLine {
    method: String,
    params: Value,
    result: Box<RawValue>,
}

struct RecordedLog {
    address: String,
    topics: Vec<String>,
    text: Box<RawValue>,
}

struct RecordedBlock {
    full: Box<RawValue>,
    light: Box<RawValue>,
    hash: String,
    transactions: Vec<Box<RawValue>>,
    receipts: Vec<Box<RawValue>>,
    traces: Option<Box<RawValue>>,
    logs: Vec<RecordedLog>,
}

/// A recorded chain.
pub struct Recording {
    heading: Heading,
    blocks: BTreeMap<u64, RecordedBlock>,
    /// Where each transaction stands.
    transactions: HashMap<String, (u64, usize)>,
    answers: HashMap<String, Box<RawValue>>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording")
            .field("chain_id", &self.heading.chain_id)
            .field("blocks", &self.blocks.len())
            .finish_non_exhaustive()
    }
}

/// The fields of a block by which it is found.
#[derive(Deserialize)]
struct BlockKey {
    number: String,
    hash: String,
    #[serde(default)]
    transactions: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct HashKey {
    hash: String,
}

#[derive(Deserialize)]
struct ReceiptKey {
    #[serde(default)]
    logs: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct LogKey {
    address: String,
    topics: Vec<String>,
}

fn key(method: &str, params: &Value) -> String {
    format!("{method} {params}").to_lowercase()
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// When a line has another shape than the format's, named by its number.
    pub fn read(input: impl BufRead) -> Result<Self, RecordingError> {
        let mut lines = input.lines().enumerate();
        let wrong = |line: usize, detail: String| RecordingError::Line {
            line: line + 1,
            detail,
        };
        let (_, first) = lines
            .next()
            .ok_or_else(|| wrong(0, "it is empty".to_owned()))?;
        let heading: Heading =
            serde_json::from_str(&first?).map_err(|error| wrong(0, error.to_string()))?;
        if heading.recording != 1 {
            return Err(wrong(
                0,
                format!("version {} is not known", heading.recording),
            ));
        }
        let mut recording = Self {
            heading,
            blocks: BTreeMap::new(),
            transactions: HashMap::new(),
            answers: HashMap::new(),
        };
        for (number, line) in lines {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let added = if line.starts_with("{\"method\"") {
                recording.add_answer(&line)
            } else {
                recording.add_block(&line)
            };
            added.map_err(|error| wrong(number, error.to_string()))?;
        }
        Ok(recording)
    }

    /// The chain id that the recording names.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.heading.chain_id
    }

    /// What the recording says of itself.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.heading.note
    }

    /// The lowest and the highest block recorded; `None` when there is none.
    #[must_use]
    pub fn range(&self) -> Option<HeightRange> {
        use recover_core::block::Height;
        let (first, _) = self.blocks.first_key_value()?;
        let (last, _) = self.blocks.last_key_value()?;
        HeightRange::new(Height(*first), Height(*last))
    }

    fn add_answer(&mut self, line: &str) -> Result<(), serde_json::Error> {
        let answer: AnswerLine = serde_json::from_str(line)?;
        self.answers
            .insert(key(&answer.method, &answer.params), answer.result);
        Ok(())
    }

    fn add_block(&mut self, line: &str) -> Result<(), serde_json::Error> {
        use serde::de::Error as _;
        let line: BlockLine = serde_json::from_str(line)?;
        let keys: BlockKey = serde_json::from_str(line.block.get())?;
        let height = crate::wire::hex_quantity(&keys.number)
            .ok_or_else(|| serde_json::Error::custom("a block number is not hexadecimal"))?;
        let mut hashes = Vec::new();
        for (index, transaction) in keys.transactions.iter().enumerate() {
            let key: HashKey = serde_json::from_str(transaction.get())?;
            self.transactions
                .insert(key.hash.to_lowercase(), (height, index));
            hashes.push(key.hash);
        }
        let mut light: BTreeMap<String, Value> = serde_json::from_str(line.block.get())?;
        light.insert("transactions".to_owned(), json!(hashes));
        let mut logs = Vec::new();
        for receipt in &line.receipts {
            let receipt: ReceiptKey = serde_json::from_str(receipt.get())?;
            for text in receipt.logs {
                let key: LogKey = serde_json::from_str(text.get())?;
                logs.push(RecordedLog {
                    address: key.address.to_lowercase(),
                    topics: key
                        .topics
                        .iter()
                        .map(|topic| topic.to_lowercase())
                        .collect(),
                    text,
                });
            }
        }
        let block = RecordedBlock {
            light: serde_json::value::to_raw_value(&light)?,
            full: line.block,
            hash: keys.hash.to_lowercase(),
            transactions: keys.transactions,
            receipts: line.receipts,
            traces: line.traces,
            logs,
        };
        self.blocks.insert(height, block);
        Ok(())
    }

    fn height_of(&self, tag: &Value) -> Option<u64> {
        let last = self.blocks.last_key_value().map(|(height, _)| *height);
        match tag.as_str()? {
            "latest" | "pending" | "safe" => last,
            "finalized" => self.heading.finalized.or(last),
            "earliest" => self.blocks.first_key_value().map(|(height, _)| *height),
            number => crate::wire::hex_quantity(number),
        }
    }

    /// The JSON text of one call's result, or the code and words of its error.
    fn answer(&self, method: &str, params: &Value) -> Result<String, (i64, String)> {
        let param = |place: usize| params.get(place).unwrap_or(&Value::Null);
        let block = |tag: &Value| {
            self.height_of(tag)
                .and_then(|height| self.blocks.get(&height))
        };
        let raw = |text: Option<&RawValue>| text.map_or("null", RawValue::get).to_owned();
        let of_hash = |place: &Value| {
            let hash = place.as_str()?.to_lowercase();
            let (height, index) = self.transactions.get(&hash)?;
            Some((self.blocks.get(height)?, *index))
        };
        match method {
            "eth_chainId" => Ok(format!("\"0x{:x}\"", self.heading.chain_id)),
            "net_version" => Ok(format!("\"{}\"", self.heading.chain_id)),
            "eth_syncing" => Ok("false".to_owned()),
            "eth_blockNumber" => Ok(format!(
                "\"0x{:x}\"",
                self.height_of(&json!("latest")).unwrap_or_default()
            )),
            "eth_getBlockByNumber" => {
                let full = param(1).as_bool().unwrap_or_default();
                Ok(raw(block(param(0)).map(|block| match full {
                    true => block.full.as_ref(),
                    false => block.light.as_ref(),
                })))
            }
            "eth_getBlockReceipts" => Ok(block(param(0))
                .map_or_else(|| "null".to_owned(), |block| list(block.receipts.iter()))),
            "eth_getTransactionByHash" => Ok(raw(of_hash(param(0))
                .and_then(|(block, index)| block.transactions.get(index))
                .map(AsRef::as_ref))),
            "eth_getTransactionReceipt" => Ok(raw(of_hash(param(0))
                .and_then(|(block, index)| block.receipts.get(index))
                .map(AsRef::as_ref))),
            "eth_getLogs" => self.logs(param(0)),
            "trace_block" if self.has_traces() => Ok(raw(
                block(param(0)).and_then(|block| block.traces.as_deref())
            )),
            "trace_transaction" if self.has_traces() => Ok(of_hash(param(0))
                .and_then(|(block, _)| {
                    let entries: Vec<Value> =
                        serde_json::from_str(block.traces.as_ref()?.get()).ok()?;
                    let wanted = param(0).as_str()?.to_lowercase();
                    let own: Vec<Value> = entries
                        .into_iter()
                        .filter(|entry| {
                            entry
                                .get("transactionHash")
                                .and_then(Value::as_str)
                                .map(str::to_lowercase)
                                == Some(wanted.clone())
                        })
                        .collect();
                    Some(Value::Array(own).to_string())
                })
                .unwrap_or_else(|| "null".to_owned())),
            _ => self.recorded(method, params),
        }
    }

    fn has_traces(&self) -> bool {
        self.blocks.values().any(|block| block.traces.is_some())
    }

    /// An answer that was recorded for these parameters, or for the same at the newest block.
    fn recorded(&self, method: &str, params: &Value) -> Result<String, (i64, String)> {
        let at_latest = || {
            let mut params = params.clone();
            *params.as_array_mut()?.last_mut()? = json!("latest");
            self.answers.get(&key(method, &params))
        };
        self.answers
            .get(&key(method, params))
            .or_else(at_latest)
            .map(|result| result.get().to_owned())
            .ok_or_else(|| {
                (
                    -32601,
                    format!("the method {method} does not exist/is not available"),
                )
            })
    }

    fn logs(&self, filter: &Value) -> Result<String, (i64, String)> {
        let invalid = |what: &str| (-32602, format!("invalid filter: {what}"));
        let (from, to) = match filter.get("blockHash").and_then(Value::as_str) {
            Some(hash) => {
                let hash = hash.to_lowercase();
                let height = self
                    .blocks
                    .iter()
                    .find(|(_, block)| block.hash == hash)
                    .map(|(height, _)| *height)
                    .ok_or((-32000, "unknown block".to_owned()))?;
                (height, height)
            }
            None => {
                let end = |name: &str| {
                    let tag = filter.get(name).cloned().unwrap_or(json!("latest"));
                    self.height_of(&tag).ok_or_else(|| invalid(name))
                };
                (end("fromBlock")?, end("toBlock")?)
            }
        };
        if from > to {
            return Err(invalid("fromBlock is above toBlock"));
        }
        let addresses = filter.get("address").and_then(choices);
        let topics: Vec<Option<Vec<String>>> = filter
            .get("topics")
            .and_then(Value::as_array)
            .map(|topics| topics.iter().map(choices).collect())
            .unwrap_or_default();
        let matches = |log: &RecordedLog| {
            addresses
                .as_ref()
                .is_none_or(|addresses| addresses.contains(&log.address))
                && topics
                    .iter()
                    .enumerate()
                    .all(|(place, wanted)| match wanted {
                        None => true,
                        Some(wanted) => log
                            .topics
                            .get(place)
                            .is_some_and(|topic| wanted.contains(topic)),
                    })
        };
        Ok(list(
            self.blocks
                .range(from..=to)
                .flat_map(|(_, block)| &block.logs)
                .filter(|log| matches(log))
                .map(|log| &log.text),
        ))
    }
}

/// The values that one place of a filter allows; `None` for all.
fn choices(place: &Value) -> Option<Vec<String>> {
    match place {
        Value::String(one) => Some(vec![one.to_lowercase()]),
        Value::Array(many) => Some(
            many.iter()
                .filter_map(Value::as_str)
                .map(str::to_lowercase)
                .collect(),
        ),
        _ => None,
    }
}

fn list<'a>(items: impl Iterator<Item = &'a Box<RawValue>>) -> String {
    let mut text = String::from("[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item.get());
    }
    text.push(']');
    text
}

/// Answers JSON-RPC from a recording.
#[derive(Debug)]
pub struct ReplayTransport {
    recording: Recording,
    origin: String,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    method: String,
    #[serde(default)]
    params: Value,
}

impl ReplayTransport {
    /// A transport over a recording; `name` stands for it in messages.
    #[must_use]
    pub fn new(recording: Recording, name: &str) -> Self {
        Self {
            recording,
            origin: format!("recording {name}"),
        }
    }

    /// What is recorded.
    #[must_use]
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    fn one(&self, request: &Request<'_>) -> String {
        let id = request.id.get();
        match self.recording.answer(&request.method, &request.params) {
            Ok(result) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"),
            Err((code, message)) => {
                let message = Value::String(message);
                format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":{message}}}}}"
                )
            }
        }
    }
}

#[async_trait]
impl Transport for ReplayTransport {
    fn origin(&self) -> &str {
        &self.origin
    }

    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
        let unreadable = |error: serde_json::Error| SourceError::NotProtocol {
            origin: self.origin.clone(),
            detail: error.to_string(),
        };
        let text = if body.trim_ascii_start().first() == Some(&b'[') {
            let requests: Vec<Request<'_>> = serde_json::from_slice(&body).map_err(unreadable)?;
            let answers: Vec<String> = requests.iter().map(|request| self.one(request)).collect();
            format!("[{}]", answers.join(","))
        } else {
            let request: Request<'_> = serde_json::from_slice(&body).map_err(unreadable)?;
            self.one(&request)
        };
        Ok(Bytes::from(text))
    }

    async fn get(&self, _path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        Err(SourceError::Unsupported {
            origin: self.origin.clone(),
            what: "the verbs of an explorer".to_owned(),
        })
    }
}

/// Records a range of a chain with its receipts and traces, and further answers beside it. Answers that the node refuses
/// are left out: a replay then refuses them too.
///
/// # Errors
/// When the node does not answer for a block of the range, or the output cannot be written.
pub async fn record(
    rpc: &dyn RpcCall,
    note: &str,
    range: HeightRange,
    further: Vec<Call>,
    out: &mut (dyn Write + Send),
) -> Result<(), RecordingError> {
    let chain_id: String = crate::rpc::ask(rpc, Call::new("eth_chainId", json!([]))).await?;
    let heading = Heading {
        recording: 1,
        chain_id: crate::wire::hex_quantity(&chain_id).unwrap_or_default(),
        note: note.to_owned(),
        finalized: None,
    };
    let write = |out: &mut (dyn Write + Send), text: &str| writeln!(out, "{text}");
    write(out, &serde_json::to_string(&heading).unwrap_or_default())?;
    for height in range.from().0..=range.to().0 {
        let tag = format!("0x{height:x}");
        let answers = rpc
            .batch(vec![
                Call::new("eth_getBlockByNumber", json!([tag, true])),
                Call::new("eth_getBlockReceipts", json!([tag])),
                Call::new("trace_block", json!([tag])),
            ])
            .await?;
        let mut texts = Vec::new();
        for answer in answers {
            texts.push(answer.map(|text| String::from_utf8_lossy(&text).into_owned()));
        }
        let traces = texts.pop().and_then(Result::ok);
        let receipts = texts.pop().unwrap_or(Ok("[]".to_owned()))?;
        let block = texts.pop().unwrap_or(Ok("null".to_owned()))?;
        let traces = traces
            .filter(|traces| traces.starts_with('['))
            .map(|traces| format!(",\"traces\":{traces}"))
            .unwrap_or_default();
        write(
            out,
            &format!("{{\"block\":{block},\"receipts\":{receipts}{traces}}}"),
        )?;
    }
    for call in further {
        let answer = rpc.batch(vec![call.clone()]).await?.pop();
        if let Some(Ok(result)) = answer {
            let method = json!(call.method);
            let text = String::from_utf8_lossy(&result);
            write(
                out,
                &format!(
                    "{{\"method\":{method},\"params\":{},\"result\":{text}}}",
                    call.params
                ),
            )?;
        }
    }
    Ok(())
}
