// What gnark-crypto takes for the stages of a batch of 512 signatures of 512 messages on one
// thread, and for all of them together. docs/peers.md says how it is built and run.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	bls "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
)

const count, rounds = 512, 7

var tag = []byte("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")

// One signature set, as it comes off the wire but for its key.
type set struct {
	key       bls.G1Affine
	message   [32]byte
	signature [bls.SizeOfG2AffineCompressed]byte
}

func sets() []set {
	_, _, generator, _ := bls.Generators()
	all := make([]set, count)
	for i := range all {
		secret, err := rand.Int(rand.Reader, fr.Modulus())
		must(err)
		_, err = rand.Read(all[i].message[:])
		must(err)
		all[i].key.ScalarMultiplication(&generator, secret)
		var signature bls.G2Affine
		signature.ScalarMultiplication(ptr(hash(all[i].message)), secret)
		all[i].signature = signature.Bytes()
	}
	return all
}

func hash(message [32]byte) bls.G2Affine {
	point, err := bls.HashToG2(message[:], tag)
	must(err)
	return point
}

func decompress(all []set) []bls.G2Affine {
	points := make([]bls.G2Affine, len(all))
	for i := range all {
		decoder := bls.NewDecoder(bytes.NewReader(all[i].signature[:]), bls.NoSubgroupChecks())
		must(decoder.Decode(&points[i]))
	}
	return points
}

func weights() []fr.Element {
	weights := make([]fr.Element, count)
	for i := range weights {
		var entropy [8]byte
		_, err := rand.Read(entropy[:])
		must(err)
		weights[i].SetUint64(binary.LittleEndian.Uint64(entropy[:]) | 1)
	}
	return weights
}

func check(all []set, stage func(string, func())) {
	var signatures, messages []bls.G2Affine
	stage("decompress", func() { signatures = decompress(all) })
	stage("subgroup check", func() {
		for i := range signatures {
			if !signatures[i].IsInSubGroup() {
				panic("a signature is not in its group")
			}
		}
	})
	stage("hash to G2", func() {
		messages = make([]bls.G2Affine, count)
		for i := range all {
			messages[i] = hash(all[i].message)
		}
	})
	random := weights()
	var sum bls.G2Affine
	stage("G2 sum, 64 bits", func() {
		_, err := sum.MultiExp(signatures, random, ecc.MultiExpConfig{NbTasks: 1})
		must(err)
	})
	keys := make([]bls.G1Affine, count)
	stage("G1 times 64 bits", func() {
		for i := range all {
			var weight big.Int
			keys[i].ScalarMultiplication(&all[i].key, random[i].BigInt(&weight))
		}
	})
	_, _, generator, _ := bls.Generators()
	var minus bls.G1Affine
	minus.Neg(&generator)
	var product bls.GT
	stage("Miller loops of 513 pairs", func() {
		var err error
		product, err = bls.MillerLoop(append(keys, minus), append(messages, sum))
		must(err)
	})
	start := time.Now()
	result := bls.FinalExponentiation(&product)
	stage("final exponentiation, once", func() {})
	finals = append(finals, time.Since(start))
	if !result.IsOne() {
		panic("a good batch was refused")
	}
}

var finals []time.Duration

func main() {
	runtime.GOMAXPROCS(1)
	all := sets()
	times := map[string][]time.Duration{}
	var names []string
	for range rounds {
		whole := time.Now()
		check(all, func(name string, work func()) {
			start := time.Now()
			work()
			if _, known := times[name]; !known {
				names = append(names, name)
			}
			times[name] = append(times[name], time.Since(start)/count)
		})
		times["all, a signature"] = append(times["all, a signature"], time.Since(whole)/count)
	}
	times["final exponentiation, once"] = finals
	for _, name := range append(names, "all, a signature") {
		slices.Sort(times[name])
		fmt.Printf("%-28s %8.1f us\n", name, float64(times[name][rounds/2].Nanoseconds())/1e3)
	}
}

func ptr[T any](value T) *T { return &value }

func must(err error) {
	if err != nil {
		panic(err)
	}
}
