//! Places where a test may stop or kill the program: around the commit of every claim command. Nothing in a program that is
//! built without the feature `failpoints`.

/// Which side of the commit.
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    /// Everything is written and nothing is kept yet.
    BeforeCommit,
    /// It is kept, and nobody was told.
    AfterCommit,
}

/// The fail point `claim.COMMAND.before_commit` or `claim.COMMAND.after_commit`. The environment's `FAILPOINTS` says what happens
/// there (`NAME=ACTION;NAME=ACTION`, actions as the crate `fail` reads them); it is read once.
#[cfg(feature = "failpoints")]
pub(crate) fn boundary(command: &str, moment: Moment) {
    use std::sync::Once;
    static FROM_ENVIRONMENT: Once = Once::new();
    // Not by a scenario of the crate: it would clear what a test set before, and hold a lock that the next test waits for.
    FROM_ENVIRONMENT.call_once(|| {
        let points = std::env::var("FAILPOINTS").unwrap_or_default();
        for (name, action) in points.split(';').filter_map(|point| point.split_once('=')) {
            if let Err(problem) = fail::cfg(name.trim(), action.trim()) {
                tracing::error!(name, action, problem, "this fail point cannot be set");
            }
        }
    });
    let side = match moment {
        Moment::BeforeCommit => "before_commit",
        Moment::AfterCommit => "after_commit",
    };
    fail::fail_point!(&format!("claim.{command}.{side}"));
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn boundary(_command: &str, _moment: Moment) {}
