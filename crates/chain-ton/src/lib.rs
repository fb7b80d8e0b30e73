//! The family of TON.
