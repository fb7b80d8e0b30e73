//! What would have to be added for a deposit to become recoverable, as a report ranks it.

use crate::code::coded;
use crate::verdict::Missing;

coded! {
    /// What the exchange would have to add.
    pub enum Lack {
        /// The network: take deposits there, or be able to sign there.
        Network => "network",
        /// A node or an explorer that can say more.
        Source => "source",
        /// The ledger's rows of that time, or clearer ones.
        Ledger => "ledger",
        /// Who the owner is.
        Ownership => "ownership",
        /// A review of the token's contract, with its decimals.
        Review => "review",
        /// The contract behind a symbol of a file, listed.
        Listing => "listing",
        /// Records of how the address is controlled.
        Control => "control",
        /// A key that is lost: nothing but the key itself, found again, brings what lies there back.
        Key => "key",
        /// The factory that makes our contract.
        Factory => "factory",
        /// A price.
        Price => "price",
        /// A person who looks at it by hand.
        Person => "person",
    }
}

impl Lack {
    /// What a missing condition calls for; `None` where time alone brings it.
    #[must_use]
    pub const fn of(missing: Missing) -> Option<Self> {
        match missing {
            Missing::FinalityMissing | Missing::NotMovableYet => None,
            Missing::NetworkSuspended | Missing::NetworkConditional => Some(Self::Network),
            Missing::OutcomeUnknown
            | Missing::CodeUnknown
            | Missing::DeployerNonceUnknown
            | Missing::NotSeenByUs => Some(Self::Source),
            Missing::LedgerCoverageMissing | Missing::LedgerUnclear => Some(Self::Ledger),
            Missing::OwnerContested | Missing::OwnerDisputed => Some(Self::Ownership),
            Missing::TokenReviewMissing => Some(Self::Review),
            Missing::AssetUnvouched => Some(Self::Listing),
            Missing::ControlUnknown | Missing::ControlContradicted => Some(Self::Control),
            Missing::FactoryAbsent => Some(Self::Factory),
            Missing::ScriptSecret | Missing::BalanceUnexplained | Missing::ManualHandling => {
                Some(Self::Person)
            }
        }
    }

    /// What it is added for.
    #[must_use]
    pub const fn subject(self) -> LackSubject {
        match self {
            Self::Network
            | Self::Source
            | Self::Ledger
            | Self::Ownership
            | Self::Control
            | Self::Key
            | Self::Person => LackSubject::Network,
            Self::Review | Self::Listing | Self::Price => LackSubject::Asset,
            Self::Factory => LackSubject::Factory,
        }
    }
}

/// What something is added for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LackSubject {
    /// For a whole network.
    Network,
    /// For one asset.
    Asset,
    /// For one contract on a network.
    Factory,
}
