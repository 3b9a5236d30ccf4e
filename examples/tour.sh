#!/usr/bin/env bash
# Everything that a finished experiment is good for, once: `bash examples/tour.sh` where `make repro` has been run.
# Shows each command with the last lines that it prints, and fails unless they are as expected. CI runs it.
set -euo pipefail
source "$(dirname "$0")/checked.sh"
PORT=${PORT:-5077}

expect '^Nothing to do' 'make repro'
expect '^models:/demo-tagger@champion: version [0-9]+' 'make export ONNX=1 REGISTER=demo-tagger ALIAS=champion'
expect '^tagger +pruned_taught' 'ldnet info work/model/pruned_taught'
expect '^Gaifert S-' 'echo "Gaifert launched its Loujairt car." | ldnet tag work/model/pruned_taught'
expect '"tokens": \["Gaifert", "ca", "n' 'printf "Gaifert can’t sell its “Loujairt” car.\n" | ldnet tag latest --format jsonl --n-best 2'
expect '^Gaifert S-' 'echo "Gaifert launched its car ." | ldnet tag models:/demo-tagger@champion --tokenised --precision int8'
expect '^Error: <stdin>:1: not UTF-8' 'printf "\xff\n" | ldnet tag latest; [ $? = 1 ]'
expect 'expected calibration error' 'ldnet calibrate work/model/pruned_taught'
mkdir "$scratch/shards" && printf 'Gaifert launched its car .\n\nGaifert .\n' > "$scratch/shards/news.txt"
expect '1 shards tagged \(3 lines, 7 words\)' "ldnet tag-shards work/model/pruned_taught $scratch/shards $scratch/tagged"

MLFLOW_TRACKING_URI="sqlite:///$PWD/mlflow.db" MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT=600 serve "$scratch/server.log" \
  mlflow models serve -m models:/demo-tagger@champion --env-manager local -h 127.0.0.1 -p "$PORT"
for _ in $(seq 120); do curl -sf "localhost:$PORT/ping" > /dev/null && break || sleep 1; done
ask="curl -s localhost:$PORT/invocations -H 'Content-Type: application/json'"
expect '"predictions": \[\{"tags": "S-' "$ask -d '{\"inputs\": [\"Gaifert launched its Loujairt car .\", \"\"]}'"
expect '"spans"' "$ask -d '{\"inputs\": [\"Gaifert launched .\"], \"params\": {\"format\": \"spans\"}}'"
expect 'text 1 is null; expected a text' "$ask -d '{\"inputs\": [\"Gaifert launched\", null]}'"

stop
serve "$scratch/ui.log" make ui PORT=$((PORT + 1))
for _ in $(seq 120); do grep -q '^all runs' "$scratch/ui.log" && break || sleep 1; done
expect '^all runs: http' "cat $scratch/ui.log"
expect '^work/report.html' 'make report'
expect 'dvc_plots/index.html' 'make plots'
