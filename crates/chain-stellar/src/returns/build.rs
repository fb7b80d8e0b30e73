//! A plan written down as bytes.

use super::plan::check_request;
use super::{ReturnMemo, ReturnOperation, ReturnPlan, ReturnRefusal, stroops};
use crate::address;
use crate::xdr;
use recover_core::address::Address;
use stellar_xdr::{
    AccountId, AlphaNum4, AlphaNum12, Asset, AssetCode4, AssetCode12, CreateAccountOp, Hash,
    MuxedAccount, MuxedAccountMed25519, Operation, OperationBody, PaymentOp, Preconditions,
    PublicKey, SequenceNumber, StringM, TimeBounds, TimePoint, Transaction, TransactionEnvelope,
    TransactionExt, Uint256, VecM, WriteXdr,
};

/// An unsigned transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The XDR of its envelope (`ENVELOPE_TYPE_TX`), without signatures.
    pub envelope: Vec<u8>,
    /// What is signed, and the transaction's id to be: SHA-256 of network id, type and transaction.
    pub hash: [u8; 32],
}

/// Writes a plan down.
///
/// # Errors
/// The refusal that `plan` would have given, for a plan that was put together by hand.
pub fn build(plan: &ReturnPlan) -> Result<Unsigned, ReturnRefusal> {
    let transaction = transaction(plan)?;
    let envelope = TransactionEnvelope::from(transaction);
    // Written from parts whose lengths were checked.
    let hash = envelope
        .hash(plan.request.network.id())
        .expect("a transaction of one operation is far below every limit");
    let envelope = envelope
        .to_xdr(xdr::limits())
        .expect("a transaction of one operation is far below every limit");
    Ok(Unsigned { envelope, hash })
}

pub(super) fn transaction(plan: &ReturnPlan) -> Result<Transaction, ReturnRefusal> {
    let request = &plan.request;
    check_request(request)?;
    let key = |address: &Address| {
        address::account_key(address).ok_or_else(|| ReturnRefusal::NotAnAccount {
            address: address.text().to_owned(),
        })
    };
    let from = MuxedAccount::Ed25519(Uint256(key(&request.from)?));
    let to = Uint256(key(&request.to)?);
    let amount = stroops(request.amount).ok_or(ReturnRefusal::AmountTooLarge)?;
    let body = match plan.operation {
        ReturnOperation::Payment => OperationBody::Payment(PaymentOp {
            destination: match request.to_muxed_id {
                None => MuxedAccount::Ed25519(to),
                Some(id) => MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id, ed25519: to }),
            },
            asset: asset(request.asset.as_deref())?,
            amount,
        }),
        ReturnOperation::CreateAccount if request.asset.is_some() => {
            return Err(ReturnRefusal::AssetNeedsAccount);
        }
        ReturnOperation::CreateAccount if request.to_muxed_id.is_some() => {
            return Err(ReturnRefusal::MuxedNeedsAccount);
        }
        ReturnOperation::CreateAccount => OperationBody::CreateAccount(CreateAccountOp {
            destination: AccountId(PublicKey::PublicKeyTypeEd25519(to)),
            starting_balance: amount,
        }),
    };
    let operations = vec![Operation {
        source_account: None,
        body,
    }];
    Ok(Transaction {
        source_account: from,
        fee: request.fee,
        seq_num: SequenceNumber(request.sequence),
        cond: Preconditions::Time(TimeBounds {
            min_time: TimePoint(request.valid_from),
            max_time: TimePoint(request.valid_until),
        }),
        memo: memo(&request.memo)?,
        operations: VecM::try_from(operations).expect("one operation is within a hundred"),
        ext: TransactionExt::V0,
    })
}

fn memo(memo: &ReturnMemo) -> Result<stellar_xdr::Memo, ReturnRefusal> {
    Ok(match memo {
        ReturnMemo::None => stellar_xdr::Memo::None,
        ReturnMemo::Text(text) => {
            let text = StringM::try_from(text.as_bytes().to_vec())
                .map_err(|_| ReturnRefusal::MemoTooLong { bytes: text.len() })?;
            stellar_xdr::Memo::Text(text)
        }
        ReturnMemo::Id(id) => stellar_xdr::Memo::Id(*id),
        ReturnMemo::Hash(hash) => stellar_xdr::Memo::Hash(Hash(*hash)),
        ReturnMemo::Return(hash) => stellar_xdr::Memo::Return(Hash(*hash)),
    })
}

fn asset(canonical: Option<&str>) -> Result<Asset, ReturnRefusal> {
    let Some(text) = canonical else {
        return Ok(Asset::Native);
    };
    let refuse = || ReturnRefusal::NotAnAsset {
        asset: text.to_owned(),
    };
    let (code, issuer) = address::split_asset(text).ok_or_else(refuse)?;
    let key = address::account_key(&issuer).ok_or_else(refuse)?;
    let issuer = AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key)));
    // A short code stands in four bytes and a long one in twelve, filled up with zeros.
    let filled = |bytes: &mut [u8]| {
        for (place, letter) in bytes.iter_mut().zip(code.bytes()) {
            *place = letter;
        }
    };
    if code.len() <= 4 {
        let mut bytes = [0; 4];
        filled(&mut bytes);
        return Ok(Asset::CreditAlphanum4(AlphaNum4 {
            asset_code: AssetCode4(bytes),
            issuer,
        }));
    }
    let mut bytes = [0; 12];
    filled(&mut bytes);
    Ok(Asset::CreditAlphanum12(AlphaNum12 {
        asset_code: AssetCode12(bytes),
        issuer,
    }))
}
