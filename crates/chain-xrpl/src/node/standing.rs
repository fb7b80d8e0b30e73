//! Where a payment stands: in a validated ledger, waiting, or unable to happen any more.
//!
//! That it cannot happen is believed on two proofs only. The account's own validated state: at a ledger behind its last one its
//! sequence number (or ticket) is unused, so no ledger holds it. Or the transaction that used the number is another. A server that
//! "does not find" a transaction proves nothing by that.

use super::XrplNode;
use super::carry::XrplCarry;
use crate::address;
use crate::asset::Money;
use crate::check::outcome;
use crate::decode::decode;
use crate::returns::LAST_LEDGER_AHEAD_MAX;
use crate::rpc::Reply;
use crate::wire::{Record, records, whole};
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::check::{Deviation, Slot};
use recover_core::observation::Outcome;
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{CarryError, Inclusion, Standing, Tracked};
use recover_source::chain::{ChainRead, Lookup};
use recover_source::error::{Advice, SourceError};
use serde_json::{Value, json};

/// Pages of an account's history that are read for the transaction in a slot.
const PAGES_MAX: usize = 20;
/// Rows a page: a slot that was just used stands among the newest.
const ROWS: u32 = 200;

/// Whether a slot is used, in validated state.
struct Use {
    is_used: bool,
    /// The validated ledger that says so.
    at: Height,
}

/// What the server says of an id.
enum Known {
    /// In a validated ledger.
    Settled(Standing),
    /// Known, in no validated ledger.
    Waiting,
    /// Not known.
    No,
}

impl XrplCarry {
    pub(super) async fn look(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let node = &self.node;
        node.check().await?;
        let mut waiting = None;
        if let Some(id) = tracked.tx_id {
            match self.known(id, tracked).await? {
                Known::Settled(standing) => return Ok(standing),
                Known::Waiting => waiting = Some(id.clone()),
                Known::No => {}
            }
        }
        let Some(used) = self.slot_use(tracked.slot).await? else {
            return Ok(Standing::Unknown {
                reason: format!(
                    "{}: the account {} does not exist",
                    node.name(),
                    tracked.slot.account
                ),
            });
        };
        if used.is_used {
            return self.used(tracked, used.at).await;
        }
        match tracked.valid_through {
            Some(last) if used.at > last => Ok(Standing::Expired {
                proof: format!(
                    "ledger {} is validated and {} is still unused there; the payment could stand in no ledger after {last}",
                    used.at,
                    slot_text(tracked.slot)
                ),
            }),
            _ => Ok(waiting.map_or(Standing::NotSeen, |tx_id| Standing::Pending { tx_id })),
        }
    }

    /// Asks for a transaction by its id.
    async fn known(&self, id: &TxId, tracked: &Tracked<'_>) -> Result<Known, SourceError> {
        let question = json!({"transaction": id.as_str()});
        let result = match self.node.rpc.ask("tx", question).await? {
            Reply::Found(result) => Value::Object(result),
            Reply::NotFound { .. } => return Ok(Known::No),
        };
        let found = records(&result).map_err(|error| self.node.refused(&error.into()))?;
        let record = found
            .first()
            .ok_or_else(|| self.node.client.not_protocol("tx without a transaction"))?;
        if record.validated != Some(true) {
            return Ok(Known::Waiting);
        }
        let (found, standing) = self.node.settled(record, tracked).await?;
        if found != *id {
            return Err(self
                .node
                .client
                .inconsistent(format!("{found} where {id} was asked")));
        }
        Ok(Known::Settled(standing))
    }

    /// Whether a slot is used; `None` when the account does not exist.
    async fn slot_use(&self, slot: &Slot) -> Result<Option<Use>, CarryError> {
        let account = address::account(&slot.account).ok_or_else(|| CarryError::Refused {
            code: "signer_not_an_account",
            detail: format!("'{}' is no account of the XRP Ledger", slot.account),
        })?;
        let (root, at) = self.node.account_root(&address::format(account)).await?;
        let Some(root) = root else {
            return Ok(None);
        };
        if slot.is_ticket {
            let question = json!({
                "ticket": {"account": slot.account, "ticket_seq": slot.sequence},
                "ledger_index": at.0,
            });
            let is_used = match self.node.rpc.ask("ledger_entry", question).await? {
                Reply::Found(_) => false,
                Reply::NotFound { code, .. } if code == "entryNotFound" => true,
                Reply::NotFound { code, .. } => {
                    let error = self.node.client.not_kept(format!("{code}: ledger {at}"));
                    return Err(error.into());
                }
            };
            return Ok(Some(Use { is_used, at }));
        }
        let next = root.get("Sequence").and_then(whole).ok_or_else(|| {
            self.node
                .client
                .not_protocol("an account without a sequence number")
        })?;
        Ok(Some(Use {
            is_used: next > slot.sequence,
            at,
        }))
    }

    /// The slot is used: by this one, or by another.
    async fn used(&self, tracked: &Tracked<'_>, at: Height) -> Result<Standing, CarryError> {
        if let Some((id, standing)) = self.user_of(tracked).await? {
            let is_ours = tracked.tx_id.is_none_or(|expected| *expected == id);
            return Ok(if is_ours {
                standing
            } else {
                Standing::Replaced { by: Some(id) }
            });
        }
        // Nobody is named for it; that it was not ours is proven where the server searched every ledger that could hold ours.
        if let (Some(id), Some(last)) = (tracked.tx_id, tracked.valid_through)
            && let Some(range) = HeightRange::new(
                last.minus(LAST_LEDGER_AHEAD_MAX.into()).max(Height(1)),
                last.min(at),
            )
            && matches!(
                self.node.transaction_within(id, range).await,
                Ok(Lookup::Absent)
            )
        {
            return Ok(Standing::Replaced { by: None });
        }
        Ok(Standing::Unknown {
            reason: format!(
                "{}: {} is used since ledger {at} or before, and its history does not show by which transaction",
                self.node.name(),
                slot_text(tracked.slot)
            ),
        })
    }

    /// The transaction that used a slot, newest first; `None` when the pages read do not show it.
    async fn user_of(&self, tracked: &Tracked<'_>) -> Result<Option<(TxId, Standing)>, CarryError> {
        let slot = tracked.slot;
        let mut marker = Value::Null;
        for _ in 0..PAGES_MAX {
            let mut question = json!({
                "account": slot.account,
                "ledger_index_min": -1,
                "ledger_index_max": -1,
                "forward": false,
                "binary": false,
                "limit": ROWS,
            });
            if let (false, Some(fields)) = (marker.is_null(), question.as_object_mut()) {
                fields.insert("marker".to_owned(), marker);
            }
            let mut result = match self.node.rpc.ask("account_tx", question).await? {
                Reply::Found(result) => result,
                Reply::NotFound { .. } => return Ok(None),
            };
            marker = result.remove("marker").unwrap_or_default();
            if let Some(account) = result.get("account").and_then(Value::as_str)
                && account != slot.account
            {
                let error = self
                    .node
                    .client
                    .inconsistent(format!("the history of {account}, who was not asked about"));
                return Err(error.into());
            }
            let answer = Value::Object(result);
            let rows = records(&answer).map_err(|error| self.node.refused(&error.into()))?;
            for row in rows.iter().filter(|row| row.validated != Some(false)) {
                match place_of(row, slot) {
                    Place::Slot => {
                        return Ok(Some(self.node.settled(row, tracked).await?));
                    }
                    // Numbers are used in their order.
                    Place::Before if !slot.is_ticket => return Ok(None),
                    Place::Before | Place::Elsewhere => {}
                }
            }
            if marker.is_null() {
                break;
            }
        }
        Ok(None)
    }
}

enum Place {
    Slot,
    Before,
    Elsewhere,
}

fn place_of(row: &Record<'_>, slot: &Slot) -> Place {
    let account = row.fields.get("Account").and_then(Value::as_str);
    if account != Some(slot.account.as_str()) {
        return Place::Elsewhere;
    }
    let number = |name: &str| row.fields.get(name).and_then(whole);
    match (number("TicketSequence"), number("Sequence")) {
        (Some(ticket), _) if slot.is_ticket && ticket == slot.sequence => Place::Slot,
        (Some(_), _) => Place::Elsewhere,
        (None, Some(sequence)) if !slot.is_ticket && sequence == slot.sequence => Place::Slot,
        (None, Some(sequence)) if sequence < slot.sequence => Place::Before,
        _ => Place::Elsewhere,
    }
}

/// The slot that a transaction used, in words.
fn own_slot(row: &Record<'_>) -> String {
    let account = row.fields.get("Account").and_then(Value::as_str);
    let number = |name: &str| row.fields.get(name).and_then(whole);
    let ticket = number("TicketSequence");
    let sequence = ticket.or_else(|| number("Sequence"));
    account.zip(sequence).map_or_else(
        || "unknown".to_owned(),
        |(account, sequence)| {
            slot_text(&Slot {
                account: account.to_owned(),
                sequence,
                is_ticket: ticket.is_some(),
            })
        },
    )
}

fn slot_text(slot: &Slot) -> String {
    let kind = if slot.is_ticket {
        "ticket"
    } else {
        "sequence number"
    };
    format!("{kind} {} of {}", slot.sequence, slot.account)
}

impl XrplNode {
    /// What a transaction of a validated ledger did, beside its leg. Its id is what its fields make.
    async fn settled(
        &self,
        record: &Record<'_>,
        tracked: &Tracked<'_>,
    ) -> Result<(TxId, Standing), SourceError> {
        let decoded =
            decode(record, &self.settings.network).map_err(|error| self.refused(&error))?;
        let block = match decoded.block() {
            Some(block) => block,
            None => self.block_of(decoded.height, decoded.time).await?,
        };
        let fee = record
            .fields
            .get("Fee")
            .and_then(Money::read)
            .and_then(|money| money.units())
            .map(|units| units.held())
            .ok_or_else(|| self.client.not_protocol("a transaction without its fee"))?;
        let succeeded = decoded.outcome == Outcome::Success;
        let mut deviations = match record.meta.filter(|_| succeeded) {
            Some(meta) => outcome(tracked.leg, record.fields, meta),
            None => Vec::new(),
        };
        // The same payment in another slot is another payment: the one in question can still happen.
        if !matches!(place_of(record, tracked.slot), Place::Slot) {
            deviations.push(Deviation {
                field: SEQUENCE,
                found: own_slot(record),
                approved: slot_text(tracked.slot),
            });
        }
        let inclusion = Inclusion {
            tx_id: decoded.id.clone(),
            block,
            // Validated ledgers never change.
            is_final: true,
            fee,
            deviations,
            signer: decoded
                .signer
                .map_or_else(String::new, |signer| signer.text().to_owned()),
        };
        let standing = if succeeded {
            Standing::Included(inclusion)
        } else {
            Standing::Failed(inclusion)
        };
        Ok((decoded.id, standing))
    }

    /// The ledger of a height; a server that cannot say leaves it known by its number alone.
    async fn block_of(
        &self,
        height: Option<Height>,
        time: Option<recover_core::time::Timestamp>,
    ) -> Result<BlockRef, SourceError> {
        let height = height.ok_or_else(|| {
            self.client
                .inconsistent("a validated transaction in no ledger")
        })?;
        let header = match self.ledger(json!(height.0)).await {
            Ok(header) => header,
            Err(error) if error.advice() == Advice::GiveUp => None,
            Err(error) => return Err(error),
        };
        match (header, time) {
            (Some(header), _) => Ok(header.block),
            (None, Some(time)) => Ok(BlockRef {
                height,
                hash: BlockHash::new(&format!("ledger:{height}")),
                time,
            }),
            (None, None) => Err(self.client.inconsistent("a transaction without a time")),
        }
    }
}
