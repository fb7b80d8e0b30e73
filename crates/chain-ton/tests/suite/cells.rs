//! Bags of cells for tests: written here, since the crate only reads them.

use base64::Engine;
use recover_chain_ton::address::RawAddress;

/// A cell that is being written.
#[derive(Clone, Default)]
pub struct Cell {
    bits: Vec<bool>,
    references: Vec<Cell>,
}

impl Cell {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn number(mut self, value: u128, bits: usize) -> Self {
        self.bits
            .extend((0..bits).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    pub fn bytes(self, bytes: &[u8]) -> Self {
        bytes
            .iter()
            .fold(self, |cell, byte| cell.number((*byte).into(), 8))
    }

    pub fn reference(mut self, cell: Cell) -> Self {
        self.references.push(cell);
        self
    }

    /// `VarUInteger 16`.
    pub fn coins(self, value: u128) -> Self {
        let length = (128 - value.leading_zeros()).div_ceil(8) as usize;
        self.number(length as u128, 4).number(value, length * 8)
    }

    pub fn address(self, address: Option<&str>) -> Self {
        let Some(text) = address else {
            return self.number(0, 2);
        };
        let raw: RawAddress = text.parse().unwrap();
        self.number(0b100, 3)
            .bytes(&raw.workchain.to_be_bytes())
            .bytes(&raw.hash)
    }

    /// A bag in base64, without index and checksum.
    pub fn text(&self) -> String {
        let mut cells = Vec::new();
        self.list(&mut cells);
        let mut body = Vec::new();
        let mut next = 1_u8;
        // Breadth first: children stand behind their parent, in one row.
        for cell in &cells {
            let bits = cell.bits.len();
            body.push(cell.references.len() as u8);
            body.push((bits / 8 + bits.div_ceil(8)) as u8);
            let mut padded = cell.bits.clone();
            if bits % 8 != 0 {
                padded.push(true);
            }
            for chunk in padded.chunks(8) {
                let byte = chunk
                    .iter()
                    .enumerate()
                    .fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at));
                body.push(byte);
            }
            for _ in &cell.references {
                body.push(next);
                next += 1;
            }
        }
        let mut bag = vec![0xb5, 0xee, 0x9c, 0x72, 1, 2, cells.len() as u8, 1, 0];
        bag.extend((body.len() as u16).to_be_bytes());
        bag.push(0);
        bag.extend(body);
        base64::engine::general_purpose::STANDARD.encode(bag)
    }

    fn list<'a>(&'a self, cells: &mut Vec<&'a Cell>) {
        let mut queue = std::collections::VecDeque::from([self]);
        while let Some(cell) = queue.pop_front() {
            cells.push(cell);
            queue.extend(&cell.references);
        }
    }
}

/// A comment.
pub fn comment(text: &str) -> Cell {
    Cell::new().number(0, 32).bytes(text.as_bytes())
}

/// What a jetton wallet gets from another: everything before the payload.
pub fn internal_transfer(query: u64, amount: u128, from: Option<&str>) -> Cell {
    Cell::new()
        .number(0x178d_4519, 32)
        .number(query.into(), 64)
        .coins(amount)
        .address(from)
        .address(None)
        .coins(1)
}

/// What a jetton wallet tells its owner: everything before the payload.
pub fn notification(query: u64, amount: u128, from: &str) -> Cell {
    Cell::new()
        .number(0x7362_d09c, 32)
        .number(query.into(), 64)
        .coins(amount)
        .address(Some(from))
}
