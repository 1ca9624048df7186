# Builds, tests and shows `strf`. The static HDF5 is built with CMake newer than 3.25; where the
# system has none, `make` fetches one from PyPI into .tools/, without root.

CARGO ?= cargo
STRF := target/release/strf
TOOLS := $(CURDIR)/.tools
LOCAL_CMAKE := $(TOOLS)/cmake/cmake/data/bin/cmake
SYSTEM_CMAKE := $(shell cmake --version 2>/dev/null | awk 'NR==1 { split($$3, v, "."); if (v[1] > 3 || (v[1] == 3 && v[2] > 25)) print "cmake" }')

ifeq ($(SYSTEM_CMAKE),)
export CMAKE := $(LOCAL_CMAKE)
NEEDED := $(LOCAL_CMAKE)
endif

.PHONY: build check test demo clean

build: $(NEEDED)
	$(CARGO) build --release --locked

check: $(NEEDED)
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items --locked

test: $(NEEDED)
	$(CARGO) test --locked

demo: build
	$(STRF) simulate data/demo.h5 --neurons 12 --force
	$(STRF) inspect data/demo.h5
	$(STRF) train configs/ln.toml --force
	$(STRF) eval runs/ln --split valid
	$(STRF) export-strfs runs/ln --plot --force
	@echo "the receptive fields are drawn in runs/ln/strfs.png"

$(LOCAL_CMAKE):
	@echo "no CMake newer than 3.25 here: fetching one into $(TOOLS)"
	@mkdir -p $(TOOLS)
	@python3 -m pip install --quiet --target $(TOOLS)/cmake "cmake>3.25" \
	  || (python3 -m venv $(TOOLS)/venv && $(TOOLS)/venv/bin/pip install --quiet --target $(TOOLS)/cmake "cmake>3.25") \
	  || (echo "could not install CMake: install CMake newer than 3.25, or pip for python3, and run make again" >&2; false)

clean:
	$(CARGO) clean
