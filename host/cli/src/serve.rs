use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tutti_server::{Config, Control, ControlToken, Metrics, Server};

use crate::args::{LogFormat, ServeArgs};
use crate::exit::{Exit, Failure};
use crate::settings::{Caching, EngineSettings};
use crate::verify;

pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let mut settings = EngineSettings::from_args(&args.engine)?;
    if let Some(us) = args.gather_us {
        settings.engine.gather = Duration::from_micros(us);
    }
    start_log(args, &settings)?;
    let runtime = tutti_server::runtime().map_err(Failure::cannot_serve)?;
    runtime.block_on(run(args, &settings))
}

async fn run(args: &ServeArgs, settings: &EngineSettings) -> Result<Exit, Failure> {
    let metrics = Arc::new(Metrics::new());
    let observer: Arc<dyn tutti_engine::Observer> = Arc::<Metrics>::clone(&metrics);
    let engine = settings.start(Caching::On, observer)?;
    let config = config(args, settings)?;
    // Caught from before the ports are open: whoever connects may already send a signal.
    let stop = stop_signal()?;
    let bound = Server::bind(config, engine, metrics).map_err(Failure::cannot_serve)?;
    announce(format_args!(
        "tutti {} serves gRPC on http://{}",
        env!("CARGO_PKG_VERSION"),
        bound.grpc_addr()
    ));
    if let Some(side) = bound.side_addr() {
        announce(format_args!("console  http://{side}/"));
        announce(format_args!("metrics  http://{side}/metrics"));
    }
    let report = bound.run(stop).await.map_err(Failure::cannot_serve)?;
    tracing::info!(?report, "stopped");
    Ok(Exit::Well)
}

/// Whoever started the server may not listen: it serves all the same.
fn announce(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn config(args: &ServeArgs, settings: &EngineSettings) -> Result<Config, Failure> {
    let defaults = Config::default();
    let file = &settings.file;
    let drain = args.drain_timeout_s.or(file.drain_timeout_s);
    let token = args.control_token_file.as_ref();
    let control = match token.or(file.control_token_file.as_ref()) {
        None => Control::Anyone,
        Some(path) => {
            let token = ControlToken::new(&verify::read(path)?).map_err(Failure::usage)?;
            Control::Token(token)
        }
    };
    Ok(Config {
        control,
        grpc: args.listen.or(file.listen).unwrap_or(defaults.grpc),
        side: args.side_listen.or(file.side_listen).or(defaults.side),
        limits: settings.engine.limits.clone(),
        drain_timeout: drain.map_or(defaults.drain_timeout, Duration::from_secs),
        ..defaults
    })
}

fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::cannot_serve)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::cannot_serve)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: finishing what was accepted"),
            _ = interrupt.recv() => tracing::info!("SIGINT: finishing what was accepted"),
        }
    })
}

fn start_log(args: &ServeArgs, settings: &EngineSettings) -> Result<(), Failure> {
    let file = &settings.file;
    let filter = args
        .log
        .as_deref()
        .or(file.log.as_deref())
        .unwrap_or("info");
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::usage(format!("{filter:?} is no log filter: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match args.log_format.or(file.log_format).unwrap_or_default() {
        LogFormat::Pretty => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
