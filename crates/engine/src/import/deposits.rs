//! Deposits that another system found. They can be matched; what we cannot vouch for is never quoted.

use super::columns::{Column, ColumnMap, needed, optional};
use super::context::{Context, one_memo};
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::decimal::Decimal;
use recover_core::deposit::ImportedDeposit;
use recover_core::observation::DepositId;
use std::io::Read;

const COLUMNS: &[Column] = &[
    needed("deposit_id"),
    needed("chain"),
    needed("tx_id"),
    optional("output_index"),
    optional("block_height"),
    optional("block_time"),
    optional("from_address"),
    needed("to_address"),
    needed("asset"),
    needed("amount"),
    optional("memo"),
    optional("orphan_reason"),
];

/// Reads deposits. The amount keeps the scale that the file writes it with; `orphan_reason` is kept as stated, not as our
/// verdict; an asset that the configuration does not have becomes `NETWORK/unlisted:SYMBOL`.
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn deposits<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, ImportedDeposit>, ImportError> {
    Records::open(file, reader, COLUMNS, map, context, parse)
}

fn parse(row: &Row<'_>, context: &Context<'_>) -> Result<ImportedDeposit, RejectReason> {
    let (network, family) = context.network("chain", row.needed("chain")?)?;
    let symbol = row.needed("asset")?;
    let asset = context
        .asset("asset", &network, family, symbol)?
        .unwrap_or_else(|| AssetId::unlisted(network.clone(), symbol));
    let amount = Decimal::parse(row.needed("amount")?)
        .map_err(|error| RejectReason::value("amount", error))?;
    let block_height = row
        .get("block_height")
        .map(|text| {
            text.parse().map(Height).map_err(|_| {
                RejectReason::value("block_height", format!("'{text}' is no block height"))
            })
        })
        .transpose()?;
    let to = context.address("to_address", family, row.needed("to_address")?)?;
    let memo = Some(row.raw("memo")).filter(|memo| !memo.is_empty());
    let memo = one_memo("memo", &to, memo)?;
    // Who sent it may be a word ("coinbase") or several addresses: kept as written where it is no single address.
    let from = match row.get("from_address") {
        None => None,
        Some(text) => match context.address("from_address", family, text) {
            Ok(address) => Some(address.text),
            Err(secret @ RejectReason::Secret { .. }) => return Err(secret),
            Err(_) => Some(text.to_owned()),
        },
    };
    Ok(ImportedDeposit {
        id: DepositId::verbatim(row.needed("deposit_id")?),
        tx_id: context.transaction("tx_id", family, row.needed("tx_id")?)?,
        position: row.get("output_index").unwrap_or_default().to_owned(),
        block_height,
        block_time: row.time("block_time")?,
        from,
        to: to.text,
        asset,
        amount: amount.digits(),
        scale: amount.scale(),
        memo,
        orphan_reason: row.get("orphan_reason").map(str::to_owned),
        network,
    })
}
