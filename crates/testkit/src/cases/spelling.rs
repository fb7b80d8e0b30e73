//! Other spellings of what is right, which the samples do not have: from written-down formats of wallets, explorers, locales
//! and from `5.2` of the field's error list (months in words, other digits, base 64, addresses that hold their memo ...).
//!
//! Each answers the text with a label of its own for the truth's strata.

use super::codec;
use super::moment::moment;
use super::random::Random;
use super::spoil::grouped;
use super::words::MORE_MONTHS;
use super::world::{Payment, shown};

/// A spelling and what it is called in the truth.
pub type Spelled = (String, &'static str);

/// The digits of other scripts: their zeros.
const ZEROS: [char; 4] = ['٠', '۰', '०', '0'];

/// The same with the digits of another script.
fn in_other_digits(random: &mut Random, text: &str) -> String {
    let zero = u32::from(random.one(&ZEROS));
    text.chars()
        .map(|letter| match letter.to_digit(10) {
            Some(digit) => char::from_u32(zero + digit).unwrap_or(letter),
            None => letter,
        })
        .collect()
}

fn broken(text: &str, width: usize, mark: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let parts: Vec<String> = letters
        .chunks(width.max(1))
        .map(|part| part.iter().collect())
        .collect();
    parts.join(mark)
}

/// A transaction id.
pub fn transaction(random: &mut Random, payment: &Payment) -> Spelled {
    let exact = payment.tx_id();
    let is_ton = payment.chain().name == "TON";
    match random.below(if is_ton { 12 } else { 9 }) {
        0 => (
            broken(&exact, random.one(&[16, 22, 32]), "\n"),
            "line_break",
        ),
        1 => (broken(&exact, 8, " "), "spaced"),
        2 => {
            let mark = random.one(&["\u{200b}", "\u{feff}", "\u{2060}"]);
            (format!("{mark}{}", broken(&exact, 20, mark)), "invisible")
        }
        3 => {
            let wide = exact.chars().map(|letter| match letter {
                '!'..='~' => char::from_u32(u32::from(letter) + 0xfee0).unwrap_or(letter),
                _ => letter,
            });
            (wide.collect(), "full_width")
        }
        4 => {
            let label = random.one(&[
                "Transaction Hash:\n",
                "Hash транзакции: ",
                "TxHash=",
                "哈希：",
                "Tx hash – ",
            ]);
            (format!("{label}{exact}"), "label")
        }
        5 => (format!("<{exact}>"), "quoted"),
        6 => (format!("\"{exact}\""), "quoted"),
        7 | 8 => {
            let links = payment.chain().more_links;
            (random.one(links).replace('*', &exact), "other_explorer")
        }
        9 | 10 => {
            let is_url = random.chance(5_000);
            (
                codec::transaction_base64(payment.transaction, is_url),
                "base64",
            )
        }
        // The hash of the message, which a wallet shows: it cannot be turned into the transaction's without the chain.
        _ => (
            codec::transaction(payment.chain().style, payment.transaction ^ 0x5eed),
            "message_hash",
        ),
    }
}

/// A network.
pub fn network(random: &mut Random, chain: &super::chains::Chain) -> Spelled {
    let name = random.one(chain.more_names);
    if random.chance(2_000) {
        (format!(" {} ", name.to_uppercase()), "other_name")
    } else {
        (name.to_owned(), "other_name")
    }
}

/// A coin.
pub fn asset(random: &mut Random, payment: &Payment) -> Spelled {
    let coin = payment.asset.coin();
    if coin.symbol == "TK" {
        let symbol = payment.asset.symbol();
        return match random.below(3) {
            0 => (format!("{symbol} token"), "other_name"),
            1 => (format!("${}", symbol.to_lowercase()), "other_name"),
            _ => (format!("{symbol} ({})", payment.chain().name), "other_name"),
        };
    }
    (random.one(coin.more_names).to_owned(), "other_name")
}

/// An amount.
pub fn amount(random: &mut Random, payment: &Payment) -> Spelled {
    let exact = shown(payment.amount);
    let (whole, part) = exact.split_once('.').unwrap_or((&exact, ""));
    let padded = if part.is_empty() { "00" } else { part };
    let symbol = payment.asset.symbol();
    match random.below(9) {
        0 => (format!("{}.{padded}", grouped(whole, "'")), "apostrophe"),
        1 => (format!("{}.{padded}", grouped(whole, "’")), "apostrophe"),
        2 => {
            // 12,34,567.00
            let (head, tail) = whole.split_at(whole.len().saturating_sub(3));
            let mut parts: Vec<&str> = Vec::new();
            let mut rest = head;
            while rest.len() > 2 {
                let (begin, end) = rest.split_at(rest.len() - 2);
                parts.insert(0, end);
                rest = begin;
            }
            if !rest.is_empty() {
                parts.insert(0, rest);
            }
            parts.push(tail);
            (format!("{}.{padded}", parts.join(",")), "indian")
        }
        3 => {
            let mark = random.one(&["\u{a0}", "\u{202f}"]);
            (format!("{},{padded}", grouped(whole, mark)), "narrow_blank")
        }
        4 => {
            let text = if part.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}{}{part}", random.one(&[".", "٫"]))
            };
            (in_other_digits(random, &text), "digits")
        }
        5 => (format!("{exact} {symbol}"), "with_coin"),
        6 => (
            format!("{}{exact}", random.one(&["~", "≈ ", "about ", "+", "= "])),
            "around",
        ),
        7 if payment.amount.is_multiple_of(100_000_000_000) => (
            format!(
                "{}{}",
                payment.amount / 100_000_000_000,
                random.one(&["k", " K", " тыс"])
            ),
            "thousand_word",
        ),
        7 if whole.len() > 3 && part.is_empty() => (format!("{whole}.000000"), "zeros"),
        7 => (format!("{whole}.{part:0<8}"), "zeros"),
        _ => (format!("{symbol} {exact}"), "with_coin"),
    }
}

/// A time; `created` is when the appeal was written, `zone` the user's in minutes.
pub fn time(random: &mut Random, payment: &Payment, created: i64, zone: i64) -> Spelled {
    let near = payment.time + random.between(-120, 120);
    let local = moment(near + zone * 60);
    let (_, names) = random.one(&MORE_MONTHS);
    let month = names[local.month - 1];
    let clock = local.clock();
    match random.below(12) {
        0 => (
            format!("{} {month} {} {clock}", local.day, local.year),
            "month_word",
        ),
        1 => (
            format!("{} {month} {}", local.day, local.year),
            "month_word",
        ),
        2 => {
            let half = if local.hour < 12 { "AM" } else { "PM" };
            let hour = (local.hour + 11) % 12 + 1;
            (
                format!(
                    "{:02}/{:02}/{} {hour}:{:02} {half}",
                    local.month, local.day, local.year, local.minute
                ),
                "american",
            )
        }
        3 => (
            format!("{:02}/{:02}/{} {clock}", local.day, local.month, local.year),
            "day_first",
        ),
        4 => {
            let (sign, zone) = (if zone < 0 { '-' } else { '+' }, zone.abs());
            (
                format!(
                    "{}T{clock}:{:02}{sign}{:02}:{:02}",
                    local.date(),
                    local.second,
                    zone / 60,
                    zone % 60
                ),
                "with_zone",
            )
        }
        5 => {
            let utc = moment(near);
            (format!("{} {} UTC", utc.date(), utc.clock()), "with_zone")
        }
        6 => (near.to_string(), "unix"),
        7 => ((near * 1_000 + random.between(0, 999)).to_string(), "unix"),
        8 => (
            format!(
                "{}年{}月{}日 {}时{}分",
                local.year, local.month, local.day, local.hour, local.minute
            ),
            "chinese",
        ),
        9 => {
            let text = format!("{}/{:02}/{:02} {clock}", local.year, local.month, local.day);
            (in_other_digits(random, &text), "digits")
        }
        10 => {
            let hours = (created - near) / 3_600;
            if hours < 48 {
                (format!("{hours} hours ago"), "relative")
            } else {
                (format!("{} days ago", hours / 24), "relative")
            }
        }
        _ => {
            let days =
                (created + zone * 60).div_euclid(86_400) - (near + zone * 60).div_euclid(86_400);
            match days {
                0 => (format!("today at {clock}"), "relative"),
                1 => (format!("yesterday {clock}"), "relative"),
                _ => (format!("{days} days ago at {clock}"), "relative"),
            }
        }
    }
}

/// An address; `memo` is what belongs to it where a memo does.
pub fn address(random: &mut Random, payment: &Payment, number: u64, memo: Option<u32>) -> Spelled {
    let family = payment.family();
    let exact = codec::address(family, number);
    let others = codec::other_spellings(family, number, memo);
    if !others.is_empty() && random.chance(6_000) {
        let place = random.place(others.len());
        let text = others.get(place).cloned().unwrap_or_default();
        return (text, "other_form");
    }
    if let Some(memo) = memo
        && random.chance(6_000)
    {
        return match random.below(4) {
            0 => (format!("{exact}:{memo}"), "with_memo"),
            1 => (format!("{exact}?dt={memo}"), "with_memo"),
            2 => (format!("{exact} memo {memo}"), "with_memo"),
            _ => (format!("{exact}\nMEMO: {memo}"), "with_memo"),
        };
    }
    match random.below(4) {
        0 => (broken(&exact, 4, " "), "spaced"),
        1 => (format!("{exact}\u{200b}"), "invisible"),
        2 => (format!("my address {exact}"), "label"),
        _ => (broken(&exact, 24, "\n"), "line_break"),
    }
}

/// A memo.
pub fn memo(random: &mut Random, memo: u32) -> Spelled {
    let text = memo.to_string();
    match random.below(6) {
        0 => (format!("memo: {text}"), "label"),
        1 => (format!("Tag #{text}"), "label"),
        2 => (grouped(&text, " "), "spaced"),
        3 => (in_other_digits(random, &text), "digits"),
        4 => (format!("MEMO-{text}"), "label"),
        _ => (format!("UID {text}"), "label"),
    }
}
