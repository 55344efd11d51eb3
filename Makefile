# The commands people type. Everything else is CMake's (CMakePresets.json).
.PHONY: build test demo cluster fuzz chaos clean

build:
	@deploy/install-dependencies.sh --build-only
	@cmake --preset release $(if $(wildcard build/release/build.ninja),>/dev/null)
	@cmake --build --preset release --target souk souk-bench

# Everything: unit, integration, fault and command-line tests, the linters and a short fuzz run.
test:
	@deploy/install-dependencies.sh
	@deploy/test.sh

demo: build
	@deploy/demo.sh

# etcd and three nodes on this machine, with the demo catalog.
cluster: build
	@deploy/install-dependencies.sh
	@deploy/cluster.sh

# Longer runs, for a person who waits for them.
fuzz:
	@deploy/install-dependencies.sh
	@deploy/fuzz.sh $(or $(SECONDS_EACH),60)

# The long list of kills within a split, then random faults against a cluster under load, for CHAOS_MINUTES; prints its seed, writes chaos-report.html. Cuts need root.
chaos: build
	@deploy/install-dependencies.sh
	@KILLS=all tests/faults/cluster_split_kills.py
	@tests/chaos/chaos.py

clean:
	rm -rf build
