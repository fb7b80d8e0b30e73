//! Who decides, what recovery costs and how old the facts behind a decision may be, as the engine sees it.

use recover_core::claim::Person;
use recover_core::decimal::Decimal;
use recover_core::fee::FeeRule;

/// A checked `policy.toml`. The store numbers each text it has not seen before; quotes and approvals refer to that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// The currency of every sum in it: three capital letters.
    pub currency: String,
    /// How long a quote holds, in minutes.
    pub quote_valid_minutes: u32,
    /// How old a price may be when it is used, in minutes.
    pub price_age_max_minutes: u32,
    /// How old a screening may be when a claim is approved, in minutes.
    pub screening_age_max_minutes: u32,
    /// What is added to the gas estimate, in percent.
    pub gas_buffer_percent: Decimal,
    /// The fee rules in order; the first that fits decides.
    pub fees: Vec<FeeRule>,
    /// What an approval takes.
    pub approval: ApprovalPolicy,
    /// Who may do what.
    pub people: Vec<Person>,
    /// SHA-256 of the file's bytes.
    pub digest: [u8; 32],
    /// The file's text, verbatim.
    pub text: String,
}

/// What an approval takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Distinct people who must approve, none of them the opener; at least 2.
    pub approvers_min: u32,
}

impl Policy {
    /// The person with this name; `None` when the policy does not know them.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn digest_text(&self) -> String {
        hex::encode(self.digest)
    }
}
