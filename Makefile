# Thin names for .ci/run's steps, which do the work: one place says how.
.DEFAULT_GOAL := help
.PHONY: help demo generate all $(STEPS)

STEPS := format vet build modules generated tidy staticcheck lint test cover wine tools fuzz

help: ## list the targets
	@echo "make demo | generate | all | $(STEPS)" | sed 's/ | $$//'

demo: ## the main job: the gateway drives traffic through itself
	go run ./examples/gateway -demo

generate: ## write generated files anew
	GOWORK=off go run -C internal/tools ./sockoptgen

all: ## all that continuous integration runs
	.ci/run

$(STEPS): ## one step of it
	.ci/run $@
