//! Operators on the fields of the file, and on its text.

use crate::cases::{self, Case};
use crate::chains;
use crate::world::{key_of, now, ssh_signature, time, vote};
use recover_core::claim::Package;
use recover_core::digest::Digest;
use recover_core::ssh::NAMESPACE;
use recover_verify::Code;
use recover_verify::PackageFile;
use serde_json::{Value, json};

/// How far the attacker hides the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// The file is written anew in its canonical form.
    Written,
    /// Its own digest too.
    Sealed,
    /// The package's digest too.
    Digests,
}

pub const COVERS: [Cover; 3] = [Cover::Written, Cover::Sealed, Cover::Digests];

/// Changes a file; false where it has nothing to change.
pub type Operator = fn(&Case, &mut Value) -> bool;

fn set(file: &mut Value, pointer: &str, value: Value) -> bool {
    let place = file
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer}"));
    let changes = *place != value;
    *place = value;
    changes
}

/// A vote's signature by a key, for a namespace, over a digest.
fn resign(file: &mut Value, by: &str, namespace: &str, digest: &Digest) -> bool {
    let signature = ssh_signature(&key_of(by), namespace, digest);
    set(file, "/votes/0/signature", json!(signature))
}

fn replace_vote(case: &Case, file: &mut Value, person: &str) -> bool {
    let digest = case.claim.content_digest();
    let vote = vote(person, &digest, time("2026-11-22T07:30:00Z"));
    set(file, "/votes/0/person", json!(person))
        && set(file, "/votes/0/signature", json!(vote.signature))
}

fn bytes_changed(file: &mut Value, change: impl FnOnce(&mut Vec<u8>)) -> bool {
    let text = file["bytes"].as_str().unwrap().to_owned();
    let mut bytes = match hex::decode(&text) {
        Ok(bytes) => bytes,
        Err(_) => {
            let mut bytes = text.into_bytes();
            change(&mut bytes);
            return set(file, "/bytes", json!(String::from_utf8_lossy(&bytes)));
        }
    };
    change(&mut bytes);
    set(file, "/bytes", json!(hex::encode(bytes)))
}

/// Name, the deepest cover under which it is still a lie, and what is then found.
pub const OPERATORS: &[(&str, Cover, Code, Operator)] = &[
    (
        "format",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| set(file, "/format", json!("recover-package/2")),
    ),
    (
        "content_digest_of_another",
        Cover::Sealed,
        Code::ContentDigestDiffers,
        |_, file| set(file, "/content_digest", json!("ef".repeat(32))),
    ),
    (
        "package_digest_of_another",
        Cover::Sealed,
        Code::PackageDigestDiffers,
        |_, file| set(file, "/package_digest", json!("ef".repeat(32))),
    ),
    (
        "package_digest_in_capitals",
        Cover::Sealed,
        Code::PackageDigestDiffers,
        |_, file| {
            let upper = file["package_digest"].as_str().unwrap().to_uppercase();
            set(file, "/package_digest", json!(upper))
        },
    ),
    (
        "file_digest",
        Cover::Written,
        Code::FileDigestDiffers,
        |_, file| set(file, "/file_digest", json!("ef".repeat(32))),
    ),
    (
        "step_beyond_the_plan",
        Cover::Digests,
        Code::StepDiffers,
        |_, file| set(file, "/step", json!(7)),
    ),
    (
        "another_step",
        Cover::Digests,
        Code::BytesDeviate,
        |case, file| case.name == "evm_top_up" && set(file, "/step", json!(1)),
    ),
    (
        "step_of_the_other_kind",
        Cover::Digests,
        Code::StepDiffers,
        |case, file| case.name == "evm_sweep" && set(file, "/step", json!(2)),
    ),
    (
        "attempt",
        Cover::Sealed,
        Code::PackageDigestDiffers,
        |_, file| set(file, "/attempt", json!(9)),
    ),
    ("kind", Cover::Digests, Code::StepDiffers, |_, file| {
        let other = match file["kind"].as_str() {
            Some("transaction") => "instructions",
            _ => {
                set(file, "/bytes", json!("00"));
                "transaction"
            }
        };
        set(file, "/kind", json!(other))
    }),
    (
        "bytes_last_one",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| bytes_changed(file, |bytes| *bytes.last_mut().unwrap() ^= 1),
    ),
    (
        "bytes_behind",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| bytes_changed(file, |bytes| bytes.push(0)),
    ),
    (
        "bytes_cut",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| bytes_changed(file, |bytes| bytes.truncate(bytes.len() - 1)),
    ),
    (
        "bytes_none",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| set(file, "/bytes", json!("")),
    ),
    (
        "bytes_in_capitals",
        Cover::Sealed,
        Code::PackageUnreadable,
        |case, file| {
            let upper = file["bytes"].as_str().unwrap().to_uppercase();
            case.leg().is_some() && set(file, "/bytes", json!(upper))
        },
    ),
    (
        "bytes_signed_already",
        Cover::Digests,
        Code::BytesDeviate,
        |case, file| {
            let Some(leg) = case.leg() else { return false };
            let signed = chains::sign(leg, case.bytes(), false);
            set(file, "/bytes", json!(hex::encode(signed)))
        },
    ),
    (
        "bytes_of_another_package",
        Cover::Digests,
        Code::BytesDeviate,
        |case, file| {
            let mut others = cases::all().into_iter();
            let other = others.find(|other| other.leg().is_some() && other.name != case.name);
            let other = serde_json::to_value(other.unwrap().file).unwrap();
            case.leg().is_some()
                && ["bytes", "summary", "slot", "valid_until", "valid_through"]
                    .into_iter()
                    .any(|field| set(file, &format!("/{field}"), other[field].clone()))
        },
    ),
    (
        "instruction_line_changed",
        Cover::Digests,
        Code::InstructionsDiffer,
        |case, file| {
            let text = file["bytes"].as_str().unwrap().replace("u-77", "u-78");
            case.leg().is_none() && set(file, "/bytes", json!(text))
        },
    ),
    (
        "instruction_id_changed",
        Cover::Digests,
        Code::InstructionsDiffer,
        |case, file| {
            let text = file["bytes"].as_str().unwrap().replacen("ins_", "ins-", 1);
            case.leg().is_none() && set(file, "/bytes", json!(text))
        },
    ),
    (
        "instruction_lines_swapped",
        Cover::Digests,
        Code::InstructionsDiffer,
        |case, file| {
            let text = file["bytes"].as_str().unwrap().to_owned();
            let lines: Vec<&str> = text.lines().rev().collect();
            case.leg().is_none()
                && lines.len() > 1
                && set(file, "/bytes", json!(format!("{}\n", lines.join("\n"))))
        },
    ),
    (
        "instruction_without_its_last_line_end",
        Cover::Digests,
        Code::InstructionsDiffer,
        |case, file| {
            let text = file["bytes"].as_str().unwrap().trim_end().to_owned();
            case.leg().is_none() && set(file, "/bytes", json!(text))
        },
    ),
    (
        "summary_says_another_amount",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| {
            let lines = file["summary"].as_array_mut().unwrap();
            let mut lines = lines.iter_mut().map(|line| &mut line["value"]);
            let line = lines.find(|line| line.as_str().unwrap().contains("990"));
            line.is_some_and(|line| {
                *line = json!(line.as_str().unwrap().replace("990", "99"));
                true
            })
        },
    ),
    (
        "summary_says_another_recipient",
        Cover::Digests,
        Code::SummaryDiffers,
        |case, file| {
            let Some(leg) = case.leg() else { return false };
            let lines = file["summary"].as_array_mut().unwrap();
            let line = lines
                .iter_mut()
                .find(|line| line["value"] == json!(leg.recipient));
            line.is_some_and(|line| {
                line["value"] = json!(crate::tamper_content::attacker(&leg.network));
                true
            })
        },
    ),
    (
        "summary_label",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| set(file, "/summary/0/label", json!("note")),
    ),
    (
        "summary_lines_swapped",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| {
            let lines = file["summary"].as_array_mut().unwrap();
            let is_several = lines.len() > 1;
            if is_several {
                lines.swap(0, 1);
            }
            is_several
        },
    ),
    (
        "summary_line_dropped",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| file["summary"].as_array_mut().unwrap().pop().is_some(),
    ),
    (
        "summary_line_added",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| {
            let line = json!({"label": "note", "value": "checked by security"});
            file["summary"].as_array_mut().unwrap().push(line);
            true
        },
    ),
    (
        "summary_none",
        Cover::Digests,
        Code::SummaryDiffers,
        |_, file| set(file, "/summary", json!([])),
    ),
    (
        "slot_sequence",
        Cover::Digests,
        Code::SlotDiffers,
        |case, file| case.leg().is_some() && set(file, "/slot/sequence", json!("40")),
    ),
    (
        "slot_account",
        Cover::Digests,
        Code::SlotDiffers,
        |case, file| case.leg().is_some() && set(file, "/slot/account", json!("rOther")),
    ),
    (
        "slot_ticket",
        Cover::Digests,
        Code::SlotDiffers,
        |case, file| case.leg().is_some() && set(file, "/slot/is_ticket", json!(true)),
    ),
    (
        "slot_removed_or_added",
        Cover::Digests,
        Code::SlotDiffers,
        |case, file| match case.leg() {
            Some(_) => set(file, "/slot", Value::Null),
            None => {
                let slot = json!({"account": "a", "sequence": "1", "is_ticket": false});
                set(file, "/slot", slot)
            }
        },
    ),
    (
        "nonce_in_the_bytes",
        Cover::Digests,
        Code::SlotDiffers,
        |case, file| {
            let Some(leg) = case.leg().filter(|leg| leg.spend.is_none()) else {
                return false;
            };
            let other = chains::unsigned(leg, cases::SEQUENCE + 1).unwrap();
            set(file, "/bytes", json!(hex::encode(other)))
        },
    ),
    (
        "height_in_the_bytes",
        Cover::Digests,
        Code::SummaryDiffers,
        |case, file| {
            let Some(leg) = case.leg().filter(|leg| leg.spend.is_some()) else {
                return false;
            };
            let other = chains::unsigned(leg, cases::SEQUENCE + 1).unwrap();
            set(file, "/bytes", json!(hex::encode(other)))
        },
    ),
    (
        "valid_until",
        Cover::Digests,
        Code::SlotDiffers,
        |_, file| set(file, "/valid_until", json!("2030-01-01T00:00:00Z")),
    ),
    (
        "valid_through",
        Cover::Digests,
        Code::SlotDiffers,
        |_, file| set(file, "/valid_through", json!("999999999")),
    ),
    (
        "deadline_moved",
        Cover::Sealed,
        Code::PackageDigestDiffers,
        |_, file| set(file, "/expires_at", json!("2026-11-22T13:00:00Z")),
    ),
    ("deadline_over", Cover::Digests, Code::Expired, |_, file| {
        set(file, "/expires_at", json!("2026-11-22T10:00:00Z"))
    }),
    (
        "deadline_in_a_year",
        Cover::Digests,
        Code::TimesDiffer,
        |_, file| set(file, "/expires_at", json!("2027-11-22T10:00:00Z")),
    ),
    (
        "deadline_in_another_zone",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| set(file, "/expires_at", json!("2026-11-22T13:00:00+01:00")),
    ),
    (
        "prepared_in_the_future",
        Cover::Digests,
        Code::TimesDiffer,
        |_, file| set(file, "/prepared_at", json!("2026-11-22T10:30:00Z")),
    ),
    (
        "prepared_long_after_the_screening",
        Cover::Digests,
        Code::ScreeningMissing,
        |_, file| set(file, "/prepared_at", json!("2026-11-22T09:59:00Z")),
    ),
    (
        "prepared_within_the_delay",
        Cover::Digests,
        Code::DelayRunning,
        |case, file| {
            let large = case.claim.approved.as_ref().unwrap().tier == "T2";
            large && set(file, "/prepared_at", json!("2026-11-22T08:00:00Z"))
        },
    ),
    (
        "vote_removed",
        Cover::Digests,
        Code::QuorumMissing,
        |_, file| file["votes"].as_array_mut().unwrap().pop().is_some(),
    ),
    (
        "votes_removed",
        Cover::Digests,
        Code::QuorumMissing,
        |_, file| set(file, "/votes", json!([])),
    ),
    ("vote_twice", Cover::Digests, Code::VotedTwice, |_, file| {
        let first = file["votes"][0].clone();
        set(file, "/votes/1", first)
    }),
    (
        "vote_in_another_name",
        Cover::Digests,
        Code::SignatureWrong,
        |_, file| set(file, "/votes/0/person", json!("emre")),
    ),
    (
        "vote_in_two_names",
        Cover::Digests,
        Code::SignatureWrong,
        |_, file| {
            let mut copy = file["votes"][0].clone();
            copy["person"] = json!("emre");
            file["votes"].as_array_mut().unwrap().push(copy);
            true
        },
    ),
    (
        "voter_homoglyph",
        Cover::Digests,
        Code::VoterUnknown,
        |_, file| set(file, "/votes/0/person", json!("chid\u{456}")),
    ),
    (
        "voter_with_a_blank",
        Cover::Digests,
        Code::VoterUnknown,
        |_, file| set(file, "/votes/0/person", json!("chidi ")),
    ),
    (
        "voter_in_capitals",
        Cover::Digests,
        Code::VoterUnknown,
        |_, file| set(file, "/votes/0/person", json!("Chidi")),
    ),
    (
        "vote_moved_to_another_digest",
        Cover::Digests,
        Code::VoteOnOtherContent,
        |_, file| set(file, "/votes/0/digest", json!("ef".repeat(32))),
    ),
    (
        "vote_on_another_content",
        Cover::Digests,
        Code::SignatureWrong,
        |_, file| {
            let other = Digest::parse(&"ef".repeat(32)).unwrap();
            resign(file, "chidi", NAMESPACE, &other)
        },
    ),
    (
        "vote_signed_for_another_namespace",
        Cover::Digests,
        Code::SignatureWrong,
        |case, file| resign(file, "chidi", "git", &case.claim.content_digest()),
    ),
    (
        "vote_signed_by_a_stranger",
        Cover::Digests,
        Code::SignatureWrong,
        |case, file| resign(file, "mallory", NAMESPACE, &case.claim.content_digest()),
    ),
    (
        "vote_signed_by_a_colleague",
        Cover::Digests,
        Code::SignatureWrong,
        |case, file| resign(file, "emre", NAMESPACE, &case.claim.content_digest()),
    ),
    (
        "vote_unsigned",
        Cover::Digests,
        Code::SignatureMissing,
        |_, file| set(file, "/votes/0/signature", Value::Null),
    ),
    (
        "vote_signature_cut",
        Cover::Digests,
        Code::SignatureWrong,
        |_, file| {
            let text = file["votes"][0]["signature"].as_str().unwrap()[..60].to_owned();
            set(file, "/votes/0/signature", json!(text))
        },
    ),
    (
        "vote_from_the_future",
        Cover::Digests,
        Code::VoteTooOld,
        |_, file| set(file, "/votes/0/approved_at", json!("2026-11-22T10:00:01Z")),
    ),
    (
        "vote_before_the_screening",
        Cover::Digests,
        Code::VoteTooOld,
        |_, file| set(file, "/votes/0/approved_at", json!("2026-11-22T06:59:00Z")),
    ),
    (
        "vote_too_old",
        Cover::Digests,
        Code::VoteTooOld,
        |_, file| set(file, "/votes/0/approved_at", json!("2026-11-21T09:59:59Z")),
    ),
    (
        "vote_of_the_opener",
        Cover::Digests,
        Code::VoterInvolved,
        |case, file| replace_vote(case, file, "ana"),
    ),
    (
        "vote_of_the_screener",
        Cover::Digests,
        Code::VoterInvolved,
        |case, file| replace_vote(case, file, "farah"),
    ),
    (
        "vote_of_the_treasurer",
        Cover::Digests,
        Code::VoterInvolved,
        |case, file| {
            // As the file names who prepared it; the next operator leaves that out.
            replace_vote(case, file, "gus")
        },
    ),
    (
        "vote_of_the_wrong_role",
        Cover::Digests,
        Code::QuorumMissing,
        |case, file| set(file, "/involved", json!([])) && replace_vote(case, file, "gus"),
    ),
    (
        "vote_of_the_opener_whom_the_file_does_not_name",
        Cover::Digests,
        Code::VoterInvolved,
        |case, file| set(file, "/involved", json!([])) && replace_vote(case, file, "ana"),
    ),
    (
        "vote_of_the_first_screener_whom_the_file_does_not_name",
        Cover::Digests,
        Code::VoterInvolved,
        |case, file| {
            set(file, "/involved", json!([]))
                && set(file, "/screening/person", json!("hana"))
                && replace_vote(case, file, "farah")
        },
    ),
    (
        "vote_of_the_last_screener_whom_the_file_does_not_name",
        Cover::Digests,
        Code::VoterInvolved,
        |_, file| {
            set(file, "/involved", json!([])) && set(file, "/screening/person", json!("chidi"))
        },
    ),
    (
        "voter_involved",
        Cover::Digests,
        Code::VoterInvolved,
        |_, file| set(file, "/involved", json!(["chidi"])),
    ),
    (
        "screening_held",
        Cover::Digests,
        Code::ScreeningMissing,
        |_, file| set(file, "/screening/clear", json!(false)),
    ),
    (
        "screening_from_the_future",
        Cover::Digests,
        Code::TimesDiffer,
        |_, file| set(file, "/screening/decided_at", json!("2026-11-22T10:00:01Z")),
    ),
    (
        "screening_before_the_approved_one",
        Cover::Digests,
        Code::ScreeningMissing,
        |_, file| set(file, "/screening/decided_at", json!("2026-11-22T06:59:59Z")),
    ),
    (
        "policy_version",
        Cover::Digests,
        Code::PolicyUnknown,
        |_, file| set(file, "/policy/version", json!(2)),
    ),
    (
        "policy_digest",
        Cover::Digests,
        Code::PolicyUnknown,
        |_, file| set(file, "/policy/digest", json!("cd".repeat(32))),
    ),
    (
        "deposit_kind_unknown",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| set(file, "/deposit_kind", json!("gift")),
    ),
    (
        "deposit_kind_that_a_rule_blocks",
        Cover::Digests,
        Code::NotAllowed,
        // A fee that is given back is blocked by no rule.
        |case, file| {
            case.claim.unwinding.is_none()
                && set(file, "/deposit_kind", json!("memo_of_another_user"))
        },
    ),
    (
        "tier_lower",
        Cover::Digests,
        Code::TierDiffers,
        |_, file| set(file, "/tier", json!("T0")),
    ),
    (
        "tier_unknown",
        Cover::Digests,
        Code::TierDiffers,
        |_, file| set(file, "/tier", json!("T9")),
    ),
    (
        "tier_that_its_votes_do_not_reach",
        Cover::Digests,
        Code::QuorumMissing,
        |_, file| file["tier"] != "T3" && set(file, "/tier", json!("T3")),
    ),
    (
        "log_head_zero",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| set(file, "/log_head", json!(format!("0:{}", "0".repeat(64)))),
    ),
    (
        "log_head_shaped_otherwise",
        Cover::Digests,
        Code::PackageUnreadable,
        |_, file| {
            set(
                file,
                "/log_head",
                json!(format!("01207:{}", "5e".repeat(32))),
            )
        },
    ),
    ("plan_none", Cover::Digests, Code::StepDiffers, |_, file| {
        set(file, "/content/plan", Value::Null)
    }),
    (
        "plan_without_steps",
        Cover::Digests,
        Code::StepDiffers,
        |_, file| set(file, "/content/plan/steps", json!([])),
    ),
    (
        "amount_with_leading_zero",
        Cover::Sealed,
        Code::ContentUnreadable,
        |_, file| set(file, "/content/amount", json!("01000000")),
    ),
    (
        "amount_huge",
        Cover::Sealed,
        Code::ContentUnreadable,
        |_, file| set(file, "/content/amount", json!("9".repeat(100))),
    ),
    (
        "amount_negative",
        Cover::Sealed,
        Code::ContentUnreadable,
        |_, file| set(file, "/content/amount", json!("-1")),
    ),
    (
        "amount_in_other_digits",
        Cover::Sealed,
        Code::ContentUnreadable,
        |_, file| set(file, "/content/amount", json!("\u{661}000000")),
    ),
    (
        "content_digest_of_policy_in_capitals",
        Cover::Sealed,
        Code::ContentUnreadable,
        |_, file| set(file, "/content/quote/policy_digest", json!("AB".repeat(32))),
    ),
    (
        "step_as_a_fraction",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| set(file, "/step", json!(0.0)),
    ),
    (
        "step_huge",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| set(file, "/step", json!(4_294_967_296_u64)),
    ),
    (
        "attempt_negative",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| set(file, "/attempt", json!(-1)),
    ),
    (
        "field_unknown",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| {
            file["checked"] = json!(true);
            true
        },
    ),
    (
        "field_unknown_in_the_content",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| {
            file["content"]["checked"] = json!(true);
            true
        },
    ),
    (
        "field_unknown_in_a_vote",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| {
            file["votes"][0]["weight"] = json!(2);
            true
        },
    ),
    (
        "field_missing",
        Cover::Sealed,
        Code::PackageUnreadable,
        |_, file| file.as_object_mut().unwrap().remove("involved").is_some(),
    ),
];

/// The text of a file under a cover. What is no file any more stays the JSON that it is.
pub fn covered(file: &Value, cover: Cover) -> String {
    let Ok(mut typed) = serde_json::from_value::<PackageFile>(file.clone()) else {
        return serde_json::to_string_pretty(file).unwrap();
    };
    if cover == Cover::Digests {
        let mut file = file.clone();
        if let Some(digest) = package_digest(&file) {
            file["package_digest"] = json!(digest.to_string());
        }
        typed = serde_json::from_value(file).unwrap();
    }
    if cover >= Cover::Sealed {
        typed = typed.sealed();
    }
    typed.to_json()
}

/// Over the content as it stands in the file.
fn package_digest(file: &Value) -> Option<Digest> {
    let content: recover_core::wire::ContentJson =
        serde_json::from_value(file["content"].clone()).ok()?;
    let text = file["bytes"].as_str()?;
    let package = Package {
        step: u32::try_from(file["step"].as_u64()?).ok()?,
        attempt: u32::try_from(file["attempt"].as_u64()?).ok()?,
        bytes: match file["kind"].as_str()? {
            "transaction" => hex::decode(text).ok()?,
            _ => text.as_bytes().to_vec(),
        },
        slot: None,
        prepared_at: now(),
        expires_at: recover_core::time::Timestamp::parse(file["expires_at"].as_str()?).ok()?,
        valid_until: None,
        valid_through: None,
        signed: None,
        tx_id: None,
        block: None,
    };
    Some(package.digest(&content.read().ok()?.content_digest()))
}

/// Writes another text.
pub type TextOperator = fn(&str) -> String;

/// Operators on the text itself: what a lenient reader would take for the same, or read as another thing.
pub const TEXTS: &[(&str, TextOperator)] = &[
    ("key_twice_first_wins", |text| {
        text.replacen("\"step\":", "\"step\": 0,\n  \"step\":", 1)
    }),
    ("key_twice_last_wins", |text| {
        text.replacen(
            "\"file_digest\":",
            "\"tier\": \"T3\",\n  \"file_digest\":",
            1,
        )
    }),
    ("key_twice_in_the_content", |text| {
        text.replacen(
            "\"resolution\":",
            "\"amount\": \"1\",\n    \"resolution\":",
            1,
        )
    }),
    ("key_escaped", |text| {
        text.replacen("\"step\":", "\"\\u0073tep\":", 1)
    }),
    ("value_escaped", |text| {
        text.replacen("chidi", "\\u0063hidi", 1)
    }),
    ("number_in_another_form", |text| {
        text.replacen("\"version\": 3", "\"version\": 3e0", 1)
    }),
    ("blank_added", |text| text.replacen(": ", ":  ", 1)),
    ("blanks_removed", |text| {
        let value: Value = serde_json::from_str(text).unwrap();
        serde_json::to_string(&value).unwrap()
    }),
    ("keys_in_another_order", |text| {
        let value: Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    }),
    ("comment", |text| format!("// fine\n{text}")),
    ("byte_order_mark", |text| format!("\u{feff}{text}")),
    ("text_behind", |text| format!("{text}{{}}")),
    ("twice", |text| format!("{text}{text}")),
    ("cut", |text| text[..text.len() / 2].to_owned()),
    ("empty", |_| String::new()),
    ("list_for_struct", |text| {
        let from = text.find("\"policy\": {").unwrap();
        let to = from + text[from..].find('}').unwrap() + 1;
        let list = format!("\"policy\": [3, \"{}\"]", "ab".repeat(32));
        format!("{}{list}{}", &text[..from], &text[to..])
    }),
    ("too_long", |text| format!("{text}{}", " ".repeat(2 << 20))),
];
