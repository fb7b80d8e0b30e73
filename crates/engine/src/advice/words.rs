//! The text of each piece of advice: what to do, what it costs, what not to do, what we watch for. Written for the customer;
//! specialist and report show the same.

use crate::config::{MemoRule, NetworkConfig};
use recover_core::advice::{Advice, AtSender, Trigger};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::deposit::Deposit;
use recover_core::network::Family;
use recover_core::verdict::Reason;

/// What a deposit's advice is told about.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The deposit.
    pub deposit: &'a Deposit,
    /// Its network; `None` where chains.toml has none of this name.
    pub network: Option<&'a NetworkConfig>,
    /// The policy's currency; empty without a policy.
    pub currency: &'a str,
}

/// One piece of advice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What to do.
    pub what: String,
    /// What it costs the user.
    pub costs: String,
    /// What must not be done, beside [`NEVER`].
    pub do_not: String,
    /// What we watch for; `None` where nothing is waited for, or a person is.
    pub watch: Option<String>,
}

/// Told with every advice: who lost money is who is robbed next.
pub const NEVER: &str =
    "Give nobody a recovery phrase or a private key, and pay to no address outside your account.";

const WAITING_IS_FREE: &str =
    "Waiting costs nothing; what the recovery costs then is said in a quote before you agree.";
const NOT_AGAIN: &str = "Do not send it again.";

impl Scene<'_> {
    fn coins(&self, amount: Amount) -> String {
        let text = amount.to_coin_text(self.deposit.decimals);
        format!("{text} {}", self.symbol())
    }

    fn symbol(&self) -> String {
        let listed = self.network.and_then(|network| {
            let asset = self.deposit.asset();
            match &asset.reference {
                AssetReference::Native => Some(&network.native.terms.symbol),
                AssetReference::Contract(contract) => {
                    network.asset(contract).map(|asset| &asset.terms.symbol)
                }
                _ => None,
            }
        });
        listed
            .or(self.deposit.symbol.as_ref())
            .cloned()
            .unwrap_or_else(|| "of the token".to_owned())
    }

    fn native(&self, amount: Amount) -> String {
        match self.network {
            Some(network) => {
                let terms = &network.native.terms;
                format!("{} {}", amount.to_coin_text(terms.decimals), terms.symbol)
            }
            None => format!("{} base units", amount.to_base_units()),
        }
    }

    fn network(&self) -> String {
        self.network.map_or_else(
            || self.deposit.network().to_string(),
            |network| network.display.clone(),
        )
    }

    fn with_memo(&self) -> &'static str {
        match self.network.map(|network| network.memo) {
            Some(MemoRule::Required | MemoRule::Optional) => {
                ", with your own memo (destination tag, comment) if your deposit page shows one"
            }
            Some(MemoRule::None) | None => "",
        }
    }
}

/// The text of a piece of advice.
#[must_use]
pub fn tell(advice: &Advice, trigger: Option<&Trigger>, scene: &Scene<'_>) -> Told {
    let network = scene.network();
    let (what, costs, do_not) = match advice {
        Advice::LookAtHistory => (
            "It was booked or settled already: your deposit history shows it.".to_owned(),
            "Nothing.".to_owned(),
            "Do not ask for it on another way: it is never paid twice.".to_owned(),
        ),
        Advice::FollowClaim => (
            "Its recovery is under way: a claim is open on it, and you are told what becomes of it.".to_owned(),
            "What its quote says, and nothing beside it.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForFinality => (
            format!("Wait: {network} has not made the transaction final yet. It goes on by itself once it has."),
            "Nothing.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForMaturity => (
            format!("Wait: the coins are there, and the rules of {network} do not let them be moved yet. It goes on by itself once they do."),
            WAITING_IS_FREE.to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForReopening => (
            format!("Wait: deposits on {network} are paused. The coins are safe, and are credited once it reopens."),
            "Nothing for waiting, and nothing need be signed or paid to hurry it.".to_owned(),
            format!("Do not send more on {network} before it reopens."),
        ),
        Advice::ProveOwnership => (
            "Show that the payment is yours: with a message signed by the sending address, a small payment from the same sender that \
             we ask for, or the sending service's own record of the withdrawal.".to_owned(),
            "Your time; a payment that we ask for is credited to you, less what its network and your sending service take.".to_owned(),
            "Do not send anything that we did not ask for, and sign no other text than the one in your account.".to_owned(),
        ),
        Advice::ClaimIt { is_quoted: true } => (
            "It can be recovered now, and something is left for you: the quote says how much. Accept it before it runs out.".to_owned(),
            "The service fee and the network fee of the quote, and nothing beside it.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::ClaimIt { is_quoted: false } => (
            "It can be recovered: ask for a quote, which says what is left for you before you agree.".to_owned(),
            "What the quote says: a service fee and what the network takes, where either is due.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::CreditTogether(gathered) => (
            format!(
                "It counts together with what else came to this address: {} in all, and the smallest deposit that is credited is {}. \
                 Ask for each that is not in your account yet.",
                scene.coins(gathered.present),
                scene.coins(gathered.minimum)
            ),
            "What the quote of each says.".to_owned(),
            "Do not send more for its sake: the minimum is reached.".to_owned(),
        ),
        Advice::TopUpToMinimum {
            gathered,
            missing,
            costs,
            gain,
        } => (
            format!(
                "Send at least {} more, on {network}, to the same address {}{}, then ask for each: with the {} that came there it makes the \
                 smallest deposit that is credited today, {}.",
                scene.coins(*missing),
                scene.deposit.to(),
                scene.with_memo(),
                scene.coins(gathered.present),
                scene.coins(gathered.minimum)
            ),
            format!(
                "Your own transfer: about {costs} {currency} of network fee now, and what the service takes that you send from. With all \
                 our fees paid about {gain} {currency} more than you send come of it. It must arrive whole: what is deducted on the way is \
                 missing again.",
                currency = scene.currency
            ),
            "Do not send it as another coin, on another network or from your account with us: that would be the next mistake. Compare \
             the address with your deposit page first; if that shows another one by now, send nothing.".to_owned(),
        ),
        Advice::WaitForNextDeposit { gathered, missing } => (
            format!(
                "It can also wait, with nothing sent for its sake: the {} that came to this address count together with what you deposit there \
                 next. The smallest deposit that is credited today is {}; {} are missing.",
                scene.coins(gathered.present),
                scene.coins(gathered.minimum),
                scene.coins(*missing)
            ),
            "Nothing for waiting; until then it is not available to you, and what is charged then is said in a quote.".to_owned(),
            "Do not send several small payments instead of one: each pays the network again.".to_owned(),
        ),
        Advice::PoolWithOthers(share) => (
            match scene.network.map(|network| network.family) {
                Some(Family::Bitcoin) => format!(
                    "Recover it together with others on {network}, {} deposits in all: one transaction moves them, and much of its cost \
                     is paid once. No claim does that by itself: write to us, and a person of the wallet team moves them together by hand.",
                    share.deposits
                ),
                _ => format!(
                    "Recover it together with what else lies at this address, {} deposits in all: one transfer moves them, and the \
                     network is paid once. No claim does that by itself: write to us, and a person of the wallet team moves them together by hand.",
                    share.deposits
                ),
            },
            format!(
                "Each deposit pays its part of the network's cost in proportion to its amount, and its own service fee. This one: {} of \
                 the {} that {network} takes for all of them.",
                scene.native(share.own),
                scene.native(share.shared)
            ),
            "Do not send more to this address to make it worth while.".to_owned(),
        ),
        Advice::WaitForCheaperNetwork { now, ceiling } => (
            format!(
                "Wait: {network} takes {} for moving it today, and that leaves nothing. From {} on something is left.",
                scene.native(*now),
                scene.native(*ceiling)
            ),
            "Waiting costs nothing, and the coin's own price may change meanwhile. Recovered today it would cost all of it.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForValue => (
            "Wait: it is worth less than what its recovery takes today, or than the least that we recover. It stays where it is, and \
             is not lost.".to_owned(),
            "Waiting costs nothing. Recovered today, the fees would be more than what is left.".to_owned(),
            "Do not send more after it: that would be the same mistake again.".to_owned(),
        ),
        Advice::WaitForPrice(asset) => (
            format!(
                "Wait: we have no price for {} that we trust today, and without one we quote nothing. That is ours to mend; the \
                 coins are where they were.",
                named(asset, scene)
            ),
            WAITING_IS_FREE.to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForRule => (
            "Wait: our fee rules say nothing for this case yet, and nobody names a fee out of hand. A person decides it; the coins are \
             where they were.".to_owned(),
            WAITING_IS_FREE.to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForReview => (
            "Wait: we do not know this token yet. A person looks at its contract once, for everybody who sent it.".to_owned(),
            WAITING_IS_FREE.to_owned(),
            "Do not send more of it, and follow no link that came with the token.".to_owned(),
        ),
        Advice::WaitForLedger => (
            "Wait: our own books must first show that it was not credited already. That is ours to look up.".to_owned(),
            "Nothing.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForSource => (
            format!("Wait: our view of {network} does not tell enough about it yet. That is ours to mend."),
            WAITING_IS_FREE.to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForControl => (
            "Wait: our records must first say for certain how we hold the address. That is ours to mend.".to_owned(),
            WAITING_IS_FREE.to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::WaitForFactory => (
            format!("Wait: the coins lie where a contract of ours stands on another network, and what makes it is not on {network} yet. Whether it can be put there is being asked; nobody can promise it."),
            WAITING_IS_FREE.to_owned(),
            format!("Do not send more to this address on {network}."),
        ),
        Advice::WaitForNetwork => (
            format!("Wait: before we can sign on {network} something must be arranged. The key is ours; nobody can say by when."),
            WAITING_IS_FREE.to_owned(),
            format!("Do not send more on {network}."),
        ),
        Advice::WaitForPerson => (
            "Wait: it needs a person, who looks at it by hand and tells you what is possible.".to_owned(),
            WAITING_IS_FREE.to_owned(),
            "Do not send it again, and show nobody scripts or descriptors of your wallet.".to_owned(),
        ),
        Advice::WaitForListing => (
            "Wait for its listing: should we list this asset, it is credited like any other deposit. Nobody can promise that.".to_owned(),
            "Waiting costs nothing; the token may be worth more or less by then, or nothing.".to_owned(),
            "Do not send more of it before it is listed.".to_owned(),
        ),
        Advice::AskSender(what) => (
            match what {
                AtSender::Failed => "Ask the service or wallet that you sent from: the transaction failed, so the coins never left it.",
                AtSender::Replaced => "Ask the service or wallet that you sent from: another transaction took the place of this one, and \
                     only that one counts.",
                AtSender::OldFork => "Ask the service or wallet that you sent from: the transaction stands on a branch that the network \
                     gave up, and may have to be made again.",
                AtSender::Gone => "Ask the service or wallet that you sent from: the network took the transaction out of its blocks. If it \
                     comes back, we see it by ourselves.",
                AtSender::Undelivered => "Ask the sender for the rest: less arrived than the payment states, and only what arrived can be \
                     credited.",
            }
            .to_owned(),
            "We take nothing. The network's fee for the transaction is spent, and who sent it may take a fee.".to_owned(),
            match what {
                AtSender::Undelivered => "Do not ask us for the stated amount: it never arrived.",
                _ => "Do not send it again before the sending side says that it has the coins.",
            }
            .to_owned(),
        ),
        Advice::AskReceiver => (
            "Ask the service or person whose address received it: the address is not ours, and only who holds its key can send the \
             coins back.".to_owned(),
            "We take nothing. Whoever sends it back may, and need not do it.".to_owned(),
            "Do not send more to that address.".to_owned(),
        ),
        Advice::AskBridge => (
            "Ask the bridge, with both transaction ids: it holds the coins and never paid them out to us.".to_owned(),
            "We take nothing. The bridge may take its fee, and a refund the network's.".to_owned(),
            "Do not send it through the bridge a second time before it answered.".to_owned(),
        ),
        Advice::AskContractOwner => (
            "Ask the maker of the contract that received it: only its owner could give the coins back, and only if the contract has a \
             way for it. Many have none, and then they are lost.".to_owned(),
            "We take nothing. The maker may take a fee, and need not do anything.".to_owned(),
            "Do not send more to a token's own address.".to_owned(),
        ),
        Advice::NobodyIsOwed => (
            "Nothing need be done: it moved between accounts of the exchange, or only carried a message.".to_owned(),
            "Nothing.".to_owned(),
            NOT_AGAIN.to_owned(),
        ),
        Advice::NothingCanBeDone(reason) => (
            format!("Nothing can be done: {}.", lost(*reason, &network)),
            "We take nothing. What was sent is what the mistake costs.".to_owned(),
            "Do not send more to this address on this network, and trust nobody who promises to get it back for a payment.".to_owned(),
        ),
    };
    Told {
        what,
        costs,
        do_not,
        watch: trigger.map(|trigger| awaited(trigger, scene.network)),
    }
}

/// Why nothing can be done, for a customer.
fn lost(reason: Reason, network: &str) -> String {
    match reason {
        Reason::NetworkOutOfReach => format!(
            "we cannot sign on {network} today. The coins stay where they are; should we ever take up the network, we look at it again"
        ),
        Reason::KeyLost => "nobody holds the key of this address any more".to_owned(),
        Reason::WorthlessToken => {
            "the token imitates another, or was sent to strangers as bait; it has no value that could be returned".to_owned()
        }
        Reason::OtherCodeAtAddress => format!(
            "on {network} another contract stands at this address, which is not ours"
        ),
        Reason::OtherFactoryCode | Reason::DeployerNonceUsed | Reason::OtherDerivation => format!(
            "on {network} the contract that holds this address elsewhere can never be put there"
        ),
        Reason::ScriptUnspendable => format!(
            "the rules of {network} let nobody ever spend an output of this kind"
        ),
        // These are told as advice of their own.
        Reason::TransactionFailed
        | Reason::TransactionReplaced
        | Reason::OldFork
        | Reason::OwnWithdrawal
        | Reason::ForeignContract
        | Reason::HeldByBridge
        | Reason::ForeignAddress
        | Reason::OwnMovement
        | Reason::AlreadyCredited
        | Reason::AddressNotDerived => "nothing of it is in our hands".to_owned(),
    }
}

fn named(asset: &AssetId, scene: &Scene<'_>) -> String {
    match (&asset.reference, scene.network) {
        (AssetReference::Native, Some(network)) => network.native.terms.symbol.clone(),
        _ if asset == scene.deposit.asset() && scene.deposit.symbol.is_some() => scene.symbol(),
        _ => asset.to_string(),
    }
}

/// What is watched for, in words; `network` is the one that the trigger is about, where it is configured.
#[must_use]
pub fn awaited(trigger: &Trigger, network: Option<&NetworkConfig>) -> String {
    let called = |id: &recover_core::network::NetworkId| {
        network.map_or_else(|| id.to_string(), |network| network.display.clone())
    };
    match trigger {
        Trigger::NetworkReopened(id) => {
            format!("{} takes deposits, or we can sign there", called(id))
        }
        Trigger::AssetListed(asset) => format!("{asset} is listed"),
        Trigger::TokenReviewed(asset) => format!("{asset} is reviewed"),
        Trigger::PriceKnown(asset) => format!("{asset} has a price that counts"),
        Trigger::FactoryInPlace(id, address) => {
            format!(
                "the factory of the contract {address} stands on {}",
                called(id)
            )
        }
        Trigger::ControlKnown(id, address) => {
            format!(
                "the address book says how {address} on {} is controlled",
                called(id)
            )
        }
        Trigger::NetworkCostBelow(id, None) => {
            format!(
                "{} takes so little that a quote leaves something",
                called(id)
            )
        }
        Trigger::NetworkCostBelow(id, Some(ceiling)) => {
            let most = network.map_or_else(
                || format!("{} base units", ceiling.to_base_units()),
                |network| {
                    let terms = &network.native.terms;
                    format!("{} {}", ceiling.to_coin_text(terms.decimals), terms.symbol)
                },
            );
            format!("{} takes no more than {most} for it", called(id))
        }
        Trigger::MinimumReached(asset, address) => {
            format!("enough of {asset} lies at {address} to be worked")
        }
        Trigger::Recoverable => "it can be recovered as it is judged then".to_owned(),
        Trigger::Date(date) => format!("{date} has come"),
    }
}

#[cfg(test)]
mod tests;
