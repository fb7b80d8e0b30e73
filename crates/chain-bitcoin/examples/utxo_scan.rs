//! How fast blocks are scanned beside what bare deserialisation of the same bytes takes, in turns in one run:
//! `cargo run --release -p recover-chain-bitcoin --example utxo_scan -- 1000000 15`.
//!
//! The blocks are made up: about 1 MB and 2,500 transactions each, as many again as are distinct. Time is that of this thread's
//! processor where the system tells it, since on a machine that others use the clock says little.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version as BlockVersion};
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness,
};
use recover_chain_bitcoin::block::{BlockReader, Dialect};
use recover_chain_bitcoin::credit::outputs_to;
use recover_chain_bitcoin::script::Script;
use recover_core::address::Payload;
use recover_core::book::WatchSet;
use recover_watch::WatchIndex;
use std::hint::black_box;
use std::time::Instant;

const BLOCKS: usize = 12;
const TRANSACTIONS: usize = 2_500;

/// One output in so many is ours.
const OURS_EVERY: u64 = 400;

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

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.number().to_le_bytes()[0])
    }

    fn script(&mut self) -> Script {
        match self.number() % 10 {
            0..=4 => Script::WitnessPubkeyHash(self.bytes()),
            5 | 6 => Script::PubkeyHash(self.bytes()),
            7 => Script::ScriptHash(self.bytes()),
            8 => Script::Taproot(self.bytes()),
            _ => Script::WitnessScriptHash(self.bytes()),
        }
    }
}

fn transaction(spread: &mut Spread, ours: &[Script]) -> Transaction {
    let inputs = 1 + spread.number() % 3;
    let outputs = 1 + spread.number() % 4;
    let input = |spread: &mut Spread| TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array(spread.bytes()), 1),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[&spread.bytes::<71>()[..], &spread.bytes::<33>()[..]]),
    };
    let output = |spread: &mut Spread| {
        let place = usize::try_from(spread.number()).unwrap_or_default() % ours.len();
        let script = match spread.number() % OURS_EVERY {
            0 => ours[place],
            _ => spread.script(),
        };
        TxOut {
            value: Amount::from_sat(spread.number() % 100_000_000),
            script_pubkey: ScriptBuf::from_bytes(script.bytes()),
        }
    };
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: (0..inputs).map(|_| input(spread)).collect(),
        output: (0..outputs).map(|_| output(spread)).collect(),
    }
}

fn block(spread: &mut Spread, ours: &[Script]) -> Vec<u8> {
    serialize(&Block {
        header: Header {
            version: BlockVersion::TWO,
            prev_blockhash: BlockHash::all_zeros(),
            merkle_root: TxMerkleNode::all_zeros(),
            time: 1_700_000_000,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        },
        txdata: (0..TRANSACTIONS)
            .map(|_| transaction(spread, ours))
            .collect(),
    })
}

/// Nanoseconds that this thread was on a processor; `None` where the system does not tell.
fn on_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Nanoseconds of the processor and of the clock.
fn time(work: impl FnOnce()) -> (u64, u64) {
    let (before, begin) = (on_processor(), Instant::now());
    work();
    let clock = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let processor = before
        .zip(on_processor())
        .map_or(clock, |(before, after)| after - before);
    (processor.max(1), clock.max(1))
}

fn scan(bytes: &[u8], watch: &dyn WatchSet) -> (u64, usize) {
    let mut reader = BlockReader::new(bytes, Dialect::Plain).expect("the blocks are whole");
    let is_ours = |script: &Script| watch.contains(&Payload::from(*script));
    let mut credits = 0;
    while let Some(entry) = reader.next_paying(is_ours).expect("the blocks are whole") {
        black_box(entry.id());
        credits += outputs_to(&entry.transaction, is_ours).len();
    }
    (reader.len(), credits)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn argument(place: usize, usual: usize) -> usize {
    match std::env::args().nth(place).map(|text| text.parse()) {
        None => usual,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            eprintln!("give the number of watched scripts and of rounds, like 1000000 15");
            std::process::exit(2);
        }
    }
}

fn main() {
    let (watched, rounds) = (argument(1, 1_000_000), argument(2, 15));
    let mut spread = Spread(1);
    let ours: Vec<Script> = (0..watched).map(|_| spread.script()).collect();
    let payloads = ours.iter().map(|script| Payload::from(*script));
    let watch = WatchIndex::build(payloads, 0).expect("every payload has a known width");
    let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| block(&mut spread, &ours)).collect();
    let digits: Vec<String> = blocks.iter().map(hex::encode).collect();
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    println!(
        "{BLOCKS} blocks, {} bytes and {TRANSACTIONS} transactions each; {} watched scripts in {} bytes",
        bytes / BLOCKS,
        watch.len(),
        watch.bytes()
    );
    let mut found = (0, 0);
    let mut taken: [Vec<u64>; 4] = Default::default();
    let mut clock = [0_u64; 4];
    for _ in 0..rounds {
        let works: [&mut dyn FnMut(); 4] = [
            &mut || {
                for block in &blocks {
                    let block: Block = deserialize(block).expect("the blocks are whole");
                    black_box(block);
                }
            },
            &mut || {
                let read = blocks.iter().map(|block| scan(block, &watch));
                found = read.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            },
            &mut || {
                for digits in &digits {
                    black_box(recover_chain_bitcoin::block::from_digits(digits));
                }
            },
            &mut || {
                for digits in &digits {
                    black_box(hex::decode(digits).ok());
                }
            },
        ];
        for ((work, taken), clock) in works.into_iter().zip(&mut taken).zip(&mut clock) {
            let (processor, wall) = time(work);
            taken.push(processor);
            *clock += wall;
        }
    }
    let total = u64::try_from(bytes).unwrap_or(u64::MAX);
    // Bytes in a microsecond are megabytes in a second.
    let speed = |nanoseconds: u64| total * 1_000 / nanoseconds.max(1);
    let labels = [
        "bare deserialisation (bitcoin::Block)",
        "scanned: read, looked up, hits with their ids",
        "a node's hexadecimal digits to bytes",
        "the same by the crate hex",
    ];
    let medians: Vec<u64> = taken.iter().cloned().map(median).collect();
    for (place, label) in labels.iter().enumerate() {
        let (low, high) = (taken[place].iter().max(), taken[place].iter().min());
        println!(
            "{label:<48} {:>5} MB/s a core (rounds {} to {}; by the clock {})",
            speed(medians[place]),
            speed(low.copied().unwrap_or_default()),
            speed(high.copied().unwrap_or_default()),
            speed(clock[place] / u64::try_from(rounds).unwrap_or(1)),
        );
    }
    let (transactions, credits) = found;
    assert_eq!(
        usize::try_from(transactions).ok(),
        Some(BLOCKS * TRANSACTIONS),
        "every transaction is passed"
    );
    let ratio = |place: usize| medians[0] * 100 / medians[place].max(1);
    println!("{credits} credits in {transactions} transactions");
    println!(
        "scanned at {} hundredths of bare deserialisation (goal 80); with the digits {}",
        ratio(1),
        medians[0] * 100 / (medians[1] + medians[2]).max(1)
    );
}
