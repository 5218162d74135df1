//! What Ethereum's validators attest, and the domains they sign under.

mod domain;
mod statements;

pub use domain::{DomainType, ForkSchedule, ForkScheduleError, SigningDomain};
pub use statements::{AttestationData, BeaconBlockHeader, Checkpoint};
