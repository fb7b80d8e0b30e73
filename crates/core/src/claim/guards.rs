//! Every condition of the state machine goes through one door, so that the model check can take one guard out and see what
//! breaks. Outside of tests there is [`Every`] only.

use super::refusal::Refusal;

/// What a vote must be to count. Beside the refusals these are the guards of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// It was given on the content as it is.
    OnThisContent,
    /// Its person filled no other slot.
    OncePerPerson,
    /// Its person did not work on the claim.
    Uninvolved,
    /// Its person has the role in the policy now.
    InTheRoster,
    /// It is not too old.
    NotTooOld,
    /// It is signed, where the policy wants that.
    Signed,
}

/// Decides whether a condition holds.
pub(super) trait Guards {
    /// Whether the condition behind a refusal is taken as met.
    fn holds(&self, refusal: Refusal, condition: bool) -> bool;

    /// Whether the condition of a vote is taken as met.
    fn counts(&self, rule: Counting, condition: bool) -> bool;

    /// The refusal unless its condition is met.
    fn require(&self, condition: bool, refusal: Refusal) -> Result<(), Refusal> {
        if self.holds(refusal, condition) {
            Ok(())
        } else {
            Err(refusal)
        }
    }
}

/// Every guard stands.
pub(super) struct Every;

impl Guards for Every {
    fn holds(&self, _refusal: Refusal, condition: bool) -> bool {
        condition
    }

    fn counts(&self, _rule: Counting, condition: bool) -> bool {
        condition
    }
}
