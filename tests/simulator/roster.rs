//! The roster that the signers pinned.

use crate::desk::{NORTH, SOUTH, contract};
use crate::keys;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::digest::Digest;
use recover_core::network::NetworkId;
use recover_engine::config::Policy;
use recover_verify::Roster;
use recover_verify::roster::{AcceptedPolicy, PinnedAsset, PinnedNetwork};

/// The roster of a policy.
pub fn of(policy: &Policy) -> String {
    let network = |name: &str, chain: &str| PinnedNetwork {
        network: NetworkId::new(name),
        chain: chain.to_owned(),
        treasury: keys::text("treasury"),
        gas: Some(keys::text("gas")),
        fee_max: Amount::from_u128(1_000_000_000_000_000_000),
        top_up_max: Amount::from_u128(1_000_000_000_000_000_000),
        signers: Vec::new(),
    };
    let asset = |name: &str, symbol: &str| PinnedAsset {
        asset: AssetId::contract(NetworkId::new(name), &contract(symbol)),
        symbol: symbol.to_owned(),
        decimals: 6,
    };
    let roster = Roster {
        exchange: "simulated".to_owned(),
        policies: vec![AcceptedPolicy {
            version: 1,
            digest: Digest::parse(&policy.digest_text()).expect("a digest"),
        }],
        approval: policy.approval.clone(),
        people: policy.people.clone(),
        networks: vec![network(NORTH, "eip155:4001"), network(SOUTH, "eip155:4002")],
        assets: vec![
            asset(NORTH, "NUSD"),
            asset(NORTH, "OLDN"),
            asset(SOUTH, "SUSD"),
        ],
        content_age_seconds_max: 7 * 86_400,
        package_valid_seconds_max: 86_400,
    };
    roster
        .to_toml()
        .unwrap_or_else(|error| panic!("the simulator's roster: {error}"))
}
