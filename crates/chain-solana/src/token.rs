//! Token accounts: which account holds a token for a wallet.
//!
//! A transfer of a token names the account that holds it and not the wallet, so that one does not show the other. The account that
//! wallets use can be computed from the wallet: the associated token account. A wallet may have others, which cannot be told.
//!
//! Source: <https://www.solana-program.com/docs/associated-token-account>; the derivation is
//! <https://solana.com/docs/core/pda>.

use crate::address::{self, is_on_curve};
use recover_core::address::Address;
use sha2::{Digest as _, Sha256};

/// The associated token account program: `ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL`.
pub const ASSOCIATED_TOKEN_PROGRAM: [u8; 32] = [
    0x8c, 0x97, 0x25, 0x8f, 0x4e, 0x24, 0x89, 0xf1, 0xbb, 0x3d, 0x10, 0x29, 0x14, 0x8e, 0x0d, 0x83,
    0x0b, 0x5a, 0x13, 0x99, 0xda, 0xff, 0x10, 0x84, 0x04, 0x8e, 0x7b, 0xd8, 0xdb, 0xe9, 0xf8, 0x59,
];

/// What ends the bytes that a program's address is the hash of.
const MARKER: &[u8] = b"ProgramDerivedAddress";

/// The programs that keep tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenProgram {
    /// The token program: `TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA`.
    Token,
    /// Token-2022, with extensions: `TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb`.
    Token2022,
}

impl TokenProgram {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Token, Self::Token2022];

    /// Its address.
    #[must_use]
    pub const fn id(self) -> [u8; 32] {
        match self {
            Self::Token => [
                0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb,
                0x79, 0xac, 0x1c, 0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85,
                0x7e, 0xff, 0x00, 0xa9,
            ],
            Self::Token2022 => [
                0x06, 0xdd, 0xf6, 0xe1, 0xee, 0x75, 0x8f, 0xde, 0x18, 0x42, 0x5d, 0xbc, 0xe4, 0x6c,
                0xcd, 0xda, 0xb6, 0x1a, 0xfc, 0x4d, 0x83, 0xb9, 0x0d, 0x27, 0xfe, 0xbd, 0xf9, 0x28,
                0xd8, 0xa1, 0x8b, 0xfc,
            ],
        }
    }
}

/// The first address off the curve that a program derives from seeds, with the byte that led there; `None` when 256 hashes in a
/// row are keys, which no one has seen.
#[must_use]
pub fn program_address(seeds: &[&[u8]], program: &[u8; 32]) -> Option<([u8; 32], u8)> {
    (0..=u8::MAX).rev().find_map(|bump| {
        let mut hash = Sha256::new();
        for seed in seeds {
            hash.update(seed);
        }
        hash.update([bump]);
        hash.update(program);
        hash.update(MARKER);
        let bytes: [u8; 32] = hash.finalize().into();
        (!is_on_curve(&bytes)).then_some((bytes, bump))
    })
}

/// The account that holds a mint's tokens for an owner under one of the token programs; `None` as [`program_address`].
#[must_use]
pub fn associated_account(
    owner: &[u8; 32],
    mint: &[u8; 32],
    program: TokenProgram,
) -> Option<[u8; 32]> {
    let program = program.id();
    program_address(&[owner, &program, mint], &ASSOCIATED_TOKEN_PROGRAM).map(|(bytes, _)| bytes)
}

/// How an account belongs to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// What it holds.
    pub mint: Address,
    /// Who keeps it.
    pub program: TokenProgram,
}

/// Whether `account` is the associated account of `owner` for one of these mints, and which; `None` when it is none of them. That
/// proves nothing of accounts made otherwise: only a node knows who owns those.
#[must_use]
pub fn association(owner: &Address, account: &Address, mints: &[Address]) -> Option<Association> {
    let (owner, account) = (address::bytes(owner)?, address::bytes(account)?);
    mints.iter().find_map(|mint| {
        let bytes = address::bytes(mint)?;
        TokenProgram::ALL
            .into_iter()
            .find(|program| associated_account(&owner, &bytes, *program) == Some(account))
            .map(|program| Association {
                mint: mint.clone(),
                program,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_have_their_well_known_texts() {
        for (bytes, text) in [
            (
                ASSOCIATED_TOKEN_PROGRAM,
                "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
            ),
            (
                TokenProgram::Token.id(),
                "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
            ),
            (
                TokenProgram::Token2022.id(),
                "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
            ),
        ] {
            assert_eq!(address::text(&bytes), text);
        }
    }

    #[test]
    fn an_owner_and_its_account_connect_by_the_right_mint_only() {
        let at = |byte: u8| address::format([byte; 32]);
        let (owner, mint, other) = (at(1), at(2), at(3));
        for program in TokenProgram::ALL {
            let held = associated_account(&[1; 32], &[2; 32], program).unwrap();
            let held = address::format(held);
            let found = association(&owner, &held, &[other.clone(), mint.clone()]).unwrap();
            assert_eq!(
                found,
                Association {
                    mint: mint.clone(),
                    program
                }
            );
            assert_eq!(
                association(&owner, &held, std::slice::from_ref(&other)),
                None
            );
            assert_eq!(
                association(&other, &held, std::slice::from_ref(&mint)),
                None
            );
        }
    }
}
