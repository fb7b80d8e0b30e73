//! Votes signed as `ssh-keygen -Y sign` signs them, with test keys of the made-up people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use recover_core::digest::Digest;
use recover_core::ssh::{NAMESPACE, message};
use sha2::{Digest as _, Sha256, Sha512};

fn key(person: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(format!("simulator test key of {person}")).into())
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes(), bytes].concat()
}

fn blob(person: &str) -> Vec<u8> {
    let key = key(person).verifying_key();
    [string(b"ssh-ed25519"), string(key.as_bytes())].concat()
}

/// The line of the person's .pub file.
pub fn public_key(person: &str) -> String {
    format!("ssh-ed25519 {} {person}", STANDARD.encode(blob(person)))
}

/// The person's signature over a claim's content.
pub fn sign(person: &str, content: &Digest) -> String {
    let hash = Sha512::digest(message(content));
    let mut signed = b"SSHSIG".to_vec();
    for part in [NAMESPACE.as_bytes(), b"", b"sha512", &hash] {
        signed.extend(string(part));
    }
    let signature = key(person).sign(&signed).to_bytes();
    let inner = [string(b"ssh-ed25519"), string(&signature)].concat();
    let mut bytes = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [&blob(person), NAMESPACE.as_bytes(), b"", b"sha512", &inner] {
        bytes.extend(string(part));
    }
    let digits = STANDARD.encode(bytes);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).expect("base64"))
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
}
