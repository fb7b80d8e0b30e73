use super::*;
use recover_core::advice::{AdviceCode, Place, Share};
use recover_core::deposit::{Classification, DepositStatus, ImportedDeposit, Origin};
use recover_core::fee::{Cents, Gathered};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::verdict::{How, Verdict};

fn amount(base_units: u128) -> Amount {
    Amount::from_u128(base_units)
}

fn deposit() -> Deposit {
    let network = NetworkId::new("litecoin");
    Deposit {
        origin: Origin::Imported(ImportedDeposit {
            id: DepositId::verbatim("D-1"),
            network: network.clone(),
            tx_id: recover_core::block::TxId::new("t"),
            position: "0".into(),
            block_height: None,
            block_time: None,
            from: None,
            to: "Laddress".into(),
            asset: AssetId::native(network),
            amount: amount(12_345),
            scale: 8,
            memo: None,
            orphan_reason: None,
        }),
        decimals: 8,
        decimals_vouched: true,
        symbol: Some("LTC".into()),
        classification: Classification {
            kind: Kind::BelowMinimum,
            also: Vec::new(),
            verdict: Verdict::Controllable(How::OwnAccount),
            owner: Some("u1".into()),
            memo: None,
        },
        status: DepositStatus::Open,
    }
}

/// One of each code, and each of those whose text depends on more.
fn all() -> Vec<Advice> {
    let missing = amount(5);
    let gathered = Gathered {
        minimum: amount(12),
        present: amount(7),
    };
    let asset = deposit().asset().clone();
    let mut all = vec![
        Advice::LookAtHistory,
        Advice::FollowClaim,
        Advice::WaitForFinality,
        Advice::WaitForMaturity,
        Advice::WaitForReopening,
        Advice::ProveOwnership,
        Advice::ClaimIt { is_quoted: true },
        Advice::ClaimIt { is_quoted: false },
        Advice::CreditTogether(gathered),
        Advice::TopUpToMinimum {
            gathered,
            missing,
            costs: Cents(amount(123)),
            gain: Cents(amount(456)),
        },
        Advice::WaitForNextDeposit { gathered, missing },
        Advice::PoolWithOthers(Share {
            deposits: 3,
            shared: amount(90),
            own: amount(30),
        }),
        Advice::WaitForCheaperNetwork {
            now: amount(90),
            ceiling: amount(30),
        },
        Advice::WaitForValue,
        Advice::WaitForPrice(asset),
        Advice::WaitForRule,
        Advice::WaitForReview,
        Advice::WaitForLedger,
        Advice::WaitForSource,
        Advice::WaitForControl,
        Advice::WaitForFactory,
        Advice::WaitForNetwork,
        Advice::WaitForPerson,
        Advice::WaitForListing,
        Advice::AskReceiver,
        Advice::AskBridge,
        Advice::AskContractOwner,
        Advice::NobodyIsOwed,
    ];
    all.extend(
        [
            AtSender::Failed,
            AtSender::Replaced,
            AtSender::OldFork,
            AtSender::Gone,
            AtSender::Undelivered,
        ]
        .map(Advice::AskSender),
    );
    all.extend(Reason::ALL.iter().copied().map(Advice::NothingCanBeDone));
    all
}

fn told(advice: &Advice) -> Told {
    let deposit = deposit();
    let scene = Scene {
        deposit: &deposit,
        network: None,
        currency: "USD",
    };
    let place = Place {
        asset: deposit.asset(),
        to: deposit.to(),
    };
    tell(advice, advice.trigger(&place).as_ref(), &scene)
}

#[test]
fn own_every_advice_says_what_to_do_what_it_costs_and_what_not_to_do() {
    let all = all();
    for code in AdviceCode::ALL {
        assert!(all.iter().any(|advice| advice.code() == *code), "{code}");
    }
    for advice in &all {
        let told = told(advice);
        for text in [&told.what, &told.costs, &told.do_not] {
            assert!(text.ends_with('.'), "{advice:?}: {text}");
            assert!(!text.contains("  "), "{advice:?}: {text}");
            for word in [
                "fraud", "sanction", "complian", "suspic", "screen", "police",
            ] {
                assert!(!text.to_lowercase().contains(word), "{advice:?}: {text}");
            }
        }
        assert!(told.do_not.starts_with("Do not"), "{advice:?}");
    }
}

#[test]
fn own_figures_are_told_in_coins_and_the_currency() {
    let gathered = Gathered {
        minimum: amount(100_000),
        present: amount(40_000),
    };
    let told = told(&Advice::TopUpToMinimum {
        gathered,
        missing: amount(60_000),
        costs: Cents(amount(7)),
        gain: Cents(amount(1_205)),
    });
    assert!(
        told.what.starts_with(
            "Send at least 0.0006 LTC more, on litecoin, to the same address Laddress, then"
        ),
        "{}",
        told.what
    );
    assert!(
        told.what.ends_with("credited today, 0.001 LTC."),
        "{}",
        told.what
    );
    assert!(told.costs.contains("about 0.07 USD"), "{}", told.costs);
    assert!(
        told.costs.contains("about 12.05 USD more"),
        "{}",
        told.costs
    );
    assert_eq!(
        told.watch.as_deref(),
        Some("enough of litecoin/native lies at Laddress to be worked")
    );
}

#[test]
fn own_only_what_can_never_be_had_is_called_lost() {
    for advice in all() {
        let is_lost = advice.code() == AdviceCode::NothingCanBeDone;
        let says_so = told(&advice).what.starts_with("Nothing can be done:");
        assert_eq!(is_lost, says_so, "{advice:?}");
    }
}
