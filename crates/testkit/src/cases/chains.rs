//! The chains of the made-up world and what people call them.

use super::codec::{Family, IdStyle};

/// One of the chains.
pub struct Chain {
    /// Its name in the file.
    pub name: &'static str,
    /// Its addresses.
    pub family: Family,
    /// Its transaction ids.
    pub style: IdStyle,
    /// The height at the first second.
    pub height: u64,
    /// Milliseconds between blocks.
    pub block_ms: u64,
    /// What people call it.
    pub names: &'static [&'static str],
    /// Further names that `base` does not use: misnomers and other languages.
    pub more_names: &'static [&'static str],
    /// Links to a transaction, `*` where the id stands.
    pub links: &'static [&'static str],
    /// Further explorers.
    pub more_links: &'static [&'static str],
}

/// The chains; everything else refers to them by place.
pub const CHAINS: [Chain; 14] = [
    Chain {
        name: "XRP",
        family: Family::Xrp,
        style: IdStyle::Capital,
        height: 93_000_000,
        block_ms: 4_000,
        names: &["Ripple", "XRPL", "XRP", "xrp ledger"],
        more_names: &[
            "ripple network",
            "XRP Ledger (XRP)",
            "Рипл",
            "瑞波",
            "リップル",
            "rippl",
        ],
        links: &[
            "https://xrpscan.com/tx/*",
            "https://livenet.xrpl.org/transactions/*",
        ],
        more_links: &[
            "https://bithomp.com/explorer/*",
            "https://blockchair.com/xrp-ledger/transaction/*",
        ],
    },
    Chain {
        name: "TON",
        family: Family::Ton,
        style: IdStyle::Small,
        height: 43_000_000,
        block_ms: 5_000,
        names: &["The Open Network", "Toncoin", "TON"],
        more_names: &[
            "ton network",
            "TON blockchain",
            "Тон",
            "Telegram wallet",
            "ton chain",
        ],
        links: &[
            "https://tonscan.org/tx/*",
            "https://tonviewer.com/transaction/*",
        ],
        more_links: &["https://www.oklink.com/ton/tx/*"],
    },
    Chain {
        name: "XLM",
        family: Family::Xlm,
        style: IdStyle::Small,
        height: 55_000_000,
        block_ms: 5_000,
        names: &["stellar lumens", "XLM", "Stellar"],
        more_names: &["Stellar network", "Стеллар", "恒星币", "steller"],
        links: &["https://stellar.expert/explorer/public/tx/*"],
        more_links: &["https://stellarchain.io/transactions/*"],
    },
    Chain {
        name: "ATOM",
        family: Family::Atom,
        style: IdStyle::Capital,
        height: 23_600_000,
        block_ms: 6_000,
        names: &["ATOM", "Cosmos Hub", "Cosmos"],
        more_names: &["cosmoshub-4", "Космос", "cosmos network", "IBC"],
        links: &["https://www.mintscan.io/cosmos/txs/*"],
        more_links: &["https://atomscan.com/transactions/*"],
    },
    Chain {
        name: "ETH",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 21_500_000,
        block_ms: 12_000,
        names: &["Ethereum", "Ethereum (ERC20)", "ERC20", "ERC-20", "ETH"],
        more_names: &[
            "ERC20 address",
            "Etherium",
            "Ethereum Mainnet",
            "эфириум",
            "以太坊",
            "erc 20",
            "이더리움",
        ],
        links: &["https://etherscan.io/tx/*"],
        more_links: &[
            "https://blockchair.com/ethereum/transaction/*",
            "https://www.oklink.com/eth/tx/*",
            "https://etherscan.io/tx/*#eventlog",
        ],
    },
    Chain {
        name: "BASE",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 24_400_000,
        block_ms: 2_000,
        names: &["Base L2", "BASE"],
        more_names: &[
            "Base network",
            "Base chain",
            "Coinbase Base",
            "base mainnet",
        ],
        links: &["https://basescan.org/tx/*"],
        more_links: &["https://base.blockscout.com/tx/*"],
    },
    Chain {
        name: "ARBITRUM",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 290_000_000,
        block_ms: 250,
        names: &["Arbitrum One", "arb", "ARBITRUM"],
        more_names: &["Arbitrum L2", "ARB1", "Арбитрум", "arbitrium"],
        links: &["https://arbiscan.io/tx/*"],
        more_links: &["https://arbitrum.blockscout.com/tx/*"],
    },
    Chain {
        name: "TRON",
        family: Family::Tron,
        style: IdStyle::Small,
        height: 68_300_000,
        block_ms: 3_000,
        names: &["TRON", "TRC20", "Tron (TRC20)", "TRC-20"],
        more_names: &[
            "TRX",
            "trc 20",
            "Tron network",
            "трон",
            "波场",
            "TRC20 address",
        ],
        links: &["https://tronscan.org/#/transaction/*"],
        more_links: &["https://tronscan.io/#/transaction/*?lang=es"],
    },
    Chain {
        name: "BSC",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 45_300_000,
        block_ms: 3_000,
        names: &["bnb chain", "BNB Smart Chain", "BEP-20", "BEP20", "BSC"],
        more_names: &[
            "BEB20",
            "Binance Smart Chain",
            "bep 20",
            "币安智能链",
            "BNB Smart Chain (BEP20)",
        ],
        links: &["https://bscscan.com/tx/*"],
        more_links: &["https://www.oklink.com/bsc/tx/*"],
    },
    Chain {
        name: "POLYGON",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 66_200_000,
        block_ms: 2_000,
        names: &["POLYGON", "Matic", "Polygon PoS"],
        more_names: &["Polygon (MATIC)", "polygon network", "Полигон", "poligon"],
        links: &["https://polygonscan.com/tx/*"],
        more_links: &["https://polygon.blockscout.com/tx/*"],
    },
    Chain {
        name: "SOL",
        family: Family::Sol,
        style: IdStyle::Signature,
        height: 311_000_000,
        block_ms: 400,
        names: &["Solana", "SPL", "SOL"],
        more_names: &["Solana network", "Солана", "Solona", "solana spl"],
        links: &["https://solscan.io/tx/*?cluster=mainnet"],
        more_links: &["https://explorer.solana.com/tx/*", "https://solana.fm/tx/*"],
    },
    Chain {
        name: "BTC",
        family: Family::Btc,
        style: IdStyle::Small,
        height: 877_000,
        block_ms: 600_000,
        names: &["bitcoin network", "BTC", "Bitcoin"],
        more_names: &["Bitcoin (SegWit)", "биткоин", "比特币", "bitcon"],
        links: &[
            "https://mempool.space/tx/*",
            "https://blockchair.com/bitcoin/transaction/*",
        ],
        more_links: &[
            "https://www.blockchain.com/explorer/transactions/btc/*",
            "https://blockstream.info/tx/*",
        ],
    },
    Chain {
        name: "OPTIMISM",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 130_000_000,
        block_ms: 2_000,
        names: &["OPTIMISM", "OP Mainnet"],
        more_names: &["Optimism (OP)", "OP", "Оптимизм", "optimizm"],
        links: &["https://optimistic.etherscan.io/tx/*"],
        more_links: &["https://optimism.blockscout.com/tx/*"],
    },
    Chain {
        name: "AVAX",
        family: Family::Evm,
        style: IdStyle::Prefixed,
        height: 55_200_000,
        block_ms: 2_000,
        names: &["AVAX", "Avalanche C-Chain", "AVAXC"],
        more_names: &["Avalanche", "AVAX C Chain", "Авалант", "avalanch"],
        links: &["https://snowtrace.io/tx/*"],
        more_links: &["https://subnets.avax.network/c-chain/tx/*"],
    },
];

/// The place of a chain.
///
/// # Panics
/// When there is no such chain.
#[must_use]
pub fn chain(name: &str) -> usize {
    CHAINS
        .iter()
        .position(|chain| chain.name == name)
        .expect("a chain of the table")
}
