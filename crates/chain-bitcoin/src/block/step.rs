//! Stepping over a transaction without taking it apart: most of a block concerns nobody here.

use super::Dialect;

/// What is wrong with bytes that are stepped over.
pub type Fault = &'static str;

const SHORT: Fault = "it ends too early";

struct Steps<'a> {
    rest: &'a [u8],
}

impl<'a> Steps<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (byte, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*byte)
    }

    /// A number of one, three, five or nine bytes, in the shortest form that holds it.
    fn count(&mut self) -> Result<usize, Fault> {
        let first = self.byte()?;
        let (width, least) = match first {
            0xfd => (2, 0xfd),
            0xfe => (4, 0x1_0000),
            0xff => (8, 0x1_0000_0000),
            small => return Ok(usize::from(small)),
        };
        let mut number = [0; 8];
        let taken = self.take(width)?;
        number.get_mut(..width).ok_or(SHORT)?.copy_from_slice(taken);
        let number = u64::from_le_bytes(number);
        if number < least {
            return Err("a number in a longer form than it needs");
        }
        usize::try_from(number).map_err(|_| SHORT)
    }

    fn script(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count()?;
        self.take(length)
    }

    fn inputs(&mut self, count: usize) -> Result<(), Fault> {
        for _ in 0..count {
            self.take(36)?;
            self.script()?;
            self.take(4)?;
        }
        Ok(())
    }

    fn outputs(&mut self, see: &mut impl FnMut(&[u8])) -> Result<(), Fault> {
        for _ in 0..self.count()? {
            self.take(8)?;
            see(self.script()?);
        }
        Ok(())
    }
}

/// Steps over the transaction at the head of the bytes and shows the script of each of its outputs. Gives its length.
///
/// # Errors
/// What is wrong, as far as it was looked at.
pub fn over(bytes: &[u8], dialect: Dialect, see: &mut impl FnMut(&[u8])) -> Result<usize, Fault> {
    let mut steps = Steps { rest: bytes };
    let version = steps.take(4)?;
    let mut inputs = steps.count()?;
    let mut flags = 0;
    // An empty list of inputs is the mark before the flags; Dash has no flags and lists without inputs.
    if inputs == 0 && dialect != Dialect::Dash {
        flags = steps.byte()?;
        let known = match dialect {
            Dialect::Litecoin => 0x09,
            Dialect::Plain | Dialect::Dogecoin | Dialect::Dash => 0x01,
        };
        if flags == 0 || flags & !known != 0 {
            return Err("flags that are not known");
        }
        inputs = steps.count()?;
    }
    steps.inputs(inputs)?;
    steps.outputs(see)?;
    if flags & 0x01 != 0 {
        for _ in 0..inputs {
            for _ in 0..steps.count()? {
                steps.script()?;
            }
        }
    }
    if flags & 0x08 != 0 && steps.byte()? != 0 {
        return Err("a part of the extension block where only its own block has one");
    }
    steps.take(4)?;
    if dialect == Dialect::Dash
        && let [low, high, kind @ ..] = version
        && u16::from_le_bytes([*low, *high]) >= 3
        && kind != [0, 0]
    {
        steps.script()?;
    }
    Ok(bytes.len() - steps.rest.len())
}
