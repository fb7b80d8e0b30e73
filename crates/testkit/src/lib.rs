//! What the tests face besides our own code, and what they need to start it.
//!
//! Its job: a real EVM node ([`Anvil`]) with the contracts of `tests/contracts` ([`Contracts`]), real nodes of the Bitcoin
//! family ([`CoinNode`]), a real PostgreSQL
//! ([`Postgres`]), the networks' own libraries and TON's virtual machine in a child process ([`Oracle`]), an HTTP server that
//! answers whatever a test makes up ([`FaultyServer`]), and a proxy before a real node that spoils chosen answers
//! ([`FaultProxy`]); and made-up cases with their truth to train matching on ([`cases`]) and the measures of how well it did ([`measure`]).
//!
//! It deliberately knows none of our crates: a test of `core` that used a testkit built on `core` would meet two copies of
//! its types. Hence addresses and hashes are text here, as the node writes them, and the ABI encoder is a page long.
//!
//! Everything panics rather than returns an error: a test that cannot start its node has failed, and a missing program names
//! `tests/setup`, which installs it. Nothing is ever skipped.
//!
//! All calls block. From an async test they are fine for the short calls made here, on a multi-threaded runtime; on a
//! single-threaded one a server under test in the same runtime would not be polled meanwhile.
//!
//! Start reading at [`anvil`], then [`proxy`].

pub mod abi;
pub mod anvil;
pub mod cache;
pub mod cases;
pub mod coin_frame;
pub mod coin_node;
pub mod contracts;
mod http;
pub mod measure;
pub mod omnibus;
pub mod oracle;
pub mod postgres;
mod process;
pub mod proxy;
pub mod server;

pub use abi::Arg;
pub use anvil::{Anvil, AnvilOptions, Deployed, RpcError};
pub use coin_node::{CoinNode, CoinNodeOptions, Daemon};
pub use contracts::{Artifact, Contracts};
pub use omnibus::Omnibus;
pub use oracle::{Oracle, OracleError};
pub use postgres::{Database, Postgres};
pub use proxy::{FaultProxy, Rule};
pub use server::{FaultyServer, Request, Response};
pub use tempfile::TempDir;

/// A fresh folder that is removed when the value is dropped.
///
/// # Panics
/// When the system's temporary folder cannot be written.
pub fn temp_dir() -> TempDir {
    tempfile::Builder::new()
        .prefix("recover-test-")
        .tempdir()
        .expect("the system's temporary folder is writable")
}

/// Posts JSON over plain HTTP and answers the status and the body, whatever it is. For looking at a server without our own client.
///
/// # Errors
/// When the connection fails or ends before the announced length.
pub fn post_json(url: &str, body: &serde_json::Value) -> std::io::Result<(u16, String)> {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let (status, message) = http::send("POST", url, None, &headers, body.to_string().as_bytes())?;
    Ok((status, String::from_utf8_lossy(&message.body).into_owned()))
}
