//! The card's end of the byte stream: frames in, frames out, as `tutti_hdl::map` has them. A frame is kept whole and its
//! checksum compared before anything is done. Cores are reached a bit at a time over one narrow bus, which is as fast as
//! the stream and easy to route.
use rust_hdl::prelude::*;
use tutti_hdl::map;

/// Cores that one link can serve.
pub const CORES_MAX: usize = 16;

#[derive(LogicState, Clone, Copy, Debug, PartialEq)]
pub enum State {
    Magic0,
    Magic1,
    Head,
    Payload,
    Checksum,
    Compare,
    Verify,
    Dispatch,
    Data,
    Address,
    Order,
    Done,
    Bits,
    Status,
    StatusDone,
    AnswerHead,
    AnswerPayload,
    AnswerChecksum,
    Send,
    Refuse,
}

/// Between bytes and cores. What takes place in cores is stepped once in eight clocks, so that the bus may be as long as it
/// likes. So there is time as well to answer questions about a request in registers before its state asks them: at no end of
/// the chip is there a slower path than this block's otherwise.
#[derive(LogicBlock)]
pub struct Link {
    pub clock: Signal<In, Clock>,
    pub rx_data: Signal<In, Bits<8>>,
    pub rx_valid: Signal<In, Bit>,
    pub rx_take: Signal<Out, Bit>,
    pub tx_data: Signal<Out, Bits<8>>,
    pub tx_valid: Signal<Out, Bit>,
    pub tx_ready: Signal<In, Bit>,
    /// What the card says it is.
    pub digest: Signal<In, Bits<128>>,
    pub select: Signal<Out, Bits<16>>,
    pub shift: Signal<Out, Bit>,
    pub bit_to_core: Signal<Out, Bits<1>>,
    pub command: Signal<Out, Bits<3>>,
    pub bit_from_core: Signal<In, Bits<1>>,
    pub running: Signal<In, Bits<16>>,
    cores: Constant<Bits<8>>,
    magic0: Constant<Bits<8>>,
    magic1: Constant<Bits<8>>,
    version: Constant<Bits<16>>,
    name: Constant<Bits<32>>,
    polynomial: Constant<Bits<32>>,
    ones: Constant<Bits<32>>,
    buffer: RAM<Bits<8>, 11>,
    tags: RAM<Bits<8>, 4>,
    state: DFF<State>,
    after: DFF<State>,
    tick: DFF<Bits<3>>,
    silence: DFF<Bits<23>>,
    kind: DFF<Bits<8>>,
    tag: DFF<Bits<8>>,
    length: DFF<Bits<16>>,
    index: DFF<Bits<16>>,
    arguments: DFF<Bits<24>>,
    checksum: DFF<Bits<32>>,
    received: DFF<Bits<32>>,
    fold: DFF<Bits<8>>,
    fold_left: DFF<Bits<4>>,
    reason: DFF<Bits<8>>,
    answer_kind: DFF<Bits<8>>,
    answer_length: DFF<Bits<16>>,
    reply: DFF<Bits<208>>,
    out: DFF<Bits<8>>,
    out_counts: DFF<Bit>,
    cursor: DFF<Bits<12>>,
    bit_index: DFF<Bits<3>>,
    data_left: DFF<Bits<7>>,
    address: DFF<Bits<13>>,
    address_bits: DFF<Bits<12>>,
    address_left: DFF<Bits<4>>,
    order: DFF<Bits<3>>,
    streams: DFF<Bit>,
    reply_left: DFF<Bits<5>>,
    registers_left: DFF<Bits<6>>,
    gather: DFF<Bits<8>>,
    gathered: DFF<Bits<3>>,
    open: DFF<Bits<16>>,
    core: DFF<Bits<8>>,
    selected: DFF<Bits<16>>,
    busy: DFF<Bits<16>>,
    shift_now: DFF<Bit>,
    bit_now: DFF<Bits<1>>,
    command_now: DFF<Bits<3>>,
    seventh: DFF<Bit>,
    /// The core or cores that the request names.
    chosen: DFF<Bits<16>>,
    in_range: DFF<Bit>,
    everyone: DFF<Bit>,
    any_busy: DFF<Bit>,
    core_busy: DFF<Bit>,
    core_open: DFF<Bit>,
    /// Of the core that is looked at: what ran has ended.
    halted: DFF<Bit>,
    too_long: DFF<Bit>,
    /// The payload is here.
    whole: DFF<Bit>,
    differs: DFF<Bit>,
    /// What a request of each kind needs of its arguments.
    nothing: DFF<Bit>,
    loads: DFF<Bit>,
    writes: DFF<Bit>,
    reads: DFF<Bit>,
    runs: DFF<Bit>,
    resets: DFF<Bit>,
    /// Nothing is to be loaded or written.
    bare: DFF<Bit>,
    at_end: DFF<Bit>,
    before_end: DFF<Bit>,
    byte: DFF<Bits<8>>,
    step: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    receiving: Signal<Local, Bit>,
    one: Signal<Local, Bits<16>>,
    all: Signal<Local, Bits<16>>,
    not_checksum: Signal<Local, Bits<32>>,
    last_register: Signal<Local, Bits<9>>,
    gathering: Signal<Local, Bits<8>>,
    data_shifted: Signal<Local, Bits<8>>,
    open_shifted: Signal<Local, Bits<16>>,
    busy_shifted: Signal<Local, Bits<16>>,
    others: Signal<Local, Bits<16>>,
}

impl Link {
    pub fn new(cores: usize) -> Self {
        assert!((1..=CORES_MAX).contains(&cores), "1 to 16 cores");
        Self {
            clock: Signal::default(),
            rx_data: Signal::default(),
            rx_valid: Signal::default(),
            rx_take: Signal::default(),
            tx_data: Signal::default(),
            tx_valid: Signal::default(),
            tx_ready: Signal::default(),
            digest: Signal::default(),
            select: Signal::default(),
            shift: Signal::default(),
            bit_to_core: Signal::default(),
            command: Signal::default(),
            bit_from_core: Signal::default(),
            running: Signal::default(),
            cores: Constant::new((cores as u64).into()),
            magic0: Constant::new(u64::from(map::MAGIC[0]).into()),
            magic1: Constant::new(u64::from(map::MAGIC[1]).into()),
            version: Constant::new(u64::from(map::VERSION).into()),
            name: Constant::new(u64::from(u32::from_le_bytes(map::NAME)).into()),
            polynomial: Constant::new(0xedb8_8320u64.into()),
            ones: Constant::new(0xffff_ffffu64.into()),
            buffer: RAM::default(),
            tags: RAM::default(),
            state: DFF::default(),
            after: DFF::default(),
            tick: DFF::default(),
            silence: DFF::default(),
            kind: DFF::default(),
            tag: DFF::default(),
            length: DFF::default(),
            index: DFF::default(),
            arguments: DFF::default(),
            checksum: DFF::default(),
            received: DFF::default(),
            fold: DFF::default(),
            fold_left: DFF::default(),
            streams: DFF::default(),
            reply_left: DFF::default(),
            reason: DFF::default(),
            answer_kind: DFF::default(),
            answer_length: DFF::default(),
            reply: DFF::default(),
            out: DFF::default(),
            out_counts: DFF::default(),
            cursor: DFF::default(),
            bit_index: DFF::default(),
            data_left: DFF::default(),
            address: DFF::default(),
            address_bits: DFF::default(),
            address_left: DFF::default(),
            order: DFF::default(),
            registers_left: DFF::default(),
            gather: DFF::default(),
            gathered: DFF::default(),
            open: DFF::default(),
            core: DFF::default(),
            selected: DFF::default(),
            busy: DFF::default(),
            shift_now: DFF::default(),
            bit_now: DFF::default(),
            command_now: DFF::default(),
            seventh: DFF::default(),
            chosen: DFF::default(),
            in_range: DFF::default(),
            everyone: DFF::default(),
            any_busy: DFF::default(),
            core_busy: DFF::default(),
            core_open: DFF::default(),
            halted: DFF::default(),
            too_long: DFF::default(),
            whole: DFF::default(),
            differs: DFF::default(),
            nothing: DFF::default(),
            loads: DFF::default(),
            writes: DFF::default(),
            reads: DFF::default(),
            runs: DFF::default(),
            resets: DFF::default(),
            bare: DFF::default(),
            at_end: DFF::default(),
            before_end: DFF::default(),
            byte: DFF::default(),
            step: Signal::default(),
            take: Signal::default(),
            receiving: Signal::default(),
            one: Signal::default(),
            all: Signal::default(),
            not_checksum: Signal::default(),
            last_register: Signal::default(),
            gathering: Signal::default(),
            data_shifted: Signal::default(),
            open_shifted: Signal::default(),
            busy_shifted: Signal::default(),
            others: Signal::default(),
        }
    }
}

impl Logic for Link {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            after,
            tick,
            silence,
            kind,
            tag,
            length,
            index,
            arguments,
            checksum,
            received,
            fold,
            fold_left,
            streams,
            reply_left,
            reason,
            answer_kind,
            answer_length,
            reply,
            out,
            out_counts,
            cursor,
            bit_index,
            data_left,
            address,
            address_bits,
            address_left,
            order,
            registers_left,
            gather,
            gathered,
            open,
            core,
            selected,
            busy,
            shift_now,
            bit_now,
            command_now,
            seventh,
            chosen,
            in_range,
            everyone,
            any_busy,
            core_busy,
            core_open,
            halted,
            too_long,
            whole,
            differs,
            nothing,
            loads,
            writes,
            reads,
            runs,
            resets,
            bare,
            at_end,
            before_end,
            byte
        );
        self.buffer.read_clock.next = self.clock.val();
        self.buffer.write_clock.next = self.clock.val();
        self.tags.read_clock.next = self.clock.val();
        self.tags.write_clock.next = self.clock.val();
        self.tick.d.next = self.tick.q.val() + 1;
        self.seventh.d.next = self.tick.q.val() == 6;
        self.step.next = self.seventh.q.val() & (self.fold_left.q.val() == 0);
        self.busy.d.next = self.running.val();

        self.shift_now.d.next = false;
        self.command_now.d.next = 0.into();
        self.select.next = self.selected.q.val();
        self.shift.next = self.shift_now.q.val();
        self.bit_to_core.next = self.bit_now.q.val();
        self.command.next = self.command_now.q.val();

        self.buffer.read_address.next = self.cursor.q.val().get_bits::<11>(0);
        self.buffer.write_address.next = self.index.q.val().get_bits::<11>(0);
        self.buffer.write_data.next = self.rx_data.val();
        self.buffer.write_enable.next = false;
        self.tags.read_address.next = self.core.q.val().get_bits::<4>(0);
        self.tags.write_address.next = self.core.q.val().get_bits::<4>(0);
        self.tags.write_data.next = self.tag.q.val();
        self.tags.write_enable.next = false;

        // The checksum takes a bit a clock; no byte is taken meanwhile.
        self.not_checksum.next = !self.checksum.q.val();
        if self.fold_left.q.val() != 0 {
            self.fold_left.d.next = self.fold_left.q.val() - 1;
            self.fold.d.next = self.fold.q.val() >> 1;
            self.checksum.d.next = self.checksum.q.val() >> 1;
            if self.checksum.q.val().get_bit(0) ^ self.fold.q.val().get_bit(0) {
                self.checksum.d.next = (self.checksum.q.val() >> 1) ^ self.polynomial.val();
            }
        }

        self.receiving.next = (self.state.q.val() == State::Magic0)
            | (self.state.q.val() == State::Magic1)
            | (self.state.q.val() == State::Head)
            | (self.state.q.val() == State::Payload)
            | (self.state.q.val() == State::Checksum);
        self.take.next = self.receiving.val() & self.rx_valid.val() & (self.fold_left.q.val() == 0);
        self.rx_take.next = self.take.val();
        self.silence.d.next = self.silence.q.val() + 1;
        if self.take.val() | !self.receiving.val() {
            self.silence.d.next = 0.into();
        }

        self.tx_data.next = self.out.q.val();
        self.tx_valid.next = self.state.q.val() == State::Send;

        // The core that the request names.
        self.one.next = bits::<16>(1) << self.arguments.q.val().get_bits::<4>(0);
        self.all.next = 0xffff.into();
        self.everyone.d.next = self.arguments.q.val().get_bits::<8>(0) == 255;
        self.in_range.d.next = (self.arguments.q.val().get_bits::<8>(0) == 255)
            | (self.arguments.q.val().get_bits::<8>(0) < self.cores.val());
        self.chosen.d.next = self.one.val();
        if self.everyone.q.val() {
            self.chosen.d.next = self.all.val();
        }
        self.others.next = !self.chosen.q.val();
        self.any_busy.d.next = self.busy.q.val().any();
        self.core_busy.d.next = (self.busy.q.val() & self.chosen.q.val()).any();
        self.core_open.d.next = (self.open.q.val() & self.chosen.q.val()).any();
        self.open_shifted.next = self.open.q.val() >> self.core.q.val();
        self.busy_shifted.next = self.busy.q.val() >> self.core.q.val();
        self.halted.d.next =
            self.open_shifted.val().get_bit(0) & !self.busy_shifted.val().get_bit(0);

        // What is asked of a request, answered a clock before: all that it depends on stands for longer by then.
        self.too_long.d.next = self.length.q.val() > 2040;
        self.whole.d.next = self.index.q.val() == self.length.q.val();
        self.differs.d.next = self.received.q.val() != self.not_checksum.val();
        self.last_register.next = bit_cast::<9, 8>(self.arguments.q.val().get_bits::<8>(8))
            + bit_cast::<9, 8>(self.arguments.q.val().get_bits::<8>(16));
        self.nothing.d.next = self.length.q.val() == 0;
        self.bare.d.next = self.length.q.val() == 2;
        self.loads.d.next =
            (self.length.q.val() >= 2) & (self.arguments.q.val().get_bits::<4>(12) == 0);
        self.writes.d.next = (self.length.q.val() >= 2) & self.in_range.q.val();
        self.reads.d.next = (self.length.q.val() == 3)
            & self.in_range.q.val()
            & !self.everyone.q.val()
            & (self.arguments.q.val().get_bits::<8>(16) != 0)
            & (self.arguments.q.val().get_bits::<8>(16) <= 32)
            & (self.last_register.val() <= 256);
        self.runs.d.next = (self.length.q.val() == 3)
            & self.in_range.q.val()
            & !self.everyone.q.val()
            & (self.arguments.q.val().get_bits::<4>(20) == 0);
        self.resets.d.next = (self.length.q.val() == 1) & self.in_range.q.val();
        self.at_end.d.next = bit_cast::<16, 12>(self.cursor.q.val()) == self.length.q.val();
        self.before_end.d.next = bit_cast::<16, 12>(self.cursor.q.val()) + 1 == self.length.q.val();

        self.gathering.next =
            (self.gather.q.val() >> 1) | (bit_cast::<8, 1>(self.bit_from_core.val()) << 7);
        self.byte.d.next = self.buffer.read_data.val();
        self.data_shifted.next = self.byte.q.val() >> self.bit_index.q.val();

        match self.state.q.val() {
            State::Magic0 => {
                self.index.d.next = 0.into();
                self.checksum.d.next = self.ones.val();
                if self.take.val() {
                    if self.rx_data.val() == self.magic0.val() {
                        self.state.d.next = State::Magic1;
                    }
                } else if self.step.val() {
                    // Nobody asks: has a core halted?
                    self.core.d.next = (self.core.q.val() + 1) & 15;
                    if self.halted.q.val() {
                        self.core.d.next = self.core.q.val();
                        self.selected.d.next = bits::<16>(1) << self.core.q.val();
                        self.open.d.next = self.open.q.val() ^ (bits::<16>(1) << self.core.q.val());
                        self.order.d.next = 6.into();
                        self.state.d.next = State::Order;
                    }
                }
            }
            State::Magic1 => {
                if self.take.val() {
                    self.state.d.next = State::Magic0;
                    if self.rx_data.val() == self.magic0.val() {
                        self.state.d.next = State::Magic1;
                    }
                    if self.rx_data.val() == self.magic1.val() {
                        self.state.d.next = State::Head;
                    }
                }
            }
            State::Head => {
                if self.take.val() {
                    self.index.d.next = self.index.q.val() + 1;
                    self.fold.d.next = self.rx_data.val();
                    self.fold_left.d.next = 8.into();
                    if self.index.q.val() == 0 {
                        self.kind.d.next = self.rx_data.val();
                    }
                    if self.index.q.val() == 1 {
                        self.tag.d.next = self.rx_data.val();
                    }
                    if self.index.q.val() == 2 {
                        self.length.d.next = bit_cast::<16, 8>(self.rx_data.val());
                    }
                    if self.index.q.val() == 3 {
                        self.length.d.next =
                            self.length.q.val() | (bit_cast::<16, 8>(self.rx_data.val()) << 8);
                        self.index.d.next = 0.into();
                        self.state.d.next = State::Payload;
                    }
                }
            }
            State::Payload => {
                // Within the eight clocks that the checksum takes for a byte no other is taken.
                if self.fold_left.q.val() == 4 {
                    if self.too_long.q.val() {
                        self.state.d.next = State::Magic0;
                    } else if self.whole.q.val() {
                        self.index.d.next = 0.into();
                        self.state.d.next = State::Checksum;
                    }
                } else if self.take.val() {
                    self.buffer.write_enable.next = true;
                    self.index.d.next = self.index.q.val() + 1;
                    self.fold.d.next = self.rx_data.val();
                    self.fold_left.d.next = 8.into();
                    if self.index.q.val() == 0 {
                        self.arguments.d.next = bit_cast::<24, 8>(self.rx_data.val());
                    }
                    if self.index.q.val() == 1 {
                        self.arguments.d.next =
                            self.arguments.q.val() | (bit_cast::<24, 8>(self.rx_data.val()) << 8);
                    }
                    if self.index.q.val() == 2 {
                        self.arguments.d.next =
                            self.arguments.q.val() | (bit_cast::<24, 8>(self.rx_data.val()) << 16);
                    }
                }
            }
            State::Checksum => {
                if self.take.val() {
                    self.index.d.next = self.index.q.val() + 1;
                    self.received.d.next = (self.received.q.val() >> 8)
                        | (bit_cast::<32, 8>(self.rx_data.val()) << 24);
                    if self.index.q.val() == 3 {
                        self.state.d.next = State::Compare;
                    }
                }
            }
            State::Compare => {
                self.state.d.next = State::Verify;
            }
            State::Verify => {
                // An answer is a status of zero, as long as nothing else is said.
                self.reply.d.next = 0.into();
                self.reply_left.d.next = 1.into();
                self.streams.d.next = false;
                self.answer_kind.d.next = self.kind.q.val() | 0x80;
                self.answer_length.d.next = 1.into();
                self.cursor.d.next = 2.into();
                self.bit_index.d.next = 0.into();
                self.gathered.d.next = 0.into();
                self.state.d.next = State::Dispatch;
                if self.differs.q.val() {
                    self.reason.d.next = 3.into();
                    self.state.d.next = State::Refuse;
                }
            }
            State::Dispatch => {
                self.index.d.next = 0.into();
                self.core.d.next = self.arguments.q.val().get_bits::<8>(0);
                self.selected.d.next = self.chosen.q.val();
                if self.step.val() {
                    self.reason.d.next = 2.into();
                    self.state.d.next = State::Refuse;
                    // Identify.
                    if self.kind.q.val() == 1 {
                        if self.nothing.q.val() {
                            self.reply.d.next = (bit_cast::<208, 32>(self.name.val()) << 8)
                                | (bit_cast::<208, 16>(self.version.val()) << 40)
                                | (bit_cast::<208, 8>(self.cores.val()) << 56)
                                | (bits::<208>(12) << 64)
                                | (bit_cast::<208, 128>(self.digest.val()) << 72);
                            self.reply_left.d.next = 25.into();
                            self.answer_length.d.next = 25.into();
                            self.state.d.next = State::AnswerHead;
                        }
                    // Load.
                    } else if self.kind.q.val() == 2 {
                        self.selected.d.next = self.all.val();
                        self.address.d.next =
                            bit_cast::<13, 12>(self.arguments.q.val().get_bits::<12>(0));
                        self.order.d.next = 3.into();
                        self.data_left.d.next = 36.into();
                        if self.loads.q.val() {
                            self.state.d.next = State::Data;
                            if self.bare.q.val() {
                                self.state.d.next = State::AnswerHead;
                            }
                            if self.any_busy.q.val() {
                                self.reason.d.next = 1.into();
                                self.state.d.next = State::Refuse;
                            }
                        }
                    // Write.
                    } else if self.kind.q.val() == 3 {
                        self.address.d.next =
                            bit_cast::<13, 8>(self.arguments.q.val().get_bits::<8>(8)) << 2;
                        self.order.d.next = 1.into();
                        self.data_left.d.next = 108.into();
                        if self.writes.q.val() {
                            self.state.d.next = State::Data;
                            if self.bare.q.val() {
                                self.state.d.next = State::AnswerHead;
                            }
                            if self.core_busy.q.val() {
                                self.reason.d.next = 1.into();
                                self.state.d.next = State::Refuse;
                            }
                        }
                    // Read.
                    } else if self.kind.q.val() == 4 {
                        self.address.d.next =
                            bit_cast::<13, 8>(self.arguments.q.val().get_bits::<8>(8)) << 2;
                        self.registers_left.d.next = self.arguments.q.val().get_bits::<6>(16);
                        self.streams.d.next = true;
                        // 54 bytes each, and the status.
                        self.answer_length.d.next =
                            (bit_cast::<16, 6>(self.arguments.q.val().get_bits::<6>(16)) << 5)
                                + (bit_cast::<16, 6>(self.arguments.q.val().get_bits::<6>(16))
                                    << 4)
                                + (bit_cast::<16, 6>(self.arguments.q.val().get_bits::<6>(16))
                                    << 2)
                                + (bit_cast::<16, 6>(self.arguments.q.val().get_bits::<6>(16))
                                    << 1)
                                + 1;
                        self.order.d.next = 2.into();
                        if self.reads.q.val() {
                            self.state.d.next = State::AnswerHead;
                            if self.core_busy.q.val() {
                                self.reason.d.next = 1.into();
                                self.state.d.next = State::Refuse;
                            }
                        }
                    // Run.
                    } else if self.kind.q.val() == 5 {
                        self.address_bits.d.next = self.arguments.q.val().get_bits::<12>(8);
                        self.address_left.d.next = 12.into();
                        self.order.d.next = 4.into();
                        if self.runs.q.val() {
                            self.state.d.next = State::Address;
                            if self.core_busy.q.val() | self.core_open.q.val() {
                                self.reason.d.next = 1.into();
                                self.state.d.next = State::Refuse;
                            }
                        }
                    // Status.
                    } else if self.kind.q.val() == 6 {
                        if self.nothing.q.val() {
                            self.reply.d.next = bit_cast::<208, 16>(self.busy.q.val()) << 8;
                            self.reply_left.d.next = 3.into();
                            self.answer_length.d.next = 3.into();
                            self.state.d.next = State::AnswerHead;
                        }
                    // Reset: what is stopped is never answered.
                    } else if self.kind.q.val() == 7 {
                        self.order.d.next = 5.into();
                        if self.resets.q.val() {
                            self.open.d.next = self.open.q.val() & self.others.val();
                            self.state.d.next = State::Order;
                        }
                    } else {
                        self.reason.d.next = 4.into();
                    }
                }
            }
            // A chunk or a word into the window.
            State::Data => {
                if self.step.val() {
                    self.bit_index.d.next = self.bit_index.q.val() + 1;
                    self.data_left.d.next = self.data_left.q.val() - 1;
                    self.shift_now.d.next = true;
                    self.bit_now.d.next = self.data_shifted.val().get_bits::<1>(0);
                    if self.bit_index.q.val() == 7 {
                        self.cursor.d.next = self.cursor.q.val() + 1;
                    }
                    self.address_bits.d.next = self.address.q.val().get_bits::<12>(0);
                    self.address_left.d.next = 12.into();
                    if self.data_left.q.val() == 1 {
                        self.state.d.next = State::Address;
                    }
                    if self.at_end.q.val() {
                        self.reason.d.next = 2.into();
                        self.state.d.next = State::Refuse;
                    }
                }
            }
            State::Address => {
                if self.step.val() {
                    self.shift_now.d.next = true;
                    self.bit_now.d.next = self.address_bits.q.val().get_bits::<1>(0);
                    self.address_bits.d.next = self.address_bits.q.val() >> 1;
                    self.address_left.d.next = self.address_left.q.val() - 1;
                    if self.address_left.q.val() == 1 {
                        self.state.d.next = State::Order;
                    }
                }
            }
            State::Order => {
                if self.step.val() {
                    self.command_now.d.next = self.order.q.val();
                    self.state.d.next = State::Done;
                }
            }
            State::Done => {
                if self.step.val() {
                    self.address.d.next = self.address.q.val() + 1;
                    self.data_left.d.next = 108.into();
                    self.state.d.next = State::AnswerHead;
                    if self.order.q.val() == 1 {
                        self.state.d.next = State::Data;
                        if self.at_end.q.val() {
                            self.state.d.next = State::AnswerHead;
                            if self.address.q.val().get_bits::<2>(0) != 3 {
                                self.reason.d.next = 2.into();
                                self.state.d.next = State::Refuse;
                            }
                        } else if self.address.q.val() == 1023 {
                            self.reason.d.next = 2.into();
                            self.state.d.next = State::Refuse;
                        }
                    }
                    if self.order.q.val() == 2 {
                        self.state.d.next = State::Bits;
                    }
                    if self.order.q.val() == 3 {
                        // The last four bits of a word's five bytes.
                        self.bit_index.d.next = 0.into();
                        self.cursor.d.next = self.cursor.q.val() + 1;
                        self.data_left.d.next = 36.into();
                        self.state.d.next = State::Data;
                        if self.before_end.q.val() {
                            self.state.d.next = State::AnswerHead;
                        } else if self.address.q.val() == 4095 {
                            self.reason.d.next = 2.into();
                            self.state.d.next = State::Refuse;
                        }
                    }
                    if self.order.q.val() == 4 {
                        self.tags.write_enable.next = true;
                        self.open.d.next = self.open.q.val() | self.chosen.q.val();
                        self.state.d.next = State::Magic0;
                    }
                    if self.order.q.val() == 6 {
                        self.data_left.d.next = 33.into();
                        self.state.d.next = State::Status;
                    }
                }
            }
            // A chunk out of the window; a byte is sent whenever there is one.
            State::Bits => {
                if self.step.val() {
                    if self.data_left.q.val() == 0 {
                        self.address_bits.d.next = self.address.q.val().get_bits::<12>(0);
                        self.address_left.d.next = 12.into();
                        self.state.d.next = State::Address;
                        if self.address.q.val().get_bits::<2>(0) == 0 {
                            self.registers_left.d.next = self.registers_left.q.val() - 1;
                            if self.registers_left.q.val() == 1 {
                                self.index.d.next = 0.into();
                                self.state.d.next = State::AnswerChecksum;
                            }
                        }
                    } else {
                        self.data_left.d.next = self.data_left.q.val() - 1;
                        self.shift_now.d.next = true;
                        self.gather.d.next = self.gathering.val();
                        self.gathered.d.next = self.gathered.q.val() + 1;
                        if self.gathered.q.val() == 7 {
                            self.out.d.next = self.gathering.val();
                            self.out_counts.d.next = true;
                            self.after.d.next = State::Bits;
                            self.state.d.next = State::Send;
                        }
                    }
                }
            }
            State::Status => {
                if self.step.val() {
                    self.shift_now.d.next = true;
                    self.reply.d.next = (self.reply.q.val() >> 1)
                        | (bit_cast::<208, 1>(self.bit_from_core.val()) << 207);
                    self.data_left.d.next = self.data_left.q.val() - 1;
                    if self.data_left.q.val() == 1 {
                        self.state.d.next = State::StatusDone;
                    }
                }
            }
            State::StatusDone => {
                self.tag.d.next = self.tags.read_data.val();
                self.answer_kind.d.next = 0x85.into();
                self.answer_length.d.next = 6.into();
                self.reply_left.d.next = 6.into();
                self.streams.d.next = false;
                self.reply.d.next = (bit_cast::<208, 8>(self.core.q.val()) << 8)
                    | (bit_cast::<208, 32>(self.reply.q.val().get_bits::<32>(175)) << 16);
                self.index.d.next = 0.into();
                self.state.d.next = State::AnswerHead;
                if self.reply.q.val().get_bit(207) {
                    self.reason.d.next = 5.into();
                    self.state.d.next = State::Refuse;
                }
            }
            State::Refuse => {
                self.answer_length.d.next = 1.into();
                self.reply_left.d.next = 1.into();
                self.streams.d.next = false;
                self.reply.d.next = bit_cast::<208, 8>(self.reason.q.val());
                self.index.d.next = 0.into();
                self.state.d.next = State::AnswerHead;
            }
            State::AnswerHead => {
                if self.step.val() {
                    self.index.d.next = self.index.q.val() + 1;
                    self.out_counts.d.next = true;
                    self.after.d.next = State::AnswerHead;
                    self.state.d.next = State::Send;
                    if self.index.q.val() == 0 {
                        self.out.d.next = self.magic0.val();
                        self.out_counts.d.next = false;
                        self.checksum.d.next = self.ones.val();
                    }
                    if self.index.q.val() == 1 {
                        self.out.d.next = self.magic1.val();
                        self.out_counts.d.next = false;
                    }
                    if self.index.q.val() == 2 {
                        self.out.d.next = self.answer_kind.q.val();
                    }
                    if self.index.q.val() == 3 {
                        self.out.d.next = self.tag.q.val();
                    }
                    if self.index.q.val() == 4 {
                        self.out.d.next = self.answer_length.q.val().get_bits::<8>(0);
                    }
                    if self.index.q.val() == 5 {
                        self.out.d.next = self.answer_length.q.val().get_bits::<8>(8);
                        self.index.d.next = 0.into();
                        self.after.d.next = State::AnswerPayload;
                    }
                }
            }
            State::AnswerPayload => {
                if self.step.val() {
                    self.index.d.next = 0.into();
                    if self.reply_left.q.val() == 0 {
                        self.state.d.next = State::AnswerChecksum;
                        if self.streams.q.val() {
                            self.address_bits.d.next = self.address.q.val().get_bits::<12>(0);
                            self.address_left.d.next = 12.into();
                            self.state.d.next = State::Address;
                        }
                    } else {
                        self.reply_left.d.next = self.reply_left.q.val() - 1;
                        self.out.d.next = self.reply.q.val().get_bits::<8>(0);
                        self.reply.d.next = self.reply.q.val() >> 8;
                        self.out_counts.d.next = true;
                        self.after.d.next = State::AnswerPayload;
                        self.state.d.next = State::Send;
                    }
                }
            }
            State::AnswerChecksum => {
                if self.step.val() {
                    self.index.d.next = self.index.q.val() + 1;
                    self.out.d.next = self.not_checksum.val().get_bits::<8>(0);
                    self.checksum.d.next = self.checksum.q.val() >> 8;
                    self.out_counts.d.next = false;
                    self.after.d.next = State::AnswerChecksum;
                    self.state.d.next = State::Send;
                    if self.index.q.val() == 3 {
                        self.after.d.next = State::Magic0;
                    }
                }
            }
            State::Send => {
                if self.tx_ready.val() {
                    self.state.d.next = self.after.q.val();
                    if self.out_counts.q.val() {
                        self.fold.d.next = self.out.q.val();
                        self.fold_left.d.next = 8.into();
                    }
                }
            }
            _ => {
                self.state.d.next = State::Magic0;
            }
        }
        if self.silence.q.val().get_bit(22) & (self.state.q.val() != State::Magic0) {
            self.state.d.next = State::Magic0;
        }
    }
}
