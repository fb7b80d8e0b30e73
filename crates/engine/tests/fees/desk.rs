//! A desk at which a policy text is asked what it charges.

pub use crate::case::cents;

use crate::case::{OwnCase, price};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::fee::{
    Cents, NetworkFee, PricedAsset, Quote, QuoteInput, QuoteRefusal, Terms, UsedPrice, Waiver,
};
use recover_core::network::NetworkId;
use recover_engine::config::Policy;

/// USDT on Ethereum, which balances pay in.
pub const USDT: &str = "ethereum/contract:0xdAC17F958D2ee523a2206206994597C13D831ec7";

/// A small policy, whose fees are taken out.
const SMALL: &str = include_str!("../policy_text/small.toml");

/// A whole policy around these fees, in a currency.
pub fn text_in(currency: &str, fees: &str) -> String {
    // Keys of the top stand before the first table.
    let (top, tables) = match fees.find("[[") {
        Some(first) => fees.split_at(first),
        None => (fees, ""),
    };
    let (head, rest) = SMALL.split_once("[[fee]]").unwrap();
    let (_, approval) = rest.split_once("[approval]").unwrap();
    let head = head.replace("\"USD\"", &format!("\"{currency}\""));
    format!("{head}{top}\n{tables}\n[approval]{approval}")
}

pub fn text(fees: &str) -> String {
    text_in("USD", fees)
}

/// Why these fees cannot be loaded.
pub fn refused(fees: &str) -> String {
    match Policy::parse("policy.toml", &text(fees), None) {
        Ok(_) => panic!("loads: {fees}"),
        Err(error) => error.to_string(),
    }
}

/// A case at a desk: a deposit of a listed token on Ethereum, moved without a cost unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Desk {
    pub policy: Policy,
    pub case: OwnCase,
    pub amount: Amount,
    pub decimals: u8,
    pub price: Option<UsedPrice>,
    pub gas: Option<&'static str>,
    pub granted: Vec<&'static str>,
    pub named: Option<Cents>,
}

impl Desk {
    pub fn new(fees: &str) -> Self {
        Self::in_currency("USD", fees)
    }

    pub fn in_currency(currency: &str, fees: &str) -> Self {
        let policy = Policy::parse("policy.toml", &text_in(currency, fees), None)
            .unwrap_or_else(|error| panic!("{error}\n{fees}"));
        let asset = AssetId::contract(NetworkId::new("ethereum"), "0xToken");
        Self {
            policy,
            amount: Amount::ZERO,
            decimals: 6,
            price: Some(price(&asset, "1")),
            gas: None,
            granted: Vec::new(),
            named: None,
            case: OwnCase::of(asset),
        }
    }

    /// The same case with another thing in it.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut desk = self.clone();
        change(&mut desk);
        desk
    }

    /// A deposit of so many coins of an asset at a price.
    pub fn holding(&self, asset: &str, amount: &str, decimals: u8, of_one: &str) -> Self {
        self.with(|desk| {
            let case = &mut desk.case;
            case.asset = AssetId::parse(asset).unwrap();
            case.network = case.asset.network.clone();
            desk.amount = Amount::from_coin_text(amount, decimals).unwrap();
            desk.decimals = decimals;
            desk.price = Some(price(&desk.case.asset, of_one));
        })
    }

    /// The quote of a deposit that is worth so much: coins at a price of one.
    pub fn quote(&self, value: &str) -> Result<Quote, QuoteRefusal> {
        self.with(|desk| desk.amount = Amount::from_coin_text(value, desk.decimals).unwrap())
            .ask()
    }

    /// Its service fee, or the refusal.
    pub fn fee(&self, value: &str) -> Result<String, QuoteRefusal> {
        self.quote(value).map(|quote| quote.service_fee.to_string())
    }

    pub fn ask(&self) -> Result<Quote, QuoteRefusal> {
        let fees = &self.policy.fees;
        let case = self.case.borrowed();
        let rule = fees.rule_for(&case);
        let granted: Vec<&Waiver> = self
            .granted
            .iter()
            .map(|code| fees.waiver(code).unwrap())
            .collect();
        let native = AssetId::native(self.case.network.clone());
        let coin = rule.ok().and_then(|rule| rule.form.coin());
        recover_core::fee::quote(&QuoteInput {
            policy: fees,
            currency: &self.policy.currency,
            case,
            rule,
            amount: self.amount,
            gathered: None,
            decimals: Some(self.decimals),
            price: self.price.clone(),
            price_now: self.price.clone(),
            // One native coin is worth 2,500.
            network_fee: self.gas.map(|gas| NetworkFee {
                amount: Amount::from_coin_text(gas, 18).unwrap(),
                decimals: 18,
                price: Some(price(&native, "2500")),
                basis: "gas".to_owned(),
                from_deposit: false,
                reserve: None,
                asset: native,
            }),
            fee_asset: fees.fee_asset.as_ref().map(|asset| PricedAsset {
                asset: asset.clone(),
                decimals: 6,
                price: Some(price(asset, "1")),
            }),
            coin: coin.map(|asset| PricedAsset {
                asset: asset.clone(),
                decimals: 8,
                price: Some(price(asset, "60000")),
            }),
            waivers: &granted,
            named: self.named,
        })
    }
}

/// What stands behind a quote.
pub fn terms(quote: &Quote) -> &Terms {
    quote.terms.as_ref().unwrap()
}

/// What is paid beside a deposit: coins, asset and whether it is paid in beforehand.
pub fn charges(quote: &Quote) -> Vec<(String, String, bool)> {
    let charges = quote.charges().iter();
    charges
        .map(|charge| {
            (
                charge.coins.to_string(),
                charge.coins.asset.to_string(),
                charge.is_prepaid,
            )
        })
        .collect()
}
