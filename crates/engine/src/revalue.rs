//! What open deposits are worth, for sorting.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::CLOCK_SLACK_SECONDS;
use recover_core::fee::{self, Rounding};

impl Engine {
    /// Writes the value of open deposits at the newest known price, whatever its age: for sorting, never for a quote. Those
    /// without any price have none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revalue(&self) -> Result<(), EngineError> {
        let Ok(policy) = self.policy() else {
            return Ok(());
        };
        let now = self.now();
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let filter = recover_store::DepositFilter {
            statuses: vec![
                recover_core::deposit::DepositStatus::Unconfirmed,
                recover_core::deposit::DepositStatus::Open,
                recover_core::deposit::DepositStatus::Claimed,
            ],
            ..recover_store::DepositFilter::default()
        };
        let mut prices = std::collections::BTreeMap::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(
                    &filter,
                    recover_store::DepositOrder::Id,
                    after.as_ref(),
                    1_000,
                )
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
