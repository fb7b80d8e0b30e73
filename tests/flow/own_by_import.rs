//! Tron and Solana: deposits come by import, whatever form their texts have, and every command that would read the network says
//! that it is not read.

use crate::desk::{Desk, rows};

const TRON_ADDRESS: &str = "TGEKXJsqJ2fmEjEW5dFeSs3JbGyRePvumE";
const TRON_NODE_FORM: &str = "4144b7acf40c0c36e4b1f9ec9a5a73d8dc6e5b1a2f";
const TRON_ID: &str = "2575ee66dde85560c954967bb4c7ee8181d121fbec0c89a39835968cd2f8aa26";
const SOLANA_ADDRESS: &str = "BYAg3AhXufBjxgUzKS7xYYJA2M8jd32bRKEDesXiLedY";
const SOLANA_ID: &str =
    "5GyTQUMiJjRXZqJxvhHGKy2FhCyd4jmaStD5eqvhQ4cikBVJ4wggMPGc5VGUmC157yArXXYvp3CdQgFs1KKPht18";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk.write(
        "addresses.csv",
        format!(
            "user_id,role,family,value\n\
             U-1,deposit,tron,{TRON_ADDRESS}\n\
             U-2,deposit,tron,{TRON_NODE_FORM}\n\
             U-3,deposit,solana,{SOLANA_ADDRESS}\n\
             U-4,deposit,tron,TGEKXJsqJ2fmEjEW5dFeSs3JbGyRePvumF\n"
        ),
    );
    desk.run(&["addresses", "import", "addresses.csv"])
        .exits(1)
        .says(&["1 rows were rejected", "line 5", "checksum"]);
    desk.write(
        "deposits.csv",
        format!(
            "deposit_id,chain,tx_id,to_address,asset,amount\n\
             D-1,TRC20,{},{TRON_ADDRESS},USDT,12.5\n\
             D-2,SOL,{SOLANA_ID},{SOLANA_ADDRESS},USDC,7\n\
             D-3,TRON,{TRON_ID},{TRON_ADDRESS},TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T,1\n\
             D-4,SOL,{TRON_ID},{SOLANA_ADDRESS},SOL,1\n",
            TRON_ID.to_uppercase()
        ),
    );
    desk.run(&["deposits", "import", "deposits.csv"])
        .exits(1)
        .says(&["line 5", "64 bytes in base58"]);
    desk
}

#[test]
fn imported_texts_are_checked_and_have_one_form() {
    let desk = desk();
    let book = rows(desk.json(&["addresses", "list"]));
    let values: Vec<&str> = book
        .iter()
        .filter_map(|row| row["value"].as_str())
        .collect();
    assert_eq!(values.len(), 3, "{values:?}");
    assert!(
        values.iter().all(|value| !value.starts_with("41")),
        "{values:?}"
    );
    let deposits = rows(desk.json(&["deposits", "list"]));
    let of = |network: &str| {
        let mut found = deposits.iter().filter(|row| row["network"] == network);
        found.next().unwrap_or_else(|| panic!("{deposits:?}"))
    };
    assert_eq!(of("tron")["tx_id"], TRON_ID);
    assert_eq!(
        of("tron")["asset"],
        "tron/contract:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
    );
    assert_eq!(of("solana")["tx_id"], SOLANA_ID);
    assert_eq!(
        of("solana")["asset"],
        "solana/contract:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    );
}

#[test]
fn a_scan_says_that_the_network_is_by_import_only() {
    let desk = desk();
    for network in ["solana", "tron", "TRC20"] {
        desk.run(&["scan", "--network", network]).exits(1).says(&[
            "is by import only: nothing in this build reads its blocks",
            "recover deposits import",
        ]);
        let checked = desk
            .run(&["chains", "check", "--network", network])
            .exits(4);
        assert!(checked.out.contains("is by import only"), "{}", checked.out);
    }
    let known = std::fs::read_to_string(desk.path("chains.toml")).unwrap();
    let source = "[[network.tron.source]]\nkind = \"json_rpc\"\nurl = \"https://node.example\"\nrequests_per_second = 1\n";
    desk.write("chains.toml", format!("{known}\n{source}"));
    desk.run(&["chains", "list"]).exits(1).says(&[
        "[network.tron.source] kind",
        "family tron are by import only",
    ]);
}

#[test]
fn a_diagnosis_shows_what_was_imported_and_who_was_not_asked() {
    let desk = desk();
    for (text, network) in [(TRON_ID, "tron"), (SOLANA_ID, "solana")] {
        let found = desk.json(&["diagnose", text, "--network", network]);
        assert_eq!(found["networks"][0]["answer"], "by_import", "{found}");
        assert_eq!(found["network"], network, "{found}");
        assert_eq!(found["deposits"][0]["tx_id"], text, "{found}");
    }
    // An id that no file named: nobody says that it does not exist.
    let other = SOLANA_ID.replace("t18", "t19");
    let page = desk.run(&["diagnose", &other]).ok().out;
    for part in [
        "NOTHING FOUND",
        "by import only",
        "no imported deposit has this",
        "recover deposits import",
    ] {
        assert!(page.contains(part), "{part}:\n{page}");
    }
    let page = desk
        .run(&[
            "diagnose",
            &TRON_ID.replace("aa26", "aa27"),
            "--network",
            "tron",
        ])
        .ok()
        .out;
    assert!(page.contains("by_import"), "{page}");
}

#[test]
fn a_diagnosis_says_where_a_typo_cannot_be_told() {
    let desk = desk();
    let other = SOLANA_ADDRESS.replace("edY", "edZ");
    let page = desk.run(&["diagnose", &other]).ok().out;
    assert!(page.contains("carry no checksum"), "{page}");
    desk.run(&["diagnose", "TGEKXJsqJ2fmEjEW5dFeSs3JbGyRePvumF"])
        .exits(2)
        .says(&["bad checksum"]);
    // The form of a node and the form that is given out are one address.
    let ours = desk.json(&["diagnose", TRON_NODE_FORM]);
    assert_eq!(ours["subject"], "address");
    assert!(ours["id"].as_str().unwrap().starts_with('T'), "{ours}");
}
