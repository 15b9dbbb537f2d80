# The one door: laptop and CI run the same targets. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
PACKAGES := dayseal-format dayseal-keys dayseal-store dayseal dayseal-import dayseal-chain dayseal-auditor dayseal-report dayseal-export dayseal-sql dayseal-lambda dayseal-cli dayseal-testkit dayseal-tests dayseal-bench
FEATURES := dayseal/http,dayseal/lambda,dayseal/reqwest-middleware,dayseal/tracing-layer,dayseal-store/conformance,dayseal-keys/aws,dayseal-export/parquet,dayseal-cli/sql
FUZZ_SECONDS ?= 5

.PHONY: help demo examples test test-rust test-localstack test-e2e test-lifecycle lint fmt clippy doc deps fuzz bench package infra-check check clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Record, seal, verify, tamper, see it caught: on a directory, no services
	cargo build --locked -q -p dayseal-cli
	DAYSEAL=$(abspath $(TARGET))/debug/dayseal tests/demo/run.sh

examples: ## Build and run every example, each on a log of its own, then seal and verify it; no services
	cargo build --locked -q -p dayseal-cli
	DAYSEAL=$(abspath $(TARGET))/debug/dayseal tests/examples/run.sh

test: ## Every test; installs the emulators and the Python reader's needs into .tools
	cargo build --locked -q -p dayseal-cli
	tests/with-localstack.sh $(MAKE) test-rust
	$(MAKE) test-localstack
	tests/reader/run.sh $(abspath $(TARGET))/debug/dayseal
	tests/export/run.sh $(abspath $(TARGET))/debug/dayseal
	DAYSEAL=$(abspath $(TARGET))/debug/dayseal tests/demo/run.sh > /dev/null
	DAYSEAL=$(abspath $(TARGET))/debug/dayseal tests/examples/run.sh > /dev/null

# nextest is faster where it is installed; plain cargo runs the same tests.
test-rust: ## The Rust tests alone; those that need S3 say so and skip, but fail where CI is set
	if cargo nextest --version >/dev/null 2>&1; \
	then cargo nextest run --locked --workspace --features $(FEATURES); \
	else cargo test --locked --workspace --features $(FEATURES) --lib --bins --tests; fi
	cargo test --locked -q --workspace --features $(FEATURES) --doc

test-localstack: ## The emulators that the other tests stand on: functions, schedules, metrics, alarms, keys, rights
	localstack/tests/run.sh

test-e2e: ## infra/ applied to emulators: functions, schedules, metrics, alarms, an attack; what each role can do
	tests/e2e/run.sh

test-lifecycle: ## Our lifecycle rules executed by a Ceph RGW, then verify; needs Debian's Ceph packages
	cargo build --locked -q -p dayseal-cli
	DAYSEAL=$(abspath $(TARGET))/debug/dayseal tests/rgw/run.sh

lint: fmt clippy doc deps ## Everything that reads the code without running it

fmt:
	cargo fmt --all --check

# Package by package, so that features unified across the workspace hide nothing.
clippy:
	@for package in $(PACKAGES); do echo "clippy $$package"; cargo clippy --locked -q -p $$package --all-targets -- -D warnings || exit 1; done
	cargo clippy --locked -q -p dayseal-keys --features aws --all-targets -- -D warnings
	cargo clippy --locked -q -p dayseal-export --features parquet --all-targets -- -D warnings
	cargo clippy --locked -q -p dayseal-cli --no-default-features --all-targets -- -D warnings
	cargo clippy --locked -q -p dayseal-cli --features sql --all-targets -- -D warnings
	@for way in ai http lambda reqwest-middleware tracing-layer http,lambda,reqwest-middleware,tracing-layer; do echo "clippy dayseal with $$way"; cargo clippy --locked -q -p dayseal --features $$way --all-targets -- -D warnings || exit 1; done

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked -q --workspace --features $(FEATURES) --no-deps --document-private-items

deps: ## Arrows between crates, licences, and what must not be linked
	python3 tests/checks/dependencies.py

fuzz: ## Build every fuzz target and run each for FUZZ_SECONDS
	tests/fuzz/run.sh $(FUZZ_SECONDS)

package: ## The functions' zips for Lambda, ARCH=arm64 or x86_64, into target/lambda-zips
	infra/package.sh $(ARCH)

bench: ## Measure, in release builds, side by side; see docs/performance.md
	tests/bench/run.sh

infra-check: ## Terraform: format, validate, tests, policy matrix, mutants; needs terraform and npm, no account
	infra/check.sh

check: lint test fuzz infra-check ## What CI runs

clean:
	cargo clean
	rm -rf .tools
