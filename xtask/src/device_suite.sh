#!/usr/bin/env bash
# Runs on a machine with an NVIDIA GPU; needs nothing but the driver. What is not there
# (compute-sanitizer, ncu) is said to be missing. Usage: bash run.sh [results.json]
set -u
here="$(cd "$(dirname "$0")" && pwd)"
results="${1:-$here/results.json}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
failed=0
first=yes

# step NAME SECONDS COMMAND...: its exit code, its seconds, what it printed. Lines of JSON stay JSON.
step() {
    local name="$1" limit="$2" began code
    shift 2
    began=$(date +%s%N)
    timeout -k 5 "$limit" "$@" >"$work/out" 2>"$work/err"
    code=$?
    local ms=$((($(date +%s%N) - began) / 1000000))
    [ "$first" = yes ] && first=no || printf ',\n' >>"$work/steps"
    {
        printf '{"step":"%s","code":%d,"ms":%d,"json":[' "$name" "$code" "$ms"
        grep '^{' "$work/out" | paste -sd, -
        printf '],"text_base64":"%s","errors_base64":"%s"}' \
            "$(grep -v '^{' "$work/out" | tail -c 200000 | base64 -w0)" \
            "$(tail -c 20000 "$work/err" | base64 -w0)"
    } >>"$work/steps"
    printf '%-28s %s  %d ms\n' "$name" "$([ $code -eq 0 ] && echo ok || echo "FAILED ($code)")" "$ms"
    [ $code -eq 0 ] || failed=1
}

missing() {
    [ "$first" = yes ] && first=no || printf ',\n' >>"$work/steps"
    printf '{"step":"%s","missing":"%s"}' "$1" "$2" >>"$work/steps"
    printf '%-28s SKIPPED: %s\n' "$1" "$2"
}

tutti="$here/tutti"
cuda=(--backend cuda,cpu --cuda-items-min 1)
# Nobody else answers: a figure is the device's, or there is none.
alone=(--backend cuda --cuda-items-min 1)
scenarios=(distinct-65536 same-message-262144 hash-to-curve-65536 pairing-check-65536 grouped-35100-1120
    avs-quorum-4096 poisoned-65536)
seconds=6
rounds=3
if [ -d "$here/driver" ]; then
    # A rehearsal (`cargo xtask device-suite --rehearse`): a stand-in for the driver, which needs milliseconds for a signature.
    export LD_LIBRARY_PATH="$here/driver" TUTTI_CUDA_ITEMS_MIN=1 TUTTI_CUDA_WORKER="$here/build/examples/worker"
    export TUTTI_CUDA_MEMORY_MIB=128
    alone+=(--cuda-worker "$TUTTI_CUDA_WORKER" --cuda-memory-mib 128)
    scenarios=(distinct-96 same-message-160 hash-to-curve-48 pairing-check-48 grouped-64-16 avs-quorum-8 poisoned-96)
    seconds=1
    rounds=1
else
    export TUTTI_CUDA_REAL=1
fi

step gpu 20 nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.sm,memory.total,ecc.mode.current --format=csv
step self-test 60 "$tutti" doctor --json
step conformance 120 "$tutti" conformance "$here/vectors" "${cuda[@]}" --json
step differential 90 "$here/build/deps/devices" verdicts:: primitives:: --test-threads 1
if command -v compute-sanitizer >/dev/null; then
    step sanitizer 90 compute-sanitizer --target-processes all --error-exitcode 9 \
        "$tutti" verify --demo --backend cuda,cpu --cuda-items-min 1 --cuda-memory-mib 64
else
    missing sanitizer "compute-sanitizer is not on the path"
fi
for scenario in "${scenarios[@]}"; do
    case $scenario in
    avs-quorum-*) against=ark-bn254 ;;
    *) against=blst ;;
    esac
    step "bench-$scenario" 60 "$tutti" bench --scenario "$scenario" "${alone[@]}" --against "$against" \
        --seconds "$seconds" --rounds "$rounds" --json
done
if command -v ncu >/dev/null; then
    step ncu 90 ncu --target-processes all --set basic --csv --launch-count 40 \
        "$tutti" bench --scenario distinct-16384 "${alone[@]}" --seconds 1 --rounds 1 --json
else
    missing ncu "ncu is not on the path"
fi
{
    printf '{"suite":"tutti device-suite","cores":%d,"failed":%d,"steps":[\n' "$(nproc)" "$failed"
    cat "$work/steps"
    printf '\n]}\n'
} >"$results"
echo "$results"
exit $failed
