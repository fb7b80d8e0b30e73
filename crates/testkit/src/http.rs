//! HTTP/1.1 between processes of this machine, as much of it as the tests need.
//!
//! Written out rather than taken from a library because the servers here must be able to break the protocol on purpose, and the one
//! client only ever talks to a node on the loopback address.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// No test sends or receives more in one message; beyond it something runs away.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A parsed message: its first line, headers (names in lower case) and body.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Reads one message. `None` when the other side closed the connection between messages.
pub(crate) fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut start = String::new();
    if reader.read_line(&mut start)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| invalid(format!("header without a colon: {line}")))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut body = Vec::new();
    if header(&headers, "transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    {
        read_chunks(reader, &mut body)?;
    } else if let Some(length) = header(&headers, "content-length") {
        let length: usize = length
            .parse()
            .map_err(|_| invalid(format!("content-length is not a number: {length}")))?;
        if length > BODY_BYTES_MAX {
            return Err(invalid(format!("a body of {length} bytes")));
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
    }
    Ok(Some(Message {
        start: start.trim_end().to_owned(),
        headers,
        body,
    }))
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = usize::from_str_radix(digits, 16)
            .map_err(|_| invalid(format!("chunk length is not a number: {digits}")))?;
        let start = body.len();
        if length > BODY_BYTES_MAX - start {
            return Err(invalid(format!("a chunk of {length} bytes")));
        }
        body.resize(start + length, 0);
        reader.read_exact(&mut body[start..])?;
        let mut end = String::new();
        reader.read_line(&mut end)?;
        if length == 0 {
            return Ok(());
        }
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Sends one request on a connection of its own and reads the answer.
/// `url` is `http://HOST:PORT/PATH`; `target` replaces its path and query when given.
pub(crate) fn send(
    method: &str,
    url: &str,
    target: Option<&str>,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<(u16, Message)> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| invalid(format!("not an http address: {url}")))?;
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let mut head = format!(
        "{method} {} HTTP/1.1\r\nhost: {host}\r\n",
        target.unwrap_or(path)
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    ));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    (&stream).write_all(&bytes)?;
    let mut reader = BufReader::new(&stream);
    let mut message = read_message(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    // An answer with neither length nor chunks ends with the connection.
    if message.header("content-length").is_none() && message.header("transfer-encoding").is_none() {
        reader.read_to_end(&mut message.body)?;
    }
    let status = message
        .start
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| invalid(format!("no status in {}", message.start)))?;
    Ok((status, message))
}
