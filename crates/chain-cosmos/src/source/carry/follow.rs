//! Saying what became of a transaction.

use super::Carrier;
use crate::check::{deviations_on_chain, slot_on_chain};
use crate::decode::{Raw, Transaction, fee_of, raw_of};
use crate::source::desk::{Desk, Receipt, Seen};
use recover_core::amount::Amount;
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::check::{Deviation, Signed, Slot};
use recover_core::observation::Outcome;
use recover_core::plan::Leg;
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{CarryError, Inclusion, Sending, Standing, Tracked};
use serde_json::Value;

/// How many blocks past its last height a transaction is called expired: behind one address of a gateway stand nodes that are a
/// few blocks apart, and the account may come from the last of them.
const EXPIRY_BLOCKS: u64 = 20;

impl<D: Desk> Carrier<D> {
    /// Where a transaction stands.
    pub(super) async fn follow(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let mut failed_in = None;
        if let Some(id) = tracked.tx_id
            && let Seen::Row(row) = self.0.seen(id).await?
        {
            match self.included(tracked, &row, Some(id)).await? {
                Some((inclusion, transaction)) if transaction.outcome == Outcome::Success => {
                    return Ok(Standing::Included(inclusion));
                }
                Some((inclusion, transaction)) => failed_in = Some((inclusion, transaction)),
                None => return Ok(Standing::Pending { tx_id: id.clone() }),
            }
        }
        let (account, at) = self.0.auth(&tracked.slot.account).await?;
        let Some(account) = account else {
            return Ok(Standing::Unknown {
                reason: format!(
                    "{} does not know the account {}",
                    self.0.name(),
                    tracked.slot.account
                ),
            });
        };
        let is_used = account.sequence > tracked.slot.sequence;
        match failed_in {
            Some((inclusion, _)) if is_used => return Ok(Standing::Failed(inclusion)),
            None if is_used => return self.of_used_slot(tracked, at).await,
            _ => {}
        }
        // A transaction that the signature check refused stands in its block and took neither fee nor slot.
        let refused_in = failed_in.map_or_else(String::new, |(inclusion, transaction)| {
            format!(
                ", and block {} refused it with {} {} before it took its slot",
                inclusion.block.height, transaction.codespace, transaction.code
            )
        });
        match tracked.valid_through {
            Some(last) if is_over(Some(last), at) => Ok(Standing::Expired {
                proof: format!(
                    "at block {at} {} is at sequence {}, so {} was not used, and block {last} was the last that may contain it{refused_in}",
                    tracked.slot.account, account.sequence, tracked.slot.sequence
                ),
            }),
            _ if refused_in.is_empty() => Ok(Standing::NotSeen),
            _ => Ok(Standing::Unknown {
                reason: format!(
                    "its slot is free{refused_in}; it may still be put into another block"
                ),
            }),
        }
    }

    /// Where a transaction stands whose slot is used in the state of a block.
    async fn of_used_slot(
        &self,
        tracked: &Tracked<'_>,
        at: Height,
    ) -> Result<Standing, CarryError> {
        let mut is_absent = false;
        if let Some(id) = tracked.tx_id {
            // Once more: it may have come into a block since.
            match self.0.seen(id).await? {
                Seen::Row(row) => {
                    if let Some((inclusion, transaction)) =
                        self.included(tracked, &row, Some(id)).await?
                    {
                        return Ok(settled(inclusion, &transaction));
                    }
                }
                // A node writes its index after its state: only what is long over is believed to be missing there.
                Seen::Absent => is_absent = is_over(tracked.valid_through, at),
                Seen::NotHere => {}
            }
        }
        let row = match self.user_of(tracked.slot).await? {
            Ok(row) => row,
            Err(_) if is_absent => return Ok(Standing::Replaced { by: None }),
            Err(reason) => return Ok(self.untold(tracked.slot, &reason)),
        };
        if let Some(id) = tracked.tx_id {
            let by = self.id_of(&row)?;
            if by.as_ref() != Some(id) {
                return Ok(Standing::Replaced { by });
            }
        }
        // The index has it, though the look-up had not: it has only just come.
        match self.included(tracked, &row, tracked.tx_id).await? {
            Some((inclusion, transaction)) => Ok(settled(inclusion, &transaction)),
            None => Ok(self.untold(tracked.slot, "it stands in no block")),
        }
    }

    /// A row as a transaction in a block; `None` where it stands in none.
    async fn included(
        &self,
        tracked: &Tracked<'_>,
        row: &Value,
        id: Option<&TxId>,
    ) -> Result<Option<(Inclusion, Transaction)>, CarryError> {
        let leg = tracked.leg;
        let api = self.0.api();
        let mut transactions = api
            .decoder
            .transactions(row)
            .map_err(|error| api.undecodable(error))?;
        let transaction = match (transactions.pop(), transactions.is_empty()) {
            (Some(only), true) if id.is_none_or(|id| only.id == *id) => only,
            _ => {
                return Err(CarryError::Source(
                    api.client
                        .inconsistent("another transaction than asked for"),
                ));
            }
        };
        let Some(height) = transaction.height else {
            return Ok(None);
        };
        let raw = match raw_of(row, &transaction.id) {
            Raw::Bytes(raw) => Some(raw),
            Raw::OtherForm => None,
            Raw::Mismatch => {
                return Err(CarryError::Source(api.client.inconsistent(format!(
                    "the fields of {} do not make its id",
                    transaction.id
                ))));
            }
        };
        let mut deviations = match &raw {
            Some(raw) => deviations_on_chain(leg, &api.settings.chain, raw),
            None => vec![Deviation {
                field: "bytes",
                found: "a transaction of another form".to_owned(),
                approved: "one payment of one coin".to_owned(),
            }],
        };
        // The same payment in another slot is another payment: the one in question can still happen. What stands under the slot in
        // the index needs no such look.
        let slot = raw.as_deref().and_then(slot_on_chain);
        if id.is_some() && slot.as_ref() != Some(tracked.slot) {
            deviations.push(Deviation {
                field: SEQUENCE,
                found: slot.map_or_else(
                    || "none that can be read".to_owned(),
                    |slot| format!("{} of {}", slot.sequence, slot.account),
                ),
                approved: format!("{} of {}", tracked.slot.sequence, tracked.slot.account),
            });
        }
        if transaction.outcome == Outcome::Success
            && leg.route.is_none()
            && transaction.has_events
            && !paid(leg, &transaction)
        {
            deviations.push(Deviation {
                field: "movement",
                found: "the network tells of no such payment".to_owned(),
                approved: format!(
                    "{} of {} to {}",
                    leg.amount.to_base_units(),
                    leg.asset,
                    leg.recipient
                ),
            });
        }
        let inclusion = Inclusion {
            tx_id: transaction.id.clone(),
            block: self.block_at(height).await?,
            // A block of CometBFT is final when it is there.
            is_final: true,
            fee: self.fee(row, raw.as_deref())?,
            deviations,
            signer: transaction
                .signer
                .as_ref()
                .map_or_else(|| "unknown".to_owned(), |signer| signer.text().to_owned()),
        };
        Ok(Some((inclusion, transaction)))
    }

    /// The fee that a transaction states, which the network takes whole, in its own coin: other coins are none of it.
    fn fee(&self, row: &Value, raw: Option<&[u8]>) -> Result<Amount, CarryError> {
        let api = self.0.api();
        let native = self.known()?.native_denom;
        let coins = fee_of(row, raw)
            .ok_or_else(|| api.client.not_protocol("a transaction without its fee"))?;
        let mut sum = Amount::ZERO;
        for (_, amount) in coins.iter().filter(|(denom, _)| denom == native) {
            sum = sum
                .checked_add(api.amount(amount)?)
                .ok_or_else(|| api.client.inconsistent("a fee above all amounts"))?;
        }
        Ok(sum)
    }

    /// What used a slot, by the events that the signature check writes; the inner text says why nobody can tell.
    async fn user_of(&self, slot: &Slot) -> Result<Result<Value, String>, CarryError> {
        let term = format!("tx.acc_seq='{}/{}'", slot.account, slot.sequence);
        let rows = match self.0.by_event(&term).await? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal.words)),
        };
        let api = self.0.api();
        // One that failed in the signature check has the event and did not use the slot; the one that used it is the other.
        let mut used = Vec::new();
        for row in rows {
            let transactions = api
                .decoder
                .transactions(&row)
                .map_err(|error| api.undecodable(error))?;
            let succeeded = transactions
                .iter()
                .any(|transaction| transaction.outcome == Outcome::Success);
            used.push((succeeded, row));
        }
        used.sort_by_key(|(succeeded, _)| !succeeded);
        let only = used.len() == 1 || used.iter().filter(|(succeeded, _)| *succeeded).count() == 1;
        Ok(match used.into_iter().next() {
            Some((_, row)) if only => Ok(row),
            Some(_) => Err("several transactions stand under the slot".to_owned()),
            None => Err("its index has no transaction under the slot".to_owned()),
        })
    }

    fn id_of(&self, row: &Value) -> Result<Option<TxId>, CarryError> {
        let api = self.0.api();
        let transactions = api
            .decoder
            .transactions(row)
            .map_err(|error| api.undecodable(error))?;
        Ok(transactions
            .into_iter()
            .next()
            .map(|transaction| transaction.id))
    }

    async fn block_at(&self, height: Height) -> Result<BlockRef, CarryError> {
        let header = self.0.header(height).await?;
        let api = self.0.api();
        header.map(|header| header.block).ok_or_else(|| {
            CarryError::Source(
                api.client
                    .inconsistent(format!("a transaction in block {height}, above its tip")),
            )
        })
    }

    fn untold(&self, slot: &Slot, reason: &str) -> Standing {
        Standing::Unknown {
            reason: format!(
                "the slot {}/{} is used, and {} cannot tell by which transaction: {reason}",
                slot.account,
                slot.sequence,
                self.0.name()
            ),
        }
    }
}

/// Whether nothing that ends with a height can still come, or is only now being written down.
fn is_over(valid_through: Option<Height>, at: Height) -> bool {
    valid_through.is_some_and(|last| at.0 > last.0.saturating_add(EXPIRY_BLOCKS))
}

/// Whether the network's events tell of the leg's payment, once.
fn paid(leg: &Leg, transaction: &Transaction) -> bool {
    transaction
        .credits
        .iter()
        .filter(|credit| {
            credit.to.text() == leg.recipient
                && credit.asset == leg.asset
                && credit.amount == leg.amount
        })
        .count()
        == 1
}

fn settled(inclusion: Inclusion, transaction: &Transaction) -> Standing {
    if transaction.outcome == Outcome::Success {
        Standing::Included(inclusion)
    } else {
        Standing::Failed(inclusion)
    }
}

/// What a node's answer to signed bytes means. Codes of the SDK's own errors (`types/errors`).
pub(super) fn judged(receipt: &Receipt, signed: &Signed, origin: &str) -> Sending {
    let words = || {
        format!(
            "{origin} answered {} {}: {}",
            receipt.codespace, receipt.code, receipt.words
        )
    };
    match (receipt.codespace.as_str(), receipt.code) {
        (_, 0) if receipt.tx_id.as_ref().is_some_and(|id| *id != signed.tx_id) => {
            Sending::Unknown {
                reason: format!("{origin} took another transaction than it was given"),
            }
        }
        // 19: it has it already.
        (_, 0) | ("sdk", 19) => Sending::Accepted {
            by: vec![origin.to_owned()],
        },
        // Bytes that nobody can read, a signature that is not the account's, a key of another form, a memo or a size above the
        // limits, options that nobody knows, a last height that has passed: none of these can change.
        ("sdk", 2 | 4 | 8 | 12 | 21 | 28 | 30) => Sending::Refused { reason: words() },
        // Sequences (3, 32), balances (5), prices (13), full queues (20) move.
        _ => Sending::Unknown { reason: words() },
    }
}
