//! Every figure of docs/benchmarks.md in one go: the list of its measurements.

use std::time::Instant;

use clap::Parser;

use crate::commands::{CollectArgs, Command, Failure, MakeEngine, run_command};
use crate::results::revision;

/// Seconds that each measurement takes, generation and warm-up apart, are in its command. All
/// together take some twenty minutes on two cores.
fn list() -> Vec<String> {
    let mut list = Vec::new();
    list.extend(against_others());
    list.extend(two_threads());
    list.extend(engines());
    list.extend(systems());
    list.extend(services());
    list
}

/// Whole batches beside what others do, one thread each.
fn against_others() -> Vec<String> {
    let blst = [
        "single",
        "distinct-8",
        "distinct-16",
        "distinct-64",
        "distinct-256",
        "distinct-4096",
        "grouped-4096-512",
        "grouped-4096-64",
        "same-message-4096",
        "poisoned-1024",
        "hash-to-curve-4096",
        "pairing-check-64",
        "subnet",
        "sync-committee",
    ];
    let grouped = [
        "distinct-4096",
        "grouped-4096-512",
        "same-message-4096",
        "subnet",
    ];
    let ark = [
        "bn254-single",
        "bn254-distinct-8",
        "bn254-distinct-64",
        "bn254-same-message-64",
        "bn254-pairing-check-64",
        "bn254-poisoned-64",
        "avs-quorum",
        "avs-quorum-8",
        "avs-quorum-64",
        "avs-quorum-256",
    ];
    let batch = |scenario: &str, against: &str| {
        format!("batch --scenario {scenario} --against {against} --threads 1 --seconds 5")
    };
    let blst = blst.iter().map(|scenario| batch(scenario, "blst"));
    let grouped = grouped
        .iter()
        .map(|scenario| batch(scenario, "blst-grouped"));
    let ark = ark.iter().map(|scenario| batch(scenario, "ark-bn254"));
    blst.chain(grouped).chain(ark).collect()
}

/// Each engine alone by size of batch: where one overtakes the other.
fn engines() -> Vec<String> {
    let families = [
        ("distinct", 12),
        ("same-message", 12),
        ("bn254-distinct", 10),
    ];
    let mut list = Vec::new();
    for (family, doublings) in families {
        for engine in ["scalar", "ifma"] {
            let sizes = (0..=doublings).filter(|n| family == "distinct" || n % 2 == 0);
            let names = sizes.map(|n| format!("--scenario {family}-{}", 1 << n));
            let names: Vec<String> = names.collect();
            list.push(format!(
                "batch {} --cpu-engine {engine} --threads 1 --seconds 2 --rounds 3",
                names.join(" ")
            ));
        }
    }
    list
}

/// Systems as a whole: all of a slot, a fleet, a year, everybody at once.
fn systems() -> Vec<String> {
    [
        "batch --scenario mainnet-slot --against blst-grouped --threads 2 --seconds 5 --rounds 3",
        "batch --scenario avs-fleet --against ark-bn254 --threads 2 --seconds 5 --rounds 3",
        "batch --scenario light-client-year --against blst --threads 2 --seconds 5 --rounds 3",
        "batch --scenario mixed --threads 2 --seconds 5",
    ]
    .map(String::from)
    .to_vec()
}

/// Two threads in turn with one, and with two that share nothing: a machine whose cores disturb each
/// other gives those no twice either. And with two batches under way, as there are under load; not of
/// certificates, which two callers judge on two threads whatever the engine has.
fn two_threads() -> Vec<String> {
    let batches = [
        "hash-to-curve-4096",
        "distinct-4096",
        "poisoned-1024",
        "grouped-4096-512",
        "grouped-4096-64",
        "same-message-4096",
    ];
    let certificates = ["avs-quorum-256"];
    let batch = |scenario: &str, against: &str| {
        format!("batch --scenario {scenario} --against {against} --threads 2 --seconds 15")
    };
    let alone = batches.iter().chain(&certificates).flat_map(|scenario| {
        ["one-thread", "threads-apart"].map(|against| batch(scenario, against))
    });
    let under_way = batches
        .iter()
        .map(|scenario| batch(scenario, "one-thread --at-once 2"));
    alone.chain(under_way).collect()
}

/// Through the real server.
fn services() -> Vec<String> {
    [
        "slot --target server --threads 2",
        "slot --target blst-grouped --threads 2",
        "closed --scenario distinct-4096 --threads 2 --seconds 4",
        "closed --scenario grouped-4096-64 --items 16 --threads 2 --seconds 4",
        "closed --scenario grouped-4096-64 --items 64 --concurrency 1:8 --threads 2 --seconds 4",
        "closed --scenario grouped-4096-64 --items 64 --concurrency 1:8 --call columns --threads 2 --seconds 4",
        "closed --scenario grouped-4096-64 --items 64 --concurrency 1:8 --call stream --threads 2 --seconds 4",
        "closed --scenario avs-fleet --concurrency 1:32 --threads 2 --seconds 4",
        "open --scenario avs-quorum-2000 --rate 20 --pace constant --threads 2 --seconds 60",
        "open --scenario avs-quorum-2000 --rate 100 --pace constant --threads 2 --seconds 15",
        "open --scenario avs-quorum-2000 --twins unknown --rate 20 --pace constant --threads 2 --seconds 60",
        "open --scenario avs-quorum-2000 --twins unknown --rate 100 --pace constant --threads 2 --seconds 15",
        "open --scenario avs-fleet --rate 1000 --threads 2",
        "open --scenario mixed --rate 200 --threads 2 --seconds 15",
        "search --scenario distinct-4096 --from 250 --threads 2 --seconds 5",
        "search --scenario grouped-4096-64 --items 16 --from 100 --threads 2 --seconds 5",
        "search --scenario avs-fleet --from 250 --threads 2 --seconds 5",
    ]
    .map(String::from)
    .to_vec()
}

#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Words {
    #[command(subcommand)]
    command: Command,
}

pub(crate) fn collect(args: &CollectArgs, make: &dyn MakeEngine) -> Result<(), Failure> {
    let list: Vec<String> = list()
        .into_iter()
        .filter(|words| words.contains(&args.only))
        .collect();
    if args.list {
        for words in &list {
            println!("tutti bench {words}");
        }
        return Ok(());
    }
    let revision = revision().unwrap_or_default();
    if !args.unclean && (revision.is_empty() || revision.ends_with("-dirty")) {
        return Err(Failure::Usage(
            "results must name the revision they are of: commit first, or say --unclean".into(),
        ));
    }
    let start = Instant::now();
    for (nth, words) in (1..).zip(&list) {
        eprintln!(
            "{nth} of {}, {} s: tutti bench {words}",
            list.len(),
            start.elapsed().as_secs()
        );
        measure(words, args, make)?;
    }
    eprintln!("all in {} s", start.elapsed().as_secs());
    Ok(())
}

fn measure(words: &str, args: &CollectArgs, make: &dyn MakeEngine) -> Result<(), Failure> {
    let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    hurry(&mut words, args.hurry.max(1));
    let saving = [
        words.clone(),
        vec!["--save".into(), args.save.display().to_string()],
    ]
    .concat();
    let parsed =
        Words::try_parse_from(&saving).map_err(|error| Failure::Usage(error.to_string()))?;
    run_command(&parsed.command, &words, make)
}

/// Divides the seconds that are asked for.
fn hurry(words: &mut [String], by: u64) {
    if let Some(at) = words.iter().position(|word| word == "--seconds")
        && let Some(seconds) = words.get(at + 1).and_then(|word| word.parse::<u64>().ok())
    {
        words[at + 1] = (seconds / by).max(1).to_string();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A command of the list that cannot be typed would be found after minutes only.
    #[test]
    fn every_measurement_of_the_list_can_be_asked_for_and_none_twice() {
        let list = list();
        for words in &list {
            let parsed = Words::try_parse_from(words.split(' '));
            assert!(parsed.is_ok(), "{words}: {parsed:?}");
        }
        let distinct: BTreeSet<&String> = list.iter().collect();
        assert_eq!(distinct.len(), list.len());
    }

    #[test]
    fn hurrying_divides_the_seconds_alone() {
        let mut words: Vec<String> = ["batch", "--threads", "4", "--seconds", "6"]
            .map(String::from)
            .to_vec();
        hurry(&mut words, 3);
        assert_eq!(words.join(" "), "batch --threads 4 --seconds 2");
        hurry(&mut words, 100);
        assert_eq!(words.join(" "), "batch --threads 4 --seconds 1");
    }
}
