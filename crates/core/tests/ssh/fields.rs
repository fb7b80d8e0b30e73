//! Signatures that are well written and wrong in one field, and those whose arithmetic was bent.

use crate::{Parts, armour, digest, key_blob, key_line, own_key, signing_key, string};
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use recover_core::ssh::{NAMESPACE, PublicKey, SignatureError, message, verify};

/// One change of a good signature, and its refusal.
type Row = (fn(&mut Parts), SignatureError);

const SK: &str = "sk-ssh-ed25519@openssh.com";
const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com";

fn point() -> [u8; 32] {
    signing_key().verifying_key().to_bytes()
}

#[test]
fn every_field_of_a_signature_must_be_as_it_should() {
    let digest = digest("fields");
    let algorithm = |name: &str| SignatureError::Algorithm {
        algorithm: format!("`{name}`"),
    };
    let hash = |name: &str| SignatureError::HashAlgorithm {
        algorithm: format!("`{name}`"),
    };
    let namespace = |name: &str| SignatureError::Namespace {
        namespace: format!("`{name}`"),
    };
    let trailing = |length| SignatureError::TrailingBytes { length };
    let damaged = SignatureError::Damaged;
    let mismatch = SignatureError::Mismatch { digest };

    // What is signed follows each change (see `Parts`), so that the field is refused and not the arithmetic.
    let rows: &[Row] = &[
        (|p| p.magic = b"SSHSIh".into(), damaged.clone()),
        (|p| p.magic = vec![], damaged.clone()),
        (|p| p.version = 0, SignatureError::Version { version: 0 }),
        (|p| p.version = 2, SignatureError::Version { version: 2 }),
        (|p| p.namespace = vec![], namespace("")),
        (|p| p.namespace = b"git".into(), namespace("git")),
        (
            |p| p.namespace.push(0),
            namespace(&format!("{NAMESPACE}\\x00")),
        ),
        (
            |p| p.namespace = b"\x1b[31m\xff".into(),
            namespace("\\x1b[31m\\xff"),
        ),
        (
            |p| p.namespace = vec![b'n'; 900],
            namespace(&format!("{}…", "n".repeat(64))),
        ),
        (|p| p.reserved = b"x".into(), SignatureError::Reserved),
        (|p| p.hash = "sha384".into(), hash("sha384")),
        (|p| p.hash = "sha1".into(), hash("sha1")),
        (|p| p.hash = "SHA512".into(), hash("SHA512")),
        (|p| p.hash = String::new(), hash("")),
        (|p| p.signature_algorithm = SK.into(), algorithm(SK)),
        (
            |p| p.signature_algorithm = "ecdsa-sha2-nistp256".into(),
            algorithm("ecdsa-sha2-nistp256"),
        ),
        (
            |p| p.signature_algorithm = "ssh-ed448".into(),
            algorithm("ssh-ed448"),
        ),
        (
            |p| p.key = key_blob(SK, &[&point(), b"ssh:"]),
            algorithm(SK),
        ),
        (
            |p| p.key = key_blob(CERTIFICATE, &[&point()]),
            algorithm(CERTIFICATE),
        ),
        (
            |p| p.key = key_blob("ssh-rsa", &[b"\x01\0\x01", &[1; 64]]),
            algorithm("ssh-rsa"),
        ),
        (
            |p| p.key = key_blob("ssh-ed25519", &[&point()[..31]]),
            damaged.clone(),
        ),
        (
            |p| p.key = key_blob("ssh-ed25519", &[&point(), b""]),
            damaged.clone(),
        ),
        (|p| p.key = vec![], damaged.clone()),
        (|p| p.after = vec![0], trailing(1)),
        (|p| p.after = string(b"more"), trailing(8)),
        (|p| p.after_inner = b"\x05\0\0\0\x01".into(), trailing(5)),
        (
            |p| p.message = p.message.trim_end().to_owned(),
            mismatch.clone(),
        ),
    ];
    for (number, (change, expected)) in rows.iter().enumerate() {
        let mut parts = Parts::good(&digest);
        change(&mut parts);
        let signature = armour(&parts.signed_by(&signing_key()));
        let found = verify(&own_key(), &digest, &signature).unwrap_err();
        assert_eq!(&found, expected, "row {number}");
    }

    let good = Parts::good(&digest);
    for length in [0, 1, 63, 65, 128] {
        let signature = armour(&good.with_signature(&vec![1; length]));
        let found = verify(&own_key(), &digest, &signature).unwrap_err();
        assert_eq!(found, damaged, "{length} bytes");
    }
    // Another hash named after signing.
    let signed = signing_key().sign(&good.signed()).to_bytes();
    let mut renamed = good.clone();
    renamed.hash = "sha256".into();
    // A raw ed25519 signature of the text, without the format's wrapping.
    let raw = signing_key().sign(message(&digest).as_bytes()).to_bytes();
    // Signed by another key under the approver's name.
    let foreign = good.signed_by(&SigningKey::from_bytes(&[8; 32]));
    for blob in [
        renamed.with_signature(&signed),
        good.with_signature(&raw),
        good.with_signature(&[0; 64]),
        foreign,
    ] {
        let found = verify(&own_key(), &digest, &armour(&blob)).unwrap_err();
        assert_eq!(found, mismatch);
    }
}

/// The order of the group, little-endian: 2^252 + 27742317777372353535851937790883648493 (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn nobody_makes_a_second_signature_out_of_one() {
    let digest = digest("malleable");
    let good = Parts::good(&digest);
    let mut larger = signing_key().sign(&good.signed()).to_bytes();
    assert_eq!(
        verify(&own_key(), &digest, &armour(&good.with_signature(&larger))),
        Ok(())
    );
    // s + L, s + 2L … as long as it fits in 32 bytes: the same signature to a lenient reader.
    for times in 1..=14 {
        let mut carry = 0;
        for (byte, order) in larger[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(carry, 0, "s + {times} L fits");
        let text = armour(&good.with_signature(&larger));
        let found = verify(&own_key(), &digest, &text);
        assert_eq!(
            found,
            Err(SignatureError::Mismatch { digest }),
            "s + {times} L"
        );
    }
}

proptest! {
    #[test]
    fn some_bytes_of_a_signature_exchanged_are_no_signature(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..6),
    ) {
        let digest = digest("edits");
        let blob = Parts::good(&digest).signed_by(&signing_key());
        let mut edited = blob.clone();
        for (place, bits) in edits {
            edited[place.index(blob.len())] ^= bits;
        }
        prop_assume!(edited != blob);
        prop_assert!(verify(&own_key(), &digest, &armour(&edited)).is_err());
    }

    #[test]
    fn only_the_signed_digest_verifies(seed in any::<[u8; 32]>(), one in ".*", other in ".*") {
        let signing = SigningKey::from_bytes(&seed);
        let key = PublicKey::parse(&key_line("ssh-ed25519", &[signing.verifying_key().as_bytes()])).unwrap();
        let parts = Parts {
            key: key_blob("ssh-ed25519", &[signing.verifying_key().as_bytes()]),
            ..Parts::good(&digest(&one))
        };
        let signature = armour(&parts.signed_by(&signing));
        prop_assert_eq!(verify(&key, &digest(&one), &signature), Ok(()));
        prop_assert_eq!(verify(&key, &digest(&other), &signature).is_ok(), one == other);
        prop_assert!(verify(&own_key(), &digest(&one), &signature).is_err());
    }
}
