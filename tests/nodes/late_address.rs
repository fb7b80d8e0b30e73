//! An address imported after its network was scanned: a gap that the next scan reads back.

use crate::plain::Plain;
use crate::world::{START, address, rfc3339};

#[test]
fn an_address_imported_late_opens_a_gap_that_the_scan_fills() {
    let mut plain = Plain::start("confirmations", 4);
    let known = plain.pay(1);
    let late = plain.pay(20);
    plain.anvil.mine(6);
    plain.scan();
    assert!(plain.stored().contains(&known));
    assert!(!plain.stored().contains(&late), "nobody knew the address");
    assert_eq!(plain.scan()["blocks_read"], 0);

    plain.book.issue(20);
    plain.import();
    let report = plain.scan();
    assert!(report["blocks_read"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(plain.deposit(&late)["status"], "open");
    assert_eq!(
        plain.desk.deposits().len(),
        2,
        "and the first was not doubled"
    );
    assert_eq!(plain.scan()["blocks_read"], 0);
    // The same file again opens nothing.
    plain.import();
    assert_eq!(plain.scan()["blocks_read"], 0);
}

#[test]
fn the_gap_goes_back_to_the_day_of_issue_only() {
    let mut plain = Plain::start("confirmations", 4);
    plain.anvil.mine(100);
    let before_issue = plain.pay(20);
    plain.anvil.mine(100);
    let after_issue = plain.pay(20);
    plain.anvil.mine(6);
    plain.scan();
    // Issued between the two payments.
    let created = rfc3339(START + 12 * 150);
    let row = format!(
        "U-1020,deposit_address,evm,{},ethereum,{created},,eoa",
        address(20)
    );
    plain.book.addresses.push(row);
    plain.import();
    let report = plain.scan();
    let read = report["blocks_read"].as_u64().unwrap();
    let since = plain.anvil.height() - 150;
    assert!(
        read >= since && read < since + 20,
        "{read} blocks were read, {since} are asked for"
    );
    assert!(plain.stored().contains(&after_issue));
    assert!(
        !plain.stored().contains(&before_issue),
        "older than the address"
    );
}

#[test]
fn a_scan_goes_on_where_the_last_one_ended() {
    let plain = Plain::start("confirmations", 4);
    plain.pay(1);
    plain.anvil.mine(30);
    let first = plain.scan()["blocks_read"].as_u64().unwrap();
    assert!(first >= 31);
    let tx = plain.pay(2);
    plain.anvil.mine(4);
    assert_eq!(plain.scan()["blocks_read"], 5);
    assert!(plain.stored().contains(&tx));
}
