//! Addresses: the text a person sees and the payload a key controls.

/// What a key or a script controls, independent of the network: the hinge of wrong-network detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Payload {
    /// The last 20 bytes of keccak256 of a secp256k1 public key, or a contract's 20 bytes (EVM, Tron).
    Account20([u8; 20]),
}

impl Payload {
    /// The payload's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Account20(bytes) => bytes,
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

    /// The canonical text (EVM: `0x` with the EIP-55 checksum).
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
    /// The shape fits and the checksum does not: a typo.
    #[error("'{text}' has a bad checksum: a character is wrong; copy the address again")]
    Checksum {
        /// The text as given.
        text: String,
    },
}
