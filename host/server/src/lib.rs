//! The gRPC services, admission, health, metrics and drain.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # async fn serve(engine_config: tutti_engine::EngineConfig,
//! #     backends: Vec<Arc<dyn tutti_backend::Backend>>) -> Result<(), tutti_server::ServeError> {
//! use tutti_engine::Engine;
//! use tutti_server::{Config, Metrics, Server};
//!
//! let metrics = Arc::new(Metrics::new());
//! let engine = Engine::start(&engine_config, backends, metrics.clone());
//! let bound = Server::bind(Config::default(), engine, metrics)?;
//! println!("gRPC on {}", bound.grpc_addr());
//! bound.run(async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod accept;
mod attest;
mod calls;
mod certificates;
mod config;
mod control;
mod frontend;
mod health;
mod keysets;
mod metrics;
mod operator_sets;
mod ops;
mod options;
mod parse;
mod refusal;
mod serve;
mod side;
mod verify;
mod words;

pub use config::Config;
pub use control::{Control, ControlToken, NotAToken};
pub use metrics::Metrics;
pub use serve::{Bound, Port, Report, ServeError, Server, runtime};
