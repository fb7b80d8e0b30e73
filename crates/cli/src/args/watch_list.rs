//! `watch`: what can be typed behind it.

use super::words;
use clap::{Args, Subcommand};

/// `watch`
#[derive(Debug, Subcommand)]
pub enum Watch {
    /// List what is watched; what came stands first
    List(WatchList),
    /// Watch a deposit; `reconcile` says when what it waits for has come
    Add(WatchAdd),
    /// End an entry; an appeal that waits for it goes on waiting
    Drop {
        /// The entry
        id: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

/// `watch list`
#[derive(Debug, Args)]
pub struct WatchList {
    /// Only those that can go on
    #[arg(long)]
    pub fired: bool,
    /// Ended ones too
    #[arg(long, conflicts_with = "fired")]
    pub all: bool,
    /// Only this deposit
    #[arg(long, value_name = "ID")]
    pub deposit: Option<String>,
    /// Only this appeal
    #[arg(long, value_name = "ID")]
    pub appeal: Option<String>,
    /// Only what waits for this
    #[arg(long = "for", value_name = "TRIGGER")]
    pub trigger: Option<String>,
    /// How many at most (default: 50 in a table, else all)
    #[arg(long)]
    pub limit: Option<u32>,
}

/// `watch add`
#[derive(Debug, Args)]
pub struct WatchAdd {
    /// The deposit
    pub deposit: String,
    /// What to watch for (repeat for more; default: what follows from its advice)
    #[arg(long = "for", value_name = "TRIGGER")]
    pub triggers: Vec<String>,
    /// With network_cost_below: the most that the network may take, in its own coin (default: from where something is left)
    #[arg(long, value_name = "COINS")]
    pub ceiling: Option<String>,
    /// The day on which to look at it whatever has come: 2027-01-31, or an RFC 3339 time
    #[arg(long, value_name = "DATE")]
    pub recheck: Option<String>,
    /// The appeal that waits for it
    #[arg(long, value_name = "ID")]
    pub appeal: Option<String>,
    /// Say what would happen and keep nothing
    #[arg(long)]
    pub dry_run: bool,
}
