//! Words that people write around what counts, in the languages that appeals come in.

mod labels;

pub(crate) use labels::{Label, label, label_at_end};

use crate::text::Folded;
use recover_core::names;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A list of words, looked up by their folded form.
pub(crate) struct Words<T> {
    words: HashMap<Box<str>, T, BuildHasherDefault<Fnv>>,
}

impl<T: Copy> Words<T> {
    pub(crate) fn new<'a>(rows: impl IntoIterator<Item = (&'a str, T)>) -> Self {
        let words = rows
            .into_iter()
            .map(|(word, meaning)| (names::fold(word).into_boxed_str(), meaning))
            .collect();
        Self { words }
    }

    /// The meaning of a word that is folded already.
    pub(crate) fn folded(&self, word: &str) -> Option<T> {
        self.words.get(word).copied()
    }

    /// The meaning of a word; case and signs do not count.
    pub(crate) fn get(&self, word: &str) -> Option<T> {
        self.folded(Folded::new(word)?.as_str())
    }
}

impl<T: Copy> Words<T> {
    /// Lists each word of each row under the row's meaning.
    pub(crate) fn of_rows(rows: &[(T, &[&'static str])]) -> Self {
        Self::new(
            rows.iter()
                .flat_map(|(meaning, words)| words.iter().map(move |word| (*word, *meaning))),
        )
    }
}

/// The hash of Fowler, Noll and Vo: short words, our own keys, and the same order on every machine.
#[derive(Clone)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// What people write where they have nothing to say.
const FILLERS: &[&str] = &[
    "none",
    "no",
    "na",
    "nan",
    "not applicable",
    "0",
    "00",
    "000",
    "null",
    "nil",
    "unknown",
    "undefined",
    "forgot",
    "forgotten",
    "forgot it",
    "i forgot",
    "i forgot it",
    "i forgot memo",
    "forgot memo",
    "forgot the memo",
    "forgot tag",
    "empty",
    "blank",
    "x",
    "xx",
    "xxx",
    "no memo",
    "no tag",
    "no memo tag",
    "nomemo",
    "notag",
    "without memo",
    "without tag",
    "not needed",
    "none needed",
    "not required",
    "no need",
    "missing",
    "not sure",
    "dont know",
    "i dont know",
    "idk",
    "dont have",
    "dont have it",
    "i dont have",
    "not available",
    "not provided",
    "not used",
    "not have",
    "no idea",
    "tbd",
    "pending",
    "memo",
    "tag",
    "same",
    "no memo used",
    "did not use",
    "didnt use memo",
    "didnt use",
    "no memo needed",
    "nothing",
    "no hash",
    "no txid",
    "lost",
    // Russian, Ukrainian
    "нет",
    "не",
    "не помню",
    "не указал",
    "не указала",
    "не указан",
    "не указано",
    "не знаю",
    "без мемо",
    "без memo",
    "без тега",
    "забыл",
    "забыла",
    "нет мемо",
    "нет memo",
    "отсутствует",
    "пусто",
    "неизвестно",
    "не было",
    "не вводил",
    "немає",
    "не пам'ятаю",
    // German
    "kein",
    "keine",
    "keiner",
    "keins",
    "keines",
    "nein",
    "vergessen",
    "ohne",
    "ohne memo",
    "kein memo",
    "unbekannt",
    "leer",
    "weiß nicht",
    "weiss nicht",
    "keine ahnung",
    "nicht vorhanden",
    "nicht angegeben",
    // French
    "aucun",
    "aucune",
    "non",
    "rien",
    "oublié",
    "oublie",
    "sans",
    "sans memo",
    "sans mémo",
    "pas de memo",
    "pas de mémo",
    "inconnu",
    "vide",
    "je ne sais pas",
    "jai oublié",
    // Spanish, Portuguese, Italian
    "ninguno",
    "ninguna",
    "nada",
    "no tengo",
    "olvidé",
    "olvide",
    "olvidado",
    "lo olvidé",
    "sin memo",
    "sin",
    "vacío",
    "vacio",
    "desconocido",
    "no sé",
    "no se",
    "no aplica",
    "no recuerdo",
    "no lo sé",
    "nenhum",
    "nenhuma",
    "não",
    "nao",
    "sem memo",
    "sem",
    "esqueci",
    "não tenho",
    "nao tenho",
    "desconhecido",
    "vazio",
    "não sei",
    "nao sei",
    "nessuno",
    "nessuna",
    "dimenticato",
    "senza",
    "senza memo",
    // Turkish, Vietnamese, Indonesian, Polish, Dutch
    "yok",
    "unuttum",
    "hayır",
    "bilmiyorum",
    "boş",
    "memo yok",
    "không",
    "khong",
    "không có",
    "khong co",
    "quên",
    "không biết",
    "trống",
    "tidak ada",
    "tidak",
    "lupa",
    "kosong",
    "tanpa memo",
    "gak ada",
    "tidak tahu",
    "brak",
    "nie ma",
    "nie",
    "geen",
    "niet",
    // Chinese, Japanese, Korean
    "无",
    "無",
    "没有",
    "沒有",
    "没",
    "忘记",
    "忘记了",
    "忘了",
    "忘記",
    "忘記了",
    "不知道",
    "没填",
    "未填",
    "未填写",
    "空",
    "没有备注",
    "不清楚",
    "なし",
    "ない",
    "忘れた",
    "忘れました",
    "わからない",
    "空白",
    "없음",
    "없습니다",
    "없어요",
    "모름",
    "몰라요",
    "깜빡",
    // Arabic, Persian, Hindi, Thai
    "لا",
    "لا يوجد",
    "نسيت",
    "بدون",
    "لا أعرف",
    "غير معروف",
    "ندارد",
    "نمیدانم",
    "نمی دانم",
    "فراموش کردم",
    "नहीं",
    "कोई नहीं",
    "भूल गया",
    "ไม่มี",
    "ลืม",
    "ไม่ทราบ",
];

static FILLER_WORDS: LazyLock<Words<()>> =
    LazyLock::new(|| Words::new(FILLERS.iter().map(|word| (*word, ()))));

/// Whether a text says that there is nothing to say. Signs alone say so too.
pub(crate) fn is_filler(text: &str) -> bool {
    match Folded::new(text) {
        Some(folded) => FILLER_WORDS.folded(folded.as_str()).is_some(),
        None => !text.chars().any(char::is_alphanumeric),
    }
}

/// Words for pictures, in a field that should hold text.
pub(crate) fn is_picture(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".png", ".jpg", ".jpeg", ".heic", ".webp", ".gif", ".pdf", ".bmp", ".mp4", ".mov",
    ];
    const WORDS: &[&str] = &[
        "screenshot",
        "screen shot",
        "screen-shot",
        "attached",
        "attachment",
        "see image",
        "see photo",
        "see picture",
        "in the picture",
        "in picture",
        "photo",
        "image",
        "скрин",
        "скриншот",
        "фото",
        "вложени",
        "captura",
        "adjunto",
        "adjunta",
        "anexo",
        "imagen",
        "imagem",
        "capture d",
        "pièce jointe",
        "anhang",
        "bildschirmfoto",
        "siehe bild",
        "ekran görüntüsü",
        "ekte",
        "ảnh",
        "hình",
        "tangkapan layar",
        "gambar",
        "lampiran",
        "截图",
        "截圖",
        "图片",
        "圖片",
        "附件",
        "スクショ",
        "スクリーンショット",
        "添付",
        "画像",
        "스크린샷",
        "캡처",
        "사진",
        "첨부",
        "لقطة",
        "صورة",
        "مرفق",
    ];
    if text.len() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || WORDS.iter().any(|word| lower.contains(word))
}

/// Words that only say that a number is not exact.
const APPROXIMATE: &[&str] = &[
    "about",
    "approx",
    "approximately",
    "around",
    "circa",
    "ca",
    "c",
    "almost",
    "nearly",
    "roughly",
    "near",
    "some",
    "like",
    "~",
    "около",
    "примерно",
    "приблизительно",
    "где-то",
    "почти",
    "ungefähr",
    "etwa",
    "rund",
    "fast",
    "zirka",
    "environ",
    "presque",
    "à peu près",
    "aprox",
    "aproximadamente",
    "alrededor",
    "unos",
    "casi",
    "cerca",
    "quase",
    "uns",
    "yaklaşık",
    "civarı",
    "civarında",
    "khoảng",
    "gần",
    "tầm",
    "sekitar",
    "kira-kira",
    "kurang lebih",
    "hampir",
    "大约",
    "大約",
    "约",
    "約",
    "左右",
    "大概",
    "くらい",
    "ぐらい",
    "およそ",
    "約",
    "약",
    "정도",
    "تقريبا",
    "حوالي",
    "حدود",
    "लगभग",
    "plus minus",
];

static APPROXIMATE_WORDS: LazyLock<Words<()>> =
    LazyLock::new(|| Words::new(APPROXIMATE.iter().map(|word| (*word, ()))));

pub(crate) fn is_approximate(word: &str) -> bool {
    APPROXIMATE_WORDS.get(word).is_some()
}

/// Words and letters that multiply a number, as powers of ten.
const MULTIPLIERS: &[(u8, &[&str])] = &[
    (
        3,
        &[
            "k",
            "thousand",
            "thousands",
            "thsd",
            "grand",
            "tsd",
            "tausend",
            "mil",
            "mille",
            "тыс",
            "тысяч",
            "тысячи",
            "тысяча",
            "тыщ",
            "к",
            "т",
            "bin",
            "nghìn",
            "ngàn",
            "ribu",
            "rb",
            "千",
            "仟",
            "천",
            "ألف",
            "هزار",
            "हज़ार",
            "हजार",
        ],
    ),
    (4, &["万", "萬", "만", "w"]),
    (5, &["lakh", "lac", "lakhs", "लाख"]),
    (
        6,
        &[
            "m",
            "mm",
            "mio",
            "mln",
            "million",
            "millions",
            "millionen",
            "millón",
            "millones",
            "milhão",
            "milhões",
            "млн",
            "миллион",
            "миллиона",
            "миллионов",
            "milyon",
            "triệu",
            "tr",
            "juta",
            "jt",
            "百万",
            "百萬",
            "مليون",
            "میلیون",
        ],
    ),
    (7, &["crore", "cr", "करोड़"]),
    (8, &["亿", "億", "억"]),
    (9, &["bn", "billion", "млрд", "миллиард", "milyar", "tỷ"]),
];

static MULTIPLIER_WORDS: LazyLock<Words<u8>> = LazyLock::new(|| Words::of_rows(MULTIPLIERS));

/// The power of ten that a word means behind a number.
pub(crate) fn multiplier(word: &str) -> Option<u8> {
    MULTIPLIER_WORDS.get(word)
}

/// Names of the smallest units of coins: the coin and its decimals.
const BASE_UNITS: &[((&str, u8), &[&str])] = &[
    (
        ("btc", 8),
        &["sat", "sats", "satoshi", "satoshis", "сатоши", "聪"],
    ),
    (("eth", 18), &["wei"]),
    (("eth", 9), &["gwei"]),
    (("sol", 9), &["lamport", "lamports"]),
    (("xrp", 6), &["drop", "drops"]),
    (("xlm", 7), &["stroop", "stroops"]),
    (("atom", 6), &["uatom"]),
    (("ton", 9), &["nanoton", "nanotons"]),
];

static BASE_UNIT_WORDS: LazyLock<Words<(&'static str, u8)>> =
    LazyLock::new(|| Words::of_rows(BASE_UNITS));

/// The coin and the decimals that a smallest unit's name means.
pub(crate) fn base_unit(word: &str) -> Option<(&'static str, u8)> {
    BASE_UNIT_WORDS.get(word)
}

/// Currencies by what people write beside a number.
const CURRENCIES: &[(&str, &[&str])] = &[
    (
        "USD",
        &[
            "usd",
            "dollar",
            "dollars",
            "us dollar",
            "us dollars",
            "bucks",
            "usdollar",
            "доллар",
            "доллара",
            "долларов",
            "долл",
            "dólar",
            "dólares",
            "dolar",
            "dolares",
            "dolares",
            "美元",
            "美金",
            "刀",
            "ドル",
            "米ドル",
            "달러",
            "دولار",
            "دلار",
            "đô",
            "đô la",
            "डॉलर",
        ],
    ),
    (
        "EUR",
        &[
            "eur",
            "euro",
            "euros",
            "евро",
            "欧元",
            "歐元",
            "ユーロ",
            "유로",
            "يورو",
            "یورو",
        ],
    ),
    ("GBP", &["gbp", "pound", "pounds", "quid", "英镑"]),
    ("JPY", &["jpy", "yen", "円", "日元"]),
    (
        "CNY",
        &["cny", "rmb", "yuan", "人民币", "元", "块", "юаней", "юань"],
    ),
    ("KRW", &["krw", "won", "원"]),
    (
        "RUB",
        &[
            "rub",
            "rur",
            "ruble",
            "rubles",
            "roubles",
            "руб",
            "рублей",
            "рубля",
            "рубль",
            "р",
        ],
    ),
    ("UAH", &["uah", "грн", "гривен", "hryvnia"]),
    ("INR", &["inr", "rupee", "rupees", "rs", "रुपये"]),
    ("TRY", &["try", "tl", "lira", "türk lirası"]),
    ("VND", &["vnd", "vnđ", "dong", "đồng", "đ"]),
    ("IDR", &["idr", "rp", "rupiah"]),
    ("BRL", &["brl", "real", "reais"]),
    ("THB", &["thb", "baht", "บาท"]),
    ("NGN", &["ngn", "naira"]),
    ("AED", &["aed", "dirham", "درهم"]),
    ("IRR", &["irr", "toman", "تومان", "ریال"]),
    ("PHP", &["php", "peso", "pesos"]),
    ("PLN", &["pln", "zł", "zloty"]),
    ("CHF", &["chf", "franken"]),
    ("CAD", &["cad"]),
    ("AUD", &["aud"]),
    ("HKD", &["hkd", "港币"]),
    ("SGD", &["sgd"]),
    ("MXN", &["mxn"]),
    ("ARS", &["ars"]),
    ("ZAR", &["zar", "rand"]),
    ("KZT", &["kzt", "тенге"]),
];

static CURRENCY_WORDS: LazyLock<Words<&'static str>> = LazyLock::new(|| Words::of_rows(CURRENCIES));

/// The currency that a word names.
pub(crate) fn currency(word: &str) -> Option<&'static str> {
    CURRENCY_WORDS.get(word)
}

/// The currency that a sign stands for.
pub(crate) const fn currency_sign(sign: char) -> Option<&'static str> {
    Some(match sign {
        '$' => "USD",
        '€' => "EUR",
        '£' => "GBP",
        '¥' => "CNY",
        '₩' => "KRW",
        '₽' => "RUB",
        '₹' => "INR",
        '₺' => "TRY",
        '₫' => "VND",
        '₴' => "UAH",
        '₦' => "NGN",
        '₱' => "PHP",
        '฿' => "THB",
        '₸' => "KZT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_no_label_has_two_meanings() {
        let mut seen: HashMap<String, Label> = HashMap::new();
        for (label, words) in labels::LABELS {
            for word in *words {
                let known = seen.entry(names::fold(word)).or_insert(*label);
                assert_eq!(known, label, "{word}");
            }
        }
    }

    #[test]
    fn own_labels_are_known_in_many_languages() {
        for (word, expected) in [
            ("TxID", Some(Label::Transaction)),
            ("交易哈希", Some(Label::Transaction)),
            ("хэш", Some(Label::Transaction)),
            ("Tx-Hash", Some(Label::Transaction)),
            ("тег", Some(Label::Memo)),
            ("UID", Some(Label::Account)),
            ("hello", None),
        ] {
            assert_eq!(label(word), expected, "{word}");
        }
        assert_eq!(label_at_end("我的交易哈希是"), Some(Label::Transaction));
        assert_eq!(label_at_end("我的备注"), Some(Label::Memo));
        assert_eq!(label_at_end("你好"), None);
    }

    #[test]
    fn own_fillers_say_nothing() {
        for text in [
            "none",
            "N/A",
            "-",
            "???",
            "нет",
            "без мемо",
            "无",
            "kein",
            "Không có",
            "olvidé",
            "0",
            "なし",
            "لا يوجد",
        ] {
            assert!(is_filler(text), "{text}");
        }
        for text in ["123", "abc", "memo 12"] {
            assert!(!is_filler(text), "{text}");
        }
    }
}
