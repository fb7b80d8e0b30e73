//! A desk to ask: what a quote is reckoned from, with everything at rest unless a test says otherwise.

pub use crate::case::{cents, decimal, price};

use crate::case::OwnCase;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::fee::{
    Basis, Cents, Edge, FeeForm, FeePolicy, FeeRule, Gathered, NetworkFee, Percentage, PricedAsset,
    Quote, QuoteInput, QuoteRefusal, UsedPrice, Waiver, quote,
};
use recover_core::network::NetworkId;

pub fn flat(amount: &str) -> FeeForm {
    FeeForm::Flat {
        amount: cents(amount),
    }
}

pub fn percent(
    percent: &str,
    floor: &str,
    cap: Option<&str>,
    free: &str,
    edge: Edge,
    basis: Basis,
) -> FeeForm {
    FeeForm::Percent(Percentage {
        percent: decimal(percent),
        floor: cents(floor),
        cap: cap.map(cents),
        free_under: cents(free),
        edge,
        basis,
    })
}

/// Everything a quote depends on, owned.
#[derive(Debug, Clone)]
pub struct Desk {
    pub policy: FeePolicy,
    pub case: OwnCase,
    pub amount: Amount,
    /// What came to the address and the smallest deposit, in coins; `None` where the deposit is not below one.
    pub gathered: Option<(&'static str, &'static str)>,
    pub decimals: Option<u8>,
    pub price: Option<UsedPrice>,
    /// The price of now; `None` where it is that of the rule.
    pub price_now: Option<UsedPrice>,
    pub network_fee: Option<NetworkFee>,
    pub fee_asset: Option<PricedAsset>,
    pub coin: Option<PricedAsset>,
    pub waivers: Vec<Waiver>,
    pub named: Option<Cents>,
}

impl Desk {
    /// 250 coins at 2.50, moved for 0.001 native coins at 3,000.01, under one rule.
    pub fn new(form: FeeForm) -> Self {
        let network = NetworkId::new("ethereum");
        let native = AssetId::native(network.clone());
        let asset = AssetId::parse("ethereum/contract:0x1111111111111111111111111111111111111111")
            .expect("an asset");
        Self {
            policy: FeePolicy {
                rules: vec![FeeRule::new(1, form)],
                ..FeePolicy::default()
            },
            amount: Amount::from_coin_text("250", 18).expect("coins"),
            gathered: None,
            decimals: Some(18),
            price: Some(price(&asset, "2.5")),
            price_now: None,
            network_fee: Some(NetworkFee {
                asset: native.clone(),
                amount: Amount::from_coin_text("0.001", 18).expect("coins"),
                decimals: 18,
                price: Some(price(&native, "3000.01")),
                basis: "gas".to_owned(),
                from_deposit: false,
                reserve: None,
            }),
            fee_asset: None,
            coin: None,
            waivers: Vec::new(),
            named: None,
            case: OwnCase::of(asset),
        }
    }

    /// A deposit worth exactly this sum: coins of two decimals at a price of one, moved without a transaction.
    pub fn worth(form: FeeForm, value: &str) -> Self {
        let desk = Self::new(form);
        Self {
            amount: Amount::from_coin_text(value, 2).expect("coins"),
            decimals: Some(2),
            price: Some(price(&desk.case.asset, "1")),
            network_fee: None,
            ..desk
        }
    }

    pub fn ask(&self) -> Result<Quote, QuoteRefusal> {
        self.with_input(quote)
    }

    /// What core says of everything that the desk holds.
    pub fn with_input<T>(&self, ask: impl FnOnce(&QuoteInput<'_>) -> T) -> T {
        let case = self.case.borrowed();
        let waivers: Vec<&Waiver> = self.waivers.iter().collect();
        let coins =
            |text| Amount::from_coin_text(text, self.decimals.unwrap_or_default()).expect("coins");
        ask(&QuoteInput {
            policy: &self.policy,
            currency: "USD",
            case,
            rule: self.policy.rule_for(&case),
            amount: self.amount,
            gathered: self.gathered.map(|(present, minimum)| Gathered {
                present: coins(present),
                minimum: coins(minimum),
            }),
            decimals: self.decimals,
            price: self.price.clone(),
            price_now: self.price_now.clone().or_else(|| self.price.clone()),
            network_fee: self.network_fee.clone(),
            fee_asset: self.fee_asset.clone(),
            coin: self.coin.clone(),
            waivers: &waivers,
            named: self.named,
        })
    }

    /// The service fee as text, or the refusal.
    pub fn fee(&self) -> Result<String, QuoteRefusal> {
        self.ask().map(|quote| quote.service_fee.to_string())
    }
}
