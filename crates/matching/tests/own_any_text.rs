//! Whatever is typed: no panic, bounded clues, and the same clues from the same text.

mod common;

use common::{Form, address, hash};
use recover_matching::clue::Id;
use recover_matching::{AppealClues, Vocabulary, normalise};

/// A seeded sequence: the same on every machine (xorshift).
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).expect("lengths are small");
        usize::try_from(self.next() % limit).expect("less than a length")
    }
}

/// What people paste, to be bent.
fn seeds() -> Vec<String> {
    let id = hash(1);
    let mut seeds: Vec<String> = [
        "1.000,50 USDT",
        "$500 worth",
        "2.5k",
        "1e400",
        "12,34,567.89",
        "3万个",
        "0.000000000000000001",
        "99999999999999999999999999999999999999999999999999999999999999999999999999999999999",
        "2025-01-02 03:04",
        "02/03/2025 3:04 pm UTC+8",
        "3 дня назад",
        "2025年1月2日 下午3点半",
        "45659.5",
        "1735787040000",
        "yesterday 25:61",
        "31.02.2025",
        "BSC(BEP-20)",
        "ТRС20",
        "波场",
        "Etherreum",
        "memo: 290 102 443",
        "标签：00123",
        "EQB5VitCVSZofm-9hNRNuq2cSfbbfDshNQ8lQYLEMpMLHldh:77",
        "hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus=",
        "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu",
        "anna@example.org",
        "https://www.mintscan.io/cosmos/txs/%41%42?x=%zz#%",
        "[a](https://etherscan.io/tx/0x",
        "交易哈希是",
        "0x…",
        "....",
        "a--b",
        "№ ₮ ﷽ ½ ² Ⅷ ㎏",
        "\u{202e}\u{200b}\u{feff}",
    ]
    .map(str::to_owned)
    .to_vec();
    seeds.push(format!("txid 0x{id}"));
    seeds.push(format!("{}…{}", &id[..8], &id[58..]));
    seeds.push(address(1));
    seeds.push(format!("https://bscscan.com/tx/0x{id}"));
    seeds
}

fn bent(seeds: &[String], seeded: &mut Seeded) -> String {
    const ODD: &[char] = &[
        ' ', '\n', '\0', '.', ',', ':', '-', '/', '%', '…', '٣', '年', '前', 'о', '́', '\u{200d}',
        '🜚', 'x', '0', '(', '\'', '"', '\u{3000}', '한', 'İ', 'ß',
    ];
    let mut letters: Vec<char> = seeds[seeded.below(seeds.len())].chars().collect();
    for _ in 0..seeded.below(6) {
        let place = seeded.below(letters.len() + 1);
        match seeded.below(6) {
            0 if place < letters.len() => {
                letters.remove(place);
            }
            1 => letters.insert(place, ODD[seeded.below(ODD.len())]),
            2 => letters.truncate(place),
            3 if place < letters.len() => letters[place] = ODD[seeded.below(ODD.len())],
            4 => {
                let other = &seeds[seeded.below(seeds.len())];
                letters.splice(place..place, other.chars());
            }
            _ => {
                let drawn = u32::try_from(seeded.next() & 0x1_ffff).expect("seventeen bits");
                letters.insert(place, char::from_u32(drawn).unwrap_or('\u{fffd}'));
            }
        }
    }
    letters.into_iter().collect()
}

fn form(seeds: &[String], seeded: &mut Seeded) -> Form {
    Form {
        txid: bent(seeds, seeded),
        network: bent(seeds, seeded),
        asset: bent(seeds, seeded),
        amount: bent(seeds, seeded),
        to: bent(seeds, seeded),
        memo: bent(seeds, seeded),
        from: bent(seeds, seeded),
        at: bent(seeds, seeded),
        text: format!("{} {}", bent(seeds, seeded), bent(seeds, seeded)),
        ..Form::default()
    }
}

fn is_sound(clues: &AppealClues) {
    assert!(clues.lines_count() <= 16 * 10);
    for clue in &clues.transactions {
        match &clue.value {
            Id::Whole(id) => assert!(id.len() >= 43, "{id}"),
            Id::Ends { head, tail } => assert!(head.len() + tail.len() >= 8, "{head} {tail}"),
        }
    }
    for clue in &clues.amounts {
        assert!(!clue.value.is_zero());
    }
    for clue in &clues.times {
        assert!(clue.value.from <= clue.value.to);
    }
    for clue in &clues.memos {
        assert!(!clue.value.is_empty() && clue.value.len() <= 256);
    }
}

/// 12,000 forms of ten texts each.
#[test]
fn own_a_hundred_thousand_bent_texts_are_read() {
    let (seeds, words) = (seeds(), Vocabulary::default());
    let mut seeded = Seeded(0x2545_f491_4f6c_dd1d);
    let mut found = 0;
    for _ in 0..12_000 {
        let appeal = form(&seeds, &mut seeded).appeal();
        let clues = normalise(&appeal, &words);
        is_sound(&clues);
        found += clues.lines_count();
    }
    assert!(found > 50_000, "most of it is read: {found}");
}

#[test]
fn own_a_very_long_text_is_read_in_bounded_time() {
    for piece in [
        "0x", "a.", "...", "交易", "1 000 ", "https://", "memo ", "\u{301}", "EQ-_", "12:34 ",
        "<([",
    ] {
        let long = piece.repeat(60_000 / piece.len());
        let form = Form {
            txid: long.clone(),
            network: long.clone(),
            asset: long.clone(),
            amount: long.clone(),
            memo: long.clone(),
            at: long.clone(),
            text: long,
            ..Form::default()
        };
        let start = std::time::Instant::now();
        is_sound(&form.clues());
        assert!(start.elapsed().as_secs() < 20, "{piece}");
    }
}

proptest::proptest! {
    #[test]
    fn own_what_was_read_reads_as_itself(number in 0u64..1_000_000, places in 9usize..60) {
        let id = hash(number);
        for text in [id.clone(), format!("0x{}", id.to_uppercase()), id[..places].to_owned(), format!("{}...{}", &id[..6], &id[58..])] {
            let first = Form { txid: text, ..Form::default() }.clues();
            let Some(clue) = first.transactions.first() else {
                continue;
            };
            let again = Form { txid: clue.value.to_string(), ..Form::default() }.clues();
            // What is printed of a cut one ends in an ellipsis: the same beginning and end.
            proptest::prop_assert_eq!(&again.transactions[0].value, &clue.value);
        }
    }

    #[test]
    fn own_any_text_in_any_field_is_read_the_same_twice(text in "\\PC{0,80}") {
        let form = Form {
            txid: text.clone(), network: text.clone(), asset: text.clone(), amount: text.clone(), to: text.clone(), memo: text.clone(),
            from: text.clone(), at: text.clone(), text: text.clone(), ..Form::default()
        };
        let clues = form.clues();
        is_sound(&clues);
        proptest::prop_assert_eq!(clues, form.clues());
    }

    #[test]
    fn own_cleaning_before_reading_changes_nothing(text in "\\PC{0,60}") {
        let cleaned = recover_matching::text::clean(&text).into_owned();
        let read = |text: String| Form { txid: text.clone(), amount: text.clone(), at: text.clone(), memo: text, ..Form::default() }.clues();
        proptest::prop_assert_eq!(read(text), read(cleaned));
    }
}
