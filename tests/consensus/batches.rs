//! Votes and sync aggregates of many sets in one batch of a backend.

use std::sync::Arc;

use tutti_backend::{Batch, Challenge, Outcomes, Work, WorkSlice};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_domain::ethereum::{AttestationCertificate, Attesters};
use tutti_domain::{Claim, Docket, Obligation, Outcome, Possession, Present, SetState, Standing};
use tutti_types::{Limits, Verdict};

use crate::path::judged_on_the_way;
use crate::votes::{Vote, Votes, votes};

fn run(work: Work) -> Vec<Verdict> {
    let config = CpuConfig::new(1, &Limits::default());
    let backend = CpuBackend::new(&config).expect("threads can be started");
    let slice = WorkSlice::whole(Arc::new(work));
    let batch = Batch::of(vec![slice], Challenge([9; 32]));
    let completion = tutti_backend::run(&backend, batch).expect("the backend takes the batch");
    let outcomes = completion.result.expect("no device fault");
    match outcomes.into_iter().next() {
        Some(Outcomes::Verdicts(verdicts)) => verdicts,
        other => panic!("{other:?}"),
    }
}

/// One attester is left out of what is claimed, but not out of what was signed.
fn with_one_fewer(vote: &Vote) -> AttestationCertificate {
    AttestationCertificate {
        attesters: Attesters::Indexed(vote.attesting[1..].to_vec()),
        ..vote.indexed()
    }
}

fn claims(votes: &Votes) -> Vec<Claim> {
    let mut claims = Vec::new();
    for vote in votes.cases() {
        let epoch = vote.indexed().data.target.epoch;
        let set = votes.set(epoch, Possession::AttestedBySource);
        let subject = vote.indexed().subject(&votes.chain);
        for certificate in [vote.indexed(), vote.by_bits(), with_one_fewer(&vote)] {
            let judgement = votes.judged(&certificate, &subject, &set, 1);
            claims.extend(judgement.into_claim().ok());
        }
    }
    claims
}

#[test]
fn votes_of_many_epochs_share_a_batch_and_keep_their_own_answers() {
    let votes = votes();
    let mut claims = claims(&votes);
    let pending = judged_on_the_way();
    let mut obligations: Vec<&Obligation> = claims.iter().map(Claim::obligation).collect();
    obligations.extend(pending.iter());
    let alone: Vec<Verdict> = obligations.iter().map(|o| o.verdict()).collect();
    let (works, places) = Docket::new(&obligations).into_works();
    assert_eq!(works.len(), 1, "all are signatures of one scheme");
    let answers: Vec<_> = works.into_iter().map(run).collect();
    let together = places.verdicts(&answers);
    assert_eq!(together, alone);
    let valid = together.iter().filter(|verdict| verdict.is_valid()).count();
    assert_eq!(valid, 2 * 14 + pending.len());
    assert!(valid < together.len() && pending.len() >= 14);
    let standing = Standing::new(SetState::Active, Present::default());
    for (claim, verdict) in claims.drain(..).zip(together) {
        let outcome = claim.conclude(verdict, &standing);
        let accepted = matches!(outcome, Outcome::Accept(_));
        assert_eq!(accepted, verdict.is_valid());
    }
}
