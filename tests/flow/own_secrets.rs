//! A secret through every door: it is in no file that the program writes, in none of its words, and in no line of its log.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::Output;

use recover_testkit::postgres::{Database, Postgres};

use crate::desk::Desk;

/// A secret as somebody pastes it, and what must be seen nowhere afterwards.
struct Canary {
    kind: &'static str,
    pasted: String,
    /// In small letters.
    traces: Vec<String>,
}

/// Published or made for these tests; no money was ever there.
fn canaries() -> Vec<Canary> {
    let whole = |kind, secret: &str, words: &str| Canary {
        kind,
        pasted: format!("{words}{secret}"),
        traces: vec![secret[8..24].to_lowercase()],
    };
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    // These stand in no message of ours.
    let traces = || vec!["sausage".to_owned(), "winner".to_owned()];
    let numbered: Vec<String> = (1..)
        .zip(words.split(' '))
        .map(|(number, word)| format!("{number}. {}", word.to_uppercase()))
        .collect();
    vec![
        whole(
            "a Stellar secret key",
            "SADQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQP54X",
            "",
        ),
        whole("an XRP Ledger seed", "sp8y8kecNjy88BZRr9U991iiRzFNf", ""),
        whole(
            "an XRP Ledger seed",
            "sEdTM1uX8pu2do5XvTnutH6HsouMaM2",
            "seed ",
        ),
        whole(
            "a private key (WIF)",
            "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn",
            "",
        ),
        whole(
            "a private key",
            "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
            "my private key is ",
        ),
        whole(
            "XRP Ledger secret numbers",
            "399150 474506 009147 088773 432160 282843 253738 605430",
            "",
        ),
        Canary {
            kind: "a recovery phrase",
            pasted: words.to_owned(),
            traces: traces(),
        },
        Canary {
            kind: "a recovery phrase",
            pasted: numbered.join("\n"),
            traces: traces(),
        },
        // The Spanish list, without accents; and a key pair as a row of bytes.
        Canary {
            kind: "a recovery phrase",
            pasted: "abaco bebida cedro domingo emitir fiesta gorila hormiga isla jornada lagarto mochila".to_owned(),
            traces: vec!["gorila".to_owned(), "mochila".to_owned()],
        },
        Canary {
            kind: "a private key",
            pasted: format!("[{}]", vec!["231"; 64].join(", ")),
            traces: vec!["231, 231, 231".to_owned()],
        },
        whole(
            "an extended private key",
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
            "",
        ),
    ]
}

impl Canary {
    #[track_caller]
    fn is_not_in(&self, place: &str, bytes: &[u8]) {
        // Bytes of a database need not be text.
        let seen = String::from_utf8_lossy(bytes).to_lowercase();
        for trace in &self.traces {
            assert!(
                !seen.contains(trace),
                "{} ({}) is in {place}: {}",
                self.kind,
                self.pasted,
                context(&seen, trace)
            );
        }
    }

    /// Runs the program with a log of everything; nothing of it may show.
    #[track_caller]
    fn run(&self, desk: &Desk, arguments: &[&str]) -> Output {
        let mut command = desk.command(arguments);
        command.env("RECOVER_LOG", "trace");
        let output = command.output().unwrap();
        self.is_not_in(&format!("the output of {arguments:?}"), &output.stdout);
        self.is_not_in(&format!("the errors of {arguments:?}"), &output.stderr);
        output
    }

    /// Every file of the folder and of those below.
    fn is_in_no_file(&self, folder: &Path) {
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.is_in_no_file(&path);
            } else {
                count += 1;
                self.is_not_in(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
        assert!(count > 0, "{} holds files", folder.display());
    }

    /// Imports a file and takes it away again: it is the customer's, and the person is told to delete it.
    #[track_caller]
    fn import(&self, desk: &Desk, noun: &str, text: &str) -> Output {
        desk.write("in.csv", text);
        let output = self.run(desk, &[noun, "import", "in.csv"]);
        fs::remove_file(desk.path("in.csv")).unwrap();
        output
    }
}

fn context<'a>(text: &'a str, trace: &str) -> &'a str {
    let place = text.find(trace).unwrap_or_default();
    let from = (place.saturating_sub(80)..=place)
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(place);
    let to = (place + 80..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    &text[from..to]
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk
}

fn errors_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A cell of a CSV file.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

const APPEAL_COLUMNS: &[&str] = &[
    "appeal_id",
    "user_id",
    "created_at",
    "claimed_txid",
    "claimed_network",
    "claimed_asset",
    "claimed_amount",
    "claimed_to_address",
    "claimed_memo",
    "claimed_from_address",
    "claimed_at",
    "ownership_proof",
    "session_view_at",
    "free_text",
    "language",
    "time_zone",
];

/// A file with one row for each column, in which that column holds the text.
fn one_in_each_column(columns: &[&str], row: &[&str], text: &str) -> String {
    let mut lines = vec![columns.join(",")];
    for place in 0..columns.len() {
        let mut fields: Vec<String> = row.iter().map(|field| cell(field)).collect();
        if let Some(first) = fields.first_mut() {
            *first = cell(&format!("{}{place}", row[0]));
        }
        fields[place] = cell(text);
        lines.push(fields.join(","));
    }
    lines.join("\n") + "\n"
}

#[test]
fn what_customers_write_is_kept_without_their_secrets() {
    for canary in canaries() {
        let desk = desk();
        let mut row = vec!["AP-", "U-1", "2025-06-01T00:00:00Z"];
        row.resize(APPEAL_COLUMNS.len(), "");
        let text = format!("Dear desk: {} — regards", canary.pasted);
        let file = one_in_each_column(APPEAL_COLUMNS, &row, &text);
        let errors = errors_of(&canary.import(&desk, "appeals", &file));
        assert!(errors.contains("must move their money"), "{errors}");
        assert!(errors.contains(canary.kind), "{errors}");
        // The other columns name a person, a time or a language: those rows are left out.
        assert!(errors.contains("appeals: 10 new"), "{errors}");
        for (id, field) in [
            ("AP-3", "claimed_txid"),
            ("AP-8", "claimed_memo"),
            ("AP-13", "free_text"),
        ] {
            let said = desk.json(&["appeals", "show", id])[field].to_string();
            assert!(
                said.contains(canary.kind) && said.contains("regards"),
                "{said}"
            );
        }
        canary.run(&desk, &["--format", "json", "appeals", "list"]);
        canary.run(&desk, &["appeals", "show", "AP-13"]);
        canary.run(&desk, &["match"]);
        canary.is_in_no_file(desk.path(".").as_path());
    }
}

/// Every row of every table as text.
fn dump(database: &Database) -> String {
    let tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'";
    let tables = database.sql(tables);
    let rows = tables
        .lines()
        .map(|table| database.sql(&format!("SELECT row::text FROM {table} AS row")));
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn postgres_holds_no_secret_of_a_customer() {
    let database = Postgres::fresh_database();
    let desk = desk();
    let canaries = canaries();
    for (number, canary) in canaries.iter().enumerate() {
        let id = format!("AP{number}-");
        let mut row = vec![id.as_str(), "U-1", "2025-06-01T00:00:00Z"];
        row.resize(APPEAL_COLUMNS.len(), "");
        let text = format!("Dear desk: {} — regards", canary.pasted);
        desk.write("in.csv", one_in_each_column(APPEAL_COLUMNS, &row, &text));
        let import = ["--database", database.url(), "appeals", "import", "in.csv"];
        let errors = errors_of(&canary.run(&desk, &import));
        assert!(errors.contains("appeals: 10 new"), "{errors}");
    }
    desk.run(&["--database", database.url(), "match"]).ok();
    let dump = dump(&database);
    assert!(
        dump.matches("regards").count() >= 10 * canaries.len(),
        "{dump}"
    );
    for canary in &canaries {
        canary.is_not_in("the database", dump.as_bytes());
    }
}

#[test]
fn broken_files_of_appeals_repeat_no_secret() {
    for canary in canaries() {
        let desk = desk();
        let header = APPEAL_COLUMNS.join(",");
        let lines: Vec<&str> = canary.pasted.split(['\n', ' ']).collect();
        for file in [
            // The fields do not fit, the time is none, a quote is open, the words stand one a line without quotes.
            format!("{header}\nAP-1,{}\n", canary.pasted),
            format!("{header}\nAP-1,U-1,{},,,,,,,,,,,,,\n", cell(&canary.pasted)),
            format!(
                "{header}\nAP-1,U-1,yesterday,,,,,,,,,,,{},,\n",
                cell(&canary.pasted)
            ),
            format!("{header}\nAP-1,\"{}\n", canary.pasted),
            format!(
                "{header}\nAP-1,U-1,2025-06-01T00:00:00Z,,,,,,,,,,,{}\n",
                lines.join("\n")
            ),
            format!(
                "{header}\nAP-1,U-1,2025-06-01T00:00:00Z,,,,,,,,,,,{}\n",
                lines.join("\n\n")
            ),
            // No header at all.
            format!("{}\n", canary.pasted.replace('\n', " ")),
        ] {
            canary.import(&desk, "appeals", &file);
            canary.is_in_no_file(desk.path(".").as_path());
        }
    }
}

#[test]
fn files_of_the_exchange_lose_the_row_and_say_so() {
    type File<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);
    let files: [File<'_>; 4] = [
        (
            "addresses",
            &[
                "user_id", "role", "family", "value", "network", "created", "retired", "control",
            ],
            &[
                "U-1",
                "deposit_address",
                "evm",
                "0xde90510000000000000000000000000000000001",
                "ethereum",
                "",
                "",
                "eoa",
            ],
        ),
        (
            "ledger",
            &[
                "id",
                "kind",
                "time",
                "time_to",
                "user_id",
                "network",
                "tx_id",
                "position",
                "address",
                "asset",
                "amount",
                "amount_base",
                "state",
            ],
            &[
                "L-1",
                "credited",
                "2025-06-01T00:00:00Z",
                "",
                "U-1",
                "ethereum",
                "0x1111111111111111111111111111111111111111111111111111111111111111",
                "",
                "",
                "",
                "",
                "",
                "",
            ],
        ),
        (
            "deposits",
            &[
                "deposit_id",
                "chain",
                "tx_id",
                "output_index",
                "block_height",
                "block_time",
                "from_address",
                "to_address",
                "asset",
                "amount",
                "memo",
                "orphan_reason",
            ],
            &[
                "D-1",
                "ETH",
                "0x1111111111111111111111111111111111111111111111111111111111111111",
                "0",
                "1",
                "",
                "",
                "0xde90510000000000000000000000000000000001",
                "ETH",
                "1",
                "",
                "",
            ],
        ),
        (
            "prices",
            &["asset", "currency", "price", "time", "source", "network"],
            &[
                "native",
                "USD",
                "1",
                "2025-06-01T00:00:00Z",
                "desk",
                "ethereum",
            ],
        ),
    ];
    for canary in canaries() {
        let desk = desk();
        for (noun, columns, row) in files {
            let file = one_in_each_column(columns, row, &canary.pasted);
            let output = canary.import(&desk, noun, &file);
            let errors = errors_of(&output);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("must move their money"), "{noun}: {errors}");
            canary.run(&desk, &["--format", "json", "addresses", "list"]);
            canary.is_in_no_file(desk.path(".").as_path());
        }
    }
}

#[test]
fn what_is_typed_is_neither_stored_nor_echoed() {
    for canary in canaries() {
        let desk = desk();
        desk.write(
            "appeals.csv",
            "appeal_id,user_id,created_at\nAP-1,U-1,2025-06-01T00:00:00Z\n",
        );
        desk.run(&["appeals", "import", "appeals.csv"]).ok();
        let text = canary.pasted.as_str();
        let link = format!("https://etherscan.io/tx/{text}?secret={text}");
        for arguments in [
            &["--as", "ana", "appeals", "note", "AP-1", text][..],
            &["appeals", "assign", "AP-1", text],
            &["--as", "ana", "appeals", "close", "AP-1", "--reason", text],
            &["appeals", "show", text],
            &["appeals", "list", "--user", text],
            &["appeals", "list", "--status", text],
            &["diagnose", text],
            &["--format", "json", "diagnose", text],
            &["diagnose", &link],
            &["diagnose", "--network", text, "0x11"],
            &["deposits", "show", text],
            &["deposits", "list", "--kind", text],
            &["chains", "check", "--network", text],
            &["--as", text, "claims", "open", "dep_0"],
            &[
                "--as",
                "ana",
                "claims",
                "open",
                text,
                "--destination",
                text,
                "--beneficiary",
                text,
            ],
            &["--as", "ana", "claims", "cancel", "clm_0", "--reason", text],
            &[
                "--as",
                "ana",
                "claims",
                "approve",
                "clm_0",
                "--revision",
                "1",
                "--digest",
                text,
            ],
            &[
                "--as",
                "ana",
                "tokens",
                "review",
                "ethereum",
                text,
                "--decision",
                "fake",
                "--reason",
                text,
            ],
            &["quote", text],
            &["ledger", "import", "-", "--covers", text],
            &[text],
            &["scan", text],
        ] {
            let output = canary.run(&desk, arguments);
            let errors = errors_of(&output);
            assert!(
                errors.contains("must move their money"),
                "{arguments:?}: {errors}"
            );
        }
        let note = &desk.json(&["appeals", "show", "AP-1"])["notes"][0]["text"];
        assert!(note.to_string().contains(canary.kind), "{note}");
        // Without quotes each word is an argument.
        let words: Vec<&str> = text.split_whitespace().collect();
        canary.run(&desk, &[&["diagnose"], words.as_slice()].concat());
        let mut command = desk.command(&["claims", "open", "dep_0"]);
        let output = command.env("RECOVER_ACTOR", text).output().unwrap();
        canary.is_not_in("the errors about an actor", &output.stderr);
        canary.is_in_no_file(desk.path(".").as_path());
    }
}

#[test]
fn reasons_on_a_claim_are_kept_without_secrets() {
    let desk = Desk::new();
    desk.run(&["demo", "--dir", "demo"]);
    let database = format!("sqlite://{}", desk.path("demo/recover.db").display());
    let at = |rest: &[&str]| -> Vec<String> {
        let base = [
            "--database",
            &database,
            "--config",
            "demo/chains.toml",
            "--policy",
            "demo/policy.toml",
        ];
        base.iter()
            .chain(rest)
            .map(|text| (*text).to_owned())
            .collect()
    };
    let arguments = at(&["--format", "json", "claims", "list", "--all"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let claims = desk.run(&arguments).ok().json();
    let canary = &canaries()[0];
    let mut cancelled = 0;
    for claim in claims.as_array().unwrap() {
        let id = claim["id"].as_str().unwrap();
        let arguments = at(&[
            "--as",
            "ana",
            "claims",
            "cancel",
            id,
            "--reason",
            &canary.pasted,
        ]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if canary.run(&desk, &arguments).status.success() {
            cancelled += 1;
            let arguments = at(&["--format", "json", "claims", "show", id]);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let shown = canary.run(&desk, &arguments);
            let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
            assert!(shown.contains(canary.kind), "{shown}");
        }
    }
    assert!(
        cancelled > 0,
        "the demo leaves a claim that can be cancelled: {claims}"
    );
    canary.is_in_no_file(desk.path("demo").as_path());
}

#[test]
fn a_canary_that_sings_is_heard() {
    for canary in canaries() {
        let desk = desk();
        desk.write("kept.txt", format!("row: {}", canary.pasted.to_uppercase()));
        let looked = std::panic::catch_unwind(AssertUnwindSafe(|| {
            canary.is_in_no_file(desk.path(".").as_path())
        }));
        assert!(looked.is_err(), "{} was in a file", canary.pasted);
    }
}
