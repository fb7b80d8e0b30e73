//! An engine over recorded answers of real networks, read by the adapters that read real servers.

use super::answers::{Answer, Answers};
use crate::wiring;
use anyhow::Context as _;
use recover_core::network::NetworkId;
use recover_engine::clock::FixedClock;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_source::chain::ChainRead;
use recover_store::Store;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a part of the demo was recorded from, and what is invented around it.
pub struct Recording {
    /// What its files are called.
    pub name: &'static str,
    /// The moment at which it plays.
    pub now: &'static str,
    /// What was recorded: the network, and the answer.
    pub answers: fn() -> anyhow::Result<Vec<(String, Answer)>>,
    /// What servers say of themselves, by network: JSON of questions and answers. Its networks are those of the part.
    pub around: &'static str,
    /// The address book.
    pub addresses: &'static str,
    /// The ledger.
    pub ledger: &'static str,
    /// Which kind of source was recorded, by network.
    pub kind: fn(&str) -> &'static str,
}

impl Recording {
    fn sources(
        &self,
        chains: &ChainsConfig,
    ) -> anyhow::Result<BTreeMap<NetworkId, Arc<dyn ChainRead>>> {
        #[derive(serde::Deserialize)]
        struct Frame {
            ask: String,
            #[serde(default)]
            about: String,
            answer: serde_json::Value,
        }
        let around: BTreeMap<String, Vec<Frame>> = serde_json::from_str(self.around)?;
        let recorded = (self.answers)()?;
        let mut sources = BTreeMap::new();
        for (name, frames) in around {
            let id = NetworkId::new(&name);
            let answers = recorded
                .iter()
                .filter(|(network, _)| *network == name)
                .map(|(_, answer)| answer.clone());
            let frames = frames.into_iter().map(|frame| Answer {
                ask: frame.ask,
                about: frame.about,
                body: frame.answer.to_string().into(),
            });
            let answers = Answers::new(&name, answers.chain(frames).collect());
            let network = chains
                .network(&id)
                .context("a recorded network has no table")?;
            let kind = (self.kind)(&name);
            let source = wiring::open_over(network, kind, Arc::new(answers))
                .with_context(|| format!("{name} has no source of kind {kind}"))?;
            sources.insert(id, source);
        }
        Ok(sources)
    }

    /// An engine over the recording, with its own database in the folder.
    pub async fn engine(&self, folder: &Path) -> anyhow::Result<Engine> {
        let adapters = wiring::adapters();
        let mut chains = ChainsConfig::parse(
            "chains.toml",
            include_str!("../../../../chains.toml"),
            &adapters,
        )?;
        let sources = self.sources(&chains)?;
        chains
            .networks
            .retain(|network, _| sources.contains_key(network));
        let database = folder.join(self.name).with_extension("db");
        let store = Store::open(&format!("sqlite://{}", database.display())).await?;
        let clock = Arc::new(FixedClock(recover_core::time::Timestamp::parse(self.now)?));
        let engine = Engine::over(store, chains, None, adapters, clock, sources);
        let intake = |name: &str, text: &'static str| IntakeFile {
            name: name.to_owned(),
            reader: text.as_bytes(),
            map: ColumnMap::default(),
            reject: folder
                .join(format!("{}-{name}", self.name))
                .with_extension("rejected.csv"),
        };
        let quiet = |_: u64| {};
        let reports = [
            engine
                .import_addresses(intake("addresses.csv", self.addresses), &quiet)
                .await?,
            engine
                .import_ledger(intake("ledger.csv", self.ledger), &[], &quiet)
                .await?,
        ];
        if let Some(report) = reports.iter().find(|report| report.rejected > 0) {
            anyhow::bail!("{} invented rows were rejected", report.rejected);
        }
        Ok(engine)
    }
}
