#!/usr/bin/env bash
# Two machines share trained models and runs, in one temporary folder: `bash examples/sharing.sh` where `make repro` has
# been run. A clone pushes what it trained to a folder; another one pulls it, tags, and runs selection with another
# strength. Both log to one MLflow server. Each command is shown with the last lines it prints and the seconds it took.
# It fails unless they are as expected. docs/sharing.md explains the commands.
set -euo pipefail
source "$(dirname "$0")/checked.sh"
root=$PWD
PORT=${PORT:-5079}
STRENGTH=${STRENGTH:-0.3}

on() { # on <folder> <pattern> <command>: the machine whose clone that is runs the command
  printf '%s' "$1"
  (cd "$scratch/$1" && expect "$2" "$3")
}

# The server: database and files of runs in one folder.
mkdir "$scratch/server" "$scratch/remote"
MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false serve "$scratch/server/log.txt" mlflow server --workers 1 --host 127.0.0.1 \
  --port "$PORT" --backend-store-uri "sqlite:///$scratch/server/runs.db" --artifacts-destination "$scratch/server/run-files"
export MLFLOW_TRACKING_URI="http://127.0.0.1:$PORT"
for _ in $(seq 300); do curl -sf "$MLFLOW_TRACKING_URI/health" > /dev/null && break || sleep 1; done

# The first machine has trained; here it gets that from this clone's cache.
git clone --quiet "$root" "$scratch/first"
cp -r "$root/.dvc/cache" "$scratch/first/.dvc/cache"
on first '' 'dvc checkout --quiet dvc.yaml && dvc status dvc.yaml'
on first '' "dvc remote add --local --default shared $scratch/remote"
on first 'pushed' 'dvc push'
on first '^uploaded: the whole experiment' 'python -m commands.upload_runs'
on first '^models:/shared-tagger@champion: version 1' 'python -m commands.export_model --register shared-tagger --alias champion'

# The second machine has the repository, and nothing else.
git clone --quiet "$root" "$scratch/second"
on second '' "dvc remote add --local --default shared $scratch/remote"
on second 'fetched|added' 'dvc pull'
on second 'up to date' 'dvc status'
on second 'S-' 'python -m commands.export_model && echo "Gaifert launched its Loujairt car." | python -m ldnet tag latest'
on second 'S-' 'echo "Gaifert launched its Loujairt car ." | python -m ldnet tag models:/shared-tagger@champion --tokenised'
on second '^select$' "dvc exp run -S select.strength=$STRENGTH > said.txt 2>&1 || { cat said.txt; exit 1; }
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
on . '^first strength .* data .* commit .* user ' "python -W ignore runs.py"
on . '^second strength '"$STRENGTH"' .* data .* commit .* user ' "python -W ignore runs.py"
on . '^version 1 .*# ldnet-' "python -W ignore runs.py"
on second '^all runs: http' 'python -m commands.ui'
