//! Size and speed of the watch set beside the standard hash set, in one run on one machine:
//! `cargo run --release -p recover-watch --example watch_speed -- 10000000`.

use recover_watch::WatchTable;
use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

/// Look-ups a measurement makes.
const ASKED: usize = 2_000_000;

/// splitmix64: spread like hashes and the same on every run.
struct Spread(u64);

impl Spread {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Iterator for Spread {
    type Item = [u8; 20];

    fn next(&mut self) -> Option<[u8; 20]> {
        let mut bytes = [0; 20];
        let (head, tail) = (self.number(), self.number());
        bytes[..8].copy_from_slice(&head.to_be_bytes());
        bytes[8..16].copy_from_slice(&tail.to_be_bytes());
        bytes[16..].copy_from_slice(&head.to_le_bytes()[..4]);
        Some(bytes)
    }
}

fn time(label: &str, asked: &[[u8; 20]], contains: impl Fn(&[u8; 20]) -> bool) -> u128 {
    let begin = Instant::now();
    let found = asked.iter().filter(|key| contains(black_box(key))).count();
    let tenths = begin.elapsed().as_nanos() * 10 / ASKED as u128;
    println!(
        "{label:<40} {:>5}.{} ns a look-up, {found} found",
        tenths / 10,
        tenths % 10
    );
    tenths.max(1)
}

fn main() {
    let count: usize = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 1_000_000,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            eprintln!("give the number of addresses, like 10000000");
            std::process::exit(2);
        }
    };
    let begin = Instant::now();
    let table = WatchTable::build(Spread(1).take(count), count).expect("fewer than 2^32 addresses");
    let hundredths = table.bytes() * 100 / count.max(1);
    println!(
        "{count} addresses: {}.{:02} bytes an address, built in {:?}",
        hundredths / 100,
        hundredths % 100,
        begin.elapsed()
    );
    // Nine strangers to one of ours, as on a busy network.
    let ours: Vec<[u8; 20]> = Spread(1).take(count.min(ASKED)).collect();
    let mut pick = Spread(3);
    let mut strangers = Spread(2);
    let asked: Vec<[u8; 20]> = (0..ASKED)
        .map(|turn| {
            let random = usize::try_from(pick.number() >> 32).expect("32 bits fit");
            match ours.get(random % ours.len().max(1)) {
                Some(own) if turn % 10 == 0 => *own,
                _ => strangers.next().expect("the stream never ends"),
            }
        })
        .collect();
    let ours_ns = time("sorted with a table of top bits", &asked, |key| {
        table.contains(key)
    });
    let begin = Instant::now();
    let set: HashSet<[u8; 20]> = Spread(1).take(count).collect();
    println!("hash set built in {:?}", begin.elapsed());
    let set_ns = time("std HashSet", &asked, |key| set.contains(key));
    let hundredths = ours_ns * 100 / set_ns;
    println!(
        "ratio table / hash set: {}.{:02}",
        hundredths / 100,
        hundredths % 100
    );
}
