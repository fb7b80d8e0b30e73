//! What a node's error means. JSON-RPC fixes the envelope and leaves the words to each vendor: these are the dialects.

use recover_source::error::SourceError;

/// Marks of a refusal of the size of a request: result caps and range caps.
const TOO_MUCH: &[&str] = &[
    "more than",
    "too many results",
    "too many logs",
    "too many blocks",
    "too wide",
    "block range",
    "range is too large",
    "range too large",
    "ranges over",
    "range exceed",
    "is limited to",
    "exceeds the range",
    "exceed max",
    "exceeds max",
    "exceeds limit",
    "exceeds the limit",
    "query exceeds",
    "query timeout",
    "limit the query",
    "response size",
    "response is too",
    "response too large",
    "response exceeds",
    "request entity too large",
    "max results",
    "maximum results",
    "max block",
    "maximum block",
    "requested blocks",
    "limit exceeded",
];

const RATE: &[&str] = &[
    "rate limit",
    "rate-limit",
    "ratelimit",
    "too many requests",
    "requests per second",
    "request limit",
    "request rate",
    "compute units",
    "capacity",
    "throttl",
    "quota",
    "request count exceeded",
    "calls per sec",
];

const NOT_KEPT: &[&str] = &[
    "missing trie node",
    "no state available",
    "state not available",
    "state is not available",
    "state unavailable",
    "historical state",
    "pruned",
    "archive",
    "outofrange",
    "out of range",
    "header not found",
    "header for hash not found",
    "unknown block",
    "block not found",
    "indexing is in progress",
    "history unavailable",
];

const UNSUPPORTED: &[&str] = &[
    "method not found",
    "does not exist/is not available",
    "not supported",
    "unsupported method",
    "unknown method",
    "not whitelisted",
    "method not allowed",
    "method is not allowed",
    "method is disabled",
    "not available on the free",
    "upgrade your plan",
    "namespace is disabled",
];

const PASSING: &[&str] = &[
    "try again",
    "temporarily",
    "service unavailable",
    "overloaded",
    "is busy",
    "timed out",
    "timeout",
    "internal error",
    "bad gateway",
    "internal server error",
];

/// The error that a JSON-RPC error object stands for. `origin` never holds a key; `message` is shortened.
pub(crate) fn read(origin: &str, code: i64, message: &str) -> SourceError {
    let origin = origin.to_owned();
    let lower = message.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let detail = shorten(message);
    // A range that is not one (from above to) is our own mistake and shrinks to nothing.
    let is_invalid = lower.contains("invalid block range") || lower.contains("cannot be greater");
    if code == -32601 || (says(UNSUPPORTED) && !says(RATE)) {
        return SourceError::Unsupported {
            origin,
            what: detail,
        };
    }
    // Infura uses -32005 for both limits: the words decide, and of the two a rate limit names requests.
    if code == 429 || code == -32029 || says(RATE) {
        return SourceError::RateLimited {
            origin,
            retry_after: None,
        };
    }
    if code == -32002 || code == 4444 || says(NOT_KEPT) {
        return SourceError::NotKept { origin, detail };
    }
    if !is_invalid && (code == -32005 || says(TOO_MUCH)) {
        return SourceError::RangeRefused { origin, detail };
    }
    if code == -32603 || says(PASSING) {
        return SourceError::Unreachable { origin, detail };
    }
    SourceError::Refused {
        origin,
        code,
        detail,
    }
}

/// One line of at most 300 characters: long enough for the hints that vendors put at the end.
fn shorten(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    if line.chars().count() <= 300 {
        line
    } else {
        let mut short: String = line.chars().take(297).collect();
        short.push_str("...");
        short
    }
}

/// What a refusal lets guess about the next size. A hint: it is used only where it shrinks the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Blocks that should pass.
    pub blocks: Option<u64>,
    /// The most results of one answer.
    pub results: Option<u64>,
    /// Whether the words speak of the number of blocks and not of results.
    pub is_block_cap: bool,
}

/// Reads the hint of a refusal of `asked` blocks from `from` on.
pub(crate) fn hint(detail: &str, from: u64, asked: u64) -> Hint {
    let lower = detail
        .to_lowercase()
        .replace(',', " ")
        .replace("k ", "000 ");
    let mut hint = Hint::default();
    if let Some((start, end)) = bracketed(&lower)
        && start == from
        && end >= start
    {
        hint.blocks = Some((end - start).saturating_add(1)).filter(|blocks| *blocks < asked);
    }
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    for (place, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<u64>() else {
            continue;
        };
        let next = words.get(place + 1).copied().unwrap_or_default();
        if next.starts_with("result") || next.starts_with("log") {
            hint.results = hint.results.or(Some(number)).filter(|results| *results > 0);
        }
    }
    hint.is_block_cap = hint.results.is_none()
        && !lower.contains("result")
        && !lower.contains("response")
        && !lower.contains(" logs")
        && (lower.contains("range") || lower.contains("blocks") || lower.contains("wide"));
    if hint.is_block_cap && hint.blocks.is_none() {
        // Of the numbers in the text the largest that shrinks: the request's own size is often repeated beside the cap.
        hint.blocks = words
            .iter()
            .filter_map(|word| word.parse::<u64>().ok())
            .filter(|number| (1..asked).contains(number))
            .max();
    }
    hint
}

/// `[0x1, 0x2]` anywhere in the text.
fn bracketed(text: &str) -> Option<(u64, u64)> {
    let (_, behind) = text.split_once('[')?;
    let (inside, _) = behind.split_once(']')?;
    let mut numbers = inside
        .split_whitespace()
        .map(|word| word.trim_start_matches("0x"))
        .map(|digits| u64::from_str_radix(digits, 16).ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(error: &SourceError) -> &'static str {
        match error {
            SourceError::RateLimited { .. } => "rate",
            SourceError::RangeRefused { .. } => "range",
            SourceError::NotKept { .. } => "not kept",
            SourceError::Unsupported { .. } => "unsupported",
            SourceError::Unreachable { .. } => "unreachable",
            SourceError::Refused { .. } => "refused",
            _ => "other",
        }
    }

    #[test]
    fn own_dialects_of_refusal() {
        for (code, message, expected) in [
            (-32005, "query returned more than 10000 results", "range"),
            (
                -32005,
                "query returned more than 3000 results. Try with this block range [0x1, 0x2]",
                "range",
            ),
            (-32602, "block range is too wide: at most 50", "range"),
            (
                -32602,
                "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
                "range",
            ),
            (-32000, "exceed maximum block range: 5000", "range"),
            (
                -32000,
                "logs matched by query exceeds limit of 10000",
                "range",
            ),
            (
                -32602,
                "query exceeds max results 20000, retry with the range 100-200",
                "range",
            ),
            (-32614, "eth_getLogs is limited to a 10,000 range", "range"),
            (
                -32000,
                "requested too many blocks from 0 to 16777216, maximum is set to 2048",
                "range",
            ),
            (
                -32701,
                "Please specify an address in your request or, to remove restrictions, order a dedicated full node; ranges over 10000 blocks are not for free",
                "range",
            ),
            (-32062, "Block range is too large", "range"),
            (-32000, "query timeout exceeded", "range"),
            (
                -32005,
                "daily request count exceeded, request rate limited",
                "rate",
            ),
            (
                429,
                "Your app has exceeded its compute units per second capacity",
                "rate",
            ),
            (-32029, "Too Many Requests", "rate"),
            (-32000, "missing trie node 2f8e (path ) <nil>", "not kept"),
            (-32002, "No state available for block 0x1", "not kept"),
            (
                -32602,
                "BlockOutOfRangeError: block height is 20 but requested was 5",
                "not kept",
            ),
            (4444, "pruned history unavailable", "not kept"),
            (
                -32601,
                "the method trace_block does not exist/is not available",
                "unsupported",
            ),
            (
                -32600,
                "debug_traceBlockByNumber is not available on the Free tier: upgrade your plan",
                "unsupported",
            ),
            (-32603, "Internal error", "unreachable"),
            (
                -32000,
                "invalid parameters: fromBlock cannot be greater than toBlock",
                "refused",
            ),
            (-32000, "invalid block range params", "refused"),
            (3, "execution reverted", "refused"),
            (-32000, "genesis is not traceable", "refused"),
        ] {
            assert_eq!(name(&read("node", code, message)), expected, "{message}");
        }
    }

    #[test]
    fn hints_are_used_only_where_they_shrink() {
        let explicit =
            "query returned more than 10000 results. Try with this block range [0x64, 0x95].";
        let read = hint(explicit, 100, 1000);
        assert_eq!((read.blocks, read.results), (Some(50), Some(10_000)));
        // A hint that repeats the refused range is no hint.
        assert_eq!(hint(explicit, 100, 50).blocks, None);
        // A range that starts elsewhere is none for us.
        assert_eq!(hint(explicit, 99, 1000).blocks, None);
        let cap = hint("block range is too wide: at most 50", 0, 1000);
        assert_eq!((cap.blocks, cap.is_block_cap), (Some(50), true));
        let both = hint("requested 2001 blocks, maximum is 1000", 0, 2001);
        assert_eq!(both.blocks, Some(1000));
        let thousands = hint("eth_getLogs is limited to a 10,000 range", 0, 100_000);
        assert!(thousands.is_block_cap);
        assert_eq!(hint("limit exceeded", 0, 100), Hint::default());
    }
}
