//! Signed approvals against the real `ssh-keygen`, and against everything that is nearly a signature.

#![allow(clippy::unwrap_used)]

mod fields;
mod keys;
mod oracle;
mod text;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use recover_core::digest::{Digest, Encoder};
use recover_core::ssh::{NAMESPACE, PublicKey, message};
use sha2::{Digest as _, Sha256, Sha512};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

fn digest(of: &str) -> Digest {
    Encoder::new("test").field(of).finish()
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn key_line(algorithm: &str, parts: &[&[u8]]) -> String {
    format!(
        "{algorithm} {} comment",
        STANDARD.encode(key_blob(algorithm, parts))
    )
}

fn key_blob(algorithm: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut blob = string(algorithm.as_bytes());
    for part in parts {
        blob.extend(string(part));
    }
    blob
}

fn own_key() -> PublicKey {
    PublicKey::parse(&key_line(
        "ssh-ed25519",
        &[signing_key().verifying_key().as_bytes()],
    ))
    .unwrap()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut text = (bytes.len() as u32).to_be_bytes().to_vec();
    text.extend(bytes);
    text
}

/// Base64 digits in lines of a width.
fn lines_of(digits: &str, width: usize) -> Vec<&str> {
    digits
        .as_bytes()
        .chunks(width)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect()
}

fn enclosed(body: &str) -> String {
    format!("{BEGIN}\n{body}\n{END}\n")
}

fn armour(blob: &[u8]) -> String {
    enclosed(&lines_of(&STANDARD.encode(blob), 70).join("\n"))
}

fn unarmour(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(digits).unwrap()
}

/// A signature written from the format's description, with every field open to change; what is signed follows the change, so that
/// the refusal comes from the field and not from the arithmetic.
#[derive(Clone)]
struct Parts {
    magic: Vec<u8>,
    version: u32,
    key: Vec<u8>,
    namespace: Vec<u8>,
    reserved: Vec<u8>,
    hash: String,
    signature_algorithm: String,
    message: String,
    after_inner: Vec<u8>,
    after: Vec<u8>,
}

impl Parts {
    fn good(digest: &Digest) -> Self {
        Self {
            magic: b"SSHSIG".to_vec(),
            version: 1,
            key: key_blob("ssh-ed25519", &[signing_key().verifying_key().as_bytes()]),
            namespace: NAMESPACE.into(),
            reserved: vec![],
            hash: "sha512".into(),
            signature_algorithm: "ssh-ed25519".into(),
            message: message(digest),
            after_inner: vec![],
            after: vec![],
        }
    }

    fn signed(&self) -> Vec<u8> {
        let hash = match self.hash.as_str() {
            "sha256" => Sha256::digest(&self.message).to_vec(),
            _ => Sha512::digest(&self.message).to_vec(),
        };
        let mut signed = self.magic.clone();
        for part in [&self.namespace, &self.reserved, self.hash.as_bytes(), &hash] {
            signed.extend(string(part));
        }
        signed
    }

    fn signed_by(&self, key: &SigningKey) -> Vec<u8> {
        self.with_signature(&key.sign(&self.signed()).to_bytes())
    }

    fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let mut inner = string(self.signature_algorithm.as_bytes());
        inner.extend(string(signature));
        inner.extend(&self.after_inner);
        let mut blob = self.magic.clone();
        blob.extend(self.version.to_be_bytes());
        for part in [
            &self.key,
            &self.namespace,
            &self.reserved,
            self.hash.as_bytes(),
            &inner,
        ] {
            blob.extend(string(part));
        }
        blob.extend(&self.after);
        blob
    }
}
