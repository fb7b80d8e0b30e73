//! Why no quote is given, and what to do about it, in words.

use super::Lacks;
use crate::explain;
use recover_core::deposit::Deposit;
use recover_core::fee::{self, QuoteInput, QuoteRefusal};

/// Why the quote that was asked for with `input` is refused.
pub(super) fn why_no_quote(
    refusal: QuoteRefusal,
    input: &QuoteInput<'_>,
    deposit: &Deposit,
    lacks: &Lacks,
) -> String {
    match refusal {
            QuoteRefusal::NothingToPay => {
                let verdict = explain::why(&deposit.classification.verdict, deposit.flags());
                format!("there is nothing to recover: {verdict}")
            }
            QuoteRefusal::DecimalsUnknown => {
                "nobody vouches for this asset's decimals: list it in chains.toml, or `recover tokens review --decision genuine --decimals N`".to_owned()
            }
            QuoteRefusal::PriceUnknown => lacks.price.clone(),
            QuoteRefusal::NetworkPriceUnknown => lacks.network.clone(),
            QuoteRefusal::NoRule => format!(
                "no fee rule of policy.toml is for {} on {}",
                deposit.classification.kind,
                deposit.network()
            ),
            QuoteRefusal::HomeUnknown => {
                "the fee depends on the network for which the address was made: name it in the address book's network column"
                    .to_owned()
            }
            QuoteRefusal::AgeUnknown => {
                "the fee depends on how old the deposit is, and its block time is not known: `recover diagnose` its transaction"
                    .to_owned()
            }
            QuoteRefusal::RefusedByRule => {
                "the policy gives no service for such cases: a person may change that, the network does not forbid it".to_owned()
            }
            QuoteRefusal::MinimumNotReached => match input.gathered {
                Some(gathered) => format!(
                    "{} of it came to its address, and the smallest deposit that is credited is {}: the rule waits for the rest",
                    gathered.present.to_coin_text(deposit.decimals),
                    gathered.minimum.to_coin_text(deposit.decimals)
                ),
                None => "the rule waits until more comes to its address".to_owned(),
            },
            QuoteRefusal::ValueTooSmall => "its value is under the policy's minimum for this kind".to_owned(),
            QuoteRefusal::WithdrawalFeeUnknown => format!(
                "the fee is a multiple of the withdrawal fee of {}, which policy.toml does not name: add a [[withdrawal]]",
                deposit.asset()
            ),
            QuoteRefusal::FeeByPerson | QuoteRefusal::FeeOutsideRange => match input.rule {
                Err(_) => "no rule leaves the fee to a person".to_owned(),
                Ok(rule) => {
                    let form = fee::words::form(&rule.form, input.currency);
                    if refusal == QuoteRefusal::FeeByPerson {
                        format!("a person names the fee ({form}): `recover quote … --fee SUM`")
                    } else {
                        format!("the fee that was named is not within the rule ({form})")
                    }
                }
            },
            QuoteRefusal::FeeAssetUnknown if lacks.paid_in.is_empty() => {
                "the fee is paid beside the deposit, and policy.toml does not say in what: add fee_asset".to_owned()
            }
            QuoteRefusal::FeeAssetUnknown => lacks.paid_in.clone(),
            QuoteRefusal::PrepaidTooSmall => {
                "the network may take more than the customer pays in for it by the policy's prepaid_gas: wait until it is cheaper, or \
                 change the policy"
                    .to_owned()
            }
            QuoteRefusal::FeeExceedsValue => "the fees would eat it".to_owned(),
            QuoteRefusal::NetTooSmall => "what is left after the fees is less than the least that is sent".to_owned(),
            QuoteRefusal::OutOfRange => "an amount or a price leaves every range: a person must look".to_owned(),
        }
}
