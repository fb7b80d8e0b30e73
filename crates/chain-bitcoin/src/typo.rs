//! Which character of a text is wrong, where its checksum can tell.
//!
//! The checksums of bech32 and of cashaddr are remainders of a polynomial over GF(32), and linear: a wrong letter adds its error
//! times a power of x to the remainder, whatever the other letters are. Within the length of an address two single errors never
//! add the same (BIP-173, "Checksum design"), so that the one that explains the remainder is found without trying texts. Two wrong
//! letters may look like another single one: what is named is the place to look at first, never what should stand there.

use bech32::primitives::checksum::{Checksum, PackedFe32 as _};

/// The place, from 0, of the one letter that explains why a text of so many letters leaves this remainder; `None` where no single
/// one does, or the text is right.
pub(crate) fn wrong_letter<Code: Checksum>(
    residue: Code::MidstateRepr,
    letters: usize,
) -> Option<usize> {
    let one = Code::MidstateRepr::ONE;
    // The trait has no other zero.
    let zero = one ^ Code::MidstateRepr::ONE;
    let syndrome = residue ^ Code::TARGET_RESIDUE;
    for error in 1..32 {
        let mut added = zero;
        added.mul_by_x_then_add(Code::CHECKSUM_LENGTH, error);
        for place in (0..letters).rev() {
            if added == syndrome {
                return Some(place);
            }
            let high = added.mul_by_x_then_add(Code::CHECKSUM_LENGTH, 0);
            for (bit, generator) in Code::GENERATOR_SH.iter().enumerate() {
                if high & (1 << bit) != 0 {
                    added = added ^ *generator;
                }
            }
        }
    }
    None
}
