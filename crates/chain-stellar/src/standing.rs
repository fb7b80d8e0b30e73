//! Where a payment stands: in a ledger, or unable to happen any more. Horizon shows no transaction that waits.
//!
//! That it cannot happen is believed on two proofs only. A ledger closed well behind the end of its time bounds while the
//! account's number is still unused, or the account's history shows another transaction in its place. A server that "does not
//! find" a transaction proves nothing by that.

use crate::carry::{StellarCarry, account_of};
use crate::check::outcome;
use crate::decode;
use crate::horizon::Answer;
use crate::wire;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::TxId;
use recover_core::check::Deviation;
use recover_core::observation::Outcome;
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{CarryError, Inclusion, Standing, Tracked};
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;

/// Pages of an account's history that are read for the transaction in a slot.
const PAGES_MAX: usize = 20;
/// How far behind the end of time bounds a ledger must have closed before the account's number is believed to stay unused:
/// servers behind one address may differ by some ledgers.
const LAG_SECONDS: i64 = 60;

/// A transaction of a ledger, read as far as tracking asks.
struct Settled {
    id: TxId,
    inner: Option<TxId>,
    /// Whose number it used, and which; `None` where its bytes are not there.
    slot: Option<(Address, i64)>,
    record: wire::Transaction,
}

impl Settled {
    fn is(&self, id: &TxId) -> bool {
        self.id == *id || self.inner.as_ref() == Some(id)
    }
}

impl StellarCarry {
    /// The last sequence number that an account used; `None` when it does not exist.
    pub(crate) async fn used_sequence(
        &self,
        account: &Address,
    ) -> Result<Option<u64>, SourceError> {
        let Some(record) = self.horizon.account_record(account).await? else {
            return Ok(None);
        };
        record
            .sequence
            .as_deref()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| {
                self.horizon
                    .client
                    .not_protocol("an account without a sequence number")
            })
    }

    pub(crate) async fn look(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.horizon.verify().await?;
        let account = account_of(&tracked.slot.account, "not_an_account")?;
        if let Some(id) = tracked.tx_id
            && let Some(found) = self.known(id).await?
        {
            return Ok(self.settled(found, tracked)?);
        }
        // Before the account, so that what the account shows is of this ledger or a later one.
        let head = self.horizon.head().await?.latest.block;
        let Some(used) = self.used_sequence(&account).await? else {
            return Ok(Standing::Unknown {
                reason: format!(
                    "{}: the account {account} does not exist",
                    self.horizon.name()
                ),
            });
        };
        if used >= tracked.slot.sequence {
            return self.used(tracked, &account).await;
        }
        let over = tracked
            .valid_until
            .filter(|until| head.time.micros_since(*until) > LAG_SECONDS.saturating_mul(1_000_000));
        Ok(match over {
            Some(until) => Standing::Expired {
                proof: format!(
                    "ledger {} closed at {}, the transaction was valid until {until}, and sequence number {} of {account} is still unused",
                    head.height, head.time, tracked.slot.sequence
                ),
            },
            None => Standing::NotSeen,
        })
    }

    fn read_settled(&self, record: wire::Transaction) -> Result<Settled, SourceError> {
        let facts = self
            .horizon
            .decoder
            .transaction(&record)
            .map_err(|error| self.horizon.undecodable(&error))?;
        let slot = facts
            .envelope
            .as_ref()
            .and_then(|envelope| envelope.summary())
            .map(|summary| (summary.from, summary.sequence));
        Ok(Settled {
            id: facts.id,
            inner: facts.inner,
            slot,
            record,
        })
    }

    /// Asks for a transaction by its id; `None` where the server does not find or keep it.
    async fn known(&self, id: &TxId) -> Result<Option<Settled>, SourceError> {
        let path = format!("/transactions/{id}");
        let record: wire::Transaction = match self.horizon.record(&path).await {
            Ok(Answer::Found(record)) => record,
            Ok(Answer::NotFound) | Err(SourceError::NotKept { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let settled = self.read_settled(record)?;
        if !settled.is(id) {
            return Err(self
                .horizon
                .client
                .inconsistent("another transaction than the one asked for"));
        }
        Ok(Some(settled))
    }

    /// What a transaction of a ledger did, beside its leg.
    fn settled(&self, found: Settled, tracked: &Tracked<'_>) -> Result<Standing, SourceError> {
        let client = &self.horizon.client;
        let facts = self
            .horizon
            .decoder
            .transaction(&found.record)
            .map_err(|error| self.horizon.undecodable(&error))?;
        let block = facts
            .ledger
            .zip(facts.time)
            .map(|(height, time)| decode::block(height, time))
            .ok_or_else(|| client.not_protocol("a transaction without its ledger"))?;
        let fee = found
            .record
            .fee_charged
            .as_deref()
            .and_then(|text| Amount::from_base_units(text).ok())
            .ok_or_else(|| client.not_protocol("a transaction without its fee"))?;
        let summary = facts
            .envelope
            .as_ref()
            .and_then(|envelope| envelope.summary());
        let Some(summary) = summary else {
            return Ok(Standing::Unknown {
                reason: format!(
                    "{} shows {} without bytes that can be read: what it did is not known",
                    self.horizon.name(),
                    found.id
                ),
            });
        };
        // The same payment under another number is another payment: the one in question can still happen.
        let number = i64::try_from(tracked.slot.sequence).ok();
        let is_in_slot =
            summary.from.text() == tracked.slot.account && Some(summary.sequence) == number;
        let elsewhere = (!is_in_slot).then(|| Deviation {
            field: SEQUENCE,
            found: format!("{} of {}", summary.sequence, summary.from),
            approved: format!("{} of {}", tracked.slot.sequence, tracked.slot.account),
        });
        // Of a fee bump, ours is the transaction inside: it has an id of its own, which servers know too.
        let tx_id = tracked
            .tx_id
            .filter(|id| found.is(id))
            .cloned()
            .unwrap_or(found.id);
        let inclusion = |deviations| Inclusion {
            tx_id,
            block,
            // A ledger that closed never changes.
            is_final: true,
            fee,
            deviations,
            signer: summary.from.text().to_owned(),
        };
        Ok(match facts.outcome {
            Outcome::Success => {
                let mut deviations = outcome(tracked.leg, &summary, fee);
                deviations.extend(elsewhere);
                Standing::Included(inclusion(deviations))
            }
            Outcome::Failed => Standing::Failed(inclusion(elsewhere.into_iter().collect())),
            Outcome::Unknown => {
                return Err(
                    client.not_protocol("a transaction that does not say whether it succeeded")
                );
            }
        })
    }

    /// The number is used: by this transaction, or by another.
    async fn used(&self, tracked: &Tracked<'_>, account: &Address) -> Result<Standing, CarryError> {
        let number = i64::try_from(tracked.slot.sequence).ok();
        let path = format!("/accounts/{account}/transactions");
        let limit = self.horizon.limit();
        let mut cursor = String::new();
        let mut has_later = false;
        let mut has_unread = false;
        for _ in 0..PAGES_MAX {
            let mut query = vec![
                ("order", "desc"),
                ("limit", limit.as_str()),
                // A failed one uses its number too.
                ("include_failed", "true"),
            ];
            if !cursor.is_empty() {
                query.push(("cursor", cursor.as_str()));
            }
            let rows: Vec<wire::Transaction> = match self.horizon.page(&path, &query, Ok).await? {
                Answer::Found(rows) => rows,
                Answer::NotFound => break,
            };
            let next = rows.last().and_then(|row| row.paging_token.clone());
            for row in rows {
                let found = self.read_settled(row)?;
                let Some((source, sequence)) = &found.slot else {
                    // It may be the one: an old envelope of the very same transaction has the same id.
                    has_unread = true;
                    continue;
                };
                if source != account {
                    continue;
                }
                if Some(*sequence) == number {
                    if tracked.tx_id.is_some_and(|id| !found.is(id)) {
                        return Ok(Standing::Replaced { by: Some(found.id) });
                    }
                    return Ok(self.settled(found, tracked)?);
                }
                if number.is_some_and(|number| *sequence > number) {
                    has_later = true;
                } else if has_later && !has_unread {
                    // Between a later and an earlier one nothing used it: the account skipped it (a bump of its number).
                    return Ok(Standing::Replaced { by: None });
                }
            }
            match next {
                Some(next) => cursor = next.0,
                None => break,
            }
        }
        Ok(Standing::Unknown {
            reason: format!(
                "{}: sequence number {} of {account} is used, and its history does not show by which transaction",
                self.horizon.name(),
                tracked.slot.sequence
            ),
        })
    }
}
