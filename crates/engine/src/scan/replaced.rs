//! Deposits that wait for a block and can never get one: another transaction spent what theirs spends, and that is final.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::block::{Height, TxId};
use recover_core::deposit::Origin;
use recover_source::chain::{ChainRead, Lookup};

impl Engine {
    /// Looks after the waiting transactions of a network that keeps outputs. What cannot be told stays as it is: a node that forgot a
    /// transaction proves nothing. Answers how many deposits are replaced.
    pub(super) async fn follow_waiting(
        &self,
        network: &NetworkConfig,
        source: &dyn ChainRead,
        finalized: Height,
    ) -> Result<u64, EngineError> {
        let mut gone: Vec<TxId> = Vec::new();
        for (waiting, inputs) in self.store.waiting(&network.id).await? {
            for outpoint in inputs {
                let spender = match source.spender(&outpoint).await {
                    Ok(Lookup::Found(spender)) if spender.tx_id != waiting => spender,
                    Ok(_) => continue,
                    Err(error) => {
                        tracing::warn!(network = %network.id, %outpoint, %error, "who spends an output could not be read");
                        continue;
                    }
                };
                if spender.height.is_some_and(|height| height <= finalized) {
                    self.store
                        .note_replaced(&network.id, &waiting, &outpoint, &spender.tx_id)
                        .await?;
                    gone.push(waiting);
                    break;
                }
            }
        }
        if gone.is_empty() {
            return Ok(0);
        }
        let gatherer = self.gatherer(network, Some(finalized))?;
        let stored = self
            .store
            .observed_in_transactions(&network.id, &gone)
            .await?;
        let observations = stored
            .into_iter()
            .filter_map(|stored| match stored.deposit.origin {
                Origin::Observed(observation) => Some(observation),
                Origin::Imported(_) => None,
            });
        let judged = gatherer.judge(observations.collect()).await?;
        let deposits = self.deposits_of(network, None, judged).await?;
        Ok(self
            .store
            .update_classifications(deposits, self.now())
            .await?)
    }
}
