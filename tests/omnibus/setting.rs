//! Which adapter reads which made-up account.

use std::sync::Arc;
use std::time::Duration;

use recover_core::detect::Detect;
use recover_core::network::NetworkId;
use recover_source::chain::ChainRead;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_testkit::Omnibus;
use recover_testkit::omnibus::{Api, Options};

/// Deposits of a reading without a wish.
const DEPOSITS: u32 = 100_000;

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not '{text}'"))
    })
}

/// How many deposits a reading has.
pub fn deposits() -> u32 {
    environment("OMNIBUS_DEPOSITS").map_or(DEPOSITS, |count| count.try_into().unwrap())
}

/// The seed from which everything follows.
pub fn seed() -> u64 {
    environment("OMNIBUS_SEED").unwrap_or(20_260)
}

/// The network's name in the configuration and its own name.
pub fn network(api: Api) -> (NetworkId, &'static str) {
    let (name, chain) = match api {
        Api::Rippled => ("xrpl", "0"),
        Api::Horizon => ("stellar", "pubnet"),
        Api::CometRpc | Api::CosmosRest => ("cosmos", "cosmoshub-4"),
        Api::Toncenter => ("ton", "-239"),
    };
    (NetworkId::new(name), chain)
}

/// What reads the family's addresses.
pub fn family(api: Api) -> &'static dyn Detect {
    match api {
        Api::Rippled => &recover_chain_xrpl::XrplFamily,
        Api::Horizon => &recover_chain_stellar::StellarFamily,
        Api::CometRpc | Api::CosmosRest => &recover_chain_cosmos::CosmosFamily,
        Api::Toncenter => &recover_chain_ton::TonFamily,
    }
}

/// A made-up account and the adapter that reads it.
pub fn open(api: Api, options: &Options) -> (Omnibus, Arc<dyn ChainRead>) {
    // The transport's TLS has one provider, installed by the program at its start; every test is a program of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let omnibus = Omnibus::start(api, options);
    let (network, chain) = network(api);
    let mut settings = SourceSettings::new(network, chain, &api.to_string(), &omnibus.url());
    settings.retry = RetryPolicy {
        tries_max: 6,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(20),
    };
    settings.timeout = Duration::from_secs(20);
    let source = match api {
        Api::Rippled => recover_chain_xrpl::open(settings),
        Api::Horizon => recover_chain_stellar::open(settings),
        Api::CometRpc | Api::CosmosRest => {
            settings.address_prefix = Some("cosmos".to_owned());
            recover_chain_cosmos::open(settings)
        }
        Api::Toncenter => {
            settings.url = format!("{}/api/v3", omnibus.url());
            recover_chain_ton::open(settings)
        }
    };
    (omnibus, source.expect("the kind is the family's"))
}
