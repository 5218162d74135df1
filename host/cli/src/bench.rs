use std::sync::Arc;

use tutti_bench::commands::{self, Caching, EngineArgs as Wanted, MakeEngine};
use tutti_engine::{Engine, Observer};

use crate::args::{BenchArgs, EngineArgs};
use crate::exit::{Exit, Failure};
use crate::settings::EngineSettings;

pub(crate) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    let words: Vec<String> = std::env::args()
        .skip_while(|word| word != "bench")
        .skip(1)
        .collect();
    match commands::run(args, &words, &Backends) {
        Ok(()) => Ok(Exit::Well),
        Err(commands::Failure::Usage(what)) => Err(Failure::Usage(what)),
        Err(failure) => Err(Failure::cannot_serve(failure)),
    }
}

/// The backends of this program, set up as for serving but by flags alone.
struct Backends;

impl MakeEngine for Backends {
    fn engine(
        &self,
        wanted: &Wanted,
        caching: Caching,
        observer: Arc<dyn Observer>,
    ) -> Result<Engine, commands::Failure> {
        let refused = |failure: Failure| match failure {
            Failure::Usage(what) => commands::Failure::Usage(what),
            Failure::CannotServe(what) => commands::Failure::Failed(what.into()),
        };
        let cpu_engine = wanted
            .cpu_engine
            .as_deref()
            .map(|name| clap::ValueEnum::from_str(name, false))
            .transpose()
            .map_err(commands::Failure::Usage)?;
        let settings = EngineSettings::from_args(&EngineArgs {
            backend: wanted.backend.clone(),
            threads: wanted.threads,
            cpu_engine,
            coefficient_bits: wanted.coefficient_bits,
            cuda_items_min: wanted.cuda_items_min,
            cuda_memory_mib: wanted.cuda_memory_mib,
            cuda_worker: wanted.cuda_worker.clone(),
            ..EngineArgs::default()
        })
        .map_err(refused)?;
        settings.start(caching, observer).map_err(refused)
    }
}
