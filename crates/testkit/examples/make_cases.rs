//! Writes a folder of made-up cases: `make_cases FOLDER [--size N] [--seed S] [--profile P]`.

use recover_testkit::cases::{Cases, PROFILES, profile};
use std::path::PathBuf;

fn main() {
    if let Err(problem) = run() {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        eprintln!("error: {problem}");
        eprintln!(
            "usage: make_cases FOLDER [--size N] [--seed S] [--profile {}]",
            names.join("|")
        );
        std::process::exit(2);
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut folder = None;
    let (mut size, mut seed, mut name) = (10_000u64, 1u64, "base".to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--size" => size = value()?.parse()?,
            "--seed" => seed = value()?.parse()?,
            "--profile" => name = value()?,
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or("name the folder to write")?;
    let cases = Cases::new(size, seed, &profile(&name)?);
    cases.write(&folder)?;
    println!(
        "{}: {} deposits, {} appeals",
        folder.display(),
        cases.world.deposits.len(),
        cases.appeals.len()
    );
    Ok(())
}
