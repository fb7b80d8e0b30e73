//! Which chain a source follows.
//!
//! The first block tells networks apart, but for those that share it: Bitcoin, Bitcoin Cash and Bitcoin SV have one history up to the
//! block at which they parted, and a source of the wrong one of the three would answer everything and be right about nothing.
//!
//! Source: <https://github.com/ChainAgnostic/namespaces/blob/main/bip122/caip2.md>, and [`crate::network`] for the forks' first blocks.

use crate::network::form;
use recover_core::network::NetworkId;
use recover_source::client::Client;
use recover_source::error::SourceError;

/// The first block that the three share, by the first half of its hash.
const SHARED: &str = "000000000019d6689c085ae165831e93";

/// The half of a hash that an id holds.
fn half(hash: &str) -> &str {
    hash.get(..32).unwrap_or(hash)
}

/// The blocks that a source of this network must have: height, and the first half of the hash. `chain` is the reference of the network's
/// CAIP-2 id: the first half of the hash of its first block or, where several share that, of the first block of its own.
pub fn landmarks(network: &NetworkId, chain: &str) -> Vec<(u64, String)> {
    let own = form(network).map_or(&[][..], |form| form.checkpoints);
    let is_fork = own.iter().any(|(_, hash)| half(hash) == chain);
    let first = if is_fork { SHARED } else { chain };
    let mut landmarks = vec![(0, first.to_owned())];
    // A test chain has another first block and no forks.
    if first == SHARED {
        landmarks.extend(
            own.iter()
                .map(|(height, hash)| (*height, half(hash).to_owned())),
        );
    }
    landmarks
}

/// Compares what a source has at a landmark's height.
///
/// # Errors
/// [`SourceError::WrongNetwork`] where it has another block; [`SourceError::Unreachable`] where it has none there yet.
pub fn compare(
    client: &Client,
    chain: &str,
    height: u64,
    wanted: &str,
    found: Option<String>,
) -> Result<(), SourceError> {
    let Some(found) = found else {
        return Err(client.unreachable(format!(
            "it has no block {height}, which tells its network: wait until it has the chain"
        )));
    };
    let half = half(&found);
    if half == wanted {
        return Ok(());
    }
    let found = if height == 0 {
        format!("bip122:{half}")
    } else {
        format!("another one that shares its first block (block {height} is {half}…)")
    };
    Err(client.wrong_network(format!("bip122:{chain}"), found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_networks_with_one_first_block_are_told_apart() {
        let heights = |name: &str, chain: &str| {
            let found = landmarks(&NetworkId::new(name), chain);
            found.iter().map(|(height, _)| *height).collect::<Vec<_>>()
        };
        for (name, chain, expected) in [
            ("bitcoin", SHARED, vec![0, 478_559]),
            (
                "bitcoin-cash",
                "000000000000000000651ef99cb9fcbe",
                vec![0, 478_559, 556_767, 661_648],
            ),
            ("bitcoin-cash", SHARED, vec![0, 478_559, 556_767, 661_648]),
            (
                "bitcoin-sv",
                "000000000000000001d956714215d96f",
                vec![0, 478_559, 556_767],
            ),
            ("litecoin", "12a765e31ffd4059bada1e25190f6e98", vec![0]),
            ("bitcoin", "0f9188f13cb7b2c71f2a335e3a4fc328", vec![0]),
        ] {
            assert_eq!(heights(name, chain), expected, "{name} {chain}");
        }
        let first = &landmarks(
            &NetworkId::new("bitcoin-cash"),
            "000000000000000000651ef99cb9fcbe",
        )[0];
        assert_eq!(first.1, SHARED);
    }
}
