//! What a quote is asked about, owned; shared with the tests that load policies.

use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::fee::{Case, Cents, UsedPrice};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;

pub fn cents(text: &str) -> Cents {
    Cents::parse(text).expect("a plain sum")
}

pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a plain number")
}

pub fn price(asset: &AssetId, text: &str) -> UsedPrice {
    UsedPrice {
        asset: asset.clone(),
        price: decimal(text),
        at: Timestamp::default(),
        sources: vec!["file".to_owned()],
        ids: vec![format!("prc_{asset}")],
    }
}

/// The fields of a [`Case`].
#[derive(Debug, Clone)]
pub struct OwnCase {
    pub kind: Kind,
    pub network: NetworkId,
    pub home: Option<NetworkId>,
    pub asset: AssetId,
    pub is_listed: bool,
    pub resolution: Resolution,
    pub age_seconds: Option<i64>,
    pub earlier_cases: Option<u32>,
}

impl OwnCase {
    /// A listed token that was not credited, swept to an address; nothing is known of its age or its user's cases.
    pub fn of(asset: AssetId) -> Self {
        Self {
            kind: Kind::UnlistedToken,
            network: asset.network.clone(),
            home: None,
            asset,
            is_listed: true,
            resolution: Resolution::SweepToAddress,
            age_seconds: None,
            earlier_cases: None,
        }
    }

    pub fn borrowed(&self) -> Case<'_> {
        Case {
            kind: self.kind,
            network: &self.network,
            home: self.home.as_ref(),
            asset: &self.asset,
            is_listed: self.is_listed,
            resolution: self.resolution,
            age_seconds: self.age_seconds,
            earlier_cases: self.earlier_cases,
        }
    }
}
