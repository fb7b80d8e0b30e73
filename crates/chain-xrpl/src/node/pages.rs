//! One account's history, page by page: `account_tx`, oldest first.
//!
//! A page's limit is the server's to cut, rows inside a page may be unsorted, and a server with less history narrows the range
//! in silence. So the answer's own range is read back, what is missing becomes a gap, and a height is called complete only where
//! the marker proves it. Markers die: the place of a reading also names the ledger to begin again from.

use super::{Info, XrplNode};
use crate::decode::decode;
use crate::rpc::Reply;
use crate::wire::{records, whole};
use recover_core::block::{Height, HeightRange};
use recover_core::observation::Observation;
use recover_source::chain::{AccountPage, AccountRequest, Gap, Part};
use recover_source::error::SourceError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The most rows that servers give; a smaller limit of theirs holds anyway.
const ROWS_MAX: u32 = 200;
/// Places of a reading grow with its gaps; a server with more of them is no source.
const GAPS_MAX: usize = 100;

/// Where a reading stands, as [`AccountPage::next`] carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The heights that are asked of the server, both ends inside.
    from: u64,
    to: u64,
    /// What the server does not have of the range.
    gaps: Vec<(u64, u64, String)>,
    /// The server's own word for where the next page begins.
    marker: Value,
    /// The last height that is complete.
    through: Option<u64>,
}

impl Place {
    /// Begins again behind what is complete.
    fn restart(&mut self) {
        self.marker = Value::Null;
        if let Some(through) = self.through {
            self.from = through.saturating_add(1).max(self.from).min(self.to);
        }
    }
}

impl XrplNode {
    pub(super) async fn read_page(
        &self,
        request: &AccountRequest,
    ) -> Result<AccountPage, SourceError> {
        // Nobody has these, and nobody's money is in them: no gap that anybody could close.
        if request.range.to().0 < self.first_ledger() {
            return Ok(AccountPage {
                observations: Vec::new(),
                through: Some(request.range.to()),
                next: None,
                gaps: Vec::new(),
            });
        }
        let mut place = match &request.resume {
            Some(text) => serde_json::from_str(text).map_err(|_| self.client.no_such_place())?,
            None => self.begin(request.range).await?,
        };
        let (result, marker) = self.next_page(request, &mut place).await?;
        let (observations, heights) = self.credits(request, &place, result).await?;
        let mut gaps_here = Vec::new();
        std::mem::swap(&mut gaps_here, &mut place.gaps);
        gaps_here.extend(heights.open);
        gaps_here.sort();
        gaps_here.dedup();
        place.gaps = gaps_here;
        if place.gaps.len() > GAPS_MAX {
            return Err(self
                .client
                .inconsistent(format!("more than {GAPS_MAX} gaps in its history")));
        }
        let ended = marker.is_null();
        if ended {
            place.through = Some(request.range.to().0);
        } else {
            place.through = complete_through(&marker, &heights.rows, &place);
        }
        place.marker = marker;
        let gaps = place.gaps.iter().flat_map(|(from, to, reason)| {
            let range = HeightRange::new(Height(*from), Height(*to));
            range
                .into_iter()
                .flat_map(|range| Gap::of_parts(range, Part::ALL, reason))
        });
        Ok(AccountPage {
            observations,
            through: place.through.map(Height),
            gaps: gaps.collect(),
            next: if ended {
                None
            } else {
                // A struct of numbers and texts always prints.
                Some(serde_json::to_string(&place).expect("the place of a reading prints"))
            },
        })
    }

    /// The part of a range that the server has, and the gaps around and inside it.
    async fn begin(&self, range: HeightRange) -> Result<Place, SourceError> {
        let info = self.info().await?;
        let (from, to) = (range.from().0.max(self.first_ledger()), range.to().0);
        let gaps = missing(&info, from, to);
        let whole_range = gaps
            .iter()
            .any(|(start, end, _)| *start == from && *end == to);
        if whole_range {
            let reason = gaps.into_iter().map(|(_, _, reason)| reason).next();
            return Err(self.client.not_kept(reason.unwrap_or_default()));
        }
        let mut place = Place {
            from,
            to,
            gaps,
            marker: Value::Null,
            through: None,
        };
        for (start, end, _) in &place.gaps {
            if *start == from {
                place.from = end.saturating_add(1);
            }
            if *end == to {
                place.to = start.saturating_sub(1);
            }
        }
        Ok(place)
    }

    /// The next page and its marker. Several servers may answer behind one address, some behind the others, and places die:
    /// what the address as a whole has is asked for again, and a place that is unknown begins anew behind what is complete.
    async fn next_page(
        &self,
        request: &AccountRequest,
        place: &mut Place,
    ) -> Result<(Map<String, Value>, Value), SourceError> {
        let mut last = None;
        let mut forgotten = Value::Null;
        for _ in 0..self.settings.retry.tries_max.max(2) {
            match self.ask_page(request, place).await {
                Ok(result) => {
                    let marker = result.get("marker").cloned().unwrap_or_default();
                    if !marker.is_null() && marker == forgotten {
                        // The page that was read before, up to the place that had died: the reading goes on from there.
                        self.check_range(&result, place)?;
                        place.marker = std::mem::take(&mut forgotten);
                        continue;
                    }
                    if marker.is_null() || marker != place.marker {
                        self.check_range(&result, place)?;
                        return Ok((result, marker));
                    }
                    // An empty page, or one that repeats: the same place once more.
                    last = Some(self.client.inconsistent("its marker does not advance"));
                }
                Err(SourceError::Refused { .. }) if !place.marker.is_null() => {
                    forgotten = place.marker.clone();
                    place.restart();
                }
                Err(error @ SourceError::NotKept { .. }) => {
                    let info = self.info().await?;
                    if !missing(&info, place.from, place.to).is_empty() {
                        return Err(error);
                    }
                    last = Some(
                        self.client
                            .unreachable("one of its servers has fewer ledgers than the others"),
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            self.client
                .inconsistent("it forgets every place of a reading at once")
        }))
    }

    async fn ask_page(
        &self,
        request: &AccountRequest,
        place: &Place,
    ) -> Result<Map<String, Value>, SourceError> {
        let mut question = json!({
            "account": request.address.text(),
            "ledger_index_min": place.from,
            "ledger_index_max": place.to,
            "forward": true,
            "binary": false,
            "limit": self.settings.page_rows(ROWS_MAX),
        });
        if let (false, Some(fields)) = (place.marker.is_null(), question.as_object_mut()) {
            fields.insert("marker".to_owned(), place.marker.clone());
        }
        match self.rpc.ask("account_tx", question).await? {
            Reply::Found(result) => Ok(result),
            // An account that never was has no history; rippled says so in this word.
            Reply::NotFound { code, .. } if code == "actNotFound" => {
                Ok(Map::from_iter([("transactions".to_owned(), json!([]))]))
            }
            Reply::NotFound { code, .. } => Err(self
                .client
                .not_kept(format!("{code}: ledgers {} to {}", place.from, place.to))),
        }
    }

    /// Reads back which ledgers the server really searched, and whom it answered for.
    fn check_range(
        &self,
        result: &Map<String, Value>,
        place: &mut Place,
    ) -> Result<(), SourceError> {
        let bound = |name: &str| result.get(name).and_then(whole);
        if let Some(first) = bound("ledger_index_min").filter(|first| *first > place.from) {
            let last = first.saturating_sub(1).min(place.to);
            let reason = format!("the server's history begins at ledger {first}");
            place.gaps.push((place.from, last, reason));
            place.from = last.saturating_add(1);
        }
        if let Some(last) = bound("ledger_index_max").filter(|last| *last < place.to) {
            let first = last.saturating_add(1).max(place.from);
            let reason = format!("the server's history ends at ledger {last}");
            if first <= place.to {
                place.gaps.push((first, place.to, reason));
            }
            place.to = last.max(place.from);
        }
        Ok(())
    }

    /// The account's credits on a page, in the order of the ledgers.
    async fn credits(
        &self,
        request: &AccountRequest,
        place: &Place,
        result: Map<String, Value>,
    ) -> Result<(Vec<Observation>, Heights), SourceError> {
        if let Some(account) = result.get("account").and_then(Value::as_str)
            && account != request.address.text()
        {
            return Err(self
                .client
                .inconsistent(format!("the history of {account}, who was not asked about")));
        }
        if !result.get("transactions").is_some_and(Value::is_array) {
            return Err(self.client.not_protocol("account_tx without transactions"));
        }
        let answer = Value::Object(result);
        let rows = records(&answer).map_err(|error| self.refused(&error.into()))?;
        let mut heights = Heights::default();
        let mut decoded = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.validated == Some(false) {
                return Err(self
                    .client
                    .inconsistent("a transaction of a ledger that is not validated"));
            }
            let mut transaction =
                decode(row, &self.settings.network).map_err(|error| self.refused(&error))?;
            let height = transaction.height.ok_or_else(|| {
                self.client
                    .inconsistent(format!("{} stands in no ledger", transaction.id))
            })?;
            heights.rows.push(height.0);
            // Outside the range it is another reading's; a recording may hold more than was asked.
            if !(place.from..=place.to).contains(&height.0) || !request.range.contains(height) {
                continue;
            }
            let ours = request.address.payload();
            for note in &transaction.notes {
                if note
                    .leaves_open()
                    .is_some_and(|account| account.payload() == ours)
                {
                    heights
                        .open
                        .push((height.0, height.0, format!("{}: {note}", transaction.id)));
                }
            }
            transaction
                .credits
                .retain(|credit| credit.to.payload() == ours);
            if !transaction.credits.is_empty() {
                decoded.push((height, transaction.index, self.placed(transaction).await?));
            }
        }
        decoded.sort_by_key(|(height, index, _)| (*height, *index));
        let mut observations: Vec<Observation> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for (_, _, transaction) in decoded {
            observations.extend(
                transaction
                    .credits
                    .into_iter()
                    .filter(|credit| seen.insert(credit.id())),
            );
        }
        Ok((observations, heights))
    }
}

/// What a page's rows tell beside their credits.
#[derive(Debug, Default)]
struct Heights {
    /// The ledger of each row, in the order given.
    rows: Vec<u64>,
    /// Ledgers in which a credit of the account is not fully known, with the reason.
    open: Vec<(u64, u64, String)>,
}

/// The last height that this page and those before it hold completely; `None` while not one is.
///
/// The marker names the ledger of the next row, where the server gives such markers; without that the last row's ledger may go
/// on. A page with a row above its marker is not in the order asked for, and completes nothing.
fn complete_through(marker: &Value, rows: &[u64], place: &Place) -> Option<u64> {
    let highest = rows.iter().copied().max();
    let next = marker.get("ledger").and_then(whole);
    let first_open = match (next, highest) {
        (Some(next), Some(highest)) if highest > next => return place.through,
        (Some(next), _) => next,
        (None, Some(highest)) if rows.is_sorted() => highest,
        (None, _) => return place.through,
    };
    let through = first_open.checked_sub(1)?.min(place.to);
    if through < place.from {
        return place.through;
    }
    Some(through.max(place.through.unwrap_or_default()))
}

/// What of a range the server does not have, with the reason.
fn missing(info: &Info, from: u64, to: u64) -> Vec<(u64, u64, String)> {
    let mut gaps = Vec::new();
    let reach = match info.validated {
        Some(tip) if tip < to => {
            let reason = format!("the server's newest validated ledger is {tip}");
            gaps.push((tip.saturating_add(1).max(from), to, reason));
            tip
        }
        _ => to,
    };
    if let Some(complete) = &info.complete {
        let mut open = from;
        for (start, end) in complete {
            if *start > open && open <= reach {
                let last = start.saturating_sub(1).min(reach);
                gaps.push((
                    open,
                    last,
                    "the server does not have these ledgers".to_owned(),
                ));
            }
            open = open.max(end.saturating_add(1));
        }
        if open <= reach {
            gaps.push((
                open,
                reach,
                "the server does not have these ledgers".to_owned(),
            ));
        }
    }
    gaps.sort();
    // Two reasons for neighbouring ledgers are one gap: what is asked of the server is what lies between.
    let mut joined: Vec<(u64, u64, String)> = Vec::new();
    for (start, end, reason) in gaps {
        match joined.last_mut() {
            Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
            _ => joined.push((start, end, reason)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(from: u64, to: u64, through: Option<u64>) -> Place {
        Place {
            from,
            to,
            gaps: Vec::new(),
            marker: Value::Null,
            through,
        }
    }

    #[test]
    fn a_height_is_complete_only_where_the_marker_proves_it() {
        let at = |ledger: u64| json!({"ledger": ledger, "seq": 1});
        let place = place(10, 100, None);
        for (marker, rows, expected) in [
            (at(20), vec![10, 15, 20], Some(19)),
            (at(20), vec![15, 10, 20], Some(19)),
            (at(10), vec![10, 10], None),
            (at(20), vec![], Some(19)),
            // Newest first, though oldest first was asked.
            (at(20), vec![90, 40, 20], None),
            (json!("opaque"), vec![10, 15], Some(14)),
            (json!("opaque"), vec![15, 10], None),
            (json!("opaque"), vec![], None),
        ] {
            assert_eq!(
                complete_through(&marker, &rows, &place),
                expected,
                "{marker} {rows:?}"
            );
        }
        let later = super::tests::place(10, 100, Some(30));
        assert_eq!(complete_through(&json!("opaque"), &[], &later), Some(30));
    }

    #[test]
    fn what_the_server_has_not_is_missing() {
        let info = |complete: &str, validated| Info {
            complete: super::super::ranges(complete),
            validated: Some(validated),
        };
        let spans = |info: &Info, from, to| -> Vec<(u64, u64)> {
            missing(info, from, to)
                .into_iter()
                .map(|(a, b, _)| (a, b))
                .collect()
        };
        assert_eq!(spans(&info("1-100", 100), 10, 90), vec![]);
        assert_eq!(spans(&info("50-100", 100), 10, 90), vec![(10, 49)]);
        assert_eq!(spans(&info("1-100", 100), 10, 120), vec![(101, 120)]);
        assert_eq!(
            spans(&info("1-30,40-60,80-100", 100), 20, 90),
            vec![(31, 39), (61, 79)]
        );
        assert_eq!(spans(&info("empty", 100), 10, 90), vec![(10, 90)]);
        assert_eq!(spans(&info("1-90", 100), 95, 99), vec![(95, 99)]);
        assert_eq!(spans(&info("1-90", 100), 80, 120), vec![(91, 120)]);
        assert_eq!(spans(&Info::default(), 10, 90), vec![]);
    }
}
