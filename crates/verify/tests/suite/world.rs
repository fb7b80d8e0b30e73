//! An exchange of the tests: its people with real ed25519 keys, its policy, and the roster that its signers pinned.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use recover_core::amount::Amount;
use recover_core::approval::{Alone, ApprovalPolicy, ApprovalRule, RuleAction, Tier};
use recover_core::asset::AssetId;
use recover_core::claim::Approval;
use recover_core::digest::Digest;
use recover_core::fee::Cents;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::people::{Person, Role};
use recover_core::ssh::{NAMESPACE, PublicKey, message};
use recover_core::time::Timestamp;
use recover_verify::Roster;
use recover_verify::roster::{AcceptedPolicy, PinnedAsset, PinnedNetwork};
use sha2::{Digest as _, Sha512};
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// By how many seconds a test's world lies later than its texts: the binary reads the machine's own clock.
    static LATER: Cell<i64> = const { Cell::new(0) };
}

pub fn time(text: &str) -> Timestamp {
    let time = Timestamp::parse(text).unwrap();
    time.plus_seconds(LATER.get()).unwrap()
}

/// Lets this test's world stand at the machine's clock.
pub fn move_to_the_present() {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = i64::try_from(elapsed.as_secs()).unwrap();
    LATER.set(seconds - now().as_seconds());
}

/// When the signers look.
pub fn now() -> Timestamp {
    time("2026-11-22T10:00:00Z")
}

pub fn cents(text: &str) -> Cents {
    Cents::parse(text).unwrap()
}

pub fn policy_digest() -> Digest {
    Digest::parse(&"ab".repeat(32)).unwrap()
}

/// A person's key: each has one of their own.
pub fn key_of(person: &str) -> SigningKey {
    let mut seed = [7; 32];
    seed[..person.len().min(32)].copy_from_slice(&person.as_bytes()[..person.len().min(32)]);
    SigningKey::from_bytes(&seed)
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn blob_of(key: &SigningKey) -> Vec<u8> {
    [
        string(b"ssh-ed25519"),
        string(key.verifying_key().as_bytes()),
    ]
    .concat()
}

pub fn public_key(person: &str) -> PublicKey {
    let line = format!("ssh-ed25519 {}", STANDARD.encode(blob_of(&key_of(person))));
    PublicKey::parse(&line).unwrap()
}

/// What `ssh-keygen -Y sign` writes.
pub fn ssh_signature(key: &SigningKey, namespace: &str, digest: &Digest) -> String {
    let hash = Sha512::digest(message(digest));
    let fields = [string(namespace.as_bytes()), string(b""), string(b"sha512")].concat();
    let signed = [&b"SSHSIG"[..], &fields, &string(&hash)].concat();
    let inner = [
        string(b"ssh-ed25519"),
        string(&key.sign(&signed).to_bytes()),
    ]
    .concat();
    let blob = [
        b"SSHSIG\0\0\0\x01".to_vec(),
        string(&blob_of(key)),
        fields,
        string(&inner),
    ]
    .concat();
    let digits = STANDARD.encode(blob).into_bytes();
    let lines: Vec<&str> = digits
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
}

/// A person's vote on a content.
pub fn vote(person: &str, digest: &Digest, at: Timestamp) -> Approval {
    Approval {
        person: person.to_owned(),
        digest: *digest,
        approved_at: at,
        signature: Some(ssh_signature(&key_of(person), NAMESPACE, digest)),
    }
}

pub fn person(name: &str, roles: &[Role]) -> Person {
    Person {
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        keys: vec![public_key(name)],
    }
}

pub fn tier(name: &str, value_max: Option<&str>, votes: u32, leads: u32, compliance: bool) -> Tier {
    Tier {
        name: name.to_owned(),
        value_max: value_max.map(cents),
        votes,
        lead_votes: leads,
        compliance_vote: compliance,
        delay_seconds: 0,
        alone: None,
    }
}

pub fn approval_policy() -> ApprovalPolicy {
    let rule = |number, kinds: &[Kind], action| ApprovalRule {
        number,
        kinds: kinds.to_vec(),
        networks: Vec::new(),
        resolutions: Vec::new(),
        action,
    };
    ApprovalPolicy {
        rules: vec![
            rule(1, &[Kind::MemoOfAnotherUser], RuleAction::Block),
            rule(2, &[], RuleAction::Tiers),
        ],
        tiers: vec![
            Tier {
                alone: Some(Alone {
                    day_value_max: cents("200"),
                    day_claims_max: 20,
                }),
                ..tier("T0", Some("100"), 1, 0, false)
            },
            tier("T1", Some("1000"), 2, 0, false),
            Tier {
                delay_seconds: 3_600,
                ..tier("T2", Some("100000"), 2, 1, true)
            },
            tier("T3", None, 3, 2, true),
        ],
        week_multiple: 3,
        maker_multiple: 3,
        pair_multiple: 5,
        day_release_max: cents("1000000"),
        vote_valid_seconds: 86_400,
        screening_age_max_seconds: 86_400,
        release_screening_age_max_seconds: 7_200,
        signed_votes: true,
    }
}

pub fn people() -> Vec<Person> {
    vec![
        person("ana", &[Role::Specialist]),
        person("farah", &[Role::Compliance]),
        person("hana", &[Role::Compliance]),
        person("chidi", &[Role::Wallet]),
        person("dalia", &[Role::WalletLead]),
        person("emre", &[Role::Wallet]),
        person("ines", &[Role::WalletLead]),
        person("gus", &[Role::Treasury]),
        // A specialist who may also vote: never on what they opened.
        person("ivan", &[Role::Specialist, Role::Wallet]),
    ]
}

fn pinned(name: &str, chain: &str, treasury: &str, fee_max: u128) -> PinnedNetwork {
    PinnedNetwork {
        network: NetworkId::new(name),
        chain: chain.to_owned(),
        treasury: treasury.to_owned(),
        gas: None,
        fee_max: Amount::from_u128(fee_max),
        top_up_max: Amount::ZERO,
        signers: Vec::new(),
    }
}

pub fn roster() -> Roster {
    use crate::chains::{bitcoin_family, cosmos, evm, stellar, xrpl};
    Roster {
        exchange: "Example Exchange".to_owned(),
        policies: vec![AcceptedPolicy {
            version: 3,
            digest: policy_digest(),
        }],
        approval: approval_policy(),
        people: people(),
        networks: vec![
            PinnedNetwork {
                gas: Some(evm::account(evm::GAS)),
                top_up_max: Amount::from_u128(10_000_000_000_000_000),
                ..pinned(
                    "ethereum",
                    "eip155:1",
                    &evm::treasury(),
                    20_000_000_000_000_000,
                )
            },
            PinnedNetwork {
                signers: vec![(xrpl::account(), xrpl::public_key())],
                ..pinned("xrpl", "xrpl:0", &xrpl::treasury(), 10_000)
            },
            pinned("stellar", "stellar:pubnet", &stellar::treasury(), 100_000),
            PinnedNetwork {
                signers: vec![(cosmos::account(), cosmos::public_key())],
                ..pinned("cosmos", "cosmos:cosmoshub-4", &cosmos::treasury(), 50_000)
            },
            pinned(
                "bitcoin",
                "bip122:000000000019d6689c085ae165831e93",
                &bitcoin_family::treasury("bitcoin"),
                5_000,
            ),
            pinned(
                "bitcoin-cash",
                "bip122:000000000000000000651ef99cb9fcbe",
                &bitcoin_family::treasury("bitcoin-cash"),
                5_000,
            ),
        ],
        assets: vec![
            PinnedAsset {
                asset: evm::token(),
                symbol: "USDT".to_owned(),
                decimals: 6,
            },
            PinnedAsset {
                asset: AssetId::native(NetworkId::new("ethereum")),
                symbol: "ETH".to_owned(),
                decimals: 18,
            },
        ],
        content_age_seconds_max: 7 * 86_400,
        package_valid_seconds_max: 86_400,
    }
}

/// Made once: keys take their time in a build for tests.
pub fn roster_text() -> String {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| roster().to_toml().unwrap()).clone()
}

/// Whether this test's world stands where its texts say.
pub fn is_at_home() -> bool {
    LATER.get() == 0
}
