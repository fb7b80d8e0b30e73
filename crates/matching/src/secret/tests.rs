use super::*;
use proptest::prelude::*;

/// Published or made for these tests; no money was ever there.
const STELLAR: &str = "SADQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQP54X";
const XRPL: &str = "sp8y8kecNjy88BZRr9U991iiRzFNf";
const XRPL_ED25519: &str = "sEdTM1uX8pu2do5XvTnutH6HsouMaM2";
const WIF: &str = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
const WIF_COMPRESSED: &str = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
const EXTENDED: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const HEX: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const NUMBERS: &str = "399150 474506 009147 088773 432160 282843 253738 605430";

/// What was found, in the words of the codes.
fn found(text: &str) -> Vec<&'static str> {
    redact(text).found.iter().map(|kind| kind.code()).collect()
}

#[track_caller]
fn taken_out(text: &str, kind: SecretKind, rest: &str) {
    let redacted = redact(text);
    assert_eq!(
        redacted.text,
        rest.replace("{}", kind.placeholder()),
        "of {text}"
    );
    assert_eq!(redacted.found, [kind], "of {text}");
}

#[test]
fn own_what_carries_a_checksum_is_taken_out_wherever_it_stands() {
    let cases = [
        (STELLAR, SecretKind::StellarSecret),
        (XRPL, SecretKind::XrplSeed),
        (XRPL_ED25519, SecretKind::XrplSeed),
        (WIF, SecretKind::Wif),
        (WIF_COMPRESSED, SecretKind::Wif),
        (EXTENDED, SecretKind::ExtendedKey),
        (NUMBERS, SecretKind::XrplSecretNumbers),
    ];
    for (secret, kind) in cases {
        taken_out(secret, kind, "{}");
        taken_out(
            &format!("hi, here: {secret}. Please help"),
            kind,
            "hi, here: {}. Please help",
        );
        taken_out(
            &format!("\u{200b}ключ「{secret}」"),
            kind,
            "\u{200b}ключ「{}」",
        );
        taken_out(
            &format!("https://example.org/?k={secret}&x=1"),
            kind,
            "https://example.org/?k={}&x=1",
        );
    }
    taken_out(&format!("seedx{XRPL}x"), SecretKind::XrplSeed, "seedx{}x");
    taken_out(&STELLAR.to_lowercase(), SecretKind::StellarSecret, "{}");
    taken_out(
        &NUMBERS.replace(' ', ""),
        SecretKind::XrplSecretNumbers,
        "{}",
    );
}

#[test]
fn own_a_secret_broken_over_lines_or_disguised_is_still_one() {
    for (secret, kind) in [
        (STELLAR, SecretKind::StellarSecret),
        (XRPL, SecretKind::XrplSeed),
        (WIF, SecretKind::Wif),
    ] {
        let (left, right) = secret.split_at(20);
        taken_out(&format!("key {left}\r\n{right} end"), kind, "key {} end");
        taken_out(&format!("{left} {right}"), kind, "{}");
        taken_out(&format!("{left}\u{200b}{right}"), kind, "{}");
        let groups: Vec<String> = secret
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        taken_out(&groups.join(" "), kind, "{}");
        let wide: String = secret
            .chars()
            .map(|letter| char::from_u32(u32::from(letter) + 0xfee0).unwrap())
            .collect();
        taken_out(&wide, kind, "{}");
    }
}

#[test]
fn own_a_recovery_phrase_is_found_in_every_dress() {
    let words: Vec<&str> = PHRASE.split(' ').collect();
    let numbered = |sep: &str| -> String {
        let rows: Vec<String> = (1..)
            .zip(&words)
            .map(|(number, word)| format!("{number}{sep}{word}"))
            .collect();
        rows.join("\n")
    };
    let dressed = [
        PHRASE.to_owned(),
        PHRASE.to_uppercase(),
        words.join("\n"),
        words.join(", "),
        words.join("-"),
        words.join(" \t| "),
        numbered(". "),
        numbered(") "),
        numbered("."),
        numbered(""),
        PHRASE.replace('e', "\u{ff45}"),
        PHRASE.replace("win", "w\u{200b}in"),
        // One word mistyped.
        PHRASE.replace("sausage", "sausagge"),
        // Two swapped: no checksum holds.
        "winner legal thank year wave sausage worth useful legal winner thank yellow".to_owned(),
        // Twenty-four, as TON's wallets have them, with a checksum of their own.
        format!("{PHRASE} {PHRASE}"),
    ];
    for text in dressed {
        let redacted = redact(&text);
        assert_eq!(found(&text), ["recovery_phrase"], "{text}");
        for word in ["winner", "WINNER", "yellow", "worth", "sau"] {
            assert!(!redacted.text.contains(word), "{word} of {}", redacted.text);
        }
    }
    taken_out(
        &format!("My wallet vanished! {PHRASE} Sent from my phone"),
        SecretKind::RecoveryPhrase,
        "My wallet vanished! {} Sent from my phone",
    );
    // Not whole, and called what it is.
    let nine = words.iter().take(9).copied().collect::<Vec<_>>().join(" ");
    assert_eq!(
        found(&format!("the first of my seed phrase: {nine}")),
        ["recovery_phrase"]
    );
    assert_eq!(found(&format!("助记词 {nine}")), ["recovery_phrase"]);
    assert!(found(&nine).is_empty(), "nine words may be a sentence");
}

#[test]
fn own_a_phrase_is_found_in_every_language_of_the_lists() {
    use unicode_normalization::UnicodeNormalization;
    for language in bip39::Language::ALL {
        let list = language.word_list();
        for count in [12usize, 15, 18, 21, 24] {
            let words: Vec<&str> = (0..count)
                .map(|number| list[(number * 331 + 17) % 2048])
                .collect();
            for phrase in [
                words.join(" "),
                words.join("\u{3000}"),
                words.join("\n").nfc().collect(),
                words.join(", ").nfd().collect(),
                words.join(" ").to_uppercase(),
            ] {
                let text = format!("123: {phrase}");
                let redacted = redact(&text);
                assert_eq!(
                    redacted.found,
                    [SecretKind::RecoveryPhrase],
                    "{language:?} {text}"
                );
                assert_eq!(
                    redacted.text, "123: [removed: a recovery phrase]",
                    "{language:?}"
                );
            }
        }
    }
    // Spanish and French without their accents.
    let plain: Vec<String> = bip39::Language::Spanish
        .word_list()
        .iter()
        .take(12)
        .map(|word| word.nfd().filter(char::is_ascii).collect())
        .collect();
    assert_eq!(found(&plain.join(" ")), ["recovery_phrase"]);
}

#[test]
fn own_ideograms_without_blanks_are_a_phrase_where_the_words_say_so() {
    let list = bip39::Language::SimplifiedChinese.word_list();
    let phrase: String = (0..12).map(|number| list[number * 100]).collect();
    for text in [
        format!("助记词：{phrase}"),
        format!("我的助记词是{phrase}"),
        format!("我的助记词 {phrase}"),
    ] {
        assert_eq!(found(&text), ["recovery_phrase"], "{text}");
        assert!(!redact(&text).text.contains(&phrase[12..24]), "{text}");
    }
    let valid = bip39::Mnemonic::from_entropy_in(bip39::Language::SimplifiedChinese, &[7; 16]);
    let valid: String = valid.unwrap().words().collect();
    assert_eq!(found(&valid), ["recovery_phrase"], "all that was said");
    for text in [
        "我的充值没有到账，请帮我查一下这个问题谢谢你们了",
        "你好我在昨天晚上从币安提现到你们平台但是一直没有到账",
        "入金が反映されません。 取引所から 送金 しました。 確認 お願い します",
        "어제 저녁에 거래소에서 출금했는데 아직 입금이 확인되지 않습니다 확인 부탁드립니다",
        "ayer por la noche envié el depósito desde mi cuenta y todavía no ha llegado a mi saldo por favor ayuda",
        "hier soir j'ai envoyé un dépôt depuis mon compte et il n'est toujours pas arrivé merci de votre aide",
    ] {
        assert_eq!(redact(text).found, [], "{text}");
    }
}

#[test]
fn own_a_key_written_byte_by_byte_is_taken_out() {
    let bytes: Vec<String> = (0..64u32)
        .map(|number| (number * 37 % 256).to_string())
        .collect();
    taken_out(
        &format!("here: [{}]", bytes.join(",")),
        SecretKind::PrivateKey,
        "here: [{}]",
    );
    taken_out(&bytes.join(",\n  "), SecretKind::PrivateKey, "{}");
    let half = bytes[..32].join(", ");
    taken_out(
        &format!("secret key [{half}]"),
        SecretKind::PrivateKey,
        "secret key [{}]",
    );
    assert!(found(&half).is_empty(), "a row of numbers may be anything");
}

#[test]
fn own_hexadecimal_is_a_key_only_where_the_words_say_so() {
    for text in [
        format!("private key: {HEX}"),
        format!("Private Key\n0x{HEX}"),
        format!("privkey={HEX}"),
        format!("my secret {HEX}"),
        format!("{HEX} is my private key"),
        format!("приватный ключ {HEX}"),
        format!("私钥：{HEX}"),
        format!("clave privada {HEX}"),
        format!("clé privée : {HEX}"),
        format!("mein privater Schlüssel ist {HEX}"),
        format!("khóa riêng tư {HEX}"),
        format!("kunci pribadi: {HEX}"),
        format!("المفتاح الخاص {HEX}"),
        format!("개인키 {HEX}"),
        format!("my private key for the transaction is {HEX}"),
        format!("key: {HEX}"),
        format!("seed (hex) {HEX}"),
        format!("private key {} {}", &HEX[..32], &HEX[32..]),
        format!("private key {HEX}{HEX}"),
    ] {
        assert_eq!(found(&text), ["private_key"], "{text}");
        assert!(!redact(&text).text.contains(&HEX[..16]), "{text}");
    }
    for text in [
        HEX.to_owned(),
        format!("0x{HEX}"),
        format!("transaction {HEX}"),
        format!("I lost my private key. The transaction is {HEX}"),
        format!("Private key: (not told)\nTx hash: 0x{HEX}"),
        format!("txid {HEX}, and nobody has my private key"),
        format!("public key {HEX}"),
        format!("https://etherscan.io/tx/0x{HEX}"),
    ] {
        let redacted = redact(&text);
        assert_eq!(redacted.found, [], "{text}");
        assert!(matches!(redacted.text, Cow::Borrowed(_)));
    }
    // Each value has its own words.
    let both = redact(
        "private key 4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318 txid 1c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
    );
    assert_eq!(
        both.text,
        "private key [removed: a private key] txid 1c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    );
}

#[test]
fn own_a_typo_does_not_save_a_secret() {
    let stellar = STELLAR.replace("SADQ", "SADR");
    assert_eq!(found(&stellar), ["stellar_secret"]);
    assert_eq!(found(&STELLAR[..50]), ["stellar_secret"]);
    let seed = XRPL.replace("kec", "keC");
    assert!(found(&seed).is_empty(), "alone it may be any id");
    assert_eq!(found(&format!("family seed {seed}")), ["private_key"]);
    let wif = WIF.replace("Hue", "HuE");
    assert_eq!(found(&format!("WIF {wif}")), ["private_key"]);
}

#[test]
fn own_everyday_text_is_left_alone() {
    for text in [
        "",
        "I sent 5 USDT to my deposit address on the wrong network, please help me get it back as soon as possible",
        "GDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZA57",
        "rLpgximdBvEHy8TxUwyj6mjCRNcJju5qGG",
        "XVXZNqh2rgaWJVHdjjqEv9YStR9AzniMuXfihaDkFXqEPF9",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "cosmos150rtrmj2f8vl9tem8qpfw36ylw5jg9j2nr2fee",
        "EQAuaQQMX8BER-YJpXJ2LWfF7GVVvtXLs4o0w9Y-wDJuAMzF",
        "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW",
        "MDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZ7777777777777BHK",
        "103556 103557 103558 103559 103560 103561 103562 103563",
        "I never shared my seed phrase or my private key with anybody and the support asked me for it twice",
    ] {
        assert_eq!(redact(text).found, [], "{text}");
    }
}

#[test]
fn own_placeholders_are_no_secrets_and_name_none() {
    for kind in SecretKind::ALL {
        let text = format!("{} {HEX}", kind.placeholder());
        assert_eq!(redact(&text).found, [], "{text}");
        assert!(!kind.code().is_empty());
        assert!(kind.placeholder().contains(kind.words()));
    }
}

/// Base58 with the checksum of Bitcoin's addresses.
fn with_checksum(payload: &[u8], alphabet: &bs58::Alphabet) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(Sha256::digest(payload));
    let whole = [payload, &hash[..4]].concat();
    bs58::encode(whole).with_alphabet(alphabet).into_string()
}

fn phrase_of(numbers: &[usize]) -> String {
    let words: Vec<&str> = numbers
        .iter()
        .map(|number| bip39::Language::English.word_list()[*number])
        .collect();
    words.join(" ")
}

proptest! {
    #[test]
    fn own_any_text_is_taken_and_a_second_look_finds_nothing(text in "\\PC{0,400}") {
        let once = redact(&text);
        let twice = redact(&once.text);
        prop_assert!(twice.is_clean());
        prop_assert_eq!(&twice.text, &once.text);
    }

    #[test]
    fn own_pieces_of_secrets_in_any_order_are_taken_too(
        parts in prop::collection::vec(prop_oneof![
            Just(STELLAR), Just(XRPL), Just(WIF), Just(HEX), Just(PHRASE), Just(NUMBERS), Just("private key"), Just("tx"), Just(" "),
            Just("\n"), Just(": "), Just("legal winner"), Just("[removed: "), Just("[removed: a private key]"), Just("ф"),
        ], 0..24)
    ) {
        let text = parts.concat();
        let once = redact(&text);
        prop_assert!(redact(&once.text).is_clean());
        prop_assert!(!once.text.contains(STELLAR));
    }

    #[test]
    fn own_every_secret_is_found_among_any_words(
        key in prop::array::uniform32(any::<u8>()), compressed: bool, before in "[a-z ,.:\\n]{0,40}", after in "[ ,.\\n][a-z ,.\\n]{0,40}",
    ) {
        let seed = &key[..16];
        let mut wif = vec![0x80];
        wif.extend_from_slice(&key);
        if compressed {
            wif.push(1);
        }
        let secrets = [
            with_checksum(&[&[0x21], seed].concat(), bs58::Alphabet::RIPPLE),
            with_checksum(&[&[0x01, 0xe1, 0x4b], seed].concat(), bs58::Alphabet::RIPPLE),
            with_checksum(&wif, bs58::Alphabet::BITCOIN),
        ];
        for secret in secrets {
            let text = format!("{before} {secret}{after}");
            let redacted = redact(&text);
            prop_assert_eq!(redacted.found.len(), 1, "{}", text);
            prop_assert!(!redacted.text.contains(&secret[1..]), "{}", redacted.text);
            prop_assert!(redacted.text.ends_with(&after), "{}", redacted.text);
        }
    }

    #[test]
    fn own_every_phrase_is_found(numbers in prop::collection::vec(0usize..2048, 12..=24), before in "[A-Z0-9 ,.:\\n]{0,40}") {
        let phrase = phrase_of(&numbers);
        let text = format!("{before} {phrase}");
        let redacted = redact(&text);
        prop_assert!(redacted.found.contains(&SecretKind::RecoveryPhrase), "{}", text);
        prop_assert!(redacted.text.ends_with(SecretKind::RecoveryPhrase.placeholder()), "{}", redacted.text);
    }
}

/// The sample of appeals that the matcher is measured with: 64-digit ids, memos and prose, and no secret.
#[test]
fn own_the_sample_raises_no_alarm() {
    let sample = include_str!("../../../../fixtures/matching/appeals.csv");
    let alarms: Vec<&str> = sample
        .lines()
        .filter(|line| !redact(line).is_clean())
        .collect();
    assert!(sample.lines().count() > 100);
    assert_eq!(alarms, Vec::<&str>::new());
}
