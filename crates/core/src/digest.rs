//! Canonical bytes: fixed-order, length-prefixed fields under a domain tag, hashed with SHA-256.

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Parses 64 hexadecimal digits; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// SHA-256 over the bytes of a file, as every other program reckons it.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 lower-case hexadecimal digits.
impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

/// Collects fields in a fixed order. Each field is its length (8 bytes, big-endian) and its bytes; an absent field is one
/// byte 0 and a present one is a byte 1 before its bytes, so that absent and empty differ.
pub struct Encoder(Sha256);

impl Encoder {
    /// Starts under a domain tag, so that no two kinds of record can ever share a digest.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let mut encoder = Self(Sha256::new());
        encoder.bytes(domain.as_bytes());
        encoder
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0
            .update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    /// Adds a field that is always there.
    #[must_use]
    pub fn field(mut self, value: &str) -> Self {
        self.bytes(value.as_bytes());
        self
    }

    /// Adds a field that may be absent.
    #[must_use]
    pub fn optional(mut self, value: Option<&str>) -> Self {
        match value {
            None => self.bytes(&[0]),
            Some(value) => {
                self.bytes(&[1]);
                self.bytes(value.as_bytes());
            }
        }
        self
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_run_into_each_other() {
        let digest = |fields: &[&str]| {
            fields
                .iter()
                .fold(Encoder::new("t"), |encoder, field| encoder.field(field))
                .finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
        assert_ne!(
            Encoder::new("t").optional(None).finish(),
            Encoder::new("t").optional(Some("")).finish()
        );
        let one = digest(&["a"]);
        assert_eq!(Digest::parse(&one.to_string()), Some(one));
        assert_eq!(Digest::parse("00"), None);
    }
}
