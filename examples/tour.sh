#!/usr/bin/env bash
# Everything once, in a fresh clone: `bash examples/tour.sh > docs/tour.md` makes that page (a quarter of an hour on two cores).
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true DVC_NO_ANALYTICS=true
PORT=5077

title() { printf '\n## %s\n\n' "$1"; }
shown() { # shown <lines at most> <command>: the command and the end of what it says, progress left out
  printf '```\n$ %s\n' "$2"
  bash -c "$2" 2>&1 | tr '\r' '\n' | sed "s#$PWD#<clone>#g" | grep -vE '^ *$|it/s|steps/s|parts/s|WARNING: Location|%\|' | cut -c1-600 | tail -n "$1"
  printf '```\n'
}

printf '# Everything once\n\nWhat these commands said in a fresh clone, one after the other (`bash examples/tour.sh > docs/tour.md`); of long outputs the end.\n'
title 'The experiment'
shown 16 'make repro 2>&1 | grep "^|\|^F1\|^Pruning"'
shown 2 'make repro'
title 'Tag text'
shown 4 'make export ONNX=1 REGISTER=demo-tagger ALIAS=champion'
shown 8 'echo "Jepoud was offered by Riprairk." | ldnet tag latest'
shown 2 'printf "Gaifert can’t sell its “Loujairt” car.\n" | ldnet tag latest --format jsonl --n-best 2'
shown 8 'echo "Jepoud was offered by Riprairk ." | ldnet tag models:/demo-tagger@champion --tokenised --precision int8 | head -n 2'
shown 3 'printf "\xff\n" | ldnet tag latest; echo "exit status $?"'
shown 40 'python -m ldnet.calibrate_command work/model/pruned'
title 'Serve'
printf '```\n$ mlflow models serve -m models:/demo-tagger@champion --env-manager local -h 127.0.0.1 -p %s &\n```\n' "$PORT"
MLFLOW_TRACKING_URI="sqlite:///$PWD/mlflow.db" mlflow models serve -m models:/demo-tagger@champion --env-manager local -h 127.0.0.1 -p "$PORT" > /dev/null 2>&1 &
server=$!
for _ in $(seq 120); do curl -sf "localhost:$PORT/ping" > /dev/null && break || sleep 1; done
ask="curl -s -w '\n%{http_code}\n' localhost:$PORT/invocations -H 'Content-Type: application/json'"
shown 3 "$ask -d '{\"inputs\": [\"Gaifert launched its Loujairt car .\", \"\"]}'"
shown 3 "$ask -d '{\"inputs\": [\"Gaifert launched its Loujairt car .\"], \"params\": {\"format\": \"spans\"}}'"
shown 3 "$ask -d '{\"inputs\": [\"Gaifert launched\", null]}'"
kill "$server" && wait "$server" 2> /dev/null
title 'Sweep and compare'
shown 12 'make sweep STRENGTHS="0.02 0.05 0.1" BUDGETS="2" JOBS=2'
shown 3 'timeout 20 make ui PORT=5078 2> /dev/null | head -n 2'
title 'Report, plots, browser'
shown 3 'make report'
shown 2 'make plots'
shown 6 'make test-ui'
title 'Own data'
shown 3 'python examples/own_data/make_data.py my-data'
shown 2 'make data NAME=mine FROM=my-data'
shown 3 'cp examples/own_data/mine.yaml profiles/mine.yaml && make profile NAME=mine'
shown 16 'make repro 2>&1 | grep "^|\|^F1\|^Pruning"'
shown 12 'tail -n 1 my-data/lm/news.txt | ldnet tag latest --tokenised --format jsonl'
title 'And back'
shown 2 'make profile NAME=demo && git checkout -q dvc.lock metrics curves && make repro'
rm -rf my-data profiles/mine.yaml
