//! Boards: what is soldered to which pin, and the top module that fits. Pins are facts of the boards' public constraint
//! files, named with each.
use crate::floorplan::{self, Place};
use std::fmt::Write as _;

/// A clock made from the board's by the chip's PLL: input / `input_divider` * `feedback_divider`; the oscillator inside runs
/// `output_divider` times as fast, within 400 to 800 MHz.
#[derive(Clone, Copy, Debug)]
pub struct Pll {
    pub input_divider: u32,
    pub feedback_divider: u32,
    pub output_divider: u32,
}

/// A port of the top module, and the pin it is on; none where the tools may choose.
#[derive(Clone, Copy, Debug)]
pub struct Pin {
    pub port: &'static str,
    pub site: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub struct Board {
    pub name: &'static str,
    /// Where the pins are from.
    pub source: &'static str,
    /// How nextpnr-ecp5 calls the chip.
    pub device: &'static str,
    pub package: &'static str,
    pub cores: usize,
    /// Of each core; none where the tools may choose.
    pub places: &'static [Place],
    pub clock_pin: Pin,
    pub clock_hz: u32,
    /// Without one the board's clock is that of the cores.
    pub pll: Option<Pll>,
    pub baud: u32,
    /// Into the chip.
    pub rx: Pin,
    /// Out of the chip.
    pub tx: Pin,
    /// Cores that run; further cores share the last one.
    pub leds: &'static [Option<&'static str>],
    /// Pins that have to be high for the board to stay as it is.
    pub high: &'static [Pin],
}

const fn pin(port: &'static str, site: &'static str) -> Pin {
    Pin {
        port,
        site: Some(site),
    }
}

const fn anywhere(port: &'static str) -> Pin {
    Pin { port, site: None }
}

/// No board: what the chips of all makers have, for whoever brings pins of their own. It is what the serial line is simulated with.
pub const GENERIC: Board = Board {
    name: "generic",
    source: "no board",
    device: "85k",
    package: "CABGA381",
    cores: 2,
    places: &[],
    clock_pin: anywhere("clock"),
    clock_hz: 48_000_000,
    pll: None,
    baud: 3_000_000,
    rx: anywhere("rx"),
    tx: anywhere("tx"),
    leds: &[None],
    high: &[],
};

/// Radiona ULX3S with LFE5U-85F: 25 MHz, FT231X serial line over USB with up to 3 Mbaud.
pub const ULX3S_85F: Board = Board {
    name: "ulx3s-85f",
    source: "emard/ulx3s, doc/constraints/ulx3s_v20.lpf",
    device: "85k",
    package: "CABGA381",
    cores: floorplan::TEN.len(),
    places: &floorplan::TEN,
    clock_pin: pin("clk_25mhz", "G2"),
    clock_hz: 25_000_000,
    pll: Some(Pll {
        input_divider: 5,
        feedback_divider: 18,
        output_divider: 7,
    }),
    baud: 3_000_000,
    rx: pin("ftdi_txd", "M1"),
    tx: pin("ftdi_rxd", "L4"),
    leds: &[
        Some("B2"),
        Some("C2"),
        Some("C1"),
        Some("D2"),
        Some("D1"),
        Some("E2"),
        Some("E1"),
        Some("H3"),
    ],
    high: &[pin("wifi_gpio0", "L2")],
};

pub const ALL: [&Board; 2] = [&ULX3S_85F, &GENERIC];

impl Board {
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|board| board.name == name)
    }

    pub fn core_hz(&self) -> u32 {
        self.pll.map_or(self.clock_hz, |pll| {
            self.clock_hz / pll.input_divider * pll.feedback_divider
        })
    }

    /// Clocks of a bit on the serial line, to the nearest.
    pub fn bit_clocks(&self) -> u16 {
        let clocks = (self.core_hz() + self.baud / 2) / self.baud;
        u16::try_from(clocks).expect("a bit has few clocks")
    }

    /// Constraints for nextpnr-ecp5.
    pub fn constraints(&self) -> String {
        let mut text = format!("# {}: pins of {}\n", self.name, self.source);
        let mut place = |port: &str, site: Option<&str>| {
            if let Some(site) = site {
                let _ = writeln!(text, "LOCATE COMP \"{port}\" SITE \"{site}\";");
                let _ = writeln!(text, "IOBUF PORT \"{port}\" IO_TYPE=LVCMOS33;");
            }
        };
        for pin in [self.clock_pin, self.rx, self.tx].iter().chain(self.high) {
            place(pin.port, pin.site);
        }
        for (i, site) in self.leds.iter().enumerate() {
            place(&format!("led[{i}]"), *site);
        }
        let megahertz = f64::from(self.clock_hz) / 1e6;
        let _ = writeln!(
            text,
            "FREQUENCY PORT \"{}\" {megahertz} MHZ;",
            self.clock_pin.port
        );
        text
    }

    /// The module around `tutti_serial`.
    pub fn top(&self, digest: u128) -> String {
        let mut high = String::new();
        let mut set_high = String::new();
        for pin in self.high {
            let _ = write!(high, ", output {}", pin.port);
            let _ = writeln!(set_high, "  assign {} = 1'b1;", pin.port);
        }
        format!(
            "\
// {name}: {cores} cores at {hz} Hz, {bit_clocks} clocks a bit on the serial line
module tutti_board(input {clock}, input {rx}, output {tx}, output [{led_top}:0] led{high});
{core_clock}  wire [15:0] running;
  tutti_serial card(.clock({core}), .rx({rx}), .tx({tx}), .digest(128'h{digest:032x}), .running(running));
  assign led = {leds};
{set_high}endmodule
",
            name = self.name,
            cores = self.cores,
            hz = self.core_hz(),
            bit_clocks = self.bit_clocks(),
            clock = self.clock_pin.port,
            rx = self.rx.port,
            tx = self.tx.port,
            led_top = self.leds.len() - 1,
            core = if self.pll.is_some() { "core_clock" } else { self.clock_pin.port },
            core_clock = self.pll.map_or_else(String::new, |pll| self.core_clock(pll)),
            leds = self.led_bits(),
        )
    }

    /// One for each core that runs, the last for all that have none of their own.
    fn led_bits(&self) -> String {
        match self.leds.len() - 1 {
            0 => "|running".into(),
            last => format!("{{|running[15:{last}], running[{}:0]}}", last - 1),
        }
    }

    fn core_clock(&self, pll: Pll) -> String {
        let Pll {
            input_divider,
            feedback_divider,
            output_divider,
        } = pll;
        format!(
            "  wire core_clock, locked;
  (* FREQUENCY_PIN_CLKI=\"{clock_mhz}\", FREQUENCY_PIN_CLKOP=\"{core_mhz}\", ICP_CURRENT=\"12\", LPF_RESISTOR=\"8\" *)
  EHXPLLL #(
    .PLLRST_ENA(\"DISABLED\"), .INTFB_WAKE(\"DISABLED\"), .STDBY_ENABLE(\"DISABLED\"), .DPHASE_SOURCE(\"DISABLED\"),
    .OUTDIVIDER_MUXA(\"DIVA\"), .OUTDIVIDER_MUXB(\"DIVB\"), .OUTDIVIDER_MUXC(\"DIVC\"), .OUTDIVIDER_MUXD(\"DIVD\"),
    .CLKI_DIV({input_divider}), .CLKOP_ENABLE(\"ENABLED\"), .CLKOP_DIV({output_divider}), .CLKOP_CPHASE({phase}),
    .CLKOP_FPHASE(0), .FEEDBK_PATH(\"CLKOP\"), .CLKFB_DIV({feedback_divider})
  ) pll (
    .CLKI({clock}), .CLKFB(core_clock), .CLKOP(core_clock), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
    .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
",
            clock = self.clock_pin.port,
            clock_mhz = f64::from(self.clock_hz) / 1e6,
            core_mhz = f64::from(self.core_hz()) / 1e6,
            phase = output_divider / 2,
        )
    }
}
