//! The files of a set of cases.

use super::Cases;
use super::codec;
use super::moment::moment;
use super::words::REASONS;
use super::world::shown;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Adds a column, quoted where it must be.
pub fn field(line: &mut String, text: &str) {
    if text.contains(['"', ',', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

struct Sheet {
    file: BufWriter<std::fs::File>,
    sum: Sha256,
    name: &'static str,
}

impl Sheet {
    fn new(folder: &Path, name: &'static str, head: &str) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, std::fs::File::create(folder.join(name))?);
        let mut sheet = Self {
            file,
            sum: Sha256::new(),
            name,
        };
        sheet.line(head)?;
        Ok(sheet)
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.sum.update(line.as_bytes());
        self.sum.update(b"\n");
        Ok(())
    }

    fn end(mut self, sums: &mut serde_json::Map<String, serde_json::Value>) -> io::Result<()> {
        self.file.flush()?;
        sums.insert(
            self.name.to_owned(),
            hex::encode(self.sum.finalize()).into(),
        );
        Ok(())
    }
}

/// Writes all files; see [`Cases::write`].
pub fn write(cases: &Cases, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut sums = serde_json::Map::new();
    deposits(cases, folder, &mut sums)?;

    let mut book = Sheet::new(folder, "address_book.csv", "user_id,role,family,value")?;
    let mut rows = 0u64;
    for user in 0..cases.world.users.count {
        for (role, family, value) in cases.world.users.rows(user) {
            book.line(&format!("U{user:08},{role},{family},{value}"))?;
            rows += 1;
        }
    }
    book.end(&mut sums)?;

    let mut appeals = Sheet::new(
        folder,
        "appeals.csv",
        "appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,\
         claimed_memo,claimed_from_address,claimed_at,ownership_proof,session_view_at,free_text",
    )?;
    let mut truth = Sheet::new(
        folder,
        "truth.csv",
        "appeal_id,kind,deposit_id,target_deposit_id,should_credit,errors",
    )?;
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let id = |place: Option<u32>| place.map_or(String::new(), |place| format!("D{place:08}"));
    for (number, told) in cases.appeals.iter().enumerate() {
        appeals.line(&format!("A{number:08},{}", told.line))?;
        *kinds.entry(told.kind).or_default() += 1;
        truth.line(&format!(
            "A{number:08},{},{},{},{},{}",
            told.kind,
            id(told.deposit),
            id(told.target),
            u8::from(told.is_creditable),
            told.errors
        ))?;
    }
    appeals.end(&mut sums)?;
    truth.end(&mut sums)?;

    let manifest = serde_json::json!({
        "generator": "recover-testkit cases 1",
        "size": cases.world.deposits.len(),
        "seed": cases.world.seed,
        "profile": cases.profile.name,
        "deposits": cases.world.deposits.len(),
        "appeals": cases.appeals.len(),
        "address_book": rows,
        "kinds": kinds,
        "outputs_in_batched_tx": cases.world.batched,
        "sha256": sums,
    });
    std::fs::write(folder.join("manifest.json"), format!("{manifest:#}\n"))
}

fn deposits(
    cases: &Cases,
    folder: &Path,
    sums: &mut serde_json::Map<String, serde_json::Value>,
) -> io::Result<()> {
    let mut sheet = Sheet::new(
        folder,
        "deposits.csv",
        "deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason",
    )?;
    let mut owners = Sheet::new(folder, "truth_deposits.csv", "deposit_id,owner_user_id")?;
    let mut line = String::new();
    for (number, deposit) in cases.world.deposits.iter().enumerate() {
        line.clear();
        let _ = write!(
            line,
            "D{number:08},{},{},{},{},{},{},{},{},{},{},{}",
            deposit.chain().name,
            deposit.tx_id(),
            deposit.output,
            deposit.height(),
            moment(deposit.time).stamp(),
            codec::address(deposit.family(), deposit.from),
            codec::address(deposit.family(), deposit.to),
            deposit.asset.symbol(),
            shown(deposit.amount),
            deposit.memo,
            REASONS[deposit.reason].0
        );
        sheet.line(&line)?;
        owners.line(&format!("D{number:08},U{:08}", deposit.owner))?;
    }
    sheet.end(sums)?;
    owners.end(sums)
}
