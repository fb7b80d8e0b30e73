//! The dependency rule: which crate of ours may know which.

use crate::assert_none;
use crate::root;
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// A package of the workspace with its arrows.
#[derive(Debug, Clone, Default)]
struct Package {
    name: String,
    arrows: Vec<Arrow>,
    /// Feature name to what it turns on, as Cargo.toml writes it.
    features: BTreeMap<String, Vec<String>>,
}

/// One dependency on any package.
#[derive(Debug, Clone)]
struct Arrow {
    to: String,
    is_dev: bool,
    is_optional: bool,
    features: Vec<String>,
    has_default_features: bool,
}

/// Which crates of ours each crate may depend on; `None` for a crate that the rule does not know.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "recover-core" | "recover-testkit" => &[],
        "recover-matching" | "recover-watch" | "recover-source" | "recover-store" => {
            &["recover-core"]
        }
        "recover-engine" => &[
            "recover-core",
            "recover-matching",
            "recover-watch",
            "recover-source",
            "recover-store",
            // The package that signers check has one form: who writes it is who reads it.
            "recover-verify",
        ],
        "recover-verify" => &["recover-core", "recover-chain-*"],
        "recover" => &[
            "recover-core",
            "recover-matching",
            "recover-watch",
            "recover-source",
            "recover-store",
            "recover-engine",
            "recover-verify",
            "recover-chain-*",
        ],
        name if name.starts_with("recover-chain-") => &["recover-core", "recover-source"],
        _ => return None,
    })
}

/// Packages that do I/O, run tasks, keep time or speak SQL: none of them below the pure crates.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "sqlx",
    "async-trait",
    "futures",
    "rustls",
    "tracing",
    "governor",
];

/// Whether a crate is pure: no I/O of any kind in its own dependencies.
fn is_pure(name: &str) -> bool {
    matches!(name, "recover-core" | "recover-matching" | "recover-watch")
}

/// The packages that a feature turns on by itself or by other features.
fn turned_on(package: &Package, feature: &str, into: &mut BTreeSet<String>) {
    for part in package.features.get(feature).into_iter().flatten() {
        if let Some(name) = part.strip_prefix("dep:") {
            into.insert(name.to_owned());
        } else if let Some((name, _)) = part.split_once('/') {
            if !name.ends_with('?') {
                into.insert(name.to_owned());
            }
        } else if part != feature {
            turned_on(package, part, into);
        }
    }
}

/// Every arrow that the rule forbids, one line each.
fn violations(packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let name = &package.name;
        let Some(allowed) = allowed(name) else {
            found.push(format!("{name}: a new crate; place it in the rule"));
            continue;
        };
        let is_codec = name.starts_with("recover-chain-");
        for arrow in &package.arrows {
            let to = &arrow.to;
            let is_ours = to == "recover" || to.starts_with("recover-");
            if arrow.is_dev {
                // A test of core that used another crate of ours would meet two copies of core's types.
                if is_ours && name == "recover-core" {
                    found.push(format!("{name} -> {to}: not even in tests"));
                }
                continue;
            }
            if is_ours {
                let fits = allowed
                    .iter()
                    .any(|allowed| match allowed.strip_suffix('*') {
                        Some(prefix) => to.starts_with(prefix),
                        None => allowed == to,
                    });
                if !fits {
                    found.push(format!("{name} -> {to}: against the dependency rule"));
                }
                if name == "recover-verify"
                    && to.starts_with("recover-chain-")
                    && (arrow.has_default_features || arrow.features.iter().any(|f| f == "fetch"))
                {
                    found.push(format!(
                        "{name} -> {to}: the offline checker takes no fetch"
                    ));
                }
            }
            if is_pure(name) && IMPURE.contains(&to.as_str()) {
                found.push(format!("{name} -> {to}: this crate does no I/O"));
            }
            let needs_fetch = to == "recover-source" || IMPURE.contains(&to.as_str());
            if is_codec && needs_fetch && !arrow.is_optional {
                found.push(format!("{name} -> {to}: only behind the feature fetch"));
            }
            if to == "ethers-core" && name != "recover-chain-evm" {
                found.push(format!("{name} -> {to}: only recover-chain-evm may"));
            }
        }
        if is_codec {
            for feature in package.features.keys() {
                let mut on = BTreeSet::new();
                turned_on(package, feature, &mut on);
                let reaches_fetch =
                    feature == "fetch" || package.features[feature].iter().any(|f| f == "fetch");
                let fetched = on
                    .iter()
                    .any(|to| to == "recover-source" || IMPURE.contains(&to.as_str()));
                if fetched && !reaches_fetch {
                    found.push(format!("{name}: the feature {feature} brings fetching"));
                }
            }
        }
    }
    found
}

/// The workspace as cargo reads it; declared arrows are the graph, since the rule is about what a crate names.
fn workspace() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the workspace");
    metadata
        .packages
        .iter()
        .map(|package| Package {
            name: package.name.to_string(),
            arrows: package
                .dependencies
                .iter()
                .map(|dependency| Arrow {
                    to: dependency.name.clone(),
                    is_dev: dependency.kind == DependencyKind::Development,
                    is_optional: dependency.optional,
                    features: dependency.features.clone(),
                    has_default_features: dependency.uses_default_features,
                })
                .collect(),
            features: package.features.clone().into_iter().collect(),
        })
        .collect()
}

#[test]
fn own_arrows_point_one_way() {
    let workspace = workspace();
    for name in [
        "recover",
        "recover-core",
        "recover-engine",
        "recover-chain-evm",
        "recover-chain-xrpl",
        "recover-chain-stellar",
        "recover-chain-cosmos",
        "recover-chain-ton",
    ] {
        assert!(
            workspace.iter().any(|package| package.name == name),
            "{name} was not read"
        );
    }
    assert_none(&violations(&workspace));
}

fn made_up(name: &str, to: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        arrows: to
            .iter()
            .map(|to| Arrow {
                to: (*to).to_owned(),
                is_dev: false,
                is_optional: false,
                features: Vec::new(),
                has_default_features: false,
            })
            .collect(),
        features: BTreeMap::new(),
    }
}

#[test]
fn own_a_turned_arrow_is_found() {
    let forbidden = [
        ("recover-core", "recover-matching"),
        ("recover-core", "recover-source"),
        ("recover-core", "tokio"),
        ("recover-core", "recover-testkit"),
        ("recover-matching", "recover-store"),
        ("recover-matching", "futures"),
        ("recover-watch", "recover-engine"),
        ("recover-source", "recover-engine"),
        ("recover-store", "recover-source"),
        ("recover-store", "recover"),
        ("recover-engine", "recover-chain-evm"),
        ("recover-engine", "recover-testkit"),
        ("recover-engine", "ethers-core"),
        ("recover-chain-evm", "recover-store"),
        ("recover-chain-evm", "recover-chain-bitcoin"),
        ("recover-chain-xrpl", "recover-chain-cosmos"),
        ("recover-chain-ton", "recover-store"),
        ("recover-chain-stellar", "recover-source"),
        ("recover-engine", "recover-chain-xrpl"),
        ("recover-chain-evm", "recover-source"),
        ("recover-chain-evm", "reqwest"),
        ("recover-verify", "recover-source"),
        ("recover", "recover-testkit"),
        ("recover-testkit", "recover-core"),
        ("recover-new", "recover-core"),
    ];
    for (from, to) in forbidden {
        assert_eq!(
            violations(&[made_up(from, &[to])]).len(),
            1,
            "{from} -> {to} passed"
        );
    }
}

#[test]
fn own_arrows_of_tests_and_of_fetch_are_told_apart() {
    let with = |name: &str, to: &str, change: fn(&mut Arrow)| {
        let mut package = made_up(name, &[to]);
        package.arrows.iter_mut().for_each(change);
        package
    };
    let dev: fn(&mut Arrow) = |arrow| arrow.is_dev = true;
    let optional: fn(&mut Arrow) = |arrow| arrow.is_optional = true;
    assert!(violations(&[with("recover-engine", "recover-testkit", dev)]).is_empty());
    assert!(violations(&[with("recover-engine", "recover-chain-evm", dev)]).is_empty());
    assert_eq!(
        violations(&[with("recover-core", "recover-testkit", dev)]).len(),
        1
    );
    let mut codec = with("recover-chain-evm", "recover-source", optional);
    codec.features = BTreeMap::from([
        ("default".to_owned(), vec!["fetch".to_owned()]),
        ("fetch".to_owned(), vec!["dep:recover-source".to_owned()]),
    ]);
    assert!(violations(std::slice::from_ref(&codec)).is_empty());
    codec
        .features
        .insert("extra".to_owned(), vec!["dep:recover-source".to_owned()]);
    assert_eq!(violations(&[codec]).len(), 1, "another door to fetching");
    let checker: fn(&mut Arrow) = |arrow| arrow.has_default_features = true;
    assert_eq!(
        violations(&[with("recover-verify", "recover-chain-evm", checker)]).len(),
        1
    );
    assert!(violations(&[made_up("recover-verify", &["recover-chain-evm"])]).is_empty());
}

/// The packages that the owner named; `ethers` is the renamed `ethers-core`.
const OWNER_NAMED: &[&str] = &[
    "tokio",
    "ethers",
    "bitcoin",
    "reqwest",
    "serde",
    "sqlx",
    "clap",
    "thiserror",
];

#[test]
fn own_the_workspace_names_the_owners_packages_and_pure_codecs() {
    let manifest = crate::read_text("Cargo.toml").expect("the manifest is text");
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    let dependencies = manifest["workspace"]["dependencies"]
        .as_table()
        .expect("the workspace has dependencies");
    for name in OWNER_NAMED {
        assert!(
            dependencies.contains_key(*name),
            "{name} is not in [workspace.dependencies]"
        );
    }
    let codecs: BTreeSet<String> = workspace()
        .into_iter()
        .map(|package| package.name)
        .filter(|name| name.starts_with("recover-chain-"))
        .collect();
    assert!(!codecs.is_empty(), "there is a codec");
    for codec in codecs {
        let entry = dependencies.get(&codec).and_then(toml::Value::as_table);
        let entry = entry.unwrap_or_else(|| panic!("{codec} is not in [workspace.dependencies]"));
        assert_eq!(
            entry.get("default-features"),
            Some(&toml::Value::Boolean(false)),
            "{codec} brings fetching into every crate that names it"
        );
    }
}
