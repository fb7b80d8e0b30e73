//! What the signers' machine remembers.

use crate::cases;
use crate::chains;
use crate::world::{now, policy_digest, roster_text};
use recover_core::amount::Amount;
use recover_core::audit::Head;
use recover_core::claim::{Claim, ClaimId};
use recover_core::kind::Kind;
use recover_core::plan::Step;
use recover_verify::{Code, Outgoing, PackageFile, Report, Seen, verify};

fn report(claim: &Claim, sequence: i64, hash: &str) -> Report {
    let file = PackageFile::new(&Outgoing {
        claim,
        deposit_kind: Kind::MissedCredit,
        policy_version: 3,
        policy_digest: policy_digest(),
        log_head: Head::parse(&format!("{sequence}:{}", hash.repeat(32))).unwrap(),
    });
    verify(&file.unwrap().to_json(), &roster_text(), now()).unwrap()
}

fn codes(seen: &Seen, report: &Report) -> Vec<Code> {
    let problems = seen.problems(report, &[]);
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn own_a_log_that_was_cut_or_written_anew_is_seen() {
    let claim = cases::out(cases::xrpl_return(), 0);
    let mut seen = Seen::default();
    seen.add(&report(&claim, 100, "aa"));
    seen.add(&report(&claim, 105, "bb"));
    for (sequence, hash, fits) in [
        (106, "cc", true),
        (105, "bb", true),
        (100, "aa", true),
        (105, "cc", false),
        (100, "cc", false),
        (104, "cc", false),
        (1, "aa", false),
    ] {
        let found = codes(&seen, &report(&claim, sequence, hash));
        assert_eq!(found.is_empty(), fits, "{sequence}:{hash}");
        assert!(fits || found == [Code::LogForked]);
    }
    assert_eq!(Seen::parse(&seen.to_text()), Ok(seen));
}

/// Two packages of one payment in two slots could both happen, whatever the votes say.
#[test]
fn own_a_second_package_of_one_payment_needs_proof_that_the_first_is_dead() {
    let first = cases::out(cases::xrpl_return(), 0);
    let mut second = first.clone();
    let package = second.execution.package.as_mut().unwrap();
    let leg = cases::all().swap_remove(5).leg().cloned().unwrap();
    package.bytes = chains::unsigned(&leg, cases::SEQUENCE + 1).unwrap();
    package.slot.as_mut().unwrap().sequence += 1;
    package.attempt += 1;
    let mut seen = Seen::default();
    let first = report(&first, 100, "aa");
    seen.add(&first);
    let second = report(&second, 100, "aa");
    assert_eq!(codes(&seen, &first), [], "the same once more");
    assert_eq!(codes(&seen, &second), [Code::AlreadyPaid]);
    assert_eq!(seen.problems(&second, &[first.package_digest]), []);
}

/// A top-up, a sweep and its booking belong to one deposit and are not one payment.
#[test]
fn own_the_steps_of_one_claim_follow_each_other() {
    let mut seen = Seen::default();
    for step in 0..3 {
        let report = report(
            &cases::out(cases::sweep(), step),
            100 + i64::from(step),
            "aa",
        );
        assert_eq!(codes(&seen, &report), [], "step {step}");
        seen.add(&report);
    }
}

/// A freeze and what is booked after it are two effects; a credit of the same deposit that was accepted before is the same as what is
/// booked then.
#[test]
fn own_a_correction_follows_its_freeze_and_no_credit() {
    let reports: Vec<Report> = (0..2)
        .map(|step| {
            let claim = cases::out(cases::correction(), step);
            report(&claim, 100 + i64::from(step), "aa")
        })
        .collect();
    assert_eq!(
        [reports[0].effect, reports[1].effect],
        ["freeze", "instruct"]
    );
    let mut seen = Seen::default();
    for report in &reports {
        assert_eq!(codes(&seen, report), []);
        seen.add(report);
    }
    let mut credit = cases::all().swap_remove(0).claim;
    credit.deposit = cases::correction().deposit;
    let credit = report(&cases::out(credit, 0), 102, "aa");
    assert_eq!(codes(&seen, &credit), [Code::AlreadyPaid]);
}

/// A hold may come again, since it pays nobody; a fee ends once, captured or given back; and another claim has a fee of its own.
#[test]
fn own_a_fee_is_set_aside_again_and_ended_once() {
    let of = |claim: Claim, step| report(&cases::out(claim, step), 100, "aa");
    let raised = || {
        let mut claim = cases::charged_payout();
        claim.revision += 1;
        let terms = claim.quote.as_mut().unwrap().quote.terms.as_mut().unwrap();
        let coins = &mut terms.charges[0].coins;
        coins.amount = coins.amount.checked_add(Amount::from_u128(1)).unwrap();
        let more = coins.amount;
        for step in &mut claim.plan.as_mut().unwrap().steps {
            if let Step::Instruct(list) = step {
                list[0].amount = more;
            }
        }
        claim
    };
    let mut seen = Seen::default();
    let hold = of(cases::charged_payout(), 0);
    assert!(hold.is_for_ledger);
    seen.add(&hold);
    let again = of(raised(), 0);
    assert_ne!(hold.once, again.once);
    assert_eq!(codes(&seen, &again), [], "after the ledger declined");

    let (unwind, capture) = (of(cases::unwound(), 1), of(cases::charged_payout(), 3));
    assert!(unwind.is_for_ledger && capture.is_for_ledger);
    for (first, second) in [(&unwind, &capture), (&capture, &unwind)] {
        let mut seen = seen.clone();
        seen.add(first);
        assert_eq!(codes(&seen, first), [], "the same once more");
        assert_eq!(codes(&seen, second), [Code::AlreadyPaid]);
        assert_eq!(seen.problems(second, &[first.package_digest]), []);
        assert_eq!(Seen::parse(&seen.to_text()), Ok(seen));
    }
    // With a credit it is the end of the fee as well.
    let mut booking = cases::charged_booking();
    booking.deposit = cases::unwound().deposit;
    booking.id = cases::unwound().id;
    let booking = of(booking, 3);
    assert_eq!(booking.effect, "instruct");
    seen.add(&unwind);
    assert_eq!(codes(&seen, &booking), [Code::AlreadyPaid]);

    // The deposit is recovered after all, by another claim with another fee.
    for step in 0..4 {
        let mut claim = cases::charged_payout();
        claim.id = ClaimId::of(&claim.deposit, 2);
        let report = of(claim, step);
        assert_eq!(codes(&seen, &report), [], "step {step}");
        seen.add(&report);
    }
    assert!(!of(cases::charged_payout(), 2).is_for_ledger);
}

#[test]
fn own_a_memory_that_cannot_be_read_protects_nobody() {
    assert_eq!(Seen::parse(""), Ok(Seen::default()));
    let head = "aa".repeat(32);
    for text in [
        "something else\n".to_owned(),
        "recover-seen/1\nhead\n".to_owned(),
        format!("recover-seen/1\nhead\t0:{head}\n"),
        format!(
            "recover-seen/1\nhead\t7:{head}\nhead\t7:{}\n",
            "bb".repeat(32)
        ),
        "recover-seen/1\npackage\tx\ty\tz\tw\n".to_owned(),
        "recover-seen/1\n\n".to_owned(),
    ] {
        let problem = Seen::parse(&text).unwrap_err();
        assert_eq!(problem.code, Code::SeenUnreadable, "{text}");
    }
}
