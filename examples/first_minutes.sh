#!/usr/bin/env bash
# How long a new user waits, from a fresh clone in a temporary folder: `bash examples/first_minutes.sh`. To a tagged
# sentence, to the demo's own results, and to those of data that stands in for one's own (Greek sentences).
# The environment is a new one in that folder: `make setup` would point the command ldnet of another one there. Packages
# come from the index that pip is configured for.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
start=$SECONDS

step() { # step <what> <command>
  local before=$SECONDS
  (cd "$scratch/clone" && bash -euo pipefail -c "$2") > "$scratch/said" 2>&1 || { cat "$scratch/said"; exit 1; }
  printf '%-34s %5s s %5s s in all\n' "$1" "$((SECONDS - before))" "$((SECONDS - start))"
}

git clone --quiet "$root" "$scratch/clone"
export VENV="$scratch/clone/.venv"
export PATH="$VENV/bin:$PATH" MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true DVC_NO_ANALYTICS=true
unset MLFLOW_TRACKING_URI PYTHONPATH
step 'set-up' 'make setup'
step 'first tagged sentence' 'echo "Gaifert launched its Loujairt car." | ldnet tag demo | grep -q "^Gaifert S-ORG"'
step 'the same once more' 'echo "Gaifert launched its Loujairt car." | ldnet tag demo | grep -q "^Gaifert S-ORG"'
step "data of one's own, brought" 'python examples/own_data/make_data.py my-data && make data NAME=mine FROM=my-data &&
  cp examples/own_data/mine.yaml profiles/mine.yaml && make profile NAME=mine'
step "own data looked at" 'make check'
step 'first own result' 'make repro'
step 'own sentence tagged' 'make export && tail -n 3 my-data/lm/news.txt | ldnet tag latest --tokenised | grep -q " O$"'
step 'the demo made again' 'make profile NAME=demo && rm dvc.lock && make repro'
