//! The people of these tests, their keys, and signatures by them as `ssh-keygen -Y sign` writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use recover_core::digest::Digest;
use recover_core::people::{Person, Role};
use recover_core::ssh::{NAMESPACE, PublicKey, message};
use sha2::{Digest as _, Sha512};

/// Two specialists, an agent, three of the wallet team and two of their leads, two of compliance, two of the treasury, one with
/// every role, one with none.
pub const EVERYBODY: &[&str] = &[
    "ada", "abe", "ann", "bob", "cyd", "dee", "lea", "leo", "eve", "eli", "tom", "tia", "fay",
    "gus",
];

pub fn everybody() -> Vec<Person> {
    EVERYBODY.iter().copied().map(person).collect()
}

pub fn person(name: &str) -> Person {
    let roles: &[Role] = match name {
        "ada" | "abe" => &[Role::Specialist],
        "ann" => &[Role::Agent],
        "bob" | "cyd" | "dee" => &[Role::Wallet],
        "lea" | "leo" => &[Role::WalletLead],
        "eve" | "eli" => &[Role::Compliance],
        "tom" | "tia" => &[Role::Treasury],
        "fay" => Role::ALL,
        _ => &[],
    };
    Person {
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        keys: vec![public_key(name)],
    }
}

/// A key of a person; made from the name, so that every test finds the same one.
fn key(name: &str) -> SigningKey {
    let mut seed = [7; 32];
    for (into, byte) in seed.iter_mut().zip(name.bytes()) {
        *into = byte;
    }
    SigningKey::from_bytes(&seed)
}

pub fn public_key(name: &str) -> PublicKey {
    let blob = STANDARD.encode(key_blob(&key(name)));
    PublicKey::parse(&format!("ssh-ed25519 {blob}")).expect("a plain key")
}

fn key_blob(key: &SigningKey) -> Vec<u8> {
    [
        string(b"ssh-ed25519"),
        string(key.verifying_key().as_bytes()),
    ]
    .concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("all that is signed here is short");
    [&length.to_be_bytes(), bytes].concat()
}

/// The person's signature over a digest, armoured.
pub fn signature(name: &str, digest: &Digest) -> String {
    let key = key(name);
    let head = [string(NAMESPACE.as_bytes()), string(b""), string(b"sha512")].concat();
    let hash = Sha512::digest(message(digest));
    let signed = [b"SSHSIG".as_slice(), &head, &string(&hash)].concat();
    let inner = [
        string(b"ssh-ed25519"),
        string(&key.sign(&signed).to_bytes()),
    ]
    .concat();
    let blob = [
        b"SSHSIG".as_slice(),
        &1_u32.to_be_bytes(),
        &string(&key_blob(&key)),
        &head,
        &string(&inner),
    ]
    .concat();
    let digits = STANDARD.encode(blob);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
}
