//! Every recorded file: what it is and what it gives, or why it is refused.

use crate::fixture::{self, credits, facts, line, short};
use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_stellar::decode::{self, TransactionFacts};
use recover_chain_stellar::{open_with, wire};
use recover_core::network::NetworkId;
use recover_core::observation::Outcome;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;

/// Answers every question with the same body.
struct Always(Vec<u8>);

#[async_trait]
impl Transport for Always {
    fn origin(&self) -> &str {
        "horizon"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("horizon is only read");
    }

    async fn get(&self, _path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        Ok(Bytes::from(self.0.clone()))
    }
}

fn answering(body: Vec<u8>) -> Arc<dyn ChainRead> {
    let mut settings = SourceSettings::new(NetworkId::new("stellar"), "pubnet", "horizon", "");
    settings.retry = RetryPolicy::once();
    open_with(settings, Arc::new(Always(body)))
}

fn transaction(found: &TransactionFacts, signed: &str) -> String {
    let ledger = found
        .ledger
        .map_or("?".to_owned(), |ledger| ledger.to_string());
    let inner = found.inner.as_ref().map_or(String::new(), |inner| {
        format!(" around {}", short(inner.as_str()))
    });
    let memo = found
        .memo
        .as_ref()
        .map_or("memo not told".to_owned(), fixture::memo);
    let source = match &found.source {
        Some((source, Some(id))) => format!(" of {} id {id}", short(source.text())),
        Some((source, None)) => format!(" of {}", short(source.text())),
        None => String::new(),
    };
    format!(
        "transaction {}{inner} ledger {ledger}{source} {} {memo}, {signed}",
        short(found.id.as_str()),
        found.outcome.code(),
    )
}

/// What a record is by its fields, and what the decoder says of it.
fn record(text: &str, fields: &serde_json::Map<String, Value>, out: &mut Vec<String>) {
    let has = |name: &str| fields.contains_key(name);
    let kind = fields
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if has("event_topic") {
        out.push(
            "refused: a row of stellar-etl's token transfers, which no Horizon answers".to_owned(),
        );
    } else if has("paging_token") && has("type_i") && has("account") && kind_is_effect(fields) {
        let effect: wire::Effect = serde_json::from_str(text).unwrap();
        let (operation, number) = decode::effect_id(&effect).unwrap();
        let to = effect.account.as_deref().unwrap_or_default();
        out.push(format!(
            "effect {kind} {number} of operation {} ledger {} on {} {} {}",
            operation.operation(),
            operation.ledger(),
            short(to),
            effect
                .amount
                .as_deref()
                .or(effect.starting_balance.as_deref())
                .unwrap_or("-"),
            effect
                .asset
                .as_deref()
                .or(effect.asset_code.as_deref())
                .or(effect.asset_type.as_deref())
                .unwrap_or("-"),
        ));
    } else if has("closed_at") && has("total_coins") {
        let ledger: wire::Ledger = serde_json::from_str(text).unwrap();
        out.push(format!(
            "ledger {} closed {}",
            &*ledger.sequence.unwrap(),
            &*ledger.closed_at.unwrap()
        ));
    } else if has("type_i") {
        operation(text, kind, out);
    } else if has("envelope_xdr")
        || has("memo_type")
        || has("tx_envelope")
        || has("operation_count")
    {
        let found: wire::Transaction = serde_json::from_str(text).unwrap();
        let (found, signed) = facts(&found);
        out.push(match found {
            Ok(found) => transaction(&found, signed),
            Err(error) => format!("refused: {error}"),
        });
    } else if has("balances") {
        let account: wire::Account = serde_json::from_str(text).unwrap();
        let id = account.account_id.or(account.id).unwrap();
        out.push(format!(
            "account {} sequence {} with {} balances",
            short(&id),
            &*account.sequence.unwrap(),
            account.balances.unwrap().len()
        ));
    } else if has("claimants") {
        let balance: wire::ClaimableBalance = serde_json::from_str(text).unwrap();
        let stroops = decode::amount(balance.amount.as_deref().unwrap())
            .unwrap()
            .unwrap();
        out.push(format!(
            "claimable balance {} of {} stroops {}, for {} claimants: nobody's credit yet",
            short(&balance.id.unwrap()),
            stroops.to_base_units(),
            &*balance.asset.unwrap(),
            balance.claimants.unwrap().len()
        ));
    } else {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        out.push(format!(
            "refused: no record of Horizon has only {}",
            names.join(", ")
        ));
    }
}

fn kind_is_effect(fields: &serde_json::Map<String, Value>) -> bool {
    fields
        .get("paging_token")
        .and_then(Value::as_str)
        .is_some_and(|token| token.contains('-'))
}

fn operation(text: &str, kind: &str, out: &mut Vec<String>) {
    let found: wire::Operation = serde_json::from_str(text).unwrap();
    let success = match found.transaction_successful {
        Some(true) => Outcome::Success.code(),
        Some(false) => Outcome::Failed.code(),
        None => Outcome::Unknown.code(),
    };
    let of = decode::operation_transaction(&found)
        .map_or_else(|error| format!("({error})"), |id| short(id.as_str()));
    let head = format!("operation {kind} of {of} {success}");
    if let Some(joined) = &found.transaction {
        let (joined_facts, signed) = facts(joined);
        match joined_facts {
            Ok(facts) => out.push(
                match fixture::decoder().observe(&found, &facts, Default::default()) {
                    Ok(credits) => format!("{head}, {signed}: {} credits", credits.len()),
                    Err(error) => format!("{head}: refused: {error}"),
                },
            ),
            Err(error) => out.push(format!("{head}: refused: {error}")),
        }
        return;
    }
    match credits(&found) {
        Ok(credits) if credits.is_empty() => out.push(format!("{head}: credits nobody")),
        Ok(credits) => out.extend(
            credits
                .iter()
                .map(|credit| format!("{head}: {}", line(credit))),
        ),
        Err(error) => out.push(format!("{head}: refused alone: {error}")),
    }
}

async fn lines(bytes: Vec<u8>) -> Vec<String> {
    let mut out = Vec::new();
    match wire::body(&bytes) {
        Err(error) => out.push(format!("refused: no JSON: {error}")),
        Ok(wire::Body::Problem(_)) => {
            let error = answering(bytes).head().await.unwrap_err();
            out.push(format!("problem, {:?}: {error}", error.advice()));
        }
        Ok(wire::Body::Record(raw)) => {
            let fields = serde_json::from_str(raw.get()).unwrap();
            record(raw.get(), &fields, &mut out);
        }
        Ok(wire::Body::Rows(rows)) => {
            for row in rows {
                let fields = serde_json::from_str(row.get()).unwrap();
                record(row.get(), &fields, &mut out);
            }
        }
    }
    out
}

/// Reviewed by eye against the files: a change here is a change of what the same bytes mean.
#[tokio::test]
async fn recorded_every_file_is_read_or_refused_with_its_reason() {
    let mut names: Vec<_> = std::fs::read_dir(fixture::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 123);
    let mut text = String::new();
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap();
        writeln!(text, "{name}").unwrap();
        let found = lines(std::fs::read(&path).unwrap()).await;
        assert!(!found.is_empty(), "{name} says nothing");
        // Equal lines of long lists are counted.
        let mut last: Option<(String, usize)> = None;
        let mut flush = |last: Option<(String, usize)>| {
            if let Some((line, count)) = last {
                let times = if count > 1 {
                    format!(" (x {count})")
                } else {
                    String::new()
                };
                writeln!(text, "  {line}{times}").unwrap();
            }
        };
        for line in found {
            last = match last {
                Some((same, count)) if same == line => Some((same, count + 1)),
                other => {
                    flush(other);
                    Some((line, 1))
                }
            };
        }
        flush(last);
    }
    insta::assert_snapshot!(text);
}
