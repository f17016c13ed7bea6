# Thin names for the steps of .ci/run: that script alone says how each is done.
STEPS := packages format vet types modules tidy lint test cover wine tools endurance fuzz generated schema api release

.DEFAULT_GOAL := help
.PHONY: help all demo generate $(STEPS)

help: ## list the targets
	@printf '%s\n' all demo generate $(STEPS)

all: ## everything that continuous integration checks
	.ci/run

demo: ## the main job: a gateway, and traffic through each of its listeners
	go run ./examples/gateway -demo

generate: ## write what is generated from the option table and the schema
	GOWORK=off go run -C internal/tools ./sockoptgen
	cd spec && go generate ./...

$(STEPS):
	.ci/run $@
