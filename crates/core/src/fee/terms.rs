//! What stands behind a quote, line by line, as it is frozen with it.

use super::money::Cents;
use super::rule::OnFailure;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;
use crate::decimal::Decimal;
use crate::digest::Encoder;
use crate::time::Timestamp;

/// Coins of an asset, with the decimals that they are shown with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Coins {
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
    /// Its decimals.
    pub decimals: u8,
}

/// `1.25`: whole coins, without the asset's name.
impl std::fmt::Display for Coins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.amount.to_coin_text(self.decimals))
    }
}

/// A price as it was used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsedPrice {
    /// What it is the price of.
    pub asset: AssetId,
    /// The price of one coin in the policy's currency.
    pub price: Decimal,
    /// When it held: of several, the oldest.
    pub at: Timestamp,
    /// Who said so: every source that was compared.
    pub sources: Vec<String>,
    /// The stored rows of those sources.
    pub ids: Vec<String>,
}

/// A fee that is paid beside the deposit: set aside before anything moves, and captured when everything moved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Charge {
    /// In what and how much.
    pub coins: Coins,
    /// The same in the policy's currency, rounded up.
    pub cents: Cents,
    /// Whether the customer pays it in beforehand; otherwise it is taken from their balance.
    pub is_prepaid: bool,
}

coded! {
    /// What a line of a quote is about, in the order in which lines come.
    pub enum LineCode {
        /// What arrived.
        Received => "received",
        /// What one coin is worth.
        Price => "price",
        /// What the deposit is worth.
        Value => "value",
        /// The service fee, before anybody is let off.
        ServiceFee => "service_fee",
        /// What of it is not asked for.
        Waived => "waived",
        /// What the network takes at most.
        NetworkFee => "network_fee",
        /// What of that the exchange pays.
        NetworkWaived => "network_waived",
        /// All fees together.
        TotalFee => "total_fee",
        /// What is taken out of the deposit.
        Deducted => "deducted",
        /// What is paid beside it.
        Charge => "charge",
        /// What the customer receives.
        Net => "net",
        /// What of that stays on the network where the customer's account there is new.
        Reserve => "reserve",
    }
}

impl LineCode {
    /// What stands before the line on a page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Price => "price",
            Self::Value => "value",
            Self::ServiceFee => "service fee",
            Self::Waived => "- waived",
            Self::NetworkFee => "network fee",
            Self::NetworkWaived => "- paid by the exchange",
            Self::TotalFee => "= fees together",
            Self::Deducted => "taken out of the deposit",
            Self::Charge => "paid beside the deposit",
            Self::Net => "= the customer receives",
            Self::Reserve => "a new account keeps",
        }
    }
}

/// One line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// What it is about.
    pub code: LineCode,
    /// How it was reckoned, in words.
    pub detail: String,
    /// The sum in the policy's currency; `None` where coins alone are named.
    pub cents: Option<Cents>,
    /// The sum in coins; `None` where only the currency is named.
    pub coins: Option<Coins>,
}

/// What a quote rests on and what it promises beside its sums.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The currency of every sum: three capital letters.
    pub currency: String,
    /// The quote line by line.
    pub lines: Vec<Line>,
    /// The prices used, each once.
    pub prices: Vec<UsedPrice>,
    /// The most that the network may take, in its native coin: what costs more is quoted again. `None` where no transaction is
    /// needed.
    pub ceiling: Option<Coins>,
    /// The ceiling in the policy's currency, rounded up, whoever pays it.
    pub network_cost: Cents,
    /// What is paid beside the deposit.
    pub charges: Vec<Charge>,
    /// What becomes of the charges when the recovery fails.
    pub on_failure: OnFailure,
    /// What the customer receives, in the policy's currency, rounded down.
    pub net_value: Cents,
    /// The value by which people, proofs and limits are chosen: at the price of the quote's own time that all sources agree on,
    /// and never below the value that fees go by. `None` where there is no such price: then everything asks for the most.
    pub limit_value: Option<Cents>,
}

impl Coins {
    fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            asset,
            amount,
            decimals,
        } = self;
        encoder
            .field(&asset.to_string())
            .field(&amount.to_base_units())
            .field(&decimals.to_string())
    }
}

impl Terms {
    /// Adds every field to a digest. The structs are taken apart without `..`, so that a new field cannot be forgotten.
    #[must_use]
    pub fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            currency,
            lines,
            prices,
            ceiling,
            network_cost,
            charges,
            on_failure,
            net_value,
            limit_value,
        } = self;
        let coins = |encoder: Encoder, coins: Option<&Coins>| match coins {
            None => encoder.optional(None),
            Some(coins) => coins.encode(encoder.optional(Some("coins"))),
        };
        let encoder = encoder
            .field(currency)
            .field("lines")
            .field(&lines.len().to_string());
        let encoder = lines.iter().fold(encoder, |encoder, line| {
            let Line {
                code,
                detail,
                cents,
                coins: of_line,
            } = line;
            let encoder = encoder
                .field(code.code())
                .field(detail)
                .optional(cents.map(|cents| cents.to_string()).as_deref());
            coins(encoder, of_line.as_ref())
        });
        let encoder = encoder.field("prices").field(&prices.len().to_string());
        let encoder = prices.iter().fold(encoder, |encoder, price| {
            let UsedPrice {
                asset,
                price,
                at,
                sources,
                ids,
            } = price;
            let encoder = encoder
                .field(&asset.to_string())
                .field(&price.to_string())
                .field(&at.as_micros().to_string())
                .field(&sources.len().to_string());
            let encoder = sources
                .iter()
                .fold(encoder, |encoder, text| encoder.field(text));
            let encoder = encoder.field(&ids.len().to_string());
            ids.iter()
                .fold(encoder, |encoder, text| encoder.field(text))
        });
        let encoder = coins(encoder.field("ceiling"), ceiling.as_ref())
            .field(&network_cost.to_string())
            .field("charges")
            .field(&charges.len().to_string());
        charges
            .iter()
            .fold(encoder, |encoder, charge| {
                let Charge {
                    coins,
                    cents,
                    is_prepaid,
                } = charge;
                coins
                    .encode(encoder)
                    .field(&cents.to_string())
                    .field(if *is_prepaid { "prepaid" } else { "balance" })
            })
            .field(on_failure.code())
            .field(&net_value.to_string())
            .optional(limit_value.map(|value| value.to_string()).as_deref())
    }
}
