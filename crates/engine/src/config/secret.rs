//! Keeping secrets out of files: what a key and a URL may look like.

use super::error::Problem;

/// A path segment or value at least this long that mixes digits and letters is taken for an API key: node operators put
/// them there (`/v3/<32 digits>`), and no ordinary path looks like that.
const KEY_LIKE_MIN: usize = 20;

/// Checks that a key is one `${NAME}` and nothing else.
pub(super) fn check_key(text: &str) -> Result<(), Problem> {
    match text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(name) if is_variable(name) => Ok(()),
        Some(_) => Err(Problem::Variable),
        None => Err(Problem::LiteralSecret),
    }
}

/// Checks that a URL is one that can be asked and holds no secret of its own; `${NAME}` may stand for all or part of it.
pub(super) fn check_url(text: &str) -> Result<(), Problem> {
    let plain = without_variables(text)?;
    if text.starts_with("${") {
        return check_parts(&plain);
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| plain.strip_prefix(scheme))
        .ok_or(Problem::Url)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(|character: char| character.is_whitespace()) {
        return Err(Problem::Url);
    }
    check_parts(without_login(rest))
}

/// What follows a login of two variables, which is how the daemons of Bitcoin's family want one: `${USER}:${PASSWORD}@`.
fn without_login(rest: &str) -> &str {
    match rest.split_once('@') {
        Some((login, behind)) if login == format!("{MARK}:{MARK}") || login == MARK.to_string() => {
            behind
        }
        _ => rest,
    }
}

fn check_parts(rest: &str) -> Result<(), Problem> {
    if rest.contains('@') {
        return Err(Problem::LiteralSecret);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let named_secret = query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        let is_secret = ["key", "token", "secret", "password", "auth"]
            .iter()
            .any(|word| name.contains(word));
        // A variable was replaced by the marker, so what is left was written out.
        is_secret && !value.is_empty() && !value.chars().all(|character| character == MARK)
    });
    let segments = path
        .split('/')
        .skip(1)
        .chain(query.split(['&', '=']))
        .any(is_key_like);
    // Some providers put the key into the host name.
    let labels = path
        .split('/')
        .next()
        .unwrap_or_default()
        .split(['.', ':'])
        .any(is_key_like);
    if named_secret || segments || labels {
        Err(Problem::LiteralSecret)
    } else {
        Ok(())
    }
}

/// Stands where a variable stood: no URL holds it.
const MARK: char = '\u{1}';

fn without_variables(text: &str) -> Result<String, Problem> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push(MARK);
        let (name, tail) = after.split_once('}').ok_or(Problem::Variable)?;
        if !is_variable(name) {
            return Err(Problem::Variable);
        }
        rest = tail;
    }
    plain.push_str(rest);
    Ok(plain)
}

fn is_key_like(segment: &str) -> bool {
    segment.len() >= KEY_LIKE_MIN
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && segment.bytes().any(|byte| byte.is_ascii_digit())
        && segment.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_variable(name: &str) -> bool {
    name.bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_login_is_of_variables_only() {
        for text in [
            "http://${USER}:${PASSWORD}@127.0.0.1:8332",
            "https://${LOGIN}@node.example/path",
        ] {
            assert_eq!(check_url(text), Ok(()), "{text}");
        }
        for text in [
            "http://user:${PASSWORD}@127.0.0.1:8332",
            "http://${USER}:secret@127.0.0.1:8332",
            "http://user@127.0.0.1:8332",
            "http://${USER}:${PASSWORD}@a@127.0.0.1:8332",
            "http://${USER}${PASSWORD}@127.0.0.1:8332",
        ] {
            assert_eq!(check_url(text), Err(Problem::LiteralSecret), "{text}");
        }
    }

    #[test]
    fn own_keys_are_variables_only() {
        assert_eq!(check_key("${ETHERSCAN_API_KEY}"), Ok(()));
        for text in ["", "ABC123", "${A}${B}x", "x${A}"] {
            assert!(check_key(text).is_err(), "{text}");
        }
        assert_eq!(check_key("${lower}"), Err(Problem::Variable));
        assert_eq!(check_key("${}"), Err(Problem::Variable));
    }

    #[test]
    fn own_urls_carry_no_secret() {
        for text in [
            "${ETHEREUM_RPC_URL}",
            "${NODE}/path",
            "https://api.etherscan.io/v2/api",
            "https://eth.blockscout.com",
            "http://127.0.0.1:8545",
            "https://node.example/v3/${NODE_KEY}",
            "https://node.example/rpc?apikey=${NODE_KEY}",
            "https://mainnet.gateway.tenderly.example/public",
            "https://binance-smart-chain-public.nodes.example",
        ] {
            assert_eq!(check_url(text), Ok(()), "{text}");
        }
        for text in [
            "https://user:pass@node.example",
            "https://node.example/v3/9aa3d95b3bc440fa88ea12eaa4456161",
            "https://node.example/rpc?apikey=abc",
            "https://node.example/rpc?x=9aa3d95b3bc440fa88ea12eaa4456161",
            "https://9aa3d95b3bc440fa88ea12eaa4456161.node.example/",
            "${NODE}/9aa3d95b3bc440fa88ea12eaa4456161",
        ] {
            assert_eq!(check_url(text), Err(Problem::LiteralSecret), "{text}");
        }
        for text in [
            "",
            "node.example",
            "ftp://node.example",
            "https://",
            "https:///x",
            "https://a b/",
        ] {
            assert_eq!(check_url(text), Err(Problem::Url), "{text}");
        }
        for text in [
            "https://node.example/${",
            "${a}",
            "https://node.example/${A",
        ] {
            assert_eq!(check_url(text), Err(Problem::Variable), "{text}");
        }
    }
}
