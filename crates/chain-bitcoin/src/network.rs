//! What the addresses of each network look like.
//!
//! Sources: `chainparams.cpp` of Bitcoin Core (<https://github.com/bitcoin/bitcoin>), Litecoin Core
//! (<https://github.com/litecoin-project/litecoin>), Dogecoin Core (<https://github.com/dogecoin/dogecoin>), Bitcoin SV
//! (<https://github.com/bitcoin-sv/bitcoin-sv>) and Dash Core (<https://github.com/dashpay/dash>); <https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md>.

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
    /// Blocks that tell it from networks with the same first block: (height, hash). A node that follows the network has each of
    /// them, unless it is not so high yet.
    pub checkpoints: &'static [(u64, &'static str)],
    /// How many blocks must lie on top of the one that made coins before they can be spent.
    pub coinbase_depth: u64,
    /// Whether a signature must say that it is meant for this fork of Bitcoin (`SIGHASH_FORKID`, 0x40): one without it is refused.
    pub has_fork_id: bool,
}

impl Form {
    /// Whether it has SegWit. Where it does not, a script that needs it protects nothing.
    #[must_use]
    pub const fn has_segwit(&self) -> bool {
        self.segwit.is_some()
    }
}

/// `COINBASE_MATURITY` of Bitcoin Core and of most that descend from it.
const COINBASE_DEPTH: u64 = 100;

/// `nCoinbaseMaturity` of Dogecoin Core since its height 145,000.
const DOGECOIN_COINBASE_DEPTH: u64 = 240;

/// The first block after Bitcoin Cash and Bitcoin parted, as Bitcoin has it.
const BITCOIN_478559: (u64, &str) = (
    478_559,
    "00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148",
);

/// The same as Bitcoin Cash and all that came of it have it.
const CASH_478559: (u64, &str) = (
    478_559,
    "000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec",
);

/// The networks, those first whose form a text that several share is taken for.
pub const FORMS: &[Form] = &[
    Form {
        network: "bitcoin",
        pubkey_hash: 0x00,
        script_hash: &[0x05],
        segwit: Some("bc"),
        cashaddr: None,
        checkpoints: &[BITCOIN_478559],
        coinbase_depth: COINBASE_DEPTH,
        has_fork_id: false,
    },
    Form {
        network: "litecoin",
        pubkey_hash: 0x30,
        // `M…` since 2017; `3…`, which it shared with Bitcoin, is still accepted by its nodes.
        script_hash: &[0x32, 0x05],
        segwit: Some("ltc"),
        cashaddr: None,
        checkpoints: &[],
        coinbase_depth: COINBASE_DEPTH,
        has_fork_id: false,
    },
    Form {
        network: "dogecoin",
        pubkey_hash: 0x1e,
        script_hash: &[0x16],
        segwit: None,
        cashaddr: None,
        checkpoints: &[],
        coinbase_depth: DOGECOIN_COINBASE_DEPTH,
        has_fork_id: false,
    },
    Form {
        network: "bitcoin-cash",
        pubkey_hash: 0x00,
        script_hash: &[0x05],
        segwit: None,
        cashaddr: Some("bitcoincash"),
        checkpoints: &[
            CASH_478559,
            // After Bitcoin SV and after eCash left.
            (
                556_767,
                "0000000000000000004626ff6e3b936941d341c5932ece4357eeccac44e6d56c",
            ),
            (
                661_648,
                "0000000000000000029e471c41818d24b8b74c911071c4ef0b4a0509f9b5a8ce",
            ),
        ],
        coinbase_depth: COINBASE_DEPTH,
        has_fork_id: true,
    },
    Form {
        network: "bitcoin-sv",
        pubkey_hash: 0x00,
        script_hash: &[0x05],
        segwit: None,
        cashaddr: None,
        checkpoints: &[
            CASH_478559,
            (
                556_767,
                "000000000000000001d956714215d96ffc00e0afda4cd0a96c96f8d802b1662b",
            ),
        ],
        coinbase_depth: COINBASE_DEPTH,
        has_fork_id: true,
    },
    Form {
        network: "dash",
        pubkey_hash: 0x4c,
        script_hash: &[0x10],
        segwit: None,
        cashaddr: None,
        checkpoints: &[],
        coinbase_depth: COINBASE_DEPTH,
        has_fork_id: false,
    },
];

/// The form of a network; `None` for one of another family.
#[must_use]
pub fn form(network: &NetworkId) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.network == network.as_str())
}
