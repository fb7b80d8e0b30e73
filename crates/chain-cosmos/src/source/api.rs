//! What both APIs share: one question with its repetition, and what is checked of an answer whichever of the two gave it.

use crate::decode::{BlockHeader, DecodeError, Decoder, SearchPage, Transaction, header_of};
use crate::networks;
use crate::source::refusal::Refusal;
use crate::source::stream;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::{Height, TxId};
use recover_source::chain::Header;
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most rows a page that nodes and gateways give.
const ROWS_MAX: u32 = 100;

/// A node or a gateway behind a client.
pub(super) struct Api {
    pub client: Client,
    pub settings: SourceSettings,
    pub decoder: Decoder,
    /// The highest block that it was seen to have: a tip never goes back here, blocks are final.
    tip: AtomicU64,
}

impl Api {
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            client: Client::new(transport, settings.retry),
            decoder: Decoder::new(settings.network.clone()),
            settings,
            tip: AtomicU64::new(0),
        }
    }

    /// Asks; the inner error is the source's own and will not pass.
    pub async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Result<Value, Refusal>, SourceError> {
        let read = |body: &[u8]| self.read(body);
        self.client.get(path, query, read).await
    }

    /// As [`Api::ask`], by POST of JSON: the gateway's way to take a transaction.
    pub async fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Result<Value, Refusal>, SourceError> {
        let body = body.to_string().into();
        let read = |body: &[u8]| self.read(body);
        self.client
            .post_to(path, "application/json", body, read)
            .await
    }

    fn read(&self, body: &[u8]) -> Result<Result<Value, Refusal>, SourceError> {
        let answer: Value =
            serde_json::from_slice(body).map_err(|_| self.client.unreadable(body))?;
        let Some(mut refusal) = Refusal::read(&answer) else {
            return Ok(Ok(answer));
        };
        if refusal.may_pass() {
            return Err(self.refused(refusal));
        }
        refusal.words = self.client.redact(refusal.words);
        Ok(Err(refusal))
    }

    /// Asks for what must be there.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        self.ask(path, query)
            .await?
            .map_err(|refusal| self.refused(refusal))
    }

    /// What a refusal means for the engine.
    pub fn refused(&self, refusal: Refusal) -> SourceError {
        let detail = self.client.words(refusal.words.as_bytes());
        refusal.into_error(self.client.origin(), detail)
    }

    /// An answer that cannot be read: not the protocol, or not the truth.
    pub fn undecodable(&self, error: DecodeError) -> SourceError {
        match error {
            DecodeError::OtherId { .. } | DecodeError::Contradiction { .. } => {
                self.client.inconsistent(error.to_string())
            }
            DecodeError::Answered { code, detail } => SourceError::Refused {
                origin: self.client.origin().to_owned(),
                code,
                detail: self.client.words(detail.as_bytes()),
            },
            _ => self.client.not_protocol(error.to_string()),
        }
    }

    pub fn wrong_network(&self, found: &str) -> SourceError {
        self.client.wrong_network(
            format!("cosmos:{}", self.settings.chain),
            format!("cosmos:{found}"),
        )
    }

    pub fn index_off(&self) -> SourceError {
        self.client
            .not_kept("its transaction index is off (switch it on)")
    }

    /// How many rows a page is asked for.
    pub fn rows(&self) -> u32 {
        self.settings.page_rows(ROWS_MAX)
    }

    /// The first height that the network ever had.
    pub fn first_height(&self) -> u64 {
        networks::by_name(&self.settings.network).map_or(1, |known| known.initial_height)
    }

    /// The highest block that it was seen to have.
    pub fn tip(&self) -> Height {
        Height(self.tip.load(Ordering::Relaxed))
    }

    /// Notes a block that it has.
    pub fn saw(&self, height: Height) {
        self.tip.fetch_max(height.0, Ordering::Relaxed);
    }

    /// The address as this network writes it: an index knows accounts by their text.
    pub fn written(&self, address: &Address) -> Result<Address, SourceError> {
        stream::as_written(address, self.settings.address_prefix.as_deref()).ok_or_else(|| {
            self.client
                .unsupported(format!("{address}, which is no account of this family"))
        })
    }

    /// The header in an answer, of the network that it should be.
    pub fn header(&self, answer: &Value) -> Result<Header, SourceError> {
        let BlockHeader {
            block,
            parent,
            chain,
        } = header_of(answer).map_err(|error| self.undecodable(error))?;
        if !chain.is_empty() && chain != self.settings.chain {
            return Err(self.wrong_network(&chain));
        }
        Ok(Header { block, parent })
    }

    /// The header in the answer to a question for one height.
    pub fn header_at(&self, answer: &Value, height: Height) -> Result<Header, SourceError> {
        let header = self.header(answer)?;
        if header.block.height != height {
            return Err(self.client.inconsistent(format!(
                "asked for block {height} it gave {}",
                header.block.height
            )));
        }
        Ok(header)
    }

    /// A page of a search.
    pub fn search_page(&self, answer: &Value) -> Result<SearchPage, SourceError> {
        self.decoder
            .search_page(answer)
            .map_err(|error| self.undecodable(error))
    }

    /// The transaction in the answer to a question for one.
    pub fn transaction(&self, answer: &Value, id: &TxId) -> Result<Transaction, SourceError> {
        self.decoder
            .transactions(answer)
            .map_err(|error| self.undecodable(error))?
            .into_iter()
            .next()
            .filter(|transaction| transaction.id == *id)
            .ok_or_else(|| {
                self.client
                    .inconsistent(format!("asked for {id} it gave another transaction"))
            })
    }

    /// An amount in base units.
    pub fn amount(&self, text: &str) -> Result<Amount, SourceError> {
        Amount::from_base_units(text).map_err(|error| self.client.not_protocol(error.to_string()))
    }
}
