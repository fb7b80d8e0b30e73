//! Appeals: what customers wrote, kept to the letter but for secrets.

use super::columns::{Column, ColumnMap, needed, optional, said};
use super::context::Context;
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::appeal::{Appeal, AppealId};
use std::io::Read;

pub(super) const COLUMNS: &[Column] = &[
    needed("appeal_id"),
    needed("user_id"),
    needed("created_at"),
    said("claimed_txid"),
    said("claimed_network"),
    said("claimed_asset"),
    said("claimed_amount"),
    said("claimed_to_address"),
    said("claimed_memo"),
    said("claimed_from_address"),
    said("claimed_at"),
    said("ownership_proof"),
    optional("session_view_at"),
    said("free_text"),
    optional("language"),
    optional("time_zone"),
];

/// Reads appeals. The claimed fields are not looked at here: whatever the customer wrote is taken as it is, but for secrets,
/// which are taken out ([`Records::secrets`]).
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn appeals<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, Appeal>, ImportError> {
    Records::open(file, reader, COLUMNS, map, context, parse)
}

pub(super) fn parse(row: &Row<'_>, _: &Context<'_>) -> Result<Appeal, RejectReason> {
    let verbatim = |column| row.raw(column).to_owned();
    Ok(Appeal {
        id: AppealId::verbatim(row.needed("appeal_id")?),
        user_id: row.needed("user_id")?.to_owned(),
        created_at: row.needed_time("created_at")?,
        claimed_txid: verbatim("claimed_txid"),
        claimed_network: verbatim("claimed_network"),
        claimed_asset: verbatim("claimed_asset"),
        claimed_amount: verbatim("claimed_amount"),
        claimed_to_address: verbatim("claimed_to_address"),
        claimed_memo: verbatim("claimed_memo"),
        claimed_from_address: verbatim("claimed_from_address"),
        claimed_at: verbatim("claimed_at"),
        ownership_proof: verbatim("ownership_proof"),
        session_view_at: row.time("session_view_at")?,
        free_text: verbatim("free_text"),
        language: row.get("language").map(str::to_owned),
        time_zone: row.get("time_zone").map(str::to_owned),
    })
}
