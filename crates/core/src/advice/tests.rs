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

const REACHED: Below = Below {
    minimum: Amount::ZERO,
    present: Amount::ZERO,
    transfer: None,
};

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
        below: None,
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
                missing,
                present,
                minimum,
                costs,
            } => {
                assert_eq!(missing.checked_add(*present), Some(*minimum), "{told}");
                assert!(!missing.is_zero(), "{told}");
                assert_eq!(known.deposits, Some(DepositState::Open), "{told}");
                assert_eq!(known.verdict, &Verdict::Controllable(How::OwnAccount));
                assert!(known.has_owner && known.is_listed, "{told}");
                assert_eq!(
                    known.quoted,
                    Quoted::NotAsked,
                    "no rule refuses the parts: {told}"
                );
                let (_, frees) = known.below.and_then(|below| below.transfer).unwrap();
                assert!(*costs < frees, "{told}");
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
                    for (has_owner, below) in [
                        (true, None),
                        (
                            true,
                            Some(Below {
                                minimum: amount(10),
                                present: amount(4),
                                transfer: Some((cents(1), cents(2))),
                            }),
                        ),
                        (true, Some(REACHED)),
                        (false, Some(REACHED)),
                    ] {
                        let known = Known {
                            kind: *kind,
                            quoted,
                            status: *status,
                            has_owner,
                            below,
                            share: Share::of(3, amount(90), amount(1), amount(3)),
                            network_cost: Some(amount(90)),
                            ceiling: Some(amount(40)),
                            ..known(verdict, &asset)
                        };
                        check(&known);
                        seen.extend(advise(&known).iter().map(Advice::code));
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
                let codes: Vec<AdviceCode> = advise(&known).iter().map(Advice::code).collect();
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
    type Row<'a> = (Kind, Verdict, &'a [Flag], Quoted, &'a [Code]);
    let rows: &[Row<'_>] = &[
        (
            Kind::Failed,
            Verdict::NotRecoverable(Reason::TransactionFailed),
            &[],
            Quoted::NotAsked,
            &[Code::AskSender],
        ),
        (
            Kind::BridgeStuck,
            Verdict::NotRecoverable(Reason::HeldByBridge),
            &[],
            Quoted::NotAsked,
            &[Code::AskBridge],
        ),
        (
            Kind::TokenContract,
            Verdict::NotRecoverable(Reason::ForeignContract),
            &[],
            Quoted::NotAsked,
            &[Code::AskContractOwner],
        ),
        (
            Kind::NotOurs,
            Verdict::NotRecoverable(Reason::ForeignAddress),
            &[],
            Quoted::NotAsked,
            &[Code::AskReceiver],
        ),
        (
            Kind::OutgoingWithdrawal,
            Verdict::NotRecoverable(Reason::OwnWithdrawal),
            &[],
            Quoted::NotAsked,
            &[Code::AskReceiver],
        ),
        (
            Kind::AlreadyCredited,
            Verdict::NotRecoverable(Reason::AlreadyCredited),
            &[],
            Quoted::NotAsked,
            &[Code::LookAtHistory],
        ),
        (
            Kind::NoKey,
            Verdict::NotRecoverable(Reason::KeyLost),
            &[],
            Quoted::NotAsked,
            &[Code::NothingCanBeDone],
        ),
        (
            Kind::WrongChainContract,
            Verdict::NotRecoverable(Reason::AddressNotDerived),
            &[],
            Quoted::NotAsked,
            &[Code::WaitForControl],
        ),
        (
            Kind::SuspendedNetwork,
            Verdict::Conditional(Missing::NetworkSuspended),
            &[],
            Quoted::NotAsked,
            &[Code::WaitForReopening],
        ),
        (
            Kind::SuspendedNetwork,
            Verdict::Conditional(Missing::LedgerCoverageMissing),
            &[],
            Quoted::NotAsked,
            &[Code::WaitForReopening, Code::WaitForLedger],
        ),
        (
            Kind::ForcedCredit,
            Verdict::Conditional(Missing::FinalityMissing),
            &[Flag::Immature],
            Quoted::NotAsked,
            &[Code::WaitForMaturity],
        ),
        (
            Kind::UnlistedToken,
            Verdict::Conditional(Missing::TokenReviewMissing),
            &[],
            Quoted::NotAsked,
            &[Code::WaitForReview, Code::WaitForListing],
        ),
        (
            Kind::UnlistedToken,
            Verdict::Controllable(How::SameKey),
            &[],
            Quoted::Refused(QuoteRefusal::PriceUnknown),
            &[Code::WaitForPrice, Code::WaitForListing],
        ),
        (
            Kind::WrongChainSameKey,
            Verdict::Controllable(How::SameKey),
            &[],
            Quoted::Given,
            &[Code::ClaimIt],
        ),
        (
            Kind::PartialPayment,
            Verdict::Controllable(How::OwnAccount),
            &[],
            Quoted::Given,
            &[Code::ClaimIt, Code::AskSender],
        ),
    ];
    for (kind, verdict, flags, quoted, expected) in rows {
        let known = Known {
            kind: *kind,
            flags,
            quoted: *quoted,
            ..known(verdict, &asset)
        };
        let codes: Vec<Code> = advise(&known).iter().map(Advice::code).collect();
        assert_eq!(codes, *expected, "{kind} {verdict} {quoted:?}");
    }
}

#[test]
fn own_a_top_up_is_advised_only_where_it_helps_and_pays() {
    let asset = asset();
    let own = Verdict::Controllable(How::OwnAccount);
    let below = Below {
        minimum: amount(100),
        present: amount(73),
        transfer: Some((cents(50), cents(51))),
    };
    let good = Known {
        kind: Kind::BelowMinimum,
        quoted: Quoted::NotAsked,
        below: Some(below),
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
    for (name, bad) in [
        (
            "it costs what it frees",
            Known {
                below: Some(Below {
                    transfer: Some((cents(51), cents(51))),
                    ..below
                }),
                ..good.clone()
            },
        ),
        (
            "nobody knows what it costs",
            Known {
                below: Some(Below {
                    transfer: None,
                    ..below
                }),
                ..good.clone()
            },
        ),
        (
            "suspended",
            Known {
                deposits: Some(DepositState::Suspended),
                ..good.clone()
            },
        ),
        (
            "closed",
            Known {
                deposits: Some(DepositState::Closed),
                ..good.clone()
            },
        ),
        (
            "not configured",
            Known {
                deposits: None,
                ..good.clone()
            },
        ),
        (
            "retired address",
            Known {
                also: &[Kind::RetiredAddress],
                ..good.clone()
            },
        ),
        (
            "closed account",
            Known {
                also: &[Kind::AccountClosed],
                ..good.clone()
            },
        ),
        (
            "not in our account",
            Known {
                verdict: &contract,
                ..good.clone()
            },
        ),
        (
            "whose is it",
            Known {
                has_owner: false,
                ..good.clone()
            },
        ),
        (
            "the wrong network",
            Known {
                kind: Kind::WrongChainSameKey,
                ..good.clone()
            },
        ),
        (
            "there is a quote",
            Known {
                quoted: Quoted::Given,
                ..good.clone()
            },
        ),
        (
            "the rule asks each part for more",
            Known {
                quoted: Quoted::Refused(QuoteRefusal::ValueTooSmall),
                ..good.clone()
            },
        ),
        (
            "it reaches it already",
            Known {
                below: Some(Below {
                    present: amount(100),
                    ..below
                }),
                ..good.clone()
            },
        ),
    ] {
        assert_eq!(missing(&bad), None, "{name}");
        check(&bad);
    }
}

#[test]
fn own_what_a_rule_refuses_for_its_value_waits_for_value_alone() {
    let asset = asset();
    let own = Verdict::Controllable(How::OwnAccount);
    for (present, transfer) in [
        (73, None),
        (73, Some((cents(1), cents(2)))),
        (100, None),
        (500, None),
    ] {
        let known = Known {
            kind: Kind::BelowMinimum,
            quoted: Quoted::Refused(QuoteRefusal::ValueTooSmall),
            below: Some(Below {
                minimum: amount(100),
                present: amount(present),
                transfer,
            }),
            ..known(&own, &asset)
        };
        assert_eq!(advise(&known), [Advice::WaitForValue], "{present}");
        // The same deposit without a refusal is told of the others beside it.
        let unasked = Known {
            quoted: Quoted::NotAsked,
            ..known
        };
        assert_ne!(advise(&unasked), [Advice::WaitForValue], "{present}");
    }
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
    let codes =
        |known: &Known<'_>| -> Vec<AdviceCode> { advise(known).iter().map(Advice::code).collect() };
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
        frees in 0..5_u128,
        quoted in 0..9_usize,
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
                below: Some(Below {
                    minimum: amount(minimum),
                    present: amount(present),
                    transfer: Some((cents(costs), cents(frees))),
                }),
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

    #[test]
    fn own_the_ceiling_is_the_last_cost_that_pays(now in 0..u128::MAX, limit in 0..u128::MAX) {
        let found = ceiling(amount(now), |cost| cost <= amount(limit));
        prop_assert_eq!(found, Some(amount(now.min(limit))));
        prop_assert_eq!(ceiling(amount(now), |_| false), None);
    }
}
