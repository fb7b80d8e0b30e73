//! Prices in the shape of CoinGecko's API (version 3): `/simple/price` by the ids of coins, `/simple/token_price/PLATFORM` by
//! contracts. Reference: docs.coingecko.com, "Coin Price by IDs" and "Coin Price by Token Addresses".

use super::{
    FoundPrice, PricePlan, PriceQuestion, PriceSource, PriceSourceSettings, PriceSubject,
    PriceUpdate, number,
};
use crate::client::Client;
use crate::error::SourceError;
use crate::http::{HttpConfig, HttpTransport, RateLimit};
use crate::retry::RetryPolicy;
use crate::secret::SecretTemplate;
use crate::transport::Transport;
use async_trait::async_trait;
use recover_core::time::Timestamp;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Ids or contracts a request: the API takes 515 contracts, and an address of the web should stay under 8 KiB.
const BATCH: usize = 100;
/// A hundred prices take ten kilobytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The entries of one JSON object, each name once: of two values under one name nobody can say which is meant.
#[derive(Default)]
struct Entries(BTreeMap<String, Box<RawValue>>);

impl Entries {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with each name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while let Some((name, value)) = object.next_entry::<String, Box<RawValue>>()? {
            if entries.0.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(entries)
    }
}

/// One source.
pub struct CoinGecko {
    name: String,
    client: Client,
}

impl CoinGecko {
    /// Opens a source; nothing is sent.
    #[must_use]
    pub fn open(settings: &PriceSourceSettings) -> Self {
        let mut http = HttpConfig::new("coingecko", SecretTemplate::new(&settings.url));
        http.total_timeout = settings.timeout;
        http.connect_timeout = settings.timeout.min(Duration::from_secs(10));
        http.answer_bytes_max = ANSWER_BYTES_MAX;
        let header = match settings.plan {
            PricePlan::Demo => "x-cg-demo-api-key",
            PricePlan::Pro => "x-cg-pro-api-key",
        };
        http.key_header = settings
            .key
            .as_deref()
            .map(|key| (header, SecretTemplate::new(key)));
        let limit = RateLimit::per_minute(settings.requests_per_minute.and_then(NonZeroU32::new));
        let transport = HttpTransport::with_limit(http, limit);
        Self::over(&settings.name, Arc::new(transport), settings.retry)
    }

    /// A source over a transport of the caller's.
    #[must_use]
    pub fn over(name: &str, transport: Arc<dyn Transport>, retry: RetryPolicy) -> Self {
        Self {
            name: name.to_owned(),
            client: Client::new(transport, retry),
        }
    }

    /// Asks for some coins, or some contracts of one platform.
    async fn ask(
        &self,
        path: &str,
        parameter: &str,
        batch: &[(&PriceQuestion, String)],
        currency: &str,
    ) -> Result<Entries, SourceError> {
        // Many networks have one coin.
        let keys: BTreeSet<&str> = batch.iter().map(|(_, key)| key.as_str()).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let keys = keys.join(",");
        let query = [
            (parameter, keys.as_str()),
            ("vs_currencies", currency),
            ("include_last_updated_at", "true"),
            ("precision", "full"),
        ];
        self.client
            .get(path, &query, |body| self.entries(body))
            .await
    }

    fn entries(&self, body: &[u8]) -> Result<Entries, SourceError> {
        let entries: Entries =
            serde_json::from_slice(body).map_err(|_| self.client.unreadable(body))?;
        // Errors come as an object too: {"status": {"error_code": …}} or {"error": "…"}.
        let has_code = entries
            .get("status")
            .is_some_and(|status| status.contains("error_code"));
        let is_text = entries
            .get("error")
            .is_some_and(|error| error.starts_with('"'));
        if has_code || is_text {
            return Err(SourceError::Refused {
                origin: self.client.origin().to_owned(),
                code: 0,
                detail: self.client.words(body),
            });
        }
        Ok(entries)
    }

    /// Adds what an answer has of the questions.
    fn read(
        batch: &[(&PriceQuestion, String)],
        currency: &str,
        entries: &Entries,
        update: &mut PriceUpdate,
    ) {
        for (question, key) in batch {
            let asset = question.asset.clone();
            match entry(key, currency, entries) {
                Ok((price, at)) => update.found.push(FoundPrice { asset, price, at }),
                Err(why) => update.missing.push((asset, why)),
            }
        }
    }
}

/// The price under one key of an answer, or why there is none.
fn entry(
    key: &str,
    currency: &str,
    entries: &Entries,
) -> Result<(recover_core::decimal::Decimal, Timestamp), String> {
    let entry = entries.get(key).ok_or("it does not know it")?;
    let fields: Entries = serde_json::from_str(entry)
        .map_err(|_| "its answer for it is no object with each name once".to_owned())?;
    let price = fields
        .get(currency)
        .ok_or_else(|| format!("it has no price of it in {currency}"))?;
    let price = number::exact(price).map_err(|why| format!("its price is {why}"))?;
    let at = fields
        .get("last_updated_at")
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|seconds| *seconds > 0)
        .and_then(Timestamp::from_seconds)
        .ok_or("its price has no time")?;
    Ok((price, at))
}

/// A contract as the API writes it: addresses of EVM networks in small letters, others as they are, for there two that differ in
/// capital letters are two.
fn contract_key(contract: &str) -> String {
    let is_evm = contract
        .strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 40);
    if is_evm {
        contract.to_ascii_lowercase()
    } else {
        contract.to_owned()
    }
}

#[async_trait]
impl PriceSource for CoinGecko {
    fn name(&self) -> &str {
        &self.name
    }

    async fn prices(&self, questions: &[PriceQuestion], currency: &str) -> PriceUpdate {
        let currency = currency.to_ascii_lowercase();
        let mut by_path: BTreeMap<(String, &str), Vec<(&PriceQuestion, String)>> = BTreeMap::new();
        for question in questions {
            let (place, key) = match &question.subject {
                PriceSubject::Coin { id } => (("/simple/price".to_owned(), "ids"), id.clone()),
                PriceSubject::Token { platform, contract } => (
                    (
                        format!("/simple/token_price/{platform}"),
                        "contract_addresses",
                    ),
                    contract_key(contract),
                ),
            };
            by_path.entry(place).or_default().push((question, key));
        }
        let mut update = PriceUpdate::default();
        for ((path, parameter), asked) in &by_path {
            for batch in asked.chunks(BATCH) {
                match self.ask(path, parameter, batch, &currency).await {
                    Ok(entries) => Self::read(batch, &currency, &entries, &mut update),
                    Err(failure) => {
                        update.failure = Some(failure);
                        return update;
                    }
                }
            }
        }
        update
    }
}
