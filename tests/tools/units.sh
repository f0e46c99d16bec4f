#!/bin/bash
# Runs the unit tests and conversations of a sanitizer's build, two at a time. Usage: units.sh BUILD. Ends in
# "N passed, N failed, 0 skipped"; exit 1 when anything failed, or a name below is no test any more.
#
# All but these, which `make check` runs without the sanitizer. A test joins them when it takes more than four seconds
# under it, or when it cannot live with it; and says which.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: units.sh BUILD}
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
. tests/tools/play.sh
cat >"$log/left-out" <<'END'
test_journal        a minute: every flip of a tree; the same code runs under fuzz_tile and in the scenarios
test_conversations  half a minute; the scenarios play the same by the real daemon
test_bus_server     waits: handshakes that end by their time
test_client         waits: sessions that end by their time
test_retention      days of a journal
test_forgetting     waits: steps of a clearing
test_gate           waits: sources that are slow
test_prefixes       thousands of stores
test_since          long dossiers
test_policy         every question that there is
test_slow_party     a thousand messages that wait
test_alloc          its own allocator under the programs: a gateway without memory ends by the sanitizer
END

passed=0 failed=0 programs=()
while read -r program; do
    if ! grep -q "^${program##*/} " "$log/left-out"; then programs+=("$program"); fi
done < <(test_programs "$build")
while read -r name why; do
    [ -x "$build/tests/$name" ] || { echo "units: $name is left out ($why), and there is no such test"; failed=1; }
done <"$log/left-out"
play_all 120 "${programs[@]}"
for program in "${programs[@]}"; do
    name=${program##*/}
    n=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test.*/\1/p' "$log/$name")
    passed=$((passed + ${n:-0}))
    if [ "$(cat "$log/$name.rc")" != 0 ] || [ "${n:-0}" -eq 0 ]; then
        failed=$((failed + 1))
        echo "---- $name (exit $(cat "$log/$name.rc"))"
        grep -vE '^\[ RUN      \]|^\[       OK \]' "$log/$name" | tail -n 60
    fi
done
echo "${#programs[@]} programs, $(wc -l <"$log/left-out") left out"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
