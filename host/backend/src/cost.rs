use tutti_types::{CurveId, GroupId};

/// What each step costs on one core without vector units, in microseconds, rounded up. Only
/// for admission and for the size of batches: measured on a 2.3 GHz Sapphire Rapids core with
/// `tutti bench`, and right within a factor of two elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// Each signature: decompression, subgroup check, weighted sum.
    pub item_us: u64,
    /// Each distinct message: hash, Miller loop.
    pub message_us: u64,
    /// Each inline key: decompression and subgroup check.
    pub inline_key_us: u64,
    /// Each pair of a product check: checks, weight, Miller loop.
    pub pair_us: u64,
    pub final_exp_us: u64,
}

impl Costs {
    pub const BLS12381_MIN_PK: Self = Self {
        item_us: 100,
        message_us: 420,
        inline_key_us: 60,
        pair_us: 330,
        final_exp_us: 700,
    };
    pub const BLS12381_MIN_SIG: Self = Self {
        item_us: 80,
        message_us: 330,
        inline_key_us: 85,
        pair_us: 330,
        final_exp_us: 700,
    };
    pub const BN254: Self = Self {
        item_us: 40,
        message_us: 300,
        inline_key_us: 90,
        pair_us: 350,
        final_exp_us: 700,
    };

    /// A key that is added up costs a third of a microsecond.
    pub(crate) fn verify_us(&self, items: u64, messages: u64, signers: u64, inline: u64) -> u64 {
        let many_signers = signers.saturating_sub(items);
        items * self.item_us
            + messages * self.message_us
            + inline * self.inline_key_us
            + many_signers / 3
            + self.final_exp_us
    }

    pub(crate) const fn hash_us(curve: CurveId, group: GroupId) -> u64 {
        match (curve, group) {
            (CurveId::Bls12381, GroupId::G1) => 80,
            (CurveId::Bls12381, GroupId::G2) => 200,
            (CurveId::Bn254, GroupId::G1) => 60,
            (CurveId::Bn254, GroupId::G2) => 300,
        }
    }

    pub(crate) const fn check_point_us(curve: CurveId, group: GroupId) -> u64 {
        match (curve, group) {
            (CurveId::Bls12381, GroupId::G1) => 60,
            (CurveId::Bls12381 | CurveId::Bn254, GroupId::G2) => 85,
            (CurveId::Bn254, GroupId::G1) => 2,
        }
    }
}
