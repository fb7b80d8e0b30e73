//! What can be wrong with a configuration file. Every variant says what to do.

use super::place::Place;
use recover_core::address::AddressError;
use recover_core::amount::AmountError;

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
    /// A fee rule that an earlier one always outruns.
    #[error(
        "this rule can never decide: rule {earlier} above it fits everything; move that one to the end"
    )]
    Unreachable {
        /// The number of the earlier rule.
        earlier: u32,
    },
    /// Tiers that overlap or run backwards.
    #[error(
        "tiers must rise without overlap: 'from' must not be under the 'to' before it, nor 'to' at or under its 'from', and only the last may have no 'to'"
    )]
    TierOrder,
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
