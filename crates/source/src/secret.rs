//! Texts that may hold a key: expanded from the environment when first used, never printed.

use crate::error::SourceError;

/// A text of the configuration with `${VARIABLE}` in it: a URL or a key. Printing shows the variables' names only, since
/// the rest may hold a key that somebody wrote into the file all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretTemplate(String);

impl SecretTemplate {
    /// A template as the configuration has it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The names of the variables it needs, in order.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        pieces(&self.0)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Variable(name) => Some(name),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// What may be said of it in messages: the host of a URL, else the variables' names.
    #[must_use]
    pub fn label(&self) -> String {
        let host = url::Url::parse(&self.0)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .filter(|host| !host.contains(['$', '{', '%']));
        host.unwrap_or_else(|| {
            let names: Vec<String> = self
                .variables()
                .into_iter()
                .map(|name| format!("${{{name}}}"))
                .collect();
            if names.is_empty() {
                "[redacted]".to_owned()
            } else {
                names.join(" ")
            }
        })
    }

    /// The text with every variable replaced.
    ///
    /// # Errors
    /// [`SourceError::MissingVariable`] when `lookup` has none of that name, or an empty one.
    pub fn expand(
        &self,
        origin: &str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<SecretText, SourceError> {
        let mut text = String::new();
        for piece in pieces(&self.0) {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Variable(name) => {
                    let value = lookup(name).filter(|value| !value.trim().is_empty());
                    let value = value.ok_or_else(|| SourceError::MissingVariable {
                        origin: origin.to_owned(),
                        variable: name.to_owned(),
                    })?;
                    text.push_str(value.trim());
                }
            }
        }
        Ok(SecretText(text))
    }
}

impl std::fmt::Debug for SecretTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretTemplate({})", self.label())
    }
}

impl std::fmt::Display for SecretTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.label())
    }
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Variable(name));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A text that may hold a key. It prints as `[redacted]` and is read only by [`SecretText::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the request and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl std::fmt::Display for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "CANARY-4f2a";

    #[test]
    fn keys_never_print() {
        let template =
            SecretTemplate::new(&format!("https://node.example/v3/{CANARY}?key={CANARY}"));
        let text = template.expand("json_rpc", |_| None).unwrap();
        for printed in [
            format!("{template:?}"),
            format!("{template}"),
            format!("{text:?}"),
            format!("{text}"),
            template.label(),
        ] {
            assert!(!printed.contains(CANARY), "{printed}");
        }
        assert!(text.reveal().ends_with(CANARY));
        assert_eq!(template.label(), "node.example");
        // A bare key has nothing that may be shown.
        assert_eq!(SecretTemplate::new(CANARY).label(), "[redacted]");
        // Credentials before the host are no part of it.
        let login = SecretTemplate::new(&format!("https://user:{CANARY}@node.example/"));
        assert_eq!(login.label(), "node.example");
    }

    #[test]
    fn variables_are_expanded_when_used() {
        let template = SecretTemplate::new("https://${HOST}/v3/${KEY}");
        assert_eq!(template.variables(), ["HOST", "KEY"]);
        assert_eq!(template.label(), "${HOST} ${KEY}");
        let text = template
            .expand("json_rpc", |name| Some(name.to_lowercase()))
            .unwrap();
        assert_eq!(text.reveal(), "https://host/v3/key");
        let missing = template.expand("json_rpc of ethereum", |name| {
            (name == "HOST").then(|| "h".to_owned())
        });
        assert_eq!(
            missing.unwrap_err().to_string(),
            "json_rpc of ethereum needs the environment variable KEY; set it, or remove this source from chains.toml"
        );
        let empty = template.expand("json_rpc", |_| Some(" ".to_owned()));
        assert!(matches!(empty, Err(SourceError::MissingVariable { .. })));
    }
}
