//! What the tests on other networks' nodes made: the exchange's files and people, and the walk of a claim.

#[allow(dead_code, reason = "shared with the tests of other networks")]
#[path = "../../nodes/settle/office.rs"]
pub mod office;
#[allow(dead_code, reason = "shared with the tests of other networks")]
#[path = "../../nodes/settle/walk.rs"]
pub mod walk;
