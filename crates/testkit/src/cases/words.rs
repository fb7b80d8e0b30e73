//! The coins, places and words of the made-up world: what the columns may hold and what people call it.

/// How the amounts of a coin are drawn; units of 10^-8.
pub struct Coin {
    /// Its symbol.
    pub symbol: &'static str,
    /// US dollars for one, in 1/10,000.
    pub price: u64,
    /// What people call it.
    pub names: &'static [&'static str],
    /// Further names.
    pub more_names: &'static [&'static str],
    /// The middle of the amounts that are not round.
    pub median: u64,
    /// The round amounts with their weights.
    pub popular: &'static [(u64, u32)],
    /// Decimals of the amounts that are not round, with weights.
    pub decimals: &'static [(u32, u32)],
    /// What the sending exchanges keep.
    pub fees: &'static [u64],
}

const ONE: u64 = 100_000_000;

const USUAL: &[(u64, u32)] = &[
    (10 * ONE, 40),
    (20 * ONE, 70),
    (50 * ONE, 125),
    (100 * ONE, 310),
    (200 * ONE, 85),
    (300 * ONE, 50),
    (500 * ONE, 115),
    (1_000 * ONE, 120),
    (2_000 * ONE, 20),
    (2_500 * ONE, 25),
    (5_000 * ONE, 30),
    (10_000 * ONE, 10),
];
const FINE: &[(u64, u32)] = &[
    (ONE / 100, 130),
    (ONE / 20, 90),
    (ONE / 10, 150),
    (ONE / 5, 250),
    (ONE / 2, 120),
    (ONE, 70),
    (2 * ONE, 90),
];
const FINER: &[(u64, u32)] = &[
    (ONE / 1_000, 150),
    (ONE / 200, 120),
    (ONE / 100, 300),
    (ONE / 50, 100),
    (ONE / 20, 100),
    (ONE / 10, 80),
];
const MANY: &[(u64, u32)] = &[
    (100 * ONE, 160),
    (1_000 * ONE, 110),
    (5_000 * ONE, 160),
    (10_000 * ONE, 280),
    (50_000 * ONE, 110),
    (100_000 * ONE, 60),
    (1_000_000 * ONE, 110),
];
const SIX: &[(u32, u32)] = &[(6, 50), (2, 34), (1, 5), (5, 11)];
const EIGHT: &[(u32, u32)] = &[(8, 45), (4, 40), (6, 15)];
const FOUR: &[(u32, u32)] = &[(4, 60), (2, 40)];

macro_rules! coin {
    ($symbol:literal, $price:literal, $median:expr, $popular:ident, $decimals:ident, $fees:expr, $names:expr, $more:expr) => {
        Coin {
            symbol: $symbol,
            price: $price,
            names: &$names,
            more_names: &$more,
            median: $median,
            popular: $popular,
            decimals: $decimals,
            fees: &$fees,
        }
    };
}

/// The coins with a name of their own; the last stands for every unlisted token.
pub const COINS: [Coin; 12] = [
    coin!(
        "XRP",
        23_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE / 5, ONE / 50, ONE / 4],
        ["xrp", "Ripple"],
        ["XRP coin", "рипл", "瑞波币", "ripple xrp"]
    ),
    coin!(
        "TON",
        51_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE / 20, ONE / 50, ONE / 10],
        ["ton", "Toncoin", "GRAM"],
        ["тонкоин", "TON coin", "tоncoin"]
    ),
    coin!(
        "XLM",
        4_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE / 50, ONE / 100, ONE / 10],
        ["lumens", "Stellar", "xlm"],
        ["Lumen", "恒星币", "stellar xlm"]
    ),
    coin!(
        "ATOM",
        64_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE / 50, ONE / 200, ONE / 10],
        ["Cosmos", "atom"],
        ["космос", "ATOM coin", "uatom"]
    ),
    coin!(
        "ETH",
        33_000_000,
        ONE / 10,
        FINE,
        EIGHT,
        [ONE / 1_000 * 12 / 10, ONE / 2_500],
        ["Ether", "eth", "Ethereum"],
        ["эфир", "以太币", "WETH", "Etherium"]
    ),
    coin!(
        "BTC",
        950_000_000,
        ONE / 200,
        FINER,
        EIGHT,
        [ONE / 5_000, ONE / 20_000],
        ["Bitcoin", "btc"],
        ["биткоин", "XBT", "比特币", "Bitcoin (BTC)"]
    ),
    coin!(
        "BNB",
        6_850_000,
        ONE / 7,
        FINE,
        EIGHT,
        [ONE / 2_000, ONE / 10_000],
        ["bnb"],
        ["Binance Coin", "BNB coin"]
    ),
    coin!(
        "POL",
        4_500,
        120 * ONE,
        USUAL,
        SIX,
        [ONE / 10, ONE / 50],
        ["pol"],
        ["MATIC", "Polygon"]
    ),
    coin!(
        "AVAX",
        360_000,
        20 * ONE,
        USUAL,
        SIX,
        [ONE / 100, ONE / 200],
        ["avax"],
        ["Avalanche", "AVAX-C"]
    ),
    coin!(
        "USDT",
        10_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE, ONE / 10, ONE / 5, ONE * 3 / 2, ONE * 3 / 20],
        ["USDT.e", "usdt", "USD T", "$USDT", "Tether"],
        [
            "Tether USD",
            "USD₮",
            "тезер",
            "泰达币",
            "USDT-TRC20",
            "USDT (BEP20)",
            "US DT"
        ]
    ),
    coin!(
        "USDC",
        10_000,
        120 * ONE,
        USUAL,
        SIX,
        [ONE, ONE / 2, ONE / 10],
        ["usdc", "USDC.e", "$USDC", "USD Coin"],
        ["Circle USD", "USDC (ERC20)", "USDbC"]
    ),
    coin!(
        "TK",
        100,
        6_000 * ONE,
        MANY,
        FOUR,
        [0],
        ["tk"],
        ["tk token"]
    ),
];

/// The place of a coin.
///
/// # Panics
/// When there is no such coin.
#[must_use]
pub fn coin(symbol: &str) -> usize {
    COINS
        .iter()
        .position(|coin| coin.symbol == symbol)
        .expect("a coin of the table")
}

/// Where the orphans of one reason lie: chain, coin, weight.
pub type Places = &'static [(&'static str, &'static str, u32)];

const MEMO_PLACES: Places = &[
    ("XRP", "XRP", 40),
    ("TON", "USDT", 18),
    ("TON", "TON", 14),
    ("XLM", "XLM", 13),
    ("ATOM", "ATOM", 10),
    ("XLM", "USDC", 5),
];

/// The reasons, what they weigh in `base`, what they weigh in `mixes`, and where they happen.
pub const REASONS: [(&str, u32, u32, Places); 7] = [
    ("missing_memo", 43, 27, MEMO_PLACES),
    ("unknown_memo", 9, 14, MEMO_PLACES),
    (
        "wrong_chain",
        20,
        27,
        &[
            ("BASE", "USDT", 14),
            ("ARBITRUM", "USDT", 11),
            ("POLYGON", "USDT", 10),
            ("BASE", "USDC", 9),
            ("ARBITRUM", "USDC", 6),
            ("POLYGON", "USDC", 6),
            ("OPTIMISM", "USDT", 6),
            ("BASE", "ETH", 5),
            ("AVAX", "USDT", 5),
            ("ARBITRUM", "ETH", 4),
            ("BSC", "USDT", 4),
            ("POLYGON", "POL", 4),
            ("OPTIMISM", "USDC", 4),
            ("AVAX", "USDC", 3),
            ("BSC", "USDC", 3),
            ("OPTIMISM", "ETH", 2),
            ("AVAX", "AVAX", 2),
            ("BSC", "BNB", 2),
        ],
    ),
    (
        "unlisted_token",
        13,
        12,
        &[
            ("BSC", "TK", 31),
            ("ETH", "TK", 25),
            ("SOL", "TK", 24),
            ("BASE", "TK", 12),
            ("TRON", "TK", 8),
        ],
    ),
    (
        "below_minimum",
        6,
        9,
        &[("TRON", "USDT", 50), ("ETH", "ETH", 25), ("BTC", "BTC", 25)],
    ),
    (
        "internal_transfer",
        5,
        4,
        &[("ARBITRUM", "ETH", 50), ("ETH", "ETH", 50)],
    ),
    (
        "retired_address",
        4,
        7,
        &[("TRON", "USDT", 50), ("BTC", "BTC", 25), ("ETH", "ETH", 25)],
    ),
];

/// What stands in the free text; `{}` is the stated amount, `[]` the stated coin.
pub const TEXTS: &[&str] = &[
    "transaction is confirmed on the explorer but no credit",
    "hello my deposit did not arrive please help",
    "wrong network selected by mistake, please return",
    "where is my money???",
    "Depo gelmedi, {} [] gonderdim.",
    "No me llega el deposito de {} []",
    "forgot the memo/tag, {} []",
    "Bonjour, depot de {} [] non credite.",
    "我的充值没有到账 {} []",
    "I sent {} [] and it is not in my account.",
    "nap tien chua thay {} []",
    "Не пришел депозит {} [], забыл мемо",
    "",
];

/// Further texts that `base` does not use.
pub const MORE_TEXTS: &[&str] = &[
    "Ich habe {} [] gesendet, das Geld ist nicht angekommen",
    "입금이 안 됐어요 {} []",
    "{} [] を送金しましたが反映されません",
    "لقد أرسلت {} [] ولم تصل",
    "मैंने {} [] भेजा लेकिन नहीं आया",
    "Saya kirim {} [] belum masuk",
    "Enviei {} [] e não caiu na conta, esqueci o memo",
    "واریز {} [] انجام شده ولی نیامده",
    "ฉันโอน {} [] แล้วยังไม่เข้า",
    "Przelałem {} [], środki nie dotarły",
    "PLS HELP!!! {} [] sent 2 times already wrote to support",
    "Ho inviato {} [] ma non vedo nulla",
];

/// What stands in the memo field when nothing is known.
pub const FILLERS: &[&str] = &["forgot", "none", "0", "no memo", "-"];

/// What stands in the memo field of the same in other languages.
pub const MORE_FILLERS: &[&str] = &[
    "n/a",
    "нет",
    "没有",
    "не указал",
    "sin memo",
    "???",
    "null",
    ".",
];

/// What senders write into a memo that they know nothing about.
pub const SENT_WORDS: &[&str] = &["deposit", "thanks", "hello", "test", "0", "1"];

/// Minutes east of UTC of the users' clocks, by weight of repetition.
pub const ZONES: &[i64] = &[
    180, 180, 480, 480, 240, -180, 120, -480, 60, 540, 0, 420, 330, -300,
];

/// Weight of each hour of the day.
pub const HOURS: [u32; 24] = [
    24, 25, 26, 28, 30, 30, 32, 37, 38, 47, 63, 123, 122, 62, 46, 41, 34, 33, 29, 28, 26, 26, 25,
    25,
];

/// The English months, short.
pub const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The months of other languages as they stand in a date.
pub const MORE_MONTHS: [(&str, [&str; 12]); 5] = [
    (
        "en",
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    ),
    (
        "ru",
        [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ],
    ),
    (
        "es",
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
    ),
    (
        "tr",
        [
            "Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül",
            "Ekim", "Kasım", "Aralık",
        ],
    ),
    (
        "fr",
        [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
    ),
];
