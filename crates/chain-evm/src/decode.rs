//! From wire shapes to credits. Pure: the same bytes always give the same observations.
//!
//! What counts: Transfer logs by their shape, the value of a successful transaction, value moved by calls inside it,
//! validator withdrawals, block rewards and layer-2 mints. What does not: a value of zero, a movement from an address to
//! itself, and logs that only repeat a movement of the native coin.

use crate::address;
use crate::trace::{BlockReward, TransactionTrace};
use crate::wire::{Block, Log, Receipt, Transaction};
use ethers::types::{H160, H256};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;

/// keccak256 of `Transfer(address,address,uint256)`, of ERC-20 and ERC-721 alike.
pub const TRANSFER: H256 = H256([
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
    0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
]);

/// keccak256 of `TransferSingle(address,address,address,uint256,uint256)` of ERC-1155.
pub const TRANSFER_SINGLE: H256 = H256([
    0xc3, 0xd5, 0x81, 0x68, 0xc5, 0xae, 0x73, 0x97, 0x73, 0x1d, 0x06, 0x3d, 0x5b, 0xbf, 0x3d, 0x65,
    0x78, 0x54, 0x42, 0x73, 0x43, 0xf4, 0xc0, 0x83, 0x24, 0x0f, 0x7a, 0xac, 0xaa, 0x2d, 0x0f, 0x62,
]);

/// keccak256 of `TransferBatch(address,address,address,uint256[],uint256[])` of ERC-1155.
pub const TRANSFER_BATCH: H256 = H256([
    0x4a, 0x39, 0xdc, 0x06, 0xd4, 0xc0, 0xdb, 0xc6, 0x4b, 0x70, 0xaf, 0x90, 0xfd, 0x69, 0x8a, 0x23,
    0x3a, 0x51, 0x8a, 0xa5, 0xd0, 0x7e, 0x59, 0x5d, 0x98, 0x3b, 0x8c, 0x05, 0x26, 0xc8, 0xf7, 0xfb,
]);

/// Most items of one ERC-1155 batch that are told apart; what is beyond is left to a person, who sees the log.
const BATCH_ITEMS_MAX: usize = 256;

/// Reads the credits of one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder {
    network: NetworkId,
    chain_id: u64,
}

/// What the Transfer logs of a contract mean on a network where the native coin is a contract too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeLog {
    /// It is a token like others.
    Token,
    /// Its logs repeat value that transactions and calls already show: counted there.
    Repeated,
    /// Its logs are the only trace of native coin that moved.
    Native,
}

/// Contracts that stand for the native coin: Polygon's 0x…1010 (the value is in the call beside the log), the base token
/// of the zkSync family at 0x…800a (likewise), and Celo's GoldToken (moved by a precompiled contract, so no call shows it).
#[must_use]
pub fn native_log(chain_id: u64, contract: H160) -> NativeLog {
    const POLYGON: H160 = H160([
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x10,
    ]);
    const ZKSYNC: H160 = H160([
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x0a,
    ]);
    const CELO: H160 = H160([
        0x47, 0x1e, 0xce, 0x37, 0x50, 0xda, 0x23, 0x7f, 0x93, 0xb8, 0xe3, 0x39, 0xc5, 0x36, 0x98,
        0x9b, 0x89, 0x78, 0xa4, 0x38,
    ]);
    match chain_id {
        137 if contract == POLYGON => NativeLog::Repeated,
        324 if contract == ZKSYNC => NativeLog::Repeated,
        42220 if contract == CELO => NativeLog::Native,
        _ => NativeLog::Token,
    }
}

/// Counts the logs of one transaction after another, to give each its place among its own kind.
///
/// Logs must come in the order of the chain, and all of them: the k of `log:k` counts every log with the Transfer topic
/// of its transaction, ours or not.
#[derive(Debug, Clone, Default)]
pub struct LogCounter {
    transaction: H256,
    transfers: u64,
    multi_transfers: u64,
}

/// A log's place among the logs of its kind in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// The k-th with the Transfer topic.
    Transfer(u64),
    /// The k-th ERC-1155 transfer.
    MultiTransfer(u64),
}

impl LogCounter {
    /// The place of the next log; `None` when its topic moves nothing.
    pub fn place(&mut self, transaction: H256, topic: H256) -> Option<LogPlace> {
        if transaction != self.transaction {
            *self = Self {
                transaction,
                ..Self::default()
            };
        }
        if topic == TRANSFER {
            self.transfers += 1;
            Some(LogPlace::Transfer(self.transfers - 1))
        } else if topic == TRANSFER_SINGLE || topic == TRANSFER_BATCH {
            self.multi_transfers += 1;
            Some(LogPlace::MultiTransfer(self.multi_transfers - 1))
        } else {
            None
        }
    }
}

/// What one transfer log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedTransfer {
    /// Who sent it; the zero address for a mint.
    pub from: H160,
    /// Who was credited.
    pub to: H160,
    /// How much, in base units; 1 for a single token id, 0 where the log does not say.
    pub amount: Amount,
    /// Nft or OddShape, where it is no plain ERC-20 transfer.
    pub flag: Option<Flag>,
}

/// Reads a log with the Transfer topic by its shape: three topics and one word are ERC-20, four topics and no data
/// ERC-721, one topic and three words ERC-20 with nothing indexed. Any other shape is read as (from, to, amount) over
/// topics and data and flagged; `None` when it names no recipient.
#[must_use]
pub fn read_transfer(log: &Log) -> Option<LoggedTransfer> {
    let indexed = log.topics.get(1..)?;
    let mut words: Vec<[u8; 32]> = indexed.iter().map(|topic| topic.0).collect();
    for chunk in log.data.chunks(32).take(3) {
        // A cut word is no number: whatever it says, a person reads it.
        if let Ok(word) = <[u8; 32]>::try_from(chunk) {
            words.push(word);
        }
    }
    let (from, to) = (words.first()?, words.get(1)?);
    let clean = is_address_word(from) && is_address_word(to);
    let (amount, flag) = match (log.topics.len(), log.data.len()) {
        (3, 32) | (1, 96) if clean => {
            let flag = (log.topics.len() == 1).then_some(Flag::OddShape);
            (Amount::from_be_bytes(*words.get(2)?), flag)
        }
        (4, 0) if clean => (Amount::from_u128(1), Some(Flag::Nft)),
        _ => {
            let amount = words.get(2).copied().unwrap_or_default();
            (Amount::from_be_bytes(amount), Some(Flag::OddShape))
        }
    };
    Some(LoggedTransfer {
        from: low_address(from),
        to: low_address(to),
        amount,
        flag,
    })
}

/// Reads an ERC-1155 log: one entry a token id. Empty when it has another shape.
#[must_use]
pub fn read_multi_transfer(log: &Log) -> Vec<LoggedTransfer> {
    let [topic, _operator, from, to] = log.topics.as_slice() else {
        return Vec::new();
    };
    let values = if *topic == TRANSFER_SINGLE {
        match <[u8; 64]>::try_from(log.data.as_slice()) {
            Ok(data) => vec![Amount::from_be_bytes(
                data[32..].try_into().unwrap_or_default(),
            )],
            Err(_) => return Vec::new(),
        }
    } else {
        use ethers::abi::{ParamType, Token};
        let list = || ParamType::Array(Box::new(ParamType::Uint(256)));
        match ethers::abi::decode(&[list(), list()], &log.data).as_deref() {
            Ok([Token::Array(_), Token::Array(values)]) => values
                .iter()
                .take(BATCH_ITEMS_MAX)
                .filter_map(|value| match value {
                    Token::Uint(value) => {
                        let mut bytes = [0; 32];
                        value.to_big_endian(&mut bytes);
                        Some(Amount::from_be_bytes(bytes))
                    }
                    _ => None,
                })
                .collect(),
            _ => return Vec::new(),
        }
    };
    values
        .into_iter()
        .map(|amount| LoggedTransfer {
            from: low_address(&from.0),
            to: low_address(&to.0),
            amount,
            flag: Some(Flag::Nft),
        })
        .collect()
}

fn is_address_word(word: &[u8; 32]) -> bool {
    word.iter().take(12).all(|byte| *byte == 0)
}

fn low_address(word: &[u8; 32]) -> H160 {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&word[12..]);
    H160(bytes)
}

impl Decoder {
    /// A decoder for the network of this chain id (EIP-155).
    #[must_use]
    pub const fn new(network: NetworkId, chain_id: u64) -> Self {
        Self { network, chain_id }
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The credits of one log at its place, mints included; empty when it credits nobody.
    #[must_use]
    pub fn log(&self, log: &Log, place: LogPlace, block: Option<&BlockRef>) -> Vec<Observation> {
        let Some(transaction) = log.transaction_hash.or(log.block_hash) else {
            return Vec::new();
        };
        let tx_id = self.log_transaction(log, transaction);
        let transfers = match place {
            LogPlace::Transfer(_) => read_transfer(log).into_iter().collect(),
            LogPlace::MultiTransfer(_) => read_multi_transfer(log),
        };
        let native = native_log(self.chain_id, log.address);
        if native == NativeLog::Repeated {
            return Vec::new();
        }
        let many = transfers.len() > 1;
        let mut credits = Vec::new();
        for (item, transfer) in transfers.iter().enumerate() {
            // An odd shape may hold its amount where we do not look: nobody may take its silence for nothing.
            let nothing = transfer.amount.is_zero() && transfer.flag != Some(Flag::OddShape);
            if nothing || transfer.from == transfer.to || transfer.to.is_zero() {
                continue;
            }
            let position = match place {
                LogPlace::Transfer(index) => Position::log(index),
                LogPlace::MultiTransfer(index) if many => {
                    Position::new(&format!("erc1155:{index}.{item}"))
                }
                LogPlace::MultiTransfer(index) => Position::new(&format!("erc1155:{index}")),
            };
            let asset = match native {
                NativeLog::Native => AssetId::native(self.network.clone()),
                _ => AssetId::contract(self.network.clone(), &address::text(log.address.0)),
            };
            credits.push(Observation {
                network: self.network.clone(),
                tx_id: tx_id.clone(),
                position,
                block: block.cloned(),
                from: (!transfer.from.is_zero()).then(|| address::format(transfer.from.0)),
                to: address::format(transfer.to.0),
                asset,
                amount: transfer.amount,
                amount_stated: transfer.amount,
                balance_delta: None,
                memos: Vec::new(),
                mechanism: Mechanism::TokenTransfer,
                outcome: Outcome::Success,
                flags: transfer.flag.into_iter().collect(),
            });
        }
        credits
    }

    /// The transaction that a log belongs to. Celo writes logs outside any transaction under the block's hash.
    fn log_transaction(&self, log: &Log, transaction: H256) -> TxId {
        match (log.block_hash, log.block_number) {
            (Some(block), Some(number)) if block == transaction => TxId::of_block(Height(number)),
            _ => address::tx_id(&transaction.0),
        }
    }

    /// The credits of all logs of one transaction, which must be complete and in order.
    #[must_use]
    pub fn logs(&self, logs: &[Log], block: Option<&BlockRef>) -> Vec<Observation> {
        let mut counter = LogCounter::default();
        let mut credits = Vec::new();
        for log in logs {
            let transaction = log.transaction_hash.or(log.block_hash).unwrap_or_default();
            let topic = log.topics.first().copied().unwrap_or_default();
            if let Some(place) = counter.place(transaction, topic)
                && !log.removed
            {
                credits.extend(self.log(log, place, block));
            }
        }
        credits
    }

    /// The credits of a transaction's own value: to the recipient or the contract it creates, and what a layer-2 deposit
    /// mints. `traced` is whether its trace says that it went through; `None` when there is no trace.
    #[must_use]
    pub fn top_level(
        &self,
        transaction: &Transaction,
        receipt: Option<&Receipt>,
        block: Option<&BlockRef>,
        traced: Option<bool>,
    ) -> Vec<Observation> {
        let outcome = match (receipt.map(|receipt| receipt.status), traced) {
            (Some(Some(1)), _) => Outcome::Success,
            (Some(Some(_)), _) => Outcome::Failed,
            // Before the Byzantium fork a receipt says nothing, and only a trace proves it.
            (Some(None), Some(true)) => Outcome::Success,
            (Some(None), Some(false)) => Outcome::Failed,
            _ => Outcome::Unknown,
        };
        let value = transaction.value.unwrap_or_default();
        let to = transaction
            .to
            .or_else(|| receipt.and_then(|receipt| receipt.contract_address));
        let mint = transaction.mint.unwrap_or_default();
        // 0x7e: a deposit of the OP Stack or of Scroll; 0x64: one of Arbitrum.
        let bridged = matches!(transaction.kind, Some(0x7e | 0x64));
        // 0x69 and 0x6a of Arbitrum carry a value that pays for a ticket and not for a credit.
        let outcome =
            if matches!(transaction.kind, Some(0x69 | 0x6a)) && outcome == Outcome::Success {
                Outcome::Unknown
            } else {
                outcome
            };
        let mechanism = if bridged {
            Mechanism::BridgeMint
        } else {
            Mechanism::TopLevel
        };
        let mut credits = Vec::new();
        let to_self = to.is_some() && to == transaction.from;
        if let Some(to) = to.filter(|_| !value.is_zero() && !to_self) {
            credits.push(self.native(
                address::tx_id(&transaction.hash.0),
                Position::value(),
                block,
                transaction.from,
                to,
                value,
                mechanism,
                outcome,
            ));
        }
        if bridged && let Some(from) = transaction.from {
            // The mint credits the sender even where the call that spends it fails.
            let kept = if to_self || outcome == Outcome::Failed {
                mint
            } else {
                mint.checked_sub(value).unwrap_or_default()
            };
            if !kept.is_zero() {
                let outcome = match outcome {
                    Outcome::Failed => Outcome::Success,
                    other => other,
                };
                credits.push(self.native(
                    address::tx_id(&transaction.hash.0),
                    Position::new("mint"),
                    block,
                    None,
                    from,
                    kept,
                    Mechanism::BridgeMint,
                    outcome,
                ));
            }
        }
        credits
    }

    /// The credits of value that moved inside a transaction.
    #[must_use]
    pub fn internal(
        &self,
        tx_id: &TxId,
        trace: &TransactionTrace,
        block: Option<&BlockRef>,
    ) -> Vec<Observation> {
        trace
            .moves
            .iter()
            .map(|movement| {
                self.native(
                    tx_id.clone(),
                    Position::trace(&movement.path),
                    block,
                    movement.from,
                    movement.to,
                    movement.amount,
                    movement.mechanism,
                    Outcome::Success,
                )
            })
            .collect()
    }

    /// Whether the withdrawals of a block are the native coin: on Gnosis they are GNO, which a contract pays out and logs.
    #[must_use]
    pub const fn has_native_withdrawals(&self) -> bool {
        self.chain_id != 100
    }

    /// The validator withdrawals of a block. Wire amounts are gwei.
    #[must_use]
    pub fn withdrawals<T>(&self, block: &Block<T>) -> Vec<Observation> {
        let Some(block_ref) = block_ref(block).filter(|_| self.has_native_withdrawals()) else {
            return Vec::new();
        };
        block
            .withdrawals
            .iter()
            .flatten()
            .filter(|withdrawal| withdrawal.amount != 0)
            .map(|withdrawal| {
                let wei = u128::from(withdrawal.amount) * 1_000_000_000;
                self.native(
                    TxId::of_block(block_ref.height),
                    Position::new(&format!("withdrawal:{}", withdrawal.index)),
                    Some(&block_ref),
                    None,
                    withdrawal.address,
                    Amount::from_u128(wei),
                    Mechanism::Withdrawal,
                    Outcome::Success,
                )
            })
            .collect()
    }

    /// The rewards of a block, in the order in which the node reports them.
    #[must_use]
    pub fn rewards(&self, rewards: &[BlockReward], block: &BlockRef) -> Vec<Observation> {
        rewards
            .iter()
            .enumerate()
            .map(|(index, reward)| {
                self.native(
                    TxId::of_block(block.height),
                    Position::new(&format!("reward:{index}")),
                    Some(block),
                    None,
                    reward.to,
                    reward.amount,
                    Mechanism::Reward,
                    Outcome::Success,
                )
            })
            .collect()
    }

    /// One credit of native coin. Nine facts, each from another place: a struct would only repeat [`Observation`].
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn native(
        &self,
        tx_id: TxId,
        position: Position,
        block: Option<&BlockRef>,
        from: Option<H160>,
        to: H160,
        amount: Amount,
        mechanism: Mechanism,
        outcome: Outcome,
    ) -> Observation {
        Observation {
            network: self.network.clone(),
            tx_id,
            position,
            block: block.cloned(),
            from: from.map(|from| address::format(from.0)),
            to: address::format(to.0),
            asset: AssetId::native(self.network.clone()),
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: Vec::new(),
            mechanism,
            outcome,
            flags: Vec::new(),
        }
    }
}

/// A block as a place; `None` when its time does not fit.
#[must_use]
pub fn block_ref<T>(block: &Block<T>) -> Option<BlockRef> {
    Some(BlockRef {
        height: Height(block.number),
        hash: address::block_hash(&block.hash.0),
        time: Timestamp::from_seconds(block.timestamp)?,
    })
}
