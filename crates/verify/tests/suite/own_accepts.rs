//! What passes, and what a signer is shown of it.

use crate::cases::{self, Case};
use crate::chains;
use crate::world::{now, roster_text};
use recover_verify::{Report, signed_bytes, verify, verify_signed};

fn row<'a>(report: &'a Report, label: &str) -> &'a str {
    let found = report.rows.iter().find(|row| row.label == label);
    &found
        .unwrap_or_else(|| panic!("no {label}: {report}"))
        .value
}

#[test]
fn own_every_kind_of_package_passes() {
    for case in cases::all() {
        let report = verify(&case.text(), &roster_text(), now())
            .unwrap_or_else(|problems| panic!("{}: {problems:#?}", case.name));
        assert_eq!(
            report.package_digest.to_string(),
            case.file.package_digest()
        );
        assert_eq!(report.words.len(), 6);
        let Some(leg) = case.leg() else {
            match case.name {
                "correction_freeze" => {
                    assert!(row(&report, "bytes: freeze_counterparty").contains("user u-13"));
                    assert!(row(&report, "step").contains("freeze only"));
                }
                "charged_hold" => {
                    assert!(row(&report, "bytes: hold_fee").contains("5000000 base units"));
                    assert!(row(&report, "step").contains("set the fee aside only"));
                    assert_eq!(report.effect, "hold_fee");
                }
                "charged_capture" => {
                    assert!(row(&report, "bytes: capture_fee").contains("user u-77"));
                    assert_eq!(report.effect, "capture_fee");
                }
                "unwound" => {
                    assert!(row(&report, "bytes: release_fee").contains("4000000 base units"));
                    assert!(row(&report, "given up by").contains("the token is paused"));
                    assert!(row(&report, "networks took").starts_with("0.0006 ETH"));
                    assert_eq!(report.effect, "unwind");
                }
                "charged_booking" => {
                    assert!(row(&report, "bytes: credit").contains("1000000 base units"));
                }
                _ => assert!(row(&report, "bytes: credit").contains("990000 base units")),
            }
            if !case.claim.waivers.is_empty() {
                assert!(row(&report, "fee beside it").ends_with("from the user's balance"));
                assert_eq!(row(&report, "if it fails"), "refund_less_costs");
                assert!(row(&report, "waived").starts_with("goodwill by ines"));
                assert!(row(&report, "user accepted").ends_with("ticket 4711"));
                assert!(row(&report, "evidence").ends_with("7 bytes"));
            }
            if case.claim.correction.is_some() {
                assert_eq!(row(&report, "taken from user"), "u-13");
                assert_eq!(row(&report, "booked by entry"), "L-81");
                assert!(row(&report, "votes needed").contains("tier T3"));
            }
            continue;
        };
        assert_eq!(row(&report, "to").replace(' ', ""), leg.recipient);
        assert_eq!(row(&report, "from").replace(' ', ""), leg.signer);
        assert!(row(&report, "approved by chidi").contains("SHA256:"));
    }
}

#[test]
fn own_signed_bytes_pass_in_every_form_of_a_file() {
    let mut passed = 0;
    for case in cases::all() {
        let Some(leg) = case.leg() else { continue };
        let signed = chains::sign(leg, case.bytes(), false);
        let digits = hex::encode(&signed);
        for file in [
            signed.clone(),
            digits.clone().into_bytes(),
            format!("0x{digits}\n").into_bytes(),
            base64_of(&signed),
        ] {
            assert_eq!(signed_bytes(&file), signed);
            let (report, read) = verify_signed(&case.text(), &roster_text(), &file, now())
                .unwrap_or_else(|problems| panic!("{}: {problems:#?}", case.name));
            assert_eq!(row(&report, "transaction id"), read.tx_id.as_str());
            passed += 1;
        }
    }
    assert_eq!(passed, 10 * 4);
}

/// Wallets hand a PSBT back, not a transaction.
#[test]
fn own_a_signed_psbt_passes_and_another_does_not() {
    let all = cases::all();
    let case = all
        .iter()
        .find(|case| case.name == "bitcoin_return")
        .unwrap();
    let leg = case.leg().unwrap();
    let psbt = chains::bitcoin_family::signed_psbt(leg, case.bytes());
    let raw = chains::sign(leg, case.bytes(), false);
    for file in [
        psbt.clone(),
        base64_of(&psbt),
        hex::encode(&psbt).into_bytes(),
    ] {
        let (report, read) = verify_signed(&case.text(), &roster_text(), &file, now())
            .unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(read.bytes, raw);
        assert_eq!(row(&report, "transaction id"), read.tx_id.as_str());
        assert!(row(&report, "spends").ends_with(":0"));
    }
    // Never signed.
    assert!(verify_signed(&case.text(), &roster_text(), case.bytes(), now()).is_err());
}

fn base64_of(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .encode(bytes)
        .into_bytes()
}

/// Mail and Windows change line ends and add blank lines; that changes nothing that is said.
#[test]
fn own_line_ends_do_no_harm() {
    for case in cases::all() {
        let text = format!("{}\r\n\r\n", case.text().replace('\n', "\r\n"));
        assert!(
            verify(&text, &roster_text(), now()).is_ok(),
            "{}",
            case.name
        );
    }
}

#[test]
fn own_the_page_is_printable_whatever_the_package_says() {
    let mut claim = cases::sweep();
    claim.beneficiary = Some("u-\u{202e}77\u{1b}[2J\u{7}\n а".to_owned());
    for step in &mut claim.plan.as_mut().unwrap().steps {
        if let recover_core::plan::Step::Instruct(list) = step {
            list[0].user.clone_from(&claim.beneficiary);
        }
    }
    let claim = cases::out(claim, 2);
    let report = verify(&cases::file_of(&claim).to_json(), &roster_text(), now()).unwrap();
    let page = report.to_string();
    assert!(
        page.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')),
        "{page}"
    );
    assert!(row(&report, "for user").contains("\\u{202e}77\\u{1b}[2J"));
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')));
}

/// The state machine's own rule: with the sums of other claims a higher tier was needed, and its votes stand in the package.
#[test]
fn own_a_higher_tier_than_the_quote_alone_needs_is_held_against_its_own_votes() {
    let text = |tier: &'static str, people: &'static [&'static str]| {
        let claim = cases::out_by(cases::xrpl_return(), 0, |claim| {
            let digest = claim.content_digest();
            let at = crate::world::time("2026-11-22T07:30:00Z");
            let votes = people
                .iter()
                .map(|name| crate::world::vote(name, &digest, at));
            (votes.collect(), tier)
        });
        cases::file_of(&claim).to_json()
    };
    let passes = |text: String| verify(&text, &roster_text(), now()).is_ok();
    assert!(passes(text("T1", &["chidi", "emre"])));
    assert!(passes(text("T2", &["chidi", "dalia", "hana"])));
    assert!(!passes(text("T2", &["chidi", "emre"])));
    assert!(
        !passes(text("T0", &["chidi", "emre"])),
        "below what the quote needs"
    );
    assert!(!passes(text("T9", &["chidi", "emre"])), "no such tier");
}

/// Until a package's own case is made, nothing about it is assumed.
#[test]
fn own_a_claim_without_a_live_package_has_no_file() {
    let Case { mut claim, .. } = cases::all().remove(0);
    claim.execution.package = None;
    let outgoing = recover_verify::Outgoing {
        claim: &claim,
        deposit_kind: recover_core::kind::Kind::MissedCredit,
        policy_version: 3,
        policy_digest: crate::world::policy_digest(),
        log_head: cases::log_head(),
    };
    assert_eq!(
        recover_verify::PackageFile::new(&outgoing),
        Err(recover_verify::package::OutgoingError::NothingOut)
    );
}

/// The page that `docs/signers.md` shows is one that the program prints.
#[test]
fn own_the_docs_show_what_is_printed() {
    let docs = include_str!("../../../../docs/signers.md");
    let all = cases::all();
    let case = all.iter().find(|case| case.name == "evm_sweep").unwrap();
    let page = verify(&case.text(), &roster_text(), now())
        .unwrap()
        .to_string();
    assert!(docs.contains(&page), "{page}");
    let operator = crate::tamper_content::pay_attacker;
    let forged = crate::tamper_content::forged(case, operator, crate::tamper_content::Votes::Moved);
    let problems = verify(&forged.unwrap().to_json(), &roster_text(), now()).unwrap_err();
    for problem in problems {
        let line = format!("- {problem}\n");
        assert!(docs.contains(&line), "{line}");
    }
}
