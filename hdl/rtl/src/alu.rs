//! Sums and differences of 432-bit registers, a chunk of 108 bits a clock: d = a + b + bias, with b inverted and a carry
//! in for a difference.
use crate::cells::LutRam;
use rust_hdl::prelude::*;

/// Operands come in clocks 2 to 5 of a slot, the sum leaves in clocks 4 to 7, the flags stand from the next slot on.
#[derive(LogicBlock, Default)]
pub struct Alu {
    pub clock: Signal<In, Clock>,
    pub phase: Signal<In, Bits<3>>,
    pub a: Signal<In, Bits<108>>,
    /// Inverted already where the operation is a difference.
    pub b: Signal<In, Bits<108>>,
    pub subtract: Signal<In, Bit>,
    /// Which bias is added or loaded; zero is none.
    pub bias: Signal<In, Bits<2>>,
    pub add_bias: Signal<In, Bit>,
    /// This slot brings a bias, on `a`.
    pub load_bias: Signal<In, Bit>,
    pub set_flags: Signal<In, Bit>,
    pub clear_flags: Signal<In, Bit>,
    pub sum: Signal<Out, Bits<108>>,
    pub negative: Signal<Out, Bit>,
    pub zero: Signal<Out, Bit>,
    pub odd: Signal<Out, Bit>,
    biases: LutRam<108, 4>,
    addend: DFF<Bits<108>>,
    partial: DFF<Bits<108>>,
    carries: DFF<Bits<108>>,
    carries_over: DFF<Bits<1>>,
    carry: DFF<Bits<1>>,
    result: DFF<Bits<108>>,
    some_bit: DFF<Bit>,
    lowest: DFF<Bit>,
    negative_flag: DFF<Bit>,
    zero_flag: DFF<Bit>,
    odd_flag: DFF<Bit>,
    chunk_in: Signal<Local, Bits<2>>,
    chunk_bias: Signal<Local, Bits<2>>,
    majority: Signal<Local, Bits<108>>,
    carry_in: Signal<Local, Bits<1>>,
    total: Signal<Local, Bits<109>>,
}

impl Logic for Alu {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            addend,
            partial,
            carries,
            carries_over,
            carry,
            result,
            some_bit,
            lowest,
            negative_flag,
            zero_flag,
            odd_flag
        );
        clock!(self, clock, biases);
        self.chunk_in.next = self.phase.val().get_bits::<2>(0) - 2;
        self.chunk_bias.next = self.phase.val().get_bits::<2>(0) - 1;
        self.biases.write.next =
            self.load_bias.val() & (self.phase.val() >= 2) & (self.phase.val() <= 5);
        self.biases.write_address.next =
            bit_cast::<4, 2>(self.chunk_in.val()) | (bit_cast::<4, 2>(self.bias.val()) << 2);
        self.biases.write_data.next = self.a.val();
        self.biases.read_address.next =
            bit_cast::<4, 2>(self.chunk_bias.val()) | (bit_cast::<4, 2>(self.bias.val()) << 2);
        self.addend.d.next = self.biases.read_data.val();
        if !self.add_bias.val() {
            self.addend.d.next = 0.into();
        }

        // Three numbers to two.
        self.partial.d.next = self.a.val() ^ self.b.val() ^ self.addend.q.val();
        self.majority.next = (self.a.val() & self.b.val())
            | (self.a.val() & self.addend.q.val())
            | (self.b.val() & self.addend.q.val());
        self.carries_over.d.next = self.majority.val().get_bits::<1>(107);
        self.carries.d.next =
            (self.majority.val() << 1) | bit_cast::<108, 1>(self.carries_over.q.val());
        if self.phase.val() == 2 {
            self.carries.d.next = self.majority.val() << 1;
        }

        // Two numbers to one.
        self.carry_in.next = self.carry.q.val();
        if self.phase.val() == 3 {
            self.carry_in.next = 0.into();
            if self.subtract.val() {
                self.carry_in.next = 1.into();
            }
        }
        self.total.next = bit_cast::<109, 108>(self.partial.q.val())
            + bit_cast::<109, 108>(self.carries.q.val())
            + bit_cast::<109, 1>(self.carry_in.val());
        self.carry.d.next = self.total.val().get_bits::<1>(108);
        self.result.d.next = self.total.val().get_bits::<108>(0);
        self.sum.next = self.result.q.val();

        self.some_bit.d.next = self.some_bit.q.val() | self.result.q.val().any();
        if self.phase.val() == 4 {
            self.some_bit.d.next = self.result.q.val().any();
            self.lowest.d.next = self.result.q.val().get_bit(0);
        }
        if (self.phase.val() == 7) & self.set_flags.val() {
            self.negative_flag.d.next = self.result.q.val().get_bit(107);
            self.zero_flag.d.next = !(self.some_bit.q.val() | self.result.q.val().any());
            self.odd_flag.d.next = self.lowest.q.val();
        }
        if self.clear_flags.val() {
            self.negative_flag.d.next = false;
            self.zero_flag.d.next = false;
            self.odd_flag.d.next = false;
        }
        self.negative.next = self.negative_flag.q.val();
        self.zero.next = self.zero_flag.q.val();
        self.odd.next = self.odd_flag.q.val();
    }
}
