//! Cells of TON: enough to write a message's body, its hash and its bag.

use super::encode::sha256;

/// A cell under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    bits: Vec<bool>,
    references: Vec<Cell>,
}

/// The most bytes of text that a cell takes behind a 32-bit operation.
const TEXT_MAX: usize = 120;

impl Cell {
    pub(crate) fn new() -> Cell {
        Cell::default()
    }

    /// The same with the lowest `count` bits of a number behind it.
    pub(crate) fn number(mut self, value: u128, count: u32) -> Cell {
        self.bits
            .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// The same with these bytes behind it.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Cell {
        bytes
            .iter()
            .fold(self, |cell, byte| cell.number(u128::from(*byte), 8))
    }

    /// An amount: the number of its bytes in four bits, then the bytes.
    pub(crate) fn coins(self, amount: u128) -> Cell {
        let count = (128 - amount.leading_zeros()).div_ceil(8);
        self.number(u128::from(count), 4).number(amount, count * 8)
    }

    /// An account of workchain 0.
    pub(crate) fn account(self, account: &[u8; 32]) -> Cell {
        self.number(0b100, 3).number(0, 8).bytes(account)
    }

    /// A cell under this one.
    pub(crate) fn reference(mut self, cell: Cell) -> Cell {
        self.references.push(cell);
        self
    }

    /// Text, going on in cells below where it is long.
    pub(crate) fn text(self, text: &[u8]) -> Cell {
        match text.split_at_checked(TEXT_MAX) {
            Some((here, rest)) if !rest.is_empty() => {
                self.bytes(here).reference(Cell::new().text(rest))
            }
            _ => self.bytes(text),
        }
    }

    fn data(&self) -> Vec<u8> {
        let mut bits = self.bits.clone();
        if !bits.len().is_multiple_of(8) {
            bits.push(true);
            bits.resize(bits.len().next_multiple_of(8), false);
        }
        bits.chunks(8)
            .map(|byte| {
                byte.iter()
                    .fold(0, |value, bit| value << 1 | u8::from(*bit))
            })
            .collect()
    }

    fn descriptors(&self) -> [u8; 2] {
        let bits = self.bits.len();
        assert!(bits <= 1023 && self.references.len() <= 4, "a cell is full");
        let size = bits / 8 + bits.div_ceil(8);
        [
            u8::try_from(self.references.len()).expect("at most four"),
            u8::try_from(size).expect("at most 255"),
        ]
    }

    fn depth(&self) -> u16 {
        self.references
            .iter()
            .map(|cell| cell.depth() + 1)
            .max()
            .unwrap_or(0)
    }

    /// The hash of its representation.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut bytes = self.descriptors().to_vec();
        bytes.extend(self.data());
        for cell in &self.references {
            bytes.extend(cell.depth().to_be_bytes());
        }
        for cell in &self.references {
            bytes.extend(cell.hash());
        }
        sha256(&bytes)
    }

    /// It and everything below it as a bag of cells with a checksum.
    pub(crate) fn bag(&self) -> Vec<u8> {
        let mut cells = Vec::new();
        self.lay_out(&mut cells);
        let mut body = Vec::new();
        for (cell, below) in &cells {
            body.extend(cell.descriptors());
            body.extend(cell.data());
            body.extend(
                below
                    .iter()
                    .map(|place| u8::try_from(*place).expect("few cells")),
            );
        }
        let count = u8::try_from(cells.len()).expect("few cells");
        let mut bag = vec![0xb5, 0xee, 0x9c, 0x72, 0x41, 2, count, 1, 0];
        bag.extend(
            u16::try_from(body.len())
                .expect("a short body")
                .to_be_bytes(),
        );
        bag.push(0);
        bag.extend(body);
        bag.extend(crc32c(&bag).to_le_bytes());
        bag
    }

    /// Puts itself and what is below it behind `cells`, parents first, with the places of the children.
    fn lay_out<'a>(&'a self, cells: &mut Vec<(&'a Cell, Vec<usize>)>) -> usize {
        let place = cells.len();
        cells.push((self, Vec::new()));
        for cell in &self.references {
            let below = cell.lay_out(cells);
            cells[place].1.push(below);
        }
        place
    }
}

/// CRC-32C.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 0 {
                crc >> 1
            } else {
                crc >> 1 ^ 0x82f6_3b78
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::omnibus::encode::base64;

    fn account(text: &str) -> [u8; 32] {
        hex::decode(text)
            .expect("hexadecimal")
            .try_into()
            .expect("32 bytes")
    }

    #[test]
    fn recorded_comment_has_its_hash_and_checksum() {
        // Mainnet, the message with the comment "claim" of 30 July 2025.
        let cell = Cell::new().number(0, 32).text(b"claim");
        let hash = "U11EUUVUruA2wJo5Bj/oeMowpQy5tfj28ewk8T4xaek=";
        assert_eq!(base64(&cell.hash()), hash);
        // The recorded bag counts with one byte where ours counts with two, so its checksum is held against its own bytes.
        let recorded =
            hex::decode("b5ee9c7241010101000b00001200000000636c61696d").expect("hexadecimal");
        assert_eq!(crc32c(&recorded).to_le_bytes(), [0x5c, 0xfe, 0xe2, 0x60]);
        let bag = cell.bag();
        let (body, check) = bag.split_at(bag.len() - 4);
        assert_eq!(check, crc32c(body).to_le_bytes());
        assert_eq!(&body[body.len() - 11..], &recorded[recorded.len() - 11..]);
    }

    #[test]
    fn recorded_internal_transfer_has_its_hash() {
        // Mainnet, masterchain block 51319006; its comment stands in a cell below.
        let from = account("A323C91C2B0630EF5FBAE55C571BDAC067112D9F2A18B54F944B58AC807B3A8A");
        let rest = account("DFBD5BE8497FDC0C9FCBDFC676864840DDF8AD6423D6D5657D9B0E8270D6C8AC");
        let cell = Cell::new()
            .number(0x178d_4519, 32)
            .number(0, 64)
            .coins(28_900_000_000)
            .account(&from)
            .account(&rest)
            .coins(1)
            .number(1, 1)
            .reference(Cell::new().number(0, 32).text(b"78450979"));
        let hash = "fwhfw+RVmEhQPiVM+pgy1bYRhMvStF83Oc/XNaCx9xU=";
        assert_eq!(base64(&cell.hash()), hash);
    }
}
