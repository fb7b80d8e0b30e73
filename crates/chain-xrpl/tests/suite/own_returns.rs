//! Returns: what is built, what is refused and in which order, and what a signer's check finds.

use crate::fixture::network;
use proptest::prelude::*;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Money};
use recover_chain_xrpl::binary;
use recover_chain_xrpl::decode::SOURCE_TAG;
use recover_chain_xrpl::number::Number;
use recover_chain_xrpl::returns::{
    AccountFacts, Deviation, FEE_DROPS_MAX, Form, LAST_LEDGER_AHEAD_MAX, LedgerFacts, LineFacts,
    ReturnFacts, ReturnOrder, ReturnPayment, ReturnRefusal, Signing, StillValid, Validity, decode,
    plan, verify,
};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::memo::{Memo, place};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use serde_json::{Value, json};

const US: [u8; 20] = [1; 20];
const THEM: [u8; 20] = [2; 20];
const ISSUER: [u8; 20] = [3; 20];
const KEY: [u8; 33] = [0xed; 33];
const REQUIRE_TAG: u32 = 0x0002_0000;
const REQUIRE_AUTHORISATION: u32 = 0x0004_0000;
const GLOBAL_FREEZE: u32 = 0x0040_0000;
const DEPOSIT_AUTHORISATION: u32 = 0x0100_0000;

fn usd() -> String {
    format!("USD.{}", address::text(ISSUER))
}

fn coins(text: &str) -> Amount {
    Amount::from_coin_text(text, 30).unwrap()
}

fn credit(asset: Option<&str>, amount: Amount) -> Observation {
    let asset = match asset {
        None => AssetId::native(network()),
        Some(text) => AssetId::contract(network(), text),
    };
    Observation {
        network: network(),
        tx_id: TxId::new(&"AB".repeat(32)),
        position: Position::value(),
        block: None,
        from: Some(address::format(THEM)),
        to: address::format(US),
        asset,
        amount,
        amount_stated: amount,
        balance_delta: None,
        memos: vec![
            Memo::absent(place::DESTINATION_TAG),
            Memo::tag(77, SOURCE_TAG),
        ],
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

fn account(balance_drops: u64) -> AccountFacts {
    AccountFacts {
        balance_drops,
        owner_count: 2,
        sequence: 100,
        flags: 0,
        transfer_rate: 0,
        regular_key: None,
    }
}

fn line(balance: &str, limit: &str) -> LineFacts {
    LineFacts {
        balance: Number::parse(balance).unwrap(),
        limit: Number::parse(limit).unwrap(),
        frozen: false,
        authorised: false,
    }
}

fn facts() -> ReturnFacts {
    ReturnFacts {
        ledger: LedgerFacts {
            validated: 1_000,
            base_fee_drops: 10,
            reserve_base_drops: 1_000_000,
            reserve_increment_drops: 200_000,
        },
        own: Some(account(50_000_000)),
        own_line: Some(line("1000", "5000")),
        destination: Some(account(3_000_000)),
        destination_line: Some(line("5", "5000")),
        issuer: Some(account(9_000_000)),
    }
}

fn order(credit: &Observation) -> ReturnOrder<'_> {
    ReturnOrder {
        credit,
        deliver: credit.amount,
        fee_drops: 12,
        validity: Validity::Sequence {
            sequence: 100,
            last_ledger: 1_050,
        },
        signing: Signing::Key(KEY),
    }
}

fn code(result: Result<ReturnPayment, ReturnRefusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.code(), |_| "planned")
}

#[test]
fn a_return_goes_to_the_sender_with_the_senders_tag_and_no_other() {
    let credit = credit(None, Amount::from_u128(5_000_000));
    let payment = plan(&order(&credit), &facts()).unwrap();
    assert_eq!(payment.destination, THEM);
    assert_eq!(payment.destination_tag, Some(77));
    let summary = verify(&payment.signing_bytes().unwrap(), &payment).unwrap();
    assert_eq!(
        summary.to_string(),
        format!(
            "pay 5000000 drops from {} to {} with destination tag 77, fee 12 drops, sequence 100, not after ledger 1050",
            address::text(US),
            address::text(THEM)
        )
    );
    assert_eq!(summary.flags, 0);
    assert!(!summary.is_signed());
}

#[test]
fn pitfall_067_no_tag_is_made_up_and_zero_is_one() {
    let mut without = credit(None, Amount::from_u128(5_000_000));
    without.memos = vec![Memo::tag(5, place::DESTINATION_TAG)];
    // The deposit's own tag is ours, never the sender's.
    let payment = plan(&order(&without), &facts()).unwrap();
    assert_eq!(payment.destination_tag, None);
    let mut strict = facts();
    strict.destination.as_mut().unwrap().flags = REQUIRE_TAG;
    assert_eq!(code(plan(&order(&without), &strict)), "tag_needed");
    for tag in [0, u32::MAX] {
        let mut tagged = credit(None, Amount::from_u128(5_000_000));
        tagged.memos = vec![Memo::tag(tag, SOURCE_TAG)];
        let payment = plan(&order(&tagged), &strict).unwrap();
        let summary = decode(&payment.unsigned().unwrap()).unwrap();
        assert_eq!(summary.destination_tag, Some(tag));
    }
}

#[test]
fn pitfall_068_a_return_is_never_a_partial_payment() {
    let credit = credit(None, Amount::from_u128(5_000_000));
    let payment = plan(&order(&credit), &facts()).unwrap();
    let mut fields = payment.fields();
    fields.insert("Flags".to_owned(), json!(0x0002_0000));
    let bytes = binary::encode(&fields, binary::Part::Signed).unwrap();
    assert_eq!(verify(&bytes, &payment).unwrap_err(), Deviation::Partial);
    assert!(decode(&bytes).unwrap().to_string().contains("PARTIAL"));
}

#[test]
fn pitfall_069_the_reserve_is_the_servers_and_counts_what_the_account_owns() {
    let credit = credit(None, Amount::from_u128(5_000_000));
    // 1,000,000 and twice 200,000 must stay; the fee may be paid from that.
    for (balance, expected) in [(6_400_000, "planned"), (6_399_999, "own_reserve")] {
        let mut facts = facts();
        facts.own = Some(account(balance));
        assert_eq!(code(plan(&order(&credit), &facts)), expected, "{balance}");
    }
    let mut dear = facts();
    dear.own = Some(account(6_400_000));
    dear.ledger.reserve_increment_drops = 2_000_000;
    assert_eq!(code(plan(&order(&credit), &dear)), "own_reserve");
}

#[test]
fn pitfall_070_a_destination_that_cannot_take_it_is_found_before() {
    let small = credit(None, Amount::from_u128(999_999));
    let enough = credit(None, Amount::from_u128(1_000_000));
    let mut absent = facts();
    absent.destination = None;
    assert_eq!(code(plan(&order(&small), &absent)), "below_base_reserve");
    assert_eq!(code(plan(&order(&enough), &absent)), "planned");
    let asset = usd();
    let issued = credit(Some(&asset), coins("10"));
    assert_eq!(code(plan(&order(&issued), &absent)), "destination_absent");
    let mut guarded = facts();
    guarded.destination.as_mut().unwrap().flags = DEPOSIT_AUTHORISATION;
    assert_eq!(
        code(plan(&order(&enough), &guarded)),
        "deposit_authorisation"
    );
    // Asking not to be sent XRP is advice: who sent it may get it back.
    let mut advised = facts();
    advised.destination.as_mut().unwrap().flags = 0x0008_0000;
    assert_eq!(code(plan(&order(&enough), &advised)), "planned");
}

#[test]
fn pitfall_071_an_issued_currency_carries_the_most_that_may_leave() {
    let asset = usd();
    let credit = credit(Some(&asset), coins("10.02"));
    let mut facts = facts();
    // 0.2 % of the issuer.
    facts.issuer.as_mut().unwrap().transfer_rate = 1_002_000_000;
    let mut order = order(&credit);
    order.deliver = coins("10");
    let payment = plan(&order, &facts).unwrap();
    let most = payment.send_max.clone().unwrap();
    assert_eq!(most.value.to_string(), "10.02");
    assert_eq!(most.asset, payment.amount.asset);
    // The whole amount could not be sent: the fee would be ours.
    order.deliver = coins("10.02");
    assert_eq!(code(plan(&order, &facts)), "transfer_fee_uncovered");
    // Sixteen digits, rounded up so that the fee is covered.
    order.deliver = coins("3.333333333333333");
    let payment = plan(&order, &facts).unwrap();
    assert_eq!(payment.send_max.as_ref().unwrap().value.to_string(), "3.34");
    order.deliver = coins("3.3333333333333333");
    assert_eq!(code(plan(&order, &facts)), "too_fine");
    // Another issuer's currency of the same code is another amount.
    let mut other = payment.clone();
    let Asset::Issued { currency, .. } = payment.amount.asset else {
        panic!("not issued");
    };
    other.amount.asset = Asset::Issued {
        currency,
        issuer: THEM,
    };
    assert!(matches!(
        verify(&other.unsigned().unwrap(), &payment),
        Err(Deviation::Differs {
            field: "the amount",
            ..
        })
    ));
}

#[test]
fn pitfall_072_signers_stand_in_the_order_of_their_accounts() {
    let credit = credit(None, Amount::from_u128(5_000_000));
    let mut order = order(&credit);
    order.signing = Signing::Signers(3);
    order.fee_drops = 39;
    assert_eq!(code(plan(&order, &facts())), "fee_too_low");
    order.fee_drops = 40;
    let payment = plan(&order, &facts()).unwrap();
    let with = |signers: &[[u8; 20]]| {
        let mut fields = payment.fields();
        let signers: Vec<Value> = signers
            .iter()
            .map(|account| {
                json!({"Signer": {"Account": address::text(*account), "SigningPubKey": "02".repeat(33), "TxnSignature": "AB"}})
            })
            .collect();
        fields.insert("Signers".to_owned(), json!(signers));
        let bytes = binary::encode(&fields, binary::Part::Whole).unwrap();
        verify(&bytes, &payment)
    };
    let summary = with(&[[5; 20], [6; 20], [7; 20]]).unwrap();
    assert!(summary.is_signed());
    for wrong in [
        vec![[6; 20], [5; 20]],
        vec![[5; 20], [5; 20]],
        vec![US, [5; 20]],
    ] {
        assert_eq!(with(&wrong).unwrap_err(), Deviation::SignersOrder);
    }
    assert!(with(&[[5; 20], [6; 20], [7; 20], [8; 20]]).is_err());
    let bytes = payment.multisigning_bytes([9; 20]).unwrap();
    let summary = verify(&bytes, &payment).unwrap();
    assert_eq!(summary.form, Form::ToMultisign { signer: [9; 20] });
    assert_eq!(
        verify(&payment.multisigning_bytes(US).unwrap(), &payment).unwrap_err(),
        Deviation::SignersOrder
    );
}

#[test]
fn pitfall_073_a_payment_dies_or_waits_on_a_ticket() {
    let credit = credit(None, Amount::from_u128(5_000_000));
    let mut order = order(&credit);
    let with = |order: &mut ReturnOrder<'_>, validity| {
        order.validity = validity;
        plan(order, &facts())
    };
    let sequence = |sequence, last_ledger| Validity::Sequence {
        sequence,
        last_ledger,
    };
    assert_eq!(code(with(&mut order, sequence(100, 1_000))), "expired");
    assert_eq!(code(with(&mut order, sequence(99, 1_050))), "sequence_used");
    let far = 1_000 + LAST_LEDGER_AHEAD_MAX;
    assert_eq!(
        code(with(&mut order, sequence(100, far + 1))),
        "lives_too_long"
    );
    let payment = with(&mut order, sequence(100, far)).unwrap();
    assert_eq!(payment.still_valid(far - 1, 100), StillValid::Yes);
    assert_eq!(payment.still_valid(far, 100), StillValid::Expired);
    assert_eq!(payment.still_valid(1_001, 101), StillValid::SequenceUsed);
    let ticket = |ticket, last_ledger| Validity::Ticket {
        ticket,
        last_ledger,
    };
    assert_eq!(code(with(&mut order, ticket(100, None))), "no_ticket");
    assert_eq!(code(with(&mut order, ticket(50, Some(999)))), "expired");
    let payment = with(&mut order, ticket(50, None)).unwrap();
    assert_eq!(payment.still_valid(u32::MAX, 9_999), StillValid::Yes);
    let summary = verify(&payment.signing_bytes().unwrap(), &payment).unwrap();
    assert_eq!((summary.sequence, summary.ticket), (0, Some(50)));
    assert_eq!(summary.last_ledger, None);
}

/// One world with every fault at once: each is mended in turn, and the refusals come in the order of the list.
#[test]
fn refusals_come_in_their_order() {
    let asset = usd();
    let mut came = credit(
        Some("mpt:000000000000000000000000000000000000000000000000"),
        coins("10"),
    );
    came.outcome = Outcome::Failed;
    came.from = None;
    came.memos = Vec::new();
    let mut facts = facts();
    facts.own = None;
    facts.own_line = None;
    facts.destination = Some(AccountFacts {
        flags: REQUIRE_TAG | DEPOSIT_AUTHORISATION,
        ..account(3_000_000)
    });
    facts.destination_line = None;
    facts.issuer = None;
    let mut deliver = Amount::ZERO;
    let mut fee_drops = 1;
    let mut signing = Signing::Signers(0);
    let mut validity = Validity::Sequence {
        sequence: 1,
        last_ledger: 900,
    };
    let mut seen = Vec::new();
    for step in 0..60 {
        let order = ReturnOrder {
            credit: &came,
            deliver,
            fee_drops,
            validity,
            signing,
        };
        let Err(refusal) = plan(&order, &facts) else {
            break;
        };
        let code = refusal.code();
        assert!(!seen.contains(&code), "{code} comes twice, step {step}");
        seen.push(code);
        match refusal {
            ReturnRefusal::NothingCameIn => came.outcome = Outcome::Success,
            ReturnRefusal::NoSender => came.from = Some(address::format(US)),
            ReturnRefusal::OwnAccount => came.from = Some(address::format(address::ACCOUNT_ONE)),
            ReturnRefusal::NobodysAccount => came.from = Some(address::format(THEM)),
            ReturnRefusal::AssetByHand => came.asset = AssetId::contract(network(), &asset),
            ReturnRefusal::NothingToReturn => deliver = coins("11"),
            ReturnRefusal::MoreThanCameIn => deliver = coins("9.99999999999999999"),
            ReturnRefusal::TooFine => deliver = coins("10"),
            ReturnRefusal::DepositAuthorisation => {
                facts.destination.as_mut().unwrap().flags = REQUIRE_TAG;
            }
            ReturnRefusal::TagNeeded => {
                came.memos = vec![Memo::tag(1, SOURCE_TAG)];
                facts.destination = None;
            }
            ReturnRefusal::DestinationAbsent => facts.destination = Some(account(3_000_000)),
            ReturnRefusal::IssuerUnknown => {
                facts.issuer = Some(AccountFacts {
                    flags: GLOBAL_FREEZE | REQUIRE_AUTHORISATION,
                    transfer_rate: 1_100_000_000,
                    ..account(1)
                });
            }
            ReturnRefusal::Frozen => {
                facts.issuer.as_mut().unwrap().flags = REQUIRE_AUTHORISATION;
            }
            ReturnRefusal::TrustLineAbsent => facts.destination_line = Some(line("5", "6")),
            ReturnRefusal::TrustLineNotAuthorised => {
                facts.destination_line.as_mut().unwrap().authorised = true;
            }
            ReturnRefusal::TrustLimit => {
                facts.destination_line = Some(LineFacts {
                    authorised: true,
                    ..line("5", "15")
                })
            }
            ReturnRefusal::TransferFeeUncovered { .. } => deliver = coins("9"),
            ReturnRefusal::OwnAccountAbsent => facts.own = Some(account(0)),
            ReturnRefusal::OwnBalance => facts.own_line = Some(line("9.9", "5000")),
            ReturnRefusal::OwnReserve { .. } => facts.own = Some(account(50_000_000)),
            ReturnRefusal::FeeTooLow { .. } => fee_drops = FEE_DROPS_MAX + 1,
            ReturnRefusal::FeeTooHigh => fee_drops = 1_000,
            ReturnRefusal::Signers => signing = Signing::Signers(2),
            ReturnRefusal::Expired => {
                validity = Validity::Sequence {
                    sequence: 1,
                    last_ledger: 100_000,
                }
            }
            ReturnRefusal::LivesTooLong => {
                validity = Validity::Sequence {
                    sequence: 1,
                    last_ledger: 1_100,
                }
            }
            ReturnRefusal::SequenceUsed => {
                validity = Validity::Ticket {
                    ticket: 100,
                    last_ledger: None,
                }
            }
            ReturnRefusal::NoTicket => {
                validity = Validity::Ticket {
                    ticket: 99,
                    last_ledger: None,
                }
            }
            other => panic!("{other}"),
        }
    }
    // The one of XRP alone stands where the destination does not exist.
    let expected: Vec<&str> = ReturnRefusal::CODES
        .iter()
        .copied()
        .filter(|code| *code != "below_base_reserve")
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn what_a_signer_is_shown_is_what_was_approved() {
    let asset = usd();
    let credit = credit(Some(&asset), coins("10"));
    let approved = plan(&order(&credit), &facts()).unwrap();
    let bytes = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut fields = approved.fields();
        change(&mut fields);
        binary::encode(&fields, binary::Part::Whole).unwrap()
    };
    let put = |name: &'static str, value: Value| {
        bytes(&|fields| {
            fields.insert(name.to_owned(), value.clone());
        })
    };
    assert!(verify(&bytes(&|_| {}), &approved).is_ok());
    assert!(
        verify(&put("TxnSignature", json!("AB")), &approved)
            .unwrap()
            .is_signed()
    );
    let money = |issuer, value: &str| json!({"currency": "USD", "issuer": address::text(issuer), "value": value});
    for (what, changed) in [
        ("account", put("Account", json!(address::text([9; 20])))),
        (
            "destination",
            put("Destination", json!(address::text([9; 20]))),
        ),
        ("tag", put("DestinationTag", json!(78))),
        (
            "no tag",
            bytes(&|fields| {
                fields.remove("DestinationTag");
            }),
        ),
        ("amount", put("Amount", money(ISSUER, "9.999"))),
        ("issuer", put("Amount", money(THEM, "10"))),
        ("coin", put("Amount", json!("10"))),
        ("most", put("SendMax", money(ISSUER, "11"))),
        (
            "no most",
            bytes(&|fields| {
                fields.remove("SendMax");
            }),
        ),
        ("fee", put("Fee", json!("13"))),
        ("sequence", put("Sequence", json!(101))),
        ("ticket", put("TicketSequence", json!(5))),
        ("last ledger", put("LastLedgerSequence", json!(1_051))),
        ("key", put("SigningPubKey", json!("02".repeat(33)))),
        ("flags", put("Flags", json!(0x8000_0000_u32))),
        ("memos", put("Memos", json!([{"Memo": {"MemoData": "AB"}}]))),
        ("source tag", put("SourceTag", json!(1))),
        ("least", put("DeliverMin", money(ISSUER, "1"))),
        ("paths", put("Paths", json!([[{"currency": "XRP"}]]))),
        ("invoice", put("InvoiceID", json!("AB".repeat(32)))),
        ("network", put("NetworkID", json!(21_337))),
        ("previous", put("AccountTxnID", json!("AB".repeat(32)))),
        ("type", put("TransactionType", json!("CheckCreate"))),
        (
            "signers",
            put(
                "Signers",
                json!([{"Signer": {"Account": address::text([9; 20]), "SigningPubKey": "AB", "TxnSignature": "AB"}}]),
            ),
        ),
    ] {
        assert!(verify(&changed, &approved).is_err(), "{what}");
    }
}

fn approved_bytes(issued: bool, ticket: bool) -> (ReturnPayment, Vec<u8>) {
    let asset = usd();
    let credit = if issued {
        credit(Some(&asset), coins("10"))
    } else {
        credit(None, Amount::from_u128(5_000_000))
    };
    let mut order = order(&credit);
    if ticket {
        order.validity = Validity::Ticket {
            ticket: 7,
            last_ledger: Some(1_300),
        };
    }
    let payment = plan(&order, &facts()).unwrap();
    let bytes = payment.signing_bytes().unwrap();
    (payment, bytes)
}

/// Every bit of the bytes says something that was approved.
#[test]
fn no_bit_can_be_turned() {
    for (issued, ticket) in [(false, false), (true, false), (false, true)] {
        let (payment, bytes) = approved_bytes(issued, ticket);
        for place in 0..bytes.len() * 8 {
            let mut spoilt = bytes.clone();
            spoilt[place / 8] ^= 1 << (place % 8);
            assert!(verify(&spoilt, &payment).is_err(), "bit {place}");
        }
        for length in 0..bytes.len() {
            assert!(
                verify(&bytes[..length], &payment).is_err(),
                "{length} bytes"
            );
        }
    }
}

proptest! {
    #[test]
    fn pitfall_105_what_is_shown_is_what_the_bytes_say(
        drops in 1_u64..100_000_000_000_000_000,
        tag in any::<Option<u32>>(),
        fee in 10_u64..1_000_000,
        sequence: u32,
        last: u32,
    ) {
        let payment = ReturnPayment {
            account: US,
            destination: THEM,
            destination_tag: tag,
            amount: Money::drops(drops),
            send_max: None,
            fee_drops: fee,
            validity: Validity::Sequence { sequence, last_ledger: last },
            signing: Signing::Key(KEY),
        };
        let bytes = payment.signing_bytes().unwrap();
        let summary = verify(&bytes, &payment).unwrap();
        prop_assert_eq!(summary.destination_tag, tag);
        prop_assert_eq!(summary.fee_drops, fee);
        let amount = format!("pay {drops} drops");
        let shown = summary.to_string();
        prop_assert!(shown.contains(&amount), "{}", shown);
        let tag_text = tag.map_or("without a destination tag".to_owned(), |tag| format!("with destination tag {tag},"));
        prop_assert!(shown.contains(&tag_text), "{}", shown);
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(fields) = binary::decode(&bytes) {
            // What is read is canonical or says why it cannot be written.
            if let Ok(written) = binary::encode(&fields, binary::Part::Whole) {
                let _ = written;
            }
        }
        let _ = decode(&bytes);
    }

    #[test]
    fn spoilt_bytes_never_pass(place in any::<prop::sample::Index>(), byte: u8, issued: bool) {
        let (payment, bytes) = approved_bytes(issued, false);
        let mut spoilt = bytes.clone();
        let place = place.index(spoilt.len());
        spoilt[place] = byte;
        prop_assert_eq!(verify(&spoilt, &payment).is_ok(), spoilt == bytes);
    }
}
