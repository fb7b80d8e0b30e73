//! Measures predictions: `evaluate FOLDER PREDICTIONS [--link PPB] [--credit PPB]`.
//!
//! The folder holds the cases with their truth; the predictions are the lines of `recover match --format json`, `-` for
//! standard input. With thresholds from other seeds the measures at them are printed as well.

use recover_testkit::measure::report::Counted;
use recover_testkit::measure::{Report, Truth, prediction};
use std::path::PathBuf;

fn main() {
    if let Err(problem) = run() {
        eprintln!("error: {problem}");
        eprintln!("usage: evaluate FOLDER PREDICTIONS|- [--link PPB] [--credit PPB]");
        std::process::exit(2);
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut places = Vec::new();
    let (mut link, mut credit) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--link" => link = Some(value()?.parse()?),
            "--credit" => credit = Some(value()?.parse()?),
            _ => places.push(PathBuf::from(argument)),
        }
    }
    let [folder, lines] = places.as_slice() else {
        return Err("name a folder and a file of predictions".into());
    };
    let truth = Truth::read(folder)?;
    let predictions = if lines.as_os_str() == "-" {
        prediction::read(std::io::stdin().lock(), &truth)?
    } else {
        let file = std::fs::File::open(lines)?;
        prediction::read(std::io::BufReader::new(file), &truth)?
    };
    let report = Report::new(&truth, &predictions);
    print!("{report}");
    let show = |name: &str, counted: Counted| {
        println!(
            "{name} at {} ppb: precision {} recall {} F1 {} ppm, wrong {} of {}",
            counted.threshold_ppb,
            counted.precision_ppm(),
            counted.recall_ppm(),
            counted.f1_ppm(),
            counted.wrong,
            counted.right + counted.wrong
        );
    };
    if let Some(threshold) = link {
        show("link", report.link.at(threshold));
    }
    if let Some(threshold) = credit {
        show("credit", report.credit.at(threshold));
    }
    Ok(())
}
