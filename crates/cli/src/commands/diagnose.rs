//! `diagnose`: one verdict with evidence. The screen that a specialist lives in.

use crate::advice_view::{self, AdviceView};
use crate::args::{Diagnose, Format};
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, DepositView, MemoFindingView, VerdictView, symbol_of};
use recover_core::book::AddressRecord;
use recover_core::claim::Claim;
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Code, Verdict};
use recover_engine::advice::Advised;
use recover_engine::claims::OpenOptions;
use recover_engine::diagnose::{Answer, Diagnosis, Subject};
use recover_engine::engine::Engine;
use recover_engine::explain;
use recover_engine::quote::DepositQuote;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct DiagnosisView {
    query: String,
    subject: &'static str,
    id: String,
    routing_value: Option<RoutingView>,
    network: Option<String>,
    kind: Option<&'static str>,
    explanation: String,
    verdict: Option<VerdictView>,
    who_signs: Option<String>,
    memo_finding: Option<MemoFindingView>,
    /// How the address book writes the address, with its network, where it writes it otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_as: Option<String>,
    cost: Option<CostView>,
    /// Best for the user first; empty where nothing was found.
    advice: Vec<AdviceView>,
    next: String,
    deposits: Vec<DepositView>,
    networks: Vec<AnswerView>,
    claim: Option<ClaimView>,
    asked_at: String,
}

#[derive(Serialize)]
struct CostView {
    value: Option<String>,
    network_fee: Option<String>,
    service_fee: Option<String>,
    net: Option<String>,
    currency: Option<String>,
    refused: Option<String>,
}

#[derive(Serialize)]
struct AnswerView {
    network: String,
    answer: &'static str,
    detail: String,
}

/// What was found out about one question.
pub struct Found {
    diagnosis: Diagnosis,
    /// What the recovery would cost; `None` where nothing can be recovered.
    quote: Option<DepositQuote>,
    /// Best for the user first.
    advice: Vec<Advised>,
    /// The claim that was opened with it.
    claim: Option<Claim>,
}

impl Found {
    /// Diagnoses a transaction or an address; no claim is opened.
    ///
    /// # Errors
    /// When the text is neither, or the engine fails.
    pub async fn out(engine: &Engine, text: &str, networks: &[String]) -> anyhow::Result<Self> {
        let diagnosis = engine.diagnose(text, networks).await?;
        let quote = match diagnosis.deciding() {
            // What cannot be recovered costs nothing, and nobody receives anything of it.
            Some(deposit)
                if is_ours(&diagnosis)
                    && !matches!(deposit.classification.verdict, Verdict::NotRecoverable(_))
                    && engine.may_quote().await? =>
            {
                Some(engine.estimate(deposit).await?)
            }
            _ => None,
        };
        let advice = match diagnosis.deciding() {
            Some(deposit) => engine.advice(deposit, quote.as_ref()).await?,
            None => Vec::new(),
        };
        Ok(Self {
            diagnosis,
            quote,
            advice,
            claim: None,
        })
    }

    fn next(&self) -> String {
        match &self.claim {
            Some(claim) => format!("recover quote {}", claim.id),
            None => next(&self.diagnosis),
        }
    }
}

/// `diagnose`
pub async fn run(
    format: Format,
    engine: &Engine,
    arguments: &Diagnose,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let mut found = Found::out(engine, &arguments.text, &arguments.network).await?;
    let opened = match (&arguments.appeal, arguments.open) {
        (Some(appeal), true) => Some(open(engine, &found.diagnosis, appeal, actor).await),
        _ => None,
    };
    let refusal = match opened {
        None => None,
        Some(Ok(claim)) => {
            found.claim = Some(claim);
            None
        }
        Some(Err(error)) => Some(error),
    };
    match format {
        Format::Json => output::json(&view(engine, &found))?,
        Format::Csv => {
            let deposits = &found.diagnosis.deposits;
            let rows: Vec<DepositView> = deposits.iter().map(DepositView::of).collect();
            output::rows(
                format,
                DepositView::CSV_COLUMNS,
                &rows,
                DepositView::csv_cells,
            )?;
        }
        Format::Table => output::line(&page(engine, &found))?,
    }
    refusal.map_or(Ok(Exit::Done), Err)
}

async fn open(
    engine: &Engine,
    diagnosis: &Diagnosis,
    appeal: &str,
    actor: Option<&str>,
) -> anyhow::Result<Claim> {
    let deposit = diagnosis
        .deciding()
        .filter(|_| is_ours(diagnosis))
        .ok_or_else(|| {
            anyhow::anyhow!("no claim can be opened: nothing of this reached an address of ours")
        })?;
    let person = engine.actor(actor).await?;
    let options = OpenOptions {
        appeal: Some(appeal.to_owned()),
        ..OpenOptions::default()
    };
    Ok(engine.open_claim(&deposit.id(), &options, &person).await?)
}

/// Whether the deciding deposit reached an address of ours; movements between strangers have verdicts too.
fn is_ours(diagnosis: &Diagnosis) -> bool {
    match &diagnosis.subject {
        Subject::Address(..) => diagnosis.deciding().is_some(),
        Subject::Transaction(..) => diagnosis.answers.values().any(|answer| match answer {
            Answer::Found(found) => found.ours > 0,
            // A file of the exchange's own deposits named it.
            Answer::ByImport(deposits) => !deposits.is_empty(),
            Answer::Account(_) | Answer::Absent | Answer::NotProved(_) | Answer::Silent(_) => false,
        }),
    }
}

fn answer_view(engine: &Engine, network: &NetworkId, answer: &Answer) -> AnswerView {
    let (word, detail) = match answer {
        Answer::Found(found) => {
            let place = match (&found.block, found.is_final) {
                (None, _) => "waiting for a block".to_owned(),
                (Some(block), Some(true)) => format!("block {}, final", block.height),
                (Some(block), Some(false)) => format!("block {}, not final yet", block.height),
                (Some(block), None) => format!("block {}, finality unknown", block.height),
            };
            let unread: Vec<&str> = found.unread.iter().map(|part| part.words()).collect();
            let unread = if unread.is_empty() {
                String::new()
            } else {
                format!("; not read: {}", unread.join(", "))
            };
            ("found", format!("{place}, {}{unread}", found.outcome))
        }
        Answer::Account(account) => {
            let is_evm = engine
                .chains()
                .network(network)
                .is_none_or(|network| network.family == Family::Evm);
            let code = match &account.code {
                Code::Absent if is_evm => "no code",
                Code::Absent => "an account",
                Code::Delegated => "an account with a delegation (EIP-7702)",
                Code::Contract(_) => "a contract",
            };
            // Elsewhere the number that orders an account's transactions does not count them.
            let sent = match is_evm {
                true => format!(", {} transactions sent", account.nonce),
                false => String::new(),
            };
            let holds: Vec<&str> = account
                .holds
                .iter()
                .map(|(_, text)| text.as_str())
                .collect();
            let holds = if holds.is_empty() {
                "nothing we list".to_owned()
            } else {
                holds.join(", ")
            };
            ("account", format!("{code}{sent}, holds {holds}"))
        }
        Answer::Absent => ("absent", "not there".to_owned()),
        Answer::NotProved(reason) => ("not_proved", reason.clone()),
        Answer::Silent(reason) => ("silent", reason.clone()),
        Answer::ByImport(deposits) => {
            let named = match deposits.len() {
                0 => String::new(),
                1 => "; an imported deposit has it".to_owned(),
                count => format!("; {count} imported deposits have it"),
            };
            let detail = format!("by import only, nothing here reads its blocks{named}");
            ("by_import", detail)
        }
    };
    AnswerView {
        network: network.to_string(),
        answer: word,
        detail,
    }
}

/// What was asked about, and its text: a transaction's id as the network has it that knows it.
fn subject(engine: &Engine, diagnosis: &Diagnosis) -> (&'static str, String) {
    match &diagnosis.subject {
        Subject::Transaction(ids) => {
            let found = diagnosis
                .network
                .as_ref()
                .and_then(|network| engine.chains().network(network))
                .and_then(|network| ids.get(&network.family));
            // Else as it was pasted: none of the others is more right.
            let pasted = ids
                .values()
                .find(|id| diagnosis.query.contains(id.as_str()));
            let id = found.or(pasted).or_else(|| ids.values().next());
            (
                "transaction",
                id.map(ToString::to_string).unwrap_or_default(),
            )
        }
        Subject::Address(routed, _) => ("address", routed.address.text().to_owned()),
    }
}

/// The routing value that the pasted address carries, and whose it is.
#[derive(Serialize)]
struct RoutingView {
    place: String,
    value: String,
    users: Vec<String>,
}

impl RoutingView {
    fn of(diagnosis: &Diagnosis) -> Option<Self> {
        let Subject::Address(routed, _) = &diagnosis.subject else {
            return None;
        };
        let memo = routed.memo.as_ref()?;
        let mut users: Vec<String> = diagnosis
            .assigned
            .iter()
            .filter_map(|record| record.user_id.clone())
            .collect();
        users.sort();
        users.dedup();
        Some(Self {
            place: memo.place.clone(),
            value: String::from_utf8_lossy(&memo.raw).into_owned(),
            users,
        })
    }

    fn line(&self) -> String {
        let whose = if self.users.is_empty() {
            "assigned to nobody".to_owned()
        } else {
            format!("assigned to user {}", self.users.join(", "))
        };
        format!(
            "the address carries {} {}, {whose}",
            self.place.replace('_', " "),
            self.value
        )
    }
}

fn explanation(engine: &Engine, diagnosis: &Diagnosis) -> String {
    match diagnosis.deciding() {
        Some(deposit) => explain::kind(deposit.classification.kind).to_owned(),
        None => match &diagnosis.subject {
            Subject::Address(_, family) if diagnosis.book.is_empty() => {
                let tells_typos = engine
                    .adapters()
                    .of(*family)
                    .is_none_or(|adapter| adapter.detect().tells_typos());
                let doubt = match tells_typos {
                    true => "",
                    false => {
                        " Addresses of this family carry no checksum: a wrong character gives another address, so compare it \
                         with the one that was given out."
                    }
                };
                format!("This address is not in the address book, and no deposit at it is stored.{doubt}")
            }
            Subject::Address(routed, _)
                if diagnosis.book.iter().all(|record| record.value != routed.address.text()) =>
            {
                "The address book has the same bytes as an address of another network, whose key need not sign here; no deposit \
                 at it is stored."
                    .to_owned()
            }
            Subject::Address(..) => "The address is ours; no deposit at it is stored.".to_owned(),
            Subject::Transaction(..) if diagnosis.answers.is_empty() => {
                "No network was asked: none that is configured has such transaction ids.".to_owned()
            }
            Subject::Transaction(..)
                if diagnosis.by_import().count() == diagnosis.answers.len() =>
            {
                "Deposits of this network are by import only: nothing here reads its blocks, and no imported deposit has this \
                 transaction."
                    .to_owned()
            }
            Subject::Transaction(..) if diagnosis.is_proved_absent() => {
                "No asked network has this transaction.".to_owned()
            }
            Subject::Transaction(..) => {
                "The transaction was not found, and not every network could be asked: this is no answer for the customer yet."
                    .to_owned()
            }
        },
    }
}

fn next(diagnosis: &Diagnosis) -> String {
    let Some(deposit) = diagnosis.deciding() else {
        let silent: Vec<String> = diagnosis
            .silent()
            .map(|(network, _)| network.to_string())
            .collect();
        if !silent.is_empty() {
            return format!(
                "repair the sources of {} (`recover chains check`) and ask again",
                silent.join(", ")
            );
        }
        let by_import: Vec<String> = diagnosis.by_import().map(ToString::to_string).collect();
        if !by_import.is_empty() && matches!(diagnosis.subject, Subject::Transaction(..)) {
            return format!(
                "look for it in an explorer of {}, which nothing here reads; if it is there, `recover deposits import` brings it in",
                by_import.join(", ")
            );
        }
        return match &diagnosis.subject {
            Subject::Address(..) if diagnosis.book.is_empty() => "ask the customer for the transaction id".to_owned(),
            Subject::Address(..) => "scan the networks where the customer may have sent it, or ask for the transaction id".to_owned(),
            Subject::Transaction(..) => "ask the customer which network, and to copy the id from the sending side again".to_owned(),
        };
    };
    if !is_ours(diagnosis) {
        return explain::verdict(&deposit.classification.verdict).to_owned();
    }
    match &deposit.classification.verdict {
        Verdict::Controllable(_) | Verdict::NeedsDeploy(_)
            if deposit.status == DepositStatus::Claimed =>
        {
            format!(
                "it is under a claim: recover deposits show {}",
                deposit.id()
            )
        }
        Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => {
            format!("recover claims open {} [--appeal ID]", deposit.id())
        }
        other => explain::why(other, deposit.flags()).to_owned(),
    }
}

fn view(engine: &Engine, found: &Found) -> DiagnosisView {
    let diagnosis = &found.diagnosis;
    let (subject, id) = subject(engine, diagnosis);
    let deciding = diagnosis.deciding();
    DiagnosisView {
        query: diagnosis.query.clone(),
        subject,
        id,
        routing_value: RoutingView::of(diagnosis),
        network: diagnosis.network.as_ref().map(ToString::to_string),
        kind: deciding.map(|deposit| deposit.classification.kind.code()),
        explanation: explanation(engine, diagnosis),
        verdict: deciding.map(|deposit| VerdictView::of(&deposit.classification.verdict)),
        who_signs: deciding.map(who_signs),
        memo_finding: deciding
            .and_then(|deposit| deposit.classification.memo.as_ref())
            .map(MemoFindingView::of),
        issued_as: issued_as(diagnosis),
        cost: found.quote.as_ref().map(cost_view),
        advice: AdviceView::all(&found.advice),
        next: found.next(),
        deposits: diagnosis.deposits.iter().map(DepositView::of).collect(),
        networks: diagnosis
            .answers
            .iter()
            .map(|(network, answer)| answer_view(engine, network, answer))
            .collect(),
        claim: found.claim.as_ref().map(ClaimView::of),
        asked_at: diagnosis.asked_at.to_string(),
    }
}

fn who_signs(deposit: &Deposit) -> String {
    explain::who_signs(&deposit.classification.verdict, deposit.to())
}

fn cost_view(quote: &DepositQuote) -> CostView {
    match &quote.outcome {
        Ok(given) => CostView {
            value: Some(given.value.to_string()),
            network_fee: Some(given.network_fee.to_string()),
            service_fee: Some(given.service_fee.to_string()),
            net: Some(given.net.to_base_units()),
            currency: Some(quote.currency.clone()),
            refused: None,
        },
        Err(refusal) => CostView {
            value: None,
            network_fee: None,
            service_fee: None,
            net: None,
            currency: Some(quote.currency.clone()),
            refused: Some(refusal.code().to_owned()),
        },
    }
}

/// The page that a person reads. Writing to a `String` cannot fail, so results of `write!` are dropped.
pub fn page(engine: &Engine, found: &Found) -> String {
    let diagnosis = &found.diagnosis;
    let mut page = String::new();
    let (kind_of_subject, id) = subject(engine, diagnosis);
    match diagnosis.deciding() {
        Some(deposit) => {
            let classification = &deposit.classification;
            let _ = writeln!(
                page,
                "{}   {} on {}",
                explain::headline(&classification.verdict),
                classification.kind,
                deposit.network()
            );
            let _ = writeln!(page, "{}\n", explanation(engine, diagnosis));
            facts(&mut page, engine, diagnosis, deposit);
            let why = explain::why(&classification.verdict, deposit.flags());
            field(&mut page, "why", why);
            if let Verdict::NeedsDeploy(legs) = &classification.verdict {
                for (number, leg) in legs.iter().enumerate() {
                    let step = format!(
                        "{}. {} ({} signs): {}",
                        number + 1,
                        explain::leg(leg.kind),
                        explain::leg_signer(leg),
                        leg.detail
                    );
                    field(&mut page, if number == 0 { "steps" } else { "" }, &step);
                }
            }
            field(&mut page, "who signs", &who_signs(deposit));
            if let Some(memo) = deposit.memo_text() {
                field(&mut page, "memo", &format!("{memo:?}"));
            }
            let finding = classification.memo.as_ref().map(MemoFindingView::of);
            for line in finding.iter().flat_map(MemoFindingView::lines) {
                field(&mut page, "", &line);
            }
            if !classification.also.is_empty() {
                let also: Vec<&str> = classification.also.iter().map(|kind| kind.code()).collect();
                field(&mut page, "also", &also.join(", "));
            }
            for flag in deposit.flags() {
                field(&mut page, "careful", explain::flag(*flag));
            }
            if let Some(quote) = &found.quote {
                field(
                    &mut page,
                    "cost",
                    &quote.in_words(&symbol_of(deposit), deposit.decimals),
                );
            } else if is_ours(diagnosis) && classification.verdict.is_recoverable() {
                field(
                    &mut page,
                    "cost",
                    "pass --policy policy.toml to see a quote",
                );
            }
        }
        None => {
            let _ = writeln!(page, "NOTHING FOUND   {kind_of_subject} {id}");
            let _ = writeln!(page, "{}\n", explanation(engine, diagnosis));
            for record in &diagnosis.book {
                let whose = record
                    .user_id
                    .as_ref()
                    .map_or("the exchange's own".to_owned(), |user| {
                        format!("user {user}")
                    });
                let network = record.network.as_ref().map_or(
                    "every network of its family".to_owned(),
                    ToString::to_string,
                );
                let other_text = match &diagnosis.subject {
                    Subject::Address(routed, _) if routed.address.text() != record.value => {
                        format!(" as {} (the same bytes)", record.value)
                    }
                    _ => String::new(),
                };
                field(
                    &mut page,
                    "address book",
                    &format!(
                        "{} of {whose}, for {network}{other_text}, control {}",
                        record.role,
                        record.control.code()
                    ),
                );
            }
        }
    }
    if let Some(routing) = RoutingView::of(diagnosis) {
        field(&mut page, "routing", &routing.line());
    }
    field(&mut page, "next", &found.next());
    for (name, text) in advice_view::lines(&found.advice) {
        field(&mut page, name, &text);
    }
    if let Some(claim) = &found.claim {
        field(
            &mut page,
            "claim",
            &format!(
                "{} opened as {}, revision {}",
                claim.id, claim.status, claim.revision
            ),
        );
    }
    if diagnosis.deposits.len() > 1 {
        let _ = writeln!(page, "\nAll movements that count here:");
        let rows = diagnosis
            .deposits
            .iter()
            .map(|deposit| DepositView::of(deposit).table_cells());
        let _ = writeln!(page, "{}", output::table(DepositView::TABLE_COLUMNS, rows));
    }
    let _ = writeln!(page, "\nAsked:");
    for (network, answer) in &diagnosis.answers {
        let answer = answer_view(engine, network, answer);
        let _ = writeln!(
            page,
            "  {:<18} {:<10} {}",
            answer.network, answer.answer, answer.detail
        );
    }
    page.truncate(page.trim_end().len());
    page
}

fn field(page: &mut String, name: &str, text: &str) {
    let _ = writeln!(page, "  {name:<12} {text}");
}

/// How the address book writes the address, where it writes it otherwise.
fn issued_as(diagnosis: &Diagnosis) -> Option<String> {
    diagnosis.issued_as.as_ref().map(in_book)
}

/// An address of the book with its network.
pub(crate) fn in_book(record: &AddressRecord) -> String {
    match &record.network {
        Some(network) => format!("{} on {network}", record.value),
        None => record.value.clone(),
    }
}

fn facts(page: &mut String, engine: &Engine, diagnosis: &Diagnosis, deposit: &Deposit) {
    field(
        page,
        "what",
        &format!(
            "{} {}   ({})",
            deposit.amount_text(),
            symbol_of(deposit),
            deposit.asset()
        ),
    );
    let owner = match &deposit.classification.owner {
        Some(user) if deposit.classification.memo.is_some() => {
            format!("{}   shared; its memo names user {user}", deposit.to())
        }
        Some(user) => {
            let written =
                issued_as(diagnosis).map_or_else(String::new, |text| format!(" as {text}"));
            format!("{}   issued to user {user}{written}", deposit.to())
        }
        None if is_ours(diagnosis) => format!("{}   ours, no single owner", deposit.to()),
        None => format!("{}   not ours", deposit.to()),
    };
    field(page, "to", &owner);
    field(
        page,
        "from",
        deposit.from().unwrap_or("nobody (the network itself)"),
    );
    let link = engine
        .chains()
        .network(deposit.network())
        .map(|network| network.explorer_transaction(deposit.tx_id()));
    field(
        page,
        "transaction",
        &format!("{}   {}", deposit.tx_id(), deposit.position()),
    );
    if let Some(link) = link {
        field(page, "", &link);
    }
    let block = match (deposit.block_height(), deposit.block_time()) {
        (Some(height), Some(time)) => format!("{height} at {time}, deposit {}", deposit.status),
        _ => "none yet".to_owned(),
    };
    field(page, "block", &block);
    field(page, "deposit", deposit.id().as_str());
}
