//! What a matcher said, appeal by appeal.

use super::truth::Truth;
use std::io::BufRead;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Paid without a person.
    Auto,
    /// A person looks.
    Review,
    /// Nothing fits.
    None,
    /// Several users want it.
    Conflict,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Review, Self::None, Self::Conflict];

    /// Its code in the output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Review => "review",
            Self::None => "none",
            Self::Conflict => "conflict",
        }
    }
}

/// The tiers from 1 on, as the output calls them.
const TIERS: [&str; 5] = ["automatic", "waiting", "challenge", "refused", "analyst"];

/// What was said about one appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// Place of the appeal in [`Truth::appeals`].
    pub appeal: u32,
    /// Place of the best deposit in [`Truth::deposits`]; `None` when none was named.
    pub deposit: Option<u32>,
    /// How sure, in parts per billion.
    pub score_ppb: u32,
    /// What was decided.
    pub decision: Decision,
    /// The tier, 1 to 5; `None` when it was not said.
    pub tier: Option<u8>,
    /// The best deposits, best first, [`Prediction::deposit`] among them; empty when they were not said.
    pub top: Vec<u32>,
}

impl Prediction {
    /// Whether it is paid unless somebody objects: at once, or in the second tier after a waiting time.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.deposit.is_some() && (self.decision == Decision::Auto || self.tier == Some(2))
    }
}

/// Reads the JSON lines of `recover match --format json`: `appeal_id`, `deposit_id`, `decision`, `score` in [0, 1], and where
/// they are given `tier` (`"T1"` or `1`) and `candidates` (ids, or objects with `deposit_id`), best first.
///
/// # Errors
/// When a line cannot be read or names what is not in the truth; the message names the line.
pub fn read(lines: impl BufRead, truth: &Truth) -> Result<Vec<Prediction>, String> {
    let mut predictions = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line.map_err(|problem| format!("line {number}: {problem}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let read = one(&line, truth).map_err(|problem| format!("line {number}: {problem}"))?;
        predictions.push(read);
    }
    Ok(predictions)
}

fn one(line: &str, truth: &Truth) -> Result<Prediction, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|problem| problem.to_string())?;
    let id = value["appeal_id"].as_str().ok_or("no appeal_id")?;
    let appeal = truth.appeal(id).ok_or(format!("no appeal {id}"))?;
    let place = |id: &str| truth.deposit(id).ok_or(format!("no deposit {id}"));
    let deposit = value["deposit_id"].as_str().map(place).transpose()?;
    let code = value["decision"].as_str().ok_or("no decision")?;
    let decision = Decision::ALL
        .into_iter()
        .find(|decision| decision.code() == code)
        .ok_or(format!("no decision {code}"))?;
    let score_ppb = ppb(&value["score"])?;
    let tier = match value["tier"].as_str() {
        None => None,
        Some(name) => {
            let place = TIERS.iter().position(|tier| *tier == name);
            let place = place.ok_or(format!("no tier {name}"))?;
            u8::try_from(place + 1).ok()
        }
    };
    let top = value["candidates"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|candidate| {
            candidate
                .as_str()
                .or_else(|| candidate["deposit_id"].as_str())
        })
        .map(place)
        .collect::<Result<_, _>>()?;
    Ok(Prediction {
        appeal,
        deposit,
        score_ppb,
        decision,
        tier,
        top,
    })
}

/// Parts per billion of a JSON number in [0, 1]; nine decimals are the most that is written.
fn ppb(score: &serde_json::Value) -> Result<u32, String> {
    let fail = || format!("score {score} is no number from 0 to 1");
    let score = score.as_f64().ok_or_else(fail)?;
    if !(0.0..=1.0).contains(&score) {
        return Err(fail());
    }
    // Rounded, since no double is exactly a billionth.
    Ok((score * 1e9).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_scores_are_read_exactly() {
        for (text, expected) in [
            ("1", 1_000_000_000),
            ("0.999001002", 999_001_002),
            ("0.5", 500_000_000),
            ("1e-6", 1_000),
            ("0", 0),
        ] {
            let value = serde_json::from_str(text).expect("a number");
            assert_eq!(ppb(&value), Ok(expected), "{text}");
        }
        for wrong in ["1.5", "-0.1", "null", "\"0.5\""] {
            let value = serde_json::from_str(wrong).expect("json");
            assert!(ppb(&value).is_err(), "{wrong}");
        }
    }
}
