//! `policy`: what the policy decides before anybody relies on it, and how a changed one comes into force.

use crate::args::{Format, Policy as Arguments};
use crate::commands::policy_fees::FeesView;
use crate::exit::Exit;
use crate::output;
use crate::view::seconds;
use crate::wiring;
use recover_core::approval::{ApprovalRule, RuleAction, Tier};
use recover_core::people::{Person, Role};
use recover_engine::config::{ChainsConfig, Networks, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::policy_versions::PolicyStanding;
use serde::Serialize;
use std::path::Path;

/// Reads and checks the policy file, the addresses of its wallets included.
pub fn load(path: &Path, chains: &ChainsConfig) -> anyhow::Result<Policy> {
    let adapters = wiring::adapters();
    let networks = Networks {
        chains,
        codecs: &adapters,
    };
    Ok(Policy::load(path, Some(networks)).map_err(EngineError::from)?)
}

#[derive(Serialize)]
struct PolicyView {
    name: String,
    digest: String,
    currency: String,
    fee_rules: usize,
    fees: FeesView,
    network_fee_max: String,
    network_fee_max_percent: String,
    quote_valid_minutes: u32,
    price_age_max_minutes: u32,
    prices: PricesView,
    package_valid_minutes: u32,
    approval: ApprovalView,
    policy_change: ChangeView,
    wallets: Vec<String>,
    warnings: Vec<WarningView>,
}

#[derive(Serialize)]
struct PricesView {
    sources_min: u32,
    spread_max_percent: String,
}

#[derive(Serialize)]
struct ApprovalView {
    signed_votes: bool,
    vote_valid_seconds: i64,
    screening_age_max_seconds: i64,
    release_screening_age_max_seconds: i64,
    day_release_max: String,
    week_multiple: u32,
    maker_multiple: u32,
    pair_multiple: u32,
    rules: Vec<RuleView>,
    tiers: Vec<TierView>,
}

#[derive(Serialize)]
struct RuleView {
    number: u32,
    kinds: Vec<&'static str>,
    networks: Vec<String>,
    resolutions: Vec<&'static str>,
    action: &'static str,
}

#[derive(Serialize)]
struct TierView {
    name: String,
    value_max: Option<String>,
    votes: u32,
    lead_votes: u32,
    compliance_vote: bool,
    delay_seconds: i64,
    alone_day_value_max: Option<String>,
    alone_day_claims_max: Option<u32>,
}

#[derive(Serialize)]
struct ChangeView {
    admin_votes: u32,
    compliance_votes: u32,
    delay_seconds: i64,
}

#[derive(Serialize)]
struct WarningView {
    code: &'static str,
    text: String,
}

impl PolicyView {
    fn of(policy: &Policy, chains: &ChainsConfig) -> Self {
        let approval = &policy.approval;
        Self {
            fees: FeesView::of(policy, chains),
            name: policy.name.clone(),
            digest: policy.digest_text(),
            currency: policy.currency.clone(),
            fee_rules: policy.fees.rules.len(),
            network_fee_max: policy.network_fee_max.to_string(),
            network_fee_max_percent: policy.network_fee_max_percent.to_string(),
            quote_valid_minutes: policy.quote_valid_minutes,
            price_age_max_minutes: policy.price_age_max_minutes,
            prices: PricesView {
                sources_min: policy.prices.sources_min,
                spread_max_percent: policy.prices.spread_max_percent.to_string(),
            },
            package_valid_minutes: policy.package_valid_minutes,
            approval: ApprovalView {
                signed_votes: approval.signed_votes,
                vote_valid_seconds: approval.vote_valid_seconds,
                screening_age_max_seconds: approval.screening_age_max_seconds,
                release_screening_age_max_seconds: approval.release_screening_age_max_seconds,
                day_release_max: approval.day_release_max.to_string(),
                week_multiple: approval.week_multiple,
                maker_multiple: approval.maker_multiple,
                pair_multiple: approval.pair_multiple,
                rules: approval.rules.iter().map(RuleView::of).collect(),
                tiers: approval.tiers.iter().map(TierView::of).collect(),
            },
            policy_change: ChangeView {
                admin_votes: policy.change.admin_votes,
                compliance_votes: policy.change.compliance_votes,
                delay_seconds: policy.change.delay_seconds,
            },
            wallets: policy.wallets.keys().map(ToString::to_string).collect(),
            warnings: policy
                .warnings(chains)
                .iter()
                .map(|warning| WarningView {
                    code: warning.code(),
                    text: warning.to_string(),
                })
                .collect(),
        }
    }
}

impl RuleView {
    fn of(rule: &ApprovalRule) -> Self {
        Self {
            number: rule.number,
            kinds: rule.kinds.iter().map(|kind| kind.code()).collect(),
            networks: rule.networks.iter().map(ToString::to_string).collect(),
            resolutions: rule.resolutions.iter().map(|word| word.code()).collect(),
            action: rule.action.code(),
        }
    }
}

impl TierView {
    fn of(tier: &Tier) -> Self {
        Self {
            name: tier.name.clone(),
            value_max: tier.value_max.map(|most| most.to_string()),
            votes: tier.votes,
            lead_votes: tier.lead_votes,
            compliance_vote: tier.compliance_vote,
            delay_seconds: tier.delay_seconds,
            alone_day_value_max: tier.alone.map(|alone| alone.day_value_max.to_string()),
            alone_day_claims_max: tier.alone.map(|alone| alone.day_claims_max),
        }
    }
}

/// `policy check`
pub fn check(
    format: Format,
    chains: &ChainsConfig,
    path: Option<&Path>,
    matrix: bool,
) -> anyhow::Result<Exit> {
    let path = path.ok_or(EngineError::PolicyMissing)?;
    let policy = load(path, chains)?;
    if format != Format::Table {
        output::json(&PolicyView::of(&policy, chains))?;
        return Ok(Exit::Done);
    }
    let fees = FeesView::of(&policy, chains);
    if matrix {
        fees.print_matrix()?;
        return Ok(Exit::Done);
    }
    output::facts(&facts(&policy, path))?;
    output::line("")?;
    let rules = policy.approval.rules.iter().map(rule_cells);
    output::line(&output::table(RULE_COLUMNS, rules).to_string())?;
    let tiers = policy.approval.tiers.iter();
    let tiers = tiers.map(|tier| tier_cells(&policy, tier));
    output::line(&output::table(TIER_COLUMNS, tiers).to_string())?;
    output::line(&sums(&policy))?;
    fees.print()?;
    for warning in policy.warnings(chains) {
        eprintln!("warning: {}", output::printable(&warning.to_string()));
    }
    Ok(Exit::Done)
}

const RULE_COLUMNS: &[&str] = &["rule", "kinds", "networks", "what is done", "then"];
const TIER_COLUMNS: &[&str] = &["tier", "up to", "who must agree", "then it waits", "alone"];

fn facts(policy: &Policy, path: &Path) -> Vec<(&'static str, String)> {
    let approval = &policy.approval;
    let currency = &policy.currency;
    let wallets: Vec<&str> = policy.wallets.keys().map(|id| id.as_str()).collect();
    vec![
        ("policy", format!("{} ({})", policy.name, path.display())),
        ("digest", policy.digest_text()),
        (
            "fees",
            format!(
                "{} rules, in {currency}; the network takes at most {} and {} % of the value",
                policy.fees.rules.len(),
                policy.network_fee_max,
                policy.network_fee_max_percent,
            ),
        ),
        (
            "quotes",
            format!(
                "valid {}, prices no older than {}",
                span(minutes(policy.quote_valid_minutes)),
                span(minutes(policy.price_age_max_minutes))
            ),
        ),
        ("prices", prices(policy)),
        (
            "screening",
            format!(
                "by {}; no older than {} at a vote and {} at a release",
                names(policy.with(Role::Compliance)),
                span(approval.screening_age_max_seconds),
                span(approval.release_screening_age_max_seconds)
            ),
        ),
        (
            "votes",
            format!(
                "{}, valid {}",
                if approval.signed_votes {
                    "signed"
                } else {
                    "not signed"
                },
                span(approval.vote_valid_seconds)
            ),
        ),
        (
            "releases",
            format!(
                "by {}; at most {} {currency} in 24 hours; the signers have {}",
                names(policy.with(Role::Treasury)),
                approval.day_release_max,
                span(minutes(policy.package_valid_minutes)),
            ),
        ),
        (
            "halt",
            format!("lifted by two of {}", names(policy.with(Role::WalletLead))),
        ),
        (
            "changes",
            format!(
                "{} of the admins {} and {} of compliance; in force {} after the last vote",
                policy.change.admin_votes,
                names(policy.with(Role::Admin)),
                policy.change.compliance_votes,
                span(policy.change.delay_seconds)
            ),
        ),
        (
            "wallets",
            if wallets.is_empty() {
                "none".to_owned()
            } else {
                wallets.join(", ")
            },
        ),
    ]
}

/// Which prices count: how many sources must have one, and how far they may lie apart.
fn prices(policy: &Policy) -> String {
    let rules = &policy.prices;
    let sources = match rules.sources_min {
        1 => "of 1 source at least".to_owned(),
        number => format!("of {number} sources at least"),
    };
    format!(
        "{sources}, at most {} % apart; the highest counts",
        rules.spread_max_percent
    )
}

fn minutes(minutes: u32) -> i64 {
    i64::from(minutes).saturating_mul(60)
}

/// A length of time as people say it, in the largest unit that fits without a rest.
fn span(seconds: i64) -> String {
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let (count, unit) = units
        .into_iter()
        .filter_map(|(length, unit)| {
            let rest = seconds.checked_rem(length)?;
            (rest == 0 && seconds != 0).then(|| (seconds.checked_div(length).unwrap_or(0), unit))
        })
        .next()
        .unwrap_or((seconds, "second"));
    if count == 1 {
        format!("1 {unit}")
    } else {
        format!("{count} {unit}s")
    }
}

fn names<'a>(people: impl Iterator<Item = &'a Person>) -> String {
    let names: Vec<&str> = people.map(|person| person.name.as_str()).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

fn rule_cells(rule: &ApprovalRule) -> Vec<String> {
    let list = |codes: Vec<&str>| match codes.is_empty() {
        true => "all".to_owned(),
        false => codes.join("\n"),
    };
    vec![
        rule.number.to_string(),
        list(rule.kinds.iter().map(|kind| kind.code()).collect()),
        list(rule.networks.iter().map(|id| id.as_str()).collect()),
        list(rule.resolutions.iter().map(|word| word.code()).collect()),
        match rule.action {
            RuleAction::Block => "nobody can approve it".to_owned(),
            RuleAction::Tiers => "by value, below".to_owned(),
        },
    ]
}

fn tier_cells(policy: &Policy, tier: &Tier) -> Vec<String> {
    let currency = &policy.currency;
    let is_last = policy.approval.tiers.last().map(|last| &last.name) == Some(&tier.name);
    let up_to = match (tier.value_max, is_last) {
        (None, _) => "any value, and one that nobody knows".to_owned(),
        (Some(most), true) => format!("{most} {currency}, and a value that nobody knows"),
        (Some(most), false) => format!("{most} {currency}"),
    };
    let voters = policy
        .people
        .iter()
        .filter(|person| person.is_any(&[Role::Wallet, Role::WalletLead]));
    let mut who = vec![format!("{} of {}", tier.votes, names(voters))];
    if tier.lead_votes > 0 {
        let leads = names(policy.with(Role::WalletLead));
        who.push(format!("of these {} of the leads {leads}", tier.lead_votes));
    }
    if tier.compliance_vote {
        let officers = names(policy.with(Role::Compliance));
        who.push(format!("and 1 of {officers}, not who screened"));
    }
    vec![
        tier.name.clone(),
        up_to,
        who.join("\n"),
        match tier.delay_seconds {
            0 => "-".to_owned(),
            delay => span(delay),
        },
        tier.alone.map_or_else(
            || "-".to_owned(),
            |alone| {
                format!(
                    "the opener, up to {} {currency}\nand {} claims a day",
                    alone.day_value_max, alone.day_claims_max
                )
            },
        ),
    ]
}

fn sums(policy: &Policy) -> String {
    let approval = &policy.approval;
    format!(
        "Nobody votes who opened, quoted, accepted or screened the claim, and nobody fills two places. The tier is that of the \
         largest sum, the claim included: 24 hours to the same user, to the same address, from the same sender; seven days of \
         each, divided by {week}; what the same person opened, divided by {maker}; what the same two people approved, divided by \
         {pair} (seven days: by {week} times as much).",
        week = approval.week_multiple,
        maker = approval.maker_multiple,
        pair = approval.pair_multiple,
    )
}

/// `policy list`, `policy show` and `policy approve`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Arguments,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        // Answered before there is a database.
        Arguments::Check { .. } => Ok(Exit::Done),
        Arguments::List => {
            let views: Vec<VersionView> = engine
                .policy_versions()
                .await?
                .iter()
                .map(VersionView::of)
                .collect();
            output::rows(format, VERSION_COLUMNS, &views, VersionView::cells)?;
            Ok(Exit::Done)
        }
        Arguments::Show { number } => {
            use std::io::Write as _;
            let version = engine.policy_version(*number).await?;
            // As it was loaded, to the byte: put into a file it is the same version.
            std::io::stdout()
                .lock()
                .write_all(version.text.as_bytes())?;
            Ok(Exit::Done)
        }
        Arguments::Approve { number } => {
            let standing = engine.approve_policy(*number, actor).await?;
            let view = VersionView::of(&standing);
            match format {
                Format::Table => output::facts(&[
                    ("version", view.number.to_string()),
                    ("state", view.state.to_owned()),
                    ("votes", view.voters()),
                    ("next", view.next()),
                ])?,
                Format::Json | Format::Csv => output::json(&view)?,
            }
            Ok(Exit::Done)
        }
    }
}

#[derive(Serialize)]
struct VoteView {
    person: String,
    role: &'static str,
    voted_at: String,
    counts: bool,
}

#[derive(Serialize)]
struct VersionView {
    number: u32,
    state: &'static str,
    digest: String,
    loaded_at: String,
    activated_at: Option<String>,
    votes: Vec<VoteView>,
    admins_missing: u32,
    compliance_missing: u32,
    ready_at: Option<String>,
    #[serde(skip)]
    times: [String; 3],
}

const VERSION_COLUMNS: &[&str] = &["version", "state", "digest", "loaded", "votes", "next"];

impl VersionView {
    fn of(standing: &PolicyStanding) -> Self {
        let version = &standing.version;
        let short = |time: Option<_>| time.map(seconds).unwrap_or_default();
        Self {
            number: version.number,
            state: version.state.code(),
            digest: version.digest.to_string(),
            loaded_at: version.loaded_at.to_string(),
            activated_at: version.activated_at.map(|time| time.to_string()),
            votes: standing
                .votes
                .iter()
                .map(|vote| VoteView {
                    person: vote.vote.person.clone(),
                    role: vote.vote.role.code(),
                    voted_at: vote.vote.voted_at.to_string(),
                    counts: vote.counts,
                })
                .collect(),
            admins_missing: standing.admins_missing,
            compliance_missing: standing.compliance_missing,
            ready_at: standing.ready_at.map(|time| time.to_string()),
            times: [
                seconds(version.loaded_at),
                short(version.activated_at),
                short(standing.ready_at),
            ],
        }
    }

    fn voters(&self) -> String {
        let votes = self.votes.iter().map(|vote| {
            let void = if vote.counts {
                ""
            } else {
                ", no longer counts"
            };
            format!("{} ({}{void})", vote.person, vote.role)
        });
        match votes.collect::<Vec<_>>() {
            votes if votes.is_empty() => "-".to_owned(),
            votes => votes.join("\n"),
        }
    }

    /// What comes next, in words.
    fn next(&self) -> String {
        let [_, activated, ready] = &self.times;
        match self.state {
            "active" => format!("in force since {activated}"),
            "waiting" if !ready.is_empty() => format!("in force from {ready} on"),
            "waiting" => format!(
                "policy approve {}: {} of the admins and {} of compliance are missing",
                self.number, self.admins_missing, self.compliance_missing
            ),
            _ => "-".to_owned(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let [loaded, _, _] = &self.times;
        vec![
            self.number.to_string(),
            self.state.to_owned(),
            self.digest.get(..16).unwrap_or_default().to_owned(),
            loaded.clone(),
            self.voters(),
            self.next(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_spans_are_said_in_the_largest_unit_without_a_rest() {
        let said = [0, 1, 60, 90, 3_600, 5_400, 86_400, 172_800].map(span);
        assert_eq!(
            said,
            [
                "0 seconds",
                "1 second",
                "1 minute",
                "90 seconds",
                "1 hour",
                "90 minutes",
                "1 day",
                "2 days"
            ]
        );
    }
}
