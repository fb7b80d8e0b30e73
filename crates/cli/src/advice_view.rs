//! Advice as people and programs read it, the same wherever it is shown.

use recover_engine::advice::{Advised, NEVER};
use serde::Serialize;

/// One piece of advice.
#[derive(Debug, Serialize)]
pub struct AdviceView {
    /// Its stable code.
    pub code: &'static str,
    /// What to do.
    pub what: String,
    /// What it costs the user.
    pub costs: String,
    /// What must not be done.
    pub do_not: String,
    /// What we watch for, in words.
    pub watch: Option<String>,
    /// The trigger's code.
    pub trigger: Option<&'static str>,
    /// What exactly is watched.
    pub subject: Option<String>,
}

impl AdviceView {
    /// As the engine gave it.
    pub fn of(advised: &Advised) -> Self {
        let trigger = advised.trigger.as_ref();
        Self {
            code: advised.advice.code().code(),
            what: advised.told.what.clone(),
            costs: advised.told.costs.clone(),
            do_not: format!("{} {NEVER}", advised.told.do_not),
            watch: advised.told.watch.clone(),
            trigger: trigger.map(|trigger| trigger.code().code()),
            subject: trigger.map(|trigger| trigger.subject()),
        }
    }

    /// All of them.
    pub fn all(advice: &[Advised]) -> Vec<Self> {
        advice.iter().map(Self::of).collect()
    }
}

/// Advice for a page: names and their texts, as `show` commands write them; what must never be done stands once, at the end.
pub fn lines(advice: &[Advised]) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for advised in advice {
        let told = &advised.told;
        rows.push((
            "advice",
            format!("{}: {}", advised.advice.code(), told.what),
        ));
        rows.push(("  costs", told.costs.clone()));
        rows.push(("  careful", told.do_not.clone()));
        if let Some(watch) = &told.watch {
            rows.push(("  waits for", watch.clone()));
        }
    }
    if !advice.is_empty() {
        rows.push(("  never", NEVER.to_owned()));
    }
    rows
}
