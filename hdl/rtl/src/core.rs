//! One core: register file, multiplier, adder, microcode memory and sequencer, and the window through which the host
//! reaches them.
use crate::alu::Alu;
use crate::cells::BlockRam;
use crate::multiplier::Multiplier;
use crate::sequencer::Sequencer;
use rust_hdl::prelude::*;

/// What the host does to the selected core. The window has 120 bits, moved in from above a bit at a time: 108 bits of a
/// chunk, or 36 of a microcode word, and 12 of an address.
pub mod command {
    /// Chunk into register and chunk `address`.
    pub const STORE: u64 = 1;
    /// The chunk at `address` into the window.
    pub const FETCH: u64 = 2;
    /// Word into the microcode memory.
    pub const STORE_CODE: u64 = 3;
    /// Begins at `address`.
    pub const START: u64 = 4;
    pub const STOP: u64 = 5;
    /// Slots (32 bits) and fault (1) into the window.
    pub const FETCH_STATUS: u64 = 6;
}

#[derive(LogicBlock, Default)]
pub struct Core {
    pub clock: Signal<In, Clock>,
    pub select: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub bit_in: Signal<In, Bits<1>>,
    pub command: Signal<In, Bits<3>>,
    pub bit_out: Signal<Out, Bits<1>>,
    /// Runs a program, or will.
    pub running: Signal<Out, Bit>,
    sequencer: Sequencer,
    multiplier: Multiplier,
    alu: Alu,
    registers: BlockRam<108, 10>,
    code: RAM<Bits<36>, 12>,
    a: DFF<Bits<108>>,
    b: DFF<Bits<108>>,
    written: DFF<Bits<108>>,
    window: DFF<Bits<120>>,
    selected: DFF<Bit>,
    moves: DFF<Bit>,
    bit_held: DFF<Bits<1>>,
    order: DFF<Bits<3>>,
    storing: DFF<Bit>,
    host_write: DFF<Bit>,
    host_address: DFF<Bits<10>>,
    busy: DFF<Bit>,
    out: DFF<Bits<1>>,
    b_kept: Signal<Local, Bits<108>>,
}

impl Logic for Core {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            a,
            b,
            written,
            window,
            selected,
            moves,
            bit_held,
            order,
            storing,
            host_write,
            host_address,
            busy,
            out
        );
        clock!(self, clock, sequencer, multiplier, alu, registers);
        self.code.read_clock.next = self.clock.val();
        self.code.write_clock.next = self.clock.val();

        // Control.
        self.code.read_address.next = self.sequencer.code_address.val();
        self.sequencer.code_word.next = self.code.read_data.val();
        self.sequencer.negative.next = self.alu.negative.val();
        self.sequencer.zero.next = self.alu.zero.val();
        self.sequencer.odd.next = self.alu.odd.val();
        self.multiplier.phase.next = self.sequencer.phase.val();
        self.multiplier.load.next = self.sequencer.load.val();
        self.multiplier.load_modulus.next = self.sequencer.load_modulus.val();
        self.multiplier.start.next = self.sequencer.start.val();
        self.alu.phase.next = self.sequencer.phase.val();
        self.alu.subtract.next = self.sequencer.invert_b.val();
        self.alu.bias.next = self.sequencer.bias.val();
        self.alu.add_bias.next = self.sequencer.add_bias.val();
        self.alu.load_bias.next = self.sequencer.load_bias.val();
        self.alu.set_flags.next = self.sequencer.set_flags.val();
        self.alu.clear_flags.next = self.sequencer.clear_flags.val();

        // Registers to operands: block memory is slow, and a register behind it takes what counts.
        self.a.d.next = self.registers.a_read.val();
        if !self.sequencer.keep_a.val() {
            self.a.d.next = 0.into();
        }
        self.b_kept.next = self.registers.b_read.val();
        if !self.sequencer.keep_b.val() {
            self.b_kept.next = 0.into();
        }
        self.b.d.next = self.b_kept.val();
        if self.sequencer.invert_b.val() {
            self.b.d.next = !self.b_kept.val();
        }
        self.alu.a.next = self.a.q.val();
        self.alu.b.next = self.b.q.val();
        self.multiplier.a.next = self.a.q.val();
        self.multiplier.b.next = self.b.q.val();

        // Results to registers: sums by port a, products and what the host writes by port b.
        self.registers.a_address.next = self.sequencer.a_address.val();
        self.registers.a_write.next = self.sequencer.a_write.val();
        self.registers.a_data.next = self.alu.sum.val();
        self.written.d.next = self.multiplier.result.val();
        self.registers.b_address.next = self.sequencer.b_address.val();
        self.registers.b_write.next = self.sequencer.b_write.val();
        if self.sequencer.idle.val() {
            self.written.d.next = self.window.q.val().get_bits::<108>(0);
            self.registers.b_address.next = self.host_address.q.val();
            self.registers.b_write.next = self.host_write.q.val();
        }
        self.registers.b_data.next = self.written.q.val();

        // The host's window.
        self.selected.d.next = self.select.val();
        self.moves.d.next = self.shift.val();
        self.bit_held.d.next = self.bit_in.val();
        self.order.d.next = self.command.val();
        if self.selected.q.val() & self.moves.q.val() {
            self.window.d.next =
                (self.window.q.val() >> 1) | (bit_cast::<120, 1>(self.bit_held.q.val()) << 119);
        }
        self.storing.d.next = self.selected.q.val() & (self.order.q.val() == 1);
        self.host_write.d.next = self.storing.q.val();
        self.host_address.d.next = self.window.q.val().get_bits::<10>(108);
        if self.selected.q.val() & (self.order.q.val() == 2) {
            self.window.d.next = bit_cast::<120, 108>(self.b.q.val());
        }
        self.code.write_enable.next = self.selected.q.val() & (self.order.q.val() == 3);
        self.code.write_address.next = self.window.q.val().get_bits::<12>(108);
        self.code.write_data.next = self.window.q.val().get_bits::<36>(72);
        self.sequencer.go.next = self.selected.q.val() & (self.order.q.val() == 4);
        self.sequencer.entry.next = self.window.q.val().get_bits::<12>(108);
        self.sequencer.stop.next = self.selected.q.val() & (self.order.q.val() == 5);
        if self.selected.q.val() & (self.order.q.val() == 6) {
            self.window.d.next = bit_cast::<120, 32>(self.sequencer.slots.val());
            if self.sequencer.fault.val() {
                self.window.d.next =
                    bit_cast::<120, 32>(self.sequencer.slots.val()) | (bits::<120>(1) << 32);
            }
        }
        self.busy.d.next = self.sequencer.running.val();
        self.running.next = self.busy.q.val();
        self.out.d.next = self.window.q.val().get_bits::<1>(0);
        self.bit_out.next = self.out.q.val();
    }
}
