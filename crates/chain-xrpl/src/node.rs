//! A server of the XRP Ledger (rippled or Clio) as a source.

mod carry;
mod pages;
mod preflight;
mod standing;

pub use carry::XrplCarry;
pub use preflight::Preflight;

use crate::address;
use crate::asset::{Asset, Money};
use crate::decode::{DecodeError, Decoded, decode, ledger_hash};
use crate::number::{ISSUED_DECIMALS, Number};
use crate::rpc::{Reply, Rpc};
use crate::wire::{RIPPLE_EPOCH, records, whole};
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost, Part,
    TokenClaims, TransactionView,
};
use recover_source::client::Client;
use recover_source::error::{Advice, SourceError};
use recover_source::kept::Kept;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The widest window of a look-up with bounds; a wider one is `excessiveLgrRange`.
const LOOKUP_WINDOW: u64 = 1_000;
/// The first ledger that any server has: those before it were lost in 2012.
const FIRST_LEDGER: u64 = 32_570;
/// Headers kept in memory: ledgers do not change once validated.
const HEADERS_MAX: usize = 10_000;
/// Pages of trust lines that are read for one balance.
const LINE_PAGES_MAX: usize = 200;

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Info {
    /// The ledgers it has, as closed ranges in order; `None` when it does not say.
    complete: Option<Vec<(u64, u64)>>,
    /// Its newest validated ledger.
    validated: Option<u64>,
}

/// A server of the XRP Ledger, by JSON-RPC over HTTP POST.
pub struct XrplNode {
    settings: SourceSettings,
    client: Client,
    rpc: Rpc,
    checked: OnceCell<()>,
    headers: Kept<Height, Header>,
}

impl XrplNode {
    /// A source over a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        let client = Client::new(transport, settings.retry);
        Self {
            settings,
            rpc: Rpc::new(client.clone()),
            client,
            checked: OnceCell::new(),
            headers: Kept::new(HEADERS_MAX),
        }
    }

    /// The lowest ledger that anybody has: other networks of this family lost none.
    fn first_ledger(&self) -> u64 {
        if self.settings.chain == "0" {
            FIRST_LEDGER
        } else {
            0
        }
    }

    /// What the server says of itself, after checking that it follows the network it should.
    async fn info(&self) -> Result<Info, SourceError> {
        let result = self.rpc.result("server_info", json!({})).await?;
        let info = result
            .get("info")
            .and_then(Value::as_object)
            .ok_or_else(|| self.client.not_protocol("server_info without info"))?;
        // Servers from before 2022 do not say; they could only be told apart by their ledgers.
        let found = match info.get("network_id") {
            None | Some(Value::Null) => "0".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        if found != self.settings.chain {
            return Err(self.wrong_network(&found));
        }
        let complete = match info.get("complete_ledgers").and_then(Value::as_str) {
            Some(text) => Some(
                ranges(text)
                    .ok_or_else(|| self.client.not_protocol("complete_ledgers cannot be read"))?,
            ),
            None => None,
        };
        let validated = info
            .get("validated_ledger")
            .and_then(|ledger| whole(ledger.get("seq")?));
        Ok(Info {
            complete,
            validated,
        })
    }

    async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async { self.info().await.map(|_| ()) })
            .await
            .copied()
    }

    /// The header of a validated ledger; `None` when the server has none such.
    async fn ledger(&self, which: Value) -> Result<Option<Header>, SourceError> {
        let asked = whole(&which).map(Height);
        if let Some(height) = asked
            && let Some(header) = self.headers.get(&height)
        {
            return Ok(Some(header));
        }
        let question = json!({"ledger_index": which});
        let result = match self.rpc.ask("ledger", question).await? {
            Reply::Found(result) => result,
            Reply::NotFound { .. } => return Ok(None),
        };
        if result.get("validated").and_then(Value::as_bool) != Some(true) {
            return Ok(None);
        }
        let header = header_of(&result)
            .ok_or_else(|| self.client.not_protocol("a ledger without its header"))?;
        if asked.is_some_and(|asked| header.block.height != asked) {
            return Err(self.client.inconsistent(format!(
                "ledger {} where another was asked",
                header.block.height
            )));
        }
        self.headers.keep(header.block.height, header.clone());
        Ok(Some(header))
    }

    /// Puts a transaction's credits into its ledger. API version 1 leaves the ledger's hash out, so it is looked up; a server
    /// that cannot say (a recording) leaves a block known by its number alone, which is enough: validated ledgers never change.
    async fn placed(&self, decoded: Decoded) -> Result<Decoded, SourceError> {
        if decoded.credits.is_empty() || decoded.block().is_some() {
            return Ok(decoded);
        }
        let height = decoded.height.ok_or_else(|| {
            self.client
                .inconsistent(format!("{} is validated in no ledger", decoded.id))
        })?;
        let header = match self.ledger(json!(height.0)).await {
            Ok(header) => header,
            Err(error) if error.advice() == Advice::GiveUp => None,
            Err(error) => return Err(error),
        };
        let block = match header {
            Some(header) => header.block,
            None => BlockRef {
                height,
                hash: BlockHash::new(&format!("ledger:{height}")),
                time: decoded.time.ok_or_else(|| {
                    self.client
                        .inconsistent(format!("{} has no time", decoded.id))
                })?,
            },
        };
        let time = decoded.time.unwrap_or(block.time);
        Ok(decoded.in_block(&BlockRef { time, ..block }))
    }

    fn wrong_network(&self, found: &str) -> SourceError {
        self.client.wrong_network(
            format!("xrpl:{}", self.settings.chain),
            format!("xrpl:{found}"),
        )
    }

    fn refused(&self, error: &DecodeError) -> SourceError {
        match error {
            DecodeError::OtherNetwork { found } => self.wrong_network(&found.to_string()),
            error => self.client.inconsistent(error.to_string()),
        }
    }

    /// Looks a transaction up among the ledgers of a range, window by window: [`Lookup::Absent`] only when the server searched
    /// every one of them and says so. This is what proves that a payment of ours with a `LastLedgerSequence` can no longer
    /// happen.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn transaction_within(
        &self,
        id: &TxId,
        range: HeightRange,
    ) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        let mut from = range.from().0;
        let mut all = true;
        while from <= range.to().0 {
            let to = from.saturating_add(LOOKUP_WINDOW - 1).min(range.to().0);
            let question =
                json!({"transaction": id.as_str(), "min_ledger": from, "max_ledger": to});
            match self.rpc.ask("tx", question).await? {
                Reply::Found(result) => return self.view(id, result).await,
                Reply::NotFound { result, .. } => {
                    all &= result.get("searched_all").and_then(Value::as_bool) == Some(true);
                }
            }
            from = to.saturating_add(1);
        }
        Ok(if all {
            Lookup::Absent
        } else {
            Lookup::Unknown {
                reason: format!("the server does not have all ledgers of {range}"),
            }
        })
    }

    async fn view(
        &self,
        id: &TxId,
        result: Map<String, Value>,
    ) -> Result<Lookup<TransactionView>, SourceError> {
        let answer = Value::Object(result);
        let found = records(&answer).map_err(|error| self.refused(&error.into()))?;
        let record = found
            .first()
            .ok_or_else(|| self.client.not_protocol("tx without a transaction"))?;
        // In no validated ledger yet: it waits, and what it may do is not known.
        if record.validated != Some(true) && record.meta.is_none() {
            return Ok(Lookup::Found(TransactionView {
                id: id.clone(),
                block: None,
                outcome: Outcome::Unknown,
                signer: None,
                to: None,
                to_is_contract: None,
                credits: Vec::new(),
                inputs: Vec::new(),
                unread: BTreeSet::new(),
            }));
        }
        let decoded = decode(record, self.network()).map_err(|error| self.refused(&error))?;
        if decoded.id != *id && !address::is_compact_id(id.as_str()) {
            return Err(self
                .client
                .inconsistent(format!("{} where {id} was asked", decoded.id)));
        }
        for note in &decoded.notes {
            tracing::debug!(id = %decoded.id, %note, "an odd transaction");
        }
        let validated = decoded.validated == Some(true);
        let decoded = if validated {
            self.placed(decoded).await?
        } else {
            decoded
        };
        Ok(Lookup::Found(TransactionView {
            id: decoded.id.clone(),
            block: decoded.block().filter(|_| validated),
            outcome: if validated {
                decoded.outcome
            } else {
                Outcome::Unknown
            },
            signer: decoded.signer.clone(),
            to: decoded.to.clone(),
            to_is_contract: decoded.to.as_ref().map(|_| false),
            credits: decoded.credits,
            inputs: Vec::new(),
            unread: BTreeSet::new(),
        }))
    }

    /// The root of an account at the newest validated ledger, with that ledger's height; `None` when the account does not exist.
    async fn account_root(
        &self,
        address: &Address,
    ) -> Result<(Option<Map<String, Value>>, Height), SourceError> {
        self.check().await?;
        let question = json!({"account": address.text(), "ledger_index": "validated"});
        let (root, result) = match self.rpc.ask("account_info", question).await? {
            Reply::Found(mut result) => match result.remove("account_data") {
                Some(Value::Object(root)) => (Some(root), result),
                _ => {
                    return Err(self
                        .client
                        .not_protocol("account_info without account_data"));
                }
            },
            Reply::NotFound { code, result } if code == "actNotFound" => (None, result),
            Reply::NotFound { code, .. } => {
                return Err(self.client.not_protocol(format!("{code} to account_info")));
            }
        };
        let at = match result.get("ledger_index").and_then(whole) {
            Some(height) => Height(height),
            None => self.head().await?.latest.block.height,
        };
        Ok((root, at))
    }

    /// An account's trust line to an issuer, from the account's view; `None` when there is none.
    async fn trust_line(
        &self,
        account: &str,
        currency: &str,
        issuer: &str,
    ) -> Result<Option<Map<String, Value>>, SourceError> {
        let mut marker = Value::Null;
        for _ in 0..LINE_PAGES_MAX {
            let mut question = json!({"account": account, "peer": issuer, "ledger_index": "validated", "limit": 400});
            if let (false, Some(fields)) = (marker.is_null(), question.as_object_mut()) {
                fields.insert("marker".to_owned(), marker);
            }
            let mut result = match self.rpc.ask("account_lines", question).await? {
                Reply::Found(result) => result,
                Reply::NotFound { .. } => return Ok(None),
            };
            let lines = match result.remove("lines") {
                Some(Value::Array(lines)) => lines,
                _ => {
                    return Err(self.client.not_protocol("account_lines without lines"));
                }
            };
            let code = |line: &Value| {
                let text = line.get("currency")?.as_str()?;
                Some(crate::asset::Currency::parse(text)?.to_string())
            };
            for line in lines {
                let peer = line.get("account").and_then(Value::as_str);
                if peer == Some(issuer) && code(&line).as_deref() == Some(currency) {
                    let Value::Object(line) = line else { continue };
                    return Ok(Some(line));
                }
            }
            marker = result.remove("marker").unwrap_or_default();
            if marker.is_null() {
                return Ok(None);
            }
        }
        Err(self
            .client
            .inconsistent(format!("more than {LINE_PAGES_MAX} pages of trust lines")))
    }

    fn held(&self, text: Option<&Value>) -> Result<Amount, SourceError> {
        text.and_then(Value::as_str)
            .and_then(Number::parse)
            .and_then(|number| number.units(ISSUED_DECIMALS))
            .map(|units| units.held())
            .ok_or_else(|| self.client.not_protocol("a balance that is no number"))
    }
}

/// The ranges of `complete_ledgers` in order; `None` when the text cannot be read.
fn ranges(text: &str) -> Option<Vec<(u64, u64)>> {
    if matches!(text.trim(), "" | "empty") {
        return Some(Vec::new());
    }
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let range = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        if range.0 > range.1 {
            return None;
        }
        ranges.push(range);
    }
    ranges.sort_unstable();
    Some(ranges)
}

fn header_of(result: &Map<String, Value>) -> Option<Header> {
    let ledger = result.get("ledger").and_then(Value::as_object)?;
    let text = |name: &str| {
        let value = ledger.get(name).or_else(|| result.get(name));
        value.and_then(Value::as_str)
    };
    let height = ["ledger_index", "seqNum"]
        .iter()
        .find_map(|name| whole(ledger.get(*name)?))
        .or_else(|| whole(result.get("ledger_index")?))?;
    let close_time = whole(ledger.get("close_time")?)?;
    Some(Header {
        block: BlockRef {
            height: Height(height),
            hash: ledger_hash(text("ledger_hash").or_else(|| text("hash"))?),
            time: Timestamp::from_seconds(close_time.checked_add(RIPPLE_EPOCH)?)?,
        },
        parent: ledger_hash(text("parent_hash")?),
    })
}

#[async_trait]
impl ChainRead for XrplNode {
    fn network(&self) -> &NetworkId {
        &self.settings.network
    }

    fn name(&self) -> &str {
        self.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        Ok(Capabilities {
            scan: BTreeSet::new(),
            history: Part::ALL.iter().copied().collect(),
            accounts: true,
            state_at_height: false,
            proves_absence: self.settings.proves_absence,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.check().await?;
        let latest = self
            .ledger(json!("validated"))
            .await?
            .ok_or_else(|| self.client.unreachable("it has no validated ledger yet"))?;
        Ok(Head {
            finalized: Some(latest.block.height),
            latest,
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        if let Some(header) = self.ledger(json!(height.0)).await? {
            return Ok(Some(header));
        }
        let tip = self.head().await?.latest.block.height;
        if height > tip {
            return Ok(None);
        }
        Err(self.client.not_kept(format!("ledger {height}")))
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.read_page(request).await
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        let name = if address::is_compact_id(id.as_str()) {
            "ctid"
        } else {
            "transaction"
        };
        if let Reply::Found(result) = self.rpc.ask("tx", json!({ name: id.as_str() })).await? {
            return self.view(id, result).await;
        }
        let info = self.info().await?;
        let (Some(tip), Some(complete)) = (info.validated, info.complete) else {
            return Ok(Lookup::Unknown {
                reason: "the server does not say which ledgers it has".to_owned(),
            });
        };
        let whole_history = matches!(complete.as_slice(), [(from, to)] if *from <= self.first_ledger() && *to >= tip);
        if !self.settings.proves_absence || !whole_history {
            let words: Vec<String> = complete.iter().map(|(a, b)| format!("{a}-{b}")).collect();
            return Ok(Lookup::Unknown {
                reason: format!(
                    "the server does not have it; its ledgers are {}, and it may stand in others",
                    if words.is_empty() {
                        "none".to_owned()
                    } else {
                        words.join(", ")
                    }
                ),
            });
        }
        // With all of history the index is the whole truth, but for the newest ledgers: those the server proves itself.
        let window = HeightRange::new(Height(tip.saturating_sub(LOOKUP_WINDOW - 1)), Height(tip));
        match window {
            Some(window) if name == "transaction" => self.transaction_within(id, window).await,
            _ => Ok(Lookup::Unknown {
                reason: "a compact id that the server does not resolve".to_owned(),
            }),
        }
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        let (root, at) = self.account_root(address).await?;
        Ok(AccountState {
            // Only keys move accounts here.
            code: Code::Absent,
            nonce: root
                .and_then(|root| whole(root.get("Sequence")?))
                .unwrap_or_default(),
            at,
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        let asset =
            Asset::of_id(asset).ok_or_else(|| self.unsupported("the balance of this asset"))?;
        match asset {
            Asset::Xrp => {
                let (root, _) = self.account_root(address).await?;
                let Some(root) = root else {
                    return Ok(Amount::ZERO);
                };
                root.get("Balance")
                    .and_then(Money::read)
                    .and_then(|money| money.units())
                    .map(|units| units.held())
                    .ok_or_else(|| self.client.not_protocol("an account without a balance"))
            }
            Asset::Issued { currency, issuer } => {
                self.check().await?;
                let issuer = address::text(issuer);
                let line = self
                    .trust_line(address.text(), &currency.to_string(), &issuer)
                    .await?;
                match line {
                    Some(line) => self.held(line.get("balance")),
                    None => Ok(Amount::ZERO),
                }
            }
            Asset::Mpt(id) => {
                self.check().await?;
                let question = json!({
                    "mptoken": {"mpt_issuance_id": hex::encode_upper(id), "account": address.text()},
                    "ledger_index": "validated",
                });
                match self.rpc.ask("ledger_entry", question).await? {
                    Reply::Found(result) => {
                        let amount = result
                            .get("node")
                            .and_then(|node| node.get("MPTAmount"))
                            .and_then(whole)
                            .unwrap_or_default();
                        Ok(Amount::from_u128(amount.into()))
                    }
                    Reply::NotFound { .. } => Ok(Amount::ZERO),
                }
            }
        }
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        let asset = Asset::parse(token).map_err(|_| self.unsupported("this token"))?;
        match asset {
            // The code is all there is, and the point stands where we count from.
            Asset::Issued { currency, .. } => Ok(TokenClaims {
                symbol: Some(currency.name()),
                name: None,
                decimals: Some(ISSUED_DECIMALS),
            }),
            Asset::Mpt(id) => {
                self.check().await?;
                let question = json!({
                    "mpt_issuance": hex::encode_upper(id),
                    "ledger_index": "validated",
                });
                let scale = match self.rpc.ask("ledger_entry", question).await? {
                    Reply::Found(result) => {
                        let node = result.get("node").and_then(Value::as_object);
                        let scale = node.map(|node| node.get("AssetScale").and_then(whole));
                        // Left out means 0.
                        scale.map(Option::unwrap_or_default)
                    }
                    Reply::NotFound { .. } => None,
                };
                Ok(TokenClaims {
                    symbol: None,
                    name: None,
                    decimals: scale.and_then(|scale| u8::try_from(scale).ok()),
                })
            }
            Asset::Xrp => Ok(TokenClaims::default()),
        }
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        let open = self.open_fee().await?;
        let ledger = self.ledger_facts().await?;
        let cost = Amount::from_u128(open.into());
        Ok(NetworkCost {
            native_transfer: cost,
            token_transfer: cost,
            contract_step: cost,
            added_input: None,
            reserve: Some(Amount::from_u128(ledger.reserve_base_drops.into())),
            basis: format!(
                "{open} drops to enter the open ledger now, of ledger {} ({} drops at least); a new account keeps {} drops, and {} for each object",
                ledger.validated,
                ledger.base_fee_drops,
                ledger.reserve_base_drops,
                ledger.reserve_increment_drops
            ),
        })
    }
}
