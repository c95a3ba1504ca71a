PYTHON ?= python3
BIN := .venv/bin

.PHONY: score test
