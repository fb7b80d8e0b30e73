//! One account's credits from an explorer's lists, each under the key that a node's scan would give it.

use super::answer::Row;
use super::pages::{List, height_of};
use super::{Explorer, ExplorerKind};
use crate::address;
use crate::lookup::{inconsistent, tag};
use crate::rpc::{Call, parse};
use crate::wire::Receipt;
use ethers::types::H160;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_source::chain::{Gap, HistoryUpdate, Part};
use recover_source::error::{Advice, SourceError};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is gathered while the lists are read.
struct Gathering<'a> {
    address: &'a Address,
    account: H160,
    range: HeightRange,
    update: HistoryUpdate,
    blocks: HashMap<u64, BlockRef>,
}

impl Gathering<'_> {
    fn gap(&mut self, range: HeightRange, part: Part, reason: impl Into<String>) {
        self.update.gaps.push(Gap {
            range,
            part,
            reason: reason.into(),
        });
    }

    fn gap_at(&mut self, height: u64, part: Part, reason: impl Into<String>) {
        if let Some(range) = HeightRange::new(Height(height), Height(height)) {
            self.gap(range, part, reason);
        }
    }
}

impl Explorer {
    pub(super) async fn read_history(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        let mut gathering = Gathering {
            address,
            account: crate::lookup::account_of(self.rpc(), address)?,
            range,
            update: HistoryUpdate {
                observations: Vec::new(),
                gaps: Vec::new(),
            },
            blocks: HashMap::new(),
        };
        if let Some(rows) = self.rows("txlist", Part::TopLevel, &mut gathering).await? {
            self.take_values(&rows, &mut gathering).await?;
        }
        if let Some(rows) = self
            .rows("txlistinternal", Part::Internal, &mut gathering)
            .await?
        {
            self.take_internal(&rows, &mut gathering).await?;
        }
        if let Some(rows) = self
            .rows("tokentx", Part::TransferLogs, &mut gathering)
            .await?
        {
            self.take_tokens(&rows, &mut gathering).await?;
        }
        // Only Ethereum's own validators are paid in its native coin.
        if self.config.chain_id == 1
            && let Some(rows) = self
                .rows("txsBeaconWithdrawal", Part::BlockCredits, &mut gathering)
                .await?
        {
            self.take_withdrawals(&rows, &mut gathering).await?;
        }
        let mut update = gathering.update;
        update
            .observations
            .sort_by_key(|credit| credit.block.as_ref().map(|block| block.height));
        Ok(update)
    }

    /// The rows of one list; `None` when the explorer will never answer it, which is a gap over the whole range.
    async fn rows(
        &self,
        action: &str,
        part: Part,
        gathering: &mut Gathering<'_>,
    ) -> Result<Option<Vec<Row>>, SourceError> {
        let list: List = match self.list(action, gathering.address, gathering.range).await {
            Ok(list) => list,
            Err(error) if error.advice() == Advice::GiveUp => {
                gathering.gap(gathering.range, part, error.to_string());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if list.partial {
            let reason = format!(
                "{} has not indexed all of it yet: ask again later",
                self.rpc().origin()
            );
            gathering.gap(gathering.range, part, reason);
        }
        for height in list.overfull {
            let reason = format!(
                "{} shows no more than the first rows of this block: use a node",
                self.rpc().origin()
            );
            gathering.gap_at(height, part, reason);
        }
        Ok(Some(list.rows))
    }

    fn bad_row(&self, action: &str, what: &str) -> SourceError {
        inconsistent(self.rpc(), format!("{action}: a row with {what}"))
    }

    async fn take_values(
        &self,
        rows: &[Row],
        gathering: &mut Gathering<'_>,
    ) -> Result<(), SourceError> {
        for row in rows {
            let to =
                account(row.to.as_deref()).or_else(|| account(row.contract_address.as_deref()));
            if to != Some(gathering.account) {
                continue;
            }
            let amount = amount(row.value.as_deref())
                .ok_or_else(|| self.bad_row("txlist", "a value that is no number"))?;
            let from = account(row.from.as_deref());
            if amount.is_zero() || from == to {
                continue;
            }
            let block = self.block_of(row, gathering).await?;
            let hash = row.hash.as_deref().unwrap_or_default();
            let (tx_id, position, mechanism) = match address::parse_tx_id(hash) {
                Some(tx_id) => (tx_id, Position::value(), Mechanism::TopLevel),
                // Etherscan lists what the genesis block gave as a transaction of its own making.
                None if hash.starts_with("GENESIS") => (
                    TxId::of_block(block.height),
                    Position::new(&format!("genesis:{}", gathering.address)),
                    Mechanism::Reward,
                ),
                None => return Err(self.bad_row("txlist", "no transaction hash")),
            };
            let outcome = match (row.is_error.as_deref(), row.receipt_status.as_deref()) {
                (Some("0"), Some("1")) => Outcome::Success,
                (Some("1"), _) | (_, Some("0")) => Outcome::Failed,
                _ if mechanism == Mechanism::Reward => Outcome::Success,
                // Before the Byzantium fork there is no status, and the explorer's word is no proof.
                _ => Outcome::Unknown,
            };
            let credit = self.decoder.native(
                tx_id,
                position,
                Some(&block),
                from,
                gathering.account,
                amount,
                mechanism,
                outcome,
            );
            gathering.update.observations.push(credit);
        }
        Ok(())
    }

    async fn take_internal(
        &self,
        rows: &[Row],
        gathering: &mut Gathering<'_>,
    ) -> Result<(), SourceError> {
        let mut traced: BTreeSet<TxId> = BTreeSet::new();
        for row in rows {
            let to =
                account(row.to.as_deref()).or_else(|| account(row.contract_address.as_deref()));
            let from = account(row.from.as_deref());
            let failed = row.is_error.as_deref() == Some("1");
            if to != Some(gathering.account) || failed || from == to {
                continue;
            }
            let amount = amount(row.value.as_deref())
                .ok_or_else(|| self.bad_row("txlistinternal", "a value that is no number"))?;
            if amount.is_zero() {
                continue;
            }
            let hash = row.hash.as_deref().or(row.transaction_hash.as_deref());
            let tx_id = hash
                .and_then(address::parse_tx_id)
                .ok_or_else(|| self.bad_row("txlistinternal", "no transaction hash"))?;
            let block = self.block_of(row, gathering).await?;
            let path = match self.kind {
                ExplorerKind::Etherscan => row.trace_id.as_deref().and_then(trace_path),
                ExplorerKind::Blockscout => None,
            };
            if let Some(path) = path {
                let mechanism = match row.kind.as_deref() {
                    Some("suicide" | "selfdestruct") => Mechanism::SelfDestruct,
                    _ => Mechanism::InternalCall,
                };
                let credit = self.decoder.native(
                    tx_id,
                    Position::trace(&path),
                    Some(&block),
                    from,
                    gathering.account,
                    amount,
                    mechanism,
                    Outcome::Success,
                );
                gathering.update.observations.push(credit);
                continue;
            }
            // Without its path the credit has no key: under a made-up one a node's scan would find it a second time.
            if traced.insert(tx_id.clone()) {
                let credits = match self.kind {
                    ExplorerKind::Blockscout => self.traced(&tx_id, &block).await?,
                    ExplorerKind::Etherscan => None,
                };
                match &credits {
                    Some(credits) => gathering.update.observations.extend(
                        credits
                            .iter()
                            .filter(|credit| credit.to == *gathering.address)
                            .cloned(),
                    ),
                    None => {
                        let reason = format!(
                            "{} lists a payment inside {tx_id} and not its place: diagnose it with a node that traces",
                            self.rpc().origin()
                        );
                        gathering.gap_at(block.height.0, Part::Internal, reason);
                    }
                }
            }
        }
        Ok(())
    }

    /// Token transfers have no log index in the list, and two equal ones in a transaction look alike: the receipt tells.
    async fn take_tokens(
        &self,
        rows: &[Row],
        gathering: &mut Gathering<'_>,
    ) -> Result<(), SourceError> {
        let mut listed: BTreeMap<TxId, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let from = account(row.from.as_deref());
            let to = account(row.to.as_deref());
            if to != Some(gathering.account) || from == to {
                continue;
            }
            let amount = amount(row.value.as_deref())
                .ok_or_else(|| self.bad_row("tokentx", "a value that is no number"))?;
            if amount.is_zero() {
                continue;
            }
            let tx_id = row
                .hash
                .as_deref()
                .and_then(address::parse_tx_id)
                .ok_or_else(|| self.bad_row("tokentx", "no transaction hash"))?;
            listed.entry(tx_id).or_default().push(row);
        }
        let calls = listed
            .keys()
            .map(|id| Call::new("eth_getTransactionReceipt", json!([id.as_str()])))
            .collect();
        let answers = self.calls.batch(calls).await?;
        for ((tx_id, rows), answer) in listed.into_iter().zip(answers) {
            let height = rows
                .first()
                .and_then(|row| height_of(row))
                .unwrap_or_default();
            let receipt: Option<Receipt> = match answer {
                Ok(answer) => parse(self.rpc().origin(), "eth_getTransactionReceipt", &answer)?,
                Err(error) if error.advice() == Advice::GiveUp => None,
                Err(error) => return Err(error),
            };
            let Some(receipt) = receipt else {
                let reason = format!("{} has no receipt of {tx_id}", self.rpc().origin());
                gathering.gap_at(height, Part::TransferLogs, reason);
                continue;
            };
            let Some(row) = rows.first() else {
                continue;
            };
            let block = BlockRef {
                height: Height(receipt.block_number),
                hash: address::block_hash(&receipt.block_hash.0),
                time: time_of(row).ok_or_else(|| self.bad_row("tokentx", "no time"))?,
            };
            if receipt.block_number != height {
                let detail = format!(
                    "tokentx: {tx_id} in block {height}, its receipt in {}",
                    block.height
                );
                return Err(inconsistent(self.rpc(), detail));
            }
            let mut logs = receipt.logs;
            logs.sort_by_key(|log| log.log_index);
            let credits: Vec<Observation> = self
                .decoder
                .logs(&logs, Some(&block))
                .into_iter()
                .filter(|credit| credit.to == *gathering.address)
                .collect();
            if credits.len() < rows.len() {
                let detail = format!(
                    "tokentx: {} transfers in {tx_id}, its receipt has {}",
                    rows.len(),
                    credits.len()
                );
                return Err(inconsistent(self.rpc(), detail));
            }
            gathering.update.observations.extend(credits);
        }
        Ok(())
    }

    async fn take_withdrawals(
        &self,
        rows: &[Row],
        gathering: &mut Gathering<'_>,
    ) -> Result<(), SourceError> {
        for row in rows {
            if account(row.address.as_deref()) != Some(gathering.account) {
                continue;
            }
            let index = row
                .withdrawal_index
                .as_deref()
                .filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| self.bad_row("txsBeaconWithdrawal", "no number"))?;
            let gwei = Amount::from_u128(1_000_000_000);
            let wei = amount(row.amount.as_deref())
                .and_then(|amount| amount.mul_ratio_floor(gwei, Amount::from_u128(1)))
                .ok_or_else(|| self.bad_row("txsBeaconWithdrawal", "no amount"))?;
            let block = self.block_of(row, gathering).await?;
            let credit = self.decoder.native(
                TxId::of_block(block.height),
                Position::new(&format!("withdrawal:{index}")),
                Some(&block),
                None,
                gathering.account,
                wei,
                Mechanism::Withdrawal,
                Outcome::Success,
            );
            if !wei.is_zero() {
                gathering.update.observations.push(credit);
            }
        }
        Ok(())
    }

    /// The block of a row: from the row where it says the hash, else from the block itself.
    async fn block_of(
        &self,
        row: &Row,
        gathering: &mut Gathering<'_>,
    ) -> Result<BlockRef, SourceError> {
        let height = height_of(row).ok_or_else(|| self.bad_row("a list", "no block"))?;
        if let Some(block) = gathering.blocks.get(&height) {
            return Ok(block.clone());
        }
        let hash = row.block_hash.as_deref().and_then(address::parse_hash);
        let block = match (hash, time_of(row)) {
            (Some(hash), Some(time)) => BlockRef {
                height: Height(height),
                hash: address::block_hash(&hash),
                time,
            },
            _ => {
                let header = crate::lookup::header(self.rpc(), Height(height)).await?;
                header
                    .ok_or_else(|| {
                        inconsistent(self.rpc(), format!("no block {}", tag(Height(height))))
                    })?
                    .block
            }
        };
        gathering.blocks.insert(height, block.clone());
        Ok(block)
    }
}

fn account(text: Option<&str>) -> Option<H160> {
    let address = address::parse(text?).ok()?;
    address::bytes(&address).map(H160)
}

fn amount(text: Option<&str>) -> Option<Amount> {
    Amount::from_base_units(text?).ok()
}

fn time_of(row: &Row) -> Option<Timestamp> {
    let seconds = row.time_stamp.as_deref().or(row.timestamp.as_deref())?;
    Timestamp::from_seconds(seconds.parse().ok()?)
}

/// Etherscan's trace id (`0_1`) as the path of `trace_block`.
fn trace_path(text: &str) -> Option<Vec<u64>> {
    text.split('_').map(|index| index.parse().ok()).collect()
}
