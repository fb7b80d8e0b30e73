//! Every reason for which this family lays out or builds nothing, by its stable code.

use recover_source::carry::CarryError;

/// Code and meaning, in the order in which they are looked for: of what was ordered, of whom it pays, of control, of what holds
/// when it is tried out, of its price.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "chain_mismatch",
        "the step is for another chain than this network",
    ),
    (
        "memo_not_carried",
        "a memo is asked for, and transactions carry none",
    ),
    (
        "asset_of_another_network",
        "the asset or the deposit is on another network",
    ),
    ("amount_zero", "nothing is to be moved"),
    (
        "address_unreadable",
        "a text that should be an address is none",
    ),
    (
        "recipient_is_nobody",
        "the zero address, or one of the network's own low ones",
    ),
    (
        "recipient_is_sender",
        "the money lies at the recipient's address already",
    ),
    ("recipient_is_token", "a token would go to its own contract"),
    (
        "token_absent",
        "no contract stands where the token should be",
    ),
    (
        "recipient_is_contract",
        "a return would go to a contract or to an account that a contract acts for",
    ),
    ("not_controllable", "the verdict allows no plan"),
    (
        "control_changed",
        "what stands at the address is not what the verdict rests on",
    ),
    (
        "address_not_derived",
        "factory, salt and code hash lead to another address",
    ),
    (
        "factory_unknown",
        "the policy does not say how the factory is called",
    ),
    (
        "factory_call_unusable",
        "the policy's call of the factory cannot be filled",
    ),
    (
        "gas_account_missing",
        "the policy names no account that pays for gas",
    ),
    (
        "factory_absent",
        "the factory does not stand on this network",
    ),
    (
        "signer_is_contract",
        "a contract stands at the signer's address",
    ),
    ("target_absent", "no contract stands at what is called"),
    ("sequence_used", "the nonce is used already"),
    ("balance_too_low", "less lies there than is to be moved"),
    ("already_deployed", "the contract stands already"),
    ("token_paused", "tried out, the token is paused"),
    (
        "account_blocked",
        "tried out, the token blocks one of the accounts",
    ),
    ("simulation_reverted", "tried out, the call fails"),
    (
        "transfer_returned_false",
        "tried out, the token does not confirm the transfer",
    ),
    ("balance_unreadable", "nobody could tell what arrives"),
    (
        "deploys_elsewhere",
        "tried out, nothing is deployed at the address",
    ),
    (
        "delivers_less",
        "tried out, less arrives than is to be paid",
    ),
    (
        "delivers_more",
        "tried out, more arrives than is to be paid",
    ),
    ("gas_missing", "the signer cannot pay the network"),
    ("leg_not_carried_out", "the built bytes fail our own check"),
];

/// A refusal with its stable code.
pub(super) fn refused(code: &'static str, detail: impl Into<String>) -> CarryError {
    debug_assert!(
        REFUSALS.iter().any(|(known, _)| *known == code),
        "{code} is not listed"
    );
    CarryError::Refused {
        code,
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That none is used which is not listed, debug builds assert at every refusal.
    #[test]
    fn every_code_is_listed_once_and_used() {
        let sources = [
            include_str!("account.rs"),
            include_str!("build.rs"),
            include_str!("plan.rs"),
            include_str!("probe.rs"),
        ]
        .concat();
        for (place, (code, meaning)) in REFUSALS.iter().enumerate() {
            assert!(
                sources.contains(&format!("\"{code}\"")),
                "{code} is not used"
            );
            assert!(!meaning.is_empty());
            assert!(
                REFUSALS
                    .iter()
                    .skip(place + 1)
                    .all(|(other, _)| other != code),
                "{code} is listed twice"
            );
        }
    }
}
