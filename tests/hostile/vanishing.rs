//! Callers that stop in the middle or go away.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tutti_proto::v1;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_leaves_no_work_behind() {
    let running = start();
    let client = running.verify().await;
    let sealed = running.shut_and_fill().await;
    let calls: Vec<_> = (0..40)
        .map(|id| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let mut request = pop_request(vec![good_set(id)]);
                request.options = options("", v1::Priority::Bulk);
                client.verify_sets(request).await
            })
        })
        .collect();
    eventually("all are queued", || {
        running.engine.queue().parcels == sealed + 40
    })
    .await;
    for call in &calls {
        call.abort();
    }
    eventually("only what is in a device is left", || {
        running.engine.queue().parcels == sealed
    })
    .await;
    running.backend.open();
    running.idle().await;
    let sent: usize = running.backend.seen().iter().map(|(_, items)| items).sum();
    assert_eq!(sent, sealed, "nothing more was sent to a device");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_dropped_leaves_no_work_behind() {
    let running = start();
    let mut client = running.verify().await;
    let sealed = running.shut_and_fill().await;
    let requests: Vec<_> = (0..30)
        .map(|id| v1::VerifySetsStreamRequest {
            request: Some(pop_request(vec![good_set(id)])),
        })
        .collect();
    let (sender, receiver) = mpsc::channel(64);
    let answers = client
        .verify_sets_stream(ReceiverStream::new(receiver))
        .await;
    let answers = answers.unwrap().into_inner();
    for request in requests {
        sender.send(request).await.unwrap();
    }
    eventually("all are queued", || {
        running.engine.queue().parcels == sealed + 30
    })
    .await;
    drop((sender, answers));
    eventually("only what is in a device is left", || {
        running.engine.queue().parcels == sealed
    })
    .await;
    running.backend.open();
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_leaves_no_work_behind() {
    let running = start();
    let sealed = running.shut_and_fill().await;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("http://{}", running.grpc);
    for id in 0..20 {
        let url = url.clone();
        runtime.spawn(async move {
            let client = v1::verify_service_client::VerifyServiceClient::connect(url).await;
            let _ = client
                .unwrap()
                .verify_sets(pop_request(vec![good_set(id)]))
                .await;
        });
    }
    eventually("all are queued", || {
        running.engine.queue().parcels == sealed + 20
    })
    .await;
    // Every socket of that runtime goes at once, without a word.
    runtime.shutdown_background();
    eventually("only what is in a device is left", || {
        running.engine.queue().parcels == sealed
    })
    .await;
    running.backend.open();
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_stops_in_its_middle_is_given_up() {
    let running = start_with(tutti_server::Config {
        stalled_request_timeout: Duration::from_millis(200),
        ..config()
    });
    let mut client = running.key_sets().await;
    let keys: Vec<_> = (3..6).map(|s| pop(s, b"").0).collect();
    let some = upload(v1::World::Bls12381MinPk, &keys, 2);
    let stalled = tokio_stream::iter(some.into_iter().take(2)).chain(tokio_stream::pending());
    let answer = tokio::time::timeout(Duration::from_secs(10), client.put_key_set(stalled)).await;
    let status = answer.expect("it is given up").unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(running.engine.key_sets().is_empty());
    // An open stream may be silent for as long as it likes.
    let mut verify = running.verify().await;
    let (sender, receiver) = mpsc::channel(1);
    let answers = verify
        .verify_sets_stream(ReceiverStream::new(receiver))
        .await;
    let mut answers = answers.unwrap().into_inner();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let late = v1::VerifySetsStreamRequest {
        request: Some(pop_request(vec![good_set(1)])),
    };
    sender.send(late).await.unwrap();
    assert!(answers.next().await.unwrap().is_ok());
    drop(sender);
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_broken_off_leaves_nothing_behind() {
    let running = start();
    let mut client = running.key_sets().await;
    let keys: Vec<_> = (3..6).map(|s| pop(s, b"").0).collect();
    let some: Vec<_> = upload(v1::World::Bls12381MinPk, &keys, 1)
        .into_iter()
        .take(3)
        .collect();
    for _ in 0..10 {
        let unfinished = tokio_stream::iter(some.clone()).chain(tokio_stream::pending());
        let put = tokio::time::timeout(Duration::from_millis(50), client.put_key_set(unfinished));
        assert!(put.await.is_err(), "it cannot be finished");
    }
    // More than may be under way at once were begun: their places must be free again.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let put = put_keys(&running, &[3, 4, 5]).await;
    assert_eq!(put.outcome(), v1::PutOutcome::Created);
    running.idle().await;
}
