//! The Rust client of Tutti: typed verdicts, several servers, deadlines, retries and hedging.
//!
//! The drop-in for a node: where it used to verify a batch of gossiped attestations itself, it
//! asks, and treats what was not decided as it treats what it has not verified yet.
//!
//! ```no_run
//! use std::time::Duration;
//! use tutti_client::{Client, ClientError, Config, Priority, Scheme, SignatureSet, Verdict};
//!
//! # async fn node(attestations: Vec<SignatureSet>) -> Result<(), ClientError> {
//! let client = Client::new(
//!     Config::new(["http://10.0.0.1:50051", "http://10.0.0.2:50051"])
//!         .deadline(Duration::from_secs(1))
//!         .hedge_after(Duration::from_millis(50)),
//! )?;
//!
//! // Once for each gossip peer: one that sends bad signatures is then batched apart.
//! let peer = client.source("peer 16Uiu2HAm").priority(Priority::Urgent);
//! let answer = peer.verify_sets(&Scheme::Bls12381MinPkPop, &attestations).await?;
//! for (attestation, verdict) in attestations.iter().zip(answer.results) {
//!     match verdict {
//!         Verdict::Valid => { /* import and forward it */ }
//!         Verdict::Invalid(reason, part) => println!("reject: {} ({part})", reason.text()),
//!         Verdict::Undecided(cause) => println!("ignore for now: {}", cause.text()),
//!     }
//!     # let _ = attestation;
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod certificates;
mod config;
mod endpoints;
mod error;
mod items;
mod keysets;
mod ops;
mod stream;
mod verify;
mod words;

use std::sync::Arc;

pub use tutti_proto::v1;
pub use tutti_types::{
    CurveId, Dst, Encoding, GroupId, HashVariant, InvalidReason, KeySetId, NotAKeySetId, Part,
    Priority, Scheme, UndecidedCause, Verdict, World,
};

pub use certificates::{Advance, CertificateOutcome, SetChanges};
pub use config::Config;
pub use error::ClientError;
pub use items::{
    Aggregate, AggregateRole, Answer, ColumnKeys, Columns, EmptyRule, Hash, HashInput, KeySetInfo,
    PointPair, SignatureSet, SignedMessage, Signer, Signers, Sum, Timing,
};
pub use stream::VerifyStream;

use endpoints::Endpoints;

/// A client of one or several servers. Clones share their connections; [`Client::source`] and
/// the like make one with other defaults.
#[derive(Clone, Debug)]
pub struct Client {
    endpoints: Arc<Endpoints>,
    priority: Priority,
    source: String,
    request_id: String,
    encoding: Option<Encoding>,
}

impl Client {
    /// Connects when the first call is made, and again whenever a connection was lost. Must be
    /// called on a tokio runtime.
    pub fn new(config: Config) -> Result<Self, ClientError> {
        Ok(Self {
            endpoints: Arc::new(Endpoints::new(config)?),
            priority: Priority::Normal,
            source: String::new(),
            request_id: String::new(),
            encoding: None,
        })
    }

    /// The lane that items wait in.
    #[must_use]
    pub fn priority(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// Who the work is for, at most 64 bytes: sources share the server fairly, and one that
    /// sends bad items spoils no other's batches.
    #[must_use]
    pub fn source(&self, source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            ..self.clone()
        }
    }

    /// What the server's logs and answers call the request, at most 128 bytes.
    #[must_use]
    pub fn request_id(&self, request_id: impl Into<String>) -> Self {
        Self {
            request_id: request_id.into(),
            ..self.clone()
        }
    }

    /// How keys, signatures and points stand in bytes. Without it, as is usual for the curve.
    #[must_use]
    pub fn encoding(&self, encoding: Encoding) -> Self {
        Self {
            encoding: Some(encoding),
            ..self.clone()
        }
    }

    fn options(&self) -> v1::RequestOptions {
        v1::RequestOptions {
            request_id: self.request_id.clone(),
            priority: words::priority(self.priority).into(),
            source: self.source.clone(),
            // The deadline travels with the call itself.
            time_limit_ms: 0,
        }
    }

    fn wire_encoding(&self) -> i32 {
        self.encoding
            .map_or(v1::Encoding::Unspecified, words::encoding)
            .into()
    }
}
