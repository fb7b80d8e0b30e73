//! The client of a Horizon server.

use crate::address;
use crate::decode::{self, DecodeError, Decoder};
use crate::problem::{self, Meaning};
use crate::wire::{self, Body};
use crate::xdr::Network;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::block::{Height, TxId};
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost, Part,
    TokenClaims, TransactionView,
};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The word of `chains.toml` for a Horizon server.
pub const KIND: &str = "horizon";

/// The most rows that Horizon answers at once.
const ROWS_MAX: u32 = 200;

/// The parts of an account's history that Horizon tells of: nothing is paid out by a ledger itself.
pub(crate) const PARTS: [Part; 3] = [Part::TransferLogs, Part::TopLevel, Part::Internal];

/// A source that speaks to one Horizon server, or to several behind one address.
pub struct Horizon {
    pub(crate) decoder: Decoder,
    pub(crate) client: Client,
    rows: u32,
    pub(crate) proves_absence: bool,
    verified: OnceCell<()>,
}

/// An answer, or the server's word that it has no such thing.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// It is there.
    Found(T),
    /// A true `not_found`.
    NotFound,
}

/// What a server says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// The newest ledger in its history.
    pub latest: Height,
    /// When that ledger closed; `None` where an older server does not say.
    pub closed: Option<Timestamp>,
    /// The oldest ledger in its history.
    pub elder: Height,
}

impl Horizon {
    /// A source over a transport.
    #[must_use]
    pub fn new(settings: &SourceSettings, transport: Arc<dyn Transport>) -> Self {
        let chain = Network::of_reference(&settings.chain);
        Self {
            decoder: Decoder::new(settings.network.clone(), chain),
            client: Client::new(transport, settings.retry),
            rows: settings.page_rows(ROWS_MAX),
            proves_absence: settings.proves_absence,
            verified: OnceCell::new(),
        }
    }

    /// How many rows a page is asked for.
    pub(crate) fn limit(&self) -> String {
        self.rows.to_string()
    }

    pub(crate) fn undecodable(&self, error: &DecodeError) -> SourceError {
        let words = self.client.words(error.to_string().as_bytes());
        self.client.inconsistent(words)
    }

    fn body(&self, bytes: &[u8]) -> Result<Answer<Body>, SourceError> {
        let body = wire::body(bytes).map_err(|_| self.client.unreadable(bytes))?;
        let Body::Problem(found) = body else {
            return Ok(Answer::Found(body));
        };
        let words = self.client.words(found.words().as_bytes());
        match problem::meaning(self.client.origin(), &found, words) {
            Meaning::NotFound => Ok(Answer::NotFound),
            Meaning::Failed(error) => Err(error),
        }
    }

    /// Asks for one record.
    pub(crate) async fn record<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Answer<T>, SourceError> {
        self.record_with(path, &[]).await
    }

    /// Asks for one record with parameters.
    pub(crate) async fn record_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, SourceError> {
        let read = |bytes: &[u8]| match self.body(bytes)? {
            Answer::NotFound => Ok(Answer::NotFound),
            Answer::Found(Body::Record(raw)) => self.read(raw.get()).map(Answer::Found),
            Answer::Found(_) => Err(self
                .client
                .not_protocol("a list where a record was asked for")),
        };
        self.client.get(path, query, read).await
    }

    /// Asks for a record that another answer named: "not found" is a server that lags behind the one that named it.
    pub(crate) async fn known_record<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let read = |bytes: &[u8]| match self.body(bytes)? {
            Answer::Found(Body::Record(raw)) => self.read(raw.get()),
            Answer::Found(_) => Err(self
                .client
                .not_protocol("a list where a record was asked for")),
            Answer::NotFound => Err(self.client.unreachable(format!(
                "{path} was named by its own answer and is not there"
            ))),
        };
        self.client.get(path, query, read).await
    }

    /// Asks for a page of rows and lets `take` judge it inside the try, so that a page which cannot be right is asked again.
    pub(crate) async fn page<T, R>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        take: impl Fn(Vec<T>) -> Result<R, SourceError>,
    ) -> Result<Answer<R>, SourceError>
    where
        T: DeserializeOwned,
    {
        let read = |bytes: &[u8]| {
            let rows = match self.body(bytes)? {
                Answer::NotFound => return Ok(Answer::NotFound),
                Answer::Found(Body::Rows(rows)) => rows,
                Answer::Found(_) => {
                    return Err(self
                        .client
                        .not_protocol("a record where a list was asked for"));
                }
            };
            let rows: Vec<T> = rows
                .iter()
                .map(|row| self.read(row.get()))
                .collect::<Result<_, _>>()?;
            take(rows).map(Answer::Found)
        };
        self.client.get(path, query, read).await
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, SourceError> {
        serde_json::from_str(text).map_err(|error| {
            self.client
                .not_protocol(format!("a record with other fields: {error}"))
        })
    }

    /// Asks who the server is and what it keeps; another network is refused.
    pub(crate) async fn standing(&self) -> Result<Standing, SourceError> {
        let root: wire::Root = match self.record("").await? {
            Answer::Found(root) => root,
            Answer::NotFound => return Err(self.client.not_protocol("nothing at its root")),
        };
        let passphrase = root.network_passphrase.as_deref().ok_or_else(|| {
            self.client
                .not_protocol("a root without a network passphrase")
        })?;
        let chain = self.decoder.chain();
        if passphrase != chain.passphrase() {
            let found = ["pubnet", "testnet", "futurenet"]
                .into_iter()
                .find(|reference| Network::of_reference(reference).passphrase() == passphrase)
                .map_or_else(
                    || format!("'{passphrase}'"),
                    |known| format!("stellar:{known}"),
                );
            return Err(self.client.wrong_network(
                format!("stellar:{}", chain.reference()),
                self.client.words(found.as_bytes()),
            ));
        }
        let ledger = |value: &Option<wire::Scalar>| {
            value
                .as_deref()
                .and_then(|text| text.parse::<u32>().ok())
                .map(|height| Height(u64::from(height)))
        };
        let latest = ledger(&root.history_latest_ledger)
            .filter(|latest| latest.0 > 0)
            .ok_or_else(|| self.client.unreachable("it has no ledgers yet"))?;
        let elder = ledger(&root.history_elder_ledger).ok_or_else(|| {
            self.client
                .not_protocol("a root that does not say which ledgers it keeps")
        })?;
        let closed = root
            .history_latest_ledger_closed_at
            .as_deref()
            .and_then(|text| Timestamp::parse(text).ok());
        let _ = self.verified.set(());
        Ok(Standing {
            latest,
            closed,
            elder,
        })
    }

    /// Makes sure once that it is the right network, before any other answer of it is believed.
    pub(crate) async fn verify(&self) -> Result<(), SourceError> {
        if self.verified.get().is_none() {
            self.standing().await?;
        }
        Ok(())
    }

    /// The account's record; `None` only after a true "not found". Accounts are the network's present state, which every
    /// server has in whole: this is absence, unlike a transaction that is not found.
    pub(crate) async fn account_record(
        &self,
        address: &Address,
    ) -> Result<Option<wire::Account>, SourceError> {
        if !decode::has_history(address) {
            return Err(self.client.unsupported("the state of a contract"));
        }
        self.verify().await?;
        let path = format!("/accounts/{}", address.text());
        match self.record::<wire::Account>(&path).await? {
            Answer::NotFound => Ok(None),
            Answer::Found(account) => {
                let id = account.account_id.as_ref().or(account.id.as_ref());
                if id.map(|id| &**id) != Some(address.text()) {
                    return Err(self
                        .client
                        .inconsistent("another account than the one asked for"));
                }
                Ok(Some(account))
            }
        }
    }

    pub(crate) fn stroops(&self, text: Option<&wire::Scalar>) -> Result<Amount, SourceError> {
        let text = text.ok_or_else(|| self.client.not_protocol("a balance without an amount"))?;
        decode::amount(text)
            .map_err(|error| self.undecodable(&error))?
            .ok_or_else(|| self.client.inconsistent("a negative balance"))
    }

    async fn ledger(&self, height: Height) -> Result<Option<Timestamp>, SourceError> {
        match self
            .record::<wire::Ledger>(&format!("/ledgers/{height}"))
            .await?
        {
            Answer::NotFound => Ok(None),
            Answer::Found(ledger) => {
                let named = ledger
                    .sequence
                    .as_deref()
                    .and_then(|text| text.parse().ok());
                if named != Some(height.0) {
                    return Err(self
                        .client
                        .inconsistent("another ledger than the one asked for"));
                }
                let time = ledger.closed_at.as_deref().unwrap_or_default();
                Timestamp::parse(time)
                    .map(Some)
                    .map_err(|_| self.client.not_protocol("a ledger without its time"))
            }
        }
    }
}

fn header(height: Height, time: Timestamp) -> Header {
    Header {
        block: decode::block(height, time),
        parent: decode::ledger_hash(height.minus(1)),
    }
}

#[async_trait]
impl ChainRead for Horizon {
    fn network(&self) -> &NetworkId {
        self.decoder.network()
    }

    fn name(&self) -> &str {
        self.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.standing().await?;
        Ok(Capabilities {
            scan: BTreeSet::new(),
            history: BTreeSet::from(PARTS),
            accounts: true,
            state_at_height: false,
            proves_absence: self.proves_absence,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        let standing = self.standing().await?;
        let time = match standing.closed {
            Some(time) => time,
            None => self.ledger(standing.latest).await?.ok_or_else(|| {
                self.client
                    .inconsistent("it has not the ledger that it calls its newest")
            })?,
        };
        Ok(Head {
            latest: header(standing.latest, time),
            finalized: Some(standing.latest),
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.verify().await?;
        if let Some(time) = self.ledger(height).await? {
            return Ok(Some(header(height, time)));
        }
        let standing = self.standing().await?;
        if height > standing.latest {
            return Ok(None);
        }
        Err(self.client.not_kept(format!(
            "ledger {height}; its history begins at {}",
            standing.elder
        )))
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        crate::stream::page(self, request).await
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        crate::lookup::transaction(self, id).await
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        let at = self.standing().await?.latest;
        let nonce = match self.account_record(address).await? {
            None => 0,
            Some(account) => account
                .sequence
                .as_deref()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    self.client
                        .not_protocol("an account without a sequence number")
                })?,
        };
        Ok(AccountState {
            code: Code::Absent,
            nonce,
            at,
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        let Some(account) = self.account_record(address).await? else {
            return Ok(Amount::ZERO);
        };
        let wanted = match &asset.reference {
            AssetReference::Native => None,
            AssetReference::Contract(text) if address::split_asset(text).is_some() => {
                Some(text.as_str())
            }
            _ => return Err(self.client.unsupported("balances of a contract's token")),
        };
        for balance in account.balances.iter().flatten() {
            if balance_asset(balance).is_some_and(|found| found.as_deref() == wanted) {
                return self.stroops(balance.balance.as_ref());
            }
        }
        Ok(Amount::ZERO)
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        // An asset's code is part of its identity and its decimals are the protocol's: nothing need be asked.
        Ok(
            address::split_asset(token).map_or_else(TokenClaims::default, |(code, _)| {
                TokenClaims {
                    symbol: Some(code.to_owned()),
                    name: None,
                    decimals: Some(decode::DECIMALS),
                }
            }),
        )
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        let (fee, base) = self.fee_now().await?;
        // An account counts as two entries before it holds anything.
        let each = self.base_reserve().await?;
        let reserve = each
            .checked_add(each)
            .ok_or_else(|| self.client.not_protocol("a base reserve past any balance"))?;
        Ok(NetworkCost {
            native_transfer: fee,
            token_transfer: fee,
            contract_step: fee,
            added_input: None,
            reserve: Some(reserve),
            basis: format!(
                "one operation at the fee that 95 of 100 transactions paid at most, {} stroops ({} at least); a new account keeps {} stroops",
                fee.to_base_units(),
                base.to_base_units(),
                reserve.to_base_units()
            ),
        })
    }
}

/// What a balance is of: `Some(None)` for the native coin, `None` for pool shares.
#[expect(
    clippy::option_option,
    reason = "outside: whether it is an asset; inside: its canonical text, which the native coin has none of"
)]
pub(crate) fn balance_asset(balance: &wire::Balance) -> Option<Option<String>> {
    if balance.asset_type.as_deref() == Some("native") {
        return Some(None);
    }
    let code = balance.asset_code.as_deref()?;
    let issuer = address::parse(balance.asset_issuer.as_deref()?).ok()?;
    Some(Some(address::asset_text(code, &issuer)))
}
