//! Slots that packages hold, transactions of our own, and the feed of both for the exchange's other programs.

use crate::claims::packages;
use crate::error::StoreError;
use crate::sql::{Row, values};
use crate::store::Store;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::audit::Head;
use recover_core::block::TxId;
use recover_core::check::Slot;
use recover_core::claim::ClaimId;
use recover_core::network::NetworkId;
use recover_core::plan::LegKind;
use recover_core::time::Timestamp;
use std::collections::BTreeSet;

/// A slot that a package holds: another program that uses it makes one of the two transactions impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The network.
    pub network: NetworkId,
    /// The slot.
    pub slot: Slot,
    /// The claim.
    pub claim: ClaimId,
    /// Which package of the claim, from 1.
    pub attempt: u32,
    /// The address of the claim's deposit, as the network writes it.
    pub deposit_address: String,
    /// Since when.
    pub reserved_at: Timestamp,
}

/// A transaction that a claim of ours made, or will make once it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTransaction {
    /// Its id.
    pub tx_id: TxId,
    /// The claim.
    pub claim: ClaimId,
    /// Which package of the claim, from 1.
    pub attempt: u32,
    /// What it is for.
    pub kind: LegKind,
    /// The account that signs it.
    pub signer: String,
    /// Who receives the amount.
    pub recipient: String,
    /// What is moved.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
    /// Whether the package is still out.
    pub is_live: bool,
}

impl OwnTransaction {
    /// Whether it only gives an address the coin that the next transaction needs.
    #[must_use]
    pub const fn is_top_up(&self) -> bool {
        matches!(self.kind, LegKind::GasTopUp)
    }
}

/// What the exchange's own programs must know, so that they leave our slots alone and take our top-ups for no deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Slots that are held, by network, account and sequence.
    pub reservations: Vec<Reservation>,
    /// Top-ups that were signed, by network and id.
    pub top_ups: Vec<(NetworkId, OwnTransaction)>,
    /// The end of the log at this time.
    pub head: Option<Head>,
}

const RESERVATION: &str = "SELECT reservation.claim_id AS claim_id, reservation.attempt AS attempt,
        reservation.network AS network, reservation.account AS account, reservation.sequence AS sequence,
        reservation.is_ticket AS is_ticket, reservation.reserved_at AS reserved_at, deposit.to_text AS to_text
    FROM reservation JOIN claim ON claim.id = reservation.claim_id JOIN deposit ON deposit.id = claim.deposit_id
    WHERE reservation.state = 'live'";

const BY_SLOT: &str = "ORDER BY reservation.network, reservation.account, reservation.is_ticket, reservation.sequence";

fn reservation(row: &Row) -> Result<Reservation, StoreError> {
    let row = row.of("reservation", "claim_id");
    Ok(Reservation {
        network: row.network("network")?,
        slot: Slot {
            account: row.text("account")?,
            sequence: row.number("sequence")?,
            is_ticket: row.flag("is_ticket")?,
        },
        claim: ClaimId::verbatim(&row.text("claim_id")?),
        attempt: row.number("attempt")?,
        deposit_address: row.text("to_text")?,
        reserved_at: row.time("reserved_at")?,
    })
}

/// One package under each of the ids that it is known by.
fn own(row: &Row) -> Result<Vec<(NetworkId, OwnTransaction)>, StoreError> {
    let row = row.of("package", "claim_id");
    let Some(leg) = packages::leg(&row)? else {
        return Ok(Vec::new());
    };
    let mut ids = Vec::new();
    for column in ["signed_tx_id", "tx_id"] {
        if let Some(id) = row.text_or_null(column)?
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids.into_iter()
        .map(|id| {
            let transaction = OwnTransaction {
                tx_id: TxId::new(&id),
                claim: ClaimId::verbatim(&row.text("claim_id")?),
                attempt: row.number("attempt")?,
                kind: leg.kind,
                signer: leg.signer.clone(),
                recipient: leg.recipient.clone(),
                asset: leg.asset.clone(),
                amount: leg.amount,
                is_live: row.text("state")? == "live",
            };
            Ok((row.network("network")?, transaction))
        })
        .collect()
}

impl Store {
    /// The slots that packages hold on a network, by account and sequence.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reservations(&self, network: &NetworkId) -> Result<Vec<Reservation>, StoreError> {
        let sql = format!("{RESERVATION} AND reservation.network = $1 {BY_SLOT}");
        let rows = self.db.rows(&sql, values![network]).await?;
        rows.iter().map(reservation).collect()
    }

    /// The highest sequence of an account that a package holds or used, tickets aside; `None` where none ever did. A lower one may
    /// have been freed since: the network waits for it first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn highest_reserved(
        &self,
        network: &NetworkId,
        account: &str,
    ) -> Result<Option<u64>, StoreError> {
        let row = self
            .db
            .row(
                "SELECT MAX(sequence) AS sequence FROM reservation
                 WHERE network = $1 AND account = $2 AND is_ticket = 0 AND state <> 'freed'",
                values![network, account],
            )
            .await?;
        match row {
            None => Ok(None),
            Some(row) => row.of("reservation", "sequence").number_or_null("sequence"),
        }
    }

    /// The accounts that ever had a slot reserved on a network: whoever signs transactions of our claims is ours.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn own_accounts(&self, network: &NetworkId) -> Result<BTreeSet<String>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT DISTINCT account FROM reservation WHERE network = $1 ORDER BY account",
                values![network],
            )
            .await?;
        rows.iter()
            .map(|row| row.of("reservation", "account").text("account"))
            .collect()
    }

    /// The transactions of our own on a network that are known by an id: what they move is no deposit.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn own_transactions(
        &self,
        network: &NetworkId,
    ) -> Result<Vec<OwnTransaction>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT claim_id, attempt, network, leg, signed_tx_id, tx_id, state FROM package
                 WHERE network = $1 AND leg IS NOT NULL AND (signed_tx_id IS NOT NULL OR tx_id IS NOT NULL)
                 ORDER BY claim_id, attempt",
                values![network],
            )
            .await?;
        let mut found = Vec::new();
        for row in &rows {
            found.extend(own(row)?.into_iter().map(|(_, transaction)| transaction));
        }
        Ok(found)
    }

    /// What the exchange's other programs must know of every network.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feed(&self) -> Result<Feed, StoreError> {
        let head = self.log_head().await?;
        let rows = self
            .db
            .rows(&format!("{RESERVATION} {BY_SLOT}"), vec![])
            .await?;
        let reservations = rows.iter().map(reservation).collect::<Result<_, _>>()?;
        let rows = self
            .db
            .rows(
                "SELECT claim_id, attempt, network, leg, signed_tx_id, tx_id, state FROM package
                 WHERE leg IS NOT NULL AND (signed_tx_id IS NOT NULL OR tx_id IS NOT NULL)
                 ORDER BY network, claim_id, attempt",
                vec![],
            )
            .await?;
        let mut top_ups = Vec::new();
        for row in &rows {
            top_ups.extend(own(row)?.into_iter().filter(|(_, one)| one.is_top_up()));
        }
        Ok(Feed {
            reservations,
            top_ups,
            head,
        })
    }
}
