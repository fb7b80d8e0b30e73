//! A block's raw bytes, whoever gave them: its header, and the transactions that credit a watched address.

use crate::block::{BlockError, BlockReader, Dialect, Entry};
use crate::credit::{CreditedOutput, outputs_to};
use crate::script::Script;
use recover_core::address::Payload;
use recover_core::block::{BlockHash, BlockRef, Height};
use recover_core::book::WatchSet;
use recover_core::time::Timestamp;
use recover_source::chain::Header;
use recover_source::client::Client;
use recover_source::error::SourceError;

/// A transaction with outputs to watched addresses.
pub struct Hit {
    /// The transaction.
    pub entry: Entry,
    /// Its id.
    pub id: String,
    /// Those outputs.
    pub outputs: Vec<CreditedOutput>,
}

/// Reads one block that was asked for by its hash.
///
/// # Errors
/// [`SourceError::Inconsistent`] for another block; [`SourceError::Unsupported`] for bytes that cannot be read.
pub fn block(
    client: &Client,
    dialect: Dialect,
    height: Height,
    hash: &str,
    bytes: &[u8],
    watch: &dyn WatchSet,
) -> Result<(Header, Vec<Hit>), SourceError> {
    let unreadable = |error: BlockError| {
        client.unsupported(format!(
            "block {hash} in a form that is known here ({error}); use another source"
        ))
    };
    let mut reader = BlockReader::new(bytes, dialect).map_err(unreadable)?;
    if reader.hash().is_some_and(|found| found != hash) {
        return Err(client.inconsistent(format!("another block than {hash}")));
    }
    let header = Header {
        block: BlockRef {
            height,
            hash: BlockHash::new(hash),
            time: Timestamp::from_seconds(reader.header().time.into())
                .ok_or_else(|| client.inconsistent(format!("the time of block {height}")))?,
        },
        parent: BlockHash::new(&reader.header().prev_blockhash.to_string()),
    };
    let hits = hits(&mut reader, watch).map_err(unreadable)?;
    Ok((header, hits))
}

/// The transactions of a block that credit a watched address, in order.
fn hits(reader: &mut BlockReader<'_>, watch: &dyn WatchSet) -> Result<Vec<Hit>, BlockError> {
    let mut hits = Vec::new();
    let is_ours = |script: &Script| watch.contains(&Payload::from(*script));
    while let Some(entry) = reader.next_paying(is_ours)? {
        let outputs = outputs_to(&entry.transaction, is_ours);
        // In a block every transaction tells its id.
        if let Some(id) = entry.id() {
            hits.push(Hit {
                id: id.to_string(),
                entry,
                outputs,
            });
        }
    }
    Ok(hits)
}
