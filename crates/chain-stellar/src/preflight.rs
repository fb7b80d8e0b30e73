//! What must be known of an account before money is sent from it or to it.

use crate::address;
use crate::horizon::{Answer, Horizon, balance_asset};
use crate::returns::{AccountFacts, TrustLine};
use crate::wire;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_source::error::SourceError;

/// The data entry by which an account asks for a memo (SEP-29), and its value: base64 of `1`.
const MEMO_REQUIRED: (&str, &str) = ("config.memo_required", "MQ==");

impl Horizon {
    /// The facts of an account for a return of an asset; `None` when the network has no such account, which only a true "not
    /// found" says.
    ///
    /// # Errors
    /// When the source fails: an error is neither absence nor presence.
    pub async fn preflight(
        &self,
        address: &Address,
        asset: &AssetId,
    ) -> Result<Option<AccountFacts>, SourceError> {
        let wanted = match &asset.reference {
            AssetReference::Native => None,
            AssetReference::Contract(text) if address::split_asset(text).is_some() => {
                Some(text.as_str())
            }
            _ => return Err(self.client.unsupported("returns of a contract's token")),
        };
        let Some(account) = self.account_record(address).await? else {
            return Ok(None);
        };
        let base_reserve = self.base_reserve().await?;
        let mut native = None;
        let mut line = None;
        for balance in account.balances.iter().flatten() {
            let Some(held) = balance_asset(balance) else {
                continue;
            };
            if held.is_none() {
                native = Some((
                    self.stroops(balance.balance.as_ref())?,
                    self.liability(balance.selling_liabilities.as_ref())?,
                ));
            } else if held.as_deref() == wanted {
                line = Some(TrustLine {
                    balance: self.stroops(balance.balance.as_ref())?,
                    limit: self.stroops(balance.limit.as_ref())?,
                    buying: self.liability(balance.buying_liabilities.as_ref())?,
                    selling: self.liability(balance.selling_liabilities.as_ref())?,
                    // Older servers say nothing where the issuer asks for no authorisation.
                    authorized: balance.is_authorized.unwrap_or(true),
                });
            }
        }
        let (native, native_selling) = native.ok_or_else(|| {
            self.client
                .not_protocol("an account without a native balance")
        })?;
        let number = |text: &Option<wire::Scalar>| match text {
            None => Ok(0),
            Some(text) => text
                .parse::<u32>()
                .map_err(|_| self.client.not_protocol("an account with an odd count")),
        };
        let sequence = account
            .sequence
            .as_deref()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                self.client
                    .not_protocol("an account without a sequence number")
            })?;
        let data = account.data.unwrap_or_default();
        Ok(Some(AccountFacts {
            sequence,
            native,
            native_selling,
            subentries: number(&account.subentry_count)?,
            sponsoring: number(&account.num_sponsoring)?,
            sponsored: number(&account.num_sponsored)?,
            memo_required: data.get(MEMO_REQUIRED.0).map(|value| &**value) == Some(MEMO_REQUIRED.1),
            line,
            base_reserve,
        }))
    }

    fn liability(&self, text: Option<&wire::Scalar>) -> Result<Amount, SourceError> {
        // Protocols before the tenth had none.
        text.map_or(Ok(Amount::ZERO), |text| self.stroops(Some(text)))
    }

    /// What one operation costs now, and what it costs at least, in stroops.
    ///
    /// # Errors
    /// What the server answered.
    pub(super) async fn fee_now(&self) -> Result<(Amount, Amount), SourceError> {
        self.verify().await?;
        let Answer::Found(stats) = self.record::<wire::FeeStats>("/fee_stats").await? else {
            return Err(self.client.unsupported("fee statistics"));
        };
        let number =
            |text: Option<&wire::Scalar>| text.and_then(|text| Amount::from_base_units(text).ok());
        let base = number(stats.last_ledger_base_fee.as_ref()).ok_or_else(|| {
            self.client
                .not_protocol("fee statistics without a base fee")
        })?;
        let charged = number(stats.fee_charged.as_ref().and_then(|fees| fees.get("p95")));
        let fee = charged.unwrap_or(base).max(base);
        Ok((fee, base))
    }

    /// What each of an account's two first entries, and each further one, makes it keep, in stroops.
    pub(super) async fn base_reserve(&self) -> Result<Amount, SourceError> {
        let latest = self.standing().await?.latest;
        let ledger = self
            .record::<wire::Ledger>(&format!("/ledgers/{latest}"))
            .await?;
        let reserve = match &ledger {
            Answer::Found(ledger) => ledger.base_reserve_in_stroops.as_deref(),
            Answer::NotFound => None,
        };
        reserve
            .and_then(|text| Amount::from_base_units(text).ok())
            .filter(|reserve| !reserve.is_zero())
            .ok_or_else(|| {
                self.client
                    .not_protocol("a newest ledger without its base reserve")
            })
    }
}
