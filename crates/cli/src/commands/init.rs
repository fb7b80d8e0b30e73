//! `init`: the two files to start from.

use crate::args::Init;
use crate::exit::Exit;
use anyhow::Context as _;
use std::io::Write as _;

const CHAINS: &str = include_str!("../../../../chains.toml");
const POLICY: &str = include_str!("../../../../policy.toml");

/// Writes `chains.toml` and `policy.toml`; a file that is there is left alone.
pub fn run(arguments: &Init) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(&arguments.dir).with_context(|| {
        format!(
            "{} cannot be made: check the path and your rights",
            arguments.dir.display()
        )
    })?;
    let mut kept = false;
    for (name, text) in [("chains.toml", CHAINS), ("policy.toml", POLICY)] {
        let path = arguments.dir.join(name);
        let opened = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path);
        match opened {
            Ok(mut file) => {
                file.write_all(text.as_bytes())
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                eprintln!("wrote {}", path.display());
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                eprintln!("{} is there already and was left as it is", path.display());
                kept = true;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be written", path.display()));
            }
        }
    }
    eprintln!(
        "next: set the variables of the networks you run (ETHEREUM_RPC_URL, …), then `recover chains check`,"
    );
    eprintln!(
        "      `recover addresses import FILE`, `recover ledger import FILE --covers …`, `recover scan`"
    );
    Ok(if kept { Exit::Refused } else { Exit::Done })
}
