//! The policy as people meet it: what it decides, how a changed one comes into force, who may do what, the emergency stop, and
//! the log that keeps it all.

use recover_core::people::Role;
use recover_verify::Roster;

use crate::desk::{Desk, Run, rows};

#[track_caller]
fn prints(run: &Run, text: &str) {
    assert!(run.out.contains(text), "{text}: {}", run.out);
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk
}

/// Changes the policy file in one place.
fn edit(desk: &Desk, from: &str, to: &str) {
    let text = desk.read("policy.toml");
    assert!(text.contains(from), "{from}");
    desk.write("policy.toml", text.replacen(from, to, 1));
}

/// A first policy under which a change needs no delay, so that a test need not wait for two days.
fn hasty() -> Desk {
    let desk = desk();
    edit(
        &desk,
        "compliance_votes = 1\ndelay_minutes = 2880",
        "compliance_votes = 1\ndelay_minutes = 0",
    );
    desk.run(&["people"]).ok();
    desk
}

const SUM: &str = "day_release_max = \"250000\"";

#[test]
fn policy_check_says_who_may_approve_what() {
    let desk = desk();
    let run = desk.run(&["policy", "check"]).ok();
    insta::assert_snapshot!("policy_check", run.out);
    run.says(&["warning: votes are not signed", "no [[wallet]]"]);
    assert!(
        !desk.path("recover.db").exists(),
        "a check makes no database"
    );

    let view = desk.json(&["policy", "check"]);
    let tiers = view["approval"]["tiers"].as_array().unwrap();
    assert_eq!(tiers.len(), 5);
    assert_eq!(tiers[2]["value_max"], "10000.00");
    assert_eq!(tiers[2]["delay_seconds"], 14_400);
    assert_eq!(tiers[4]["value_max"], serde_json::Value::Null);
    assert_eq!(
        view["prices"],
        serde_json::json!({"sources_min": 2, "spread_max_percent": "5"})
    );
    let codes: Vec<&str> = view["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["votes_not_signed", "leads_scarce", "no_wallet",]);
    assert_eq!(
        desk.json(&["policy", "check"])["policy_change"]["admin_votes"],
        2
    );
}

/// One rule of each form, with every modifier once.
const EVERY_FORM: &str = include_str!("policy_of_every_form.toml");

/// The shipped policy with other fees.
fn with_fees(desk: &Desk, fees: &str) {
    let text = desk.read("policy.toml");
    let (top, rest) = text.split_once("[[fee]]").unwrap();
    let (_, rest) = rest.split_once("[approval]").unwrap();
    // Keys of the top stand before the first table of all.
    let (keys, tables) = fees.split_once("[[").unwrap();
    let (head, own) = top.split_at(top.find("\n[").unwrap());
    desk.write(
        "policy.toml",
        format!("{head}\n{keys}{own}[[{tables}\n[approval]{rest}"),
    );
}

#[test]
fn policy_check_says_every_form_of_fee_in_sentences() {
    let desk = desk();
    with_fees(&desk, EVERY_FORM);
    let run = desk.run(&["policy", "check"]).ok();
    let (_, fees) = run.out.split_once("as much).\n").unwrap();
    insta::assert_snapshot!("policy_fees", fees);
    let warnings: Vec<&str> = run
        .err
        .lines()
        .filter(|line| line.contains("rule"))
        .collect();
    insta::assert_snapshot!("policy_fees_warnings", warnings.join("\n"));

    let view = desk.json(&["policy", "check"]);
    let paragraphs = view["fees"]["paragraphs"].as_array().unwrap();
    assert_eq!(paragraphs[0]["rule"], 1);
    let spoken: Vec<&str> = paragraphs
        .iter()
        .map(|paragraph| paragraph["text"].as_str().unwrap())
        .collect();
    assert_eq!(format!("\n{}\n", spoken.join("\n\n")), fees);
}

#[test]
fn policy_check_prints_the_fees_as_a_table_to_publish() {
    let desk = desk();
    let shipped = desk.run(&["policy", "check", "--matrix"]).ok();
    insta::assert_snapshot!("policy_matrix", shipped.out);
    assert_eq!(shipped.err, "", "nothing but the table");
    with_fees(&desk, EVERY_FORM);
    let run = desk.run(&["policy", "check", "--matrix"]).ok();
    insta::assert_snapshot!("policy_matrix_of_every_form", run.out);
    let view = desk.json(&["policy", "check", "--matrix"]);
    assert_eq!(view["fees"]["markdown"], run.out);
    let rows = view["fees"]["table"].as_array().unwrap();
    // A row a line between the head and what holds for all.
    assert_eq!(run.out.lines().count(), rows.len() + 4);
    // A value that the fee eats whole is refused: no row promises it.
    let fees: Vec<&str> = rows
        .iter()
        .map(|row| row["fee"].as_str().unwrap())
        .collect();
    assert!(fees[0].contains("for a value above 40.00 USD of which the fees leave something"));
    assert!(!fees[0].contains("from a value of 40.00"), "{}", fees[0]);
    assert_eq!(rows[0]["days"], serde_json::json!([2, 3]));
}

#[test]
fn policy_check_warns_of_what_may_not_be_meant() {
    let desk = desk();
    let text = desk.read("policy.toml");
    for (from, to, code) in [
        (
            "[\"treasury\"]",
            "[\"treasury\", \"wallet\"]",
            "voter_is_treasury",
        ),
        (
            "[\"treasury\"]",
            "[\"treasury\", \"wallet\"]",
            "treasury_votes",
        ),
        ("[\"treasury\"]", "[\"agent\"]", "no_treasury"),
        (
            "compliance_votes = 1\ndelay_minutes = 2880",
            "compliance_votes = 1\ndelay_minutes = 0",
            "change_without_delay",
        ),
        (
            "name = \"T4\"",
            "name = \"T4\"\nvalue_max = \"500000\"",
            "values_denied",
        ),
        ("sources_min = 2", "sources_min = 1", "one_price_source"),
        ("sources_min = 2\n", "", "one_price_source"),
        (
            "form = \"flat\"\n",
            "form = \"flat\"\nprice_source = \"desk\"\n",
            "price_source_unnamed",
        ),
    ] {
        desk.write("policy.toml", text.replacen(from, to, 1));
        let view = desk.json(&["policy", "check"]);
        let warnings = view["warnings"].to_string();
        assert!(
            warnings.contains(&format!("\"{code}\"")),
            "{code}: {warnings}"
        );
    }
    // The last stands no longer once the source is there, whatever its capital letters.
    let rule = text.replacen(
        "form = \"flat\"\n",
        "form = \"flat\"\nprice_source = \"desk\"\n",
        1,
    );
    desk.write("policy.toml", rule);
    desk.write(
        "chains.toml",
        format!(
            "{}\n[[price_source]]\nname = \"Desk\"\nkind = \"coingecko\"\nurl = \"https://prices.exchange.example\"\nrequests_per_minute = 60\n",
            desk.read("chains.toml")
        ),
    );
    let view = desk.json(&["policy", "check"]);
    assert!(
        !view["warnings"]
            .to_string()
            .contains("price_source_unnamed"),
        "{view}"
    );
    // One lead can lift no halt; a tier that needs two is refused before.
    let one = text
        .replace(
            "name = \"ines\"\nroles = [\"wallet_lead\"]",
            "name = \"ines\"\nroles = [\"wallet\"]",
        )
        .replace("lead_votes = 2", "lead_votes = 1");
    desk.write("policy.toml", one);
    assert!(
        desk.json(&["policy", "check"])["warnings"]
            .to_string()
            .contains("halt_stays")
    );
}

#[test]
fn a_changed_policy_comes_into_force_by_votes_only() {
    let desk = hasty();
    let first = desk.read("policy.toml");
    edit(&desk, SUM, "day_release_max = \"900000\"");
    // Every command that would act under it says so.
    let versions = rows(desk.json(&["policy", "list"]));
    assert_eq!(versions[0]["state"], "active");
    assert_eq!(versions[1]["state"], "waiting");
    assert_eq!(versions[1]["admins_missing"], 2);
    let listed = desk.run(&["policy", "list"]).ok();
    assert!(listed.out.contains("policy approve 2"), "{}", listed.out);

    desk.run(&["policy", "approve", "2"])
        .exits(2)
        .says(&["--as"]);
    desk.run_as("chidi", &["policy", "approve", "2"])
        .exits(3)
        .says(&["chidi", "admins"]);
    desk.run_as("jonas", &["policy", "approve", "7"])
        .exits(2)
        .says(&["version 7", "policy list"]);
    for person in ["jonas", "farah", "kim"] {
        desk.run_as(person, &["policy", "approve", "2"]).ok();
    }
    let versions = rows(desk.json(&["policy", "list"]));
    assert_eq!(versions[0]["state"], "retired");
    assert_eq!(versions[1]["state"], "active");
    desk.run_as("kim", &["policy", "approve", "2"])
        .exits(3)
        .says(&["does not wait"]);
    // The earlier text is still there, to the byte.
    assert_eq!(desk.run(&["policy", "show", "1"]).ok().out, first);
    desk.run(&["policy", "show", "9"]).exits(2);
}

#[test]
fn the_delay_of_the_version_in_force_counts_not_that_of_the_new_one() {
    let desk = desk();
    desk.run(&["people"]).ok();
    edit(
        &desk,
        "compliance_votes = 1\ndelay_minutes = 2880",
        "compliance_votes = 1\ndelay_minutes = 0",
    );
    desk.run(&["people"]).ok();
    for person in ["jonas", "farah", "kim"] {
        desk.run_as(person, &["policy", "approve", "2"]).ok();
    }
    let versions = rows(desk.json(&["policy", "list"]));
    assert_eq!(versions[1]["state"], "waiting");
    assert!(versions[1]["ready_at"].is_string());
}

#[test]
fn people_are_listed_and_written_into_the_roster() {
    let desk = desk();
    edit(
        &desk,
        "name = \"emre\"\nroles = [\"wallet_lead\"]",
        "name = \"emre\"\nroles = [\"wallet_lead\"]\nkeys = [\"ssh-ed25519 \
         AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea emre@desk\"]",
    );
    let text = desk.read("policy.toml");
    desk.write(
        "policy.toml",
        format!(
            "{text}\n[[wallet]]\nnetwork = \"ethereum\"\ntreasury = \"0xdAC17F958D2ee523a2206206994597C13D831ec7\"\n\
             fee_max = \"0.05\"\n"
        ),
    );
    let people = rows(desk.json(&["people"]));
    assert_eq!(people.len(), 12);
    assert_eq!(people[4]["name"], "emre");
    assert!(
        people[4]["keys"][0]
            .as_str()
            .unwrap()
            .starts_with("SHA256:")
    );

    let run = desk.run(&["people", "--roster"]).ok();
    let roster = Roster::parse(&run.out).unwrap();
    assert_eq!(roster.people.len(), 12);
    assert_eq!(roster.approval.tiers.len(), 5);
    assert_eq!(roster.policies.len(), 1);
    assert_eq!(roster.networks.len(), 1);
    assert_eq!(roster.networks[0].chain, "eip155:1");
    assert_eq!(
        roster.networks[0].fee_max.to_base_units(),
        "50000000000000000"
    );
    let emre = roster
        .people
        .iter()
        .find(|person| person.name == "emre")
        .unwrap();
    assert!(emre.is_any(&[Role::WalletLead]));
    assert_eq!(emre.keys.len(), 1);
    assert!(roster.assets.iter().any(|asset| asset.symbol == "USDT"));
}

#[test]
fn a_typo_in_a_wallet_is_found_before_the_money_does() {
    let desk = desk();
    let text = desk.read("policy.toml");
    let wallet = |treasury: &str| {
        format!(
            "{text}\n[[wallet]]\nnetwork = \"ethereum\"\ntreasury = \"{treasury}\"\nfee_max = \"0.05\"\n"
        )
    };
    for wrong in [
        "0xdAC17F958D2ee523a2206206994597C13D831ec8",
        "0xdac17f958d2ee523a2206206994597c13d831ec7",
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    ] {
        desk.write("policy.toml", wallet(wrong));
        desk.run(&["policy", "check"])
            .exits(1)
            .says(&["policy.toml", "[wallet] treasury"]);
    }
    desk.write(
        "policy.toml",
        wallet("0xdAC17F958D2ee523a2206206994597C13D831ec7"),
    );
    desk.run(&["policy", "check"]).ok();
}

#[test]
fn a_halt_is_set_by_one_and_lifted_by_two() {
    let desk = desk();
    assert_eq!(desk.json(&["halt", "show"])["halted"], false);
    desk.run(&["halt", "set", "--reason", "odd"]).exits(2);
    desk.run_as("lea", &["halt", "set", "--reason", "odd"])
        .exits(3);
    let state = desk.json(&[
        "--as",
        "farah",
        "halt",
        "set",
        "--reason",
        "a strange address",
    ]);
    assert_eq!(state["halted"], true);
    assert_eq!(state["halts"][0]["person"], "farah");
    desk.run_as("chidi", &["halt", "lift", "--reason", "fine"])
        .exits(3)
        .says(&["wallet_lead"]);
    let shown = desk
        .run_as("emre", &["halt", "lift", "--reason", "looked at it"])
        .ok();
    assert!(shown.out.contains("another lead"), "{}", shown.out);
    desk.run_as("emre", &["halt", "lift", "--reason", "again"])
        .exits(3)
        .says(&["another lead"]);
    desk.run_as("ines", &["halt", "lift", "--reason", "so did I"])
        .ok();
    assert_eq!(desk.json(&["halt", "show"])["halted"], false);
}

#[test]
fn the_log_is_verified_exported_and_verified_again() {
    let desk = desk();
    for reason in ["one", "two", "three"] {
        desk.run_as("ana", &["halt", "set", "--reason", reason])
            .ok();
    }
    let exported = desk.run(&["audit", "export"]).ok();
    assert_eq!(exported.out.lines().count(), 4);
    assert!(
        !exported.out.contains("three"),
        "what people said stays inside"
    );
    let head = exported
        .err
        .lines()
        .find_map(|line| line.strip_prefix("head "))
        .unwrap()
        .to_owned();
    desk.write("log.jsonl", &exported.out);
    desk.write("heads.txt", format!("# kept by the auditor\n\n{head}\n"));

    let whole = desk.json(&["audit", "verify", "--heads", "heads.txt"]);
    assert_eq!(
        (&whole["entries"], &whole["heads_met"]),
        (&4.into(), &1.into())
    );
    assert_eq!(whole["problems"].as_array().unwrap().len(), 0);
    assert_eq!(whole["head"], head);
    let file = ["audit", "verify", "--file", "log.jsonl", "--head", &head];
    assert_eq!(desk.json(&file)["head"], head);
    let bodies = desk
        .run(&["audit", "export", "--bodies", "--after", "3"])
        .ok();
    assert_eq!(bodies.out.lines().count(), 1);
    assert!(bodies.out.contains("three"), "{}", bodies.out);

    // A head that the log does not have: it was cut off, or written anew.
    let (number, hash) = head.split_once(':').unwrap();
    let later = format!("9:{hash}");
    prints(
        &desk.run(&["audit", "verify", "--head", &later]).exits(4),
        "9",
    );
    let other = format!("{number}:{}", "ab".repeat(32));
    desk.run(&["audit", "verify", "--head", &other]).exits(4);
    desk.write("log.jsonl", exported.out.replacen("\"ana\"", "\"lea\"", 1));
    let run = desk
        .run(&["audit", "verify", "--file", "log.jsonl"])
        .exits(4);
    prints(&run, "entry 2 was changed");
    desk.write(
        "log.jsonl",
        exported.out.lines().skip(1).collect::<Vec<_>>().join("\n"),
    );
    desk.run(&["audit", "verify", "--file", "log.jsonl"])
        .exits(4);
    let first = exported.out.lines().next().unwrap();
    let first: serde_json::Value = serde_json::from_str(first).unwrap();
    let start = format!("1:{}", first["hash"].as_str().unwrap());
    desk.run(&["audit", "verify", "--file", "log.jsonl", "--after", &start])
        .ok();
    desk.run(&["audit", "verify", "--file", "no-such-file"])
        .exits(1);
}
