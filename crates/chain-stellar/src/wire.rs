//! The records of Horizon as they are written down: every field optional, since versions and recordings differ, and numbers
//! taken from their text, never through a float.
//!
//! Fields have the names of <https://developers.stellar.org/docs/data/apis/horizon/api-reference/resources>; what they mean is
//! said where they are read.

#![expect(
    missing_docs,
    reason = "the fields are Horizon's own, under its own names"
)]

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A text, a number or a truth value as text. Some clients and old recordings print numbers where Horizon prints strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through the raw text: a number past 2^53 or with many digits stays what it is.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(Self).map_err(Error::custom),
            Some(b'{' | b'[') => Err(Error::custom("a text or a number was expected")),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl std::ops::Deref for Scalar {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// `true` and `false`, also as text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Scalar>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) => match &*text {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            other => Err(Error::custom(format!(
                "'{other}' is neither true nor false"
            ))),
        },
    }
}

/// One operation: the rows of `/payments` and `/operations`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Operation {
    pub id: Option<Scalar>,
    pub paging_token: Option<Scalar>,
    #[serde(deserialize_with = "flag")]
    pub transaction_successful: Option<bool>,
    pub transaction_hash: Option<Scalar>,
    #[serde(rename = "type")]
    pub kind: Option<Scalar>,
    #[serde(rename = "type_i")]
    pub kind_number: Option<Scalar>,
    pub created_at: Option<Scalar>,
    pub source_account: Option<Scalar>,
    pub from: Option<Scalar>,
    pub to: Option<Scalar>,
    pub to_muxed: Option<Scalar>,
    pub to_muxed_id: Option<Scalar>,
    pub funder: Option<Scalar>,
    pub account: Option<Scalar>,
    pub into: Option<Scalar>,
    pub into_muxed: Option<Scalar>,
    pub into_muxed_id: Option<Scalar>,
    pub asset: Option<Scalar>,
    pub asset_type: Option<Scalar>,
    pub asset_code: Option<Scalar>,
    pub asset_issuer: Option<Scalar>,
    pub amount: Option<Scalar>,
    pub starting_balance: Option<Scalar>,
    pub source_amount: Option<Scalar>,
    pub destination_min: Option<Scalar>,
    pub balance_id: Option<Scalar>,
    pub claimant: Option<Scalar>,
    pub claimant_muxed: Option<Scalar>,
    pub claimant_muxed_id: Option<Scalar>,
    pub reserves_received: Option<Vec<Reserve>>,
    pub asset_balance_changes: Option<Vec<BalanceChange>>,
    pub transaction: Option<Transaction>,
    #[serde(rename = "_links")]
    pub links: Option<Links>,
}

/// What a pool gave back of one asset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Reserve {
    pub asset: Option<Scalar>,
    pub amount: Option<Scalar>,
}

/// What a contract call did to one balance of a classic asset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BalanceChange {
    #[serde(rename = "type")]
    pub kind: Option<Scalar>,
    pub from: Option<Scalar>,
    pub to: Option<Scalar>,
    pub asset_type: Option<Scalar>,
    pub asset_code: Option<Scalar>,
    pub asset_issuer: Option<Scalar>,
    pub amount: Option<Scalar>,
    pub destination_muxed_id: Option<Scalar>,
    pub destination_muxed_id_type: Option<Scalar>,
}

/// One effect: what an operation did to one account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Effect {
    pub id: Option<Scalar>,
    pub paging_token: Option<Scalar>,
    pub account: Option<Scalar>,
    pub account_muxed: Option<Scalar>,
    pub account_muxed_id: Option<Scalar>,
    #[serde(rename = "type")]
    pub kind: Option<Scalar>,
    #[serde(rename = "type_i")]
    pub kind_number: Option<Scalar>,
    pub created_at: Option<Scalar>,
    pub asset: Option<Scalar>,
    pub asset_type: Option<Scalar>,
    pub asset_code: Option<Scalar>,
    pub asset_issuer: Option<Scalar>,
    pub amount: Option<Scalar>,
    pub starting_balance: Option<Scalar>,
    pub balance_id: Option<Scalar>,
    pub contract: Option<Scalar>,
    pub reserves_received: Option<Vec<Reserve>>,
}

/// One transaction. The other names are those of stellar-etl's rows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Transaction {
    #[serde(alias = "transaction_hash")]
    pub hash: Option<Scalar>,
    pub id: Option<Scalar>,
    pub paging_token: Option<Scalar>,
    #[serde(deserialize_with = "flag")]
    pub successful: Option<bool>,
    #[serde(alias = "ledger_sequence")]
    pub ledger: Option<Scalar>,
    pub created_at: Option<Scalar>,
    #[serde(alias = "account")]
    pub source_account: Option<Scalar>,
    pub account_muxed: Option<Scalar>,
    pub account_muxed_id: Option<Scalar>,
    pub fee_account: Option<Scalar>,
    pub fee_charged: Option<Scalar>,
    pub operation_count: Option<Scalar>,
    pub memo_type: Option<Scalar>,
    pub memo: Option<Scalar>,
    pub memo_bytes: Option<Scalar>,
    #[serde(alias = "tx_envelope")]
    pub envelope_xdr: Option<Scalar>,
    #[serde(alias = "tx_result")]
    pub result_xdr: Option<Scalar>,
    pub fee_bump_transaction: Option<HashOf>,
    pub inner_transaction: Option<HashOf>,
}

/// The other half of a fee bump.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HashOf {
    pub hash: Option<Scalar>,
}

/// An account with its balances.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Account {
    pub account_id: Option<Scalar>,
    pub id: Option<Scalar>,
    pub sequence: Option<Scalar>,
    pub subentry_count: Option<Scalar>,
    pub num_sponsoring: Option<Scalar>,
    pub num_sponsored: Option<Scalar>,
    pub last_modified_ledger: Option<Scalar>,
    pub balances: Option<Vec<Balance>>,
    pub data: Option<BTreeMap<String, Scalar>>,
}

/// What an account holds of one asset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Balance {
    pub balance: Option<Scalar>,
    pub limit: Option<Scalar>,
    pub buying_liabilities: Option<Scalar>,
    pub selling_liabilities: Option<Scalar>,
    #[serde(deserialize_with = "flag")]
    pub is_authorized: Option<bool>,
    pub asset_type: Option<Scalar>,
    pub asset_code: Option<Scalar>,
    pub asset_issuer: Option<Scalar>,
}

/// A claimable balance that nobody claimed yet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ClaimableBalance {
    pub id: Option<Scalar>,
    pub asset: Option<Scalar>,
    pub amount: Option<Scalar>,
    pub sponsor: Option<Scalar>,
    pub claimants: Option<Vec<Claimant>>,
}

/// Who may claim.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Claimant {
    pub destination: Option<Scalar>,
}

/// A closed ledger.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Ledger {
    pub sequence: Option<Scalar>,
    pub hash: Option<Scalar>,
    pub closed_at: Option<Scalar>,
    pub base_reserve_in_stroops: Option<Scalar>,
}

/// What stands at `/`: who the server is and what it keeps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Root {
    pub network_passphrase: Option<Scalar>,
    pub history_latest_ledger: Option<Scalar>,
    pub history_latest_ledger_closed_at: Option<Scalar>,
    pub history_elder_ledger: Option<Scalar>,
}

/// What the last ledgers charged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FeeStats {
    pub last_ledger_base_fee: Option<Scalar>,
    pub fee_charged: Option<BTreeMap<String, Scalar>>,
    pub max_fee: Option<BTreeMap<String, Scalar>>,
}

/// `application/problem+json` (RFC 7807), as Horizon fills it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: Option<Scalar>,
    pub title: Option<Scalar>,
    pub status: Option<Scalar>,
    pub detail: Option<Scalar>,
    /// A misspelling of older servers.
    pub details: Option<Scalar>,
    pub extras: Option<Extras>,
}

/// What a problem adds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Extras {
    pub result_codes: Option<ResultCodes>,
    pub reason: Option<Scalar>,
    pub invalid_field: Option<Scalar>,
    pub error: Option<Scalar>,
}

/// Why the network refused a transaction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ResultCodes {
    pub transaction: Option<Scalar>,
    pub operations: Option<Vec<Scalar>>,
}

impl Problem {
    /// The last word of its type (`not_found`), which newer servers write without a URL.
    #[must_use]
    pub fn word(&self) -> &str {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.rsplit('/').next().unwrap_or(kind)
    }

    /// What it says, with the codes of a refused transaction.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = self.title.as_deref().unwrap_or_default().to_owned();
        let mut add = |text: &str| {
            if !text.is_empty() {
                words.push_str(if words.is_empty() { "" } else { ": " });
                words.push_str(text);
            }
        };
        if let Some(extras) = &self.extras {
            if let Some(codes) = &extras.result_codes {
                add(codes.transaction.as_deref().unwrap_or_default());
                for code in codes.operations.iter().flatten() {
                    add(code);
                }
            }
            for text in [&extras.invalid_field, &extras.reason, &extras.error] {
                add(text.as_deref().unwrap_or_default());
            }
        }
        // The codes say more than the sentence, which only explains where to find them.
        let plain = self.extras.as_ref().is_none_or(|extras| {
            extras.result_codes.is_none()
                && extras.reason.is_none()
                && extras.invalid_field.is_none()
                && extras.error.is_none()
        });
        if plain {
            add(self
                .detail
                .as_deref()
                .or(self.details.as_deref())
                .unwrap_or_default());
        }
        words
    }
}

/// Hypertext links of a record, as far as we follow them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Links {
    pub transaction: Option<Link>,
}

/// One link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    pub href: Option<Scalar>,
}

/// The rows of a list, each still in its own text, so that one odd row does not hide the others.
#[derive(Debug, Clone, Default)]
pub struct Rows(pub Vec<Box<RawValue>>);

/// A list is an array; some recordings hold a single row without one.
impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'[') => serde_json::from_str(raw.get())
                .map(Self)
                .map_err(Error::custom),
            Some(b'{') => Ok(Self(vec![raw])),
            _ => Err(Error::custom("a list was expected")),
        }
    }
}

#[derive(Deserialize)]
struct Embedded {
    records: Rows,
}

/// The envelope of every answer, before its kind is known.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(rename = "_embedded")]
    embedded: Option<Embedded>,
    records: Option<Rows>,
    status: Option<Scalar>,
    title: Option<Scalar>,
    #[serde(rename = "type")]
    kind: Option<Scalar>,
}

/// What a body is, by its outer shape.
#[derive(Debug)]
pub enum Body {
    /// A list of rows.
    Rows(Vec<Box<RawValue>>),
    /// A problem.
    Problem(Box<Problem>),
    /// A single record.
    Record(Box<RawValue>),
}

/// Tells a list from a problem and from a record.
///
/// # Errors
/// When the body is no JSON object and no array of them.
pub fn body(bytes: &[u8]) -> Result<Body, serde_json::Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let raw: Box<RawValue> = serde_json::from_slice(bytes)?;
    record_or_rows(raw)
}

fn record_or_rows(raw: Box<RawValue>) -> Result<Body, serde_json::Error> {
    if raw.get().starts_with('[') {
        return serde_json::from_str(raw.get()).map(Body::Rows);
    }
    // Only a problem's `status` is a number beside a title; records have neither.
    let envelope: Envelope = serde_json::from_str(raw.get())?;
    if let Some(rows) = envelope
        .embedded
        .map(|inner| inner.records)
        .or(envelope.records)
    {
        return Ok(Body::Rows(rows.0));
    }
    let status = envelope
        .status
        .as_deref()
        .and_then(|text| text.parse::<u16>().ok());
    let is_problem = envelope.title.is_some() && (status.is_some() || envelope.kind.is_some());
    if is_problem {
        return serde_json::from_str(raw.get()).map(|problem| Body::Problem(Box::new(problem)));
    }
    Ok(Body::Record(raw))
}
