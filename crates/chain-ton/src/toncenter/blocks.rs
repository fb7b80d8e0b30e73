//! Masterchain blocks, each asked for once: transactions name only the number of theirs.

use super::api::Api;
use crate::wire::{Answer, BlockRow};
use recover_source::error::SourceError;
use recover_source::kept::Kept;
use std::collections::BTreeMap;

/// Blocks kept at most: about a megabyte.
const KEPT_MAX: usize = 8192;
/// So many blocks in [`STRETCH`] are asked for together.
const TOGETHER_MIN: usize = 8;
/// How far apart blocks may stand that are asked for together: what one answer holds.
const STRETCH: u64 = 1000;
/// Seconds by which a masterchain block may be younger than a transaction below it.
const LAG_SECONDS: u64 = 120;

pub(super) struct Blocks(Kept<u64, BlockRow>);

impl Default for Blocks {
    fn default() -> Self {
        Self(Kept::new(KEPT_MAX))
    }
}

impl Blocks {
    pub(super) fn keep(&self, block: BlockRow) {
        self.0.keep(block.seqno, block);
    }

    /// The masterchain block of that number; `None` when the server has none.
    pub(super) async fn get(&self, api: &Api, seqno: u64) -> Result<Option<BlockRow>, SourceError> {
        if let Some(block) = self.0.get(&seqno) {
            return Ok(Some(block));
        }
        let text = seqno.to_string();
        let query = [
            ("workchain", "-1"),
            ("shard", "8000000000000000"),
            ("seqno", text.as_str()),
        ];
        let Some(rows) = ask(api, &query).await? else {
            return Ok(None);
        };
        let found = rows
            .into_iter()
            .find(|row| row.workchain == -1 && row.seqno == seqno);
        if let Some(block) = &found {
            self.keep(block.clone());
        }
        Ok(found)
    }

    /// Takes in the blocks of these numbers, each with the time of a transaction below it, as many in one question as stand
    /// close together. What this misses [`Blocks::get`] finds.
    pub(super) async fn prepare(
        &self,
        api: &Api,
        wanted: &BTreeMap<u64, u64>,
    ) -> Result<(), SourceError> {
        let mut missing: Vec<(u64, u64)> = wanted
            .iter()
            .filter(|(seqno, _)| self.0.get(*seqno).is_none())
            .map(|(seqno, time)| (*seqno, *time))
            .collect();
        while let Some((first, start)) = missing.first().copied() {
            let together = missing
                .iter()
                .take_while(|(seqno, _)| *seqno < first.saturating_add(STRETCH))
                .copied()
                .collect::<Vec<_>>();
            missing.drain(..together.len());
            if together.len() < TOGETHER_MIN {
                continue;
            }
            let end = together.last().map_or(start, |(_, time)| *time);
            let (start, end) = (
                start.to_string(),
                end.saturating_add(LAG_SECONDS).to_string(),
            );
            let query = [
                ("workchain", "-1"),
                ("shard", "8000000000000000"),
                ("start_utime", start.as_str()),
                ("end_utime", end.as_str()),
                ("limit", "1000"),
                ("offset", "0"),
                ("sort", "asc"),
            ];
            for row in ask(api, &query).await?.unwrap_or_default() {
                if row.workchain == -1 {
                    self.keep(row);
                }
            }
        }
        Ok(())
    }
}

async fn ask(api: &Api, query: &[(&str, &str)]) -> Result<Option<Vec<BlockRow>>, SourceError> {
    match api.ask_or_nothing("/blocks", query).await? {
        None => Ok(None),
        Some(Answer::Blocks(rows)) => Ok(Some(rows)),
        Some(_) => Err(api.unexpected("blocks")),
    }
}
