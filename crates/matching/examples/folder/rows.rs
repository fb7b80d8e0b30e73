//! The rows of a labelled folder as what they stand for; a column is asked for by its name, and empty where the file has none of
//! that name.

use recover_core::appeal::{Appeal, AppealId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::network::Family;
use recover_core::time::Timestamp;

/// Why a folder cannot be read.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// A row of `address_book.csv`.
pub fn record<'a>(column: impl Fn(&str) -> &'a str) -> Result<AddressRecord, Problem> {
    let user = column("user_id");
    Ok(AddressRecord {
        user_id: (!user.is_empty()).then(|| user.to_owned()),
        role: AddressRole::from_name(column("role")).ok_or("an unknown role")?,
        family: Family::from_name(column("family")).ok_or("an unknown family")?,
        network: None,
        value: column("value").to_owned(),
        payload: None,
        created: None,
        retired: None,
        control: ControlRecord::Unknown,
    })
}

/// A row of `appeals.csv`.
pub fn appeal<'a>(column: impl Fn(&str) -> &'a str) -> Result<Appeal, Problem> {
    let text = |name: &str| column(name).to_owned();
    Ok(Appeal {
        id: AppealId::verbatim(column("appeal_id")),
        user_id: text("user_id"),
        created_at: Timestamp::parse(column("created_at"))?,
        claimed_txid: text("claimed_txid"),
        claimed_network: text("claimed_network"),
        claimed_asset: text("claimed_asset"),
        claimed_amount: text("claimed_amount"),
        claimed_to_address: text("claimed_to_address"),
        claimed_memo: text("claimed_memo"),
        claimed_from_address: text("claimed_from_address"),
        claimed_at: text("claimed_at"),
        ownership_proof: text("ownership_proof"),
        session_view_at: Timestamp::parse(column("session_view_at")).ok(),
        free_text: text("free_text"),
        language: None,
        time_zone: None,
    })
}
