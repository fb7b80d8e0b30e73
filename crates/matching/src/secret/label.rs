//! What the words around a value call it.

use super::fold::Folded;

/// How far before a value a word may stand that names it, in letters.
const BEFORE_MAX: usize = 120;

/// How far behind it, and before a phrase.
const BESIDE_MAX: usize = 40;

/// How near the bare word "key" must stand.
const KEY_MAX: usize = 24;

/// Whether the words around a value call it a private key, and none between calls it a transaction.
pub(super) fn names_key(folded: &Folded, start: usize, end: usize) -> bool {
    let before = stretch(folded, start.saturating_sub(BEFORE_MAX), start);
    // Words before another value speak of that one.
    let before = before.get(end_of_last_value(&before)..).unwrap_or_default();
    if holds_ideograms(before) {
        return true;
    }
    // The last sentence that names anything decides: "I lost my private key. The transaction is …".
    let label = before
        .rsplit(['.', '!', '?', ';', '\n'])
        .find_map(|sentence| label_of(&words(sentence)));
    if let Some(label) = label {
        return label == Label::Key;
    }
    let near = before.chars().count().saturating_sub(KEY_MAX);
    let near: String = before.chars().skip(near).collect();
    if holds_bare_key(&words(&near)) {
        return true;
    }
    let after = stretch(folded, end, end.saturating_add(BESIDE_MAX));
    let clause = after
        .split([',', '.', ';', '!', '?', '\n'])
        .next()
        .unwrap_or_default();
    label_of(&words(clause)) == Some(Label::Key) || holds_ideograms(clause)
}

/// Whether the words before a row of listed words call it a phrase.
pub(super) fn names_phrase(folded: &Folded, start: usize) -> bool {
    let before = stretch(folded, start.saturating_sub(BESIDE_MAX), start);
    words(&before).iter().any(|word| is_phrase_word(word)) || holds_ideograms(&before)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Key,
    Transaction,
}

/// What a sentence names. A transaction gives way to a key ("my private key for the transaction: …").
fn label_of(words: &[String]) -> Option<Label> {
    let names_key = words.iter().any(|word| is_key_word(word))
        || words.windows(2).any(|pair| match pair {
            [first, second] => {
                (is_private(first) && is_key(second)) || (is_key(first) && is_private(second))
            }
            _ => false,
        });
    if names_key {
        return Some(Label::Key);
    }
    words
        .iter()
        .any(|word| is_transaction_word(word))
        .then_some(Label::Transaction)
}

/// A word that names a key when it stands right before the value, and many other things when it does not.
fn holds_bare_key(words: &[String]) -> bool {
    words.iter().enumerate().any(|(place, word)| {
        let told = place.checked_sub(1).and_then(|before| words.get(before));
        (is_key(word) || is_private(word))
            && !told.is_some_and(|told| matches!(told.as_str(), "public" | "api" | "pub"))
    })
}

/// Where the last thing ends that is no word: an id, an address, another key.
fn end_of_last_value(text: &str) -> usize {
    const VALUE_MIN: usize = 25;
    let mut end = 0;
    let mut length = 0;
    for (place, letter) in text.char_indices() {
        if letter.is_ascii_alphanumeric() {
            length += 1;
            if length >= VALUE_MIN {
                end = place + 1;
            }
        } else {
            length = 0;
        }
    }
    end
}

fn stretch(folded: &Folded, from: usize, to: usize) -> String {
    let letters = folded.letters();
    let to = to.min(letters.len());
    letters.get(from..to).unwrap_or_default().iter().collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Words that name a private key by themselves, in the languages that appeals come in.
fn is_key_word(word: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "privkey",
        "privatekey",
        "secretkey",
        "mnemonic",
        "keystore",
        "seed",
        "мнемон",
        "сид",
    ];
    word == "wif"
        || BEGINNINGS
            .iter()
            .any(|beginning| word.starts_with(beginning))
}

fn is_key(word: &str) -> bool {
    matches!(
        word,
        "key"
            | "keys"
            | "pk"
            | "schlüssel"
            | "ключ"
            | "ключа"
            | "ключи"
            | "clave"
            | "llave"
            | "chave"
            | "clé"
            | "anahtar"
            | "anahtarı"
            | "khóa"
            | "kunci"
            | "chiave"
            | "klucz"
            | "sleutel"
            | "مفتاح"
            | "المفتاح"
            | "کلید"
            | "कुंजी"
    )
}

fn is_private(word: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "priv",
        "secret",
        "geheim",
        "секрет",
        "приват",
        "закрыт",
        "secrèt",
        "gizli",
        "özel",
        "riêng",
        "pribadi",
        "rahasia",
        "segret",
        "prywatn",
        "خاص",
        "الخاص",
        "خصوصی",
        "निजी",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| word.starts_with(beginning))
}

fn is_phrase_word(word: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "seed",
        "phrase",
        "passphrase",
        "mnemonic",
        "сид",
        "фраз",
        "frase",
        "semilla",
        "frasa",
        "fraz",
        "wiederherstell",
        "récupération",
        "recuperación",
        "recuperação",
        "kurtarma",
        "mnemo",
        "khôi",
        "pemulihan",
        "استرداد",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| word.starts_with(beginning))
}

fn is_transaction_word(word: &str) -> bool {
    matches!(
        word,
        "tx" | "txid"
            | "txn"
            | "txhash"
            | "hash"
            | "transaction"
            | "transaktion"
            | "transacción"
            | "transação"
            | "транзакция"
            | "транзакции"
            | "хэш"
            | "хеш"
            | "işlem"
    )
}

/// Private key, secret key, recovery phrase in writing without blanks between words.
fn holds_ideograms(text: &str) -> bool {
    [
        "私钥",
        "私鑰",
        "密钥",
        "密鑰",
        "助记词",
        "助記詞",
        "秘密鍵",
        "개인키",
        "비밀키",
        "ニーモニック",
        "シードフレーズ",
        "リカバリーフレーズ",
        "復元フレーズ",
        "니모닉",
        "시드",
        "복구",
    ]
    .iter()
    .any(|word| text.contains(word))
}
