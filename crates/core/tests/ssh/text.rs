//! The armour around a signature, the words of refusals, and arbitrary text.

use crate::{
    BEGIN, END, Parts, armour, digest, enclosed, key_line, lines_of, own_key, signing_key, unarmour,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use recover_core::ssh::{PublicKey, SIGNATURE_TEXT_BYTES_MAX, SignatureError, verify};

#[test]
fn an_armour_is_whole_and_alone() {
    let digest = digest("armour");
    let good = armour(&Parts::good(&digest).signed_by(&signing_key()));
    let body: Vec<&str> = good.lines().filter(|line| !line.starts_with('-')).collect();
    let digits = body.concat();
    let wrapped = |width, glue: &str| enclosed(&lines_of(&digits, width).join(glue));
    for width in [1, 64, 70, 76] {
        assert_eq!(
            verify(&own_key(), &digest, &wrapped(width, "\n")),
            Ok(()),
            "{width}"
        );
    }

    let huge = format!("{BEGIN}\n{}{END}\n", "A\n".repeat(4 << 20));
    let too_long = |text: &str| SignatureError::TooLong { length: text.len() };
    let padded = good.replacen(
        END,
        &format!("{}{END}", "\n".repeat(SIGNATURE_TEXT_BYTES_MAX)),
        1,
    );
    // A signature fills its base64 digits, so one byte more is needed to see padding and the bits that no byte uses.
    assert!(!digits.ends_with('='));
    let one_more = |tail: &str| enclosed(&lines_of(&format!("{digits}{tail}"), 70).join("\n"));
    for (name, text, expected) in [
        ("nothing", String::new(), SignatureError::Armour),
        ("a word", "signed".into(), SignatureError::Armour),
        ("digits alone", digits.clone(), SignatureError::Armour),
        ("a beginning", BEGIN.into(), SignatureError::Armour),
        (
            "no digits",
            format!("{BEGIN}\n{END}\n"),
            SignatureError::Damaged,
        ),
        (
            "the end first",
            format!("{END}\n{digits}\n{BEGIN}\n"),
            SignatureError::Armour,
        ),
        ("no end", good.replace(END, ""), SignatureError::Armour),
        (
            "another kind",
            good.replace("SSH SIGNATURE", "PGP SIGNATURE"),
            SignatureError::Armour,
        ),
        ("lower case", good.to_lowercase(), SignatureError::Armour),
        (
            "four dashes",
            good.replace("-----", "----"),
            SignatureError::Armour,
        ),
        (
            "text before",
            format!("asa says:\n{good}"),
            SignatureError::Armour,
        ),
        (
            "text behind",
            format!("{good}yours, asa"),
            SignatureError::Armour,
        ),
        (
            "a byte order mark",
            format!("\u{feff}{good}"),
            SignatureError::Armour,
        ),
        (
            "a header",
            good.replacen('\n', "\nComment: x\n\n", 1),
            SignatureError::Armour,
        ),
        (
            "one line of 77 letters",
            wrapped(77, "\n"),
            SignatureError::Armour,
        ),
        ("blank lines", wrapped(70, "\n\n"), SignatureError::Armour),
        ("indented lines", wrapped(70, "\n "), SignatureError::Base64),
        (
            "trailing blanks",
            wrapped(70, " \n"),
            SignatureError::Base64,
        ),
        (
            "old line ends",
            good.replace('\n', "\r"),
            SignatureError::Armour,
        ),
        (
            "two signatures",
            format!("{good}{good}"),
            SignatureError::Base64,
        ),
        (
            "one byte more",
            one_more("AA=="),
            SignatureError::TrailingBytes { length: 1 },
        ),
        ("no padding", one_more("AA"), SignatureError::Base64),
        ("half the padding", one_more("AA="), SignatureError::Base64),
        ("bits to spare", one_more("AB=="), SignatureError::Base64),
        ("padding alone", one_more("="), SignatureError::Base64),
        ("only padding", one_more("===="), SignatureError::Base64),
        (
            "padding between",
            wrapped(70, "=\n"),
            SignatureError::Base64,
        ),
        (
            "letters of base64url",
            good.replacen(body[0], &"_".repeat(70), 1),
            SignatureError::Base64,
        ),
        (
            "letters of no base64",
            good.replacen(body[0], &"ä".repeat(35), 1),
            SignatureError::Base64,
        ),
        ("eight mebibytes", huge.clone(), too_long(&huge)),
        ("a long tail", padded.clone(), too_long(&padded)),
        (
            "a private key",
            good.replace("SSH SIGNATURE", "OPENSSH PRIVATE KEY"),
            SignatureError::PrivateKey,
        ),
    ] {
        assert_eq!(verify(&own_key(), &digest, &text), Err(expected), "{name}");
    }
    // Lengths that point behind the end, at every place where a length may stand.
    let blob = unarmour(&good);
    for place in 0..blob.len() - 3 {
        for length in [u32::MAX, 1 << 31, 4_096] {
            let mut lying = blob.clone();
            lying[place..place + 4].copy_from_slice(&length.to_be_bytes());
            assert!(
                verify(&own_key(), &digest, &armour(&lying)).is_err(),
                "{place} {length}"
            );
        }
    }
}

#[test]
fn every_message_says_what_to_do_and_none_repeats_a_key() {
    let digest = digest("words");
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n";
    for text in [
        PublicKey::parse(private).unwrap_err().to_string(),
        verify(&own_key(), &digest, private)
            .unwrap_err()
            .to_string(),
    ] {
        assert!(text.contains("replace it"), "{text}");
        assert!(!text.contains("b3Blbn"), "{text}");
    }
    assert_eq!(
        format!("{:?}", own_key()),
        format!("PublicKey({})", own_key())
    );
    let other = armour(&Parts::good(&digest).signed_by(&SigningKey::from_bytes(&[8; 32])));
    assert_eq!(
        verify(&own_key(), &digest, &other).unwrap_err().to_string(),
        format!(
            "the signature is not over the digest {digest}: the claim's content changed since it was signed, or another text was; \
             look at the claim again and sign the digest that it shows"
        )
    );
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let digest = digest("any");
        prop_assert!(verify(&own_key(), &digest, &text).is_err());
        prop_assert!(verify(&own_key(), &digest, &enclosed(&text)).is_err());
        prop_assert!(verify(&own_key(), &digest, &armour(&bytes)).is_err());
        prop_assert!(verify(&own_key(), &digest, &armour(&[b"SSHSIG\0\0\0\x01", &bytes[..]].concat())).is_err());
        let _ = PublicKey::parse(&text);
        let _ = PublicKey::parse(&["ssh-ed25519 ", &text].concat());
        let _ = PublicKey::parse(&key_line("ssh-ed25519", &[&bytes]));
        let _ = PublicKey::parse(&["ssh-ed25519 ", &STANDARD.encode(&bytes)].concat());
    }
}
