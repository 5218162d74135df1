//! One register of eight 64-bit lanes, and the few operations that the field needs of it.
//!
//! Soundness: a [`V`] is only made from an [`Ifma`], so wherever one exists the processor has the instructions. That is
//! why the operations are safe functions. They are inlined into functions that carry `#[target_feature]`, where each is
//! one instruction; elsewhere they would be slow but still correct.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask,
    _mm512_cmplt_epi64_mask, _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_maskz_loadu_epi64, _mm512_or_si512, _mm512_permutexvar_epi64,
    _mm512_set1_epi64, _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_srai_epi64,
    _mm512_srav_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use crate::Ifma;

/// Runs a block for the number `$i` of each limb of a field: a constant, as the compiler gives up unrolling such loops by itself just
/// where it matters most.
macro_rules! limbs {
    ($field:ty, $i:ident, $body:block) => {
        limbs!(@ $field, $i, $body, 0 1 2 3 4 5 6 7)
    };
    (@ $field:ty, $i:ident, $body:block, $($n:literal)*) => {
        $({
            #[allow(dead_code)]
            const $i: usize = $n;
            if $i < <$field>::LIMBS $body
        })*
    };
}

/// The same for each column of a product.
macro_rules! columns {
    ($field:ty, $k:ident, $body:block) => {
        columns!(@ $field, $k, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $field:ty, $k:ident, $body:block, $($n:literal)*) => {
        $({
            const $k: usize = $n;
            if $k < 2 * <$field>::LIMBS $body
        })*
    };
}

/// Which of the eight lanes: bit i is lane i.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask(pub(crate) u8);

impl Mask {
    pub(crate) const ALL: Self = Self(0xff);
    pub(crate) const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) fn from_lanes(lanes: [bool; 8]) -> Self {
        let mut mask = 0;
        for (i, lane) in lanes.into_iter().enumerate() {
            mask |= u8::from(lane) << i;
        }
        Self(mask)
    }

    #[inline(always)]
    pub(crate) const fn lane(self, i: usize) -> bool {
        self.0 >> i & 1 == 1
    }
}

impl core::ops::BitAnd for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, o: Self) -> Self {
        Self(self.0 & o.0)
    }
}

impl core::ops::BitOr for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, o: Self) -> Self {
        Self(self.0 | o.0)
    }
}

impl core::ops::BitXor for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitxor(self, o: Self) -> Self {
        Self(self.0 ^ o.0)
    }
}

impl core::ops::Not for Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// Eight lanes of 64 bits.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct V(__m512i);

macro_rules! binary {
    ($($name:ident = $intrinsic:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name(self, o: Self) -> Self {
            // SAFETY: a V exists, so an Ifma did.
            Self(unsafe { $intrinsic(self.0, o.0) })
        }
    )*};
}

macro_rules! shift {
    ($($name:ident = $intrinsic:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name<const N: u32>(self) -> Self {
            // SAFETY: a V exists, so an Ifma did.
            Self(unsafe { $intrinsic::<N>(self.0) })
        }
    )*};
}

impl V {
    #[inline(always)]
    pub(crate) fn splat(_: Ifma, x: u64) -> Self {
        // SAFETY: the caller holds an Ifma.
        Self(unsafe { _mm512_set1_epi64(x.cast_signed()) })
    }

    #[inline(always)]
    pub(crate) fn load(_: Ifma, x: &[u64; 8]) -> Self {
        // SAFETY: the caller holds an Ifma; x is 64 readable bytes.
        Self(unsafe { _mm512_loadu_si512(x.as_ptr().cast()) })
    }

    /// Up to seven words in the lower lanes, zeros above.
    #[inline(always)]
    pub(crate) fn load_first<const N: usize>(_: Ifma, x: &[u64; N]) -> Self {
        assert!(N < 8);
        // SAFETY: the caller holds an Ifma; the mask reads the N words of x and no more.
        Self(unsafe { _mm512_maskz_loadu_epi64((1 << N) - 1, x.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn store(self) -> [u64; 8] {
        let mut x = [0; 8];
        // SAFETY: a V exists, so an Ifma did; x is 64 writable bytes.
        unsafe { _mm512_storeu_si512(x.as_mut_ptr().cast(), self.0) };
        x
    }

    /// Eight of sixteen words.
    #[inline(always)]
    pub(crate) fn load_from(_: Ifma, x: &[u64; 16], first: usize) -> Self {
        assert!(first <= 8);
        // SAFETY: the caller holds an Ifma; eight words from there on are in x.
        Self(unsafe { _mm512_loadu_si512(x.as_ptr().add(first).cast()) })
    }

    /// Over eight of sixteen words.
    #[inline(always)]
    pub(crate) fn store_to(self, x: &mut [u64; 16], first: usize) {
        assert!(first <= 8);
        // SAFETY: a V exists, so an Ifma did; eight words from there on are in x.
        unsafe { _mm512_storeu_si512(x.as_mut_ptr().add(first).cast(), self.0) };
    }

    #[inline(always)]
    #[allow(clippy::unused_self)] // its existence is the argument
    pub(crate) const fn isa(self) -> Ifma {
        // SAFETY: a V exists, so an Ifma did.
        unsafe { Ifma::assume() }
    }

    binary! {
        add = _mm512_add_epi64;
        sub = _mm512_sub_epi64;
        and = _mm512_and_si512;
        or = _mm512_or_si512;
        xor = _mm512_xor_si512;
        unpack_lo = _mm512_unpacklo_epi64;
        unpack_hi = _mm512_unpackhi_epi64;
    }

    shift! {
        shl = _mm512_slli_epi64;
        shr = _mm512_srli_epi64;
        sar = _mm512_srai_epi64;
    }

    /// The sign stays.
    #[inline(always)]
    pub(crate) fn sar_by(self, bits: u32) -> Self {
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_srav_epi64(self.0, _mm512_set1_epi64(bits.into())) })
    }

    /// self + the low 52 bits of a·b, where a and b count with their low 52 bits.
    #[inline(always)]
    pub(crate) fn madd_lo(self, a: Self, b: Self) -> Self {
        #[cfg(feature = "count")]
        count::one();
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_madd52lo_epu64(self.0, a.0, b.0) })
    }

    /// self + the bits of a·b above the low 52, where a and b count with their low 52 bits.
    #[inline(always)]
    pub(crate) fn madd_hi(self, a: Self, b: Self) -> Self {
        #[cfg(feature = "count")]
        count::one();
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_madd52hi_epu64(self.0, a.0, b.0) })
    }

    #[inline(always)]
    pub(crate) fn eq(self, o: Self) -> Mask {
        // SAFETY: a V exists, so an Ifma did.
        Mask(unsafe { _mm512_cmpeq_epi64_mask(self.0, o.0) })
    }

    /// Signed comparison.
    #[inline(always)]
    pub(crate) fn lt(self, o: Self) -> Mask {
        // SAFETY: a V exists, so an Ifma did.
        Mask(unsafe { _mm512_cmplt_epi64_mask(self.0, o.0) })
    }

    /// Where m has a lane `yes`, elsewhere `no`.
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: Self, no: Self) -> Self {
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_mask_blend_epi64(m.0, no.0, yes.0) })
    }

    /// Lane N + i in lane i.
    #[inline(always)]
    pub(crate) fn rotate<const N: i32>(self) -> Self {
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_alignr_epi64::<N>(self.0, self.0) })
    }

    /// Lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(self, from: Self) -> Self {
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_permutexvar_epi64(from.0, self.0) })
    }

    /// Two blocks of 128 bits of self, then two of o, as the bits of N say.
    #[inline(always)]
    fn blocks<const N: i32>(self, o: Self) -> Self {
        // SAFETY: a V exists, so an Ifma did.
        Self(unsafe { _mm512_shuffle_i64x2::<N>(self.0, o.0) })
    }

    /// The transpose of four rows of four blocks of 128 bits.
    #[inline(always)]
    fn transpose_blocks([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (low, high) = (a.blocks::<0x44>(b), a.blocks::<0xee>(b));
        let (lower, higher) = (c.blocks::<0x44>(d), c.blocks::<0xee>(d));
        [
            low.blocks::<0x88>(lower),
            low.blocks::<0xdd>(lower),
            high.blocks::<0x88>(higher),
            high.blocks::<0xdd>(higher),
        ]
    }

    /// Element j of row i becomes element i of row j.
    #[inline(always)]
    pub(crate) fn transpose([a, b, c, d, e, f, g, h]: [Self; 8]) -> [Self; 8] {
        let even = [
            a.unpack_lo(b),
            c.unpack_lo(d),
            e.unpack_lo(f),
            g.unpack_lo(h),
        ];
        let odd = [
            a.unpack_hi(b),
            c.unpack_hi(d),
            e.unpack_hi(f),
            g.unpack_hi(h),
        ];
        let ([a, c, e, g], [b, d, f, h]) =
            (Self::transpose_blocks(even), Self::transpose_blocks(odd));
        [a, b, c, d, e, f, g, h]
    }
}

/// How many multiply-adds a computation needs, which is what bounds it.
#[cfg(feature = "count")]
pub(crate) mod count {
    use std::cell::Cell;

    thread_local! {
        static MULTIPLY_ADDS: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn one() {
        MULTIPLY_ADDS.set(MULTIPLY_ADDS.get() + 1);
    }

    pub(crate) fn so_far() -> u64 {
        MULTIPLY_ADDS.get()
    }
}
