//! A payment beside the leg that was approved.

use crate::address;
use crate::asset::{Asset, Money};
use crate::binary::{self, Part};
use crate::decode::PARTIAL_PAYMENT;
use crate::number::Number;
use crate::returns::{self, ReturnPayment, Signing, Summary, Validity};
use recover_core::amount::Amount;
use recover_core::check::Deviation;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::plan::{Leg, LegKind};
use serde_json::{Map, Value};

/// Fields that change nothing of who receives what: they may stand in a payment that our signers sent themselves.
const WITHOUT_EFFECT: [&str; 5] = [
    "SourceTag",
    "InvoiceID",
    "Memos",
    "NetworkID",
    "AccountTxnID",
];

/// Gathers what differs.
#[derive(Default)]
struct Differences(Vec<Deviation>);

impl Differences {
    fn add(&mut self, field: &'static str, found: impl Into<String>, approved: impl Into<String>) {
        self.0.push(Deviation {
            field,
            found: found.into(),
            approved: approved.into(),
        });
    }

    fn compare(&mut self, field: &'static str, found: String, approved: String) {
        if found != approved {
            self.add(field, found, approved);
        }
    }
}

fn tag_text(tag: Option<u32>) -> String {
    tag.map_or("none".to_owned(), |tag| tag.to_string())
}

fn money_text(money: Option<&Money>) -> String {
    money.map_or("none".to_owned(), |money| {
        format!("{} {}", money.value, money.asset)
    })
}

/// The destination tag of a memo; `None` in the outer place for one that no payment here can carry.
#[expect(
    clippy::option_option,
    reason = "outside: whether a payment can carry it; inside: the tag, and none is one answer"
)]
pub(crate) fn tag_of(memo: Option<&Memo>) -> Option<Option<u32>> {
    match memo {
        None => Some(None),
        Some(memo) if memo.place != place::DESTINATION_TAG => None,
        Some(memo) => match memo.kind {
            MemoKind::Absent => Some(None),
            MemoKind::Tag => {
                let text = std::str::from_utf8(&memo.raw).ok()?;
                let tag: u32 = text.parse().ok()?;
                (tag.to_string() == text).then_some(Some(tag))
            }
            _ => None,
        },
    }
}

/// The leg's money; `None` where it is of no asset that is paid here.
pub(crate) fn money_of(leg: &Leg) -> Option<Money> {
    let asset = Asset::of_id(&leg.asset).filter(|_| leg.asset.network == leg.network)?;
    let scale = match asset {
        Asset::Xrp => 0,
        Asset::Issued { .. } => crate::number::ISSUED_DECIMALS,
        Asset::Mpt(_) => return None,
    };
    Some(Money {
        asset,
        value: Number::of_units(leg.amount, scale),
    })
}

/// The most that may leave for it beside: the same amount of a currency that another issues. An issuer's transfer fee would be
/// taken from our own, which no leg allows.
fn send_max_of(leg: &Leg, amount: &Money) -> Option<Money> {
    let issuer = amount.asset.issuer()?;
    (address::text(issuer) != leg.signer).then(|| amount.clone())
}

/// What is the same question for unsigned bytes and for a payment in a ledger.
fn common(leg: &Leg, summary: &Summary, differences: &mut Differences) {
    if !matches!(leg.kind, LegKind::Transfer | LegKind::Return) {
        differences.add("kind", "a payment", leg.kind.code());
    }
    differences.compare("signer", address::text(summary.account), leg.signer.clone());
    let recipient = address::text(summary.destination);
    differences.compare("target", recipient.clone(), leg.target.clone());
    differences.compare("recipient", recipient, leg.recipient.clone());
    match tag_of(leg.memo.as_ref()) {
        Some(tag) => {
            differences.compare("memo", tag_text(summary.destination_tag), tag_text(tag));
        }
        None => differences.add(
            "memo",
            tag_text(summary.destination_tag),
            leg.memo.as_ref().map_or_else(String::new, |memo| {
                format!(
                    "{} {} at {}, which no payment carries",
                    memo.kind.code(),
                    hex::encode(&memo.raw),
                    memo.place
                )
            }),
        ),
    }
    if let Some(call) = &leg.call {
        differences.add("call", "none", hex::encode(call));
    }
    if let Some(route) = &leg.route {
        differences.add("route", "none", route.clone());
    }
    if let Some(spend) = &leg.spend {
        differences.add("spend", "none", spend.outpoint());
    }
    if Amount::from_u128(summary.fee_drops.into()) > leg.fee_max {
        differences.add(
            "fee",
            format!("{} drops", summary.fee_drops),
            format!("at most {} drops", leg.fee_max.to_base_units()),
        );
    }
}

/// Compares money: asset and amount are two questions.
fn money(differences: &mut Differences, found: &Money, approved: &Money) {
    differences.compare("asset", found.asset.to_string(), approved.asset.to_string());
    differences.compare(
        "amount",
        found.value.to_string(),
        approved.value.to_string(),
    );
}

/// How unsigned bytes deviate from a leg; nothing when they do exactly what it says.
pub(super) fn unsigned(leg: &Leg, summary: &Summary, bytes: &[u8]) -> Vec<Deviation> {
    let mut differences = Differences::default();
    common(leg, summary, &mut differences);
    differences.compare(
        "signer_key",
        hex::encode(&summary.signing_key),
        leg.signer_key.clone().unwrap_or_else(|| "none".to_owned()),
    );
    let approved = money_of(leg);
    match &approved {
        Some(approved) => {
            money(&mut differences, &summary.amount, approved);
            differences.compare(
                "send_max",
                money_text(summary.send_max.as_ref()),
                money_text(send_max_of(leg, approved).as_ref()),
            );
        }
        None => differences.add(
            "asset",
            summary.amount.asset.to_string(),
            leg.asset.to_string(),
        ),
    }
    if summary.flags & PARTIAL_PAYMENT != 0 {
        differences.add("flags", "a partial payment: less could arrive", "none");
    } else if summary.flags != 0 {
        differences.add("flags", format!("{:#010x}", summary.flags), "none");
    }
    for field in &summary.other_fields {
        differences.add("further field", field.clone(), "none");
    }
    let validity = match (summary.sequence, summary.ticket, summary.last_ledger) {
        (0, Some(ticket), last_ledger) if ticket != 0 => Some(Validity::Ticket {
            ticket,
            last_ledger,
        }),
        (sequence, None, Some(last_ledger)) if sequence != 0 => Some(Validity::Sequence {
            sequence,
            last_ledger,
        }),
        (sequence, None, None) if sequence != 0 => {
            // Without an end it would hold up the account for as long as nobody sends it.
            differences.add("valid_through", "no end", "a last ledger");
            None
        }
        (sequence, ticket, _) => {
            differences.add(
                "sequence",
                format!("{sequence} with ticket {}", tag_text(ticket)),
                "a sequence number, or 0 and a ticket",
            );
            None
        }
    };
    if !differences.0.is_empty() {
        return differences.0;
    }
    // One payment has one text of bytes: whatever else the format may carry, now or later, is refused by this alone.
    let again = approved
        .zip(validity)
        .zip(<[u8; 33]>::try_from(summary.signing_key.as_slice()).ok())
        .and_then(|((amount, validity), key)| {
            let send_max = send_max_of(leg, &amount);
            let payment = ReturnPayment {
                account: summary.account,
                destination: summary.destination,
                destination_tag: summary.destination_tag,
                amount,
                send_max,
                fee_drops: summary.fee_drops,
                validity,
                signing: Signing::Key(key),
            };
            payment.unsigned().ok()
        });
    if again.as_deref() != Some(bytes) {
        differences.add(
            "bytes",
            hex::encode(bytes),
            again.map_or_else(|| "none can be written".to_owned(), hex::encode),
        );
    }
    differences.0
}

/// How a transaction in a validated ledger deviates from a leg in what it did, by its signed fields and by what its metadata
/// says was delivered. Who signed it and what keeps it unique is no effect.
#[must_use]
pub fn outcome(
    leg: &Leg,
    fields: &Map<String, Value>,
    meta: &Map<String, Value>,
) -> Vec<Deviation> {
    let mut differences = Differences::default();
    let summary = binary::encode(fields, Part::Whole)
        .map_err(returns::Deviation::from)
        .and_then(|bytes| returns::decode(&bytes));
    let summary = match summary {
        Ok(summary) => summary,
        Err(returns::Deviation::NotAPayment { found }) => {
            differences.add("kind", found, "Payment");
            return differences.0;
        }
        Err(error) => {
            differences.add("bytes", error.to_string(), "a payment");
            return differences.0;
        }
    };
    common(leg, &summary, &mut differences);
    let Some(approved) = money_of(leg) else {
        differences.add(
            "asset",
            summary.amount.asset.to_string(),
            leg.asset.to_string(),
        );
        return differences.0;
    };
    let stated = ["delivered_amount", "DeliveredAmount"]
        .into_iter()
        .find_map(|name| meta.get(name).and_then(Money::read));
    let is_partial = summary.flags & PARTIAL_PAYMENT != 0;
    match stated {
        Some(delivered) => money(&mut differences, &delivered, &approved),
        // What is no partial payment and succeeded delivered its amount.
        None if !is_partial => money(&mut differences, &summary.amount, &approved),
        None => differences.add(
            "amount",
            "a partial payment that does not say what it delivered",
            money_text(Some(&approved)),
        ),
    }
    // What left us: without SendMax as much as was delivered, with it at most that.
    let most = send_max_of(leg, &approved);
    let leaves_more = summary.send_max.as_ref().is_some_and(|found| {
        let units = |money: &Money| money.units().map(|units| units.held());
        found.asset != approved.asset
            || units(found)
                .zip(units(&approved))
                .is_none_or(|(found, approved)| found > approved)
    });
    if leaves_more {
        differences.add(
            "send_max",
            money_text(summary.send_max.as_ref()),
            money_text(most.as_ref()),
        );
    }
    for field in &summary.other_fields {
        let harmless = WITHOUT_EFFECT.contains(&field.as_str());
        if !harmless {
            differences.add("further field", field.clone(), "none");
        }
    }
    differences.0
}
