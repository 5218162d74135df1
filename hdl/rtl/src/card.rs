//! Everything on the chip: cores behind one link, and that behind a stream of bytes or a serial line.
use crate::link::Link;
use crate::uart::{Receiver, Sender};
use rust_hdl::prelude::*;

/// Cores on the link's bus. Their Verilog is one module that is used many times; rust-hdl would write it as often as it is
/// used. In rust-hdl's own simulation cores are tested alone, cards in Verilator.
#[derive(LogicBlock)]
pub struct Cores {
    pub clock: Signal<In, Clock>,
    pub select: Signal<In, Bits<16>>,
    pub shift: Signal<In, Bit>,
    pub bit_in: Signal<In, Bits<1>>,
    pub command: Signal<In, Bits<3>>,
    pub bit_out: Signal<Out, Bits<1>>,
    pub running: Signal<Out, Bits<16>>,
    _count: usize,
}

impl Cores {
    pub fn new(count: usize) -> Self {
        Self {
            clock: Signal::default(),
            select: Signal::default(),
            shift: Signal::default(),
            bit_in: Signal::default(),
            command: Signal::default(),
            bit_out: Signal::default(),
            running: Signal::default(),
            _count: count,
        }
    }
}

impl Logic for Cores {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.bit_out.connect();
        self.running.connect();
    }

    fn hdl(&self) -> Verilog {
        let count = self._count;
        Verilog::Wrapper(Wrapper {
            code: format!(
                "\
wire [{top}:0] bits;
wire [{top}:0] runs;
// Cores are all over the chip: a clock to them, and two from them.
reg [{top}:0] select_now = 0, bits_now = 0, runs_now = 0;
reg shift_now = 0, bit_now = 0, bit_late = 0;
reg [2:0] command_now = 0;
genvar i;
generate
  for (i = 0; i < {count}; i = i + 1) begin : each
    tutti_core core(.clock(clock), .select(select_now[i]), .shift(shift_now), .bit_in(bit_now),
      .command(command_now), .bit_out(bits[i]), .running(runs[i]));
  end
endgenerate
always @(posedge clock) begin
  select_now <= select[{top}:0];
  shift_now <= shift;
  bit_now <= bit_in;
  command_now <= command;
  bits_now <= bits & select_now;
  bit_late <= |bits_now;
  runs_now <= runs;
end
assign bit_out = bit_late;
assign running = runs_now;
",
                top = count - 1,
            ),
            cores: String::new(),
        })
    }
}

/// A card that is reached by bytes: what is simulated.
#[derive(LogicBlock)]
pub struct Card {
    pub clock: Signal<In, Clock>,
    pub rx_data: Signal<In, Bits<8>>,
    pub rx_valid: Signal<In, Bit>,
    pub rx_take: Signal<Out, Bit>,
    pub tx_data: Signal<Out, Bits<8>>,
    pub tx_valid: Signal<Out, Bit>,
    pub tx_ready: Signal<In, Bit>,
    pub digest: Signal<In, Bits<128>>,
    pub running: Signal<Out, Bits<16>>,
    link: Link,
    cores: Cores,
}

impl Card {
    pub fn new(cores: usize) -> Self {
        Self {
            clock: Signal::default(),
            rx_data: Signal::default(),
            rx_valid: Signal::default(),
            rx_take: Signal::default(),
            tx_data: Signal::default(),
            tx_valid: Signal::default(),
            tx_ready: Signal::default(),
            digest: Signal::default(),
            running: Signal::default(),
            link: Link::new(cores),
            cores: Cores::new(cores),
        }
    }
}

impl Logic for Card {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, link, cores);
        self.link.rx_data.next = self.rx_data.val();
        self.link.rx_valid.next = self.rx_valid.val();
        self.rx_take.next = self.link.rx_take.val();
        self.tx_data.next = self.link.tx_data.val();
        self.tx_valid.next = self.link.tx_valid.val();
        self.link.tx_ready.next = self.tx_ready.val();
        self.link.digest.next = self.digest.val();
        self.cores.select.next = self.link.select.val();
        self.cores.shift.next = self.link.shift.val();
        self.cores.bit_in.next = self.link.bit_to_core.val();
        self.cores.command.next = self.link.command.val();
        self.link.bit_from_core.next = self.cores.bit_out.val();
        self.link.running.next = self.cores.running.val();
        self.running.next = self.cores.running.val();
    }
}

/// A card on a serial line: what is put on boards. Requests wait in a memory of 2,048 bytes.
#[derive(LogicBlock)]
pub struct SerialCard {
    pub clock: Signal<In, Clock>,
    pub rx: Signal<In, Bit>,
    pub tx: Signal<Out, Bit>,
    pub digest: Signal<In, Bits<128>>,
    pub running: Signal<Out, Bits<16>>,
    card: Card,
    receiver: Receiver,
    sender: Sender,
    waiting: RAM<Bits<8>, 11>,
    written: DFF<Bits<11>>,
    read: DFF<Bits<11>>,
    ahead: DFF<Bit>,
    fresh: DFF<Bit>,
    byte: DFF<Bits<8>>,
}

impl SerialCard {
    pub fn new(cores: usize, bit_clocks: u16) -> Self {
        Self {
            clock: Signal::default(),
            rx: Signal::default(),
            tx: Signal::default(),
            digest: Signal::default(),
            running: Signal::default(),
            card: Card::new(cores),
            receiver: Receiver::new(bit_clocks),
            sender: Sender::new(bit_clocks),
            waiting: RAM::default(),
            written: DFF::default(),
            read: DFF::default(),
            ahead: DFF::default(),
            fresh: DFF::default(),
            byte: DFF::default(),
        }
    }
}

impl Logic for SerialCard {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, written, read, ahead, fresh, byte);
        clock!(self, clock, card, receiver, sender);
        self.waiting.read_clock.next = self.clock.val();
        self.waiting.write_clock.next = self.clock.val();
        self.receiver.line.next = self.rx.val();
        self.tx.next = self.sender.line.val();
        self.card.digest.next = self.digest.val();
        self.running.next = self.card.running.val();

        self.waiting.write_address.next = self.written.q.val();
        self.waiting.write_data.next = self.receiver.data.val();
        self.waiting.write_enable.next = self.receiver.valid.val();
        if self.receiver.valid.val() {
            self.written.d.next = self.written.q.val() + 1;
        }
        // What is read stands two clocks after its address: block memory is slow.
        self.waiting.read_address.next = self.read.q.val();
        self.ahead.d.next = self.read.q.val() != self.written.q.val();
        self.fresh.d.next = self.ahead.q.val();
        self.byte.d.next = self.waiting.read_data.val();
        self.card.rx_data.next = self.byte.q.val();
        self.card.rx_valid.next = self.fresh.q.val();
        if self.card.rx_take.val() {
            self.read.d.next = self.read.q.val() + 1;
            self.ahead.d.next = false;
            self.fresh.d.next = false;
        }

        self.sender.data.next = self.card.tx_data.val();
        self.sender.valid.next = self.card.tx_valid.val();
        self.card.tx_ready.next = self.sender.ready.val();
    }
}
