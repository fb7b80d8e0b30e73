//! What deposits are worth, for sorting.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::CLOCK_SLACK_SECONDS;
use recover_core::asset::AssetId;
use recover_core::deposit::DepositStatus;
use recover_core::fee::{self, Rounding};
use recover_core::kind::Kind;
use recover_store::{DepositFilter, DepositOrder, Price};
use std::collections::BTreeMap;

/// So many deposits are read at once.
const PAGE: u32 = 1_000;

impl Engine {
    /// Writes the value of deposits that wait for somebody, and of those whose key is lost, at the newest known price, whatever
    /// its age: for sorting, never for a quote. Those without any price have none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revalue(&self) -> Result<(), EngineError> {
        let waiting = DepositFilter {
            statuses: vec![
                DepositStatus::Unconfirmed,
                DepositStatus::Open,
                DepositStatus::Claimed,
            ],
            ..DepositFilter::default()
        };
        let without_key = DepositFilter {
            statuses: vec![DepositStatus::Resolved],
            kind: Some(Kind::NoKey),
            ..DepositFilter::default()
        };
        let mut prices = BTreeMap::new();
        for filter in [waiting, without_key] {
            self.revalue_those(&filter, &mut prices).await?;
        }
        Ok(())
    }

    async fn revalue_those(
        &self,
        filter: &DepositFilter,
        prices: &mut BTreeMap<AssetId, Option<Price>>,
    ) -> Result<(), EngineError> {
        let Ok(policy) = self.policy() else {
            return Ok(());
        };
        let now = self.now();
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(filter, DepositOrder::Id, after.as_ref(), PAGE)
                .await?;
            let mut values = Vec::new();
            for stored in &page.deposits {
                let deposit = &stored.deposit;
                if !prices.contains_key(deposit.asset()) {
                    let price = self
                        .store
                        .latest_price(deposit.asset(), &policy.currency, latest)
                        .await?;
                    prices.insert(deposit.asset().clone(), price);
                }
                let price = prices.get(deposit.asset()).and_then(Option::as_ref);
                let value = price
                    .filter(|_| deposit.decimals_vouched)
                    .and_then(|price| {
                        let cents = fee::value_of(
                            deposit.amount(),
                            deposit.decimals,
                            price.price,
                            Rounding::Down,
                        )?;
                        let cents = i64::try_from(cents.0.to_u128()?).ok()?;
                        Some((cents, price.id()))
                    });
                if value != stored.value {
                    values.push((deposit.id(), value));
                }
            }
            self.store.update_values(values).await?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
