//! Packages, the slots that they hold, and receipts, as rows and back.

use crate::error::{StoreError, is_duplicate};
use crate::sql::{RowOf, Tx, json, values};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::check::{Signed, Slot};
use recover_core::claim::{Booking, Claim, Command, Package, Receipt, Sighting};
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, Step};
use recover_core::time::Timestamp;
use recover_core::wire::{InstructionJson, LegJson};
use serde::{Deserialize, Serialize};

pub(crate) const COLUMNS: &str = "package.claim_id AS claim_id, package.attempt AS attempt, package.revision AS revision, step,
    package.network AS network, leg, bytes, slot_account, slot_sequence, slot_is_ticket, prepared_by, prepared_at, expires_at,
    valid_until, valid_through, signed, unsigned, signer, signer_key, signed_tx_id, tx_id, block_height, block_hash, block_time,
    package.state AS state";

/// Where a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageState {
    /// It is out, or built.
    Live,
    /// Its step came to an end: it is final, it failed, or the ledger booked it.
    Finished,
    /// It can never happen, or was taken back before it was handed out.
    Dropped,
}

impl PackageState {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Finished => "finished",
            Self::Dropped => "dropped",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Live, Self::Finished, Self::Dropped]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// A package as it is kept, live or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPackage {
    /// The package.
    pub package: Package,
    /// The revision of the claim that it was built for.
    pub revision: u32,
    /// The network of its transaction, or of the claim's asset where it holds instructions.
    pub network: NetworkId,
    /// The leg that it carries out; `None` for instructions.
    pub leg: Option<Leg>,
    /// Who built it.
    pub prepared_by: String,
    /// Where it stands.
    pub state: PackageState,
}

/// The leg that a JSON column holds.
pub(crate) fn leg(row: &RowOf<'_>) -> Result<Option<Leg>, StoreError> {
    if row.text_or_null("leg")?.is_none() {
        return Ok(None);
    }
    let json: LegJson = row.json("leg")?;
    json.read()
        .map(Some)
        .map_err(|error| row.bad("leg", &error.to_string()))
}

pub(crate) fn package(row: &RowOf<'_>) -> Result<Package, StoreError> {
    let slot = match (
        row.text_or_null("slot_account")?,
        row.number_or_null("slot_sequence")?,
        row.number_or_null::<i64>("slot_is_ticket")?,
    ) {
        (Some(account), Some(sequence), Some(is_ticket)) => Some(Slot {
            account,
            sequence,
            is_ticket: is_ticket != 0,
        }),
        _ => None,
    };
    let signed = match (
        row.bytes_or_null("signed")?,
        row.bytes_or_null("unsigned")?,
        row.text_or_null("signer")?,
        row.text_or_null("signed_tx_id")?,
    ) {
        (Some(bytes), Some(unsigned), Some(signer), Some(tx_id)) => Some(Signed {
            bytes,
            unsigned,
            signer,
            signer_key: row.text_or_null("signer_key")?,
            tx_id: TxId::new(&tx_id),
        }),
        _ => None,
    };
    let block = match (
        row.height_or_null("block_height")?,
        row.text_or_null("block_hash")?,
        row.time_or_null("block_time")?,
    ) {
        (Some(height), Some(hash), Some(time)) => Some(BlockRef {
            height,
            hash: BlockHash::new(&hash),
            time,
        }),
        _ => None,
    };
    Ok(Package {
        step: row.number("step")?,
        attempt: row.number("attempt")?,
        bytes: row.bytes("bytes")?,
        slot,
        prepared_at: row.time("prepared_at")?,
        expires_at: row.time("expires_at")?,
        valid_until: row.time_or_null("valid_until")?,
        valid_through: row.height_or_null("valid_through")?,
        signed,
        tx_id: row.text_or_null("tx_id")?.map(|id| TxId::new(&id)),
        block,
    })
}

pub(crate) fn stored_package(row: &RowOf<'_>) -> Result<StoredPackage, StoreError> {
    Ok(StoredPackage {
        package: package(row)?,
        revision: row.number("revision")?,
        network: row.network("network")?,
        leg: leg(row)?,
        prepared_by: row.text("prepared_by")?,
        state: row.parsed("state", PackageState::from_code)?,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockJson {
    height: u64,
    hash: String,
    /// Microseconds since 1970, UTC.
    time: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BookingJson {
    instruction: String,
    entry: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ReceiptJson {
    Sent {
        leg: Box<LegJson>,
        tx_id: String,
        block: BlockJson,
        fee: String,
        succeeded: bool,
    },
    Booked {
        instructions: Vec<InstructionJson>,
        bookings: Vec<BookingJson>,
    },
}

fn receipt_text(receipt: &Receipt) -> String {
    json(&match receipt {
        Receipt::Sent {
            leg,
            tx_id,
            block,
            fee,
            succeeded,
        } => ReceiptJson::Sent {
            leg: Box::new(LegJson::of(leg)),
            tx_id: tx_id.as_str().to_owned(),
            block: BlockJson {
                height: block.height.0,
                hash: block.hash.as_str().to_owned(),
                time: block.time.as_micros(),
            },
            fee: fee.to_base_units(),
            succeeded: *succeeded,
        },
        Receipt::Booked {
            instructions,
            bookings,
        } => ReceiptJson::Booked {
            instructions: instructions.iter().map(InstructionJson::of).collect(),
            bookings: bookings
                .iter()
                .map(|booking| BookingJson {
                    instruction: booking.instruction.clone(),
                    entry: booking.entry.clone(),
                })
                .collect(),
        },
    })
}

pub(crate) fn receipt(row: &RowOf<'_>) -> Result<Receipt, StoreError> {
    let unreadable = |error: &dyn std::fmt::Display| row.bad("body", &error.to_string());
    Ok(match row.json("body")? {
        ReceiptJson::Sent {
            leg,
            tx_id,
            block,
            fee,
            succeeded,
        } => Receipt::Sent {
            leg: leg.read().map_err(|error| unreadable(&error))?,
            tx_id: TxId::new(&tx_id),
            block: BlockRef {
                height: Height(block.height),
                hash: BlockHash::new(&block.hash),
                time: Timestamp::from_micros(block.time),
            },
            fee: Amount::from_base_units(&fee).map_err(|error| unreadable(&error))?,
            succeeded,
        },
        ReceiptJson::Booked {
            instructions,
            bookings,
        } => Receipt::Booked {
            instructions: instructions
                .iter()
                .map(InstructionJson::read)
                .collect::<Result<_, _>>()
                .map_err(|error| unreadable(&error))?,
            bookings: bookings
                .into_iter()
                .map(|booking| Booking {
                    instruction: booking.instruction,
                    entry: booking.entry,
                })
                .collect(),
        },
    })
}

fn whole(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Unstorable {
        what: "a sequence or a height",
        problem: "it is above 2^63 - 1: the source is wrong",
    })
}

/// Whether another live package holds the slot.
pub(crate) enum Written {
    Yes,
    SlotTaken,
}

/// Writes what a step did to the claim's packages, slots and receipts.
pub(crate) async fn write(
    tx: &mut Tx,
    claim: &Claim,
    next: &Claim,
    command: &Command,
    actor: &str,
    now: Timestamp,
) -> Result<Written, StoreError> {
    for (index, receipt) in next.execution.receipts.iter().enumerate() {
        if index < claim.execution.receipts.len() {
            continue;
        }
        let tx_id = match receipt {
            Receipt::Sent { tx_id, .. } => Some(tx_id),
            Receipt::Booked { .. } => None,
        };
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        tx.run(
            "INSERT INTO receipt (claim_id, number, tx_id, body, received_at) VALUES ($1, $2, $3, $4, $5)",
            values![next.id.as_str(), number, tx_id, receipt_text(receipt), now],
        )
        .await?;
    }
    let (before, after) = (&claim.execution.package, &next.execution.package);
    if let (Some(old), None) = (before, after) {
        let is_finished = next.execution.receipts.len() > claim.execution.receipts.len();
        let state = if is_finished {
            PackageState::Finished
        } else {
            PackageState::Dropped
        };
        tx.run(
            "UPDATE package SET state = $1 WHERE claim_id = $2 AND attempt = $3",
            values![state.code(), next.id.as_str(), old.attempt],
        )
        .await?;
    }
    match after {
        Some(new) if before.as_ref().is_none_or(|old| old.attempt != new.attempt) => {
            insert(tx, next, new, actor).await?;
            if let Some(slot) = &new.slot
                && let Written::SlotTaken = reserve(tx, next, new, slot, now).await?
            {
                return Ok(Written::SlotTaken);
            }
        }
        Some(new) if before.as_ref() != Some(new) => update(tx, next, new).await?,
        _ => {}
    }
    if let Some(old) = before
        && let Some(state) = slot_after(next, command)
    {
        tx.run(
            "UPDATE reservation SET state = $1, ended_at = $2 WHERE claim_id = $3 AND attempt = $4 AND state = 'live'",
            values![state, now, next.id.as_str(), old.attempt],
        )
        .await?;
    }
    Ok(Written::Yes)
}

/// What becomes of the slot of the package that was live: used where a transaction took it, free where none ever can.
fn slot_after(next: &Claim, command: &Command) -> Option<&'static str> {
    match command {
        Command::Sight(
            Sighting::Final { .. }
            | Sighting::Failed { .. }
            | Sighting::Replaced { .. }
            | Sighting::Different { .. },
        ) => Some("used"),
        _ if next.execution.package.is_none() => Some("freed"),
        _ => None,
    }
}

fn leg_of(claim: &Claim, package: &Package) -> Option<Leg> {
    let step = usize::try_from(package.step).ok()?;
    match claim.plan.as_ref()?.steps.get(step)? {
        Step::Send(leg) => Some(leg.as_ref().clone()),
        Step::Instruct(_) => None,
    }
}

async fn insert(
    tx: &mut Tx,
    claim: &Claim,
    package: &Package,
    actor: &str,
) -> Result<(), StoreError> {
    let leg = leg_of(claim, package);
    let network = leg
        .as_ref()
        .map_or(&claim.asset.network, |leg| &leg.network);
    let slot = package.slot.as_ref();
    tx.run(
        "INSERT INTO package (claim_id, attempt, revision, step, network, leg, bytes, slot_account, slot_sequence,
            slot_is_ticket, prepared_by, prepared_at, expires_at, valid_until, valid_through, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'live')",
        values![
            claim.id.as_str(),
            package.attempt,
            claim.revision,
            package.step,
            network,
            leg.as_ref().map(|leg| json(&LegJson::of(leg))),
            package.bytes.clone(),
            slot.map(|slot| slot.account.as_str()),
            slot.map(|slot| whole(slot.sequence)).transpose()?,
            slot.map(|slot| slot.is_ticket),
            actor,
            package.prepared_at,
            package.expires_at,
            package.valid_until,
            package
                .valid_through
                .map(|height| whole(height.0))
                .transpose()?
        ],
    )
    .await?;
    Ok(())
}

async fn update(tx: &mut Tx, claim: &Claim, package: &Package) -> Result<(), StoreError> {
    let (signed, block) = (package.signed.as_ref(), package.block.as_ref());
    tx.run(
        "UPDATE package SET expires_at = $1, signed = $2, unsigned = $3, signer = $4, signer_key = $5, signed_tx_id = $6,
            tx_id = $7, block_height = $8, block_hash = $9, block_time = $10,
            revision = $13, prepared_at = $14 WHERE claim_id = $11 AND attempt = $12",
        values![
            package.expires_at,
            signed.map(|signed| signed.bytes.clone()),
            signed.map(|signed| signed.unsigned.clone()),
            signed.map(|signed| signed.signer.as_str()),
            signed.and_then(|signed| signed.signer_key.as_deref()),
            signed.map(|signed| &signed.tx_id),
            package.tx_id.as_ref(),
            block.map(|block| whole(block.height.0)).transpose()?,
            block.map(|block| &block.hash),
            block.map(|block| block.time),
            claim.id.as_str(),
            package.attempt,
            claim.revision,
            package.prepared_at
        ],
    )
    .await?;
    Ok(())
}

async fn reserve(
    tx: &mut Tx,
    claim: &Claim,
    package: &Package,
    slot: &Slot,
    now: Timestamp,
) -> Result<Written, StoreError> {
    let leg = leg_of(claim, package);
    let network = leg
        .as_ref()
        .map_or(&claim.asset.network, |leg| &leg.network);
    let inserted = tx
        .run(
            "INSERT INTO reservation (claim_id, attempt, network, account, sequence, is_ticket, state, reserved_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'live', $7)",
            values![
                claim.id.as_str(),
                package.attempt,
                network,
                &slot.account,
                whole(slot.sequence)?,
                slot.is_ticket,
                now
            ],
        )
        .await;
    match inserted {
        Ok(_) => Ok(Written::Yes),
        // The database's own rule: no slot is given out twice.
        Err(error) if is_duplicate(&error) => Ok(Written::SlotTaken),
        Err(error) => Err(error),
    }
}

/// An asset as text for columns that hold its display form.
pub(crate) fn asset(row: &RowOf<'_>) -> Result<AssetId, StoreError> {
    row.parsed("asset", AssetId::parse)
}
