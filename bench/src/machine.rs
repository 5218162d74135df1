use std::fs;

use serde_json::{Value, json};

/// Where a figure was measured.
#[derive(Clone, Debug)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub features: Vec<&'static str>,
    pub os: String,
}

impl Machine {
    pub fn here() -> Self {
        Self {
            cpu: cpu_name(),
            cores: tutti_engine::cores(),
            features: features(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "features": self.features,
            "os": self.os,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}

/// The model name, with family and model where a hypervisor hides the rest.
fn cpu_name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))
            .and_then(|line| line.split(':').nth(1))
            .map_or("unknown", str::trim)
            .to_owned()
    };
    format!(
        "{} (family {} model {})",
        field("model name"),
        field("cpu family"),
        field("model")
    )
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let found = [
        ("adx", is_x86_feature_detected!("adx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512ifma", is_x86_feature_detected!("avx512ifma")),
        ("sha", is_x86_feature_detected!("sha")),
    ];
    found
        .into_iter()
        .filter(|(_, present)| *present)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}
