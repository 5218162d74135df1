//! Streams, lanes, deadlines, full queues and the end.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use tutti_proto::v1;
use tutti_proto::v1::verify_service_client::VerifyServiceClient;
use tutti_proto::v1::verify_sets_stream_response::Outcome;
use tutti_types::{Limits, Priority};

use crate::support::*;

fn asking(id: &str, sets: Vec<v1::SignatureSet>) -> v1::VerifySetsStreamRequest {
    v1::VerifySetsStreamRequest {
        request: Some(v1::VerifySetsRequest {
            options: options(id, v1::Priority::Normal),
            ..pop_request(sets)
        }),
    }
}

fn told(answer: v1::VerifySetsStreamResponse) -> (String, String) {
    match answer.outcome.unwrap() {
        Outcome::Response(response) => (response.request_id, texts(&response.results).join(" ")),
        Outcome::Refusal(refusal) => {
            let text = format!("code {} in {}", refusal.code, refusal.field);
            (refusal.request_id, text)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_each_request_by_its_id_and_goes_on_after_a_bad_one() {
    let running = start();
    let mut client = running.verify().await;
    let mut forged = good_set(1);
    forged.signature = good_set(2).signature;
    let requests = vec![
        asking("good", vec![good_set(1), good_set(2)]),
        asking("empty", vec![]),
        asking("forged", vec![forged]),
        v1::VerifySetsStreamRequest { request: None },
        asking("last", vec![good_set(3)]),
    ];
    let answers = client
        .verify_sets_stream(tokio_stream::iter(requests))
        .await;
    let answers: Vec<_> = answers.unwrap().into_inner().collect().await;
    let mut told: Vec<_> = answers.into_iter().map(|a| told(a.unwrap())).collect();
    told.sort();
    let expected = [
        ("", "code 3 in scheme"),
        ("empty", "code 3 in sets"),
        ("forged", "INVALID(does not verify)"),
        ("good", "VALID VALID"),
        ("last", "VALID"),
    ];
    assert_eq!(told, expected.map(|(id, text)| (id.into(), text.into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_stream_overtake_each_other() {
    let running = start();
    let mut client = running.verify().await;
    let (sender, receiver) = mpsc::channel(4);
    let answers = client
        .verify_sets_stream(ReceiverStream::new(receiver))
        .await;
    let mut answers = answers.unwrap().into_inner();
    running.backend.shut();
    sender
        .send(asking("slow", vec![good_set(1)]))
        .await
        .unwrap();
    eventually("the first is held", || running.backend.held() == 1).await;
    // Refused while it is read: needs no backend.
    let mut unparsable = good_set(2);
    unparsable.signature = vec![0; 96].into();
    sender
        .send(asking("quick", vec![unparsable]))
        .await
        .unwrap();
    let first = told(answers.next().await.unwrap().unwrap());
    assert_eq!(first.0, "quick");
    running.backend.open();
    let second = told(answers.next().await.unwrap().unwrap());
    assert_eq!(second, ("slow".into(), "VALID".into()));
    drop(sender);
    assert!(answers.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_stream_is_answered_to_the_end() {
    let running = start();
    let mut client = running.verify().await;
    running.backend.shut();
    let requests: Vec<_> = (0..10)
        .map(|i| asking(&i.to_string(), vec![good_set(i)]))
        .collect();
    // The sending side closes after the last request, before anything is answered.
    let answers = client
        .verify_sets_stream(tokio_stream::iter(requests))
        .await;
    let answers = answers.unwrap().into_inner();
    eventually("all are accepted", || running.engine.queue().parcels == 10).await;
    running.backend.open();
    let answers: Vec<_> = answers.collect().await;
    assert_eq!(answers.len(), 10);
    for answer in answers {
        assert_eq!(told(answer.unwrap()).1, "VALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_takes_only_so_many_requests_at_once() {
    let limits = Limits {
        stream_requests_max: 3,
        ..Limits::default()
    };
    let running = start_with(tutti_server::Config { limits, ..config() });
    let mut client = running.verify().await;
    running.backend.shut();
    let requests: Vec<_> = (0..9).map(|i| asking("x", vec![good_set(i)])).collect();
    let answers = client
        .verify_sets_stream(tokio_stream::iter(requests))
        .await;
    let answers = answers.unwrap().into_inner();
    eventually("three are accepted", || running.engine.queue().parcels == 3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(running.engine.queue().parcels, 3);
    running.backend.open();
    assert_eq!(answers.collect::<Vec<_>>().await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_before_the_deadline() {
    let running = start();
    let mut client = running.verify().await;
    running.backend.shut();
    // Fills the slots, so that the second request waits in the queue and the first in a device.
    let started = Instant::now();
    let mut asked = Vec::new();
    for id in 0..6 {
        let mut client = client.clone();
        asked.push(tokio::spawn(async move {
            let mut request = Request::new(pop_request(vec![good_set(id)]));
            request.set_timeout(Duration::from_secs(3));
            client.verify_sets(request).await
        }));
    }
    for answer in asked {
        let answer = answer.await.unwrap().expect("an answer, not a time-out");
        assert_eq!(texts(&answer.into_inner().results), ["UNDECIDED(deadline)"]);
    }
    assert!(started.elapsed() >= Duration::from_secs(2));
    let mut request = pop_request(vec![good_set(9)]);
    request.options = Some(v1::RequestOptions {
        time_limit_ms: 50,
        ..Default::default()
    });
    let answer = client.verify_sets(request).await.unwrap().into_inner();
    assert_eq!(texts(&answer.results), ["UNDECIDED(deadline)"]);
    running.backend.open();
    running.idle().await;
}

type Asked = tokio::task::JoinHandle<Result<tonic::Response<v1::VerifySetsResponse>, Status>>;

/// Asks for one good set, as a source, in a lane.
fn ask(client: &VerifyServiceClient<Channel>, source: &str, priority: v1::Priority) -> Asked {
    let mut client = client.clone();
    let mut request = pop_request(vec![good_set(1)]);
    request.options = Some(v1::RequestOptions {
        source: source.to_owned(),
        priority: priority.into(),
        ..Default::default()
    });
    tokio::spawn(async move { client.verify_sets(request).await })
}

fn small_queue() -> Running {
    let limits = Limits {
        queued_parcels_max: 16,
        ..Limits::default()
    };
    start_with(tutti_server::Config { limits, ..config() })
}

fn says_when_to_come_back(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let retry = status
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert!(
        retry > Duration::ZERO && retry < Duration::from_mins(1),
        "{retry:?}"
    );
    assert!(status.get_details_quota_failure().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_said_with_a_time_to_come_back() {
    let running = small_queue();
    let client = running.verify().await;
    running.backend.shut();
    let bulk: Vec<_> = (0..11)
        .map(|source| ask(&client, &source.to_string(), v1::Priority::Bulk))
        .collect();
    eventually("eleven are queued", || running.engine.queue().parcels == 11).await;
    let refused = ask(&client, "late", v1::Priority::Bulk).await.unwrap();
    says_when_to_come_back(&refused.unwrap_err());
    // There is still room for what is more urgent.
    let urgent = ask(&client, "late", v1::Priority::Urgent);
    eventually("one more is queued", || {
        running.engine.queue().parcels == 12
    })
    .await;
    running.backend.open();
    assert!(urgent.await.unwrap().is_ok());
    for answer in bulk {
        let answer = answer.await.unwrap().unwrap().into_inner();
        assert_eq!(texts(&answer.results), ["VALID"]);
    }
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_cannot_fill_the_queue_for_others() {
    let running = small_queue();
    let client = running.verify().await;
    running.backend.shut();
    let mut accepted = Vec::new();
    let status = loop {
        let asked = ask(&client, "flood", v1::Priority::Normal);
        let before = accepted.len();
        let mut refused = None;
        for _ in 0..500 {
            if asked.is_finished() || running.engine.queue().parcels > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        if asked.is_finished() {
            refused = asked.await.unwrap().err();
        } else {
            accepted.push(asked);
        }
        if let Some(status) = refused {
            break status;
        }
        assert!(accepted.len() <= 16, "the queue is bounded");
    };
    says_when_to_come_back(&status);
    assert!(
        accepted.len() >= 4,
        "{} is too few for one source",
        accepted.len()
    );
    let queued = accepted.len();
    accepted.push(ask(&client, "another", v1::Priority::Normal));
    eventually("the other is accepted", || {
        running.engine.queue().parcels == queued + 1
    })
    .await;
    running.backend.open();
    for answer in accepted {
        let answer = answer.await.unwrap().unwrap().into_inner();
        assert_eq!(texts(&answer.results), ["VALID"]);
    }
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_goes_before_normal_goes_before_bulk() {
    let running = start();
    let client = running.verify().await;
    running.backend.shut();
    let ask = |id: u64, priority: v1::Priority| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let mut request = pop_request(vec![good_set(id)]);
            request.options = options("", priority);
            client.verify_sets(request).await.unwrap()
        })
    };
    let mut asked = Vec::new();
    // Fill every slot, the urgent one too.
    for (id, priority) in [v1::Priority::Normal; 2].into_iter().enumerate() {
        asked.push(ask(id as u64, priority));
        eventually("a slot is taken", || running.backend.held() == id + 1).await;
    }
    asked.push(ask(2, v1::Priority::Urgent));
    eventually("the urgent slot is taken", || running.backend.held() == 3).await;
    let queue = [
        v1::Priority::Bulk,
        v1::Priority::Normal,
        v1::Priority::Urgent,
    ];
    for (n, priority) in queue.into_iter().enumerate() {
        asked.push(ask(3 + n as u64, priority));
        eventually("it is queued", || running.engine.queue().parcels == 4 + n).await;
    }
    assert_eq!(running.backend.held(), 3);
    for sent in 4..=6 {
        running.backend.let_one_pass();
        eventually("the next is sent", || running.backend.seen().len() >= sent).await;
    }
    let order: Vec<_> = running.backend.seen().iter().map(|(p, _)| *p).collect();
    assert_eq!(
        order[3..],
        [Priority::Urgent, Priority::Normal, Priority::Bulk]
    );
    running.backend.open();
    for answer in asked {
        let answer = answer.await.unwrap().into_inner();
        assert_eq!(texts(&answer.results), ["VALID"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_finishes_what_was_accepted_and_refuses_the_rest() {
    let mut running = start();
    let mut client = running.verify().await;
    let mut health = HealthClient::new(running.channel().await);
    running.backend.shut();
    let (sender, receiver) = mpsc::channel(4);
    let mut streaming = client.clone();
    let stream = streaming
        .verify_sets_stream(ReceiverStream::new(receiver))
        .await;
    let mut stream = stream.unwrap().into_inner();
    sender
        .send(asking("streamed", vec![good_set(2)]))
        .await
        .unwrap();
    let mut accepted = client.clone();
    let accepted =
        tokio::spawn(async move { accepted.verify_sets(pop_request(vec![good_set(1)])).await });
    eventually("both are accepted", || running.engine.queue().parcels == 2).await;
    running.signal();

    let mut status = None;
    for _ in 0..200 {
        match client.verify_sets(pop_request(vec![])).await {
            Err(refused) if refused.code() == Code::Unavailable => {
                status = Some(refused);
                break;
            }
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    let status = status.expect("new work is refused");
    assert!(status.get_details_retry_info().is_some());
    assert!(status.get_details_precondition_failure().is_some());
    let mut serving = ServingStatus::Serving;
    for _ in 0..200 {
        let answer = health.check(HealthCheckRequest::default()).await;
        serving = answer.unwrap().into_inner().status();
        if serving == ServingStatus::NotServing {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(serving, ServingStatus::NotServing);
    assert_eq!(running.page("/readyz").await, (503, "draining".into()));

    running.backend.open();
    let answer = accepted.await.unwrap().unwrap().into_inner();
    assert_eq!(texts(&answer.results), ["VALID"]);
    let streamed = told(stream.next().await.unwrap().unwrap());
    assert_eq!(streamed, ("streamed".into(), "VALID".into()));
    let end = stream.next().await.unwrap().unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    let (grpc, report) = (running.grpc, running.end().await);
    assert_eq!((report.open_at_signal, report.given_up), (2, 0));
    assert!(tokio::net::TcpStream::connect(grpc).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_finished_in_time_is_undecided() {
    let mut running = start_with(tutti_server::Config {
        drain_timeout: Duration::from_millis(200),
        ..config()
    });
    let mut client = running.verify().await;
    running.backend.shut();
    let accepted =
        tokio::spawn(async move { client.verify_sets(pop_request(vec![good_set(1)])).await });
    eventually("it is accepted", || running.engine.queue().parcels == 1).await;
    let started = Instant::now();
    running.signal();
    let answer = accepted.await.unwrap().unwrap().into_inner();
    assert_eq!(texts(&answer.results), ["UNDECIDED(shutting down)"]);
    let report = running.end().await;
    assert_eq!((report.open_at_signal, report.given_up), (1, 1));
    assert!(started.elapsed() < Duration::from_secs(5));
}
