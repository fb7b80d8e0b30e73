//! How a text is damaged on its way from a wallet's screen into a form: the error model of `base`.

use super::chains::{CHAINS, chain};
use super::codec::Family;
use super::moment::moment;
use super::random::Random;
use super::words::{COINS, MONTHS};
use super::world::{Asset, shown};

/// An error with its share of ten thousand normal users.
pub type Rates = &'static [(&'static str, u32)];

/// Of the transaction; what is left is exact.
pub const TXID: Rates = &[
    ("url", 1_200),
    ("format", 600),
    ("ellipsis", 700),
    ("cut", 300),
    ("typo", 500),
    ("other_tx", 700),
    ("withdrawal_id", 500),
    ("blank", 1_900),
];
/// Of the network; what is left is right.
pub const NETWORK: Rates = &[("wrong", 1_600), ("blank", 1_200)];
/// Of the coin; what is left is right.
pub const ASSET: Rates = &[("alias", 800), ("wrong", 500), ("blank", 300)];
/// Of the amount; what is left is exact.
pub const AMOUNT: Rates = &[
    ("gross", 1_600),
    ("rounded", 1_400),
    ("comma", 800),
    ("thousands", 600),
    ("shift", 200),
    ("digit", 200),
    ("fiat", 300),
    ("blank", 700),
];
/// Of the time; what is left is UTC to some minutes.
pub const TIME: Rates = &[
    ("zone", 3_000),
    ("date", 1_000),
    ("day_off", 500),
    ("blank", 1_000),
];
/// Of the address it went to; what is left is exact.
pub const TO: Rates = &[
    ("ellipsis", 1_000),
    ("typo", 600),
    ("other", 600),
    ("blank", 1_800),
];
/// Of the sender; what is left is exact.
pub const FROM: Rates = &[
    ("typo", 400),
    ("ellipsis", 600),
    ("other", 1_000),
    ("blank", 4_000),
];

/// Draws an error; `right` when there is none. `percent` is how much this user errs; past all of them, none is right.
pub fn draw(random: &mut Random, rates: Rates, percent: u32, right: &'static str) -> &'static str {
    let total: u32 = rates.iter().map(|(_, rate)| rate * percent / 100).sum();
    let end = total.max(10_000);
    let mut left = u32::try_from(random.below(u64::from(end))).unwrap_or(0);
    for (label, rate) in rates {
        let rate = rate * percent / 100;
        if left < rate {
            return label;
        }
        left -= rate;
    }
    right
}

/// One slip of the fingers: a wrong letter, one too many, one too few, or two swapped.
pub fn slip(random: &mut Random, text: &str, alphabet: &str, keeps_start: bool) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let first = if keeps_start { 2.min(letters.len()) } else { 0 };
    if letters.len() < first + 3 {
        return text.to_owned();
    }
    let all: Vec<char> = alphabet.chars().collect();
    let place = first + random.place(letters.len() - first - 1);
    match random.below(4) {
        0 => letters[place] = random.one(&all),
        1 => letters.insert(place, random.one(&all)),
        2 => {
            letters.remove(place);
        }
        _ => letters.swap(place, place + 1),
    }
    letters.into_iter().collect()
}

fn slips(random: &mut Random, text: &str, alphabet: &str, most: u64, keeps_start: bool) -> String {
    let count = 1 + random.below(most);
    (0..count).fold(text.to_owned(), |text, _| {
        slip(random, &text, alphabet, keeps_start)
    })
}

fn alphabet_of(text: &str) -> &'static str {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.chars().all(|letter| letter.is_ascii_hexdigit()) {
        if digits.chars().any(|letter| letter.is_ascii_uppercase()) {
            "0123456789ABCDEF"
        } else {
            "0123456789abcdef"
        }
    } else {
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    }
}

/// With slips in it, the usual beginning kept.
pub fn typo(random: &mut Random, text: &str, most: u64) -> String {
    slips(random, text, alphabet_of(text), most, true)
}

/// The middle left out.
pub fn ellipsis(random: &mut Random, text: &str) -> String {
    let mark = random.one(&["…", "...", "..", "***"]);
    let (head, tail) = random.one(&[(4, 4), (6, 4), (6, 6), (8, 6), (10, 8)]);
    let head = if text.starts_with("0x") {
        head + 2
    } else {
        head
    };
    let letters: Vec<char> = text.chars().collect();
    let begin: String = letters.iter().take(head).collect();
    let end: String = letters
        .iter()
        .skip(letters.len().saturating_sub(tail))
        .collect();
    format!("{begin}{mark}{end}")
}

/// A part only: the beginning or the end.
pub fn cut(random: &mut Random, text: &str) -> String {
    let length = text.len();
    let kept = usize::try_from(random.between(25, 90)).unwrap_or(50) * length / 100;
    if random.chance(6_500) {
        text.get(..kept).unwrap_or(text).to_owned()
    } else {
        text.get(length - kept..).unwrap_or(text).to_owned()
    }
}

/// The same id in another form: blanks, a label, another case, with or without `0x`.
pub fn reformatted(random: &mut Random, text: &str) -> String {
    let is_hex = text.trim_start_matches("0x").len() == 64;
    match random.below(if is_hex { 6 } else { 3 }) {
        0 => format!("  {text} "),
        1 => format!("txid: {text}"),
        2 => format!("{text}."),
        3 => match text.strip_prefix("0x") {
            Some(digits) => digits.to_owned(),
            None => format!("0x{text}"),
        },
        4 if text.chars().any(|letter| letter.is_ascii_uppercase()) => text.to_lowercase(),
        4 => text.to_uppercase(),
        _ => match text.strip_prefix("0x") {
            Some(digits) => format!("0X{}", digits.to_uppercase()),
            None => format!("{text} "),
        },
    }
}

/// A withdrawal's number at the sending exchange.
pub fn withdrawal_id(random: &mut Random) -> String {
    if random.chance(5_000) {
        random.between(10_000_000_000, 89_999_999_999).to_string()
    } else {
        let text = format!("{:016x}{:016x}", random.bits(), random.bits());
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        format!(
            "{}-{}-4{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(16, 20),
            part(20, 32)
        )
    }
}

/// Any other chain's place.
pub fn other_chain(random: &mut Random, not: usize) -> usize {
    (not + 1 + random.place(CHAINS.len() - 1)) % CHAINS.len()
}

/// What a user of a wrong chain had meant.
pub fn intended_chain(random: &mut Random, not: usize) -> usize {
    let meant: Vec<usize> = ["TRON", "BSC", "ETH"]
        .map(chain)
        .into_iter()
        .filter(|place| *place != not)
        .collect();
    random.one(&meant)
}

/// Another coin's symbol.
pub fn other_coin(random: &mut Random, not: Asset) -> &'static str {
    loop {
        let symbol = random.one(&[
            "XRP", "ETH", "USDT", "USDC", "BNB", "SOL", "TRX", "XLM", "TON", "BTC",
        ]);
        if symbol != not.coin().symbol {
            return symbol;
        }
    }
}

/// What people call the coin.
pub fn alias(random: &mut Random, asset: Asset) -> String {
    if COINS[asset.coin].symbol == "TK" {
        asset.symbol().to_lowercase()
    } else {
        random.one(asset.coin().names).to_owned()
    }
}

/// Digits in groups of three.
pub fn grouped(whole: &str, mark: &str) -> String {
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push_str(mark);
        }
        text.push(digit);
    }
    text
}

/// The amount as it is told with this error.
pub fn amount(random: &mut Random, error: &str, asset: Asset, amount: u64, fee: u64) -> String {
    const ONE: u64 = 100_000_000;
    let exact = shown(amount);
    let (whole, part) = exact.split_once('.').unwrap_or((&exact, ""));
    let padded = if part.is_empty() { "00" } else { part };
    match error {
        "gross" => shown(amount + fee),
        "rounded" => {
            // To the unit, or to two digits of what is less than one.
            let mut step = ONE;
            while step > 10 && amount / step < 10 {
                step /= 10;
            }
            let step = step.max(1);
            shown((amount + step / 2) / step * step)
        }
        "comma" => format!("{whole},{padded}"),
        "thousands" => match random.below(3) {
            0 => format!("{}.{padded}", grouped(whole, ",")),
            1 => format!("{},{padded}", grouped(whole, ".")),
            _ if part.is_empty() => grouped(whole, " "),
            _ => format!("{}.{part}", grouped(whole, " ")),
        },
        "shift" => shown(if random.chance(5_000) {
            amount.saturating_mul(10)
        } else {
            (amount / 10).max(1)
        }),
        "digit" => {
            let places: Vec<usize> = exact
                .char_indices()
                .filter(|(_, letter)| letter.is_ascii_digit())
                .map(|(place, _)| place)
                .collect();
            let place = random.one(&places);
            let digit = random.between(1, 9).to_string();
            let mut text = exact;
            text.replace_range(place..=place, &digit);
            text
        }
        "fiat" => {
            let cents = u128::from(amount) * u128::from(asset.coin().price) / 100 / u128::from(ONE);
            let moved = cents * u128::from(random.below(70) + 965) / 1_000;
            format!("${}.{:02}", moved / 100, moved % 100)
        }
        "blank" => String::new(),
        _ => exact,
    }
}

/// The time as it is told with this error; `zone` is the user's, in minutes.
pub fn time(random: &mut Random, error: &str, time: i64, zone: i64) -> String {
    let near = time + random.normal() * 270 / 1_024;
    let local = near + zone * 60;
    let text = |seconds: i64| {
        let moment = moment(seconds);
        format!("{} {}", moment.date(), moment.clock())
    };
    match error {
        "zone" => text(local),
        "date" => {
            let day = moment(local);
            match random.below(3) {
                0 => day.date(),
                1 => format!("{:02}.{:02}.{}", day.day, day.month, day.year),
                _ => format!("{} {:02} {}", MONTHS[day.month - 1], day.day, day.year),
            }
        }
        "day_off" => text(local + random.one(&[-86_400, 86_400])),
        "blank" => String::new(),
        _ => text(near),
    }
}

/// An address as it is told with this error.
pub fn address(random: &mut Random, error: &str, family: Family, number: u64) -> String {
    let exact = super::codec::address(family, number);
    match error {
        "ellipsis" => ellipsis(random, &exact),
        "typo" => typo(random, &exact, 2),
        "other" => super::codec::address(family, random.bits()),
        "blank" => String::new(),
        _ => exact,
    }
}
