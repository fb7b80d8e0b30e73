//! Advice, the watch list and the report as somebody types them.

use crate::desk::{Desk, Run, rows};

const ADDRESS: &str = "TGEKXJsqJ2fmEjEW5dFeSs3JbGyRePvumE";
const ID: &str = "2575ee66dde85560c954967bb4c7ee8181d121fbec0c89a39835968cd2f8aa26";

/// The run, with every one of these texts on standard output.
#[track_caller]
fn tells(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(run.out.contains(text), "'{text}' is not in:\n{}", run.out);
    }
}

/// Two deposits that a file alone tells of, on a network that nothing here reads.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk.write(
        "addresses.csv",
        format!("user_id,role,family,value\nU-1,deposit,tron,{ADDRESS}\n"),
    );
    desk.run(&["addresses", "import", "addresses.csv"]).ok();
    desk.write(
        "deposits.csv",
        format!(
            "deposit_id,chain,tx_id,to_address,asset,amount\n\
             D-1,TRC20,{ID},{ADDRESS},USDT,12.5\n\
             D-2,TRC20,{},{ADDRESS},=1+1,7\n",
            ID.replace('2', "3")
        ),
    );
    desk.run(&["deposits", "import", "deposits.csv"]).ok();
    desk
}

#[test]
fn own_advice_stands_on_the_page_of_a_deposit() {
    let desk = desk();
    tells(
        &desk.run(&["deposits", "show", "D-1"]).ok(),
        &[
            "advice       wait_for_source: Wait:",
            "costs      Waiting costs nothing",
            "careful    Do not send it again.",
            "never      Give nobody a recovery phrase",
        ],
    );
    let shown = desk.json(&["deposits", "show", "D-1"]);
    let advice = &shown["advice"][0];
    assert_eq!(advice["code"], "wait_for_source");
    assert_eq!(advice["trigger"], "recoverable");
    let do_not = advice["do_not"].as_str().unwrap();
    assert!(do_not.contains("private key"), "{do_not}");
    assert_eq!(shown["watch"].as_array().unwrap().len(), 0);
}

#[test]
fn own_the_watch_list_takes_what_fits_and_refuses_nonsense() {
    let desk = desk();
    let add = ["--as", "ana", "watch", "add", "D-1"];
    desk.run(&["watch", "add", "D-1"])
        .exits(2)
        .says(&["--as PERSON"]);
    tells(
        &desk.run(&[&add[..], &["--dry-run"]].concat()).ok(),
        &["nothing was kept"],
    );
    desk.run(&["watch", "list"]).ok().says(&["(none)"]);
    tells(&desk.run(&add).ok(), &["D-1 is watched until"]);
    tells(
        &desk.run(&add).ok(),
        &["is watched already", "nothing was changed"],
    );
    for (more, code, says) in [
        (&["--for", "tomorrow"][..], 2, "network_reopened"),
        (&["--recheck", "tomorrow"], 2, "2027-01-31"),
        (&["--recheck", "2020-01-01"], 3, "is over"),
        (&["--for", "date"], 3, "--recheck"),
        (&["--for", "factory_in_place"], 3, "no contract of ours"),
        (
            &["--for", "network_cost_below", "--ceiling", "1e9"],
            2,
            "plain decimal",
        ),
        (&["--appeal", "A-0"], 2, "A-0"),
    ] {
        desk.run(&[&add[..], more].concat())
            .exits(code)
            .says(&[says]);
    }
    desk.run(&["--as", "ana", "watch", "add", "D-0"]).exits(2);
    let listed = rows(desk.json(&["watch", "list"]));
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["trigger"], "recoverable");
    assert_eq!(listed[0]["created_by"], "ana");
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let shown = desk.json(&["deposits", "show", "D-1"]);
    assert_eq!(shown["watch"][0]["id"], id.as_str());
    // Nothing came: a run fires nothing.
    let night = desk.run(&["--format", "json", "reconcile", "--offline"]);
    tells(&night, &["\"watch_fired\": 0"]);
    let drop = ["--as", "ana", "watch", "drop", &id, "--reason", "no more"];
    tells(&desk.run(&drop).ok(), &["watched no more"]);
    desk.run(&drop).exits(3).says(&["ended before"]);
    desk.run(&["watch", "list"]).ok().says(&["(none)"]);
    assert_eq!(rows(desk.json(&["watch", "list", "--all"])).len(), 1);
}

#[test]
fn own_the_report_counts_an_unknown_value_apart() {
    let desk = desk();
    tells(
        &desk.run(&["report"]).ok(),
        &[
            "source",
            "tron",
            "unknown",
            "2 (2 without a value, 2 lack the network too)",
            "for 1: a reader for tron",
            "1 customers, 2 deposits, 2 of them without a known value",
        ],
    );
    let report = desk.json(&["report"]);
    assert_eq!(report["rows"][0]["missing"], "source");
    assert_eq!(report["rows"][0]["value"], "0.00");
    assert_eq!(report["rows"][0]["without_value"], 2);
    assert_eq!(report["totals"]["deposits"], 2);
    desk.run(&["report", "--limit", "0"])
        .ok()
        .says(&["1 more rows are there"]);
    tells(
        &desk.run(&["--format", "csv", "report"]).ok(),
        &["rank,missing,subject", "1,source,tron,tron,0.00,1,2,2,2,2,"],
    );
}
