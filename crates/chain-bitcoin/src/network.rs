//! What the addresses of each network look like.
//!
//! Sources: `chainparams.cpp` of Bitcoin Core (<https://github.com/bitcoin/bitcoin>), Litecoin Core
//! (<https://github.com/litecoin-project/litecoin>), Dogecoin Core (<https://github.com/dogecoin/dogecoin>) and Dash Core
//! (<https://github.com/dashpay/dash>); <https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md>.

use recover_core::network::NetworkId;

/// How one network writes its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The network's name here.
    pub network: &'static str,
    /// Version byte of base58check before the hash of a key.
    pub(crate) pubkey_hash: u8,
    /// Version bytes before the hash of a script; the first is the one that is written, the others are read.
    pub(crate) script_hash: &'static [u8],
    /// The prefix of SegWit addresses; `None` where the network never had SegWit: such a script can be paid there, and anybody
    /// who sees it can take the money.
    pub(crate) segwit: Option<&'static str>,
    /// The prefix of cashaddr, which is then what is written.
    pub(crate) cashaddr: Option<&'static str>,
}

/// The networks, those first whose form a text that several share is taken for.
pub const FORMS: &[Form] = &[
    Form {
        network: "bitcoin",
        pubkey_hash: 0x00,
        script_hash: &[0x05],
        segwit: Some("bc"),
        cashaddr: None,
    },
    Form {
        network: "litecoin",
        pubkey_hash: 0x30,
        // `M…` since 2017; `3…`, which it shared with Bitcoin, is still accepted by its nodes.
        script_hash: &[0x32, 0x05],
        segwit: Some("ltc"),
        cashaddr: None,
    },
    Form {
        network: "dogecoin",
        pubkey_hash: 0x1e,
        script_hash: &[0x16],
        segwit: None,
        cashaddr: None,
    },
    Form {
        network: "bitcoin-cash",
        pubkey_hash: 0x00,
        script_hash: &[0x05],
        segwit: None,
        cashaddr: Some("bitcoincash"),
    },
    Form {
        network: "dash",
        pubkey_hash: 0x4c,
        script_hash: &[0x10],
        segwit: None,
        cashaddr: None,
    },
];

/// The form of a network; `None` for one of another family.
#[must_use]
pub fn form(network: &NetworkId) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.network == network.as_str())
}
