#!/usr/bin/env bash
# Applies the module to an AWS emulator and reads back what stands there. For end-to-end tests; never for an account.
#
# usage: apply.sh ENDPOINT ACCOUNT OUTPUTS [VARIABLES.tfvars…]
#   ENDPOINT   http://127.0.0.1:PORT of LocalStack, MiniStack or moto; nothing but 127.0.0.1 or localhost is accepted
#   ACCOUNT    the emulator's account, 12 digits (LocalStack: 000000000000)
#   OUTPUTS    file to write: the module's outputs as one JSON object, name to value
#   VARIABLES  further variable files, which win over those below
# environment:
#   DAYSEAL_ZIPS          directory with dayseal-<function>-<arch>.zip; without, stand-ins that fail when run
#   DAYSEAL_ARCHITECTURE  arm64 or x86_64 (x86_64)
#   DAYSEAL_SIGNING_KEY   kms, secret or an ARN (secret: LocalStack knows no Ed25519 in KMS)
#   DAYSEAL_APPLY_DIR     where state and copy are kept; a second run with the same one changes what the first made (a new directory)
#   DAYSEAL_PYTHON        a Python with boto3 (python3)
# prevent_destroy is off in the copy: `terraform -chdir=$DAYSEAL_APPLY_DIR destroy` works.
# exit: 0 applied, and read back as declared; 1 not.
set -euo pipefail
endpoint=${1:?endpoint} account=${2:?account} outputs=$(realpath -m "${3:?file for the outputs}")
shift 3
case $endpoint in http://127.0.0.1:* | http://localhost:*) ;; *) echo "apply.sh: $endpoint is not an emulator on this machine" >&2; exit 1 ;; esac
python=${DAYSEAL_PYTHON:-python3}
"$python" -c 'import boto3' || { echo "apply.sh: $python has no boto3; name another in DAYSEAL_PYTHON" >&2; exit 1; }
variables=()
for file in "$@"; do variables+=("-var-file=$(realpath "$file")"); done
zips=${DAYSEAL_ZIPS:+$(realpath "$DAYSEAL_ZIPS")}
cd "$(dirname "$0")/.."
work=${DAYSEAL_APPLY_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/dayseal-apply.XXXXXX")}
mkdir -p "$work"
work=$(cd "$work" && pwd)
cp -r ./*.tf retention state "$work/"
. tests/terraform-env.sh "$work"

architecture=${DAYSEAL_ARCHITECTURE:-x86_64}
if [ -z "$zips" ]; then
    zips=$work/zips
    mkdir -p "$zips"
    "$python" - "$zips" "$architecture" << 'PY'
import sys, zipfile
for name in ("seal", "verify", "example"):
    with zipfile.ZipFile(f"{sys.argv[1]}/dayseal-{name}-{sys.argv[2]}.zip", "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\nexit 1\n")
PY
fi

sed -i 's/prevent_destroy = true/prevent_destroy = false/' "$work"/*.tf "$work"/state/*.tf
cat > "$work/emulator.tf" << TF
provider "aws" {
  region                      = "${AWS_REGION:-eu-west-1}"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  max_retries                 = 3
}
TF
cat > "$work/emulator.auto.tfvars" << TF
account_id               = "$account"
region                   = "${AWS_REGION:-eu-west-1}"
logs                     = { main = { origin = "audit.example.com/emulator/main", first_day = "2026-11-21" } }
retention                = { profile = "soc2" }
retention_admin_role_arn = "arn:aws:iam::$account:role/deploy"
producers                = { main = ["arn:aws:iam::$account:root"] }
auditor_principals       = ["arn:aws:iam::$account:root"]
eraser_principals        = ["arn:aws:iam::$account:root"]
require_mfa              = false
signing_key              = "${DAYSEAL_SIGNING_KEY:-secret}"
artifacts                = { directory = "$zips" }
architecture             = "$architecture"
TF
export AWS_ENDPOINT_URL=$endpoint AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=${AWS_REGION:-eu-west-1}
unset AWS_PROFILE AWS_SESSION_TOKEN
terraform -chdir="$work" init -no-color > "$work/init.log" || { tail -20 "$work/init.log" >&2; exit 1; }
terraform -chdir="$work" apply -no-color -auto-approve "${variables[@]}" > "$work/apply.log" 2>&1 || {
    grep -A12 'Error: ' "$work/apply.log" >&2 || tail -20 "$work/apply.log" >&2
    exit 1
}
grep '^Apply complete' "$work/apply.log"
terraform -chdir="$work" output -json | "$python" -c '
import json, sys
json.dump({name: value["value"] for name, value in json.load(sys.stdin).items()}, sys.stdout, indent=2)' > "$outputs"
# A second plan holds what is declared with every name known; the state holds what the emulator answered, which may be less.
terraform -chdir="$work" plan -no-color -out=second.plan "${variables[@]}" > "$work/second.log" 2>&1 || { tail -20 "$work/second.log" >&2; exit 1; }
terraform -chdir="$work" show -json second.plan > "$work/declared.json"
"$python" tests/readback.py "$work/declared.json"
echo "state and copy of the module: $work"
