//! A node: Bitcoin Core, Litecoin Core, Dogecoin Core, Dash Core, Bitcoin Cash Node, Bitcoin SV.
//!
//! The typed questions here are shared by what reads the chain and by what carries payments to it. What a daemon lacks is found out by
//! asking it for its list of methods, once ([`BitcoinNode::offers`]).

use super::coins::Coins;
use super::identity;
use super::rpc::{Call, Rpc, found, wants_boolean};
use super::wire::{
    Acceptance, BlockHeader, ChainInfo, FeeEstimate, Indexes, OutputScan, RawTransaction, SpentBy,
    Unspent,
};
use recover_core::network::NetworkId;
use recover_source::client::Client;
use recover_source::error::{Advice, SourceError};
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

/// The word of `chains.toml` for a daemon with the JSON-RPC of Bitcoin Core.
pub const KIND: &str = "bitcoin_rpc";

/// One node of one network.
pub struct BitcoinNode {
    pub(crate) rpc: Rpc,
    pub(crate) settings: SourceSettings,
    checked: OnceCell<()>,
    abilities: OnceCell<Abilities>,
    /// Whether it takes the number of a form of answer only as yes or no: found out by asking.
    pub(super) takes_booleans_only: AtomicBool,
    /// Whether it tells the outputs that a transaction spends: found out by asking.
    pub(super) tells_spent: AtomicBool,
}

/// What one daemon can do beyond what all of them can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Its methods; `None` where it does not list them.
    methods: Option<BTreeSet<String>>,
    /// Its indexes that hold the whole chain; `None` where it does not tell.
    indexes: Option<BTreeSet<String>>,
}

impl Abilities {
    /// Whether it knows a method. One that lists none may know any: the method itself then answers
    /// [`SourceError::Unsupported`].
    #[must_use]
    pub fn offers(&self, method: &str) -> bool {
        self.methods
            .as_ref()
            .is_none_or(|methods| methods.contains(method))
    }

    /// Whether an index (`txindex`, `txospenderindex`) holds the whole chain; `None` where the daemon does not tell.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<bool> {
        self.indexes.as_ref().map(|indexes| indexes.contains(name))
    }
}

impl std::fmt::Debug for BitcoinNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BitcoinNode")
            .field("network", &self.settings.network)
            .field("origin", &self.rpc.client().origin())
            .finish_non_exhaustive()
    }
}

impl BitcoinNode {
    /// A node behind a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            rpc: Rpc::new(Client::new(transport, settings.retry)),
            settings,
            checked: OnceCell::new(),
            abilities: OnceCell::new(),
            takes_booleans_only: AtomicBool::new(false),
            tells_spent: AtomicBool::new(true),
        }
    }

    /// The network it answers for.
    #[must_use]
    pub const fn network_id(&self) -> &NetworkId {
        &self.settings.network
    }

    /// Its JSON-RPC client, for what is asked beyond the questions here.
    #[must_use]
    pub const fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Kind and host for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.rpc.client().origin()
    }

    /// Makes sure, once, that it is the network it should be and that it has the chain.
    ///
    /// # Errors
    /// [`SourceError::WrongNetwork`]; [`SourceError::Unreachable`] while it downloads the chain for the first time: until then it knows
    /// neither what is final nor what is absent.
    pub async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async {
                let network = &self.settings.network;
                for (height, hash) in identity::landmarks(network, &self.settings.chain) {
                    let found = self.block_hash_at(height).await?;
                    identity::compare(
                        self.rpc.client(),
                        &self.settings.chain,
                        height,
                        &hash,
                        found,
                    )?;
                }
                let info = self.chain_info().await?;
                if info.first_download {
                    let known = info.headers.unwrap_or(info.blocks);
                    return Err(self.rpc.client().unreachable(format!(
                        "it is still downloading the chain: block {} of {known}",
                        info.blocks
                    )));
                }
                Ok(())
            })
            .await
            .copied()
    }

    /// What it can do, found out once.
    ///
    /// # Errors
    /// The source's own. That it does not list its methods is no error.
    pub async fn abilities(&self) -> Result<&Abilities, SourceError> {
        self.abilities
            .get_or_try_init(|| async {
                let listed: Option<String> = given(self.rpc.ask("help", json!([])).await)?;
                let methods: Option<BTreeSet<String>> = listed.map(|text| {
                    let names = text.lines().filter(|line| !line.starts_with("=="));
                    let names = names.filter_map(|line| line.split_whitespace().next());
                    names.map(str::to_owned).collect()
                });
                let told = methods
                    .as_ref()
                    .is_none_or(|methods| methods.contains("getindexinfo"));
                let indexes: Option<Indexes> = if told {
                    given(self.rpc.ask("getindexinfo", json!([])).await)?
                } else {
                    None
                };
                let indexes = indexes.map(|indexes| {
                    let whole = indexes.into_iter().filter(|(_, state)| state.synced);
                    whole.map(|(name, _)| name).collect()
                });
                Ok(Abilities { methods, indexes })
            })
            .await
    }

    /// Whether it knows a method (`testmempoolaccept`, `estimatesmartfee`, `scantxoutset`, `gettxspendingprevout`).
    ///
    /// # Errors
    /// As [`BitcoinNode::abilities`].
    pub async fn offers(&self, method: &str) -> Result<bool, SourceError> {
        Ok(self.abilities().await?.offers(method))
    }

    /// Where its chain ends.
    ///
    /// # Errors
    /// The source's own.
    pub async fn chain_info(&self) -> Result<ChainInfo, SourceError> {
        self.rpc.ask("getblockchaininfo", json!([])).await
    }

    /// The hash of the block at a height of its best chain; `None` above its tip.
    ///
    /// # Errors
    /// The source's own.
    pub async fn block_hash_at(&self, height: u64) -> Result<Option<String>, SourceError> {
        // Daemons take a signed 32-bit number.
        if i32::try_from(height).is_err() {
            return Ok(None);
        }
        found(self.rpc.ask("getblockhash", json!([height])).await)
    }

    /// A block's header by its hash, of the best chain or of another branch; `None` where it never saw such a block.
    ///
    /// # Errors
    /// The source's own.
    pub async fn block_header(&self, hash: &str) -> Result<Option<BlockHeader>, SourceError> {
        let header: Option<BlockHeader> =
            found(self.rpc.ask("getblockheader", json!([hash, true])).await)?;
        match header {
            Some(header) if header.hash != hash => Err(self
                .rpc
                .client()
                .inconsistent(format!("the header of another block than {hash}"))),
            header => Ok(header),
        }
    }

    /// A transaction by its id, from the mempool or, where it has `txindex`, from the chain; `None` where it has none of this id, which
    /// proves nothing without `txindex` ([`BitcoinNode::has_transaction_index`]).
    ///
    /// # Errors
    /// The source's own.
    pub async fn raw_transaction(&self, id: &str) -> Result<Option<RawTransaction>, SourceError> {
        let answer: Option<RawTransaction> = found(
            self.with_form(|form| Call::new("getrawtransaction", json!([id, form])), 1)
                .await,
        )?;
        match answer {
            Some(answer) if answer.txid != id => Err(self
                .rpc
                .client()
                .inconsistent(format!("another transaction than {id}"))),
            answer => Ok(answer),
        }
    }

    /// Asks a call whose form of answer is a number; daemons from before Bitcoin Core 0.15 read only yes or no there.
    pub(super) async fn with_form<T: DeserializeOwned>(
        &self,
        call: impl Fn(Value) -> Call,
        form: u8,
    ) -> Result<T, SourceError> {
        let as_boolean = || call(Value::Bool(form != 0));
        if !self.takes_booleans_only.load(Ordering::Relaxed) {
            match self.rpc.call(call(Value::from(form))).await {
                Err(error) if wants_boolean(&error) => {
                    let answer = self.rpc.call(as_boolean()).await?;
                    self.takes_booleans_only.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                answer => return answer,
            }
        }
        self.rpc.call(as_boolean()).await
    }

    /// Whether it finds every transaction of the chain by its id. A daemon that does not tell its indexes is asked for a transaction
    /// that does not exist: its words differ.
    ///
    /// # Errors
    /// The source's own.
    pub async fn has_transaction_index(&self) -> Result<bool, SourceError> {
        if let Some(told) = self.abilities().await?.index("txindex") {
            return Ok(told);
        }
        let nothing = "00".repeat(32);
        let answer: Result<Value, SourceError> =
            self.rpc.ask("getrawtransaction", json!([nothing])).await;
        match answer {
            Err(SourceError::Refused { detail, .. }) => Ok(!detail.contains("-txindex")),
            Err(error) => Err(error),
            Ok(_) => Ok(true),
        }
    }

    /// An output that nobody has spent, with the mempool's word or without; `None` where it is spent, or never was.
    ///
    /// # Errors
    /// The source's own.
    pub async fn unspent(
        &self,
        id: &str,
        index: u32,
        with_mempool: bool,
    ) -> Result<Option<Unspent>, SourceError> {
        self.rpc
            .ask("gettxout", json!([id, index, with_mempool]))
            .await
    }

    /// Who spends an output, as far as it knows: the mempool always, the chain where it has `txospenderindex`.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] before Bitcoin Core 24; the source's own.
    pub async fn spender(&self, id: &str, index: u32) -> Result<Option<SpentBy>, SourceError> {
        let outputs = json!([[{"txid": id, "vout": index}]]);
        let mut answers: Vec<SpentBy> = self.rpc.ask("gettxspendingprevout", outputs).await?;
        Ok(answers.pop().filter(|spent| spent.transaction.is_some()))
    }

    /// Whether it would take a signed transaction, without taking it.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] where it cannot say; the source's own.
    pub async fn test_accept(&self, hex: &str) -> Result<Acceptance, SourceError> {
        let mut answers: Vec<Acceptance> =
            self.rpc.ask("testmempoolaccept", json!([[hex]])).await?;
        answers.pop().ok_or_else(|| {
            self.rpc
                .client()
                .not_protocol("testmempoolaccept: no answer to the one transaction")
        })
    }

    /// Hands a signed transaction to the network and gives its id. It may arrive twice where an answer was lost: a daemon then says that
    /// it has it already.
    ///
    /// # Errors
    /// [`SourceError::Refused`] with one of [`super::rpc::code`]; the source's own.
    pub async fn send_transaction(&self, hex: &str) -> Result<String, SourceError> {
        self.rpc.ask("sendrawtransaction", json!([hex])).await
    }

    /// The fee for 1,000 virtual bytes, in base units, to be mined within so many blocks; `None` where the node saw too little to say or
    /// cannot say at all.
    ///
    /// # Errors
    /// The source's own.
    pub async fn fee_rate(&self, blocks: u16) -> Result<Option<u64>, SourceError> {
        if !self.offers("estimatesmartfee").await? {
            return Ok(None);
        }
        let estimate: Option<FeeEstimate> =
            given(self.rpc.ask("estimatesmartfee", json!([blocks])).await)?;
        let rate = estimate.and_then(|estimate| estimate.fee_rate);
        Ok(rate.map(|Coins(units)| units).filter(|units| *units > 0))
    }

    /// The sum of the outputs of one script that nobody has spent, at the tip, in base units. The node walks all unspent outputs for it,
    /// which takes a minute or more on a large chain.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] where it cannot; the source's own.
    pub async fn unspent_sum(&self, script: &[u8]) -> Result<u128, SourceError> {
        let wanted = format!("raw({})", hex::encode(script));
        let scan: OutputScan = self
            .rpc
            .ask("scantxoutset", json!(["start", [wanted]]))
            .await?;
        if !scan.success {
            return Err(self
                .rpc
                .client()
                .unreachable("scantxoutset was interrupted"));
        }
        Ok(scan
            .unspents
            .iter()
            .map(|output| u128::from(output.amount.0))
            .sum())
    }
}

/// The answer, or `None` where the daemon refuses to give one for good (an unknown or forbidden method).
fn given<T>(answer: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.advice() == Advice::GiveUp => Ok(None),
        Err(error) => Err(error),
    }
}
