//! toncenter, version 3: an index over a node, asked over HTTP GET.
//!
//! Heights are those of the masterchain. A transaction is read once a masterchain block refers to its block, and such a block
//! is final. An account's jettons do not pass through the account: its jetton wallets are read beside it.
//!
//! What this client does not do: it never asks a jetton's master whose a wallet is (that is a POST of a get-method); it believes
//! the index, which asks the master itself, and two wallets of one owner and one master make both doubtful.

mod api;
mod blocks;
mod cursor;
mod lookup;
mod pages;
mod refusal;
mod transfers;

use crate::address::{RawAddress, block_hash, parse as parse_address};
use crate::control::EXTRA_CURRENCY;
use crate::decode::Decoder;
use crate::wire::{AccountRow, Answer, BlockRow, JettonWalletRow};
use api::Api;
use async_trait::async_trait;
use blocks::Blocks;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, CLAIM_LETTERS_MAX, Capabilities, ChainRead, Head, Header, Lookup,
    NetworkCost, Part, TokenClaims, TransactionView, clean,
};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::kept::Kept;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The word of `chains.toml` for this kind of source.
pub const KIND: &str = "toncenter_v3";

/// Rows that toncenter gives at once at most.
const ROWS_MAX: u32 = 1000;

/// Accounts whose list of wallets is kept between the pages of a reading.
const LISTS_KEPT: usize = 256;

/// Opens a source over HTTP. Nothing is sent yet.
///
/// The url may end in `/api/v3` or leave it out; the key goes into the query as `api_key`.
///
/// # Errors
/// When the kind of source is another.
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    let transport = settings.open(&[KIND], Some("api_key"))?;
    Ok(open_with(settings, transport))
}

/// Opens a source over a given transport: a test's, or a recording's.
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    Arc::new(Toncenter::new(settings, transport))
}

/// A toncenter, version 3.
pub struct Toncenter {
    network: NetworkId,
    chain: String,
    page_rows: u32,
    tokens: Vec<RawAddress>,
    proves_absence: bool,
    api: Api,
    blocks: Blocks,
    decoder: Decoder,
    checked: OnceCell<()>,
    wallets: Kept<RawAddress, WalletList>,
}

/// The jetton wallets of an account.
#[derive(Debug, Clone, Default)]
struct WalletList {
    rows: Vec<JettonWalletRow>,
    /// Whether there are more than are read.
    is_cut: bool,
}

impl std::fmt::Debug for Toncenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toncenter")
            .field("network", &self.network)
            .field("origin", &self.api.client.origin())
            .finish_non_exhaustive()
    }
}

impl Toncenter {
    /// A source behind a transport.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        let base = settings.url.trim_end_matches('/');
        let prefix = if base.ends_with("/v3") { "" } else { "/api/v3" };
        let page_rows = settings.page_rows(ROWS_MAX);
        Self {
            decoder: Decoder::new(settings.network.clone()),
            network: settings.network,
            chain: settings.chain,
            page_rows,
            tokens: settings
                .tokens
                .iter()
                .filter_map(|token| RawAddress::of(&parse_address(token).ok()?))
                .collect(),
            proves_absence: settings.proves_absence,
            api: Api::new(Client::new(transport, settings.retry), prefix),
            blocks: Blocks::default(),
            checked: OnceCell::new(),
            wallets: Kept::new(LISTS_KEPT),
        }
    }

    /// Makes sure, once, that it is the network it should be.
    async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async { self.tip().await.map(drop) })
            .await
            .copied()
    }

    /// The first and the last masterchain block that it has.
    async fn tip(&self) -> Result<(Option<BlockRow>, BlockRow), SourceError> {
        let Answer::Tip { first, last } = self.api.ask("/masterchainInfo", &[]).await? else {
            return Err(self.api.unexpected("the tip"));
        };
        let found = last.global_id.ok_or_else(|| {
            self.api
                .client
                .inconsistent("a tip without the network's number")
        })?;
        if found.to_string() != self.chain {
            return Err(self
                .api
                .client
                .wrong_network(format!("tvm:{}", self.chain), format!("tvm:{found}")));
        }
        if last.workchain != -1 {
            return Err(self
                .api
                .client
                .inconsistent("a tip outside of the masterchain"));
        }
        self.blocks.keep(last.clone());
        Ok((first, last))
    }

    fn block_ref(&self, block: &BlockRow) -> Result<BlockRef, SourceError> {
        let time = block
            .time
            .and_then(Timestamp::from_seconds)
            .ok_or_else(|| self.api.client.inconsistent("a block without a time"))?;
        Ok(BlockRef {
            height: Height(block.seqno),
            hash: block_hash(&block.root_hash),
            time,
        })
    }

    async fn header_of(&self, block: &BlockRow) -> Result<Header, SourceError> {
        let parent = match block.seqno.checked_sub(1) {
            Some(above_zero) if above_zero > 0 => self.blocks.get(&self.api, above_zero).await?,
            _ => None,
        };
        // The network's zero state is no block, and an index that begins later does not have the one before.
        let parent = parent.map_or_else(
            || BlockHash::new(&"0".repeat(64)),
            |parent| block_hash(&parent.root_hash),
        );
        Ok(Header {
            block: self.block_ref(block)?,
            parent,
        })
    }

    async fn state(&self, address: &Address) -> Result<Option<AccountRow>, SourceError> {
        let account = self.account_of(address)?;
        let text = account.to_string();
        let query = [("address", text.as_str()), ("include_boc", "false")];
        let answer = self.api.ask_or_nothing("/accountStates", &query).await?;
        let rows = match answer {
            None => return Ok(None),
            Some(Answer::Accounts(rows)) => rows,
            Some(_) => return Err(self.api.unexpected("the state of an account")),
        };
        Ok(rows
            .into_iter()
            .find(|row| row.address.is_none_or(|address| address == account)))
    }

    fn account_of(&self, address: &Address) -> Result<RawAddress, SourceError> {
        RawAddress::of(address)
            .ok_or_else(|| self.unsupported(&format!("{address}, which is no address of ton")))
    }
}

#[async_trait]
impl ChainRead for Toncenter {
    fn network(&self) -> &NetworkId {
        &self.network
    }

    fn name(&self) -> &str {
        self.api.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        Ok(Capabilities {
            scan: BTreeSet::new(),
            history: Part::ALL.iter().copied().collect(),
            accounts: true,
            state_at_height: false,
            proves_absence: self.proves_absence,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        let (_, last) = self.tip().await?;
        Ok(Head {
            finalized: Some(Height(last.seqno)),
            latest: self.header_of(&last).await?,
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        match self.blocks.get(&self.api, height.0).await? {
            Some(block) => self.header_of(&block).await.map(Some),
            None => Ok(None),
        }
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.check().await?;
        self.page(request).await
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        self.look_up(id).await
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        let (_, last) = self.tip().await?;
        let code = match self.state(address).await? {
            Some(row) if row.status == "active" => {
                Code::Contract(row.code_hash.ok_or_else(|| {
                    self.api
                        .client
                        .inconsistent("an active account without the hash of its code")
                })?)
            }
            // Not there yet, or frozen: the first message out brings the code along.
            _ => Code::Absent,
        };
        Ok(AccountState {
            code,
            nonce: 0,
            at: Height(last.seqno),
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.check().await?;
        let token = match &asset.reference {
            AssetReference::Native => {
                let state = self.state(address).await?;
                return Ok(state.map_or(Amount::ZERO, |state| state.balance));
            }
            AssetReference::Contract(token) if !token.starts_with(EXTRA_CURRENCY) => token,
            _ => return Err(self.unsupported(&format!("the balance of {asset}"))),
        };
        let owner = self.account_of(address)?;
        let master = token
            .parse::<RawAddress>()
            .map_err(|_| self.unsupported(&format!("the balance of {asset}")))?;
        let wallets = self.wallets_of_master(owner, master).await?;
        match wallets.as_slice() {
            [] => Ok(Amount::ZERO),
            [wallet] => Ok(wallet.balance),
            _ => Err(self
                .api
                .client
                .inconsistent(format!("two wallets of {address} for one jetton, {token}"))),
        }
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        self.check().await?;
        let Ok(master) = token.parse::<RawAddress>() else {
            return Ok(TokenClaims::default());
        };
        let text = master.to_string();
        let answer = self
            .api
            .ask_or_nothing("/jetton/masters", &[("address", text.as_str())])
            .await?;
        let rows = match answer {
            None => Vec::new(),
            Some(Answer::JettonMasters(rows)) => rows,
            Some(_) => return Err(self.api.unexpected("what a jetton says of itself")),
        };
        let clean = |text: String| clean(&text, CLAIM_LETTERS_MAX);
        Ok(rows
            .into_iter()
            .next()
            .map_or_else(TokenClaims::default, |row| TokenClaims {
                symbol: row.symbol.and_then(clean),
                name: row.name.and_then(clean),
                decimals: row.decimals,
            }))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        Err(self.unsupported("the price of a transaction of ours: returns on ton are made by hand"))
    }
}
