//! What this machine accepted before: a small file of the signers' own.
//!
//! The log heads in it make the signers witnesses: an exchange whose log was written anew has a head that does not fit. The packages
//! in it are the last line against paying twice: two packages for one effect on one deposit are accepted only where they use the same
//! slot, so that the network takes one of them, or where a person says which earlier one is proven dead.

use crate::problem::{Code, Problem};
use crate::report::{CAPTURE, HOLD, Report, UNWIND};
use recover_core::audit::Head;
use recover_core::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// The first line of the file.
const FORMAT: &str = "recover-seen/1";

/// What was accepted before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    heads: BTreeMap<i64, Digest>,
    packages: BTreeSet<Accepted>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Accepted {
    package: Digest,
    deposit: String,
    effect: String,
    once: Digest,
}

impl Accepted {
    /// What a package does that must be done once, each on a line of its own. A hold pays nobody and may come again: after the ledger
    /// declined it, or for another claim of the deposit. The end of a fee is one effect of its claim, whether it is captured alone,
    /// with a credit, or given back, since another claim of the deposit has a fee of its own.
    fn all_of(report: &Report) -> Vec<Self> {
        let of = |effect: String| Self {
            package: report.package_digest,
            deposit: report.deposit.clone(),
            effect,
            once: report.once,
        };
        let own = match report.effect {
            HOLD | CAPTURE | UNWIND => None,
            effect => Some(effect.to_owned()),
        };
        let end = report.ends_fee_of.as_ref();
        let end = end.map(|claim| format!("end of the fee of {claim}"));
        own.into_iter().chain(end).map(of).collect()
    }
}

impl Seen {
    /// Reads the file; an empty text is the beginning.
    ///
    /// # Errors
    /// When it was written by nobody we know: a memory that cannot be read remembers nothing and protects nobody.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut seen = Self::default();
        let mut lines = text.lines();
        let Some(first) = lines.next() else {
            return Ok(seen);
        };
        let refuse = |line: &str| {
            let detail = format!("the line {line:?} is not of {FORMAT}");
            Problem::new(Code::SeenUnreadable, detail)
        };
        if first != FORMAT {
            return Err(refuse(first));
        }
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            let fits = match fields.as_slice() {
                ["head", head] => Head::parse(head).is_some_and(|head| {
                    let before = seen.heads.insert(head.sequence, head.hash);
                    before.is_none_or(|before| before == head.hash)
                }),
                ["package", package, deposit, effect, once] => {
                    match (Digest::parse(package), Digest::parse(once)) {
                        (Some(package), Some(once)) => {
                            seen.packages.insert(Accepted {
                                package,
                                deposit: (*deposit).to_owned(),
                                effect: (*effect).to_owned(),
                                once,
                            });
                            true
                        }
                        _ => false,
                    }
                }
                _ => false,
            };
            if !fits {
                return Err(refuse(line));
            }
        }
        Ok(seen)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FORMAT}\n");
        for (&sequence, &hash) in &self.heads {
            text.push_str(&format!("head\t{}\n", Head { sequence, hash }));
        }
        for accepted in &self.packages {
            let Accepted {
                package,
                deposit,
                effect,
                once,
            } = accepted;
            text.push_str(&format!(
                "package\t{package}\t{deposit}\t{effect}\t{once}\n"
            ));
        }
        text
    }

    /// Whether a package that passed fits what was accepted before. `replaced` are earlier packages of which somebody says, by
    /// name, that they are proven dead.
    #[must_use]
    pub fn problems(&self, report: &Report, replaced: &[Digest]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let head = report.log_head;
        let known = self.heads.get(&head.sequence);
        let newest = self
            .heads
            .last_key_value()
            .map_or(0, |(&sequence, _)| sequence);
        if known.is_some_and(|hash| *hash != head.hash)
            || (known.is_none() && head.sequence < newest)
        {
            problems.push(Problem::new(
                Code::LogForked,
                format!(
                    "the package's log ends at {head}, seen before was {}: the history was cut or written anew, or packages are \
                     checked in another order than they were made",
                    known.map_or(format!("entry {newest}"), Digest::to_string)
                ),
            ));
        }
        let all = Accepted::all_of(report);
        for before in &self.packages {
            let is_again = all.iter().any(|new| {
                let same = before.deposit == new.deposit && before.effect == new.effect;
                same && before.once != new.once
            });
            if is_again && !replaced.contains(&before.package) {
                problems.push(Problem::new(
                    Code::AlreadyPaid,
                    format!(
                        "package {} for the same {} of deposit {} was accepted here and could still happen beside this one: only with \
                         proof that it never can, name it with --replaces",
                        before.package, before.effect, before.deposit
                    ),
                ));
            }
        }
        problems
    }

    /// Remembers a package that passed, and its head.
    pub fn add(&mut self, report: &Report) {
        let head = report.log_head;
        self.heads.insert(head.sequence, head.hash);
        self.packages.extend(Accepted::all_of(report));
    }
}
