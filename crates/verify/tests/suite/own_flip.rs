//! Damage: whatever letter of a package changes, it is the same package or it is refused.

use crate::cases;
use crate::world::{now, roster_text};
use proptest::prelude::*;
use recover_verify::{PackageFile, verify};

/// The same, or refused.
fn holds(text: &str, changed: &[u8]) -> Result<(), TestCaseError> {
    let changed = String::from_utf8_lossy(changed);
    if verify(&changed, &roster_text(), now()).is_ok() {
        prop_assert_eq!(PackageFile::parse(&changed), PackageFile::parse(text));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn own_a_changed_byte_is_the_same_package_or_none(
        package in 0..12_usize,
        position in any::<prop::sample::Index>(),
        bits in 1..=255_u8,
    ) {
        let text = cases::all().swap_remove(package).text();
        let mut changed = text.clone().into_bytes();
        changed[position.index(text.len())] ^= bits;
        holds(&text, &changed)?;
    }

    #[test]
    fn own_a_range_taken_out_or_written_twice_is_the_same_package_or_none(
        package in 0..12_usize,
        from in any::<prop::sample::Index>(),
        length in 1..200_usize,
        twice in any::<bool>(),
    ) {
        let text = cases::all().swap_remove(package).text();
        let bytes = text.as_bytes();
        let from = from.index(bytes.len());
        let to = (from + length).min(bytes.len());
        let middle = if twice { bytes[from..to].repeat(2) } else { Vec::new() };
        let changed = [&bytes[..from], &middle, &bytes[to..]].concat();
        holds(&text, &changed)?;
    }
}

/// One package, every byte of it, one bit after the other.
#[test]
fn own_a_bit_of_every_byte_of_a_package() {
    let text = cases::all().swap_remove(5).text();
    let mut refused = 0_usize;
    for position in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[position] ^= 1 << (position % 8);
        // What is no UTF-8 any more is no text of JSON either, in the place of that byte.
        let changed = String::from_utf8_lossy(&changed);
        match PackageFile::parse(&changed) {
            Ok(file) => assert_eq!(Ok(file), PackageFile::parse(&text), "byte {position}"),
            Err(_) => refused += 1,
        }
    }
    // The line end behind the last brace may become another blank.
    assert!(refused >= text.len() - 1, "{refused}");
    println!("{refused} of {} changed bytes refused", text.len());
}
