//! The judgement of a package: every way in which it is not what was approved, or not by those who may approve.

use crate::codecs::check_of;
use crate::package::{FileError, LineJson, PackageFile, PackageKind, SlotJson, instruction_lines};
use crate::pins;
use crate::problem::{Code, Problem};
use crate::report::Report;
use crate::roster::Roster;
use crate::votes;
use recover_core::audit::Head;
use recover_core::check::Decoded;
use recover_core::claim::{Claim, Package, Screening, instruction_text, plan_is_of_quote};
use recover_core::digest::Digest;
use recover_core::kind::Kind;
use recover_core::plan::{Leg, Step};
use recover_core::time::Timestamp;
use recover_core::wire::ContentJson;

/// A package that was read, with what it is held against.
pub(crate) struct Reading<'a> {
    pub roster: &'a Roster,
    pub file: &'a PackageFile,
    /// The claim of the content, with the file's votes and everybody known to be involved.
    pub claim: Claim,
    pub content: Digest,
    pub deposit_kind: Kind,
    pub package: Package,
    pub screening: Screening,
    pub policy: Digest,
    pub log_head: Head,
    pub now: Timestamp,
}

/// What a package is, once it passed.
pub(crate) struct Passed {
    pub report: Report,
    /// The step's leg; `None` for instructions.
    pub leg: Option<Leg>,
    /// The unsigned bytes, or the instructions' text.
    pub bytes: Vec<u8>,
}

/// Holds a package against a roster at a time of this machine's clock.
///
/// # Errors
/// Every problem that was found, at least one: the package must not be signed.
pub fn verify(package: &str, roster: &str, now: Timestamp) -> Result<Report, Vec<Problem>> {
    pass(package, roster, now).map(|passed| passed.report)
}

pub(crate) fn pass(package: &str, roster: &str, now: Timestamp) -> Result<Passed, Vec<Problem>> {
    let roster =
        Roster::parse(roster).map_err(|error| Problem::new(Code::RosterInvalid, error.to_string()));
    let file = PackageFile::parse(package).map_err(|error| {
        let code = match error {
            FileError::NotCanonical => Code::PackageNotCanonical,
            FileError::DigestDiffers => Code::FileDigestDiffers,
            _ => Code::PackageUnreadable,
        };
        Problem::new(code, error.to_string())
    });
    let (roster, file) = match (roster, file) {
        (Ok(roster), Ok(file)) => (roster, file),
        (roster, file) => return Err([roster.err(), file.err()].into_iter().flatten().collect()),
    };
    let reading = read(&roster, &file, now).map_err(|problem| vec![problem])?;
    let mut problems = digests(&reading);
    if !plan_is_of_quote(&reading.claim) {
        problems.push(Problem::new(
            Code::PlanDiffers,
            "the plan does not pay exactly what the claim and its quote say",
        ));
    }
    problems.extend(pins::problems(&roster, &reading.claim));
    let (step, of_step) = step(&reading);
    problems.extend(of_step);
    problems.extend(times(&reading));
    let (counted, of_votes) = votes::problems(&reading);
    problems.extend(of_votes);
    let (Some((leg, decoded)), Some(counted), true) = (step, counted, problems.is_empty()) else {
        problems.sort_by_key(|problem| problem.code);
        return Err(problems);
    };
    Ok(Passed {
        report: Report::new(&reading, leg.as_ref(), decoded.as_ref(), &counted),
        leg,
        bytes: reading.package.bytes.clone(),
    })
}

/// Reads every field into its type. A text that stands for the same as another one is refused: each has one form.
fn read<'a>(
    roster: &'a Roster,
    file: &'a PackageFile,
    now: Timestamp,
) -> Result<Reading<'a>, Problem> {
    let unreadable =
        |field: &str| Problem::new(Code::PackageUnreadable, format!("{field} cannot be read"));
    let time = |field: &str, text: &str| {
        let time = Timestamp::parse(text).ok();
        time.filter(|time| time.to_string() == text)
            .ok_or_else(|| unreadable(field))
    };
    let digest = |field: &str, text: &str| {
        let digest = Digest::parse(text);
        digest
            .filter(|digest| digest.to_string() == text)
            .ok_or_else(|| unreadable(field))
    };
    let mut claim = file
        .content
        .read()
        .map_err(|error| Problem::new(Code::ContentUnreadable, error.to_string()))?;
    if ContentJson::of(&claim) != file.content {
        let detail = "a value in the content is not written in its one canonical form";
        return Err(Problem::new(Code::ContentUnreadable, detail));
    }
    let screening = Screening {
        clear: file.screening.clear,
        person: file.screening.person.clone(),
        reason: String::new(),
        decided_at: time("screening.decided_at", &file.screening.decided_at)?,
    };
    for vote in &file.votes {
        time("votes.approved_at", &vote.approved_at)?;
        digest("votes.digest", &vote.digest)?;
        claim
            .approvals
            .push(vote.read().ok_or_else(|| unreadable("votes"))?);
    }
    claim.involved.extend(file.involved.iter().cloned());
    claim.involved.insert(claim.opened_by.clone());
    claim.involved.insert(screening.person.clone());
    // Who let the customer off, recorded their consent or gave the recovery up decides nothing about it.
    let said = [
        claim.acceptance.as_ref().map(|said| said.person.clone()),
        claim.unwinding.as_ref().map(|said| said.person.clone()),
    ];
    let granted = claim.waivers.iter().map(|waiver| waiver.person.clone());
    claim.involved.extend(
        granted
            .chain(said.into_iter().flatten())
            .collect::<Vec<_>>(),
    );
    let cleared_by = claim.screening.iter().map(|first| first.person.clone());
    claim.involved.extend(cleared_by);
    let bytes = match file.kind {
        PackageKind::Instructions => file.bytes.clone().into_bytes(),
        PackageKind::Transaction => hex::decode(&file.bytes)
            .ok()
            .filter(|bytes| hex::encode(bytes) == file.bytes)
            .ok_or_else(|| unreadable("bytes"))?,
    };
    Ok(Reading {
        roster,
        file,
        content: claim.content_digest(),
        claim,
        deposit_kind: Kind::from_code(&file.deposit_kind)
            .ok_or_else(|| unreadable("deposit_kind"))?,
        package: Package {
            step: file.step,
            attempt: file.attempt,
            bytes,
            slot: None,
            prepared_at: time("prepared_at", &file.prepared_at)?,
            expires_at: time("expires_at", &file.expires_at)?,
            valid_until: None,
            valid_through: None,
            signed: None,
            tx_id: None,
            block: None,
        },
        screening,
        policy: digest("policy.digest", &file.policy.digest)?,
        log_head: Head::parse(&file.log_head).ok_or_else(|| unreadable("log_head"))?,
        now,
    })
}

/// The digests are over what stands in the file, and the policies are accepted ones.
fn digests(reading: &Reading<'_>) -> Vec<Problem> {
    let file = reading.file;
    let mut problems = Vec::new();
    let mut compare = |code, what: &str, computed: Digest, stated: &str| {
        if computed.to_string() != stated {
            let detail = format!("{what} gives {computed}, the package states {stated}");
            problems.push(Problem::new(code, detail));
        }
    };
    compare(
        Code::ContentDigestDiffers,
        "the content",
        reading.content,
        &file.content_digest,
    );
    compare(
        Code::PackageDigestDiffers,
        "content, bytes, step, attempt and deadline",
        reading.package.digest(&reading.content),
        &file.package_digest,
    );
    let quote = reading.claim.quote.as_ref();
    let of_quote = quote.map(|quote| (quote.policy_version, quote.policy_digest));
    let named = [Some((file.policy.version, reading.policy)), of_quote];
    for (version, digest) in named.into_iter().flatten() {
        let accepted = &reading.roster.policies;
        if !accepted
            .iter()
            .any(|policy| policy.version == version && policy.digest == digest)
        {
            problems.push(Problem::new(
                Code::PolicyUnknown,
                format!(
                    "policy {version} with the digest {digest} is none that the roster accepts"
                ),
            ));
        }
    }
    problems
}

/// What the step is, where the plan has it: its leg with what the bytes say, or neither for instructions.
type StepRead = Option<(Option<Leg>, Option<Decoded>)>;

/// The bytes do exactly the step, and the file says of them what they say.
fn step(reading: &Reading<'_>) -> (StepRead, Vec<Problem>) {
    let file = reading.file;
    let index = usize::try_from(file.step).unwrap_or(usize::MAX);
    let plan = reading.claim.plan.as_ref();
    let step = plan.and_then(|plan| plan.steps.get(index));
    let mut problems = Vec::new();
    match (step, file.kind) {
        (Some(Step::Send(leg)), PackageKind::Transaction) => {
            let Some(check) = check_of(&leg.chain) else {
                let detail = format!("the bytes of {} cannot be read here", leg.chain);
                return (None, vec![Problem::new(Code::ChainNotPinned, detail)]);
            };
            let decoded = match check.verify(leg, &reading.package.bytes) {
                Ok(decoded) => decoded,
                Err(deviations) => {
                    let told = |deviation: &recover_core::check::Deviation| {
                        Problem::new(Code::BytesDeviate, deviation.to_string())
                    };
                    return (None, deviations.iter().map(told).collect());
                }
            };
            let lines: Vec<LineJson> = decoded.lines.iter().cloned().map(LineJson::from).collect();
            problems.extend(summary(file, &lines));
            let slot = Some(SlotJson::of(&decoded.slot));
            let until = decoded.valid_until.map(|time| time.to_string());
            let through = decoded.valid_through.map(|height| height.0.to_string());
            if file.slot != slot || file.valid_until != until || file.valid_through != through {
                let detail = "slot or validity in the package are not those in the bytes";
                problems.push(Problem::new(Code::SlotDiffers, detail));
            }
            if decoded
                .valid_until
                .is_some_and(|until| until <= reading.now)
            {
                let detail = "the network no longer takes this transaction";
                problems.push(Problem::new(Code::Expired, detail));
            }
            (Some((Some(leg.as_ref().clone()), Some(decoded))), problems)
        }
        (Some(Step::Instruct(instructions)), PackageKind::Instructions) => {
            let claim = reading.claim.id.as_str();
            if file.bytes != instruction_text(claim, index, instructions) {
                let detail =
                    "the instructions are not those of the approved step, letter by letter";
                problems.push(Problem::new(Code::InstructionsDiffer, detail));
            }
            let lines: Vec<LineJson> = instruction_lines(claim, index, instructions)
                .into_iter()
                .map(LineJson::from)
                .collect();
            problems.extend(summary(file, &lines));
            if file.slot.is_some() || file.valid_until.is_some() || file.valid_through.is_some() {
                let detail = "instructions have no slot and no validity of a network";
                problems.push(Problem::new(Code::SlotDiffers, detail));
            }
            (Some((None, None)), problems)
        }
        (Some(_), kind) => {
            let detail = format!("step {index} of the plan is of the other kind than {kind:?}");
            (None, vec![Problem::new(Code::StepDiffers, detail)])
        }
        (None, _) => {
            let detail = format!("the plan has no step {index}");
            (None, vec![Problem::new(Code::StepDiffers, detail)])
        }
    }
}

fn summary(file: &PackageFile, lines: &[LineJson]) -> Option<Problem> {
    let differs = file
        .summary
        .iter()
        .zip(lines)
        .find(|(stated, read)| stated != read)
        .map(|(stated, read)| {
            format!(
                "the summary says {}: {}, the bytes say {}: {}",
                stated.label, stated.value, read.label, read.value
            )
        });
    let counts = (file.summary.len() != lines.len()).then(|| {
        format!(
            "the summary has {} lines, the bytes give {}",
            file.summary.len(),
            lines.len()
        )
    });
    let detail = differs.or(counts)?;
    Some(Problem::new(Code::SummaryDiffers, detail))
}

/// Cleared, in time, and within the deadlines, by this machine's clock.
fn times(reading: &Reading<'_>) -> Vec<Problem> {
    let (now, package, roster) = (reading.now, &reading.package, reading.roster);
    let mut problems = Vec::new();
    let mut require = |holds: bool, code, detail: &str| {
        if !holds {
            problems.push(Problem::new(code, detail));
        }
    };
    let within = |from: Timestamp, seconds: i64, until: Timestamp| {
        from.plus_seconds(seconds).is_some_and(|ends| until <= ends)
    };
    let latest = &reading.screening;
    let fresh = roster.approval.release_screening_age_max_seconds;
    let first = reading.claim.screening.as_ref();
    require(
        latest.clear
            && first.is_some_and(|first| first.clear && first.decided_at <= latest.decided_at),
        Code::ScreeningMissing,
        "compliance did not clear the claim, or holds it",
    );
    require(
        within(latest.decided_at, fresh, package.prepared_at),
        Code::ScreeningMissing,
        "the screening was too old when the package was prepared",
    );
    require(
        first.is_some_and(|first| within(first.decided_at, roster.content_age_seconds_max, now)),
        Code::Expired,
        "what was approved is older than the roster allows: it must be quoted and approved anew",
    );
    require(
        now < package.expires_at,
        Code::Expired,
        &format!("the package ended at {}", package.expires_at),
    );
    require(
        within(now, roster.package_valid_seconds_max, package.expires_at),
        Code::TimesDiffer,
        &format!(
            "the deadline {} lies further ahead than the roster allows",
            package.expires_at
        ),
    );
    require(
        latest.decided_at <= now
            && package.prepared_at <= now
            && package.prepared_at < package.expires_at,
        Code::TimesDiffer,
        "a time in the package lies ahead of this machine's clock",
    );
    problems
}
