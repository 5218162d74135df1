//! Boards: what is soldered to which pin, and the top module that fits. Pins are facts of the boards' public constraint
//! files, named with each.
use std::fmt::Write as _;

/// A clock made from the board's by the chip's PLL: input / `input_divider` * `feedback_divider`; the oscillator inside runs
/// `output_divider` times as fast, within 400 to 800 MHz.
#[derive(Clone, Copy, Debug)]
pub struct Pll {
    pub input_divider: u32,
    pub feedback_divider: u32,
    pub output_divider: u32,
}

/// A pin of the top module.
#[derive(Clone, Copy, Debug)]
pub struct Pin {
    pub port: &'static str,
    pub site: &'static str,
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
    pub clock_pin: Pin,
    pub clock_hz: u32,
    pub pll: Pll,
    pub baud: u32,
    /// Into the chip.
    pub rx: Pin,
    /// Out of the chip.
    pub tx: Pin,
    /// Cores that run; further cores share the last one.
    pub leds: &'static [&'static str],
    /// Pins that have to be high for the board to stay as it is.
    pub high: &'static [Pin],
}

const fn pin(port: &'static str, site: &'static str) -> Pin {
    Pin { port, site }
}

/// Radiona ULX3S with LFE5U-85F: 25 MHz, FT231X serial line over USB with up to 3 Mbaud.
pub const ULX3S_85F: Board = Board {
    name: "ulx3s-85f",
    source: "emard/ulx3s, doc/constraints/ulx3s_v20.lpf",
    device: "85k",
    package: "CABGA381",
    cores: 10,
    clock_pin: pin("clk_25mhz", "G2"),
    clock_hz: 25_000_000,
    pll: Pll {
        input_divider: 5,
        feedback_divider: 18,
        output_divider: 7,
    },
    baud: 3_000_000,
    rx: pin("ftdi_txd", "M1"),
    tx: pin("ftdi_rxd", "L4"),
    leds: &["B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3"],
    high: &[pin("wifi_gpio0", "L2")],
};

pub const ALL: [&Board; 1] = [&ULX3S_85F];

impl Board {
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|board| board.name == name)
    }

    pub fn core_hz(&self) -> u32 {
        self.clock_hz / self.pll.input_divider * self.pll.feedback_divider
    }

    /// Clocks of a bit on the serial line, to the nearest.
    pub fn bit_clocks(&self) -> u16 {
        let clocks = (self.core_hz() + self.baud / 2) / self.baud;
        u16::try_from(clocks).expect("a bit has few clocks")
    }

    /// Constraints for nextpnr-ecp5.
    pub fn constraints(&self) -> String {
        let mut text = format!("# {}: pins of {}\n", self.name, self.source);
        let mut place = |port: &str, site: &str| {
            let _ = writeln!(text, "LOCATE COMP \"{port}\" SITE \"{site}\";");
            let _ = writeln!(text, "IOBUF PORT \"{port}\" IO_TYPE=LVCMOS33;");
        };
        for pin in [self.clock_pin, self.rx, self.tx].iter().chain(self.high) {
            place(pin.port, pin.site);
        }
        for (i, site) in self.leds.iter().enumerate() {
            place(&format!("led[{i}]"), site);
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
        let Pll {
            input_divider,
            feedback_divider,
            output_divider,
        } = self.pll;
        format!(
            "\
// {name}: {cores} cores at {hz} Hz
module tutti_board(input {clock}, input {rx}, output {tx}, output [{led_top}:0] led{high});
  wire clock, locked;
  (* FREQUENCY_PIN_CLKI=\"{clock_mhz}\", FREQUENCY_PIN_CLKOP=\"{core_mhz}\", ICP_CURRENT=\"12\", LPF_RESISTOR=\"8\" *)
  EHXPLLL #(
    .PLLRST_ENA(\"DISABLED\"), .INTFB_WAKE(\"DISABLED\"), .STDBY_ENABLE(\"DISABLED\"), .DPHASE_SOURCE(\"DISABLED\"),
    .OUTDIVIDER_MUXA(\"DIVA\"), .OUTDIVIDER_MUXB(\"DIVB\"), .OUTDIVIDER_MUXC(\"DIVC\"), .OUTDIVIDER_MUXD(\"DIVD\"),
    .CLKI_DIV({input_divider}), .CLKOP_ENABLE(\"ENABLED\"), .CLKOP_DIV({output_divider}), .CLKOP_CPHASE({phase}),
    .CLKOP_FPHASE(0), .FEEDBK_PATH(\"CLKOP\"), .CLKFB_DIV({feedback_divider})
  ) pll (
    .CLKI({clock}), .CLKFB(clock), .CLKOP(clock), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
    .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
  wire [15:0] running;
  tutti_serial card(.clock(clock), .rx({rx}), .tx({tx}), .digest(128'h{digest:032x}), .running(running));
  assign led = {{|running[15:{led_top}], running[{led_below}:0]}};
{set_high}endmodule
",
            name = self.name,
            cores = self.cores,
            hz = self.core_hz(),
            clock = self.clock_pin.port,
            rx = self.rx.port,
            tx = self.tx.port,
            led_top = self.leds.len() - 1,
            led_below = self.leds.len() - 2,
            clock_mhz = f64::from(self.clock_hz) / 1e6,
            core_mhz = f64::from(self.core_hz()) / 1e6,
            phase = output_divider / 2,
        )
    }
}
