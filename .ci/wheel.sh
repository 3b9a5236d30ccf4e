#!/usr/bin/env bash
# The wheel in environments of its own, away from the clone: bash .ci/wheel.sh [newest|oldest]
# It is built, installed from the package index with what it asks for (the newest releases, or the oldest allowed),
# tags with a model, and serves that model through MLflow. Then the MLflow model alone predicts with its own
# requirements. Two environments of 1 to 2 GB in a temporary folder, a few minutes. Where no package index can be
# reached, a line says so. TORCH is what pip is to install as torch, such as torch==2.13.0.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
releases=${1:-newest}
scratch=$(mktemp -d)
server=
trap finish EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
export MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false
unset PYTHONPATH MLFLOW_TRACKING_URI

finish() {
  [ -z "$server" ] || kill -- "-$server" 2> /dev/null || true
  rm -rf "$scratch"
}

built() { # the wheel from a copy of what it is made from, since building leaves folders behind
  mkdir "$scratch/source" && cp -r pyproject.toml README.md ldnet "$scratch/source/"
  cp LICENSE* "$scratch/source/" 2> /dev/null || true
  python3 -m venv "$scratch/building"
  "$scratch/building/bin/pip" wheel --quiet --no-deps --wheel-dir "$scratch" "$scratch/source" > "$scratch/said" 2>&1
}

oldest() { # constraints: the lower bounds of pyproject.toml as exact versions
  python3 - <<'PYTHON'
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
for needed in [*project["dependencies"], *project["optional-dependencies"]["mlflow"]]:
    print(re.sub(">=", "==", needed))
PYTHON
}

environment() { # environment <name> <what to install...>: its size and the number of its distributions are said
  local venv="$scratch/$1"
  shift
  [ -d "$venv" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "${constraints[@]}" "${TORCH:-torch==2.13.0}" "$@" 2> "$scratch/said" ||
    { cat "$scratch/said"; return 1; }
  echo "installed: $(du -sm "$venv" | cut -f 1) MB, $("$venv/bin/pip" list --format freeze | wc -l) distributions"
}

tags() { # tags <venv>: a sentence gets its tags, in a folder where no clone is
  (cd "$scratch/elsewhere" && "$1/bin/ldnet" --version && "$1/bin/ldnet" info "$scratch/model" > /dev/null &&
    echo "the cat saw Paris ." | "$1/bin/ldnet" tag "$scratch/model" | tee tags.txt)
  [ "$(grep -c . "$scratch/elsewhere/tags.txt")" = 5 ]
  (cd "$scratch/elsewhere" && echo "Gaifert launched its Loujairt car." | "$1/bin/ldnet" tag demo | tee tags.txt)
  [ "$(head -n 1 "$scratch/elsewhere/tags.txt")" = "Gaifert S-ORG" ]
}

predicts() { # predicts <venv>: the MLflow model does, where nothing of this project is installed
  (cd "$scratch/elsewhere" && "$1/bin/python" -W ignore - "$scratch/mlflow" <<'PYTHON'
import sys
import mlflow, pandas
print(mlflow.pyfunc.load_model(sys.argv[1]).predict(pandas.DataFrame({"text": ["the cat saw Paris ."]}))["tags"][0])
PYTHON
  )
}

serves() { # serves <venv>: one request to the MLflow model over HTTP
  local port=$((20000 + RANDOM % 20000)) answer= wanted='{"inputs": ["the cat saw Paris ."]}'
  pushd "$scratch/elsewhere" > /dev/null
  PATH="$1/bin:$PATH" setsid "$1/bin/mlflow" models serve --env-manager local -m "$scratch/mlflow" \
    -h 127.0.0.1 -p "$port" > "$scratch/server.log" 2>&1 &
  server=$! # also the number of its process group
  popd > /dev/null
  for _ in $(seq 120); do
    answer=$(curl --silent --fail --max-time 20 --header 'Content-Type: application/json' --data "$wanted" \
      "http://127.0.0.1:$port/invocations") && break
    kill -0 "$server" 2> /dev/null || break
    sleep 1
  done
  echo "served: $answer"
  [[ $answer == '{"predictions": [{"tags": "'* ]] || { cat "$scratch/server.log"; return 1; }
  kill -- "-$server" && wait "$server" || true
  server=
}

constraints=()
if [ "$releases" = oldest ]; then
  oldest > "$scratch/oldest.txt"
  constraints=(--constraint "$scratch/oldest.txt")
fi
if ! built; then
  if grep -q "setuptools" "$scratch/said" && grep -qi "no matching distribution\|connection" "$scratch/said"; then
    echo "the wheel: not tried, since no package index can be reached"
    exit 0
  fi
  cat "$scratch/said"
  exit 1
fi
wheel=$(ls "$scratch"/ldnet-*.whl)
mkdir "$scratch/elsewhere" && cp -r "$root/tests/fixtures/model_version_1" "$scratch/model"
environment tagging "$wheel"
tags "$scratch/tagging"
environment tagging "$wheel[mlflow]"
(cd "$scratch/elsewhere" && "$scratch/tagging/bin/python" -W ignore -c "
import sys
from pathlib import Path
from ldnet.mlflow_store import configure_mlflow
configure_mlflow()
from ldnet.adapters.mlflow_model import save_mlflow_model
save_mlflow_model(Path(sys.argv[1]), Path(sys.argv[2]))" "$scratch/model" "$scratch/mlflow")
serves "$scratch/tagging"
environment serving --requirement "$scratch/mlflow/requirements.txt"
predicts "$scratch/serving"
