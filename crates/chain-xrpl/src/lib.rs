//! The family of the XRP Ledger.
