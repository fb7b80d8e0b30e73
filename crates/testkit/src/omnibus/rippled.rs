//! JSON-RPC of an XRP Ledger server, API versions 1 and 2.

use super::Expected;
use super::dice::name32;
use super::encode::{upper, xrpl_address};
use super::serve::{Fault, Life, Moment, TAIL};
use super::timeline::Timeline;
use super::xrpl::Xrpl;
use crate::server::{Request, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::OnceLock;

const LEDGERS: u64 = 15;

/// The most rows that a public server gives at once.
const LIMIT_MAX: u64 = 400;
const LIMIT_DEFAULT: u64 = 200;

pub(crate) struct Rippled {
    seed: u64,
    xrpl: Xrpl,
    ids: OnceLock<HashMap<String, u32>>,
}

impl Rippled {
    pub(crate) fn new(seed: u64, deposits: u32, account: Option<&[u8]>) -> Rippled {
        Rippled {
            seed,
            xrpl: Xrpl::new(seed, deposits, TAIL, account),
            ids: OnceLock::new(),
        }
    }

    fn ledger_hash(&self, height: u64) -> String {
        upper(&name32(self.seed, LEDGERS, height))
    }

    fn first_kept(&self) -> u64 {
        // History begins long before the account does.
        32_570
    }

    fn server_info(&self, moment: &Moment<'_>) -> Value {
        json!({"info": {
            "build_version": "2.4.0",
            "complete_ledgers": format!("{}-{}", self.first_kept(), moment.tip),
            "hostid": "OMNI",
            "load_factor": 1,
            "network_id": 0,
            "peers": 22,
            "server_state": "full",
            "uptime": 91948,
            "validated_ledger": {
                "age": 1,
                "base_fee_xrp": 0.00001,
                "hash": self.ledger_hash(moment.tip),
                "reserve_base_xrp": 1,
                "reserve_inc_xrp": 0.2,
                "seq": moment.tip
            },
            "validation_quorum": 28
        }})
    }

    fn server_state(&self, moment: &Moment<'_>) -> Value {
        json!({"state": {
            "build_version": "2.4.0",
            "complete_ledgers": format!("{}-{}", self.first_kept(), moment.tip),
            "load_base": 256,
            "load_factor": 256,
            "network_id": 0,
            "server_state": "full",
            "validated_ledger": {
                "base_fee": 10,
                "close_time": self.xrpl.date(moment.tip),
                "hash": self.ledger_hash(moment.tip),
                "reserve_base": 1_000_000,
                "reserve_inc": 200_000,
                "seq": moment.tip
            }
        }})
    }

    fn ledger(&self, params: &Value, moment: &Moment<'_>) -> Value {
        let index = match &params["ledger_index"] {
            Value::String(text) if matches!(text.as_str(), "validated" | "closed" | "current") => {
                Some(moment.tip)
            }
            Value::String(text) => text.parse().ok(),
            Value::Null => Some(moment.tip),
            other => other.as_u64(),
        };
        let Some(height) = index.filter(|height| (self.first_kept()..=moment.tip).contains(height))
        else {
            return failure("lgrNotFound", 21, "ledgerNotFound", params);
        };
        json!({
            "ledger": {
                "account_hash": self.ledger_hash(height ^ 1 << 40),
                "close_flags": 0,
                "close_time": self.xrpl.date(height),
                "close_time_iso": self.xrpl.close_time_iso(height),
                "close_time_resolution": 10,
                "closed": true,
                "ledger_hash": self.ledger_hash(height),
                "ledger_index": if version(params) == 2 { json!(height) } else { json!(height.to_string()) },
                "parent_close_time": self.xrpl.date(height - 1),
                "parent_hash": self.ledger_hash(height - 1),
                "total_coins": "99986000000000000",
                "transaction_hash": self.ledger_hash(height ^ 1 << 41)
            },
            "ledger_hash": self.ledger_hash(height),
            "ledger_index": height,
            "validated": true
        })
    }

    /// One row of `account_tx`, or the fields of a `tx` answer, as this API version shapes it.
    fn row(&self, number: u32, version: u64) -> String {
        let told = self.xrpl.tell(number);
        let height = self.xrpl.timeline.height_of(number);
        let hash = upper(&told.fields.id());
        let fields = told.fields.json();
        let date = self.xrpl.date(height);
        if version == 2 {
            let fields = fields.replacen("\"Amount\":", "\"DeliverMax\":", payment_amounts(fields));
            format!(
                r#"{{"close_time_iso":"{}","hash":"{hash}","ledger_hash":"{}","ledger_index":{height},"meta":{},"tx_json":{{{fields},"date":{date},"ledger_index":{height}}},"validated":true}}"#,
                self.xrpl.close_time_iso(height),
                self.ledger_hash(height),
                told.meta
            )
        } else {
            format!(
                r#"{{"meta":{},"tx":{{{fields},"date":{date},"hash":"{hash}","inLedger":{height},"ledger_index":{height}}},"validated":true}}"#,
                told.meta
            )
        }
    }

    fn account_tx(&self, params: &Value, moment: &Moment<'_>) -> Result<String, Value> {
        let account = xrpl_address(&self.xrpl.account);
        if params["account"] != account.as_str() {
            return Err(failure("actNotFound", 19, "Account not found.", params));
        }
        let bound = |name: &str| params[name].as_i64().unwrap_or(-1);
        let asked = (bound("ledger_index_min"), bound("ledger_index_max"));
        let mut first = self.first_kept();
        if moment.strikes(Fault::Narrowed) {
            let life = &self.xrpl.timeline;
            first = (life.first_height() + life.last_height()) / 2;
        }
        let from = u64::try_from(asked.0).unwrap_or(first);
        let to = u64::try_from(asked.1).unwrap_or(moment.tip);
        if version(params) == 2 && (from < first || to > moment.tip) {
            return Err(failure(
                "lgrIdxMalformed",
                58,
                "Ledger index malformed.",
                params,
            ));
        }
        // Version 1 narrows the range to what it has and says so in the answer.
        let (from, to) = (from.max(first), to.min(moment.tip));
        if from > to {
            return Err(failure(
                "lgrIdxsInvalid",
                57,
                "Ledger indexes invalid.",
                params,
            ));
        }
        let limit = params["limit"]
            .as_u64()
            .unwrap_or(LIMIT_DEFAULT)
            .clamp(1, LIMIT_MAX);
        let forward = params["forward"] == true;
        let all = self.xrpl.timeline.range(from, to);
        let mut start = 0;
        if let Some(marker) = params.get("marker").filter(|marker| !marker.is_null()) {
            if moment.strikes(Fault::DeadMarker) {
                return Err(failure(
                    "invalidParams",
                    31,
                    "Invalid field 'marker'.",
                    params,
                ));
            }
            let here = marker["ledger"]
                .as_u64()
                .map(|height| self.xrpl.timeline.at(height));
            let place = here.zip(marker["seq"].as_u64()).and_then(|(here, seq)| {
                here.clone()
                    .find(|number| u64::from(self.xrpl.index_of(*number)) == seq)
            });
            let Some(number) = place.filter(|number| all.contains(number)) else {
                return Err(failure(
                    "invalidParams",
                    31,
                    "Invalid field 'marker'.",
                    params,
                ));
            };
            start = if forward {
                number - all.start
            } else {
                all.end - 1 - number
            };
        }
        let mut dice = moment.dice();
        if start > 0 && moment.strikes(Fault::Repeated) {
            start -= u32::try_from(dice.between(1, 5)).expect("small").min(start);
        }
        let mut limit = u32::try_from(limit).expect("at most 400");
        if moment.strikes(Fault::Short) {
            limit = u32::try_from(dice.below(u64::from(limit))).expect("below the limit");
        }
        let end = start.saturating_add(limit).min(all.end - all.start);
        let number = |place: u32| {
            if forward {
                all.start + place
            } else {
                all.end - 1 - place
            }
        };
        let mut page: Vec<u32> = (start..end).map(number).collect();
        if moment.strikes(Fault::Unsorted) {
            for place in (1..page.len()).rev() {
                page.swap(place, dice.index(place + 1));
            }
        }
        let version = version(params);
        let rows: Vec<String> = page
            .into_iter()
            .map(|number| self.row(number, version))
            .collect();
        let marker = if end < all.end - all.start {
            let next = number(end);
            format!(
                r#""marker":{{"ledger":{},"seq":{}}},"#,
                self.xrpl.timeline.height_of(next),
                self.xrpl.index_of(next)
            )
        } else {
            String::new()
        };
        Ok(format!(
            r#"{{"result":{{"account":"{account}","ledger_index_min":{from},"ledger_index_max":{to},"limit":{limit},{marker}"status":"success","transactions":[{}],"validated":true}}}}"#,
            rows.join(",")
        ))
    }

    fn find(&self, params: &Value, tip: u64) -> Option<u32> {
        let ids = self.ids.get_or_init(|| {
            (0..self.xrpl.timeline.count())
                .map(|number| (upper(&self.xrpl.tell(number).fields.id()), number))
                .collect()
        });
        let id = params["transaction"].as_str()?.to_ascii_uppercase();
        let number = *ids.get(&id)?;
        (self.xrpl.timeline.height_of(number) <= tip).then_some(number)
    }

    fn transaction(&self, params: &Value, moment: &Moment<'_>) -> Result<String, Value> {
        let bounds = params["min_ledger"]
            .as_u64()
            .zip(params["max_ledger"].as_u64());
        if let Some((low, high)) = bounds {
            if high < low {
                return Err(failure(
                    "invalidLgrRange",
                    79,
                    "Ledger range is invalid.",
                    params,
                ));
            }
            if high - low > 1000 {
                return Err(failure(
                    "excessiveLgrRange",
                    78,
                    "Ledger range exceeds 1000.",
                    params,
                ));
            }
        }
        let Some(number) = self.find(params, moment.tip) else {
            let mut answer = failure("txnNotFound", 29, "Transaction not found.", params);
            if let Some((low, high)) = bounds {
                answer["searched_all"] = (low >= self.first_kept() && high <= moment.tip).into();
            }
            return Err(answer);
        };
        let version = version(params);
        let row = self.row(number, version);
        if version == 2 {
            let body = row.trim_end_matches('}');
            return Ok(format!(r#"{{"result":{body},"status":"success"}}}}"#));
        }
        // Version 1 has the fields flat, with the metadata beside them.
        let row: Value = serde_json::from_str(&row).expect("a row is JSON");
        let mut flat = row["tx"].clone();
        flat["meta"] = row["meta"].clone();
        flat["validated"] = true.into();
        flat["status"] = "success".into();
        Ok(json!({"result": flat}).to_string())
    }

    /// Everybody else who asks for nothing: whoever has paid us has an account.
    fn other_account(&self, params: &Value, moment: &Moment<'_>) -> Value {
        json!({
            "account_data": {
                "Account": params["account"],
                "Balance": "250000000",
                "Flags": 0,
                "LedgerEntryType": "AccountRoot",
                "OwnerCount": 0,
                "PreviousTxnID": self.ledger_hash(0),
                "PreviousTxnLgrSeq": moment.tip,
                "Sequence": 77,
                "index": self.ledger_hash(2)
            },
            "account_flags": {"requireDestinationTag": false, "depositAuth": false, "disallowIncomingXRP": false},
            "ledger_hash": self.ledger_hash(moment.tip),
            "ledger_index": moment.tip,
            "validated": true
        })
    }

    fn account_info(&self, params: &Value, moment: &Moment<'_>) -> Value {
        let account = xrpl_address(&self.xrpl.account);
        if params["account"] != account.as_str() {
            return self.other_account(params, moment);
        }
        json!({
            "account_data": {
                "Account": account,
                "Balance": "5000000000000",
                "Flags": 131_072,
                "LedgerEntryType": "AccountRoot",
                "OwnerCount": 4,
                "PreviousTxnID": self.ledger_hash(0),
                "PreviousTxnLgrSeq": moment.tip,
                "Sequence": 4000,
                "index": self.ledger_hash(1)
            },
            "account_flags": {"requireDestinationTag": true, "depositAuth": false, "disallowIncomingXRP": false},
            "ledger_hash": self.ledger_hash(moment.tip),
            "ledger_index": moment.tip,
            "validated": true
        })
    }
}

/// How many leading `"Amount"` keys of a transaction version 2 renames: the one of a Payment.
fn payment_amounts(fields: &str) -> usize {
    usize::from(fields.starts_with(r#""TransactionType":"Payment","#))
}

fn version(params: &Value) -> u64 {
    params["api_version"].as_u64().unwrap_or(1)
}

fn failure(error: &str, code: i64, message: &str, params: &Value) -> Value {
    json!({
        "error": error,
        "error_code": code,
        "error_message": message,
        "request": params,
        "status": "error"
    })
}

impl Life for Rippled {
    fn timeline(&self) -> &Timeline {
        &self.xrpl.timeline
    }

    fn account(&self) -> String {
        xrpl_address(&self.xrpl.account)
    }

    fn members(&self) -> Vec<String> {
        Xrpl::members()
    }

    fn credits(&self, transaction: u32) -> Vec<Expected> {
        self.xrpl.expected(transaction)
    }

    fn page_faults(&self) -> &'static [Fault] {
        &[
            Fault::Repeated,
            Fault::Unsorted,
            Fault::Short,
            Fault::DeadMarker,
            Fault::Lagging,
            Fault::Narrowed,
            Fault::MovingTip,
        ]
    }

    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let call = request.json();
        let params = &call["params"][0];
        let result = match call["method"].as_str().unwrap_or_default() {
            "account_tx" => match self.account_tx(params, moment) {
                Ok(text) => return Response::status(200).with_body("application/json", text),
                Err(error) => error,
            },
            "tx" => match self.transaction(params, moment) {
                Ok(text) => return Response::status(200).with_body("application/json", text),
                Err(error) => error,
            },
            "server_info" => self.server_info(moment),
            "server_state" => self.server_state(moment),
            "ledger" => self.ledger(params, moment),
            "account_info" => self.account_info(params, moment),
            "account_lines" => json!({
                "account": params["account"], "lines": [], "ledger_index": moment.tip, "validated": true
            }),
            "fee" => json!({
                "current_ledger_size": "56", "drops": {"base_fee": "10", "median_fee": "5000", "minimum_fee": "10", "open_ledger_fee": "10"},
                "ledger_current_index": moment.tip + 1
            }),
            _ => failure("unknownCmd", 32, "Unknown method.", params),
        };
        let mut result = result;
        if result.get("status").is_none() {
            result["status"] = "success".into();
        }
        Response::json(&json!({"result": result}))
    }
}
