use std::net::TcpListener;
use std::sync::Arc;

use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tutti_engine::{Engine, EngineConfig};
use tutti_proto::v1;
use tutti_server::{Metrics, Port, ServeError, Server};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_name_every_scheme_and_operation() {
    let running = start();
    let mut client = running.ops().await;
    let answer = client.get_capabilities(v1::GetCapabilitiesRequest {}).await;
    let answer = answer.unwrap().into_inner();
    let kinds: Vec<_> = answer
        .schemes
        .iter()
        .map(v1::SchemeCapability::scheme)
        .collect();
    let expected: Vec<_> = schemes().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, expected);
    for (capability, (_, scheme)) in answer.schemes.iter().zip(schemes()) {
        assert_eq!(capability.name, scheme.name());
        assert!(!capability.encodings.is_empty());
    }
    assert_eq!(answer.operations.len(), tutti_types::Operation::ALL.len());
    for operation in &answer.operations {
        assert_eq!(operation.backends, ["cpu"], "{operation:?}");
        assert_eq!(operation.availability(), v1::Availability::Ready);
    }
    let limits = answer.limits.unwrap();
    assert_eq!(limits.items_per_request_max, 131_072);
    assert_eq!(limits.certificates_per_request_max, 4_096);
    assert_eq!(limits.set_watchers_max, 64);
    assert_eq!(limits.witnesses_remembered_max, 65_536);
    assert_eq!(answer.version, env!("CARGO_PKG_VERSION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_tell_their_health_and_counts() {
    let running = start();
    let sets = pop_request((0..7).map(good_set).collect());
    running.verify().await.verify_sets(sets).await.unwrap();
    let mut client = running.ops().await;
    let answer = client.get_backends(v1::GetBackendsRequest {}).await;
    let answer = answer.unwrap().into_inner();
    let [cpu] = &answer.backends[..] else {
        panic!("one backend");
    };
    assert_eq!(
        (cpu.name.as_str(), cpu.health()),
        ("cpu", v1::BackendHealth::Healthy)
    );
    let counters = cpu.counters.as_ref().unwrap();
    assert_eq!((counters.items, counters.faults), (7, 0));
    assert!(counters.batches >= 1);
    assert!(!cpu.digest.is_empty() && !cpu.description.is_empty());
    assert!(answer.queue.unwrap().cost_us_max > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn self_tests_run_on_request() {
    let running = start();
    let mut client = running.ops().await;
    for backend in ["", "cpu"] {
        let request = v1::RunSelfTestRequest {
            backend: backend.into(),
        };
        let answer = client.run_self_test(request).await.unwrap().into_inner();
        let [result] = &answer.results[..] else {
            panic!("one backend");
        };
        assert_eq!(
            result.outcome(),
            v1::SelfTestOutcome::Passed,
            "{}",
            result.text
        );
        assert!(result.checks > 0 && result.elapsed_us > 0);
    }
    let request = v1::RunSelfTestRequest {
        backend: "abacus".into(),
    };
    let status = client.run_self_test(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().contains("cpu"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_for_each_service() {
    let running = start();
    let mut client = HealthClient::new(running.channel().await);
    let mut check = async |service: &str| {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        client
            .check(request)
            .await
            .map(|answer| answer.into_inner().status())
    };
    for service in [
        "",
        "tutti.v1.VerifyService",
        "tutti.v1.KeySetService",
        "tutti.v1.OpsService",
    ] {
        assert_eq!(
            check(service).await.unwrap(),
            ServingStatus::Serving,
            "{service}"
        );
    }
    assert_eq!(
        check("tutti.v1.Nothing").await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_serves_the_contract() {
    let running = start();
    let mut client = ServerReflectionClient::new(running.channel().await);
    let ask = |message: MessageRequest| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let requests = vec![
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(
            "tutti.v1.VerifyService".into(),
        )),
    ];
    let answers = client
        .server_reflection_info(tokio_stream::iter(requests))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let first = answers.next().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = first else {
        panic!("a list of services");
    };
    let names: Vec<_> = list.service.iter().map(|s| s.name.as_str()).collect();
    for service in ["VerifyService", "KeySetService", "OpsService"] {
        assert!(
            names.contains(&&*format!("tutti.v1.{service}")),
            "{names:?}"
        );
    }
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    let second = answers.next().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::FileDescriptorResponse(files)) = second else {
        panic!("a file");
    };
    assert!(!files.file_descriptor_proto.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_port_tells_operators_what_happens() {
    let running = start();
    let mut sets: Vec<_> = (0..3).map(good_set).collect();
    sets[1].signature = sets[0].signature.clone();
    running
        .verify()
        .await
        .verify_sets(pop_request(sets))
        .await
        .unwrap();
    let (code, metrics) = running.page("/metrics").await;
    assert_eq!(code, 200);
    for line in [
        "tutti_calls_total{method=\"VerifySets\",code=\"Ok\"} 1",
        "tutti_items_total{operation=\"verify-bls12381-min-pk\",verdict=\"valid\"} 2",
        "tutti_items_total{operation=\"verify-bls12381-min-pk\",verdict=\"invalid\"} 1",
        "tutti_batch_items_sum{backend=\"cpu\",operation=\"verify-bls12381-min-pk\"} 3",
        "tutti_queue_cost_us 0",
        "tutti_backend_up{backend=\"cpu\"} 1",
        "tutti_call_seconds_count{method=\"VerifySets\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));
    assert_eq!(running.page("/livez").await.0, 200);
    assert_eq!(running.page("/readyz").await, (200, "ready".into()));
    let (_, status) = running.page("/status.json").await;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["backends"][0]["name"], "cpu");
    assert_eq!(status["state"], "ready");
    let (code, console) = running.page("/").await;
    assert_eq!(code, 200);
    assert!(console.contains("/status.json") && !console.contains("http"));
    assert_eq!(running.page("/nothing").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let bind = |config: tutti_server::Config| {
        let metrics = Arc::new(Metrics::new());
        let engine = Engine::start(&EngineConfig::default(), Vec::new(), metrics.clone());
        Server::bind(config, engine, metrics).unwrap_err()
    };
    let grpc = bind(tutti_server::Config {
        grpc: addr,
        ..config()
    });
    assert!(
        matches!(
            grpc,
            ServeError::AddressInUse {
                what: Port::Grpc,
                ..
            }
        ),
        "{grpc}"
    );
    assert!(grpc.to_string().contains(&addr.to_string()), "{grpc}");
    let side = bind(tutti_server::Config {
        side: Some(addr),
        ..config()
    });
    assert!(
        matches!(
            side,
            ServeError::AddressInUse {
                what: Port::Side,
                ..
            }
        ),
        "{side}"
    );
    let elsewhere = bind(tutti_server::Config {
        grpc: "192.0.2.1:1".parse().unwrap(),
        ..config()
    });
    assert!(
        matches!(elsewhere, ServeError::AddressNotHere { .. }),
        "{elsewhere}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backend_nothing_is_served_and_health_says_so() {
    let metrics = Arc::new(Metrics::new());
    let engine = Engine::start(&EngineConfig::default(), Vec::new(), metrics.clone());
    let bound = Server::bind(config(), engine, metrics).unwrap();
    let url = format!("http://{}", bound.grpc_addr());
    tokio::spawn(bound.run(std::future::pending()));
    let channel = tonic::transport::Endpoint::from_shared(url).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    let answer = health.check(HealthCheckRequest {
        service: "tutti.v1.VerifyService".into(),
    });
    assert_eq!(
        answer.await.unwrap().into_inner().status(),
        ServingStatus::NotServing
    );
    let mut verify = v1::verify_service_client::VerifyServiceClient::new(channel);
    let answer = verify.verify_sets(pop_request(vec![good_set(1)])).await;
    assert_eq!(
        texts(&answer.unwrap().into_inner().results),
        ["UNDECIDED(unsupported)"]
    );
}
