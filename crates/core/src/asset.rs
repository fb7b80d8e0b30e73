//! What was sent: assets by contract, never by symbol.

use crate::amount::Amount;
use crate::code::coded;
use crate::network::NetworkId;

/// An asset in the shape of CAIP-19: a network and what identifies the asset there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId {
    /// The network on which it lives.
    pub network: NetworkId,
    /// What identifies it there.
    pub reference: AssetReference,
}

/// What identifies an asset on its network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AssetReference {
    /// The network's own coin.
    Native,
    /// A token by what identifies it on its network, in canonical text: a contract's address (EVM, Tron, a jetton's master on
    /// TON, `C…` on Stellar), `CODE.ISSUER` (XRP Ledger, Stellar), `mpt:ISSUANCE_ID` (XRP Ledger), `trc10:NUMBER` (Tron), a
    /// mint (Solana), a denom (Cosmos SDK).
    Contract(String),
    /// A token known only by the symbol a file gave: it can be matched, never quoted.
    Unlisted(String),
}

impl AssetId {
    /// The network's own coin.
    #[must_use]
    pub const fn native(network: NetworkId) -> Self {
        Self {
            network,
            reference: AssetReference::Native,
        }
    }

    /// A token by its contract's canonical address text.
    #[must_use]
    pub fn contract(network: NetworkId, contract: &str) -> Self {
        Self {
            network,
            reference: AssetReference::Contract(contract.to_owned()),
        }
    }

    /// A token known only by a symbol from a file.
    #[must_use]
    pub fn unlisted(network: NetworkId, symbol: &str) -> Self {
        Self {
            network,
            reference: AssetReference::Unlisted(symbol.to_owned()),
        }
    }

    /// The contract's address text; `None` for a native coin and for a symbol from a file.
    #[must_use]
    pub fn contract_text(&self) -> Option<&str> {
        match &self.reference {
            AssetReference::Contract(contract) => Some(contract),
            AssetReference::Native | AssetReference::Unlisted(_) => None,
        }
    }

    /// Parses what [`Display`](std::fmt::Display) prints; `None` when the text has another shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (network, reference) = text.split_once('/')?;
        let network = (!network.is_empty()).then(|| NetworkId::new(network))?;
        if reference == "native" {
            return Some(Self::native(network));
        }
        let (namespace, rest) = reference.split_once(':')?;
        match namespace {
            "contract" => Some(Self::contract(network, rest)),
            "unlisted" => Some(Self::unlisted(network, rest)),
            _ => None,
        }
    }
}

/// `NETWORK/native`, `NETWORK/contract:ADDRESS` or `NETWORK/unlisted:SYMBOL`.
impl std::fmt::Display for AssetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match &self.reference {
            AssetReference::Native => format!("{}/native", self.network),
            AssetReference::Contract(contract) => format!("{}/contract:{contract}", self.network),
            AssetReference::Unlisted(symbol) => format!("{}/unlisted:{symbol}", self.network),
        };
        f.pad(&text)
    }
}

coded! {
    /// What a person decided about an unlisted token contract, once for all deposits of it.
    pub enum TokenReview {
        /// Nobody looked yet: its deposits stay out of the working queue.
        Unreviewed => "unreviewed",
        /// A real token: its deposits are worked.
        Genuine => "genuine",
        /// A real contract sent to many strangers to bait them.
        Airdrop => "airdrop",
        /// It imitates a listed asset or pretends transfers that did not happen.
        Fake => "fake",
    }
}

/// How the exchange stands to an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetStanding {
    /// Credited today.
    Listed(AssetTerms),
    /// Once listed; its contract was replaced or delisted.
    Retired(AssetTerms),
    /// Never listed.
    Unlisted(TokenReview),
    /// Known only by a symbol from a file: nobody vouches for what it is.
    Unvouched,
}

/// What the operator's configuration says of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetTerms {
    /// The symbol shown to people; never an identity.
    pub symbol: String,
    /// Digits behind the point, from a reviewed list.
    pub decimals: u8,
    /// The smallest deposit that is credited, in base units; `None` when there is no minimum.
    pub minimum: Option<Amount>,
}
