//! Beacon chains, light client objects, and what the clock says of them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tutti_domain::ethereum::{
    BeaconChain, Bootstrap, Format, LightClientUpdate, Preset, Shape, ShapeEpochs, beacon_api,
};
use tutti_proto::v1;
use tutti_proto::v1::beacon_chain::Chain;
use tutti_proto::v1::light_client_update::Update;
use tutti_statements::ethereum::ForkSchedule;

use super::field::Field;
use crate::refusal::Refusal;

/// Of Ethereum's mainnet.
const MAINNET_GENESIS: u64 = 1_606_824_023;
const MAINNET_SLOT_SECONDS: u64 = 12;
const FORKS_MAX: usize = 64;
const COMMITTEE_MAX: usize = 8_192;

/// Seconds since 1970 by the server's clock.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A beacon chain whose slots can be told from the time.
#[derive(Clone, Debug)]
pub(crate) struct Beacon {
    pub(crate) chain: Arc<BeaconChain>,
    genesis_time: u64,
    seconds_per_slot: u64,
}

impl Beacon {
    pub(super) fn read(at: &Field, chain: Option<&v1::BeaconChain>) -> Result<Self, Refusal> {
        let chain = chain.and_then(|chain| chain.chain.as_ref());
        match at.required("chain", chain)? {
            Chain::Network(network) => match v1::BeaconNetwork::try_from(*network) {
                Ok(v1::BeaconNetwork::Mainnet) => Ok(Self {
                    chain: Arc::new(BeaconChain::mainnet()),
                    genesis_time: MAINNET_GENESIS,
                    seconds_per_slot: MAINNET_SLOT_SECONDS,
                }),
                Ok(v1::BeaconNetwork::Unspecified) | Err(_) => {
                    let what = "unknown; MAINNET, or give the chain's spec";
                    Err(at.of("chain.network").refuse(what))
                }
            },
            Chain::Spec(spec) => Self::of_spec(&at.of("chain.spec"), spec),
        }
    }

    fn of_spec(at: &Field, spec: &v1::BeaconSpec) -> Result<Self, Refusal> {
        let at_least_one = |name: &str, number: u64| match number {
            0 => Err(at.of(name).refuse("is at least 1")),
            number => Ok(number),
        };
        let size = spec.sync_committee_size as usize;
        if !(1..=COMMITTEE_MAX).contains(&size) {
            let what = format!("{size} is not 1 to {COMMITTEE_MAX}");
            return Err(at.of("sync_committee_size").refuse(what));
        }
        if spec.forks.len() > FORKS_MAX {
            return Err(at.of("forks").refuse(format!("at most {FORKS_MAX}")));
        }
        let forks = spec.forks.iter().enumerate().map(|(index, fork)| {
            let version = at.at("forks", index).array("version", &fork.version)?;
            Ok((fork.epoch, version))
        });
        let forks = ForkSchedule::new(
            at.array("genesis_validators_root", &spec.genesis_validators_root)?,
            forks.collect::<Result<_, Refusal>>()?,
        );
        let periods = spec.epochs_per_sync_committee_period;
        let slots_per_epoch = at_least_one("slots_per_epoch", spec.slots_per_epoch)?;
        let per_period = at_least_one("epochs_per_sync_committee_period", periods)?;
        if slots_per_epoch.checked_mul(per_period).is_none() {
            let what = "a period of more slots than can be counted";
            return Err(at.of("epochs_per_sync_committee_period").refuse(what));
        }
        Ok(Self {
            chain: Arc::new(BeaconChain {
                chain: tutti_domain::U256::from(spec.chain_id),
                preset: Preset {
                    slots_per_epoch,
                    epochs_per_sync_committee_period: per_period,
                    sync_committee_size: size,
                },
                forks: forks.map_err(|error| at.of("forks").refuse(error))?,
                shapes: ShapeEpochs {
                    capella: spec.capella_epoch,
                    deneb: spec.deneb_epoch,
                    electra: spec.electra_epoch,
                },
            }),
            genesis_time: spec.genesis_time,
            seconds_per_slot: at_least_one("seconds_per_slot", spec.seconds_per_slot.into())?,
        })
    }

    pub(crate) fn slot(&self, now: u64) -> u64 {
        now.saturating_sub(self.genesis_time) / self.seconds_per_slot
    }
}

fn format(at: &Field, beacon: &Beacon, fork: i32) -> Result<Format, Refusal> {
    let shape = match v1::LightClientFork::try_from(fork) {
        Ok(v1::LightClientFork::Capella) => Shape::Capella,
        Ok(v1::LightClientFork::Deneb) => Shape::Deneb,
        Ok(v1::LightClientFork::Electra) => Shape::Electra,
        Ok(v1::LightClientFork::Unspecified) | Err(_) => {
            return Err(at.of("fork").refuse("say which fork's layout it is"));
        }
    };
    Ok(Format {
        preset: beacon.chain.preset,
        shape,
    })
}

pub(super) fn update(
    at: &Field,
    beacon: &Beacon,
    update: Option<&v1::LightClientUpdate>,
) -> Result<LightClientUpdate, Refusal> {
    let update = update.and_then(|update| update.update.as_ref());
    match at.required("update", update)? {
        Update::Json(text) => {
            beacon_api::update(text).map_err(|error| at.of("update.json").refuse(error))
        }
        Update::Ssz(ssz) => {
            let at = at.of("update.ssz");
            let format = format(&at, beacon, ssz.fork)?;
            let read = match v1::LightClientObject::try_from(ssz.object) {
                Ok(v1::LightClientObject::Unspecified | v1::LightClientObject::Update) => {
                    format.update(&ssz.data)
                }
                Ok(v1::LightClientObject::FinalityUpdate) => format.finality_update(&ssz.data),
                Ok(v1::LightClientObject::OptimisticUpdate) => format.optimistic_update(&ssz.data),
                Err(_) => return Err(at.of("object").refuse("unknown")),
            };
            read.map_err(|error| at.of("data").refuse(error))
        }
    }
}

pub(super) fn bootstrap(
    at: &Field,
    beacon: &Beacon,
    bootstrap: &v1::LightClientBootstrap,
) -> Result<Bootstrap, Refusal> {
    use v1::light_client_bootstrap::Bootstrap as Given;
    match at.required("bootstrap", bootstrap.bootstrap.as_ref())? {
        Given::Json(text) => {
            beacon_api::bootstrap(text).map_err(|error| at.of("json").refuse(error))
        }
        Given::Ssz(ssz) => {
            let at = at.of("ssz");
            let format = format(&at, beacon, ssz.fork)?;
            let read = format.bootstrap(&ssz.data);
            read.map_err(|error| at.of("data").refuse(error))
        }
    }
}
