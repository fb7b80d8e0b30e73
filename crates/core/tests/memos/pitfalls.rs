//! The pitfalls of memo networks as far as they are judgement.

use crate::world::{COSMOS, STELLAR, TAG, ask, of, row, told};
use recover_core::claim::Resolution;
use recover_core::kind::Kind;
use recover_core::memo::{Memo, MemoKind, MemoSign, MemoStanding, place};
use recover_core::verdict::{Missing, Verdict};

fn tag(tag: u32) -> Memo {
    Memo::tag(tag, place::DESTINATION_TAG)
}

#[test]
fn pitfall_067_no_tag_zero_the_largest_and_past_the_largest_are_four_things() {
    let book = [row("0", "zero"), row("4294967295", "largest")];
    let cases = [
        (Memo::absent(place::DESTINATION_TAG), "missing - - [absent]"),
        (tag(0), "good zero - [exact]"),
        (tag(u32::MAX), "good largest - [exact]"),
        // No tag can be so large: a source that says so is not believed, and nobody is named.
        (
            of(MemoKind::Tag, b"4294967296", place::DESTINATION_TAG),
            "unassigned - largest [too_long one_digit_off]",
        ),
    ];
    for (memo, expected) in cases {
        assert_eq!(told(&ask(&TAG, &[memo], &book, &[])), expected);
    }
    let unassigned = [row("123456", "A")];
    for (value, sign) in [(0, MemoSign::Zero), (u32::MAX, MemoSign::Unassigned)] {
        let finding = ask(&TAG, &[tag(value)], &unassigned, &[]);
        assert_eq!(finding.standing, MemoStanding::Unassigned, "{value}");
        assert!(finding.has(sign), "{value}");
    }
}

#[test]
fn pitfall_074_a_tag_one_digit_off_pays_nobody() {
    let one = [row("123456", "A"), row("999999", "B")];
    let finding = ask(&TAG, &[tag(123_457)], &one, &[]);
    assert_eq!(finding.standing, MemoStanding::Unassigned);
    assert_eq!(
        (finding.owner.as_deref(), finding.proposed.as_deref()),
        (None, Some("A"))
    );

    let two = [row("123456", "A"), row("123458", "B")];
    let finding = ask(&TAG, &[tag(123_457)], &two, &[]);
    assert_eq!((&finding.owner, &finding.proposed), (&None, &None));
    assert_eq!(finding.named().into_iter().collect::<Vec<_>>(), ["A", "B"]);

    // The slip meets another live user: their money or the sender's, and only a person says which.
    let hit = ask(&TAG, &[tag(123_458)], &two, &["A"]);
    assert_eq!(hit.standing, MemoStanding::OfAnotherUser);
    assert!(hit.is_disputed());
    assert_eq!((&hit.owner, &hit.proposed), (&None, &None));
    let verdict = Verdict::Conditional(Missing::OwnerDisputed);
    assert_eq!(
        Resolution::proposed(Kind::MemoOfAnotherUser, &verdict),
        Resolution::Manual
    );
}

#[test]
fn pitfall_075_ids_texts_and_hashes_are_told_apart() {
    let stellar = |memo: Memo, book: &[_]| told(&ask(&STELLAR, &[memo], book, &[]));
    let largest = [row("18446744073709551615", "A")];
    assert_eq!(
        stellar(Memo::id(u64::MAX, place::MEMO), &largest),
        "good A - [exact]"
    );

    // 28 bytes fit and 29 do not, counted in bytes: nine characters of three bytes and one letter are 28.
    let fits = format!("{}x", "語".repeat(9));
    let past = format!("{fits}y");
    assert_eq!((fits.len(), past.len()), (28, 29));
    let text = |text: &str| Memo::text(text.as_bytes(), place::MEMO);
    let book = [row(&fits, "A"), row(&past, "B")];
    assert_eq!(stellar(text(&fits), &book), "good A - [exact]");
    assert_eq!(stellar(text(&past), &book), "unassigned - B [too_long]");

    let digest = "0f".repeat(32);
    let both = |kind| of(kind, &[0x0f; 32], place::MEMO);
    let book = [
        row(&format!("hash:{digest}"), "A"),
        row(&format!("return:{digest}"), "B"),
    ];
    assert_eq!(
        stellar(both(MemoKind::Return), &book[..1]),
        "in_wrong_field - A [wrong_type unassigned]"
    );
    assert_eq!(stellar(both(MemoKind::Hash), &book), "good A - [exact]");
    assert_eq!(stellar(both(MemoKind::Return), &book), "good B - [exact]");

    let number = [row("123", "A")];
    assert_eq!(
        stellar(text("123"), &number),
        "in_wrong_field - A [wrong_type unassigned]"
    );
    let both = [row("id:123", "A"), row("text:123", "B")];
    assert_eq!(stellar(text("123"), &both), "good B - [exact]");
    assert_eq!(
        stellar(Memo::id(123, place::MEMO), &both),
        "good A - [exact]"
    );
}

#[test]
fn pitfall_080_numbers_blanks_and_zeros_in_a_text_memo() {
    let book = [row("00123", "A"), row("456", "B")];
    let cosmos = |text: &str| {
        told(&ask(
            &COSMOS,
            &[Memo::text(text.as_bytes(), place::MEMO)],
            &book,
            &[],
        ))
    };
    assert_eq!(cosmos("00123"), "good A - [exact]");
    assert_eq!(cosmos("123"), "unassigned - A [leading_zeros unassigned]");
    assert_eq!(cosmos("0456"), "unassigned - B [leading_zeros unassigned]");
    assert_eq!(cosmos(" 456"), "unassigned - B [trimmed unassigned]");
    assert_eq!(cosmos(" "), "missing - - [blank]");
}
