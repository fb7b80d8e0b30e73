//! Progress of long work on a terminal; silent when standard error is a file.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use recover_core::network::NetworkId;
use recover_engine::backtest::Step;
use recover_engine::scan::{ScanEvent, ScanProgress};
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};

fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Counts rows of an import.
#[derive(Clone)]
pub struct Rows(ProgressBar);

impl Rows {
    /// Starts counting.
    pub fn start(noun: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, target());
        bar.set_style(style("{spinner} {prefix}: {human_pos} rows, {per_sec}"));
        bar.set_prefix(noun.to_owned());
        Self(bar)
    }

    /// Takes a count.
    pub fn at(&self, rows: u64) {
        self.0.set_position(rows);
    }

    /// Ends it.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// What is being done: by a backtest, a report, or while prices are asked for.
#[derive(Clone)]
pub struct Steps(ProgressBar);

impl Steps {
    /// Starts.
    pub fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, target());
        bar.set_style(style("{spinner} {msg}, {elapsed}"));
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self(bar)
    }

    /// Says what is being done.
    pub fn say(&self, words: &str) {
        self.0.set_message(words.to_owned());
    }

    /// Takes a step.
    pub fn at(&self, step: Step) {
        self.0.set_message(match step {
            Step::Read(rows) => format!("reading: {rows} rows"),
            Step::Match(cases) => format!("matching {cases} appeals"),
            Step::Compare(cases) => format!("comparing: {cases} cases"),
        });
    }

    /// Ends it.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// One bar a network.
pub struct ScanBars {
    all: MultiProgress,
    bars: Arc<Mutex<HashMap<NetworkId, ProgressBar>>>,
}

impl ScanBars {
    /// No bars yet.
    pub fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(target()),
            bars: Arc::default(),
        }
    }
}

impl ScanProgress for ScanBars {
    fn event(&self, event: ScanEvent) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            ScanEvent::Started { network, blocks } => {
                let bar = bars.entry(network.clone()).or_insert_with(|| {
                    let bar = self.all.add(ProgressBar::new(blocks));
                    bar.set_style(style(
                        "{prefix:>16} {wide_bar} {human_pos}/{human_len} blocks, {eta} left{msg}",
                    ));
                    bar.set_prefix(network.to_string());
                    bar
                });
                bar.set_length(blocks);
                bar.set_position(0);
            }
            ScanEvent::Committed {
                network,
                range,
                credits: _,
            } => {
                if let Some(bar) = bars.get(&network) {
                    bar.inc(range.blocks());
                }
            }
            ScanEvent::Reorganised { network, agreement } => {
                if let Some(bar) = bars.get(&network) {
                    bar.set_message(format!(", reorganised above {agreement}"));
                }
            }
            ScanEvent::Finished { network } => {
                if let Some(bar) = bars.remove(&network) {
                    bar.finish_and_clear();
                }
            }
        }
    }
}
