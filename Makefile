# The chores, a target each. `make help` lists them. Recipes are one line; those of fuzz, coverage, peers and test-ui bring
# what they alone need before it, and publish has a line for each thing that it writes. A shell that quotes what it is
# given makes way by exec, so that a command sees when make is gone.
VENV ?= .venv
PYTHON ?= python3
PORT ?= 5000
SCREENSHOTS ?= docs
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check repro experiment _named checkpoints torture fuzz mutants test coverage lint bench peers data profile publish try sweep path study ablations curve verify import parity export spark ui upload report plots test-ui ci
export MLFLOW_DISABLE_TELEMETRY = true
export DO_NOT_TRACK = true
export DVC_NO_ANALYTICS = true

# A variable on the command line that no goal's help below names (BUDGET for BUDGETS) is refused before anything runs.
override ON_COMMAND_LINE := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
$(if $(filter command,$(origin SHELL)),$(error SHELL is not a variable of any goal))
# So is a value with signs that a shell would obey within quotation marks; make would obey the dollar even before that.
define LINE_END


endef
override SIGNS := " ` \ $$
$(foreach name,$(ON_COMMAND_LINE),$(foreach sign,$(SIGNS),$(if $(findstring $(sign),$(value $(name))),$(error $(name): expected a value without any of $(SIGNS) and without line ends))))
$(foreach name,$(ON_COMMAND_LINE),$(if $(findstring $(LINE_END),$(value $(name))),$(error $(name): expected a value without any of $(SIGNS) and without line ends)))
override COMPLAINT := $(if $(ON_COMMAND_LINE),$(shell $(PYTHON) commands/make_variables.py $(firstword $(MAKEFILE_LIST)) "$(or $(MAKECMDGOALS),help)" "$(ON_COMMAND_LINE)"))
$(if $(COMPLAINT),$(error $(COMPLAINT)))
export PATH := $(abspath $(VENV))/bin:$(PATH)
# The environment has no say in them: some terminals have a NAME there.
OPTIONS := NAME SAVE DISCARD REMOVE ROUNDS PAIRS SEED SEEDS SECONDS ONLY TRIAL FROM SET STRENGTHS BUDGETS METHODS SIZES JOBS GIVEN AGAINST TAGGER LM MAPS OUT FIXTURE ONNX MLFLOW REGISTER ALIAS CUDA
$(foreach name,$(OPTIONS),$(if $(filter environment,$(origin $(name))),$(eval $(name) :=)))

SWEEP_OPTIONS = $(if $(STRENGTHS),--strengths "$(STRENGTHS)") $(if $(BUDGETS),--budgets "$(BUDGETS)") $(if $(JOBS),--jobs "$(JOBS)")

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: ## [VENV=.venv] [PYTHON=python3] [CUDA=1]: create the environment with the pinned dependencies and the command ldnet
	@$(PYTHON) -I commands/environment.py $(VENV) requirements.txt --project $(if $(CUDA),--cuda)

check: setup ## look at the data of params.yaml and at what it would cost, before hours of training; writes nothing
	@python -m commands.check

repro: setup ## run what has changed of the experiment that params.yaml describes
	@python -m commands.reproduce

experiment: _named profile repro publish ## NAME=conll2000 [SAVE=my-name] [DISCARD=1]: switch to a profile, run it, publish its results

_named:
	@test -n "$(NAME)" || { echo "which experiment? make experiment NAME=conll2000" >&2; exit 1; }

checkpoints: setup ## [REMOVE=1]: list what stopped stages would resume from; remove what none would resume from
	@python -m commands.checkpoints $(if $(REMOVE),--remove)

torture: setup ## [ROUNDS=30] [PAIRS=1] [SEED=1]: kill stages and fill their disk, run two commands at once, and compare what they end with
	@python -m tests.torture $(if $(ROUNDS),--rounds "$(ROUNDS)") $(if $(PAIRS),--pairs "$(PAIRS)") $(if $(SEED),--seed "$(SEED)")

fuzz: setup ## [SECONDS=600] [SEED=1] [ONLY="word-vectors LM-text"]: try odd and damaged inputs of every class, and count what comes of them
	@$(VENV)/bin/python -m pip install --quiet --only-binary :all: --requirement requirements-fuzz.txt || \
	  echo "atheris cannot be installed here (no wheel for this Python, or no network), so nothing is guided by coverage"
	@python -m tests.fuzz $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(SEED),--seed "$(SEED)") $(foreach class,$(ONLY),--only "$(class)")

mutants: setup ## [ONLY="gates crf"] [SECONDS=10]: change modules a little, thousands of times, and see whether tests notice (hours)
	@python -m tests.mutants $(if $(SECONDS),--seconds "$(SECONDS)") $(foreach group,$(ONLY),--only "$(group)")

test: setup ## run the tests, in three processes: some wait for servers
	python -m pytest --numprocesses 3 --dist worksteal

coverage: setup ## run the tests and list branches of the code that none takes, in processes of stages, too; below 95 % it fails (ten minutes)
	@$(VENV)/bin/python -m pip install --quiet --requirement requirements-coverage.txt
	python -m pytest --numprocesses 3 --dist worksteal --cov --cov-report=term

lint: setup ## check style and types
	ruff check && ruff format --check && mypy

bench: setup ## [ONLY="row row"]: measure the speed against the published way of computing (half an hour)
	@python -m bench.run $(foreach row,$(ONLY),--only "$(row)")

peers: $(if $(NAME),profile,setup) ## [ONLY="crfsuite spacy"] [NAME=conll2003] [SEEDS="1"] [TRIAL=1]: train and measure other taggers on the same splits, in .venv-peers (hours)
	@$(PYTHON) -I commands/environment.py .venv-peers requirements-peers.txt
	@python -m bench.peers.run $(foreach peer,$(ONLY),--only "$(peer)") $(if $(SEEDS),--seeds "$(SEEDS)") $(if $(TRIAL),--trial)

data: setup ## NAME=conll2000 [FROM=folder]: bring a data set, from a folder or its public home
	@python -m commands.fetch_data $(if $(NAME),"$(NAME)") $(if $(FROM),--from "$(FROM)")

profile: setup ## NAME=conll2000 [SAVE=my-name] [DISCARD=1]: copy a profile to params.yaml
	@python -m commands.switch_profile $(if $(NAME),"$(NAME)") $(if $(SAVE),--save "$(SAVE)") $(if $(DISCARD),--discard)

publish: setup ## write results/<profile>/, the tables made from it, and, of the demo, the tagger that ships
	@python -m commands.publish
	@python -m commands.demo_tagger

try: setup ## SET="select.strength=0.2 select.max_layers=6": run the experiment with other values of params.yaml, as one of DVC's experiments
	@exec python -m commands.try_values $(foreach value,$(SET),"$(value)")

sweep: $(if $(NAME),profile,setup) ## [STRENGTHS="0.02 0.05 0.1"] [BUDGETS="2 6"] [JOBS=2] [NAME=conll2000]: run every strength with every budget, JOBS at a time
	@exec python -m commands.sweep $(SWEEP_OPTIONS)

path: $(if $(NAME),profile,setup) ## [STRENGTHS="0.02 0.1"] [BUDGETS="2 6"] [JOBS=2] [NAME=conll2000]: the front of F1 against cost, and its knee, in docs/selection.md
	@exec python -m commands.path $(SWEEP_OPTIONS)

study: $(if $(NAME),profile,setup) ## [METHODS="r3 random"] [BUDGETS="2 6"] [STRENGTHS="0.5"] [JOBS=2] [NAME=conll2000]: ways to select layers side by side, in docs/selection.md
	@exec python -m commands.study $(if $(METHODS),--methods "$(METHODS)") $(if $(BUDGETS),--budgets "$(BUDGETS)") $(if $(STRENGTHS),--strengths "$(STRENGTHS)") $(if $(JOBS),--jobs "$(JOBS)")

curve: $(if $(NAME),profile,setup) ## [SIZES="250 1000 4000 0"] [SEEDS="1 2 3"] [JOBS=2] [NAME=conll2000]: F1 against labelled sentences, in docs/results.md
	@exec python -m commands.learning_curve $(if $(SIZES),--sizes "$(SIZES)") $(if $(SEEDS),--seeds "$(SEEDS)") $(if $(JOBS),--jobs "$(JOBS)")

ablations: $(if $(NAME),profile,setup) ## [NAME=conll2000]: the paper's claims on small language models, in docs/ablations.md
	@python -m commands.ablations

verify: setup ## [NAME=conll2000] [GIVEN=pretrain_lm] [AGAINST=clone]: run a published experiment again in a fresh clone and compare
	@python -m commands.verify $(if $(NAME),"$(NAME)") $(foreach stage,$(GIVEN),--given "$(stage)") $(if $(AGAINST),--against "$(AGAINST)")

import: setup ## [TAGGER=file] [LM="forward backward"] [MAPS=json] [OUT=folder]: weights of the paper's released code
	@python -m commands.import_weights $(if $(TAGGER),--tagger "$(TAGGER)") $(if $(LM),--lm $(LM)) $(if $(MAPS),--maps "$(MAPS)") $(if $(OUT),--out "$(OUT)")

parity: setup ## FIXTURE=folder: compare our numbers with what the paper's released code computed
	@python -m commands.parity $(if $(FIXTURE),"$(FIXTURE)")

export: setup ## [TAGGER=pruned_taught] [OUT=folder] [ONNX=1] [MLFLOW=folder] [REGISTER=name] [ALIAS=champion]: a finished tagger as one folder
	@python -m commands.export_model $(if $(TAGGER),--tagger "$(TAGGER)") $(if $(OUT),--out "$(OUT)") $(if $(ONNX),--onnx) $(if $(MLFLOW),--mlflow "$(MLFLOW)") $(if $(REGISTER),--register "$(REGISTER)") $(if $(ALIAS),--alias "$(ALIAS)")

spark: setup ## add Spark to the environment, for tagging on it (half a gigabyte; needs Java 17)
	$(VENV)/bin/python -m pip install --quiet --requirement requirements-spark.txt

ui: setup ## [PORT=5000]: show the runs in the browser on 127.0.0.1
	@python -m commands.ui --port "$(PORT)"

upload: setup ## log to MLflow what an outage kept from it, once; close the runs of killed stages
	@python -m commands.upload_runs

report: setup ## write work/report.html: results, figures and errors on one page, to read or print offline
	@python -m commands.report_page

plots: setup ## draw the curves of the stages to dvc_plots/index.html, which needs no network
	@dvc plots show

test-ui: setup ## [SCREENSHOTS=docs]: try MLflow's pages, the report and the plots in chromium; keeps screenshots there
	$(VENV)/bin/python -m pip install --quiet --requirement requirements-ui.txt
	python -m pytest tests/ui --screenshots "$(SCREENSHOTS)"

ci: setup ## what continuous integration runs
	bash .ci/run
