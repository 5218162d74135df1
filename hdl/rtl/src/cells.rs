//! What each technology provides in its own way: a multiplier with registers, memory of LUTs, block memory. Verilog for
//! them is in `cells/`; here are their ports and what they do.
use rust_hdl::prelude::*;

/// 18 x 18 unsigned multiplier with a register before and one behind: `p` is the product of two clocks ago.
#[derive(LogicBlock, Default)]
pub struct Dsp {
    pub clock: Signal<In, Clock>,
    pub a_enable: Signal<In, Bit>,
    pub a: Signal<In, Bits<18>>,
    pub b: Signal<In, Bits<18>>,
    pub p: Signal<Out, Bits<36>>,
    _a: u64,
    _b: u64,
}

impl Logic for Dsp {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.p.next = (self._a * self._b).to_bits();
            if self.a_enable.val() {
                self._a = self.a.val().to_u64();
            }
            self._b = self.b.val().to_u64();
        }
    }

    fn connect(&mut self) {
        self.p.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Wrapper(Wrapper {
            code: "tutti_dsp inner(.clock(clock), .a_enable(a_enable), .a(a), .b(b), .p(p));\n"
                .into(),
            cores: String::new(),
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        registered("dsp", &["a", "b", "a_enable"], &["p"])
    }
}

/// Memory of LUTs: written at the clock, read at once. All zero at first.
#[derive(LogicBlock)]
pub struct LutRam<const W: usize, const A: usize> {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, Bit>,
    pub write_address: Signal<In, Bits<A>>,
    pub write_data: Signal<In, Bits<W>>,
    pub read_address: Signal<In, Bits<A>>,
    pub read_data: Signal<Out, Bits<W>>,
    _words: Vec<Bits<W>>,
}

impl<const W: usize, const A: usize> Default for LutRam<W, A> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            write: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _words: vec![Bits::default(); 1 << A],
        }
    }
}

impl<const W: usize, const A: usize> Logic for LutRam<W, A> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write.val() {
            self._words[self.write_address.val().index()] = self.write_data.val();
        }
        self.read_data.next = self._words[self.read_address.val().index()];
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Wrapper(Wrapper {
            code: format!(
                "tutti_lutram #(.WIDTH({W}), .ADDRESS({A})) inner(.clock(clock), .write(write), \
                 .write_address(write_address), .write_data(write_data), .read_address(read_address), \
                 .read_data(read_data));\n"
            ),
            cores: String::new(),
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        registered("write", &["write", "write_address", "write_data"], &[])
    }
}

/// Block memory with two ports; a port that writes keeps what it read before.
#[derive(LogicBlock)]
pub struct BlockRam<const W: usize, const A: usize> {
    pub clock: Signal<In, Clock>,
    pub a_write: Signal<In, Bit>,
    pub a_address: Signal<In, Bits<A>>,
    pub a_data: Signal<In, Bits<W>>,
    pub a_read: Signal<Out, Bits<W>>,
    pub b_write: Signal<In, Bit>,
    pub b_address: Signal<In, Bits<A>>,
    pub b_data: Signal<In, Bits<W>>,
    pub b_read: Signal<Out, Bits<W>>,
    _words: Vec<Bits<W>>,
}

impl<const W: usize, const A: usize> Default for BlockRam<W, A> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            a_write: Signal::default(),
            a_address: Signal::default(),
            a_data: Signal::default(),
            a_read: Signal::default(),
            b_write: Signal::default(),
            b_address: Signal::default(),
            b_data: Signal::default(),
            b_read: Signal::default(),
            _words: vec![Bits::default(); 1 << A],
        }
    }
}

impl<const W: usize, const A: usize> Logic for BlockRam<W, A> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let (a, b) = (self.a_address.val().index(), self.b_address.val().index());
        if !self.a_write.val() {
            self.a_read.next = self._words[a];
        }
        if !self.b_write.val() {
            self.b_read.next = self._words[b];
        }
        if self.a_write.val() {
            self._words[a] = self.a_data.val();
        }
        if self.b_write.val() {
            self._words[b] = self.b_data.val();
        }
    }

    fn connect(&mut self) {
        self.a_read.connect();
        self.b_read.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Wrapper(Wrapper {
            code: format!(
                "tutti_bram #(.WIDTH({W}), .ADDRESS({A})) inner(.clock(clock), .a_write(a_write), \
                 .a_address(a_address), .a_data(a_data), .a_read(a_read), .b_write(b_write), \
                 .b_address(b_address), .b_data(b_data), .b_read(b_read));\n"
            ),
            cores: String::new(),
        })
    }

    fn timing(&self) -> Vec<TimingInfo> {
        registered(
            "port",
            &[
                "a_write",
                "a_address",
                "a_data",
                "b_write",
                "b_address",
                "b_data",
            ],
            &["a_read", "b_read"],
        )
    }
}

fn registered(name: &str, inputs: &[&str], outputs: &[&str]) -> Vec<TimingInfo> {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
    vec![TimingInfo {
        name: name.into(),
        clock: "clock".into(),
        inputs: owned(inputs),
        outputs: owned(outputs),
    }]
}
