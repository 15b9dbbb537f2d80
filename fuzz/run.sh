#!/usr/bin/env bash
# Fuzzes every target for SECONDS each (default 10), on stable Rust, without cargo-fuzz.
#
#   fuzz/run.sh [SECONDS] [TARGET...]
#
# Seeds: seeds/ (committed) and tests/vectors/ where there are any. The growing corpus stays in the
# build directory. Ends non-zero at the first crash of any target, with the input that caused it.
set -euo pipefail
cd "$(dirname "$0")"

seconds="${1:-10}"
shift || true
host="$(rustc -vV | sed -n 's/^host: //p')"
target_dir="${CARGO_TARGET_DIR:+$CARGO_TARGET_DIR/fuzz}"
export CARGO_TARGET_DIR="${target_dir:-$PWD/target}"

# Coverage as cargo-fuzz asks for it, by stable options only. An explicit --target keeps the flags
# from build scripts and procedural macros, which would not link.
export RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --quiet --release --locked --target "$host" --bin fuzz
bin="$CARGO_TARGET_DIR/$host/release"

work="$CARGO_TARGET_DIR/work"
mkdir -p "$work"
# Listing ends the process, which libFuzzer takes for a finding: let it write that one here.
targets="$(DAYSEAL_FUZZ=list "$bin/fuzz" -runs=0 -artifact_prefix="$work/" 2>/dev/null || true)"
if [ -z "$targets" ]; then
    echo "fuzz/run.sh: no targets listed" >&2
    exit 1
fi
vectors=../tests/vectors
failed=0
printf '%-16s %12s %10s %9s\n' target runs runs/s coverage
for target in $targets; do
    if [ $# -gt 0 ] && [[ " $* " != *" $target "* ]]; then continue; fi
    corpus="$work/corpus/$target"
    crashes="$work/crashes/$target"
    mkdir -p "$corpus" "$crashes"
    dirs=("$corpus" "seeds/$target")
    case "$target" in
        event | event_json) extra="$vectors/entry" ;;
        *) extra="$vectors/$target" ;;
    esac
    if [ -d "$extra" ]; then dirs+=("$extra"); fi
    log="$work/$target.log"
    if DAYSEAL_FUZZ="$target" "$bin/fuzz" "${dirs[@]}" -max_total_time="$seconds" -max_len=70000 \
        -timeout=10 -rss_limit_mb=1024 -artifact_prefix="$crashes/" -print_final_stats=1 \
        >"$log" 2>&1; then
        state=""
    else
        state="  CRASH, see $log"
        failed=1
    fi
    runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    rate="$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")"
    coverage="$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2 || true)"
    printf '%-16s %12s %10s %9s%s\n' "$target" "${runs:--}" "${rate:--}" "${coverage:--}" "$state"
done
exit "$failed"
