//! FPGA cards by name.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tutti_backend::Backend;
use tutti_backend_fpga::{
    CardPatience, DIGEST_BYTES, FpgaBackend, FpgaConfig, ModelPort, Port, SerialDevice, UnixPort,
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

/// What is set for all cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CardSettings {
    pub(crate) redecide_one_in: Option<u32>,
    pub(crate) items_min: Option<u32>,
    pub(crate) digest: Option<[u8; DIGEST_BYTES]>,
}

impl CardSettings {
    pub(crate) fn new(
        redecide_one_in: Option<u32>,
        items_min: Option<u32>,
        digest: Option<&str>,
    ) -> Result<Self, Failure> {
        if redecide_one_in == Some(0) {
            return Err(Failure::usage(
                "one in 0 items cannot be decided again: 1 decides all",
            ));
        }
        Ok(Self {
            redecide_one_in,
            items_min,
            digest: digest.map(parse_digest).transpose()?,
        })
    }
}

pub(crate) fn parse_digest(text: &str) -> Result<[u8; DIGEST_BYTES], Failure> {
    let mut digest = [0; DIGEST_BYTES];
    hex::decode_to_slice(text, &mut digest)
        .map(|()| digest)
        .map_err(|_| Failure::usage(format!("{text:?} is no digest of 32 hexadecimal digits")))
}

/// Items of a batch on the model and on the Verilated card: some hundred milliseconds and some seconds.
const MODEL_ITEMS_MAX: usize = 64;
const SIMULATED_ITEMS_MAX: usize = 8;

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
    /// No board: something much slower. What is on a pseudo-terminal is a simulated card, and so is what is named by a link to one.
    pub(crate) fn is_simulated(&self) -> bool {
        match self {
            Self::Model | Self::Socket(_) => true,
            Self::Serial { path, .. } => {
                let device = fs::canonicalize(path).unwrap_or_else(|_| path.into());
                device.starts_with("/dev/pts")
            }
        }
    }

    /// The card with the CPU beside it, which has the last word.
    pub(crate) fn start(
        &self,
        cpu: &Arc<dyn Backend>,
        settings: CardSettings,
    ) -> Result<Arc<FpgaBackend>, Failure> {
        let mut config = FpgaConfig {
            digest: settings.digest,
            ..FpgaConfig::default()
        };
        if let Some(one_in) = settings.redecide_one_in {
            config.redecide_one_in = one_in;
        }
        if let Some(items) = settings.items_min {
            config.items_min = items;
        }
        if self.is_simulated() {
            config.patience = SIMULATED;
            config.batch_items_max = Some(SIMULATED_ITEMS_MAX);
        }
        let (name, port): (_, Box<dyn Port>) = match self {
            Self::Model => {
                config.batch_items_max = Some(MODEL_ITEMS_MAX);
                let port = ModelPort {
                    cores: MODEL_CORES,
                    defect: None,
                };
                ("fpga-sim", Box::new(port))
            }
            Self::Socket(path) => ("fpga", Box::new(UnixPort(path.clone()))),
            Self::Serial { path, baud } => {
                let device = SerialDevice {
                    path: path.clone(),
                    baud: *baud,
                };
                ("fpga", Box::new(device))
            }
        };
        let backend = FpgaBackend::new(name, port, Arc::clone(cpu), config);
        backend.map(Arc::new).map_err(Failure::cannot_serve)
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
        assert!(!serial.is_simulated());
        assert_eq!(card("fpga:serial:/dev/ttyUSB0:3000000"), Some(serial));
        assert!(card("fpga:serial:/dev/pts/3:3000000").is_some_and(|card| card.is_simulated()));
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

    #[test]
    fn settings_of_cards_are_checked() {
        let digest = "00112233445566778899aabbccddeeff";
        let settings = CardSettings::new(Some(1), Some(7), Some(digest)).expect("both can be");
        assert_eq!(settings.digest.map(|digest| digest[1]), Some(0x11));
        assert!(CardSettings::new(Some(0), None, None).is_err());
        assert!(CardSettings::new(None, None, Some(&digest[2..])).is_err());
        assert!(CardSettings::new(None, None, Some("no digest")).is_err());
    }
}
