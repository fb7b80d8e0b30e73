//! One deposit's quote.

use super::form::{NoFee, exactly};
use super::gather::Gathered;
use super::lines::Lines;
use super::money::{Cents, Rounding, value_of};
use super::parts::{Network, Parts, Service, known};
use super::rule::{Case, FeePolicy, FeeRule, Waiver};
use super::terms::{Charge, Coins, Terms, UsedPrice};
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;

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
    /// What an account that does not exist yet must keep of the native coin, in base units; `None` where accounts keep nothing.
    pub reserve: Option<Amount>,
}

impl NetworkFee {
    /// What nobody can say: no quote is given.
    #[must_use]
    pub const fn unknown(asset: AssetId) -> Self {
        Self {
            asset,
            amount: Amount::ZERO,
            decimals: 0,
            price: None,
            basis: String::new(),
            from_deposit: false,
            reserve: None,
        }
    }
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
    /// What has gathered at its address; `None` where the deposit is not below the smallest that is credited.
    pub gathered: Option<Gathered>,
    /// The asset's decimals, from a reviewed list; `None` when nobody vouches for them.
    pub decimals: Option<u8>,
    /// The price of one coin in the policy's currency; `None` when unknown or too old.
    pub price: Option<UsedPrice>,
    /// The price of now that all sources agree on, whichever price the rule goes by; `None` when there is none.
    pub price_now: Option<UsedPrice>,
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

    /// The value by which people, proofs and limits are chosen; `None` where nobody knows it.
    #[must_use]
    pub fn limit_value(&self) -> Option<Cents> {
        match &self.terms {
            None => Some(self.value),
            Some(terms) => terms.limit_value,
        }
    }
}

coded! {
    /// Why no quote is given, in order of precedence.
    pub enum QuoteRefusal {
        /// Nothing can be recovered, so that there is nothing to pay for.
        NothingToPay => "nothing_to_pay",
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
        /// Less has gathered at the address than the smallest deposit that is credited, and the rule waits for that.
        MinimumNotReached => "minimum_not_reached",
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
    // What is worth nothing is dust, whatever is charged for it.
    if net_value == Cents::default() {
        return Err(QuoteRefusal::NetTooSmall);
    }
    let limit_value = known(input.price_now.as_ref())
        .and_then(|now| value_of(input.amount, decimals, now.price, Rounding::Down))
        .map(|worth| worth.max(value));
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
        limit_value,
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
