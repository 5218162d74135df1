//! The programs of a card.

pub mod bls12_381;
pub mod bn254;
mod final_exponentiation;
mod miller;
mod numbers;
pub mod pairing;
pub mod points;
mod power;

use std::fmt::Write as _;

use crate::assembler::Image;

/// The images, by the name of what they are for.
pub fn images() -> [(&'static str, &'static Image); 3] {
    [
        ("pairings on BLS12-381", bls12_381::image()),
        ("pairings on BN254", bn254::image()),
        ("points of BLS12-381", points::image()),
    ]
}

/// Every routine and block of every image, and where the slots of each program go: `generated/microcode.txt`.
pub fn listings() -> String {
    let mut text = String::new();
    for (name, image) in images() {
        let _ = writeln!(
            text,
            "# {name}: {} words, {} constants\n\n{}",
            image.words.len(),
            image.constants.len(),
            image.listing()
        );
        for program in image.programs() {
            let profile = image
                .profile(&mut image.core(), program)
                .expect("programs halt whatever they are given");
            let _ = writeln!(text, "{profile}");
        }
    }
    text
}
