//! What is true about a folder of cases, read from its files.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file of the folder that cannot be used.
#[derive(Debug)]
pub struct TruthError {
    file: PathBuf,
    problem: String,
}

impl fmt::Display for TruthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for TruthError {}

/// A deposit as far as measuring needs it.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Whose it is: place in [`Truth::users`].
    pub owner: u32,
    /// Why it is an orphan: place in [`Truth::labels`].
    pub reason: u32,
    /// What it is worth in US cents, by a fixed table of prices.
    pub cents: u64,
    /// Others of the same coin, amount and receiver in the ten minutes before and after.
    pub twins: u32,
}

/// An appeal as far as measuring needs it.
#[derive(Debug, Clone)]
pub struct Appeal {
    /// Who appeals: place in [`Truth::users`].
    pub user: u32,
    /// Its kind: place in [`Truth::labels`].
    pub kind: u32,
    /// The deposit it means.
    pub deposit: Option<u32>,
    /// Whether an ideal desk would pay.
    pub is_creditable: bool,
    /// What befell its transaction id: place in [`Truth::labels`].
    pub txid: u32,
}

/// The truth of one folder.
#[derive(Debug, Default)]
pub struct Truth {
    /// The deposits.
    pub deposits: Vec<Deposit>,
    /// The appeals.
    pub appeals: Vec<Appeal>,
    /// Names of users.
    pub users: Vec<String>,
    /// Names of kinds, reasons and errors.
    pub labels: Vec<String>,
    deposit_places: HashMap<String, u32>,
    appeal_places: HashMap<String, u32>,
}

/// US dollars for one, in 1/10,000; an unlisted token is worth a cent.
const PRICES: [(&str, u64); 14] = [
    ("XRP", 23_000),
    ("TON", 51_000),
    ("XLM", 4_000),
    ("ATOM", 64_000),
    ("ETH", 33_000_000),
    ("BTC", 950_000_000),
    ("BNB", 6_850_000),
    ("POL", 4_500),
    ("AVAX", 360_000),
    ("USDT", 10_000),
    ("USDC", 10_000),
    ("SOL", 1_900_000),
    ("TRX", 2_400),
    ("DAI", 10_000),
];
const PRICE_OF_A_TOKEN: u64 = 100;

/// What an amount is worth in cents, rounded down.
#[must_use]
pub fn cents(asset: &str, amount: &str) -> u64 {
    let price = PRICES
        .iter()
        .find(|(symbol, _)| *symbol == asset)
        .map_or(PRICE_OF_A_TOKEN, |(_, price)| *price);
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let part: String = part.chars().chain("00000000".chars()).take(8).collect();
    let units = format!("{whole}{part}").parse::<u128>().unwrap_or(0);
    let cents = units * u128::from(price) / 100 / 100_000_000;
    u64::try_from(cents).unwrap_or(u64::MAX)
}

/// Names by place.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    places: HashMap<String, u32>,
}

impl Names {
    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }
}

/// Reads the named columns of a file, row by row.
fn rows(
    folder: &Path,
    name: &str,
    columns: &[&str],
    mut take: impl FnMut(&[&str]) -> Result<(), String>,
) -> Result<(), TruthError> {
    let file = folder.join(name);
    let fail = |problem: String| TruthError {
        file: file.clone(),
        problem,
    };
    let mut reader = csv::Reader::from_path(&file).map_err(|problem| fail(problem.to_string()))?;
    let head = reader
        .headers()
        .map_err(|problem| fail(problem.to_string()))?
        .clone();
    let places: Vec<usize> = columns
        .iter()
        .map(|column| {
            head.iter()
                .position(|name| name == *column)
                .ok_or_else(|| fail(format!("there is no column {column}")))
        })
        .collect::<Result<_, _>>()?;
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|problem| fail(problem.to_string()))?
    {
        let cells: Vec<&str> = places
            .iter()
            .map(|place| record.get(*place).unwrap_or_default())
            .collect();
        take(&cells).map_err(|problem| {
            let line = record.position().map_or(0, csv::Position::line);
            fail(format!("line {line}: {problem}"))
        })?;
    }
    Ok(())
}

impl Truth {
    /// Reads `deposits.csv`, `truth_deposits.csv`, `appeals.csv` and `truth.csv` of a folder.
    ///
    /// # Errors
    /// When a file or a column is missing, or a row names what is not there.
    pub fn read(folder: &Path) -> Result<Self, TruthError> {
        let mut truth = Self::default();
        let (mut users, mut labels) = (Names::default(), Names::default());
        let mut owners: HashMap<String, u32> = HashMap::new();
        rows(
            folder,
            "truth_deposits.csv",
            &["deposit_id", "owner_user_id"],
            |cells| {
                owners.insert(cells[0].to_owned(), users.place(cells[1]));
                Ok(())
            },
        )?;
        let mut cells_of: HashMap<(String, String, String), Vec<(i64, u32)>> = HashMap::new();
        let columns = [
            "deposit_id",
            "asset",
            "amount",
            "orphan_reason",
            "to_address",
            "block_time",
        ];
        rows(folder, "deposits.csv", &columns, |cells| {
            let place = u32::try_from(truth.deposits.len()).map_err(|_| "too many")?;
            let owner = *owners.get(cells[0]).ok_or("it has no owner")?;
            truth.deposits.push(Deposit {
                owner,
                reason: labels.place(cells[3]),
                cents: cents(cells[1], cells[2]),
                twins: 0,
            });
            truth.deposit_places.insert(cells[0].to_owned(), place);
            let key = (
                cells[1].to_owned(),
                cells[2].to_owned(),
                cells[4].to_owned(),
            );
            let time = seconds(cells[5]).ok_or("its time cannot be read")?;
            cells_of.entry(key).or_default().push((time, place));
            Ok(())
        })?;
        for mut of in cells_of.into_values() {
            of.sort_unstable();
            let (mut first, mut last) = (0, 0);
            for (time, place) in &of {
                while of[first].0 < time - 600 {
                    first += 1;
                }
                while last < of.len() && of[last].0 <= time + 600 {
                    last += 1;
                }
                truth.deposits[*place as usize].twins =
                    u32::try_from(last - first - 1).unwrap_or(u32::MAX);
            }
        }
        let mut appellants: HashMap<String, u32> = HashMap::new();
        rows(folder, "appeals.csv", &["appeal_id", "user_id"], |cells| {
            appellants.insert(cells[0].to_owned(), users.place(cells[1]));
            Ok(())
        })?;
        let columns = ["appeal_id", "kind", "deposit_id", "should_credit", "errors"];
        rows(folder, "truth.csv", &columns, |cells| {
            let place = u32::try_from(truth.appeals.len()).map_err(|_| "too many")?;
            let deposit = match cells[2] {
                "" => None,
                id => Some(
                    *truth
                        .deposit_places
                        .get(id)
                        .ok_or("its deposit is not there")?,
                ),
            };
            let txid = cells[4]
                .split(';')
                .find_map(|error| error.strip_prefix("txid:"))
                .unwrap_or("-");
            truth.appeals.push(Appeal {
                user: *appellants.get(cells[0]).ok_or("the appeal is not there")?,
                kind: labels.place(cells[1]),
                deposit,
                is_creditable: cells[3] == "1",
                txid: labels.place(txid),
            });
            truth.appeal_places.insert(cells[0].to_owned(), place);
            Ok(())
        })?;
        truth.users = users.names;
        truth.labels = labels.names;
        Ok(truth)
    }

    /// The place of an appeal.
    #[must_use]
    pub fn appeal(&self, id: &str) -> Option<u32> {
        self.appeal_places.get(id).copied()
    }

    /// The place of a deposit.
    #[must_use]
    pub fn deposit(&self, id: &str) -> Option<u32> {
        self.deposit_places.get(id).copied()
    }

    /// The name of a label.
    #[must_use]
    pub fn label(&self, place: u32) -> &str {
        self.labels.get(place as usize).map_or("", String::as_str)
    }
}

/// Unix seconds of `2025-01-01T00:00:00Z`.
fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Days of the civil calendar, the year beginning in March.
    let shifted = if month > 2 { year } else { year - 1 };
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_values_and_times_are_read() {
        assert_eq!(cents("XRP", "100"), 23_000);
        assert_eq!(cents("BTC", "0.00006216"), 590);
        assert_eq!(cents("TK0001", "54959.218"), 54_959);
        assert_eq!(seconds("2025-01-01T00:00:00Z"), Some(1_735_689_600));
        assert_eq!(seconds("2024-02-29T12:34:56Z"), Some(1_709_210_096));
        assert_eq!(seconds("soon"), None);
    }
}
