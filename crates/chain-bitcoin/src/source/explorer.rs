//! What explorers of this family have in common: whole transactions, and histories with the newest first.

use crate::block::{Dialect, Entry, Role};
use crate::credit::{CreditedOutput, Decoder, Facts, Payer, is_inscribed, outputs_to};
use crate::script::Script;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_core::time::Timestamp;
use recover_source::chain::{AccountPage, Gap, Part, TransactionView};
use recover_source::client::Client;
use recover_source::error::SourceError;

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

/// A transaction that was listed in a block and asked for whole: it must be there, and in that block.
///
/// # Errors
/// [`SourceError::Inconsistent`] when it is not.
pub fn must_stand_in(
    client: &Client,
    id: &str,
    told: Option<Told>,
    hash: &str,
) -> Result<Told, SourceError> {
    let stands = |told: &Told| {
        let block = told.block.as_ref();
        block.is_some_and(|block| block.hash.as_str() == hash)
    };
    told.filter(stands).ok_or_else(|| {
        client.inconsistent(format!(
            "{id} is listed in block {hash} and does not stand there"
        ))
    })
}

/// What reads this network's bytes.
///
/// # Errors
/// [`SourceError::Unsupported`] for a network of another family.
pub fn reading(client: &Client, network: &NetworkId) -> Result<(Decoder, Dialect), SourceError> {
    Decoder::new(network)
        .zip(Dialect::of(network))
        .ok_or_else(|| client.unsupported(format!("the network {network}")))
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
