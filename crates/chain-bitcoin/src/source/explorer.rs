//! What explorers of this family have in common: whole transactions, and histories with the newest first.

use super::identity;
use crate::block::{Dialect, Entry, Role};
use crate::credit::{CreditedOutput, Decoder, Facts, Payer, is_inscribed, outputs_to};
use crate::script::Script;
use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use recover_core::address::Payload;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::WatchSet;
use recover_core::observation::Observation;
use recover_core::time::Timestamp;
use recover_source::chain::{
    AccountPage, Capabilities, Gap, Head, Header, Lookup, Part, TransactionView,
};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;

/// A transaction as an explorer told it.
pub struct Told {
    /// Its id.
    pub id: TxId,
    /// What it does.
    pub entry: Entry,
    /// Who paid.
    pub payer: Payer,
    /// Its block; `None` while it waits for one.
    pub block: Option<BlockRef>,
}

impl Told {
    fn facts(&self) -> Facts<'_> {
        Facts {
            id: &self.id,
            block: self.block.as_ref(),
            payer: match self.entry.role {
                Role::Coinbase => Payer::Block,
                Role::HogEx => Payer::Unknown,
                Role::Payment => self.payer,
            },
            is_inscribed: is_inscribed(&self.entry.transaction),
        }
    }

    /// The credits to wanted scripts, in the order of the outputs.
    pub fn credits(
        &self,
        decoder: &Decoder,
        is_wanted: impl Fn(&Script) -> bool,
    ) -> Vec<Observation> {
        let outputs: Vec<CreditedOutput> = outputs_to(&self.entry.transaction, is_wanted);
        let facts = self.facts();
        let outputs = outputs.iter();
        outputs
            .filter_map(|output| decoder.credit(&facts, output))
            .collect()
    }

    /// The whole of it.
    pub fn view(&self, decoder: &Decoder) -> TransactionView {
        self.facts().view(decoder, &self.entry.transaction)
    }
}

/// Requests under way at once.
pub const AT_ONCE: usize = 3;

/// What an explorer is asked by heights and ids, and what follows from its answers whichever explorer it is.
#[async_trait]
pub trait Explorer: Send + Sync {
    /// What it asks through.
    fn explorer(&self) -> &Client;

    /// What it was opened with.
    fn settings(&self) -> &SourceSettings;

    /// The hash of the block at a height of the best chain; `None` above the tip.
    async fn hash_at(&self, height: Height) -> Result<Option<String>, SourceError>;

    /// What it answers to the question for a transaction; `None` where it knows none of this id. [`Explorer::told`] looks whether it
    /// is the one that was asked for.
    async fn answered(&self, id: &str) -> Result<Option<Told>, SourceError>;

    /// A transaction; `None` where it knows none of this id.
    ///
    /// # Errors
    /// [`SourceError::Inconsistent`] for another transaction than that.
    async fn told(&self, id: &str) -> Result<Option<Told>, SourceError> {
        let told = self.answered(id).await?;
        if told.as_ref().is_some_and(|told| told.id.as_str() != id) {
            let detail = format!("another transaction than {id}");
            return Err(self.explorer().inconsistent(detail));
        }
        Ok(told)
    }

    /// What reads its network's bytes.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] for a network of another family.
    fn reading(&self) -> Result<(Decoder, Dialect), SourceError> {
        let network = &self.settings().network;
        Decoder::new(network)
            .zip(Dialect::of(network))
            .ok_or_else(|| {
                self.explorer()
                    .unsupported(format!("the network {network}"))
            })
    }

    /// Whether it follows the chain that it should.
    async fn follows_chain(&self) -> Result<(), SourceError> {
        let settings = self.settings();
        for (height, hash) in identity::landmarks(&settings.network, &settings.chain) {
            let found = self.hash_at(Height(height)).await?;
            identity::compare(self.explorer(), &settings.chain, height, &hash, found)?;
        }
        Ok(())
    }

    /// The hashes of the blocks at heights of the best chain, in order, asked one by one.
    async fn hashes_between(
        &self,
        from: Height,
        to: Height,
    ) -> Result<Vec<(Height, String)>, SourceError> {
        stream::iter((from.0..=to.0).map(Height))
            .map(|height| async move {
                let hash = self.hash_at(height).await?.ok_or_else(|| {
                    let detail = format!("block {height} went while the range was read");
                    self.explorer().inconsistent(detail)
                })?;
                Ok((height, hash))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// A transaction that was listed in a block and asked for whole: it must be there, and in that block.
    async fn told_in(&self, id: String, hash: &str) -> Result<Told, SourceError> {
        let told = self.told(&id).await?;
        let stands = |told: &Told| {
            let block = told.block.as_ref();
            block.is_some_and(|block| block.hash.as_str() == hash)
        };
        told.filter(stands).ok_or_else(|| {
            self.explorer().inconsistent(format!(
                "{id} is listed in block {hash} and does not stand there"
            ))
        })
    }

    /// The credits to watched scripts of transactions that are listed in a block, each asked for whole.
    async fn credits_listed(
        &self,
        ids: Vec<String>,
        hash: &str,
        watch: &dyn WatchSet,
    ) -> Result<Vec<Observation>, SourceError> {
        let (decoder, _) = self.reading()?;
        let told: Vec<Told> = stream::iter(ids)
            .map(|id| self.told_in(id, hash))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let is_ours = |script: &Script| watch.contains(&Payload::from(*script));
        let told = told.iter();
        Ok(told
            .flat_map(|told| told.credits(&decoder, is_ours))
            .collect())
    }

    /// A transaction as whoever looks it up wants it. Only an explorer of the operator's own proves that there is none.
    async fn looked_up(&self, id: &str) -> Result<Lookup<TransactionView>, SourceError> {
        let (decoder, _) = self.reading()?;
        Ok(match self.told(id).await? {
            Some(told) => Lookup::Found(told.view(&decoder)),
            None if self.settings().proves_absence => Lookup::Absent,
            None => Lookup::Unknown {
                reason: format!("{} does not know it", self.explorer().origin()),
            },
        })
    }

    /// What an explorer can answer: blocks and histories, and of what it does not find as much as its settings say.
    fn abilities(&self) -> Capabilities {
        Capabilities {
            scan: Part::ALL.iter().copied().collect(),
            history: Part::ALL.iter().copied().collect(),
            accounts: true,
            state_at_height: false,
            proves_absence: self.settings().proves_absence,
        }
    }

    /// The tip, with what is final below it by the operator's rule.
    fn head_at(&self, latest: Header) -> Head {
        let finalized = latest
            .block
            .height
            .0
            .checked_sub(self.settings().confirmations);
        Head {
            latest,
            finalized: finalized.map(Height),
        }
    }
}

/// A block as an explorer names it.
///
/// # Errors
/// [`SourceError::Inconsistent`] for a time that is none.
pub fn block_ref(
    client: &Client,
    height: u64,
    hash: &str,
    seconds: u64,
) -> Result<BlockRef, SourceError> {
    Ok(BlockRef {
        height: Height(height),
        hash: BlockHash::new(hash),
        time: Timestamp::from_seconds(seconds)
            .ok_or_else(|| client.inconsistent(format!("the time of block {height}")))?,
    })
}

/// A history that was collected with the newest first, as one page with the oldest first. `unread` are heights below what was read.
pub fn whole_history(
    decoder: &Decoder,
    script: &Script,
    range: HeightRange,
    newest_first: Vec<Told>,
    unread: Option<(HeightRange, String)>,
) -> AccountPage {
    let mut observations = Vec::new();
    for told in newest_first.into_iter().rev() {
        let is_inside = told
            .block
            .as_ref()
            .is_some_and(|block| range.contains(block.height));
        if is_inside {
            observations.extend(told.credits(decoder, |found| found == script));
        }
    }
    AccountPage {
        observations,
        through: Some(range.to()),
        next: None,
        gaps: unread
            .into_iter()
            .flat_map(|(range, reason)| {
                Gap::of_parts(range, Part::ALL, &reason).collect::<Vec<_>>()
            })
            .collect(),
    }
}

/// The heights of a range that a history with the newest first did not reach, when its last read transaction stands at a height.
pub fn below(range: HeightRange, reached: Option<Height>) -> Option<HeightRange> {
    // More of the same block may follow.
    HeightRange::new(range.from(), reached?.min(range.to()))
}
