//! The shape of `chains.toml`, and its checks.

use super::chains::{
    AssetConfig, ChainsConfig, Finality, NativeConfig, NetworkConfig, SourceConfig, minimum,
    plain_host,
};
use super::chains_prices::PriceSourceTable;
use super::codec::Codecs;
use super::error::{ConfigError, Problem};
use super::place::Text;
use super::secret;
use super::words::{
    AssetStatus, FeeRuleName, FeeStyle, FinalityRule, MemoRule, SourceKind, listed,
};
use recover_core::amount::DECIMALS_MAX;
use recover_core::asset::AssetTerms;
use recover_core::names::{self, KNOWN_NETWORKS};
use recover_core::network::{DepositState, Family, NetworkId, RecoveryCapability};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;

/// Rows that an explorer answers at most, whatever the page.
const PAGE_SIZE_MAX: u64 = 10_000;

pub(super) type Words = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    network: BTreeMap<Words, NetworkTable>,
    #[serde(default)]
    price_source: Vec<PriceSourceTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    family: Words,
    caip2: Words,
    display: Words,
    aliases: Vec<Words>,
    deposits: Words,
    recovery: Words,
    memo: Words,
    sibling_group: Words,
    address_prefix: Option<Words>,
    explorer: Words,
    explorer_aliases: Vec<Words>,
    fee_rule: Option<Words>,
    fee_style: Option<Words>,
    price_id: Option<Words>,
    price_platform: Option<Words>,
    finality: FinalityTable,
    native: NativeTable,
    #[serde(default)]
    source: Vec<SourceTable>,
    #[serde(default)]
    asset: Vec<AssetTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinalityTable {
    rule: Words,
    confirmations: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NativeTable {
    symbol: Words,
    name: String,
    decimals: Spanned<u8>,
    minimum: Option<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    kind: Words,
    url: Words,
    key: Option<Words>,
    requests_per_second: Spanned<u32>,
    log_range_max: Option<Spanned<u64>>,
    page_size: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetTable {
    symbol: Words,
    name: String,
    contract: Words,
    decimals: Spanned<u8>,
    status: Words,
    minimum: Option<Words>,
    #[serde(default)]
    confirmed_by: Vec<String>,
}

impl ChainsConfig {
    /// Reads and checks a `chains.toml`.
    ///
    /// # Errors
    /// When the file cannot be read, or [`ChainsConfig::parse`] refuses it.
    pub fn load(path: &Path, codec: &dyn Codecs) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            file: file.clone(),
            source,
        })?;
        Self::parse(&file, &text, codec)
    }

    /// Checks the text of a `chains.toml`; `file` is what errors call it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line, table and key.
    pub fn parse(file: &str, text: &str, codec: &dyn Codecs) -> Result<Self, ConfigError> {
        let reader = Reader {
            text: Text { file, text },
            codec,
        };
        let parsed: File = toml::from_str(text).map_err(|error| reader.shape(&error))?;
        let mut config = Self {
            price_sources: reader.price_sources(&parsed.price_source)?,
            ..Self::default()
        };
        let mut claimed = known_words();
        let mut hosts: BTreeMap<String, NetworkId> = BTreeMap::new();
        let mut ordered: Vec<(Words, NetworkTable)> = parsed.network.into_iter().collect();
        // In the file's order, so that of two networks with one alias the later is blamed.
        ordered.sort_by_key(|(name, _)| name.span().start);
        for (name, table) in ordered {
            let spans = Spans::of(&name, &table);
            let network = reader.network(&name, table)?;
            reader.claim_words(&network, &spans, &mut claimed)?;
            for (host, span) in network.explorer_hosts.iter().zip(&spans.hosts) {
                let owner = hosts
                    .entry(plain_host(host))
                    .or_insert_with(|| network.id.clone());
                if *owner != network.id {
                    return Err(reader.invalid(
                        *span,
                        None,
                        Problem::HostTwice {
                            host: host.clone(),
                            owner: owner.to_string(),
                        },
                    ));
                }
            }
            config.networks.insert(network.id.clone(), network);
        }
        Ok(config)
    }
}

/// Byte offsets of the words that are compared between networks.
struct Spans {
    name: usize,
    caip2: usize,
    display: usize,
    aliases: Vec<usize>,
    hosts: Vec<usize>,
}

impl Spans {
    fn of(name: &Words, table: &NetworkTable) -> Self {
        let start = |words: &Words| words.span().start;
        Self {
            name: start(name),
            caip2: start(&table.caip2),
            display: start(&table.display),
            aliases: table.aliases.iter().map(start).collect(),
            hosts: std::iter::once(&table.explorer)
                .chain(&table.explorer_aliases)
                .map(start)
                .collect(),
        }
    }
}

/// Every word that core's table gives a network, folded.
fn known_words() -> BTreeMap<String, String> {
    KNOWN_NETWORKS
        .iter()
        .flat_map(|known| {
            [known.name, known.caip2]
                .into_iter()
                .chain(known.aliases.iter().copied())
                .map(|word| (names::fold(word), known.name.to_owned()))
        })
        .collect()
}

pub(super) struct Reader<'a> {
    text: Text<'a>,
    codec: &'a dyn Codecs,
}

impl Reader<'_> {
    fn shape(&self, error: &toml::de::Error) -> ConfigError {
        shape(&self.text, error)
    }

    fn invalid(&self, offset: usize, key: Option<&str>, problem: Problem) -> ConfigError {
        ConfigError::Invalid {
            place: Box::new(self.text.place(offset, key)),
            problem,
        }
    }

    /// Refuses a value at its own place.
    pub(super) fn at<T>(&self, spanned: &Spanned<T>, problem: Problem) -> ConfigError {
        self.invalid(spanned.span().start, None, problem)
    }

    pub(super) fn word<T: Copy>(
        &self,
        words: &Words,
        parse: fn(&str) -> Option<T>,
        all: &[T],
        code: fn(T) -> &'static str,
    ) -> Result<T, ConfigError> {
        parse(words.get_ref()).ok_or_else(|| {
            self.at(
                words,
                Problem::UnknownWord {
                    word: words.get_ref().clone(),
                    expected: listed(all, code),
                },
            )
        })
    }

    fn network(&self, name: &Words, table: NetworkTable) -> Result<NetworkConfig, ConfigError> {
        let id = NetworkId::new(name.get_ref());
        let is_name = !name.get_ref().is_empty()
            && name
                .get_ref()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_name {
            let name_text = name.get_ref().clone();
            return Err(self.at(name, Problem::NetworkName { name: name_text }));
        }
        let family = self.word(&table.family, Family::from_code, Family::ALL, Family::code)?;
        if let Some(known) = names::known(&id).filter(|known| known.family != family) {
            return Err(self.at(
                &table.family,
                Problem::FamilyContradicts {
                    family: family.code().to_owned(),
                    known: known.family,
                },
            ));
        }
        self.check_caip2(&id, family, &table.caip2)?;
        let (explorer, mut explorer_hosts) = self.explorer(&table.explorer)?;
        for alias in &table.explorer_aliases {
            let host = alias.get_ref();
            if host.is_empty() || host.starts_with('/') || host.contains([':', ' ', '?', '#']) {
                return Err(self.at(alias, Problem::Url));
            }
            explorer_hosts.push(host.trim_end_matches('/').to_ascii_lowercase());
        }
        let sources = table
            .source
            .iter()
            .map(|source| self.source(family, source))
            .collect::<Result<_, _>>()?;
        let (fee_rule, fee_style) = self.fees(family, &table)?;
        let address_prefix = self.address_prefix(family, &table)?;
        let finality = self.finality(family, &table.finality)?;
        let price_id = self.price_id(table.price_id.as_ref())?;
        let price_platform = self.price_id(table.price_platform.as_ref())?;
        let native = NativeConfig {
            name: table.native.name,
            terms: self.terms(
                &table.native.symbol,
                &table.native.decimals,
                table.native.minimum.as_ref(),
            )?,
        };
        let assets = self.assets(family, &native, table.asset)?;
        for words in [&table.display, &table.sibling_group]
            .into_iter()
            .chain(&table.aliases)
        {
            if names::fold(words.get_ref()).is_empty() {
                return Err(self.at(words, Problem::Empty));
            }
        }
        Ok(NetworkConfig {
            id,
            family,
            caip2: table.caip2.into_inner(),
            display: table.display.into_inner(),
            aliases: table.aliases.into_iter().map(Spanned::into_inner).collect(),
            deposits: self.word(
                &table.deposits,
                DepositState::from_code,
                DepositState::ALL,
                DepositState::code,
            )?,
            recovery: self.word(
                &table.recovery,
                RecoveryCapability::from_code,
                RecoveryCapability::ALL,
                RecoveryCapability::code,
            )?,
            memo: self.word(
                &table.memo,
                MemoRule::from_code,
                MemoRule::ALL,
                MemoRule::code,
            )?,
            sibling_group: table.sibling_group.into_inner(),
            explorer,
            explorer_hosts,
            address_prefix,
            fee_rule,
            fee_style,
            finality,
            native,
            price_id,
            price_platform,
            sources,
            assets,
        })
    }

    /// Fee rule and style: what an EVM network needs and no other family has.
    fn fees(
        &self,
        family: Family,
        table: &NetworkTable,
    ) -> Result<(Option<FeeRuleName>, Option<FeeStyle>), ConfigError> {
        let needed = |key, words: &Option<Words>| match (words, family == Family::Evm) {
            (None, true) => Err(self.at(&table.family, missing(key, family))),
            (Some(words), false) => Err(self.at(words, not_for(key, family))),
            (Some(_), true) | (None, false) => Ok(()),
        };
        needed("fee_rule", &table.fee_rule)?;
        needed("fee_style", &table.fee_style)?;
        let rule = table.fee_rule.as_ref().map(|words| {
            self.word(
                words,
                FeeRuleName::from_code,
                FeeRuleName::ALL,
                FeeRuleName::code,
            )
        });
        let style = table
            .fee_style
            .as_ref()
            .map(|words| self.word(words, FeeStyle::from_code, FeeStyle::ALL, FeeStyle::code));
        Ok((rule.transpose()?, style.transpose()?))
    }

    /// The prefix of the network's addresses, which every network of the Cosmos SDK has and no other.
    fn address_prefix(
        &self,
        family: Family,
        table: &NetworkTable,
    ) -> Result<Option<String>, ConfigError> {
        match (&table.address_prefix, family == Family::Cosmos) {
            (None, false) => Ok(None),
            (None, true) => Err(self.at(&table.family, missing("address_prefix", family))),
            (Some(words), false) => Err(self.at(words, not_for("address_prefix", family))),
            (Some(words), true) => {
                let prefix = words.get_ref();
                let is_prefix = !prefix.is_empty()
                    && prefix
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
                if is_prefix {
                    Ok(Some(prefix.clone()))
                } else {
                    let prefix = prefix.clone();
                    Err(self.at(words, Problem::Prefix { prefix }))
                }
            }
        }
    }

    fn check_caip2(
        &self,
        id: &NetworkId,
        family: Family,
        caip2: &Words,
    ) -> Result<(), ConfigError> {
        let text = caip2.get_ref();
        let shape = |expected| {
            self.at(
                caip2,
                Problem::Caip2Shape {
                    caip2: text.clone(),
                    family,
                    expected,
                },
            )
        };
        let (namespace, reference) = text
            .split_once(':')
            .ok_or_else(|| shape("write NAMESPACE:REFERENCE"))?;
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !plain(namespace) || !plain(reference) {
            return Err(shape("write NAMESPACE:REFERENCE"));
        }
        let is_number = reference
            .parse::<i64>()
            .is_ok_and(|number| number.to_string() == reference);
        let (is_right, expected) = match family {
            Family::Evm => (
                namespace == "eip155" && is_number && !reference.starts_with(['0', '-']),
                "write eip155:CHAIN_ID, like eip155:1",
            ),
            Family::Xrpl => (
                namespace == "xrpl" && is_number && !reference.starts_with('-'),
                "write xrpl:NETWORK_ID, like xrpl:0",
            ),
            Family::Stellar => (
                namespace == "stellar",
                "write stellar:pubnet or stellar:testnet",
            ),
            Family::Cosmos => (
                namespace == "cosmos",
                "write cosmos:CHAIN_ID, like cosmos:cosmoshub-4",
            ),
            Family::Ton => (
                namespace == "tvm" && is_number,
                "write tvm:GLOBAL_ID, like tvm:-239",
            ),
            Family::Tron => (
                namespace == "tron" && is_genesis(reference),
                "write tron:0x and the last 8 digits of the first block's id, like tron:0x2b6653dc",
            ),
            Family::Solana => (
                namespace == "solana" && reference.len() == 32,
                "write solana: and 32 characters of the first block's hash",
            ),
            Family::Bitcoin => (true, ""),
        };
        if !is_right {
            return Err(shape(expected));
        }
        let known = KNOWN_NETWORKS
            .iter()
            .find(|known| known.name == id.as_str() || known.caip2 == text);
        match known {
            _ if names::is_rehearsal(id, text) => Ok(()),
            Some(known) if known.name != id.as_str() || known.caip2 != text => Err(self.at(
                caip2,
                Problem::Caip2Contradicts {
                    caip2: text.clone(),
                    known: format!("{} is {}", known.name, known.caip2),
                },
            )),
            _ => Ok(()),
        }
    }

    /// The explorer's address, and what links to it begin with.
    fn explorer(&self, url: &Words) -> Result<(String, Vec<String>), ConfigError> {
        secret::check_url(url.get_ref()).map_err(|problem| self.at(url, problem))?;
        let text = url.get_ref().trim_end_matches('/');
        let rest = text
            .split_once("://")
            .and_then(|(_, rest)| rest.split('?').next())
            .filter(|rest| !rest.is_empty())
            .ok_or_else(|| self.at(url, Problem::Url))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.split(':').next().unwrap_or_default();
        let link = if path.is_empty() {
            host.to_ascii_lowercase()
        } else {
            format!("{host}/{path}").to_ascii_lowercase()
        };
        Ok((text.to_owned(), vec![link]))
    }

    fn finality(&self, family: Family, table: &FinalityTable) -> Result<Finality, ConfigError> {
        let rule = self.word(
            &table.rule,
            FinalityRule::from_code,
            FinalityRule::ALL,
            FinalityRule::code,
        )?;
        // Where an account's history is read, only the source's own word on what is closed is asked for.
        let is_closed = rule == FinalityRule::Closed;
        let is_read_by_account = matches!(
            family,
            Family::Xrpl | Family::Stellar | Family::Cosmos | Family::Ton
        );
        let is_unknown_tag = family == Family::Bitcoin && rule == FinalityRule::FinalizedTag;
        if is_closed != is_read_by_account || is_unknown_tag {
            let word = rule.code().to_owned();
            let expected = if is_read_by_account {
                FinalityRule::Closed.code().to_owned()
            } else if family == Family::Bitcoin {
                FinalityRule::Confirmations.code().to_owned()
            } else {
                "finalized_tag, confirmations".to_owned()
            };
            return Err(self.at(&table.rule, Problem::UnknownWord { word, expected }));
        }
        let confirmations = match (&table.confirmations, is_closed) {
            (None, true) => 1,
            (Some(number), false) if *number.get_ref() > 0 => *number.get_ref(),
            (Some(number), false) => return Err(self.at(number, Problem::TooSmall { least: 1 })),
            (Some(number), true) => {
                let (key, kind) = ("confirmations", rule.code());
                return Err(self.at(number, Problem::NotForKind { key, kind }));
            }
            (None, false) => {
                let (key, kind) = ("confirmations", rule.code());
                return Err(self.at(&table.rule, Problem::Missing { key, kind }));
            }
        };
        Ok(Finality {
            rule,
            confirmations,
        })
    }

    fn source(&self, family: Family, table: &SourceTable) -> Result<SourceConfig, ConfigError> {
        let kinds = SourceKind::of(family);
        if kinds.is_empty() {
            return Err(self.at(&table.kind, Problem::ByImport { family }));
        }
        let kind = SourceKind::from_code(table.kind.get_ref())
            .filter(|kind| kinds.contains(kind))
            .ok_or_else(|| {
                let word = table.kind.get_ref().clone();
                let expected = listed(&kinds, SourceKind::code);
                self.at(&table.kind, Problem::UnknownWord { word, expected })
            })?;
        let whole = |key, problem| self.invalid(table.kind.span().start, Some(key), problem);
        secret::check_url(table.url.get_ref()).map_err(|problem| self.at(&table.url, problem))?;
        if let Some(key) = &table.key {
            secret::check_key(key.get_ref()).map_err(|problem| self.at(key, problem))?;
        }
        if kind == SourceKind::EtherscanV2 && table.key.is_none() {
            let kind = kind.code();
            return Err(whole("key", Problem::Missing { key: "key", kind }));
        }
        let has_logs = kind == SourceKind::JsonRpc;
        if let Some(pages) = table.page_size.as_ref().filter(|_| has_logs) {
            let (key, kind) = ("page_size", kind.code());
            return Err(self.at(pages, Problem::NotForKind { key, kind }));
        }
        if let Some(range) = table.log_range_max.as_ref().filter(|_| !has_logs) {
            let (key, kind) = ("log_range_max", kind.code());
            return Err(self.at(range, Problem::NotForKind { key, kind }));
        }
        if *table.requests_per_second.get_ref() == 0 {
            return Err(self.at(&table.requests_per_second, Problem::TooSmall { least: 1 }));
        }
        if let Some(range) = table
            .log_range_max
            .as_ref()
            .filter(|range| *range.get_ref() == 0)
        {
            return Err(self.at(range, Problem::TooSmall { least: 1 }));
        }
        if let Some(pages) = &table.page_size {
            let value = u64::from(*pages.get_ref());
            if value == 0 {
                return Err(self.at(pages, Problem::TooSmall { least: 1 }));
            }
            if value > PAGE_SIZE_MAX {
                let most = PAGE_SIZE_MAX;
                return Err(self.at(pages, Problem::TooLarge { value, most }));
            }
        }
        Ok(SourceConfig {
            kind,
            url: table.url.get_ref().clone(),
            key: table.key.as_ref().map(|key| key.get_ref().clone()),
            requests_per_second: *table.requests_per_second.get_ref(),
            log_range_max: table.log_range_max.as_ref().map(|range| *range.get_ref()),
            page_size: table.page_size.as_ref().map(|pages| *pages.get_ref()),
        })
    }

    fn terms(
        &self,
        symbol: &Words,
        decimals: &Spanned<u8>,
        least: Option<&Words>,
    ) -> Result<AssetTerms, ConfigError> {
        if symbol.get_ref().trim().is_empty() {
            return Err(self.at(symbol, Problem::Empty));
        }
        let places = *decimals.get_ref();
        if places > DECIMALS_MAX {
            return Err(self.at(decimals, Problem::Decimals { decimals: places }));
        }
        let minimum = least
            .map(|text| {
                minimum(text.get_ref(), places).map_err(|error| self.at(text, error.into()))
            })
            .transpose()?;
        Ok(AssetTerms {
            symbol: symbol.get_ref().clone(),
            decimals: places,
            minimum,
        })
    }

    fn assets(
        &self,
        family: Family,
        native: &NativeConfig,
        tables: Vec<AssetTable>,
    ) -> Result<Vec<AssetConfig>, ConfigError> {
        let mut assets: Vec<AssetConfig> = Vec::with_capacity(tables.len());
        for table in tables {
            let text = table.contract.get_ref();
            let contract = self
                .codec
                .codec(family)
                .ok_or_else(|| self.at(&table.contract, Problem::NoCodec { family }))?
                .asset(text)
                .map_err(|error| self.at(&table.contract, error.into()))?;
            if contract != *text {
                let canonical = contract;
                return Err(self.at(&table.contract, Problem::NoChecksum { canonical }));
            }
            if let Some(needed) = self.codec.decimals(family, &contract)
                && needed != *table.decimals.get_ref()
            {
                return Err(self.at(&table.decimals, Problem::CountedIn { needed }));
            }
            let terms = self.terms(&table.symbol, &table.decimals, table.minimum.as_ref())?;
            if let Some(other) = assets.iter().find(|asset| asset.contract == contract) {
                return Err(self.at(
                    &table.contract,
                    Problem::AssetTwice {
                        contract: text.clone(),
                        other: other.terms.symbol.clone(),
                    },
                ));
            }
            let symbol_taken = std::iter::once(&native.terms.symbol)
                .chain(assets.iter().map(|asset| &asset.terms.symbol))
                .any(|symbol| symbol.eq_ignore_ascii_case(&terms.symbol));
            if symbol_taken {
                let symbol = terms.symbol;
                return Err(self.at(&table.symbol, Problem::SymbolTwice { symbol }));
            }
            assets.push(AssetConfig {
                status: self.word(
                    &table.status,
                    AssetStatus::from_code,
                    AssetStatus::ALL,
                    AssetStatus::code,
                )?,
                name: table.name,
                contract,
                terms,
                confirmed_by: table.confirmed_by,
            });
        }
        Ok(assets)
    }

    /// Takes the network's words; each may mean one network only, core's own table included.
    fn claim_words(
        &self,
        network: &NetworkConfig,
        spans: &Spans,
        claimed: &mut BTreeMap<String, String>,
    ) -> Result<(), ConfigError> {
        let starts = [spans.name, spans.caip2, spans.display]
            .into_iter()
            .chain(spans.aliases.iter().copied());
        for (word, start) in network.words().zip(starts) {
            let owner = claimed
                .entry(names::fold(word))
                .or_insert_with(|| network.id.to_string());
            if owner != network.id.as_str() {
                return Err(self.invalid(
                    start,
                    None,
                    Problem::AliasTwice {
                        alias: word.to_owned(),
                        owner: owner.clone(),
                    },
                ));
            }
        }
        Ok(())
    }
}

/// Whether a text is how Tron names a chain: the last four bytes of its first block's id.
fn is_genesis(reference: &str) -> bool {
    reference.strip_prefix("0x").is_some_and(|digits| {
        digits.len() == 8
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

const fn missing(key: &'static str, family: Family) -> Problem {
    let kind = family.code();
    Problem::Missing { key, kind }
}

const fn not_for(key: &'static str, family: Family) -> Problem {
    let kind = family.code();
    Problem::NotForKind { key, kind }
}

/// The parser's own complaint at its place.
pub(super) fn shape(text: &Text<'_>, error: &toml::de::Error) -> ConfigError {
    ConfigError::Shape {
        place: Box::new(text.place(error.span().map_or(0, |span| span.start), None)),
        message: error.message().trim().replace('\n', "; "),
    }
}
