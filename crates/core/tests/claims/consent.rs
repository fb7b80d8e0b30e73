//! What people say on a claim beside votes: waivers by others than those who work on it, and acceptance by the customer's own
//! words.

use crate::people::EVERYBODY;
use crate::world::{World, accept, because, later, vote, waive};
use recover_core::amount::Amount;
use recover_core::claim::{Claim, ClaimStatus, Command, Evidence, EvidenceFile, Refusal};
use recover_core::digest::Encoder;
use recover_core::fee::Cents;

#[test]
fn a_waiver_is_granted_by_its_roles_and_by_nobody_who_worked_on_the_claim() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Quoted);
    let may = ["lea", "leo", "eve", "eli", "fay"];
    for name in EVERYBODY {
        let found = world.act(&claim, name, &waive("goodwill"));
        match may.contains(name) {
            true => assert!(found.is_ok(), "{name}"),
            false => assert_eq!(found, Err(Refusal::RoleMissing), "{name}"),
        }
    }
    // Who has the role as well as the maker's, and opened it, grants nothing.
    let request = world.request();
    world.deposit.status = recover_core::deposit::DepositStatus::Open;
    let own = world.open("fay", &request).expect("fay may open");
    assert_eq!(
        world.act(&own, "fay", &waive("goodwill")),
        Err(Refusal::ActorInvolved)
    );
}

#[test]
fn what_was_quoted_before_a_waiver_is_no_price_any_more() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Quoted);
    let waived = world
        .act(&claim, "lea", &waive("goodwill"))
        .expect("granted");
    assert_eq!(
        (
            waived.status,
            waived.revision,
            waived.quote.is_none(),
            waived.plan.is_none()
        ),
        (ClaimStatus::Draft, claim.revision + 1, true, true)
    );
    assert_eq!(
        world.act(&waived, "ada", &accept()),
        Err(Refusal::StatusWrong)
    );
    let [granted] = waived.waivers.as_slice() else {
        panic!("one waiver");
    };
    assert_eq!(
        (
            granted.code.as_str(),
            granted.person.as_str(),
            granted.granted_at
        ),
        ("goodwill", "lea", world.now)
    );
    // The same once more is refused, another one by somebody else is not.
    assert_eq!(
        world.act(&waived, "leo", &waive("goodwill")),
        Err(Refusal::WaiverGranted)
    );
    assert!(world.act(&waived, "leo", &waive("venue_fault")).is_ok());
    // It outlives another quote, and is part of what people vote on.
    let pending = world.on_to(waived.clone(), |claim| {
        claim.status == ClaimStatus::PendingApproval
    });
    assert_eq!(pending.waivers, waived.waivers);
    let mut without = pending.clone();
    without.waivers.clear();
    assert_ne!(pending.content_digest(), without.content_digest());
    // Who granted it does not vote.
    assert_eq!(
        world.act(&pending, "lea", &vote(&pending)),
        Err(Refusal::ActorInvolved)
    );
}

#[test]
fn who_grants_a_waiver_does_not_quote() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Draft);
    let waived = world
        .act(&claim, "fay", &waive("goodwill"))
        .expect("granted");
    assert_eq!(
        world.act(&waived, "fay", &world.quote(&waived)),
        Err(Refusal::ActorInvolved)
    );
    assert!(world.act(&waived, "ada", &world.quote(&waived)).is_ok());
}

#[test]
fn nothing_is_waived_once_the_customer_accepted() {
    let mut world = World::new();
    for status in [
        ClaimStatus::Accepted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
    ] {
        let claim = world.clone().claim_at(status);
        assert_eq!(
            world.act(&claim, "leo", &waive("goodwill")),
            Err(Refusal::StatusWrong),
            "{status}"
        );
    }
    let claim = world.claim_at(ClaimStatus::Accepted);
    let again = world
        .act(&claim, "ada", &world.quote(&claim))
        .expect("another price");
    assert!(world.act(&again, "leo", &waive("goodwill")).is_ok());
}

fn by(text: &str, file: Option<EvidenceFile>) -> Command {
    Command::Accept {
        evidence: Evidence {
            text: because(text),
            file,
        },
    }
}

#[test]
fn what_is_charged_is_accepted_by_the_customers_own_words() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Quoted);
    let file = || EvidenceFile {
        sha256: Encoder::new("mail").finish(),
        length: 4_211,
    };
    // A file that nobody describes says nothing to whoever reads the claim.
    for command in [by("", None), by(" \t\n", None), by("", Some(file()))] {
        assert_eq!(
            world.act(&claim, "ada", &command),
            Err(Refusal::EvidenceMissing)
        );
    }
    let accepted = world
        .act(&claim, "abe", &by("mail of 3 May", Some(file())))
        .expect("accepted");
    let kept = accepted.acceptance.as_ref().expect("kept");
    assert_eq!(
        (
            kept.person.as_str(),
            kept.accepted_at,
            kept.evidence.file.clone()
        ),
        ("abe", world.now, Some(file()))
    );
    // Other words, another file or another person are another content.
    let digest = |change: fn(&mut Claim)| {
        let mut other = accepted.clone();
        change(&mut other);
        other.content_digest()
    };
    let all = [
        accepted.content_digest(),
        digest(|claim| claim.acceptance = None),
        digest(|claim| {
            claim
                .acceptance
                .as_mut()
                .expect("kept")
                .evidence
                .text
                .push('.')
        }),
        digest(|claim| claim.acceptance.as_mut().expect("kept").evidence.file = None),
        digest(|claim| claim.acceptance.as_mut().expect("kept").person = because("ada")),
        digest(|claim| {
            let kept = claim.acceptance.as_mut().expect("kept");
            kept.accepted_at = later(kept.accepted_at, 1);
        }),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    // Another price must be accepted again.
    let again = world
        .act(&accepted, "ada", &world.quote(&accepted))
        .expect("another price");
    assert_eq!(again.acceptance, None);
}

#[test]
fn a_fee_of_nothing_needs_no_evidence() {
    let mut world = World::crediting();
    let mut claim = world.claim_at(ClaimStatus::Quoted);
    let free = |claim: &mut Claim| {
        let quote = &mut claim.quote.as_mut().expect("quoted").quote;
        quote.net = claim.amount;
        quote.fee_in_asset = Amount::ZERO;
        quote.total_fee = Cents::default();
    };
    free(&mut claim);
    let accepted = world
        .act(&claim, "ada", &by("", None))
        .expect("nobody pays");
    assert_eq!(accepted.acceptance.expect("kept").person, "ada");
    // A fee that is paid beside the deposit is one.
    let terms = crate::world::terms(recover_core::fee::OnFailure::Refund);
    claim.quote.as_mut().expect("quoted").quote.terms = Some(Box::new(terms));
    assert_eq!(
        world.act(&claim, "ada", &by("", None)),
        Err(Refusal::EvidenceMissing)
    );
}
