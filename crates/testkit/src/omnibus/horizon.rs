//! REST of a Stellar Horizon.

use super::Expected;
use super::dice::name32;
use super::serve::{Fault, Life, Moment, TAIL};
use super::stellar::{Stellar, Told};
use super::timeline::Timeline;
use crate::server::{Request, Response};
use serde_json::{Value, json};
use std::collections::VecDeque;

const LEDGERS: u64 = 27;
/// The most rows that Horizon gives at once, and how many without a wish.
const LIMITS: (u64, u64) = (200, 10);
const ELDER: u64 = 50_000_000;

pub(crate) struct Horizon {
    seed: u64,
    stellar: Stellar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Payments,
    Operations,
    Effects,
    Transactions,
}

/// A place in a list: the operation (or transaction) and the effect inside it.
type Cursor = (u64, u64);

impl Horizon {
    pub(crate) fn new(seed: u64, deposits: u32, account: Option<&[u8]>) -> Horizon {
        Horizon {
            seed,
            stellar: Stellar::new(seed, deposits, TAIL, account),
        }
    }

    fn ledger_hash(&self, height: u64) -> String {
        hex::encode(name32(self.seed, LEDGERS, height))
    }

    fn root(&self, moment: &Moment<'_>) -> Value {
        let mut elder = ELDER;
        if moment.strikes(Fault::Narrowed) {
            elder = self.stellar.timeline.last_height() - 1;
        }
        json!({
            "_links": {"account": {"href": "/accounts/{account_id}", "templated": true}},
            "horizon_version": "23.0.0",
            "core_version": "stellar-core 23.0.0",
            "ingest_latest_ledger": moment.tip,
            "history_latest_ledger": moment.tip,
            "history_latest_ledger_closed_at": self.stellar.closed_at(moment.tip),
            "history_elder_ledger": elder,
            "core_latest_ledger": moment.tip,
            "network_passphrase": "Public Global Stellar Network ; September 2015",
            "current_protocol_version": 23,
            "supported_protocol_version": 23,
            "core_supported_protocol_version": 23
        })
    }

    fn ledger(&self, height: u64) -> Value {
        json!({
            "_links": {"self": {"href": format!("/ledgers/{height}")}},
            "id": self.ledger_hash(height),
            "paging_token": (height << 32).to_string(),
            "hash": self.ledger_hash(height),
            "prev_hash": self.ledger_hash(height - 1),
            "sequence": height,
            "successful_transaction_count": 100,
            "failed_transaction_count": 7,
            "operation_count": 300,
            "tx_set_operation_count": 310,
            "closed_at": self.stellar.closed_at(height),
            "total_coins": "50001787035.2041660",
            "fee_pool": "5000000.0000000",
            "base_fee_in_stroops": 100,
            "base_reserve_in_stroops": 5_000_000,
            "max_tx_set_size": 1000,
            "protocol_version": 23
        })
    }

    fn transaction(&self, number: u32, told: &Told) -> String {
        let height = self.stellar.timeline.height_of(number);
        let hash = &told.hash;
        let bump = told.inner.as_ref().map_or(String::new(), |inner| {
            format!(
                r#","fee_bump_transaction":{{"hash":"{hash}","signatures":["AAAA"]}},"inner_transaction":{{"hash":"{inner}","signatures":["BBBB"],"max_fee":"100"}}"#
            )
        });
        format!(
            r#"{{{},"_links":{{"self":{{"href":"/transactions/{hash}"}}}},"id":"{hash}","paging_token":"{}","successful":{},"hash":"{hash}","ledger":{height},"created_at":"{}","source_account":"{}","source_account_sequence":"{}","fee_account":"{}","fee_charged":"100","max_fee":"1000","operation_count":{},"signatures":["AAAA"],"preconditions":{{"timebounds":{{"min_time":"0"}}}}{bump}}}"#,
            told.memo(),
            self.stellar.toid(number),
            told.successful,
            self.stellar.closed_at(height),
            told.source,
            self.stellar.toid(number) / 7,
            told.source,
            told.operations.len(),
        )
    }

    fn operation(&self, number: u32, told: &Told, place: usize, join: bool) -> String {
        let operation = &told.operations[place];
        let id = self.stellar.toid(number) + place as u64 + 1;
        let joined = if join {
            format!(r#","transaction":{}"#, self.transaction(number, told))
        } else {
            String::new()
        };
        format!(
            r#"{{"_links":{{"self":{{"href":"/operations/{id}"}},"transaction":{{"href":"/transactions/{hash}"}},"effects":{{"href":"/operations/{id}/effects"}}}},"id":"{id}","paging_token":"{id}","transaction_successful":{},"source_account":"{}","created_at":"{}","transaction_hash":"{hash}"{joined},{}}}"#,
            told.successful,
            operation.source,
            self.stellar
                .closed_at(self.stellar.timeline.height_of(number)),
            operation.json,
            hash = told.hash,
        )
    }

    fn effect(&self, number: u32, told: &Told, place: usize, effect: usize) -> String {
        let id = self.stellar.toid(number) + place as u64 + 1;
        let told_effect = &told.operations[place].effects[effect];
        let order = effect + 1;
        format!(
            r#"{{"_links":{{"operation":{{"href":"/operations/{id}"}},"succeeds":{{"href":"/effects?order=desc&cursor={id}-{order}"}},"precedes":{{"href":"/effects?order=asc&cursor={id}-{order}"}}}},"id":"{id:019}-{order:010}","paging_token":"{id}-{order}","account":"{}","created_at":"{}",{}}}"#,
            told_effect.account,
            self.stellar
                .closed_at(self.stellar.timeline.height_of(number)),
            told_effect.json,
        )
    }

    /// The rows of one transaction in a list, each behind its place.
    fn rows(&self, number: u32, wish: &Wish) -> Vec<(Cursor, Row)> {
        let told = self.stellar.tell(number);
        if !told.successful && (!wish.failed || wish.list == List::Effects) {
            return Vec::new();
        }
        let toid = self.stellar.toid(number);
        let mut rows = Vec::new();
        if wish.list == List::Transactions {
            rows.push(((toid, 0), Row::Transaction(number)));
            return rows;
        }
        for (place, operation) in told.operations.iter().enumerate() {
            let id = toid + place as u64 + 1;
            if wish.list == List::Effects {
                for (order, effect) in operation.effects.iter().enumerate() {
                    if !wish.account || effect.account == self.stellar.account {
                        rows.push(((id, order as u64 + 1), Row::Effect(number, place, order)));
                    }
                }
            } else if (!wish.account || operation.is_ours)
                && (wish.list == List::Operations || operation.is_payment)
            {
                rows.push(((id, 0), Row::Operation(number, place)));
            }
        }
        rows
    }

    fn print(&self, row: Row, join: bool) -> String {
        let number = match row {
            Row::Operation(number, _) | Row::Effect(number, ..) | Row::Transaction(number) => {
                number
            }
        };
        let told = self.stellar.tell(number);
        match row {
            Row::Operation(number, place) => self.operation(number, &told, place, join),
            Row::Effect(number, place, effect) => self.effect(number, &told, place, effect),
            Row::Transaction(number) => self.transaction(number, &told),
        }
    }

    /// A page of a list over the account's whole life.
    fn account_list(&self, request: &Request, list: List, moment: &Moment<'_>) -> Response {
        let wish = match Wish::of(request, list) {
            Ok(wish) => wish,
            Err(response) => return response,
        };
        let end = self.stellar.timeline.range(0, moment.tip).end;
        let after = wish.cursor;
        if after.is_some_and(|after| after.0 >> 32 < ELDER && after.0 != 0) {
            return problem(
                410,
                "before_history",
                "Data Requested Is Before Recorded History",
            );
        }
        let mut limit = wish.limit;
        let mut dice = moment.dice();
        if limit > 1 && moment.strikes(Fault::Short) {
            limit = usize::try_from(dice.between(1, limit as u64 - 1)).expect("below the limit");
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut last = None;
        if wish.descending {
            'back: for number in (0..end).rev() {
                for (place, row) in self.rows(number, &wish).into_iter().rev() {
                    if after.is_none_or(|after| place < after) {
                        rows.push(row);
                        last = Some(place);
                        if rows.len() == limit {
                            break 'back;
                        }
                    }
                }
            }
        } else {
            let start = after.map_or(0, |after| {
                let height = after.0 >> 32;
                let here = self.stellar.timeline.range(height, u64::MAX);
                // Ids grow inside a ledger: what stands wholly before the place is skipped without being told.
                let before = here
                    .clone()
                    .take_while(|number| self.stellar.toid(*number) + 4096 <= after.0)
                    .count();
                here.start + u32::try_from(before).expect("fewer than all")
            });
            let mut passed: VecDeque<Row> = VecDeque::new();
            'forward: for number in start..end {
                for (place, row) in self.rows(number, &wish) {
                    if after.is_some_and(|after| place <= after) {
                        passed.push_back(row);
                        continue;
                    }
                    rows.push(row);
                    last = Some(place);
                    if rows.len() == limit {
                        break 'forward;
                    }
                }
            }
            if !passed.is_empty() && rows.len() > 1 && moment.strikes(Fault::Repeated) {
                // A cache in front of the server: the page begins with what stood before the cursor.
                rows.splice(0..0, passed);
            }
        }
        let printed: Vec<String> = rows
            .into_iter()
            .map(|row| self.print(row, wish.join))
            .collect();
        page(&request.path, &wish, last, &printed)
    }

    /// Everything of one transaction or one operation: never more than a page here.
    fn small_list(
        &self,
        request: &Request,
        list: List,
        number: u32,
        place: Option<usize>,
    ) -> Response {
        let mut wish = match Wish::of(request, list) {
            Ok(wish) => wish,
            Err(response) => return response,
        };
        wish.account = false;
        wish.failed = true;
        let rows: Vec<(Cursor, Row)> = self
            .rows(number, &wish)
            .into_iter()
            .filter(|(cursor, row)| {
                let here = match row {
                    Row::Operation(_, at) | Row::Effect(_, at, _) => {
                        place.is_none_or(|place| place == *at)
                    }
                    Row::Transaction(_) => true,
                };
                here && wish.cursor.is_none_or(|after| *cursor > after)
            })
            .take(wish.limit)
            .collect();
        let last = rows.last().map(|(cursor, _)| *cursor);
        let printed: Vec<String> = rows
            .into_iter()
            .map(|(_, row)| self.print(row, wish.join))
            .collect();
        page(&request.path, &wish, last, &printed)
    }

    fn find_operation(&self, id: &str) -> Option<(u32, usize)> {
        let id: u64 = id.parse().ok()?;
        let here = self.stellar.timeline.at(id >> 32);
        let number = here
            .into_iter()
            .find(|number| self.stellar.toid(*number) == id >> 12 << 12)?;
        let place = usize::try_from(id & 4095).ok()?.checked_sub(1)?;
        (place < self.stellar.tell(number).operations.len()).then_some((number, place))
    }

    /// Everybody else who asks for nothing: whoever has paid us has an account.
    fn other_account(&self, account: &str, moment: &Moment<'_>) -> Value {
        let mut state = self.account_state(moment);
        for place in ["id", "account_id", "paging_token"] {
            state[place] = account.into();
        }
        state["subentry_count"] = 0.into();
        state["sequence"] = "77".into();
        state["balances"][0]["balance"] = "250.0000000".into();
        state["signers"][0]["key"] = account.into();
        state["data"] = json!({});
        state
    }

    fn account_state(&self, moment: &Moment<'_>) -> Value {
        let account = &self.stellar.account;
        json!({
            "id": account,
            "account_id": account,
            "sequence": "120192344791187470",
            "subentry_count": 3,
            "last_modified_ledger": moment.tip,
            "num_sponsoring": 0,
            "num_sponsored": 0,
            "thresholds": {"low_threshold": 0, "med_threshold": 0, "high_threshold": 0},
            "flags": {"auth_required": false, "auth_revocable": false, "auth_immutable": false, "auth_clawback_enabled": false},
            "balances": [{"balance": "5000000.0000000", "buying_liabilities": "0.0000000", "selling_liabilities": "0.0000000", "asset_type": "native"}],
            "signers": [{"weight": 1, "key": account, "type": "ed25519_public_key"}],
            "data": {"config.memo_required": "MQ=="},
            "paging_token": account
        })
    }
}

#[derive(Clone, Copy)]
enum Row {
    Operation(u32, usize),
    Effect(u32, usize, usize),
    Transaction(u32),
}

/// What a reader asks of a list.
struct Wish {
    list: List,
    cursor: Option<Cursor>,
    limit: usize,
    descending: bool,
    join: bool,
    failed: bool,
    /// Only what concerns our account.
    account: bool,
}

impl Wish {
    fn of(request: &Request, list: List) -> Result<Wish, Response> {
        let limit = match request.query_value("limit") {
            None => LIMITS.1,
            Some(text) => match text.parse() {
                Ok(limit) if (1..=LIMITS.0).contains(&limit) => limit,
                _ => return Err(bad_request("limit")),
            },
        };
        let descending = request.query_value("order").as_deref() == Some("desc");
        let cursor = match request
            .query_value("cursor")
            .filter(|text| !text.is_empty())
        {
            None => None,
            Some(text) if text == "now" => Some((u64::MAX, 0)),
            Some(text) => {
                let (id, order) = text.split_once('-').unwrap_or((&text, ""));
                // A place without an order stands behind everything of its id, read from either end.
                let order = if order.is_empty() {
                    Ok(if descending { 0 } else { u64::MAX })
                } else {
                    order.parse()
                };
                match (id.parse(), order) {
                    (Ok(id), Ok(order)) => Some((id, order)),
                    _ => return Err(bad_request("cursor")),
                }
            }
        };
        Ok(Wish {
            list,
            cursor,
            limit: usize::try_from(limit).expect("at most 200"),
            descending,
            join: request.query_value("join").as_deref() == Some("transactions"),
            failed: request.query_value("include_failed").as_deref() == Some("true"),
            account: true,
        })
    }
}

fn page(path: &str, wish: &Wish, last: Option<Cursor>, rows: &[String]) -> Response {
    let cursor = |place: Cursor| match wish.list {
        List::Effects => format!("{}-{}", place.0, place.1),
        _ => place.0.to_string(),
    };
    let next = last.or(wish.cursor).map_or(String::new(), cursor);
    let order = if wish.descending { "desc" } else { "asc" };
    let body = format!(
        r#"{{"_links":{{"self":{{"href":"{path}"}},"next":{{"href":"{path}?cursor={next}&limit={limit}&order={order}"}},"prev":{{"href":"{path}?order=desc&limit={limit}"}}}},"_embedded":{{"records":[{}]}}}}"#,
        rows.join(","),
        limit = wish.limit,
    );
    Response::status(200).with_body("application/hal+json; charset=utf-8", body)
}

fn problem(status: u16, kind: &str, title: &str) -> Response {
    let body = json!({
        "type": format!("https://stellar.org/horizon-errors/{kind}"),
        "title": title,
        "status": status,
        "detail": title
    });
    Response::status(status).with_body("application/problem+json", body.to_string())
}

fn bad_request(field: &str) -> Response {
    let body = json!({
        "type": "https://stellar.org/horizon-errors/bad_request",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request you sent was invalid in some way.",
        "extras": {"invalid_field": field, "reason": "it is out of range"}
    });
    Response::status(400).with_body("application/problem+json", body.to_string())
}

fn not_found() -> Response {
    problem(404, "not_found", "Resource Missing")
}

impl Life for Horizon {
    fn timeline(&self) -> &Timeline {
        &self.stellar.timeline
    }

    fn account(&self) -> String {
        self.stellar.account.clone()
    }

    fn members(&self) -> Vec<String> {
        Stellar::members()
    }

    fn credits(&self, transaction: u32) -> Vec<Expected> {
        self.stellar.expected(transaction)
    }

    fn page_faults(&self) -> &'static [Fault] {
        &[
            Fault::Repeated,
            Fault::Short,
            Fault::Lagging,
            Fault::Narrowed,
            Fault::MovingTip,
        ]
    }

    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let words: Vec<&str> = request
            .path
            .split('/')
            .filter(|word| !word.is_empty())
            .collect();
        let list = |word: &str| match word {
            "payments" => Some(List::Payments),
            "operations" => Some(List::Operations),
            "effects" => Some(List::Effects),
            "transactions" => Some(List::Transactions),
            _ => None,
        };
        let height_of = |number: u32| self.stellar.timeline.height_of(number);
        match words.as_slice() {
            [] => Response::json(&self.root(moment)),
            ["fee_stats"] => Response::json(&json!({
                "last_ledger": moment.tip.to_string(), "last_ledger_base_fee": "100", "ledger_capacity_usage": "0.5",
                "fee_charged": {"max": "100000", "min": "100", "mode": "100", "p10": "100", "p50": "100", "p95": "5000", "p99": "10000"},
                "max_fee": {"max": "100000", "min": "100", "mode": "100", "p10": "100", "p50": "100", "p95": "5000", "p99": "10000"}
            })),
            ["ledgers"] => {
                let rows = [self.ledger(moment.tip)];
                Response::json(&json!({"_links": {}, "_embedded": {"records": rows}}))
            }
            ["ledgers", height] => match height.parse::<u64>() {
                Ok(height) if (ELDER..=moment.tip).contains(&height) => {
                    Response::json(&self.ledger(height))
                }
                Ok(height) if height < ELDER => problem(
                    410,
                    "before_history",
                    "Data Requested Is Before Recorded History",
                ),
                _ => not_found(),
            },
            ["accounts", account] if *account == self.stellar.account => {
                Response::json(&self.account_state(moment))
            }
            ["accounts", account] => Response::json(&self.other_account(account, moment)),
            ["accounts", account, what] if *account == self.stellar.account => match list(what) {
                Some(list) => self.account_list(request, list, moment),
                None => not_found(),
            },
            ["transactions", hash, rest @ ..] => {
                let found = self
                    .stellar
                    .find(hash)
                    .filter(|number| height_of(*number) <= moment.tip);
                match (found, rest) {
                    (Some(number), []) => {
                        let body = self.transaction(number, &self.stellar.tell(number));
                        Response::status(200).with_body("application/hal+json", body)
                    }
                    (Some(number), [what]) => match list(what) {
                        Some(list) => self.small_list(request, list, number, None),
                        None => not_found(),
                    },
                    _ => not_found(),
                }
            }
            ["operations", id, rest @ ..] => {
                let found = self
                    .find_operation(id)
                    .filter(|(number, _)| height_of(*number) <= moment.tip);
                match (found, rest) {
                    (Some((number, place)), []) => {
                        let join = request.query_value("join").as_deref() == Some("transactions");
                        let body = self.operation(number, &self.stellar.tell(number), place, join);
                        Response::status(200).with_body("application/hal+json", body)
                    }
                    (Some((number, place)), ["effects"]) => {
                        self.small_list(request, List::Effects, number, Some(place))
                    }
                    (Some((number, _)), ["transactions"]) => {
                        self.small_list(request, List::Transactions, number, None)
                    }
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }
}
