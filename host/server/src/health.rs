use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tutti_engine::{Engine, Health};
use tutti_proto::v1::key_set_service_server::KeySetServiceServer;
use tutti_proto::v1::ops_service_server::OpsServiceServer;
use tutti_proto::v1::verify_service_server::VerifyServiceServer;
use tutti_types::Operation;

use crate::keysets::KeySetsFront;
use crate::ops::Ops;
use crate::verify::Verify;

const EVERY: Duration = Duration::from_millis(500);

/// What the server as a whole can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    /// No healthy backend verifies anything.
    NoBackend,
    Draining,
}

impl Readiness {
    pub(crate) fn of(engine: &Engine, draining: &CancellationToken) -> Self {
        let verifies = |operation: &Operation| matches!(operation, Operation::Verify(_));
        if draining.is_cancelled() {
            Self::Draining
        } else if does(engine, verifies) {
            Self::Ready
        } else {
            Self::NoBackend
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NoBackend => "no healthy backend verifies anything",
            Self::Draining => "draining",
        }
    }
}

/// Whether a healthy backend does an operation that is wanted.
fn does(engine: &Engine, wanted: impl Fn(&Operation) -> bool) -> bool {
    engine.backends().iter().any(|status| {
        status.health == Health::Up && status.descriptor.operations.iter().any(&wanted)
    })
}

/// Keeps grpc.health.v1 true for each service, until the server stops.
pub(crate) async fn report(reporter: HealthReporter, engine: Engine, draining: CancellationToken) {
    loop {
        let ready = Readiness::of(&engine, &draining);
        let verify = ready == Readiness::Ready;
        let keys = ready != Readiness::Draining && does(&engine, |o| *o == Operation::CheckKeys);
        let ops = ready != Readiness::Draining;
        let services = [
            ("", verify),
            (VerifyServiceServer::<Verify>::NAME, verify),
            (KeySetServiceServer::<KeySetsFront>::NAME, keys),
            (OpsServiceServer::<Ops>::NAME, ops),
        ];
        for (service, serving) in services {
            let status = if serving {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            reporter.set_service_status(service, status).await;
        }
        if ready == Readiness::Draining {
            return;
        }
        tokio::select! {
            () = draining.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
