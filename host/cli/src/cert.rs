use bytes::Bytes;
use serde_json::{Value, json};
use tutti_client::{CertificateOutcome, v1};

use crate::args::{CertArgs, CertCommand, CertDemo, CertFileArgs};
use crate::exit::{Exit, Failure, say};
use crate::source::Source;
use crate::{contract_json, verify};

const EIGENDA: &str = include_str!("demo/eigenda.json");
const SYNC_COMMITTEE: &str = include_str!("demo/sync-committee.json");

/// A certificate of a file, with the set it is held against.
struct Case {
    name: String,
    /// A verdict as it is written, or its first word. Without it ACCEPT is expected.
    expect: Option<String>,
    /// Where it is not given it is that of the case before.
    set: Option<v1::PutOperatorSetRequest>,
    item: v1::CertificateItem,
}

pub(crate) fn cert(args: &CertArgs) -> Result<Exit, Failure> {
    let (CertCommand::Verify(file) | CertCommand::Explain(file)) = &args.command;
    let cases = cases(file)?;
    let source = Source::open(&file.source)?;
    let mut exit = Exit::Well;
    let mut set_id = None;
    for case in cases {
        let (item, label) = case.ready(&source, &mut set_id)?;
        let as_expected = match &args.command {
            CertCommand::Verify(file) => answer(&source, item, &label, file)?,
            CertCommand::Explain(file) => explain(&source, item, &label, file)?,
        };
        if !as_expected {
            exit = Exit::Refuted;
        }
    }
    Ok(exit)
}

fn cases(args: &CertFileArgs) -> Result<Vec<Case>, Failure> {
    let texts = match (&args.file, args.demo) {
        (Some(path), _) => vec![verify::read(path)?],
        (None, Some(CertDemo::Eigenda)) => vec![EIGENDA.to_owned()],
        (None, Some(CertDemo::SyncCommittee)) => vec![SYNC_COMMITTEE.to_owned()],
        (None, _) => vec![EIGENDA.to_owned(), SYNC_COMMITTEE.to_owned()],
    };
    let mut cases = Vec::new();
    for text in texts {
        match serde_json::from_str(&text).map_err(Failure::usage)? {
            Value::Array(many) => {
                for one in many {
                    cases.push(case(one, cases.len())?);
                }
            }
            one => cases.push(case(one, cases.len())?),
        }
    }
    if cases.is_empty() {
        return Err(Failure::usage("the file holds no certificate"));
    }
    Ok(cases)
}

/// An item of the contract, but that `set` is what `PutOperatorSet` takes, and that it may say its
/// name and what is expected of it.
fn case(value: Value, index: usize) -> Result<Case, Failure> {
    let Value::Object(mut fields) = value else {
        return Err(Failure::usage("a certificate is a JSON object"));
    };
    let mut text = |name: &str| match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::usage(format!("{name} is a text"))),
    };
    let (name, expect) = (text("name")?, text("expect")?);
    let set = fields.remove("set");
    let set = set.map(|set| contract_json::read("tutti.v1.PutOperatorSetRequest", set));
    Ok(Case {
        name: name.unwrap_or_else(|| (index + 1).to_string()),
        expect,
        set: set.transpose()?,
        item: contract_json::read("tutti.v1.CertificateItem", Value::Object(fields))?,
    })
}

impl Case {
    /// Puts the set and names it in the item.
    fn ready(
        self,
        source: &Source,
        set_id: &mut Option<Bytes>,
    ) -> Result<(v1::CertificateItem, Labelled), Failure> {
        if let Some(set) = self.set {
            let set = source.wait(source.client.put_operator_set(set));
            *set_id = Some(set.map_err(Failure::of_call)?.set_id);
        }
        let set_id = set_id.clone().ok_or_else(|| {
            Failure::usage("set is missing: the first certificate needs its operator set in full")
        })?;
        let item = v1::CertificateItem {
            set: Some(v1::certificate_item::Set::SetId(set_id)),
            ..self.item
        };
        let label = Labelled {
            name: self.name,
            expect: self.expect,
        };
        Ok((item, label))
    }
}

/// What a case is called, and what is expected of it.
struct Labelled {
    name: String,
    expect: Option<String>,
}

impl Labelled {
    fn is_met_by(&self, outcome: &CertificateOutcome) -> bool {
        let found = outcome.to_string();
        let expected = self.expect.as_deref().unwrap_or("ACCEPT");
        found == expected || found.split('(').next() == Some(expected)
    }

    fn note(&self, outcome: &CertificateOutcome) -> &'static str {
        match (&self.expect, self.is_met_by(outcome)) {
            (Some(_), true) => ", as expected",
            (Some(_), false) => ", NOT as expected",
            (None, _) => "",
        }
    }
}

fn answer(
    source: &Source,
    item: v1::CertificateItem,
    label: &Labelled,
    args: &CertFileArgs,
) -> Result<bool, Failure> {
    let outcomes = source.wait(source.client.verify_certificates(vec![item]));
    let outcomes = outcomes.map_err(Failure::of_call)?;
    let outcome = outcomes
        .first()
        .ok_or_else(|| Failure::cannot_serve("no answer came"))?;
    print_verdict(label, outcome, args);
    Ok(label.is_met_by(outcome))
}

fn print_verdict(label: &Labelled, outcome: &CertificateOutcome, args: &CertFileArgs) {
    if !args.json {
        say(format_args!(
            "{}: {outcome}{}",
            label.name,
            label.note(outcome)
        ));
        return;
    }
    let mut line = json!({
        "name": label.name,
        "verdict": outcome.to_string(),
        "accepted": matches!(outcome, CertificateOutcome::Accept(_)),
        "as_expected": label.is_met_by(outcome),
    });
    if let CertificateOutcome::Accept(accepted) = outcome {
        line["set_id"] = hex_text(&accepted.set_id).into();
        line["statement_id"] = hex_text(&accepted.statement_id).into();
        line["statement_kind"] = accepted.statement_kind.clone().into();
        line["signed_digest"] = hex_text(&accepted.signed_digest).into();
    }
    say(line);
}

fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn explain(
    source: &Source,
    item: v1::CertificateItem,
    label: &Labelled,
    args: &CertFileArgs,
) -> Result<bool, Failure> {
    let answer = source.wait(source.client.explain_certificate(item));
    let mut answer = answer.map_err(Failure::of_call)?;
    let verdict = answer.verdict.take();
    let outcome = CertificateOutcome::read(verdict.clone()).map_err(Failure::cannot_serve)?;
    if args.json {
        answer.verdict = verdict;
        let mut explanation = contract_json::write("tutti.v1.ExplainCertificateResponse", &answer)?;
        explanation["name"] = label.name.clone().into();
        explanation["as_expected"] = label.is_met_by(&outcome).into();
        say(explanation);
    } else {
        say(format_args!(
            "{}: {outcome}{}",
            label.name,
            label.note(&outcome)
        ));
        print_checks(&answer);
    }
    Ok(label.is_met_by(&outcome))
}

fn print_checks(answer: &v1::ExplainCertificateResponse) {
    for check in &answer.checks {
        let inputs = check.inputs.iter();
        let inputs: Vec<_> = inputs.map(|i| format!("{} {}", i.name, i.value)).collect();
        let found = match (check.finding(), &check.reject, &check.indeterminate) {
            (_, Some(rejected), _) => format!("FAILED: {}", rejected.text),
            (_, _, Some(cause)) => format!("unsettled: {}", cause.text),
            (v1::CheckFinding::Passed, ..) => "passed".to_owned(),
            _ => "not reached".to_owned(),
        };
        let line = format!("  {:<22} {found}  {}", check.step, inputs.join(", "));
        say(line.trim_end());
    }
    for tally in &answer.tallies {
        let absent: Vec<_> = tally.absent.iter().map(|a| a.index).collect();
        let line = format!(
            "  column {}: signed {} of {}, absent {absent:?}",
            tally.column,
            integer(&tally.signed),
            integer(&tally.total)
        );
        say(line);
        for need in &tally.needs {
            let state = match need.state() {
                v1::NeedState::Met => "met",
                v1::NeedState::Reachable => "not met, can still be",
                _ => "not met, and cannot be",
            };
            let (least, missing) = (integer(&need.least), integer(&need.missing));
            say(format_args!(
                "    at least {least}: {state}, {missing} missing"
            ));
        }
    }
    for warning in &answer.warnings {
        say(format_args!("  warning: {warning}"));
    }
}

/// Decimal, where it is short enough for people.
fn integer(bytes: &[u8]) -> String {
    let (high, low) = bytes.split_at(bytes.len().saturating_sub(16));
    match <[u8; 16]>::try_from(low) {
        Ok(low) if high.iter().all(|byte| *byte == 0) => u128::from_be_bytes(low).to_string(),
        _ => hex_text(bytes),
    }
}
