//! FPGA cards by name.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tutti_backend::Backend;
use tutti_backend_fpga::{
    CardPatience, FpgaBackend, FpgaConfig, ModelPort, Port, SerialDevice, UnixPort,
};

use crate::exit::Failure;

/// Where a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CardName {
    /// In this process: the model.
    Model,
    /// Behind a Unix socket: the simulated card.
    Socket(PathBuf),
    /// On a serial line.
    Serial { path: String, baud: u32 },
}

/// Cores of the model. It runs them one after the other: more would not be faster.
const MODEL_CORES: u8 = 2;

/// The simulated card takes seconds for what a real one does in milliseconds.
const SIMULATED: CardPatience = CardPatience {
    answer: Duration::from_secs(5),
    run: Duration::from_mins(2),
    attempts: 3,
};

impl FromStr for CardName {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let unknown = || {
            Failure::usage(format!(
                "this build has no backend {name:?}; it has: auto, cpu, cuda, fpga-sim, fpga:unix:PATH, \
                 fpga:serial:PATH:BAUD"
            ))
        };
        match name.splitn(3, ':').collect::<Vec<_>>()[..] {
            ["fpga-sim"] => Ok(Self::Model),
            ["fpga", "unix", path] => Ok(Self::Socket(path.into())),
            ["fpga", "serial", line] => {
                let (path, baud) = line.rsplit_once(':').ok_or_else(unknown)?;
                Ok(Self::Serial {
                    path: path.to_owned(),
                    baud: baud.parse().map_err(|_| unknown())?,
                })
            }
            _ => Err(unknown()),
        }
    }
}

impl CardName {
    /// The card with the CPU beside it, which has the last word.
    pub(crate) fn start(&self, cpu: &Arc<dyn Backend>) -> Result<Arc<dyn Backend>, Failure> {
        let mut config = FpgaConfig::default();
        let (name, port): (_, Box<dyn Port>) = match self {
            Self::Model => {
                let port = ModelPort {
                    cores: MODEL_CORES,
                    defect: None,
                };
                ("fpga-sim", Box::new(port))
            }
            Self::Socket(path) => {
                config.patience = SIMULATED;
                ("fpga", Box::new(UnixPort(path.clone())))
            }
            Self::Serial { path, baud } => {
                let device = SerialDevice {
                    path: path.clone(),
                    baud: *baud,
                };
                ("fpga", Box::new(device))
            }
        };
        let backend =
            FpgaBackend::new(name, port, Arc::clone(cpu), config).map_err(Failure::cannot_serve)?;
        Ok(Arc::new(backend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_named_by_where_they_are() {
        let card = |name: &str| name.parse::<CardName>().ok();
        assert_eq!(card("fpga-sim"), Some(CardName::Model));
        let socket = CardName::Socket("/run/card".into());
        assert_eq!(card("fpga:unix:/run/card"), Some(socket));
        let serial = CardName::Serial {
            path: "/dev/ttyUSB0".into(),
            baud: 3_000_000,
        };
        assert_eq!(card("fpga:serial:/dev/ttyUSB0:3000000"), Some(serial));
        for name in [
            "fpga",
            "fpga:serial:/dev/ttyUSB0",
            "fpga:serial:x:fast",
            "fpga:usb:x",
            "tpu",
        ] {
            assert_eq!(card(name), None);
        }
    }
}
