//! Why an output is not spent.

/// Why no transaction is made of an order. Each has a stable code, listed in [`REFUSALS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpendRefusal {
    /// What is paid would be too small for any node to relay it.
    #[error(
        "{amount} base units would arrive and nodes relay nothing below {least} to such a script: leave it where it is"
    )]
    DustOutput {
        /// What would arrive.
        amount: u64,
        /// The least that is relayed.
        least: u64,
    },
    /// The network would take more than there is.
    #[error(
        "the output holds {value} base units, of which {amount} shall arrive, and the network takes {fee}: it is not enough"
    )]
    FeeExceedsValue {
        /// What the output holds.
        value: u64,
        /// What shall arrive, 0 for whatever is left.
        amount: u64,
        /// What the network takes.
        fee: u64,
    },
    /// The network asks more than anybody means to pay.
    #[error(
        "the network would take {fee} base units and {most} is the most that is offered: wait until it is calmer"
    )]
    FeeAboveCap {
        /// What it would take.
        fee: u64,
        /// The most that is offered.
        most: u64,
    },
    /// The transaction that made the output is not there.
    #[error(
        "the transaction {tx_id} is needed to sign, and no source shows it: use a node with an index of transactions"
    )]
    PreviousTransactionMissing {
        /// Its id.
        tx_id: String,
    },
    /// What a source gave is not the transaction that made the output, or has no such output.
    #[error(
        "the transaction that was given is not {approved}: {found}; look which source is wrong"
    )]
    PreviousTransactionDiffers {
        /// What it is.
        found: String,
        /// What it had to be.
        approved: String,
    },
    /// The transaction that made the output is larger than a package may be.
    #[error(
        "the transaction {tx_id} has {bytes} bytes without its witnesses, and a package carries {most} of one: let a person do it"
    )]
    PreviousTransactionTooLarge {
        /// Its id.
        tx_id: String,
        /// Its bytes.
        bytes: usize,
        /// The most that is carried.
        most: usize,
    },
    /// The output is spent.
    #[error("the output {outpoint} is spent already: look who took it")]
    OutpointTaken {
        /// Transaction and place, `TXID:INDEX`.
        outpoint: String,
    },
    /// Nobody says how the output is unlocked.
    #[error(
        "{detail}: write the descriptor of the address into the address book, or let a person do it"
    )]
    ScriptUnknown {
        /// What is not known.
        detail: String,
    },
    /// The address book tells of another script.
    #[error(
        "the descriptor of the address book is that of {found}, and the money lies on {approved}: correct the address book"
    )]
    DescriptorDiffers {
        /// Whose descriptor it is.
        found: String,
        /// Where the money lies.
        approved: String,
    },
    /// The script protects nothing on that network: it needs SegWit where there is none, or stands inside P2SH on Bitcoin SV.
    #[error(
        "the money lies on a script that protects nothing on {network}: whoever sees it can take the money, so that a person hands the transaction to a miner"
    )]
    ScriptUnprotected {
        /// The network.
        network: String,
    },
    /// A text is not an address of the network as it writes it.
    #[error("'{text}' is no address of {network} as it writes them: take one of that network")]
    NotAnAddress {
        /// The text.
        text: String,
        /// The network.
        network: String,
    },
}

/// The codes of all refusals, in the order of [`SpendRefusal`].
pub const REFUSALS: &[&str] = &[
    "dust_output",
    "fee_exceeds_value",
    "fee_above_cap",
    "previous_transaction_missing",
    "previous_transaction_differs",
    "previous_transaction_too_large",
    "outpoint_taken",
    "script_unknown",
    "descriptor_differs",
    "script_unprotected",
    "not_an_address",
];

impl SpendRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DustOutput { .. } => "dust_output",
            Self::FeeExceedsValue { .. } => "fee_exceeds_value",
            Self::FeeAboveCap { .. } => "fee_above_cap",
            Self::PreviousTransactionMissing { .. } => "previous_transaction_missing",
            Self::PreviousTransactionDiffers { .. } => "previous_transaction_differs",
            Self::PreviousTransactionTooLarge { .. } => "previous_transaction_too_large",
            Self::OutpointTaken { .. } => "outpoint_taken",
            Self::ScriptUnknown { .. } => "script_unknown",
            Self::DescriptorDiffers { .. } => "descriptor_differs",
            Self::ScriptUnprotected { .. } => "script_unprotected",
            Self::NotAnAddress { .. } => "not_an_address",
        }
    }
}
