//! `appeals`: the specialist's work.

use super::{ImportFile, words};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `appeals`
#[derive(Debug, Subcommand)]
pub enum Appeals {
    /// Read a CSV of appeals; one with the same id is updated
    Import(ImportFile),
    /// List appeals: what to do next stands first
    List(QueueArguments),
    /// Show one appeal beside the deposits that it may mean, what was done, and what to do next
    Show {
        /// The appeal
        id: String,
    },
    /// Take the most urgent appeal that nobody has, for a while
    Next {
        /// Only say which
        #[arg(long)]
        dry_run: bool,
    },
    /// Give an appeal to a person (default: to yourself)
    Assign {
        /// The appeal
        id: String,
        /// Who works it; `none` for nobody
        #[arg(value_parser = words)]
        person: Option<String>,
        /// The same
        #[arg(long, value_name = "PERSON", value_parser = words, conflicts_with = "person")]
        to: Option<String>,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Add a note
    Note {
        /// The appeal
        id: String,
        /// The note
        #[arg(value_parser = words)]
        text: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Ask the customer the one question that helps (default: the one that the match calls for)
    Ask {
        /// The appeals
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Which question: transaction_id, network, exact_amount, exact_time, receiving_address, sending_address, memo, asset,
        /// sending_address_proof or withdrawal_record
        #[arg(long, value_name = "CODE")]
        question: Option<String>,
        /// The question in your own words
        #[arg(long, value_parser = words)]
        text: Option<String>,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Record what the customer answered: it is read and matched anew, the first words are kept
    #[command(group(clap::ArgGroup::new("answer").required(true).multiple(true)))]
    Answer {
        /// The appeal
        id: String,
        /// A field and what was said: txid, network, asset, amount, to_address, memo, from_address, time or text (repeat for more)
        #[arg(long, value_name = "FIELD=TEXT", group = "answer")]
        field: Vec<String>,
        /// A file with the customer's words; `-` reads standard input
        #[arg(long, value_name = "FILE", group = "answer")]
        file: Option<PathBuf>,
        /// It came without a question
        #[arg(long)]
        unasked: bool,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that the proposed deposit is the right one
    Confirm {
        /// The appeal
        id: String,
        /// The deposit that you saw
        #[arg(long, value_name = "DEPOSIT")]
        deposit: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say which deposit is the right one, whatever was proposed
    Correct {
        /// The appeal
        id: String,
        /// The deposit; `none` where none that is there is the right one
        #[arg(long, value_name = "DEPOSIT")]
        deposit: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that the same user asked the same before
    Duplicate {
        /// The appeal
        id: String,
        /// The appeal that came first
        #[arg(long, value_name = "ID")]
        of: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Refuse appeals; the customer's sentence is printed
    Refuse {
        /// The appeals
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Why, as a code of the glossary: not_ours, no_key, already_credited, not_found, …
        #[arg(long)]
        code: String,
        /// Why, for us
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Let an appeal wait for something outside: a network's reopening, a listing
    Wait {
        /// The appeal
        id: String,
        /// For what
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Close an appeal
    Close {
        /// The appeal
        id: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a refusal, a duplicate or a closing back
    Reopen {
        /// The appeal
        id: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Erase what customers wrote in appeals that ended long ago; decisions and their codes stay
    Erase {
        /// Only where nothing happened for so long: 90d; without it, as long as the policy keeps them
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Option<u32>,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// What people decided about which deposits are meant: what models learn from
    #[command(subcommand)]
    Truth(TruthCommand),
}

/// `appeals truth`
#[derive(Debug, Subcommand)]
pub enum TruthCommand {
    /// Write it to a CSV file
    Export {
        /// The file; `-` for standard output
        file: PathBuf,
    },
}

/// Which appeals.
#[derive(Debug, Args)]
pub struct QueueArguments {
    /// Only this status (repeat for more; default: every open one)
    #[arg(long)]
    pub status: Vec<String>,
    /// Only what matching decided so: auto, review, none or conflict
    #[arg(long)]
    pub decision: Option<String>,
    /// Only this person's; `me` for yours, `none` for nobody's
    #[arg(long, value_name = "PERSON")]
    pub assigned: Option<String>,
    /// Only this network: the deposit's, else the one that the customer names
    #[arg(long)]
    pub network: Option<String>,
    /// Only this user's
    #[arg(long)]
    pub user: Option<String>,
    /// Only where the customer has waited so long: 12h, 3d
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: Option<u32>,
    /// Only worth so much in the policy's currency, and those whose value nobody knows
    #[arg(long, value_name = "SUM")]
    pub value_min: Option<String>,
    /// Only with this to do next: confirm_match, ask_one_question, resolve_conflict, …
    #[arg(long, value_name = "ACTION")]
    pub next: Option<String>,
    /// Decided ones too
    #[arg(long, conflicts_with = "status")]
    pub all: bool,
    /// Where the page before ended, as it was printed
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

/// An age in hours.
fn age(text: &str) -> Result<u32, &'static str> {
    const HINT: &str = "write hours or days, such as 12h or 3d";
    let number = |digits: &str| digits.parse::<u32>().map_err(|_| HINT);
    let hours = match (text.strip_suffix('h'), text.strip_suffix('d')) {
        (Some(hours), _) => number(hours)?,
        (_, Some(days)) => number(days)?.checked_mul(24).ok_or(HINT)?,
        _ => return Err(HINT),
    };
    // A hundred years: longer than there is anything to look at.
    if hours > 876_600 {
        Err(HINT)
    } else {
        Ok(hours)
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn own_ages_are_hours_or_days() {
        assert_eq!((age("12h"), age("3d"), age("0h")), (Ok(12), Ok(72), Ok(0)));
        for text in ["", "h", "12", "-1h", "1.5d", "999999999d", "3w", "h3"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
