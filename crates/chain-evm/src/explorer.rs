//! Explorers: Etherscan's API, version 2, and Blockscout, which speaks the same verbs.
//!
//! They have what a node has not, an index of accounts; and what they say is somebody else's reading of a node. Their
//! silence proves nothing, and their internal lists may lag behind.

mod answer;
mod history;
mod pages;
mod proxy;

use crate::config::EvmSourceConfig;
use crate::cost;
use crate::decode::Decoder;
use crate::lookup::{self, Tracing, inconsistent, unsupported};
use crate::rpc::{Call, RpcCall, RpcClient, ask};
use crate::token;
use crate::trace::read_flat;
use crate::wire::{FlatTrace, hex_quantity};
use async_trait::async_trait;
use ethers::types::H256;
use proxy::EtherscanProxy;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::verdict::AccountState;
use recover_source::chain::{
    Capabilities, ChainRead, Head, Header, HistoryUpdate, Lookup, NetworkCost, Part, ScanRequest,
    ScanUpdate, TokenClaims, TransactionView,
};
use recover_source::error::{Advice, SourceError};
use recover_source::transport::Transport;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Which explorer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplorerKind {
    /// Etherscan, version 2: one address for all chains, JSON-RPC by its proxy module.
    Etherscan,
    /// A Blockscout instance: JSON-RPC at `/api/eth-rpc`.
    Blockscout,
}

/// An explorer of one network.
pub struct Explorer {
    config: EvmSourceConfig,
    kind: ExplorerKind,
    pages: Arc<dyn Transport>,
    calls: Arc<dyn RpcCall>,
    decoder: Decoder,
    checked: OnceCell<()>,
}

impl std::fmt::Debug for Explorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explorer")
            .field("network", &self.config.network)
            .field("origin", &self.pages.origin())
            .finish_non_exhaustive()
    }
}

impl Explorer {
    /// An explorer behind a transport. `calls` answers JSON-RPC; without one Etherscan's proxy module does.
    #[must_use]
    pub fn new(
        config: EvmSourceConfig,
        kind: ExplorerKind,
        pages: Arc<dyn Transport>,
        calls: Option<Arc<RpcClient>>,
    ) -> Self {
        let calls: Arc<dyn RpcCall> = match calls {
            Some(calls) => calls,
            None => Arc::new(EtherscanProxy::new(
                Arc::clone(&pages),
                config.chain_id,
                config.retry,
            )),
        };
        Self {
            decoder: Decoder::new(config.network.clone(), config.chain_id),
            config,
            kind,
            pages,
            calls,
            checked: OnceCell::new(),
        }
    }

    fn rpc(&self) -> &dyn RpcCall {
        self.calls.as_ref()
    }

    /// Makes sure, once, that it is the network it should be. Etherscan is told the chain with every question.
    async fn check(&self) -> Result<(), SourceError> {
        if self.kind == ExplorerKind::Etherscan {
            return Ok(());
        }
        self.checked
            .get_or_try_init(|| async {
                let text: String = ask(self.rpc(), Call::new("eth_chainId", json!([]))).await?;
                let found = hex_quantity(&text)
                    .ok_or_else(|| inconsistent(self.rpc(), "a chain id that is no number"))?;
                if found == self.config.chain_id {
                    Ok(())
                } else {
                    Err(SourceError::WrongNetwork {
                        origin: self.rpc().origin().to_owned(),
                        expected: format!("eip155:{}", self.config.chain_id),
                        found: format!("eip155:{found}"),
                    })
                }
            })
            .await
            .copied()
    }

    /// The movements inside one transaction with their paths, which only Blockscout's raw trace tells; `None` where it
    /// does not.
    async fn traced(
        &self,
        id: &TxId,
        block: &BlockRef,
    ) -> Result<Option<Vec<Observation>>, SourceError> {
        let Some(hash) = crate::address::parse_hash(id.as_str()).map(H256) else {
            return Ok(None);
        };
        let path = format!("/api/v2/transactions/{id}/raw-trace");
        let answer = self
            .config
            .retry
            .run(|| async { self.pages.get(&path, &[]).await })
            .await;
        let body = match answer {
            Ok(body) => body,
            Err(error) if error.advice() == Advice::Retry => return Err(error),
            Err(_) => return Ok(None),
        };
        let Ok(mut entries) = serde_json::from_slice::<Vec<FlatTrace>>(&body) else {
            return Ok(None);
        };
        for entry in &mut entries {
            entry.transaction_hash = Some(hash);
        }
        let (traces, _) = read_flat(&entries);
        Ok(traces
            .first()
            .map(|trace| self.decoder.internal(id, trace, Some(block))))
    }
}

#[async_trait]
impl ChainRead for Explorer {
    fn network(&self) -> &NetworkId {
        &self.config.network
    }

    fn name(&self) -> &str {
        self.pages.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        Ok(Capabilities {
            scan: BTreeSet::new(),
            accounts: false,
            history: Part::ALL.iter().copied().collect(),
            state_at_height: false,
            proves_absence: false,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.check().await?;
        // Etherscan's proxy does not know the tags of finality.
        let knows_tags = self.kind == ExplorerKind::Blockscout;
        lookup::head(self.rpc(), self.config.finality, knows_tags).await
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        lookup::header(self.rpc(), height).await
    }

    async fn scan(&self, _request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        Err(unsupported(
            self.rpc(),
            "block ranges: an explorer answers by account; add a node".to_owned(),
        ))
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        let found = lookup::transaction(self.rpc(), &self.decoder, id, Tracing::Missing).await?;
        let Some(mut view) = found else {
            return Ok(Lookup::Unknown {
                reason: format!("{} does not know it", self.rpc().origin()),
            });
        };
        if self.kind == ExplorerKind::Blockscout
            && view.outcome == Outcome::Success
            && let Some(block) = view.block.clone()
            && let Some(credits) = self.traced(id, &block).await?
        {
            view.credits.extend(credits);
            view.unread.remove(&Part::Internal);
        }
        Ok(Lookup::Found(view))
    }

    async fn history(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        self.check().await?;
        self.read_history(address, range).await
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        self.check().await?;
        lookup::account(self.rpc(), address).await
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.check().await?;
        lookup::balance(self.rpc(), address, asset).await
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        self.check().await?;
        let contract = lookup::contract_of(self.rpc(), token)?;
        token::claims(self.rpc(), contract).await
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.check().await?;
        cost::network_cost(self.rpc(), self.config.fee_rule).await
    }
}
