//! The mathematics of a batch for CUDA devices: the compiled entry points, and the same text as plain C++.
//!
//! `README.md` lists the entry points, their arguments and the layouts of memory.
#![deny(unsafe_code)]

#[cfg(feature = "host")]
pub mod host;

include!(concat!(env!("OUT_DIR"), "/fatbin.rs"));

/// The compiled entry points for every supported device, or none where the build found no nvcc.
pub const fn fatbin() -> Option<&'static [u8]> {
    FATBIN
}

/// What an entry point takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An [`Array`], by value.
    Array,
    /// An address of 64 bits.
    Pointer,
    /// A number of 32 bits.
    Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    pub name: &'static str,
    pub arguments: &'static [Argument],
}

/// The entry points, in alphabetical order.
pub const ENTRY_POINTS: &[EntryPoint] = include!(concat!(env!("OUT_DIR"), "/entry_points.rs"));

/// Words of many elements, limb-major: word l of element i is at `base + 4 * (l * stride + i)`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// The address, on the device or for plain C++ in this process.
    pub base: u64,
    /// Elements between one word of an element and its next.
    pub stride: u64,
}
