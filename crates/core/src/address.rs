//! Addresses: the text a person sees and the payload a key controls.

/// What a key or a script controls, independent of the network: the hinge of wrong-network detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Payload {
    /// The last 20 bytes of keccak256 of a secp256k1 public key, or a contract's 20 bytes (EVM, Tron).
    Account20([u8; 20]),
    /// 20 bytes that name an account: RIPEMD-160 of SHA-256 of its public key on the XRP Ledger and on most networks of the
    /// Cosmos SDK. Which hash a network of the Cosmos SDK uses is that network's rule: equal bytes are one key only between
    /// networks with one rule.
    Hash160([u8; 20]),
    /// An ed25519 public key (Stellar accounts, Solana wallets).
    Ed25519([u8; 32]),
    /// 32 bytes that name a contract or a module and no key (Cosmos SDK contracts, Stellar contracts, accounts of Solana's
    /// programs).
    Contract32([u8; 32]),
    /// A key of Bitcoin and its relatives, by RIPEMD-160 of SHA-256 of it, as a script without SegWit pays it (P2PKH).
    PubkeyHash([u8; 20]),
    /// A script of the same family, by RIPEMD-160 of SHA-256 of it (P2SH).
    ScriptHash([u8; 20]),
    /// A key, by the same hash, as SegWit pays it (P2WPKH). The same key as in [`Payload::PubkeyHash`] of equal bytes, and another
    /// script.
    WitnessPubkeyHash([u8; 20]),
    /// A script, by its SHA-256 (P2WSH).
    WitnessScriptHash([u8; 32]),
    /// An output key, by its x coordinate (P2TR).
    Taproot([u8; 32]),
    /// A TON account: the workchain as one signed byte, then the 32 bytes of the hash of its first state.
    Ton([u8; 33]),
}

impl Payload {
    /// The payload's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Account20(bytes)
            | Self::Hash160(bytes)
            | Self::PubkeyHash(bytes)
            | Self::ScriptHash(bytes)
            | Self::WitnessPubkeyHash(bytes) => bytes,
            Self::Ed25519(bytes)
            | Self::Contract32(bytes)
            | Self::WitnessScriptHash(bytes)
            | Self::Taproot(bytes) => bytes,
            Self::Ton(bytes) => bytes,
        }
    }
}

/// An address that was checked for its network: canonical text and payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    payload: Payload,
    text: String,
}

impl Address {
    /// Pairs a payload with its canonical text; only a network's codec makes one.
    #[must_use]
    pub const fn from_parts(payload: Payload, text: String) -> Self {
        Self { payload, text }
    }

    /// What the address stands for, independent of the network.
    #[must_use]
    pub const fn payload(&self) -> Payload {
        self.payload
    }

    /// The canonical text (EVM: `0x` with the EIP-55 checksum; XRP Ledger: the classic form; Stellar: `G…`, contracts `C…`;
    /// Cosmos SDK: bech32 with the prefix of its network; Tron: base58check, `T…`; Solana: base58; Bitcoin and its relatives: as the
    /// network writes the script today; TON: bounceable and URL-safe, `EQ…`, so that money sent to a copied address comes back where
    /// nothing can take it).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

/// Why a text is no address of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It has not the shape of the family's addresses.
    #[error("'{text}' is not an address of family {family}: {expected}")]
    Shape {
        /// The text as given.
        text: String,
        /// The family asked for.
        family: crate::network::Family,
        /// What one looks like.
        expected: &'static str,
    },
    /// It is a secret key, not an address. The text is not repeated anywhere.
    #[error(
        "this is a secret key, not an address: it was not stored; whoever sent it must move their money to a new key"
    )]
    Secret,
    /// The text carries a routing value, and a different one was given beside it.
    #[error(
        "the address carries the routing value {inside} and {beside} was given beside it: ask which one is meant"
    )]
    TwoMemos {
        /// The value inside the address.
        inside: String,
        /// The value beside it.
        beside: String,
    },
    /// One wrong character explains the bad checksum. Which one is right is not said: whoever wrote it must look.
    #[error("'{text}' has a bad checksum: character {position} is wrong; copy the address again")]
    Character {
        /// The text as given.
        text: String,
        /// The place in the text, counted from 1.
        position: usize,
    },
    /// The shape fits and the checksum does not: a typo.
    #[error("'{text}' has a bad checksum: a character is wrong; copy the address again")]
    Checksum {
        /// The text as given.
        text: String,
    },
}
