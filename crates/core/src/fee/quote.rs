//! One deposit's quote.

use super::form::{FeeForm, FormInput, NoFee, ServiceFee, exactly};
use super::money::{Cents, Rounding, in_asset, percent_up, value_of};
use super::rule::{Case, FeePolicy, FeeRule, PaidFrom, Waiver};
use super::terms::{Charge, Coins, Line, LineCode, Terms, UsedPrice};
use super::words;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;
use crate::decimal::Decimal;

/// What the network's own work costs, and in what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFee {
    /// The network's native coin.
    pub asset: AssetId,
    /// The cost with its safety margin, in base units of the network's native coin: the ceiling of the quote.
    pub amount: Amount,
    /// Decimals of the native coin.
    pub decimals: u8,
    /// The native coin's price; `None` when unknown.
    pub price: Option<UsedPrice>,
    /// How it was reckoned, in words.
    pub basis: String,
    /// Whether the deposit itself pays it, whatever the rule says: where the network keeps outputs, an output pays for its own
    /// transaction.
    pub from_deposit: bool,
}

/// An asset that fees are paid in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedAsset {
    /// The asset.
    pub asset: AssetId,
    /// Its decimals.
    pub decimals: u8,
    /// Its price; `None` when unknown.
    pub price: Option<UsedPrice>,
}

/// What a quote is reckoned from.
#[derive(Debug, Clone)]
pub struct QuoteInput<'a> {
    /// What the policy says about fees.
    pub policy: &'a FeePolicy,
    /// The policy's currency.
    pub currency: &'a str,
    /// The case.
    pub case: Case<'a>,
    /// The rule for the case, by [`FeePolicy::rule_for`].
    pub rule: Result<&'a FeeRule, QuoteRefusal>,
    /// How much was received, in base units.
    pub amount: Amount,
    /// The asset's decimals, from a reviewed list; `None` when nobody vouches for them.
    pub decimals: Option<u8>,
    /// The price of one coin in the policy's currency; `None` when unknown or too old.
    pub price: Option<UsedPrice>,
    /// What moving the money costs; `None` when it needs no transaction (a ledger instruction).
    pub network_fee: Option<NetworkFee>,
    /// The asset that balances pay in; `None` where the policy names none.
    pub fee_asset: Option<PricedAsset>,
    /// The asset of a fee that is fixed in coins; `None` where the rule has none.
    pub coin: Option<PricedAsset>,
    /// What was granted to the customer.
    pub waivers: &'a [&'a Waiver],
    /// The fee that a person named, where the rule leaves it to one.
    pub named: Option<Cents>,
}

/// An itemised quote. `net + fee_in_asset == amount`, always; what is paid beside the deposit stands in the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The value of the deposit, rounded down to the cent.
    pub value: Cents,
    /// The service fee that is asked for.
    pub service_fee: Cents,
    /// The network fee that is asked for, rounded up to the cent; zero for a ledger instruction.
    pub network_fee: Cents,
    /// Both together.
    pub total_fee: Cents,
    /// What of both is taken out of the deposit, in its own asset, rounded up to the base unit.
    pub fee_in_asset: Amount,
    /// What the customer receives, in base units.
    pub net: Amount,
    /// The number of the rule that decided.
    pub rule: u32,
    /// What stands behind it; `None` for a quote of a release that kept no terms.
    pub terms: Option<Box<Terms>>,
}

impl Quote {
    /// What is paid beside the deposit.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        self.terms
            .as_ref()
            .map_or(&[], |terms| terms.charges.as_slice())
    }

    /// What the network may take at most in the policy's currency, whoever pays it.
    #[must_use]
    pub fn network_cost(&self) -> Cents {
        self.terms
            .as_ref()
            .map_or(self.network_fee, |terms| terms.network_cost)
    }
}

coded! {
    /// Why no quote is given, in order of precedence.
    pub enum QuoteRefusal {
        /// Nobody vouches for the asset's decimals.
        DecimalsUnknown => "decimals_unknown",
        /// The asset has no price, or an old one, or zero.
        PriceUnknown => "price_unknown",
        /// The native coin that pays the network has no price.
        NetworkPriceUnknown => "network_price_unknown",
        /// No rule of the policy fits.
        NoRule => "no_rule",
        /// The fee depends on the network for which the address was made, and nobody knows that.
        HomeUnknown => "home_unknown",
        /// The fee depends on the deposit's age, and nobody knows that.
        AgeUnknown => "age_unknown",
        /// The policy refuses such cases.
        RefusedByRule => "refused_by_rule",
        /// The value is under the rule's minimum or outside its tiers.
        ValueTooSmall => "value_too_small",
        /// The fee is a multiple of a withdrawal fee that the policy does not name.
        WithdrawalFeeUnknown => "withdrawal_fee_unknown",
        /// A person must name the fee.
        FeeByPerson => "fee_by_person",
        /// The fee that a person named is outside the rule's bounds, or the rule leaves none to a person.
        FeeOutsideRange => "fee_outside_range",
        /// What the fee is paid in has no price, or the policy does not name it.
        FeeAssetUnknown => "fee_asset_unknown",
        /// What the customer pays in for the network is less than it may take.
        PrepaidTooSmall => "prepaid_too_small",
        /// The fee would eat the deposit.
        FeeExceedsValue => "fee_exceeds_value",
        /// What is left is less than the least that is sent.
        NetTooSmall => "net_too_small",
        /// A number left the range that 256 bits hold.
        OutOfRange => "out_of_range",
    }
}

impl From<NoFee> for QuoteRefusal {
    fn from(no_fee: NoFee) -> Self {
        match no_fee {
            NoFee::OutsideTiers => Self::ValueTooSmall,
            NoFee::WithdrawalFeeUnknown => Self::WithdrawalFeeUnknown,
            NoFee::ByPerson => Self::FeeByPerson,
            NoFee::OutsideRange => Self::FeeOutsideRange,
            NoFee::Refused => Self::RefusedByRule,
            NoFee::OutOfRange => Self::OutOfRange,
        }
    }
}

/// Reckons a quote.
///
/// # Errors
/// The first refusal that applies, in the order of [`QuoteRefusal`].
pub fn quote(input: &QuoteInput<'_>) -> Result<Quote, QuoteRefusal> {
    let decimals = input.decimals.ok_or(QuoteRefusal::DecimalsUnknown)?;
    let price = known(input.price.as_ref()).ok_or(QuoteRefusal::PriceUnknown)?;
    let network = match &input.network_fee {
        None => None,
        Some(fee) => Some(Network::of(fee)?),
    };
    let rule = input.rule?;
    let value = value_of(input.amount, decimals, price.price, Rounding::Down)
        .ok_or(QuoteRefusal::OutOfRange)?;
    let service = Service::of(input, rule, value, decimals, price)?;
    let mut parts = Parts::of(input, rule, &service, network.as_ref())?;
    let charges = parts.charges(input, price)?;
    let fee_in_asset = parts
        .deducted(decimals, price)
        .ok_or(QuoteRefusal::OutOfRange)?;
    let total_fee = service
        .asked
        .checked_add(parts.network_asked)
        .ok_or(QuoteRefusal::OutOfRange)?;
    let net = input
        .amount
        .checked_sub(fee_in_asset)
        .filter(|net| !net.is_zero())
        .ok_or(QuoteRefusal::FeeExceedsValue)?;
    // What is paid beside the deposit must not be more than what comes of it either.
    if !charges.is_empty() && total_fee >= value {
        return Err(QuoteRefusal::FeeExceedsValue);
    }
    require_sendable(input, decimals, net)?;
    let net_value =
        value_of(net, decimals, price.price, Rounding::Down).ok_or(QuoteRefusal::OutOfRange)?;
    let mut quote = Quote {
        value,
        service_fee: service.asked,
        network_fee: parts.network_asked,
        total_fee,
        fee_in_asset,
        net,
        rule: rule.number,
        terms: None,
    };
    let own = |amount| Coins {
        asset: input.case.asset.clone(),
        amount,
        decimals,
    };
    let lines = Lines {
        input,
        rule,
        quote: &quote,
        price,
        service: &service,
        network: network.as_ref(),
        charges: &charges,
        used: &parts.used,
        from_deposit: (parts.deposit_cents, parts.deposit_coins),
        net_value,
        own: &own,
    }
    .all();
    quote.terms = Some(Box::new(Terms {
        currency: input.currency.to_owned(),
        lines,
        prices: parts.prices(price),
        ceiling: network.as_ref().map(|network| network.ceiling.clone()),
        network_cost: network.map_or(Cents::default(), |network| network.cost),
        charges,
        on_failure: rule.on_failure,
        net_value,
    }));
    Ok(quote)
}

/// What is left can be sent as an ordinary withdrawal can.
fn require_sendable(input: &QuoteInput<'_>, decimals: u8, net: Amount) -> Result<(), QuoteRefusal> {
    let terms = input.policy.withdrawals.get(input.case.asset);
    let Some(terms) = terms.filter(|_| input.case.resolution.needs_destination()) else {
        return Ok(());
    };
    let minimum = exactly(terms.minimum, decimals).ok_or(QuoteRefusal::OutOfRange)?;
    if net < minimum {
        return Err(QuoteRefusal::NetTooSmall);
    }
    Ok(())
}

fn known(price: Option<&UsedPrice>) -> Option<&UsedPrice> {
    price.filter(|price| !price.price.is_zero())
}

/// The network's cost as the quote takes it.
struct Network<'a> {
    fee: &'a NetworkFee,
    price: &'a UsedPrice,
    ceiling: Coins,
    /// In the policy's currency, rounded up.
    cost: Cents,
}

impl<'a> Network<'a> {
    fn of(fee: &'a NetworkFee) -> Result<Self, QuoteRefusal> {
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
struct Service<'a> {
    /// Before anybody is let off.
    full: Cents,
    asked: Cents,
    /// What is asked for in coins; `None` where the fee is a sum of the currency.
    coins: Option<(Coins, &'a UsedPrice)>,
    /// Why less is asked for, in words; `None` where all is.
    why_less: Option<String>,
    /// Whether a waiver covers the network's cost too.
    network_waived: bool,
}

impl<'a> Service<'a> {
    fn of(
        input: &'a QuoteInput<'_>,
        rule: &FeeRule,
        value: Cents,
        decimals: u8,
        price: &'a UsedPrice,
    ) -> Result<Self, QuoteRefusal> {
        if rule.form == FeeForm::Refuse {
            return Err(QuoteRefusal::RefusedByRule);
        }
        if rule.value_min.is_some_and(|minimum| !minimum.allows(value)) {
            return Err(QuoteRefusal::ValueTooSmall);
        }
        let deciding = rule
            .form
            .deciding(value, &input.case)
            .ok_or(QuoteRefusal::ValueTooSmall)?;
        if input.named.is_some() && !matches!(deciding, FeeForm::Range { .. }) {
            return Err(QuoteRefusal::FeeOutsideRange);
        }
        let fee = rule.form.fee(FormInput {
            value,
            case: &input.case,
            decimals,
            coin_decimals: input.coin.as_ref().map(|coin| coin.decimals),
            withdrawal: input.policy.withdrawals.get(input.case.asset),
            named: input.named,
        })?;
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
                .compare(rest(right))
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
struct Parts<'a> {
    /// What the customer is asked for the network.
    network_asked: Cents,
    /// Out of the deposit, in the currency.
    deposit_cents: Cents,
    /// Out of the deposit, in its own coin.
    deposit_coins: Amount,
    /// Beside it, in the currency.
    beside_cents: Cents,
    /// Beside it, in coins.
    beside: Vec<(Coins, &'a UsedPrice, bool)>,
    is_prepaid: bool,
    /// The prices used beside the deposit's own.
    used: Vec<UsedPrice>,
}

impl<'a> Parts<'a> {
    fn of(
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
        if let Some(prepaid) = rule.prepaid_gas.filter(|_| !network.fee.from_deposit) {
            let amount = exactly(prepaid, network.fee.decimals).ok_or(overflow)?;
            if amount < network.fee.amount {
                return Err(QuoteRefusal::PrepaidTooSmall);
            }
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
        if service.network_waived && !network.fee.from_deposit {
            return Ok(parts);
        }
        parts.network_asked = network.cost;
        let sum = if is_beside && !network.fee.from_deposit {
            &mut parts.beside_cents
        } else {
            &mut parts.deposit_cents
        };
        *sum = sum.checked_add(network.cost).ok_or(overflow)?;
        Ok(parts)
    }

    fn deducted(&self, decimals: u8, price: &UsedPrice) -> Option<Amount> {
        in_asset(self.deposit_cents, decimals, price.price)?.checked_add(self.deposit_coins)
    }

    /// What is paid beside the deposit, one charge an asset and a way of paying.
    fn charges(
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
        Ok(charges)
    }

    /// Every price used, the deposit's own first, each once.
    fn prices(&self, own: &UsedPrice) -> Vec<UsedPrice> {
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

/// Writes the lines of a quote.
struct Lines<'a, 'i> {
    input: &'a QuoteInput<'i>,
    rule: &'a FeeRule,
    quote: &'a Quote,
    price: &'a UsedPrice,
    service: &'a Service<'a>,
    network: Option<&'a Network<'a>>,
    charges: &'a [Charge],
    /// The prices of what fees are paid in.
    used: &'a [UsedPrice],
    /// What is taken out of the deposit, in the currency and in its own coin.
    from_deposit: (Cents, Amount),
    net_value: Cents,
    own: &'a dyn Fn(Amount) -> Coins,
}

impl Lines<'_, '_> {
    fn all(&self) -> Vec<Line> {
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
        lines
    }

    /// How what is taken out of the deposit was reckoned.
    fn taken(&self) -> String {
        const ROUNDED: &str = "rounded up to the base unit";
        let (cents, coins) = self.from_deposit;
        let cents_part = format!("{cents} / {}", self.price.price);
        if coins.is_zero() {
            format!("{cents_part}, {ROUNDED}")
        } else if cents == Cents::default() {
            "the service fee in its own coin".to_owned()
        } else {
            format!("the service fee in its own coin, and {cents_part}, {ROUNDED}")
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
                "at most {} x {}, rounded up to the cent: {}",
                network.ceiling, network.price.price, network.fee.basis
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
