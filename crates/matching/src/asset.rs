//! Coins as people call them. A symbol is a hint here, never an identity.

use crate::lexicon::Words;
use recover_core::names;
use std::sync::LazyLock;

/// Names that mean a symbol: the coin's name, other writings and other languages.
const NAMES: &[(&str, &[&str])] = &[
    (
        "usdt",
        &[
            "tether",
            "tether usd",
            "tether usdt",
            "usdt tether",
            "usdt erc20",
            "usdt trc20",
            "usdt bep20",
            "usdt ton",
            "usd₮",
            "usdt0",
            "usd t",
            "ust tether",
            "udst",
            "usdtt",
            "ustd",
            "usd tether",
            "tether dollar",
            "teter",
            "thether",
            "jusdt",
            "usdt spl",
            "usdt sol",
            "usdt bsc",
            "usdt polygon",
            "usdt eth",
            "usdt tron",
            "usdt trx",
            "usdt jetton",
            "bsc usd",
            "bscusd",
            "bsc-usdt",
            "тезер",
            "тетер",
            "юсдт",
            "усдт",
            "usdт",
            "泰达币",
            "泰達幣",
            "泰达",
            "u币",
            "テザー",
            "테더",
            "تيثر",
            "تتر",
            "टेथर",
        ],
    ),
    (
        "usdc",
        &[
            "usd coin",
            "circle",
            "usdc erc20",
            "usdc sol",
            "usdc spl",
            "circle usd",
            "usdc coin",
            "usdcoin",
            "usdc base",
            "usdc polygon",
            "usdc native",
            "usdbc",
            "axlusdc",
            "юсдс",
            "усдс",
            "美元币",
            "美元硬币",
            "유에스디코인",
        ],
    ),
    (
        "dai",
        &["dai stablecoin", "multi collateral dai", "дай", "xdai"],
    ),
    ("busd", &["binance usd", "busd bep20"]),
    (
        "xrp",
        &[
            "ripple",
            "ripple xrp",
            "xrp ripple",
            "riple",
            "рипл",
            "риппл",
            "瑞波",
            "瑞波币",
            "瑞波幣",
            "リップル",
            "리플",
            "ريبل",
            "ریپل",
            "रिपल",
        ],
    ),
    (
        "xlm",
        &[
            "stellar",
            "lumen",
            "lumens",
            "stellar lumens",
            "stellar lumen",
            "stelar",
            "str",
            "стеллар",
            "стелар",
            "恒星币",
            "恆星幣",
            "ステラ",
            "스텔라",
            "스텔라루멘",
            "ستيلار",
            "استلار",
        ],
    ),
    (
        "ton",
        &[
            "toncoin",
            "gram",
            "grams",
            "ton coin",
            "the open network",
            "тон",
            "тонкоин",
            "грам",
            "トンコイン",
            "톤코인",
            "تون",
            "تون کوین",
        ],
    ),
    (
        "atom",
        &[
            "cosmos",
            "cosmos hub",
            "cosmos atom",
            "atom cosmos",
            "атом",
            "космос",
            "コスモス",
            "코스모스",
        ],
    ),
    (
        "btc",
        &[
            "bitcoin",
            "xbt",
            "bitcoins",
            "bit coin",
            "btcb",
            "bitcoin bep2",
            "биткоин",
            "биткойн",
            "биток",
            "бтк",
            "比特币",
            "比特幣",
            "大饼",
            "ビットコイン",
            "비트코인",
            "بيتكوين",
            "بیت کوین",
            "बिटकॉइन",
            "บิตคอยน์",
        ],
    ),
    (
        "eth",
        &[
            "ether",
            "ethereum",
            "etherium",
            "etherum",
            "ethers",
            "eter",
            "binance peg ether",
            "эфир",
            "эфириум",
            "以太坊",
            "以太币",
            "以太幣",
            "以太",
            "姨太",
            "イーサリアム",
            "イーサ",
            "이더리움",
            "이더",
            "إيثيريوم",
            "ايثيريوم",
            "اتریوم",
            "इथेरियम",
        ],
    ),
    (
        "pol",
        &[
            "matic",
            "polygon",
            "polygon ecosystem token",
            "matic token",
            "polygon matic",
            "матик",
            "полигон",
            "马蹄",
            "매틱",
            "폴리곤",
        ],
    ),
    (
        "bnb",
        &[
            "binance coin",
            "binancecoin",
            "build and build",
            "bnb coin",
            "бнб",
            "бинанс коин",
            "币安币",
            "幣安幣",
            "바이낸스코인",
        ],
    ),
    (
        "avax",
        &["avalanche", "авакс", "аваланч", "雪崩", "아발란체"],
    ),
    (
        "sol",
        &[
            "solana",
            "солана",
            "索拉纳",
            "ソラナ",
            "솔라나",
            "سولانا",
            "सोलाना",
        ],
    ),
    (
        "trx",
        &[
            "tron",
            "tronix",
            "трон",
            "波场币",
            "波场",
            "波場",
            "トロン",
            "트론",
            "ترون",
        ],
    ),
    (
        "ltc",
        &[
            "litecoin",
            "лайткоин",
            "莱特币",
            "萊特幣",
            "ライトコイン",
            "라이트코인",
        ],
    ),
    (
        "doge",
        &[
            "dogecoin",
            "доги",
            "догикоин",
            "狗狗币",
            "狗狗幣",
            "ドージコイン",
            "도지코인",
            "도지",
        ],
    ),
    ("bch", &["bitcoin cash", "比特币现金", "비트코인캐시"]),
    ("etc", &["ethereum classic", "以太经典"]),
    ("wbtc", &["wrapped btc", "wrapped bitcoin"]),
    ("link", &["chainlink", "chain link"]),
    (
        "shib",
        &["shiba inu", "shiba", "шиба", "柴犬币", "시바이누"],
    ),
    ("osmo", &["osmosis"]),
    ("tia", &["celestia"]),
    ("inj", &["injective"]),
    ("arb", &["arbitrum"]),
    ("op", &["optimism"]),
];

/// Tickers that mean a coin in a sentence too, in whatever case.
const TICKERS: &[&str] = &[
    "usdt", "usdc", "busd", "tusd", "fdusd", "pyusd", "usdp", "xrp", "xlm", "ton", "atom", "btc",
    "eth", "weth", "bnb", "wbnb", "avax", "trx", "ltc", "doge", "bch", "etc", "wbtc", "shib",
    "osmo", "tia", "inj", "matic", "sol", "pol", "dai", "ada", "dot", "near", "algo", "fil",
    "hbar", "xmr", "zec", "dash", "kava", "sei", "dydx", "uni", "aave", "cro", "pepe", "ape",
    "ftm", "usd₮", "usdte", "usdce",
];

/// Coins that are worth a dollar.
const DOLLAR_COINS: &[&str] = &[
    "usdt", "usdc", "dai", "busd", "tusd", "fdusd", "pyusd", "usdp", "gusd", "lusd", "usde",
    "usds", "susd", "frax", "rlusd", "usdd", "usdj", "sai", "usdy", "crvusd", "gho", "usd0",
    "usdb", "usdz",
];

static NAME_WORDS: LazyLock<Words<&'static str>> = LazyLock::new(|| {
    let names = NAMES
        .iter()
        .flat_map(|(symbol, names)| names.iter().map(move |name| (*name, *symbol)));
    let wrapped = [
        ("weth", "eth"),
        ("wbnb", "bnb"),
        ("wmatic", "pol"),
        ("wpol", "pol"),
        ("wavax", "avax"),
        ("wsol", "sol"),
        ("wtrx", "trx"),
        ("wton", "ton"),
        ("wxrp", "xrp"),
        ("wrapped ether", "eth"),
        ("wrapped eth", "eth"),
        ("wrapped bnb", "bnb"),
        ("wrapped sol", "sol"),
        ("wrapped avax", "avax"),
    ];
    let bridged = ["usdt", "usdc", "dai", "wbtc", "eth", "link"]
        .into_iter()
        .flat_map(|symbol| {
            ["e", "b", "bc", "pos"]
                .into_iter()
                .map(move |tail| (symbol, tail))
        });
    let bridged: Vec<(String, &'static str)> = bridged
        .map(|(symbol, tail)| (format!("{symbol}{tail}"), symbol))
        .collect();
    Words::new(
        names.chain(wrapped).chain(
            bridged
                .iter()
                .map(|(name, symbol)| (name.as_str(), *symbol)),
        ),
    )
});

static TICKER_WORDS: LazyLock<Words<()>> =
    LazyLock::new(|| Words::new(TICKERS.iter().map(|ticker| (*ticker, ()))));

/// Whether a word is a coin's well-known ticker or name, in whatever case.
pub(crate) fn is_known(word: &str) -> bool {
    TICKER_WORDS.get(word).is_some() || NAME_WORDS.get(word).is_some()
}

/// Whether a folded name means a coin that is worth a dollar.
#[must_use]
pub fn is_dollar_coin(folded: &str) -> bool {
    DOLLAR_COINS.contains(&root(folded))
}

/// How a stated coin compares with a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    /// Another coin.
    Differs,
    /// Another name, a bridged or a wrapped form of it.
    Alias,
    /// The same word.
    Same,
}

/// A coin's name for comparison: lower case, letters and digits only.
#[must_use]
pub fn folded(text: &str) -> String {
    names::fold(text)
}

/// Compares two folded names.
#[must_use]
pub fn compare(stated: &str, actual: &str) -> Sameness {
    if stated == actual {
        return Sameness::Same;
    }
    let (left, right) = (root(stated), root(actual));
    if left == right {
        Sameness::Alias
    } else {
        Sameness::Differs
    }
}

/// The coin that a name, a bridged form (`usdce`, `usdcb`) or a wrapped form (`weth`) stands for.
#[must_use]
pub fn root(folded: &str) -> &str {
    NAME_WORDS.folded(folded).unwrap_or(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_of_one_coin_are_aliases() {
        for (stated, actual, expected) in [
            ("USDT", "usdt", Sameness::Same),
            ("Tether", "USDT", Sameness::Alias),
            ("USDT.e", "USDT", Sameness::Alias),
            ("USDC", "USDC.e", Sameness::Alias),
            ("WETH", "ETH", Sameness::Alias),
            ("Toncoin", "TON", Sameness::Alias),
            ("MATIC", "POL", Sameness::Alias),
            ("USDT", "USDC", Sameness::Differs),
            ("TK0001", "TK0002", Sameness::Differs),
            ("泰达币", "USDT", Sameness::Alias),
            ("Эфир", "ETH", Sameness::Alias),
            ("USDC", "USDT", Sameness::Differs),
        ] {
            assert_eq!(
                compare(&folded(stated), &folded(actual)),
                expected,
                "{stated} {actual}"
            );
        }
    }

    #[test]
    fn own_no_name_means_two_coins_and_roots_are_roots() {
        use recover_core::names;
        let mut seen: std::collections::BTreeMap<String, &str> = std::collections::BTreeMap::new();
        for (symbol, aliases) in NAMES {
            assert_eq!(root(symbol), *symbol);
            for name in *aliases {
                let known = seen.entry(names::fold(name)).or_insert(symbol);
                assert_eq!(known, symbol, "{name}");
            }
        }
        for ticker in DOLLAR_COINS {
            assert!(is_dollar_coin(ticker), "{ticker}");
        }
    }
}
