//! The answers that recorded cases have, one test each.
