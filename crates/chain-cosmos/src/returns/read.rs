//! Reading bytes back: what they would do, and whether that is what was approved.

use crate::address;
use crate::networks;
use crate::proto;
use crate::returns::amino::canonical;
use crate::returns::{
    Destination, MSG_SEND, MSG_TRANSFER, ReturnRefusal, ReturnRequest, SignMode, build,
};
use prost::Message;
use serde_json::Value;

/// What a document to be signed says, field by field, as text. Nothing in it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How it is signed.
    pub mode: SignMode,
    /// The chain's own name.
    pub chain: String,
    /// The account's number.
    pub account_number: String,
    /// The account's sequence.
    pub sequence: String,
    /// The type of the one message.
    pub message: String,
    /// Who pays.
    pub from: String,
    /// Who gets it: an address of this network, or the receiver on the other one.
    pub to: String,
    /// Port and channel (`transfer/channel-141`), when it leaves the network.
    pub channel: Option<String>,
    /// When the transfer over the channel is undone, in nanoseconds since 1970.
    pub channel_timeout: Option<String>,
    /// The one coin.
    pub denom: String,
    /// How much of it.
    pub amount: String,
    /// The memo of the transaction.
    pub memo: String,
    /// The memo of the packet, when it leaves the network.
    pub packet_memo: Option<String>,
    /// The fee's coins (`1000uatom`), comma between them; empty for none.
    pub fee: String,
    /// The most gas.
    pub gas_limit: String,
    /// The last height; `0` for none.
    pub timeout_height: String,
    /// The public key in hexadecimal digits; `None` in amino mode, whose document does not hold it.
    pub public_key: Option<String>,
}

/// Where bytes differ from what was approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// They are no document that we would build.
    #[error("they cannot be read as a return: {what}")]
    Unreadable {
        /// Why.
        what: String,
    },
    /// A field has another value.
    #[error("{field} is '{found}' and was approved as '{approved}'")]
    Field {
        /// The field.
        field: &'static str,
        /// What the bytes say.
        found: String,
        /// What was approved.
        approved: String,
    },
    /// The fields are the same and the bytes are not: something is hidden in them, or they are written otherwise.
    #[error("they say the same in other bytes; build the return again")]
    Encoding,
    /// The signature is not the payer's over these bytes.
    #[error("the signature is not that of the paying account; sign the exported bytes again")]
    Signature,
}

fn unreadable(what: impl Into<String>) -> Deviation {
    Deviation::Unreadable { what: what.into() }
}

/// Says what bytes to sign would do: a `SignDoc` or amino's JSON.
///
/// # Errors
/// When they are neither, or hold anything else than one payment of one coin by one key.
pub fn decode(bytes: &[u8]) -> Result<Summary, Deviation> {
    if bytes.first() == Some(&b'{') {
        decode_amino(bytes)
    } else {
        decode_direct(bytes)
    }
}

/// Decodes and makes sure that nothing was skipped: written again, the message must give the same bytes.
fn whole<T: Message + Default>(what: &str, bytes: &[u8]) -> Result<T, Deviation> {
    let message = T::decode(bytes).map_err(|error| unreadable(format!("{what}: {error}")))?;
    if message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(unreadable(format!(
            "{what} holds fields that a return has not"
        )))
    }
}

fn one<T>(what: &str, items: Vec<T>) -> Result<T, Deviation> {
    let mut items = items.into_iter();
    match (items.next(), items.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(unreadable(format!("no {what}"))),
        (Some(_), Some(_)) => Err(unreadable(format!("more than one {what}"))),
    }
}

fn decode_direct(bytes: &[u8]) -> Result<Summary, Deviation> {
    let document: proto::SignDoc = whole("the document", bytes)?;
    let mut summary = decode_parts(&document.body_bytes, &document.auth_info_bytes)?;
    summary.chain = document.chain_id;
    summary.account_number = document.account_number.to_string();
    if summary.mode != SignMode::Direct {
        return Err(unreadable(
            "a document for direct signing that names another mode",
        ));
    }
    Ok(summary)
}

/// What a transaction says that stands in a block: as [`decode`], in either mode, signed by anybody.
#[cfg(feature = "fetch")]
pub(crate) fn decode_signed(raw: &[u8]) -> Result<Summary, Deviation> {
    let transaction: proto::TxRaw = whole("the transaction", raw)?;
    decode_parts(&transaction.body_bytes, &transaction.auth_info_bytes)
}

/// What body and signer of a transaction say; chain and account number stand elsewhere.
fn decode_parts(body: &[u8], auth_info: &[u8]) -> Result<Summary, Deviation> {
    let body: proto::TxBody = whole("the body", body)?;
    let auth: proto::AuthInfo = whole("the signer", auth_info)?;
    if body.unordered
        || !body.extension_options.is_empty()
        || !body.non_critical_extension_options.is_empty()
    {
        return Err(unreadable("a body with options"));
    }
    let signer = one("signer", auth.signer_infos)?;
    let mode = match signer
        .mode_info
        .and_then(|mode| mode.single)
        .map(|single| single.mode)
    {
        Some(1) => SignMode::Direct,
        Some(127) => SignMode::AminoJson,
        _ => return Err(unreadable("a way of signing that is not one key's")),
    };
    let key = signer
        .public_key
        .ok_or_else(|| unreadable("no public key"))?;
    let key: proto::PubKey = whole("the public key", &key.value)?;
    let fee = auth.fee.ok_or_else(|| unreadable("no fee"))?;
    if !fee.payer.is_empty() || !fee.granter.is_empty() {
        return Err(unreadable("a fee that somebody else pays"));
    }
    let memo = String::from_utf8(body.memo).map_err(|_| unreadable("a memo that is no text"))?;
    let mut summary = Summary {
        mode,
        chain: String::new(),
        account_number: String::new(),
        sequence: signer.sequence.to_string(),
        message: String::new(),
        from: String::new(),
        to: String::new(),
        channel: None,
        channel_timeout: None,
        denom: String::new(),
        amount: String::new(),
        memo,
        packet_memo: None,
        fee: fee
            .amount
            .iter()
            .map(|coin| format!("{}{}", coin.amount, coin.denom))
            .collect::<Vec<_>>()
            .join(","),
        gas_limit: fee.gas_limit.to_string(),
        timeout_height: body.timeout_height.to_string(),
        public_key: Some(hex::encode(key.key)),
    };
    let message = one("message", body.messages)?;
    let coin = match message.type_url.as_str() {
        MSG_SEND => {
            let send: proto::MsgSend = whole("the message", &message.value)?;
            summary.from = send.from_address;
            summary.to = send.to_address;
            one("coin", send.amount)?
        }
        MSG_TRANSFER => {
            let transfer: proto::MsgTransfer = whole("the message", &message.value)?;
            if transfer
                .timeout_height
                .is_some_and(|height| height != proto::IbcHeight::default())
            {
                return Err(unreadable(
                    "a transfer that ends at a height of the other network",
                ));
            }
            summary.from = transfer.sender;
            summary.to = transfer.receiver;
            summary.channel = Some(format!(
                "{}/{}",
                transfer.source_port, transfer.source_channel
            ));
            summary.channel_timeout = Some(transfer.timeout_timestamp.to_string());
            summary.packet_memo = Some(transfer.memo);
            transfer.token.ok_or_else(|| unreadable("no coin"))?
        }
        other => return Err(unreadable(format!("a message of another type, {other}"))),
    };
    summary.message = message.type_url;
    summary.denom = coin.denom;
    summary.amount = coin.amount;
    Ok(summary)
}

fn decode_amino(bytes: &[u8]) -> Result<Summary, Deviation> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    if canonical(&value).as_bytes() != bytes {
        return Err(unreadable("json that is not canonical"));
    }
    fields(
        &value,
        "the document",
        &[
            "account_number",
            "chain_id",
            "fee",
            "memo",
            "msgs",
            "sequence",
            "timeout_height",
        ],
    )?;
    let fee = value.get("fee").unwrap_or(&Value::Null);
    fields(fee, "the fee", &["amount", "gas"])?;
    let mut fee_coins = Vec::new();
    for coin in fee
        .get("amount")
        .and_then(Value::as_array)
        .ok_or_else(|| unreadable("a fee without coins"))?
    {
        fields(coin, "a coin", &["amount", "denom"])?;
        fee_coins.push(format!("{}{}", text(coin, "amount")?, text(coin, "denom")?));
    }
    let messages = value
        .get("msgs")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let message = one("message", messages)?;
    fields(&message, "the message", &["type", "value"])?;
    let inner = message.get("value").unwrap_or(&Value::Null);
    let mut summary = Summary {
        mode: SignMode::AminoJson,
        chain: text(&value, "chain_id")?,
        account_number: text(&value, "account_number")?,
        sequence: text(&value, "sequence")?,
        message: String::new(),
        from: String::new(),
        to: String::new(),
        channel: None,
        channel_timeout: None,
        denom: String::new(),
        amount: String::new(),
        memo: text(&value, "memo")?,
        packet_memo: None,
        fee: fee_coins.join(","),
        gas_limit: text(fee, "gas")?,
        timeout_height: text(&value, "timeout_height")?,
        public_key: None,
    };
    let coin = match text(&message, "type")?.as_str() {
        "cosmos-sdk/MsgSend" => {
            fields(
                inner,
                "the message",
                &["amount", "from_address", "to_address"],
            )?;
            summary.message = MSG_SEND.to_owned();
            summary.from = text(inner, "from_address")?;
            summary.to = text(inner, "to_address")?;
            let coins = inner
                .get("amount")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            one("coin", coins)?
        }
        "cosmos-sdk/MsgTransfer" => {
            let has_memo = inner.get("memo").is_some();
            let mut names = vec![
                "receiver",
                "sender",
                "source_channel",
                "source_port",
                "timeout_height",
                "timeout_timestamp",
                "token",
            ];
            if has_memo {
                names.insert(0, "memo");
            }
            fields(inner, "the message", &names)?;
            fields(
                inner.get("timeout_height").unwrap_or(&Value::Null),
                "the height of the other network",
                &[],
            )?;
            summary.message = MSG_TRANSFER.to_owned();
            summary.from = text(inner, "sender")?;
            summary.to = text(inner, "receiver")?;
            summary.channel = Some(format!(
                "{}/{}",
                text(inner, "source_port")?,
                text(inner, "source_channel")?
            ));
            summary.channel_timeout = Some(text(inner, "timeout_timestamp")?);
            summary.packet_memo = Some(if has_memo {
                text(inner, "memo")?
            } else {
                String::new()
            });
            inner.get("token").cloned().unwrap_or_default()
        }
        other => return Err(unreadable(format!("a message of another type, {other}"))),
    };
    fields(&coin, "the coin", &["amount", "denom"])?;
    summary.denom = text(&coin, "denom")?;
    summary.amount = text(&coin, "amount")?;
    Ok(summary)
}

/// Makes sure that an object has these fields and no others.
fn fields(value: &Value, what: &str, names: &[&str]) -> Result<(), Deviation> {
    let object = value
        .as_object()
        .ok_or_else(|| unreadable(format!("{what} is missing")))?;
    let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
    found.sort_unstable();
    if found == names {
        Ok(())
    } else {
        Err(unreadable(format!(
            "{what} has the fields {} and should have {}",
            found.join(", "),
            names.join(", ")
        )))
    }
}

fn text(value: &Value, key: &str) -> Result<String, Deviation> {
    value
        .get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| unreadable(format!("{key} is no text")))
}

/// What the request's own bytes would say.
fn approved(request: &ReturnRequest) -> Summary {
    let key = request.public_key.map(|key| hex::encode(key.bytes()));
    let mut summary = Summary {
        mode: request.mode,
        chain: request.chain.clone(),
        account_number: request.account_number.to_string(),
        sequence: request.sequence.to_string(),
        message: MSG_SEND.to_owned(),
        from: request.from.text().to_owned(),
        to: String::new(),
        channel: None,
        channel_timeout: None,
        denom: request.denom.clone(),
        amount: request.amount.to_base_units(),
        memo: request.transaction_memo().to_owned(),
        packet_memo: None,
        fee: super::fee_coins(request)
            .iter()
            .map(|coin| format!("{}{}", coin.amount, coin.denom))
            .collect::<Vec<_>>()
            .join(","),
        gas_limit: request.fee.gas_limit.to_string(),
        timeout_height: request.timeout_height.to_string(),
        public_key: match request.mode {
            SignMode::Direct => key,
            SignMode::AminoJson => None,
        },
    };
    match &request.to {
        Destination::Account(to) => summary.to = to.text().to_owned(),
        Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } => {
            summary.message = MSG_TRANSFER.to_owned();
            summary.to = receiver.clone();
            summary.channel = Some(format!("{port}/{channel}"));
            summary.channel_timeout = Some(timeout_nanoseconds.to_string());
            summary.packet_memo = Some(request.memo.clone());
        }
    }
    summary
}

/// The first field in which two summaries differ, those first that lose money.
fn first_difference(found: &Summary, approved: &Summary) -> Option<Deviation> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let pairs: [(&'static str, String, String); 16] = [
        ("message", found.message.clone(), approved.message.clone()),
        ("to", found.to.clone(), approved.to.clone()),
        ("denom", found.denom.clone(), approved.denom.clone()),
        ("amount", found.amount.clone(), approved.amount.clone()),
        ("memo", found.memo.clone(), approved.memo.clone()),
        (
            "packet_memo",
            optional(&found.packet_memo),
            optional(&approved.packet_memo),
        ),
        (
            "channel",
            optional(&found.channel),
            optional(&approved.channel),
        ),
        (
            "channel_timeout",
            optional(&found.channel_timeout),
            optional(&approved.channel_timeout),
        ),
        ("from", found.from.clone(), approved.from.clone()),
        ("fee", found.fee.clone(), approved.fee.clone()),
        (
            "gas_limit",
            found.gas_limit.clone(),
            approved.gas_limit.clone(),
        ),
        (
            "timeout_height",
            found.timeout_height.clone(),
            approved.timeout_height.clone(),
        ),
        ("chain", found.chain.clone(), approved.chain.clone()),
        (
            "account_number",
            found.account_number.clone(),
            approved.account_number.clone(),
        ),
        (
            "sequence",
            found.sequence.clone(),
            approved.sequence.clone(),
        ),
        (
            "public_key",
            optional(&found.public_key),
            optional(&approved.public_key),
        ),
    ];
    pairs
        .into_iter()
        .find(|(_, found, approved)| found != approved)
        .map(|(field, found, approved)| Deviation::Field {
            field,
            found,
            approved,
        })
}

/// Makes sure that bytes to sign are those of a request.
///
/// # Errors
/// When the request itself is refused, or the bytes deviate from it in anything.
pub fn verify(bytes: &[u8], request: &ReturnRequest) -> Result<(), ReturnRefusal> {
    let built = build(request)?;
    let found = decode(bytes)?;
    if found.mode != request.mode {
        return Err(Deviation::Field {
            field: "mode",
            found: format!("{:?}", found.mode),
            approved: format!("{:?}", request.mode),
        }
        .into());
    }
    if let Some(deviation) = first_difference(&found, &approved(request)) {
        return Err(deviation.into());
    }
    if built.sign_bytes != bytes {
        return Err(Deviation::Encoding.into());
    }
    Ok(())
}

/// Makes sure that a signed transaction is that of a request, and its signature the payer's.
///
/// # Errors
/// As [`verify`], and when the signature is not the payer's.
pub fn verify_signed(raw: &[u8], request: &ReturnRequest) -> Result<(), ReturnRefusal> {
    let built = build(request)?;
    let transaction: proto::TxRaw = whole("the transaction", raw)?;
    let mut found = decode_parts(&transaction.body_bytes, &transaction.auth_info_bytes)?;
    let mut approved = approved(request);
    // A transaction names neither; the signature binds both.
    found.chain.clone_from(&approved.chain);
    found.account_number.clone_from(&approved.account_number);
    if found.mode != request.mode {
        return Err(Deviation::Field {
            field: "mode",
            found: format!("{:?}", found.mode),
            approved: format!("{:?}", request.mode),
        }
        .into());
    }
    approved.public_key = request.public_key.map(|key| hex::encode(key.bytes()));
    if let Some(deviation) = first_difference(&found, &approved) {
        return Err(deviation.into());
    }
    if built.body != transaction.body_bytes || built.auth_info != transaction.auth_info_bytes {
        return Err(Deviation::Encoding.into());
    }
    let signature = one("signature", transaction.signatures)?;
    let rule = networks::by_prefix(address::prefix(&request.from)).map(|known| known.key_rule);
    let is_signed = request
        .public_key
        .zip(rule)
        .is_some_and(|(key, rule)| key.has_signed(rule, &built.sign_bytes, &signature));
    if is_signed {
        Ok(())
    } else {
        Err(Deviation::Signature.into())
    }
}
