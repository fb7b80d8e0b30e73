//! The index of transactions by event, as CometBFT and the REST gateway search it.

use super::cosmos::Cosmos;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Matching transactions by condition.
#[derive(Default)]
pub(crate) struct Index {
    known: Mutex<HashMap<String, Arc<Vec<u32>>>>,
}

/// A query that was understood: heights, and one condition on events.
pub(crate) struct Query {
    from: u64,
    to: u64,
    /// `type.key` and value.
    event: Option<(String, String)>,
}

impl Query {
    /// Conditions joined by AND; `None` when one is not understood.
    pub(crate) fn parse(conditions: &[String]) -> Option<Query> {
        let mut query = Query {
            from: 0,
            to: u64::MAX,
            event: None,
        };
        let joined = conditions.join(" AND ");
        for condition in joined.split(" AND ") {
            let start = condition.find(['<', '>', '='])?;
            let (key, rest) = condition.split_at(start);
            let end = rest.find(|letter| !matches!(letter, '<' | '>' | '='))?;
            let (operator, value) = rest.split_at(end);
            let value = value.trim().trim_matches(['\'', '"']);
            if matches!(key.trim(), "tx.height" | "block.height") {
                let height: u64 = value.parse().ok()?;
                match operator {
                    ">=" => query.from = query.from.max(height),
                    ">" => query.from = query.from.max(height + 1),
                    "<=" => query.to = query.to.min(height),
                    "<" => query.to = query.to.min(height.checked_sub(1)?),
                    "=" => (query.from, query.to) = (height, height),
                    _ => return None,
                }
            } else if operator == "=" && query.event.is_none() {
                query.event = Some((key.trim().to_owned(), value.to_owned()));
            } else {
                return None;
            }
        }
        Some(query)
    }

    /// The heights asked for, cut to what there is.
    pub(crate) fn heights(&self, life: &Cosmos, tip: u64) -> (u64, u64) {
        (
            self.from.max(life.timeline.first_height()),
            self.to.min(tip),
        )
    }

    /// The condition on events.
    pub(crate) fn event(&self) -> Option<(&str, &str)> {
        self.event
            .as_ref()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl Index {
    /// The transactions that match, oldest first.
    pub(crate) fn search(&self, life: &Cosmos, query: &Query, tip: u64) -> Vec<u32> {
        let (from, to) = query.heights(life, tip);
        let range = life.timeline.range(from, to);
        let Some((key, value)) = query.event() else {
            return range.collect();
        };
        let all = self.matching(life, key, value);
        let start = all.partition_point(|number| *number < range.start);
        let end = all.partition_point(|number| *number < range.end);
        all[start..end].to_vec()
    }

    fn matching(&self, life: &Cosmos, key: &str, value: &str) -> Arc<Vec<u32>> {
        let name = format!("{key}={value}");
        // A list is put in whole: a thread that panicked left the others usable.
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let list = known.entry(name).or_insert_with(|| {
            let every = 0..life.timeline.count();
            let ours = value == life.account;
            let numbers = match key {
                "transfer.recipient" | "coin_received.receiver" if ours => {
                    every.filter(|number| life.is_credit(*number)).collect()
                }
                // The Hub of this story has no contracts.
                _ if key.starts_with("wasm") => Vec::new(),
                _ => every
                    .filter(|number| has_event(life, *number, key, value))
                    .collect(),
            };
            Arc::new(numbers)
        });
        Arc::clone(list)
    }
}

fn has_event(life: &Cosmos, number: u32, key: &str, value: &str) -> bool {
    let Some((kind, name)) = key.rsplit_once('.') else {
        return false;
    };
    let told = life.tell(number);
    if key == "tx.hash" {
        return told.id() == value;
    }
    told.events.iter().any(|event| {
        event.kind == kind
            && event
                .attributes
                .iter()
                .any(|(found, text)| *found == name && text == value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_finds_what_the_events_say() {
        let life = Cosmos::new(11, 400, 100);
        let index = Index::default();
        let account = life.account.clone();
        for key in ["transfer.recipient", "coin_received.receiver"] {
            let query =
                Query::parse(&[format!("{key}='{account}' AND tx.height<={}", u64::MAX)]).unwrap();
            let found = index.search(&life, &query, u64::MAX);
            let said: Vec<u32> = (0..life.timeline.count())
                .filter(|number| has_event(&life, *number, key, &account))
                .collect();
            assert_eq!(found, said);
        }
        let height = life.timeline.height_of(200);
        let query = Query::parse(&[
            format!("message.sender='{account}'"),
            format!("tx.height={height}"),
        ])
        .unwrap();
        assert!(index.search(&life, &query, u64::MAX).len() < 400);
        assert!(Query::parse(&["transfer.recipient EXISTS".to_owned()]).is_none());
    }
}
