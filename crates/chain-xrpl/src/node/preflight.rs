//! What a return must know before it is planned.

use super::XrplNode;
use crate::asset::Asset;
use crate::number::Number;
use crate::returns::{AccountFacts, LedgerFacts, LineFacts};
use crate::wire::whole;
use recover_core::address::Address;
use recover_source::error::SourceError;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// One account as a return sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// What the ledger asks of everyone.
    pub ledger: LedgerFacts,
    /// The account; `None` when it does not exist, which is believed only from the server's own word for it.
    pub account: Option<AccountFacts>,
    /// Its trust line in the currency that was asked about; `None` for XRP and where there is none.
    pub line: Option<LineFacts>,
}

#[derive(Deserialize)]
struct InfoAnswer<'a> {
    #[serde(borrow)]
    result: InfoResult<'a>,
}

#[derive(Deserialize)]
struct InfoResult<'a> {
    #[serde(borrow)]
    info: InfoBody<'a>,
}

#[derive(Deserialize)]
struct InfoBody<'a> {
    #[serde(borrow)]
    validated_ledger: ValidatedLedger<'a>,
}

/// Amounts of XRP with a point, kept as the text that they are: a float would round them.
#[derive(Deserialize)]
struct ValidatedLedger<'a> {
    seq: u32,
    #[serde(borrow)]
    base_fee_xrp: &'a RawValue,
    #[serde(borrow)]
    reserve_base_xrp: &'a RawValue,
    #[serde(borrow)]
    reserve_inc_xrp: &'a RawValue,
}

/// Drops of an amount in XRP as JSON writes it (`0.00001`, `1e-05`, `20`); `None` for anything that is no whole number of drops.
fn drops(xrp: &RawValue) -> Option<u64> {
    let units = Number::parse(xrp.get().trim_matches('"'))?.units(6)?;
    let exact = !units.negative && !units.rounded;
    exact.then(|| u64::try_from(units.amount.to_u128()?).ok())?
}

/// The facts of `server_state`, all whole numbers of drops.
fn of_state(result: &Map<String, Value>) -> Option<LedgerFacts> {
    let ledger = result.get("state")?.get("validated_ledger")?;
    let number = |name: &str| whole(ledger.get(name)?);
    Some(LedgerFacts {
        validated: u32::try_from(number("seq")?).ok()?,
        base_fee_drops: number("base_fee")?,
        reserve_base_drops: number("reserve_base")?,
        reserve_increment_drops: number("reserve_inc")?,
    })
}

/// The facts of `server_info`.
fn of_info(answer: &str) -> Option<LedgerFacts> {
    let answer: InfoAnswer<'_> = serde_json::from_str(answer).ok()?;
    let ledger = answer.result.info.validated_ledger;
    Some(LedgerFacts {
        validated: ledger.seq,
        base_fee_drops: drops(ledger.base_fee_xrp)?,
        reserve_base_drops: drops(ledger.reserve_base_xrp)?,
        reserve_increment_drops: drops(ledger.reserve_inc_xrp)?,
    })
}

impl XrplNode {
    /// What the ledger asks of everyone now.
    ///
    /// # Errors
    /// What the server answered, or that it does not say.
    pub async fn ledger_facts(&self) -> Result<LedgerFacts, SourceError> {
        self.check().await?;
        match self.rpc.result("server_state", json!({})).await {
            Ok(result) => {
                if let Some(facts) = of_state(&result) {
                    return Ok(facts);
                }
            }
            // Clio keeps no state of consensus; its server_info has the same numbers.
            Err(SourceError::Unsupported { .. } | SourceError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let answer = self.rpc.exact("server_info", json!({})).await?;
        of_info(answer.get()).ok_or_else(|| {
            self.client
                .not_protocol("server_info without reserve and fee")
        })
    }

    /// What a return must know of one account, and of its trust line where `asset` is an issued currency.
    ///
    /// # Errors
    /// What the server answered. A server that fails never makes an account absent.
    pub async fn preflight(
        &self,
        address: &Address,
        asset: Asset,
    ) -> Result<Preflight, SourceError> {
        let ledger = self.ledger_facts().await?;
        let (root, _) = self.account_root(address).await?;
        let account = match root {
            Some(root) => Some(
                AccountFacts::read(&root)
                    .ok_or_else(|| self.client.not_protocol("an account's root lacks fields"))?,
            ),
            None => None,
        };
        let line = match asset {
            Asset::Issued { currency, issuer } if account.is_some() => {
                let issuer = crate::address::text(issuer);
                let line = self
                    .trust_line(address.text(), &currency.to_string(), &issuer)
                    .await?;
                match line {
                    Some(line) => Some(LineFacts::read(&line).ok_or_else(|| {
                        self.client.not_protocol("a trust line that cannot be read")
                    })?),
                    None => None,
                }
            }
            _ => None,
        };
        Ok(Preflight {
            ledger,
            account,
            line,
        })
    }

    /// What a payment of one signature costs now, in drops.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn fee_drops(&self) -> Result<u64, SourceError> {
        self.open_fee().await
    }

    /// Drops to enter the open ledger now.
    pub(super) async fn open_fee(&self) -> Result<u64, SourceError> {
        self.check().await?;
        let result = self.rpc.result("fee", json!({})).await?;
        let drops = result.get("drops");
        let level = |name: &str| drops.and_then(|drops| whole(drops.get(name)?));
        level("open_ledger_fee")
            .or_else(|| level("base_fee"))
            .ok_or_else(|| self.client.not_protocol("fee without its drops"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitfall_069_reserves_are_read_exactly_and_never_assumed() {
        let answer = |fee: &str, base: &str| {
            format!(
                r#"{{"result":{{"info":{{"validated_ledger":{{"seq":7,"base_fee_xrp":{fee},"reserve_base_xrp":{base},"reserve_inc_xrp":0.2}}}}}}}}"#
            )
        };
        for (fee, base, expected) in [
            ("0.00001", "1", Some((10, 1_000_000))),
            ("1e-05", "10", Some((10, 10_000_000))),
            ("\"0.00001\"", "20.0", Some((10, 20_000_000))),
            ("0.0000001", "1", None),
            ("-1", "1", None),
        ] {
            let facts = of_info(&answer(fee, base));
            let numbers = facts.map(|facts| (facts.base_fee_drops, facts.reserve_base_drops));
            assert_eq!(numbers, expected, "{fee} {base}");
        }
        let facts = of_info(&answer("0.00001", "1")).unwrap();
        assert_eq!(facts.reserve_drops(3), 1_600_000);
        assert_eq!(of_info("{}"), None);
    }
}
