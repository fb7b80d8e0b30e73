//! What the real `ssh-keygen` signs and verifies.

use crate::{Parts, armour, digest, own_key, signing_key, unarmour};
use recover_core::ssh::{KeyError, NAMESPACE, PublicKey, SignatureError, message, verify};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with keys, and the real program.
struct SshKeygen(TempDir);

impl SshKeygen {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, arguments: &[&str], input: &str) -> Output {
        fs::write(self.path("stdin"), input).unwrap();
        Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(fs::File::open(self.path("stdin")).unwrap())
            .output()
            .unwrap_or_else(|error| panic!("ssh-keygen does not start ({error}): run tests/setup"))
    }

    fn run(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output(arguments, input);
        assert!(
            output.status.success(),
            "ssh-keygen {arguments:?}: {output:?}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes a key `NAME` and answers the text of its .pub file.
    fn make_key(&self, name: &str, kind: &[&str]) -> String {
        let mut arguments = vec![
            "-q",
            "-N",
            "",
            "-C",
            "Åsa Öberg (treasury)",
            "-f",
            name,
            "-t",
        ];
        arguments.extend(kind);
        self.run(&arguments, "");
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    /// Signs a file as an approver would, and answers the text of its .sig file.
    fn sign(&self, key: &str, namespace: &str, text: &str, options: &[&str]) -> String {
        fs::write(self.path("digest.txt"), text).unwrap();
        let mut arguments = vec!["-q", "-Y", "sign", "-f", key, "-n", namespace];
        arguments.extend(options);
        arguments.push("digest.txt");
        let _ = fs::remove_file(self.path("digest.txt.sig"));
        self.run(&arguments, "");
        fs::read_to_string(self.path("digest.txt.sig")).unwrap()
    }

    /// What the program itself says of a signature under one allowed key.
    fn accepts(&self, key: &str, text: &str, signature: &str) -> bool {
        fs::write(self.path("allowed"), format!("asa {key}")).unwrap();
        fs::write(self.path("try.sig"), signature).unwrap();
        let arguments = [
            "-Y", "verify", "-f", "allowed", "-I", "asa", "-n", NAMESPACE, "-s", "try.sig",
        ];
        self.output(&arguments, text).status.success()
    }
}

#[test]
fn oracle_ssh_keygen_signs_and_verify_accepts() {
    let keygen = SshKeygen::new();
    let line = keygen.make_key("asa", &["ed25519"]);
    let key = PublicKey::parse(&line).unwrap();

    let shown = key.to_string();
    assert_eq!(
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" "),
        shown
    );
    assert_eq!(PublicKey::parse(&shown), Ok(key));
    let listed = keygen.run(&["-l", "-f", "asa.pub"], "");
    assert_eq!(listed.split(' ').nth(1), Some(key.fingerprint().as_str()));

    for (name, options) in [
        ("one", &[][..]),
        ("two", &["-O", "hashalg=sha512"]),
        ("three", &["-O", "hashalg=sha256"]),
    ] {
        let digest = digest(name);
        let text = message(&digest);
        assert_eq!(text, format!("{digest}\n"));
        let signature = keygen.sign("asa", NAMESPACE, &text, options);
        assert_eq!(verify(&key, &digest, &signature), Ok(()), "{name}");
        // As a mail program or a form hands it on.
        let carried = format!("\r\n  {}\r\n\r\n", signature.replace('\n', "\r\n").trim());
        assert_eq!(verify(&key, &digest, &carried), Ok(()), "{name}");
        assert!(keygen.accepts(&shown, &text, &signature), "{name}");
    }
}

#[test]
fn oracle_ssh_keygen_agrees_that_our_own_signatures_are_right() {
    let keygen = SshKeygen::new();
    let digest = digest("made by hand");
    for hash in ["sha512", "sha256"] {
        let mut parts = Parts::good(&digest);
        parts.hash = hash.into();
        let signature = armour(&parts.signed_by(&signing_key()));
        assert_eq!(verify(&own_key(), &digest, &signature), Ok(()));
        assert!(keygen.accepts(&own_key().to_string(), &message(&digest), &signature));
    }
}

#[test]
fn oracle_what_ssh_keygen_signs_otherwise_is_refused() {
    let keygen = SshKeygen::new();
    let key = PublicKey::parse(&keygen.make_key("asa", &["ed25519"])).unwrap();
    let other_key = PublicKey::parse(&keygen.make_key("bo", &["ed25519"])).unwrap();
    let (digest, other) = (digest("one"), digest("other"));
    let text = message(&digest);
    let check = |signature: &str| verify(&key, &digest, signature).unwrap_err();

    assert_eq!(
        check(&keygen.sign("bo", NAMESPACE, &text, &[])),
        SignatureError::OtherKey {
            found: other_key.fingerprint(),
            expected: key.fingerprint()
        }
    );
    for namespace in [
        "file",
        "git",
        "recover-claim@1",
        "recover-clai",
        "Recover-claim",
    ] {
        assert_eq!(
            check(&keygen.sign("asa", namespace, &text, &[])),
            SignatureError::Namespace {
                namespace: format!("`{namespace}`")
            }
        );
    }
    for signed in [
        message(&other),
        digest.to_string(),
        format!("{digest}\r\n"),
        format!("{digest}\n\n"),
        format!(" {digest}\n"),
        digest.to_string().to_uppercase(),
        String::new(),
    ] {
        assert_eq!(
            check(&keygen.sign("asa", NAMESPACE, &signed, &[])),
            SignatureError::Mismatch { digest },
            "{signed:?}"
        );
    }
    for (name, kind, algorithm) in [
        ("rsa", &["rsa", "-b", "2048"][..], "`ssh-rsa`"),
        ("p256", &["ecdsa", "-b", "256"], "`ecdsa-sha2-nistp256`"),
        ("p521", &["ecdsa", "-b", "521"], "`ecdsa-sha2-nistp521`"),
    ] {
        let algorithm = algorithm.to_owned();
        let line = keygen.make_key(name, kind);
        assert_eq!(
            PublicKey::parse(&line),
            Err(KeyError::Algorithm {
                algorithm: algorithm.clone()
            })
        );
        assert_eq!(
            check(&keygen.sign(name, NAMESPACE, &text, &[])),
            SignatureError::Algorithm { algorithm }
        );
    }
    // The approver's own key, certified by another one: still no plain key.
    keygen.run(&["-q", "-s", "bo", "-I", "asa", "-n", "asa", "asa.pub"], "");
    let certificate = fs::read_to_string(keygen.path("asa-cert.pub")).unwrap();
    assert!(matches!(
        PublicKey::parse(&certificate),
        Err(KeyError::Algorithm { algorithm }) if algorithm == "`ssh-ed25519-cert-v01@openssh.com`"
    ));
    // A private key handed in by mistake is named as such and not repeated.
    let private = fs::read_to_string(keygen.path("asa")).unwrap();
    assert_eq!(PublicKey::parse(&private), Err(KeyError::PrivateKey));
    assert_eq!(check(&private), SignatureError::PrivateKey);
}

/// Every bit of a real signature turned, one at a time: 1,500 negatives, and the program's own word on some of them.
#[test]
fn oracle_no_bit_of_a_real_signature_can_be_turned() {
    let keygen = SshKeygen::new();
    let key = PublicKey::parse(&keygen.make_key("asa", &["ed25519"])).unwrap();
    let digest = digest("bits");
    let text = message(&digest);
    let signature = keygen.sign("asa", NAMESPACE, &text, &[]);
    let blob = unarmour(&signature);
    assert_eq!(verify(&key, &digest, &armour(&blob)), Ok(()));

    let mut refused = 0;
    for place in 0..blob.len() * 8 {
        let mut turned = blob.clone();
        turned[place / 8] ^= 1 << (place % 8);
        let turned = armour(&turned);
        assert!(verify(&key, &digest, &turned).is_err(), "bit {place}");
        if place % 97 == 0 {
            assert!(
                !keygen.accepts(&key.to_string(), &text, &turned),
                "bit {place}"
            );
        }
        refused += 1;
    }
    for length in 0..blob.len() {
        assert!(
            verify(&key, &digest, &armour(&blob[..length])).is_err(),
            "{length} bytes"
        );
        refused += 1;
    }
    // The text itself: cut at every place, and every letter turned.
    let trimmed = signature.trim_end();
    for length in 0..trimmed.len() {
        assert!(
            verify(&key, &digest, &trimmed[..length]).is_err(),
            "{length} letters"
        );
        let mut letters = trimmed.as_bytes().to_vec();
        letters[length] ^= 1;
        let turned = String::from_utf8(letters).unwrap();
        assert!(verify(&key, &digest, &turned).is_err(), "letter {length}");
        refused += 2;
    }
    assert!(refused > 2_000, "{refused}");
}
