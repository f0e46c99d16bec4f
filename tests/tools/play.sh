# Sourced by what runs test programs. Needs log, a folder: of program NAME it gets NAME, what it printed, and NAME.rc.
export log

# The programs of a build, a line each.
test_programs() { # BUILD
    local program
    for program in "$1"/tests/test_*; do
        case $program in *.d | *.o) continue ;; esac
        if [ -f "$program" ] && [ -x "$program" ]; then echo "$program"; fi
    done
}

play() { # SECONDS PROGRAM
    timeout "$1" "$2" >"$log/${2##*/}" 2>&1
    echo $? >"$log/${2##*/}.rc"
}
export -f play

# Two at a time, each for at most so long.
play_all() { # SECONDS PROGRAM...
    local seconds=$1
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | xargs -P 2 -I{} bash -c "play $seconds {}"
}
