//! Esplora beside a node: it passes signed transactions on, and says who spends an output. It lays nothing out and builds nothing: what it
//! says of an output that is there is not enough to spend by.

use super::draft::terms;
use super::output::outpoint;
use super::standing::{inclusion, others, taken, too_many, unknown};
use super::{CHECK, send};
use crate::source::explorer::Explorer as _;
use crate::source::{Esplora, esplora};
use async_trait::async_trait;
use recover_core::block::{Height, TxId};
use recover_core::check::{Check as _, Signed};
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use recover_source::chain::{ChainRead, Lookup};
use recover_source::error::SourceError;
use std::collections::BTreeMap;

/// Passes transactions on to one Esplora server, and asks it where they stand.
#[derive(Debug)]
pub struct EsploraCarry {
    esplora: Esplora,
}

impl EsploraCarry {
    /// What asks this server. Nothing is asked yet.
    #[must_use]
    pub const fn new(esplora: Esplora) -> Self {
        Self { esplora }
    }

    fn chain(&self) -> String {
        format!("bip122:{}", self.esplora.settings().chain)
    }

    fn by_a_node(&self, what: &str) -> CarryError {
        CarryError::Source(SourceError::Unsupported {
            origin: self.esplora.name().to_owned(),
            what: format!(
                "{what}, for which a node ({}) is needed",
                crate::source::node::KIND
            ),
        })
    }

    /// What stands in a block or waits under an id, beside the leg; `None` where the server does not know it.
    async fn by_id(
        &self,
        id: &TxId,
        tracked: &Tracked<'_>,
        finalized: Option<Height>,
    ) -> Result<Option<Standing>, CarryError> {
        let Some(told) = self.esplora.told(id.as_str()).await? else {
            return Ok(None);
        };
        let Some(block) = told.block.clone() else {
            return Ok(Some(Standing::Pending { tx_id: id.clone() }));
        };
        let terms = terms(tracked.leg, self.network(), &self.chain())?;
        let transaction = &told.entry.transaction;
        let Some(wanted) = others(&terms, transaction) else {
            return Ok(Some(unknown(too_many(id, transaction))));
        };
        let mut made = BTreeMap::new();
        for other in wanted {
            let Some(told) = self.esplora.told(&other.to_string()).await? else {
                return Ok(Some(unknown(too_many(id, transaction))));
            };
            made.insert(other, told.entry.transaction);
        }
        let is_final = finalized.is_some_and(|newest| newest >= block.height);
        let standing = match taken(&terms, transaction, &made) {
            Ok(taken) => Standing::Included(inclusion(
                id.clone(),
                transaction,
                block,
                is_final,
                &terms,
                taken,
            )),
            Err(detail) => unknown(format!("{}: {detail}", self.esplora.name())),
        };
        Ok(Some(standing))
    }

    async fn find(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let terms = terms(tracked.leg, self.network(), &self.chain())?;
        if outpoint(&tracked.slot.account)? != terms.outpoint {
            return Ok(unknown("the slot is not the output of the leg"));
        }
        // Before the rest: what is final by this tip was final when the rest was read.
        let finalized = self.esplora.head().await?.finalized;
        if let Some(id) = tracked.tx_id
            && let Some(standing) = self.by_id(id, tracked, finalized).await?
        {
            return Ok(standing);
        }
        let spender = match self.esplora.spender(&tracked.slot.account).await? {
            Lookup::Found(spender) => spender,
            // That it says so proves nothing either way.
            Lookup::Absent | Lookup::Unknown { .. } => return Ok(Standing::NotSeen),
        };
        let id = &spender.tx_id;
        match (tracked.tx_id, spender.height) {
            (Some(known), Some(height)) if known != id => {
                Ok(if finalized.is_some_and(|newest| newest >= height) {
                    Standing::Replaced {
                        by: Some(id.clone()),
                    }
                } else {
                    unknown(format!(
                        "{id} in block {height} spends the same output, and that is not final yet"
                    ))
                })
            }
            (None, Some(_)) => Ok(self
                .by_id(id, tracked, finalized)
                .await?
                .unwrap_or_else(|| unknown(format!("{id} spends it and is not known")))),
            (_, None) => Ok(unknown(format!(
                "{id} waits and spends the same output; which transaction is mined is not known yet"
            ))),
            (Some(known), Some(_)) => Ok(unknown(format!(
                "{known} spends it and is not known: it may still be indexing"
            ))),
        }
    }
}

#[async_trait]
impl Carry for EsploraCarry {
    fn network(&self) -> &NetworkId {
        &self.esplora.settings().network
    }

    async fn plan(&self, _order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        Err(self.by_a_node("laying out a transaction"))
    }

    async fn sequence(&self, _account: &str) -> Result<Sequence, CarryError> {
        Err(self.by_a_node("saying whether an output is there"))
    }

    async fn build(
        &self,
        _leg: &Leg,
        _sequence: u64,
        _now: Timestamp,
        _life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        Err(self.by_a_node("building a transaction"))
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let origin = self.esplora.name().to_owned();
        let reason = |error: SourceError| Sending::Unknown {
            reason: error.to_string(),
        };
        // A server of another chain refuses it, and for good as it seems.
        if let Err(error) = self.esplora.check().await {
            return reason(error);
        }
        let opened = match CHECK.open(&self.chain(), &signed.unsigned, &signed.bytes) {
            Ok(opened) => opened,
            Err(error) => {
                return Sending::Refused {
                    reason: error.to_string(),
                };
            }
        };
        let digits = hex::encode(&opened.bytes);
        match self.esplora.send_transaction(&digits).await {
            Ok(id) if id == opened.tx_id.as_str() => Sending::Accepted { by: vec![origin] },
            Ok(id) => Sending::Unknown {
                reason: format!("{origin} took it under another id, {id}: look it up"),
            },
            // The server repeats its node's words, and the node's code among them.
            Err(SourceError::Refused { detail, .. }) => send::meaning(&origin, None, &detail),
            Err(error) => reason(error),
        }
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.esplora.check().await?;
        match self.find(tracked).await {
            Err(CarryError::Source(
                error @ (SourceError::Inconsistent { .. } | SourceError::NotKept { .. }),
            )) => Ok(unknown(error.to_string())),
            found => found,
        }
    }
}

/// Whether a kind of source can do this half.
pub(super) fn is_kind(kind: &str) -> bool {
    kind == esplora::KIND
}
