//! Cards on sockets and serial lines: cards that come and go under a server, and cards that are not the right one.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::{CORPUS, Server, SimulatedCard, json, path, tutti};

/// What the model says it is: "tutti-hdl model.", in ASCII.
const MODEL_DIGEST: &str = "74757474692d68646c206d6f64656c2e";

fn doctor(options: &[&str]) -> Value {
    let report = json(&tutti(&[&["doctor", "--json"], options].concat()));
    let backends = report["backends"].as_array().expect("a list");
    let is_card = |finding: &&Value| {
        let name = finding["name"].as_str().expect("a name");
        name.starts_with("fpga")
    };
    let card = backends
        .iter()
        .find(is_card)
        .expect("it speaks of the card");
    card.clone()
}

#[test]
fn doctor_tests_the_model_and_says_what_it_is() {
    let card = doctor(&["--backend", "fpga-sim"]);
    assert_eq!(card["usable"], true, "{card}");
    let text = card["text"].as_str().expect("a text");
    assert!(text.contains("known answers came out"), "{text}");
    assert!(
        text.contains(&format!("2 cores, design {MODEL_DIGEST}")),
        "{text}"
    );
}

#[test]
fn doctor_refuses_another_design_and_an_empty_socket() {
    let card = SimulatedCard::on_socket(&path("card"));
    let right = doctor(&["--backend", &card.backend, "--fpga-digest", MODEL_DIGEST]);
    assert_eq!(right["usable"], true, "{right}");
    let other = MODEL_DIGEST.replace('7', "8");
    let wrong = doctor(&["--backend", &card.backend, "--fpga-digest", &other]);
    assert_eq!(wrong["usable"], false, "{wrong}");
    let text = wrong["text"].as_str().expect("a text");
    assert!(text.contains("program the right bitstream"), "{text}");
    let nowhere = doctor(&["--backend", "fpga:unix:/nonexistent/card"]);
    assert_eq!(nowhere["usable"], false, "{nowhere}");
}

/// The same bytes over a pseudo-terminal, opened as a serial device.
#[test]
fn a_card_on_a_serial_line_conforms() {
    let card = SimulatedCard::on_terminal();
    assert!(
        card.backend.starts_with("fpga:serial:/dev/"),
        "{}",
        card.backend
    );
    let folder = format!("{CORPUS}/bls/batch_verify");
    let args = ["conformance", &folder, "--backend", &card.backend, "--json"];
    let report = json(&tutti(&args));
    assert_eq!(
        report["failures"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
}

/// A place where cards are plugged in: each that is started there is found by the same name.
struct Place {
    options: Vec<String>,
}

impl Place {
    fn socket() -> Self {
        Self::of("--socket")
    }

    /// A pseudo-terminal goes with its card: what stays is a link.
    fn serial_line() -> Self {
        Self::of("--link")
    }

    fn of(option: &str) -> Self {
        let path = path("card").to_string_lossy().into_owned();
        Self {
            options: vec![option.to_owned(), path],
        }
    }

    fn plug_in(&self) -> SimulatedCard {
        SimulatedCard::start_with(&self.options)
    }

    fn plug_in_another(&self) -> SimulatedCard {
        let digest = ["--digest".to_owned(), MODEL_DIGEST.replace('7', "8")];
        SimulatedCard::start_with(&[&self.options[..], &digest].concat())
    }
}

/// The card in its place and the CPU beside it; the card has what is large enough for it, and none of it is sampled.
fn serve_with(card: &SimulatedCard) -> Server {
    let both = format!("{},cpu", card.backend);
    let options = ["--fpga-items-min", "2", "--fpga-redecide-one-in", "1000000"];
    let server = Server::start(&[&["--backend", &both], &options[..]].concat());
    assert!(server.is_up("fpga") && server.is_up("cpu"));
    server
}

/// A caller with good and bad signatures in large requests, who knows what the answers have to be.
struct Caller(Child);

impl Caller {
    fn of(server: &Server) -> Self {
        let folder = format!("{CORPUS}/bls/batch_verify");
        let process = Command::new(env!("CARGO_BIN_EXE_tutti"))
            .args(["conformance", &folder, "--endpoint", &server.endpoint])
            .stdout(Stdio::piped())
            .spawn();
        Self(process.expect("the program starts"))
    }

    fn has_its_answers(&mut self) -> bool {
        self.0.try_wait().expect("it was started").is_some()
    }

    /// All that came was right, and all came.
    fn ends_content(self) {
        let output = self.0.wait_with_output().expect("it was started");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

/// Until the card has had work that it did to the end.
fn wait_until_the_card_works(server: &Server) {
    let runs = server.counter("card_runs");
    server.wait("the card has no work", |server| {
        Caller::of(server).ends_content();
        server.counter("card_runs") > runs
    });
}

/// What is slow is waited for; a line that is lost is known at once. The caller notices nothing but the time. And the card that comes
/// back serves, if it is the one that went.
fn comes_and_goes(place: &Place) {
    let card = place.plug_in();
    let server = serve_with(&card);
    wait_until_the_card_works(&server);

    card.freeze();
    let mut caller = Caller::of(&server);
    std::thread::sleep(Duration::from_secs(1));
    assert!(!caller.has_its_answers(), "the card has none of its work");
    assert!(server.is_up("fpga"), "what is slow is not gone");

    let gone = Instant::now();
    drop(card);
    caller.ends_content();
    let noticed = gone.elapsed();
    assert!(noticed < Duration::from_secs(10), "after {noticed:?}");
    assert!(!server.is_up("fpga") && server.is_up("cpu"));
    let fault = server.fault("fpga");
    assert!(fault.contains("the line to the card failed"), "{fault}");
    Caller::of(&server).ends_content();

    let card = place.plug_in();
    server.wait("the card is not taken back", |server| server.is_up("fpga"));
    assert_eq!(server.fault("fpga"), "");
    wait_until_the_card_works(&server);

    drop(card);
    let _other = place.plug_in_another();
    server.wait("nobody sees that it is another design", |server| {
        Caller::of(server).ends_content();
        server.fault("fpga").contains("program the right bitstream")
    });
    let opened = server.counter("card_reopened");
    server.wait("it is tested no more", |server| {
        server.counter("card_reopened") > opened
    });
    assert!(!server.is_up("fpga"));
    assert_eq!(server.counter("quarantined"), 0);
}

#[test]
fn a_card_on_a_socket_may_come_and_go() {
    comes_and_goes(&Place::socket());
}

#[test]
fn a_card_on_a_serial_line_may_come_and_go() {
    comes_and_goes(&Place::serial_line());
}

/// At any moment: no caller gets a wrong answer, or none.
#[test]
fn a_card_may_go_in_the_midst_of_its_work() {
    let place = Place::socket();
    let mut card = place.plug_in();
    let server = serve_with(&card);
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    Caller::of(&server).ends_content();
                }
            });
        }
        for moment in [0, 15, 40, 70, 110] {
            let runs = server.counter("card_runs");
            server.wait("the card has no work", |server| {
                server.counter("card_runs") > runs
            });
            std::thread::sleep(Duration::from_millis(moment));
            drop(card);
            server.wait("nobody sees that it is gone", |server| {
                !server.is_up("fpga")
            });
            card = place.plug_in();
            server.wait("the card is not taken back", |server| server.is_up("fpga"));
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(server.counter("quarantined"), 0);
}

#[test]
fn doctor_sees_at_once_that_a_card_is_away() {
    let place = Place::serial_line();
    let card = place.plug_in();
    let name = card.backend.clone();
    assert_eq!(doctor(&["--backend", &name])["usable"], true);
    drop(card);
    let away = doctor(&["--backend", &name]);
    assert_eq!(away["usable"], false, "{away}");
    let text = away["text"].as_str().expect("a text");
    assert!(text.contains("the line to the card failed"), "{text}");
}
