//! Coins as people call them. A symbol is a hint here, never an identity.

use recover_core::names;

/// Names that mean a symbol.
const NAMES: &[(&str, &str)] = &[
    ("tether", "usdt"),
    ("tetherusd", "usdt"),
    ("usdterc20", "usdt"),
    ("usdttrc20", "usdt"),
    ("usdtbep20", "usdt"),
    ("usdtton", "usdt"),
    ("usd₮", "usdt"),
    ("usdt0", "usdt"),
    ("usdcoin", "usdc"),
    ("circle", "usdc"),
    ("ripple", "xrp"),
    ("stellar", "xlm"),
    ("lumen", "xlm"),
    ("lumens", "xlm"),
    ("stellarlumens", "xlm"),
    ("toncoin", "ton"),
    ("gram", "ton"),
    ("cosmos", "atom"),
    ("cosmoshub", "atom"),
    ("bitcoin", "btc"),
    ("xbt", "btc"),
    ("ether", "eth"),
    ("ethereum", "eth"),
    ("etherium", "eth"),
    ("matic", "pol"),
    ("polygon", "pol"),
    ("binancecoin", "bnb"),
    ("avalanche", "avax"),
    ("solana", "sol"),
    ("tron", "trx"),
    ("tronix", "trx"),
    ("litecoin", "ltc"),
    ("dogecoin", "doge"),
];

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
    if let Some((_, symbol)) = NAMES.iter().find(|(name, _)| *name == folded) {
        return symbol;
    }
    for symbol in ["usdt", "usdc", "dai", "wbtc", "eth", "link"] {
        if let Some(rest) = folded.strip_prefix(symbol)
            && matches!(rest, "e" | "b" | "bc" | "pos")
        {
            return symbol;
        }
    }
    match folded {
        "weth" => "eth",
        "wbnb" => "bnb",
        "wmatic" | "wpol" => "pol",
        "wavax" => "avax",
        other => other,
    }
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
        ] {
            assert_eq!(
                compare(&folded(stated), &folded(actual)),
                expected,
                "{stated} {actual}"
            );
        }
    }
}
