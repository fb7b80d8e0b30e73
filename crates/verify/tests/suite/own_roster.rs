//! The pinned roster: what it must hold to be one, and that it decides.

use crate::cases;
use crate::world::{now, person, public_key, roster, roster_text};
use recover_core::people::Role;
use recover_verify::{Code, Roster, verify};

#[test]
fn own_a_roster_comes_back_as_it_was_written() {
    assert_eq!(Roster::parse(&roster_text()), Ok(roster()));
}

/// Empty is never a pass.
#[test]
fn own_unsound_rosters_are_refused() {
    type Change = fn(&mut Roster);
    let changes: &[(&str, Change)] = &[
        ("no exchange", |roster| roster.exchange.clear()),
        ("no policy", |roster| roster.policies.clear()),
        ("nobody", |roster| roster.people.clear()),
        ("no rule", |roster| roster.approval.rules.clear()),
        ("no tier", |roster| roster.approval.tiers.clear()),
        ("a tier of nobody", |roster| {
            roster.approval.tiers[1].votes = 0
        }),
        ("a tier without a name", |roster| {
            roster.approval.tiers[1].name.clear()
        }),
        ("more leads than votes", |roster| {
            roster.approval.tiers[1].lead_votes = 3
        }),
        ("a negative delay", |roster| {
            roster.approval.tiers[1].delay_seconds = -1
        }),
        ("tiers that fall", |roster| roster.approval.tiers.swap(1, 2)),
        ("an open tier before the last", |roster| {
            roster.approval.tiers[0].value_max = None
        }),
        ("a tier twice", |roster| {
            roster.approval.tiers[0].name = "T1".to_owned()
        }),
        ("no validity of votes", |roster| {
            roster.approval.vote_valid_seconds = 0
        }),
        ("no age of screenings", |roster| {
            roster.approval.screening_age_max_seconds = 0
        }),
        ("no age at release", |roster| {
            roster.approval.release_screening_age_max_seconds = -1
        }),
        ("no age of contents", |roster| {
            roster.content_age_seconds_max = 0
        }),
        ("no validity of packages", |roster| {
            roster.package_valid_seconds_max = 0
        }),
        ("a multiple of zero", |roster| {
            roster.approval.week_multiple = 0
        }),
        ("a person twice", |roster| {
            roster.people.push(person("ana", &[Role::Wallet]))
        }),
        ("a person in other letters", |roster| {
            roster.people.push(person("Ana", &[Role::Wallet]))
        }),
        ("a person without a role", |roster| {
            roster.people[0].roles.clear()
        }),
        ("a person without a name", |roster| {
            roster.people[0].name = " ".to_owned()
        }),
        ("one key of two people", |roster| {
            roster.people[0].keys.push(public_key("chidi"))
        }),
        ("a network twice", |roster| {
            roster.networks.push(roster.networks[0].clone())
        }),
        ("a chain that is not checked", |roster| {
            roster.networks[0].chain = "tron:1".to_owned()
        }),
        ("no treasury", |roster| roster.networks[0].treasury.clear()),
        ("an empty gas account", |roster| {
            roster.networks[0].gas = Some(String::new())
        }),
        ("no fee", |roster| {
            roster.networks[0].fee_max = recover_core::amount::Amount::ZERO
        }),
        ("two keys of one account", |roster| {
            let signer = roster.networks[1].signers[0].clone();
            roster.networks[1].signers.push(signer);
        }),
    ];
    for (name, change) in changes {
        let mut unsound = roster();
        change(&mut unsound);
        assert!(unsound.to_toml().is_err(), "{name} was written");
    }
}

#[test]
fn own_unreadable_rosters_are_refused() {
    let text = roster_text();
    let changes: &[(&str, &str, &str)] = &[
        ("another format", "recover-roster/1", "recover-roster/2"),
        ("an unknown key", "exchange =", "site = 1\nexchange ="),
        ("a key twice", "exchange =", "exchange = \"a\"\nexchange ="),
        ("an unknown role", "\"specialist\"", "\"owner\""),
        ("an unknown action", "\"block\"", "\"allow\""),
        ("an unknown kind", "\"memo_of_another_user\"", "\"gift\""),
        ("no threshold", "votes = 2", "votes = 0"),
        ("a threshold below zero", "votes = 2", "votes = -2"),
        ("no digits", "fee_max = \"10000\"", "fee_max = \"ten\""),
        ("a short digest", "abababab", "abab"),
        ("a signing key in capitals", "key = \"ed", "key = \"ED"),
        ("a key of another algorithm", "ssh-ed25519", "ssh-rsa"),
    ];
    for (name, from, to) in changes {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{name}");
        assert!(Roster::parse(&changed).is_err(), "{name}");
    }
    assert!(Roster::parse("").is_err());
    assert!(Roster::parse(&" ".repeat(2 << 20)).is_err());
}

#[test]
fn own_a_private_key_in_the_roster_is_not_repeated() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXk";
    let line = public_key("ana").to_string();
    let text = roster_text().replacen(&line, key, 1);
    let error = Roster::parse(&text).unwrap_err().to_string();
    assert!(error.contains("private key"), "{error}");
    assert!(!error.contains("b3BlbnNzaC1rZXk"), "{error}");
}

/// The same package under another roster: each pinned fact decides by itself.
#[test]
fn own_what_is_pinned_decides() {
    type Change = fn(&mut Roster);
    let changes: &[(&str, &str, Change, Code)] = &[
        (
            "another key of a voter",
            "xrpl_return",
            |roster| {
                roster.people[3].keys = vec![public_key("stranger")];
            },
            Code::SignatureWrong,
        ),
        (
            "a voter who left",
            "xrpl_return",
            |roster| {
                roster.people.remove(3);
            },
            Code::VoterUnknown,
        ),
        (
            "a voter without the role",
            "xrpl_return",
            |roster| {
                roster.people[3].roles = [Role::Auditor].into();
            },
            Code::QuorumMissing,
        ),
        (
            "more votes",
            "xrpl_return",
            |roster| roster.approval.tiers[1].votes = 3,
            Code::QuorumMissing,
        ),
        (
            "no leads",
            "evm_sweep",
            |roster| {
                roster.people[4].roles = [Role::Wallet].into();
            },
            Code::QuorumMissing,
        ),
        (
            "a compliance vote",
            "xrpl_return",
            |roster| {
                roster.approval.tiers[1].compliance_vote = true;
            },
            Code::QuorumMissing,
        ),
        (
            "no such tier",
            "evm_sweep",
            |roster| {
                roster.approval.tiers.truncate(2);
            },
            Code::NotAllowed,
        ),
        (
            "no rule that fits",
            "xrpl_return",
            |roster| {
                roster.approval.rules.truncate(1);
            },
            Code::NotAllowed,
        ),
        (
            "a policy that is not accepted",
            "xrpl_return",
            |roster| {
                roster.policies[0].version = 4;
            },
            Code::PolicyUnknown,
        ),
        (
            "a network that is not pinned",
            "xrpl_return",
            |roster| {
                roster.networks.remove(1);
            },
            Code::ChainNotPinned,
        ),
        (
            "another chain",
            "stellar_return",
            |roster| {
                roster.networks[2].chain = "stellar:testnet".to_owned();
            },
            Code::ChainNotPinned,
        ),
        (
            "another treasury",
            "evm_sweep",
            |roster| {
                roster.networks[0].treasury = crate::chains::evm::account(9);
            },
            Code::RecipientNotPinned,
        ),
        (
            "a booking of another treasury",
            "evm_booking",
            |roster| {
                roster.networks[0].treasury = crate::chains::evm::account(9);
            },
            Code::RecipientNotPinned,
        ),
        (
            "another gas account",
            "evm_top_up",
            |roster| {
                roster.networks[0].gas = Some(crate::chains::evm::account(9));
            },
            Code::SignerNotPinned,
        ),
        (
            "no gas account",
            "evm_top_up",
            |roster| roster.networks[0].gas = None,
            Code::SignerNotPinned,
        ),
        (
            "a lower top-up",
            "evm_top_up",
            |roster| {
                roster.networks[0].top_up_max = recover_core::amount::Amount::from_u128(1);
            },
            Code::AboveCeiling,
        ),
        (
            "a lower fee",
            "cosmos_return",
            |roster| {
                roster.networks[3].fee_max = recover_core::amount::Amount::from_u128(1);
            },
            Code::AboveCeiling,
        ),
        (
            "another signing key",
            "cosmos_return",
            |roster| {
                roster.networks[3].signers[0].1 = "02".repeat(33);
            },
            Code::SignerNotPinned,
        ),
        (
            "a signer that is not pinned",
            "xrpl_return",
            |roster| {
                roster.networks[1].signers.clear();
            },
            Code::SignerNotPinned,
        ),
        (
            "an older content",
            "xrpl_return",
            |roster| roster.content_age_seconds_max = 3_600,
            Code::Expired,
        ),
        (
            "a shorter deadline",
            "xrpl_return",
            |roster| {
                roster.package_valid_seconds_max = 3_600;
            },
            Code::TimesDiffer,
        ),
        (
            "a shorter life of votes",
            "xrpl_return",
            |roster| {
                roster.approval.vote_valid_seconds = 3_600;
            },
            Code::VoteTooOld,
        ),
        (
            "a fresher screening",
            "xrpl_return",
            |roster| {
                roster.approval.release_screening_age_max_seconds = 3_600;
            },
            Code::ScreeningMissing,
        ),
        (
            "a longer delay",
            "evm_sweep",
            |roster| {
                roster.approval.tiers[2].delay_seconds = 86_400;
            },
            Code::DelayRunning,
        ),
    ];
    for (name, package, change, reason) in changes {
        let case = cases::all()
            .into_iter()
            .find(|case| case.name == *package)
            .unwrap();
        let mut other = roster();
        change(&mut other);
        let problems = verify(&case.text(), &other.to_toml().unwrap(), now())
            .err()
            .unwrap_or_else(|| panic!("{name}: accepted"));
        assert!(
            problems.iter().any(|problem| problem.code == *reason),
            "{name}: {problems:#?}"
        );
    }
}

/// By the signers' own clock.
#[test]
fn own_a_package_ends() {
    let case = cases::xrpl_return();
    let text = cases::file_of(&cases::out(case, 0)).to_json();
    let codes = |at: &str| -> Vec<Code> {
        let problems = verify(&text, &roster_text(), crate::world::time(at)).err();
        let problems = problems.unwrap_or_default();
        problems.iter().map(|problem| problem.code).collect()
    };
    assert_eq!(codes("2026-11-22T11:59:59Z"), []);
    assert_eq!(codes("2026-11-22T12:00:00Z"), [Code::Expired]);
    assert!(codes("2026-11-22T08:00:00Z").contains(&Code::TimesDiffer));
    assert!(codes("2027-11-22T09:00:00Z").contains(&Code::Expired));
}

/// The network's own rule ends a transaction too: this one's bytes say 2027-01-15T08:00:00Z.
#[test]
fn own_a_transaction_that_the_network_no_longer_takes_is_refused() {
    let all = cases::all();
    let case = all
        .iter()
        .find(|case| case.name == "stellar_return")
        .unwrap();
    let dead = |at: &str| {
        let problems = verify(&case.text(), &roster_text(), crate::world::time(at)).err();
        let problems = problems.unwrap_or_default();
        problems
            .iter()
            .any(|problem| problem.detail.contains("no longer takes"))
    };
    assert!(!dead("2027-01-15T07:59:59Z"));
    assert!(dead("2027-01-15T08:00:00Z"));
}

/// The smallest tier lets the opener decide alone, within its limit and no further.
#[test]
fn own_one_person_alone_only_where_the_tier_says_so() {
    let text = |value: &str| {
        let mut claim = cases::xrpl_return();
        claim.quote.as_mut().unwrap().quote.value = crate::world::cents(value);
        let claim = cases::out_by(claim, 0, |claim| {
            let at = crate::world::time("2026-11-22T07:30:00Z");
            (
                vec![crate::world::vote("ana", &claim.content_digest(), at)],
                "T0",
            )
        });
        cases::file_of(&claim).to_json()
    };
    assert!(verify(&text("60"), &roster_text(), now()).is_ok());
    assert!(verify(&text("100.01"), &roster_text(), now()).is_err());
    let mut smaller = roster();
    smaller.approval.tiers[0].alone = None;
    assert!(verify(&text("60"), &smaller.to_toml().unwrap(), now()).is_err());
}
