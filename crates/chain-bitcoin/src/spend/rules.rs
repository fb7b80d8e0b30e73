//! What each network takes: how its signatures are made, what it calls dust, what it charges.
//!
//! Sources: `policy.h`, `policy.cpp` and `validation.h` of Bitcoin Core (<https://github.com/bitcoin/bitcoin>: dust relay rate 3,000 a
//! kilobyte), Litecoin Core (<https://github.com/litecoin-project/litecoin>: 30,000), Dogecoin Core
//! (<https://github.com/dogecoin/dogecoin>, `doc/fee-recommendation.md`: dust 0.01 DOGE, blocks take from 0.01 DOGE a kilobyte) and
//! Dash Core (<https://github.com/dashpay/dash>); the rules of Bitcoin Cash
//! (<https://documentation.cash/protocol/blockchain/transaction-validation/network-level-validation-rules>: 546) and its signatures
//! (<https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/replay-protected-sighash.md>), which Bitcoin SV kept.

use crate::network::{Form, form};
use crate::script::Script;
use recover_core::names::KNOWN_NETWORKS;
use recover_core::network::NetworkId;

/// What a network takes for a small output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dust {
    /// Base units a kilobyte of the output and of the input that would spend it.
    Rate(u64),
    /// One value for all.
    Flat(u64),
}

/// How one network's transactions are paid for and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The network's name here.
    pub network: &'static str,
    /// How its coin is called.
    pub ticker: &'static str,
    /// The lowest rate that is offered, base units per 1,000 virtual bytes: below it nobody relays or mines.
    pub rate_min: u64,
    /// The rate where the node has no estimate.
    pub rate_fallback: u64,
    /// The highest rate that is offered. Above it nobody means to pay.
    pub rate_max: u64,
    dust: Dust,
}

/// The networks of the family.
const RULES: &[Rules] = &[
    Rules {
        network: "bitcoin",
        ticker: "BTC",
        rate_min: 1_000,
        rate_fallback: 20_000,
        rate_max: 1_000_000,
        dust: Dust::Rate(3_000),
    },
    Rules {
        network: "litecoin",
        ticker: "LTC",
        rate_min: 1_000,
        rate_fallback: 20_000,
        rate_max: 5_000_000,
        dust: Dust::Rate(30_000),
    },
    Rules {
        network: "dogecoin",
        ticker: "DOGE",
        rate_min: 1_000_000,
        rate_fallback: 1_000_000,
        rate_max: 500_000_000,
        dust: Dust::Flat(1_000_000),
    },
    Rules {
        network: "bitcoin-cash",
        ticker: "BCH",
        rate_min: 1_000,
        rate_fallback: 2_000,
        rate_max: 200_000,
        dust: Dust::Flat(546),
    },
    Rules {
        network: "dash",
        ticker: "DASH",
        rate_min: 1_000,
        rate_fallback: 10_000,
        rate_max: 2_000_000,
        // Its nodes before 0.13 called ten times as much dust as today's; what both relay is above the higher.
        dust: Dust::Rate(30_000),
    },
    Rules {
        network: "bitcoin-sv",
        ticker: "BSV",
        rate_min: 500,
        rate_fallback: 1_000,
        rate_max: 200_000,
        dust: Dust::Flat(546),
    },
];

/// The test chains that nodes make on one's own machine, by the first half of their genesis hash: what is tried there has the same
/// scripts and rules. Bitcoin SV has Bitcoin's; its signatures tell it.
const TEST_CHAINS: &[(&str, &[&str])] = &[
    (
        "bip122:0f9188f13cb7b2c71f2a335e3a4fc328",
        &["bitcoin", "bitcoin-sv", "bitcoin-cash"],
    ),
    ("bip122:530827f38f93b43ed12af0b3ad25a288", &["litecoin"]),
    ("bip122:3d2160a3b5dc4a9d62e7e66a295f7031", &["dogecoin"]),
    ("bip122:000008ca1832a4baf228eb1553c03d3a", &["dash"]),
];

impl Rules {
    /// The rules of a network; `None` for one of another family.
    #[must_use]
    pub fn of(network: &NetworkId) -> Option<&'static Self> {
        RULES.iter().find(|rules| rules.network == network.as_str())
    }

    /// The networks that a CAIP-2 chain may be, those of the test chains included; empty for one that is not known.
    fn of_chain(chain: &str) -> impl Iterator<Item = &'static Self> {
        let known = KNOWN_NETWORKS
            .iter()
            .filter(move |known| known.caip2 == chain)
            .map(|known| known.name);
        let tested = TEST_CHAINS
            .iter()
            .filter(move |(reference, _)| *reference == chain)
            .flat_map(|(_, names)| names.iter().copied());
        known
            .chain(tested)
            .filter_map(|name| RULES.iter().find(|rules| rules.network == name))
    }

    /// The network of a CAIP-2 chain, where signatures say whether they are made as those of Bitcoin Cash; `None` for a chain that is
    /// not known, and for signatures that the chain never had.
    #[must_use]
    pub fn signed_on(chain: &str, has_fork_id: bool) -> Option<&'static Self> {
        Self::of_chain(chain).find(|rules| rules.has_fork_id() == has_fork_id)
    }

    /// Whether a CAIP-2 chain may be this network.
    #[must_use]
    pub fn fits_chain(&self, chain: &str) -> bool {
        Self::of_chain(chain).any(|rules| rules == self)
    }

    /// How the network writes addresses.
    #[must_use]
    pub fn form(&self) -> Option<&'static Form> {
        form(&NetworkId::new(self.network))
    }

    /// Whether its signatures commit to the value and bear the mark 0x40, so that none is valid on the chain that it left.
    #[must_use]
    pub fn has_fork_id(&self) -> bool {
        self.form().is_some_and(|form| form.has_fork_id)
    }

    /// Whether the network knows SegWit. Where it does not, an output whose script needs it is there for everybody who knows the
    /// script behind the hash.
    #[must_use]
    pub fn has_segwit(&self) -> bool {
        self.form().is_some_and(Form::has_segwit)
    }

    /// Whether a P2SH output asks for what the script behind its hash asks for. Bitcoin SV takes it for a puzzle about a hash since
    /// February 2020 (<https://github.com/bitcoin-sv-specs/protocol>): who shows the script has the money.
    #[must_use]
    pub fn has_p2sh(&self) -> bool {
        self.network != "bitcoin-sv"
    }

    /// The smallest output to a script that is relayed, in base units: Core takes three thousandths of a rate for each byte of the
    /// output (8 of the value, one of the length, the script) and of the input that would spend it (148, with SegWit 67).
    #[must_use]
    pub fn dust(&self, script: &Script) -> u64 {
        let length = u64::try_from(script.bytes().len()).unwrap_or(u64::MAX);
        let spending = if script.is_segwit() { 67 } else { 148 };
        match self.dust {
            Dust::Flat(value) => value,
            Dust::Rate(rate) => length
                .saturating_add(9)
                .saturating_add(spending)
                .saturating_mul(rate)
                .div_ceil(1_000),
        }
    }

    /// The rate that is offered where the node estimates one (`None`: it has no estimate): a margin in percent above, within the
    /// bounds. `None` when the estimate itself is above what anybody means to pay.
    #[must_use]
    pub fn rate(
        &self,
        estimate: Option<u64>,
        relayed_from: u64,
        margin_percent: u32,
    ) -> Option<u64> {
        let lowest = self.rate_min.max(relayed_from);
        let now = estimate.unwrap_or(self.rate_fallback).max(lowest);
        if now > self.rate_max {
            return None;
        }
        let percent = 100_u64.saturating_add(margin_percent.into());
        let with_margin = now.saturating_mul(percent).div_ceil(100);
        Some(with_margin.min(self.rate_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(name: &str) -> &'static Rules {
        Rules::of(&NetworkId::new(name)).unwrap_or_else(|| panic!("{name}"))
    }

    /// The values that Core's documentation and `GetDustThreshold` name.
    #[test]
    fn dust_is_what_the_nodes_call_so() {
        let legacy = Script::PubkeyHash([1; 20]);
        for (network, script, expected) in [
            ("bitcoin", legacy, 546),
            ("bitcoin", Script::ScriptHash([1; 20]), 540),
            ("bitcoin", Script::WitnessPubkeyHash([1; 20]), 294),
            ("bitcoin", Script::WitnessScriptHash([1; 32]), 330),
            ("bitcoin", Script::Taproot([1; 32]), 330),
            ("litecoin", legacy, 5_460),
            ("litecoin", Script::WitnessPubkeyHash([1; 20]), 2_940),
            ("dogecoin", legacy, 1_000_000),
            ("dash", legacy, 5_460),
            ("bitcoin-cash", legacy, 546),
            ("bitcoin-sv", legacy, 546),
        ] {
            assert_eq!(
                rules(network).dust(&script),
                expected,
                "{network} {script:?}"
            );
        }
    }

    #[test]
    fn a_rate_stays_within_its_bounds() {
        let bitcoin = rules("bitcoin");
        for (estimate, relayed, margin, expected) in [
            (Some(12_345), 0, 20, Some(14_814)),
            (None, 0, 0, Some(20_000)),
            (Some(1), 0, 0, Some(1_000)),
            (Some(1), 5_000, 50, Some(7_500)),
            (Some(999_999), 0, 100, Some(1_000_000)),
            (Some(1_000_001), 0, 0, None),
            (Some(u64::MAX), 0, u32::MAX, None),
            (None, 2_000_000, 0, None),
        ] {
            assert_eq!(bitcoin.rate(estimate, relayed, margin), expected);
        }
    }

    #[test]
    fn a_chain_and_its_signatures_tell_the_network() {
        let found =
            |chain: &str, forked| Rules::signed_on(chain, forked).map(|found| found.network);
        for (chain, forked, network) in [
            (
                "bip122:000000000019d6689c085ae165831e93",
                false,
                Some("bitcoin"),
            ),
            ("bip122:000000000019d6689c085ae165831e93", true, None),
            (
                "bip122:12a765e31ffd4059bada1e25190f6e98",
                false,
                Some("litecoin"),
            ),
            (
                "bip122:000000000000000000651ef99cb9fcbe",
                true,
                Some("bitcoin-cash"),
            ),
            ("bip122:000000000000000000651ef99cb9fcbe", false, None),
            (
                "bip122:530827f38f93b43ed12af0b3ad25a288",
                false,
                Some("litecoin"),
            ),
            (
                "bip122:0f9188f13cb7b2c71f2a335e3a4fc328",
                false,
                Some("bitcoin"),
            ),
            (
                "bip122:0f9188f13cb7b2c71f2a335e3a4fc328",
                true,
                Some("bitcoin-sv"),
            ),
            ("eip155:1", false, None),
        ] {
            assert_eq!(found(chain, forked), network, "{chain} {forked}");
        }
    }
}
