//! Where in a file something stands, for error messages.

/// A place in a TOML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The table, as its header has it (`network.bsc.source`); empty above the first header.
    pub table: String,
    /// The key; empty when the whole table is meant.
    pub key: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if !self.table.is_empty() {
            write!(f, " [{}]", self.table)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}", self.key)?;
        }
        Ok(())
    }
}

/// Finds places in one file from byte offsets.
pub(super) struct Text<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// The place at a byte offset; the table is the nearest header above, the key as given or else read from the line.
    pub(super) fn place(&self, offset: usize, key: Option<&str>) -> Place {
        let mut place = Place {
            file: self.file.to_owned(),
            line: 0,
            table: String::new(),
            key: key.unwrap_or_default().to_owned(),
        };
        let mut begin = 0;
        for line in self.text.split_inclusive('\n') {
            if begin > offset {
                break;
            }
            begin += line.len();
            place.line += 1;
            let trimmed = line.trim_start();
            if trimmed.starts_with('[') {
                // An array that spans lines may begin one with a bracket; a header names a table.
                let name = trimmed.trim_start_matches('[');
                if let Some((name, _)) = name.split_once(']').filter(|(name, _)| is_table(name)) {
                    name.trim().clone_into(&mut place.table);
                    if key.is_none() {
                        place.key.clear();
                    }
                }
            } else if key.is_none()
                && let Some((name, _)) = trimmed.split_once('=').filter(|(name, _)| is_table(name))
            {
                name.trim().clone_into(&mut place.key);
            }
        }
        place.line = place.line.max(1);
        place
    }
}

fn is_table(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_places_name_line_table_and_key() {
        let text = "name = 1\n[a.b]\nlist = [\n  \"x\",\n]\n\n[[a.c]]\nkey = 2\n";
        let file = Text { file: "f", text };
        let at = |needle: &str, key| file.place(text.find(needle).unwrap(), key).to_string();
        assert_eq!(at("name", None), "f:1 name");
        assert_eq!(at("\"x\"", None), "f:4 [a.b] list");
        assert_eq!(at("key", None), "f:8 [a.c] key");
        assert_eq!(at("[[a.c]]", Some("contract")), "f:7 [a.c] contract");
        assert_eq!(at("[[a.c]]", None), "f:7 [a.c]");
    }
}
