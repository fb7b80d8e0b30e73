//! A CometBFT node, by its RPC (questions in the URL).

use crate::address;
use crate::decode::{DenomOrContract, Origin};
use crate::proto;
use crate::source::api::Api;
use crate::source::claims;
use crate::source::cost;
use crate::source::preflight::{self, Preflight, Preflights};
use crate::source::query;
use crate::source::refusal::Refusal;
use crate::source::stream::{self, Found, Key, Search};
use crate::source::view::transaction_view;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost, Part,
    TokenClaims, TransactionView,
};
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A CometBFT node.
pub struct CometRpc {
    pub(super) api: Api,
    status: OnceCell<Status>,
}

/// What a node says of itself.
#[derive(Debug, Clone)]
pub(super) struct Status {
    chain: String,
    has_index: bool,
    lowest: Height,
    latest: Height,
}

impl std::fmt::Debug for CometRpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CometRpc")
            .field("network", &self.api.settings.network)
            .field("origin", &self.api.client.origin())
            .finish_non_exhaustive()
    }
}

impl CometRpc {
    /// A node behind a transport.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            api: Api::new(settings, transport),
            status: OnceCell::new(),
        }
    }

    async fn read_status(&self) -> Result<Status, SourceError> {
        let answer = self.api.get("/status", &[]).await?;
        let body = body(&answer);
        let text = |pointer: &str| text_at(body, pointer);
        let height = |pointer: &str| {
            text(pointer)
                .and_then(|text| text.parse().ok())
                .map(Height)
                .ok_or_else(|| {
                    self.api
                        .client
                        .not_protocol(format!("a status without {pointer}"))
                })
        };
        let status = Status {
            chain: text("/node_info/network").unwrap_or_default(),
            // Nodes that do not say have the default, which is on.
            has_index: text("/node_info/other/tx_index").is_none_or(|index| index != "off"),
            lowest: height("/sync_info/earliest_block_height").unwrap_or(Height(1)),
            latest: height("/sync_info/latest_block_height")?,
        };
        if status.chain != self.api.settings.chain {
            return Err(self.api.wrong_network(&status.chain));
        }
        self.api.saw(status.latest);
        Ok(status)
    }

    /// Makes sure, once, that it is the network it should be.
    pub(super) async fn checked(&self) -> Result<&Status, SourceError> {
        self.status.get_or_try_init(|| self.read_status()).await
    }

    /// Whether what it does not find does not exist: the operator's own node, with its index on and every block since the
    /// network's first.
    pub(super) fn proves_absence(&self, status: &Status) -> bool {
        let first = self.api.first_height();
        self.api.settings.proves_absence && status.has_index && status.lowest.0 <= first
    }

    async fn ask_header(&self, height: Height) -> Result<Result<Header, Refusal>, SourceError> {
        let text = height.to_string();
        match self.api.ask("/block", &[("height", &text)]).await? {
            Err(refusal) => Ok(Err(refusal)),
            Ok(answer) => {
                if body(&answer).get("block").is_none_or(Value::is_null) {
                    return Err(self.api.client.not_kept(format!("block {height} is empty")));
                }
                self.api.header_at(&answer, height).map(Ok)
            }
        }
    }

    async fn must_header(&self, height: Height) -> Result<Header, SourceError> {
        self.ask_header(height)
            .await?
            .map_err(|refusal| self.api.refused(refusal))
    }

    /// What a block made itself, in its block.
    async fn results(
        &self,
        height: Height,
    ) -> Result<Result<Vec<Observation>, Refusal>, SourceError> {
        let text = height.to_string();
        let answer = match self.api.ask("/block_results", &[("height", &text)]).await? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let found = self
            .api
            .decoder
            .block_credits(&answer)
            .map_err(|error| self.api.undecodable(error))?;
        if found.height != height {
            return Err(self.api.client.inconsistent(format!(
                "asked for the results of block {height} it gave those of {}",
                found.height
            )));
        }
        let block = self.must_header(height).await?.block;
        let credits = found
            .credits
            .into_iter()
            .map(|mut credit| {
                credit.block = Some(block.clone());
                credit
            })
            .collect();
        Ok(Ok(credits))
    }

    /// A question to a module, in its own encoding.
    pub(super) async fn query(
        &self,
        path: &str,
        request: &impl prost::Message,
    ) -> Result<Result<(Vec<u8>, Height), Refusal>, SourceError> {
        let path = format!("\"{path}\"");
        let data = format!("0x{}", hex::encode(request.encode_to_vec()));
        let asked = self
            .api
            .ask(
                "/abci_query",
                &[("path", &path), ("data", &data), ("prove", "false")],
            )
            .await?;
        let answer = match asked {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let response = body(&answer).get("response").ok_or_else(|| {
            self.api
                .client
                .not_protocol("a query's answer without a response")
        })?;
        let code = response
            .get("code")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        if code != 0 {
            // The modules' own codes: 22 is the gateway's 5.
            let words = text_at(response, "/log").unwrap_or_default();
            return Ok(Err(Refusal { code: -code, words }));
        }
        let value = text_at(response, "/value").unwrap_or_default();
        let bytes = STANDARD.decode(value).map_err(|_| {
            self.api
                .client
                .not_protocol("a query's answer that is no base64")
        })?;
        let height = text_at(response, "/height")
            .and_then(|text| text.parse().ok())
            .map_or_else(|| self.api.tip(), Height);
        Ok(Ok((bytes, height)))
    }

    async fn must_query<T: prost::Message + Default>(
        &self,
        path: &str,
        request: &impl prost::Message,
    ) -> Result<T, SourceError> {
        let (bytes, _) = self
            .query(path, request)
            .await?
            .map_err(|refusal| self.api.refused(refusal))?;
        T::decode(bytes.as_slice())
            .map_err(|error| self.api.client.not_protocol(format!("{path}: {error}")))
    }

    /// The account as its module knows it; `None` where it was never used.
    pub(super) async fn auth_account(
        &self,
        text: &str,
    ) -> Result<(Option<preflight::AuthAccount>, Height), SourceError> {
        let request = proto::FirstText {
            text: text.to_owned(),
        };
        match self
            .query("/cosmos.auth.v1beta1.Query/Account", &request)
            .await?
        {
            Err(refusal) if refusal.is_not_found() => Ok((None, self.api.tip())),
            Err(refusal) => Err(self.api.refused(refusal)),
            Ok((bytes, height)) => {
                let account = preflight::AuthAccount::from_query(&bytes).ok_or_else(|| {
                    self.api
                        .client
                        .not_protocol("an account of a type that is not read")
                })?;
                Ok((Some(account), height))
            }
        }
    }
}

/// What is inside a JSON-RPC answer.
pub(super) fn body(answer: &Value) -> &Value {
    answer.get("result").unwrap_or(answer)
}

pub(super) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[async_trait]
impl Search for CometRpc {
    fn api(&self) -> &Api {
        &self.api
    }

    async fn search(
        &self,
        key: Key,
        address: &str,
        range: HeightRange,
        page: u32,
    ) -> Result<Found, SourceError> {
        let query = format!(
            "\"{}='{address}' AND tx.height>={} AND tx.height<={}\"",
            key.name(),
            range.from(),
            range.to()
        );
        let answer = self
            .api
            .get(
                "/tx_search",
                &[
                    ("query", &query),
                    ("prove", "false"),
                    ("page", &page.to_string()),
                    ("per_page", &self.api.rows().to_string()),
                    ("order_by", "\"asc\""),
                ],
            )
            .await?;
        let total = text_at(body(&answer), "/total_count")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.api.client.not_protocol("a search without total_count"))?;
        let found = self.api.search_page(&answer)?;
        Ok(Found {
            page: found,
            total: Some(total),
        })
    }

    async fn block(&self, height: Height) -> Result<BlockRef, SourceError> {
        Ok(self.must_header(height).await?.block)
    }

    async fn block_credits(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<Result<Vec<Observation>, String>, SourceError> {
        let mut heights = BTreeSet::new();
        // `coin_received` finds what is paid out without a sender too; networks before SDK 0.43 have only the other.
        for key in ["coin_received.receiver", "transfer.recipient"] {
            let query = format!(
                "\"{key}='{}' AND block.height>={} AND block.height<={}\"",
                address.text(),
                range.from(),
                range.to()
            );
            let mut gathered = 0_u64;
            for page in 1_u32.. {
                let asked = self
                    .api
                    .ask(
                        "/block_search",
                        &[
                            ("query", &query),
                            ("page", &page.to_string()),
                            ("per_page", &self.api.rows().to_string()),
                            ("order_by", "\"asc\""),
                        ],
                    )
                    .await;
                let answer = match asked {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(refusal)) => {
                        return Ok(Err(format!(
                            "movements that blocks make themselves cannot be searched for: {}; use a node with its block index on",
                            refusal.words
                        )));
                    }
                    // A gateway that does not know the path answers with a page of its own.
                    Err(SourceError::Refused { code, .. }) => {
                        return Ok(Err(format!(
                            "movements that blocks make themselves cannot be searched for (http status {code}); use a node with block_search"
                        )));
                    }
                    Err(error) => return Err(error),
                };
                let found = body(&answer);
                let total: u64 = text_at(found, "/total_count")
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| self.api.client.not_protocol("a search without total_count"))?;
                let blocks = found.get("blocks").and_then(Value::as_array);
                let mut rows = 0_u64;
                for block in blocks.into_iter().flatten() {
                    rows = rows.saturating_add(1);
                    let height = text_at(block, "/block/header/height")
                        .and_then(|text| text.parse().ok())
                        .map(Height)
                        .filter(|height| range.contains(*height))
                        .ok_or_else(|| {
                            self.api
                                .client
                                .inconsistent("a block outside the searched heights")
                        })?;
                    heights.insert(height);
                }
                gathered = gathered.saturating_add(rows);
                if gathered >= total {
                    break;
                }
                if rows == 0 {
                    return Err(self
                        .api
                        .client
                        .inconsistent("the search of blocks ends before all its rows"));
                }
            }
        }
        let mut credits = Vec::new();
        for height in heights {
            let own = self
                .results(height)
                .await?
                .map_err(|refusal| self.api.refused(refusal))?;
            credits.extend(
                own.into_iter()
                    .filter(|credit| credit.to.payload() == address.payload()),
            );
        }
        Ok(Ok(credits))
    }

    async fn floor(&self, range: HeightRange) -> Result<Height, SourceError> {
        let first = self.checked().await?;
        if !first.has_index {
            return Err(self.api.index_off());
        }
        // Both ends move: a tip forward, and the lowest block where a node prunes.
        let now = self.read_status().await?;
        if now.latest < range.to() {
            return Err(self.api.client.behind(now.latest, range.to()));
        }
        let first_ever = self.api.first_height();
        // Below a network's first block there is nothing to keep.
        Ok(if now.lowest.0 <= first_ever {
            Height(0)
        } else {
            now.lowest
        })
    }
}

#[async_trait]
impl ChainRead for CometRpc {
    fn network(&self) -> &NetworkId {
        &self.api.settings.network
    }

    fn name(&self) -> &str {
        self.api.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        let status = self.checked().await?;
        Ok(Capabilities {
            scan: BTreeSet::new(),
            history: if status.has_index {
                Part::ALL.iter().copied().collect()
            } else {
                BTreeSet::new()
            },
            accounts: status.has_index,
            state_at_height: false,
            proves_absence: self.proves_absence(status),
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.checked().await?;
        let answer = self.api.get("/block", &[]).await?;
        let latest = self.api.header(&answer)?;
        let height = latest.block.height;
        self.api.saw(height);
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
        let status = self.checked().await?;
        let silent = |what: &str| {
            if self.proves_absence(status) {
                Lookup::Absent
            } else {
                Lookup::Unknown {
                    reason: format!("{} {what}", self.api.client.origin()),
                }
            }
        };
        if let Some(height) = id.as_str().strip_prefix("block:") {
            let Ok(height) = height.parse().map(Height) else {
                return Ok(Lookup::Absent);
            };
            return match self.results(height).await? {
                Ok(credits) => {
                    let block = match credits.first().and_then(|credit| credit.block.clone()) {
                        Some(block) => block,
                        None => self.must_header(height).await?.block,
                    };
                    Ok(Lookup::Found(TransactionView {
                        id: id.clone(),
                        block: Some(block),
                        outcome: Outcome::Success,
                        signer: None,
                        to: None,
                        to_is_contract: None,
                        credits,
                        inputs: Vec::new(),
                        unread: BTreeSet::new(),
                    }))
                }
                Err(refusal) if refusal.is_above_tip() => Ok(silent("has no such block yet")),
                Err(refusal) if refusal.is_not_kept() => Ok(Lookup::Unknown {
                    reason: format!(
                        "{} does not keep it: {}",
                        self.api.client.origin(),
                        refusal.words
                    ),
                }),
                Err(refusal) => Err(self.api.refused(refusal)),
            };
        }
        let Some(id) = address::parse_tx_id(id.as_str()) else {
            return Ok(Lookup::Absent);
        };
        let hash = format!("0x{id}");
        let answer = match self
            .api
            .ask("/tx", &[("hash", &hash), ("prove", "false")])
            .await?
        {
            Ok(answer) => answer,
            Err(refusal) if refusal.is_index_off() => {
                return Ok(Lookup::Unknown {
                    reason: format!(
                        "{} keeps no index of transactions",
                        self.api.client.origin()
                    ),
                });
            }
            Err(refusal) if refusal.is_not_found() => return Ok(silent("does not know it")),
            Err(refusal) => return Err(self.api.refused(refusal)),
        };
        let transaction = self.api.transaction(&answer, &id)?;
        let block = match transaction.height {
            Some(height) => Some(self.must_header(height).await?.block),
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
        let (account, at) = self.auth_account(written.text()).await?;
        Ok(AccountState {
            code: Code::Absent,
            nonce: account.map_or(0, |account| account.sequence),
            at,
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.checked().await?;
        let written = self.api.written(address)?;
        let coin = match self.api.decoder.denom_or_contract(asset) {
            Some(DenomOrContract::Denom(denom)) => {
                let request = query::AddressAndDenom {
                    address: written.text().to_owned(),
                    denom,
                };
                let answer: query::BalanceAnswer = self
                    .must_query("/cosmos.bank.v1beta1.Query/Balance", &request)
                    .await?;
                // Zero is the encoding's empty: an account without the coin.
                answer
                    .balance
                    .map_or_else(|| "0".to_owned(), |coin| coin.amount)
            }
            Some(DenomOrContract::Contract(contract)) => {
                let request = query::SmartQuery {
                    address: contract,
                    query_data: cost::cw20_balance_query(written.text()),
                };
                let answer: query::SmartAnswer = self
                    .must_query("/cosmwasm.wasm.v1.Query/SmartContractState", &request)
                    .await?;
                let value: Value = serde_json::from_slice(&answer.data).map_err(|_| {
                    self.api
                        .client
                        .not_protocol("a contract's answer that is no JSON")
                })?;
                text_at(&value, "/balance").unwrap_or_default()
            }
            None => return Err(self.api.client.unsupported(format!("a balance of {asset}"))),
        };
        self.api.amount(&coin)
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        self.checked().await?;
        if let Some(digest) = token.strip_prefix("ibc/") {
            let request = proto::FirstText {
                text: digest.to_owned(),
            };
            let answer: query::DenomTraceAnswer = self
                .must_query("/ibc.applications.transfer.v1.Query/DenomTrace", &request)
                .await?;
            let trace = answer.trace.unwrap_or_default();
            let origin = Origin {
                path: trace.path,
                denom: trace.base_denom,
            }
            .proven(token)
            .map_err(|error| self.api.undecodable(error))?;
            return Ok(claims::of_origin(&origin));
        }
        if address::parse(token).is_err() {
            return Ok(TokenClaims::default());
        }
        let request = query::SmartQuery {
            address: token.to_owned(),
            query_data: claims::cw20_info_query(),
        };
        let answer: query::SmartAnswer = self
            .must_query("/cosmwasm.wasm.v1.Query/SmartContractState", &request)
            .await?;
        let value: Value = serde_json::from_slice(&answer.data).map_err(|_| {
            self.api
                .client
                .not_protocol("a contract's answer that is no JSON")
        })?;
        Ok(claims::of_cw20(&value))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.checked().await?;
        let answer: proto::FirstText = self
            .must_query(
                "/cosmos.base.node.v1beta1.Service/Config",
                &proto::FirstText::default(),
            )
            .await?;
        cost::of_price(&self.api.settings.network, &answer.text).ok_or_else(|| {
            self.api
                .client
                .unsupported("a price of gas (its minimum-gas-prices is empty)")
        })
    }
}

#[async_trait]
impl Preflights for CometRpc {
    async fn preflight(
        &self,
        address: &Address,
        asset: &AssetId,
    ) -> Result<Option<Preflight>, SourceError> {
        self.checked().await?;
        let written = self.api.written(address)?;
        let (account, at) = self.auth_account(written.text()).await?;
        let Some(account) = account else {
            return Ok(None);
        };
        let spendable = match (&asset.reference, self.api.decoder.denom_or_contract(asset)) {
            (AssetReference::Unlisted(_), _) | (_, None) => {
                return Err(self.api.client.unsupported(format!("a balance of {asset}")));
            }
            (_, Some(DenomOrContract::Contract(_))) => self.balance(&written, asset).await?,
            (_, Some(DenomOrContract::Denom(denom))) => {
                let request = query::AddressAndDenom {
                    address: written.text().to_owned(),
                    denom,
                };
                let answer: query::BalanceAnswer = self
                    .must_query(
                        "/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom",
                        &request,
                    )
                    .await?;
                let text = answer
                    .balance
                    .map_or_else(|| "0".to_owned(), |coin| coin.amount);
                self.api.amount(&text)?
            }
        };
        Ok(Some(account.preflight(spendable, at)))
    }
}
