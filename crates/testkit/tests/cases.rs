//! The made-up cases: the same bytes for a seed, truths that refer to what is there, and rates as promised.

use recover_testkit::cases::{Cases, PROFILES, Profile, profile};
use std::collections::{BTreeMap, BTreeSet};

fn written(size: u64, seed: u64, profile: &Profile) -> BTreeMap<String, String> {
    let folder = recover_testkit::temp_dir();
    Cases::new(size, seed, profile)
        .write(folder.path())
        .expect("written");
    std::fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("text");
            (name.into_owned(), text)
        })
        .collect()
}

fn base() -> Profile {
    profile("base").expect("there is one")
}

#[test]
fn own_the_same_seed_gives_the_same_bytes() {
    for profile in PROFILES {
        let first = written(400, 3, &profile);
        assert_eq!(first, written(400, 3, &profile), "{}", profile.name);
        assert_ne!(
            first["deposits.csv"],
            written(400, 4, &profile)["deposits.csv"]
        );
        let manifest: serde_json::Value =
            serde_json::from_str(&first["manifest.json"]).expect("json");
        assert_eq!(manifest["profile"], profile.name);
        assert_eq!(first.len(), 6);
    }
}

#[test]
fn own_the_truth_refers_to_what_is_there() {
    for profile in PROFILES {
        let cases = Cases::new(2_000, 8, &profile);
        for told in &cases.appeals {
            let user = told.line.split(',').next().expect("a user");
            let owner = |place: Option<u32>| {
                place.map(|place| format!("U{:08}", cases.world.deposits[place as usize].owner))
            };
            match told.kind {
                "genuine" | "duplicate" => {
                    assert_eq!(owner(told.deposit).as_deref(), Some(user));
                    assert!(told.is_creditable && told.target.is_none());
                }
                kind if kind.starts_with("fraud") => {
                    assert!(owner(told.target).is_some_and(|owner| owner != user));
                    assert!(!told.is_creditable && told.deposit.is_none());
                }
                kind => {
                    assert!(kind.starts_with("decoy"), "{kind}");
                    assert!(told.deposit.is_none() && told.target.is_none());
                    assert!(!told.is_creditable);
                }
            }
        }
        // Who appeals or owns an orphan stands in the address book.
        for deposit in &cases.world.deposits {
            assert!(!cases.world.users.rows(deposit.owner).is_empty());
        }
    }
}

#[test]
fn own_base_has_the_published_rates() {
    let cases = Cases::new(20_000, 5, &base());
    let share = |count: usize, of: usize| count * 10_000 / of;
    let genuine: Vec<&str> = cases
        .appeals
        .iter()
        .filter(|told| told.kind == "genuine")
        .map(|told| &*told.errors)
        .collect();
    let has = |label: &str| {
        let count = genuine
            .iter()
            .filter(|errors| errors.split(';').any(|error| error == label));
        share(count.count(), genuine.len())
    };
    // Of a sample of a hundred thousand with the same rates, in ten thousandths.
    for (label, expected) in [
        ("txid:exact", 4_831),
        ("txid:url", 959),
        ("txid:blank", 1_557),
        ("net:wrong", 1_407),
        ("amount:exact", 5_152),
        ("amount:gross", 1_327),
        ("time:zone", 2_538),
        ("to:exact", 6_425),
        ("from:other", 2_136),
        ("memo_in_text", 516),
    ] {
        let found = has(label);
        assert!(found.abs_diff(expected) < 220, "{label}: {found}");
    }
    let reason = |place: usize| {
        let deposits = &cases.world.deposits;
        let count = deposits.iter().filter(|deposit| deposit.reason == place);
        share(count.count(), deposits.len())
    };
    assert!(reason(0).abs_diff(4_300) < 150, "{}", reason(0));
    assert!(reason(2).abs_diff(2_000) < 150, "{}", reason(2));
    assert!(share(genuine.len(), cases.world.deposits.len()).abs_diff(6_200) < 150);
    let kind = |begins: &str| {
        let told = cases.appeals.iter();
        told.filter(|told| told.kind.starts_with(begins)).count()
    };
    assert_eq!(kind("fraud"), 1_200);
    assert_eq!(kind("decoy"), 4_000);
}

#[test]
fn own_only_the_profiles_set_aside_have_other_spellings() {
    let labels = |profile: &Profile| -> BTreeSet<String> {
        Cases::new(3_000, 2, profile)
            .appeals
            .iter()
            .flat_map(|told| {
                told.errors
                    .split(';')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let known = labels(&base());
    let others = labels(&profile("formats").expect("there is one"));
    for label in [
        "txid:base64",
        "txid:line_break",
        "txid:message_hash",
        "amount:indian",
        "amount:apostrophe",
        "amount:digits",
        "time:month_word",
        "time:relative",
        "to:with_memo",
        "to:other_form",
        "net:other_name",
    ] {
        assert!(!known.contains(label), "{label}");
        assert!(others.contains(label), "{label}");
    }
}
