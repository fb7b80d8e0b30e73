//! Deposits that are too small alone: a rule that waits for the minimum, and what topping up brings.

use crate::desk::{Desk, flat};
use recover_core::amount::Amount;
use recover_core::fee::{
    AgeWindow, FeeForm, FeeRule, QuoteRefusal, gain_of_topping_up, network_ceiling,
};
use recover_core::kind::Kind;

/// 6 coins at 1.00 of a minimum of 10, under a rule that waits for it.
fn waiting(form: FeeForm) -> Desk {
    let mut desk = Desk::worth(form, "6");
    desk.case.kind = Kind::BelowMinimum;
    desk.policy.rules[0].waits_for_minimum = true;
    desk.gathered = Some(("6", "10"));
    desk
}

fn gain(desk: &Desk) -> Option<String> {
    desk.with_input(gain_of_topping_up)
        .map(|gain| gain.to_string())
}

#[test]
fn own_a_rule_waits_until_the_minimum_has_gathered() {
    for (gathered, waits) in [
        (Some(("6", "10")), true),
        (Some(("9.99", "10")), true),
        (Some(("10", "10")), false),
        (Some(("1000", "10")), false),
        // The minimum was taken away since: nothing is waited for.
        (None, false),
    ] {
        let mut desk = waiting(flat("0"));
        desk.gathered = gathered;
        let expected = if waits {
            Err(QuoteRefusal::MinimumNotReached)
        } else {
            Ok("0.00".to_owned())
        };
        assert_eq!(desk.fee(), expected, "{gathered:?}");
        // Another rule asks for nothing of the kind.
        desk.policy.rules[0].waits_for_minimum = false;
        assert_eq!(desk.fee().as_deref(), Ok("0.00"));
    }
}

#[test]
fn own_topping_up_gains_what_both_leave_less_what_is_sent() {
    // Free: 4 are sent, 10 are credited.
    assert_eq!(gain(&waiting(flat("0"))).as_deref(), Some("6.00"));
    // Each of the two is a case of its own and pays 1.50: 4.50 and 2.50 for the 4 that are sent.
    assert_eq!(gain(&waiting(flat("1.50"))).as_deref(), Some("3.00"));
    // 2.50 of the 4 that are sent would be left and 3.50 of the 6: no more than what is sent.
    assert_eq!(gain(&waiting(flat("2.50"))).as_deref(), Some("1.00"));
    assert_eq!(gain(&waiting(flat("3"))).as_deref(), Some("0.00"));
    assert_eq!(gain(&waiting(flat("3.50"))), None);
    // What is sent would be refused itself.
    assert_eq!(gain(&waiting(flat("4"))), None);
}

#[test]
fn own_nobody_tops_up_for_what_is_refused_anyway_or_waits_for_nothing() {
    let mut desk = waiting(flat("0"));
    desk.gathered = Some(("10", "10"));
    assert_eq!(gain(&desk), None);
    desk.gathered = None;
    assert_eq!(gain(&desk), None);
    let mut desk = waiting(flat("0"));
    desk.price_now = None;
    desk.price = None;
    assert_eq!(gain(&desk), None);
    let mut desk = waiting(FeeForm::Refuse);
    desk.policy.rules[0].waits_for_minimum = false;
    assert_eq!(gain(&desk), None);
}

#[test]
fn own_the_first_free_case_is_not_free_twice() {
    let mut desk = waiting(flat("1"));
    desk.policy.rules[0].first_free = 1;
    desk.case.earlier_cases = Some(0);
    // The 6 are free, the 4 pay 1.
    assert_eq!(gain(&desk).as_deref(), Some("5.00"));
}

#[test]
fn own_what_is_sent_is_quoted_by_the_rule_for_a_new_deposit() {
    let mut desk = waiting(flat("0"));
    let old = FeeRule {
        age: Some(AgeWindow {
            from_days: 30,
            to_days: None,
        }),
        ..desk.policy.rules[0].clone()
    };
    desk.policy.rules = vec![old, FeeRule::new(2, flat("3.90"))];
    desk.case.age_seconds = Some(40 * 86_400);
    // 6 are free; of the 4 that are sent 0.10 are left.
    assert_eq!(gain(&desk).as_deref(), Some("2.10"));
}

#[test]
fn own_the_network_ceiling_is_the_last_cost_with_a_quote() {
    // 250 coins at 2.50 and a fee of 600: 25.00 are left for the network, at 3,000.01 a coin.
    let desk = Desk::new(flat("600"));
    let ceiling = desk
        .with_input(network_ceiling)
        .expect("some cost leaves something");
    let at = |amount| {
        let mut desk = desk.clone();
        desk.network_fee.as_mut().expect("a network").amount = amount;
        desk.ask()
    };
    // Only costs up to the present one are looked for.
    assert_eq!(desk.ask().map(|_| ()), Ok(()));
    assert_eq!(ceiling.to_coin_text(18), "0.001");
    let dear = {
        let mut desk = desk.clone();
        let fee = desk.network_fee.as_mut().expect("a network");
        fee.amount = Amount::from_coin_text("1", 18).expect("coins");
        desk
    };
    let ceiling = dear
        .with_input(network_ceiling)
        .expect("some cost leaves something");
    assert!(at(ceiling).is_ok());
    let more = ceiling.checked_add(Amount::from_u128(1)).expect("fits");
    assert_eq!(at(more), Err(QuoteRefusal::FeeExceedsValue));
    // However little it takes, the fee is more than the deposit.
    let mut never = dear.clone();
    never.policy.rules[0].form = flat("700");
    assert_eq!(never.with_input(network_ceiling), None);
    // A network whose coin has no price says nothing.
    let mut unknown = dear;
    unknown.network_fee.as_mut().expect("a network").price = None;
    assert_eq!(unknown.with_input(network_ceiling), None);
}
