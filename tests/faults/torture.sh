#!/bin/bash
# The long form of every fault test: TORTURE_KILLS kills (500), every point of failure, every prefix of the writes.
# SLUIS_SEED repeats a run. Usage: torture.sh BUILD. Exit 1 when anything failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: torture.sh BUILD}
export TORTURE_KILLS=${TORTURE_KILLS:-500}
export SLUIS_SEED=${SLUIS_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "torture: $TORTURE_KILLS kills, seed $SLUIS_SEED"
failed=0
for program in tests/faults/test_*.c; do
    name=$(basename "$program" .c)
    "$build/tests/$name" 2>&1 | grep -v '^{' # not the log of the gateways that are made to fail
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed=1
done
names=()
for scenario in tests/faults/test_*.py; do names+=("$(basename "$scenario" .py)."); done
/usr/bin/python3 tests/scenarios/run.py "$build" "${names[@]}" || failed=1
exit $failed
