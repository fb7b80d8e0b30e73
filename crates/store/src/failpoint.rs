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
/// there, as the crate `fail` reads it.
#[cfg(feature = "failpoints")]
pub(crate) fn boundary(command: &str, moment: Moment) {
    use std::sync::Once;
    static FROM_ENVIRONMENT: Once = Once::new();
    // Kept for the life of the process: dropping it would take the points out again.
    FROM_ENVIRONMENT.call_once(|| std::mem::forget(fail::FailScenario::setup()));
    let side = match moment {
        Moment::BeforeCommit => "before_commit",
        Moment::AfterCommit => "after_commit",
    };
    fail::fail_point!(&format!("claim.{command}.{side}"));
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn boundary(_command: &str, _moment: Moment) {}
