//! Closed cases: what customers wrote, with how the desk ended each of them.

use super::appeals;
use super::columns::{Column, ColumnMap, needed, optional, said};
use super::context::Context;
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::appeal::Appeal;
use recover_core::decimal::Decimal;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::io::Read;

/// Beside the columns of an appeal.
const OUTCOME_COLUMNS: [Column; 11] = [
    needed("outcome"),
    needed("closed_at"),
    optional("outcome_deposit_id"),
    optional("outcome_tx_id"),
    optional("outcome_network"),
    optional("outcome_user_id"),
    optional("outcome_amount"),
    optional("outcome_fee"),
    optional("fee_asset"),
    optional("outcome_code"),
    said("evidence"),
];

/// How a desk ended a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeskOutcome {
    /// A user was credited.
    Credited,
    /// The money went back to where it came from, or to an address that the customer named.
    Returned,
    /// The customer was told no.
    Refused,
    /// Nobody finished it: the customer went silent or withdrew.
    Abandoned,
}

impl DeskOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [
        Self::Credited,
        Self::Returned,
        Self::Refused,
        Self::Abandoned,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Returned => "returned",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether money left the exchange or was booked to a user.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Credited | Self::Returned)
    }

    /// The outcome that a word of a ticket system means; case, blanks and hyphens do not count. `None` for any other word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let folded: String = word
            .trim()
            .to_lowercase()
            .chars()
            .map(|letter| match letter {
                ' ' | '-' | '/' => '_',
                other => other,
            })
            .collect();
        Some(match folded.as_str() {
            "credited" | "credit" | "paid" | "recovered" | "approved" | "completed" | "done"
            | "success" | "successful" | "resolved_credited" => Self::Credited,
            "returned" | "return" | "refunded" | "refund" | "sent_back" | "returned_to_sender" => {
                Self::Returned
            }
            "refused" | "rejected" | "reject" | "denied" | "declined" | "not_recoverable"
            | "unrecoverable" | "impossible" | "not_possible" | "failed" | "duplicate" => {
                Self::Refused
            }
            "abandoned" | "withdrawn" | "cancelled" | "canceled" | "expired" | "timeout"
            | "timed_out" | "no_reply" | "no_response" | "no_answer" => Self::Abandoned,
            _ => return None,
        })
    }
}

/// What a desk charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskFee {
    /// How much, in the unit of `asset`.
    pub amount: Decimal,
    /// The currency or coin as the file names it; `None` where it names none: the policy's currency.
    pub asset: Option<String>,
}

/// A closed case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedCase {
    /// What the customer wrote; secrets are taken out.
    pub appeal: Appeal,
    /// How it ended.
    pub outcome: DeskOutcome,
    /// When.
    pub closed_at: Timestamp,
    /// The deposit that was paid, by its id here; `None` when the file names it otherwise or not.
    pub deposit: Option<DepositId>,
    /// The transaction that was paid: canonical where its network is named, else as written. `None` when not named.
    pub tx_id: Option<String>,
    /// The network of `tx_id`; `None` when not named.
    pub network: Option<NetworkId>,
    /// Who was paid; `None` for the one who appealed.
    pub paid_to: Option<String>,
    /// How much was paid out, in coins; `None` when not kept.
    pub amount: Option<Decimal>,
    /// What was charged; `None` when not kept.
    pub fee: Option<DeskFee>,
    /// The desk's code for its refusal, verbatim; `None` when there is none.
    pub code: Option<String>,
    /// What the desk relied on, verbatim without secrets; empty when not kept.
    pub evidence: String,
}

impl ClosedCase {
    /// Who was paid, or would have been.
    #[must_use]
    pub fn payee(&self) -> &str {
        self.paid_to.as_deref().unwrap_or(&self.appeal.user_id)
    }
}

/// Reads closed cases: the columns of [`appeals`](super::appeals()) and the desk's outcome.
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn closed<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, ClosedCase>, ImportError> {
    let columns = [appeals::COLUMNS, &OUTCOME_COLUMNS].concat();
    Records::open(file, reader, &columns, map, context, parse)
}

fn parse(row: &Row<'_>, context: &Context<'_>) -> Result<ClosedCase, RejectReason> {
    let appeal = appeals::parse(row, context)?;
    let word = row.needed("outcome")?;
    let outcome = DeskOutcome::from_word(word).ok_or_else(|| {
        let problem =
            format!("'{word}' is no outcome: write credited, returned, refused or abandoned");
        RejectReason::value("outcome", problem)
    })?;
    let closed_at = row.needed_time("closed_at")?;
    if closed_at < appeal.created_at {
        let problem = "the case was closed before it was opened";
        return Err(RejectReason::value("closed_at", problem));
    }
    let network = row
        .get("outcome_network")
        .map(|text| context.network("outcome_network", text))
        .transpose()?;
    let tx_id = match (row.get("outcome_tx_id"), &network) {
        (None, _) => None,
        (Some(text), None) => Some(text.to_owned()),
        (Some(text), Some((_, family))) => {
            let id = context.transaction("outcome_tx_id", *family, text)?;
            Some(id.as_str().to_owned())
        }
    };
    let number = |column: &'static str| {
        row.get(column)
            .map(|text| Decimal::parse(text).map_err(|error| RejectReason::value(column, error)))
            .transpose()
    };
    Ok(ClosedCase {
        outcome,
        closed_at,
        deposit: row.get("outcome_deposit_id").map(DepositId::verbatim),
        tx_id,
        network: network.map(|(network, _)| network),
        paid_to: row.get("outcome_user_id").map(str::to_owned),
        amount: number("outcome_amount")?,
        fee: number("outcome_fee")?.map(|amount| DeskFee {
            amount,
            asset: row.get("fee_asset").map(str::to_owned),
        }),
        code: row.get("outcome_code").map(str::to_owned),
        evidence: row.raw("evidence").trim().to_owned(),
        appeal,
    })
}
