//! What a source of a network that is read account by account needs to be opened.

use crate::error::SourceError;
use crate::http::{HttpConfig, HttpTransport};
use crate::retry::RetryPolicy;
use crate::secret::SecretTemplate;
use crate::transport::Transport;
use recover_core::network::NetworkId;
use std::num::NonZeroU32;
use std::sync::Arc;
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
    /// How many blocks lie on top of a block that is final by the operator's rule; 0 where the network has another.
    pub confirmations: u64,
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
            confirmations: 0,
            proves_absence: false,
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(60),
        }
    }

    /// Opens a transport to it for a family that has sources of these kinds. `key_parameter` is the query parameter that carries
    /// the key, where the protocol has one. Nothing is sent and no variable is read yet.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] for a kind that is none of these, and for a key where the protocol has no place for it.
    pub fn open(
        &self,
        kinds: &[&str],
        key_parameter: Option<&'static str>,
    ) -> Result<Arc<dyn Transport>, SourceError> {
        let refused = |what: String| SourceError::Unsupported {
            origin: format!("{} {}", self.network, self.kind),
            what,
        };
        if !kinds.contains(&self.kind.as_str()) {
            return Err(refused(format!(
                "a network of this family; write kind = \"{}\"",
                kinds.join("\" or \"")
            )));
        }
        if self.key.is_some() && key_parameter.is_none() {
            return Err(refused(
                "a place for a key of its own; write the key into the url, as ${VARIABLE}"
                    .to_owned(),
            ));
        }
        let mut http = HttpConfig::new(&self.kind, SecretTemplate::new(&self.url));
        http.total_timeout = self.timeout;
        http.connect_timeout = self.timeout.min(Duration::from_secs(10));
        http.requests_per_second = self.requests_per_second.and_then(NonZeroU32::new);
        http.answer_bytes_max = 32 * 1024 * 1024;
        http.key = key_parameter
            .zip(self.key.as_deref())
            .map(|(parameter, key)| (parameter, SecretTemplate::new(key)));
        Ok(Arc::new(HttpTransport::new(http)))
    }

    /// How many rows a page is asked for: what is configured, and at most what the protocol gives.
    #[must_use]
    pub fn page_rows(&self, most: u32) -> u32 {
        self.page_size.unwrap_or(most).clamp(1, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_key_that_would_never_be_sent_is_refused() {
        let mut settings = SourceSettings::new(
            NetworkId::new("stellar"),
            "pubnet",
            "horizon",
            "https://horizon.example",
        );
        assert!(settings.open(&["horizon"], None).is_ok());
        let error = settings.open(&["comet_rpc", "cosmos_rest"], None).err();
        let words = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            words.contains("kind = \"comet_rpc\" or \"cosmos_rest\""),
            "{words}"
        );
        settings.key = Some("${KEY}".to_owned());
        let error = settings.open(&["horizon"], None).err();
        let words = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            words.contains("into the url") && !words.contains("KEY}"),
            "{words}"
        );
        assert!(settings.open(&["horizon"], Some("key")).is_ok());
    }

    #[test]
    fn own_a_page_has_at_least_a_row_and_at_most_the_protocols() {
        let mut settings = SourceSettings::new(NetworkId::new("ton"), "-239", "toncenter_v3", "");
        let mut rows = |size| {
            settings.page_size = size;
            settings.page_rows(200)
        };
        assert_eq!(
            [None, Some(0), Some(7), Some(999)].map(&mut rows),
            [200, 1, 7, 200]
        );
    }
}
