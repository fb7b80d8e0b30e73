//! Who gets how much of one output: recipient, treasury, network. Integers only; what comes in equals what goes out.

use super::refusal::SpendRefusal;
use super::rules::Rules;
use super::unlock::{Unlock, virtual_size};
use crate::script::Script;

/// What shall become of an output.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// What it holds, in base units.
    pub value: u64,
    /// Who is paid.
    pub recipient: &'a Script,
    /// What shall arrive there; `None` for all that the network leaves.
    pub amount: Option<u64>,
    /// Where the rest goes.
    pub treasury: &'a Script,
    /// Base units per 1,000 virtual bytes.
    pub rate: u64,
}

/// Who gets how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// What arrives at the recipient.
    pub amount: u64,
    /// What goes to treasury; `None` where nothing does.
    pub rest: Option<u64>,
    /// What the network takes.
    pub fee: u64,
}

/// What so many virtual bytes cost at a rate, rounded up.
#[must_use]
pub fn fee_of(rate: u64, size: u64) -> u64 {
    rate.saturating_mul(size).div_ceil(1_000)
}

/// Lays out the outputs.
///
/// # Errors
/// [`SpendRefusal::FeeExceedsValue`], [`SpendRefusal::DustOutput`], [`SpendRefusal::FeeAboveCap`].
pub fn lay_out(rules: &Rules, unlock: &Unlock, wish: &Wish<'_>) -> Result<Layout, SpendRefusal> {
    let Wish {
        value,
        recipient,
        amount,
        treasury,
        rate,
    } = *wish;
    let size = virtual_size(unlock, &[*recipient]);
    let fee = fee_of(rate, size);
    let too_little = |amount: u64, fee: u64| SpendRefusal::FeeExceedsValue { value, amount, fee };
    let least = rules.dust(recipient);
    let arrives = |amount: u64| {
        if amount < least {
            Err(SpendRefusal::DustOutput { amount, least })
        } else {
            Ok(amount)
        }
    };
    let Some(amount) = amount else {
        let left = value
            .checked_sub(fee)
            .filter(|left| *left > 0)
            .ok_or_else(|| too_little(0, fee))?;
        return Ok(Layout {
            amount: arrives(left)?,
            rest: None,
            fee,
        });
    };
    let amount = arrives(amount)?;
    let spare = value
        .checked_sub(amount)
        .filter(|spare| *spare >= fee)
        .ok_or_else(|| too_little(amount, fee))?;
    let with_rest = fee_of(rate, virtual_size(unlock, &[*recipient, *treasury]));
    if let Some(rest) = spare
        .checked_sub(with_rest)
        .filter(|rest| *rest >= rules.dust(treasury))
    {
        return Ok(Layout {
            amount,
            rest: Some(rest),
            fee: with_rest,
        });
    }
    // Too little for an output of its own: the network has it, within what anybody means to pay.
    let most = fee_of(rules.rate_max, size);
    if spare > most {
        return Err(SpendRefusal::FeeAboveCap { fee: spare, most });
    }
    Ok(Layout {
        amount,
        rest: None,
        fee: spare,
    })
}

#[cfg(test)]
mod tests {
    use super::super::unlock::unlock;
    use super::*;
    use proptest::prelude::*;
    use recover_core::network::NetworkId;

    const KEY: Script = Script::PubkeyHash([1; 20]);
    const TREASURY: Script = Script::PubkeyHash([2; 20]);

    fn rules(name: &str) -> &'static Rules {
        Rules::of(&NetworkId::new(name)).unwrap()
    }

    fn laid_out(
        network: &str,
        value: u64,
        amount: Option<u64>,
        rate: u64,
    ) -> Result<Layout, SpendRefusal> {
        let rules = rules(network);
        let wish = Wish {
            value,
            recipient: &TREASURY,
            amount,
            treasury: &TREASURY,
            rate,
        };
        lay_out(rules, &unlock(rules, &KEY, None).unwrap(), &wish)
    }

    /// 192 virtual bytes with one output, 226 with two.
    #[test]
    fn pitfall_056_fee_and_dust_are_looked_at_with_every_output() {
        let code = |found: Result<Layout, SpendRefusal>| found.map_err(|refusal| refusal.code());
        let layout = |amount, rest, fee| Ok(Layout { amount, rest, fee });
        for (value, amount, rate, expected) in [
            (100_000, None, 10_000, layout(98_080, None, 1_920)),
            (1_920, None, 10_000, Err("fee_exceeds_value")),
            (1_000, None, 10_000, Err("fee_exceeds_value")),
            (0, None, 10_000, Err("fee_exceeds_value")),
            (1_920 + 545, None, 10_000, Err("dust_output")),
            (1_920 + 546, None, 10_000, layout(546, None, 1_920)),
            (
                100_000,
                Some(50_000),
                10_000,
                layout(50_000, Some(47_740), 2_260),
            ),
            // The rest pays for its own output, and is at least dust.
            (
                50_000 + 2_260 + 546,
                Some(50_000),
                10_000,
                layout(50_000, Some(546), 2_260),
            ),
            (
                50_000 + 2_260 + 545,
                Some(50_000),
                10_000,
                layout(50_000, None, 2_805),
            ),
            (
                50_000 + 1_920,
                Some(50_000),
                10_000,
                layout(50_000, None, 1_920),
            ),
            (
                50_000 + 1_919,
                Some(50_000),
                10_000,
                Err("fee_exceeds_value"),
            ),
            (50_000, Some(50_001), 10_000, Err("fee_exceeds_value")),
            (50_000, Some(545), 10_000, Err("dust_output")),
            (50_000, Some(0), 10_000, Err("dust_output")),
            // At the highest rate the rest cannot be given away on top.
            (
                50_000 + 192_001,
                Some(50_000),
                1_000_000,
                Err("fee_above_cap"),
            ),
        ] {
            let found = code(laid_out("bitcoin", value, amount, rate));
            assert_eq!(found, expected, "{value} {amount:?} {rate}");
        }
    }

    /// What is exactly the limit passes, on every network; a unit less does not.
    #[test]
    fn pitfall_061_a_limit_is_the_least_that_passes() {
        for network in [
            "bitcoin",
            "litecoin",
            "dogecoin",
            "bitcoin-cash",
            "dash",
            "bitcoin-sv",
        ] {
            let rules = rules(network);
            let least = rules.dust(&TREASURY);
            let fee = fee_of(rules.rate_fallback, 192);
            let amount = |value, amount| {
                laid_out(network, value, amount, rules.rate_fallback)
                    .map(|layout| layout.amount)
                    .map_err(|refusal| refusal.code())
            };
            assert_eq!(amount(least + fee, None), Ok(least), "{network}");
            assert_eq!(
                amount(least + fee - 1, None),
                Err("dust_output"),
                "{network}"
            );
            assert_eq!(amount(least + fee, Some(least)), Ok(least), "{network}");
            assert_eq!(
                amount(least + fee, Some(least - 1)),
                Err("dust_output"),
                "{network}"
            );
        }
    }

    /// More than 2^53 base units, as Dogecoin has them: exact to the last.
    #[test]
    fn pitfall_055_values_beyond_floats_are_exact() {
        let value = 9_007_199_254_740_993;
        let found = laid_out("dogecoin", value, Some(9_007_199_252_000_001), 1_000_000).unwrap();
        assert_eq!(found.rest, Some(2_740_992 - 226_000));
        assert_eq!(found.amount + found.rest.unwrap() + found.fee, value);
    }

    proptest! {
        #[test]
        fn what_came_in_goes_out(value: u64, amount: Option<u64>, rate in 1_u64..2_000_000, which in 0_usize..5) {
            let network = ["bitcoin", "litecoin", "dogecoin", "bitcoin-cash", "dash"][which];
            if let Ok(found) = laid_out(network, value, amount, rate) {
                prop_assert_eq!(found.amount.checked_add(found.rest.unwrap_or(0)).and_then(|sum| sum.checked_add(found.fee)), Some(value));
                prop_assert!(found.amount >= rules(network).dust(&TREASURY));
                prop_assert!(found.rest.is_none_or(|rest| rest >= rules(network).dust(&TREASURY)));
                prop_assert!(amount.is_none_or(|amount| amount == found.amount));
                prop_assert!(found.fee >= fee_of(rate, 192));
            }
        }
    }
}
