use super::{Backend, deposit, ethereum, now};
use recover_core::amount::Amount;
use recover_store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// The numbers of the migrations, in order.
const NUMBERS: [i64; 23] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
];

const MIGRATIONS: [(&str, &str); 23] = [
    (
        include_str!("../../../../migrations/sqlite/0001_addresses.sql"),
        include_str!("../../../../migrations/postgres/0001_addresses.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0002_coverage.sql"),
        include_str!("../../../../migrations/postgres/0002_coverage.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0003_deposits.sql"),
        include_str!("../../../../migrations/postgres/0003_deposits.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0004_ledger.sql"),
        include_str!("../../../../migrations/postgres/0004_ledger.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0005_appeals.sql"),
        include_str!("../../../../migrations/postgres/0005_appeals.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0006_claims.sql"),
        include_str!("../../../../migrations/postgres/0006_claims.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0007_leases.sql"),
        include_str!("../../../../migrations/postgres/0007_leases.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0008_memos.sql"),
        include_str!("../../../../migrations/postgres/0008_memos.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0009_log.sql"),
        include_str!("../../../../migrations/postgres/0009_log.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0010_carrying.sql"),
        include_str!("../../../../migrations/postgres/0010_carrying.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0011_match_undone.sql"),
        include_str!("../../../../migrations/postgres/0011_match_undone.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0012_corrections.sql"),
        include_str!("../../../../migrations/postgres/0012_corrections.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0013_match_tiers.sql"),
        include_str!("../../../../migrations/postgres/0013_match_tiers.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0014_proofs.sql"),
        include_str!("../../../../migrations/postgres/0014_proofs.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0015_appeal_work.sql"),
        include_str!("../../../../migrations/postgres/0015_appeal_work.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0016_match_kept.sql"),
        include_str!("../../../../migrations/postgres/0016_match_kept.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0017_waiting_inputs.sql"),
        include_str!("../../../../migrations/postgres/0017_waiting_inputs.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0018_quote_terms.sql"),
        include_str!("../../../../migrations/postgres/0018_quote_terms.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0019_watch_list.sql"),
        include_str!("../../../../migrations/postgres/0019_watch_list.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0020_appeal_resume.sql"),
        include_str!("../../../../migrations/postgres/0020_appeal_resume.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0021_claim_consent.sql"),
        include_str!("../../../../migrations/postgres/0021_claim_consent.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0022_limit_value.sql"),
        include_str!("../../../../migrations/postgres/0022_limit_value.sql"),
    ),
    (
        include_str!("../../../../migrations/sqlite/0023_ledger_by_credited_address.sql"),
        include_str!("../../../../migrations/postgres/0023_ledger_by_credited_address.sql"),
    ),
];

/// Rows that a database of each step may hold, and what must still be there after every later step.
const SEEDS: [(&str, &str); 23] = [
    (
        "INSERT INTO watch_epoch VALUES (1, 5, NULL)",
        "SELECT number FROM watch_epoch WHERE number = 1 AND opened_at = 5",
    ),
    (
        "INSERT INTO coverage (network, stream, epoch, from_height, to_height, read_at) VALUES ('n', 's', 1, 0, 9, 5)",
        "SELECT epoch FROM coverage WHERE to_height = 9",
    ),
    (
        "INSERT INTO deposit (id, origin, network, tx_id, position, to_text, asset, amount, memos, flags, decimals,
            decimals_vouched, kind, also, verdict, verdict_detail, verdict_legs, status, queue, first_seen_at, updated_at)
         VALUES ('D-1', 'imported', 'n', 't', '0', 'a', 'n/native', AMOUNT, '[]', '[]', 2, 0, 'missed_credit', '[]',
            'conditional', 'not_seen_by_us', '[]', 'open', 'work', 1, 1)",
        "SELECT decimals FROM deposit WHERE id = 'D-1' AND amount = AMOUNT",
    ),
    (
        "INSERT INTO account VALUES ('u1', 'closed', 5)",
        "SELECT imported_at FROM account WHERE standing = 'closed'",
    ),
    (
        "INSERT INTO diagnosis (id, query, made_at, verdict) VALUES ('d', 'q', 5, '{}')",
        "SELECT made_at FROM diagnosis WHERE query = 'q'",
    ),
    (
        "INSERT INTO policy_version VALUES (1, '0000000000000000000000000000000000000000000000000000000000000000', 't', 5)",
        "SELECT number FROM policy_version WHERE text = 't'",
    ),
    (
        "INSERT INTO lease VALUES ('reconcile', 'p', 3, 5)",
        "SELECT epoch FROM lease WHERE epoch = 3",
    ),
    (
        "UPDATE deposit SET mechanism = 'bounce', memo_finding = '{}' WHERE id = 'D-1'",
        "SELECT decimals FROM deposit WHERE memo_finding = '{}' AND mechanism = 'bounce'",
    ),
    (
        "INSERT INTO claim_event VALUES (1, NULL, 5, 'p', 'halt', 0, 'draft', DIGEST, DIGEST, DIGEST, DIGEST)",
        "SELECT sequence FROM claim_event WHERE claim_id IS NULL AND actor = 'p'",
    ),
    (
        "INSERT INTO halt VALUES (1, 'halt', 'p', 'why', 5)",
        "SELECT number FROM halt WHERE reason = 'why'",
    ),
    (
        "INSERT INTO appeal (id, user_id, created_at, claimed_txid, claimed_network, claimed_asset, claimed_amount,
            claimed_to_address, claimed_memo, claimed_from_address, claimed_at, ownership_proof, free_text, status,
            imported_at, updated_at)
         VALUES ('A-1', 'u1', 5, '', '', '', '', '', '', '', '', '', '', 'received', 5, 5);
         INSERT INTO match_undone VALUES ('A-1', 'D-1', 'p', 'why', 5)",
        "SELECT person FROM match_undone WHERE reason = 'why'",
    ),
    (
        "INSERT INTO claim (id, deposit_id, ordinal, asset, amount, resolution, revision, status, is_open, content_digest,
            involved, opened_by, opened_at, updated_at, correction_entry, correction_counterparty)
         VALUES ('C-1', 'D-1', 1, 'n/native', AMOUNT, 'correct_booking', 1, 'draft', 1, DIGEST, '[]', 'p', 5, 5, 'L-1', 'u2')",
        "SELECT id FROM claim WHERE correction_entry = 'L-1' AND correction_counterparty = 'u2'",
    ),
    (
        "INSERT INTO match_outcome (appeal_id, deposit_id, decision, reasons, matched_at, tier, score_ppb, ask)
         VALUES ('A-1', 'D-1', 'review', '[]', 5, 'challenge', 999999999, 'sender_signature')",
        "SELECT appeal_id FROM match_outcome WHERE score_ppb = 999999999 AND entitled_by = '[]'",
    ),
    (
        "INSERT INTO ownership_proof (number, appeal_id, deposit_id, account, method, outcome, destination, reference, person,
            at_time) VALUES (1, 'A-1', 'D-1', 'u1', 'withdrawal_record', 'verified', 'credit to account u1', 'r', 'p', 5)",
        "SELECT person FROM ownership_proof WHERE reference = 'r'",
    ),
    (
        "INSERT INTO appeal_truth VALUES ('A-1', 'D-1', 'confirmed', 'p', 5, NULL, NULL, NULL)",
        // The appeal of an earlier step waits to be sorted in.
        "SELECT appeal_truth.person FROM appeal_truth JOIN appeal_stale USING (appeal_id) WHERE decision = 'confirmed' LIMIT 1",
    ),
    (
        "INSERT INTO match_run VALUES (1, 7, 'program', 'none', 3, 5)",
        "SELECT number FROM match_run WHERE made_with = 'program'",
    ),
    (
        "INSERT INTO waiting_input VALUES ('n', 't', 'u:0', 5, 'v')",
        "SELECT noted_at FROM waiting_input WHERE spent_by = 'v'",
    ),
    (
        "INSERT INTO claim_quote (claim_id, revision, value_cents, service_fee_cents, network_fee_cents, total_fee_cents,
            fee_in_asset, net, rule, policy_version, policy_digest, price_ids, quoted_at, expires_at, terms)
         VALUES ('C-1', 1, AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT, 1, 1, DIGEST, '[]', 5, 5, '{}')",
        "SELECT claim_id FROM claim_quote WHERE terms = '{}'",
    ),
    (
        "INSERT INTO watch_entry (id, deposit_id, appeal_id, trigger_code, subject, created_by, created_at)
         VALUES ('W-1', 'D-1', 'A-1', 'recoverable', '', 'p', 5);
         INSERT INTO appeal_act (appeal_id, number, act, person, acted_at, status) VALUES ('A-1', 1, 'wait', 'p', 5, 'waiting')",
        "SELECT watch_entry.id FROM watch_entry JOIN appeal_act USING (appeal_id) WHERE act = 'wait' AND number = 1",
    ),
    (
        "INSERT INTO appeal_act (appeal_id, number, act, person, acted_at, status) VALUES ('A-1', 2, 'resume', 'p', 5, 'matched')",
        "SELECT person FROM appeal_act WHERE act = 'resume'",
    ),
    (
        "INSERT INTO claim_waiver VALUES ('C-1', 1, 'goodwill', 'p', 'n', 5);
         INSERT INTO claim_acceptance VALUES ('C-1', 1, 'mail of 3 May', DIGEST, 812, 'p', 5);
         INSERT INTO claim_unwinding VALUES ('C-1', 1, 'r', 'p', 5, AMOUNT)",
        "SELECT claim_id FROM claim_waiver JOIN claim_acceptance USING (claim_id) JOIN claim_unwinding USING (claim_id)",
    ),
    (
        "UPDATE claim_quote SET limit_cents = AMOUNT WHERE claim_id = 'C-1'",
        "SELECT claim_id FROM claim_quote WHERE limit_cents = AMOUNT",
    ),
    (
        "INSERT INTO ledger_entry (id, kind, user_id, network, tx_id, asset, amount, booked_at, imported_at)
         VALUES ('L-1', 'credited_deposit', 'u1', 'n', 't', 'n/native', AMOUNT, 5, 5)",
        "SELECT id FROM ledger_entry WHERE kind = 'credited_deposit' AND user_id = 'u1'",
    ),
];

fn with_amount(backend: &Backend, sql: &str) -> String {
    let amount = match backend {
        Backend::Sqlite(_) => format!("'{:0>78}'", 125),
        Backend::Postgres(_) => "125".to_owned(),
    };
    let digest = format!("'{}'", "0".repeat(64));
    sql.replace("AMOUNT", &amount).replace("DIGEST", &digest)
}

pub async fn every_migration_runs_from_the_one_before_with_rows_in_it(backend: Backend) {
    for (step, number) in (1..).zip(NUMBERS) {
        let store = Store::open_at(&backend.url(), number).await.unwrap();
        let (newest, applied) = store.migrations().await.unwrap();
        assert_eq!((newest, applied), (NUMBERS[NUMBERS.len() - 1], number));
        store.close().await;
        backend
            .raw(&with_amount(&backend, SEEDS[step - 1].0))
            .await
            .unwrap();
        for (_, look) in &SEEDS[..step] {
            let found = backend.column(&with_amount(&backend, look)).await;
            assert_eq!(found.len(), 1, "after step {step}: {look}");
        }
    }
    // The whole is the same as from empty, and opening again changes nothing.
    let store = backend.open().await;
    store
        .upsert_observed(vec![deposit("0x1", 1)], now())
        .await
        .unwrap();
    store.close().await;
    let again = backend.open().await;
    assert!(
        again
            .deposit(&deposit("0x1", 1).id())
            .await
            .unwrap()
            .is_some()
    );
    assert!(again.check().await.unwrap().is_empty());
}

pub async fn two_processes_meet_on_a_new_database(backend: Backend) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = backend.url();
        tasks.spawn(async move { Store::open(&url).await.map(|_| ()) });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
}

pub async fn a_newer_or_changed_database_is_left_alone(backend: Backend) {
    backend.open().await.close().await;
    backend
        .raw("UPDATE _sqlx_migrations SET version = 99 WHERE version = 15")
        .await
        .unwrap();
    let newer = Store::open(&backend.url()).await.unwrap_err();
    assert!(
        matches!(newer, StoreError::NewerDatabase { version: 99 }),
        "{newer}"
    );
    backend
        .raw("UPDATE _sqlx_migrations SET version = 15 WHERE version = 99")
        .await
        .unwrap();
    let other = match &backend {
        Backend::Sqlite(_) => "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2",
        Backend::Postgres(_) => "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 2",
    };
    backend.raw(other).await.unwrap();
    let changed = Store::open(&backend.url()).await.unwrap_err();
    assert!(
        matches!(changed, StoreError::ChangedMigration { version: 2 }),
        "{changed}"
    );
}

pub async fn the_database_takes_only_whole_amounts(backend: Backend) {
    let store = backend.open().await;
    let mut largest = deposit("0x1", 1);
    if let recover_core::deposit::Origin::Observed(seen) = &mut largest.origin {
        seen.amount = Amount::MAX;
        seen.network = ethereum();
    }
    store
        .upsert_observed(vec![largest.clone()], now())
        .await
        .unwrap();
    let bad: &[&str] = match &backend {
        Backend::Sqlite(_) => &["'12'", "12", "1.5", "-1", "'x'", "x'00'"],
        Backend::Postgres(_) => &["-1", "'NaN'", "power(2::numeric, 256)"],
    };
    for value in bad {
        let refused = backend
            .raw(&format!("UPDATE deposit SET amount = {value}"))
            .await;
        assert!(refused.is_err(), "{value}");
    }
    let too_large = match &backend {
        Backend::Sqlite(_) => format!("'{}'", "9".repeat(78)),
        Backend::Postgres(_) => "9".repeat(78),
    };
    assert!(
        backend
            .raw(&format!("UPDATE deposit SET amount = {too_large}"))
            .await
            .is_err()
    );
    assert_eq!(
        store.deposit(&largest.id()).await.unwrap().unwrap().deposit,
        largest
    );
    if let Backend::Postgres(_) = &backend {
        // The trap that is why only integers can be bound: the column rounds, and no CHECK sees it.
        backend
            .raw("UPDATE deposit SET amount = 1.5")
            .await
            .unwrap();
        assert_eq!(
            backend.column("SELECT amount::text FROM deposit").await,
            ["2"]
        );
    }
}

/// Every table with its columns, as the file writes them: `name TYPE`.
fn tables(sql: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found = BTreeMap::new();
    for part in sql.split("CREATE TABLE ").skip(1) {
        let (name, rest) = part.split_once(" (").expect("a table has columns");
        let body = rest.split("\n)").next().expect("a table ends");
        let columns = body
            .lines()
            .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
            .map(str::trim)
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .map(|line| {
                let mut words = line.split([' ', ',']);
                let name = words.next().unwrap_or_default();
                (name.to_owned(), words.next().unwrap_or_default().to_owned())
            })
            .collect();
        found.insert(name.to_owned(), columns);
    }
    found
}

fn indexes(sql: &str) -> BTreeSet<&str> {
    sql.lines()
        .filter(|line| line.starts_with("CREATE ") && line.contains("INDEX "))
        .filter_map(|line| line.split("INDEX ").nth(1)?.split(' ').next())
        .collect()
}

/// Columns that a file adds to a table that is there: table, name and type.
fn added_columns(sql: &str) -> Vec<(String, (String, String))> {
    sql.lines()
        .filter_map(|line| {
            let (table, column) = line
                .strip_prefix("ALTER TABLE ")?
                .split_once(" ADD COLUMN ")?;
            let mut words = column.split([' ', ';']);
            let name = words.next()?.to_owned();
            Some((table.to_owned(), (name, words.next()?.to_owned())))
        })
        .collect()
}

/// The tables as all files together leave them.
fn tables_at_the_end(
    files: impl Iterator<Item = &'static str>,
) -> BTreeMap<String, Vec<(String, String)>> {
    let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for file in files {
        all.extend(tables(file));
        for (table, column) in added_columns(file) {
            all.get_mut(&table)
                .expect("the table is there")
                .push(column);
        }
        for line in file.lines() {
            let dropped = line.strip_prefix("ALTER TABLE ").and_then(|rest| {
                let (table, column) = rest.trim_end_matches(';').split_once(" DROP COLUMN ")?;
                Some((table, column))
            });
            if let Some((table, column)) = dropped {
                all.get_mut(table)
                    .expect("the table is there")
                    .retain(|(name, _)| name != column);
            }
        }
    }
    all
}

pub async fn both_databases_have_the_same_tables(backend: Backend) {
    backend.open().await;
    let one = tables_at_the_end(MIGRATIONS.iter().map(|(sqlite, _)| *sqlite));
    let other = tables_at_the_end(MIGRATIONS.iter().map(|(_, postgres)| *postgres));
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        other.keys().collect::<Vec<_>>()
    );
    {
        for (table, columns) in &one {
            let here = match &backend {
                Backend::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
                Backend::Postgres(_) => format!(
                    "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}'
                     ORDER BY ordinal_position"
                ),
            };
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(backend.column(&here).await, names, "{table}");
            for ((name, sqlite_type), (other_name, postgres_type)) in
                columns.iter().zip(&other[table])
            {
                assert_eq!(name, other_name, "{table}");
                let fits = matches!(
                    (sqlite_type.as_str(), postgres_type.as_str()),
                    ("TEXT", "TEXT" | "NUMERIC(78" | "NUMERIC(78,0)")
                        | ("INTEGER", "BIGINT")
                        | ("BLOB", "BYTEA")
                );
                assert!(fits, "{table}.{name}: {sqlite_type} and {postgres_type}");
            }
        }
    }
    let all = |text: fn(&(&'static str, &'static str)) -> &'static str| -> BTreeSet<&str> {
        MIGRATIONS.iter().map(text).flat_map(indexes).collect()
    };
    assert_eq!(all(|(sqlite, _)| sqlite), all(|(_, postgres)| postgres));
    for (file, (sqlite, postgres)) in MIGRATIONS.iter().copied().enumerate() {
        let (here, there) = (tables(sqlite), tables(postgres));
        let strict = sqlite.matches(") STRICT;").count();
        assert_eq!(strict, here.len(), "every table of SQLite is strict");
        if there.is_empty() {
            // SQLite makes a table anew to change its checks: with all that it had.
            for table in here.keys() {
                let made = |sql: &'static str| -> BTreeSet<&str> {
                    sql.lines()
                        .filter(|line| line.contains(&format!(" ON {table} (")))
                        .collect()
                };
                let before = MIGRATIONS.iter().take(file);
                let had: BTreeSet<&str> = before.flat_map(|(sqlite, _)| made(sqlite)).collect();
                assert!(
                    made(sqlite).is_superset(&had),
                    "{table} lost one of {had:?}"
                );
            }
            continue;
        }
        assert_eq!(
            sqlite.matches(" UNIQUE").count(),
            postgres.matches(" UNIQUE").count()
        );
        assert_eq!(
            sqlite.matches("REFERENCES").count(),
            postgres.matches("REFERENCES").count()
        );
        assert_eq!(
            sqlite.matches("PRIMARY KEY").count(),
            postgres.matches("PRIMARY KEY").count()
        );
    }
}

pub async fn text_sorts_by_bytes(backend: Backend) {
    let store = backend.open().await;
    if let Backend::Postgres(_) = &backend {
        let other = backend
            .column(
                "SELECT table_name || '.' || column_name FROM information_schema.columns
                 WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> '_sqlx_migrations'
                    AND collation_name IS DISTINCT FROM 'C'",
            )
            .await;
        assert!(other.is_empty(), "{other:?}");
    }
    let rows = ["b", "B", "a", "é", "Z", "_"]
        .iter()
        .map(|user| {
            (
                format!("user {user}"),
                recover_core::ledger::AccountStanding::Active,
            )
        })
        .collect();
    store.import_accounts(rows, now()).await.unwrap();
    let found = backend
        .column("SELECT user_id FROM account ORDER BY user_id")
        .await;
    let expected = ["B", "Z", "_", "a", "b", "é"].map(|user| format!("user {user}"));
    assert_eq!(found, expected);
}

/// The codes that the tables allow, by column, where a list is written out.
fn allowed(sql: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for part in sql.split("CHECK (").skip(1) {
        let Some((column, rest)) = part.split_once(" IN (") else {
            continue;
        };
        let list = rest.split(')').next().unwrap_or_default();
        let codes: Vec<String> = list
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        if !codes.is_empty() {
            found.push((column.to_owned(), codes));
        }
    }
    found
}

pub async fn the_tables_allow_the_codes_of_the_core_and_no_others(backend: Backend) {
    use recover_core::advice::TriggerCode;
    use recover_core::appeal::{AppealStatus, MatchAsk, MatchDecision, MatchTier};
    use recover_core::appeal_work::Act;
    use recover_core::asset::TokenReview;
    use recover_core::book::AddressRole;
    use recover_core::claim::settlement::Account;
    use recover_core::claim::{ClaimStatus, Resolution};
    use recover_core::deposit::{DepositStatus, Queue};
    use recover_core::kind::Kind;
    use recover_core::ledger::{AccountStanding, LedgerEntryKind};
    use recover_core::network::Family;
    use recover_core::observation::{Mechanism, Outcome};
    use recover_core::people::Role;
    use recover_core::proof::{ProofMethod, ProofOutcome};
    use recover_core::queue::Stage;
    macro_rules! codes {
        ($($list:ty),+) => { vec![$(<$list>::ALL.iter().map(|one| one.code().to_owned()).collect::<Vec<String>>()),+] };
    }
    let lists = codes![
        AppealStatus,
        MatchDecision,
        TokenReview,
        AddressRole,
        ClaimStatus,
        Resolution,
        DepositStatus,
        Kind,
        AccountStanding,
        LedgerEntryKind,
        Family,
        Mechanism,
        Outcome,
        ProofMethod,
        ProofOutcome,
        Queue,
        Role,
        Account,
        Act,
        Stage,
        MatchTier,
        MatchAsk,
        TriggerCode
    ];
    // Lists of the store's own.
    let own = [
        "origin",
        "verdict",
        "claim_state",
        "decision",
        "status",
        "state",
        "action",
    ];
    let mut met = BTreeSet::new();
    for (sqlite, postgres) in MIGRATIONS {
        let text = match &backend {
            Backend::Sqlite(_) => sqlite,
            Backend::Postgres(_) => postgres,
        };
        for (column, codes) in allowed(text) {
            if column.starts_with("is_open") {
                let closed: Vec<&str> = ClaimStatus::ALL
                    .iter()
                    .filter(|status| !status.is_open())
                    .map(|status| status.code())
                    .collect();
                assert_eq!(codes, closed);
                continue;
            }
            match lists.iter().position(|list| *list == codes) {
                Some(list) => {
                    met.insert(list);
                }
                // An earlier file allows what there was then; a later one says what there is.
                None if lists.iter().any(|list| list.starts_with(&codes)) => {}
                None => assert!(
                    own.contains(&column.as_str())
                        || codes.contains(&"prices".to_owned())
                        || codes.contains(&"mispaid".to_owned()),
                    "{column} allows {codes:?}, which is no list of the core"
                ),
            }
        }
    }
    assert_eq!(met.len(), lists.len(), "each list guards a column");
    backend.open().await;
    let refused = backend
        .raw("INSERT INTO account VALUES ('u', 'vip', 1)")
        .await;
    assert!(refused.is_err());
}

/// A deposit with every column filled, an appeal that was matched to it and a claim on it, as a program before 0008 left them.
const BEFORE_MEMOS: &str = "
INSERT INTO deposit (id, origin, network, tx_id, position, block_height, block_hash, block_time, from_payload, from_text,
    to_payload, to_text, asset, amount, amount_stated, balance_delta, memos, mechanism, outcome, flags, imported_memo,
    orphan_reason, decimals, decimals_vouched, symbol, kind, also, verdict, verdict_detail, verdict_legs, owner, status, queue,
    claim_state, value_cents, price_id, suspect_at, first_seen_at, updated_at)
 VALUES ('DEPOSIT', 'observed', 'ethereum', '0x1', 'value', 7, '0xb7', 8, PAYLOAD, 'from', PAYLOAD, 'to', 'ethereum/native',
    AMOUNT, AMOUNT, AMOUNT, '[]', 'top_level', 'success', '[\"nft\"]', NULL, NULL, 18, 1, 'ETH', 'missed_credit', '[]',
    'controllable', 'own_account', '[]', 'u1', 'claimed', 'work', 'open', 99, 'price-1', NULL, 1, 2);
INSERT INTO appeal VALUES ('A-1', 'u1', 5, '', '', '', '', '', '', '', '', '', NULL, '', NULL, NULL, 'matched', NULL, NULL, 5, 5);
INSERT INTO match_outcome VALUES ('A-1', 'DEPOSIT', 'review', 900000, '[]', 6);
INSERT INTO claim VALUES ('clm_1', 'DEPOSIT', 1, '0xb7', 'ethereum/native', AMOUNT, 'A-1', 'u1', NULL, 'ledger_credit', 1, 'draft',
    1, NULL, NULL, NULL, NULL, '0000000000000000000000000000000000000000000000000000000000000000', '[]', 'gwen', 7, 7, NULL);
";

pub async fn a_deposit_under_a_claim_survives_the_upgrade_to_memos(backend: Backend) {
    let store = Store::open_at(&backend.url(), 7).await.unwrap();
    store.close().await;
    let mut before = deposit("0x1", 7);
    if let recover_core::deposit::Origin::Observed(seen) = &mut before.origin {
        seen.memos.clear();
    }
    let id = before.id();
    let payload = match &backend {
        Backend::Sqlite(_) => "x'010000000000000000000000000000000000000001'",
        Backend::Postgres(_) => "'\\x010000000000000000000000000000000000000001'",
    };
    let rows = with_amount(&backend, BEFORE_MEMOS)
        .replace("DEPOSIT", id.as_str())
        .replace("PAYLOAD", payload);
    backend.raw(&rows).await.unwrap();
    // Every way in which money moves fits only afterwards.
    let early = "UPDATE deposit SET mechanism = 'bounce'";
    assert!(backend.raw(early).await.is_err());

    let store = backend.open().await;
    let stored = store.deposit(&id).await.unwrap().unwrap();
    assert_eq!(stored.value, Some((99, "price-1".to_owned())));
    assert_eq!(stored.deposit.classification.owner.as_deref(), Some("u1"));
    assert_eq!(stored.deposit.classification.memo, None);
    assert_eq!(stored.deposit.amount(), Amount::from_u128(125));
    assert_eq!(stored.deposit.flags().len(), 1);
    assert!(store.check().await.unwrap().is_empty());
    for (table, column) in [("match_outcome", "deposit_id"), ("claim", "deposit_id")] {
        let found = backend
            .column(&format!("SELECT {column} FROM {table}"))
            .await;
        assert_eq!(found, [id.as_str()], "{table}");
    }
    // What pointed to the table points to the new one, and its indexes guard it as before.
    for refused in [
        "DELETE FROM deposit",
        "INSERT INTO match_outcome (appeal_id, deposit_id, decision, reasons, matched_at) VALUES ('A-1', 'nobody', 'review', '[]', 6)",
        "UPDATE deposit SET mechanism = 'teleport'",
    ] {
        let refused_by = match &backend {
            Backend::Sqlite(_) => format!("PRAGMA foreign_keys = ON; {refused}"),
            Backend::Postgres(_) => refused.to_owned(),
        };
        assert!(backend.raw(&refused_by).await.is_err(), "{refused}");
    }
    backend.raw(early).await.unwrap();
    if let Backend::Sqlite(_) = &backend {
        let broken = backend
            .column("SELECT \"table\" FROM pragma_foreign_key_check")
            .await;
        assert!(broken.is_empty(), "{broken:?}");
    }
}

/// The digest of a claim's content as programs before 0010 made it, for a claim without quote and screening.
fn content_before_plans(deposit: &str) -> recover_core::digest::Digest {
    recover_core::digest::Encoder::new("recover/claim-content/1")
        .field("clm_1")
        .field("1")
        .field(deposit)
        .optional(Some("0xb7"))
        .field("ethereum/native")
        .field("125")
        .optional(None)
        .optional(Some("u1"))
        .optional(None)
        .field("ledger_credit")
        .field("sam")
        .optional(None)
        .optional(None)
        .optional(None)
        .finish()
}

/// A claim, its entry of the log and the policies of a program before 0009.
const BEFORE_CARRYING: &str = "
INSERT INTO deposit (id, origin, network, tx_id, position, block_height, block_hash, block_time, from_payload, from_text,
    to_payload, to_text, asset, amount, amount_stated, balance_delta, memos, mechanism, outcome, flags, imported_memo,
    orphan_reason, decimals, decimals_vouched, symbol, kind, also, verdict, verdict_detail, verdict_legs, owner, status, queue,
    claim_state, value_cents, price_id, suspect_at, first_seen_at, updated_at)
 VALUES ('DEPOSIT', 'observed', 'ethereum', '0x1', 'value', 7, '0xb7', 8, PAYLOAD, 'from', PAYLOAD, 'to', 'ethereum/native',
    AMOUNT, AMOUNT, AMOUNT, '[]', 'top_level', 'success', '[]', NULL, NULL, 18, 1, 'ETH', 'missed_credit', '[]',
    'controllable', 'own_account', '[]', 'u1', 'claimed', 'work', 'open', 99, 'price-1', NULL, 1, 2);
INSERT INTO policy_version VALUES (1, 'ONES', 'first', 5);
INSERT INTO policy_version VALUES (2, 'TWOS', 'second', 6);
INSERT INTO claim VALUES ('clm_1', 'DEPOSIT', 1, '0xb7', 'ethereum/native', AMOUNT, NULL, 'u1', NULL, 'ledger_credit', 1, 'draft',
    1, NULL, NULL, NULL, NULL, 'CONTENT', '[\"sam\"]', 'sam', 7, 7, NULL);
INSERT INTO claim_event VALUES (1, 'clm_1', 7, 'sam', 'open', 1, 'draft', 'CONTENT', 'BODY', 'ZEROS', 'HASH');
INSERT INTO claim_event_body VALUES (1, '{\"command\":\"open\"}');
INSERT INTO outbox VALUES (1, 'claim.open', '{}', 7, NULL);
INSERT INTO idempotency VALUES ('k', 'ZEROS', 'clm_1', 1, 7);
";

pub async fn a_claim_of_the_old_rule_survives_the_upgrade_and_is_quoted_anew(backend: Backend) {
    use recover_core::audit::{Entry, beginning, body_digest};
    use recover_core::claim::{ClaimId, ClaimStatus, Command};
    use recover_core::digest::Digest;

    let store = Store::open_at(&backend.url(), 8).await.unwrap();
    store.close().await;
    let id = deposit("0x1", 7).id();
    let content = content_before_plans(id.as_str());
    let entry = Entry {
        sequence: 1,
        claim: ClaimId::verbatim("clm_1"),
        at: recover_core::time::Timestamp::from_micros(7),
        actor: "sam".into(),
        command: "open".into(),
        revision: 1,
        status: ClaimStatus::Draft,
        content_digest: content,
        body_digest: body_digest("{\"command\":\"open\"}"),
        previous_hash: beginning(),
    };
    let payload = match &backend {
        Backend::Sqlite(_) => "x'010000000000000000000000000000000000000001'",
        Backend::Postgres(_) => "'\\x010000000000000000000000000000000000000001'",
    };
    let rows = with_amount(&backend, BEFORE_CARRYING)
        .replace("DEPOSIT", id.as_str())
        .replace("PAYLOAD", payload)
        .replace("ONES", &"1".repeat(64))
        .replace("TWOS", &"2".repeat(64))
        .replace("ZEROS", &"0".repeat(64))
        .replace("CONTENT", &content.to_string())
        .replace("BODY", &entry.body_digest.to_string())
        .replace("HASH", &entry.hash().to_string());
    backend.raw(&rows).await.unwrap();

    let store = backend.open().await;
    let head = store.log_head().await.unwrap().unwrap();
    assert_eq!((head.sequence, head.hash), (1, entry.hash()));
    let check = store.verify_log(&[head]).await.unwrap();
    assert_eq!((check.heads_met, check.problems), (1, vec![]));
    // The policy that was loaded last is in force.
    let active = store.active_policy().await.unwrap().unwrap();
    assert_eq!((active.number, active.text.as_str()), (2, "second"));
    let claim = store
        .claim(&ClaimId::verbatim("clm_1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (claim.status, claim.plan.as_ref()),
        (ClaimStatus::Draft, None)
    );
    // Its next step takes the new rule, and the log answers for all its rows from there on.
    let mut frozen = super::world::claim_quote(0, 100);
    frozen.quote.net = Amount::from_u128(125);
    frozen.policy_version = 2;
    frozen.policy_digest = Digest::parse(&"2".repeat(64)).unwrap();
    let quote = Command::Quote {
        quote: frozen,
        plan: None,
    };
    let quoted = super::world::stepped(&store, &claim, quote, super::world::by("sam")).await;
    assert_eq!(store.claim(&claim.id).await.unwrap(), Some(quoted));
    let check = store.verify_log(&[head]).await.unwrap();
    assert_eq!((check.events, check.problems), (2, vec![]));
    let edit = "UPDATE claim SET involved = '[]'";
    backend.raw(edit).await.unwrap();
    let check = store.verify_log(&[head]).await.unwrap();
    assert_eq!(check.problems.len(), 1, "{:?}", check.problems);
    // What pointed to the log points to the new table, which guards itself as before.
    assert!(
        backend
            .raw("UPDATE claim_event SET actor = 'eve'")
            .await
            .is_err()
    );
    if let Backend::Sqlite(_) = &backend {
        let broken = backend
            .column("SELECT \"table\" FROM pragma_foreign_key_check")
            .await;
        assert!(broken.is_empty(), "{broken:?}");
    }
    assert_eq!(store.outbox_waiting(9).await.unwrap().len(), 2);
}

/// A deposit, a claim with a plan and a settled one with its postings, as a program before 0012 left them.
const BEFORE_CORRECTIONS: &str = "
INSERT INTO deposit (id, origin, network, tx_id, position, to_text, asset, amount, memos, flags, decimals, decimals_vouched, kind,
    also, verdict, verdict_detail, verdict_legs, status, queue, claim_state, first_seen_at, updated_at)
 VALUES ('D-1', 'imported', 'n', 't', '0', 'a', 'n/native', AMOUNT, '[]', '[]', 2, 0, 'missed_credit', '[]', 'conditional',
    'not_seen_by_us', '[]', 'claimed', 'work', 'open', 1, 1);
INSERT INTO claim (id, deposit_id, ordinal, asset, amount, beneficiary, resolution, revision, status, is_open, content_digest,
    involved, opened_by, opened_at, updated_at, content_rule, done, attempts)
 VALUES ('clm_1', 'D-1', 1, 'n/native', AMOUNT, 'u1', 'ledger_credit', 3, 'settled', 0, DIGEST, '[]', 'gwen', 7, 8, 2, 1, 2),
    ('clm_2', 'D-1', 2, 'n/native', AMOUNT, 'u1', 'manual', 1, 'draft', 1, DIGEST, '[]', 'gwen', 7, 8, 2, 0, 0);
INSERT INTO claim_plan VALUES ('clm_1', 3, '{}');
INSERT INTO posting VALUES ('clm_1', 1, 'unassigned_deposit', 'n/native', AMOUNT, AMOUNT, 9);
";

pub async fn claims_and_their_parts_survive_the_upgrade_to_corrections(backend: Backend) {
    let store = Store::open_at(&backend.url(), 11).await.unwrap();
    store.close().await;
    backend
        .raw(&with_amount(&backend, BEFORE_CORRECTIONS))
        .await
        .unwrap();
    let store = backend.open().await;
    assert!(store.check().await.unwrap().is_empty());
    for (look, expected) in [
        ("SELECT id FROM claim ORDER BY id", &["clm_1", "clm_2"][..]),
        ("SELECT attempts FROM claim ORDER BY id", &["2", "0"]),
        ("SELECT claim_id FROM claim_plan", &["clm_1"]),
        ("SELECT claim_id FROM posting", &["clm_1"]),
        (
            "SELECT id FROM claim WHERE correction_entry IS NOT NULL",
            &[],
        ),
    ] {
        assert_eq!(backend.column(look).await, expected, "{look}");
    }
    // What pointed to the table points to the new one, and its rules and indexes guard it as before.
    let second = with_amount(
        &backend,
        "INSERT INTO claim (id, deposit_id, ordinal, asset, amount, resolution, revision, status, is_open, content_digest, involved,
            opened_by, opened_at, updated_at) VALUES ('clm_3', 'D-1', 3, 'n/native', AMOUNT, 'manual', 1, 'draft', 1, DIGEST, '[]',
            'gwen', 7, 8)",
    );
    for refused in [
        "DELETE FROM claim",
        "INSERT INTO claim_plan VALUES ('nobody', 1, '{}')",
        "UPDATE claim SET resolution = 'beg'",
        "UPDATE posting SET account = 'pocket'",
        second.as_str(),
    ] {
        let refused_by = match &backend {
            Backend::Sqlite(_) => format!("PRAGMA foreign_keys = ON; {refused}"),
            Backend::Postgres(_) => refused.to_owned(),
        };
        assert!(backend.raw(&refused_by).await.is_err(), "{refused}");
    }
    if let Backend::Sqlite(_) = &backend {
        let broken = backend
            .column("SELECT \"table\" FROM pragma_foreign_key_check")
            .await;
        assert!(broken.is_empty(), "{broken:?}");
    }
}
