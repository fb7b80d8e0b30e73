//! Appeals for tests that need one and say little of it.

use recover_core::appeal::{Appeal, AppealId};
use recover_core::time::Timestamp;

/// An appeal of a user in which nothing is claimed.
pub fn blank(id: &str, user: &str, created_at: Timestamp) -> Appeal {
    Appeal {
        id: AppealId::verbatim(id),
        user_id: user.to_owned(),
        created_at,
        claimed_txid: String::new(),
        claimed_network: String::new(),
        claimed_asset: String::new(),
        claimed_amount: String::new(),
        claimed_to_address: String::new(),
        claimed_memo: String::new(),
        claimed_from_address: String::new(),
        claimed_at: String::new(),
        ownership_proof: String::new(),
        session_view_at: None,
        language: None,
        time_zone: None,
        free_text: String::new(),
    }
}
