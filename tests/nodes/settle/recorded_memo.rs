//! Recorded mainnet transactions of networks that route by memo, to accounts that we call ours, from what a customer pastes to the
//! booking. The answers are those of the demo; here they come over HTTP to the built program.

use recover_testkit::omnibus::Api;
use recover_testkit::{FaultyServer, Response};
use serde_json::{Value, json};

use crate::desk::{rows, workspace};
use crate::settle::memo::chains;
use crate::settle::office::Office;

fn fixture(name: &str) -> String {
    let path = workspace("fixtures/demo/memo").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What asks for an answer, a word that the question holds, and the body.
type Answer = (String, String, String);

/// The recorded answers and what the server says of itself around them.
fn server(network: &str, recorded: &[(&str, &str, &str)]) -> FaultyServer {
    let mut answers: Vec<Answer> = recorded
        .iter()
        .map(|(ask, about, file)| ((*ask).to_owned(), (*about).to_owned(), fixture(file)))
        .collect();
    let around: Value = serde_json::from_str(&fixture("around.json")).unwrap();
    for frame in around[network].as_array().unwrap() {
        let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        answers.push((text("ask"), text("about"), frame["answer"].to_string()));
    }
    FaultyServer::start(move |request| {
        let method = request.json()["method"].as_str().map(str::to_owned);
        let ask = method.unwrap_or_else(|| request.path.trim_end_matches('/').to_owned());
        let question = format!(
            "{} {}",
            decoded(&request.query),
            String::from_utf8_lossy(&request.body)
        );
        let found = answers
            .iter()
            .find(|(asks, about, _)| *asks == ask && question.contains(about));
        match found {
            Some((_, _, body)) => Response::status(200).with_body("application/json", body.clone()),
            // What was not recorded is history that this server does not keep.
            None if ask == "ledger" => Response::json(&json!({"result": {
                "error": "lgrNotFound", "error_code": 21, "error_message": "ledgerNotFound", "status": "error"
            }})),
            None => Response::status(404).with_body("application/json", r#"{"error":"not found"}"#),
        }
    })
}

/// A query without its percent signs.
fn decoded(query: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = query.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A desk on recorded answers, whose account is the one that was paid; nobody's memo is known.
fn desk(api: Api, network: &str, server: &FaultyServer) -> Office {
    let office = Office::new();
    office.configure(&chains(api, &server.url()), &[]);
    let book = fixture("addresses.csv");
    let own = format!(",omnibus,{network},");
    let lines: Vec<&str> = book
        .lines()
        .enumerate()
        .filter(|(number, line)| *number == 0 || line.starts_with(&own))
        .map(|(_, line)| line)
        .collect();
    let ledger = format!(
        "id,kind,time,time_to,user_id,network,tx_id,asset,amount_base\n\
         C-0,coverage,2012-01-01T00:00:00Z,2100-01-01T00:00:00Z,,{network},,,\n"
    );
    office.import_book(&format!("{}\n", lines.join("\n")), &ledger);
    // Half a million lumens, a drop of XRP: no story here is about a limit of a day, or about dust.
    let price = match network {
        "stellar" => "0.05",
        "xrpl" => "50000.00",
        _ => "50.00",
    };
    office.price(&format!("{network}/native"), price);
    office.import_prices();
    office
}

/// Takes the one stored deposit of a kind to its booking for a user whom a person named.
fn is_booked(office: &Office, network: &str, kind: &str) {
    let found = rows(office.desk.json(&["deposits", "list", "--kind", kind]));
    let native = format!("{network}/native");
    let of_coin = |row: &&Value| row["asset"] == native.as_str() && row["status"] == "open";
    let row = found.iter().find(of_coin);
    let row = row.unwrap_or_else(|| panic!("{kind}: {found:?}"));
    let deposit = row["id"].as_str().unwrap();
    let appeal = office.desk.vouched("bruno", "U-7009", deposit, None);
    let opened = office.claim("ana", &["claims", "open", deposit, "--appeal", &appeal]);
    assert_eq!(opened["resolution"], "ledger_credit", "{opened}");
    let id = opened["id"].as_str().unwrap();
    office.put_up(id);
    office.vote(id);
    let booked = office.book(id);
    assert_eq!(
        booked[0][1..4],
        ["credit", "U-7009", &native].map(str::to_owned)
    );
    let sum: u128 = booked
        .iter()
        .map(|row| row[4].parse::<u128>().unwrap())
        .sum();
    assert_eq!(row["amount"], sum.to_string());
    office.is_settled(id);
}

#[test]
fn recorded_xrp_without_a_tag_is_booked() {
    let server = server("xrpl", &[("account_tx", "", "xrpl_account_tx.json")]);
    let office = desk(Api::Rippled, "xrpl", &server);
    let scan = ["scan", "--from", "32570", "--to", "98408868"];
    office.desk.run(&scan).ok();
    is_booked(&office, "xrpl", "memo_missing");
}

#[test]
fn recorded_toncoin_without_a_comment_is_booked() {
    let id = "hMCQ9yMCBW5DgV0L0Uebz3xIBJfDp4nIvzTlRaIFwpY=";
    let server = server(
        "ton",
        &[("/api/v3/transactions", id, "ton_no_comment.json")],
    );
    let office = desk(Api::Toncenter, "ton", &server);
    office.desk.run(&["diagnose", id]).ok();
    is_booked(&office, "ton", "memo_missing");
}

#[test]
fn recorded_lumens_without_a_memo_are_booked() {
    let id = "2912d519b2c2174b0147a9e02208f3ed14820228913142f8c6a5cd360783c029";
    let path = format!("/transactions/{id}");
    let operations = format!("{path}/operations");
    let recorded = [
        (path.as_str(), "", "stellar_transaction.json"),
        (operations.as_str(), "", "stellar_operations.json"),
    ];
    let server = server("stellar", &recorded);
    let office = desk(Api::Horizon, "stellar", &server);
    office.desk.run(&["diagnose", id]).ok();
    is_booked(&office, "stellar", "memo_missing");
}

#[test]
fn recorded_atoms_with_nobodys_memo_are_booked() {
    let id = "BC5E330F0AFA34489B9796E8101A2B027CC8AE8E820AFC7901C3C1E75C2895DD";
    let path = format!("/cosmos/tx/v1beta1/txs/{id}");
    let server = server("cosmos", &[(path.as_str(), "", "cosmos_tx.json")]);
    let office = desk(Api::CosmosRest, "cosmos", &server);
    office.desk.run(&["diagnose", id]).ok();
    is_booked(&office, "cosmos", "memo_unknown");
}
