//! Light clients and validators' votes are believed exactly where the consensus specification
//! believes them.

mod batches;
mod hostile;
mod mainnet;
mod path;
mod specification;
mod vectors;
mod votes;

use tutti_domain::ethereum::{BeaconChain, LightClientStore, LightClientUpdate};
use tutti_domain::{
    Case, Objection, OneByOne, Outcome, Policy, Present, Ratio, Reason, Register, RegisterError,
    Rounding, SetState, Standing, Stored, Succession,
};
use tutti_types::Limits;

/// Judges, decides the signature by the oracle, and concludes.
fn process(store: &mut LightClientStore, update: LightClientUpdate, slot: u64) -> Outcome {
    match store.judge(update, slot).into_pending() {
        Err(objection) => objection.into(),
        Ok(pending) => {
            let verdict = pending.obligation().verdict();
            store.conclude(pending, verdict)
        }
    }
}

/// Stores the next committee on the word of the newest one stored.
fn advance(
    register: &mut Register,
    chain: &BeaconChain,
    update: &LightClientUpdate,
) -> Result<Stored, Reason> {
    let succession = Succession::sync_committee(chain, update, &Limits::default(), &OneByOne);
    let succession = succession.expect("an update with a committee and with finality");
    let policy = two_thirds();
    let standing = Standing::new(SetState::Active, Present::default());
    let (newest, _) = register
        .newest(&chain.sync_committees())
        .expect("a committee");
    let set = newest.set.clone();
    let case = Case {
        set: &set,
        standing: &standing,
        subject: succession.subject(),
        policy: &policy,
    };
    let claim = match update.certificate().judge(chain, &case).into_claim() {
        Err(Objection::Reject(reason)) => return Err(reason),
        claim => claim.expect("nothing is unsettled"),
    };
    let verdict = claim.obligation().verdict();
    match claim.conclude(verdict, &standing) {
        Outcome::Accept(acceptance) => {
            let stored: Result<_, RegisterError> =
                register.advance(&succession, &acceptance, &policy);
            Ok(stored.expect("entitled"))
        }
        Outcome::Reject(reason) => Err(reason),
        Outcome::Indeterminate(cause) => panic!("{cause}"),
    }
}

fn two_thirds() -> Policy {
    let ratio = Ratio::new(2, 3).expect("a share");
    Policy::share(ratio, Rounding::ExactGe).expect("can be met")
}
