//! toncenter v3.

use super::Expected;
use super::dice::name32;
use super::encode::{base64, from_base64, quoted, ton_friendly, ton_raw};
use super::serve::{Fault, Life, Moment, TAIL};
use super::timeline::Timeline;
use super::ton::{Ending, JETTONS, Message, Slot, Told, Ton};
use crate::server::{Request, Response};
use serde_json::{Value, json};

const BLOCKS: u64 = 47;
const LIMIT_MAX: u64 = 1000;
/// The first masterchain block of the index.
const EARLIEST: u64 = 41_000_000;

pub(crate) struct Toncenter {
    seed: u64,
    ton: Ton,
    /// For the account and each of its wallets: the events that touch it.
    touched: Vec<([u8; 32], Vec<u32>)>,
}

/// 32 bytes in any of the spellings that users paste.
fn hash_of(text: &str) -> Option<[u8; 32]> {
    let bytes = if text.len() == 64 {
        hex::decode(text).ok()?
    } else {
        from_base64(text)?
    };
    bytes.try_into().ok()
}

/// An account of workchain 0, raw or friendly.
fn account_of(text: &str) -> Option<[u8; 32]> {
    if let Some(digits) = text.strip_prefix("0:") {
        return hex::decode(digits).ok()?.try_into().ok();
    }
    let bytes = from_base64(text).filter(|bytes| bytes.len() == 36)?;
    bytes.get(2..34)?.try_into().ok()
}

fn unprocessable(what: &str) -> Response {
    Response::json(&json!({"error": what})).with_status(422)
}

impl Toncenter {
    pub(crate) fn new(seed: u64, deposits: u32) -> Toncenter {
        let ton = Ton::new(seed, deposits, TAIL);
        let accounts =
            std::iter::once(ton.account).chain((0..JETTONS).map(|jetton| ton.wallet(jetton)));
        let touched = accounts
            .map(|account| {
                let events = (0..ton.timeline.count())
                    .filter(|number| ton.touches(*number, &account).is_some())
                    .collect();
                (account, events)
            })
            .collect();
        Toncenter { seed, ton, touched }
    }

    fn block(&self, height: u64) -> Value {
        let hash = |which: u64| base64(&name32(self.seed, BLOCKS + which, height));
        let mut block = json!({
            "workchain": -1,
            "shard": "8000000000000000",
            "seqno": height,
            "root_hash": hash(0),
            "file_hash": hash(1),
            "global_id": -239,
            "version": 0,
            "after_merge": false, "before_split": false, "after_split": false, "want_merge": true, "want_split": false,
            "key_block": false,
            "vert_seqno_incr": false,
            "flags": 1,
            "gen_utime": self.ton.time(height).to_string(),
            "start_lt": self.ton.lt_of(height).to_string(),
            "end_lt": (self.ton.lt_of(height) + 4).to_string(),
            "validator_list_hash_short": -2_119_799_769_i64,
            "gen_catchain_seqno": 727_374,
            "min_ref_mc_seqno": height - 3,
            "prev_key_block_seqno": height - 100,
            "vert_seqno": 1
        });
        block["master_ref_seqno"] = 0.into();
        block["rand_seed"] = hash(2).into();
        block["created_by"] = hash(3).into();
        block["tx_count"] = 3.into();
        block["masterchain_block_ref"] =
            json!({"workchain": -1, "shard": "8000000000000000", "seqno": height});
        block["prev_blocks"] =
            json!([{"workchain": -1, "shard": "8000000000000000", "seqno": height - 1}]);
        block
    }

    fn blocks(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let number = |name: &str| {
            request
                .query_value(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let heights: Vec<u64> = match number("seqno").or(number("mc_seqno")) {
            Some(height) => vec![height],
            None => {
                let (from, to) = (number("start_utime"), number("end_utime"));
                let time = |height: u64| self.ton.time(height);
                let first = self.ton.timeline.first_height();
                let fits = |height: &u64| {
                    from.is_none_or(|from| time(*height) >= from)
                        && to.is_none_or(|to| time(*height) <= to)
                };
                let mut all: Vec<u64> = (first..=moment.tip).filter(fits).collect();
                if request.query_value("sort").as_deref() != Some("asc") {
                    all.reverse();
                }
                all
            }
        };
        let place = |name: &str, usual: u64| {
            usize::try_from(number(name).unwrap_or(usual).min(LIMIT_MAX * LIMIT_MAX))
                .expect("a small number")
        };
        let rows: Vec<Value> = heights
            .into_iter()
            .filter(|height| (EARLIEST..=moment.tip).contains(height))
            .skip(place("offset", 0))
            .take(place("limit", 10))
            .map(|height| self.block(height))
            .collect();
        Response::json(&json!({"blocks": rows}))
    }

    fn message(&self, message: &Message, lt: u64, time: u64) -> String {
        let inside = message.source.is_some();
        let optional = |text: String| if inside { text } else { "null".to_owned() };
        let decoded = message.comment.as_ref().map_or("null".to_owned(), |text| {
            format!(r#"{{"type":"text_comment","comment":{}}}"#, quoted(text))
        });
        format!(
            r#"{{"hash":"{}","source":{},"destination":"{}","value":{},"value_extra_currencies":{{}},"fwd_fee":{},"ihr_fee":{},"created_lt":{},"created_at":{},"opcode":{},"ihr_disabled":{},"bounce":{},"bounced":{},"import_fee":{},"message_content":{{"hash":"{}","body":"{}","decoded":{decoded}}},"init_state":null}}"#,
            base64(&message.hash),
            message.source.map_or("null".to_owned(), |source| format!(
                "\"{}\"",
                ton_raw(&source)
            )),
            ton_raw(&message.destination),
            optional(format!("\"{}\"", message.value)),
            optional("\"266669\"".to_owned()),
            optional("\"0\"".to_owned()),
            optional(format!("\"{lt}\"")),
            optional(format!("\"{time}\"")),
            message
                .operation
                .map_or("null".to_owned(), |operation| format!(
                    "\"0x{operation:08x}\""
                )),
            optional("true".to_owned()),
            optional(message.bounce.to_string()),
            optional(message.bounced.to_string()),
            if inside { "null" } else { "\"0\"" },
            base64(&message.body.hash()),
            base64(&message.body.bag()),
        )
    }

    fn description(told: &Told) -> String {
        let credit = match told.message.source {
            Some(_) => format!(r#","credit_ph":{{"credit":"{}"}}"#, told.message.value),
            None => String::new(),
        };
        let ran = |success: bool, code: u32| {
            format!(
                r#""compute_ph":{{"skipped":false,"success":{success},"msg_state_used":false,"account_activated":false,"gas_fees":"1746000","gas_used":"4365","gas_limit":"250000","mode":0,"exit_code":{code},"vm_steps":97,"vm_init_state_hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","vm_final_state_hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}"#
            )
        };
        let rest = match told.ending {
            Ending::Done => format!(
                r#"{},"action":{{"success":true,"valid":true,"no_funds":false,"status_change":"unchanged","result_code":0,"tot_actions":{out},"spec_actions":0,"skipped_actions":0,"msgs_created":{out},"action_list_hash":"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=","tot_msg_size":{{"cells":"0","bits":"0"}}}}"#,
                ran(true, 0),
                out = told.out.len()
            ),
            Ending::Bounced => format!(
                r#"{},"bounce":{{"type":"ok","msg_size":{{"cells":"0","bits":"0"}},"msg_fees":"133331","fwd_fees":"266669"}}"#,
                ran(false, 132)
            ),
            Ending::Kept => r#""compute_ph":{"skipped":true,"reason":"no_gas"}"#.to_owned(),
        };
        format!(
            r#"{{"type":"ord","aborted":{},"destroyed":false,"credit_first":{},"storage_ph":{{"storage_fees_collected":"1138","status_change":"unchanged"}}{credit},{rest}}}"#,
            told.ending != Ending::Done,
            !told.message.bounce,
        )
    }

    /// Hash and logical time of the account's transaction before this one: the chain that every account keeps.
    fn previous(&self, number: u32, account: &[u8; 32]) -> ([u8; 32], u64) {
        let events = self
            .touched
            .iter()
            .find(|(known, _)| known == account)
            .map_or(&[][..], |(_, events)| events);
        let place = events.partition_point(|event| *event < number);
        let Some(before) = place.checked_sub(1).and_then(|place| events.get(place)) else {
            // Before our history there was another.
            return (name32(self.seed, BLOCKS, 0), self.ton.lt(0) - 1_000_000);
        };
        let slot = if *account == self.ton.account {
            Slot::Owner
        } else {
            Slot::Wallet
        };
        (
            self.ton.name(*before, slot as u64),
            self.ton.lt_at(*before, slot),
        )
    }

    fn row(&self, number: u32, slot: Slot) -> String {
        let told = self.ton.tell(number, slot);
        let (previous_hash, previous_lt) = self.previous(number, &told.account);
        let height = self.ton.timeline.height_of(number);
        let time = self.ton.time(height);
        let out: Vec<String> = told
            .out
            .iter()
            .enumerate()
            .map(|(place, message)| self.message(message, told.lt + 1 + place as u64, time))
            .collect();
        let state = r#"{"hash":"PaXPx8JKvAP96Qjja0e3oFU6ye1Zyt0J6sMjMCDQCiY=","balance":"699378912682","extra_currencies":{},"account_status":"active","frozen_hash":null,"data_hash":"S68d2ufAKKtVNB/vWSzD+aFJ3uT3/zC3JkZHysO/SJ0=","code_hash":"uq+Vu5tJa4EPy3EszhZ+qcYKDvOYxgeWT3qem2WNnQ8="}"#;
        format!(
            r#"{{"account":"{}","hash":"{}","lt":"{}","now":{time},"mc_block_seqno":{height},"trace_id":"{}","prev_trans_hash":"{}","prev_trans_lt":"{previous_lt}","orig_status":"active","end_status":"active","total_fees":"1880469","total_fees_extra_currencies":{{}},"description":{},"block_ref":{{"workchain":0,"shard":"8000000000000000","seqno":{}}},"in_msg":{},"out_msgs":[{}],"account_state_before":{state},"account_state_after":{state},"emulated":false}}"#,
            ton_raw(&told.account),
            base64(&told.hash),
            told.lt,
            base64(&self.ton.name(number, 4)),
            base64(&previous_hash),
            Toncenter::description(&told),
            height + 5_000_000,
            self.message(&told.message, told.lt - 1, time),
            out.join(","),
        )
    }

    fn rows(&self, events: &[(u32, Slot)]) -> Response {
        let rows: Vec<String> = events
            .iter()
            .map(|(number, slot)| self.row(*number, *slot))
            .collect();
        Response::status(200).with_body(
            "application/json",
            format!(
                r#"{{"transactions":[{}],"address_book":{{}}}}"#,
                rows.join(",")
            ),
        )
    }

    fn visible(&self, number: u32, moment: &Moment<'_>) -> bool {
        self.ton.timeline.height_of(number) <= moment.tip
    }

    /// The transactions of an event that a hash names: its own, or all of a trace.
    fn of_hash(&self, hash: &str, moment: &Moment<'_>, whole: bool) -> Vec<(u32, Slot)> {
        let named = hash_of(hash).and_then(|hash| self.ton.named(&hash));
        let Some((number, which)) = named.filter(|(number, _)| self.visible(*number, moment))
        else {
            return Vec::new();
        };
        let slots = self.ton.slots(number).into_iter();
        slots
            .filter(|slot| whole || which == *slot as u64)
            .map(|slot| (number, slot))
            .collect()
    }

    fn transactions(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let number = |name: &str| {
            request
                .query_value(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        if let Some(hash) = request.query_value("hash") {
            return self.rows(&self.of_hash(&hash, moment, false));
        }
        let limit = number("limit").unwrap_or(10);
        if limit == 0 || limit > LIMIT_MAX {
            return unprocessable("limit should be between 1 and 1000");
        }
        let Some(account) = request
            .query_value("account")
            .and_then(|text| account_of(&text))
        else {
            return unprocessable("at least one of account, hash, lt should be specified");
        };
        let Some((_, events)) = self.touched.iter().find(|(known, _)| *known == account) else {
            return self.rows(&[]);
        };
        let slot = if account == self.ton.account {
            Slot::Owner
        } else {
            Slot::Wallet
        };
        let lt = |event: u32| self.ton.lt_at(event, slot);
        let time = |event: u32| self.ton.time(self.ton.timeline.height_of(event));
        let mut start = 0;
        let mut end = events.partition_point(|event| self.visible(*event, moment));
        if let Some(from) = number("start_lt") {
            start = start.max(events.partition_point(|event| lt(*event) < from));
        }
        if let Some(to) = number("end_lt") {
            end = end.min(events.partition_point(|event| lt(*event) <= to));
        }
        if let Some(from) = number("start_utime") {
            start = start.max(events.partition_point(|event| time(*event) < from));
        }
        if let Some(to) = number("end_utime") {
            end = end.min(events.partition_point(|event| time(*event) <= to));
        }
        if let Some(height) = number("mc_seqno") {
            let height_of = |event: u32| self.ton.timeline.height_of(event);
            start = start.max(events.partition_point(|event| height_of(*event) < height));
            end = end.min(events.partition_point(|event| height_of(*event) <= height));
        }
        let mut found: Vec<u32> = events.get(start..end).unwrap_or_default().to_vec();
        if request.query_value("sort").as_deref() != Some("asc") {
            found.reverse();
        }
        let skipped = usize::try_from(number("offset").unwrap_or(0)).unwrap_or(usize::MAX);
        let mut limit = usize::try_from(limit).expect("at most 1000");
        if limit > 1 && moment.strikes(Fault::Short) {
            limit = usize::try_from(moment.dice().between(1, limit as u64 - 1))
                .expect("below the limit");
        }
        let page: Vec<(u32, Slot)> = found
            .into_iter()
            .skip(skipped)
            .take(limit)
            .map(|event| (event, slot))
            .collect();
        self.rows(&page)
    }

    fn traces(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let hash = ["tx_hash", "trace_id", "msg_hash"]
            .iter()
            .find_map(|name| request.query_value(name))
            .unwrap_or_default();
        let events = self.of_hash(&hash, moment, true);
        let Some((number, _)) = events.first().copied() else {
            return Response::json(&json!({"traces": [], "address_book": {}}));
        };
        let rows: Vec<String> = events
            .iter()
            .map(|(number, slot)| {
                let hash = base64(&self.ton.name(*number, *slot as u64));
                format!("\"{hash}\":{}", self.row(*number, *slot))
            })
            .collect();
        let order: Vec<String> = events
            .iter()
            .map(|(number, slot)| format!("\"{}\"", base64(&self.ton.name(*number, *slot as u64))))
            .collect();
        let height = self.ton.timeline.height_of(number);
        let body = format!(
            r#"{{"traces":[{{"trace_id":"{}","external_hash":null,"mc_seqno_start":"{height}","mc_seqno_end":"{height}","start_lt":"{}","end_lt":"{}","is_incomplete":false,"transactions_order":[{}],"transactions":{{{}}}}}],"address_book":{{}}}}"#,
            base64(&self.ton.name(number, 4)),
            self.ton.lt(number),
            self.ton.lt(number) + 10,
            order.join(","),
            rows.join(","),
        );
        Response::status(200).with_body("application/json", body)
    }

    fn wallet_row(&self, jetton: u64) -> Value {
        let last = self.touched[usize::try_from(jetton).expect("few jettons") + 1]
            .1
            .last();
        json!({
            "address": ton_raw(&self.ton.wallet(jetton)),
            "balance": "324481500000",
            "owner": self.ton.raw(),
            "jetton": ton_raw(&self.ton.master(jetton)),
            "last_transaction_lt": last.map_or(0, |event| self.ton.lt(*event)).to_string(),
            "code_hash": "vrBoPr64kn/p/I7AoYvH3ReJlomCWhIeq0bFo6hg0M4=",
            "data_hash": "5LGjzYITxp8YAXPMidehHv5nlmUJupR/gG33R4xIvtg="
        })
    }

    fn jetton_wallets(&self, request: &Request) -> Response {
        let asked = |name: &str| -> Option<Vec<[u8; 32]>> {
            let values: Vec<[u8; 32]> = request
                .query
                .split('&')
                .filter_map(|pair| {
                    let mut one = request.clone();
                    pair.clone_into(&mut one.query);
                    one.query_value(name)
                })
                .flat_map(|text| text.split(',').map(account_of).collect::<Vec<_>>())
                .flatten()
                .collect();
            request.query_value(name).map(|_| values)
        };
        let owner = asked("owner_address");
        let address = asked("address");
        let jetton = asked("jetton_address").or(asked("jetton_master"));
        let fits = |list: &Option<Vec<[u8; 32]>>, value: [u8; 32]| {
            list.as_ref().is_none_or(|list| list.contains(&value))
        };
        let number = |name: &str| {
            request
                .query_value(name)
                .and_then(|text| text.parse::<usize>().ok())
        };
        let rows: Vec<Value> = (0..JETTONS)
            .filter(|which| {
                fits(&owner, self.ton.account)
                    && fits(&address, self.ton.wallet(*which))
                    && fits(&jetton, self.ton.master(*which))
            })
            .skip(number("offset").unwrap_or(0))
            .take(number("limit").unwrap_or(10))
            .map(|which| self.wallet_row(which))
            .collect();
        Response::json(&json!({"jetton_wallets": rows, "address_book": {}, "metadata": {}}))
    }

    fn jetton_transfers(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let number = |name: &str| {
            request
                .query_value(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let outward = request.query_value("direction").as_deref() == Some("out");
        let (from, to) = (
            number("start_lt").unwrap_or(0),
            number("end_lt").unwrap_or(u64::MAX),
        );
        let (after, before) = (
            number("start_utime").unwrap_or(0),
            number("end_utime").unwrap_or(u64::MAX),
        );
        let mut events: Vec<u32> = self.touched[1..]
            .iter()
            .flat_map(|(_, events)| events)
            .copied()
            .filter(|event| {
                let time = self.ton.time(self.ton.timeline.height_of(*event));
                let lt = self.ton.lt(*event) - 2;
                !outward
                    && self.visible(*event, moment)
                    && (from..=to).contains(&lt)
                    && (after..=before).contains(&time)
            })
            .collect();
        events.sort_unstable();
        if request.query_value("sort").as_deref() != Some("asc") {
            events.reverse();
        }
        let skipped = usize::try_from(number("offset").unwrap_or(0)).unwrap_or(usize::MAX);
        let limit = usize::try_from(number("limit").unwrap_or(10)).unwrap_or(usize::MAX);
        let rows: Vec<Value> = events
            .into_iter()
            .skip(skipped)
            .take(limit)
            .map(|event| {
                let row = self.ton.expected(event);
                let told = self.ton.tell(event, Slot::Wallet);
                let sender = row[0].from.clone().unwrap_or_default();
                let master = row[0].asset.clone().unwrap_or_default();
                json!({
                    "query_id": told.query.to_string(),
                    "source": account_of(&sender).map(|account| ton_raw(&account)),
                    "destination": self.ton.raw(),
                    "amount": row[0].amount,
                    "source_wallet": told.message.source.map(|account| ton_raw(&account)),
                    "jetton_master": account_of(&master).map(|account| ton_raw(&account)),
                    "transaction_hash": base64(&self.ton.name(event, 5)),
                    "transaction_lt": (told.lt - 2).to_string(),
                    "transaction_now": self.ton.time(self.ton.timeline.height_of(event)),
                    "transaction_aborted": false,
                    "response_destination": account_of(&sender).map(|account| ton_raw(&account)),
                    "custom_payload": null,
                    "forward_ton_amount": "0",
                    "forward_payload": null,
                    "trace_id": base64(&self.ton.name(event, 4))
                })
            })
            .collect();
        Response::json(&json!({"jetton_transfers": rows, "address_book": {}, "metadata": {}}))
    }
}

impl Life for Toncenter {
    fn timeline(&self) -> &Timeline {
        &self.ton.timeline
    }

    fn account(&self) -> String {
        ton_friendly(&self.ton.account)
    }

    fn members(&self) -> Vec<String> {
        Ton::members()
    }

    fn credits(&self, transaction: u32) -> Vec<Expected> {
        self.ton.expected(transaction)
    }

    fn page_faults(&self) -> &'static [Fault] {
        &[Fault::Short, Fault::Lagging, Fault::MovingTip]
    }

    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let path = request.path.trim_start_matches("/api/v3").trim_matches('/');
        match path {
            "masterchainInfo" => Response::json(&json!({
                "last": self.block(moment.tip), "first": self.block(EARLIEST)
            })),
            "blocks" => self.blocks(request, moment),
            "transactions" => self.transactions(request, moment),
            "transactionsByMessage" => {
                let hash = request.query_value("msg_hash").unwrap_or_default();
                let found = hash_of(&hash).and_then(|hash| self.ton.named(&hash));
                let rows: Vec<(u32, Slot)> = found
                    .filter(|(number, _)| self.visible(*number, moment))
                    .into_iter()
                    .flat_map(|(number, which)| {
                        let slots = self.ton.slots(number).into_iter();
                        slots
                            .filter(move |slot| which == 2 + *slot as u64)
                            .map(move |slot| (number, slot))
                    })
                    .collect();
                self.rows(&rows)
            }
            "traces" => self.traces(request, moment),
            "jetton/wallets" => self.jetton_wallets(request),
            "jetton/transfers" => self.jetton_transfers(request, moment),
            "jetton/masters" => {
                Response::json(&json!({"jetton_masters": [], "address_book": {}, "metadata": {}}))
            }
            "accountStates" | "account_states" => Response::json(&json!({"accounts": [{
                "address": self.ton.raw(), "balance": "699378912682", "status": "active", "account_state_hash": "PaXPx8JKvAP96Qjja0e3oFU6ye1Zyt0J6sMjMCDQCiY=",
                "code_hash": "uq+Vu5tJa4EPy3EszhZ+qcYKDvOYxgeWT3qem2WNnQ8=", "data_hash": "S68d2ufAKKtVNB/vWSzD+aFJ3uT3/zC3JkZHysO/SJ0="
            }], "address_book": {}})),
            _ => Response::json(&json!({"detail": "Not Found"})).with_status(404),
        }
    }
}
