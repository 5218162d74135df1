//! Products that are under way: when the next one may start, and which registers they will write.
use rust_hdl::prelude::*;

/// One product may wait, one runs for eleven slots, and one leaves in the two slots after. All that is given out is about
/// the next slot and stands from clock 3 on, but for `start` and `write`, which are about this slot.
#[derive(LogicBlock, Default)]
pub struct Pending {
    pub clock: Signal<In, Clock>,
    pub phase: Signal<In, Bits<3>>,
    /// This slot's instruction is a product, for this register.
    pub issued: Signal<In, Bit>,
    pub destination: Signal<In, Bits<8>>,
    /// At clock 7: the next slot's instruction is a product.
    pub issues: Signal<In, Bit>,
    /// Registers that the next instruction names.
    pub d: Signal<In, Bits<8>>,
    pub a: Signal<In, Bits<8>>,
    pub b: Signal<In, Bits<8>>,
    /// One of them is the register of a product; a clock later than they.
    pub hit: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub any: Signal<Out, Bit>,
    pub start: Signal<Out, Bit>,
    pub write: Signal<Out, Bit>,
    pub write_register: Signal<Out, Bits<8>>,
    waiting: DFF<Bit>,
    waiting_register: DFF<Bits<8>>,
    /// Slots until the running product makes way for the next.
    left: DFF<Bits<4>>,
    running_register: DFF<Bits<8>>,
    leaving: DFF<Bit>,
    last: DFF<Bit>,
    leaving_register: DFF<Bits<8>>,
    start_now: DFF<Bit>,
    write_now: DFF<Bit>,
    busy: DFF<Bit>,
    hit_waiting: DFF<Bit>,
    hit_running: DFF<Bit>,
    hit_leaving: DFF<Bit>,
}

impl Logic for Pending {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            waiting,
            waiting_register,
            left,
            running_register,
            leaving,
            last,
            leaving_register,
            start_now,
            write_now,
            busy,
            hit_waiting,
            hit_running,
            hit_leaving
        );
        if self.phase.val() == 2 {
            self.waiting.d.next =
                (self.waiting.q.val() | self.issued.val()) & !self.start_now.q.val();
            if self.issued.val() {
                self.waiting_register.d.next = self.destination.val();
            }
            self.leaving.d.next = self.left.q.val() == 1;
            self.last.d.next = self.leaving.q.val();
            if self.left.q.val() == 1 {
                self.leaving_register.d.next = self.running_register.q.val();
            }
            if self.left.q.val() != 0 {
                self.left.d.next = self.left.q.val() - 1;
            }
            if self.start_now.q.val() {
                self.left.d.next = 10.into();
                self.running_register.d.next = self.destination.val();
                if self.waiting.q.val() {
                    self.running_register.d.next = self.waiting_register.q.val();
                }
            }
        }
        if self.phase.val() == 7 {
            self.start_now.d.next =
                (self.left.q.val() == 0) & (self.waiting.q.val() | self.issues.val());
            self.write_now.d.next = self.last.q.val();
        }
        self.hit_waiting.d.next = self.waiting.q.val()
            & ((self.d.val() == self.waiting_register.q.val())
                | (self.a.val() == self.waiting_register.q.val())
                | (self.b.val() == self.waiting_register.q.val()));
        self.hit_running.d.next = (self.left.q.val() != 0)
            & ((self.d.val() == self.running_register.q.val())
                | (self.a.val() == self.running_register.q.val())
                | (self.b.val() == self.running_register.q.val()));
        self.hit_leaving.d.next = (self.leaving.q.val() | self.last.q.val())
            & ((self.d.val() == self.leaving_register.q.val())
                | (self.a.val() == self.leaving_register.q.val())
                | (self.b.val() == self.leaving_register.q.val()));
        self.hit.next =
            self.hit_waiting.q.val() | self.hit_running.q.val() | self.hit_leaving.q.val();
        self.busy.d.next = self.waiting.q.val()
            | (self.left.q.val() != 0)
            | self.leaving.q.val()
            | self.last.q.val();
        self.waits.next = self.waiting.q.val();
        self.any.next = self.busy.q.val();
        self.start.next = self.start_now.q.val();
        self.write.next = self.write_now.q.val();
        self.write_register.next = self.leaving_register.q.val();
    }
}
