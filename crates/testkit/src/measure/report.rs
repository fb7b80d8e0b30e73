//! The measures of a run: right links, right credits, what was paid to whom, and whether the scores mean what they say.

use super::bounds::{is_proved, lower_ppm, upper_ppm};
use super::prediction::{Decision, Prediction};
use super::truth::Truth;
use std::collections::BTreeMap;
use std::fmt;

/// Right and wrong above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// The lowest score that counts, in parts per billion.
    pub threshold_ppb: u32,
    /// Right ones.
    pub right: u64,
    /// Wrong ones.
    pub wrong: u64,
    /// What there was to find.
    pub all: u64,
}

impl Counted {
    /// Right of those said, in parts per million; a million when nothing was said.
    #[must_use]
    pub fn precision_ppm(&self) -> u64 {
        share(self.right, self.right + self.wrong).unwrap_or(1_000_000)
    }

    /// Right of those there were, in parts per million.
    #[must_use]
    pub fn recall_ppm(&self) -> u64 {
        share(self.right, self.all).unwrap_or(0)
    }

    /// Twice the right over what was said and what there was.
    #[must_use]
    pub fn f1_ppm(&self) -> u64 {
        share(2 * self.right, self.right + self.wrong + self.all).unwrap_or(0)
    }
}

fn share(part: u64, of: u64) -> Option<u64> {
    (of > 0).then(|| part.saturating_mul(1_000_000) / of)
}

/// What was said, best first, with whether it was right: each threshold stands between two distinct scores.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    points: Vec<Counted>,
}

impl Curve {
    fn new(mut said: Vec<(u32, bool)>, all: u64) -> Self {
        said.sort_unstable_by(|left, right| right.cmp(left));
        let mut points = Vec::new();
        let mut here = Counted {
            all,
            ..Counted::default()
        };
        for (place, (score, is_right)) in said.iter().enumerate() {
            here.threshold_ppb = *score;
            here.right += u64::from(*is_right);
            here.wrong += u64::from(!is_right);
            if said.get(place + 1).is_none_or(|next| next.0 != *score) {
                points.push(here);
            }
        }
        Self { points }
    }

    /// Where F1 is best.
    #[must_use]
    pub fn best(&self) -> Counted {
        let best = self.points.iter().max_by_key(|point| point.f1_ppm());
        best.copied().unwrap_or_default()
    }

    /// At a threshold.
    #[must_use]
    pub fn at(&self, threshold_ppb: u32) -> Counted {
        let all = self.points.first().map_or(0, |point| point.all);
        let above = self
            .points
            .iter()
            .rfind(|point| point.threshold_ppb >= threshold_ppb);
        Counted {
            threshold_ppb,
            ..above.copied().unwrap_or(Counted {
                all,
                ..Counted::default()
            })
        }
    }

    /// The largest recall whose observed rate of errors is at most this; `None` when no threshold has it.
    #[must_use]
    pub fn observed(&self, errors_ppm: u64) -> Option<Counted> {
        self.points
            .iter()
            .rfind(|point| {
                u128::from(point.wrong) * 1_000_000
                    <= u128::from(point.right + point.wrong) * u128::from(errors_ppm)
            })
            .copied()
    }

    /// The largest recall whose rate of errors is proved, with 95 %, to be at most this.
    #[must_use]
    pub fn certified(&self, errors_ppm: u64) -> Option<Counted> {
        self.points
            .iter()
            .rfind(|point| is_proved(point.wrong, point.right + point.wrong, errors_ppm))
            .copied()
    }
}

/// What was paid unless somebody objected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paid {
    /// Pairs of user and deposit whose user owns it.
    pub right: u64,
    /// Pairs of user and deposit whose user does not.
    pub wrong: u64,
    /// What the wrong ones are worth, in US cents.
    pub wrong_cents: u64,
    /// Wrong ones by the kind of appeal.
    pub wrong_by_kind: BTreeMap<String, u64>,
    /// Fraudulent appeals paid with what is not the thief's own.
    pub fraud: u64,
    /// Deposits that were given to two users.
    pub twice: u64,
    /// Appeals that were given another deposit than they meant, though one of the user's own.
    pub other_deposit: u64,
}

/// One row of a stratum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stratum {
    /// Appeals by owners.
    pub appeals: u64,
    /// Of those: given the right deposit at the threshold of the best link F1.
    pub linked: u64,
    /// Of those: the right deposit among the first three.
    pub in_top: u64,
    /// Of those: paid to the owner unless somebody objects.
    pub auto: u64,
    /// Paid to somebody else.
    pub auto_wrong: u64,
}

/// Scores from `from_ppb` on, up to the next bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// The lowest score.
    pub from_ppb: u32,
    /// How many were said.
    pub said: u64,
    /// How many were right.
    pub right: u64,
    /// The sum of their scores.
    pub sum_ppb: u64,
}

/// All measures of one run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Appeals.
    pub appeals: u64,
    /// Appeals of owners for their orphans, repeats included.
    pub genuine: u64,
    /// Fraudulent appeals.
    pub frauds: u64,
    /// Predictions read.
    pub predictions: u64,
    /// Links: the appeal's own deposit.
    pub link: Curve,
    /// Credits: one a user and deposit, one user a deposit.
    pub credit: Curve,
    /// Deposits with two users of exactly the same score: unpaid.
    pub ties: u64,
    /// Decisions by the kind of appeal.
    pub decisions: BTreeMap<(String, &'static str), u64>,
    /// What was paid, by tier; 0 is all of them.
    pub paid: BTreeMap<u8, Paid>,
    /// Deposits that an ideal desk would credit.
    pub creditable: u64,
    /// Owners' appeals whose deposit stands among the first three; `None` when no candidates were said.
    pub in_top: Option<u64>,
    /// By transaction error, orphan reason, and number of twins.
    pub strata: BTreeMap<(&'static str, String), Stratum>,
    /// Calibration of the score as a statement about whose deposit it is.
    pub bins: Vec<Bin>,
    /// The expected error of calibration, in parts per million, over fifty bins of equal width.
    pub calibration_error_ppm: u64,
}

/// Where the printed bins begin.
const BINS: [u32; 9] = [
    0,
    100_000_000,
    300_000_000,
    500_000_000,
    700_000_000,
    900_000_000,
    990_000_000,
    999_000_000,
    999_900_000,
];

impl Report {
    /// The measures of these predictions.
    #[must_use]
    pub fn new(truth: &Truth, predictions: &[Prediction]) -> Self {
        let mut report = Self {
            appeals: truth.appeals.len() as u64,
            genuine: count(truth, |appeal| appeal.deposit.is_some()),
            frauds: count(truth, |appeal| {
                truth.label(appeal.kind).starts_with("fraud")
            }),
            predictions: predictions.len() as u64,
            ..Self::default()
        };
        let mut wanted: Vec<u32> = truth
            .appeals
            .iter()
            .filter(|appeal| appeal.is_creditable)
            .filter_map(|appeal| appeal.deposit)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        report.creditable = wanted.len() as u64;
        let links = predictions
            .iter()
            .filter_map(|said| {
                let deposit = said.deposit?;
                let is_right = truth.appeals[said.appeal as usize].deposit == Some(deposit);
                Some((said.score_ppb, is_right))
            })
            .collect();
        report.link = Curve::new(links, report.genuine);
        report.credits(truth, predictions);
        report.payments(truth, predictions);
        report.strata(truth, predictions);
        report.calibration(truth, predictions);
        report
    }

    fn credits(&mut self, truth: &Truth, predictions: &[Prediction]) {
        let mut best: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for said in predictions {
            if let Some(deposit) = said.deposit {
                let user = truth.appeals[said.appeal as usize].user;
                let score = best.entry((deposit, user)).or_default();
                *score = (*score).max(said.score_ppb);
            }
        }
        let mut by_deposit: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        for ((deposit, user), score) in best {
            by_deposit.entry(deposit).or_default().push((score, user));
        }
        let mut said = Vec::new();
        for (deposit, mut users) in by_deposit {
            users.sort_unstable_by(|left, right| right.cmp(left));
            match users.as_slice() {
                [first, second, ..] if first.0 == second.0 => self.ties += 1,
                [(score, user), ..] => {
                    said.push((*score, truth.deposits[deposit as usize].owner == *user));
                }
                [] => {}
            }
        }
        self.credit = Curve::new(said, self.creditable);
    }

    fn payments(&mut self, truth: &Truth, predictions: &[Prediction]) {
        // Of several appeals of a user for a deposit, the lowest tier pays; a genuine one gives the pair its kind.
        let mut pairs: BTreeMap<(u32, u32), (u8, u32)> = BTreeMap::new();
        for said in predictions {
            let appeal = &truth.appeals[said.appeal as usize];
            let kind = truth.label(appeal.kind).to_owned();
            let key = (kind, said.decision.code());
            *self.decisions.entry(key).or_default() += 1;
            let Some(deposit) = said.deposit.filter(|_| said.is_paid()) else {
                continue;
            };
            let tier = said.tier.unwrap_or(0);
            let pair = pairs
                .entry((deposit, appeal.user))
                .or_insert((tier, said.appeal));
            pair.0 = pair.0.min(tier);
            let is_fraud = truth.label(appeal.kind).starts_with("fraud");
            let is_owner = truth.deposits[deposit as usize].owner == appeal.user;
            let other = is_owner && appeal.deposit.is_some_and(|meant| meant != deposit);
            for tier in tiers(tier) {
                let paid = self.paid.entry(tier).or_default();
                paid.fraud += u64::from(is_fraud && !is_owner);
                paid.other_deposit += u64::from(other);
            }
        }
        let mut before: Option<u32> = None;
        for ((deposit, user), (tier, appeal)) in pairs {
            let of = &truth.deposits[deposit as usize];
            for tier in tiers(tier) {
                let paid = self.paid.entry(tier).or_default();
                paid.twice += u64::from(before == Some(deposit));
                if of.owner == user {
                    paid.right += 1;
                } else {
                    let kind = truth.label(truth.appeals[appeal as usize].kind);
                    paid.wrong += 1;
                    paid.wrong_cents += of.cents;
                    *paid.wrong_by_kind.entry(kind.to_owned()).or_default() += 1;
                }
            }
            before = Some(deposit);
        }
    }

    fn strata(&mut self, truth: &Truth, predictions: &[Prediction]) {
        let threshold = self.link.best().threshold_ppb;
        let has_top = predictions.iter().any(|said| !said.top.is_empty());
        let mut in_top = 0;
        for said in predictions {
            let appeal = &truth.appeals[said.appeal as usize];
            let Some(meant) = appeal.deposit else {
                continue;
            };
            let deposit = &truth.deposits[meant as usize];
            let txid = truth.label(appeal.txid);
            let reason = truth.label(deposit.reason);
            let is_right = said.deposit == Some(meant);
            let is_in_top = is_right || said.top.iter().take(3).any(|top| *top == meant);
            in_top += u64::from(is_in_top);
            let is_auto = said.is_paid();
            let is_owner = said
                .deposit
                .is_some_and(|deposit| truth.deposits[deposit as usize].owner == appeal.user);
            let mut keys = vec![
                ("transaction", txid.to_owned()),
                ("reason", reason.to_owned()),
                ("kind", truth.label(appeal.kind).to_owned()),
            ];
            let is_hard = matches!(
                txid,
                "blank" | "other_tx" | "withdrawal_id" | "message_hash"
            );
            if reason == "missing_memo" && is_hard {
                let twins = match deposit.twins {
                    0 => "alone",
                    1 | 2 => "2-3",
                    3..=7 => "4-8",
                    _ => "9+",
                };
                keys.push(("missing memo, no transaction", twins.to_owned()));
            }
            for key in keys {
                let stratum = self.strata.entry(key).or_default();
                stratum.appeals += 1;
                stratum.linked += u64::from(is_right && said.score_ppb >= threshold);
                stratum.in_top += u64::from(is_in_top);
                stratum.auto += u64::from(is_auto && is_owner);
                stratum.auto_wrong += u64::from(is_auto && !is_owner);
            }
        }
        self.in_top = has_top.then_some(in_top);
    }

    fn calibration(&mut self, truth: &Truth, predictions: &[Prediction]) {
        let mut fifty = [(0u64, 0u64, 0u64); 50];
        self.bins = BINS
            .map(|from_ppb| Bin {
                from_ppb,
                ..Bin::default()
            })
            .to_vec();
        let mut all = 0;
        for said in predictions {
            let Some(deposit) = said.deposit else {
                continue;
            };
            let user = truth.appeals[said.appeal as usize].user;
            let is_right = truth.deposits[deposit as usize].owner == user;
            let score = u64::from(said.score_ppb);
            all += 1;
            let place = (said.score_ppb / 20_000_000).min(49) as usize;
            if let Some(bin) = fifty.get_mut(place) {
                *bin = (bin.0 + 1, bin.1 + u64::from(is_right), bin.2 + score);
            }
            let bin = self
                .bins
                .iter_mut()
                .rfind(|bin| bin.from_ppb <= said.score_ppb);
            if let Some(bin) = bin {
                bin.said += 1;
                bin.right += u64::from(is_right);
                bin.sum_ppb += score;
            }
        }
        let off: u64 = fifty
            .iter()
            .map(|(_, right, sum)| (right * 1_000_000_000).abs_diff(*sum))
            .sum();
        self.calibration_error_ppm = (off / 1_000).checked_div(all).unwrap_or(0);
    }
}

/// A tier counts for itself and for all.
fn tiers(tier: u8) -> impl Iterator<Item = u8> {
    [0, tier].into_iter().take(if tier == 0 { 1 } else { 2 })
}

fn count(truth: &Truth, is: impl Fn(&super::truth::Appeal) -> bool) -> u64 {
    truth.appeals.iter().filter(|appeal| is(appeal)).count() as u64
}

/// Parts per million as a fraction.
struct Ppm(u64);

impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let text = format!("{whole}.{:05}", part / 10);
        f.pad(&text)
    }
}

/// Parts per billion as a fraction.
struct Ppb(u64);

impl fmt::Display for Ppb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        f.pad(&text)
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, counted: Option<Counted>) -> fmt::Result {
    let Some(counted) = counted else {
        return writeln!(f, "  {name:<34} no threshold");
    };
    writeln!(
        f,
        "  {name:<34} P {} R {} F1 {}  wrong {} of {}, score >= {}",
        Ppm(counted.precision_ppm()),
        Ppm(counted.recall_ppm()),
        Ppm(counted.f1_ppm()),
        counted.wrong,
        counted.right + counted.wrong,
        Ppb(u64::from(counted.threshold_ppb))
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "appeals {}, of owners {}, fraudulent {}, predictions {}",
            self.appeals, self.genuine, self.frauds, self.predictions
        )?;
        writeln!(f, "link")?;
        line(f, "best F1", Some(self.link.best()))?;
        line(f, "observed 99.9 %", self.link.observed(1_000))?;
        line(f, "certified 99.9 %", self.link.certified(1_000))?;
        writeln!(f, "credit ({} ties unpaid)", self.ties)?;
        line(f, "best F1", Some(self.credit.best()))?;
        line(f, "observed 99.9 %", self.credit.observed(1_000))?;
        line(f, "certified 99.9 %", self.credit.certified(1_000))?;
        line(f, "observed 99.99 %", self.credit.observed(100))?;
        line(f, "certified 99.99 %", self.credit.certified(100))?;
        self.show_paid(f)?;
        self.show_strata(f)?;
        self.show_bins(f)
    }
}

impl Report {
    fn show_paid(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "paid unless somebody objects (T1 at once, T2 after a waiting time)"
        )?;
        for (tier, paid) in &self.paid {
            let name = if *tier == 0 {
                "all".to_owned()
            } else {
                format!("T{tier}")
            };
            let said = paid.right + paid.wrong;
            writeln!(
                f,
                "  {name:<4} P {} (at least {}) R {}  wrong {} of {}, {}.{:02} USD, fraud {}, twice {}, another of the user's own {}",
                Ppm(share(paid.right, said).unwrap_or(1_000_000)),
                Ppm(1_000_000 - upper_ppm(paid.wrong, said)),
                Ppm(share(paid.right, self.creditable).unwrap_or(0)),
                paid.wrong,
                said,
                paid.wrong_cents / 100,
                paid.wrong_cents % 100,
                paid.fraud,
                paid.twice,
                paid.other_deposit
            )?;
            for (kind, count) in &paid.wrong_by_kind {
                writeln!(f, "       wrong {kind}: {count}")?;
            }
        }
        writeln!(f, "decisions by kind       auto   review     none conflict")?;
        let mut kinds: Vec<&String> = self.decisions.keys().map(|(kind, _)| kind).collect();
        kinds.dedup();
        for kind in kinds {
            write!(f, "  {kind:<18}")?;
            for decision in Decision::ALL {
                let key = (kind.clone(), decision.code());
                write!(f, " {:>8}", self.decisions.get(&key).copied().unwrap_or(0))?;
            }
            writeln!(f)?;
        }
        let of_owners = |code: &'static str| -> u64 {
            ["genuine", "duplicate"]
                .iter()
                .filter_map(|kind| self.decisions.get(&((*kind).to_owned(), code)))
                .sum()
        };
        writeln!(
            f,
            "abstention: of the owners' appeals {} not decided by itself, {} given nothing",
            Ppm(1_000_000 - share(of_owners("auto"), self.genuine).unwrap_or(0)),
            Ppm(share(of_owners("none"), self.genuine).unwrap_or(0))
        )?;
        match self.in_top {
            Some(count) => writeln!(
                f,
                "right deposit among the first three: {}",
                Ppm(share(count, self.genuine).unwrap_or(0))
            ),
            None => writeln!(
                f,
                "right deposit among the first three: no candidates were said"
            ),
        }
    }

    fn show_strata(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = "";
        for ((of, name), stratum) in &self.strata {
            if *of != group {
                writeln!(
                    f,
                    "by {of:<30} appeals   linked    top 3     auto   (wrong)"
                )?;
                group = of;
            }
            writeln!(
                f,
                "  {name:<30} {:>8}  {}  {}  {}   {}",
                stratum.appeals,
                Ppm(share(stratum.linked, stratum.appeals).unwrap_or(0)),
                Ppm(share(stratum.in_top, stratum.appeals).unwrap_or(0)),
                Ppm(share(stratum.auto, stratum.appeals).unwrap_or(0)),
                stratum.auto_wrong
            )?;
        }
        Ok(())
    }

    fn show_bins(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "calibration (is it this user's): expected error {}",
            Ppm(self.calibration_error_ppm)
        )?;
        writeln!(
            f,
            "  score from         said     mean score     right     95 % bounds"
        )?;
        for bin in self.bins.iter().filter(|bin| bin.said > 0) {
            writeln!(
                f,
                "  {}   {:>8}     {}   {}  {} to {}",
                Ppb(u64::from(bin.from_ppb)),
                bin.said,
                Ppb(bin.sum_ppb / bin.said),
                Ppm(share(bin.right, bin.said).unwrap_or(0)),
                Ppm(lower_ppm(bin.right, bin.said)),
                Ppm(upper_ppm(bin.right, bin.said))
            )?;
        }
        Ok(())
    }
}
