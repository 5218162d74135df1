//! The plain oracle as a subject: what every backend is compared to must itself agree with
//! other people's vectors.

use tutti_conformance::{AggregateRole, Answer, SetCase, Subject};
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::oracle::{self, Term};
use tutti_curves::{
    Bn254Sig, Curve, Group, Hashing, MinPk, MinSig, PointHash, Signed, Wire, expand_message_xmd,
};
use tutti_types::{
    CurveId, Encoding, GroupId, HashVariant, InvalidReason, Part, Scheme, Verdict, World,
};

pub(crate) struct Oracle;

type Refusable<T> = Result<T, Verdict>;

fn key_of<W: Signed>(
    encoding: Encoding,
    index: usize,
    bytes: &[u8],
) -> Refusable<<W::Key as Group>::Affine> {
    W::Key::parse(encoding, bytes)
        .and_then(|wire| wire.member())
        .map(|member| *member.point())
        .map_err(|reason| Verdict::Invalid(reason, Part::Key(index as u32)))
}

fn verify_terms<W: Signed>(
    scheme: &Scheme,
    encoding: Encoding,
    terms: &[(&[Vec<u8>], &[u8])],
    signature: &[u8],
) -> Refusable<Verdict> {
    let terms = terms
        .iter()
        .map(|(keys, message)| {
            let keys = keys.iter().enumerate();
            let keys = keys.map(|(index, key)| key_of::<W>(encoding, index, key));
            Ok(Term {
                keys: keys.collect::<Refusable<_>>()?,
                message,
            })
        })
        .collect::<Refusable<Vec<Term<'_, W>>>>()?;
    let signature = W::Sig::parse(encoding, signature)
        .map_err(|reason| Verdict::Invalid(reason, Part::Signature))?;
    Ok(oracle::verify::<W>(scheme, &terms, &signature))
}

fn verify(
    scheme: &Scheme,
    encoding: Encoding,
    terms: &[(&[Vec<u8>], &[u8])],
    signature: &[u8],
) -> Verdict {
    let verdict = match scheme.world() {
        World::Bls12381MinPk => verify_terms::<MinPk>(scheme, encoding, terms, signature),
        World::Bls12381MinSig => verify_terms::<MinSig>(scheme, encoding, terms, signature),
        World::Bn254 => verify_terms::<Bn254Sig>(scheme, encoding, terms, signature),
    };
    verdict.unwrap_or_else(|refusal| refusal)
}

fn sum<G: Group>(
    role: AggregateRole,
    encoding: Encoding,
    points: &[Vec<u8>],
) -> Refusable<Vec<u8>> {
    let mut finite = Vec::new();
    for (index, bytes) in points.iter().enumerate() {
        let at = |reason| Verdict::Invalid(reason, Part::Point(index as u32));
        let wire = G::parse(encoding, bytes).map_err(at)?;
        match oracle::checked(&wire).map_err(at)? {
            Some(point) => finite.push(point),
            None if role == AggregateRole::Keys => return Err(at(InvalidReason::Infinity)),
            None => {}
        }
    }
    if points.is_empty() {
        return Err(Verdict::Invalid(InvalidReason::Empty, Part::Whole));
    }
    let sum = G::to_affine(&G::sum(&finite.iter().collect::<Vec<_>>()));
    if sum.is_none() && role == AggregateRole::Keys {
        return Err(Verdict::Invalid(
            InvalidReason::Infinity,
            Part::AggregateKey,
        ));
    }
    Ok(G::encode(sum.as_ref(), encoding))
}

fn hash<G: PointHash>(hashing: Hashing<'_>, message: &[u8], out: Encoding) -> Refusable<Vec<u8>> {
    G::hash(hashing, message, &[])
        .map(|point| G::encode(Some(&point), out))
        .map_err(|reason| Verdict::Invalid(reason, Part::Message))
}

fn map<G: PointHash>(element: &[u8], out: Encoding) -> Refusable<Vec<u8>> {
    G::map(element)
        .map(|point| G::encode(point.as_ref(), out))
        .map_err(|reason| Verdict::Invalid(reason, Part::Whole))
}

fn product<C: Curve>(encoding: Encoding, pairs: &[(Vec<u8>, Vec<u8>)]) -> Refusable<Verdict> {
    let at = |index: usize| move |reason| Verdict::Invalid(reason, Part::Point(index as u32));
    let parsed = pairs.iter().enumerate().map(|(index, (p, q))| {
        Ok((
            C::G1::parse(encoding, p).map_err(at(index))?,
            C::G2::parse(encoding, q).map_err(at(index))?,
        ))
    });
    let parsed = parsed.collect::<Refusable<Vec<(Wire<C::G1>, Wire<C::G2>)>>>()?;
    Ok(oracle::pairing_check::<C>(&parsed))
}

impl Subject for Oracle {
    fn verify_sets(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        sets: &[SetCase],
    ) -> Answer<Vec<Verdict>> {
        let one = |set: &SetCase| {
            let term = (&set.keys[..], &set.message[..]);
            verify(scheme, encoding, &[term], &set.signature)
        };
        Ok(sets.iter().map(one).collect())
    }

    fn fast_aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        set: &SetCase,
    ) -> Answer<Verdict> {
        let term = (&set.keys[..], &set.message[..]);
        Ok(verify(scheme, encoding, &[term], &set.signature))
    }

    fn eth_fast_aggregate_verify(&mut self, set: &SetCase) -> Answer<Verdict> {
        let is_infinity = set.signature.split_first().is_some_and(|(first, rest)| {
            *first == 0xc0 && rest.len() == 95 && rest.iter().all(|byte| *byte == 0)
        });
        if set.keys.is_empty() && is_infinity {
            return Ok(Verdict::Valid);
        }
        let (scheme, encoding) = (Scheme::Bls12381MinPkPop, Encoding::ZcashCompressed);
        self.fast_aggregate_verify(&scheme, encoding, set)
    }

    fn aggregate_verify(
        &mut self,
        scheme: &Scheme,
        encoding: Encoding,
        keys: &[Vec<u8>],
        messages: &[Vec<u8>],
        signature: &[u8],
    ) -> Answer<Verdict> {
        let keys = keys.iter().map(std::slice::from_ref);
        let terms: Vec<_> = keys.zip(messages.iter().map(Vec::as_slice)).collect();
        Ok(verify(scheme, encoding, &terms, signature))
    }

    fn aggregate(
        &mut self,
        world: World,
        role: AggregateRole,
        encoding: Encoding,
        points: &[Vec<u8>],
    ) -> Answer<Refusable<Vec<u8>>> {
        let group = match role {
            AggregateRole::Signatures => world.signature_group(),
            AggregateRole::Keys => world.key_group(),
        };
        Ok(match (world.curve(), group) {
            (CurveId::Bls12381, GroupId::G1) => sum::<bls12_381::G1>(role, encoding, points),
            (CurveId::Bls12381, GroupId::G2) => sum::<bls12_381::G2>(role, encoding, points),
            (CurveId::Bn254, GroupId::G1) => sum::<bn254::G1>(role, encoding, points),
            (CurveId::Bn254, GroupId::G2) => sum::<bn254::G2>(role, encoding, points),
        })
    }

    fn hash_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: &[u8],
        message: &[u8],
        out: Encoding,
    ) -> Answer<Refusable<Vec<u8>>> {
        let hashing = Hashing::Rfc9380 { variant, dst };
        Ok(match (curve, group) {
            (CurveId::Bls12381, GroupId::G1) => hash::<bls12_381::G1>(hashing, message, out),
            (CurveId::Bls12381, GroupId::G2) => hash::<bls12_381::G2>(hashing, message, out),
            (CurveId::Bn254, GroupId::G1) => hash::<bn254::G1>(hashing, message, out),
            (CurveId::Bn254, GroupId::G2) => hash::<bn254::G2>(hashing, message, out),
        })
    }

    fn hash_by_scheme(
        &mut self,
        scheme: &Scheme,
        message: &[u8],
        out: Encoding,
    ) -> Answer<Refusable<Vec<u8>>> {
        let hashing = Hashing::of_scheme(scheme);
        Ok(match scheme.world() {
            World::Bls12381MinPk => hash::<bls12_381::G2>(hashing, message, out),
            World::Bls12381MinSig => hash::<bls12_381::G1>(hashing, message, out),
            World::Bn254 => hash::<bn254::G1>(hashing, message, out),
        })
    }

    fn map_to_curve(
        &mut self,
        curve: CurveId,
        group: GroupId,
        element: &[u8],
        out: Encoding,
    ) -> Answer<Refusable<Vec<u8>>> {
        Ok(match (curve, group) {
            (CurveId::Bls12381, GroupId::G1) => map::<bls12_381::G1>(element, out),
            (CurveId::Bls12381, GroupId::G2) => map::<bls12_381::G2>(element, out),
            (CurveId::Bn254, GroupId::G1) => map::<bn254::G1>(element, out),
            (CurveId::Bn254, GroupId::G2) => map::<bn254::G2>(element, out),
        })
    }

    fn pairing_check(
        &mut self,
        encoding: Encoding,
        pairs: &[(Vec<u8>, Vec<u8>)],
    ) -> Answer<Verdict> {
        let verdict = match encoding.curve() {
            CurveId::Bls12381 => product::<Bls12381>(encoding, pairs),
            CurveId::Bn254 => product::<Bn254>(encoding, pairs),
        };
        Ok(verdict.unwrap_or_else(|refusal| refusal))
    }

    fn expand_message(&mut self, dst: &[u8], message: &[u8], length: usize) -> Answer<Vec<u8>> {
        Ok(expand_message_xmd(message, dst, length).expect("a length that the suites use"))
    }
}
