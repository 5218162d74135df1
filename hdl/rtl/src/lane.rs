//! One of the multiplier's six lanes: two products a clock, added into the running sum. See the theory of operation in
//! the README of this crate.
use crate::cells::Dsp;
use rust_hdl::prelude::*;

/// Word j of the sum: `a*b_j + m*q_j`, the upper halves of word j-1's products, and what the row before left there.
#[derive(LogicBlock, Default)]
pub struct Lane {
    pub clock: Signal<In, Clock>,
    /// Word of the first operand, the same for a whole row.
    pub a: Signal<In, Bits<18>>,
    /// This lane's word of the second operand.
    pub b: Signal<In, Bits<18>>,
    /// Multiple of the modulus for this row, taken when `m_enable`.
    pub m: Signal<In, Bits<18>>,
    pub m_enable: Signal<In, Bit>,
    pub q: Signal<In, Bits<18>>,
    /// Drops a*b from the sum.
    pub drop_product: Signal<In, Bit>,
    /// Upper half of the products of the word below.
    pub upper_in: Signal<In, Bits<19>>,
    /// Lower 18 bits of the sum of the word above, one clock after they stood in that lane's register.
    pub above: Signal<In, Bits<18>>,
    /// Begins a product: what came before is forgotten.
    pub clear: Signal<In, Bit>,
    pub upper: Signal<Out, Bits<19>>,
    /// Lower 18 bits of the sum, now and one clock later.
    pub low: Signal<Out, Bits<18>>,
    pub low_late: Signal<Out, Bits<18>>,
    pub carry: Signal<Out, Bits<2>>,
    /// The word after its shift by one, below 2^18 + 3.
    pub shifted: Signal<Out, Bits<19>>,
    /// Lower 18 bits of a*b.
    pub product: Signal<Out, Bits<18>>,
    ab: Dsp,
    mq: Dsp,
    pair: DFF<Bits<37>>,
    sum: DFF<Bits<20>>,
    low_held: DFF<Bits<18>>,
    carry_held: DFF<Bits<2>>,
    shifted_held: DFF<Bits<19>>,
    base: DFF<Bits<19>>,
    ab_kept: Signal<Local, Bits<36>>,
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            pair,
            sum,
            low_held,
            carry_held,
            shifted_held,
            base
        );
        clock!(self, clock, ab, mq);
        self.ab.a_enable.next = true;
        self.ab.a.next = self.a.val();
        self.ab.b.next = self.b.val();
        self.mq.a_enable.next = self.m_enable.val();
        self.mq.a.next = self.m.val();
        self.mq.b.next = self.q.val();
        self.product.next = self.ab.p.val().get_bits::<18>(0);
        self.ab_kept.next = self.ab.p.val();
        if self.drop_product.val() {
            self.ab_kept.next = 0.into();
        }
        self.pair.d.next =
            bit_cast::<37, 36>(self.ab_kept.val()) + bit_cast::<37, 36>(self.mq.p.val());
        self.upper.next = self.pair.q.val().get_bits::<19>(18);
        self.sum.d.next = bit_cast::<20, 18>(self.pair.q.val().get_bits::<18>(0))
            + bit_cast::<20, 19>(self.upper_in.val())
            + bit_cast::<20, 19>(self.base.q.val());
        self.low.next = self.sum.q.val().get_bits::<18>(0);
        self.carry.next = self.sum.q.val().get_bits::<2>(18);
        self.low_held.d.next = self.sum.q.val().get_bits::<18>(0);
        self.low_late.next = self.low_held.q.val();
        self.carry_held.d.next = self.sum.q.val().get_bits::<2>(18);
        self.shifted_held.d.next =
            bit_cast::<19, 18>(self.above.val()) + bit_cast::<19, 2>(self.carry_held.q.val());
        self.shifted.next = self.shifted_held.q.val();
        self.base.d.next = self.shifted_held.q.val();
        if self.clear.val() {
            self.base.d.next = 0.into();
        }
    }
}
