//! The lines of a quote.

use super::money::Cents;
use super::parts::{Network, Service};
use super::quote::{Quote, QuoteInput};
use super::rule::FeeRule;
use super::terms::{Charge, Coins, Line, LineCode, UsedPrice};
use super::words;
use crate::amount::Amount;

/// Writes the lines of a quote.
pub(super) struct Lines<'a, 'i> {
    pub input: &'a QuoteInput<'i>,
    pub rule: &'a FeeRule,
    pub quote: &'a Quote,
    pub price: &'a UsedPrice,
    pub service: &'a Service<'a>,
    pub network: Option<&'a Network<'a>>,
    pub charges: &'a [Charge],
    /// The prices of what fees are paid in.
    pub used: &'a [UsedPrice],
    /// What is taken out of the deposit, in the currency and in its own coin.
    pub from_deposit: (Cents, Amount),
    pub net_value: Cents,
    pub own: &'a dyn Fn(Amount) -> Coins,
}

impl Lines<'_, '_> {
    pub fn all(&self) -> Vec<Line> {
        let line = |code, detail: String, cents, coins| Line {
            code,
            detail,
            cents,
            coins,
        };
        let own = self.own;
        let received = own(self.input.amount);
        let mut lines = vec![
            line(
                LineCode::Received,
                String::new(),
                None,
                Some(received.clone()),
            ),
            self.priced(self.price, received.decimals),
            line(
                LineCode::Value,
                format!(
                    "{received} x {}, rounded down to the cent",
                    self.price.price
                ),
                Some(self.quote.value),
                None,
            ),
        ];
        lines.extend(self.fees());
        lines.push(line(
            LineCode::TotalFee,
            format!("{} + {}", self.quote.service_fee, self.quote.network_fee),
            Some(self.quote.total_fee),
            None,
        ));
        if !self.quote.fee_in_asset.is_zero() {
            lines.push(line(
                LineCode::Deducted,
                self.taken(),
                None,
                Some(own(self.quote.fee_in_asset)),
            ));
        }
        for charge in self.charges {
            let asset = &charge.coins.asset;
            let is_told = [Some(self.price), self.network.map(|network| network.price)];
            let is_told = is_told
                .into_iter()
                .flatten()
                .any(|price| price.asset == *asset);
            let told = self.used.iter().find(|price| price.asset == *asset);
            if let Some(price) = told.filter(|_| !is_told) {
                lines.push(self.priced(price, charge.coins.decimals));
            }
            let how = if charge.is_prepaid {
                "paid in beforehand"
            } else {
                "set aside on the balance before anything moves"
            };
            lines.push(line(
                LineCode::Charge,
                format!("rounded up to the base unit; {how}"),
                Some(charge.cents),
                Some(charge.coins.clone()),
            ));
        }
        lines.push(line(
            LineCode::Net,
            format!("{received} - {}", own(self.quote.fee_in_asset)),
            Some(self.net_value),
            Some(own(self.quote.net)),
        ));
        lines.extend(self.reserve());
        lines
    }

    /// What a new account keeps, where the network's own coin is paid to an address.
    fn reserve(&self) -> Option<Line> {
        let fee = self.network?.fee;
        let is_kept =
            self.input.case.resolution.needs_destination() && fee.asset == *self.input.case.asset;
        let amount = fee.reserve.filter(|_| is_kept)?;
        Some(Line {
            code: LineCode::Reserve,
            detail:
                "where nothing was ever paid to the address; less than that cannot be sent to it"
                    .to_owned(),
            cents: None,
            coins: Some((self.own)(amount)),
        })
    }

    /// How what is taken out of the deposit was reckoned.
    fn taken(&self) -> String {
        const ROUNDED: &str = "rounded up to the base unit";
        let (cents, coins) = self.from_deposit;
        let cents_part = format!("{cents} / {}", self.price.price);
        let own = (self.own)(coins);
        if coins.is_zero() {
            format!("{cents_part}, {ROUNDED}")
        } else if cents == Cents::default() {
            format!("{own} in its own coin")
        } else {
            format!("{own} in its own coin, and {cents_part}, {ROUNDED}")
        }
    }

    /// What one coin is worth, and who says so.
    fn priced(&self, price: &UsedPrice, decimals: u8) -> Line {
        let UsedPrice {
            asset,
            price,
            at,
            sources,
            ids: _,
        } = price;
        Line {
            code: LineCode::Price,
            detail: format!(
                "is worth {price} {}, by {} at {at}",
                self.input.currency,
                sources.join(" and ")
            ),
            cents: None,
            coins: Amount::power_of_ten(decimals).map(|amount| Coins {
                asset: asset.clone(),
                amount,
                decimals,
            }),
        }
    }

    fn fees(&self) -> Vec<Line> {
        let rule = self.rule;
        let deciding = rule.form.deciding(self.quote.value, &self.input.case);
        let words = words::form(deciding.unwrap_or(&rule.form), self.input.currency);
        let mut lines = vec![Line {
            code: LineCode::ServiceFee,
            detail: format!("rule {}: {words}", rule.number),
            cents: Some(self.service.full),
            coins: self
                .service
                .coins
                .as_ref()
                .filter(|_| self.service.why_less.is_none())
                .map(|(coins, _)| coins.clone()),
        }];
        if let Some(why) = &self.service.why_less {
            lines.push(Line {
                code: LineCode::Waived,
                detail: why.clone(),
                cents: self.service.full.checked_sub(self.service.asked),
                coins: None,
            });
        }
        let Some(network) = self.network else {
            return lines;
        };
        if network.price != self.price {
            lines.push(self.priced(network.price, network.fee.decimals));
        }
        lines.push(Line {
            code: LineCode::NetworkFee,
            detail: format!(
                "at most {} x {}, rounded up to the cent: {}{}",
                network.ceiling,
                network.price.price,
                network.fee.basis,
                if network.fee.from_deposit {
                    "; the output itself pays it, whoever else would"
                } else {
                    ""
                }
            ),
            cents: Some(self.quote.network_fee.max(network.cost)),
            coins: Some(network.ceiling.clone()),
        });
        if let Some(paid) = network.cost.checked_sub(self.quote.network_fee)
            && paid != Cents::default()
        {
            lines.push(Line {
                code: LineCode::NetworkWaived,
                detail: "the exchange pays it".to_owned(),
                cents: Some(paid),
                coins: None,
            });
        }
        lines
    }
}
