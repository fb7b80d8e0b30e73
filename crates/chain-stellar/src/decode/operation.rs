//! What one operation credits, by its type.

use super::parts::{
    amount, contradiction, effect_id, field, malformed, missing, operation_id, party,
};
use super::{Beside, Credit, DECIMALS, DecodeError, Decoder, Toid, TransactionFacts};
use crate::address;
use crate::wire::{self, Scalar};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::memo::{Memo, place};
use recover_core::observation::{Mechanism, Outcome, Position};

/// The types of operations, as far as they differ for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    CreateAccount,
    Payment,
    StrictReceive,
    StrictSend,
    Merge,
    Inflation,
    Claim,
    PoolWithdraw,
    Invoke,
    /// It gives nobody anything: offers, options, trust lines, clawbacks (which burn), balances to be claimed later.
    Nothing,
    /// A type that is newer than this program.
    Other,
}

fn kind(operation: &wire::Operation) -> Result<Kind, DecodeError> {
    let number = operation.kind_number.as_deref();
    Ok(match (operation.kind.as_deref(), number) {
        (Some("create_account"), _) | (None, Some("0")) => Kind::CreateAccount,
        (Some("payment"), _) | (None, Some("1")) => Kind::Payment,
        (Some("path_payment" | "path_payment_strict_receive"), _) | (None, Some("2")) => {
            Kind::StrictReceive
        }
        (Some("path_payment_strict_send"), _) | (None, Some("13")) => Kind::StrictSend,
        (Some("account_merge"), _) | (None, Some("8")) => Kind::Merge,
        (Some("inflation"), _) | (None, Some("9")) => Kind::Inflation,
        (Some("claim_claimable_balance"), _) | (None, Some("15")) => Kind::Claim,
        (Some("liquidity_pool_withdraw"), _) | (None, Some("23")) => Kind::PoolWithdraw,
        (Some("invoke_host_function"), _) | (None, Some("24")) => Kind::Invoke,
        (
            Some(
                "manage_offer"
                | "manage_sell_offer"
                | "create_passive_offer"
                | "create_passive_sell_offer"
                | "manage_buy_offer"
                | "set_options"
                | "change_trust"
                | "allow_trust"
                | "manage_data"
                | "bump_sequence"
                | "create_claimable_balance"
                | "begin_sponsoring_future_reserves"
                | "end_sponsoring_future_reserves"
                | "revoke_sponsorship"
                | "clawback"
                | "clawback_claimable_balance"
                | "set_trust_line_flags"
                | "liquidity_pool_deposit"
                | "extend_footprint_ttl"
                | "restore_footprint",
            ),
            _,
        ) => Kind::Nothing,
        (
            None,
            Some(
                "3" | "4" | "5" | "6" | "7" | "10" | "11" | "12" | "14" | "16" | "17" | "18" | "19"
                | "20" | "21" | "22" | "25" | "26",
            ),
        ) => Kind::Nothing,
        (None, None) => return Err(missing("operation", "type")),
        _ => Kind::Other,
    })
}

/// Whether the effects of an operation are needed to know what it credited.
#[must_use]
pub fn needs_effects(operation: &wire::Operation, facts: Option<&TransactionFacts>) -> bool {
    let results = facts.and_then(|facts| facts.results.as_ref());
    let number = operation_id(operation).map_or(0, Toid::operation);
    if operation.transaction_successful == Some(false)
        || facts.is_some_and(|facts| facts.outcome == Outcome::Failed)
    {
        return false;
    }
    match kind(operation) {
        Ok(Kind::Claim | Kind::Other) => true,
        Ok(Kind::Merge) => results.and_then(|results| results.merged(number)).is_none(),
        Ok(Kind::Inflation) => results
            .and_then(|results| results.inflation(number))
            .is_none(),
        Ok(Kind::Invoke) => operation.asset_balance_changes.is_none(),
        Ok(Kind::PoolWithdraw) => operation.reserves_received.is_none(),
        _ => false,
    }
}

pub(super) struct OperationReader<'a> {
    pub decoder: &'a Decoder,
    pub operation: &'a wire::Operation,
    pub facts: Option<&'a TransactionFacts>,
    pub beside: Beside<'a>,
    pub id: Toid,
    pub failed: bool,
}

impl OperationReader<'_> {
    pub fn credits(&self) -> Result<Vec<Credit>, DecodeError> {
        let operation = self.operation;
        let one = |credit: Option<Credit>| Ok(credit.into_iter().collect());
        match kind(operation)? {
            Kind::CreateAccount => {
                let stated = field(&operation.starting_balance, "starting balance")?;
                let to = (field(&operation.account, "account")?, None, None);
                let funder = operation
                    .funder
                    .as_ref()
                    .or(operation.source_account.as_ref());
                one(self.credit(funder, to, self.native(), stated, Mechanism::TopLevel)?)
            }
            Kind::Payment | Kind::StrictReceive => {
                one(self.payment(field(&operation.amount, "amount")?)?)
            }
            Kind::StrictSend => {
                // What a failed one would have given is only known from below.
                let amount = match (&operation.amount, &operation.destination_min) {
                    (_, Some(least)) if self.failed => least,
                    (amount, _) => field(amount, "amount")?,
                };
                one(self.payment(amount)?)
            }
            _ if self.failed => Ok(Vec::new()),
            Kind::Merge => one(self.merge()?),
            Kind::Claim => one(self.claim()?),
            Kind::PoolWithdraw => self.pool_withdraw(),
            Kind::Inflation => self.inflation(),
            Kind::Invoke => match &operation.asset_balance_changes {
                Some(changes) if !changes.is_empty() || self.beside.effects.is_none() => {
                    self.balance_changes(changes)
                }
                _ => self.by_effects(None),
            },
            Kind::Other => self.by_effects(Some(Mechanism::BalanceChange)),
            Kind::Nothing => Ok(Vec::new()),
        }
    }

    fn native(&self) -> AssetId {
        AssetId::native(self.decoder.network.clone())
    }

    fn position(&self) -> Position {
        Position::new(&format!("op:{}", self.id.operation()))
    }

    fn part(&self, number: u64) -> Position {
        Position::new(&format!("op:{}.{number}", self.id.operation()))
    }

    fn credit(
        &self,
        from: Option<&Scalar>,
        to: (&Scalar, Option<&Scalar>, Option<&Scalar>),
        asset: AssetId,
        stated: &str,
        mechanism: Mechanism,
    ) -> Result<Option<Credit>, DecodeError> {
        let from = match from {
            Some(text) => Some(address::parse(text).map_err(|_| malformed("account", text))?),
            None => None,
        };
        let (to, muxed) = party(to.0, to.1, to.2)?;
        Ok(amount(stated)?.map(|amount| Credit {
            position: self.position(),
            from,
            to,
            muxed,
            asset,
            amount,
            mechanism,
            flags: Vec::new(),
        }))
    }

    fn payment(&self, stated: &str) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let asset = self.decoder.asset(
            operation.asset_type.as_ref(),
            operation.asset_code.as_ref(),
            operation.asset_issuer.as_ref(),
            operation.asset.as_ref(),
        )?;
        let mechanism = if asset.contract_text().is_some() {
            Mechanism::TokenTransfer
        } else {
            Mechanism::TopLevel
        };
        let from = operation
            .from
            .as_ref()
            .or(operation.source_account.as_ref());
        let to = (
            field(&operation.to, "recipient")?,
            operation.to_muxed.as_ref(),
            operation.to_muxed_id.as_ref(),
        );
        self.credit(from, to, asset, stated, mechanism)
    }

    /// This operation's effects, in their order.
    fn effects(&self) -> Result<Vec<(u64, &wire::Effect)>, DecodeError> {
        let Some(effects) = self.beside.effects else {
            return Err(DecodeError::EffectsNeeded {
                what: self
                    .operation
                    .kind
                    .as_deref()
                    .unwrap_or("the operation")
                    .to_owned(),
            });
        };
        let mut own = Vec::new();
        for effect in effects {
            let (operation, number) = effect_id(effect)?;
            if operation == self.id {
                own.push((number, effect));
            }
        }
        own.sort_by_key(|(number, _)| *number);
        own.dedup_by_key(|(number, _)| *number);
        Ok(own)
    }

    fn merge(&self) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let into = field(&operation.into, "account to merge into")?;
        let proved = self
            .facts
            .and_then(|facts| facts.results.as_ref())
            .and_then(|results| results.merged(self.id.operation()));
        let text = match proved {
            Some(stroops) => {
                let stroops = u128::try_from(stroops).unwrap_or_default();
                Amount::from_u128(stroops).to_coin_text(DECIMALS)
            }
            None => {
                let account = address::parse(into).map_err(|_| malformed("account", into))?;
                self.effects()?
                    .into_iter()
                    .filter(|(_, effect)| effect.kind.as_deref() == Some("account_credited"))
                    .find(|(_, effect)| {
                        let to = effect.account.as_deref().map(address::parse);
                        to.is_some_and(|to| to.as_ref() == Ok(&account))
                    })
                    .and_then(|(_, effect)| effect.amount.as_ref())
                    .map(|amount| amount.0.clone())
                    .ok_or_else(|| DecodeError::EffectsNeeded {
                        what: "account_merge".to_owned(),
                    })?
            }
        };
        let to = (
            into,
            operation.into_muxed.as_ref(),
            operation.into_muxed_id.as_ref(),
        );
        let from = operation
            .account
            .as_ref()
            .or(operation.source_account.as_ref());
        self.credit(from, to, self.native(), &text, Mechanism::AccountMerge)
    }

    fn claim(&self) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let claimant = operation
            .claimant
            .as_ref()
            .or(operation.source_account.as_ref())
            .ok_or_else(|| missing("operation", "claimant"))?;
        let to = (
            claimant,
            operation.claimant_muxed.as_ref(),
            operation.claimant_muxed_id.as_ref(),
        );
        let balance = self
            .beside
            .balances
            .iter()
            .find(|balance| balance.id.is_some() && balance.id == operation.balance_id);
        let (asset, stated) = match (self.effects(), balance) {
            (Ok(effects), _) => {
                let found = effects
                    .iter()
                    .find(|(_, effect)| effect.kind.as_deref() == Some("claimable_balance_claimed"))
                    .or_else(|| {
                        effects
                            .iter()
                            .find(|(_, effect)| effect.kind.as_deref() == Some("account_credited"))
                    });
                let (_, effect) = found.ok_or_else(|| DecodeError::EffectsNeeded {
                    what: "claim_claimable_balance".to_owned(),
                })?;
                (self.effect_asset(effect)?, field(&effect.amount, "amount")?)
            }
            (Err(_), Some(balance)) => (
                self.decoder
                    .asset(None, None, None, balance.asset.as_ref())?,
                field(&balance.amount, "amount")?,
            ),
            (Err(error), None) => return Err(error),
        };
        // The claimant signs the claim; who put the money there stands in an older transaction.
        self.credit(None, to, asset, stated, Mechanism::ClaimableBalance)
    }

    fn effect_asset(&self, effect: &wire::Effect) -> Result<AssetId, DecodeError> {
        self.decoder.asset(
            effect.asset_type.as_ref(),
            effect.asset_code.as_ref(),
            effect.asset_issuer.as_ref(),
            effect.asset.as_ref(),
        )
    }

    fn pool_withdraw(&self) -> Result<Vec<Credit>, DecodeError> {
        let operation = self.operation;
        let reserves = match &operation.reserves_received {
            Some(reserves) => reserves.clone(),
            None => self
                .effects()?
                .into_iter()
                .find_map(|(_, effect)| effect.reserves_received.clone())
                .ok_or_else(|| DecodeError::EffectsNeeded {
                    what: "liquidity_pool_withdraw".to_owned(),
                })?,
        };
        let account = field(&operation.source_account, "source account")?;
        let mut credits = Vec::new();
        for (number, reserve) in (1..).zip(&reserves) {
            let asset = self
                .decoder
                .asset(None, None, None, reserve.asset.as_ref())?;
            let stated = field(&reserve.amount, "amount")?;
            // The shares were the account's own: it pays itself.
            let credit = self.credit(
                Some(account),
                (account, None, None),
                asset,
                stated,
                Mechanism::BalanceChange,
            )?;
            credits.extend(credit.map(|credit| Credit {
                position: self.part(number),
                ..credit
            }));
        }
        Ok(credits)
    }

    fn inflation(&self) -> Result<Vec<Credit>, DecodeError> {
        let proved = self
            .facts
            .and_then(|facts| facts.results.as_ref())
            .and_then(|results| results.inflation(self.id.operation()));
        let Some(payouts) = proved else {
            return self.by_effects(Some(Mechanism::Reward));
        };
        Ok((1..)
            .zip(payouts)
            .map(|(number, (to, stroops))| Credit {
                position: self.part(number),
                from: None,
                to,
                muxed: None,
                asset: self.native(),
                amount: Amount::from_u128(u128::try_from(stroops).unwrap_or_default()),
                mechanism: Mechanism::Reward,
                flags: Vec::new(),
            })
            .collect())
    }

    fn balance_changes(&self, changes: &[wire::BalanceChange]) -> Result<Vec<Credit>, DecodeError> {
        let mut credits = Vec::new();
        for (number, change) in (1..).zip(changes) {
            // Burns and clawbacks name nobody who gains.
            let (Some(to), false) = (
                &change.to,
                matches!(change.kind.as_deref(), Some("burn" | "clawback")),
            ) else {
                continue;
            };
            // Balances to be claimed and pools have addresses too since protocol 23; nobody of ours stands there.
            if address::is_balance_or_pool(to) {
                continue;
            }
            let asset = self.decoder.asset(
                change.asset_type.as_ref(),
                change.asset_code.as_ref(),
                change.asset_issuer.as_ref(),
                None,
            )?;
            let mechanism = contract_mechanism(&asset);
            let stated = field(&change.amount, "amount")?;
            let from = change
                .from
                .as_ref()
                .filter(|from| !from.is_empty() && !address::is_balance_or_pool(from));
            let number_inside = change.destination_muxed_id.as_ref().filter(|text| {
                text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
            });
            let credit = self.credit(from, (to, None, number_inside), asset, stated, mechanism)?;
            credits.extend(credit.map(|mut credit| {
                credit.position = self.part(number);
                // Contracts may route by a text or by bytes too (CAP-67).
                if let (None, Some(text)) = (number_inside, &change.destination_muxed_id) {
                    credit.muxed = Some(Memo::text(text.as_bytes(), place::MUXED_ID));
                }
                credit
            }));
        }
        Ok(credits)
    }

    /// Credits by effect alone.
    fn by_effects(&self, mechanism: Option<Mechanism>) -> Result<Vec<Credit>, DecodeError> {
        let mut credits = Vec::new();
        for (number, effect) in self.effects()? {
            let to = match effect.kind.as_deref() {
                Some("account_credited") => field(&effect.account, "account")?,
                Some("contract_credited") => field(&effect.contract, "contract")?,
                _ => continue,
            };
            let asset = self.effect_asset(effect)?;
            let mechanism = mechanism.unwrap_or_else(|| contract_mechanism(&asset));
            let is_account = effect.contract.is_none();
            let to = (
                to,
                effect.account_muxed.as_ref().filter(|_| is_account),
                effect.account_muxed_id.as_ref().filter(|_| is_account),
            );
            let credit =
                self.credit(None, to, asset, field(&effect.amount, "amount")?, mechanism)?;
            credits.extend(credit.map(|credit| Credit {
                position: self.part(number),
                ..credit
            }));
        }
        Ok(credits)
    }

    /// What the signed bytes say of this operation must be what its record says.
    pub fn check_signed(&self, credits: &[Credit]) -> Result<(), DecodeError> {
        let envelope = self.facts.and_then(|facts| facts.envelope.as_ref());
        let Some(stated) = envelope.and_then(|envelope| envelope.stated(self.id.operation()))
        else {
            return Ok(());
        };
        for credit in credits {
            let muxed_id = stated.muxed_id.map(|id| Memo::id(id, place::MUXED_ID));
            let fits_credit = stated.credit.as_ref().is_none_or(|(asset, stroops)| {
                asset.as_deref() == credit.asset.contract_text()
                    && u128::try_from(*stroops).ok() == credit.amount.to_u128()
            });
            if stated.to != credit.to || !fits_credit || muxed_id != credit.muxed {
                return Err(contradiction(format!(
                    "operation {} pays otherwise in its signed bytes than in its record",
                    self.id.0
                )));
            }
        }
        Ok(())
    }
}

fn contract_mechanism(asset: &AssetId) -> Mechanism {
    if asset.contract_text().is_some() {
        Mechanism::TokenTransfer
    } else {
        Mechanism::InternalCall
    }
}
