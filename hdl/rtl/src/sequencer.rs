//! Fetches, decodes and issues one instruction a slot, and says to the other blocks what to do in it.
//!
//! Within a slot: clock 0 decides jumps, 1 sets the address, 2 and 3 read the memory, 4 adds index registers, 5 compares
//! with products under way, 6 decides whether to wait, 7 issues.
use crate::cells::LutRam;
use crate::pending::Pending;
use rust_hdl::prelude::*;

/// Slots after which a program is stopped: 2^28, about 20 seconds.
pub const WATCHDOG_BIT: usize = 28;

#[derive(LogicBlock, Default)]
pub struct Sequencer {
    pub clock: Signal<In, Clock>,
    /// Begins at `entry`, once idle.
    pub go: Signal<In, Bit>,
    pub entry: Signal<In, Bits<12>>,
    pub stop: Signal<In, Bit>,
    pub code_address: Signal<Out, Bits<12>>,
    pub code_word: Signal<In, Bits<36>>,
    pub negative: Signal<In, Bit>,
    pub zero: Signal<In, Bit>,
    pub odd: Signal<In, Bit>,
    pub phase: Signal<Out, Bits<3>>,
    /// Reads in clocks 0 to 3, writes of sums (port a) and products (port b) in clocks 4 to 7.
    pub a_address: Signal<Out, Bits<10>>,
    pub b_address: Signal<Out, Bits<10>>,
    pub a_write: Signal<Out, Bit>,
    pub b_write: Signal<Out, Bit>,
    /// Which operands count, from clock 1 on.
    pub keep_a: Signal<Out, Bit>,
    pub keep_b: Signal<Out, Bit>,
    pub invert_b: Signal<Out, Bit>,
    pub bias: Signal<Out, Bits<2>>,
    pub add_bias: Signal<Out, Bit>,
    pub load_bias: Signal<Out, Bit>,
    pub set_flags: Signal<Out, Bit>,
    pub clear_flags: Signal<Out, Bit>,
    pub load: Signal<Out, Bit>,
    pub load_modulus: Signal<Out, Bit>,
    pub start: Signal<Out, Bit>,
    pub running: Signal<Out, Bit>,
    /// Nothing runs and no product is under way: the register file is the host's.
    pub idle: Signal<Out, Bit>,
    pub fault: Signal<Out, Bit>,
    pub slots: Signal<Out, Bits<32>>,
    pending: Pending,
    stack: LutRam<12, 4>,
    clock_in_slot: DFF<Bits<3>>,
    asked: DFF<Bit>,
    run: DFF<Bit>,
    failed: DFF<Bit>,
    quiet: DFF<Bit>,
    count: DFF<Bits<32>>,
    pc: DFF<Bits<12>>,
    fetched: DFF<Bits<36>>,
    depth: DFF<Bits<5>>,
    x1: DFF<Bits<8>>,
    x2: DFF<Bits<8>>,
    x3: DFF<Bits<8>>,
    counter0: DFF<Bits<16>>,
    counter1: DFF<Bits<16>>,
    counter2: DFF<Bits<16>>,
    counter3: DFF<Bits<16>>,
    counted: DFF<Bits<16>>,
    next_op: DFF<Bits<4>>,
    next_d: DFF<Bits<8>>,
    next_a: DFF<Bits<8>>,
    next_b: DFF<Bits<8>>,
    next_low: DFF<Bits<2>>,
    next_upper: DFF<Bits<24>>,
    stalls: DFF<Bit>,
    read_a: DFF<Bits<8>>,
    read_b: DFF<Bits<8>>,
    valid: DFF<Bit>,
    op: DFF<Bits<4>>,
    d: DFF<Bits<8>>,
    low: DFF<Bits<2>>,
    upper: DFF<Bits<24>>,
    writes: DFF<Bit>,
    taken: DFF<Bit>,
    kept_a: DFF<Bit>,
    kept_b: DFF<Bit>,
    inverted: DFF<Bit>,
    biased: DFF<Bit>,
    product: DFF<Bit>,
    address_a: DFF<Bits<10>>,
    address_b: DFF<Bits<10>>,
    write_a: DFF<Bit>,
    write_b: DFF<Bit>,
    add_d: Signal<Local, Bits<8>>,
    add_a: Signal<Local, Bits<8>>,
    add_b: Signal<Local, Bits<8>>,
    issue: Signal<Local, Bit>,
    condition: Signal<Local, Bits<2>>,
    holds: Signal<Local, Bit>,
    counter: Signal<Local, Bits<16>>,
    following: Signal<Local, Bits<12>>,
    below: Signal<Local, Bits<5>>,
    chunk: Signal<Local, Bits<2>>,
    reading: Signal<Local, Bit>,
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            clock_in_slot,
            asked,
            run,
            failed,
            quiet,
            count,
            pc,
            fetched,
            depth,
            x1,
            x2,
            x3,
            counter0,
            counter1,
            counter2,
            counter3,
            counted,
            next_op,
            next_d,
            next_a,
            next_b,
            next_low,
            next_upper,
            stalls,
            read_a,
            read_b,
            valid,
            op,
            d,
            low,
            upper,
            writes,
            taken,
            kept_a,
            kept_b,
            inverted,
            biased,
            product,
            address_a,
            address_b,
            write_a,
            write_b
        );
        clock!(self, clock, pending, stack);
        self.clock_in_slot.d.next = self.clock_in_slot.q.val() + 1;
        self.phase.next = self.clock_in_slot.q.val();
        self.pending.phase.next = self.clock_in_slot.q.val();

        // Clocks 2 to 4: the word comes.
        self.code_address.next = self.pc.q.val();
        self.fetched.d.next = self.code_word.val();

        // Clock 4: index registers.
        self.add_d.next = 0.into();
        self.add_a.next = 0.into();
        self.add_b.next = 0.into();
        if self.fetched.q.val().get_bits::<2>(6) == 1 {
            self.add_d.next = self.x1.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(6) == 2 {
            self.add_d.next = self.x2.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(6) == 3 {
            self.add_d.next = self.x3.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(4) == 1 {
            self.add_a.next = self.x1.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(4) == 2 {
            self.add_a.next = self.x2.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(4) == 3 {
            self.add_a.next = self.x3.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(2) == 1 {
            self.add_b.next = self.x1.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(2) == 2 {
            self.add_b.next = self.x2.q.val();
        }
        if self.fetched.q.val().get_bits::<2>(2) == 3 {
            self.add_b.next = self.x3.q.val();
        }
        self.next_op.d.next = self.fetched.q.val().get_bits::<4>(32);
        self.next_d.d.next = self.fetched.q.val().get_bits::<8>(24) + self.add_d.val();
        self.next_a.d.next = self.fetched.q.val().get_bits::<8>(16) + self.add_a.val();
        self.next_b.d.next = self.fetched.q.val().get_bits::<8>(8) + self.add_b.val();
        self.next_low.d.next = self.fetched.q.val().get_bits::<2>(0);
        self.next_upper.d.next = self.fetched.q.val().get_bits::<24>(8);

        // Clocks 5 and 6: does it have to wait?
        self.pending.d.next = self.next_d.q.val();
        self.pending.a.next = self.next_a.q.val();
        self.pending.b.next = self.next_b.q.val();
        self.stalls.d.next =
            (self.pending.hit.val() & (self.next_op.q.val() >= 1) & (self.next_op.q.val() <= 6))
                | (self.pending.waits.val() & (self.next_op.q.val() == 1))
                | (self.pending.any.val() & (self.next_op.q.val() >= 14));
        if self.clock_in_slot.q.val() == 6 {
            self.read_a.d.next = self.next_a.q.val();
            self.read_b.d.next = self.next_b.q.val();
        }

        // Clock 7: it is this slot's instruction from now on.
        self.issue.next = self.run.q.val() & !self.stalls.q.val();
        self.pending.issues.next = self.issue.val() & (self.next_op.q.val() == 1);
        if self.clock_in_slot.q.val() == 7 {
            self.valid.d.next = self.issue.val();
            self.op.d.next = self.next_op.q.val();
            self.d.d.next = self.next_d.q.val();
            self.low.d.next = self.next_low.q.val();
            self.upper.d.next = self.next_upper.q.val();
            self.product.d.next = self.issue.val() & (self.next_op.q.val() == 1);
            self.writes.d.next =
                self.issue.val() & (self.next_op.q.val() >= 2) & (self.next_op.q.val() <= 6);
            self.biased.d.next = (self.next_op.q.val() >= 2)
                & (self.next_op.q.val() <= 5)
                & (self.next_low.q.val() != 0);
        }
        self.pending.issued.next = self.product.q.val();
        self.pending.destination.next = self.d.q.val();

        // Clock 0: conditions.
        self.condition.next = self.low.q.val();
        if self.op.q.val() == 7 {
            self.condition.next = self.upper.q.val().get_bits::<2>(22);
        }
        self.holds.next = true;
        if self.condition.val() == 1 {
            self.holds.next = self.negative.val();
        }
        if self.condition.val() == 2 {
            self.holds.next = self.zero.val();
        }
        if self.condition.val() == 3 {
            self.holds.next = self.odd.val();
        }
        self.counter.next = self.counter0.q.val();
        if self.upper.q.val().get_bits::<2>(22) == 1 {
            self.counter.next = self.counter1.q.val();
        }
        if self.upper.q.val().get_bits::<2>(22) == 2 {
            self.counter.next = self.counter2.q.val();
        }
        if self.upper.q.val().get_bits::<2>(22) == 3 {
            self.counter.next = self.counter3.q.val();
        }
        if self.clock_in_slot.q.val() == 0 {
            // Where nothing is issued the host may be reading: both operands as they are.
            self.kept_a.d.next = self.holds.val() | (self.op.q.val() != 6) | !self.valid.q.val();
            self.kept_b.d.next = !self.holds.val() | (self.op.q.val() != 6) | !self.valid.q.val();
            self.inverted.d.next =
                self.valid.q.val() & ((self.op.q.val() == 4) | (self.op.q.val() == 5));
            self.counted.d.next = self.counter.val() - 1;
            if self.op.q.val() == 10 {
                self.counted.d.next = self.upper.q.val().get_bits::<16>(0);
            }
            self.taken.d.next = (self.op.q.val() == 8)
                | ((self.op.q.val() == 11) & (self.counter.val() != 1))
                | ((self.op.q.val() == 7) & (self.holds.val() ^ self.upper.q.val().get_bit(21)));
            if self.run.q.val() {
                self.count.d.next = self.count.q.val() + 1;
            }
        }

        // Clock 1: control flow.
        self.following.next = self.pc.q.val() + 1;
        self.below.next = self.depth.q.val() - 1;
        self.stack.write.next =
            (self.clock_in_slot.q.val() == 1) & self.valid.q.val() & (self.op.q.val() == 8);
        self.stack.write_address.next = self.depth.q.val().get_bits::<4>(0);
        self.stack.write_data.next = self.following.val();
        self.stack.read_address.next = self.below.val().get_bits::<4>(0);
        self.clear_flags.next = false;
        if (self.clock_in_slot.q.val() == 1) & self.valid.q.val() {
            self.pc.d.next = self.following.val();
            if self.taken.q.val() {
                self.pc.d.next = self.upper.q.val().get_bits::<12>(8);
            }
            if self.op.q.val() == 8 {
                self.depth.d.next = self.depth.q.val() + 1;
                if self.depth.q.val() == 16 {
                    self.run.d.next = false;
                    self.failed.d.next = true;
                }
            }
            if self.op.q.val() == 9 {
                self.pc.d.next = self.stack.read_data.val();
                self.depth.d.next = self.below.val();
                if self.depth.q.val() == 0 {
                    self.run.d.next = false;
                    self.failed.d.next = true;
                }
            }
            if (self.op.q.val() == 10) | (self.op.q.val() == 11) {
                if self.upper.q.val().get_bits::<2>(22) == 0 {
                    self.counter0.d.next = self.counted.q.val();
                }
                if self.upper.q.val().get_bits::<2>(22) == 1 {
                    self.counter1.d.next = self.counted.q.val();
                }
                if self.upper.q.val().get_bits::<2>(22) == 2 {
                    self.counter2.d.next = self.counted.q.val();
                }
                if self.upper.q.val().get_bits::<2>(22) == 3 {
                    self.counter3.d.next = self.counted.q.val();
                }
            }
            if self.op.q.val() == 12 {
                if self.upper.q.val().get_bits::<2>(22) == 1 {
                    self.x1.d.next = self.upper.q.val().get_bits::<8>(8);
                }
                if self.upper.q.val().get_bits::<2>(22) == 2 {
                    self.x2.d.next = self.upper.q.val().get_bits::<8>(8);
                }
                if self.upper.q.val().get_bits::<2>(22) == 3 {
                    self.x3.d.next = self.upper.q.val().get_bits::<8>(8);
                }
            }
            if self.op.q.val() == 13 {
                if self.upper.q.val().get_bits::<2>(22) == 1 {
                    self.x1.d.next = self.x1.q.val() + self.upper.q.val().get_bits::<8>(8);
                }
                if self.upper.q.val().get_bits::<2>(22) == 2 {
                    self.x2.d.next = self.x2.q.val() + self.upper.q.val().get_bits::<8>(8);
                }
                if self.upper.q.val().get_bits::<2>(22) == 3 {
                    self.x3.d.next = self.x3.q.val() + self.upper.q.val().get_bits::<8>(8);
                }
            }
            if self.op.q.val() == 15 {
                self.run.d.next = false;
            }
        }
        if self.run.q.val() & self.count.q.val().get_bit(28) {
            self.run.d.next = false;
            self.failed.d.next = true;
        }
        if self.go.val() {
            self.asked.d.next = true;
        }
        if (self.clock_in_slot.q.val() == 1) & self.asked.q.val() & self.quiet.q.val() {
            self.asked.d.next = false;
            self.run.d.next = true;
            self.failed.d.next = false;
            self.count.d.next = 0.into();
            self.pc.d.next = self.entry.val();
            self.depth.d.next = 0.into();
            self.x1.d.next = 0.into();
            self.x2.d.next = 0.into();
            self.x3.d.next = 0.into();
            self.counter0.d.next = 0.into();
            self.counter1.d.next = 0.into();
            self.counter2.d.next = 0.into();
            self.counter3.d.next = 0.into();
            self.clear_flags.next = true;
        }
        if self.stop.val() {
            self.asked.d.next = false;
            self.run.d.next = false;
            self.failed.d.next = self.run.q.val() | self.failed.q.val();
        }
        self.running.next = self.run.q.val() | self.asked.q.val();
        self.quiet.d.next = !self.run.q.val()
            & !self.valid.q.val()
            & !self.pending.any.val()
            & !self.pending.write.val()
            & !self.product.q.val();
        self.idle.next = self.quiet.q.val();
        self.fault.next = self.failed.q.val();
        self.slots.next = self.count.q.val();

        // What the other blocks do in this slot.
        self.chunk.next = self.clock_in_slot.q.val().get_bits::<2>(0) + 1;
        self.reading.next = (self.clock_in_slot.q.val() <= 2) | (self.clock_in_slot.q.val() == 7);
        self.address_a.d.next =
            bit_cast::<10, 2>(self.chunk.val()) | (bit_cast::<10, 8>(self.d.q.val()) << 2);
        self.address_b.d.next = bit_cast::<10, 2>(self.chunk.val())
            | (bit_cast::<10, 8>(self.pending.write_register.val()) << 2);
        if self.reading.val() {
            self.address_a.d.next =
                bit_cast::<10, 2>(self.chunk.val()) | (bit_cast::<10, 8>(self.read_a.q.val()) << 2);
            self.address_b.d.next =
                bit_cast::<10, 2>(self.chunk.val()) | (bit_cast::<10, 8>(self.read_b.q.val()) << 2);
        }
        self.write_a.d.next = self.writes.q.val() & !self.reading.val();
        self.write_b.d.next = self.pending.write.val() & !self.reading.val();
        self.a_address.next = self.address_a.q.val();
        self.b_address.next = self.address_b.q.val();
        self.a_write.next = self.write_a.q.val();
        self.b_write.next = self.write_b.q.val();
        self.keep_a.next = self.kept_a.q.val();
        self.keep_b.next = self.kept_b.q.val();
        self.invert_b.next = self.inverted.q.val();
        self.bias.next = self.low.q.val();
        self.add_bias.next = self.biased.q.val();
        self.load_bias.next =
            self.valid.q.val() & (self.op.q.val() == 14) & (self.low.q.val() != 0);
        self.load_modulus.next =
            self.valid.q.val() & (self.op.q.val() == 14) & (self.low.q.val() == 0);
        self.set_flags.next =
            self.valid.q.val() & ((self.op.q.val() == 3) | (self.op.q.val() == 5));
        self.load.next = self.product.q.val();
        self.start.next = self.pending.start.val();
    }
}
