#!/usr/bin/env bash
# package.sh [arm64|x86_64] [OUT]: builds the functions' zips, OUT/dayseal-{seal,verify,example}-ARCH.zip.
#
# ARCH is the host's if left out, OUT is target/lambda-zips. The same sources give the same zip, byte for byte.
# PROFILE=dev builds quickly and large, for emulators.
# For the other architecture the Rust target and a linker must be there:
#   rustup target add aarch64-unknown-linux-gnu && apt-get install gcc-aarch64-linux-gnu
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -m)" in
    x86_64) host=x86_64 ;;
    aarch64 | arm64) host=arm64 ;;
    *) echo "Lambda runs x86_64 and arm64; this machine is $(uname -m)" >&2; exit 1 ;;
esac
arch="${1:-$host}"
profile="${PROFILE:-lambda}"
target="${CARGO_TARGET_DIR:-target}"
out="${2:-$target/lambda-zips}"
case "$arch" in
    arm64) triple=aarch64-unknown-linux-gnu ;;
    x86_64) triple=x86_64-unknown-linux-gnu ;;
    *) echo "architecture $arch: expected arm64 or x86_64" >&2; exit 2 ;;
esac

args=(build --locked --package dayseal-lambda --bins --profile "$profile")
dir="$target/$([ "$profile" = dev ] && echo debug || echo "$profile")"
if [ "$arch" != "$host" ]; then
    sysroot="$(rustc --print sysroot)"
    if [ ! -d "$sysroot/lib/rustlib/$triple" ]; then
        echo "no Rust target $triple here, so no $arch zip: rustup target add $triple (or package for $host)" >&2
        exit 3
    fi
    linker="${triple/unknown-/}-gcc"
    if ! command -v "$linker" >/dev/null; then
        echo "no $linker to link for $arch: apt-get install gcc-${triple%%-*}-linux-gnu" >&2
        exit 3
    fi
    name="$(echo "$triple" | tr 'a-z-' 'A-Z_')"
    export "CARGO_TARGET_${name}_LINKER=$linker" "CC_${triple//-/_}=$linker"
    args+=(--target "$triple")
    dir="$target/$triple/${dir#"$target"/}"
fi
cargo "${args[@]}"

mkdir -p "$out"
python3 infra/package.py "$dir" "$arch" "$out"
