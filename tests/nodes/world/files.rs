//! The files that the program is given: `chains.toml` of the two networks, prices, appeals.

use super::{Case, Chain, World, checksummed, rfc3339, user};

/// The assets that `chains.toml` has on ethereum: symbol, decimals, status, minimum.
pub const ASSETS: [(&str, u8, &str, Option<&str>); 3] = [
    ("TST", 6, "listed", Some("1")),
    ("SIL", 6, "listed", Some("1")),
    ("OLD", 18, "retired", None),
];

/// A network's table up to its assets.
fn network(chain: Chain, url: &str) -> String {
    let (id, display, deposits, symbol, coin, rule) = match chain {
        Chain::Ethereum => (1, "Ethereum", "open", "ETH", "Ether", "finalized_tag"),
        Chain::Bsc => (
            56,
            "BNB Smart Chain",
            "suspended",
            "BNB",
            "BNB",
            "confirmations",
        ),
    };
    let (explorer, aliases, minimum) = match chain {
        Chain::Ethereum => ("https://etherscan.io", r#"["eth", "erc20"]"#, "0.001"),
        Chain::Bsc => (
            "https://bscscan.com",
            r#"["bep20", "bnb smart chain"]"#,
            "0.002",
        ),
    };
    let name = chain.name();
    format!(
        r#"[network.{name}]
family = "evm"
caip2 = "eip155:{id}"
display = "{display}"
aliases = {aliases}
deposits = "{deposits}"
recovery = "direct"
memo = "none"
sibling_group = "evm-secp256k1"
explorer = "{explorer}"
explorer_aliases = []
fee_rule = "execution"
fee_style = "eip1559"

[network.{name}.finality]
rule = "{rule}"
confirmations = 5

[network.{name}.native]
symbol = "{symbol}"
name = "{coin}"
decimals = 18
minimum = "{minimum}"

[[network.{name}.source]]
kind = "json_rpc"
url = "{url}"
requests_per_second = 5000
log_range_max = 1000

"#
    )
}

fn asset(
    chain: Chain,
    symbol: &str,
    contract: &str,
    decimals: u8,
    status: &str,
    minimum: Option<&str>,
) -> String {
    let name = chain.name();
    let minimum = minimum
        .map(|text| format!("minimum = \"{text}\"\n"))
        .unwrap_or_default();
    format!(
        "[[network.{name}.asset]]\nsymbol = \"{symbol}\"\nname = \"{symbol}\"\ncontract = \
         \"{contract}\"\ndecimals = {decimals}\nstatus = \"{status}\"\n{minimum}\n"
    )
}

/// `chains.toml` with the networks that have a url.
pub fn chains_toml(world: &World, ethereum: Option<&str>, bsc: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(url) = ethereum {
        text.push_str(&network(Chain::Ethereum, url));
        for (symbol, decimals, status, minimum) in ASSETS {
            let contract = &checksummed(&world.ethereum, &world.token(symbol).address);
            text.push_str(&asset(
                Chain::Ethereum,
                symbol,
                contract,
                decimals,
                status,
                minimum,
            ));
        }
    }
    if let Some(url) = bsc {
        text.push_str(&network(Chain::Bsc, url));
        text.push_str(&asset(
            Chain::Bsc,
            "BUSD",
            &checksummed(&world.bsc, &world.busd.address),
            18,
            "listed",
            Some("1"),
        ));
    }
    text
}

/// `chains.toml` of ethereum alone without tokens, for scenarios with a node of their own. `finality` is the rule.
pub fn bare_chains_toml(url: &str, finality: &str, confirmations: u64) -> String {
    network(Chain::Ethereum, url)
        .replace(
            "rule = \"finalized_tag\"",
            &format!("rule = \"{finality}\""),
        )
        .replace(
            "confirmations = 5",
            &format!("confirmations = {confirmations}"),
        )
}

impl World {
    /// prices.csv with every price at this time, by two sources that agree. Unlisted tokens are priced by contract.
    pub fn prices_csv(&self, time: &str) -> String {
        let mut text = "asset,currency,price,time,source\n".to_owned();
        let mut row = |asset: &str, price: &str| {
            for source in ["test", "second"] {
                text.push_str(&format!("{asset},USD,{price},{time},{source}\n"));
            }
        };
        row("ethereum/native", "3000.00");
        row("bsc/native", "600.00");
        for (symbol, token) in &self.tokens {
            let price = match *symbol {
                "NEW" => "2.50",
                "OLD" => "0.90",
                "ANT" => "30",
                "TST" | "SIL" | "FEE" => "1.00",
                _ => continue,
            };
            row(&format!("ethereum/contract:{}", token.address), price);
        }
        row(&format!("bsc/contract:{}", self.busd.address), "1.00");
        for case in self
            .cases
            .iter()
            .filter(|case| case.name == "wrong_chain_unlisted")
        {
            if let super::Asset::Contract(contract) = &case.asset {
                row(&format!("bsc/contract:{contract}"), "5.00");
            }
        }
        text
    }

    /// When a case's block was made, in Unix seconds.
    pub fn time_of(&self, case: &Case) -> u64 {
        let anvil = self.anvil(case.chain);
        anvil.time_of(anvil.height_of(&case.tx))
    }

    /// One row of appeals.csv that names the transaction of a case, right in every field, by this user.
    pub fn appeal_row(&self, id: &str, user: &str, case: &Case) -> String {
        let time = self.time_of(case);
        format!(
            "{id},{user},{},{},{},,,{},,,{},none,,",
            rfc3339(time + 3600),
            case.tx,
            case.chain.name(),
            case.to,
            rfc3339(time),
        )
    }
}

/// The header of appeals.csv.
pub const APPEALS: &str = "appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,\
                           claimed_amount,claimed_to_address,claimed_memo,claimed_from_address,\
                           claimed_at,ownership_proof,session_view_at,free_text";

/// The user of a case's address by the numbering of [`super::address`]; `None` for our own and for contracts.
pub fn owner(case: &Case) -> Option<String> {
    let digits = case.to.strip_prefix("0xde9051")?;
    u8::from_str_radix(digits.trim_start_matches('0'), 16)
        .ok()
        .map(user)
}
