//! CSV files of other systems: what loads, what is turned away, and that nothing stops at a bad row.

mod common;

use common::{ShapeCodec, TYPO};
use recover_core::asset::AssetId;
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::ledger::{AccountStanding, LedgerEntryKind};
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use recover_engine::config::{ChainsConfig, PricePlanName, PriceSourceConfig, PriceSourceKind};
use recover_engine::import::{
    ColumnMap, Context, ImportError, LedgerCoverage, LedgerRecord, Records, Reject, RejectFile,
    RejectReason, addresses, appeals, deposits, ledger, prices,
};
use std::io::Read;
use std::path::Path;

const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const OURS: &str = "0xAbCdEf0000000000000000000000000000000001";
const TX: &str = "0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn bare() -> Context<'static> {
    Context {
        codec: &ShapeCodec,
        chains: None,
    }
}

fn chains() -> ChainsConfig {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chains.toml");
    ChainsConfig::load(&file, &ShapeCodec).expect("the shipped file loads")
}

fn split<R: Read, T>(records: Records<'_, R, T>) -> (Vec<T>, Vec<Reject>) {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for item in records {
        match item.expect("the file can be read to its end") {
            Ok(record) => good.push(record),
            Err(reject) => bad.push(reject),
        }
    }
    (good, bad)
}

fn book(text: &[u8]) -> (Vec<AddressRecord>, Vec<Reject>) {
    let context = bare();
    split(addresses("book.csv", text, &ColumnMap::default(), &context).expect("columns fit"))
}

fn lines(rejects: &[Reject]) -> Vec<u64> {
    rejects.iter().map(|reject| reject.line).collect()
}

const HEADER: &str = "user_id,role,family,value";

#[test]
fn own_addresses_keep_roles_owners_and_payloads() {
    let text = format!(
        "{HEADER},network,created,retired,control\n\
         U1,deposit_address,evm,{OURS},,2026-01-01T00:00:00Z,,eoa\n\
         U2,deposit,evm,{USDT},BEP20,,,create2:{OURS}:0x{}:0x{}\n\
         U3,assigned_memo,xlm, 00369939573 ,,,,\n\
         U3,past_sender,tron,TAWUNzFHagTmZChqM6UexUY2F4M1hHTmvh,,,,\n\
         ,hot,btc,bc1qxx8yghknk2mlnc6cee0a3ymlgpgpjwzja97v2f,,,,\n\
         U4,retired,evm,{OURS},,2025-01-01T00:00:00Z,2025-06-01T00:00:00Z,key_lost\n",
        "11".repeat(32),
        "22".repeat(32)
    );
    let (good, bad) = book(text.as_bytes());
    assert_eq!(bad, []);
    assert_eq!(good.len(), 6);
    assert_eq!(good[0].user_id.as_deref(), Some("U1"));
    assert_eq!(good[0].value, OURS);
    assert!(good[0].payload.is_some() && good[0].created.is_some());
    assert_eq!(good[0].control, ControlRecord::Key);
    assert_eq!(good[1].network, Some(NetworkId::new("bsc")));
    assert!(matches!(good[1].control, ControlRecord::Create2 { .. }));
    assert_eq!(
        (good[2].role, good[2].family, good[2].value.as_str()),
        (AddressRole::AssignedMemo, Family::Stellar, "00369939573")
    );
    assert!(good[3].payload.is_some());
    assert_eq!(
        good[4].payload, None,
        "no codec for bitcoin in this build: verbatim"
    );
    assert_eq!((good[4].role, &good[4].user_id), (AddressRole::Hot, &None));
    assert_eq!(good[5].control, ControlRecord::KeyLost);
}

#[test]
fn own_each_bad_address_row_is_one_reject_and_the_rest_loads() {
    let header = format!("{HEADER},network,created,retired,control");
    let cases = [
        (
            format!("U1,deposit,evm,{TYPO},,,,"),
            "value: ",
            "bad checksum",
        ),
        (
            "U1,deposit,evm,hello,,,,".into(),
            "value: ",
            "is not an address of family evm",
        ),
        (
            format!("U1,wallet,evm,{OURS},,,,"),
            "role: ",
            "write one of deposit",
        ),
        (
            format!("U1,deposit,eth2,{OURS},,,,"),
            "family: ",
            "write one of evm",
        ),
        (format!(",deposit,evm,{OURS},,,,"), "user_id is empty", ""),
        (
            format!("U1,hot,evm,{OURS},,,,"),
            "user_id: ",
            "belongs to no user",
        ),
        ("U1,deposit,evm,,,,,".into(), "value is empty", ""),
        (
            format!("U1,deposit,evm,{OURS},mars,,,"),
            "network: ",
            "'mars' is not known",
        ),
        (
            format!("U1,deposit,evm,{OURS},tron,,,"),
            "network: ",
            "tron is of family tron, not evm",
        ),
        (
            format!("U1,deposit,evm,{OURS},,2026-01-01,,"),
            "created: ",
            "write it like 2026",
        ),
        (
            format!("U1,retired,evm,{OURS},,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z,"),
            "retired: ",
            "before created",
        ),
        (
            format!("U1,deposit,evm,{OURS},,,,eao"),
            "control: ",
            "write eoa",
        ),
        (
            format!("U1,deposit,tron,TAWU,,,,create:{OURS}:1"),
            "control: ",
            "exist on evm networks",
        ),
        (
            format!("U1,past_sender,evm,{OURS},,,,eoa"),
            "control: ",
            "no address of ours",
        ),
        (
            format!("U1,deposit,evm,{OURS},,,"),
            "the row has 7 fields and the header 8",
            "",
        ),
        (
            format!("U1,deposit,evm,{OURS},,,,,"),
            "the row has 9 fields and the header 8",
            "",
        ),
    ];
    let mut text = format!("{header}\n");
    for (row, _, _) in &cases {
        text.push_str(row);
        text.push('\n');
        text.push_str(&format!("U9,deposit,evm,{OURS},,,,\n"));
    }
    let (good, bad) = book(text.as_bytes());
    assert_eq!(good.len(), cases.len());
    assert_eq!(bad.len(), cases.len());
    for (place, ((row, first, second), reject)) in cases.iter().zip(&bad).enumerate() {
        let message = reject.to_string();
        assert_eq!(reject.line, 2 + 2 * u64::try_from(place).unwrap());
        assert_eq!(&reject.raw, row);
        assert!(
            message.contains(first) && message.contains(second),
            "{row}: {message}"
        );
    }
}

#[test]
fn own_byte_order_mark_crlf_blank_lines_and_separators_are_understood() {
    for text in [
        format!("\u{feff}{HEADER}\r\nU1,deposit,evm,{OURS}\r\n\r\n\r\nU2,deposit,evm,{OURS}\r\n"),
        format!("{HEADER}\nU1,deposit,evm,{OURS}\nU2,deposit,evm,{OURS}"),
        format!("{HEADER}\nU1,deposit,evm,{OURS}\nU2,deposit,evm,{OURS}\n").replace(',', ";"),
        format!("{HEADER}\nU1,deposit,evm,{OURS}\nU2,deposit,evm,{OURS}\n").replace(',', "\t"),
        format!(
            " User_ID ,Role,FAMILY,value\n\"U1\",\"deposit\",evm,{OURS}\nU2, deposit ,evm, {OURS} \n"
        ),
    ] {
        let (good, bad) = book(text.as_bytes());
        assert_eq!(bad, [], "{text}");
        let users: Vec<_> = good
            .iter()
            .filter_map(|row| row.user_id.as_deref())
            .collect();
        assert_eq!(users, ["U1", "U2"], "{text}");
    }
}

#[test]
fn own_quoted_line_ends_belong_to_their_row_and_lines_are_counted_as_in_an_editor() {
    let text = "appeal_id,user_id,created_at,free_text\n\
                A1,U1,2026-01-01T00:00:00Z,\"two\r\nlines, and \"\"quotes\"\"\"\n\
                A2,U2,yesterday,x\n\
                A3,U3,2026-01-01T00:00:00Z,a 5\" pipe\n\
                A4,U4,2026-01-01T00:00:00Z,plain\n";
    let context = bare();
    let (good, bad) = split(
        appeals("a.csv", text.as_bytes(), &ColumnMap::default(), &context).expect("columns fit"),
    );
    assert_eq!(good[0].free_text, "two\r\nlines, and \"quotes\"");
    assert_eq!(
        good[1].free_text, "a 5\" pipe",
        "a quote inside text is text"
    );
    assert_eq!(good.len(), 3);
    assert_eq!(lines(&bad), [4]);
}

#[test]
fn own_an_unclosed_quote_costs_its_own_row_only() {
    let row = |user: &str| format!("{user},deposit,evm,{OURS}\n");
    let open = format!("U2,deposit,evm,\"{OURS}\n");
    let after_close = format!("U4,deposit,\"evm\"x,{OURS}\n");
    for broken in [&open, &after_close] {
        for tail in [
            "".to_owned(),
            row("U3"),
            format!("U3,\"deposit\",evm,{OURS}\n"),
        ] {
            let text = format!("{HEADER}\n{}{broken}{tail}", row("U1"));
            let (good, bad) = book(text.as_bytes());
            assert_eq!(lines(&bad), [3], "{text}");
            assert_eq!(bad[0].reason, RejectReason::OpenQuote, "{text}");
            assert_eq!(good.len(), 1 + usize::from(!tail.is_empty()), "{text}");
        }
    }
}

#[test]
fn own_bytes_that_are_no_text_are_one_reject() {
    let mut text = format!("{HEADER}\nU1,deposit,evm,{OURS}\n").into_bytes();
    text.extend_from_slice(b"U\xff2,deposit,evm,x\n");
    text.extend_from_slice(b"U\x003,deposit,evm,x\n");
    text.extend_from_slice(format!("U4,deposit,evm,{OURS}\n").as_bytes());
    let (good, bad) = book(&text);
    assert_eq!(good.len(), 2);
    assert_eq!(lines(&bad), [3, 4]);
    assert!(
        bad.iter()
            .all(|reject| reject.reason == RejectReason::NotText)
    );
    assert!(bad[0].raw.contains('\u{fffd}'));
}

#[test]
fn own_an_endless_line_is_one_reject_and_bounded() {
    let long = "x".repeat(3_000_000);
    let text = format!("{HEADER}\nU1,deposit,evm,{long}\nU2,deposit,evm,{OURS}\n");
    let (good, bad) = book(text.as_bytes());
    assert_eq!(good.len(), 1);
    assert!(matches!(bad[0].reason, RejectReason::TooLong { .. }));
    assert!(bad[0].raw.len() <= 300_000);
}

#[test]
fn own_files_that_cannot_be_read_as_a_whole_say_what_they_have() {
    let context = bare();
    let open = |text: &[u8], map: &str| {
        let map = ColumnMap::parse("map.toml", map).expect("the map is fine");
        match addresses("book.csv", text, &map, &context) {
            Ok(_) => panic!("the file must be refused"),
            Err(error) => error,
        }
    };
    assert!(matches!(open(b"", ""), ImportError::Empty { .. }));
    assert!(matches!(open(b"\n\r\n", ""), ImportError::Empty { .. }));
    let utf16: Vec<u8> = "user_id,role"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(matches!(open(&utf16, ""), ImportError::NotText { .. }));
    assert!(matches!(
        open(b"\xff\xfe\n", ""),
        ImportError::NotText { .. }
    ));
    let message = open(b"uid,role,value,note,role\n", "").to_string();
    for part in [
        "book.csv: column 'uid' is not known",
        "column 'note' is not known",
        "column 'role' is there twice",
        "column 'user_id' is missing",
        "column 'family' is missing",
        "The file has: uid, role, value, note, role",
        "Read are: user_id*, role*, family*, value*, network",
        "--map",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let message = open(HEADER.as_bytes(), "usr = \"user_id\"").to_string();
    assert!(
        message.contains("the map names 'usr', which is no column of the file"),
        "{message}"
    );
}

#[test]
fn own_columns_are_renamed_and_left_out_by_a_map() {
    let map = ColumnMap::parse(
        "map.toml",
        "\"Kunden-Nr\" = \"user_id\"\nart = \"role\"\nbemerkung = \"\"\n",
    )
    .unwrap();
    let text = format!("Kunden-Nr,ART,family,value,Bemerkung\nU1,deposit,evm,{OURS},x\n");
    let context = bare();
    let (good, bad) = split(addresses("b", text.as_bytes(), &map, &context).unwrap());
    assert_eq!((good.len(), bad.len()), (1, 0));
    for (text, part) in [
        ("a = 1", "invalid type"),
        ("a = \"user_id\"\nb = \"user_id\"", "both become 'user_id'"),
        ("a", "map.toml:"),
    ] {
        let error = ColumnMap::parse("map.toml", text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn own_ledger_rows_become_entries_accounts_and_coverage() {
    let chains = chains();
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let text = format!(
        "id,kind,user_id,network,tx_id,position,address,asset,amount,amount_base,time,time_to,state\n\
         L1,credited,U1,erc20,{TX},log:0,{OURS},USDT,12.5,,2026-01-01T00:00:00Z,,\n\
         L2,withdrawal,,bsc,{},,{OURS},native,,1000,2026-01-01T00:00:00Z,,\n\
         L3,settled_case,U2,ethereum,{TX},,,TK01,7,,2026-01-01T00:00:00Z,,\n\
         L4,credited,U2,ethereum,{TX},,,{USDT},1,,2026-01-01T00:00:00Z,,\n\
         ,account,U3,,,,,,,,2026-01-01T00:00:00Z,,closed\n\
         ,coverage,,ethereum,,,,,,,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,\n",
        &TX[2..]
    );
    let map = ColumnMap::default();
    let (good, bad) = split(ledger("l.csv", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(bad, []);
    let entry = |place: usize| match &good[place] {
        LedgerRecord::Entry(entry) => entry.clone(),
        other => panic!("{other:?}"),
    };
    let ethereum = NetworkId::new("ethereum");
    let first = entry(0);
    assert_eq!(first.kind, LedgerEntryKind::CreditedDeposit);
    assert_eq!(first.tx_id.as_str(), TX.to_lowercase());
    assert_eq!(first.asset, Some(AssetId::contract(ethereum.clone(), USDT)));
    assert_eq!(first.amount.unwrap().to_base_units(), "12500000");
    let second = entry(1);
    assert_eq!(second.kind, LedgerEntryKind::OwnWithdrawal);
    assert_eq!(second.asset, Some(AssetId::native(NetworkId::new("bsc"))));
    assert_eq!(second.amount.unwrap().to_base_units(), "1000");
    let third = entry(2);
    assert_eq!(
        (third.kind, third.asset, third.amount),
        (LedgerEntryKind::SettledCase, None, None),
        "a symbol that we do not know leaves open what was booked"
    );
    assert_eq!(entry(3).asset, first.asset);
    assert!(matches!(
        &good[4],
        LedgerRecord::Account { user_id, standing: AccountStanding::Closed, .. } if user_id == "U3"
    ));
    assert_eq!(
        good[5],
        LedgerRecord::Coverage(
            LedgerCoverage::parse("ERC20=2025-01-01T00:00:00Z..2026-01-01T00:00:00Z", &context)
                .unwrap()
        )
    );
}

#[test]
fn own_a_coin_by_the_networks_own_name_is_the_native_coin() {
    let chains = chains();
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let hub = NetworkId::new("cosmos");
    let native = AssetId::native(hub);
    let map = ColumnMap::default();
    let row = |asset: &str, amount: &str, base: &str| {
        let text = format!(
            "id,kind,network,tx_id,asset,amount,amount_base,time\n\
             L1,credited,cosmos,AB,{asset},{amount},{base},2026-01-01T00:00:00Z\n"
        );
        let rows = ledger("l.csv", text.as_bytes(), &map, &context).expect("columns fit");
        let (good, bad) = split(rows);
        assert_eq!(bad, [], "{asset} {amount}{base}");
        match &good[0] {
            LedgerRecord::Entry(entry) => (
                entry.asset.clone(),
                entry.amount.map(|amount| amount.to_base_units()),
            ),
            other => panic!("{other:?}"),
        }
    };
    for (asset, amount, base, expected) in [
        ("uatom", "", "5000000", Some("5000000")),
        ("uatom", "5.25", "", Some("5250000")),
        // Of coins or of base units: nobody can say, and neither is guessed.
        ("uatom", "5000000", "", None),
        ("cosmos/contract:uatom", "5000000", "", None),
        ("ATOM", "5", "", Some("5000000")),
        ("native", "5", "", Some("5000000")),
    ] {
        let expected = (Some(native.clone()), expected.map(str::to_owned));
        assert_eq!(row(asset, amount, base), expected, "{asset} {amount}{base}");
    }
    assert_eq!(row("uosmo", "5000000", ""), (None, None));

    let text = "deposit_id,chain,tx_id,to_address,asset,amount\nD1,cosmos,AB,cosmos1x,uatom,5.25\n";
    let (good, bad) =
        split(deposits("d.csv", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(bad, []);
    assert_eq!(good[0].asset, native);
    let text = "asset,currency,price,time,source,network\nuatom,USD,5.20,2026-01-01T00:00:00Z,desk,cosmos\n";
    let (good, bad) = split(prices("p.csv", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(bad, []);
    assert_eq!(good[0].assets, [native]);
}

#[test]
fn own_each_bad_ledger_row_says_why() {
    let chains = chains();
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let at = "2026-01-01T00:00:00Z";
    let cases = [
        (
            format!("L1,refund,{at},,U1,ethereum,{TX},,,,,,"),
            "'refund' is no kind",
        ),
        (
            format!("L1,credited,{at},,U1,mars,{TX},,,,,,"),
            "'mars' is not known",
        ),
        (
            format!("L1,credited,{at},,U1,,{TX},,,,,,"),
            "network is empty",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,,,,,,,"),
            "tx_id is empty",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,W123,,,,,,"),
            "'W123' is no transaction id",
        ),
        (
            format!(",credited,{at},,U1,ethereum,{TX},,,,,,"),
            "id is empty",
        ),
        (
            format!("L1,credited,soon,,U1,ethereum,{TX},,,,,,"),
            "time: 'soon' is not a time",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,USDT,0.0000001,,"),
            "more than the 6 decimals",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,USDT,1e3,,"),
            "not a plain decimal",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,TK01,1e3,,"),
            "not a plain decimal",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,USDT,1,1,"),
            "give the amount once",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,USDT,,1.5,"),
            "amount_base: '1.5'",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,{TYPO},,1,"),
            "bad checksum",
        ),
        (
            format!("L1,credited,{at},,U1,ethereum,{TX},,,bsc/native,,1,"),
            "another network than ethereum",
        ),
        (
            format!("L1,account,{at},,U1,,,,,,,,frozen"),
            "'frozen' is no account state",
        ),
        (
            format!("L1,account,{at},,,,,,,,,,closed"),
            "user_id is empty",
        ),
        (
            format!("L1,coverage,{at},2025-01-01T00:00:00Z,,ethereum,,,,,,,"),
            "it lies before time",
        ),
        (
            format!("L1,coverage,{at},,,ethereum,,,,,,,"),
            "time_to is empty",
        ),
    ];
    let header = "id,kind,time,time_to,user_id,network,tx_id,position,address,asset,amount,amount_base,state";
    for (row, expected) in cases {
        let text = format!("{header}\n{row}\n");
        let map = ColumnMap::default();
        let (good, bad) = split(ledger("l", text.as_bytes(), &map, &context).expect("columns fit"));
        assert_eq!((good.len(), bad.len()), (0, 1), "{row}");
        let message = bad[0].to_string();
        assert!(message.contains(expected), "{row}: {message}");
    }
    for text in [
        "ethereum",
        "mars=2025-01-01T00:00:00Z..2026-01-01T00:00:00Z",
        "ethereum=2025..2026",
        "ethereum=2026-01-01T00:00:00Z..2025-01-01T00:00:00Z",
    ] {
        assert!(LedgerCoverage::parse(text, &context).is_err(), "{text}");
    }
}

#[test]
fn own_prices_are_exact_and_never_zero() {
    let chains = chains();
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let text = format!(
        "asset,network,currency,price,time,source\n\
         ethereum/native,,USD,3150.250000000000000001,2026-01-01T00:00:00Z,desk\n\
         USDT,bsc,USD,1.0003,2026-01-01T00:00:00Z,desk\n\
         ETH,,USD,3150.25,2026-01-01T00:00:00Z,desk\n\
         {USDT},ethereum,USD,1,2026-01-01T00:00:00Z,desk\n\
         ethereum/native,,USD,0.00,2026-01-01T00:00:00Z,desk\n\
         ethereum/native,,USD,3e3,2026-01-01T00:00:00Z,desk\n\
         ethereum/native,,usd,1,2026-01-01T00:00:00Z,desk\n\
         NOSUCH,,USD,1,2026-01-01T00:00:00Z,desk\n\
         ethereum/unlisted:X,,USD,1,2026-01-01T00:00:00Z,desk\n\
         ethereum/native,,USD,1,2026-01-01T00:00:00Z,\n\
         ethereum/native,,USD,1,,desk\n"
    );
    let map = ColumnMap::default();
    let (good, bad) = split(prices("p", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(good.len(), 4);
    assert_eq!(lines(&bad), [6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(good[0].price.to_string(), "3150.250000000000000001");
    assert_eq!(
        good[0].assets,
        [AssetId::native(NetworkId::new("ethereum"))]
    );
    assert_eq!(good[1].assets.len(), 1);
    assert!(good[2].assets.len() > 1, "one symbol, several networks");
    assert!(
        good[2]
            .assets
            .contains(&AssetId::native(NetworkId::new("base")))
    );
}

#[test]
fn own_no_file_speaks_as_a_source_that_is_fetched() {
    let mut chains = chains();
    chains.price_sources = vec![PriceSourceConfig {
        name: "coingecko".to_owned(),
        kind: PriceSourceKind::ALL[0],
        url: "https://prices.example/api".to_owned(),
        key: None,
        plan: PricePlanName::Demo,
        requests_per_minute: 20,
    }];
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let text = "asset,network,currency,price,time,source\n\
                ethereum/native,,USD,1,2026-01-01T00:00:00Z,coingecko\n\
                ethereum/native,,USD,1,2026-01-01T00:00:00Z, CoinGecko \n\
                ethereum/native,,USD,1,2026-01-01T00:00:00Z,coingecko by hand\n";
    let map = ColumnMap::default();
    let (good, bad) = split(prices("p", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(lines(&bad), [2, 3]);
    assert!(
        bad[0].to_string().contains("[[price_source]]"),
        "{}",
        bad[0]
    );
    assert_eq!(good.len(), 1);
    assert_eq!(good[0].source, "coingecko by hand");
}

#[test]
fn own_deposits_keep_their_own_scale_and_unknown_assets_stay_unlisted() {
    let header = "deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason";
    let text = format!(
        "{header}\n\
         D1,ETH,{TX},0,18000000,2026-01-01T00:00:00Z,coinbase,{OURS},TK0001,0.500,,unlisted_token\n\
         D2,XRP,A2AC,1,,,r32WgcxKER33NcPXobkEa7EfCPZJmxctHp,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,5000, 7 ,unknown_memo\n\
         D3,ETH,{TX},0,x,,,{OURS},USDT,1,,\n\
         D4,ETH,{TX},0,1,,,{OURS},USDT,-1,,\n\
         D5,ETH,{TX},0,1,,,{TYPO},USDT,1,,\n\
         D6,ETH,{TX},0,1,,,{OURS},USDT,1,,\n"
    );
    let map = ColumnMap::default();
    let context = bare();
    let (good, bad) = split(deposits("d", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(lines(&bad), [4, 5, 6]);
    assert_eq!(good[0].amount.to_base_units(), "500");
    assert_eq!(good[0].scale, 3);
    assert_eq!(good[0].asset.to_string(), "ethereum/unlisted:TK0001");
    assert_eq!(good[0].from.as_deref(), Some("coinbase"));
    assert_eq!(good[0].orphan_reason.as_deref(), Some("unlisted_token"));
    assert_eq!(good[1].network, NetworkId::new("xrpl"));
    assert_eq!(good[1].tx_id.as_str(), "A2AC");
    assert_eq!(good[1].memo.as_deref(), Some(" 7 "), "verbatim");
    assert_eq!(good[2].asset.to_string(), "ethereum/unlisted:USDT");
    let chains = chains();
    let context = Context {
        codec: &ShapeCodec,
        chains: Some(&chains),
    };
    let (good, _) = split(deposits("d", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(
        good[2].asset,
        AssetId::contract(NetworkId::new("ethereum"), USDT)
    );
}

#[test]
fn own_appeals_keep_the_customers_text_to_the_letter() {
    let text = "appeal_id,user_id,created_at,claimed_txid,claimed_amount,session_view_at,language\n\
                A1,U1,2026-01-01T00:00:00Z,\" TX:\u{200b}0xAB \",\"1.000,50\",2025-12-31T00:00:00Z,de\n\
                A2,U1,2026-01-01T00:00:00Z,,,noon,\n\
                ,U1,2026-01-01T00:00:00Z,,,,\n";
    let context = bare();
    let map = ColumnMap::default();
    let (good, bad) = split(appeals("a", text.as_bytes(), &map, &context).expect("columns fit"));
    assert_eq!(good[0].claimed_txid, " TX:\u{200b}0xAB ");
    assert_eq!(good[0].claimed_amount, "1.000,50");
    assert_eq!(good[0].claimed_network, "", "a column left out is blank");
    assert_eq!(
        good[0].session_view_at,
        Some(Timestamp::parse("2025-12-31T00:00:00Z").unwrap())
    );
    assert_eq!(good[0].language.as_deref(), Some("de"));
    assert_eq!(lines(&bad), [3, 4]);
}

#[test]
fn own_rejects_go_to_a_file_that_a_clean_import_does_not_make() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rejects.csv");
    let mut clean = RejectFile::at(&path);
    clean.finish().unwrap();
    assert!(!path.exists());
    let (_, bad) = book(format!("{HEADER}\nU1,wallet,evm,\"a,\"\"b\"\nU2,deposit\n").as_bytes());
    let mut file = RejectFile::at(&path);
    for reject in &bad {
        file.add(reject).unwrap();
    }
    file.finish().unwrap();
    assert_eq!(file.count(), 2);
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][0], "2");
    assert!(rows[0][1].starts_with("role: 'wallet' is no role"));
    assert_eq!(&rows[0][2], "U1,wallet,evm,\"a,\"\"b\"");
    assert_eq!(&rows[1][0], "3");
    let nowhere = folder.path().join("no").join("such.csv");
    let error = RejectFile::at(&nowhere).add(&bad[0]).unwrap_err();
    assert!(error.to_string().contains("cannot write rejected rows"));
}

/// Makes rows as they are asked for: nothing in the test or the reader holds the file.
struct Endless {
    row: Vec<u8>,
    left: u64,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let rest = &self.row[self.at..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        if self.at == self.row.len() {
            self.at = 0;
            self.left -= 1;
        }
        Ok(length)
    }
}

#[test]
fn own_a_long_file_streams() {
    let row = format!("U1,deposit,evm,{OURS}\n").into_bytes();
    let header = format!("{HEADER}\n");
    let rows = 200_000;
    let file = header.as_bytes().chain(Endless {
        row,
        left: rows,
        at: 0,
    });
    let context = bare();
    let records = addresses("b", file, &ColumnMap::default(), &context).unwrap();
    let count = records.filter(|item| matches!(item, Ok(Ok(_)))).count();
    assert_eq!(u64::try_from(count).unwrap(), rows);
}

/// Fails in the middle of the file.
struct Torn;

impl Read for Torn {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is gone"))
    }
}

#[test]
fn own_a_fault_while_reading_is_an_error_not_the_end_of_the_file() {
    let begin = format!("{HEADER}\nU1,deposit,evm,{OURS}\n");
    let context = bare();
    let mut records = addresses(
        "b",
        begin.as_bytes().chain(Torn),
        &ColumnMap::default(),
        &context,
    )
    .unwrap();
    assert!(matches!(records.next(), Some(Ok(Ok(_)))));
    let error = match records.next() {
        Some(Err(error)) => error.to_string(),
        _ => panic!("the fault must surface"),
    };
    assert!(error.contains("b: reading stopped at line 3"), "{error}");
    assert!(records.next().is_none());
}

proptest::proptest! {
    /// Whatever the bytes, every line that holds something ends as a record or a reject, and nothing panics.
    #[test]
    fn own_any_bytes_are_read_to_the_end(body in proptest::collection::vec(proptest::sample::select(b"a,\"\n\r;\xff\x00 0x1".to_vec()), 0..200)) {
        let mut text = format!("{HEADER}\n").into_bytes();
        text.extend_from_slice(&body);
        let (good, bad) = book(&text);
        let filled = body.split(|byte| *byte == b'\n').any(|line| !matches!(line, b"" | b"\r"));
        proptest::prop_assert_eq!(filled, good.len() + bad.len() > 0);
        proptest::prop_assert!(bad.windows(2).all(|pair| pair[0].line < pair[1].line));
    }
}
