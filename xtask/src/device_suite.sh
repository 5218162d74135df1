#!/usr/bin/env bash
# Runs on a machine with an NVIDIA GPU and without Rust, for less than ten minutes; needs nothing but the driver. What is not
# there (compute-sanitizer, ncu) is said to be missing. Usage: bash run.sh [results.json]
# Ends with 0 where every step did well, 1 where one failed, 3 where there is no device and so nothing was measured. The
# results are written in each case.
set -u
here="$(cd "$(dirname "$0")" && pwd)"
results="${1:-$here/results.json}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
failed=0
# Whoever lends a device for one call ends it after ten minutes, and then nothing is left of it.
seconds_max=570
patience=1
PATH="$PATH:/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer"

record() {
    [ ! -s "$work/steps" ] || printf ',\n' >>"$work/steps"
    cat >>"$work/steps"
}

missing() {
    printf '{"step":"%s","missing":"%s"}' "$1" "$2" | record
    printf '%-28s SKIPPED: %s\n' "$1" "$2"
}

# step NAME SECONDS COMMAND...: its exit code, its seconds, what it printed. Lines of JSON stay JSON.
step() {
    local name="$1" limit="$2" left=$((seconds_max - SECONDS)) began code
    shift 2
    if [ $left -lt 10 ]; then
        missing "$name" "no time is left of ${seconds_max} seconds"
        failed=1
        return
    fi
    began=$(date +%s%N)
    limit=$((limit * patience))
    timeout -k 5 $((limit < left ? limit : left)) "$@" >"$work/out" 2>"$work/err"
    code=$?
    local ms=$((($(date +%s%N) - began) / 1000000))
    {
        printf '{"step":"%s","code":%d,"ms":%d,"json":[' "$name" "$code" "$ms"
        grep '^{' "$work/out" | paste -sd, -
        printf '],"text_base64":"%s","errors_base64":"%s"}' \
            "$(grep -v '^{' "$work/out" | tail -c 200000 | base64 -w0)" \
            "$(tail -c 20000 "$work/err" | base64 -w0)"
    } | record
    printf '%-28s %s  %d ms\n' "$name" "$([ $code -eq 0 ] && echo ok || echo "FAILED ($code)")" "$ms"
    [ $code -eq 0 ] || failed=1
}

# Asks a server all of the corpus while the process that owns its device is killed again and again.
killing() {
    local tutti="$1" vectors="$2" told="$3" line="" server client children killed=0 code
    "$tutti" serve --listen 127.0.0.1:0 --side-listen 127.0.0.1:0 --backend cuda,cpu --cuda-items-min 1 >"$told" &
    server=$!
    until read -r line <"$told" && [ -n "$line" ]; do
        kill -0 $server || return 1
        sleep 0.1
    done
    # The address is the last word.
    "$tutti" conformance "$vectors" --endpoint "${line##* }" --json &
    client=$!
    while kill -0 $client 2>/dev/null; do
        children=$(cat /proc/$server/task/*/children 2>/dev/null)
        [ -z "$children" ] || { kill -9 $children && killed=$((killed + 1)); }
        sleep 0.5
    done
    wait $client
    code=$?
    kill -TERM $server
    wait $server || code=$?
    echo "{\"killed\":$killed}"
    [ $killed -gt 0 ] && return $code
}
export -f killing

finish() {
    {
        printf '{"suite":"tutti device-suite","program":"%s","cores":%d,"device":%s,"failed":%d,"seconds":%d,"steps":[\n' \
            "$("$tutti" --version 2>&1 | head -n 1 | tr -d '"\\')" "$(nproc)" "$device" "$failed" "$SECONDS"
        cat "$work/steps"
        printf '\n]}\n'
    } >"$results"
    echo "$results"
}

tutti="$here/tutti"
cuda=(--backend cuda,cpu --cuda-items-min 1)
# Nobody else answers: a figure is the device's, or there is none.
alone=(--backend cuda --cuda-items-min 1)
scenarios=(distinct-65536 same-message-262144 hash-to-curve-65536 pairing-check-65536 grouped-35100-1120
    avs-quorum-4096 poisoned-65536)
seconds=4
rounds=3
device=false
for node in /dev/nvidia[0-9]* /dev/dxg; do
    [ -e "$node" ] && device=true
done
if [ -d "$here/driver" ]; then
    # A rehearsal (`cargo xtask device-suite --rehearse`): a stand-in for the driver, which needs milliseconds for a signature.
    export LD_LIBRARY_PATH="$here/driver" TUTTI_CUDA_ITEMS_MIN=1 TUTTI_CUDA_WORKER="$here/build/examples/worker"
    export TUTTI_CUDA_MEMORY_MIB=128
    alone+=(--cuda-worker "$TUTTI_CUDA_WORKER" --cuda-memory-mib 128)
    scenarios=(distinct-96 same-message-160 hash-to-curve-48 pairing-check-48 grouped-64-16 avs-quorum-8 poisoned-96)
    seconds=1
    rounds=1
    device=true
    patience=5
    seconds_max=3600
else
    export TUTTI_CUDA_REAL=1
fi

if command -v nvidia-smi >/dev/null; then
    step gpu 20 nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.sm,memory.total,ecc.mode.current --format=csv
else
    missing gpu "nvidia-smi is not on the path"
fi
# Starts the device's worker, measures from which batch on the device is worth asking, has known answers come out.
step self-test 60 "$tutti" doctor --json
if [ $device = false ]; then
    why="this machine has no NVIDIA device"
    for name in conformance worker-killed differential sanitizer "${scenarios[@]/#/bench-}" ncu; do
        missing "$name" "$why"
    done
    finish
    echo "$why: nothing was measured" >&2
    exit 3
fi
step conformance 120 "$tutti" conformance "$here/vectors" "${cuda[@]}" --json
# The server lives on whatever becomes of the process that owns the device, and no verdict is another.
step worker-killed 60 bash -c 'killing "$@"' killing "$tutti" "$here/vectors" "$work/server"
step differential 90 "$here/build/deps/devices" verdicts:: primitives:: signers:: --test-threads 1
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
finish
exit $failed
