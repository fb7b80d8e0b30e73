//! Whether the people of a policy can fill a tier at all, when each of them fills one slot of a claim.

use recover_core::approval::Tier;
use recover_core::people::{Person, Role};
use std::collections::BTreeMap;

/// What matters about a person here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    opens: bool,
    screens: bool,
    votes: bool,
    leads: bool,
}

/// The people by what they may do: a team has hundreds of people, and sixteen sorts of them.
#[derive(Debug, Clone)]
pub(super) struct Slots(BTreeMap<Sort, usize>);

impl Slots {
    pub(super) fn of(people: &[Person]) -> Self {
        let mut sorts: BTreeMap<Sort, usize> = BTreeMap::new();
        for person in people {
            let sort = Sort {
                opens: person.is_any(&[Role::Agent, Role::Specialist]),
                screens: person.roles.contains(&Role::Compliance),
                votes: person.is_any(&[Role::Wallet, Role::WalletLead]),
                leads: person.roles.contains(&Role::WalletLead),
            };
            *sorts.entry(sort).or_default() += 1;
        }
        Self(sorts)
    }

    fn count(&self, is_one: fn(&Sort) -> bool) -> usize {
        let sorts = self.0.iter().filter(|(sort, _)| is_one(sort));
        sorts.map(|(_, people)| *people).sum()
    }

    /// How many may vote for the wallet team.
    pub(super) fn voters(&self) -> usize {
        self.count(|sort| sort.votes)
    }

    /// How many of them are leads.
    pub(super) fn leads(&self) -> usize {
        self.count(|sort| sort.leads)
    }

    /// How many may screen, or fill the slot of compliance.
    pub(super) fn officers(&self) -> usize {
        self.count(|sort| sort.screens)
    }

    /// Everybody but one person of a sort; `None` when there is none left.
    fn without(&self, sort: Sort) -> Option<Self> {
        let mut rest = self.clone();
        let people = rest.0.get_mut(&sort)?;
        *people = people.checked_sub(1)?;
        Some(rest)
    }

    /// What is left after somebody with a right was taken out, for each sort of person who has it.
    fn after(&self, has_right: fn(&Sort) -> bool) -> impl Iterator<Item = Self> {
        let sorts = self.0.keys().filter(move |sort| has_right(sort));
        sorts.filter_map(|sort| self.without(*sort))
    }

    /// Whether there is a claim that the tier lets through: one person opens it, one screens it (the same person may do both),
    /// and the votes come from others, the one of compliance from yet another.
    pub(super) fn can_fill(&self, tier: &Tier) -> bool {
        let enough = |rest: &Self| {
            let at_least =
                |have: usize, need: u32| u32::try_from(have).is_ok_and(|have| have >= need);
            at_least(rest.voters(), tier.votes) && at_least(rest.leads(), tier.lead_votes)
        };
        let votes = |rest: Self| match tier.compliance_vote {
            false => enough(&rest),
            true => rest.after(|sort| sort.screens).any(|rest| enough(&rest)),
        };
        let by_one = self.after(|sort| sort.opens && sort.screens);
        let by_two = self
            .after(|sort| sort.opens)
            .flat_map(|rest| rest.after(|sort| sort.screens).collect::<Vec<_>>());
        by_one.chain(by_two).any(votes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn people(roles: &[&[Role]]) -> Vec<Person> {
        let people = roles.iter().enumerate().map(|(number, roles)| Person {
            name: format!("p{number}"),
            roles: roles.iter().copied().collect::<BTreeSet<_>>(),
            keys: Vec::new(),
        });
        people.collect()
    }

    fn tier(votes: u32, lead_votes: u32, compliance_vote: bool) -> Tier {
        Tier {
            name: "T".to_owned(),
            value_max: None,
            votes,
            lead_votes,
            compliance_vote,
            delay_seconds: 0,
            alone: None,
        }
    }

    #[test]
    fn own_one_person_fills_one_slot() {
        use Role::{Compliance, Specialist, Wallet, WalletLead};
        let fills = |roles: &[&[Role]], tier: &Tier| Slots::of(&people(roles)).can_fill(tier);
        let open: &[Role] = &[Specialist];
        let (screen, vote, lead): (&[Role], &[Role], &[Role]) =
            (&[Compliance], &[Wallet], &[WalletLead]);
        assert!(fills(&[open, screen, vote], &tier(1, 0, false)));
        assert!(fills(
            &[&[Specialist, Compliance], vote],
            &tier(1, 0, false)
        ));
        // Nobody opens, nobody screens, or who votes must do so.
        assert!(!fills(&[screen, vote], &tier(1, 0, false)));
        assert!(!fills(&[open, vote], &tier(1, 0, false)));
        assert!(!fills(&[open, &[Compliance, Wallet]], &tier(1, 0, false)));
        assert!(!fills(&[&[Specialist, Wallet], screen], &tier(1, 0, false)));
        // The slot of compliance takes one more person, and never a voter.
        assert!(!fills(&[open, screen, vote], &tier(1, 0, true)));
        assert!(!fills(
            &[open, screen, &[Compliance, Wallet]],
            &tier(1, 0, true)
        ));
        assert!(fills(&[open, screen, screen, vote], &tier(1, 0, true)));
        // Leads are voters.
        assert!(fills(&[open, screen, lead, lead, vote], &tier(3, 2, false)));
        assert!(!fills(
            &[open, screen, lead, vote, vote],
            &tier(3, 2, false)
        ));
        let both: &[Role] = &[Compliance, WalletLead];
        assert!(fills(
            &[open, screen, screen, lead, both],
            &tier(2, 2, true)
        ));
        assert!(!fills(&[open, screen, lead, both], &tier(2, 2, true)));
    }
}
