//! One transaction with every movement in it.

use crate::address;
use crate::claims;
use crate::decode::{self, Beside, DecodeError, Toid};
use crate::horizon::{Answer, Horizon, PARTS};
use crate::wire;
use recover_core::address::{Address, Payload};
use recover_core::block::TxId;
use recover_core::observation::Observation;
use recover_source::chain::{ChainRead, Lookup, TransactionView};
use recover_source::error::SourceError;
use std::collections::{BTreeMap, BTreeSet};

/// The most pages that one transaction's rows may take: a hundred operations, and the effects of the longest paths.
const PAGES_MAX: usize = 64;

pub(crate) async fn transaction(
    source: &Horizon,
    id: &TxId,
) -> Result<Lookup<TransactionView>, SourceError> {
    let Some(id) = address::parse_tx_id(id.as_str()) else {
        return Ok(Lookup::Unknown {
            reason: "it is no transaction hash of Stellar: 64 hexadecimal digits".to_owned(),
        });
    };
    source.verify().await?;
    let record: wire::Transaction = match source.record(&format!("/transactions/{id}")).await {
        Ok(Answer::Found(record)) => record,
        Ok(Answer::NotFound) => return not_found(source).await,
        Err(SourceError::NotKept { detail, .. }) => {
            return Ok(Lookup::Unknown {
                reason: format!("{} does not keep it: {detail}", source.name()),
            });
        }
        Err(error) => return Err(error),
    };
    let undecodable = |error: &DecodeError| source.undecodable(error);
    let facts = source
        .decoder
        .transaction(&record)
        .map_err(|error| undecodable(&error))?;
    if facts.id != id && facts.inner.as_ref() != Some(&id) {
        return Err(source
            .client
            .inconsistent("another transaction than the one asked for"));
    }
    let operations: BTreeMap<Toid, wire::Operation> = rows(
        source,
        &format!("/transactions/{id}/operations"),
        |row| decode::operation_id(row).map(|id| (id, id.0.to_string())),
        facts.operations,
    )
    .await?
    .ok_or_else(|| {
        source
            .client
            .inconsistent("a transaction without its operations")
    })?;
    if facts
        .operations
        .is_some_and(|count| count != operations.len())
    {
        return Err(source.client.inconsistent(format!(
            "transaction {id} has {} operations of which it gave {}",
            facts.operations.unwrap_or_default(),
            operations.len()
        )));
    }
    let needed = operations
        .values()
        .any(|operation| decode::needs_effects(operation, Some(&facts)));
    let effects: Option<Vec<wire::Effect>> = if needed {
        let found = rows(
            source,
            &format!("/transactions/{id}/effects"),
            |row: &wire::Effect| {
                decode::effect_id(row)
                    .map(|(id, number)| ((id, number), format!("{}-{number}", id.0)))
            },
            None,
        )
        .await;
        match found {
            Ok(found) => found.map(|rows| rows.into_values().collect()),
            Err(SourceError::NotKept { .. } | SourceError::Unsupported { .. }) => None,
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    let beside = Beside {
        effects: effects.as_deref(),
        balances: &[],
    };
    let mut credits = Vec::new();
    let mut unread = BTreeSet::new();
    for operation in operations.values() {
        match source.decoder.observe(operation, &facts, beside) {
            Ok(mut found) => {
                claims::complete(source, operation, &mut found).await?;
                credits.append(&mut found);
            }
            Err(DecodeError::EffectsNeeded { .. }) => {
                unread.extend(PARTS);
            }
            Err(error) => return Err(undecodable(&error)),
        }
    }
    let ledger = operations
        .keys()
        .next()
        .map(|id| id.ledger())
        .or(facts.ledger);
    let block = ledger
        .zip(facts.time)
        .map(|(height, time)| decode::block(height, time));
    let to = only_recipient(&credits);
    Ok(Lookup::Found(TransactionView {
        id: facts.id,
        block,
        outcome: facts.outcome,
        signer: facts.source.map(|(source, _)| source),
        to_is_contract: to
            .as_ref()
            .map(|to| matches!(to.payload(), Payload::Contract32(_))),
        to,
        credits,
        inputs: Vec::new(),
        unread,
    }))
}

/// A transaction has no recipient of its own; where all its credits have one, that is meant.
fn only_recipient(credits: &[Observation]) -> Option<Address> {
    let first = &credits.first()?.to;
    credits
        .iter()
        .all(|credit| credit.to == *first)
        .then(|| first.clone())
}

/// Only a server of our own that keeps everything would know of it.
async fn not_found(source: &Horizon) -> Result<Lookup<TransactionView>, SourceError> {
    if !source.proves_absence {
        return Ok(Lookup::Unknown {
            reason: format!(
                "{} has no such transaction, and public servers keep a limited history",
                source.name()
            ),
        });
    }
    let standing = source.standing().await?;
    if standing.elder.0 > 2 {
        return Ok(Lookup::Unknown {
            reason: format!(
                "{} has no such transaction, and its history begins at ledger {}",
                source.name(),
                standing.elder
            ),
        });
    }
    Ok(Lookup::Absent)
}

/// Every row of a short list, page by page until it is empty or `count` is reached; `None` when the server has no such list.
async fn rows<K, T>(
    source: &Horizon,
    path: &str,
    key: impl Fn(&T) -> Result<(K, String), DecodeError> + Sync,
    count: Option<usize>,
) -> Result<Option<BTreeMap<K, T>>, SourceError>
where
    K: Ord + Send,
    T: serde::de::DeserializeOwned + Send,
{
    let limit = source.limit();
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let mut query = vec![("order", "asc"), ("limit", limit.as_str())];
        if !cursor.is_empty() {
            query.push(("cursor", cursor.as_str()));
        }
        let take = |rows: Vec<T>| {
            let mut page = BTreeMap::new();
            for row in rows {
                let (key, cursor) = key(&row).map_err(|error| source.undecodable(&error))?;
                page.insert(key, (cursor, row));
            }
            Ok(page)
        };
        let page = match source.page(path, &query, take).await? {
            Answer::Found(page) => page,
            Answer::NotFound => return Ok(None),
        };
        let Some((_, (last, _))) = page.last_key_value() else {
            return Ok(Some(all));
        };
        let last = last.clone();
        let known = all.len();
        all.extend(page.into_iter().map(|(key, (_, row))| (key, row)));
        if all.len() == known {
            return Err(source.client.unreachable("it repeats a page that was read"));
        }
        if count.is_some_and(|count| all.len() >= count) {
            return Ok(Some(all));
        }
        cursor = last;
    }
    Err(source
        .client
        .inconsistent("a transaction with more rows than one can have"))
}
