//! placeholder
use crate::exit::Exit;
pub async fn run(_: &crate::args::Demo) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
