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

/// What a card can be asked for, and its cycles on one core, counted in the model.
pub fn operations() -> Vec<(&'static str, u64)> {
    let cycles = |image: &Image, program: &str| {
        let profile = image.profile(&mut image.core(), program);
        let run = profile.expect("programs halt whatever they are given").run;
        run.cycles()
    };
    let (bls, bn, points) = (bls12_381::image(), bn254::image(), points::image());
    let hash = cycles(points, "hash");
    let signature = cycles(points, "signature");
    let product = cycles(bls, "pairing-2");
    vec![
        ("BLS12-381 pairing", cycles(bls, "pairing-1")),
        ("BLS12-381 product check of 2 pairs", product),
        ("BLS12-381 hash to G2", hash),
        (
            "BLS12-381 compressed signature, read and in its group",
            signature,
        ),
        (
            "BLS12-381 whole check: hash, signature, product",
            hash + signature + product,
        ),
        ("BN254 pairing", cycles(bn, "pairing-1")),
        ("BN254 product check of 2 pairs", cycles(bn, "pairing-2")),
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
