//! Who put a claimed balance there, and with which memo.
//!
//! A claim is a transaction of the claimant: its memo is our own. The customer's memo stands in the transaction that created the
//! balance, which Horizon finds by the balance's id, also long after the claim.

use crate::address;
use crate::horizon::{Answer, Horizon};
use crate::wire;
use recover_core::address::Address;
use recover_core::memo::{Memo, MemoKind};
use recover_core::observation::{Mechanism, Observation};
use recover_source::error::SourceError;

/// Where the memo of the creating transaction is kept: it routes nothing by itself, a person or the matching reads it.
const PLACE: &str = "claimable_balance.memo";

/// Completes the credits of a claim. Where the server does not have the creation any more, they stay as they are.
pub(crate) async fn complete(
    source: &Horizon,
    operation: &wire::Operation,
    credits: &mut [Observation],
) -> Result<(), SourceError> {
    let is_claim = |credit: &&mut Observation| credit.mechanism == Mechanism::ClaimableBalance;
    let Some(balance) = operation
        .balance_id
        .as_deref()
        .filter(|id| is_balance_id(id))
    else {
        return Ok(());
    };
    let claims: Vec<&mut Observation> = credits.iter_mut().filter(is_claim).collect();
    if claims.is_empty() {
        return Ok(());
    }
    let Some((from, memo)) = creation(source, balance).await? else {
        return Ok(());
    };
    for claim in claims {
        claim.from = Some(from.clone());
        claim.memos.extend(memo.clone());
    }
    Ok(())
}

/// Hexadecimal digits of a type and a hash: nothing else may become part of a path.
fn is_balance_id(text: &str) -> bool {
    text.len() <= 72 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Who created a balance, and the memo of that transaction where it has one.
async fn creation(
    source: &Horizon,
    balance: &str,
) -> Result<Option<(Address, Option<Memo>)>, SourceError> {
    let path = format!("/claimable_balances/{balance}/operations");
    let query = [("join", "transactions"), ("order", "asc"), ("limit", "5")];
    let take = |rows: Vec<wire::Operation>| Ok(rows);
    let rows = match source.page(&path, &query, take).await {
        Ok(Answer::Found(rows)) => rows,
        Ok(Answer::NotFound)
        | Err(SourceError::NotKept { .. } | SourceError::Unsupported { .. }) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let created = rows.iter().find(|row| {
        row.kind.as_deref() == Some("create_claimable_balance")
            && row.transaction_successful != Some(false)
    });
    let Some(created) = created else {
        return Ok(None);
    };
    let Some(Ok(from)) = created.source_account.as_deref().map(address::parse) else {
        return Err(source
            .client
            .inconsistent("the creation of a balance by nobody"));
    };
    let memo = match &created.transaction {
        None => None,
        Some(record) => {
            source
                .decoder
                .transaction(record)
                .map_err(|error| source.undecodable(&error))?
                .memo
        }
    };
    let memo = memo
        .filter(|memo| memo.kind != MemoKind::Absent)
        .map(|memo| Memo {
            place: PLACE.to_owned(),
            ..memo
        });
    Ok(Some((from, memo)))
}
