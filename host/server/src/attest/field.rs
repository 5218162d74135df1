//! Fields of fixed meaning, read once. A refusal names the field.

use tutti_curves::{Group, Member, Wire, bn254};
use tutti_domain::{Address, B256, SetId, U256};
use tutti_types::Encoding;

use crate::refusal::Refusal;

/// Where a value stands in a request.
#[derive(Clone, Debug)]
pub(super) struct Field(String);

impl Field {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    pub(super) fn of(&self, name: &str) -> Self {
        Self(format!("{}.{name}", self.0))
    }

    pub(super) fn at(&self, name: &str, index: usize) -> Self {
        Self(format!("{}.{name}[{index}]", self.0))
    }

    pub(super) fn refuse(&self, what: impl std::fmt::Display) -> Refusal {
        Refusal::malformed(self.0.clone(), what.to_string())
    }

    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| self.of(name).refuse("is required"))
    }

    pub(super) fn array<const N: usize>(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<[u8; N], Refusal> {
        bytes.try_into().map_err(|_| {
            let what = format!("{N} bytes are needed, {} were sent", bytes.len());
            self.of(name).refuse(what)
        })
    }

    pub(super) fn hash(&self, name: &str, bytes: &[u8]) -> Result<B256, Refusal> {
        self.array(name, bytes).map(B256::new)
    }

    pub(super) fn address(&self, name: &str, bytes: &[u8]) -> Result<Address, Refusal> {
        self.array(name, bytes).map(Address::new)
    }

    pub(super) fn integer(&self, name: &str, bytes: &[u8]) -> Result<U256, Refusal> {
        U256::try_from_be_slice(bytes).ok_or_else(|| {
            let what = format!("{} bytes, a 256-bit integer has at most 32", bytes.len());
            self.of(name).refuse(what)
        })
    }

    /// A number that the inside keeps in fewer bits than the contract can.
    pub(super) fn narrow<A: Copy + std::fmt::Display, B: TryFrom<A>>(
        &self,
        name: &str,
        number: A,
    ) -> Result<B, Refusal> {
        B::try_from(number).map_err(|_| self.of(name).refuse(format!("{number} is too large")))
    }

    pub(super) fn percent(&self, name: &str, number: u32) -> Result<u8, Refusal> {
        u8::try_from(number)
            .ok()
            .filter(|percent| *percent <= 100)
            .ok_or_else(|| self.of(name).refuse(format!("{number} is no percentage")))
    }

    pub(super) fn g1(&self, name: &str, bytes: &[u8]) -> Result<Wire<bn254::G1>, Refusal> {
        bn254::G1::parse(Encoding::Eip197, bytes)
            .map_err(|reason| self.of(name).refuse(reason.text()))
    }

    pub(super) fn g2(&self, name: &str, bytes: &[u8]) -> Result<Wire<bn254::G2>, Refusal> {
        bn254::G2::parse(Encoding::Eip197, bytes)
            .map_err(|reason| self.of(name).refuse(reason.text()))
    }

    pub(super) fn g1_key(&self, name: &str, bytes: &[u8]) -> Result<Member<bn254::G1>, Refusal> {
        Member::parse(Encoding::Eip197, bytes).map_err(|reason| self.of(name).refuse(reason.text()))
    }
}

pub(crate) fn set_id(name: &str, bytes: &[u8]) -> Result<SetId, Refusal> {
    let id: [u8; 32] = bytes.try_into().map_err(|_| {
        let what = format!("a set id has 32 bytes, this one has {}", bytes.len());
        Refusal::malformed(name, what)
    })?;
    Ok(SetId(B256::new(id)))
}
