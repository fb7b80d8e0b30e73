//! Carrying claims over a node: laying out their transactions, building each unsigned, giving signed bytes to the network and
//! saying where they stand.
//!
//! It holds no key. What it builds it checks with [`EvmCheck`] before handing it out, and what it finds on the network it puts
//! together again and compares with the leg.

mod account;
mod build;
mod plan;
mod price;
mod probe;
mod refusal;
mod send;
mod slot;
mod standing;

pub use refusal::REFUSALS;
use refusal::refused;

use crate::check::{EvmCheck, chain_text};
use crate::config::EvmSourceConfig;
use crate::node::EvmNode;
use crate::rpc::RpcCall;
use async_trait::async_trait;
use recover_core::check::Signed;
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned,
};
use recover_source::error::SourceError;
use recover_source::transport::Transport;
use std::sync::Arc;

/// Carries claims over one node.
#[derive(Debug)]
pub struct EvmCarry {
    node: EvmNode,
}

impl EvmCarry {
    /// A carrier over a node behind a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(config: EvmSourceConfig, transport: Arc<dyn Transport>) -> Self {
        Self {
            node: EvmNode::new(config, transport),
        }
    }

    fn rpc(&self) -> &dyn RpcCall {
        self.node.calls()
    }

    fn config(&self) -> &EvmSourceConfig {
        self.node.config()
    }

    /// The chain as legs name it: of the configuration, which the node's own answer was compared with.
    fn chain(&self) -> String {
        chain_text(self.config().chain_id)
    }

    fn check(&self) -> EvmCheck {
        EvmCheck
    }

    fn inconsistent(&self, detail: impl Into<String>) -> SourceError {
        crate::lookup::inconsistent(self.rpc(), detail)
    }
}

#[async_trait]
impl Carry for EvmCarry {
    fn network(&self) -> &NetworkId {
        &self.config().network
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        self.node.check().await?;
        self.lay_out(order).await
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        self.node.check().await?;
        let account = account::parse("account", account)?;
        Ok(self.counts(account).await?.sequence())
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        _now: Timestamp,
        _life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        self.node.check().await?;
        self.build_leg(leg, sequence).await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        self.give(signed).await
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.node.check().await?;
        self.find(tracked).await
    }
}
