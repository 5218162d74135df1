//! Designs that were placed and routed, as the reports in `rtl/reports` tell: what projections are made from.

const REPORTS: &[&str] = &include!(concat!(env!("OUT_DIR"), "/reports.rs"));

/// Multipliers of one core; nothing else on a card has any.
const CORE_MULTIPLIERS: u32 = 12;

/// By static timing. Nothing was timed on hardware.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Routed {
    pub name: &'static str,
    pub cores: u32,
    pub megahertz: f64,
}

/// Smallest first.
pub fn designs() -> Vec<Routed> {
    let mut designs: Vec<Routed> = REPORTS.iter().filter_map(|text| routed(text)).collect();
    designs.sort_by_key(|design| design.cores);
    designs
}

/// Reports of resources alone tell no frequency.
fn routed(report: &'static str) -> Option<Routed> {
    let mut lines = report.lines();
    let timing = lines.find(|line| line.contains(" MHz after routing"))?;
    let (name, rest) = timing.split_once(": ")?;
    let (megahertz, _) = rest.split_once(" MHz after routing")?;
    let (_, used) = lines.find_map(|line| line.trim().split_once("MULT18X18D:"))?;
    let (multipliers, _) = used.trim().split_once('/')?;
    let multipliers: u32 = multipliers.parse().ok()?;
    Some(Routed {
        name,
        cores: multipliers / CORE_MULTIPLIERS,
        megahertz: megahertz.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_cores_and_frequency() {
        let report = "Tools: some\nulx3s-85f: 84.31 MHz after routing, seed 2\n\nDevice utilisation:\n\
            \t          TRELLIS_IO:      11/    365     3%\n\t          MULT18X18D:     120/    156    76%\n";
        let expected = Routed {
            name: "ulx3s-85f",
            cores: 10,
            megahertz: 84.31,
        };
        assert_eq!(routed(report), Some(expected));
    }

    /// One core alone is always there; what has no timing, as an estimate of resources, is not.
    #[test]
    fn what_is_kept_can_be_read() {
        let designs = designs();
        let core = designs.first().expect("a report");
        assert_eq!((core.name, core.cores), ("core", 1));
        let timed = |report: &&&str| report.contains("MHz after routing");
        assert_eq!(designs.len(), REPORTS.iter().filter(timed).count());
        assert!(REPORTS.len() > designs.len());
        for design in designs {
            assert!(design.cores > 0 && design.megahertz > 1.0, "{design:?}");
        }
    }
}
