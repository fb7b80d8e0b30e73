use super::*;
use crate::network::NetworkId;
use crate::verdict::{DeployLeg, DeployLegKind};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn amount(base_units: u128) -> Amount {
    Amount::from_u128(base_units)
}

fn cents(base_units: u128) -> Cents {
    Cents(amount(base_units))
}

fn asset() -> AssetId {
    AssetId::contract(NetworkId::new("ethereum"), "0xAb")
}

fn verdicts() -> Vec<Verdict> {
    let leg = DeployLeg {
        kind: DeployLegKind::DeployForwarder,
        signer: String::new(),
        detail: String::new(),
    };
    How::ALL
        .iter()
        .map(|how| Verdict::Controllable(*how))
        .chain([Verdict::NeedsDeploy(vec![leg])])
        .chain(Missing::ALL.iter().copied().map(Verdict::Conditional))
        .chain(Reason::ALL.iter().copied().map(Verdict::NotRecoverable))
        .collect()
}

fn outcomes() -> Vec<Quoted> {
    let refused = QuoteRefusal::ALL.iter().copied().map(Quoted::Refused);
    [Quoted::NotAsked, Quoted::Given]
        .into_iter()
        .chain(refused)
        .collect()
}

fn gathered(present: u128, minimum: u128) -> Option<Gathered> {
    Some(Gathered {
        minimum: amount(minimum),
        present: amount(present),
    })
}

fn top_up(costs: u128, gain: u128) -> Option<TopUp> {
    Some(TopUp {
        costs: cents(costs),
        gain: cents(gain),
    })
}

fn codes(known: &Known<'_>) -> Vec<AdviceCode> {
    advise(known).iter().map(Advice::code).collect()
}

fn known<'a>(verdict: &'a Verdict, asset: &'a AssetId) -> Known<'a> {
    Known {
        kind: Kind::UnlistedToken,
        also: &[],
        verdict,
        flags: &[],
        status: DepositStatus::Open,
        asset,
        deposits: Some(DepositState::Open),
        is_listed: true,
        has_owner: true,
        quoted: Quoted::NotAsked,
        unpriced: None,
        gathered: None,
        top_up: None,
        share: None,
        network_is_silent: false,
        network_cost: None,
        ceiling: None,
    }
}

/// Everything that must hold of any advice about anything.
fn check(known: &Known<'_>) {
    let advice = advise(known);
    let told = format!("{known:?} -> {advice:?}");
    assert!(!advice.is_empty(), "{told}");
    let codes: Vec<AdviceCode> = advice.iter().map(Advice::code).collect();
    let once: BTreeSet<AdviceCode> = codes.iter().copied().collect();
    assert_eq!(
        codes,
        once.into_iter().collect::<Vec<_>>(),
        "in order, once: {told}"
    );
    let is_lost = matches!(known.verdict, Verdict::NotRecoverable(_));
    let has = |stance: Stance| advice.iter().any(|advice| advice.stance() == stance);
    if has(Stance::Nothing) {
        assert!(is_lost && advice.len() == 1, "{told}");
    }
    if has(Stance::Settled) {
        assert_eq!(advice.len(), 1, "{told}");
    }
    let is_rest = advice.contains(&Advice::AskSender(AtSender::Undelivered));
    if has(Stance::AskOthers) && !is_rest {
        assert_eq!(advice.len(), 1, "{told}");
        assert!(is_lost || known.status == DepositStatus::Gone, "{told}");
    }
    if codes.contains(&AdviceCode::ClaimIt) {
        assert!(!has(Stance::Wait), "{told}");
        assert!(known.verdict.is_recoverable(), "{told}");
    }
    let is_ours_to_mend = matches!(
        known.quoted,
        Quoted::Refused(
            QuoteRefusal::DecimalsUnknown
                | QuoteRefusal::PriceUnknown
                | QuoteRefusal::NetworkPriceUnknown
                | QuoteRefusal::NoRule
        )
    );
    if is_ours_to_mend && known.verdict.is_recoverable() && known.status == DepositStatus::Open {
        assert!(has(Stance::Wait), "{told}");
    }
    for advice in &advice {
        match advice {
            Advice::TopUpToMinimum {
                gathered,
                missing,
                costs,
                gain,
            } => {
                let sum = missing.checked_add(gathered.present);
                assert_eq!(sum, Some(gathered.minimum), "{told}");
                assert!(!missing.is_zero(), "{told}");
                assert_eq!(known.deposits, Some(DepositState::Open), "{told}");
                assert_eq!(known.verdict, &Verdict::Controllable(How::OwnAccount));
                assert!(known.has_owner && known.is_listed, "{told}");
                let waits = Quoted::Refused(QuoteRefusal::MinimumNotReached);
                assert_eq!(known.quoted, waits, "nothing else is in its way: {told}");
                assert!(costs < gain, "{told}");
            }
            Advice::PoolWithOthers(share) => {
                assert!(Some(share.own) <= known.ceiling, "{told}");
            }
            Advice::WaitForCheaperNetwork { now, ceiling } => assert!(ceiling < now, "{told}"),
            _ => {}
        }
        let place = Place {
            asset: known.asset,
            to: "0xAb",
        };
        if let Some(trigger) = advice.trigger(&place) {
            assert_eq!(
                Trigger::parse(trigger.code(), &trigger.subject()),
                Some(trigger)
            );
        }
    }
}

#[test]
fn own_every_kind_verdict_and_refusal_has_advice_without_contradiction() {
    let asset = asset();
    let verdicts = verdicts();
    let (mut seen, mut count) = (BTreeSet::new(), 0_u32);
    for kind in Kind::ALL {
        for verdict in &verdicts {
            for quoted in outcomes() {
                for status in DepositStatus::ALL {
                    for (has_owner, gathered, top_up) in [
                        (true, None, None),
                        (true, gathered(4, 10), top_up(1, 2)),
                        (true, gathered(10, 10), None),
                        (false, gathered(10, 10), None),
                    ] {
                        let known = Known {
                            kind: *kind,
                            quoted,
                            status: *status,
                            has_owner,
                            gathered,
                            top_up,
                            share: Share::of(3, amount(90), amount(1), amount(3)),
                            network_cost: Some(amount(90)),
                            ceiling: Some(amount(40)),
                            ..known(verdict, &asset)
                        };
                        check(&known);
                        seen.extend(codes(&known));
                        count += 1;
                    }
                }
            }
        }
    }
    assert!(count > 100_000, "{count} were looked at");
    let never: Vec<_> = AdviceCode::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .collect();
    assert_eq!(never, Vec::<&AdviceCode>::new(), "advice that nobody gets");
}

#[test]
fn own_a_refusal_that_is_our_gap_is_never_told_as_impossible() {
    let asset = asset();
    for kind in Kind::ALL {
        for verdict in verdicts().iter().filter(|verdict| verdict.is_recoverable()) {
            for refusal in QuoteRefusal::ALL {
                let known = Known {
                    kind: *kind,
                    quoted: Quoted::Refused(*refusal),
                    ..known(verdict, &asset)
                };
                let codes = codes(&known);
                assert!(!codes.contains(&AdviceCode::NothingCanBeDone), "{known:?}");
                assert!(!codes.contains(&AdviceCode::ClaimIt), "{known:?}");
            }
        }
    }
}

#[test]
fn own_each_end_of_a_case_is_told_as_what_it_is() {
    use AdviceCode as Code;
    let asset = asset();
    // What is lost, which a quote is never asked about.
    let lost = [
        (Kind::Failed, Reason::TransactionFailed, Code::AskSender),
        (Kind::BridgeStuck, Reason::HeldByBridge, Code::AskBridge),
        (
            Kind::TokenContract,
            Reason::ForeignContract,
            Code::AskContractOwner,
        ),
        (Kind::NotOurs, Reason::ForeignAddress, Code::AskReceiver),
        (
            Kind::OutgoingWithdrawal,
            Reason::OwnWithdrawal,
            Code::AskReceiver,
        ),
        (
            Kind::AlreadyCredited,
            Reason::AlreadyCredited,
            Code::LookAtHistory,
        ),
        (Kind::NoKey, Reason::KeyLost, Code::NothingCanBeDone),
        (
            Kind::WrongChainContract,
            Reason::AddressNotDerived,
            Code::WaitForControl,
        ),
    ];
    for (kind, reason, expected) in lost {
        let verdict = Verdict::NotRecoverable(reason);
        let known = Known {
            kind,
            ..known(&verdict, &asset)
        };
        assert_eq!(codes(&known), [expected], "{kind} {reason}");
    }
    // What waits, likewise.
    let immature: &[Flag] = &[Flag::Immature];
    let waiting = [
        (
            Kind::SuspendedNetwork,
            Missing::NetworkSuspended,
            &[][..],
            vec![Code::WaitForReopening],
        ),
        (
            Kind::SuspendedNetwork,
            Missing::LedgerCoverageMissing,
            &[],
            vec![Code::WaitForReopening, Code::WaitForLedger],
        ),
        (
            Kind::ForcedCredit,
            Missing::FinalityMissing,
            immature,
            vec![Code::WaitForMaturity],
        ),
        (
            Kind::UnlistedToken,
            Missing::TokenReviewMissing,
            &[],
            vec![Code::WaitForReview, Code::WaitForListing],
        ),
    ];
    for (kind, missing, flags, expected) in waiting {
        let verdict = Verdict::Conditional(missing);
        let known = Known {
            kind,
            flags,
            ..known(&verdict, &asset)
        };
        assert_eq!(codes(&known), expected, "{kind} {missing}");
    }
    // What is quoted.
    let unpriced = Quoted::Refused(QuoteRefusal::PriceUnknown);
    let quoted = [
        (
            Kind::UnlistedToken,
            How::SameKey,
            unpriced,
            vec![Code::WaitForPrice, Code::WaitForListing],
        ),
        (
            Kind::WrongChainSameKey,
            How::SameKey,
            Quoted::Given,
            vec![Code::ClaimIt],
        ),
        (
            Kind::PartialPayment,
            How::OwnAccount,
            Quoted::Given,
            vec![Code::ClaimIt, Code::AskSender],
        ),
    ];
    for (kind, how, quoted, expected) in quoted {
        let verdict = Verdict::Controllable(how);
        let known = Known {
            kind,
            quoted,
            ..known(&verdict, &asset)
        };
        assert_eq!(codes(&known), expected, "{kind} {how} {quoted:?}");
    }
}

#[test]
fn own_a_top_up_is_advised_only_where_it_helps_and_pays() {
    let asset = asset();
    let own = Verdict::Controllable(How::OwnAccount);
    let good = Known {
        kind: Kind::BelowMinimum,
        quoted: Quoted::Refused(QuoteRefusal::MinimumNotReached),
        gathered: gathered(73, 100),
        top_up: top_up(50, 51),
        ..known(&own, &asset)
    };
    let missing = |known: &Known<'_>| {
        advise(known).iter().find_map(|advice| match advice {
            Advice::TopUpToMinimum { missing, .. } => Some(*missing),
            _ => None,
        })
    };
    assert_eq!(missing(&good), Some(amount(27)));
    let contract = Verdict::Controllable(How::ContractInPlace);
    type Change<'a> = &'a dyn Fn(&mut Known<'a>);
    let changes: [(&str, Change<'_>); 13] = [
        ("it costs what it gains", &|bad| bad.top_up = top_up(51, 51)),
        ("nobody knows what it costs", &|bad| bad.top_up = None),
        ("suspended", &|bad| {
            bad.deposits = Some(DepositState::Suspended);
        }),
        ("closed", &|bad| bad.deposits = Some(DepositState::Closed)),
        ("not configured", &|bad| bad.deposits = None),
        ("retired address", &|bad| bad.also = &[Kind::RetiredAddress]),
        ("closed account", &|bad| bad.also = &[Kind::AccountClosed]),
        ("not in our account", &|bad| bad.verdict = &contract),
        ("whose is it", &|bad| bad.has_owner = false),
        ("the wrong network", &|bad| {
            bad.kind = Kind::WrongChainSameKey;
        }),
        ("there is a quote", &|bad| bad.quoted = Quoted::Given),
        ("the rule asks each part for more", &|bad| {
            bad.quoted = Quoted::Refused(QuoteRefusal::ValueTooSmall);
        }),
        ("it reaches it already", &|bad| {
            bad.gathered = gathered(100, 100);
        }),
    ];
    for (name, change) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(missing(&bad), None, "{name}");
        check(&bad);
    }
}

#[test]
fn own_what_a_rule_refuses_for_its_value_waits_for_value_alone() {
    let asset = asset();
    let own = Verdict::Controllable(How::OwnAccount);
    for present in [73, 100, 500] {
        let known = Known {
            kind: Kind::BelowMinimum,
            quoted: Quoted::Refused(QuoteRefusal::ValueTooSmall),
            gathered: gathered(present, 100),
            top_up: top_up(1, 2),
            ..known(&own, &asset)
        };
        assert_eq!(advise(&known), [Advice::WaitForValue], "{present}");
    }
}

#[test]
fn own_what_gathered_is_told_beside_the_quote() {
    let asset = asset();
    let own = Verdict::Controllable(How::OwnAccount);
    let given = Known {
        kind: Kind::BelowMinimum,
        quoted: Quoted::Given,
        gathered: gathered(103, 100),
        ..known(&own, &asset)
    };
    assert_eq!(
        codes(&given),
        [AdviceCode::ClaimIt, AdviceCode::CreditTogether]
    );
}

#[test]
fn own_a_network_that_takes_more_than_was_paid_in_is_waited_for() {
    let asset = asset();
    let verdict = Verdict::Controllable(How::SameKey);
    let short = |ceiling| Known {
        kind: Kind::WrongChainSameKey,
        quoted: Quoted::Refused(QuoteRefusal::PrepaidTooSmall),
        network_cost: Some(amount(90)),
        ceiling,
        share: Share::of(3, amount(90), amount(1), amount(3)),
        ..known(&verdict, &asset)
    };
    let cheaper = Advice::WaitForCheaperNetwork {
        now: amount(90),
        ceiling: amount(80),
    };
    assert_eq!(advise(&short(Some(amount(80)))), [cheaper]);
    assert_eq!(advise(&short(None)), [Advice::WaitForPerson]);
}

#[test]
fn own_sharing_is_advised_where_the_part_pays() {
    let asset = asset();
    let verdict = Verdict::Controllable(How::SameKey);
    let dear = Known {
        kind: Kind::WrongChainSameKey,
        quoted: Quoted::Refused(QuoteRefusal::FeeExceedsValue),
        network_cost: Some(amount(90)),
        ceiling: Some(amount(30)),
        share: Share::of(3, amount(90), amount(1), amount(3)),
        ..known(&verdict, &asset)
    };
    let both = [
        AdviceCode::PoolWithOthers,
        AdviceCode::WaitForCheaperNetwork,
    ];
    assert_eq!(codes(&dear), both);
    let still_dear = Known {
        ceiling: Some(amount(29)),
        ..dear.clone()
    };
    assert_eq!(codes(&still_dear), [AdviceCode::WaitForCheaperNetwork]);
    let never = Known {
        ceiling: None,
        ..dear
    };
    assert_eq!(codes(&never), [AdviceCode::WaitForValue]);
}

proptest! {
    #[test]
    fn own_advice_depends_on_no_order(
        kind in 0..Kind::ALL.len(),
        verdict in 0..42_usize,
        mut also in proptest::sample::subsequence(Kind::ALL.to_vec(), 0..5),
        mut flags in proptest::sample::subsequence(Flag::ALL.to_vec(), 0..4),
        minimum in 0..200_u128,
        present in 0..200_u128,
        costs in 0..5_u128,
        gain in 0..5_u128,
        quoted in 0..100_usize,
        deposits in 0..4_usize,
        has_owner: bool,
        is_listed: bool,
        ceiling in proptest::option::of(0..100_u128),
        cost in proptest::option::of(0..100_u128),
    ) {
        let asset = asset();
        let verdicts = verdicts();
        let outcomes = outcomes();
        let given = |also: &[Kind], flags: &[Flag]| {
            let known = Known {
                kind: Kind::ALL[kind],
                also,
                flags,
                quoted: outcomes[quoted % outcomes.len()],
                deposits: DepositState::ALL.get(deposits).copied(),
                has_owner,
                is_listed,
                gathered: gathered(present, minimum),
                top_up: top_up(costs, gain),
                share: Share::of(2, amount(50), amount(1), amount(2)),
                network_cost: cost.map(amount),
                ceiling: ceiling.map(amount),
                ..known(&verdicts[verdict % verdicts.len()], &asset)
            };
            check(&known);
            advise(&known)
        };
        let first = given(&also, &flags);
        also.reverse();
        flags.reverse();
        prop_assert_eq!(first, given(&also, &flags));
    }

    #[test]
    fn own_the_parts_of_all_cover_the_cost(
        cost in 0..u128::MAX,
        weights in proptest::collection::vec(0..u128::from(u64::MAX), 1..40),
    ) {
        let all = weights.iter().sum::<u128>();
        prop_assume!(all > 0);
        let parts: Vec<Amount> = weights
            .iter()
            .map(|weight| part(amount(cost), amount(*weight), amount(all)).unwrap())
            .collect();
        let sum = parts.iter().try_fold(Amount::ZERO, |sum, part| sum.checked_add(*part)).unwrap();
        prop_assert!(sum >= amount(cost));
        // No more than one base unit each above it.
        let room = amount(cost).checked_add(amount(u128::try_from(weights.len()).unwrap())).unwrap();
        prop_assert!(sum <= room);
        for (one, part_of_one) in weights.iter().zip(&parts) {
            for (other, part_of_other) in weights.iter().zip(&parts) {
                prop_assert!(one > other || part_of_one <= part_of_other);
            }
        }
    }
}
