# Every recipe calls tasks.py; `python3 tasks.py <task>` does the same.
PYTHON ?= python3
ARGS ?=
demo_options = $(if $(ORDERS),--orders "$(ORDERS)") $(if $(SKUS),--skus "$(SKUS)") $(if $(CARTONS),--cartons "$(CARTONS)") \
	$(if $(FACTOR),--factor "$(FACTOR)") $(if $(SEED),--seed "$(SEED)") $(ARGS)

.PHONY: demo test setup up lint types long bench clean
demo:
	@$(PYTHON) tasks.py demo $(demo_options)

test up long bench:
	@$(PYTHON) tasks.py $@ $(ARGS)

setup lint types clean:
	@$(PYTHON) tasks.py $@
