//! Rows as the log keeps them: every row of a claim, as JSON, and one digest over all of them.
//!
//! Each entry holds the rows that its step wrote and the digest of all rows of the claim afterwards. So the log can be played
//! again to the same tables, and a step that finds other rows than the last one left knows that somebody wrote behind the program.

use crate::error::StoreError;
use crate::sql::{Reader, RowOf, Value, json, values};
use recover_core::appeal::AppealId;
use recover_core::claim::ClaimId;
use recover_core::digest::{Digest, Encoder};
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Clone, Copy)]
enum Type {
    Text,
    Integer,
    Amount,
    Bytes,
}

struct Table {
    name: &'static str,
    /// The columns that name the row, in order.
    key: &'static [&'static str],
    /// The column that names the claim; `None` for tables that belong to none.
    claim: Option<&'static str>,
    columns: &'static [(&'static str, Type)],
}

use Type::{Amount, Bytes, Integer, Text};

/// A later column is added to [`ADDED`], never here: what older entries say must stay true.
const TABLES: &[Table] = &[
    Table {
        name: "claim",
        key: &["id"],
        claim: Some("id"),
        columns: &[
            ("id", Text),
            ("deposit_id", Text),
            ("ordinal", Integer),
            ("deposit_block", Text),
            ("asset", Text),
            ("amount", Amount),
            ("appeal_id", Text),
            ("beneficiary", Text),
            ("destination", Text),
            ("resolution", Text),
            ("revision", Integer),
            ("status", Text),
            ("is_open", Integer),
            ("hold_person", Text),
            ("hold_since", Integer),
            ("hold_reason", Text),
            ("policy_version", Integer),
            ("content_rule", Integer),
            ("content_digest", Text),
            ("involved", Text),
            ("opened_by", Text),
            ("opened_at", Integer),
            ("updated_at", Integer),
            ("closing_reason", Text),
            ("approved_at", Integer),
            ("approved_tier", Text),
            ("approved_voters", Text),
            ("approved_alone", Integer),
            ("done", Integer),
            ("attempts", Integer),
        ],
    },
    Table {
        name: "claim_quote",
        key: &["claim_id", "revision"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("revision", Integer),
            ("value_cents", Amount),
            ("service_fee_cents", Amount),
            ("network_fee_cents", Amount),
            ("total_fee_cents", Amount),
            ("fee_in_asset", Amount),
            ("net", Amount),
            ("rule", Integer),
            ("policy_version", Integer),
            ("policy_digest", Text),
            ("price_ids", Text),
            ("quoted_at", Integer),
            ("expires_at", Integer),
        ],
    },
    Table {
        name: "claim_waiver",
        key: &["claim_id", "number"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("number", Integer),
            ("code", Text),
            ("person", Text),
            ("note", Text),
            ("granted_at", Integer),
        ],
    },
    Table {
        name: "claim_acceptance",
        key: &["claim_id", "revision"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("revision", Integer),
            ("evidence", Text),
            ("file_sha256", Text),
            ("file_length", Integer),
            ("person", Text),
            ("accepted_at", Integer),
        ],
    },
    Table {
        name: "claim_unwinding",
        key: &["claim_id", "revision"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("revision", Integer),
            ("reason", Text),
            ("person", Text),
            ("since", Integer),
            ("costs", Amount),
        ],
    },
    Table {
        name: "claim_plan",
        key: &["claim_id", "revision"],
        claim: Some("claim_id"),
        columns: &[("claim_id", Text), ("revision", Integer), ("plan", Text)],
    },
    Table {
        name: "claim_screening",
        key: &["claim_id", "number"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("number", Integer),
            ("revision", Integer),
            ("is_renewal", Integer),
            ("clear", Integer),
            ("person", Text),
            ("reason", Text),
            ("decided_at", Integer),
        ],
    },
    Table {
        name: "claim_approval",
        key: &["claim_id", "revision", "digest", "person"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("revision", Integer),
            ("digest", Text),
            ("person", Text),
            ("decision", Text),
            ("signature", Text),
            ("decided_at", Integer),
        ],
    },
    Table {
        name: "package",
        key: &["claim_id", "attempt"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("attempt", Integer),
            ("revision", Integer),
            ("step", Integer),
            ("network", Text),
            ("leg", Text),
            ("bytes", Bytes),
            ("slot_account", Text),
            ("slot_sequence", Integer),
            ("slot_is_ticket", Integer),
            ("prepared_by", Text),
            ("prepared_at", Integer),
            ("expires_at", Integer),
            ("valid_until", Integer),
            ("valid_through", Integer),
            ("signed", Bytes),
            ("unsigned", Bytes),
            ("signer", Text),
            ("signer_key", Text),
            ("signed_tx_id", Text),
            ("tx_id", Text),
            ("block_height", Integer),
            ("block_hash", Text),
            ("block_time", Integer),
            ("state", Text),
        ],
    },
    Table {
        name: "reservation",
        key: &["claim_id", "attempt"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("attempt", Integer),
            ("network", Text),
            ("account", Text),
            ("sequence", Integer),
            ("is_ticket", Integer),
            ("state", Text),
            ("reserved_at", Integer),
            ("ended_at", Integer),
        ],
    },
    Table {
        name: "receipt",
        key: &["claim_id", "number"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("number", Integer),
            ("tx_id", Text),
            ("body", Text),
            ("received_at", Integer),
        ],
    },
    Table {
        name: "posting",
        key: &["claim_id", "number"],
        claim: Some("claim_id"),
        columns: &[
            ("claim_id", Text),
            ("number", Integer),
            ("account", Text),
            ("asset", Text),
            ("debit", Amount),
            ("credit", Amount),
            ("posted_at", Integer),
        ],
    },
    Table {
        name: "incident",
        key: &["id"],
        claim: Some("claim_id"),
        columns: &[
            ("id", Text),
            ("claim_id", Text),
            ("kind", Text),
            ("detail", Text),
            ("next_steps", Text),
            ("opened_at", Integer),
            ("opened_by", Text),
            ("closed_at", Integer),
            ("closed_by", Text),
            ("closing_note", Text),
        ],
    },
    Table {
        name: "halt",
        key: &["number"],
        claim: None,
        columns: &[
            ("number", Integer),
            ("action", Text),
            ("person", Text),
            ("reason", Text),
            ("at_time", Integer),
        ],
    },
    Table {
        name: "policy_version",
        key: &["number"],
        claim: None,
        columns: &[
            ("number", Integer),
            ("digest", Text),
            ("text", Text),
            ("loaded_at", Integer),
            ("state", Text),
            ("activated_at", Integer),
        ],
    },
    Table {
        name: "policy_vote",
        key: &["number", "person"],
        claim: None,
        columns: &[
            ("number", Integer),
            ("person", Text),
            ("role", Text),
            ("voted_at", Integer),
        ],
    },
    Table {
        name: "match_undone",
        key: &["appeal_id", "deposit_id"],
        claim: None,
        columns: &[
            ("appeal_id", Text),
            ("deposit_id", Text),
            ("person", Text),
            ("reason", Text),
            ("undone_at", Integer),
        ],
    },
];

/// Columns that came later: each stands in an image only where it holds something, so that rows of before have the image that they
/// always had.
const ADDED: &[(&str, &str, Type)] = &[
    ("claim", "correction_entry", Text),
    ("claim", "correction_counterparty", Text),
    ("claim_quote", "terms", Text),
];

impl Table {
    fn added(&self) -> impl Iterator<Item = (&'static str, Type)> {
        ADDED
            .iter()
            .filter(|(table, ..)| *table == self.name)
            .map(|(_, column, kind)| (*column, *kind))
    }
}

/// Tables about appeals that grow with every one of them: a step reads only the rows that it writes, and the walk over the log all of them.
const APPEAL_TABLES: &[Table] = &[
    Table {
        name: "ownership_challenge",
        key: &["id"],
        claim: None,
        columns: &[
            ("id", Text),
            ("appeal_id", Text),
            ("deposit_id", Text),
            ("account", Text),
            ("method", Text),
            ("destination", Text),
            ("network", Text),
            ("sender", Text),
            ("text", Text),
            ("asset", Text),
            ("amount", Amount),
            ("to_text", Text),
            ("memo", Text),
            ("issued_by", Text),
            ("issued_at", Integer),
            ("expires_at", Integer),
            ("state", Text),
            ("ended_at", Integer),
        ],
    },
    Table {
        name: "ownership_proof",
        key: &["number"],
        claim: None,
        columns: &[
            ("number", Integer),
            ("appeal_id", Text),
            ("deposit_id", Text),
            ("account", Text),
            ("method", Text),
            ("outcome", Text),
            ("refusal", Text),
            ("destination", Text),
            ("sender", Text),
            ("challenge_id", Text),
            ("reference", Text),
            ("evidence", Text),
            ("voids", Integer),
            ("person", Text),
            ("at_time", Integer),
        ],
    },
];

/// Which row: its table and the columns that name it, joined by `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) table: String,
    pub(crate) key: String,
}

impl std::fmt::Display for RowKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {} of {}", self.key, self.table)
    }
}

/// Rows by their keys, each as JSON with its columns in the order of their names.
pub(crate) type Rows = BTreeMap<RowKey, String>;

fn image(table: &Table, row: &RowOf<'_>) -> Result<(RowKey, String), StoreError> {
    let mut columns: BTreeMap<&str, Json> = BTreeMap::new();
    let always = table
        .columns
        .iter()
        .map(|(column, kind)| (*column, *kind, true));
    let added = table.added().map(|(column, kind)| (column, kind, false));
    for (column, kind, is_always) in always.chain(added) {
        let value = match kind {
            Text => row.text_or_null(column)?.map_or(Json::Null, Json::from),
            Integer => row.integer_or_null(column)?.map_or(Json::Null, Json::from),
            Amount => row
                .amount_or_null(column)?
                .map_or(Json::Null, |amount| Json::from(amount.to_base_units())),
            Bytes => row
                .bytes_or_null(column)?
                .map_or(Json::Null, |bytes| Json::from(hex::encode(bytes))),
        };
        if is_always || !value.is_null() {
            columns.insert(column, value);
        }
    }
    let key = table
        .key
        .iter()
        .map(|column| match columns.get(column) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        })
        .collect::<Vec<_>>()
        .join("/");
    let key = RowKey {
        table: table.name.to_owned(),
        key,
    };
    Ok((key, json(&columns)))
}

async fn read(
    reader: &mut Reader<'_>,
    table: &Table,
    condition: &str,
    values: Vec<Value>,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let mut columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    columns.extend(table.added().map(|(name, _)| name));
    let sql = format!(
        "SELECT {} FROM {} WHERE {condition}",
        columns.join(", "),
        table.name
    );
    for row in reader.rows(&sql, values).await? {
        let id = table.key.last().copied().unwrap_or("id");
        let (key, text) = image(table, &row.of(table.name, id))?;
        rows.insert(key, text);
    }
    Ok(())
}

/// Every row of a claim.
pub(crate) async fn of_claim(reader: &mut Reader<'_>, claim: &ClaimId) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    for table in TABLES {
        if let Some(column) = table.claim {
            let condition = format!("{column} = $1");
            read(
                reader,
                table,
                &condition,
                values![claim.as_str()],
                &mut rows,
            )
            .await?;
        }
    }
    Ok(rows)
}

/// Every row that belongs to no claim: halts, policies, their votes, and incidents about none.
pub(crate) async fn of_no_claim(reader: &mut Reader<'_>) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    for table in TABLES {
        match table.claim {
            None => read(reader, table, "1 = 1", vec![], &mut rows).await?,
            Some("claim_id") if table.name == "incident" => {
                read(reader, table, "claim_id IS NULL", vec![], &mut rows).await?;
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}

/// Every row of the tables about appeals that names an appeal.
pub(crate) async fn of_appeal(
    reader: &mut Reader<'_>,
    appeal: &AppealId,
) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    for table in APPEAL_TABLES {
        let values = values![appeal.as_str()];
        read(reader, table, "appeal_id = $1", values, &mut rows).await?;
    }
    Ok(rows)
}

/// Every row of the tables about appeals.
pub(crate) async fn of_appeals(reader: &mut Reader<'_>) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    for table in APPEAL_TABLES {
        read(reader, table, "1 = 1", vec![], &mut rows).await?;
    }
    Ok(rows)
}

/// One digest over all of them.
pub(crate) fn digest(rows: &Rows) -> Digest {
    rows.iter()
        .fold(
            Encoder::new("recover/claim-rows/1").field(&rows.len().to_string()),
            |encoder, (key, row)| encoder.field(&key.table).field(&key.key).field(row),
        )
        .finish()
}

/// The rows that are new or other than before.
pub(crate) fn changed<'a>(
    before: &'a Rows,
    after: &'a Rows,
) -> impl Iterator<Item = (&'a RowKey, &'a String)> {
    after
        .iter()
        .filter(|(key, row)| before.get(key) != Some(row))
}

/// The tables that name a claim, for finding rows whose claim is gone: each with the column that names it.
pub(crate) fn tables_of_claims() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLES
        .iter()
        .filter(|table| table.name != "claim")
        .filter_map(|table| table.claim.map(|column| (table.name, column)))
}
