//! Whether the log and the tables say the same: the chain itself, and the tables played again from it.

use crate::error::StoreError;
use crate::images::{self, RowKey, Rows};
use crate::log::{ClaimEvent, EVENT, Traces, event};
use crate::sql::{Reader, Statement, values};
use crate::store::Store;
use recover_core::audit::{Chain, Head};
use recover_core::claim::ClaimId;
use recover_core::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// What a walk over the log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCheck {
    /// How many entries were read.
    pub events: u64,
    /// How many of their bodies were erased.
    pub bodies_erased: u64,
    /// How many heads that were kept outside were met.
    pub heads_met: usize,
    /// How many rows of the tables were compared with what the log left.
    pub rows: u64,
    /// What does not fit, in order; empty when all does.
    pub problems: Vec<String>,
    /// The end of the log; `None` when it is empty. Kept elsewhere, it proves that nothing before it changed.
    pub head: Option<Head>,
}

/// How many entries or claims are read at once.
const PAGE: u32 = 500;

impl EventCheck {
    fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    /// Compares rows with the last images that the log has of them.
    fn compare(
        &mut self,
        of: &str,
        traces: &Traces,
        found: &Rows,
        is_covered: impl Fn(&RowKey) -> bool,
    ) {
        self.rows = self
            .rows
            .saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
        for (key, (sequence, image)) in &traces.rows {
            match found.get(key) {
                None => self.problem(format!(
                    "{of}: {key} is missing, which entry {sequence} wrote"
                )),
                Some(row) if row != image => {
                    let columns = differing(image, row).join(", ");
                    self.problem(format!(
                        "{of}: {key} is not as entry {sequence} left it: {columns}"
                    ));
                }
                Some(_) => {}
            }
        }
        for key in found.keys() {
            if !traces.rows.contains_key(key) && is_covered(key) {
                self.problem(format!("{of}: no entry tells of {key}"));
            }
        }
    }
}

/// The columns in which two rows differ.
fn differing(one: &str, other: &str) -> Vec<String> {
    type Columns = BTreeMap<String, serde_json::Value>;
    let read = |text: &str| serde_json::from_str::<Columns>(text).unwrap_or_default();
    let (one, other) = (read(one), read(other));
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name))
        .cloned()
        .collect()
}

impl Store {
    /// Walks the whole log and plays it again: every number there, every hash right, every body what its entry says, every head
    /// that was kept outside met, and every row of claims, packages, halts and policies as the log left it. Without a head from
    /// outside, a log whose end was cut off or which was computed anew with the tables fits.
    ///
    /// # Errors
    /// When the database cannot be read. What does not fit is no error but a finding.
    pub async fn verify_log(&self, outside: &[Head]) -> Result<EventCheck, StoreError> {
        let mut chain = Chain::new(outside.iter().copied());
        let mut last = 0;
        let mut problems = Vec::new();
        loop {
            let page = match self.export_log(last, PAGE).await {
                Ok(page) => page,
                // A row that cannot even be read.
                Err(error @ StoreError::BadRow { .. }) => {
                    problems.push(error.to_string());
                    break;
                }
                Err(error) => return Err(error),
            };
            let Some(end) = page.last() else { break };
            last = end.sequence;
            for event in page {
                chain.push(&event.logged());
            }
        }
        let report = chain.finish();
        problems.extend(report.problems.iter().map(ToString::to_string));
        let mut check = EventCheck {
            events: report.entries,
            bodies_erased: report.bodies_erased,
            heads_met: report.heads_met,
            rows: 0,
            problems,
            head: report.head,
        };
        self.replay_claims(&mut check).await?;
        self.replay_others(&mut check).await?;
        self.find_orphans(&mut check).await?;
        Ok(check)
    }

    /// The claims and the entries about them, page by page.
    async fn replay_claims(&self, check: &mut EventCheck) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self
                .db
                .rows(
                    "SELECT id FROM (SELECT id FROM claim UNION
                        SELECT claim_id AS id FROM claim_event WHERE claim_id IS NOT NULL) AS every
                     WHERE id > $1 ORDER BY id LIMIT $2",
                    values![&after, PAGE],
                )
                .await?;
            let mut ids = Vec::with_capacity(page.len());
            for row in &page {
                ids.push(row.of("claim", "id").text("id")?);
            }
            let Some(end) = ids.last() else {
                return Ok(());
            };
            after.clone_from(end);
            let mut statement = Statement::new(&format!("{EVENT} WHERE claim_id IN "));
            statement
                .bind_list(&ids)
                .push(" ORDER BY claim_event.sequence");
            let mut entries: BTreeMap<String, Vec<ClaimEvent>> = BTreeMap::new();
            for row in &self.db.rows(&statement.text, statement.values).await? {
                // What cannot be read was told by the walk.
                if let Ok(event) = event(row) {
                    let claim = event.claim.as_str().to_owned();
                    entries.entry(claim).or_default().push(event);
                }
            }
            for id in ids {
                let of_claim = entries.remove(&id).unwrap_or_default();
                self.replay_claim(check, &ClaimId::verbatim(&id), &of_claim)
                    .await?;
            }
        }
    }

    async fn replay_claim(
        &self,
        check: &mut EventCheck,
        id: &ClaimId,
        entries: &[ClaimEvent],
    ) -> Result<(), StoreError> {
        let of = format!("claim {id}");
        let mut reader = Reader::Db(&self.db);
        let Some(last) = entries.last() else {
            check.problem(format!("{of}: no entry tells of it"));
            return Ok(());
        };
        let row = reader
            .rows(
                "SELECT id, revision, status, content_digest FROM claim WHERE id = $1",
                values![id.as_str()],
            )
            .await?;
        let Some(row) = row.first() else {
            check.problem(format!(
                "{of}: it is missing, and entry {} tells of it",
                last.sequence
            ));
            return Ok(());
        };
        let row = row.of("claim", "id");
        let is_same = row.number::<u32>("revision")? == last.revision
            && row.text("status")? == last.status.code()
            && row.parsed("content_digest", Digest::parse)? == last.content_digest;
        if !is_same {
            check.problem(format!(
                "{of}: it is not as its last step, entry {}, left it",
                last.sequence
            ));
        }
        let mut traces = Traces::default();
        for entry in entries {
            if !traces.take(entry.sequence, entry.body.as_deref()) {
                check.problem(format!(
                    "{of}: the body of entry {} cannot be read",
                    entry.sequence
                ));
            }
        }
        if !traces.has_rows {
            return Ok(());
        }
        let found = match images::of_claim(&mut reader, id).await {
            Ok(found) => found,
            Err(error @ StoreError::BadRow { .. }) => {
                check.problem(format!("{of}: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        // Rows of an erased entry are not known; what the other entries wrote is.
        let is_whole = !traces.has_erased;
        check.compare(&of, &traces, &found, |_| is_whole);
        if is_whole
            && traces
                .state
                .is_some_and(|state| state != images::digest(&found))
        {
            // Only where the rows fit one by one: else they were told already.
            let has_told = check
                .problems
                .iter()
                .any(|problem| problem.starts_with(&of));
            if !has_told {
                check.problem(format!(
                    "{of}: its rows are not as entry {} left them",
                    last.sequence
                ));
            }
        }
        // The content must give the digest that people voted on.
        if let Err(error @ StoreError::BadRow { .. }) = self.claim(id).await {
            check.problem(format!("{of}: {error}"));
        }
        Ok(())
    }

    /// Halts, policies, their votes, incidents about no claim, and proofs of ownership.
    async fn replay_others(&self, check: &mut EventCheck) -> Result<(), StoreError> {
        let mut reader = Reader::Db(&self.db);
        let sql = format!(
            "{EVENT} WHERE claim_id IS NULL AND claim_event.sequence > $1 ORDER BY claim_event.sequence LIMIT $2"
        );
        let mut traces = Traces::default();
        // Policies that were loaded before the log told of them have the numbers before the first that it tells of.
        let mut first: Option<u32> = None;
        // Work on appeals makes tens of thousands of them a day.
        let mut last = 0_i64;
        loop {
            let page = reader.rows(&sql, values![last, PAGE]).await?;
            let Some(end) = page.last() else { break };
            last = end.of("claim_event", "sequence").integer("sequence")?;
            for row in page {
                let Ok(entry) = event(&row) else { continue };
                if matches!(entry.command.as_str(), "policy_first" | "policy_load") {
                    first = Some(first.map_or(entry.revision, |first| first.min(entry.revision)));
                }
                if !traces.take(entry.sequence, entry.body.as_deref()) {
                    check.problem(format!(
                        "the body of entry {} cannot be read",
                        entry.sequence
                    ));
                }
            }
        }
        let mut found = images::of_no_claim(&mut reader).await?;
        found.extend(images::of_appeals(&mut reader).await?);
        let is_whole = !traces.has_erased;
        let number = |key: &RowKey| key.key.parse::<u32>().unwrap_or(u32::MAX);
        check.compare("the exchange", &traces, &found, |key| {
            is_whole
                && (key.table != "policy_version"
                    || first.is_some_and(|first| number(key) >= first))
        });
        Ok(())
    }

    /// Rows that name a claim that is not there: a database that was written with its references off.
    async fn find_orphans(&self, check: &mut EventCheck) -> Result<(), StoreError> {
        for (table, column) in images::tables_of_claims() {
            let sql = format!(
                "SELECT DISTINCT {column} AS id FROM {table} WHERE {column} IS NOT NULL
                    AND {column} NOT IN (SELECT id FROM claim) ORDER BY 1"
            );
            for row in self.db.rows(&sql, vec![]).await? {
                let id = row.of("claim", "id").text("id")?;
                check.problem(format!(
                    "claim {id}: {table} has rows of it, and there is no such claim"
                ));
            }
        }
        Ok(())
    }
}
