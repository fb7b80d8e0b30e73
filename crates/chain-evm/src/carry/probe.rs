//! Trying a transaction before it is signed: one `eth_call` in which code of ours stands at the signer's address for the length of
//! the call (a state override), reads what the recipient holds, does what the transaction will do, and reads again.
//!
//! A token's return value and its logs are claims; what the recipient gained is what counts. The code is written for each question
//! from numbers alone, without a jump: nothing in it depends on what a contract answers. The original of this way to ask is
//! go-ethereum's third parameter of `eth_call`
//! (<https://geth.ethereum.org/docs/interacting-with-geth/rpc/objects#state-override-set>); anvil, Erigon, Nethermind, Reth and
//! Besu have it too. A node that ignores the override answers nothing here, which is an error and never a yes.

use super::{EvmCarry, refused};
use crate::address;
use crate::call;
use crate::rpc::{Call, ask};
use crate::wire::hex_bytes;
use recover_core::amount::Amount;
use recover_core::asset::AssetReference;
use recover_core::plan::{Leg, LegKind};
use recover_source::carry::CarryError;
use recover_source::chain::clean;
use recover_source::error::SourceError;
use serde_json::json;

/// What is read before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// The native balance of an account.
    Native([u8; 20]),
    /// The balance of a token, by `balanceOf`.
    Token {
        contract: [u8; 20],
        holder: [u8; 20],
    },
    /// The size of the code at an address.
    Code([u8; 20]),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Measured {
    before: Option<Amount>,
    succeeded: bool,
    after: Option<Amount>,
    /// What the target returned, or its reason for reverting.
    returned: Vec<u8>,
}

/// Places in memory: the scratch for a question stands below, the answer from 0x40 on, what the target returned behind it.
const BEFORE_READ: u8 = 0x40;
const BEFORE: u8 = 0x60;
const SUCCEEDED: u8 = 0x80;
const AFTER_READ: u8 = 0xa0;
const AFTER: u8 = 0xc0;
const RETURNED_SIZE: u8 = 0xe0;
const RETURNED: u16 = 0x0100;

/// Instructions of the EVM, by their names in the yellow paper.
struct Code(Vec<u8>);

impl Code {
    fn op(&mut self, op: u8) -> &mut Self {
        self.0.push(op);
        self
    }

    fn push1(&mut self, byte: u8) -> &mut Self {
        self.op(0x60).op(byte)
    }

    fn push2(&mut self, number: u16) -> &mut Self {
        self.op(0x61);
        self.0.extend(number.to_be_bytes());
        self
    }

    fn push20(&mut self, account: [u8; 20]) -> &mut Self {
        self.op(0x73);
        self.0.extend(account);
        self
    }

    fn push32(&mut self, word: [u8; 32]) -> &mut Self {
        self.op(0x7f);
        self.0.extend(word);
        self
    }

    /// Stores the top of the stack.
    fn store(&mut self, place: u8) -> &mut Self {
        self.push1(place).op(0x52)
    }

    /// Reads what is measured to `place`, and to `read` whether it could be.
    fn measure(&mut self, measure: Measure, read: u8, place: u8) -> &mut Self {
        match measure {
            Measure::Native(account) => self.push20(account).op(0x31).store(place),
            Measure::Code(account) => self.push20(account).op(0x3b).store(place),
            Measure::Token { contract, holder } => {
                let mut selector = [0; 32];
                selector[..4].copy_from_slice(&[0x70, 0xa0, 0x82, 0x31]);
                self.push32(selector).store(0);
                self.push32(call::word_of(holder)).store(4);
                // STATICCALL(gas, contract, 0, 36, place, 32), arguments in reverse; a contract that returns less than a word
                // leaves the place as it was, so the size is multiplied into the flag: 1 only for a call that went through and
                // returned a word at least.
                self.push1(32).push1(place).push1(36).push1(0);
                self.push20(contract).op(0x5a).op(0xfa);
                self.push1(31).op(0x3d).op(0x11).op(0x02);
                return self.store(read);
            }
        };
        self.push1(1).store(read)
    }
}

/// The code that stands at the signer: measure, call, measure, return.
fn code(measure: Measure, target: [u8; 20], value: Amount) -> Vec<u8> {
    let mut code = Code(Vec::with_capacity(320));
    code.measure(measure, BEFORE_READ, BEFORE);
    // CALLDATACOPY(RETURNED, 0, CALLDATASIZE)
    code.op(0x36).push1(0).push2(RETURNED).op(0x37);
    // CALL(gas, target, value, RETURNED, CALLDATASIZE, 0, 0), arguments in reverse.
    code.push1(0).push1(0).op(0x36).push2(RETURNED);
    code.push32(value.to_be_bytes())
        .push20(target)
        .op(0x5a)
        .op(0xf1);
    code.store(SUCCEEDED);
    code.op(0x3d).store(RETURNED_SIZE);
    // RETURNDATACOPY(RETURNED, 0, RETURNDATASIZE): before another call forgets it.
    code.op(0x3d).push1(0).push2(RETURNED).op(0x3e);
    code.measure(measure, AFTER_READ, AFTER);
    // RETURN(0x40, size + 0xc0)
    code.push1(RETURNED_SIZE).op(0x51).push1(0xc0).op(0x01);
    code.push1(BEFORE_READ).op(0xf3);
    code.0
}

/// Reads what the code returned; `None` when it is not of its shape.
fn read(answer: &[u8]) -> Option<Measured> {
    let word = |place: u8| -> Option<Amount> {
        let start = usize::from(place.checked_sub(BEFORE_READ)?);
        let word = answer.get(start..start.checked_add(32)?)?;
        Some(Amount::from_be_bytes(word.try_into().ok()?))
    };
    let flag = |place: u8| match word(place)?.to_u128()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    let returned = answer.get(usize::from(RETURNED - u16::from(BEFORE_READ))..)?;
    let size = word(RETURNED_SIZE)?.to_u128()?;
    if u128::try_from(returned.len()).ok()? != size {
        return None;
    }
    Some(Measured {
        before: word(BEFORE).filter(|_| flag(BEFORE_READ) == Some(true)),
        succeeded: flag(SUCCEEDED)?,
        after: word(AFTER).filter(|_| flag(AFTER_READ) == Some(true)),
        returned: returned.to_vec(),
    })
}

/// Why a contract reverted, in its own words without what cannot be seen; its first bytes where it has no words.
fn reason(returned: &[u8]) -> String {
    const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
    const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];
    const REASON_LETTERS_MAX: usize = 160;
    if let Some(body) = returned.strip_prefix(&ERROR)
        && let Ok(tokens) = ethers::abi::decode(&[ethers::abi::ParamType::String], body)
        && let Some(text) = tokens
            .into_iter()
            .next()
            .and_then(|token| token.into_string())
        && let Some(text) = clean(&text, REASON_LETTERS_MAX)
    {
        return format!("it says '{text}'");
    }
    if let Some(body) = returned.strip_prefix(&PANIC) {
        let code = Amount::from_be_bytes(
            body.get(..32)
                .and_then(|word| word.try_into().ok())
                .unwrap_or_default(),
        );
        return format!("it panicked with code {}", code.to_base_units());
    }
    let short = returned.get(..36).unwrap_or(returned);
    match returned.get(..4) {
        // OpenZeppelin's Pausable since version 5.
        Some([0xd9, 0x3c, 0x06, 0x65]) => "it says 'EnforcedPause()'".to_owned(),
        Some(_) => format!("it gives the error 0x{}", hex::encode(short)),
        None => "it gives no reason".to_owned(),
    }
}

/// The refusal for a revert.
fn reverted(leg: &Leg, returned: &[u8]) -> CarryError {
    let reason = reason(returned);
    let lower = reason.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let target = &leg.target;
    if says(&["paus"]) {
        return refused(
            "token_paused",
            format!("{target} is paused: {reason}; try again when its issuer lets it move"),
        );
    }
    if says(&["blacklist", "blocklist", "black list", "denylist", "frozen"]) {
        return refused(
            "account_blocked",
            format!("{target} does not let these accounts move it: {reason}; ask its issuer"),
        );
    }
    refused(
        "simulation_reverted",
        format!("tried out, the call of {target} fails: {reason}"),
    )
}

/// Whether what was measured is what the leg promises.
fn judge(leg: &Leg, measured: &Measured) -> Result<(), CarryError> {
    if leg.kind == LegKind::Deploy && measured.before.is_some_and(|size| !size.is_zero()) {
        return Err(refused(
            "already_deployed",
            format!(
                "a contract stands at {} already: diagnose again",
                leg.recipient
            ),
        ));
    }
    if !measured.succeeded {
        return Err(reverted(leg, &measured.returned));
    }
    let is_token_transfer = leg.kind.moves_deposit()
        && leg.kind != LegKind::Flush
        && leg.asset.contract_text().is_some();
    if is_token_transfer && !measured.returned.is_empty() {
        // Old tokens return nothing; whatever returns something must say yes.
        let said = measured
            .returned
            .get(..32)
            .and_then(|word| <[u8; 32]>::try_from(word).ok())
            .map(Amount::from_be_bytes);
        if said != Some(Amount::from_u128(1)) {
            return Err(refused(
                "transfer_returned_false",
                format!(
                    "tried out, the token {} does not confirm the transfer: nothing would move, or not for sure",
                    leg.target
                ),
            ));
        }
    }
    let (Some(before), Some(after)) = (measured.before, measured.after) else {
        return Err(refused(
            "balance_unreadable",
            format!(
                "the balance of {} cannot be read from {}: nobody could tell what arrives",
                leg.recipient, leg.asset
            ),
        ));
    };
    let gained = after.checked_sub(before).unwrap_or_default();
    let fits = match leg.kind {
        LegKind::Deploy => {
            if after.is_zero() {
                return Err(refused(
                    "deploys_elsewhere",
                    format!(
                        "tried out, the factory {} puts no contract at {}: compare its call in policy.toml",
                        leg.target, leg.recipient
                    ),
                ));
            }
            true
        }
        // A forwarder sends all that it holds, and more may have come.
        LegKind::Flush => gained >= leg.amount,
        LegKind::GasTopUp | LegKind::Transfer | LegKind::Return => gained == leg.amount,
    };
    if fits {
        return Ok(());
    }
    let code = if gained < leg.amount {
        "delivers_less"
    } else {
        "delivers_more"
    };
    Err(refused(
        code,
        format!(
            "tried out, {} of {} arrive at {} where {} are to be paid: the asset takes a part, or changes balances by itself",
            gained.to_base_units(),
            leg.asset,
            leg.recipient,
            leg.amount.to_base_units()
        ),
    ))
}

impl EvmCarry {
    /// Tries a leg out on the present state, as its signer.
    ///
    /// # Errors
    /// A refusal when it fails or delivers another amount than the leg says; a source error when the node cannot try.
    pub(super) async fn simulate(
        &self,
        leg: &Leg,
        signer: [u8; 20],
        target: [u8; 20],
        recipient: [u8; 20],
        value: Amount,
    ) -> Result<(), CarryError> {
        let measure = match (&leg.kind, &leg.asset.reference) {
            (LegKind::Deploy, _) => Measure::Code(recipient),
            (_, AssetReference::Contract(contract)) => Measure::Token {
                contract: super::account::parse("token", contract)?,
                holder: recipient,
            },
            _ => Measure::Native(recipient),
        };
        let from = address::text(signer);
        let data = leg.call.as_deref().unwrap_or_default();
        let request = json!([
            {"from": from, "to": from, "data": format!("0x{}", hex::encode(data))},
            "latest",
            {from.clone(): {"code": format!("0x{}", hex::encode(code(measure, target, value)))}},
        ]);
        let answer: Result<String, SourceError> =
            ask(self.rpc(), Call::new("eth_call", request)).await;
        let answer = match answer {
            Ok(answer) => answer,
            // The code itself never reverts: this is the node's word about the question.
            Err(SourceError::Refused { detail, .. }) => return Err(self.cannot_try(&detail)),
            Err(error) => return Err(error.into()),
        };
        let measured = hex_bytes(&answer).as_deref().and_then(read);
        match measured {
            Some(measured) => judge(leg, &measured),
            None => Err(self.cannot_try("its answer is not that of the code")),
        }
    }

    fn cannot_try(&self, detail: &str) -> CarryError {
        crate::lookup::unsupported(
            self.rpc(),
            format!(
                "trying a transaction out (eth_call with a state override): {detail}; use another node"
            ),
        )
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::asset::AssetId;
    use recover_core::network::NetworkId;

    fn leg(kind: LegKind, is_token: bool) -> Leg {
        let network = NetworkId::new("ethereum");
        Leg {
            kind,
            network: network.clone(),
            chain: "eip155:1".to_owned(),
            signer: address::text([1; 20]),
            signer_key: None,
            target: address::text([2; 20]),
            recipient: address::text([3; 20]),
            memo: None,
            asset: if is_token {
                AssetId::contract(network, &address::text([2; 20]))
            } else {
                AssetId::native(network)
            },
            amount: Amount::from_u128(100),
            call: None,
            route: None,
            spend: None,
            fee_max: Amount::ZERO,
        }
    }

    fn measured(before: u128, after: u128, returned: &[u8]) -> Measured {
        Measured {
            before: Some(Amount::from_u128(before)),
            succeeded: true,
            after: Some(Amount::from_u128(after)),
            returned: returned.to_vec(),
        }
    }

    fn code_of(result: Result<(), CarryError>) -> &'static str {
        match result {
            Ok(()) => "fits",
            Err(CarryError::Refused { code, .. }) => code,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn pitfall_042_what_arrives_decides_and_not_what_is_said() {
        let yes = Amount::from_u128(1).to_be_bytes();
        let no = [0; 32];
        let token = leg(LegKind::Transfer, true);
        for (before, after, returned, expected) in [
            (5, 105, yes.as_slice(), "fits"),
            (5, 105, &[], "fits"),
            (5, 105, &no, "transfer_returned_false"),
            (5, 105, &[1], "transfer_returned_false"),
            (5, 5, &yes, "delivers_less"),
            (5, 5, &[], "delivers_less"),
            (5, 104, &yes, "delivers_less"),
            (5, 3, &yes, "delivers_less"),
            (5, 106, &yes, "delivers_more"),
        ] {
            let judged = judge(&token, &measured(before, after, returned));
            assert_eq!(code_of(judged), expected, "{before} {after} {returned:?}");
        }
        let flush = leg(LegKind::Flush, true);
        assert_eq!(code_of(judge(&flush, &measured(0, 250, &[]))), "fits");
        assert_eq!(
            code_of(judge(&flush, &measured(0, 99, &[]))),
            "delivers_less"
        );
        let unread = Measured {
            before: None,
            ..measured(0, 0, &yes)
        };
        assert_eq!(code_of(judge(&token, &unread)), "balance_unreadable");
        let deploy = leg(LegKind::Deploy, false);
        assert_eq!(code_of(judge(&deploy, &measured(0, 300, &[]))), "fits");
        assert_eq!(
            code_of(judge(&deploy, &measured(0, 0, &[]))),
            "deploys_elsewhere"
        );
        assert_eq!(
            code_of(judge(&deploy, &measured(9, 9, &[]))),
            "already_deployed"
        );
    }

    #[test]
    fn a_revert_is_told_in_its_own_words() {
        let says = |text: &str| {
            let mut bytes = vec![0x08, 0xc3, 0x79, 0xa0];
            bytes.extend(ethers::abi::encode(&[ethers::abi::Token::String(
                text.to_owned(),
            )]));
            bytes
        };
        let code = |returned: Vec<u8>| {
            let failed = Measured {
                succeeded: false,
                ..measured(0, 0, &returned)
            };
            code_of(judge(&leg(LegKind::Transfer, true), &failed))
        };
        assert_eq!(code(says("Pausable: paused")), "token_paused");
        assert_eq!(code(vec![0xd9, 0x3c, 0x06, 0x65]), "token_paused");
        assert_eq!(
            code(says("Blacklistable: account is blacklisted")),
            "account_blocked"
        );
        assert_eq!(code(says("balance too low")), "simulation_reverted");
        assert_eq!(code(vec![]), "simulation_reverted");
        assert_eq!(reason(&says("no\u{202e} way\n")), "it says 'no way'");
        let mut lying = says("x");
        lying[35] = 0xff;
        assert!(reason(&lying).starts_with("it gives the error 0x08c379a0"));
        let mut panic = vec![0x4e, 0x48, 0x7b, 0x71];
        panic.extend(Amount::from_u128(17).to_be_bytes());
        assert_eq!(reason(&panic), "it panicked with code 17");
    }

    #[test]
    fn an_answer_of_another_shape_is_none() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0; 191]), None);
        let mut answer = vec![0; 192];
        assert!(read(&answer).is_some());
        answer.push(0);
        assert_eq!(read(&answer), None, "it says that nothing was returned");
    }
}
