//! Carrying claims over a node: laying out the one transaction of an output, building its PSBT, giving the signed transaction to the
//! network and saying where it stands.
//!
//! It holds no key and reserves nothing: the slot of a transaction is the output that it spends, and the engine reserves slots. What it
//! builds it checks with [`BitcoinCheck`] before handing it out; what it finds on the network it compares with the leg.

mod draft;
mod explorer;
mod output;
mod send;
mod standing;

pub use explorer::EsploraCarry;

use crate::source::{BitcoinNode, Esplora, node, transport};
use crate::spend::{BitcoinCheck, Rules, SpendRefusal};
use async_trait::async_trait;
use recover_core::check::Signed;
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned, refused,
};
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use std::sync::Arc;

/// Carries claims over one node.
#[derive(Debug)]
pub struct BitcoinCarry {
    node: BitcoinNode,
}

/// Opens what carries claims over a source: all of it over a node, sending and following over Esplora; `None` for other explorers.
/// Nothing is sent and no variable is read before the first question. It has a rate limit of its own, beside that of the source that
/// reads.
///
/// # Errors
/// [`SourceError::Unsupported`] for a source that cannot be opened.
pub fn open_carry(settings: SourceSettings) -> Result<Option<Arc<dyn Carry>>, SourceError> {
    if explorer::is_kind(&settings.kind) {
        let transport = transport(&settings)?;
        return Ok(Some(Arc::new(EsploraCarry::new(Esplora::new(
            settings, transport,
        )))));
    }
    if settings.kind != node::KIND {
        return Ok(None);
    }
    let transport = transport(&settings)?;
    Ok(Some(Arc::new(BitcoinCarry::new(BitcoinNode::new(
        settings, transport,
    )))))
}

fn of_refusal(refusal: &SpendRefusal) -> CarryError {
    refused(refusal.code(), refusal.to_string())
}

impl BitcoinCarry {
    /// What carries claims over this node. Nothing is asked yet.
    #[must_use]
    pub const fn new(node: BitcoinNode) -> Self {
        Self { node }
    }

    /// The rules of its network.
    fn rules(&self) -> Result<&'static Rules, CarryError> {
        Rules::of(self.node.network_id()).ok_or_else(|| {
            refused(
                "other_network",
                format!(
                    "{} is no network of Bitcoin's family",
                    self.node.network_id()
                ),
            )
        })
    }

    /// The CAIP-2 id of its network.
    fn chain(&self) -> String {
        format!("bip122:{}", self.node.settings.chain)
    }

    fn inconsistent(&self, detail: impl Into<String>) -> SourceError {
        self.node.rpc().client().inconsistent(detail)
    }
}

#[async_trait]
impl Carry for BitcoinCarry {
    fn network(&self) -> &NetworkId {
        self.node.network_id()
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        self.node.check().await?;
        Ok(vec![self.lay_out(order).await?])
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        self.node.check().await?;
        self.place_of(account).await
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        _now: Timestamp,
        _life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        self.node.check().await?;
        self.write(leg, sequence).await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        self.give(signed).await
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.node.check().await?;
        self.find(tracked).await
    }
}

/// The checking half, which is the same for all networks of the family.
const CHECK: BitcoinCheck = BitcoinCheck;
