//! A serial line: eight bits, no parity, one stop bit.
use rust_hdl::prelude::*;

/// Bytes from a line. A byte whose stop bit is not there is dropped.
#[derive(LogicBlock)]
pub struct Receiver {
    pub clock: Signal<In, Clock>,
    pub line: Signal<In, Bit>,
    pub data: Signal<Out, Bits<8>>,
    /// For one clock.
    pub valid: Signal<Out, Bit>,
    bit_clocks: Constant<Bits<12>>,
    half_bit: Constant<Bits<12>>,
    /// Complements, so that the line is quiet at first.
    early: DFF<Bit>,
    late: DFF<Bit>,
    pause: DFF<Bits<12>>,
    bits_left: DFF<Bits<4>>,
    byte: DFF<Bits<8>>,
    got: DFF<Bit>,
}

impl Receiver {
    /// For so many clocks a bit.
    pub fn new(bit_clocks: u16) -> Self {
        assert!((4..4096).contains(&bit_clocks), "4 to 4095 clocks a bit");
        Self {
            clock: Signal::default(),
            line: Signal::default(),
            data: Signal::default(),
            valid: Signal::default(),
            bit_clocks: Constant::new(u64::from(bit_clocks - 1).into()),
            half_bit: Constant::new(u64::from(bit_clocks / 2).into()),
            early: DFF::default(),
            late: DFF::default(),
            pause: DFF::default(),
            bits_left: DFF::default(),
            byte: DFF::default(),
            got: DFF::default(),
        }
    }
}

impl Logic for Receiver {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, early, late, pause, bits_left, byte, got);
        self.early.d.next = !self.line.val();
        self.late.d.next = self.early.q.val();
        self.got.d.next = false;
        if self.bits_left.q.val() == 0 {
            if self.late.q.val() {
                self.bits_left.d.next = 10.into();
                self.pause.d.next = self.half_bit.val();
            }
        } else if self.pause.q.val() != 0 {
            self.pause.d.next = self.pause.q.val() - 1;
        } else {
            self.pause.d.next = self.bit_clocks.val();
            self.bits_left.d.next = self.bits_left.q.val() - 1;
            if self.bits_left.q.val() == 10 {
                if !self.late.q.val() {
                    self.bits_left.d.next = 0.into();
                }
            } else if self.bits_left.q.val() == 1 {
                self.got.d.next = !self.late.q.val();
            } else {
                self.byte.d.next = self.byte.q.val() >> 1;
                if !self.late.q.val() {
                    self.byte.d.next = (self.byte.q.val() >> 1) | 128;
                }
            }
        }
        self.data.next = self.byte.q.val();
        self.valid.next = self.got.q.val();
    }
}

/// Bytes to a line.
#[derive(LogicBlock)]
pub struct Sender {
    pub clock: Signal<In, Clock>,
    pub data: Signal<In, Bits<8>>,
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub line: Signal<Out, Bit>,
    bit_clocks: Constant<Bits<12>>,
    pause: DFF<Bits<12>>,
    bits_left: DFF<Bits<4>>,
    byte: DFF<Bits<8>>,
    /// The line's complement.
    low: DFF<Bit>,
}

impl Sender {
    /// For so many clocks a bit.
    pub fn new(bit_clocks: u16) -> Self {
        assert!((4..4096).contains(&bit_clocks), "4 to 4095 clocks a bit");
        Self {
            clock: Signal::default(),
            data: Signal::default(),
            valid: Signal::default(),
            ready: Signal::default(),
            line: Signal::default(),
            bit_clocks: Constant::new(u64::from(bit_clocks - 1).into()),
            pause: DFF::default(),
            bits_left: DFF::default(),
            byte: DFF::default(),
            low: DFF::default(),
        }
    }
}

impl Logic for Sender {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pause, bits_left, byte, low);
        self.ready.next = (self.bits_left.q.val() == 0) & (self.pause.q.val() == 0);
        if self.pause.q.val() != 0 {
            self.pause.d.next = self.pause.q.val() - 1;
        } else if self.bits_left.q.val() != 0 {
            self.pause.d.next = self.bit_clocks.val();
            self.bits_left.d.next = self.bits_left.q.val() - 1;
            self.low.d.next = !self.byte.q.val().get_bit(0);
            self.byte.d.next = self.byte.q.val() >> 1;
            if self.bits_left.q.val() == 1 {
                self.low.d.next = false;
            }
        } else if self.valid.val() {
            self.byte.d.next = self.data.val();
            self.bits_left.d.next = 9.into();
            self.low.d.next = true;
            self.pause.d.next = self.bit_clocks.val();
        }
        self.line.next = !self.low.q.val();
    }
}
