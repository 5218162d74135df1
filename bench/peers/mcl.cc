// What mcl takes for the stages of a batch of 512 signatures of 512 messages on one thread, and
// for all of them together. docs/peers.md says how it is built and run.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <mcl/bls12_381.hpp>

using namespace mcl::bn;
using Clock = std::chrono::steady_clock;

static const size_t count = 512, rounds = 7;

struct Set {
	G1 key;
	uint8_t message[32];
	uint8_t signature[96];
};

static void demand(bool holds, const char *what)
{
	if (holds) return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static std::random_device entropy;

static G1 generator()
{
	// The standard's, compressed.
	static const char hex[] =
		"97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
	uint8_t bytes[48];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = uint8_t(std::stoul(std::string(hex + 2 * i, 2), nullptr, 16));
	}
	G1 point;
	demand(point.deserialize(bytes, sizeof(bytes)) == sizeof(bytes), "the generator was refused");
	return point;
}

static std::vector<Set> make_sets(const G1& g)
{
	std::vector<Set> all(count);
	for (Set& set : all) {
		Fr secret;
		secret.setByCSPRNG();
		for (uint8_t& byte : set.message) byte = uint8_t(entropy());
		G1::mul(set.key, g, secret);
		set.key.normalize();
		G2 point;
		hashAndMapToG2(point, set.message, sizeof(set.message));
		G2::mul(point, point, secret);
		demand(point.serialize(set.signature, sizeof(set.signature)) == 96, "a signature has 96 bytes");
	}
	return all;
}

static std::map<std::string, std::vector<double>> times;
static std::vector<std::string> names;

template<class Work>
static void stage(const char *name, size_t by, Work work)
{
	const auto start = Clock::now();
	work();
	const std::chrono::duration<double, std::micro> took = Clock::now() - start;
	if (times.find(name) == times.end()) names.push_back(name);
	times[name].push_back(took.count() / double(by));
}

static void check(const std::vector<Set>& all, const G1& g)
{
	std::vector<G1> keys(count + 1);
	std::vector<G2> messages(count + 1), signatures(count);
	std::vector<Fr> weights(count);
	stage("decompress", count, [&] {
		for (size_t i = 0; i < count; i++) {
			demand(signatures[i].deserialize(all[i].signature, 96) == 96, "a signature was refused");
		}
	});
	stage("subgroup check", count, [&] {
		for (const G2& point : signatures) demand(point.isValidOrder(), "a signature is not in its group");
	});
	stage("hash to G2", count, [&] {
		for (size_t i = 0; i < count; i++) hashAndMapToG2(messages[i], all[i].message, 32);
	});
	for (Fr& weight : weights) weight = Fr(int64_t((uint64_t(entropy()) << 31 | entropy()) >> 1) | 1);
	stage("G2 sum, 64 bits", count, [&] {
		std::vector<G2> points = signatures;
		G2::mulVec(messages[count], points.data(), weights.data(), count);
	});
	stage("G1 times 64 bits", count, [&] {
		for (size_t i = 0; i < count; i++) G1::mul(keys[i], all[i].key, weights[i]);
	});
	G1::neg(keys[count], g);
	Fp12 product;
	stage("Miller loops of 513 pairs", count, [&] {
		millerLoopVec(product, keys.data(), messages.data(), count + 1);
	});
	stage("final exponentiation, once", 1, [&] { finalExp(product, product); });
	demand(product.isOne(), "a good batch was refused");
}

int main()
{
	initPairing(mcl::BLS12_381);
	Fp::setETHserialization(true);
	Fr::setETHserialization(true);
	setMapToMode(MCL_MAP_TO_MODE_HASH_TO_CURVE_07);
	const char tag[] = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
	demand(setDstG2(tag, sizeof(tag) - 1), "the tag was refused");
	// Group checks are a stage of their own.
	verifyOrderG1(false);
	verifyOrderG2(false);
	const G1 g = generator();
	const std::vector<Set> all = make_sets(g);
	for (size_t round = 0; round < rounds; round++) {
		stage("all, a signature", count, [&] { check(all, g); });
	}
	for (const std::string& name : names) {
		std::vector<double>& each = times[name];
		std::sort(each.begin(), each.end());
		printf("%-28s %8.1f us\n", name.c_str(), each[rounds / 2]);
	}
}
