//! The `recover` command: parses, calls the engine, renders. It decides nothing.

mod advice_view;
mod args;
mod backtest_page;
mod claim_page;
mod commands;
mod demo;
mod exit;
mod output;
mod progress;
mod quote_page;
mod secrets;
mod view;
mod wiring;

use args::{Arguments, Chains, Command, Ledger};
use clap::{CommandFactory as _, Parser as _};
use exit::Exit;
use recover_engine::clock::SystemClock;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_store::Store;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let typed = secrets::typed(std::env::args_os());
    secrets::warn(&typed.found);
    if typed.is_scattered {
        eprintln!(
            "error: the words of a secret were typed one by one: nothing was done, and none of them is repeated"
        );
        return Exit::Usage.into();
    }
    let arguments = match Arguments::try_parse_from(typed.arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap writes help to standard output and errors to standard error, as it should be.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    tracing_subscriber::fmt()
        .with_writer(|| secrets::Log)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("RECOVER_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .with_target(false)
        .init();
    // One TLS provider for every connection; a second installation is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no threads could be started: {error}");
            return Exit::Fault.into();
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error).into(),
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let Arguments { global, command } = arguments;
    let format = global.format;
    let actor = global.actor.as_deref();
    // What needs no database.
    match &command {
        Command::Completions(completions) => {
            clap_complete::generate(
                completions.shell,
                &mut Arguments::command(),
                "recover",
                &mut std::io::stdout(),
            );
            return Ok(Exit::Done);
        }
        Command::Init(init) => return commands::init::run(init),
        Command::Demo(demo) => return demo::run(demo).await,
        Command::Chains(Chains::List) => {
            return commands::chains::list(format, &chains(&global.config)?);
        }
        Command::Policy(args::Policy::Check { matrix }) => {
            let chains = chains(&global.config)?;
            return commands::policy::check(format, &chains, global.policy.as_deref(), *matrix);
        }
        Command::Audit(args::Audit::Verify {
            head,
            heads,
            file: Some(file),
            after,
        }) => {
            return commands::audit::verify_file(format, file, *after, head, heads.as_deref());
        }
        _ => {}
    }
    let chains = chains(&global.config)?;
    let policy = global
        .policy
        .as_deref()
        .map(|path| commands::policy::load(path, &chains))
        .transpose()?;
    let store = match &command {
        Command::Backtest(_) => Store::open_read_only(&global.database).await?,
        _ => Store::open(&global.database).await?,
    };
    let engine = Engine::new(
        store,
        chains,
        policy,
        wiring::adapters(),
        Arc::new(SystemClock),
    )?
    .proven_by(wiring::message_proofs());
    match &command {
        Command::Scan(scan) => commands::scan::run(format, &engine, scan).await,
        Command::Diagnose(diagnose) => {
            commands::diagnose::run(format, &engine, diagnose, actor).await
        }
        Command::Appeals(appeals) => commands::appeals::run(format, &engine, appeals, actor).await,
        Command::Match(matching) => commands::matching::run(format, &engine, matching, actor).await,
        Command::Proofs(proofs) => commands::proofs::run(format, &engine, proofs, actor).await,
        Command::Quote(quote) => commands::quote::run(format, &engine, quote, actor).await,
        Command::Claims(claims) => commands::claims::run(format, &engine, claims, actor).await,
        Command::Chains(Chains::Check { network }) => {
            commands::chains::check(format, &engine, network).await
        }
        Command::Addresses(addresses) => commands::addresses::run(format, &engine, addresses).await,
        Command::Ledger(Ledger::Import { import, covers }) => {
            commands::intake::run("ledger", import, async |file, rows| {
                engine
                    .import_ledger(file, covers, &move |count| rows.at(count))
                    .await
            })
            .await
        }
        Command::Ledger(Ledger::Coverage) => {
            commands::addresses::ledger_coverage(format, &engine).await
        }
        Command::Prices(prices) => commands::prices::run(format, &engine, prices).await,
        Command::Tokens(tokens) => commands::tokens::run(format, &engine, tokens, actor).await,
        Command::Deposits(deposits) => commands::deposits::run(format, &engine, deposits).await,
        Command::Watch(watch) => commands::watch_list::run(format, &engine, watch, actor).await,
        Command::Report(report) => commands::report::run(format, &engine, report).await,
        Command::Reconcile(reconcile) => commands::reconcile::run(format, &engine, reconcile).await,
        Command::Backtest(backtest) => commands::backtest::run(format, &engine, backtest).await,
        Command::Policy(policy) => commands::policy::run(format, &engine, policy, actor).await,
        Command::People(people) => commands::people::run(format, &engine, people).await,
        Command::Halt(halt) => commands::halt::run(format, &engine, halt, actor).await,
        Command::Audit(audit) => commands::audit::run(format, &engine, audit).await,
        Command::Completions(_)
        | Command::Init(_)
        | Command::Demo(_)
        | Command::Chains(Chains::List) => Ok(Exit::Done),
    }
}

fn chains(path: &Path) -> anyhow::Result<ChainsConfig> {
    Ok(ChainsConfig::load(path, &wiring::adapters())?)
}
