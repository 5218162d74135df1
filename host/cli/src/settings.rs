//! Settings: flags over environment over file over defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tutti_backend::{Backend, CoefficientBits};
use tutti_backend_cpu::{CpuBackend, CpuConfig, CpuEngine};
pub(crate) use tutti_bench::commands::Caching;
use tutti_engine::{Engine, EngineConfig, Observer, Patience};
use tutti_types::Limits;

use crate::args::{CpuEngineName, EngineArgs, LogFormat};
use crate::card::{CardName, CardSettings};
use crate::cuda::CudaSettings;
use crate::exit::Failure;

/// The settings file. Every key is optional; a key that is not here is an error.
#[allow(clippy::struct_field_names)] // The names that operators write.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) side_listen: Option<SocketAddr>,
    backends: Option<Vec<String>>,
    threads: Option<usize>,
    cpu_engine: Option<CpuEngineName>,
    cuda_memory_mib: Option<u64>,
    cuda_items_min: Option<u32>,
    fpga_redecide_one_in: Option<u32>,
    fpga_items_min: Option<u32>,
    fpga_digest: Option<String>,
    coefficient_bits: Option<u32>,
    pub(crate) control_token_file: Option<PathBuf>,
    pub(crate) gather_us: Option<u64>,
    pub(crate) drain_timeout_s: Option<u64>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log: Option<String>,
    #[serde(default)]
    limits: LimitSettings,
}

macro_rules! limit_settings {
    ($($name:ident: $type:ty),* $(,)?) => {
        /// Limits that an operator may change; see `Limits` for what each is for.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct LimitSettings {
            $($name: Option<$type>,)*
        }

        impl LimitSettings {
            fn over(&self, limits: &mut Limits) -> Result<(), Failure> {
                $(if let Some(value) = self.$name {
                    if value == 0 {
                        return Err(Failure::usage(concat!(
                            "limits.", stringify!($name), " is 0: nothing could be done at all"
                        )));
                    }
                    limits.$name = value;
                })*
                Ok(())
            }
        }
    };
}

limit_settings! {
    items_per_request_max: usize,
    signers_per_request_max: usize,
    message_bytes_max: usize,
    request_bytes_max: usize,
    keys_per_set_max: usize,
    key_sets_max: usize,
    keys_total_max: usize,
    queued_cost_us_max: u64,
    queued_items_max: usize,
    queued_parcels_max: usize,
    batch_items_max: usize,
    batch_cost_us_max: u64,
    certificates_per_request_max: usize,
    witnesses_remembered_max: usize,
    set_watchers_max: usize,
    set_changes_waiting_max: usize,
    stream_requests_max: usize,
    streams_per_connection_max: u32,
    connections_max: usize,
    cached_keys_max: usize,
    cached_messages_max: usize,
    cached_aggregates_max: usize,
}

/// What a batch may take on a simulated card, which computes a second's work of a board in a minute.
const SIMULATION: Duration = Duration::from_mins(5);

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct EngineSettings {
    pub(crate) engine: EngineConfig,
    pub(crate) threads: usize,
    cpu_engine: CpuEngine,
    pub(crate) cuda: CudaSettings,
    pub(crate) cards: CardSettings,
    backends: Vec<BackendName>,
    pub(crate) file: File,
}

impl EngineSettings {
    pub(crate) fn from_args(args: &EngineArgs) -> Result<Self, Failure> {
        let file = match &args.config {
            None => File::default(),
            Some(path) => read(path)?,
        };
        let mut limits = Limits::default();
        file.limits.over(&mut limits)?;
        let backends = match (&args.backend[..], &file.backends) {
            ([], None) => vec![BackendName::Auto],
            ([], Some(names)) => backend_names(names)?,
            (names, _) => backend_names(names)?,
        };
        let cuda = CudaSettings {
            memory_mib: args
                .cuda_memory_mib
                .or(file.cuda_memory_mib)
                .unwrap_or(4_096),
            items_min: args.cuda_items_min.or(file.cuda_items_min),
            worker: args.cuda_worker.clone(),
        };
        let digest = args.fpga_digest.as_ref().or(file.fpga_digest.as_ref());
        let cards = CardSettings::new(
            args.fpga_redecide_one_in.or(file.fpga_redecide_one_in),
            args.fpga_items_min.or(file.fpga_items_min),
            digest.map(String::as_str),
        )?;
        if !(64..=1 << 20).contains(&cuda.memory_mib) {
            return Err(Failure::usage(format!(
                "{} MiB of a device: give 64 to 1048576",
                cuda.memory_mib
            )));
        }
        let threads = args
            .threads
            .or(file.threads)
            .unwrap_or_else(tutti_engine::cores);
        if !(1..=1_024).contains(&threads) {
            return Err(Failure::usage(format!("{threads} threads: give 1 to 1024")));
        }
        let cpu_engine = match args.cpu_engine.or(file.cpu_engine).unwrap_or_default() {
            CpuEngineName::Auto => CpuEngine::Auto,
            CpuEngineName::Scalar => CpuEngine::Scalar,
            CpuEngineName::Ifma => CpuEngine::Ifma,
        };
        let coefficient_bits = match args.coefficient_bits.or(file.coefficient_bits) {
            None | Some(64) => CoefficientBits::B64,
            Some(128) => CoefficientBits::B128,
            Some(bits) => {
                return Err(Failure::usage(format!(
                    "coefficients have 64 or 128 bits, not {bits}"
                )));
            }
        };
        let gather = Duration::from_micros(file.gather_us.unwrap_or(0));
        Ok(Self {
            engine: EngineConfig {
                limits,
                coefficient_bits,
                gather,
            },
            threads,
            cpu_engine,
            cuda,
            cards,
            backends,
            file,
        })
    }

    /// An engine with these backends, tested. Simulated cards are waited for as long as they need.
    pub(crate) fn start(
        &self,
        caching: Caching,
        observer: Arc<dyn Observer>,
    ) -> Result<Engine, Failure> {
        let mut patience = Patience::default();
        if self.cards().any(CardName::is_simulated) {
            patience.floor = SIMULATION;
        }
        let backends = self.backends(caching)?;
        Ok(Engine::start_with_patience(
            &self.engine,
            patience,
            backends,
            observer,
        ))
    }

    fn backends(&self, caching: Caching) -> Result<Vec<Arc<dyn Backend>>, Failure> {
        let cpu = self.cpu(caching)?;
        let mut backends: Vec<Arc<dyn Backend>> = Vec::new();
        for name in &self.backends {
            match name {
                BackendName::Cpu => backends.push(Arc::clone(&cpu)),
                BackendName::Card(card) => backends.push(card.start(&cpu, self.cards)?),
                BackendName::Cuda | BackendName::Auto => match self.cuda.start(&cpu) {
                    Ok(devices) => backends.extend(devices.into_iter().map(|device| device as _)),
                    Err(error) if *name == BackendName::Auto => {
                        tracing::info!(%error, "no CUDA device is used");
                    }
                    Err(error) => return Err(Failure::cannot_serve(error)),
                },
            }
            if *name == BackendName::Auto {
                backends.push(Arc::clone(&cpu));
            }
        }
        Ok(backends)
    }

    /// The FPGA cards that are named.
    pub(crate) fn cards(&self) -> impl Iterator<Item = &CardName> {
        self.backends.iter().filter_map(|name| match name {
            BackendName::Card(card) => Some(card),
            _ => None,
        })
    }

    pub(crate) fn cpu(&self, caching: Caching) -> Result<Arc<dyn Backend>, Failure> {
        let config = CpuConfig {
            engine: self.cpu_engine,
            ..CpuConfig::new(self.threads, &self.engine.limits)
        };
        let config = match caching {
            Caching::On => config,
            Caching::Off => config.without_caches(),
        };
        let backend = CpuBackend::new(&config).map_err(Failure::cannot_serve)?;
        Ok(Arc::new(backend))
    }
}

/// What `--backend` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum BackendName {
    /// CUDA devices where there are any, and the CPU.
    Auto,
    Cpu,
    Cuda,
    /// An FPGA card.
    Card(CardName),
}

fn backend_names(names: &[String]) -> Result<Vec<BackendName>, Failure> {
    let mut known = Vec::new();
    for name in names {
        let name = match &**name {
            "auto" => BackendName::Auto,
            "cpu" => BackendName::Cpu,
            "cuda" => BackendName::Cuda,
            other => BackendName::Card(other.parse()?),
        };
        if known.contains(&name) {
            return Err(Failure::usage("a backend is named twice"));
        }
        known.push(name);
    }
    if known.len() > 1 && known.contains(&BackendName::Auto) {
        return Err(Failure::usage("auto names all backends already"));
    }
    Ok(known)
}

fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    toml::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is no settings file: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused() {
        assert!(toml::from_str::<File>("listen = \"127.0.0.1:1\"").is_ok());
        assert!(toml::from_str::<File>("lisen = \"127.0.0.1:1\"").is_err());
        assert!(toml::from_str::<File>("[limits]\nbatch_items_max = 64").is_ok());
        assert!(toml::from_str::<File>("[limits]\nbatch_items = 64").is_err());
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let args = |threads, bits, backend: &str| EngineArgs {
            config: None,
            backend: vec![backend.to_owned()],
            threads: Some(threads),
            cpu_engine: None,
            cuda_memory_mib: None,
            cuda_items_min: None,
            cuda_worker: None,
            fpga_redecide_one_in: None,
            fpga_items_min: None,
            fpga_digest: None,
            coefficient_bits: Some(bits),
        };
        assert!(EngineSettings::from_args(&args(1, 64, "cpu")).is_ok());
        assert!(EngineSettings::from_args(&args(0, 64, "cpu")).is_err());
        assert!(EngineSettings::from_args(&args(1, 65, "cpu")).is_err());
        assert!(EngineSettings::from_args(&args(1, 64, "tpu")).is_err());
        assert!(EngineSettings::from_args(&args(1, 64, "cuda")).is_ok());
        assert!(EngineSettings::from_args(&args(1, 64, "fpga-sim")).is_ok());
        let mut limits = Limits::default();
        let zero = LimitSettings {
            batch_items_max: Some(0),
            ..LimitSettings::default()
        };
        assert!(zero.over(&mut limits).is_err());
    }

    /// The annotated default file is the manual: it must be read, and change nothing.
    #[test]
    fn the_annotated_file_holds_the_defaults() {
        let text = include_str!("../../../docs/tutti.toml");
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") => setting,
                _ => line,
            })
            .fold(String::new(), |all, line| all + line + "\n");
        let file: File = toml::from_str(&uncommented).expect("docs/tutti.toml");
        let mut limits = Limits::default();
        file.limits.over(&mut limits).expect("limits above zero");
        assert_eq!(limits, Limits::default());
        assert!(file.listen.is_some() && file.side_listen.is_some() && file.log.is_some());
    }
}
