//! Heights by time: the first block of a day, with as few headers asked as possible.

use recover_core::block::Height;
use recover_core::time::Timestamp;
use recover_source::chain::{ChainRead, Head};
use recover_source::error::SourceError;
use std::collections::BTreeMap;

/// The times of blocks that a source told so far.
pub(super) struct Calendar<'a> {
    source: &'a dyn ChainRead,
    head: &'a Head,
    /// By height; block times rise on every network we read.
    times: BTreeMap<Height, Timestamp>,
}

impl<'a> Calendar<'a> {
    /// A calendar up to a tip.
    pub(super) fn new(source: &'a dyn ChainRead, head: &'a Head) -> Self {
        let latest = &head.latest.block;
        Self {
            source,
            head,
            times: BTreeMap::from([(latest.height, latest.time)]),
        }
    }

    /// The first height whose block is of this time or later, by halving between the blocks whose time is known; the tip's
    /// height when all are earlier.
    ///
    /// # Errors
    /// When the source fails. That it does not keep a block is no failure.
    pub(super) async fn first_height_at(&mut self, time: Timestamp) -> Result<Height, SourceError> {
        if self.head.latest.block.time < time {
            return Ok(self.head.latest.block.height);
        }
        let (mut low, mut high) = (Height(0), self.head.latest.block.height);
        for (height, at) in &self.times {
            if *at < time {
                low = height.next();
            } else {
                high = *height;
                break;
            }
        }
        while low < high {
            let middle = Height(low.0.saturating_add(high.0.saturating_sub(low.0) / 2));
            let at = match self.source.header(middle).await {
                Ok(header) => header.map(|header| header.block.time),
                Err(SourceError::NotKept { .. }) => None,
                Err(error) => return Err(error),
            };
            if let Some(at) = at {
                self.times.insert(middle, at);
            }
            // A source that keeps no early block says nothing about earlier ones: go on as if they were later, so that
            // nothing is passed over.
            if at.is_some_and(|at| at < time) {
                low = middle.next();
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// As [`Calendar::first_height_at`] for the day (UTC) in which a time lies: a little lower, and thousands of addresses
    /// that were issued over the years ask for the headers of some hundred days.
    ///
    /// # Errors
    /// As [`Calendar::first_height_at`].
    pub(super) async fn first_height_of_day(
        &mut self,
        time: Timestamp,
    ) -> Result<Height, SourceError> {
        const DAY: i64 = 86_400_000_000;
        let day = time.as_micros().div_euclid(DAY).saturating_mul(DAY);
        self.first_height_at(Timestamp::from_micros(day)).await
    }
}
