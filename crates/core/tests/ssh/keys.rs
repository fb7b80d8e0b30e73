//! Which texts are an approver's key.

use crate::{key_line, own_key, signing_key};
use recover_core::ssh::{KEY_TEXT_BYTES_MAX, KeyError, PublicKey};
use std::collections::BTreeSet;

#[test]
fn keys_of_small_order_and_second_encodings_are_no_keys() {
    // y = 1 (the neutral point), y = -1, y = 0, the points of order 8, and encodings of y that are not below the field's order.
    let order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let mut unsound: Vec<[u8; 32]> = vec![[0; 32], [0xff; 32]];
    for (first, last) in [(1, 0), (1, 0x80), (0, 0x80)] {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, last);
        unsound.push(bytes);
    }
    for first in 0xec..=0xff {
        for last in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (first, last);
            unsound.push(bytes);
        }
    }
    let mut torsion: [u8; 32] = hex::decode(order_8).unwrap().try_into().unwrap();
    unsound.push(torsion);
    torsion[31] |= 0x80;
    unsound.push(torsion);
    for bytes in unsound {
        assert_eq!(
            PublicKey::parse(&key_line("ssh-ed25519", &[&bytes])),
            Err(KeyError::Unsound),
            "{bytes:?}"
        );
    }
}

#[test]
fn a_key_is_one_plain_line() {
    let line = own_key().to_string();
    let digits = line.split(' ').nth(1).unwrap();
    let public = signing_key().verifying_key();
    for good in [
        line.clone(),
        format!("{line} asa@example"),
        format!("  {line}\tasa with several words \r\n"),
        format!("ssh-ed25519\t {digits}"),
    ] {
        assert_eq!(PublicKey::parse(&good), Ok(own_key()), "{good:?}");
    }
    let algorithm = |name: &str| KeyError::Algorithm {
        algorithm: format!("`{name}`"),
    };
    let sk = "sk-ssh-ed25519@openssh.com";
    let long = format!("{line} {}", "x".repeat(KEY_TEXT_BYTES_MAX));
    for (text, expected) in [
        (String::new(), KeyError::Empty),
        (" \r\n\t".into(), KeyError::Empty),
        ("ssh-ed25519".into(), KeyError::Shape),
        (digits.to_owned(), KeyError::Shape),
        (format!("restrict {line}"), KeyError::Shape),
        (format!("cert-authority {line}"), KeyError::Shape),
        (format!("asa@example {line}"), KeyError::Shape),
        (format!("SSH-ED25519 {digits}"), KeyError::Shape),
        (format!("\u{feff}{line}"), KeyError::Shape),
        (format!("{line}\n{line}"), KeyError::SeveralLines),
        (format!("{line}\rmore"), KeyError::SeveralLines),
        (key_line(sk, &[public.as_bytes(), b"ssh:"]), algorithm(sk)),
        (format!("ssh-dss {digits}"), algorithm("ssh-dss")),
        (
            key_line(sk, &[public.as_bytes(), b"ssh:"]).replacen(sk, "ssh-ed25519", 1),
            algorithm(sk),
        ),
        (format!("ssh-ed25519 {}", &digits[..67]), KeyError::Base64),
        (format!("ssh-ed25519 {digits}="), KeyError::Base64),
        (format!("ssh-ed25519 {}-", &digits[..67]), KeyError::Base64),
        (format!("ssh-ed25519 {}", &digits[..64]), KeyError::Damaged),
        (format!("ssh-ed25519 {digits}AAAA"), KeyError::Damaged),
        (key_line("ssh-ed25519", &[&[3; 31]]), KeyError::Damaged),
        (key_line("ssh-ed25519", &[&[3; 33]]), KeyError::Damaged),
        ("ssh-ed25519 AAAA".into(), KeyError::Damaged),
        (
            "-----BEGIN EC PRIVATE KEY-----".into(),
            KeyError::PrivateKey,
        ),
        (
            "PuTTY-User-Key-File-3: ssh-ed25519".into(),
            KeyError::PrivateKey,
        ),
        (
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}", "x".repeat(5_000)),
            KeyError::PrivateKey,
        ),
        (long.clone(), KeyError::TooLong { length: long.len() }),
    ] {
        assert_eq!(PublicKey::parse(&text), Err(expected), "{text:?}");
    }
    // One key, one text: what a roster compares.
    let keys: BTreeSet<PublicKey> = [own_key(), own_key()].into();
    assert_eq!(keys.len(), 1);
}
