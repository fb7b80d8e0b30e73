//! Words told apart, and both sides of a comparison folded alike.

use super::*;

const HASH: &str = "85d7e0cfb76103a6749d4750fa4cd44869bfbbb65557cdc10a3e314529a9aeeb";

fn whole(text: &str) -> Id {
    Id::Whole(text.into())
}

fn ends(head: &str, tail: &str) -> Id {
    Id::Ends {
        head: head.into(),
        tail: tail.into(),
    }
}

/// What a word is, without how it was read.
fn kind(text: &str) -> (char, Option<Id>) {
    match word(text) {
        Word::Transaction(id, _) => ('t', Some(id)),
        Word::Address(id, _) => ('a', Some(id)),
        Word::Piece(id, _) => ('p', Some(id)),
        Word::Packed { address, .. } => ('m', Some(Id::Whole(address))),
        Word::Digits => ('d', None),
        Word::Record => ('r', None),
        Word::EMail => ('e', None),
        Word::Other => ('-', None),
    }
}

#[test]
fn own_words_are_told_apart_by_their_shape() {
    let upper = HASH.to_uppercase();
    let evm = "0x39F85d2836d1e18eb5ccedf29bb54319a16dec9f";
    let plain = evm.to_lowercase();
    let signature =
        "2KBuLr7gumawdY1rXe4hyYtNcmMwJBFvbghKmSV7rGmdJduR3CiJ2uWoBVPgkkitMKWJV68ki87g9K4gHdVxNdAk";
    let ton = "EQB5VitCVSZofm-9hNRNuq2cSfbbfDshNQ8lQYLEMpMLHldh";
    let stellar = "GCKR3PA4FC3N7IJAFIU4AU6QNPGNCADHQQCSG25BFI7E6KNVKK46HGS4";
    let transactions = [
        (HASH.to_owned(), HASH.to_owned()),
        (format!("0x{HASH}"), HASH.to_owned()),
        (format!("0x0x{HASH}"), HASH.to_owned()),
        (format!("0X{upper}"), HASH.to_owned()),
        (HASH[..63].to_owned(), HASH[..63].to_owned()),
        // The letter O for the digit.
        (HASH.replacen("e0c", "eoc", 1), HASH.to_owned()),
        // A wrong letter that looks like no digit stays.
        (HASH.replacen('7', "g", 1), HASH.replacen('7', "g", 1)),
        (signature.to_owned(), signature.to_lowercase()),
        (format!("0x{signature}"), signature.to_lowercase()),
        (
            "hdfgz7dhA6Z0nUdQ+kzUSGm/u7ZVV83BCj4xRSmprus=".to_owned(),
            HASH.to_owned(),
        ),
        (
            "hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus".to_owned(),
            HASH.to_owned(),
        ),
        (format!("{HASH}{HASH}"), HASH.to_owned()),
    ];
    for (text, expected) in transactions {
        assert_eq!(kind(&text), ('t', Some(whole(&expected))), "{text}");
    }
    let addresses = [
        (evm.to_owned(), plain.clone()),
        (evm[2..].to_owned(), plain.clone()),
        (evm[..41].to_owned(), plain[..41].to_owned()),
        (
            format!("000000000000000000000000{}", &evm[2..]),
            plain.clone(),
        ),
        (
            "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE".to_owned(),
            "r3yhupqbjkgd7hjd7d8vgubsfkikzt71xe".to_owned(),
        ),
        (
            "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0".to_owned(),
            "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0".to_owned(),
        ),
        (
            "COSMOS1RP9LNP8WQJFU5KURED6SZPFF9LCLR2CTR3U6L0".to_owned(),
            "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0".to_owned(),
        ),
        (
            "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a".to_owned(),
            "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a".to_owned(),
        ),
        (ton.to_owned(), ton.to_lowercase()),
        (ton.replace('-', "+"), ton.to_lowercase()),
        (ton[..47].to_owned(), ton[..47].to_lowercase()),
        // A run of the marks that stand for what is left out may be part of an address of this family.
        (
            ton.replace("m-9", "--9"),
            ton.replace("m-9", "--9").to_lowercase(),
        ),
        (stellar.to_owned(), stellar.to_lowercase()),
        (stellar[..55].to_owned(), stellar[..55].to_lowercase()),
        (format!("0:{HASH}"), format!("0:{HASH}")),
    ];
    for (text, expected) in addresses {
        assert_eq!(kind(&text), ('a', Some(whole(&expected))), "{text}");
    }
    let pieces = [
        (HASH[..20].to_owned(), ends(&HASH[..20], "")),
        (HASH[..56].to_owned(), ends(&HASH[..56], "")),
        ("0x9b75da...9123".to_owned(), ends("0x9b75da", "9123")),
        ("0x9b75da[...]9123".to_owned(), ends("0x9b75da", "9123")),
        ("DABD...E0E5".to_owned(), ends("dabd", "e0e5")),
        ("cosmos***u6l0".to_owned(), ends("cosmos", "u6l0")),
        ("r3jiMjSj..w7cmeD".to_owned(), ends("r3jimjsj", "w7cmed")),
        ("0x85d7e0cf--".to_owned(), ends("0x85d7e0cf", "")),
        ("...a9aeeb12".to_owned(), ends("", "a9aeeb12")),
    ];
    for (text, expected) in pieces {
        assert_eq!(kind(&text), ('p', Some(expected)), "{text}");
    }
    for (text, expected) in [
        ("46511942986", 'd'),
        ("a54631e4-641a-4844-af82-c14155cc0050", 'r'),
        ("anna@example.org", 'e'),
        ("ab...cd", '-'),
        ("hello", '-'),
        ("0x12", '-'),
    ] {
        assert_eq!(kind(text), (expected, None), "{text}");
    }
}

/// From the examples of XLS-5 and SEP-23.
#[test]
fn own_addresses_that_carry_a_memo_are_unpacked() {
    assert_eq!(
        word("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu"),
        Word::Packed {
            address: "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59".to_lowercase(),
            memo: Some("1".into()),
        }
    );
    assert_eq!(
        word("MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ"),
        Word::Packed {
            address: "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ".to_lowercase(),
            memo: Some("0".into()),
        }
    );
}

#[test]
fn own_a_word_says_how_it_was_read() {
    let rule = |text: &str| match word(text) {
        Word::Transaction(_, rule) | Word::Address(_, rule) | Word::Piece(_, rule) => rule,
        other => panic!("{other:?}"),
    };
    assert_eq!(rule(HASH), Rule::Plain);
    assert_eq!(rule(&HASH[..63]), Rule::Damaged);
    assert_eq!(rule(&HASH.replacen("e0c", "eoc", 1)), Rule::Repaired);
    assert_eq!(
        rule("hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus"),
        Rule::Base64
    );
    assert_eq!(rule("0x9b75da...9123"), Rule::Ellipsis);
    assert_eq!(rule(&HASH[..30]), Rule::Head);
    assert_eq!(
        rule("39f85d2836d1e18eb5ccedf29bb54319a16dec9f"),
        Rule::Prefix
    );
}

#[test]
fn own_a_hash_is_found_inside_a_run() {
    for text in [
        format!("hash{HASH}"),
        format!("x{HASH}y"),
        format!("txhashe{HASH}"),
    ] {
        assert_eq!(hash_inside(&text), Some(HASH), "{text}");
    }
    assert_eq!(hash_inside(&HASH[..60]), None);
}

#[test]
fn own_ids_of_both_sides_fold_alike() {
    let upper = HASH.to_uppercase();
    assert_eq!(folded_transaction(&upper), HASH);
    assert_eq!(folded_transaction(&format!("0x{HASH}")), HASH);
    assert_eq!(
        folded_transaction("hdfgz7dhA6Z0nUdQ+kzUSGm/u7ZVV83BCj4xRSmprus="),
        HASH
    );
    assert_eq!(
        folded("39F85D2836D1E18EB5CCEDF29BB54319A16DEC9F"),
        folded("0x39f85d2836d1e18eb5ccedf29bb54319a16dec9f")
    );
}

proptest::proptest! {
    #[test]
    fn own_any_word_is_read_without_a_panic(text in "\\PC{0,70}") {
        if let Word::Transaction(Id::Whole(id), _) = word(&text) {
            proptest::prop_assert!(id.len() >= 43);
        }
        proptest::prop_assert_eq!(folded(&folded(&text)), folded(&text));
    }
}
