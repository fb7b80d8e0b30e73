//! Bags of cells: the bytes in which TON writes everything down, read only.
//!
//! A cell holds up to 1023 bits and four references to other cells; its hash covers all of it, so that a body can be held
//! against the hash that its message states (TON whitepaper §3.1, `boc.tlb` of the node). Pruned branches and proofs are refused:
//! no answer of ours has them.

use recover_core::amount::Amount;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use crate::address::RawAddress;

/// Cells in one bag at most: a message of the network is bounded by 8,192.
const CELLS_MAX: usize = 65_536;
/// Cells below one another at most; the network's own limit is 512 for messages.
const DEPTH_MAX: u16 = 1024;

/// Bytes that are no bag of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BocError {
    /// The text is neither base64 nor hexadecimal digits.
    #[error("cells are written in base64 or hexadecimal digits, and this is neither")]
    Text,
    /// It does not begin as a bag of cells does.
    #[error("the bytes do not begin as a bag of cells does")]
    Magic,
    /// It ends too early, or says more than it holds.
    #[error("the bag of cells is cut or counts wrong")]
    Cut,
    /// The checksum at its end does not match.
    #[error("the bag of cells has a bad checksum")]
    Checksum,
    /// References lead backwards, too deep, or out of the bag.
    #[error("the cells refer to one another in a way that no cells can")]
    References,
    /// Pruned branches or proofs.
    #[error("the bag holds proofs or pruned branches, which are not read")]
    Exotic,
    /// More cells than are read.
    #[error("the bag holds more than {CELLS_MAX} cells")]
    TooLarge,
}

/// One cell with all below it.
#[derive(Debug, PartialEq, Eq)]
pub struct Cell {
    data: Vec<u8>,
    bits: usize,
    references: Vec<Arc<Cell>>,
    hash: [u8; 32],
    depth: u16,
}

impl Cell {
    /// The hash of the cell and of everything below it.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// How many bits of its own it holds.
    #[must_use]
    pub const fn bits(&self) -> usize {
        self.bits
    }

    /// A reader at its first bit.
    #[must_use]
    pub fn slice(self: &Arc<Self>) -> Slice {
        Slice {
            cell: Arc::clone(self),
            bit: 0,
            reference: 0,
        }
    }
}

/// Reads the first cell of a bag written in base64 (either alphabet) or hexadecimal digits.
///
/// # Errors
/// When the text or its bytes are no bag of cells.
pub fn read_text(text: &str) -> Result<Arc<Cell>, BocError> {
    let trimmed = text.trim();
    let bytes = if trimmed
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("b5ee9c72"))
    {
        hex::decode(trimmed).ok()
    } else {
        crate::address::decode_base64(trimmed)
    };
    read(&bytes.ok_or(BocError::Text)?)
}

/// Reads the first cell of a bag.
///
/// # Errors
/// When the bytes are no bag of cells.
pub fn read(bytes: &[u8]) -> Result<Arc<Cell>, BocError> {
    let mut input = Input(bytes);
    if input.take(4)? != [0xb5, 0xee, 0x9c, 0x72] {
        return Err(BocError::Magic);
    }
    let flags = input.number(1)?;
    let has_index = flags & 0x80 != 0;
    let has_checksum = flags & 0x40 != 0;
    let size = flags & 0x07;
    let offset_size = input.number(1)?;
    if !(1..=4).contains(&size) || !(1..=8).contains(&offset_size) {
        return Err(BocError::Cut);
    }
    if has_checksum {
        let (body, stated) = bytes.split_last_chunk::<4>().ok_or(BocError::Cut)?;
        if crc32c(body) != u32::from_le_bytes(*stated) {
            return Err(BocError::Checksum);
        }
    }
    let count = input.number(size)?;
    let roots = input.number(size)?;
    let _absent = input.number(size)?;
    let _total = input.number(offset_size)?;
    if count > CELLS_MAX {
        return Err(BocError::TooLarge);
    }
    if roots == 0 || roots > count {
        return Err(BocError::Cut);
    }
    let root = input.number(size)?;
    for _ in 1..roots {
        input.number(size)?;
    }
    if has_index {
        input.take(count.checked_mul(offset_size).ok_or(BocError::Cut)?)?;
    }
    let mut raw = Vec::with_capacity(count);
    for index in 0..count {
        raw.push(RawCell::read(&mut input, index, count, size)?);
    }
    // References lead forwards only, so that the last cell has none and every hash is ready when it is needed.
    let mut built: Vec<Arc<Cell>> = Vec::with_capacity(count);
    for cell in raw.into_iter().rev() {
        let references = cell
            .references
            .iter()
            .map(|index| {
                let from_end = count.checked_sub(1)?.checked_sub(*index)?;
                built.get(from_end).map(Arc::clone)
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(BocError::References)?;
        built.push(Arc::new(cell.build(references)?));
    }
    let from_end = count
        .checked_sub(1)
        .and_then(|last| last.checked_sub(root))
        .ok_or(BocError::References)?;
    built
        .get(from_end)
        .map(Arc::clone)
        .ok_or(BocError::References)
}

struct RawCell {
    descriptors: [u8; 2],
    data: Vec<u8>,
    bits: usize,
    references: Vec<usize>,
}

impl RawCell {
    fn read(
        input: &mut Input<'_>,
        index: usize,
        count: usize,
        size: usize,
    ) -> Result<Self, BocError> {
        let [first, second] = *input.take(2)? else {
            return Err(BocError::Cut);
        };
        let references = usize::from(first & 0x07);
        let is_exotic = first & 0x08 != 0;
        let level = first >> 5;
        if references > 4 {
            return Err(BocError::References);
        }
        if level != 0 {
            return Err(BocError::Exotic);
        }
        if first & 0x10 != 0 {
            // Stored hash and depth: recomputed instead.
            input.take(34)?;
        }
        let data = input.take(usize::from(second).div_ceil(2))?.to_vec();
        // 2 is a reference to a library, an ordinary cell as far as its hash goes.
        if is_exotic && data.first() != Some(&2) {
            return Err(BocError::Exotic);
        }
        let bits = if second % 2 == 0 {
            data.len() * 8
        } else {
            let last = data.last().copied().filter(|last| *last != 0);
            let unused = last.ok_or(BocError::Cut)?.trailing_zeros() as usize + 1;
            data.len() * 8 - unused
        };
        let references = (0..references)
            .map(|_| input.number(size))
            .collect::<Result<Vec<_>, _>>()?;
        if references.iter().any(|to| *to <= index || *to >= count) {
            return Err(BocError::References);
        }
        Ok(Self {
            descriptors: [first & 0x0f, second],
            data,
            bits,
            references,
        })
    }

    fn build(self, references: Vec<Arc<Cell>>) -> Result<Cell, BocError> {
        let cell = self.built(references);
        if cell.depth > DEPTH_MAX {
            return Err(BocError::References);
        }
        Ok(cell)
    }

    fn built(self, references: Vec<Arc<Cell>>) -> Cell {
        let depth = references
            .iter()
            .map(|cell| cell.depth.saturating_add(1))
            .max()
            .unwrap_or(0);
        let mut hasher = Sha256::new();
        hasher.update(self.descriptors);
        hasher.update(&self.data);
        for reference in &references {
            hasher.update(reference.depth.to_be_bytes());
        }
        for reference in &references {
            hasher.update(reference.hash);
        }
        Cell {
            data: self.data,
            bits: self.bits,
            references,
            hash: hasher.finalize().into(),
            depth,
        }
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BocError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BocError::Cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<usize, BocError> {
        self.take(bytes)?.iter().try_fold(0_usize, |number, byte| {
            number
                .checked_mul(256)
                .map(|number| number | usize::from(*byte))
                .ok_or(BocError::TooLarge)
        })
    }
}

/// CRC-32C (Castagnoli), as the end of a bag carries it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 0 {
                crc >> 1
            } else {
                (crc >> 1) ^ 0x82f6_3b78
            }
        })
    })
}

/// A reader inside one cell: bits and references in order. `None` means that there is less than asked for.
#[derive(Debug, Clone)]
pub struct Slice {
    cell: Arc<Cell>,
    bit: usize,
    reference: usize,
}

impl Slice {
    /// How many bits are left.
    #[must_use]
    pub fn bits_left(&self) -> usize {
        self.cell.bits.saturating_sub(self.bit)
    }

    /// How many references are left.
    #[must_use]
    pub fn references_left(&self) -> usize {
        self.cell.references.len().saturating_sub(self.reference)
    }

    /// The next bit.
    pub fn bit(&mut self) -> Option<bool> {
        if self.bits_left() == 0 {
            return None;
        }
        let byte = self.cell.data.get(self.bit / 8)?;
        let bit = byte >> (7 - self.bit % 8) & 1 == 1;
        self.bit += 1;
        Some(bit)
    }

    /// The next `bits` (64 at most) as an unsigned number.
    pub fn number(&mut self, bits: usize) -> Option<u64> {
        if bits > 64 || self.bits_left() < bits {
            return None;
        }
        (0..bits).try_fold(0, |number, _| Some(number << 1 | u64::from(self.bit()?)))
    }

    /// The next `count` whole bytes.
    pub fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        if self.bits_left() < count.checked_mul(8)? {
            return None;
        }
        (0..count)
            .map(|_| self.number(8).and_then(|byte| u8::try_from(byte).ok()))
            .collect()
    }

    /// The next 256 bits.
    pub fn hash(&mut self) -> Option<[u8; 32]> {
        self.bytes(32)?.try_into().ok()
    }

    /// Passes over `bits`.
    pub fn skip(&mut self, bits: usize) -> Option<()> {
        (self.bits_left() >= bits).then(|| self.bit += bits)
    }

    /// The next referenced cell.
    pub fn reference(&mut self) -> Option<Arc<Cell>> {
        let cell = self.cell.references.get(self.reference)?;
        self.reference += 1;
        Some(Arc::clone(cell))
    }

    /// An optional referenced cell: a bit that says whether, then the reference.
    pub fn maybe_reference(&mut self) -> Option<Option<Arc<Cell>>> {
        if self.bit()? {
            self.reference().map(Some)
        } else {
            Some(None)
        }
    }

    /// `VarUInteger`: a length in bytes of `length_bits` bits, then so many bytes. Coins and jetton amounts have 4.
    pub fn amount(&mut self, length_bits: usize) -> Option<Amount> {
        let length = usize::try_from(self.number(length_bits)?).ok()?;
        let bytes = self.bytes(length)?;
        let mut wide = [0; 32];
        wide.get_mut(32_usize.checked_sub(length)?..)?
            .copy_from_slice(&bytes);
        Some(Amount::from_be_bytes(wide))
    }

    /// An address; the inner `None` where the field names nobody, or something that is no account of ours to know (an address
    /// outside of TON, or of variable length).
    pub fn address(&mut self) -> Option<Option<RawAddress>> {
        match self.number(2)? {
            0 => Some(None),
            1 => {
                let length = usize::try_from(self.number(9)?).ok()?;
                self.skip(length)?;
                Some(None)
            }
            2 => {
                self.anycast()?;
                let workchain = u8::try_from(self.number(8)?).ok()?;
                Some(Some(RawAddress {
                    workchain: i8::from_be_bytes([workchain]),
                    hash: self.hash()?,
                }))
            }
            _ => {
                self.anycast()?;
                let length = usize::try_from(self.number(9)?).ok()?;
                self.skip(32)?;
                self.skip(length)?;
                Some(None)
            }
        }
    }

    fn anycast(&mut self) -> Option<()> {
        if self.bit()? {
            let depth = usize::try_from(self.number(5)?).ok()?;
            self.skip(depth)?;
        }
        Some(())
    }

    /// The rest as text goes through cells: the bytes here, then those of the first reference, and so on. `None` where a
    /// cell does not end on a whole byte.
    #[must_use]
    pub fn snake(mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            if !self.bits_left().is_multiple_of(8) {
                return None;
            }
            text.extend(self.bytes(self.bits_left() / 8)?);
            match self.reference() {
                Some(next) => self = next.slice(),
                None => return Some(text),
            }
        }
    }

    /// The rest as a cell of its own: what a body is that stands inside its message.
    #[must_use]
    pub fn into_cell(mut self) -> Arc<Cell> {
        let mut references = Vec::new();
        while let Some(cell) = self.reference() {
            references.push(cell);
        }
        let bits = self.bits_left();
        let mut data = self.rest();
        let mut second = bits / 8 * 2;
        if !bits.is_multiple_of(8) {
            second += 1;
            // The bit behind the last one marks the end.
            if let Some(last) = data.last_mut() {
                *last |= 0x80 >> (bits % 8);
            }
        }
        let raw = RawCell {
            descriptors: [
                u8::try_from(references.len()).unwrap_or(u8::MAX),
                u8::try_from(second).unwrap_or(u8::MAX),
            ],
            data,
            bits,
            references: Vec::new(),
        };
        Arc::new(raw.built(references))
    }

    /// The rest of this cell's own bits as bytes, the last one filled with zeros.
    #[must_use]
    pub fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.bits_left() > 0 {
            let count = self.bits_left().min(8);
            let Some(byte) = self.number(count).and_then(|byte| u8::try_from(byte).ok()) else {
                break;
            };
            bytes.push(byte << (8 - count));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The body of the message in fixtures/ton/gem_transaction_bounced.json, with the hash that stands beside it there.
    const CLAIM: &str = "te6cckEBAQEACwAAEgAAAABjbGFpbVz+4mA=";
    const CLAIM_HASH: &str = "U11EUUVUruA2wJo5Bj/oeMowpQy5tfj28ewk8T4xaek=";

    #[test]
    fn recorded_a_body_has_its_hash_and_its_text() {
        let cell = read_text(CLAIM).unwrap();
        assert_eq!(crate::address::base64_text(&cell.hash()), CLAIM_HASH);
        let mut slice = cell.slice();
        assert_eq!(slice.number(32), Some(0));
        assert_eq!(slice.snake().unwrap(), b"claim");
        // The empty body that wallets send.
        let empty = read_text("te6cckEBAQEAAgAAAEysuc0=").unwrap();
        assert_eq!(empty.bits(), 0);
        assert_eq!(
            crate::address::base64_text(&empty.hash()),
            "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c="
        );
    }

    #[test]
    fn own_changed_bytes_are_refused() {
        let mut bytes = crate::address::decode_base64(CLAIM).unwrap();
        *bytes.get_mut(18).unwrap() ^= 1;
        assert_eq!(read(&bytes), Err(BocError::Checksum));
        assert_eq!(read(b""), Err(BocError::Cut));
        assert_eq!(read(b"abcd1234"), Err(BocError::Magic));
        assert_eq!(read_text("%%%"), Err(BocError::Text));
        // A cell that refers to itself.
        let looped = hex::decode("b5ee9c7201010101000300010000").unwrap();
        assert_eq!(read(&looped), Err(BocError::References));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes: Vec<u8>, start in 0_usize..3) {
            let _ = read(&bytes);
            let head: &[u8] = match start {
                0 => &[0xb5, 0xee, 0x9c, 0x72, 0x01, 0x01, 0x02, 0x01, 0x00, 0x10, 0x00],
                1 => &[0xb5, 0xee, 0x9c, 0x72, 0x81, 0x02, 0x01, 0x01, 0x00],
                _ => &[0xb5, 0xee, 0x9c, 0x72],
            };
            bytes.splice(0..0, head.iter().copied());
            if let Ok(cell) = read(&bytes) {
                let mut slice = cell.slice();
                let _ = slice.clone().snake();
                let _ = slice.clone().rest();
                let _ = slice.address();
                let _ = slice.amount(4);
            }
        }
    }
}
