#!/usr/bin/env bash
# Whether requirements.txt has releases with a published advisory that SECURITY.md does not list: bash .ci/audit.sh
# Nothing is installed but pip-audit, in a temporary folder. Where its data cannot be reached, a line says so.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unknown() {
  echo "warning: requirements not audited, since $1: $(tail -n 1 "$scratch/said")"
  exit 0
}

python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet pip-audit > "$scratch/said" 2>&1 || unknown "pip-audit cannot be installed"
mapfile -t accepted < <(grep -oE '^\| CVE-[0-9]+-[0-9]+' SECURITY.md | sed 's/^| /--ignore-vuln=/')
status=0
timeout 60 "$scratch/venv/bin/pip-audit" --requirement requirements.txt --no-deps --disable-pip --progress-spinner off \
  --format json --output "$scratch/found.json" "${accepted[@]}" > "$scratch/said" 2>&1 || status=$?
[ -s "$scratch/found.json" ] || unknown "the advisories cannot be reached"
python3 - "$scratch/found.json" "$status" << 'END'
import json
import sys

found = json.load(open(sys.argv[1]))["dependencies"]
audited = [package for package in found if "skip_reason" not in package]
bad = [f"{package['name']} {package['version']}: {flaw['id']}" for package in audited for flaw in package["vulns"]]
if not audited:
    print("warning: requirements not audited, since the advisories cannot be reached")
elif bad:
    sys.exit("\n".join(["advisories that SECURITY.md does not list:", *bad]))
else:
    print(f"{len(audited)} of {len(found)} packages audited; no advisory but those in SECURITY.md")
END
