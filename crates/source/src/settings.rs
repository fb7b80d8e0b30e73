//! What a source of a network that is read account by account needs to be opened.

use crate::http::{HttpConfig, HttpTransport};
use crate::retry::RetryPolicy;
use crate::secret::SecretTemplate;
use recover_core::network::NetworkId;
use std::num::NonZeroU32;
use std::time::Duration;

/// One source of one network, as `chains.toml` describes it.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The network.
    pub network: NetworkId,
    /// The part of its CAIP-2 id behind the colon (`cosmoshub-4`): a source that answers for another chain is refused.
    pub chain: String,
    /// The protocol, by the word of `chains.toml` (`rippled`, `horizon`, `comet_rpc`, `cosmos_rest`, `toncenter_v3`).
    pub kind: String,
    /// Where it is, with `${VARIABLE}`s.
    pub url: String,
    /// Its key, with `${VARIABLE}`s; `None` where it needs none.
    pub key: Option<String>,
    /// HTTP requests a second; `None` for no limit.
    pub requests_per_second: Option<u32>,
    /// Rows a page; `None` for the most that the protocol allows.
    pub page_size: Option<u32>,
    /// The prefix of the network's addresses, where its family has many (Cosmos SDK: `osmo`).
    pub address_prefix: Option<String>,
    /// Tokens that the operator lists, in canonical text: jetton masters whose wallets are read too.
    pub tokens: Vec<String>,
    /// Whether it is the operator's own, so that what it does not find does not exist.
    pub proves_absence: bool,
    /// How often a request is tried.
    pub retry: RetryPolicy,
    /// The time for one request in all.
    pub timeout: Duration,
}

impl SourceSettings {
    /// A source with the defaults: no key, no limit, the protocol's own page size, a minute for each request.
    #[must_use]
    pub fn new(network: NetworkId, chain: &str, kind: &str, url: &str) -> Self {
        Self {
            network,
            chain: chain.to_owned(),
            kind: kind.to_owned(),
            url: url.to_owned(),
            key: None,
            requests_per_second: None,
            page_size: None,
            address_prefix: None,
            tokens: Vec::new(),
            proves_absence: false,
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(60),
        }
    }

    /// The transport to it. `key_parameter` is the query parameter that carries the key, where the protocol has one. Nothing is
    /// sent and no variable is read yet.
    #[must_use]
    pub fn transport(&self, key_parameter: Option<&'static str>) -> HttpTransport {
        let mut http = HttpConfig::new(&self.kind, SecretTemplate::new(&self.url));
        http.total_timeout = self.timeout;
        http.connect_timeout = self.timeout.min(Duration::from_secs(10));
        http.requests_per_second = self.requests_per_second.and_then(NonZeroU32::new);
        http.answer_bytes_max = 32 * 1024 * 1024;
        http.key = key_parameter
            .zip(self.key.as_deref())
            .map(|(parameter, key)| (parameter, SecretTemplate::new(key)));
        HttpTransport::new(http)
    }
}
