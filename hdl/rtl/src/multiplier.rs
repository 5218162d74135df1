//! Montgomery product (a*b + m*q) / 2^396 in 88 clocks on twelve multipliers. See the theory of operation in the README
//! of this crate; clock numbers in comments count from the start of the slot in which the product starts.
use crate::cells::LutRam;
use crate::lane::Lane;
use rust_hdl::prelude::*;

/// Operands come in four chunks of six words in clocks 2 to 5 of a slot; so leaves the result twelve slots later, in
/// clocks 3 to 6.
#[derive(LogicBlock, Default)]
pub struct Multiplier {
    pub clock: Signal<In, Clock>,
    /// Clock within the slot.
    pub phase: Signal<In, Bits<3>>,
    pub a: Signal<In, Bits<108>>,
    pub b: Signal<In, Bits<108>>,
    /// This slot brings the operands of a product.
    pub load: Signal<In, Bit>,
    /// This slot brings the modulus, on `a`.
    pub load_modulus: Signal<In, Bit>,
    /// In this slot the next loaded product starts.
    pub start: Signal<In, Bit>,
    pub result: Signal<Out, Bits<108>>,
    lane: [Lane; 6],
    a_words: LutRam<108, 3>,
    b_words: LutRam<90, 3>,
    /// The last lane's words, a clock later, and in place of word 23 the lowest word.
    b_last: LutRam<18, 3>,
    q_words: LutRam<108, 2>,
    load_bank: DFF<Bits<1>>,
    word_bank: DFF<Bits<1>>,
    row_bank: DFF<Bits<1>>,
    word_chunk: DFF<Bits<2>>,
    word: DFF<Bits<3>>,
    a_ahead: DFF<Bits<18>>,
    a_row: DFF<Bits<18>>,
    b_late: DFF<Bits<18>>,
    first_row: DFF<Bit>,
    first: DFF<Bit>,
    take_m: DFF<Bit>,
    clear: DFF<Bit>,
    drop_product: DFF<Bit>,
    last_chunk: DFF<Bit>,
    upper_late: DFF<Bits<19>>,
    product_part: DFF<Bits<18>>,
    carry: DFF<Bit>,
    out_early: DFF<Bits<108>>,
    beat: Signal<Local, Bits<2>>,
    a_word: Signal<Local, Bits<18>>,
    sum_low: Signal<Local, Bits<18>>,
    sum_carry: Signal<Local, Bits<2>>,
    folded: Signal<Local, Bits<18>>,
    folded_carry: Signal<Local, Bits<18>>,
    not_folded: Signal<Local, Bits<18>>,
    not_folded_carry: Signal<Local, Bits<18>>,
    product_folded: Signal<Local, Bits<18>>,
    m: Signal<Local, Bits<18>>,
    loading: Signal<Local, Bit>,
    chunk_in: Signal<Local, Bits<2>>,
    chunk_late: Signal<Local, Bits<2>>,
    resolved: Signal<Local, Bits<109>>,
    carries: Signal<Local, Bits<109>>,
}

impl Logic for Multiplier {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            load_bank,
            word_bank,
            row_bank,
            word_chunk,
            word,
            a_ahead,
            a_row,
            b_late,
            first_row,
            first,
            take_m,
            clear,
            drop_product,
            last_chunk,
            upper_late,
            product_part,
            carry,
            out_early
        );
        clock!(self, clock, a_words, b_words, b_last, q_words);
        for i in 0..6 {
            self.lane[i].clock.next = self.clock.val();
        }
        self.beat.next = self.phase.val().get_bits::<2>(0);

        // Operands and modulus in: chunk c in clock 2 + c.
        self.loading.next = (self.phase.val() >= 2) & (self.phase.val() <= 5);
        self.chunk_in.next = self.phase.val().get_bits::<2>(0) - 2;
        self.chunk_late.next = self.phase.val().get_bits::<2>(0) - 3;
        self.a_words.write.next = self.loading.val() & self.load.val();
        self.a_words.write_address.next =
            bit_cast::<3, 2>(self.chunk_in.val()) | (bit_cast::<3, 1>(self.load_bank.q.val()) << 2);
        self.a_words.write_data.next = self.a.val();
        self.b_words.write.next = self.loading.val() & self.load.val();
        self.b_words.write_address.next =
            bit_cast::<3, 2>(self.chunk_in.val()) | (bit_cast::<3, 1>(self.load_bank.q.val()) << 2);
        self.b_words.write_data.next = self.b.val().get_bits::<90>(0);
        if self.phase.val() == 5 {
            // Of a factor 396 bits count.
            self.b_words.write_data.next = bit_cast::<90, 72>(self.b.val().get_bits::<72>(0));
        }
        self.b_late.d.next = self.b.val().get_bits::<18>(90);
        self.b_last.write.next = self.loading.val() & self.load.val();
        self.b_last.write_address.next = bit_cast::<3, 2>(self.chunk_late.val())
            | (bit_cast::<3, 1>(self.load_bank.q.val()) << 2);
        self.b_last.write_data.next = self.b_late.q.val();
        if self.phase.val() == 2 {
            self.b_last.write_data.next = self.b.val().get_bits::<18>(0);
        }
        self.q_words.write.next = self.loading.val() & self.load_modulus.val();
        self.q_words.write_address.next = self.chunk_in.val();
        self.q_words.write_data.next = self.a.val();
        if (self.phase.val() == 0) & self.load.val() {
            self.load_bank.d.next = self.load_bank.q.val() + 1;
        }

        self.a_words.read_address.next = bit_cast::<3, 2>(self.word_chunk.q.val())
            | (bit_cast::<3, 1>(self.word_bank.q.val()) << 2);
        self.a_word.next = self.a_words.read_data.val().get_bits::<18>(0);
        if self.word.q.val() == 1 {
            self.a_word.next = self.a_words.read_data.val().get_bits::<18>(18);
        }
        if self.word.q.val() == 2 {
            self.a_word.next = self.a_words.read_data.val().get_bits::<18>(36);
        }
        if self.word.q.val() == 3 {
            self.a_word.next = self.a_words.read_data.val().get_bits::<18>(54);
        }
        if self.word.q.val() == 4 {
            self.a_word.next = self.a_words.read_data.val().get_bits::<18>(72);
        }
        if self.word.q.val() == 5 {
            self.a_word.next = self.a_words.read_data.val().get_bits::<18>(90);
        }

        // Words of a, one every four clocks, two rows ahead of their row: word w in clock 3 + 4w.
        if (self.phase.val() == 0) & self.start.val() {
            self.word_bank.d.next = self.word_bank.q.val() + 1;
            self.word.d.next = 0.into();
            self.word_chunk.d.next = 0.into();
        }
        if self.beat.val() == 3 {
            self.word.d.next = self.word.q.val() + 1;
            if self.word.q.val() == 5 {
                self.word.d.next = 0.into();
                self.word_chunk.d.next = self.word_chunk.q.val() + 1;
            }
            self.a_ahead.d.next = self.a_word.val();
            self.a_row.d.next = self.a_ahead.q.val();
        }
        // Rows: row r multiplies chunk c in clock 8 + 4r + c.
        if self.phase.val() == 7 {
            self.row_bank.d.next = self.word_bank.q.val();
            self.first_row.d.next = self.start.val();
        }
        self.b_words.read_address.next =
            bit_cast::<3, 2>(self.beat.val()) | (bit_cast::<3, 1>(self.row_bank.q.val()) << 2);
        self.b_last.read_address.next =
            bit_cast::<3, 2>(self.beat.val()) | (bit_cast::<3, 1>(self.row_bank.q.val()) << 2);
        self.q_words.read_address.next = self.beat.val();
        self.lane[0].b.next = self.b_words.read_data.val().get_bits::<18>(0);
        self.lane[1].b.next = self.b_words.read_data.val().get_bits::<18>(18);
        self.lane[2].b.next = self.b_words.read_data.val().get_bits::<18>(36);
        self.lane[3].b.next = self.b_words.read_data.val().get_bits::<18>(54);
        self.lane[4].b.next = self.b_words.read_data.val().get_bits::<18>(72);
        self.lane[5].b.next = self.b_last.read_data.val();
        self.lane[0].q.next = self.q_words.read_data.val().get_bits::<18>(0);
        self.lane[1].q.next = self.q_words.read_data.val().get_bits::<18>(18);
        self.lane[2].q.next = self.q_words.read_data.val().get_bits::<18>(36);
        self.lane[3].q.next = self.q_words.read_data.val().get_bits::<18>(54);
        self.lane[4].q.next = self.q_words.read_data.val().get_bits::<18>(72);
        self.lane[5].q.next = self.q_words.read_data.val().get_bits::<18>(90);
        self.clear.d.next =
            self.first_row.q.val() & (self.phase.val() >= 1) & (self.phase.val() <= 4);
        self.take_m.d.next = self.beat.val() == 3;
        self.drop_product.d.next = self.beat.val() == 0;
        self.last_chunk.d.next = self.beat.val() == 3;
        // m = -(1 + 2^16) * (sum + carry + a*b_0) mod 2^18, as -x - (x << 16) of each.
        self.product_folded.next = self.lane[5].product.val()
            + (bit_cast::<18, 2>(self.lane[5].product.val().get_bits::<2>(0)) << 16);
        if self.beat.val() == 1 {
            // 2 for the two complements below.
            self.product_part.d.next = bits::<18>(2) - self.product_folded.val();
        }
        self.first.d.next = self.start.val() & (self.phase.val() == 7);
        self.sum_low.next = self.lane[1].low.val();
        self.sum_carry.next = self.lane[0].carry.val();
        if self.first.q.val() {
            self.sum_low.next = 0.into();
            self.sum_carry.next = 0.into();
        }
        self.folded.next =
            self.sum_low.val() + (bit_cast::<18, 2>(self.sum_low.val().get_bits::<2>(0)) << 16);
        self.folded_carry.next = bit_cast::<18, 2>(self.sum_carry.val())
            | (bit_cast::<18, 2>(self.sum_carry.val()) << 16);
        self.not_folded.next = !self.folded.val();
        self.not_folded_carry.next = !self.folded_carry.val();
        self.m.next =
            self.product_part.q.val() + self.not_folded.val() + self.not_folded_carry.val();

        for i in 0..6 {
            self.lane[i].a.next = self.a_row.q.val();
            self.lane[i].m.next = self.m.val();
            self.lane[i].m_enable.next = self.take_m.q.val();
            self.lane[i].clear.next = self.clear.q.val();
            self.lane[i].drop_product.next = false;
        }
        for i in 0..5 {
            self.lane[i].above.next = self.lane[i + 1].low_late.val();
            self.lane[i + 1].upper_in.next = self.lane[i].upper.val();
        }
        self.upper_late.d.next = self.lane[5].upper.val();
        self.lane[0].upper_in.next = self.upper_late.q.val();
        self.lane[5].above.next = self.lane[0].low.val();
        if self.last_chunk.q.val() {
            self.lane[5].above.next = 0.into();
        }
        // In the last chunk the last lane has no word of its own: it multiplies the lowest word by the word of a of two
        // rows on, for that row's m.
        if self.beat.val() == 3 {
            self.lane[5].a.next = self.a_word.val();
            self.b_last.read_address.next =
                bit_cast::<3, 2>(self.beat.val()) | (bit_cast::<3, 1>(self.word_bank.q.val()) << 2);
        }
        self.lane[5].drop_product.next = self.drop_product.q.val();

        // What is left after row 21, its carries resolved: chunk c in clock 98 + c.
        self.carries.next = (bit_cast::<109, 1>(self.lane[0].shifted.val().get_bits::<1>(18))
            << 18)
            | (bit_cast::<109, 1>(self.lane[1].shifted.val().get_bits::<1>(18)) << 36)
            | (bit_cast::<109, 1>(self.lane[2].shifted.val().get_bits::<1>(18)) << 54)
            | (bit_cast::<109, 1>(self.lane[3].shifted.val().get_bits::<1>(18)) << 72)
            | (bit_cast::<109, 1>(self.lane[4].shifted.val().get_bits::<1>(18)) << 90)
            | (bit_cast::<109, 1>(self.lane[5].shifted.val().get_bits::<1>(18)) << 108);
        self.resolved.next = (bit_cast::<109, 18>(self.lane[0].shifted.val().get_bits::<18>(0))
            | (bit_cast::<109, 18>(self.lane[1].shifted.val().get_bits::<18>(0)) << 18)
            | (bit_cast::<109, 18>(self.lane[2].shifted.val().get_bits::<18>(0)) << 36)
            | (bit_cast::<109, 18>(self.lane[3].shifted.val().get_bits::<18>(0)) << 54)
            | (bit_cast::<109, 18>(self.lane[4].shifted.val().get_bits::<18>(0)) << 72)
            | (bit_cast::<109, 18>(self.lane[5].shifted.val().get_bits::<18>(0)) << 90))
            + self.carries.val()
            + bit_cast::<109, 1>(self.carry.q.val().into());
        self.carry.d.next = self.resolved.val().get_bit(108) & (self.beat.val() != 1);
        self.out_early.d.next = self.resolved.val().get_bits::<108>(0);
        self.result.next = self.out_early.q.val();
    }
}
