//! One row, one way to get a routing field wrong, on each kind of network.

use crate::world::{
    COSMOS, STELLAR, TAG, TON, ask, bytes32, closed, later, of, retired, row, told,
};
use recover_core::memo::{AssignedMemo, Memo, MemoKind, MemoRules, MemoSign, place};
use std::collections::BTreeSet;

/// Name, network, fields, users of the sender, and `standing owner proposed [signs]`.
type Row = (
    &'static str,
    &'static MemoRules,
    Vec<Memo>,
    &'static [&'static str],
    &'static str,
);

/// Users A and B are live, C's account is closed, D's value is retired, E's is retired and the account closed, F came later,
/// G and H have one value, A and B one number in two spellings, and Z was given zero on Stellar.
fn book() -> Vec<AssignedMemo> {
    let both = "ab".repeat(32);
    vec![
        row("123456", "A"),
        row("777000", "B"),
        row("00420", "A"),
        closed(row("500500", "C")),
        retired("600600", "D"),
        closed(retired("610610", "E")),
        later("900900", "F"),
        row("800800", "G"),
        row("800800", "H"),
        row("kraken-7", "A"),
        row("text:31337", "B"),
        row(&both, "A"),
        row(
            "return:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            "B",
        ),
        row("id:0", "Z"),
        row("111222", "A"),
        row("00111222", "B"),
        row("333444", "A"),
        row("0333444", "A"),
        row("18446744073709551615", "B"),
    ]
}

fn tag(tag: u32) -> Memo {
    Memo::tag(tag, place::DESTINATION_TAG)
}

fn no_tag() -> Memo {
    Memo::absent(place::DESTINATION_TAG)
}

fn note(text: &str) -> Memo {
    Memo::text(text.as_bytes(), "memos[0].data")
}

fn text(text: &str) -> Memo {
    Memo::text(text.as_bytes(), place::MEMO)
}

fn id(id: u64) -> Memo {
    Memo::id(id, place::MEMO)
}

fn muxed(id: u64) -> Memo {
    Memo::id(id, place::MUXED_ID)
}

fn comment(text: &str) -> Memo {
    Memo::text(text.as_bytes(), place::COMMENT)
}

#[rustfmt::skip] // A table.
fn rows() -> Vec<Row> {
    let hash = |raw: &[u8]| of(MemoKind::Hash, raw, place::MEMO);
    let returned = |raw: &[u8]| of(MemoKind::Return, raw, place::MEMO);
    vec![
        // A destination tag.
        ("an assigned tag", &TAG, vec![tag(123_456)], &[], "good A - [exact]"),
        ("an assigned tag from its user's known sender", &TAG, vec![tag(123_456)], &["A"], "good A - [exact]"),
        ("an assigned tag from a shared wallet", &TAG, vec![tag(123_456)], &["B", "C"], "good A - [exact]"),
        ("an assigned tag from another user's known sender", &TAG, vec![tag(123_456)], &["B"], "of_another_user - - [exact of_another_user]"),
        ("an assigned tag, and prose in the Memos field", &TAG, vec![tag(123_456), note("rent for May")], &[], "good A - [exact]"),
        ("an assigned tag, and another user's in the Memos field", &TAG, vec![tag(123_456), note("777000")], &[], "good A - [exact]"),
        ("no tag", &TAG, vec![no_tag()], &[], "missing - - [absent]"),
        ("no field at all from the source", &TAG, vec![], &[], "missing - - [absent]"),
        ("no tag, prose in the Memos field", &TAG, vec![no_tag(), note("thank you")], &[], "missing - - [absent]"),
        ("tag zero, which nobody has", &TAG, vec![tag(0)], &[], "unassigned - - [zero]"),
        ("a tag of nobody", &TAG, vec![tag(31_415_926)], &[], "unassigned - - [unassigned]"),
        ("the largest tag", &TAG, vec![tag(u32::MAX)], &[], "unassigned - - [unassigned]"),
        ("a tag in the Memos field", &TAG, vec![no_tag(), note("123456")], &[], "in_wrong_field - A [absent in_other_field]"),
        ("tag zero, the right one in the Memos field", &TAG, vec![tag(0), note("123456")], &[], "in_wrong_field - A [zero in_other_field]"),
        ("a tag of nobody, the right one in the Memos field", &TAG, vec![tag(31_415_926), note("123456")], &[], "in_wrong_field - A [in_other_field unassigned]"),
        ("a label before it in the Memos field", &TAG, vec![no_tag(), note("Tag: 123456")], &[], "in_wrong_field - A [absent labelled in_other_field]"),
        ("two users in the Memos field's two notes", &TAG, vec![no_tag(), note("123456"), note("777000")], &[], "missing - - [absent in_other_field]"),
        ("a number past 32 bits in the Memos field", &TAG, vec![no_tag(), note("9999999999")], &[], "missing - - [absent]"),
        ("a tag in the invoice id as a number", &TAG, vec![no_tag(), of(MemoKind::Hash, &bytes32(&123_456u64.to_be_bytes()), "invoice_id")], &[], "in_wrong_field - A [absent wrong_type in_other_field]"),
        ("a tag in the Memos field from another user's known sender", &TAG, vec![no_tag(), note("123456")], &["B"], "in_wrong_field - - [absent in_other_field of_another_user]"),
        ("one digit other", &TAG, vec![tag(123_457)], &[], "unassigned - A [unassigned one_digit_off]"),
        ("one digit left out", &TAG, vec![tag(12_345)], &[], "unassigned - A [unassigned one_digit_off]"),
        ("one digit too many", &TAG, vec![tag(1_234_566)], &[], "unassigned - A [unassigned one_digit_off]"),
        ("two digits swapped", &TAG, vec![tag(132_456)], &[], "unassigned - A [unassigned one_digit_off]"),
        ("two digits other", &TAG, vec![tag(123_467)], &[], "unassigned - - [unassigned]"),
        ("one digit off a closed account", &TAG, vec![tag(500_501)], &[], "unassigned - - [unassigned]"),
        ("one digit off a retired value", &TAG, vec![tag(600_601)], &[], "unassigned - - [unassigned]"),
        ("one digit off, from another user's known sender", &TAG, vec![tag(123_457)], &["B"], "unassigned - - [unassigned one_digit_off]"),
        ("one digit off, from that user's known sender", &TAG, vec![tag(123_457)], &["A"], "unassigned - A [unassigned one_digit_off]"),
        ("zeros that the book keeps and a tag cannot", &TAG, vec![tag(420)], &[], "unassigned - A [leading_zeros unassigned]"),
        ("the tag of a closed account", &TAG, vec![tag(500_500)], &[], "good C - [exact closed_account]"),
        ("a retired tag", &TAG, vec![tag(600_600)], &[], "unassigned - D [retired_value]"),
        ("a retired tag of a closed account", &TAG, vec![tag(610_610)], &[], "good E - [retired_value closed_account]"),
        ("a tag that was given out afterwards", &TAG, vec![tag(900_900)], &[], "unassigned - - [unassigned assigned_later]"),
        ("a tag that the book gives to two users", &TAG, vec![tag(800_800)], &[], "unassigned - - [several_owners]"),
        ("a tag that the book gives to two users in two spellings", &TAG, vec![tag(111_222)], &[], "unassigned - - [several_owners]"),
        ("a tag that the book gives to one user in two spellings", &TAG, vec![tag(333_444)], &[], "good A - [exact]"),
        ("words of which zeros in front are a part", &COSMOS, vec![text("111222")], &[], "good A - [exact]"),

        // A memo or a muxed account.
        ("an assigned id", &STELLAR, vec![id(123_456)], &[], "good A - [exact]"),
        ("an assigned id in the muxed account", &STELLAR, vec![Memo::absent(place::MEMO), muxed(123_456)], &[], "good A - [exact]"),
        ("the same id in both", &STELLAR, vec![id(123_456), muxed(123_456)], &[], "good A - [exact]"),
        ("two users in memo and muxed account", &STELLAR, vec![id(123_456), muxed(777_000)], &[], "unassigned - - [values_conflict exact]"),
        ("a note beside a muxed account", &STELLAR, vec![text("rent"), muxed(123_456)], &[], "unassigned - - [values_conflict exact]"),
        ("an empty memo beside a muxed account", &STELLAR, vec![text(""), muxed(123_456)], &[], "good A - [exact]"),
        ("digits as text where an id was issued", &STELLAR, vec![text("123456")], &[], "in_wrong_field - A [wrong_type unassigned]"),
        ("an id where text was issued", &STELLAR, vec![id(31_337)], &[], "in_wrong_field - B [wrong_type unassigned]"),
        ("text where text was issued", &STELLAR, vec![text("31337")], &[], "good B - [exact]"),
        ("words as issued", &STELLAR, vec![text("kraken-7")], &[], "good A - [exact]"),
        ("words in capitals", &STELLAR, vec![text("KRAKEN-7")], &[], "unassigned - A [other_case unassigned]"),
        ("no memo", &STELLAR, vec![Memo::absent(place::MEMO)], &[], "missing - - [absent]"),
        ("an empty memo", &STELLAR, vec![text("")], &[], "missing - - [empty]"),
        ("a memo of blanks", &STELLAR, vec![text("  \u{3000} ")], &[], "missing - - [blank]"),
        ("a memo of characters that nobody sees", &STELLAR, vec![text("\u{200b}\u{feff}")], &[], "missing - - [blank]"),
        ("id zero, which somebody has", &STELLAR, vec![id(0)], &[], "good Z - [exact]"),
        ("text zero where id zero was issued", &STELLAR, vec![text("0")], &[], "in_wrong_field - Z [zero wrong_type]"),
        ("an assigned hash", &STELLAR, vec![hash(&[0xab; 32])], &[], "good A - [exact]"),
        ("an assigned hash sent as a return", &STELLAR, vec![returned(&[0xab; 32])], &[], "in_wrong_field - A [wrong_type unassigned]"),
        ("an assigned return", &STELLAR, vec![returned(&[0xcd; 32])], &[], "good B - [exact]"),
        ("a number at the end of a hash", &STELLAR, vec![hash(&bytes32(&123_456u64.to_be_bytes()))], &[], "in_wrong_field - A [wrong_type unassigned]"),
        ("text filled up to a hash", &STELLAR, vec![hash(b"kraken-7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")], &[], "in_wrong_field - A [wrong_type unassigned]"),
        ("a hash of nobody", &STELLAR, vec![hash(&[7; 32])], &[], "unassigned - - [unassigned]"),
        ("a hash of zeros", &STELLAR, vec![hash(&[0; 32])], &[], "in_wrong_field - Z [zero wrong_type]"),
        ("29 bytes where 28 fit", &STELLAR, vec![text("123456-and-some-further-words")], &[], "in_wrong_field - A [too_long labelled wrong_type]"),
        ("the largest id", &STELLAR, vec![id(u64::MAX)], &[], "good B - [exact]"),
        ("one past the largest id", &STELLAR, vec![text("18446744073709551616")], &[], "unassigned - B [unassigned one_digit_off]"),

        // Text.
        ("an assigned memo", &COSMOS, vec![text("123456")], &[], "good A - [exact]"),
        ("zeros in front as issued", &COSMOS, vec![text("00420")], &[], "good A - [exact]"),
        ("zeros in front left out", &COSMOS, vec![text("420")], &[], "unassigned - A [leading_zeros unassigned]"),
        ("zeros in front that were not issued", &COSMOS, vec![text("000123456")], &[], "unassigned - A [leading_zeros unassigned]"),
        ("blanks around it", &COSMOS, vec![text(" 123456\n")], &[], "unassigned - A [trimmed unassigned]"),
        ("quotes around it", &COSMOS, vec![text("\"123456\"")], &[], "unassigned - A [trimmed unassigned]"),
        ("blanks between its digits", &COSMOS, vec![text("123 456")], &[], "unassigned - A [grouped_digits unassigned]"),
        ("strokes between its digits", &COSMOS, vec![text("123-456")], &[], "unassigned - A [grouped_digits unassigned]"),
        ("full-width digits", &COSMOS, vec![text("１２３４５６")], &[], "unassigned - A [folded_digits unassigned]"),
        ("Arabic-Indic digits", &COSMOS, vec![text("١٢٣٤٥٦")], &[], "unassigned - A [folded_digits unassigned]"),
        ("Persian digits", &COSMOS, vec![text("۱۲۳۴۵۶")], &[], "unassigned - A [folded_digits unassigned]"),
        ("Devanagari digits", &COSMOS, vec![text("१२३४५६")], &[], "unassigned - A [folded_digits unassigned]"),
        ("full-width digits in blanks", &COSMOS, vec![text("\u{3000}１２３４５６ ")], &[], "unassigned - A [trimmed folded_digits unassigned]"),
        ("a character without width inside", &COSMOS, vec![text("123\u{200b}456")], &[], "unassigned - A [invisible_characters unassigned]"),
        ("a mark that turns the direction of writing", &COSMOS, vec![text("\u{202e}123456")], &[], "unassigned - A [invisible_characters unassigned]"),
        ("a label before it", &COSMOS, vec![text("memo: 123456")], &[], "unassigned - A [labelled unassigned]"),
        ("a Chinese label before it", &COSMOS, vec![text("备注：123456")], &[], "unassigned - A [folded_digits labelled unassigned]"),
        ("a label before words", &COSMOS, vec![text("Memo kraken-7")], &[], "unassigned - A [labelled unassigned]"),
        ("one number in a sentence", &COSMOS, vec![text("please credit 123456 thanks")], &[], "unassigned - A [labelled unassigned]"),
        ("two numbers in a sentence", &COSMOS, vec![text("order 5 for 123456")], &[], "unassigned - - [unassigned]"),
        ("zero", &COSMOS, vec![text("0")], &[], "unassigned - - [zero]"),
        ("two zeros", &COSMOS, vec![text("00")], &[], "unassigned - - [zero]"),
        ("257 characters", &COSMOS, vec![Memo::text("x".repeat(257).as_bytes(), place::MEMO)], &[], "unassigned - - [too_long]"),
        ("bytes that are no text", &COSMOS, vec![of(MemoKind::Bytes, &[0xff, 0xfe, 0x01], place::MEMO)], &[], "unassigned - - [unreadable]"),
        ("the relayer's memo beside a packet's", &COSMOS, vec![text("hermes 1.7.1"), Memo::text(b"123456", place::PACKET_MEMO)], &[], "good A - [exact]"),
        ("the relayer's memo beside a packet without one", &COSMOS, vec![text("hermes 1.7.1"), Memo::absent(place::PACKET_MEMO)], &[], "missing - - [absent]"),
        ("the value in the transaction's memo instead of the packet's", &COSMOS, vec![text("123456"), Memo::absent(place::PACKET_MEMO)], &[], "in_wrong_field - A [absent in_other_field]"),

        // Comments.
        ("an assigned comment", &TON, vec![comment("123456")], &[], "good A - [exact]"),
        ("an encrypted comment", &TON, vec![of(MemoKind::Encrypted, &[1, 2, 3], place::COMMENT)], &[], "unassigned - - [encrypted]"),
        ("an empty comment", &TON, vec![comment("")], &[], "missing - - [empty]"),
        ("a jetton's forwarded comment", &TON, vec![Memo::text(b"123456", place::FORWARD_PAYLOAD)], &[], "good A - [exact]"),
        ("a jetton without a forwarded comment", &TON, vec![Memo::absent(place::FORWARD_PAYLOAD)], &[], "missing - - [absent]"),
        ("the comment in the custom payload", &TON, vec![Memo::absent(place::FORWARD_PAYLOAD), Memo::text(b"123456", "custom_payload")], &[], "in_wrong_field - A [absent in_other_field]"),
        ("text as bytes of an operation", &TON, vec![of(MemoKind::Bytes, b"123456", place::COMMENT)], &[], "in_wrong_field - A [wrong_type unassigned]"),
        ("a comment of another user's known sender", &TON, vec![comment("777000")], &["A"], "of_another_user - - [exact of_another_user]"),
        ("a long story that ends in a number", &TON, vec![Memo::text(format!("{} 123456", "so ".repeat(300)).as_bytes(), place::COMMENT)], &[], "unassigned - - [unassigned]"),
        ("a NUL, which no database takes", &TON, vec![comment("123456\0")], &[], "unassigned - A [invisible_characters unassigned]"),
    ]
}

#[test]
fn every_row_is_judged_as_written() {
    let book = book();
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    let mut signs = BTreeSet::new();
    for (name, rules, memos, senders, expected) in rows() {
        assert!(names.insert(name), "{name} is there twice");
        let finding = ask(rules, &memos, &book, senders);
        assert!(
            !finding.evidence.is_empty(),
            "{name}: nothing to read aloud"
        );
        assert!(finding.evidence.is_sorted(), "{name}");
        signs.extend(finding.evidence.iter().map(|evidence| evidence.sign));
        let found = told(&finding);
        if found != expected {
            wrong.push(format!("{name}: expected {expected}, got {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(names.len() >= 60, "only {} rows", names.len());
    for sign in MemoSign::ALL {
        // The ledger says it, not the fields.
        let is_of_fields = *sign != MemoSign::BookedToAnother;
        assert_eq!(signs.contains(sign), is_of_fields, "{sign}");
    }
}

#[test]
fn a_value_is_judged_as_it_was_assigned_at_the_time() {
    let handed_on = [retired("42", "old"), row("42", "new")];
    assert_eq!(
        told(&ask(&TAG, &[tag(42)], &handed_on, &[])),
        "good new - [exact]"
    );
    let given_later = [retired("42", "old"), later("42", "new")];
    assert_eq!(
        told(&ask(&TAG, &[tag(42)], &given_later, &[])),
        "unassigned - old [retired_value]"
    );
}

#[test]
fn evidence_names_place_value_and_user() {
    let finding = ask(&TAG, &[no_tag(), note(" 123456 ")], &book(), &[]);
    let evidence = finding
        .evidence
        .iter()
        .find(|evidence| evidence.sign == MemoSign::InOtherField)
        .expect("it stands in another field");
    assert_eq!(evidence.place, "memos[0].data");
    assert_eq!(evidence.value, " 123456 ");
    assert_eq!(evidence.assigned.as_deref(), Some("123456"));
    assert_eq!(evidence.user.as_deref(), Some("A"));
    assert_eq!(finding.named(), BTreeSet::from(["A"]));
}
