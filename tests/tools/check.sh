#!/bin/bash
# Runs every test program under BUILD/tests, replays the fuzz corpora, plays the scenarios, and checks the checks.
# Usage: check.sh BUILD. Ends in "N passed, N failed, N skipped"; exit 1 when anything failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: check.sh BUILD}
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
. tests/tools/play.sh
passed=0 failed=0 skipped=0

count() { # passed failed skipped
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}
number() { # the sum of the numbers that pattern $1 (one group) finds in file $2
    sed -nE "s/$1/\\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# A cmocka program: counts from its own summary. One that dies, or runs nothing, is a failure.
count_unit() {
    local name=${1##*/} p f s rc
    rc=$(cat "$log/$name.rc")
    p=$(number '^\[  PASSED  \] ([0-9]+) test.*' "$log/$name")
    f=$(number '^\[  FAILED  \] ([0-9]+) test.*' "$log/$name")
    s=$(number '^\[  SKIPPED \] ([0-9]+) test.*' "$log/$name")
    if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ $((p + f + s)) -eq 0 ]; then f=1; echo "no test ran" >>"$log/$name"; fi
    printf '%-36s %4d passed %3d failed %3d skipped\n' "$name" "$p" "$f" "$s"
    if [ "$f" -ne 0 ]; then
        echo "---- $name (exit $rc)"
        grep -vE '^\[ RUN      \]|^\[       OK \]' "$log/$name" | tail -n 60
        echo "----"
    fi
    grep -h 'skipped: ' "$log/$name" | sort -u
    count "$p" "$f" "$s"
}

# A check of one line: $1 = its name, the rest = the command.
run_one() {
    local name=$1
    shift
    if timeout 300 "$@" >"$log/one" 2>&1; then
        printf '%-36s ok\n' "$name"
        count 1 0 0
    else
        printf '%-36s FAILED\n' "$name"
        tail -n 40 "$log/one"
        count 0 1 0
    fi
}

mapfile -t programs < <(test_programs "$build")
play_all 300 "${programs[@]}"
for program in "${programs[@]}"; do count_unit "$program"; done
if [ ${#programs[@]} -eq 0 ]; then
    echo "check: no test program under $build/tests"
    count 0 1 0
fi

for target in "$build"/replay/*; do
    case $target in *.d | *.o) continue ;; esac
    [ -x "$target" ] || continue
    run_one "replay of corpus ${target##*/}" "$target" "tests/fuzz/corpus/${target##*/}"
done

run_one "a second reader of the format" /usr/bin/python3 tests/tools/second_reader.py
run_one "layers finds offenders" tests/tools/layers.sh --self-test
run_one "the manual says what the programs do" tests/tools/manual.py "$build"
run_one "a defect of the manual is found" tests/tools/manual.py --self-test "$build"
run_one "what is installed runs" tests/tools/install.sh "$build"
run_one "a first gateway, as it is written" tests/tools/first.py "$build"
run_one "every required item has its tests" tests/tools/requirements.py
[ -s "$log/one" ] && grep '^item ' "$log/one"
run_one "every refusal is compared whole by a test" tests/tools/refusals.py

/usr/bin/python3 tests/scenarios/run.py "$build" | tee "$log/scenarios"
[ "${PIPESTATUS[0]}" -eq 0 ]; rc=$?
line=$(tail -n 1 "$log/scenarios")
if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
    if [ $rc -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ]; then count 0 1 0; fi
else
    echo "check: the scenarios did not finish"
    count 0 1 0
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
