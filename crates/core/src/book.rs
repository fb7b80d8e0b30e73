//! The address book: what the exchange knows about its own addresses and its users' routing data.

use crate::address::Payload;
use crate::code::coded;
use crate::network::{Family, NetworkId};
use crate::time::Timestamp;

coded! {
    /// What a row of the address book says about its value.
    pub enum AddressRole {
        /// An address issued to one user.
        Deposit => "deposit",
        /// A shared address: the routing field names the user.
        Omnibus => "omnibus",
        /// An address of the exchange's own operations (withdrawals, treasury).
        Hot => "hot",
        /// Once issued to a user, since replaced.
        Retired => "retired",
        /// A routing value (memo, tag) assigned to one user; the value is no address.
        AssignedMemo => "assigned_memo",
        /// An address from which a user has sent before; not ours.
        PastSender => "past_sender",
    }
}

impl AddressRole {
    /// The role that a file names, long forms included (`deposit_address`); `None` when unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "deposit_address" => Some(Self::Deposit),
            code => Self::from_code(code),
        }
    }

    /// Whether money that lands there is the exchange's to dispose of.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Deposit | Self::Omnibus | Self::Hot | Self::Retired
        )
    }
}

/// How the exchange says it controls an address. Nothing secret: which rule made the address, never the key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlRecord {
    /// The file did not say.
    #[default]
    Unknown,
    /// A key of the exchange signs for it: on every network of the family.
    Key,
    /// The key is gone: nothing at this address can be moved.
    KeyLost,
    /// A forwarder deployed by a factory with CREATE2 (EIP-1014).
    Create2 {
        /// The factory contract.
        factory: [u8; 20],
        /// The salt.
        salt: [u8; 32],
        /// keccak256 of the creation code.
        init_code_hash: [u8; 32],
    },
    /// A contract that an account deployed with CREATE at one nonce.
    Create {
        /// The deploying account.
        deployer: [u8; 20],
        /// Its nonce at that deployment.
        nonce: u64,
    },
    /// An output descriptor (BIP-380) with public keys alone, in canonical text without its checksum: which script the address
    /// stands for, which keys unlock it and where a signer finds them. The family's codec reads it.
    Descriptor(String),
}

impl ControlRecord {
    /// A short stable code for tables and files.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Key => "eoa",
            Self::KeyLost => "key_lost",
            Self::Create2 { .. } => "create2",
            Self::Create { .. } => "create",
            Self::Descriptor(_) => "descriptor",
        }
    }
}

/// Prints what [`ControlRecord::parse`] reads: `eoa`, `key_lost`, `create2:FACTORY:SALT:INIT_CODE_HASH`,
/// `create:DEPLOYER:NONCE`, a descriptor, `unknown`; bytes as `0x` and lower-case hexadecimal digits.
impl std::fmt::Display for ControlRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create2 {
                factory,
                salt,
                init_code_hash,
            } => write!(
                f,
                "create2:0x{}:0x{}:0x{}",
                hex::encode(factory),
                hex::encode(salt),
                hex::encode(init_code_hash)
            ),
            Self::Create { deployer, nonce } => {
                write!(f, "create:0x{}:{nonce}", hex::encode(deployer))
            }
            Self::Descriptor(text) => f.pad(text),
            Self::Unknown | Self::Key | Self::KeyLost => f.pad(self.code()),
        }
    }
}

/// A control column that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "control '{text}' is not understood: write eoa or key, key_lost, on EVM networks create2:FACTORY:SALT:INIT_CODE_HASH or create:DEPLOYER:NONCE, on Bitcoin and its relatives an output descriptor such as wpkh(...)"
)]
pub struct ControlRecordError {
    /// The text as given.
    pub text: String,
}

impl ControlRecord {
    /// Parses a control column; an empty one is [`ControlRecord::Unknown`].
    ///
    /// # Errors
    /// When the text has none of the forms that [`Display`](std::fmt::Display) prints.
    pub fn parse(text: &str) -> Result<Self, ControlRecordError> {
        let error = || ControlRecordError {
            text: text.to_owned(),
        };
        let parts: Vec<&str> = text.trim().split(':').collect();
        match parts.as_slice() {
            [""] | ["unknown"] => Ok(Self::Unknown),
            ["eoa" | "key"] => Ok(Self::Key),
            ["key_lost"] => Ok(Self::KeyLost),
            ["create2", factory, salt, init_code_hash] => Ok(Self::Create2 {
                factory: fixed_hex(factory).ok_or_else(error)?,
                salt: fixed_hex(salt).ok_or_else(error)?,
                init_code_hash: fixed_hex(init_code_hash).ok_or_else(error)?,
            }),
            ["create", deployer, nonce] => Ok(Self::Create {
                deployer: fixed_hex(deployer).ok_or_else(error)?,
                nonce: nonce.parse().map_err(|_| error())?,
            }),
            _ if is_descriptor(text.trim()) => Ok(Self::Descriptor(text.trim().to_owned())),
            _ => Err(error()),
        }
    }
}

/// Whether a text has the outer form of an output descriptor: a name and brackets, and perhaps a checksum after them.
fn is_descriptor(text: &str) -> bool {
    let body = text.rsplit_once('#').map_or(text, |(body, _)| body);
    let Some((name, rest)) = body.split_once('(') else {
        return false;
    };
    ["pkh", "wpkh", "sh", "wsh", "tr"].contains(&name) && rest.ends_with(')')
}

fn fixed_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes).ok()?;
    Some(bytes)
}

/// One row of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRecord {
    /// Whose it is; `None` for the exchange's own.
    pub user_id: Option<String>,
    /// What the row says.
    pub role: AddressRole,
    /// The family whose addresses or memos the value belongs to.
    pub family: Family,
    /// The one network it serves; `None` for every network of the family that takes deposits.
    pub network: Option<NetworkId>,
    /// The value verbatim: an address, or a memo for [`AddressRole::AssignedMemo`].
    pub value: String,
    /// What the address stands for; `None` for memos and for families whose codec is not built yet.
    pub payload: Option<Payload>,
    /// When it was issued; `None` when the file did not say (then it may be as old as the network).
    pub created: Option<Timestamp>,
    /// When it was retired; `None` while it serves.
    pub retired: Option<Timestamp>,
    /// How it is controlled.
    pub control: ControlRecord,
}

impl AddressRecord {
    /// Whether deposits on `network`, of the same family, are meant to land here: a row with a network serves that
    /// one, a row without serves every network of its family that takes deposits.
    #[must_use]
    pub fn serves(&self, network: &NetworkId, deposits: crate::network::DepositState) -> bool {
        use crate::network::DepositState;
        match &self.network {
            Some(own) => own == network,
            None => matches!(deposits, DepositState::Open | DepositState::Suspended),
        }
    }
}

/// The addresses that a scan looks for, by payload. Look-ups must be exact and cheap: one a log.
pub trait WatchSet: Send + Sync {
    /// Whether money that lands at this payload may be ours.
    fn contains(&self, payload: &Payload) -> bool;

    /// How many distinct payloads are watched.
    fn len(&self) -> usize;

    /// Whether nothing is watched.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_prints_and_parses() {
        let create2 = ControlRecord::Create2 {
            factory: [1; 20],
            salt: [2; 32],
            init_code_hash: [3; 32],
        };
        let create = ControlRecord::Create {
            deployer: [9; 20],
            nonce: 7,
        };
        for control in [
            ControlRecord::Unknown,
            ControlRecord::Key,
            ControlRecord::KeyLost,
            create2,
            create,
        ] {
            assert_eq!(ControlRecord::parse(&control.to_string()), Ok(control));
        }
        assert_eq!(ControlRecord::parse(""), Ok(ControlRecord::Unknown));
        for text in [
            "eao",
            "create2:0x01:0x02:0x03",
            "create:0x:1",
            "create2",
            "create:0x0101010101010101010101010101010101010101:-1",
        ] {
            assert!(ControlRecord::parse(text).is_err(), "{text}");
        }
    }
}
