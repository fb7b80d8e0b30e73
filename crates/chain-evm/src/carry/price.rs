//! What gas costs now, what a leg may cost at most, and the price that a transaction offers within that.

use super::EvmCarry;
use crate::cost::{self, BaseFee, FeeRule, MarketData, Window};
use crate::transaction::Price;
use recover_core::amount::Amount;
use recover_source::carry::CarryError;
use recover_source::error::SourceError;

/// What a unit of gas costs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Market {
    /// The network has a base fee (EIP-1559): transactions are of type 2.
    Dynamic {
        /// The next block's base fee.
        base: Amount,
        /// What is paid above it.
        tip: Amount,
    },
    /// It has none: transactions are legacy.
    Legacy {
        /// The price.
        gas_price: Amount,
    },
}

/// Ten blocks, half of whose gas paid a smaller tip: what is offered is for the next few blocks.
const OFFER_WINDOW: Window = Window {
    blocks: "0xa",
    percentile: 50,
};

fn number(amount: u128) -> Amount {
    Amount::from_u128(amount)
}

/// A product; the largest amount where it does not fit, which no limit allows.
pub(super) fn times(left: Amount, right: Amount) -> Amount {
    left.mul_ratio_floor(right, number(1))
        .unwrap_or(Amount::MAX)
}

/// A sum, likewise.
pub(super) fn plus(left: Amount, right: Amount) -> Amount {
    left.checked_add(right).unwrap_or(Amount::MAX)
}

fn part(amount: Amount, numerator: u128, denominator: u128) -> Amount {
    amount
        .mul_ratio_ceil(number(numerator), number(denominator))
        .unwrap_or(Amount::MAX)
}

impl Market {
    /// What a unit of gas costs in the next block.
    pub(super) fn now(self) -> Amount {
        match self {
            Self::Dynamic { base, tip } => plus(base, tip),
            Self::Legacy { gas_price } => gas_price,
        }
    }

    /// What it may cost while people approve and sign: the base fee can rise by an eighth a block, twice of it lasts six full
    /// blocks; without a base fee a quarter more.
    fn generous(self) -> Amount {
        match self {
            Self::Dynamic { base, tip } => plus(times(base, number(2)), tip),
            Self::Legacy { gas_price } => part(gas_price, 5, 4),
        }
    }

    /// A price of the network's kind, whatever its number.
    pub(super) const fn priced(self, price: Amount) -> Price {
        match self {
            Self::Dynamic { .. } => Price::Dynamic {
                max_fee: price,
                max_tip: price,
            },
            Self::Legacy { .. } => Price::Legacy { gas_price: price },
        }
    }

    /// The most that a leg may cost: so much gas at the generous price, twice the data fee, and the margin on all of it.
    pub(super) fn fee_max(self, gas: u64, data_fee: Amount, margin_percent: u32) -> Amount {
        let execution = times(number(u128::from(gas)), self.generous());
        let all = plus(execution, times(data_fee, number(2)));
        part(all, 100 + u128::from(margin_percent), 100)
    }

    /// The price that a transaction offers: enough for now, up to the generous price, and never so much that gas and data fee
    /// exceed the limit. The data fee is counted half as much again, since it moves too.
    ///
    /// # Errors
    /// [`CarryError::FeeAboveLimit`] when not even what it costs now fits.
    pub(super) fn offer(
        self,
        gas: u64,
        data_fee: Amount,
        approved: Amount,
    ) -> Result<(Price, Amount), CarryError> {
        let gas = number(u128::from(gas.max(1)));
        let data = part(data_fee, 3, 2);
        let needed = plus(times(gas, self.now()), data);
        let above = || CarryError::FeeAboveLimit { needed, approved };
        let room = approved.checked_sub(data).ok_or_else(above)?;
        let ceiling = room.mul_ratio_floor(number(1), gas).ok_or_else(above)?;
        if needed > approved || ceiling < self.now() {
            return Err(above());
        }
        let price = match self {
            Self::Dynamic { base, tip } => {
                let max_fee = plus(times(base, number(2)), tip).min(ceiling);
                Price::Dynamic {
                    max_fee,
                    max_tip: tip.min(max_fee),
                }
            }
            // All of a legacy price is paid: an eighth more than now, to last a few blocks.
            Self::Legacy { gas_price } => Price::Legacy {
                gas_price: part(gas_price, 9, 8).min(ceiling),
            },
        };
        let fee = plus(times(gas, price.ceiling()), data);
        Ok((price, fee))
    }
}

impl EvmCarry {
    /// What gas costs now, from the node's own words.
    pub(super) async fn market(&self) -> Result<Market, SourceError> {
        let rpc = self.rpc();
        let market = MarketData::read(rpc, OFFER_WINDOW).await?;
        let gas_price = market.asked;
        let Some(BaseFee { price: base, .. }) = market.base else {
            return Ok(Market::Legacy { gas_price });
        };
        let median = market.tips.get(market.tips.len() / 2).copied();
        let mut tip = market
            .suggested
            .or(median)
            .unwrap_or_else(|| gas_price.checked_sub(base).unwrap_or_default());
        if self.config().fee_rule == FeeRule::LineaEstimateGas
            && let Some(asked) = cost::linea_price(rpc).await?
        {
            tip = tip.max(asked.checked_sub(base).unwrap_or_default());
        }
        Ok(Market::Dynamic { base, tip })
    }

    /// What the network takes for the data of a transaction of so many unsigned bytes, by its rule; nothing where gas holds it.
    pub(super) async fn data_fee(
        &self,
        unsigned_bytes: usize,
        gas: u64,
    ) -> Result<Amount, SourceError> {
        /// A signature in RLP: two words with their lengths, and the parity.
        const SIGNATURE_BYTES: usize = 67;
        cost::data_fee(
            self.rpc(),
            self.config().fee_rule,
            unsigned_bytes.saturating_add(SIGNATURE_BYTES),
            gas,
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dynamic(base: u128, tip: u128) -> Market {
        Market::Dynamic {
            base: number(base),
            tip: number(tip),
        }
    }

    #[test]
    fn pitfall_039_a_price_above_the_limit_asks_for_a_new_quote() {
        let quoted = dynamic(100, 10);
        let approved = quoted.fee_max(50_000, Amount::ZERO, 20);
        assert_eq!(approved, number(50_000 * 210 * 120 / 100));
        // Twice the base fee still fits, three times does not.
        let (price, fee) = dynamic(200, 10)
            .offer(50_000, Amount::ZERO, approved)
            .unwrap();
        assert_eq!(price.ceiling(), number(252));
        assert_eq!(fee, approved);
        let error = dynamic(300, 10)
            .offer(50_000, Amount::ZERO, approved)
            .unwrap_err();
        assert!(matches!(
            error,
            CarryError::FeeAboveLimit { needed, .. } if needed == number(50_000 * 310)
        ));
    }

    #[test]
    fn pitfall_036_the_data_fee_takes_its_part_of_the_limit() {
        let market = dynamic(100, 10);
        let approved = market.fee_max(21_000, number(1_000_000), 0);
        assert_eq!(approved, number(21_000 * 210 + 2_000_000));
        let (price, fee) = market.offer(21_000, number(1_000_000), approved).unwrap();
        assert_eq!(price.ceiling(), number(210));
        assert_eq!(fee, number(21_000 * 210 + 1_500_000));
        // A data fee that grew to more than all of it.
        assert!(market.offer(21_000, number(9_000_000), approved).is_err());
    }

    proptest! {
        #[test]
        fn pitfall_041_an_offer_never_exceeds_its_limit_and_always_pays_for_now(
            base in any::<u64>(), tip in any::<u64>(), gas in 1..30_000_000_u64, data in any::<u64>(),
            approved in any::<u128>(), is_legacy: bool,
        ) {
            let market = if is_legacy {
                Market::Legacy { gas_price: number(u128::from(base)) }
            } else {
                dynamic(u128::from(base), u128::from(tip))
            };
            if let Ok((price, fee)) = market.offer(gas, number(u128::from(data)), number(approved)) {
                prop_assert!(fee <= number(approved));
                prop_assert!(price.ceiling() >= market.now());
                let execution = times(number(u128::from(gas)), price.ceiling());
                prop_assert!(plus(execution, number(u128::from(data))) <= fee);
                if let Price::Dynamic { max_fee, max_tip } = price {
                    prop_assert!(max_tip <= max_fee);
                }
            }
        }
    }
}
