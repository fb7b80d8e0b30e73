//! What a source of this family needs to be opened, and opening it.

use crate::carry::EvmCarry;
use crate::cost::FeeRule;
use crate::explorer::{Explorer, ExplorerKind};
use crate::node::EvmNode;
use crate::rpc::RpcClient;
use recover_core::network::NetworkId;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::http::{HttpConfig, HttpTransport, RateLimit};
use recover_source::retry::RetryPolicy;
use recover_source::secret::SecretTemplate;
use recover_source::transport::Transport;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Which protocol a source speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A node, by JSON-RPC.
    JsonRpc,
    /// Etherscan's API, version 2: one host for all chains.
    EtherscanV2,
    /// A Blockscout instance.
    Blockscout,
}

impl SourceKind {
    /// The kind that `chains.toml` names; `None` when unknown.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "json_rpc" => Some(Self::JsonRpc),
            "etherscan_v2" => Some(Self::EtherscanV2),
            "blockscout" => Some(Self::Blockscout),
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::JsonRpc => "json_rpc",
            Self::EtherscanV2 => "etherscan_v2",
            Self::Blockscout => "blockscout",
        }
    }
}

/// When a block is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalityRule {
    /// At or below the block that the node calls `finalized`. A node that does not know the tag says nothing: unknown, and
    /// never a guess by depth.
    FinalizedTag,
    /// With so many blocks on top.
    Confirmations(u64),
}

/// One source of one network.
#[derive(Debug, Clone)]
pub struct EvmSourceConfig {
    /// The network.
    pub network: NetworkId,
    /// Its chain id (EIP-155); a source that answers another is refused.
    pub chain_id: u64,
    /// The protocol.
    pub kind: SourceKind,
    /// Where it is, with `${VARIABLE}`s; for Blockscout the root of the instance.
    pub url: String,
    /// Its key, with `${VARIABLE}`s; `None` where it needs none.
    pub key: Option<String>,
    /// HTTP requests a second (a batch counts as one); `None` for no limit.
    pub requests_per_second: Option<u32>,
    /// The largest log query in blocks: where queries start and how far they grow back.
    pub log_range_max: u64,
    /// Rows a page, for explorers.
    pub page_size: u32,
    /// When a block is final.
    pub finality: FinalityRule,
    /// What the network's work costs beyond gas.
    pub fee_rule: FeeRule,
    /// Whether a node is the operator's own, so that what it does not find does not exist. Explorers never prove absence.
    pub proves_absence: bool,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How often a request is tried.
    pub retry: RetryPolicy,
    /// The time for one request in all.
    pub timeout: Duration,
}

impl EvmSourceConfig {
    /// A source with the defaults: 2,000 blocks a log query, 1,000 rows a page, the `finalized` tag, plain gas, no rate
    /// limit, four requests at once, a minute for each.
    #[must_use]
    pub fn new(network: NetworkId, chain_id: u64, kind: SourceKind, url: &str) -> Self {
        Self {
            network,
            chain_id,
            kind,
            url: url.to_owned(),
            key: None,
            requests_per_second: None,
            log_range_max: 2_000,
            page_size: 1_000,
            finality: FinalityRule::FinalizedTag,
            fee_rule: FeeRule::Execution,
            proves_absence: false,
            concurrency: 4,
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(60),
        }
    }
}

/// Opens a source. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// None today for a well-formed configuration; the url is checked when it is first used, with its variables in place.
pub fn open(config: EvmSourceConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
    let mut http = http_config(&config);
    match config.kind {
        SourceKind::JsonRpc => Ok(Arc::new(EvmNode::new(
            config,
            Arc::new(HttpTransport::new(http)),
        ))),
        SourceKind::EtherscanV2 => {
            http.key = config
                .key
                .as_deref()
                .map(|key| ("apikey", SecretTemplate::new(key)));
            // Explorers answer pages, not ranges: far less than a node's logs.
            http.answer_bytes_max = 32 * 1024 * 1024;
            let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(http));
            Ok(Arc::new(Explorer::new(
                config,
                ExplorerKind::Etherscan,
                transport,
                None,
            )))
        }
        SourceKind::Blockscout => {
            // Its pages stand at two roots, /api and /api/v2: the path comes with each question.
            http.answer_bytes_max = 32 * 1024 * 1024;
            http.key = config
                .key
                .as_deref()
                .map(|key| ("apikey", SecretTemplate::new(key)));
            let limit = RateLimit::per_second(http.requests_per_second);
            let mut rpc = http.clone();
            rpc.path = "/api/eth-rpc";
            let retry = config.retry;
            let pages: Arc<dyn Transport> =
                Arc::new(HttpTransport::with_limit(http, limit.clone()));
            let calls = Arc::new(RpcClient::new(
                Arc::new(HttpTransport::with_limit(rpc, limit)),
                retry,
            ));
            Ok(Arc::new(Explorer::new(
                config,
                ExplorerKind::Blockscout,
                pages,
                Some(calls),
            )))
        }
    }
}

fn http_config(config: &EvmSourceConfig) -> HttpConfig {
    let template = SecretTemplate::new(&config.url);
    let mut http = HttpConfig::new(config.kind.code(), template);
    http.total_timeout = config.timeout;
    http.connect_timeout = config.timeout.min(Duration::from_secs(10));
    http.requests_per_second = config.requests_per_second.and_then(NonZeroU32::new);
    http
}

/// Opens what carries claims over a source; `None` for an explorer, which can neither try a transaction out nor say what is
/// final. Nothing is sent and no variable is read before the first question. It has a rate limit of its own, beside that of
/// [`open`].
#[must_use]
pub fn open_carry(config: EvmSourceConfig) -> Option<Arc<dyn Carry>> {
    match config.kind {
        SourceKind::JsonRpc => {
            let transport = Arc::new(HttpTransport::new(http_config(&config)));
            Some(Arc::new(EvmCarry::new(config, transport)))
        }
        SourceKind::EtherscanV2 | SourceKind::Blockscout => None,
    }
}

/// Opens a node over a transport of the caller's: a recording, or one of a test.
#[must_use]
pub fn open_with(config: EvmSourceConfig, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    Arc::new(EvmNode::new(config, transport))
}
