//! Where answers come from: a server that runs, or one of our own inside this process.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tutti_client::{Client, ClientError};
use tutti_server::{Metrics, Server};

use crate::args::SourceArgs;
use crate::exit::Failure;
use crate::settings::{Caching, EngineSettings};
use crate::verify;

/// Conformance suites ask for sums of millions of points on slow machines.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client, and with it the server where there is none to ask.
pub(crate) struct Source {
    runtime: Runtime,
    pub(crate) client: Client,
    /// The server in this process stops when this is dropped.
    _local: Option<oneshot::Sender<()>>,
}

impl Source {
    pub(crate) fn open(args: &SourceArgs) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(Failure::cannot_serve)?;
        let (endpoint, local) = if let Some(url) = &args.endpoint {
            (url.clone(), None)
        } else {
            let (endpoint, stop) = serve_here(&runtime, args)?;
            (endpoint, Some(stop))
        };
        let mut config = tutti_client::Config::new([endpoint]).deadline(PATIENCE);
        if let Some(path) = &args.control_token_file {
            config = config.control_token(verify::read(path)?);
        }
        let client = {
            let _inside = runtime.enter();
            Client::new(config).map_err(Failure::usage)?
        };
        Ok(Self {
            runtime,
            client,
            _local: local,
        })
    }

    /// Waits for an answer.
    pub(crate) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        self.runtime.block_on(answer)
    }
}

/// The whole server on a free loopback port: what is tested here is what is served.
fn serve_here(
    runtime: &Runtime,
    args: &SourceArgs,
) -> Result<(String, oneshot::Sender<()>), Failure> {
    let settings = EngineSettings::from_args(&args.engine)?;
    let metrics = Arc::new(Metrics::new());
    let observer: Arc<dyn tutti_engine::Observer> = Arc::<Metrics>::clone(&metrics);
    let engine = settings.start(Caching::On, observer)?;
    let config = tutti_server::Config {
        grpc: (Ipv4Addr::LOCALHOST, 0).into(),
        side: None,
        limits: settings.engine.limits.clone(),
        ..tutti_server::Config::default()
    };
    let inside = runtime.enter();
    let bound = Server::bind(config, engine, metrics).map_err(Failure::cannot_serve)?;
    drop(inside);
    let endpoint = format!("http://{}", bound.grpc_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    runtime.spawn(bound.run(async {
        // An error means that the sender is gone, which is the signal.
        let _ = stopped.await;
    }));
    Ok((endpoint, stop))
}
