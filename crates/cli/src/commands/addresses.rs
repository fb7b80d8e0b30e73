//! `addresses` and `ledger coverage`: what the exchange told us about itself.

use crate::args::{Addresses, Format};
use crate::commands::intake;
use crate::commands::unknown;
use crate::exit::Exit;
use crate::output;
use recover_core::book::AddressRole;
use recover_engine::engine::Engine;
use recover_store::AddressFilter;
use serde::Serialize;

#[derive(Serialize)]
struct AddressView {
    user_id: Option<String>,
    role: &'static str,
    family: &'static str,
    network: Option<String>,
    value: String,
    created: Option<String>,
    retired: Option<String>,
    control: String,
}

/// `addresses`
pub async fn run(format: Format, engine: &Engine, command: &Addresses) -> anyhow::Result<Exit> {
    match command {
        Addresses::Import(import) => {
            intake::run("addresses", import, async |file, rows| {
                engine
                    .import_addresses(file, &move |count| rows.at(count))
                    .await
            })
            .await
        }
        Addresses::List { user, role, limit } => {
            let role = role
                .as_deref()
                .map(|name| {
                    AddressRole::from_name(name).ok_or_else(|| {
                        unknown(
                            "role",
                            name,
                            AddressRole::ALL.iter().map(|role| role.code()),
                        )
                    })
                })
                .transpose()?;
            let filter = AddressFilter {
                user_id: user.clone(),
                role,
                ..AddressFilter::default()
            };
            let page = engine.store().list_addresses(&filter, None, *limit).await?;
            let views: Vec<AddressView> = page
                .records
                .into_iter()
                .map(|record| AddressView {
                    user_id: record.user_id,
                    role: record.role.code(),
                    family: record.family.code(),
                    network: record.network.map(|network| network.to_string()),
                    value: record.value,
                    created: record.created.map(|time| time.to_string()),
                    retired: record.retired.map(|time| time.to_string()),
                    control: record.control.to_string(),
                })
                .collect();
            output::rows(
                format,
                &[
                    "user_id", "role", "family", "network", "value", "created", "retired",
                    "control",
                ],
                &views,
                |view| {
                    vec![
                        view.user_id.clone().unwrap_or_default(),
                        view.role.to_owned(),
                        view.family.to_owned(),
                        view.network.clone().unwrap_or_default(),
                        view.value.clone(),
                        view.created.clone().unwrap_or_default(),
                        view.retired.clone().unwrap_or_default(),
                        view.control.clone(),
                    ]
                },
            )?;
            if page.next.is_some() {
                eprintln!("more are there: raise --limit or narrow the filter");
            }
            Ok(Exit::Done)
        }
    }
}

#[derive(Serialize)]
struct PeriodView {
    network: String,
    from: String,
    to: String,
}

/// `ledger coverage`
pub async fn ledger_coverage(format: Format, engine: &Engine) -> anyhow::Result<Exit> {
    let views: Vec<PeriodView> = engine
        .store()
        .ledger_periods(None)
        .await?
        .into_iter()
        .map(|period| PeriodView {
            network: period.network.to_string(),
            from: period.from.to_string(),
            to: period.to.to_string(),
        })
        .collect();
    output::rows(format, &["network", "from", "to"], &views, |view| {
        vec![view.network.clone(), view.from.clone(), view.to.clone()]
    })?;
    Ok(Exit::Done)
}
