//! Transactions of the XRP Ledger in both their forms, so that an id is the hash of what the answer shows.
//!
//! Field codes and type codes are those of the ledger's own definitions file (`server_definitions`).

use super::encode::{quoted, sha512_half, upper, xrpl_address};
use std::fmt::Write;

/// An issued amount in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    /// Three characters, or 40 hexadecimal digits.
    pub(crate) code: &'static str,
    pub(crate) issuer: [u8; 20],
    pub(crate) millionths: u64,
}

/// An amount of XRP in drops, or of an issued currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Money {
    Drops(u64),
    Issued(Issued),
}

impl Issued {
    /// The value as the ledger prints it: no zeros behind the last digit.
    pub(crate) fn value(&self) -> String {
        millionths(i128::from(self.millionths))
    }

    /// The currency's 20 bytes.
    fn currency(&self) -> [u8; 20] {
        currency(self.code)
    }
}

/// Millionths as decimal text without trailing zeros.
pub(crate) fn millionths(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    let whole = value / 1_000_000;
    let rest = format!("{:06}", value % 1_000_000);
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest}")
    }
}

fn currency(code: &str) -> [u8; 20] {
    let mut bytes = [0; 20];
    if code == "XRP" {
    } else if code.len() == 40 {
        hex::decode_to_slice(code, &mut bytes).expect("40 hexadecimal digits");
    } else {
        bytes[12..15].copy_from_slice(code.as_bytes());
    }
    bytes
}

impl Money {
    /// As the API prints it.
    pub(crate) fn json(&self) -> String {
        match self {
            Money::Drops(drops) => format!("\"{drops}\""),
            Money::Issued(issued) => format!(
                r#"{{"currency":"{}","issuer":"{}","value":"{}"}}"#,
                issued.code,
                xrpl_address(&issued.issuer),
                issued.value()
            ),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Money::Drops(drops) => (0x4000_0000_0000_0000 | drops).to_be_bytes().to_vec(),
            Money::Issued(issued) => {
                let mut mantissa = issued.millionths;
                let mut exponent = -6_i64;
                while mantissa != 0 && mantissa < 1_000_000_000_000_000 {
                    mantissa *= 10;
                    exponent -= 1;
                }
                let word = if mantissa == 0 {
                    1 << 63
                } else {
                    let exponent = u64::try_from(exponent + 97).expect("a small exponent");
                    1 << 63 | 1 << 62 | exponent << 54 | mantissa
                };
                let mut bytes = word.to_be_bytes().to_vec();
                bytes.extend_from_slice(&issued.currency());
                bytes.extend_from_slice(&issued.issuer);
                bytes
            }
        }
    }
}

/// The fields of one transaction: their JSON in the order added, and their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    binary: Vec<(u8, u8, Vec<u8>)>,
    json: String,
}

impl Fields {
    /// A transaction of that type from that account, with what every one has.
    pub(crate) fn new(kind: (&str, u16), account: &[u8; 20], sequence: u32, fee: u64) -> Fields {
        let mut fields = Fields::default();
        fields.text("TransactionType", kind.0);
        fields.binary.push((1, 2, kind.1.to_be_bytes().to_vec()));
        fields.account("Account", 1, account);
        fields.number("Sequence", 4, sequence);
        fields.money("Fee", 8, &Money::Drops(fee));
        fields
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    fn raw(&mut self, name: &str, value: &str) {
        let comma = if self.json.is_empty() { "" } else { "," };
        write!(self.json, "{comma}\"{name}\":{value}").expect("writing to a string");
    }

    /// A 32-bit field.
    pub(crate) fn number(&mut self, name: &str, field: u8, value: u32) {
        self.raw(name, &value.to_string());
        self.binary.push((2, field, value.to_be_bytes().to_vec()));
    }

    /// A 256-bit field.
    pub(crate) fn hash(&mut self, name: &str, field: u8, value: &[u8; 32]) {
        self.text(name, &upper(value));
        self.binary.push((5, field, value.to_vec()));
    }

    /// An amount.
    pub(crate) fn money(&mut self, name: &str, field: u8, value: &Money) {
        self.raw(name, &value.json());
        self.binary.push((6, field, value.bytes()));
    }

    /// Bytes of any length.
    pub(crate) fn blob(&mut self, name: &str, field: u8, value: &[u8]) {
        self.text(name, &upper(value));
        self.binary.push((7, field, sized(value)));
    }

    /// An account.
    pub(crate) fn account(&mut self, name: &str, field: u8, value: &[u8; 20]) {
        self.text(name, &xrpl_address(value));
        self.binary.push((8, field, sized(value)));
    }

    /// A currency without an amount.
    pub(crate) fn asset(&mut self, name: &str, field: u8, code: &str, issuer: Option<&[u8; 20]>) {
        let mut bytes = currency(code).to_vec();
        let mut json = format!(r#"{{"currency":"{code}""#);
        if let Some(issuer) = issuer {
            bytes.extend_from_slice(issuer);
            write!(json, r#","issuer":"{}""#, xrpl_address(issuer)).expect("writing to a string");
        }
        json.push('}');
        self.raw(name, &json);
        self.binary.push((24, field, bytes));
    }

    /// One memo with a type and data.
    pub(crate) fn memo(&mut self, kind: &[u8], data: &[u8]) {
        let json = format!(
            r#"[{{"Memo":{{"MemoData":"{}","MemoType":"{}"}}}}]"#,
            upper(data),
            upper(kind)
        );
        self.raw("Memos", &json);
        let mut bytes = vec![0xea, 0x7c];
        bytes.extend(sized(kind));
        bytes.push(0x7d);
        bytes.extend(sized(data));
        bytes.extend([0xe1, 0xf1]);
        self.binary.push((15, 9, bytes));
    }

    /// The fields as the API prints them, without braces.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The transaction's id.
    pub(crate) fn id(&self) -> [u8; 32] {
        let mut fields: Vec<_> = self.binary.iter().collect();
        fields.sort_by_key(|(kind, field, _)| (*kind, *field));
        let mut bytes = b"TXN\0".to_vec();
        for (kind, field, value) in fields {
            match (*kind < 16, *field < 16) {
                (true, true) => bytes.push(kind << 4 | field),
                (true, false) => bytes.extend([kind << 4, *field]),
                (false, true) => bytes.extend([*field, *kind]),
                (false, false) => bytes.extend([0, *kind, *field]),
            }
            bytes.extend_from_slice(value);
        }
        sha512_half(&bytes)
    }
}

/// Bytes behind their length; none here is longer than the one-byte form allows.
fn sized(value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("a short field");
    assert!(length <= 192, "a field of {length} bytes");
    let mut bytes = vec![length];
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text)
            .expect("hexadecimal")
            .try_into()
            .expect("its length")
    }

    #[test]
    fn recorded_payment_has_its_id() {
        // Mainnet, ledger 99743688.
        let sender = bytes("31A859495ED0667540B9A2A7754941D47F3C77A3");
        let mut fields = Fields::new(("Payment", 0), &sender, 96_791_415, 11);
        fields.money("Amount", 1, &Money::Drops(1));
        let to = bytes("3212F339EF5E4061CB9BA8F59C5AF4009B8536E2");
        fields.account("Destination", 3, &to);
        fields.number("Flags", 2, 0);
        fields.number("LastLedgerSequence", 27, 99_743_783);
        let key: [u8; 33] =
            bytes("ED0D97D2D94F98BCFA7BD4042BEC4184F07382B1DDE537B5F58E39C72BBEE64385");
        fields.blob("SigningPubKey", 3, &key);
        let signature: [u8; 64] = bytes(
            "B0E4B6A46E483294D339AE26C65F328D202D9BDBC1C77D46F8E975C12991C70207D1291CF2176510BFC3DD2860F4F4BE89A8107D3FD85347B9E16EC962AD7B05",
        );
        fields.blob("TxnSignature", 4, &signature);
        assert_eq!(
            upper(&fields.id()),
            "474F58E6C78F1DE8542036AB3C16E2B5A4089241DEE3E58142154DC3CA0E8271"
        );
        assert_eq!(xrpl_address(&to), "rnZmVGX6f4pUYyS4oXYJzoLdRojQV8y297");
    }

    #[test]
    fn issued_amounts_have_the_ledgers_form() {
        let mut issued = Issued {
            code: "USD",
            issuer: [0; 20],
            millionths: 1_000_000,
        };
        let one = Money::Issued(issued.clone());
        assert_eq!(hex::encode(&one.bytes()[..8]), "d4838d7ea4c68000");
        assert_eq!(hex::encode(&one.bytes()[20..23]), "555344");
        issued.millionths = 1_230_045;
        assert_eq!(issued.value(), "1.230045");
        assert_eq!(millionths(-2_500_000), "-2.5");
    }
}
