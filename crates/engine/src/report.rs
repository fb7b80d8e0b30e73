//! The report: what would become recoverable if something were added, ranked by what it is worth and to how many customers.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::advice::Lack;
use recover_core::amount::Amount;
use recover_core::fee::Cents;
use recover_core::network::{DepositState, NetworkId, RecoveryCapability};
use recover_store::{LackRow, LackTotals, Lacks};

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The sums.
    pub row: LackRow,
    /// What those deposits are worth whose value is known.
    pub value: Cents,
    /// What to do about it, in words.
    pub remedy: String,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The currency of the values; `None` without a policy: then they are as a run with one left them.
    pub currency: Option<String>,
    /// Dearest first, then by customers and deposits.
    pub rows: Vec<ReportRow>,
    /// What all rows together are worth, as far as known.
    pub value: Cents,
    /// How many deposits stand in them.
    pub deposits: u64,
    /// How many of those have no known value.
    pub without_value: u64,
    /// What is beside the ranking.
    pub beside: LackTotals,
}

fn cents(value: u128) -> Cents {
    Cents(Amount::from_u128(value))
}

impl Engine {
    /// Says what would become recoverable if something were added. Values are those of the newest known prices, whatever their
    /// age; `step` is told what is being done.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn report(&self, step: &(dyn Fn(&str) + Send + Sync)) -> Result<Report, EngineError> {
        step("valuing deposits at the newest known prices");
        self.revalue().await?;
        step("adding up what is missing, and counting customers");
        let unsigned: Vec<NetworkId> = self
            .chains
            .networks
            .values()
            .filter(|network| network.recovery != RecoveryCapability::Direct)
            .map(|network| network.id.clone())
            .collect();
        let Lacks {
            rows: lacks,
            totals: beside,
        } = self.store.lacks(&unsigned).await?;
        let sum = |of: fn(&LackRow) -> u64| {
            lacks
                .iter()
                .fold(0_u64, |sum, row| sum.saturating_add(of(row)))
        };
        let value = lacks
            .iter()
            .fold(0_u128, |sum, row| sum.saturating_add(row.value_cents));
        let (deposits, without_value) = (sum(|row| row.deposits), sum(|row| row.without_value));
        Ok(Report {
            currency: self.policy.as_ref().map(|policy| policy.currency.clone()),
            rows: lacks
                .into_iter()
                .map(|row| ReportRow {
                    value: cents(row.value_cents),
                    remedy: self.remedy(&row),
                    row,
                })
                .collect(),
            value: cents(value),
            deposits,
            without_value,
            beside,
        })
    }

    fn remedy(&self, row: &LackRow) -> String {
        let network = &row.network;
        match row.lack {
            Lack::Network => self.network_remedy(network),
            Lack::Source => {
                let by_import = self
                    .chains
                    .network(network)
                    .is_some_and(|network| network.is_by_import());
                if self.sources.contains_key(network) {
                    format!(
                        "a node of {network} with receipts, traces and code, then `recover scan`; `recover diagnose` what a file alone tells"
                    )
                } else if by_import {
                    format!("a reader for {network}: nothing in this build reads its blocks")
                } else {
                    format!("a source of {network} in chains.toml")
                }
            }
            Lack::Ledger => format!(
                "the ledger's rows of {network} for that time: `recover ledger import … --covers`"
            ),
            Lack::Ownership => {
                "an owner: correct the address book, or settle it with the users".to_owned()
            }
            Lack::Review => "a review: `recover tokens review`".to_owned(),
            Lack::Listing => "the contract behind the symbol, in chains.toml".to_owned(),
            Lack::Control => {
                "a record of how the addresses are controlled: `recover addresses import` with control"
                    .to_owned()
            }
            Lack::Key => {
                "nothing but the lost key itself, found in a backup and written as control by `recover addresses import`; without it \
                 these stay lost"
                    .to_owned()
            }
            Lack::Factory => "the factory at the same address, by the wallet team".to_owned(),
            Lack::Price => "a price: `recover prices import`".to_owned(),
            Lack::Person => "a person who looks at each by hand".to_owned(),
        }
    }

    fn network_remedy(&self, network: &NetworkId) -> String {
        let Some(config) = self.chains.network(network) else {
            return format!("{network} in chains.toml");
        };
        match (config.deposits, config.recovery) {
            (DepositState::Suspended, _) => format!("{} reopened for deposits", config.display),
            (_, RecoveryCapability::None) => {
                format!("a way to sign on {} (recovery is none)", config.display)
            }
            (_, RecoveryCapability::Conditional) => {
                format!(
                    "signing on {} arranged (recovery is conditional)",
                    config.display
                )
            }
            (DepositState::Open | DepositState::Closed, RecoveryCapability::Direct) => {
                "nothing any more: `recover reconcile` looks again".to_owned()
            }
        }
    }
}
