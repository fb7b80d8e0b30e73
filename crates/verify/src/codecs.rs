//! Which family's checker reads a chain's bytes.

use recover_chain_bitcoin::BitcoinCheck;
use recover_chain_cosmos::CosmosCheck;
use recover_chain_evm::check::EvmCheck;
use recover_chain_stellar::StellarCheck;
use recover_chain_xrpl::XrplCheck;
use recover_core::check::Check;

/// The checker for a CAIP-2 chain, by its namespace; `None` for a family whose transactions are not checked here.
#[must_use]
pub fn check_of(chain: &str) -> Option<&'static dyn Check> {
    Some(match chain.split_once(':')?.0 {
        "bip122" => &BitcoinCheck,
        "eip155" => &EvmCheck,
        "stellar" => &StellarCheck,
        "xrpl" => &XrplCheck,
        "cosmos" => &CosmosCheck,
        _ => return None,
    })
}
