//! The family of networks of the Cosmos SDK.
