//! The REST gateway of a node (LCD): Protobuf JSON over HTTP.

use crate::address;
use crate::decode::{DenomOrContract, Origin, SearchPage};
use crate::source::api::Api;
use crate::source::claims;
use crate::source::cost;
use crate::source::preflight::{AuthAccount, Preflight, Preflights};
use crate::source::refusal::Refusal;
use crate::source::stream::{self, Found, Key, Search};
use crate::source::view::transaction_view;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost, Part,
    TokenClaims, TransactionView,
};
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// How many pages of coins of one account are read.
const BALANCE_PAGES_MAX: usize = 20;
const BLOCKS: &str = "/cosmos/base/tendermint/v1beta1/blocks";

/// The REST gateway of a node.
pub struct CosmosRest {
    pub(super) api: Api,
    node: OnceCell<Node>,
}

/// What a gateway says of its node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) has_index: bool,
}

impl std::fmt::Debug for CosmosRest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CosmosRest")
            .field("network", &self.api.settings.network)
            .field("origin", &self.api.client.origin())
            .finish_non_exhaustive()
    }
}

impl CosmosRest {
    /// A gateway behind a transport.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            api: Api::new(settings, transport),
            node: OnceCell::new(),
        }
    }

    /// Makes sure, once, that it is the network it should be.
    pub(super) async fn checked(&self) -> Result<&Node, SourceError> {
        self.node
            .get_or_try_init(|| async {
                let answer = self
                    .api
                    .get("/cosmos/base/tendermint/v1beta1/node_info", &[])
                    .await?;
                let info = answer
                    .get("default_node_info")
                    .or_else(|| answer.get("node_info"))
                    .ok_or_else(|| {
                        self.api
                            .client
                            .not_protocol("a node_info without default_node_info")
                    })?;
                let text = |pointer: &str| info.pointer(pointer).and_then(Value::as_str);
                let chain = text("/network").unwrap_or_default();
                if chain != self.api.settings.chain {
                    return Err(self.api.wrong_network(chain));
                }
                Ok(Node {
                    has_index: text("/other/tx_index") != Some("off"),
                })
            })
            .await
    }

    async fn ask_header(&self, height: Height) -> Result<Result<Header, Refusal>, SourceError> {
        let path = format!("{BLOCKS}/{height}");
        match self.api.ask(&path, &[]).await? {
            Err(refusal) => Ok(Err(refusal)),
            Ok(answer) => self.api.header_at(&answer, height).map(Ok),
        }
    }

    pub(super) async fn latest(&self) -> Result<Header, SourceError> {
        let answer = self.api.get(&format!("{BLOCKS}/latest"), &[]).await?;
        let header = self.api.header(&answer)?;
        self.api.saw(header.block.height);
        Ok(header)
    }

    pub(super) async fn auth_account(
        &self,
        text: &str,
    ) -> Result<Option<AuthAccount>, SourceError> {
        let path = format!("/cosmos/auth/v1beta1/accounts/{text}");
        match self.api.ask(&path, &[]).await? {
            Err(refusal) if refusal.is_not_found() => Ok(None),
            Err(refusal) => Err(self.api.refused(refusal)),
            Ok(answer) => AuthAccount::from_json(&answer).map(Some).ok_or_else(|| {
                self.api
                    .client
                    .not_protocol("an account of a type that is not read")
            }),
        }
    }

    fn amount(&self, value: Option<&Value>) -> Result<Amount, SourceError> {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        self.api.amount(text)
    }

    async fn contract_balance(&self, contract: &str, holder: &str) -> Result<Amount, SourceError> {
        let question = STANDARD.encode(cost::cw20_balance_query(holder));
        let path = format!("/cosmwasm/wasm/v1/contract/{contract}/smart/{question}");
        let answer = self.api.get(&path, &[]).await?;
        self.amount(answer.pointer("/data/balance"))
    }

    /// What can be spent of a coin: by its denomination where the gateway knows the question (SDK 0.47), else out of the list.
    async fn spendable(&self, address: &str, denom: &str) -> Result<Amount, SourceError> {
        let list = format!("/cosmos/bank/v1beta1/spendable_balances/{address}");
        let by_denom = format!("{list}/by_denom");
        match self.api.ask(&by_denom, &[("denom", denom)]).await? {
            Ok(answer) => return self.amount(answer.pointer("/balance/amount")),
            Err(refusal) if refusal.is_unknown_method() => {}
            Err(refusal) => return Err(self.api.refused(refusal)),
        }
        let mut key: Option<String> = None;
        for _ in 0..BALANCE_PAGES_MAX {
            let mut query = vec![("pagination.limit", "1000")];
            if let Some(key) = &key {
                query.push(("pagination.key", key));
            }
            let answer = self.api.get(&list, &query).await?;
            let coins = answer.get("balances").and_then(Value::as_array);
            let found = coins
                .into_iter()
                .flatten()
                .find(|coin| coin.get("denom").and_then(Value::as_str) == Some(denom));
            if let Some(coin) = found {
                return self.amount(coin.get("amount"));
            }
            key = answer
                .pointer("/pagination/next_key")
                .and_then(Value::as_str)
                .filter(|key| !key.is_empty())
                .map(str::to_owned);
            if key.is_none() {
                return Ok(Amount::ZERO);
            }
        }
        Err(self
            .api
            .client
            .unsupported("the coins of an account with so many of them"))
    }
}

#[async_trait]
impl Search for CosmosRest {
    fn api(&self) -> &Api {
        &self.api
    }

    /// Asks in every version's words at once: gateways ignore parameters that they do not know. SDK 0.50 and later read `query`,
    /// older ones `events`; pages are `page` and `limit` since 0.46, `pagination.*` before.
    async fn search(
        &self,
        key: Key,
        address: &str,
        range: HeightRange,
        page: u32,
    ) -> Result<Found, SourceError> {
        let size = self.api.rows();
        let terms = [
            format!("{}='{address}'", key.name()),
            format!("tx.height>={}", range.from()),
            format!("tx.height<={}", range.to()),
        ];
        let query = terms.join(" AND ");
        let page_text = page.to_string();
        let limit = size.to_string();
        let offset = u64::from(page.saturating_sub(1))
            .saturating_mul(u64::from(size))
            .to_string();
        let mut parameters: Vec<(&str, &str)> = vec![("query", &query)];
        parameters.extend(terms.iter().map(|term| ("events", term.as_str())));
        parameters.extend([
            ("order_by", "ORDER_BY_ASC"),
            ("page", page_text.as_str()),
            ("limit", limit.as_str()),
            ("pagination.offset", offset.as_str()),
            ("pagination.limit", limit.as_str()),
            ("pagination.count_total", "true"),
        ]);
        let answer = match self.api.ask("/cosmos/tx/v1beta1/txs", &parameters).await? {
            Ok(answer) => answer,
            // A page behind the last one is an error in some versions.
            Err(refusal) if page > 1 && refusal.words.contains("page should be within") => {
                return Ok(Found {
                    page: SearchPage::default(),
                    total: None,
                });
            }
            Err(refusal) => return Err(self.api.refused(refusal)),
        };
        let number = |pointer: &str| {
            answer
                .pointer(pointer)
                .and_then(Value::as_str)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let found = self.api.search_page(&answer)?;
        let total = number("/total")
            .into_iter()
            .chain(number("/pagination/total"))
            .max()
            // Versions that do not count say 0.
            .filter(|total| *total > 0 || found.transactions.is_empty());
        Ok(Found { page: found, total })
    }

    async fn block(&self, height: Height) -> Result<BlockRef, SourceError> {
        self.ask_header(height)
            .await?
            .map(|header| header.block)
            .map_err(|refusal| self.api.refused(refusal))
    }

    async fn block_credits(
        &self,
        _address: &Address,
        _range: HeightRange,
    ) -> Result<Result<Vec<Observation>, String>, SourceError> {
        Ok(Err(
            "the gateway does not tell of movements that blocks make themselves (unbonded coins, bridges); add a comet_rpc source"
                .to_owned(),
        ))
    }

    async fn floor(&self, range: HeightRange) -> Result<Height, SourceError> {
        let node = self.checked().await?;
        if !node.has_index {
            return Err(self.api.index_off());
        }
        if self.api.tip() < range.to() {
            let latest = self.latest().await?.block.height;
            if latest < range.to() {
                return Err(self.api.client.behind(latest, range.to()));
            }
        }
        // A node that prunes says so when it is asked for a block below its lowest.
        let first = Height(range.from().0.max(self.api.first_height()));
        match self.ask_header(first).await {
            Ok(Ok(_)) => Ok(Height(0)),
            Ok(Err(refusal)) => match refusal.lowest_height() {
                Some(lowest) => Ok(Height(lowest)),
                None => Err(self.api.refused(refusal)),
            },
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ChainRead for CosmosRest {
    fn network(&self) -> &NetworkId {
        &self.api.settings.network
    }

    fn name(&self) -> &str {
        self.api.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        let node = self.checked().await?;
        let parts = [Part::TransferLogs, Part::TopLevel, Part::Internal];
        Ok(Capabilities {
            scan: std::collections::BTreeSet::new(),
            history: if node.has_index {
                parts.into_iter().collect()
            } else {
                std::collections::BTreeSet::new()
            },
            accounts: node.has_index,
            state_at_height: false,
            // A gateway does not say from which height on its node has an index.
            proves_absence: self.api.settings.proves_absence && node.has_index,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.checked().await?;
        let latest = self.latest().await?;
        let height = latest.block.height;
        Ok(Head {
            latest,
            finalized: Some(height),
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.checked().await?;
        match self.ask_header(height).await? {
            Ok(header) => Ok(Some(header)),
            Err(refusal) if refusal.is_above_tip() => Ok(None),
            Err(refusal) => Err(self.api.refused(refusal)),
        }
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.checked().await?;
        let request = AccountRequest {
            address: self.api.written(&request.address)?,
            ..request.clone()
        };
        stream::account_page(self, &request).await
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        let node = self.checked().await?;
        let unknown = |reason: &str| Lookup::Unknown {
            reason: format!("{} {reason}", self.api.client.origin()),
        };
        if id.as_str().starts_with("block:") {
            return Ok(unknown("does not tell what blocks move themselves"));
        }
        let Some(id) = address::parse_tx_id(id.as_str()) else {
            return Ok(Lookup::Absent);
        };
        let path = format!("/cosmos/tx/v1beta1/txs/{id}");
        let answer = match self.api.ask(&path, &[]).await? {
            Ok(answer) => answer,
            Err(refusal) if refusal.is_index_off() => {
                return Ok(unknown("keeps no index of transactions"));
            }
            Err(refusal) if refusal.is_not_found() => {
                let proves = self.api.settings.proves_absence && node.has_index;
                return Ok(if proves {
                    Lookup::Absent
                } else {
                    unknown("does not know it")
                });
            }
            Err(refusal) => return Err(self.api.refused(refusal)),
        };
        let transaction = self.api.transaction(&answer, &id)?;
        let block = match transaction.height {
            Some(height) => Some(self.block(height).await?),
            None => None,
        };
        Ok(Lookup::Found(transaction_view(transaction, block.as_ref())))
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        self.checked().await?;
        if matches!(address.payload(), Payload::Contract32(_)) {
            return Err(self.api.client.unsupported("the code of a contract"));
        }
        let written = self.api.written(address)?;
        // The height first: what is read after it can only be newer.
        let at = self.latest().await?.block.height;
        let account = self.auth_account(written.text()).await?;
        Ok(AccountState {
            code: Code::Absent,
            nonce: account.map_or(0, |account| account.sequence),
            at,
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.checked().await?;
        let written = self.api.written(address)?;
        match self.api.decoder.denom_or_contract(asset) {
            Some(DenomOrContract::Denom(denom)) => {
                let path = format!("/cosmos/bank/v1beta1/balances/{written}/by_denom");
                let answer = self.api.get(&path, &[("denom", &denom)]).await?;
                self.amount(answer.pointer("/balance/amount"))
            }
            Some(DenomOrContract::Contract(contract)) => {
                self.contract_balance(&contract, written.text()).await
            }
            None => Err(self.api.client.unsupported(format!("a balance of {asset}"))),
        }
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        self.checked().await?;
        if let Some(digest) = token.strip_prefix("ibc/") {
            let mut paths = ["denom_traces", "denoms"]
                .map(|list| format!("/ibc/apps/transfer/v1/{list}/{digest}"))
                .into_iter();
            let answer = loop {
                let Some(path) = paths.next() else {
                    return Err(self.api.client.unsupported("the origin of a voucher"));
                };
                match self.api.ask(&path, &[]).await? {
                    Ok(answer) => break answer,
                    Err(refusal) if refusal.is_unknown_method() => {}
                    Err(refusal) => return Err(self.api.refused(refusal)),
                }
            };
            let origin =
                Origin::read(&answer, token).map_err(|error| self.api.undecodable(error))?;
            return Ok(claims::of_origin(&origin));
        }
        if address::parse(token).is_err() {
            return Ok(TokenClaims::default());
        }
        let question = STANDARD.encode(claims::cw20_info_query());
        let path = format!("/cosmwasm/wasm/v1/contract/{token}/smart/{question}");
        let answer = self.api.get(&path, &[]).await?;
        Ok(answer
            .get("data")
            .map_or_else(TokenClaims::default, claims::of_cw20))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.checked().await?;
        let answer = self
            .api
            .get("/cosmos/base/node/v1beta1/config", &[])
            .await?;
        let prices = answer
            .get("minimum_gas_price")
            .and_then(Value::as_str)
            .unwrap_or_default();
        cost::of_price(&self.api.settings.network, prices).ok_or_else(|| {
            self.api
                .client
                .unsupported("a price of gas (its minimum-gas-prices is empty)")
        })
    }
}

#[async_trait]
impl Preflights for CosmosRest {
    async fn preflight(
        &self,
        address: &Address,
        asset: &AssetId,
    ) -> Result<Option<Preflight>, SourceError> {
        self.checked().await?;
        let written = self.api.written(address)?;
        let at = self.latest().await?.block.height;
        let Some(account) = self.auth_account(written.text()).await? else {
            return Ok(None);
        };
        let spendable = match self.api.decoder.denom_or_contract(asset) {
            Some(DenomOrContract::Denom(denom)) => self.spendable(written.text(), &denom).await?,
            Some(DenomOrContract::Contract(contract)) => {
                self.contract_balance(&contract, written.text()).await?
            }
            None => return Err(self.api.client.unsupported(format!("a balance of {asset}"))),
        };
        Ok(Some(account.preflight(spendable, at)))
    }
}
