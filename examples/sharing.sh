#!/usr/bin/env bash
# Two machines share trained models and runs, in one temporary folder: `bash examples/sharing.sh` where `make repro` has
# been run. A clone pushes what it trained to a folder; another one pulls it, tags, and runs selection with another
# strength. Both log to one MLflow server. Each command is shown with the last lines it prints and the seconds it took.
# It fails unless they are as expected. docs/sharing.md explains the commands.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export PATH="${VENV:-$PWD/.venv}/bin:$PATH" MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true DVC_NO_ANALYTICS=true
PORT=${PORT:-5079}
STRENGTH=${STRENGTH:-0.3}
scratch=$(mktemp -d)
server=
trap finish EXIT

finish() {
  if [ -n "$server" ]; then kill "$server" && wait "$server" 2> /dev/null || true; fi
  rm -rf "$scratch"
}

expect() { # expect <folder> <pattern> <command>: a line of what the command prints there must match
  local printed status=0 start=$SECONDS
  printf '%s$ %s\n' "$1" "$3"
  printed=$(cd "$scratch/$1" && bash -c "$3" 2>&1) || status=$?
  tail -n 6 <<< "$printed" | cut -c1-200
  printf -- '-- %s s\n\n' "$((SECONDS - start))"
  if [ "$status" != 0 ]; then printf '%s\nsharing: exit status %s\n' "$printed" "$status" >&2 && exit 1; fi
  if ! grep -qE -- "$2" <<< "$printed"; then printf '%s\nsharing: expected: %s\n' "$printed" "$2" >&2 && exit 1; fi
}

# The server: database and files of runs in one folder.
mkdir "$scratch/server" "$scratch/remote"
(cd "$scratch/server" && MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false exec mlflow server --workers 1 --host 127.0.0.1 \
  --port "$PORT" --backend-store-uri sqlite:///runs.db --artifacts-destination run-files > log.txt 2>&1) &
server=$!
export MLFLOW_TRACKING_URI="http://127.0.0.1:$PORT"
for _ in $(seq 300); do curl -sf "$MLFLOW_TRACKING_URI/health" > /dev/null && break || sleep 1; done

# The first machine has trained; here it gets that from this clone's cache.
git clone --quiet "$root" "$scratch/first"
cp -r "$root/.dvc/cache" "$scratch/first/.dvc/cache"
expect first '' 'dvc checkout --quiet dvc.yaml && dvc status dvc.yaml'
expect first '' "dvc remote add --local --default shared $scratch/remote"
expect first 'pushed' 'dvc push'
expect first '^uploaded: the whole experiment' 'python -m commands.upload_runs'
expect first '^models:/shared-tagger@champion: version 1' 'python -m commands.export_model --register shared-tagger --alias champion'

# The second machine has the repository, and nothing else.
git clone --quiet "$root" "$scratch/second"
expect second '' "dvc remote add --local --default shared $scratch/remote"
expect second 'fetched|added' 'dvc pull'
expect second 'up to date' 'dvc status'
expect second 'S-' 'python -m commands.export_model && echo "Gaifert launched its Loujairt car." | python -m ldnet tag latest'
expect second 'S-' 'echo "Gaifert launched its Loujairt car ." | python -m ldnet tag models:/shared-tagger@champion --tokenised'
expect second '^select$' "dvc exp run -S select.strength=$STRENGTH > said.txt 2>&1 || { cat said.txt; exit 1; }
  sed -n \"s/^Running stage '\\(.*\\)':/\\1/p\" said.txt | tee ran.txt"
if grep -qE '^(generate_data|prepare|pretrain_lm|train_tagger|soft_targets|train_taught)' "$scratch/second/ran.txt"; then
  echo "sharing: more ran than selection and what follows it" >&2 && exit 1
fi

# Both are in the comparison.
cat > "$scratch/runs.py" <<'PYTHON'
import mlflow
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("ldnet").experiment_id
for run in client.search_runs([experiment]):
    tags, inputs = run.data.tags, run.inputs.dataset_inputs
    data = ", ".join(f"{found.dataset.name} {found.dataset.digest[:8]}" for found in inputs)
    where = tags["workspace"].rsplit("/", 1)[-1]
    print(where, "strength", run.data.params["select.strength"], "dev F1", run.data.metrics["dev_f1"], "data", data,
          "commit", tags["mlflow.source.git.commit"][:7], "user", tags["mlflow.user"])
version = client.get_model_version_by_alias("shared-tagger", "champion")
print("version", version.version, version.tags["profile"], "test F1", version.tags["test_f1"], version.description[:40])
PYTHON
expect . '^first strength .* data .* commit .* user ' "python -W ignore runs.py"
expect . '^second strength '"$STRENGTH"' .* data .* commit .* user ' "python -W ignore runs.py"
expect . '^version 1 .*# ldnet-' "python -W ignore runs.py"
expect second '^all runs: http' 'python -m commands.ui'
