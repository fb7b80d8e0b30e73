//! Up to which value a match passes without a person: the shape of `[matching]` in `policy.toml`.

use super::error::ConfigError;
use super::policy_file::{Reader, Words};
use recover_core::approval::Tier;
use recover_core::fee::Cents;
use serde::Deserialize;

/// The name of the approval tier whose ceiling holds where nothing is said.
const USUAL_TIER: &str = "T1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchingTable {
    auto_value_max: Words,
}

impl Reader<'_> {
    /// The highest value that passes. Where the file says nothing: what the approval tier `T1` ends at; where no tier of that
    /// name ends, what one ordinary vote is enough for; where not even that is, nothing passes.
    pub(super) fn match_value_max(
        &self,
        table: Option<&MatchingTable>,
        tiers: &[Tier],
    ) -> Result<Cents, ConfigError> {
        if let Some(table) = table {
            return self.cents(&table.auto_value_max);
        }
        let usual = tiers.iter().find(|tier| tier.name == USUAL_TIER);
        let alone = tiers
            .iter()
            .filter(|tier| tier.votes == 1 && tier.lead_votes == 0 && !tier.compliance_vote)
            .filter_map(|tier| tier.value_max);
        let most = usual.and_then(|tier| tier.value_max).or(alone.max());
        Ok(most.unwrap_or_default())
    }
}
