# `make help` lists the commands. ARGS goes to the program: make run ARGS="--port 0"
# STAGE names tables of samconfig.toml: make deploy STAGE=staging. BUILD_ARGS goes to `sam build` where ARGS does not.
# Programs are started as `python -m`, which goes on working when the checkout is moved.

export SAM_CLI_TELEMETRY = 0
ifdef AWS_REGION # which boto3 and `sam` do not read
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

.DEFAULT_GOAL = help
.PHONY: help setup run admin test lint check stack build invoke api bench deploy smoke logs delete

python = $(or $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done),$(error Python 3.11 or newer with venv is needed (on Debian: apt install python3-venv)))
# The virtual environment: in the checkout, or in the user's cache when the checkout is read-only.
venv := $(shell if [ -e .venv/bin/python ] || [ -w . ]; then echo .venv; \
	else echo "$${XDG_CACHE_HOME:-$$HOME/.cache}/pocketfiles/venv-$$(pwd | cksum | cut -d ' ' -f 1)"; fi)
# Programs of ours start with SIGINT blocked, and let it through once Python prints no stack trace for it. They take
# the place of their shell, so that who ends `make` ends them.
start := exec $(shell env --block-signal=INT true 2>/dev/null && echo env --block-signal=INT)
installed = @$(start) $(python) -m local.install "$(venv)"
STAGE = default
# A value as one word for a shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'
BUILD_DIR = .aws-sam/build
stage_setting = $(or $(shell .venv/bin/python -m deploy.samconfig $(call quoted,$(STAGE)) $(1)),$(error the settings of the stage cannot be read))
ARCHITECTURE = $(call stage_setting,architecture)
stack_options = $(call stage_setting,stack)
machine = $(subst aarch64,arm64,$(shell uname -m))
sam = $(or $(shell command -v sam 2>/dev/null),.venv-sam/bin/python -m samcli)
sam_ready = $(if $(findstring .venv-sam,$(sam)),.venv-sam/ready)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'Options for the program go into ARGS:  make run ARGS="--data pb_data --port 0"'
	@echo 'The programs explain their options:    make run ARGS="--help"'

setup: .venv/ready ## install what the other commands need into .venv (they do so themselves)

run: ## serve the demo data, or a PocketBase's, on this machine
	$(installed) run $(ARGS)
	@$(start) "$(venv)/bin/python" -m local $(ARGS)

admin: ## manage the data of a stack, or of the service that `make run` started
	$(installed) run --port 0
	@$(start) "$(venv)/bin/python" -m admin $(or $(ARGS),--help)

test: .venv/ready ## run the tests that need no Docker
	"$(venv)/bin/python" -m pytest -n auto --dist loadfile -m "not docker and not stack" $(ARGS)

stack: .venv-stack/ready .venv/ready $(sam_ready) ## deploy the stack to an emulator of AWS and test it there
	$(MAKE) build BUILD_DIR=.aws-sam/stack ARCHITECTURE=$(machine) ARGS=
	.venv/bin/python -m pytest -m stack tests/stack $(stack_processes) $(ARGS)

# Half of the time, a test waits. What --without prints would not get out of a process of pytest-xdist.
stack_processes = $(if $(findstring --without,$(ARGS)),,-n 2 --dist loadfile --no-loadscope-reorder)

lint: .venv/ready ## check format, style, types and templates
	"$(venv)/bin/python" -m ruff format --check .
	"$(venv)/bin/python" -m ruff check .
	"$(venv)/bin/python" -m mypy --strict
	"$(venv)/bin/python" -c "import sys; from cfnlint.runner import main; sys.exit(main())" template.yaml deploy/recipes/distribution.yaml

check: lint test ## lint, then test: what must pass before a commit

build: .venv/ready $(sam_ready) ## make the functions and layers in .aws-sam, ready to deploy
	@.venv/bin/python -m deploy.architecture $(call quoted,$(ARCHITECTURE))
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(sam) build --build-dir $(BUILD_DIR) \
		--parameter-overrides Architecture=$(ARCHITECTURE) $(ARGS)
	.venv/bin/python -m deploy.architecture $(ARCHITECTURE) $(BUILD_DIR)/template.yaml

start_first = echo 'first, in a terminal of its own: make run ARGS="--sam-env env.local.json"'; exit 1
env.local.json:
	@$(start_first)

# `sam local` with this machine's own architecture and the running service's credentials.
local_sam = credentials=$$("$(venv)/bin/python" -m local.containers env.local.json 2>/dev/null) && eval "$$credentials" || \
	{ $(start_first); }; \
	test -e $(BUILD_DIR)/template.yaml || $(MAKE) build ARCHITECTURE=$(machine) ARGS= || exit 1; \
	$(sam) local
local_config = $(if $(filter x86_64,$(machine)),--config-env x86_64)

invoke: env.local.json .venv/ready $(sam_ready) ## run a function once, in Docker: make invoke ARGS="FilesFunction -e events/thumb.json"
	@$(local_sam) invoke $(local_config) $(ARGS)

api: env.local.json .venv/ready $(sam_ready) ## serve the API with the functions in Docker, at http://127.0.0.1:3000
	@$(local_sam) start-api $(local_config) $(ARGS)

bench: .venv/ready ## measure, and print ratios
	"$(venv)/bin/python" -m benchmarks $(ARGS)

deploy: .venv/ready $(sam_ready) ## check the account, build, show what would change in AWS, and do it once confirmed
	@.venv/bin/python -m deploy.preflight $(call quoted,$(STAGE)) $(call quoted,$(ARCHITECTURE)) $(ARGS)
	$(MAKE) build ARGS="$(BUILD_ARGS)"
	@.venv/bin/python -m deploy.budget $(call quoted,$(STAGE)) $(BUILD_DIR)/template.yaml $(ARGS)
	eval $(sam) "$$(.venv/bin/python -m deploy.command $(call quoted,$(STAGE)) --template-file $(BUILD_DIR)/template.yaml $(ARGS))"

smoke: .venv/ready ## ask a deployed stack what only AWS can know: make smoke URL=https://…
	@test -n $(call quoted,$(URL)) || { echo 'give a public picture: make smoke URL=https://…/api/files/COLLECTION/RECORD/NAME'; exit 1; }
	@.venv/bin/python -m deploy.smoke $(call quoted,$(URL)) $(if $(TOKEN),--token $(call quoted,$(TOKEN))) $(ARGS)

logs: .venv/ready $(sam_ready) ## follow the functions' logs
	$(sam) logs $(stack_options) $(ARGS)

delete: .venv/ready $(sam_ready) ## remove the stack; its bucket and its table stay
	$(sam) delete $(stack_options) $(ARGS)

.venv/ready: always
	$(installed) dev

# The emulator and the Python 3.13 that runs the functions in it: `python` holds its path, `runtime` what Lambda adds.
.venv-stack/ready: requirements-stack.txt layers/python313
	@python=$$(layers/python313) || { echo "make stack needs Python 3.13: CONTRIBUTING.md says where to get it" >&2; exit 1; }; \
	test -x .venv-stack/bin/python || $$python -m venv .venv-stack; echo $$python >.venv-stack/python
	.venv-stack/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-stack.txt
	.venv-stack/bin/python -m pip install --quiet --disable-pip-version-check --target .venv-stack/runtime --upgrade \
		snapshot-restore-py==1.0.0
	@touch $@

.venv-sam/ready: requirements-sam.txt
	@$(start) $(python) -m local.install .venv-sam sam
	@touch $@

always: # no such file: what depends on it is made each time
