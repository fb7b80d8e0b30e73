//! The JSON form of a quote's terms.

use super::{WireError, amount, asset, parsed};
use crate::decimal::Decimal;
use crate::fee::{Cents, Charge, Coins, Line, LineCode, OnFailure, Terms, UsedPrice};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Coins of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoinsJson {
    asset: String,
    amount: String,
    decimals: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineJson {
    code: String,
    detail: String,
    cents: Option<String>,
    coins: Option<CoinsJson>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceJson {
    asset: String,
    price: String,
    /// Microseconds since 1970, UTC.
    at: i64,
    sources: Vec<String>,
    ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChargeJson {
    coins: CoinsJson,
    cents: String,
    is_prepaid: bool,
}

/// What a quote rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsJson {
    currency: String,
    lines: Vec<LineJson>,
    prices: Vec<PriceJson>,
    ceiling: Option<CoinsJson>,
    network_cost: String,
    charges: Vec<ChargeJson>,
    on_failure: String,
    net_value: String,
    limit_value: Option<String>,
}

impl CoinsJson {
    fn of(coins: &Coins) -> Self {
        Self {
            asset: coins.asset.to_string(),
            amount: coins.amount.to_base_units(),
            decimals: coins.decimals,
        }
    }

    fn read(&self) -> Result<Coins, WireError> {
        Ok(Coins {
            asset: asset("terms.asset", &self.asset)?,
            amount: amount("terms.amount", &self.amount)?,
            decimals: self.decimals,
        })
    }
}

fn cents(field: &'static str, text: &str) -> Result<Cents, WireError> {
    parsed(field, text, |text| Cents::parse(text).ok())
}

impl LineJson {
    fn of(line: &Line) -> Self {
        Self {
            code: line.code.code().to_owned(),
            detail: line.detail.clone(),
            cents: line.cents.map(|cents| cents.to_string()),
            coins: line.coins.as_ref().map(CoinsJson::of),
        }
    }

    fn read(&self) -> Result<Line, WireError> {
        Ok(Line {
            code: parsed("terms.line.code", &self.code, LineCode::from_code)?,
            detail: self.detail.clone(),
            cents: self
                .cents
                .as_deref()
                .map(|text| cents("terms.line.cents", text))
                .transpose()?,
            coins: self.coins.as_ref().map(CoinsJson::read).transpose()?,
        })
    }
}

impl PriceJson {
    fn of(price: &UsedPrice) -> Self {
        Self {
            asset: price.asset.to_string(),
            price: price.price.to_string(),
            at: price.at.as_micros(),
            sources: price.sources.clone(),
            ids: price.ids.clone(),
        }
    }

    fn read(&self) -> Result<UsedPrice, WireError> {
        Ok(UsedPrice {
            asset: asset("terms.price.asset", &self.asset)?,
            price: parsed("terms.price.price", &self.price, |text| {
                Decimal::parse(text).ok()
            })?,
            at: Timestamp::from_micros(self.at),
            sources: self.sources.clone(),
            ids: self.ids.clone(),
        })
    }
}

impl ChargeJson {
    fn of(charge: &Charge) -> Self {
        Self {
            coins: CoinsJson::of(&charge.coins),
            cents: charge.cents.to_string(),
            is_prepaid: charge.is_prepaid,
        }
    }

    fn read(&self) -> Result<Charge, WireError> {
        Ok(Charge {
            coins: self.coins.read()?,
            cents: cents("terms.charge.cents", &self.cents)?,
            is_prepaid: self.is_prepaid,
        })
    }
}

impl TermsJson {
    /// The form of terms.
    #[must_use]
    pub fn of(terms: &Terms) -> Self {
        Self {
            currency: terms.currency.clone(),
            lines: terms.lines.iter().map(LineJson::of).collect(),
            prices: terms.prices.iter().map(PriceJson::of).collect(),
            ceiling: terms.ceiling.as_ref().map(CoinsJson::of),
            network_cost: terms.network_cost.to_string(),
            charges: terms.charges.iter().map(ChargeJson::of).collect(),
            on_failure: terms.on_failure.code().to_owned(),
            net_value: terms.net_value.to_string(),
            limit_value: terms.limit_value.map(|value| value.to_string()),
        }
    }

    /// The terms.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Terms, WireError> {
        let (lines, prices, charges) = (&self.lines, &self.prices, &self.charges);
        Ok(Terms {
            currency: self.currency.clone(),
            lines: lines.iter().map(LineJson::read).collect::<Result<_, _>>()?,
            prices: prices
                .iter()
                .map(PriceJson::read)
                .collect::<Result<_, _>>()?,
            ceiling: self.ceiling.as_ref().map(CoinsJson::read).transpose()?,
            network_cost: cents("terms.network_cost", &self.network_cost)?,
            charges: charges
                .iter()
                .map(ChargeJson::read)
                .collect::<Result<_, _>>()?,
            on_failure: parsed("terms.on_failure", &self.on_failure, OnFailure::from_code)?,
            net_value: cents("terms.net_value", &self.net_value)?,
            limit_value: self
                .limit_value
                .as_deref()
                .map(|text| cents("terms.limit_value", text))
                .transpose()?,
        })
    }
}
