//! Approvals signed with an approver's SSH key: the offline check of what `ssh-keygen -Y sign` writes.
//!
//! An approver who must sign puts the claim's content digest into a file (see [`message`]) and runs
//! `ssh-keygen -Y sign -f KEY -n recover-claim FILE`; the text of `FILE.sig` is what [`verify`] reads. Only plain ed25519 keys count.
//! Security keys (`sk-`) sign other bytes, certificates bring an authority into the question, and RSA and ECDSA would each be one
//! more format in which to find a second valid signature.
//!
//! The formats are OpenSSH's `PROTOCOL.sshsig` (the signature), RFC 8709 §4 and §6 (key and signature of ed25519) and RFC 4251 §5
//! (`string`, `uint32`). The reader is our own, of some eighty lines. The crate `ssh-key` reads the same format, but for this use it
//! is both too wide and too lenient: it checks ed25519 with `verify` instead of `verify_strict`, so that a key of small order
//! passes; it ignores the reserved field; and it would bring ciphers for private keys, which have no place here.
//!
//! Nothing here knows who a key belongs to: the roster of the policy says that.

use crate::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256, Sha512};

/// The namespace of approvals, `-n` of `ssh-keygen -Y sign`: a signature made for anything else (a commit, a file, a login) is none.
pub const NAMESPACE: &str = "recover-claim";

/// The longest key line that is read, in bytes. An ed25519 key has 80 and a comment.
pub const KEY_TEXT_BYTES_MAX: usize = 1_024;

/// The longest signature that is read, in bytes of its armoured text. `ssh-keygen` writes about 300.
pub const SIGNATURE_TEXT_BYTES_MAX: usize = 2_048;

const ALGORITHM: &str = "ssh-ed25519";
const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// `ssh-keygen` breaks lines after 70 digits, `PROTOCOL.sshsig` says 76.
const ARMOUR_LINE_BYTES_MAX: usize = 76;

/// An approver's ed25519 public key.
///
/// Two keys are equal exactly when their canonical texts are: the comment is no part of it, and the few points that have a second
/// encoding are accepted in one only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a text is no key of an approver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no text.
    #[error("no key is given: paste the one line of the approver's .pub file")]
    Empty,
    /// The text is longer than [`KEY_TEXT_BYTES_MAX`].
    #[error(
        "the key's text has {length} bytes, more than {KEY_TEXT_BYTES_MAX}: give the one line of the approver's .pub file with a \
         short comment"
    )]
    TooLong {
        /// The text's length in bytes.
        length: usize,
    },
    /// The text is a private key. It is not repeated here.
    #[error(
        "this is a private key: replace it with a new one, since it has left its place, and give the text of the .pub file instead"
    )]
    PrivateKey,
    /// The text has several lines.
    #[error("the key's text has several lines: give one key, the one line of the .pub file")]
    SeveralLines,
    /// The text is not an algorithm, a key and perhaps a comment. Options of an authorized_keys file are refused too.
    #[error(
        "this is no line `ssh-ed25519 AAAA… comment`: give the text of the .pub file as it is, without options before it"
    )]
    Shape,
    /// A key of another algorithm: a security key, a certificate, RSA, ECDSA.
    #[error(
        "keys of the algorithm {algorithm} do not count: make a plain one with `ssh-keygen -t ed25519` and give its .pub file"
    )]
    Algorithm {
        /// The algorithm, cut and escaped for printing.
        algorithm: String,
    },
    /// The middle part is not canonical base64.
    #[error("the key is not base64 in its shortest form: copy the .pub file again, whole")]
    Base64,
    /// The bytes are not the algorithm's name and 32 bytes, or something follows them.
    #[error("the key is cut or has something behind it: copy the .pub file again, whole")]
    Damaged,
    /// The 32 bytes are no point of the curve in its one encoding, or one of small order, under which anything verifies.
    #[error("the key is no sound ed25519 key: make a new one with `ssh-keygen -t ed25519`")]
    Unsound,
}

/// Why a text is not this key's signature over this digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The text is longer than [`SIGNATURE_TEXT_BYTES_MAX`].
    #[error(
        "the signature's text has {length} bytes, more than {SIGNATURE_TEXT_BYTES_MAX}: give the .sig file that \
         `ssh-keygen -Y sign` wrote, and nothing else"
    )]
    TooLong {
        /// The text's length in bytes.
        length: usize,
    },
    /// The text is a private key. It is not repeated here.
    #[error(
        "this is a private key: replace it with a new one, since it has left its place, and give the text of the .sig file instead"
    )]
    PrivateKey,
    /// The text does not start and end with the lines of an SSH signature, or its lines are no lines of one.
    #[error(
        "this is no armoured SSH signature: give the whole .sig file, from `{BEGIN}` to `{END}`"
    )]
    Armour,
    /// What stands between the lines is not canonical base64.
    #[error("the signature is not base64 in its shortest form: copy the .sig file again, whole")]
    Base64,
    /// The bytes are no SSH signature, or end early.
    #[error("the signature is cut or damaged: copy the .sig file again, whole")]
    Damaged,
    /// Something follows the signature.
    #[error(
        "{length} bytes follow the signature: give the .sig file as `ssh-keygen -Y sign` wrote it"
    )]
    TrailingBytes {
        /// How many bytes follow.
        length: usize,
    },
    /// Another version of the format.
    #[error(
        "the signature has version {version} of the format and {VERSION} is known: sign with `ssh-keygen -Y sign`"
    )]
    Version {
        /// The version.
        version: u32,
    },
    /// Signed with a key of another algorithm: a security key, a certificate, RSA, ECDSA.
    #[error(
        "signed with a key of the algorithm {algorithm}: sign with the plain ed25519 key that the policy has for this approver"
    )]
    Algorithm {
        /// The algorithm, cut and escaped for printing.
        algorithm: String,
    },
    /// Signed with another ed25519 key.
    #[error(
        "signed with the key {found}, not with the approver's {expected}: sign again with that one (`ssh-keygen -Y sign -f`)"
    )]
    OtherKey {
        /// The fingerprint of the key in the signature.
        found: String,
        /// The fingerprint of the approver's key.
        expected: String,
    },
    /// Signed for another purpose.
    #[error("signed for the namespace {namespace}: sign again with `-n {NAMESPACE}`")]
    Namespace {
        /// The namespace, cut and escaped for printing.
        namespace: String,
    },
    /// The reserved field is not empty: it says something that we would have to ignore.
    #[error("the signature's reserved field is not empty: sign with `ssh-keygen -Y sign`")]
    Reserved,
    /// Neither sha512 nor sha256.
    #[error(
        "the signature's hash algorithm is {algorithm}: sign with `-O hashalg=sha512` or sha256"
    )]
    HashAlgorithm {
        /// The algorithm, cut and escaped for printing.
        algorithm: String,
    },
    /// All is as it should be, but the signature is not over this digest, or was changed.
    #[error(
        "the signature is not over the digest {digest}: the claim's content changed since it was signed, or another text was; look at \
         the claim again and sign the digest that it shows"
    )]
    Mismatch {
        /// The digest that should have been signed.
        digest: Digest,
    },
}

impl PublicKey {
    /// Reads one line of a `.pub` file: `ssh-ed25519 AAAA… comment`. The comment is dropped.
    ///
    /// # Errors
    /// When the text is anything else; the error says what to give instead and never repeats a private key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > KEY_TEXT_BYTES_MAX {
            return Err(match is_private_key(text) {
                true => KeyError::PrivateKey,
                false => KeyError::TooLong { length: text.len() },
            });
        }
        let line = text.trim_matches(is_blank);
        if line.is_empty() {
            return Err(KeyError::Empty);
        }
        if is_private_key(line) {
            return Err(KeyError::PrivateKey);
        }
        if line.contains(['\n', '\r']) {
            return Err(KeyError::SeveralLines);
        }
        let mut parts = line.split([' ', '\t']).filter(|part| !part.is_empty());
        let (Some(algorithm), Some(key)) = (parts.next(), parts.next()) else {
            return Err(KeyError::Shape);
        };
        if algorithm != ALGORITHM {
            let is_a_key = ["ssh-", "sk-", "ecdsa-"]
                .iter()
                .any(|start| algorithm.starts_with(start));
            return Err(match is_a_key {
                true => KeyError::Algorithm {
                    algorithm: printable(algorithm.as_bytes()),
                },
                false => KeyError::Shape,
            });
        }
        let blob = STANDARD.decode(key).map_err(|_| KeyError::Base64)?;
        match read_key(&blob) {
            None => Err(KeyError::Damaged),
            Some(ReadKey::Other(algorithm)) => Err(KeyError::Algorithm { algorithm }),
            Some(ReadKey::Ed25519(bytes)) => Self::sound(bytes).ok_or(KeyError::Unsound),
        }
    }

    /// `None` for bytes that are no point, a point's second encoding, or a point of small order.
    fn sound(bytes: [u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(&bytes).ok()?;
        let is_canonical = key.to_edwards().compress().to_bytes() == bytes;
        (is_canonical && !key.is_weak()).then_some(Self(bytes))
    }

    /// The key as SSH sends it: the algorithm's name and 32 bytes, each with its length (RFC 8709 §4).
    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, ALGORITHM.as_bytes());
        put(&mut blob, &self.0);
        blob
    }

    /// `SHA256:` and 43 base64 digits, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob())
    }
}

/// The canonical line, without a comment: `ssh-ed25519 AAAA…`.
impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{ALGORITHM} {}", STANDARD.encode(self.blob())))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// What is signed: the digest's 64 lower-case hexadecimal digits and a newline, as `echo` would write them into a file.
///
/// It needs no more: the digest is one over a claim's content under its own domain tag, and the signature names our namespace.
#[must_use]
pub fn message(digest: &Digest) -> String {
    format!("{digest}\n")
}

/// Checks that `signature` (the text of a `.sig` file) is an ed25519 signature by exactly this key, in our namespace, over
/// `message(digest)`. The hash inside may be sha512 or sha256. Blank lines around the armour and lines that end with CR LF do no harm.
///
/// # Errors
/// When it is not; the error says what was found and what to do.
pub fn verify(key: &PublicKey, digest: &Digest, signature: &str) -> Result<(), SignatureError> {
    let blob = unarmour(signature)?;
    let parts = Parts::read(&blob)?;

    let found = match read_key(parts.public_key).ok_or(SignatureError::Damaged)? {
        ReadKey::Other(algorithm) => return Err(SignatureError::Algorithm { algorithm }),
        ReadKey::Ed25519(bytes) => bytes,
    };
    if found != key.0 {
        return Err(SignatureError::OtherKey {
            found: fingerprint(parts.public_key),
            expected: key.fingerprint(),
        });
    }
    if parts.namespace != NAMESPACE.as_bytes() {
        return Err(SignatureError::Namespace {
            namespace: printable(parts.namespace),
        });
    }
    if !parts.reserved.is_empty() {
        return Err(SignatureError::Reserved);
    }
    let text = message(digest);
    let hash = match parts.hash_algorithm {
        b"sha512" => Sha512::digest(&text).to_vec(),
        b"sha256" => Sha256::digest(&text).to_vec(),
        other => {
            return Err(SignatureError::HashAlgorithm {
                algorithm: printable(other),
            });
        }
    };
    let bytes = read_signature(parts.signature)?;

    let mut signed = MAGIC.to_vec();
    put(&mut signed, parts.namespace);
    put(&mut signed, parts.reserved);
    put(&mut signed, parts.hash_algorithm);
    put(&mut signed, &hash);
    // Strict: no points of small order, and s below the group's order, so that nobody makes a second signature out of one.
    VerifyingKey::from_bytes(&key.0)
        .and_then(|key| key.verify_strict(&signed, &Signature::from_bytes(&bytes)))
        .map_err(|_| SignatureError::Mismatch { digest: *digest })
}

/// The fields of a signature's bytes, in their order after magic and version.
struct Parts<'a> {
    public_key: &'a [u8],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash_algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(blob: &'a [u8]) -> Result<Self, SignatureError> {
        let rest = blob.strip_prefix(MAGIC).ok_or(SignatureError::Damaged)?;
        let mut reader = Reader(rest);
        let version = reader.number().ok_or(SignatureError::Damaged)?;
        if version != VERSION {
            return Err(SignatureError::Version { version });
        }
        let mut string = || reader.string().ok_or(SignatureError::Damaged);
        let parts = Self {
            public_key: string()?,
            namespace: string()?,
            reserved: string()?,
            hash_algorithm: string()?,
            signature: string()?,
        };
        match reader.0.len() {
            0 => Ok(parts),
            length => Err(SignatureError::TrailingBytes { length }),
        }
    }
}

/// What a key's bytes hold.
enum ReadKey {
    Ed25519([u8; 32]),
    /// The name of the algorithm, cut and escaped for printing.
    Other(String),
}

/// Reads a key's bytes; `None` when they are cut or longer than a key.
fn read_key(blob: &[u8]) -> Option<ReadKey> {
    let mut reader = Reader(blob);
    let algorithm = reader.string()?;
    if algorithm != ALGORITHM.as_bytes() {
        return Some(ReadKey::Other(printable(algorithm)));
    }
    let bytes = reader.string()?.try_into().ok()?;
    reader.0.is_empty().then_some(ReadKey::Ed25519(bytes))
}

/// Reads the innermost signature: the algorithm's name and 64 bytes (RFC 8709 §6).
fn read_signature(blob: &[u8]) -> Result<[u8; 64], SignatureError> {
    let mut reader = Reader(blob);
    let algorithm = reader.string().ok_or(SignatureError::Damaged)?;
    if algorithm != ALGORITHM.as_bytes() {
        return Err(SignatureError::Algorithm {
            algorithm: printable(algorithm),
        });
    }
    let bytes = reader
        .string()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(SignatureError::Damaged)?;
    match reader.0.len() {
        0 => Ok(bytes),
        length => Err(SignatureError::TrailingBytes { length }),
    }
}

/// The bytes between the two lines of an armour.
fn unarmour(text: &str) -> Result<Vec<u8>, SignatureError> {
    if is_private_key(text) {
        return Err(SignatureError::PrivateKey);
    }
    if text.len() > SIGNATURE_TEXT_BYTES_MAX {
        return Err(SignatureError::TooLong { length: text.len() });
    }
    let mut lines = text.trim_matches(is_blank).lines();
    if lines.next() != Some(BEGIN) || lines.next_back() != Some(END) {
        return Err(SignatureError::Armour);
    }
    let mut digits = String::new();
    for line in lines {
        if line.is_empty() || line.len() > ARMOUR_LINE_BYTES_MAX {
            return Err(SignatureError::Armour);
        }
        digits.push_str(line);
    }
    // The engine refuses missing and superfluous padding and bits that no byte uses: one text for one signature.
    STANDARD.decode(digits).map_err(|_| SignatureError::Base64)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// Whether a text looks like a private key of any format, wherever it begins: such a text is never repeated.
fn is_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY-----") || text.contains("PuTTY-User-Key-File")
}

fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// Names come from outside: cut to 64 bytes and everything but printable ASCII escaped.
fn printable(bytes: &[u8]) -> String {
    const SHOWN_BYTES_MAX: usize = 64;
    let shown = bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes);
    let cut = if shown.len() < bytes.len() { "…" } else { "" };
    format!("`{}{cut}`", shown.escape_ascii())
}

/// Appends an SSH `string`: the length in 4 bytes, big-endian, and the bytes (RFC 4251 §5). All that we write is short.
fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
}

/// Reads SSH's `uint32` and `string` (RFC 4251 §5) from the front; `None` when the bytes end early.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}
