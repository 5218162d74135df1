//! Light clients and validators' votes are believed exactly where the consensus specification
//! believes them.

mod mainnet;
mod path;
mod specification;
mod vectors;
mod votes;

use tutti_domain::Outcome;
use tutti_domain::ethereum::{LightClientStore, LightClientUpdate};

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
