#!/bin/bash
# The model of delivery: it holds, and each way to break it is found. Ends in "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")" || exit 1
model=$PWD/delivery.pml
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# $1 = holds or fails, the rest = definitions. Spin's verifier says "errors: 0" after a complete search only.
run() {
    local want=$1 word=ok got states
    shift
    rm -f pan pan.c ./*.trail
    if spin -a "$@" "$model" >spin.log 2>&1 && gcc -O2 -w -DSAFETY -DMEMLIM=2000 -o pan pan.c 2>>spin.log; then
        timeout "${SECONDS_EACH:-120}" ./pan -m200000 >out 2>&1
        states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' out)
        if grep -q 'errors: 0$' out && ! grep -q 'Search not completed' out; then
            got=holds
        elif grep -q 'assertion violated\|invalid end state' out; then
            got=fails
        else
            got="no verdict in time or memory"
        fi
    else
        got="no verifier: $(tail -n 1 spin.log)" states=
    fi
    if [ "$got" = "$want" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) word=FAILED; fi
    printf '%-7s model %s: %s (%s states)\n' "$word" "$*" "$got" "${states:-no}"
}

run holds -DMESSAGES=2 -DKILLS=1
run holds -DMESSAGES=1 -DKILLS="${KILLS:-3}"
for broken in ACK_BEFORE_COMMIT NO_DEDUP DONE_BEFORE_STORE DELETE_WHEN_SENT FORGET_SENT; do
    run fails -DMESSAGES=1 -DKILLS=1 -D$broken
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
