//! The client of toncenter against an index in memory: complete, honest about what it does not know, stubborn where it helps.

use crate::cells::{Cell, comment, internal_transfer, notification};
use crate::index::{Index, hash, lt};
use crate::own_decode::{MASTER, OURS, SENDER, STRANGER, THEIR_WALLET, WALLET, row};
use recover_chain_ton::address::{RawAddress, base64_text, tx_id};
use recover_chain_ton::toncenter::KIND;
use recover_core::address::Address;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Observation, Outcome};
use recover_core::verdict::Code;
use recover_source::chain::{AccountPage, AccountRequest, ChainRead, Lookup, Part};
use recover_source::conformance::{AccountCase, check_account, read};
use recover_source::error::{Advice, SourceError};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const LAST: u64 = 5000;

fn settings() -> SourceSettings {
    let network = NetworkId::new("ton");
    let mut settings = SourceSettings::new(network, "-239", KIND, "https://toncenter.example");
    settings.retry = RetryPolicy {
        tries_max: 4,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(2),
    };
    settings.page_size = Some(10);
    settings
}

fn open(index: Index) -> (Arc<dyn ChainRead>, Arc<Index>) {
    let index = Arc::new(index);
    (
        recover_chain_ton::open_with(settings(), Arc::clone(&index) as _),
        index,
    )
}

fn ours() -> Address {
    OURS.parse::<RawAddress>().unwrap().address()
}

fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

/// A row at a height, with its number as its hash.
fn placed(mut value: Value, number: u64, height: u64, place: u64) -> Value {
    value["hash"] = base64_text(&hash(number)).into();
    value["lt"] = lt(height, place).to_string().into();
    value["prev_trans_lt"] = Value::Null;
    value["mc_block_seqno"] = height.into();
    value["now"] = (1_700_000_000 + height * 5 - 3).into();
    value["in_msg"]["hash"] = base64_text(&hash(number + 1_000_000)).into();
    value
}

fn wallet(address: &str, owner: &str, last: u64) -> Value {
    json!({"address": address, "owner": owner, "jetton": MASTER, "balance": "77",
        "last_transaction_lt": last.to_string(), "code_hash": null, "data_hash": null})
}

fn jettons(number: u64, height: u64, amount: u128) -> Value {
    let body = internal_transfer(number, amount, Some(SENDER))
        .number(1, 1)
        .reference(comment("103556"));
    placed(row(WALLET, THEIR_WALLET, 50, &body), number, height, 7)
}

fn transfer(number: u64, height: u64, amount: u128) -> Value {
    json!({"query_id": number.to_string(), "source": SENDER, "destination": OURS, "amount": amount.to_string(),
        "source_wallet": THEIR_WALLET, "jetton_master": MASTER, "transaction_hash": base64_text(&hash(number + 500_000)),
        "transaction_lt": lt(height, 5).to_string(), "transaction_now": 1, "transaction_aborted": false,
        "custom_payload": comment("hii").text(), "forward_payload": null})
}

/// Sixty payments, every fifth of jettons, three in one block, a failed one, one of ours that went out.
fn busy() -> Index {
    let mut index = Index::new(LAST);
    for number in 0..60 {
        let height = 1000 + number * 3 / 2;
        if number % 5 == 0 {
            index.transactions.push(jettons(number, height, 500));
            index.transfers.push(transfer(number, height, 500));
        } else {
            let body = comment(&number.to_string());
            let value = row(OURS, SENDER, 1000 + number, &body);
            index
                .transactions
                .push(placed(value, number, height, 100 + number));
        }
    }
    for place in 0..3 {
        let value = row(OURS, SENDER, 9, &comment("same"));
        index
            .transactions
            .push(placed(value, 700 + place, 1500, 10 + place));
    }
    let mut failed = row(OURS, SENDER, 9, &comment("back"));
    failed["description"]["aborted"] = true.into();
    failed["description"]["bounce"] = json!({"type": "ok"});
    index.transactions.push(placed(failed, 800, 1600, 1));
    let mut out = row(OURS, SENDER, 9, &Cell::new());
    out["in_msg"]["source"] = Value::Null;
    out["in_msg"]["value"] = Value::Null;
    index.transactions.push(placed(out, 801, 1601, 1));
    index.wallets.push(wallet(WALLET, OURS, lt(LAST, 1)));
    for row in &index.transactions {
        let hash = recover_chain_ton::address::parse_hash(row["hash"].as_str().unwrap()).unwrap();
        index.traces.push((vec![hash], false));
    }
    index
}

fn case(index: &Index) -> AccountCase {
    assert_eq!(index.transactions.len(), 65);
    AccountCase {
        address: ours(),
        range: range(900, 2000),
        credits: Some(63),
        known: Some(tx_id(&hash(15))),
        unknown: tx_id(&[9; 32]),
        two_credits: None,
        failed: Some(tx_id(&hash(800))),
    }
}

async fn whole(source: &dyn ChainRead, range: HeightRange) -> (Vec<Observation>, AccountPage) {
    let mut broken = Vec::new();
    let credits = read(source, &ours(), range, &mut broken).await.unwrap();
    assert_eq!(broken, Vec::<String>::new());
    let mut request = AccountRequest {
        address: ours(),
        range,
        resume: None,
    };
    loop {
        let page = source.account_page(&request).await.unwrap();
        if page.next.is_none() {
            return (credits, page);
        }
        request.resume = page.next;
    }
}

#[tokio::test]
async fn own_the_checks_of_accounts_hold() {
    let index = busy();
    let case = case(&index);
    let (source, _) = open(index);
    assert_eq!(check_account(&*source, &case).await, Vec::<String>::new());
}

#[tokio::test]
async fn own_the_checks_hold_under_limits_and_short_pages() {
    let mut index = busy();
    index.limit_every = 3;
    index.rows_max = 4;
    index.first_address_only = true;
    let case = case(&index);
    let (source, _) = open(index);
    assert_eq!(check_account(&*source, &case).await, Vec::<String>::new());
}

#[tokio::test]
async fn own_two_credits_of_one_transaction() {
    let mut index = Index::new(LAST);
    let nft = Cell::new()
        .number(0x0513_8d91, 32)
        .number(9, 64)
        .address(Some(SENDER))
        .number(0, 1);
    index
        .transactions
        .push(placed(row(OURS, STRANGER, 5, &nft), 1, 1000, 1));
    index.traces.push((vec![hash(1)], false));
    let (source, _) = open(index);
    let case = AccountCase {
        address: ours(),
        range: range(1, 2000),
        credits: Some(2),
        known: None,
        unknown: tx_id(&[9; 32]),
        two_credits: Some(tx_id(&hash(1))),
        failed: None,
    };
    assert_eq!(check_account(&*source, &case).await, Vec::<String>::new());
}

#[tokio::test]
async fn own_a_custom_payload_is_shown_beside_the_routing_field() {
    let (source, _) = open(busy());
    let (credits, page) = whole(&*source, range(900, 2000)).await;
    assert_eq!(page.gaps, []);
    let jettons: Vec<&Observation> = credits
        .iter()
        .filter(|credit| credit.position.as_str() == "jetton")
        .collect();
    assert_eq!(jettons.len(), 12);
    for credit in jettons {
        let places: Vec<&str> = credit
            .memos
            .iter()
            .map(|memo| memo.place.as_str())
            .collect();
        assert_eq!(places, ["forward_payload", "custom_payload"]);
        assert_eq!(credit.memos[1].raw, b"hii");
        assert_eq!(
            credit.block.as_ref().unwrap().hash.as_str(),
            hex::encode(hash(credit.block.as_ref().unwrap().height.0))
        );
    }
}

#[tokio::test]
async fn own_blocks_that_stand_together_are_asked_for_together() {
    let (source, index) = open(busy());
    whole(&*source, range(900, 2000)).await;
    let asked = index.asked.lock().unwrap();
    let blocks = asked
        .iter()
        .filter(|asked| asked.contains("/blocks") && asked.contains("\"seqno\""))
        .count();
    assert!(blocks < 30, "{blocks} blocks were asked for one by one");
}

#[tokio::test]
async fn own_a_row_that_is_left_out_shows() {
    let mut index = busy();
    // The transaction names the one before it, and that one is not given.
    index.transactions[1]["prev_trans_lt"] = lt(1000, 50).to_string().into();
    index.transactions[2]["prev_trans_lt"] = lt(1002, 50).to_string().into();
    let (source, _) = open(index);
    let request = AccountRequest {
        address: ours(),
        range: range(900, 2000),
        resume: None,
    };
    let error = source.account_page(&request).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Disbelieve);
    assert!(error.to_string().contains("leaves out"), "{error}");
}

#[tokio::test]
async fn own_rows_that_are_not_final_are_not_read_yet() {
    let mut index = Index::new(LAST);
    let make = |number| {
        placed(
            row(OURS, SENDER, 5, &comment("1")),
            number,
            1000 + number,
            1,
        )
    };
    let mut pending = make(2);
    pending["mc_block_seqno"] = Value::Null;
    let mut emulated = make(3);
    emulated["emulated"] = true.into();
    index.transactions = vec![make(1), pending, emulated, make(4)];
    let (source, _) = open(index);
    let (credits, _) = whole(&*source, range(900, 2000)).await;
    let ids: Vec<&str> = credits.iter().map(|credit| credit.tx_id.as_str()).collect();
    assert_eq!(ids, [hex::encode(hash(1)), hex::encode(hash(4))]);
    // A look-up shows it as what it is.
    let Lookup::Found(view) = source.transaction(&tx_id(&hash(2))).await.unwrap() else {
        panic!("not found");
    };
    assert_eq!(view.block, None);
    assert_eq!(view.credits[0].block, None);
    assert!(view.unread.contains(&Part::TransferLogs));
}

#[tokio::test]
async fn own_a_wallet_that_the_list_left_out_is_found_by_its_notification() {
    let mut index = Index::new(LAST);
    index.wallets.push(wallet(WALLET, OURS, lt(LAST, 1)));
    index.unlisted.push(WALLET.to_owned());
    index.transactions.push(jettons(1, 1000, 500));
    let told = notification(1, 500, SENDER).number(0, 1);
    index
        .transactions
        .push(placed(row(OURS, WALLET, 1, &told), 2, 1000, 9));
    let (source, _) = open(index);
    let (credits, page) = whole(&*source, range(900, 2000)).await;
    let positions: Vec<&str> = credits
        .iter()
        .map(|credit| credit.position.as_str())
        .collect();
    assert_eq!(positions, ["jetton", "value"]);
    assert_eq!(page.gaps, []);
}

#[tokio::test]
async fn own_a_wallet_that_the_list_left_out_is_found_by_the_transfer() {
    let mut index = Index::new(LAST);
    index.wallets.push(wallet(WALLET, OURS, lt(LAST, 1)));
    index.unlisted.push(WALLET.to_owned());
    index.transactions.push(jettons(1, 1000, 500));
    index.transfers.push(transfer(1, 1000, 500));
    index.traces.push((vec![hash(500_001), hash(1)], false));
    let (source, _) = open(index);
    let (credits, page) = whole(&*source, range(900, 2000)).await;
    assert_eq!(credits.len(), 1);
    assert_eq!(page.gaps, []);
}

#[tokio::test]
async fn own_a_listed_transfer_that_nobody_finds_is_a_gap() {
    let mut index = busy();
    index.transfers.push(transfer(900, 1400, 123));
    // One that failed on the way is explained by its trace, an aborted one by its own row.
    index.transfers.push(transfer(901, 1400, 123));
    index.traces.push((vec![hash(500_901)], false));
    let mut aborted = transfer(902, 1400, 123);
    aborted["transaction_aborted"] = true.into();
    index.transfers.push(aborted);
    let (source, _) = open(index);
    let (credits, page) = whole(&*source, range(900, 2000)).await;
    assert_eq!(
        credits
            .iter()
            .filter(|credit| credit.outcome == Outcome::Success)
            .count(),
        63
    );
    assert_eq!(page.gaps.len(), 1, "{:?}", page.gaps);
    assert_eq!(page.gaps[0].part, Part::TransferLogs);
    assert!(page.gaps[0].range.contains(Height(1400)));
    assert!(
        page.gaps[0].reason.contains(&hex::encode(hash(500_900))),
        "{}",
        page.gaps[0].reason
    );
}

#[tokio::test]
async fn pitfall_083_a_forged_notification_is_said_to_be_one() {
    let mut index = Index::new(LAST);
    let told = notification(1, 500, SENDER)
        .number(1, 1)
        .reference(comment("103556"));
    index
        .transactions
        .push(placed(row(OURS, STRANGER, 3, &told), 2, 1000, 9));
    index.traces.push((vec![hash(2)], false));
    let (source, _) = open(index);
    let (credits, _) = whole(&*source, range(900, 2000)).await;
    assert_eq!(credits[0].flags, [Flag::BalanceUnchanged]);
    assert!(credits[0].amount.is_zero());
    assert_eq!(credits[1].asset, AssetId::native(NetworkId::new("ton")));
    let Lookup::Found(view) = source.transaction(&tx_id(&hash(2))).await.unwrap() else {
        panic!("not found");
    };
    assert_eq!(view.credits, credits);
}

/// A wallet's transaction, the order at its jetton wallet, the arrival at ours, the notification.
fn jetton_trace() -> Index {
    let mut index = Index::new(LAST);
    let mut call = row(SENDER, SENDER, 0, &Cell::new());
    call["in_msg"]["source"] = Value::Null;
    call["in_msg"]["value"] = Value::Null;
    call["out_msgs"] = json!([{"source": SENDER, "destination": THEIR_WALLET, "value": "50"}]);
    let order = Cell::new()
        .number(0x0f8a_7ea5, 32)
        .number(3, 64)
        .coins(500)
        .address(Some(OURS))
        .address(Some(SENDER))
        .number(1, 1)
        .reference(comment("hii"))
        .coins(1)
        .number(0, 1);
    let told = notification(3, 500, SENDER)
        .number(1, 1)
        .reference(comment("103556"));
    index.transactions = vec![
        placed(call, 1, 1000, 1),
        placed(row(THEIR_WALLET, SENDER, 50, &order), 2, 1000, 3),
        jettons(3, 1000, 500),
        placed(row(OURS, WALLET, 1, &told), 4, 1001, 9),
    ];
    index
        .traces
        .push((vec![hash(1), hash(2), hash(3), hash(4)], false));
    index.wallets = vec![
        wallet(WALLET, OURS, lt(LAST, 1)),
        wallet(THEIR_WALLET, SENDER, lt(LAST, 1)),
    ];
    index
}

#[tokio::test]
async fn own_any_hash_of_a_trace_leads_to_the_deposit() {
    let (source, _) = open(jetton_trace());
    // The sender's transaction, the message from outside, the order, the arrival, the notification.
    for pasted in [
        hash(1),
        hash(1_000_001),
        hash(2),
        hash(3),
        hash(1_000_003),
        hash(4),
    ] {
        let id = tx_id(&pasted);
        let Lookup::Found(view) = source.transaction(&id).await.unwrap() else {
            panic!("{id} was not found");
        };
        assert_eq!(view.id, id);
        assert_eq!(view.outcome, Outcome::Success);
        let to_us: Vec<(&str, &str, usize)> = view
            .credits
            .iter()
            .filter(|credit| credit.to == ours())
            .map(|credit| {
                (
                    credit.tx_id.as_str(),
                    credit.position.as_str(),
                    credit.memos.len(),
                )
            })
            .collect();
        let (arrival, notified) = (hex::encode(hash(3)), hex::encode(hash(4)));
        assert_eq!(
            to_us,
            [
                (arrival.as_str(), "jetton", 2),
                (notified.as_str(), "value", 1)
            ]
        );
        assert_eq!(
            view.signer,
            Some(SENDER.parse::<RawAddress>().unwrap().address())
        );
        assert!(view.unread.is_empty());
    }
    let Lookup::Found(view) = source.transaction(&tx_id(&hash(1))).await.unwrap() else {
        panic!("not found");
    };
    assert_eq!(
        view.to,
        Some(THEIR_WALLET.parse::<RawAddress>().unwrap().address())
    );
    assert_eq!(view.block.unwrap().height, Height(1000));
}

#[tokio::test]
async fn own_an_unfinished_trace_says_what_is_unread() {
    let mut index = jetton_trace();
    index.traces[0].1 = true;
    let (source, _) = open(index);
    let Lookup::Found(view) = source.transaction(&tx_id(&hash(1))).await.unwrap() else {
        panic!("not found");
    };
    assert!(view.unread.contains(&Part::TransferLogs));
}

#[tokio::test]
async fn own_absence_is_proved_by_our_own_only() {
    let unknown = tx_id(&[9; 32]);
    let (source, _) = open(Index::new(LAST));
    let found = source.transaction(&unknown).await.unwrap();
    assert!(matches!(found, Lookup::Unknown { .. }), "{found:?}");
    let mut settings = settings();
    settings.proves_absence = true;
    let source = recover_chain_ton::open_with(settings, Arc::new(Index::new(LAST)));
    assert_eq!(source.transaction(&unknown).await.unwrap(), Lookup::Absent);
    let not_of_ton = TxId::new("block:5");
    assert_eq!(
        source.transaction(&not_of_ton).await.unwrap(),
        Lookup::Absent
    );
}

#[tokio::test]
async fn own_another_network_is_refused() {
    let mut index = busy();
    index.global_id = -3;
    let (source, _) = open(index);
    let error = source.capabilities().await.unwrap_err();
    assert!(matches!(error, SourceError::WrongNetwork { .. }));
    assert!(error.to_string().contains("tvm:-3"), "{error}");
    assert!(source.head().await.is_err());
    assert!(source.transaction(&tx_id(&hash(1))).await.is_err());
}

#[tokio::test]
async fn own_a_lagging_index_is_asked_again_and_not_believed() {
    let (source, _) = open(busy());
    let request = AccountRequest {
        address: ours(),
        range: range(900, LAST + 1),
        resume: None,
    };
    let error = source.account_page(&request).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Retry);
    let request = AccountRequest {
        range: range(900, 2000),
        resume: Some("somebody else's".to_owned()),
        ..request
    };
    assert!(source.account_page(&request).await.is_err());
}

#[tokio::test]
async fn own_an_index_that_begins_late_says_so() {
    let mut index = busy();
    index.first = 1200;
    index
        .transactions
        .retain(|row| row["mc_block_seqno"].as_u64() >= Some(1200));
    index.transfers.clear();
    let (source, _) = open(index);
    let (_, page) = whole(&*source, range(900, 2000)).await;
    let parts: Vec<Part> = page.gaps.iter().map(|gap| gap.part).collect();
    assert_eq!(parts, [Part::TransferLogs, Part::TopLevel]);
    for gap in &page.gaps {
        assert_eq!(gap.range, range(900, 1199));
        assert!(gap.reason.contains("begins at block 1200"));
    }
}

#[tokio::test]
async fn own_heads_states_and_balances() {
    let (source, _) = open(busy());
    let head = source.head().await.unwrap();
    assert_eq!(head.finalized, Some(Height(LAST)));
    assert_eq!(head.latest.block.height, Height(LAST));
    assert_eq!(head.latest.parent.as_str(), hex::encode(hash(LAST - 1)));
    let header = source.header(Height(1234)).await.unwrap().unwrap();
    assert_eq!(header.block.hash.as_str(), hex::encode(hash(1234)));
    assert_eq!(header.block.time.as_seconds(), 1_700_006_170);
    assert_eq!(source.header(Height(LAST + 1)).await.unwrap(), None);
    let state = source.account(&ours()).await.unwrap();
    assert_eq!(state.code, Code::Contract([5; 32]));
    let ton = NetworkId::new("ton");
    let native = AssetId::native(ton.clone());
    assert_eq!(
        source
            .balance(&ours(), &native)
            .await
            .unwrap()
            .to_base_units(),
        "62709394797"
    );
    let master = MASTER.parse::<RawAddress>().unwrap().address();
    let jetton = AssetId::contract(ton, master.text());
    assert_eq!(
        source
            .balance(&ours(), &jetton)
            .await
            .unwrap()
            .to_base_units(),
        "77"
    );
    let claims = source.token_claims(master.text()).await.unwrap();
    assert_eq!(claims.symbol.as_deref(), Some("USDT"));
    assert_eq!(claims.decimals, Some(6));
    assert!(source.network_cost().await.is_err());
    assert!(source.capabilities().await.unwrap().accounts);
}

#[tokio::test]
async fn own_idle_wallets_are_not_asked() {
    let mut index = busy();
    let idle = "0:7777777777777777777777777777777777777777777777777777777777777777";
    let mut old = wallet(idle, OURS, lt(3, 1));
    old["jetton"] = STRANGER.into();
    index.wallets.push(old);
    let (source, index) = open(index);
    whole(&*source, range(900, 2000)).await;
    let asked = index.asked.lock().unwrap();
    assert!(
        !asked
            .iter()
            .any(|asked| asked.contains("\"account\"") && asked.contains("0:7777"))
    );
}

#[test]
fn own_the_url_may_carry_the_version_or_not() {
    for (url, kind, opens) in [
        ("https://toncenter.example/api/v3", KIND, true),
        ("https://toncenter.example", KIND, true),
        ("https://toncenter.example", "horizon", false),
    ] {
        let settings = SourceSettings::new(NetworkId::new("ton"), "-239", kind, url);
        assert_eq!(recover_chain_ton::open(settings).is_ok(), opens, "{url}");
    }
}

#[tokio::test]
async fn own_a_highload_wallet_pays_many_times_at_once() {
    let mut index = Index::new(LAST);
    let mut call = row(SENDER, SENDER, 0, &Cell::new());
    call["in_msg"]["source"] = Value::Null;
    call["in_msg"]["value"] = Value::Null;
    index.transactions.push(placed(call, 1, 1000, 1));
    let mut hashes = vec![hash(1)];
    for number in 2..202 {
        // Everybody gets a comment; every other payment is ours, all in one block.
        let to = if number % 2 == 0 { OURS } else { STRANGER };
        let body = comment(&number.to_string());
        index
            .transactions
            .push(placed(row(to, SENDER, number, &body), number, 1000, number));
        hashes.push(hash(number));
    }
    index.traces.push((hashes, false));
    let (source, _) = open(index);
    let (credits, _) = whole(&*source, range(900, 2000)).await;
    assert_eq!(credits.len(), 100);
    let memos: Vec<&[u8]> = credits
        .iter()
        .map(|credit| credit.memos[0].raw.as_slice())
        .collect();
    assert_eq!(memos[..3], [b"2".as_slice(), b"4", b"6"]);
    let Lookup::Found(view) = source.transaction(&tx_id(&hash(1))).await.unwrap() else {
        panic!("not found");
    };
    assert_eq!(view.credits.len(), 200);
    let ids: std::collections::BTreeSet<String> = view
        .credits
        .iter()
        .map(|credit| credit.id().to_string())
        .collect();
    assert_eq!(ids.len(), 200);
}
