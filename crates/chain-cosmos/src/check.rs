//! Judging the bytes of a return: what they do, whether that is what was approved, and whose signature is under them.
//!
//! The unsigned bytes are a `SignDoc` for direct signing. Only what [`returns::build`] writes is read: whatever the bytes say is
//! built again, and other bytes are refused. The amino form (`returns`) says the same to hardware wallets and is no package of
//! its own, because its document does not hold the key.
//!
//! A signed transaction (`TxRaw`) names neither its chain nor its account number, though the signature binds both: the chain is
//! the caller's, the number comes from the approved bytes, and a wrong one makes a wrong signature.

use crate::address;
use crate::decode::Decoder;
use crate::key::PublicKey;
use crate::networks::{self, CosmosNetwork};
use crate::proto;
use crate::returns::{self, Destination, Fee, ReturnRequest, SignMode, Summary};
use prost::Message as _;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::{Check, Decoded, Deviation, Line, NotReadable, Signed, Slot, compared};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::network::{Family, NetworkId};
use recover_core::plan::{Leg, LegKind, Spend};

/// The checker of the Cosmos SDK's returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CosmosCheck;

/// What a chain's own name stands behind in CAIP-2.
pub(crate) const NAMESPACE: &str = "cosmos:";

const UNSIGNED: &str = "the SignDoc of one payment of one coin";
const SIGNED: &str = "a payment of one coin, signed by its account (TxRaw)";

impl Check for CosmosCheck {
    fn family(&self) -> Family {
        Family::Cosmos
    }

    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        let request = read(unsigned).map_err(unsigned_not)?;
        let found = caip2(&request);
        if found != chain {
            return Err(unsigned_not(format!("they are for {found}, not {chain}")));
        }
        Ok(decoded(&request))
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        compared(
            leg,
            None,
            read(unsigned).map_err(unsigned_not),
            |request| deviations(leg, request),
            decoded,
        )
    }

    fn open(&self, chain: &str, approved: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        open(chain, approved, signed).map_err(|detail| NotReadable {
            expected: SIGNED,
            detail,
        })
    }
}

fn unsigned_not(detail: String) -> NotReadable {
    NotReadable {
        expected: UNSIGNED,
        detail,
    }
}

fn caip2(request: &ReturnRequest) -> String {
    format!("{NAMESPACE}{}", request.chain)
}

/// The return that bytes stand for: exactly those bytes, and no others, are built from it.
fn read(unsigned: &[u8]) -> Result<ReturnRequest, String> {
    let summary = returns::decode(unsigned).map_err(|deviation| deviation.to_string())?;
    if summary.mode != SignMode::Direct {
        return Err(
            "they are for amino signing; a package holds the form for direct signing".to_owned(),
        );
    }
    let request = request_of(summary)?;
    returns::verify(unsigned, &request).map_err(|refusal| refusal.to_string())?;
    Ok(request)
}

/// How a transaction in a block differs from a leg in what it does. Whoever signed it chose the form: a `timeout_height` of zero and
/// amino's signature change nothing of the effect.
#[cfg(feature = "fetch")]
pub(crate) fn deviations_on_chain(leg: &Leg, chain: &str, raw: &[u8]) -> Vec<Deviation> {
    let read = returns::decode_signed(raw)
        .map_err(|deviation| deviation.to_string())
        .and_then(|mut summary| {
            // A transaction names neither.
            chain.clone_into(&mut summary.chain);
            "0".clone_into(&mut summary.account_number);
            request_of(summary)
        });
    match read {
        Ok(request) => deviations(leg, &request),
        Err(detail) => vec![Deviation {
            field: "bytes",
            found: detail,
            approved: SIGNED.to_owned(),
        }],
    }
}

/// The slot that a transaction in a block used; `None` where it is of another form than a payment of one coin by one key.
#[cfg(feature = "fetch")]
pub(crate) fn slot_on_chain(raw: &[u8]) -> Option<Slot> {
    let summary = returns::decode_signed(raw).ok()?;
    Some(Slot {
        sequence: number(&summary.sequence).ok()?,
        account: summary.from,
        is_ticket: false,
    })
}

fn request_of(summary: Summary) -> Result<ReturnRequest, String> {
    let from = account(&summary.from)?;
    let network = networks::by_prefix(address::prefix(&from))
        .ok_or_else(|| format!("{from} is of a network whose transactions are not built"))?;
    let (to, memo) = match summary.channel {
        None => (Destination::Account(account(&summary.to)?), summary.memo),
        Some(route) => {
            let (port, channel) = route
                .split_once('/')
                .ok_or_else(|| format!("'{route}' is no port and channel"))?;
            let over_ibc = Destination::OverIbc {
                port: port.to_owned(),
                channel: channel.to_owned(),
                receiver: summary.to,
                timeout_nanoseconds: number(summary.channel_timeout.as_deref().unwrap_or("0"))?,
            };
            (over_ibc, summary.packet_memo.unwrap_or_default())
        }
    };
    let key = summary
        .public_key
        .and_then(|text| hex::decode(text).ok())
        .and_then(|bytes| PublicKey::from_bytes(&bytes))
        .ok_or("their public key is no compressed key of secp256k1")?;
    Ok(ReturnRequest {
        network: NetworkId::new(network.name),
        chain: summary.chain,
        from,
        to,
        denom: summary.denom,
        amount: amount(&summary.amount)?,
        memo,
        fee: Fee {
            denom: network.native_denom.to_owned(),
            amount: fee(&summary.fee, network)?,
            gas_limit: number(&summary.gas_limit)?,
        },
        timeout_height: Height(number(&summary.timeout_height)?),
        account_number: number(&summary.account_number)?,
        sequence: number(&summary.sequence)?,
        public_key: Some(key),
        mode: SignMode::Direct,
    })
}

fn account(text: &str) -> Result<Address, String> {
    address::parse(text)
        .ok()
        .filter(|address| address.text() == text)
        .ok_or_else(|| format!("'{text}' is no address as the networks write it"))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}

fn amount(text: &str) -> Result<Amount, String> {
    Amount::from_base_units(text)
        .ok()
        .filter(|amount| amount.to_base_units() == text)
        .ok_or_else(|| format!("'{text}' is no amount as the networks write it"))
}

/// The fee in the network's own coin: what a leg bounds.
fn fee(text: &str, network: &CosmosNetwork) -> Result<Amount, String> {
    if text.is_empty() {
        return Ok(Amount::ZERO);
    }
    let digits = text.strip_suffix(network.native_denom).ok_or_else(|| {
        format!(
            "the fee {text} is not paid in {} alone",
            network.native_denom
        )
    })?;
    amount(digits)
}

/// The recipient, the route and the place of the memo.
fn way(request: &ReturnRequest) -> (String, Option<String>, &'static str) {
    match &request.to {
        Destination::Account(to) => (to.text().to_owned(), None, place::MEMO),
        Destination::OverIbc {
            port,
            channel,
            receiver,
            ..
        } => (
            receiver.clone(),
            Some(format!("{port}/{channel}")),
            place::PACKET_MEMO,
        ),
    }
}

fn key_of(request: &ReturnRequest) -> String {
    request
        .public_key
        .map_or_else(String::new, |key| hex::encode(key.bytes()))
}

/// A stranger's text for a person: what cannot be seen or turns the direction of writing is written out.
fn shown(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

fn decoded(request: &ReturnRequest) -> Decoded {
    let (to, route, _) = way(request);
    let mut lines = Vec::new();
    let mut line = |label: &str, value: String| {
        lines.push(Line {
            label: label.to_owned(),
            value,
        });
    };
    line("chain", caip2(request));
    line(
        "does",
        match &request.to {
            Destination::Account(_) => "pays one coin (MsgSend)".to_owned(),
            Destination::OverIbc { .. } => {
                "sends one coin to another network over IBC (MsgTransfer)".to_owned()
            }
        },
    );
    line("from", request.from.text().to_owned());
    line(
        "to",
        match &request.to {
            Destination::Account(_) => to,
            Destination::OverIbc { .. } => shown(&to),
        },
    );
    line(
        "amount",
        format!("{} {}", request.amount.to_base_units(), request.denom),
    );
    line(
        "memo",
        if request.memo.is_empty() {
            "none".to_owned()
        } else {
            shown(&request.memo)
        },
    );
    if !request.memo.is_ascii() {
        // Letters of other scripts look like plain ones.
        line("memo bytes", hex::encode(&request.memo));
    }
    if let Destination::OverIbc {
        timeout_nanoseconds,
        ..
    } = &request.to
    {
        line("channel", route.unwrap_or_default());
        line(
            "undone if not arrived by",
            format!("{timeout_nanoseconds} nanoseconds since 1970"),
        );
    }
    line(
        "fee at most",
        format!(
            "{} {}",
            request.fee.amount.to_base_units(),
            request.fee.denom
        ),
    );
    line("gas at most", request.fee.gas_limit.to_string());
    line("last block", request.timeout_height.to_string());
    line("account number", request.account_number.to_string());
    line("sequence", request.sequence.to_string());
    line("public key", key_of(request));
    Decoded {
        lines,
        slot: slot(request),
        fee_max: request.fee.amount,
        valid_until: None,
        valid_through: Some(request.timeout_height),
    }
}

fn slot(request: &ReturnRequest) -> Slot {
    Slot {
        account: request.from.text().to_owned(),
        sequence: request.sequence,
        is_ticket: false,
    }
}

/// Every way in which a return differs from a leg, those first that lose money. Free are the account number, the sequence, the gas
/// limit (the fee bounds it), and the two ends of validity, which [`returns::build`] demands.
fn deviations(leg: &Leg, request: &ReturnRequest) -> Vec<Deviation> {
    let Leg {
        kind,
        network,
        chain,
        signer,
        signer_key,
        target,
        recipient,
        memo,
        asset,
        amount,
        call,
        route,
        spend,
        fee_max,
    } = leg;
    let none = || "none".to_owned();
    let (to, way, memo_place) = way(request);
    let mut all = Vec::new();
    let mut compare = |field: &'static str, found: String, approved: String| {
        if found != approved {
            all.push(Deviation {
                field,
                found,
                approved,
            });
        }
    };
    compare("recipient", to.clone(), recipient.clone());
    compare("target", to, target.clone());
    compare(
        "asset",
        Decoder::new(request.network.clone())
            .asset(&request.denom)
            .to_string(),
        asset.to_string(),
    );
    compare(
        "amount",
        request.amount.to_base_units(),
        amount.to_base_units(),
    );
    compare(
        "memo",
        memo_text(&request.memo, memo_place),
        match memo {
            None => none(),
            Some(memo) => approved_memo(memo),
        },
    );
    compare(
        "route",
        way.unwrap_or_else(none),
        route.clone().unwrap_or_else(none),
    );
    compare("signer", request.from.text().to_owned(), signer.clone());
    compare(
        "signer_key",
        key_of(request),
        signer_key.clone().unwrap_or_else(none),
    );
    compare("chain", caip2(request), chain.clone());
    compare(
        "network",
        request.network.as_str().to_owned(),
        network.as_str().to_owned(),
    );
    compare(
        "spend",
        none(),
        spend.as_deref().map_or_else(none, Spend::outpoint),
    );
    compare("call", none(), call.as_ref().map_or_else(none, hex::encode));
    if !matches!(kind, LegKind::Transfer | LegKind::Return) {
        compare("kind", "a payment".to_owned(), kind.code().to_owned());
    }
    if request.fee.amount > *fee_max {
        compare(
            "fee",
            request.fee.amount.to_base_units(),
            format!("at most {}", fee_max.to_base_units()),
        );
    }
    all
}

fn memo_text(text: &str, place: &str) -> String {
    if text.is_empty() {
        "none".to_owned()
    } else {
        format!("{} in {place}", shown(text))
    }
}

/// An approved memo as [`memo_text`] writes it; one that no transaction of the family carries is written so that it never fits.
fn approved_memo(memo: &Memo) -> String {
    let Memo { kind, raw, place } = memo;
    match (kind, std::str::from_utf8(raw)) {
        (MemoKind::Text, Ok(text)) if !text.is_empty() => memo_text(text, place),
        _ => format!("{kind} {} in {place}", hex::encode(raw)),
    }
}

fn open(chain: &str, approved: &[u8], signed: &[u8]) -> Result<Signed, String> {
    let chain_id = chain
        .strip_prefix(NAMESPACE)
        .ok_or_else(|| format!("{chain} is no chain of this family"))?;
    let raw = proto::TxRaw::decode(signed).map_err(|error| error.to_string())?;
    if raw.encode_to_vec() != signed {
        return Err("they hold fields that a transaction has not".to_owned());
    }
    let [signature] = raw.signatures.as_slice() else {
        return Err(format!(
            "{} signatures instead of one",
            raw.signatures.len()
        ));
    };
    let hint = proto::SignDoc::decode(approved)
        .map_err(|error| format!("the approved bytes to compare with are no SignDoc: {error}"))?;
    let unsigned = proto::SignDoc {
        body_bytes: raw.body_bytes,
        auth_info_bytes: raw.auth_info_bytes,
        chain_id: chain_id.to_owned(),
        account_number: hint.account_number,
    }
    .encode_to_vec();
    let request = read(&unsigned)?;
    let rule = networks::by_name(&request.network).map(|network| network.key_rule);
    let is_signed = request
        .public_key
        .zip(rule)
        .is_some_and(|(key, rule)| key.has_signed(rule, &unsigned, signature));
    if !is_signed {
        return Err(format!(
            "the signature is not that of {} over these bytes on {chain} with account number {}",
            request.from, request.account_number
        ));
    }
    Ok(Signed {
        bytes: signed.to_vec(),
        unsigned,
        signer: request.from.text().to_owned(),
        signer_key: Some(key_of(&request)),
        tx_id: address::tx_id_of(signed),
    })
}
