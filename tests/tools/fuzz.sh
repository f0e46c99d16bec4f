#!/bin/bash
# Runs every fuzz target of BUILD, two at a time, FUZZ_SECONDS (10) each. With FUZZ_BASE (a commit) those whose
# code changed since then get FUZZ_SECONDS_CHANGED (60). New inputs stay in BUILD; a crash is kept there and named.
# Usage: fuzz.sh BUILD. Ends in "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: fuzz.sh BUILD}
seconds=${FUZZ_SECONDS:-10} long=${FUZZ_SECONDS_CHANGED:-60} base=${FUZZ_BASE:-}
mkdir -p "$build/found" "$build/log"

# The sources a target reaches: itself, every header it includes, and the .c beside each header.
changed() {
    local files
    [ -n "$base" ] || return 1
    files=$(tr -d '\\' <"$build/tests/fuzz/$1.d" | tr ' ' '\n' | grep -E '^(proto|gateway|adapters|tests)/' | sed 's/:$//' |
        sed -E 'p; s/\.h$/.c/' | sort -u)
    ! git diff --quiet "$base" -- $files 2>/dev/null
}

one() {
    local name=$1 time=$seconds
    mkdir -p "$build/found/$name"
    if changed "$name"; then time=$long; fi
    if ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 timeout $((time * 3 + 60)) "$build/fuzz/$name" \
        -max_total_time="$time" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/found/$name-" "$build/found/$name" "tests/fuzz/corpus/${name#fuzz_}" >"$build/log/$name" 2>&1; then
        printf '%-32s ok      %3d s, %s runs\n' "$name" "$time" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log/$name")"
        return 0
    fi
    printf '%-32s FAILED\n' "$name"
    grep -E -A 20 'ERROR|SUMMARY|runtime error|Test unit written' "$build/log/$name" | head -n 60
    return 1
}

passed=0 failed=0 running=()
collect() {
    if wait "${running[0]}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    running=("${running[@]:1}")
}
for target in "$build"/fuzz/fuzz_*; do
    case $target in *.d | *.o) continue ;; esac
    [ -x "$target" ] || continue
    one "${target##*/}" &
    running+=($!)
    if [ ${#running[@]} -ge 2 ]; then collect; fi
done
while [ ${#running[@]} -gt 0 ]; do collect; done
if [ $((passed + failed)) -eq 0 ]; then
    echo "fuzz: no target was built"
    failed=1
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
