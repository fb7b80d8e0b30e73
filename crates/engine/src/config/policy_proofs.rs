//! How much proof of ownership a value needs: the shape and the checks of `[proofs]` in `policy.toml`.

use super::error::{ConfigError, Problem};
use super::policy_file::{MINUTES_MAX, Reader, Words, seconds};
use recover_core::proof::{ProofNeed, ProofPolicy, ProofTier};
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofsTable {
    exchange: Words,
    challenge_valid_minutes: Spanned<u32>,
    test_valid_minutes: Spanned<u32>,
    #[serde(default)]
    tier: Vec<Spanned<ProofTierTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofTierTable {
    value_max: Option<Words>,
    needs: Words,
}

impl Reader<'_> {
    /// `[proofs]`; without the table what is usual, under the policy's own name.
    pub(super) fn proofs(
        &self,
        table: Option<&Spanned<ProofsTable>>,
        name: &str,
    ) -> Result<ProofPolicy, ConfigError> {
        let Some(table) = table else {
            return Ok(ProofPolicy::usual(name));
        };
        let ProofsTable {
            exchange,
            challenge_valid_minutes,
            test_valid_minutes,
            tier,
        } = table.get_ref();
        let mut tiers: Vec<ProofTier> = Vec::with_capacity(tier.len());
        for table in tier {
            let ProofTierTable { value_max, needs } = table.get_ref();
            let found = ProofTier {
                value_max: value_max
                    .as_ref()
                    .map(|words| self.cents(words))
                    .transpose()?,
                needs: self.word(needs, ProofNeed::from_code, ProofNeed::ALL, ProofNeed::code)?,
            };
            if let Some(below) = tiers.last() {
                let rises = match (below.value_max, found.value_max) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(below), Some(most)) => below < most,
                };
                if !rises {
                    return Err(self.at(table, Problem::ValueOrder));
                }
                // A higher value never needs less.
                if found.needs < below.needs {
                    let below = below.needs.code().to_owned();
                    let key = "needs";
                    return Err(self.at(needs, Problem::TierWeaker { key, below }));
                }
            }
            tiers.push(found);
        }
        if tiers.is_empty() {
            return Err(self.in_table(table, "tier", Problem::NoTier));
        }
        Ok(ProofPolicy {
            exchange: self.filled(exchange)?,
            challenge_valid_seconds: seconds(self.within(
                challenge_valid_minutes,
                1,
                MINUTES_MAX,
            )?),
            test_valid_seconds: seconds(self.within(test_valid_minutes, 1, MINUTES_MAX)?),
            tiers,
        })
    }
}
