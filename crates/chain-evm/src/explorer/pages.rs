//! Paging that loses nothing: the start block moves, not the page, since explorers answer the first 10,000 rows of a
//! query only; and a short page is no proof of the end, since some cut pages without a word.

use super::answer::{Page, Row, read_page, redacted};
use super::{Explorer, ExplorerKind};
use crate::lookup::inconsistent;
use recover_core::address::Address;
use recover_core::block::HeightRange;
use recover_source::error::SourceError;

/// The rows that an explorer answers to one query at most, over all its pages.
const WINDOW_ROWS: u64 = 10_000;

/// A list over a range.
pub(super) struct List {
    pub rows: Vec<Row>,
    /// The explorer has not indexed all of the range.
    pub partial: bool,
    /// Blocks with more rows than any query shows.
    pub overfull: Vec<u64>,
}

impl Explorer {
    /// All rows of one list for an account.
    pub(super) async fn list(
        &self,
        action: &str,
        address: &Address,
        range: HeightRange,
    ) -> Result<List, SourceError> {
        let mut list = List {
            rows: Vec::new(),
            partial: false,
            overfull: Vec::new(),
        };
        let mut start = range.from().0;
        let mut page = 1_u64;
        let mut size = u64::from(self.config.page_size.max(1));
        loop {
            let answer = self
                .page(action, address, (start, range.to().0), (page, size))
                .await?;
            list.partial |= answer.partial;
            let mut heights = Vec::with_capacity(answer.rows.len());
            for row in &answer.rows {
                heights.push(height_of(row).ok_or_else(|| {
                    inconsistent(self.rpc(), format!("{action}: a row without a block"))
                })?);
            }
            let Some(last) = heights.last().copied() else {
                return Ok(list);
            };
            let in_range = heights
                .iter()
                .all(|height| (start..=range.to().0).contains(height));
            if !heights.is_sorted() || !in_range {
                let detail = format!("{action}: rows out of order or outside of {range}");
                return Err(inconsistent(self.rpc(), detail));
            }
            if last > start {
                // The last block of the page may go on behind its end: it is read again from its start.
                let whole = heights.iter().filter(|height| **height < last).count();
                list.rows.extend(answer.rows.into_iter().take(whole));
                start = last;
                page = 1;
                size = u64::from(self.config.page_size.max(1));
                continue;
            }
            // One block alone: it is read page by page.
            let count = u64::try_from(answer.rows.len()).unwrap_or(u64::MAX);
            list.rows.extend(answer.rows);
            if page == 1 {
                // Fewer than asked for may be all there are, or all that the explorer gives: the next page starts where
                // this one ended, whichever it is.
                size = size.min(count);
            }
            page += 1;
            if page.saturating_mul(size) > WINDOW_ROWS {
                list.overfull.push(start);
                if start >= range.to().0 {
                    return Ok(list);
                }
                start += 1;
                page = 1;
                size = u64::from(self.config.page_size.max(1));
            }
        }
    }

    async fn page(
        &self,
        action: &str,
        address: &Address,
        (start, end): (u64, u64),
        (page, size): (u64, u64),
    ) -> Result<Page, SourceError> {
        let (chain, start, end) = (
            self.config.chain_id.to_string(),
            start.to_string(),
            end.to_string(),
        );
        let (page, offset) = (page.to_string(), size.to_string());
        let (path, chain) = match self.kind {
            ExplorerKind::Etherscan => ("", Some(("chainid", chain.as_str()))),
            ExplorerKind::Blockscout => ("/api", None),
        };
        let mut query: Vec<(&str, &str)> = chain.into_iter().collect();
        query.extend([
            ("module", "account"),
            ("action", action),
            ("address", address.text()),
            ("startblock", start.as_str()),
            ("endblock", end.as_str()),
            ("page", page.as_str()),
            ("offset", offset.as_str()),
            ("sort", "asc"),
        ]);
        self.config
            .retry
            .run(|| async {
                let body = self.pages.get(path, &query).await?;
                let origin = self.pages.origin();
                // Some repeat the key that they refuse: what is told of a failure is read from a body without it.
                read_page(origin, &body)
                    .or_else(|_| read_page(origin, &redacted(&*self.pages, &body)))
            })
            .await
    }
}

pub(super) fn height_of(row: &Row) -> Option<u64> {
    row.block_number.parse().ok()
}
