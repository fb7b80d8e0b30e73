//! What would have to be otherwise for a quote to be given, and what it would bring.

use super::gather::Gathered;
use super::money::{Cents, Rounding, value_of};
use super::quote::{NetworkFee, QuoteInput, quote};
use super::rule::Case;
use crate::amount::Amount;

/// The most that the network may take for a quote to be given, in base units of its coin, while all else stays as it is; `None`
/// where none is given however little it takes, or where that is unknown.
#[must_use]
pub fn network_ceiling(input: &QuoteInput<'_>) -> Option<Amount> {
    let fee = input.network_fee.as_ref()?;
    fee.price.as_ref()?;
    highest(fee.amount, |amount| {
        let network_fee = Some(NetworkFee {
            amount,
            ..fee.clone()
        });
        let cheaper = QuoteInput {
            network_fee,
            ..input.clone()
        };
        quote(&cheaper).is_ok()
    })
}

/// What the owner of a deposit that waits for the minimum gains by sending exactly what is missing, in the policy's currency: what
/// comes of both deposits at the price of now, rounded down, less what is sent and what is paid beside them. What the sender's own
/// transfer takes is not in it. `None` where nothing is missing, where either is refused even then, or where what comes of both
/// is less than what is sent.
#[must_use]
pub fn gain_of_topping_up(input: &QuoteInput<'_>) -> Option<Cents> {
    let gathered = input.gathered?;
    let missing = gathered.missing()?;
    let enough = Some(Gathered {
        present: gathered.minimum,
        ..gathered
    });
    let own = QuoteInput {
        gathered: enough,
        ..input.clone()
    };
    // What is sent for it is a deposit of now, and one case more of its user; nobody has been let off its fees.
    let case = Case {
        age_seconds: Some(0),
        earlier_cases: input
            .case
            .earlier_cases
            .map(|earlier| earlier.saturating_add(1)),
        ..input.case
    };
    let sent = QuoteInput {
        case,
        rule: input.policy.rule_for(&case),
        amount: missing,
        price: input.price_now.clone(),
        gathered: enough,
        waivers: &[],
        ..input.clone()
    };
    let (own, sent) = (quote(&own).ok()?, quote(&sent).ok()?);
    let gained = own.net.checked_add(sent.net)?.checked_sub(missing)?;
    let price = input.price_now.as_ref()?.price;
    let gained = value_of(gained, input.decimals?, price, Rounding::Down)?;
    let mut charges = own.charges().iter().chain(sent.charges());
    charges.try_fold(gained, |gained, charge| gained.checked_sub(charge.cents))
}

/// The highest cost from 0 to `now` at which it `pays`; `None` where it does not even at 0. What pays at a cost must pay at
/// every lower one.
fn highest(now: Amount, pays: impl Fn(Amount) -> bool) -> Option<Amount> {
    if pays(now) {
        return Some(now);
    }
    if !pays(Amount::ZERO) {
        return None;
    }
    let one = Amount::from_u128(1);
    let two = Amount::from_u128(2);
    // It pays at `low` and not at `high`; each step halves what lies between.
    let (mut low, mut high) = (Amount::ZERO, now);
    loop {
        let between = high.checked_sub(low)?;
        if between <= one {
            return Some(low);
        }
        let middle = low.checked_add(between.mul_ratio_floor(one, two)?)?;
        if pays(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn own_the_highest_cost_is_the_last_that_pays(now in 0..u128::MAX, limit in 0..u128::MAX) {
            let amount = Amount::from_u128;
            let found = highest(amount(now), |cost| cost <= amount(limit));
            prop_assert_eq!(found, Some(amount(now.min(limit))));
            prop_assert_eq!(highest(amount(now), |_| false), None);
        }
    }
}
