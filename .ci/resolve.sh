#!/usr/bin/env bash
# Whether each supported Python finds wheels for all that is asked for: bash .ci/resolve.sh [<Python>...]
# First for what ldnet's own wheel asks for, with the extras mlflow and onnx; then for what requirements.txt pins.
# Nothing is installed but uv, in a temporary folder. Where no package index can be reached, a line says so.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="$scratch/cache"
FROM_SOURCE=(--no-binary antlr4-python3-runtime --no-binary seqeval) # they have no wheels, and compile nothing
PYTHONS=(3.11 3.12 3.13 3.14)

python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
if ! "${pip[@]}" install --quiet uv > "$scratch/said" 2>&1; then
  echo "requirements: not resolved, since no package index can be reached: $(tail -n 1 "$scratch/said")"
  exit 0
fi
index=${PIP_INDEX_URL:-$("${pip[@]}" config get global.index-url 2> /dev/null || true)}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"

resolve() { # resolve <what it is> <Python> <uv's arguments...>
  local what=$1 python=$2
  shift 2
  if ! "$scratch/venv/bin/uv" pip compile --quiet --no-annotate --no-header --python "$scratch/venv/bin/python" \
    --python-version "$python" --only-binary :all: "$@" > "$scratch/resolved"; then
    echo "Python $python: no wheels for $what" >&2
    exit 1
  fi
  echo "Python $python: $what: $(wc -l < "$scratch/resolved") distributions"
}

for python in "${@:-${PYTHONS[@]}}"; do
  resolve "what the wheel asks for, with mlflow and onnx" "$python" --extra mlflow --extra onnx pyproject.toml
  resolve "what requirements.txt pins" "$python" "${FROM_SOURCE[@]}" requirements.txt
done
