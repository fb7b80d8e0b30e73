//! A CSV file in blocks of whole rows, worked on by several threads, answers in the order of the file.
//!
//! The file is never held whole: a million appeals are a quarter of a gigabyte, and their clues several times that.

use crate::rows::Problem;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, mpsc};

/// Bytes of a block: some thousand rows.
const BLOCK: usize = 1 << 20;

/// Where each column stands.
pub struct Columns(HashMap<String, usize>);

impl Columns {
    /// The text of a column; empty where the file has none of that name.
    pub fn of<'a>(&self, row: &'a csv::StringRecord, name: &str) -> &'a str {
        let place = self.0.get(name);
        place.and_then(|place| row.get(*place)).unwrap_or_default()
    }
}

/// Whole rows from the rest of a file, and what of the next row was read already.
struct Blocks {
    file: File,
    rest: Vec<u8>,
}

impl Blocks {
    /// The next block; empty at the end. A row ends with a line's end outside quotes.
    fn next(&mut self) -> Result<Vec<u8>, Problem> {
        let mut block = std::mem::take(&mut self.rest);
        loop {
            let begin = block.len();
            block.resize(begin + BLOCK, 0);
            let mut end = begin;
            while end < block.len() {
                match self.file.read(&mut block[end..])? {
                    0 => break,
                    read => end += read,
                }
            }
            let is_last = end < block.len();
            block.truncate(end);
            if is_last {
                return Ok(block);
            }
            let (mut is_quoted, mut cut) = (false, None);
            for (place, byte) in block.iter().enumerate() {
                match byte {
                    b'"' => is_quoted = !is_quoted,
                    b'\n' if !is_quoted => cut = Some(place + 1),
                    _ => {}
                }
            }
            if let Some(cut) = cut {
                self.rest = block.split_off(cut);
                return Ok(block);
            }
        }
    }
}

/// What a thread leaves: its state, and the answers of its blocks by their numbers.
type Done<S, T> = (S, Vec<(usize, Vec<T>)>);

/// Reads a file with `threads` threads. Each has a state of its own, made by `begin`; `row` is told every row of its blocks and
/// adds to the block's answer. Answers come in the order of the file, the states as they were left.
pub fn read<S: Send, T: Send>(
    path: &Path,
    threads: usize,
    begin: impl Fn() -> S + Sync,
    row: impl Fn(&mut S, &mut Vec<T>, &Columns, &csv::StringRecord) -> Result<(), Problem> + Sync,
) -> Result<(Vec<S>, Vec<T>), Problem> {
    let mut blocks = Blocks {
        file: File::open(path)?,
        rest: Vec::new(),
    };
    let mut first = blocks.next()?;
    let line = first.iter().position(|byte| *byte == b'\n');
    let body = first.split_off(line.map_or(first.len(), |line| line + 1));
    let head = String::from_utf8(first)?;
    let names = head.trim_end().split(',').map(str::to_owned);
    let columns = Columns(names.zip(0..).collect());
    let (send, receive) = mpsc::sync_channel::<(usize, Vec<u8>)>(threads * 2);
    let receive = Mutex::new(receive);
    let work = || -> Result<Done<S, T>, Problem> {
        let mut state = begin();
        let mut done = Vec::new();
        let mut record = csv::StringRecord::new();
        let mut failed: Option<Problem> = None;
        loop {
            let taken = receive.lock().map_err(|_| "a thread panicked")?.recv();
            let Ok((number, block)) = taken else {
                return match failed {
                    Some(problem) => Err(problem),
                    None => Ok((state, done)),
                };
            };
            // After a failure the rest is still taken, so that the reading thread is not left waiting.
            if failed.is_some() {
                continue;
            }
            let mut all = || -> Result<Vec<T>, Problem> {
                let mut answers = Vec::new();
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(&block[..]);
                while reader.read_record(&mut record)? {
                    row(&mut state, &mut answers, &columns, &record)?;
                }
                Ok(answers)
            };
            match all() {
                Ok(answers) => done.push((number, answers)),
                Err(problem) => failed = Some(problem),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut block = body;
        let mut number = 0;
        let mut problem = None;
        loop {
            if !block.is_empty() && send.send((number, block)).is_err() {
                break;
            }
            number += 1;
            match blocks.next() {
                Ok(next) if next.is_empty() => break,
                Ok(next) => block = next,
                Err(found) => {
                    problem = Some(found);
                    break;
                }
            }
        }
        drop(send);
        let mut states = Vec::new();
        let mut done = Vec::new();
        for worker in workers {
            let (state, answers) = worker.join().map_err(|_| "a thread panicked")??;
            states.push(state);
            done.extend(answers);
        }
        if let Some(problem) = problem {
            return Err(problem);
        }
        done.sort_by_key(|(number, _)| *number);
        Ok((
            states,
            done.into_iter().flat_map(|(_, answers)| answers).collect(),
        ))
    })
}
