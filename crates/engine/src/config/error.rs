//! What can be wrong with a configuration file. Every variant says what to do.

use super::place::Place;
use recover_core::address::AddressError;
use recover_core::amount::AmountError;
use recover_core::decimal::Decimal;
use recover_core::fee::Cents;

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read {file}: check that it exists and may be read; `recover init` writes a new one"
    )]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or not of the expected shape: a key is unknown, missing or of another type.
    #[error("{place}: {message}")]
    Shape {
        /// Where.
        place: Box<Place>,
        /// What the parser says.
        message: String,
    },
    /// The shape is right and a value is not.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: Box<Place>,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A word outside its closed list.
    #[error("'{word}' is not known here: write one of {expected}")]
    UnknownWord {
        /// The word as written.
        word: String,
        /// The words that are.
        expected: String,
    },
    /// A network name with characters that files and tables cannot carry.
    #[error("'{name}' is no network name: use lower-case letters, digits and '-'")]
    NetworkName {
        /// The name.
        name: String,
    },
    /// A network that neither `chains.toml` nor the list of known networks has.
    #[error("network '{name}' is not known: write the short name that chains.toml gives it")]
    UnknownNetwork {
        /// The name.
        name: String,
    },
    /// A source for a network that no source of this build can read.
    #[error("networks of family {family} are by import only in this build: remove this source")]
    ByImport {
        /// The family.
        family: recover_core::network::Family,
    },
    /// The chain id is not of the form that the family uses.
    #[error("'{caip2}' is not a CAIP-2 chain id of family {family}: {expected}")]
    Caip2Shape {
        /// The text as written.
        caip2: String,
        /// The family.
        family: recover_core::network::Family,
        /// What one looks like.
        expected: &'static str,
    },
    /// The chain id is another network's, or this network has another one.
    #[error("'{caip2}' contradicts what is known: {known}; correct the id or the table's name")]
    Caip2Contradicts {
        /// The text as written.
        caip2: String,
        /// The fact it contradicts.
        known: String,
    },
    /// The family is not the known network's.
    #[error("family '{family}' contradicts what is known: this network is of family {known}")]
    FamilyContradicts {
        /// The family as written.
        family: String,
        /// The family it has.
        known: recover_core::network::Family,
    },
    /// One name for two networks: a user's word would be read as the wrong one.
    #[error(
        "'{alias}' already means {owner}: a name can mean one network only; remove it from one of them"
    )]
    AliasTwice {
        /// The name.
        alias: String,
        /// Who has it.
        owner: String,
    },
    /// One explorer host for two networks.
    #[error("explorer host '{host}' already means {owner}: give each network its own host")]
    HostTwice {
        /// The host.
        host: String,
        /// Who has it.
        owner: String,
    },
    /// One contract listed twice on a network.
    #[error("contract {contract} stands twice on this network (the other is {other}): remove one")]
    AssetTwice {
        /// The contract.
        contract: String,
        /// The other row's symbol.
        other: String,
    },
    /// One symbol for two contracts of a network: people could not tell them apart.
    #[error(
        "symbol '{symbol}' stands twice on this network: give one of them another (like USDC and USDC.e)"
    )]
    SymbolTwice {
        /// The symbol.
        symbol: String,
    },
    /// One name for two sources of prices: they would count as one.
    #[error("price source '{name}' stands twice: give each a name of its own")]
    PriceSourceTwice {
        /// The name.
        name: String,
    },
    /// One url for two sources of prices: one server would count twice.
    #[error(
        "price source '{name}' has the url of '{other}': one server is one source; leave one of them out"
    )]
    PriceSourceSameUrl {
        /// The second.
        name: String,
        /// The first.
        other: String,
    },
    /// Not what a source of prices calls anything.
    #[error(
        "'{text}' is no id of a source of prices: they have letters, digits, '-', '_' and '.' only"
    )]
    PriceId {
        /// The text as written.
        text: String,
    },
    /// The contract is no address of the family.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A contract without its checksum: a typo would go unnoticed.
    #[error("write it in canonical form, with its checksum where it has one: {canonical}")]
    NoChecksum {
        /// How it is written with one.
        canonical: String,
    },
    /// A family for which no codec is built in cannot have token contracts checked.
    #[error("assets of family {family} cannot be checked by this build: remove them")]
    NoCodec {
        /// The family.
        family: recover_core::network::Family,
    },
    /// The network gives the token no decimals, and we count it in another unit than the file says.
    #[error(
        "tokens of this form have no decimals of their own and are counted here with {needed}: write decimals = {needed}"
    )]
    CountedIn {
        /// The decimals to write.
        needed: u8,
    },
    /// Not the prefix of a bech32 address.
    #[error(
        "'{prefix}' is no address prefix: write the letters before the 1 of an address, like cosmos"
    )]
    Prefix {
        /// The text as written.
        prefix: String,
    },
    /// More decimals than any amount can be shown with.
    #[error("{decimals} decimals: at most 77 fit an amount")]
    Decimals {
        /// The number as written.
        decimals: u8,
    },
    /// A number that does not read.
    #[error(transparent)]
    Number(#[from] AmountError),
    /// Under a limit.
    #[error("too small: write at least {least}")]
    TooSmall {
        /// The least value.
        least: u64,
    },
    /// Above a limit.
    #[error("{value} is too much here: write at most {most}")]
    TooLarge {
        /// The value as written.
        value: u64,
        /// The largest value.
        most: u64,
    },
    /// A key that this kind of table does not use.
    #[error("'{key}' does not belong to {kind}: remove it")]
    NotForKind {
        /// The key.
        key: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// A key that this kind of table needs.
    #[error("'{key}' is missing: {kind} needs it")]
    Missing {
        /// The key.
        key: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// A secret in the file. The value is not printed.
    #[error(
        "a secret must not stand in this file: write ${{NAME}} and set NAME in the environment"
    )]
    LiteralSecret,
    /// A `${…}` that names no variable.
    #[error(
        "${{…}} must name an environment variable in capital letters, digits and '_', like ${{ETHEREUM_RPC_URL}}"
    )]
    Variable,
    /// Not an address of the web. The value is not printed: it may hold a secret.
    #[error(
        "this is not a URL that can be used: write http:// or https:// and a host, or ${{NAME}}"
    )]
    Url,
    /// Nothing where something is needed.
    #[error("this must not be empty")]
    Empty,
    /// A fee rule that earlier ones always outrun.
    #[error(
        "this rule can never decide: {} above it {}; put it before, or remove it",
        rules(earlier),
        if earlier.len() == 1 { "fits everything that it fits" } else { "together fit everything that it fits" }
    )]
    Unreachable {
        /// The numbers of the earlier rules.
        earlier: Vec<u32>,
    },
    /// A value that is in no tier.
    #[error(
        "tiers leave a gap: the one before ends at {to} and this one begins at {from}, so a value between them has no fee; write from = \"{to}\" (a tier holds its 'from' and not its 'to')"
    )]
    TierGap {
        /// Where the tier before ends.
        to: Cents,
        /// Where this one begins.
        from: Cents,
    },
    /// A value that is in two tiers.
    #[error(
        "tiers overlap: the one before ends at {to} and this one begins at {from}; write from = \"{to}\" (a tier holds its 'from' and not its 'to')"
    )]
    TierOverlap {
        /// Where the tier before ends.
        to: Cents,
        /// Where this one begins.
        from: Cents,
    },
    /// A tier after the one without an end.
    #[error(
        "the tier before begins at {before} and has no 'to', so that this one, from {from} on, overlaps it; end that one with to = \"{from}\""
    )]
    TierAfterLast {
        /// Where the tier without an end begins.
        before: Cents,
        /// Where this one begins.
        from: Cents,
    },
    /// A tier that holds no value.
    #[error(
        "this tier holds no value: it begins at {from} and ends at {to}; tiers must rise, and a tier holds its 'from' and not its 'to'"
    )]
    TierEmpty {
        /// Where it begins.
        from: Cents,
        /// Where it ends.
        to: Cents,
    },
    /// Values above the last tier.
    #[error(
        "the last tier has no 'to': remove it, or add a tier with form = \"refuse\" for what lies above"
    )]
    TierLast,
    /// A matrix with two fees for one pair.
    #[error("the pair from {from} to {to} stands twice: one cell a pair")]
    CellTwice {
        /// Where the money landed.
        from: recover_core::network::NetworkId,
        /// For which network its address was made.
        to: recover_core::network::NetworkId,
    },
    /// Fees in several coins within one rule.
    #[error("this rule charges coins of several assets: write a rule for each")]
    CoinsDiffer,
    /// A sum and a percentage without the word that says which is charged.
    #[error(transparent)]
    Ambiguous(Box<Ambiguity>),
    /// A free part without the words that settle its edge and what lies above.
    #[error(
        "a fee with a free part needs '{key}': {}",
        if *key == "edge" {
            format!("write edge = \"gt\" when a value of exactly {free} is free, or edge = \"ge\" when it is charged")
        } else {
            format!("write basis = \"whole\" when the percentage is of the whole value, or basis = \"excess\" when it is of what exceeds {free}")
        }
    )]
    FreePartUnsettled {
        /// The key that is missing.
        key: &'static str,
        /// The free part.
        free: Cents,
    },
    /// A range that runs backwards.
    #[error("the range ends before it begins, at {from}")]
    RangeOrder {
        /// Where it begins.
        from: Cents,
    },
    /// The price of a day that has not come.
    #[error(
        "a quote is locked when the customer accepts it, so the price of a later day cannot be promised: write one of {expected}"
    )]
    PriceOfLater {
        /// The words that are known.
        expected: String,
    },
    /// Not two days in order.
    #[error("write the least and the most days, like [2, 3]; at most {most}")]
    Days {
        /// The largest number of days.
        most: u32,
    },
    /// Not the text of an asset.
    #[error(
        "'{text}' is no asset: write NETWORK/native or NETWORK/contract:ADDRESS, like ethereum/contract:0x…"
    )]
    Asset {
        /// The text as written.
        text: String,
    },
    /// An asset whose decimals nobody knows.
    #[error("{asset} is not in chains.toml, so its decimals are not known: add it there")]
    AssetNotListed {
        /// The asset.
        asset: String,
    },
    /// An asset of a network that the rule is not for.
    #[error("the rule is not for {network}: add it to networks, or remove this asset")]
    AssetElsewhere {
        /// The asset's network.
        network: recover_core::network::NetworkId,
    },
    /// A fee paid beside the deposit, and nothing to pay it in.
    #[error(
        "a fee that is not taken out of the deposit needs something to be paid in: write fee_asset = \"NETWORK/contract:ADDRESS\" at the top of the file"
    )]
    FeeAssetMissing,
    /// A fee that is taken out of the deposit cannot outlive a recovery that failed.
    #[error(
        "this fee is taken out of the deposit, so nothing was paid when a recovery fails: remove this, or write paid_from = \"balance\" or \"prepaid\""
    )]
    NothingToKeep,
    /// Coins of an unknown network.
    #[error("coins of which network? Name exactly one in networks, and write a rule for each")]
    PrepaidWhere,
    /// Not a code.
    #[error("'{code}' is no code: use lower-case letters, digits and '_', like venue_fault")]
    Code {
        /// The text as written.
        code: String,
    },
    /// One code for two waivers.
    #[error("waiver '{code}' stands twice: give each a code of its own")]
    CodeTwice {
        /// The code.
        code: String,
    },
    /// A waiver without an effect.
    #[error("this waives nothing: write a percentage above zero, or network = true")]
    WaivesNothing,
    /// A window that closes before it opens.
    #[error("the window closes before it opens: 'until' must be later than 'from'")]
    WindowOrder,
    /// A role that grants nothing.
    #[error("the role {role} acts on no claim and can grant nothing: name another")]
    GrantsNothing {
        /// The role.
        role: recover_core::people::Role,
    },
    /// Not a time.
    #[error("'{text}' is no time: write it with its zone, like 2026-12-01T00:00:00Z")]
    Time {
        /// The text as written.
        text: String,
    },
    /// Two withdrawal fees for one asset.
    #[error("{asset} has a [[withdrawal]] already: one an asset")]
    WithdrawalTwice {
        /// The asset.
        asset: String,
    },
    /// A cap under the floor.
    #[error("the cap is under the floor: no fee would fit")]
    CapUnderFloor,
    /// More than everything.
    #[error("more than 100 percent")]
    MoreThanAll,
    /// A fee for something that is never recovered.
    #[error("'{kind}' is no kind that is ever recovered: remove it")]
    NotRecovered {
        /// The kind.
        kind: recover_core::kind::Kind,
    },
    /// A person twice.
    #[error("'{name}' stands twice: one table a person, with all roles in it")]
    PersonTwice {
        /// The name.
        name: String,
    },
    /// A name that the program itself acts under.
    #[error("'{name}' is the name under which the program itself acts: call the person otherwise")]
    PersonReserved {
        /// The name.
        name: String,
    },
    /// A role that goes with no other.
    #[error(
        "the role {role} goes with no other: who makes the rules does not act under them, and who examines changes nothing; name another person for the rest"
    )]
    RoleNotAlone {
        /// The role.
        role: recover_core::people::Role,
    },
    /// Not a key that votes can be signed with.
    #[error(transparent)]
    SshKey(#[from] recover_core::ssh::KeyError),
    /// One key for two people, or twice for one.
    #[error("this key already belongs to {owner}: a vote must tell who gave it; one key a person")]
    KeyTwice {
        /// Whose it is.
        owner: String,
    },
    /// The key of an earlier shape of the file.
    #[error(
        "a single number of approvers is no longer enough: write [[approval.rule]] (what may be approved) and [[approval.tier]] (how many people up to which value) in its place; `recover init` in an empty folder writes an example"
    )]
    ApproversMin,
    /// No approval rule: everything would be denied.
    #[error("no rule: nothing could ever be approved; write at least one [[approval.rule]]")]
    NoRule,
    /// No value tier: nobody would know how many people must agree.
    #[error(
        "no tier: nobody could tell how many people must agree; write at least one [[approval.tier]]"
    )]
    NoTier,
    /// One name for two tiers.
    #[error("tier '{name}' stands twice: give each a name of its own")]
    TierTwice {
        /// The name.
        name: String,
    },
    /// Value tiers that do not rise.
    #[error(
        "tiers must rise: each value_max above the one before, and only the last may have none"
    )]
    ValueOrder,
    /// A tier for higher values that asks for less than the one before.
    #[error(
        "weaker than tier {below} before it: who may pay more must not need less, so '{key}' must be at least as strict"
    )]
    TierWeaker {
        /// The key that is weaker.
        key: &'static str,
        /// The tier before it.
        below: String,
    },
    /// A resolution that no approval is about.
    #[error("'{resolution}' pays nobody and is never approved: remove it")]
    NotApproved {
        /// The resolution.
        resolution: recover_core::claim::Resolution,
    },
    /// Zero where a sum is needed.
    #[error("zero would let nothing through: write a sum above it")]
    Zero,
    /// Votes that run out before the delay after them is over.
    #[error(
        "the votes run out before this delay is over: make it shorter than vote_valid_minutes of [approval]"
    )]
    DelayOutlivesVotes,
    /// A voter who could not sign.
    #[error(
        "{name} votes and has no key: add keys = [\"ssh-ed25519 …\"] to that person, or set signed_votes = false"
    )]
    VoterWithoutKey {
        /// The person.
        name: String,
    },
    /// Fewer people than votes.
    #[error(
        "{needed} people with the role {what} must agree and there are {people}: name more people, or ask for fewer"
    )]
    TooFewPeople {
        /// The role.
        what: &'static str,
        /// How many there are.
        people: u64,
        /// How many are needed.
        needed: u64,
    },
    /// Compliance would have to screen and to fill its slot with the same person.
    #[error(
        "the vote of compliance needs somebody besides the one who screens, and {people} people have the role compliance: name another"
    )]
    ComplianceSlot {
        /// How many there are.
        people: u64,
    },
    /// A tier that could be filled only by people in two slots.
    #[error(
        "nobody could ever approve a claim of tier {name}: one person opens it (agent or specialist), another screens it (compliance), and the votes come from others; name more people, or give fewer of them several roles"
    )]
    SlotsOverlap {
        /// The tier.
        name: String,
    },
    /// Two wallets for one network.
    #[error("network '{name}' has a wallet already: one [[wallet]] a network")]
    WalletTwice {
        /// The network.
        name: String,
    },
    /// A network without a table in `chains.toml`, so that addresses on it cannot be checked.
    #[error(
        "network '{name}' has no table in chains.toml, so its addresses cannot be checked: add it there, or remove the wallet"
    )]
    NotConfigured {
        /// The network.
        name: String,
    },
    /// An address in the form of another network.
    #[error("this is an address of {home}: write the one of this table's network")]
    OtherNetwork {
        /// Whose form it has.
        home: recover_core::network::NetworkId,
    },
    /// Two keys for one account.
    #[error("{account} has a key already: one key an account")]
    AccountTwice {
        /// The account.
        account: String,
    },
    /// Not a public key. The value is not printed: somebody may have put a private one here.
    #[error(
        "this is no public key of an account: write its 66 lower-case hexadecimal digits, which begin with 02, 03 or ed; never a private key"
    )]
    PublicKey,
    /// Not a call's data.
    #[error(
        "this is no call: write 0x, a selector of 8 digits and words of 64 digits each, with {placeholder} for a word"
    )]
    CallTemplate {
        /// The placeholder that it must have.
        placeholder: &'static str,
    },
    /// Not three capital letters.
    #[error("'{currency}' is no currency code: write three capital letters, like USD")]
    Currency {
        /// The text as written.
        currency: String,
    },
}

/// What each reading of "up to so much or so many percent" would charge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{amount} and {percent} percent stand together, and nothing says which is charged: at a value of {value} the lesser is {lesser} and the greater is {greater}; write form = \"flat_or_percent\" and operator = \"lesser\" or operator = \"greater\""
)]
pub struct Ambiguity {
    /// The sum.
    pub amount: Cents,
    /// The percentage.
    pub percent: Decimal,
    /// A value at which the readings lie apart.
    pub value: Cents,
    /// What the one charges there.
    pub lesser: Cents,
    /// What the other does.
    pub greater: Cents,
}

/// `rule 1`, `rules 1 and 2`, `rules 1, 2 and 3`.
fn rules(numbers: &[u32]) -> String {
    let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match texts.split_last() {
        Some((last, [])) => format!("rule {last}"),
        Some((last, others)) => format!("rules {} and {last}", others.join(", ")),
        None => String::new(),
    }
}
