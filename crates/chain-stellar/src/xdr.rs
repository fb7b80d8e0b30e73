//! What a transaction's own bytes prove: its hash, memo, operations and results.

use crate::address;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::address::Address;
use recover_core::block::TxId;
use recover_core::memo::{Memo, MemoKind, place};
use sha2::{Digest, Sha256};
use stellar_xdr::{
    AccountId, AccountMergeResult, Asset, FeeBumpTransactionInnerTx, InflationResult,
    InnerTransactionResultResult, Limits, MuxedAccount, Operation, OperationBody, OperationResult,
    OperationResultTr, PublicKey, ReadXdr, TransactionEnvelope, TransactionResult,
    TransactionResultResult,
};

/// Deeper or longer than this no transaction is: the network's limit is far below.
pub(crate) fn limits() -> Limits {
    Limits {
        depth: 200,
        len: 1024 * 1024,
    }
}

/// A network of the family by the last part of its CAIP-2 id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    reference: String,
    passphrase: String,
}

impl Network {
    /// The public network.
    #[must_use]
    pub fn public() -> Self {
        Self::new("pubnet", "Public Global Stellar Network ; September 2015")
    }

    /// The test network.
    #[must_use]
    pub fn test() -> Self {
        Self::new("testnet", "Test SDF Network ; September 2015")
    }

    /// A network of a reference and a passphrase.
    #[must_use]
    pub fn new(reference: &str, passphrase: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            passphrase: passphrase.to_owned(),
        }
    }

    /// The network of a CAIP-2 reference (`pubnet`, `testnet`, `futurenet`); any other text is taken for a passphrase.
    #[must_use]
    pub fn of_reference(reference: &str) -> Self {
        match reference {
            "pubnet" => Self::public(),
            "testnet" => Self::test(),
            "futurenet" => Self::new(reference, "Test SDF Future Network ; October 2022"),
            other => Self::new(other, other),
        }
    }

    /// The CAIP-2 reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The passphrase.
    #[must_use]
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }

    /// The network id: SHA-256 of the passphrase. It stands in what is signed.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(self.passphrase.as_bytes()).into()
    }
}

/// What an operation says it gives: nothing of it is a fact before the operation succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stated {
    pub to: Address,
    pub muxed_id: Option<u64>,
    /// The asset and the amount in stroops, where the operation names the credit itself.
    pub credit: Option<(Option<String>, i64)>,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope(TransactionEnvelope);

impl Envelope {
    /// Reads base64 text; `None` when it is none, or is of a protocol that is newer than this program.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        TransactionEnvelope::from_xdr(bytes, limits())
            .ok()
            .map(Self)
    }

    /// The hash that names it on a network; of a fee bump the outer one.
    #[must_use]
    pub fn id(&self, network: &Network) -> Option<TxId> {
        self.0
            .hash(network.id())
            .ok()
            .map(|hash| address::tx_id(&hash))
    }

    /// The hash of the transaction inside a fee bump; `None` for others.
    #[must_use]
    pub fn inner_id(&self, network: &Network) -> Option<TxId> {
        let TransactionEnvelope::TxFeeBump(bump) = &self.0 else {
            return None;
        };
        let FeeBumpTransactionInnerTx::Tx(inner) = &bump.tx.inner_tx;
        inner
            .hash(network.id())
            .ok()
            .map(|hash| address::tx_id(&hash))
    }

    /// Its memo; of a fee bump the inner transaction's.
    #[must_use]
    pub fn memo(&self) -> Memo {
        memo(match &self.0 {
            TransactionEnvelope::TxV0(envelope) => &envelope.tx.memo,
            TransactionEnvelope::Tx(envelope) => &envelope.tx.memo,
            TransactionEnvelope::TxFeeBump(bump) => {
                let FeeBumpTransactionInnerTx::Tx(inner) = &bump.tx.inner_tx;
                &inner.tx.memo
            }
        })
    }

    fn operations(&self) -> &[Operation] {
        match &self.0 {
            TransactionEnvelope::TxV0(envelope) => &envelope.tx.operations,
            TransactionEnvelope::Tx(envelope) => &envelope.tx.operations,
            TransactionEnvelope::TxFeeBump(bump) => {
                let FeeBumpTransactionInnerTx::Tx(inner) = &bump.tx.inner_tx;
                &inner.tx.operations
            }
        }
    }

    /// What it does, of a fee bump what the transaction inside does; `None` for an envelope of before 2020.
    #[must_use]
    pub fn summary(&self) -> Option<crate::returns::ReturnSummary> {
        match &self.0 {
            TransactionEnvelope::TxV0(_) => None,
            TransactionEnvelope::Tx(envelope) => Some(crate::returns::summary(envelope)),
            TransactionEnvelope::TxFeeBump(bump) => {
                let FeeBumpTransactionInnerTx::Tx(inner) = &bump.tx.inner_tx;
                Some(crate::returns::summary(inner))
            }
        }
    }

    /// How many operations it has.
    #[must_use]
    pub fn operation_count(&self) -> usize {
        self.operations().len()
    }

    /// What the operation with this number (from 1) says it gives; `None` when it credits nobody by its own words.
    pub(crate) fn stated(&self, number: u64) -> Option<Stated> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let muxed = |account: &MuxedAccount, credit| {
            let (to, muxed_id) = muxed_parts(account);
            Some(Stated {
                to,
                muxed_id,
                credit,
            })
        };
        match &self.operations().get(index)?.body {
            OperationBody::Payment(payment) => muxed(
                &payment.destination,
                Some((asset_text(&payment.asset), payment.amount)),
            ),
            OperationBody::CreateAccount(create) => Some(Stated {
                to: account_of(&create.destination),
                muxed_id: None,
                credit: Some((None, create.starting_balance)),
            }),
            OperationBody::PathPaymentStrictReceive(path) => muxed(
                &path.destination,
                Some((asset_text(&path.dest_asset), path.dest_amount)),
            ),
            OperationBody::PathPaymentStrictSend(path) => muxed(&path.destination, None),
            OperationBody::AccountMerge(into) => muxed(into, None),
            _ => None,
        }
    }
}

/// The account and the id inside it.
pub(crate) fn muxed_parts(account: &MuxedAccount) -> (Address, Option<u64>) {
    match account {
        MuxedAccount::Ed25519(key) => (address::account(key.0), None),
        MuxedAccount::MuxedEd25519(muxed) => (address::account(muxed.ed25519.0), Some(muxed.id)),
    }
}

pub(crate) fn account_of(id: &AccountId) -> Address {
    let PublicKey::PublicKeyTypeEd25519(key) = &id.0;
    address::account(key.0)
}

/// The canonical text of an asset; `None` for the native coin.
pub(crate) fn asset_text(asset: &Asset) -> Option<String> {
    let text =
        |code: String, issuer: &AccountId| Some(address::asset_text(&code, &account_of(issuer)));
    match asset {
        Asset::Native => None,
        Asset::CreditAlphanum4(asset) => text(asset.asset_code.to_string(), &asset.issuer),
        Asset::CreditAlphanum12(asset) => text(asset.asset_code.to_string(), &asset.issuer),
    }
}

pub(crate) fn memo(memo: &stellar_xdr::Memo) -> Memo {
    let bytes = |kind, raw: &[u8]| Memo {
        kind,
        raw: raw.to_vec(),
        place: place::MEMO.to_owned(),
    };
    match memo {
        stellar_xdr::Memo::None => Memo::absent(place::MEMO),
        stellar_xdr::Memo::Text(text) => Memo::text(text.as_slice(), place::MEMO),
        stellar_xdr::Memo::Id(id) => Memo::id(*id, place::MEMO),
        stellar_xdr::Memo::Hash(hash) => bytes(MemoKind::Hash, &hash.0),
        stellar_xdr::Memo::Return(hash) => bytes(MemoKind::Return, &hash.0),
    }
}

/// What the network did with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// Whether it took effect.
    pub success: bool,
    operations: Vec<OperationResult>,
}

impl Results {
    /// Reads base64 text; `None` when it is none, or is of a protocol that is newer than this program.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        let result = TransactionResult::from_xdr(bytes, limits()).ok()?;
        let (success, operations) = match result.result {
            TransactionResultResult::TxSuccess(operations) => (true, operations.to_vec()),
            TransactionResultResult::TxFailed(operations) => (false, operations.to_vec()),
            TransactionResultResult::TxFeeBumpInnerSuccess(pair)
            | TransactionResultResult::TxFeeBumpInnerFailed(pair) => match pair.result.result {
                InnerTransactionResultResult::TxSuccess(operations) => (true, operations.to_vec()),
                InnerTransactionResultResult::TxFailed(operations) => (false, operations.to_vec()),
                _ => (false, Vec::new()),
            },
            _ => (false, Vec::new()),
        };
        Some(Self {
            success,
            operations,
        })
    }

    fn inner(&self, number: u64) -> Option<&OperationResultTr> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        match self.operations.get(index)? {
            OperationResult::OpInner(inner) if self.success => Some(inner),
            _ => None,
        }
    }

    /// What the merge with this operation number (from 1) moved, in stroops.
    pub(crate) fn merged(&self, number: u64) -> Option<i64> {
        match self.inner(number)? {
            OperationResultTr::AccountMerge(AccountMergeResult::Success(balance)) => Some(*balance),
            _ => None,
        }
    }

    /// Whom the inflation with this operation number (from 1) paid, in order, in stroops.
    pub(crate) fn inflation(&self, number: u64) -> Option<Vec<(Address, i64)>> {
        match self.inner(number)? {
            OperationResultTr::Inflation(InflationResult::Success(payouts)) => Some(
                payouts
                    .iter()
                    .map(|payout| (account_of(&payout.destination), payout.amount))
                    .collect(),
            ),
            _ => None,
        }
    }
}
