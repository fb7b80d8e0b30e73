//! What people vote on: every leaf of the content moves the digest, and nothing else does.

use crate::world::{
    AMOUNT, START, World, because, correction, ethereum, instruction, later, leg, send, vote_on,
};
use recover_core::amount::Amount;
use recover_core::block::TxId;
use recover_core::claim::{
    Acceptance, Approval, Approved, Claim, ClaimStatus, Command, Evidence, EvidenceFile,
    GrantedWaiver, Hold, Refusal, Resolution, Screening, Unwinding,
};
use recover_core::digest::{Digest, Encoder};
use recover_core::memo::{Memo, MemoKind};
use recover_core::plan::{InstructionKind, LegKind, Plan, Rest, Spend, Step};
use recover_core::wire::ContentJson;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A claim with every optional part of its content in place.
fn full() -> Claim {
    let mut world = World::new();
    let mut claim = world.claim_at(ClaimStatus::PendingApproval);
    let mut moved = leg(LegKind::Transfer, "0xTo", "0xProven", AMOUNT);
    moved.signer_key = Some(because("02ab"));
    moved.call = Some(vec![0xa9, 0x05]);
    moved.route = Some(because("transfer/channel-141"));
    moved.spend = Some(Box::new(Spend {
        tx_id: TxId::new("ab01"),
        index: 1,
        amount: Amount::from_u128(AMOUNT),
        descriptor: Some(because("wpkh(02ab)")),
        inscription: true,
        rest: Some(Rest {
            recipient: because("0xTreasury"),
            amount: Amount::from_u128(3),
        }),
    }));
    moved.memo = Some(Memo {
        kind: MemoKind::Text,
        raw: b"7".to_vec(),
        place: because("memo"),
    });
    claim.correction = Some(correction());
    claim.waivers = vec![GrantedWaiver {
        code: because("goodwill"),
        person: because("eli"),
        note: because("our page named the wrong network"),
        granted_at: START,
    }];
    claim.acceptance = Some(Acceptance {
        evidence: Evidence {
            text: because("ticket 4711"),
            file: Some(EvidenceFile {
                sha256: Encoder::new("file").finish(),
                length: 812,
            }),
        },
        person: because("ada"),
        accepted_at: START,
    });
    claim.unwinding = Some(Unwinding {
        reason: because("the token is paused"),
        person: because("tom"),
        since: START,
        costs: Amount::from_u128(60),
    });
    let mut booked = instruction(InstructionKind::Reverse, Some("user-1"), 5);
    booked.entry = Some(because("entry-1"));
    claim.plan = Some(Plan {
        steps: vec![
            send(leg(LegKind::GasTopUp, "0xGas", "0xTo", 40)),
            send(moved),
            Step::Instruct(vec![
                booked,
                instruction(InstructionKind::Credit, Some("user-1"), 917),
            ]),
        ],
    });
    claim
}

/// Every place below a value, as a JSON pointer, inner ones included.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    if !at.is_empty() {
        into.push(at.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{at}/{key}"), into);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(value, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

/// Other values that might stand in the place of one; most do not fit there, and those that do must move the digest.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![Value::Null];
    match value {
        Value::Null => {
            others.extend(["1", "user-9", "02"].map(Value::from));
            others.push(serde_json::json!({"kind": "text", "raw": "37", "place": "memo"}));
            others.push(serde_json::json!({"tx_id": "ab", "index": 0, "amount": "1", "descriptor": null, "inscription": false, "rest": null}));
            others.push(serde_json::json!({"recipient": "x", "amount": "1"}));
        }
        Value::Bool(is) => others.push(Value::from(!is)),
        Value::Number(number) => {
            let number = number.as_i64().expect("a small number");
            others.extend([number + 1, number - 1, 0].map(Value::from));
        }
        Value::String(text) => {
            let mut turned: Vec<char> = text.chars().collect();
            turned.reverse();
            let last = match text.chars().last() {
                Some('0') => "1",
                _ => "0",
            };
            let mut cut = text.clone();
            cut.pop();
            others.extend([
                Value::from(format!("{cut}{last}")),
                Value::from(format!("{text}0")),
                Value::from(format!("{text}aa")),
                Value::from(format!("a{text}")),
                Value::from(turned.into_iter().collect::<String>()),
                Value::from(cut),
                Value::from(""),
                Value::from("0"),
            ]);
            let codes = (Resolution::ALL.iter().map(|code| code.code()))
                .chain(LegKind::ALL.iter().map(|code| code.code()))
                .chain(InstructionKind::ALL.iter().map(|code| code.code()))
                .chain(MemoKind::ALL.iter().map(|code| code.code()));
            others.extend(codes.map(Value::from));
        }
        Value::Array(list) => {
            others.push(Value::from(list.get(1..).unwrap_or_default().to_vec()));
            let twice = list.iter().chain(list.first()).cloned();
            others.push(Value::Array(twice.collect()));
            others.push(Value::Array(list.iter().rev().cloned().collect()));
        }
        Value::Object(_) => {}
    }
    others.retain(|other| other != value);
    others
}

#[test]
fn i04_every_leaf_of_the_content_moves_the_digest() {
    let base = full();
    let json = serde_json::to_value(ContentJson::of(&base)).expect("a content has a form");
    let mut all = Vec::new();
    places(&json, "", &mut all);
    let unchanged = json.to_string();
    let mut seen: BTreeMap<Digest, String> =
        BTreeMap::from([(base.content_digest(), json.to_string())]);
    let mut changes = 0;
    for place in all {
        let before = json.pointer(&place).expect("the place is there").clone();
        let is_leaf = !before.is_object();
        let mut read_some = false;
        for other in others(&before) {
            let mut changed = json.clone();
            *changed.pointer_mut(&place).expect("the place is there") = other.clone();
            let Ok(content) = serde_json::from_value::<ContentJson>(changed) else {
                continue;
            };
            let Ok(claim) = content.read() else {
                continue;
            };
            let form = serde_json::to_value(ContentJson::of(&claim))
                .expect("a content has a form")
                .to_string();
            // The same sum in another spelling is the same content.
            if form != unchanged {
                read_some = true;
                changes += 1;
            }
            let twin = seen.insert(claim.content_digest(), form.clone());
            assert!(
                twin.is_none_or(|twin| twin == form),
                "{place} as {other} has the digest of another content"
            );
        }
        assert!(read_some || !is_leaf, "nothing else can stand at {place}");
    }
    println!("{changes} changes, {} digests", seen.len());
    assert!(changes > 200, "only {changes} changes could be read");
}

#[test]
fn i04_a_content_that_comes_back_has_the_digest_that_was_voted_on() {
    let mut claims = vec![full()];
    for (mut world, status) in [
        (World::new(), ClaimStatus::Draft),
        (World::new(), ClaimStatus::Quoted),
        (World::crediting(), ClaimStatus::Approved),
        (World::sweeping(), ClaimStatus::Confirming),
        (World::correcting(), ClaimStatus::Instructed),
    ] {
        claims.push(world.claim_at(status));
    }
    for claim in claims {
        let text = serde_json::to_string(&ContentJson::of(&claim)).expect("a content has a form");
        let read: ContentJson = serde_json::from_str(&text).expect("its own form");
        let back = read.read().expect("its own form");
        assert_eq!(back.content_digest(), claim.content_digest(), "{text}");
    }
    let mut unknown = serde_json::to_value(ContentJson::of(&full())).expect("a form");
    unknown["also"] = Value::from("this");
    assert!(serde_json::from_value::<ContentJson>(unknown).is_err());
}

/// Claims, votes and packages of before corrections existed stay good.
#[test]
fn i04_what_corrects_no_booking_reads_and_digests_as_before() {
    let mut claim = World::new().claim_at(ClaimStatus::PendingApproval);
    // Nobody kept by what a customer accepted.
    claim.acceptance = None;
    let json = serde_json::to_value(ContentJson::of(&claim)).expect("a content has a form");
    for later in ["correction", "waivers", "acceptance", "unwinding"] {
        assert_eq!(json.get(later), None);
    }
    assert_eq!(
        claim.content_digest().to_string(),
        "d91508881f9ac10b586fd97f84664bffa899c801d6832fa7372f76acf04bc712"
    );
    let mut corrected = claim.clone();
    corrected.correction = Some(correction());
    assert_ne!(corrected.content_digest(), claim.content_digest());
}

/// A field and how it is changed.
type Change = (&'static str, Box<dyn Fn(&mut Claim)>);

#[test]
fn i04_what_happens_to_a_content_is_no_part_of_it() {
    let base = World::new().claim_at(ClaimStatus::PendingApproval);
    // Taken apart without `..`: a new field does not compile until somebody says on which side it stands.
    let Claim {
        id: _,
        deposit: _,
        deposit_block: _,
        asset: _,
        amount: _,
        appeal: _,
        beneficiary: _,
        destination: _,
        resolution: _,
        correction: _,
        revision: _,
        quote: _,
        plan: _,
        screening: _,
        opened_by: _,
        // From here on: no part of the content.
        status: _,
        hold: _,
        rescreening: _,
        approvals: _,
        approved: _,
        execution: _,
        involved: _,
        opened_at: _,
        closing_reason: _,
        waivers: _,
        acceptance: _,
        unwinding: _,
    } = &base;
    let screened = Screening {
        clear: true,
        person: because("eli"),
        reason: because("again"),
        decided_at: later(START, 5),
    };
    let changes: Vec<Change> = vec![
        (
            "status",
            Box::new(|claim| claim.status = ClaimStatus::Accepted),
        ),
        (
            "hold",
            Box::new(|claim| {
                claim.hold = Some(Hold {
                    person: because("eve"),
                    since: START,
                    reason: because("x"),
                })
            }),
        ),
        (
            "rescreening",
            Box::new(move |claim| claim.rescreening = Some(screened.clone())),
        ),
        (
            "approvals",
            Box::new(|claim| {
                claim.approvals = vec![Approval {
                    person: because("bob"),
                    digest: claim.content_digest(),
                    approved_at: START,
                    signature: None,
                }]
            }),
        ),
        (
            "approved",
            Box::new(|claim| {
                claim.approved = Some(Approved {
                    at: START,
                    tier: because("T1"),
                    voters: BTreeSet::new(),
                    alone: false,
                })
            }),
        ),
        ("execution", Box::new(|claim| claim.execution.attempts = 1)),
        (
            "involved",
            Box::new(|claim| {
                claim.involved.insert(because("gus"));
            }),
        ),
        (
            "opened_at",
            Box::new(|claim| claim.opened_at = later(START, 1)),
        ),
        (
            "closing_reason",
            Box::new(|claim| claim.closing_reason = Some(because("x"))),
        ),
        (
            "the words of a screening",
            Box::new(|claim| claim.screening.as_mut().expect("screened").reason = because("other")),
        ),
        (
            "when a quote was given",
            Box::new(|claim| claim.quote.as_mut().expect("quoted").quoted_at = later(START, 1)),
        ),
    ];
    for (name, change) in changes {
        let mut claim = base.clone();
        change(&mut claim);
        assert_ne!(claim, base, "{name} was not changed");
        assert_eq!(claim.content_digest(), base.content_digest(), "{name}");
    }
}

#[test]
fn i03_a_vote_counts_only_for_the_exact_content() {
    let mut world = World::new();
    let mut claim = world.claim_at(ClaimStatus::PendingApproval);
    let seen = claim.content_digest();
    // Somebody changes what is paid behind the voter's back.
    claim.destination = Some(because("0xThief"));
    assert_eq!(
        world.act(&claim, "bob", &vote_on(seen)),
        Err(Refusal::DigestDiffers)
    );
    // A vote that lies there for another content is not added up with this one.
    claim.approvals.push(Approval {
        person: because("bob"),
        digest: seen,
        approved_at: START,
        signature: None,
    });
    let after = world
        .act(&claim, "cyd", &vote_on(claim.content_digest()))
        .expect("the vote itself is good");
    assert_eq!(after.status, ClaimStatus::PendingApproval);
    // Neither is it released where the change came after the votes.
    let mut approved = World::new().claim_at(ClaimStatus::Approved);
    for step in &mut approved.plan.as_mut().expect("it is laid out").steps {
        if let Step::Send(leg) = step {
            leg.recipient = because("0xThief");
        }
    }
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::QuorumMissing)
    );
}

#[test]
fn a_package_is_bound_to_content_bytes_step_attempt_and_deadline() {
    let claim = World::new().claim_at(ClaimStatus::Prepared);
    let content = claim.content_digest();
    let package = claim.execution.package.expect("it is prepared");
    let other = Encoder::new("another content").finish();
    let mut seen = BTreeSet::from([package.digest(&content), package.digest(&other)]);
    for change in 0..4 {
        let mut changed = package.clone();
        match change {
            0 => changed.bytes.push(0),
            1 => changed.step += 1,
            2 => changed.attempt += 1,
            _ => changed.expires_at = later(changed.expires_at, 1),
        }
        seen.insert(changed.digest(&content));
    }
    assert_eq!(seen.len(), 6);
}

#[test]
fn instruction_ids_and_text_tell_every_field_apart() {
    let base = instruction(InstructionKind::Credit, Some("user-1"), 5);
    let mut seen = BTreeSet::from([
        base.id("clm_1", 0, 0),
        base.id("clm_2", 0, 0),
        base.id("clm_1", 1, 0),
        base.id("clm_1", 0, 1),
    ]);
    let mut texts = BTreeSet::from([recover_core::claim::instruction_text(
        "clm_1",
        0,
        std::slice::from_ref(&base),
    )]);
    for change in 0..6 {
        let mut changed = base.clone();
        match change {
            0 => changed.kind = InstructionKind::Reverse,
            1 => changed.user = None,
            2 => changed.user = Some(because("user-2")),
            3 => changed.asset = recover_core::asset::AssetId::native(ethereum()),
            4 => changed.amount = recover_core::amount::Amount::from_u128(6),
            _ => changed.entry = Some(because("entry-1")),
        }
        seen.insert(changed.id("clm_1", 0, 0));
        texts.insert(recover_core::claim::instruction_text(
            "clm_1",
            0,
            &[changed],
        ));
    }
    assert_eq!((seen.len(), texts.len()), (10, 7));
    let mut forged = base;
    forged.user = Some(because("user-1\nins_0\tcredit\tuser-2"));
    let text = recover_core::claim::instruction_text("clm_1", 0, &[forged]);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(text.matches('\t').count(), 5, "{text}");
}

#[test]
fn pitfall_092_another_policy_is_another_content_only_through_a_new_quote() {
    let mut world = World::new();
    let accepted = world.claim_at(ClaimStatus::Accepted);
    let offered = accepted.quote.clone();
    // The policy changes in every way in which a step can see it, and the night passes.
    for policy in &mut world.policies {
        policy.screening_age_max_seconds = 60;
        for tier in &mut policy.tiers {
            tier.votes = 3;
        }
    }
    world.now = later(START, crate::world::QUOTE_SECONDS * 3);
    let claim = world.on_to(accepted, |claim| claim.status == ClaimStatus::Approved);
    assert_eq!(claim.quote, offered);
    assert_eq!(claim.approvals.len(), 3);
    assert_eq!(claim.quote.map(|quote| quote.policy_version), Some(4));
    let requoted = World::new().claim_at(ClaimStatus::Approved);
    let after = World::new()
        .act(&requoted, "ada", &World::new().quote(&requoted))
        .expect("nothing is out");
    assert_eq!(after.revision, requoted.revision + 1);
    assert!(matches!(world.quote(&requoted), Command::Quote { .. }));
}
