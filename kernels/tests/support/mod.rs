//! Launching with typed arguments: structure-of-arrays memory, and what the oracle's values look like in it.
#![allow(unsafe_code, dead_code)]

pub(crate) mod points;
pub(crate) mod steps;

use std::ffi::c_void;

use tutti_kernels::{Array, host};

/// Words of elements, limb-major.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) words: Vec<u32>,
    pub(crate) stride: usize,
}

impl Words {
    pub(crate) fn new(words_per_element: usize, elements: usize) -> Self {
        Self {
            words: vec![0; words_per_element * elements],
            stride: elements,
        }
    }

    pub(crate) fn from_elements(elements: &[Vec<u32>]) -> Self {
        let mut out = Self::new(elements.first().map_or(0, Vec::len), elements.len());
        for (i, element) in elements.iter().enumerate() {
            out.set(i, element);
        }
        out
    }

    pub(crate) fn set(&mut self, element: usize, words: &[u32]) {
        for (l, word) in words.iter().enumerate() {
            self.words[l * self.stride + element] = *word;
        }
    }

    pub(crate) fn get(&self, element: usize) -> Vec<u32> {
        self.words
            .iter()
            .skip(element)
            .step_by(self.stride)
            .copied()
            .collect()
    }

    pub(crate) fn elements(&self) -> Vec<Vec<u32>> {
        (0..self.stride).map(|i| self.get(i)).collect()
    }
}

/// An argument of an entry point.
pub(crate) enum Argument<'a> {
    Words(&'a mut Words),
    Bytes(&'a mut [u8]),
    Numbers(&'a mut [u32]),
    Number(u32),
}

/// Runs an entry point over at least `threads` threads, in blocks of 32.
pub(crate) fn launch(name: &str, threads: usize, arguments: Vec<Argument<'_>>) {
    const BLOCK: usize = 32;
    let mut values: Vec<[u64; 2]> = arguments
        .into_iter()
        .map(|argument| match argument {
            Argument::Words(words) => {
                let array = Array {
                    base: words.words.as_mut_ptr() as u64,
                    stride: words.stride as u64,
                };
                [array.base, array.stride]
            }
            Argument::Bytes(bytes) => [bytes.as_mut_ptr() as u64, 0],
            Argument::Numbers(numbers) => [numbers.as_mut_ptr() as u64, 0],
            Argument::Number(number) => [u64::from(number), 0],
        })
        .collect();
    let mut parameters: Vec<*mut c_void> = values
        .iter_mut()
        .map(|value| value.as_mut_ptr().cast())
        .collect();
    // SAFETY: the tests give the arguments that README.md lists, with memory of the sizes it says.
    unsafe {
        host::launch(
            name,
            threads.div_ceil(BLOCK) as u32,
            BLOCK as u32,
            parameters.as_mut_ptr(),
        )
    }
    .expect("an entry point of this name");
}
