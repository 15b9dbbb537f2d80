"""package.py BINARIES ARCH OUT: one zip for each function, as Lambda takes it.

Checks that each binary runs on Amazon Linux 2023: no glibc symbol newer than its 2.34.
"""

import pathlib
import re
import sys
import zipfile

FUNCTIONS = ["seal", "verify", "example"]
GLIBC = (2, 34)  # Amazon Linux 2023
MAX_ZIP = 8_000_000  # docs/functions.md


def newest_glibc(binary: bytes) -> tuple[int, ...]:
    versions = {tuple(map(int, v.split(b"."))) for v in re.findall(rb"GLIBC_(\d+(?:\.\d+)+)\0", binary)}
    return max(versions, default=(0,))


def main() -> int:
    binaries, arch, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    wrong = 0
    for name in FUNCTIONS:
        binary = (binaries / f"dayseal-{name}").read_bytes()
        needs = newest_glibc(binary)
        if needs > GLIBC:
            print(
                f"dayseal-{name} needs glibc {'.'.join(map(str, needs))}, Amazon Linux 2023 has 2.34: "
                "build on an older system, or in a container of amazonlinux:2023",
                file=sys.stderr,
            )
            wrong = 1
        path = out / f"dayseal-{name}-{arch}.zip"
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr(entry, binary)
        size = path.stat().st_size
        print(f"{path.name}: {size:,} bytes (binary {len(binary):,})")
        # A debug build is for emulators; only what is deployed is held to the bound.
        if size > MAX_ZIP and binaries.name != "debug":
            print(f"{path.name} is over {MAX_ZIP:,} bytes", file=sys.stderr)
            wrong = 1
    return wrong


sys.exit(main())
