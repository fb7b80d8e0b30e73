//! Which letters a word is made of, found in one pass.

/// Classes of letters: a word's shape holds a class when all its letters belong to it.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    all: u8,
    any: u8,
    is_alphanumeric: bool,
}

const DIGIT: u8 = 1;
const HEX: u8 = 2;
const BASE58: u8 = 4;
const UPPER: u8 = 8;
const LOWER: u8 = 16;
const BASE64: u8 = 32;
const BASE32: u8 = 64;
const ASCII: u8 = 128;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut place = 0;
    let mut byte = 0u8;
    while place < 256 {
        let mut class = 0;
        if byte.is_ascii_digit() {
            class |= DIGIT | BASE64;
        }
        if byte.is_ascii_hexdigit() {
            class |= HEX;
        }
        if byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l') {
            class |= BASE58;
        }
        if byte.is_ascii_uppercase() {
            class |= UPPER | BASE64;
        }
        if byte.is_ascii_lowercase() {
            class |= LOWER | BASE64;
        }
        if matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=') {
            class |= BASE64;
        }
        if byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7') {
            class |= BASE32;
        }
        if byte.is_ascii() {
            class |= ASCII;
        }
        table[place] = class;
        place += 1;
        byte = byte.wrapping_add(1);
    }
    table
}

impl Shape {
    pub(super) fn of(text: &str) -> Self {
        let mut shape = Self {
            all: 255,
            any: 0,
            is_alphanumeric: true,
        };
        for byte in text.bytes() {
            let class = CLASSES.get(usize::from(byte)).copied().unwrap_or_default();
            shape.all &= class;
            shape.any |= class;
            shape.is_alphanumeric &= class & (DIGIT | UPPER | LOWER) != 0;
        }
        shape
    }

    const fn all(self, class: u8) -> bool {
        self.all & class != 0
    }

    pub(super) const fn is_ascii(self) -> bool {
        self.all(ASCII)
    }

    pub(super) const fn is_digits(self) -> bool {
        self.all(DIGIT)
    }

    pub(super) const fn is_hex(self) -> bool {
        self.all(HEX)
    }

    pub(super) const fn is_alphanumeric(self) -> bool {
        self.is_alphanumeric
    }

    pub(super) const fn is_base64(self) -> bool {
        self.all(BASE64)
    }

    pub(super) const fn is_base32(self) -> bool {
        self.all(BASE32)
    }

    /// None of the four letters that base58 leaves out.
    pub(super) const fn is_base58(self) -> bool {
        self.all(BASE58)
    }

    /// Letters and digits both.
    pub(super) const fn has_both(self) -> bool {
        self.any & DIGIT != 0 && self.any & (UPPER | LOWER) != 0
    }

    /// Letters and digits both, or letters in a disorder that no word has.
    pub(super) fn is_disordered(self, text: &str) -> bool {
        let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
        self.has_both() || capitals >= 4 && self.any & LOWER != 0
    }

    /// Small or capital letters, not both.
    pub(super) const fn is_one_case(self) -> bool {
        self.any & UPPER == 0 || self.any & LOWER == 0
    }
}

/// Where the data of a bech32 address begins, less its separator: the length of the name before the last `1` that has
/// letters only before it.
pub(super) fn bech32_name(text: &str) -> Option<usize> {
    let place = text.find('1')?;
    let name = text.get(..place)?;
    ((2..=10).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then_some(place)
}

/// Names before the `1` that a damaged address is believed with.
pub(super) fn is_known_bech32(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "bc", "ltc", "cosmos", "osmo", "kava", "celestia", "inj", "sei", "dydx", "terra", "juno",
        "axelar", "noble", "stride", "addr", "bnb", "thor", "akash", "dym",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What TON's user-friendly addresses begin with.
pub(super) fn is_ton_start(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'E' | b'U' | b'k' | b'0', b'Q', ..] | [b'E' | b'U' | b'k' | b'0', b'f', ..]
    )
}

/// `a54631e4-641a-4844-af82-c14155cc0050`: how platforms number their own records.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
