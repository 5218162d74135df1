// One operation of a field an entry point, without branches: what tests/ptx.rs interprets.
#include "moduli.h"

template <class M, class F>
INLINE void probe(const Array& a, const Array& b, const Array& c, const Array& d, const Array& out, F operation) {
    uint32_t i = thread_number();
    Fp<M> r = operation(Fp<M>::load(a, i), Fp<M>::load(b, i), Fp<M>::load(c, i), Fp<M>::load(d, i));
    store_words(r.v, out, i, 0);
}

#define PROBE(curve, M, name, expression)                                                         \
    KERNEL curve##_##name(Array a, Array b, Array c, Array d, Array out) {                        \
        using E = Fp<M>;                                                                          \
        probe<M>(a, b, c, d, out, [](const E& a, const E& b, const E& c, const E& d) -> E {       \
            (void)b, (void)c, (void)d;                                                            \
            return expression;                                                                    \
        });                                                                                       \
    }

#define PROBES(curve, M)                       \
    PROBE(curve, M, mul, mul_inline(a, b))         \
    PROBE(curve, M, dot, dot_inline(a, b, c, d))   \
    PROBE(curve, M, add, add(a, b))                \
    PROBE(curve, M, sub, sub(a, b))                \
    PROBE(curve, M, canonical, canonical(a))       \
    PROBE(curve, M, minus_factor, minus_factor(a))

PROBES(bls, Bls12381Fp)
PROBES(bn, Bn254Fp)
