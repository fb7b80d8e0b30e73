//! What a text is: the pure reading half of a family's adapter.

use crate::address::{Address, AddressError, Payload};
use crate::block::TxId;
use crate::memo::{Memo, MemoRules};
use crate::network::{Family, NetworkId};

/// An address as a person writes it, with the routing value that some forms carry (X-address, muxed account).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The account.
    pub address: Address,
    /// The routing value inside the text; `None` when the form carries none.
    pub memo: Option<Memo>,
}

/// Reads a family's addresses, transaction ids and assets; one implementation a family, pure.
pub trait Detect: Send + Sync {
    /// The family.
    fn family(&self) -> Family;

    /// Checks an address and gives its canonical form. A routing value inside the text is dropped: ask [`Detect::routed`]
    /// where it matters.
    ///
    /// # Errors
    /// When the text is no address of the family, or its checksum fails.
    fn address(&self, text: &str) -> Result<Address, AddressError>;

    /// As [`Detect::address`], keeping the routing value that the text carries.
    ///
    /// # Errors
    /// As [`Detect::address`].
    fn routed(&self, text: &str) -> Result<Routed, AddressError> {
        Ok(Routed {
            address: self.address(text)?,
            memo: None,
        })
    }

    /// The canonical transaction id; `None` when the text has not the shape of one.
    fn tx_id(&self, text: &str) -> Option<TxId>;

    /// What identifies a token on the family's networks, in canonical text: a contract's address, `CODE.ISSUER`, a denom.
    ///
    /// # Errors
    /// When the text names no token of the family.
    fn asset(&self, text: &str) -> Result<String, AddressError> {
        self.address(text).map(|address| address.text().to_owned())
    }

    /// Whether a token is a voucher for a coin of another network, by its canonical text.
    fn is_voucher(&self, _asset: &str) -> bool {
        false
    }

    /// Whether a text is the name under which a network itself keeps its own coin (`uatom` on the Cosmos Hub). Words for its
    /// base units alone are not meant: drops and stroops are amounts.
    fn is_native(&self, _network: &NetworkId, _text: &str) -> bool {
        false
    }

    /// Whether a movement spans several transactions, any of which a ledger may name: on TON the sender's, our token
    /// account's, the notification's, or all of them by one id. A row of a transaction that explains nothing here may then
    /// book a credit that we know by another id (see [`crate::ledger::booked_by_other_id`]).
    fn books_by_other_ids(&self) -> bool {
        false
    }

    /// Whether the canonical text of an address carries a checksum, so that a typo is refused. Where it does not, a wrong character
    /// gives another address, and whoever shows one must say so.
    fn tells_typos(&self) -> bool {
        true
    }

    /// The one text in which matching compares what the family's networks write in different ways: a customer shows the address that
    /// they were given, and the money lies under the same script as another network writes it. `None` where all networks of the
    /// family write an address alike, and for what is no address.
    fn one_for_all(&self, _text: &str) -> Option<String> {
        None
    }

    /// Whether a network writes its addresses like this text, where the networks of the family differ in that.
    fn is_written_on(&self, _text: &str, _network: &NetworkId) -> bool {
        true
    }

    /// The one network whose addresses have this form; `None` where every network of the family shares its form.
    fn home(&self, _address: &Address) -> Option<NetworkId> {
        None
    }

    /// What an output descriptor stands for: its canonical text, without checksum, and the payload of its script.
    ///
    /// # Errors
    /// [`AddressError::Secret`] where it holds a private key, whose text is not repeated; [`AddressError::Shape`] where it cannot be
    /// read, leaves a key open (a wildcard), or the family has no descriptors.
    fn descriptor(&self, text: &str) -> Result<(String, Payload), AddressError> {
        Err(AddressError::Shape {
            text: text.to_owned(),
            family: self.family(),
            expected: "networks of this family have no output descriptors",
        })
    }

    /// How many blocks must lie on top of the one that made coins before they can be spent; 0 where a block's coins are like others.
    fn coinbase_depth(&self, _network: &NetworkId) -> u64 {
        0
    }

    /// The other payload that the key of one unlocks as well, where a key has two forms of equal bytes: whoever pays the one that
    /// was not handed out paid the same person's key.
    fn same_key(&self, _payload: &Payload) -> Option<Payload> {
        None
    }

    /// The address that a payload has on a network; `None` where no address of that network stands for it.
    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address>;

    /// How the family's networks route deposits at a shared address; `None` when they do not.
    fn memo_rules(&self) -> Option<&'static MemoRules> {
        None
    }
}
