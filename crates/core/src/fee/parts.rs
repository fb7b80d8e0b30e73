//! Who pays what from where: the network's cost, the service fee after what was granted, and how both are split.

use super::form::{FeeForm, FormInput, ServiceFee, exactly};
use super::money::{Cents, Rounding, in_asset, percent_up, value_of};
use super::quote::{NetworkFee, QuoteInput, QuoteRefusal};
use super::rule::{FeeRule, PaidFrom, Waiver};
use super::terms::{Charge, Coins, UsedPrice};
use crate::amount::Amount;
use crate::decimal::Decimal;

pub(super) fn known(price: Option<&UsedPrice>) -> Option<&UsedPrice> {
    price.filter(|price| !price.price.is_zero())
}

/// The network's cost as the quote takes it.
pub(super) struct Network<'a> {
    pub fee: &'a NetworkFee,
    pub price: &'a UsedPrice,
    pub ceiling: Coins,
    /// In the policy's currency, rounded up.
    pub cost: Cents,
}

impl<'a> Network<'a> {
    pub fn of(fee: &'a NetworkFee) -> Result<Self, QuoteRefusal> {
        let price = known(fee.price.as_ref()).ok_or(QuoteRefusal::NetworkPriceUnknown)?;
        let cost = value_of(fee.amount, fee.decimals, price.price, Rounding::Up)
            .ok_or(QuoteRefusal::OutOfRange)?;
        Ok(Self {
            fee,
            price,
            ceiling: Coins {
                asset: fee.asset.clone(),
                amount: fee.amount,
                decimals: fee.decimals,
            },
            cost,
        })
    }
}

/// The service fee, and what is left of it after what was granted.
pub(super) struct Service<'a> {
    /// Before anybody is let off.
    pub full: Cents,
    pub asked: Cents,
    /// What is asked for in coins; `None` where the fee is a sum of the currency.
    pub coins: Option<(Coins, &'a UsedPrice)>,
    /// Why less is asked for, in words; `None` where all is.
    pub why_less: Option<String>,
    /// Whether a waiver covers the network's cost too.
    pub network_waived: bool,
}

impl<'a> Service<'a> {
    pub fn of(
        input: &'a QuoteInput<'_>,
        rule: &FeeRule,
        value: Cents,
        decimals: u8,
        price: &'a UsedPrice,
    ) -> Result<Self, QuoteRefusal> {
        if rule.form == FeeForm::Refuse {
            return Err(QuoteRefusal::RefusedByRule);
        }
        if rule.waits_for_minimum && input.gathered.is_some_and(|gathered| !gathered.is_enough()) {
            return Err(QuoteRefusal::MinimumNotReached);
        }
        if rule.value_min.is_some_and(|minimum| !minimum.allows(value)) {
            return Err(QuoteRefusal::ValueTooSmall);
        }
        let deciding = rule
            .form
            .deciding(value, &input.case)
            .ok_or(QuoteRefusal::ValueTooSmall)?;
        let fee = deciding.fee(FormInput {
            value,
            asset: input.case.asset,
            decimals,
            coin_decimals: input.coin.as_ref().map(|coin| coin.decimals),
            withdrawal: input.policy.withdrawals.get(input.case.asset),
            named: input.named,
        })?;
        if input.named.is_some() && !matches!(deciding, FeeForm::Range { .. }) {
            return Err(QuoteRefusal::FeeOutsideRange);
        }
        let (share, why_less) = Self::share(input, rule);
        let network_waived = input.waivers.iter().any(|waiver| waiver.network);
        match fee {
            ServiceFee::Cents(full) => Ok(Self {
                full,
                asked: full.percent_up(share).ok_or(QuoteRefusal::OutOfRange)?,
                coins: None,
                why_less,
                network_waived,
            }),
            ServiceFee::Coins { asset, amount } => {
                let (decimals, price) = if asset == *input.case.asset {
                    (decimals, price)
                } else {
                    let coin = input.coin.as_ref().filter(|coin| coin.asset == asset);
                    let coin = coin.ok_or(QuoteRefusal::FeeAssetUnknown)?;
                    let price = known(coin.price.as_ref()).ok_or(QuoteRefusal::FeeAssetUnknown)?;
                    (coin.decimals, price)
                };
                let asked = percent_up(amount, share).ok_or(QuoteRefusal::OutOfRange)?;
                let worth = |amount| {
                    value_of(amount, decimals, price.price, Rounding::Up)
                        .ok_or(QuoteRefusal::OutOfRange)
                };
                let coins = Coins {
                    asset,
                    amount: asked,
                    decimals,
                };
                Ok(Self {
                    full: worth(amount)?,
                    asked: worth(asked)?,
                    coins: Some((coins, price)),
                    why_less,
                    network_waived,
                })
            }
        }
    }

    /// How many percent of the fee are asked for, and why not all. Of several waivers the largest counts: they are not added.
    fn share(input: &QuoteInput<'_>, rule: &FeeRule) -> (Decimal, Option<String>) {
        let all = Decimal::whole(100);
        if input
            .case
            .earlier_cases
            .is_some_and(|earlier| earlier < rule.first_free)
        {
            let cases = match rule.first_free {
                1 => "the first case of a user is free".to_owned(),
                number => format!("the first {number} cases of a user are free"),
            };
            return (Decimal::whole(0), Some(cases));
        }
        let rest = |waiver: &Waiver| all.minus(waiver.percent).unwrap_or(all);
        let least = input.waivers.iter().min_by(|left, right| {
            rest(left)
                .size_against(rest(right))
                .then_with(|| left.code.cmp(&right.code))
        });
        match least {
            Some(waiver) if !waiver.percent.is_zero() => (
                rest(waiver),
                Some(format!(
                    "{} % by waiver {}: {}",
                    waiver.percent, waiver.code, waiver.title
                )),
            ),
            _ => (all, None),
        }
    }
}

/// Who pays what from where.
pub(super) struct Parts<'a> {
    /// What the customer is asked for the network.
    pub network_asked: Cents,
    /// Out of the deposit, in the currency.
    pub deposit_cents: Cents,
    /// Out of the deposit, in its own coin.
    pub deposit_coins: Amount,
    /// Beside it, in the currency.
    beside_cents: Cents,
    /// Beside it, in coins.
    beside: Vec<(Coins, &'a UsedPrice, bool)>,
    is_prepaid: bool,
    /// Whether what is paid in for the network is less than it may take.
    is_short: bool,
    /// The prices used beside the deposit's own.
    pub used: Vec<UsedPrice>,
}

impl<'a> Parts<'a> {
    pub fn of(
        input: &QuoteInput<'_>,
        rule: &FeeRule,
        service: &Service<'a>,
        network: Option<&Network<'a>>,
    ) -> Result<Self, QuoteRefusal> {
        let overflow = QuoteRefusal::OutOfRange;
        let paid_from = input.policy.paid_from(rule, &input.case);
        let mut parts = Parts {
            network_asked: Cents::default(),
            deposit_cents: Cents::default(),
            deposit_coins: Amount::ZERO,
            beside_cents: Cents::default(),
            beside: Vec::new(),
            is_prepaid: paid_from == PaidFrom::Prepaid,
            is_short: false,
            used: Vec::new(),
        };
        let is_beside = paid_from != PaidFrom::Deposit;
        match &service.coins {
            None if is_beside => parts.beside_cents = service.asked,
            None => parts.deposit_cents = service.asked,
            Some((coins, price)) => {
                parts.used.push((*price).clone());
                if is_beside {
                    parts.beside.push((coins.clone(), *price, parts.is_prepaid));
                } else if coins.asset == *input.case.asset {
                    parts.deposit_coins = coins.amount;
                } else {
                    parts.deposit_cents = service.asked;
                }
            }
        }
        let Some(network) = network else {
            return Ok(parts);
        };
        parts.used.push(network.price.clone());
        // What the exchange pays, nobody pays in beforehand either.
        if service.network_waived && !network.fee.from_deposit {
            return Ok(parts);
        }
        if let Some(prepaid) = rule.prepaid_gas.filter(|_| !network.fee.from_deposit) {
            let amount = exactly(prepaid, network.fee.decimals).ok_or(overflow)?;
            parts.is_short = amount < network.fee.amount;
            let coins = Coins {
                amount,
                ..network.ceiling.clone()
            };
            parts.network_asked = value_of(
                amount,
                network.fee.decimals,
                network.price.price,
                Rounding::Up,
            )
            .ok_or(overflow)?;
            parts.beside.push((coins, network.price, true));
            return Ok(parts);
        }
        parts.network_asked = network.cost;
        if is_beside && !network.fee.from_deposit {
            let sum = parts.beside_cents.checked_add(network.cost);
            parts.beside_cents = sum.ok_or(overflow)?;
        } else if network.fee.asset == *input.case.asset {
            // Coin for coin: two prices of one coin, of two times, would make it more or less than the network takes.
            let sum = parts.deposit_coins.checked_add(network.fee.amount);
            parts.deposit_coins = sum.ok_or(overflow)?;
        } else {
            let sum = parts.deposit_cents.checked_add(network.cost);
            parts.deposit_cents = sum.ok_or(overflow)?;
        }
        Ok(parts)
    }

    pub fn deducted(&self, decimals: u8, price: &UsedPrice) -> Option<Amount> {
        in_asset(self.deposit_cents, decimals, price.price)?.checked_add(self.deposit_coins)
    }

    /// What is paid beside the deposit, one charge an asset and a way of paying.
    ///
    /// # Errors
    /// What it is paid in has no price, or else what is paid in for the network is too little.
    pub fn charges(
        &mut self,
        input: &QuoteInput<'_>,
        own: &'a UsedPrice,
    ) -> Result<Vec<Charge>, QuoteRefusal> {
        let overflow = QuoteRefusal::OutOfRange;
        let mut charges: Vec<Charge> = Vec::new();
        let mut add = |coins: Coins, cents: Cents, is_prepaid: bool| -> Result<(), QuoteRefusal> {
            if coins.amount.is_zero() {
                return Ok(());
            }
            let same = charges.iter_mut().find(|charge| {
                charge.coins.asset == coins.asset && charge.is_prepaid == is_prepaid
            });
            match same {
                None => charges.push(Charge {
                    coins,
                    cents,
                    is_prepaid,
                }),
                Some(charge) => {
                    charge.coins.amount = charge
                        .coins
                        .amount
                        .checked_add(coins.amount)
                        .ok_or(overflow)?;
                    charge.cents = charge.cents.checked_add(cents).ok_or(overflow)?;
                }
            }
            Ok(())
        };
        for (coins, price, is_prepaid) in &self.beside {
            let cents = value_of(coins.amount, coins.decimals, price.price, Rounding::Up)
                .ok_or(overflow)?;
            add(coins.clone(), cents, *is_prepaid)?;
        }
        if self.beside_cents != Cents::default() {
            let asset = input
                .fee_asset
                .as_ref()
                .ok_or(QuoteRefusal::FeeAssetUnknown)?;
            let price = known(asset.price.as_ref()).ok_or(QuoteRefusal::FeeAssetUnknown)?;
            let amount =
                in_asset(self.beside_cents, asset.decimals, price.price).ok_or(overflow)?;
            let coins = Coins {
                asset: asset.asset.clone(),
                amount,
                decimals: asset.decimals,
            };
            if price != own {
                self.used.push(price.clone());
            }
            add(coins, self.beside_cents, self.is_prepaid)?;
        }
        if self.is_short {
            return Err(QuoteRefusal::PrepaidTooSmall);
        }
        Ok(charges)
    }

    /// Every price used, the deposit's own first, each once.
    pub fn prices(&self, own: &UsedPrice) -> Vec<UsedPrice> {
        let mut prices: Vec<UsedPrice> = Vec::new();
        for price in std::iter::once(own).chain(&self.used) {
            let price = UsedPrice {
                price: price.price.trimmed(),
                ..price.clone()
            };
            if !prices.contains(&price) {
                prices.push(price);
            }
        }
        prices
    }
}
