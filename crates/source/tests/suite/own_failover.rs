//! Several sources behind one face: who is asked, who is believed, and what is never made of a disagreement.

use async_trait::async_trait;
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::WatchSet;
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Gap, Head, Header, HistoryUpdate, Lookup,
    NetworkCost, Part, ScanRequest, ScanUpdate, TokenClaims, TransactionView,
};
use recover_source::error::{Advice, SourceError};
use recover_source::failover::Sources;
use std::collections::BTreeSet;
use std::sync::Arc;

fn network() -> NetworkId {
    NetworkId::new("ethereum")
}

fn down(name: &str) -> SourceError {
    SourceError::Unreachable {
        origin: name.to_owned(),
        detail: "no connection".to_owned(),
    }
}

/// A source that answers what a test says.
#[derive(Clone)]
struct Fake {
    name: &'static str,
    network: NetworkId,
    scan: BTreeSet<Part>,
    history: BTreeSet<Part>,
    proves: bool,
    branch: &'static str,
    down: bool,
    lookup: Option<Lookup<TransactionView>>,
    credits: Vec<Observation>,
    gaps: Vec<Gap>,
    finalized: Option<Height>,
}

impl Fake {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            network: network(),
            scan: BTreeSet::from([Part::TransferLogs]),
            history: BTreeSet::new(),
            proves: false,
            branch: "main",
            down: false,
            lookup: None,
            credits: Vec::new(),
            gaps: Vec::new(),
            finalized: None,
        }
    }

    fn reads(mut self, parts: &[Part]) -> Self {
        self.scan = parts.iter().copied().collect();
        self
    }

    fn says(mut self, lookup: Lookup<TransactionView>) -> Self {
        self.lookup = Some(lookup);
        self
    }

    fn sees(mut self, credits: &[Observation]) -> Self {
        self.credits = credits.to_vec();
        self
    }

    fn lacks(mut self, gap: Gap) -> Self {
        self.gaps.push(gap);
        self
    }

    fn up(&self) -> Result<(), SourceError> {
        if self.down {
            Err(down(self.name))
        } else {
            Ok(())
        }
    }

    fn header_at(&self, height: Height) -> Header {
        Header {
            block: block(self.branch, height.0),
            parent: block(self.branch, height.0.saturating_sub(1)).hash,
        }
    }
}

fn block(branch: &str, height: u64) -> BlockRef {
    BlockRef {
        height: Height(height),
        hash: BlockHash::new(&format!("{branch}:{height}")),
        time: Timestamp::from_seconds(height).unwrap(),
    }
}

fn account(byte: u8) -> Address {
    Address::from_parts(Payload::Account20([byte; 20]), format!("0x{byte:02x}"))
}

fn credit(tx: &str, position: Position, height: u64, amount: u128) -> Observation {
    Observation {
        network: network(),
        tx_id: TxId::new(tx),
        position,
        block: Some(block("main", height)),
        from: Some(account(1)),
        to: account(2),
        asset: AssetId::native(network()),
        amount: Amount::from_u128(amount),
        amount_stated: Amount::from_u128(amount),
        balance_delta: None,
        memos: Vec::new(),
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

fn view(branch: &str) -> TransactionView {
    TransactionView {
        id: TxId::new("tx"),
        block: Some(block(branch, 5)),
        outcome: Outcome::Success,
        signer: Some(account(1)),
        to: Some(account(2)),
        to_is_contract: Some(false),
        credits: vec![credit("tx", Position::value(), 5, 7)],
        inputs: Vec::new(),
        unread: BTreeSet::new(),
    }
}

fn unknown(words: &str) -> Lookup<TransactionView> {
    Lookup::Unknown {
        reason: words.to_owned(),
    }
}

#[async_trait]
impl ChainRead for Fake {
    fn network(&self) -> &NetworkId {
        &self.network
    }

    fn name(&self) -> &str {
        self.name
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.up()?;
        Ok(Capabilities {
            scan: self.scan.clone(),
            history: self.history.clone(),
            accounts: false,
            state_at_height: false,
            proves_absence: self.proves,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.up()?;
        Ok(Head {
            latest: self.header_at(Height(100)),
            finalized: self.finalized,
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.up()?;
        Ok(Some(self.header_at(height)))
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        self.up()?;
        assert!(
            request.parts.is_subset(&self.scan),
            "asked for what it does not read"
        );
        let wanted = |credit: &&Observation| {
            credit
                .block
                .as_ref()
                .is_some_and(|block| request.range.contains(block.height))
        };
        Ok(ScanUpdate {
            observations: self.credits.iter().filter(wanted).cloned().collect(),
            gaps: self
                .gaps
                .iter()
                .filter(|gap| request.parts.contains(&gap.part))
                .cloned()
                .collect(),
            end: self.header_at(request.range.to()),
            headers: Vec::new(),
        })
    }

    async fn transaction(&self, _id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.up()?;
        self.lookup.clone().ok_or_else(|| down(self.name))
    }

    async fn history(
        &self,
        _address: &Address,
        _range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        self.up()?;
        Ok(HistoryUpdate {
            observations: self.credits.clone(),
            gaps: self.gaps.clone(),
        })
    }

    async fn account(&self, _address: &Address) -> Result<AccountState, SourceError> {
        self.up()?;
        Ok(AccountState {
            code: Code::Absent,
            nonce: 3,
            at: Height(100),
        })
    }

    async fn balance(&self, _address: &Address, _asset: &AssetId) -> Result<Amount, SourceError> {
        Err(down(self.name))
    }

    /// One credit a page.
    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.up()?;
        let index: usize = match &request.resume {
            None => 0,
            Some(place) => place.parse().map_err(|_| down(self.name))?,
        };
        let next = index.saturating_add(1);
        let is_last = next >= self.credits.len();
        Ok(AccountPage {
            observations: self.credits.get(index).cloned().into_iter().collect(),
            through: is_last.then_some(request.range.to()),
            next: (!is_last).then(|| next.to_string()),
            gaps: self.gaps.clone(),
        })
    }

    async fn token_claims(&self, _token: &str) -> Result<TokenClaims, SourceError> {
        self.up()?;
        Ok(TokenClaims::default())
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        Err(down(self.name))
    }
}

struct Nobody;

impl WatchSet for Nobody {
    fn contains(&self, _payload: &Payload) -> bool {
        false
    }

    fn len(&self) -> usize {
        0
    }
}

fn sources(fakes: Vec<Fake>) -> Sources {
    let sources = fakes
        .into_iter()
        .map(|fake| Arc::new(fake) as Arc<dyn ChainRead>)
        .collect();
    Sources::new(network(), sources)
}

fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

fn request(parts: &[Part]) -> ScanRequest {
    ScanRequest {
        range: range(1, 10),
        parts: parts.iter().copied().collect(),
        watch: Arc::new(Nobody),
        trusted_contracts: Arc::new(BTreeSet::new()),
    }
}

fn gap(part: Part, range: HeightRange) -> Gap {
    Gap {
        range,
        part,
        reason: format!("no {}", part.code()),
    }
}

async fn look(fakes: Vec<Fake>) -> Result<Lookup<TransactionView>, SourceError> {
    sources(fakes).transaction(&TxId::new("tx")).await
}

#[tokio::test]
async fn the_next_source_answers_for_one_that_is_down() {
    let mut first = Fake::new("first");
    first.down = true;
    let both = sources(vec![first.clone(), Fake::new("second")]);
    assert_eq!(both.head().await.unwrap().latest.block.height, Height(100));
    assert_eq!(both.account(&account(1)).await.unwrap().nonce, 3);
    let update = both.scan(&request(&[Part::TransferLogs])).await.unwrap();
    assert_eq!(update.gaps, []);
}

#[tokio::test]
async fn where_all_fail_each_is_named() {
    let mut first = Fake::new("first");
    first.down = true;
    let mut second = Fake::new("second");
    second.down = true;
    let error = sources(vec![first.clone(), second])
        .head()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no source of ethereum answered"), "{text}");
    assert!(
        text.contains("first did not answer") && text.contains("second did not answer"),
        "{text}"
    );
    assert_eq!(error.advice(), Advice::Retry);
    // One source speaks for itself, and none says what to do.
    let alone = sources(vec![first]).head().await.unwrap_err();
    assert!(matches!(alone, SourceError::Unreachable { .. }));
    let none = sources(vec![]).head().await.unwrap_err();
    assert!(
        none.to_string().contains("add one to chains.toml"),
        "{none}"
    );
}

#[tokio::test]
async fn each_part_comes_from_a_source_that_reads_it() {
    let logs = credit("a", Position::log(0), 3, 1);
    let inside = credit("b", Position::trace(&[0]), 2, 1);
    let both = sources(vec![
        Fake::new("logs").sees(std::slice::from_ref(&logs)),
        Fake::new("traces")
            .reads(&[Part::Internal])
            .sees(std::slice::from_ref(&inside)),
    ]);
    let update = both
        .scan(&request(&[Part::TransferLogs, Part::Internal]))
        .await
        .unwrap();
    assert_eq!(update.observations, [inside, logs]);
    assert_eq!(update.gaps, []);
    // What nobody reads is a gap over the whole range.
    let update = both.scan(&request(Part::ALL)).await.unwrap();
    let gaps: Vec<Part> = update.gaps.iter().map(|gap| gap.part).collect();
    assert_eq!(gaps, [Part::TopLevel, Part::BlockCredits]);
    assert!(
        update
            .gaps
            .iter()
            .all(|gap| gap.range == range(1, 10) && !gap.reason.is_empty())
    );
}

#[tokio::test]
async fn a_gap_of_one_source_is_filled_by_the_next() {
    let found = credit("late", Position::log(0), 5, 1);
    let both = sources(vec![
        Fake::new("first").lacks(gap(Part::TransferLogs, range(4, 6))),
        Fake::new("second").sees(std::slice::from_ref(&found)),
    ]);
    let update = both.scan(&request(&[Part::TransferLogs])).await.unwrap();
    assert_eq!(update.observations, [found]);
    assert_eq!(update.gaps, []);
}

#[tokio::test]
async fn a_gap_is_not_filled_from_another_branch() {
    let mut second = Fake::new("second").sees(&[credit("late", Position::log(0), 5, 1)]);
    second.branch = "other";
    let both = sources(vec![
        Fake::new("first").lacks(gap(Part::TransferLogs, range(4, 6))),
        second,
    ]);
    let update = both.scan(&request(&[Part::TransferLogs])).await.unwrap();
    assert_eq!(update.observations, []);
    assert_eq!(update.gaps.len(), 1);
    assert!(
        update.gaps[0]
            .reason
            .contains("first and second disagree about block 6"),
        "{}",
        update.gaps[0].reason
    );
}

#[tokio::test]
async fn pitfall_013_what_one_has_and_another_has_not_is_found() {
    let found = look(vec![
        Fake::new("node").says(unknown("the node does not know it")),
        Fake::new("explorer").says(Lookup::Found(view("main"))),
    ])
    .await
    .unwrap();
    assert_eq!(found, Lookup::Found(view("main")));
}

#[tokio::test]
async fn pitfall_013_two_that_tell_different_stories_are_a_contradiction() {
    let other_block = view("other");
    let mut other_amount = view("main");
    other_amount.credits[0].amount_stated = Amount::from_u128(8);
    let mut other_outcome = view("main");
    other_outcome.outcome = Outcome::Failed;
    let mut other_recipient = view("main");
    other_recipient.to = Some(account(9));
    let mut fewer = view("main");
    fewer.credits.clear();
    for second in [
        other_block,
        other_amount,
        other_outcome,
        other_recipient,
        fewer,
    ] {
        let error = look(vec![
            Fake::new("node").says(Lookup::Found(view("main"))),
            Fake::new("explorer").says(Lookup::Found(second)),
        ])
        .await
        .unwrap_err();
        assert_eq!(error.advice(), Advice::Disbelieve, "{error}");
        assert!(
            error.to_string().contains("node and explorer tell of tx"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn pitfall_013_an_own_node_that_denies_what_another_has_is_a_contradiction() {
    let mut own = Fake::new("own").says(Lookup::Absent);
    own.proves = true;
    let error = look(vec![
        own.clone(),
        Fake::new("explorer").says(Lookup::Found(view("main"))),
    ])
    .await
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("explorer has tx in a block and own says it does not exist"),
        "{error}"
    );
    assert_eq!(look(vec![own.clone()]).await.unwrap(), Lookup::Absent);
    // Seen waiting by another, it is only not mined yet.
    let mut waiting = view("main");
    waiting.block = None;
    let found = look(vec![
        own,
        Fake::new("explorer").says(Lookup::Found(waiting.clone())),
    ])
    .await
    .unwrap();
    assert_eq!(found, Lookup::Found(waiting));
}

#[tokio::test]
async fn pitfall_016_one_that_does_not_know_proves_nothing_and_two_do() {
    let one = look(vec![Fake::new("node").says(unknown("not here"))])
        .await
        .unwrap();
    assert_eq!(one, unknown("not here"));
    let mut down = Fake::new("explorer");
    down.down = true;
    let one = look(vec![Fake::new("node").says(unknown("not here")), down])
        .await
        .unwrap();
    let Lookup::Unknown { reason } = one else {
        panic!("{one:?}");
    };
    assert!(
        reason.contains("not here") && reason.contains("explorer did not answer"),
        "{reason}"
    );
    let two = look(vec![
        Fake::new("node").says(unknown("not here")),
        Fake::new("explorer").says(unknown("not there")),
    ])
    .await
    .unwrap();
    assert_eq!(two, Lookup::Absent);
}

#[tokio::test]
async fn pitfall_020_a_waiting_transaction_gives_way_to_the_mined_one() {
    let mut waiting = view("main");
    waiting.block = None;
    waiting.outcome = Outcome::Unknown;
    let found = look(vec![
        Fake::new("node").says(Lookup::Found(waiting)),
        Fake::new("explorer").says(Lookup::Found(view("main"))),
    ])
    .await
    .unwrap();
    assert_eq!(found, Lookup::Found(view("main")));
}

#[tokio::test]
async fn an_own_node_that_found_it_is_enough() {
    let mut own = Fake::new("own").says(Lookup::Found(view("main")));
    own.proves = true;
    let found = look(vec![
        own,
        Fake::new("explorer").says(Lookup::Found(view("other"))),
    ])
    .await
    .unwrap();
    assert_eq!(found, Lookup::Found(view("main")));
}

#[tokio::test]
async fn history_is_pieced_together_and_what_is_missing_is_named() {
    let mut first = Fake::new("first").sees(&[credit("a", Position::value(), 3, 1)]);
    first.history = BTreeSet::from([Part::TopLevel, Part::Internal]);
    first.gaps = vec![gap(Part::Internal, range(1, 10))];
    let mut second = Fake::new("second").sees(&[
        credit("a", Position::value(), 3, 1),
        credit("b", Position::trace(&[0]), 2, 1),
    ]);
    second.history = BTreeSet::from([Part::Internal, Part::TransferLogs]);
    let update = sources(vec![Fake::new("node"), first, second])
        .history(&account(2), range(1, 10))
        .await
        .unwrap();
    let txs: Vec<&str> = update
        .observations
        .iter()
        .map(|credit| credit.tx_id.as_str())
        .collect();
    assert_eq!(txs, ["b", "a"]);
    let gaps: Vec<Part> = update.gaps.iter().map(|gap| gap.part).collect();
    assert_eq!(gaps, [Part::BlockCredits]);
}

fn first_page() -> AccountRequest {
    AccountRequest {
        address: account(2),
        range: HeightRange::new(Height(1), Height(9)).unwrap(),
        resume: None,
    }
}

fn pruned() -> Gap {
    Gap {
        range: HeightRange::new(Height(1), Height(4)).unwrap(),
        part: Part::TopLevel,
        reason: "its history begins at 5".to_owned(),
    }
}

#[tokio::test]
async fn an_account_is_read_to_its_end_where_everything_is_kept() {
    let early = credit("early", Position::value(), 3, 1);
    let late = credit("late", Position::value(), 6, 1);
    let sources = Sources::new(
        network(),
        vec![
            Arc::new(
                Fake::new("pruned")
                    .sees(std::slice::from_ref(&late))
                    .lacks(pruned()),
            ),
            Arc::new(Fake::new("archive").sees(&[early.clone(), late.clone()])),
        ],
    );
    let page = sources.account_page(&first_page()).await.unwrap();
    assert_eq!(page.observations, [early]);
    let rest = AccountRequest {
        resume: page.next,
        ..first_page()
    };
    let page = sources.account_page(&rest).await.unwrap();
    assert_eq!((page.observations, page.next), (vec![late], None));
}

#[tokio::test]
async fn where_no_source_keeps_everything_the_first_is_read_with_its_gap() {
    let late = credit("late", Position::value(), 6, 1);
    let sources = Sources::new(
        network(),
        vec![
            Arc::new(
                Fake::new("pruned")
                    .sees(std::slice::from_ref(&late))
                    .lacks(pruned()),
            ),
            Arc::new(Fake::new("as pruned").lacks(pruned())),
        ],
    );
    let page = sources.account_page(&first_page()).await.unwrap();
    assert_eq!(page.observations, [late]);
    assert_eq!(page.gaps, [pruned()]);
}

#[tokio::test]
async fn a_place_in_a_reading_that_is_none_of_ours_is_disbelieved() {
    let sources = Sources::new(network(), vec![Arc::new(Fake::new("one"))]);
    for place in ["", "5 x", "x", "marker"] {
        let request = AccountRequest {
            resume: Some(place.to_owned()),
            ..first_page()
        };
        let error = sources.account_page(&request).await.unwrap_err();
        assert_eq!(error.advice(), Advice::Disbelieve, "{place}: {error}");
    }
}
