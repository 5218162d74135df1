//! One item at a time, by the definition. Slow and plain on purpose: every batch, backend and
//! shortcut must give the verdicts that stand here.

use tutti_types::{Encoding, InvalidReason, Part, Scheme, Verdict};

use crate::group::{Curve, Group, Pair, Wire, WirePair};
use crate::hash::{Hashing, PointHash};
use crate::world::Signed;

/// Keys that signed one message. The keys are in the subgroup.
#[derive(Clone, Debug)]
pub struct Term<'a, W: Signed> {
    pub keys: Vec<<W::Key as Group>::Affine>,
    pub message: &'a [u8],
}

/// The scheme's own rules on who may sign what together.
pub fn check_terms<'a>(
    scheme: &Scheme,
    terms: impl Iterator<Item = (usize, &'a [u8])> + Clone,
) -> Result<(), Verdict> {
    if terms.clone().next().is_none() || terms.clone().any(|(signers, _)| signers == 0) {
        return Err(Verdict::Invalid(InvalidReason::NoSigners, Part::Whole));
    }
    if *scheme == Scheme::Bls12381MinPkBasic {
        let mut seen = std::collections::HashSet::new();
        for (signers, message) in terms {
            if signers > 1 || !seen.insert(message) {
                return Err(Verdict::Invalid(
                    InvalidReason::RepeatedMessage,
                    Part::Message,
                ));
            }
        }
    }
    Ok(())
}

/// The key's bytes that the AUG scheme puts before the message.
pub fn augmentation<W: Signed>(key: &<W::Key as Group>::Affine) -> Vec<u8> {
    W::Key::encode(Some(key), Encoding::ZcashCompressed)
}

/// Verifies one item: the product over its terms of e(sum of keys, H(message)) against
/// e(generator, signature). A single term is what is called fast aggregate verification.
pub fn verify<W: Signed>(
    scheme: &Scheme,
    terms: &[Term<'_, W>],
    signature: &Wire<W::Sig>,
) -> Verdict {
    match equation(scheme, terms, signature) {
        Err(verdict) => verdict,
        Ok(pairs) if W::Curve::is_one(&W::Curve::miller(&pairs)) => Verdict::Valid,
        Ok(_) => Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole),
    }
}

fn equation<W: Signed>(
    scheme: &Scheme,
    terms: &[Term<'_, W>],
    signature: &Wire<W::Sig>,
) -> Result<Vec<Pair<W::Curve>>, Verdict> {
    check_terms(
        scheme,
        terms.iter().map(|term| (term.keys.len(), term.message)),
    )?;
    let signature = signature
        .member()
        .map_err(|reason| Verdict::Invalid(reason, Part::Signature))?;
    let mut pairs = vec![W::signature_pair(signature.point())];
    let hashing = Hashing::of_scheme(scheme);
    let hash = |message: &[u8], augmentation: &[u8]| {
        W::Sig::hash(hashing, message, augmentation)
            .map_err(|reason| Verdict::Invalid(reason, Part::Message))
    };
    for term in terms {
        if *scheme == Scheme::Bls12381MinPkAug {
            for key in &term.keys {
                pairs.push(W::pair(key, &hash(term.message, &augmentation::<W>(key))?));
            }
            continue;
        }
        let keys: Vec<_> = term.keys.iter().collect();
        let key = W::Key::to_affine(&W::Key::sum(&keys)).ok_or(Verdict::Invalid(
            InvalidReason::Infinity,
            Part::AggregateKey,
        ))?;
        pairs.push(W::pair(&key, &hash(term.message, &[])?));
    }
    Ok(pairs)
}

/// Whether the product of the pairings is one. Infinity may stand in a pair and makes its
/// pairing one; every other point must be in its subgroup.
pub fn pairing_check<C: Curve>(pairs: &[WirePair<C>]) -> Verdict {
    if pairs.is_empty() {
        return Verdict::Invalid(InvalidReason::Empty, Part::Whole);
    }
    let mut finite = Vec::with_capacity(pairs.len());
    for (index, (p, q)) in pairs.iter().enumerate() {
        let at = |reason| Verdict::Invalid(reason, Part::Point(index as u32));
        match (checked(p).map_err(at), checked(q).map_err(at)) {
            (Err(verdict), _) | (_, Err(verdict)) => return verdict,
            (Ok(Some(p)), Ok(Some(q))) => finite.push((p, q)),
            _ => {}
        }
    }
    if C::is_one(&C::miller(&finite)) {
        Verdict::Valid
    } else {
        Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole)
    }
}

/// A point of the subgroup, or infinity.
pub fn checked<G: Group>(wire: &Wire<G>) -> Result<Option<G::Affine>, InvalidReason> {
    match wire.point()? {
        Some(point) if !G::in_subgroup(&point) => Err(InvalidReason::NotInSubgroup),
        other => Ok(other),
    }
}
