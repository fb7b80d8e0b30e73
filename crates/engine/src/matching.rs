//! What matching reads beside appeals: the deposits that one may mean, the rows of the address book that a comparison asks for, the
//! prices behind the limit, and the words for networks. A run ([`Engine::match_open`]) and a replay of closed cases
//! ([`Engine::backtest`]) read alike.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::match_limit::{self, MatchLimit};
use crate::one_text::OneText;
use crate::prices;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::decide::in_parallel;
use recover_matching::levels::SENDER_DEPOSITS_MAX;
use recover_matching::{
    AppealClues, DepositFacts, DepositIndex, RowNo, RowRef, UserBook, Vocabulary, ids,
};
use recover_store::{MatchReading, MeantDeposit};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What the address book may write before a memo where a network tells types apart.
const MEMO_TYPES: [&str; 5] = ["", "id:", "text:", "hash:", "return:"];

/// Whether a row's deposit is among these.
pub(crate) fn is_among(within: &HashSet<DepositId>, index: &DepositIndex, row: RowNo) -> bool {
    let id = index.row(row).map(RowRef::id);
    id.is_some_and(|id| within.contains(&id))
}

/// A deposit as matching compares it.
pub(crate) fn facts(meant: MeantDeposit) -> DepositFacts {
    let symbol = match &meant.asset.reference {
        AssetReference::Unlisted(symbol) => Some(symbol.clone()),
        _ => meant.symbol,
    };
    DepositFacts {
        family: names::known(&meant.network).map(|known| known.family),
        id: meant.id,
        network: meant.network,
        tx_id: meant.tx_id,
        from: meant.from,
        to: meant.to,
        asset: meant.asset,
        symbol,
        amount: Decimal::from_parts(meant.amount, meant.decimals),
        time: meant.time,
        memo: meant.memo,
        memo_finding: meant.memo_finding,
        // Why it was not credited is no part of any comparison.
        reason: None,
    }
}

/// Every deposit that an appeal may mean, those that were credited or refused included: an appeal for one of them deserves its
/// true answer. Beside each whether its value is known and within the limit; without a limit nothing is.
pub(crate) async fn deposits(
    reading: &mut MatchReading,
    limit: Option<&MatchLimit>,
    prices: &BTreeMap<AssetId, Decimal>,
    texts: &OneText<'_>,
    mut each: impl FnMut(DepositFacts, bool),
) -> Result<(), EngineError> {
    reading
        .deposits(|meant| {
            let is_known =
                match_limit::is_known(&meant.asset, meant.decimals_vouched, meant.is_told);
            let is_within = limit.is_some_and(|limit| {
                let price = prices.get(&meant.asset).copied();
                is_known && limit.admits(meant.amount, meant.decimals, price)
            });
            each(texts.deposit(facts(meant)), is_within);
        })
        .await?;
    Ok(())
}

/// The rows of the address book that a comparison of these users' appeals asks for: their own, those about the addresses and memos
/// of the deposits that they are compared with (`looked_at`; all deposits where nothing is named), and whose else their known
/// senders are. Each is looked up by what is compared, so that it does not matter who else appeals.
pub(crate) async fn records(
    reading: &mut MatchReading,
    users: &BTreeSet<&str>,
    index: &DepositIndex,
    looked_at: Option<&[AppealClues]>,
    texts: &OneText<'_>,
) -> Result<Vec<AddressRecord>, EngineError> {
    let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
    let mut records: Vec<AddressRecord> = reading.records_of_users(&users).await?;
    let senders: HashSet<String> = records
        .iter()
        .filter(|record| record.role == AddressRole::PastSender)
        .map(|record| ids::folded(&record.value))
        .collect();
    let mut values: BTreeSet<String> = BTreeSet::new();
    let mut add = |row: RowNo| {
        if let Some(row) = index.row(row) {
            // A busier sender is nobody's anyhow, and may be known for half of all users.
            if let Some(from) = row.from().filter(|from| senders.contains(*from))
                && index.of_sender(row) <= SENDER_DEPOSITS_MAX
            {
                values.extend(spellings(from));
            }
            values.extend(spellings(row.to()));
            values.extend(texts.spellings(row.to()));
            if let Some(memo) = row.memo() {
                let capitals = memo.to_uppercase().to_ascii_lowercase();
                let differs = capitals != memo;
                for memo in std::iter::once(memo).chain(differs.then_some(capitals.as_str())) {
                    values.extend(MEMO_TYPES.map(|of| format!("{of}{memo}")));
                }
            }
        }
    };
    if let Some(clues) = looked_at {
        let of_users = UserBook::new(&texts.records(records.clone()));
        let rows = in_parallel(clues, |clues| {
            let mut rows = Vec::new();
            index.candidates(clues, of_users.user(&clues.user_id), &mut rows);
            rows
        });
        let rows: BTreeSet<RowNo> = rows.into_iter().flatten().collect();
        rows.into_iter().for_each(&mut add);
    } else {
        let count = u32::try_from(index.len()).unwrap_or(u32::MAX);
        (0..count).map(RowNo).for_each(&mut add);
    }
    let values: Vec<String> = values.into_iter().collect();
    records.extend(reading.records_folded(&values).await?);
    Ok(records)
}

/// The small-letter texts that compare as this folded address.
fn spellings(folded: &str) -> Vec<String> {
    let mut all = vec![folded.to_owned()];
    match folded.strip_prefix("0x") {
        Some(digits) => all.push(digits.to_owned()),
        None => all.push(format!("0x{folded}")),
    }
    all.push(format!("bitcoincash:{folded}"));
    // TON writes one address in two alphabets.
    for (one, other) in [(['-', '_'], ['+', '/']), (['+', '/'], ['-', '_'])] {
        let text = folded.replace(one[0], &other[0].to_string());
        let text = text.replace(one[1], &other[1].to_string());
        if text != folded {
            all.push(text);
        }
    }
    all
}

impl Engine {
    /// The prices in the limit's currency that count now, as for a quote; in a replay of what was closed the newest that there
    /// are, compared as if it were their day. None without a limit.
    pub(crate) async fn limit_prices(
        &self,
        reading: &mut MatchReading,
        limit: Option<&MatchLimit>,
        is_replay: bool,
    ) -> Result<BTreeMap<AssetId, Decimal>, EngineError> {
        let Some(limit) = limit else {
            return Ok(BTreeMap::new());
        };
        let now = limit.prices().now(self.now());
        let earliest = if is_replay {
            Timestamp::from_micros(i64::MIN)
        } else {
            now.earliest
        };
        let newest = reading
            .newest_prices(limit.currency(), earliest..=now.latest)
            .await?;
        Ok(prices::agreed(&newest, |rows| {
            if is_replay {
                limit.prices().replayed(rows)
            } else {
                now
            }
        }))
    }

    pub(crate) fn vocabulary(&self) -> Vocabulary {
        let mut words = Vocabulary::default();
        for network in self.chains.networks.values() {
            // What begins a path belongs to an explorer of many networks: matching reads the network's name in its links.
            let hosts = network.explorer_hosts.iter();
            for host in hosts.filter(|host| !host.contains('/')) {
                words.add_host(host, &network.id);
            }
            for name in std::iter::once(&network.display).chain(&network.aliases) {
                words.add_name(name, &network.id);
            }
        }
        words
    }
}
