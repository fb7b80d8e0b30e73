//! The async side of adapters: the trait that nodes and explorers implement, and the one client they speak through.
//!
//! Its job: [`chain::ChainRead`] and its data, the HTTP client with its limits ([`http`]), retry ([`retry`]), what a protocol's
//! client is made of ([`client`], [`kept`], [`settings`]), several sources of one network behind one face ([`failover`]), sources of prices ([`prices`]) and the
//! checks that every adapter must pass ([`conformance`]).
//!
//! It deliberately knows no protocol: JSON-RPC, explorers' verbs and the shapes of answers live with each network's
//! family, above [`transport::Transport`]. It keeps nothing: what was read is the caller's.
//!
//! A TLS provider must be installed once before the first request
//! (`rustls::crypto::ring::default_provider().install_default()`); the program and its tests do that.
//!
//! Start at [`chain`], then [`http`].

pub mod carriers;
pub mod carry;
pub mod chain;
pub mod client;
pub mod conformance;
pub mod error;
pub mod failover;
pub mod http;
pub mod kept;
pub mod prices;
pub mod retry;
pub mod secret;
pub mod settings;
pub mod transport;
