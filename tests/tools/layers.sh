#!/bin/bash
# Layers go down only. Reads every #include "a/b.h" of proto/, gateway/ and adapters/, ranks the folder of the
# includer and of the included, and fails on an include that points upward. Also: one file alone knows each
# big library. With --self-test: makes offenders in a temporary folder and sees each one found.
set -u
cd "$(dirname "$0")/../.." || exit 1

# "rank folder": an include may go to a lower rank, or stay within its own folder. Folders of one rank may not
# know each other. An adapter's own folder (adapters/school, ...) is `adapter`, a file beside the folders `main`.
ranks='
 0 base
 1 crypto
 2 wire
 3 directory
 4 store
 5 session
 5 control
 5 http
 6 tables
 6 metrics
 6 settings
 7 registry
 7 policy
 7 parties
 8 journal
 8 cases
 9 flow
 9 upgrade
10 verify
10 read
10 core
11 bus
11 operator
11 http
11 ctl
12 daemon
20 mapping
21 sources
22 runtime
23 adapter
30 main
'
# "library's header|files that may include it": regular expressions.
owners='
^zmq\.h$|^proto/session/
^lmdb\.h$|^proto/store/store_lmdb\.c$
^sodium|^proto/crypto/crypto\.c$
^libconfig\.h$|^proto/base/config\.c$
^rhonabwy\.h$|^gateway/verify/jose\.c$
^libxml/|^adapters/mapping/document_xml\.c$
^event2/|^proto/http/|^gateway/http/
^curl/|^proto/http/fetch\.c$
'

# Prints offenders under the folder $1 ("." = the tree); status 1 when there are any.
check() {
    (cd "$1" && find proto gateway adapters -name '*.[ch]' 2>/dev/null | sort | xargs -r grep -nE '^[ \t]*#[ \t]*include' /dev/null) |
        awk -v ranks="$ranks" -v owners="$owners" '
    function folder(path,   p, n) { # the name that is ranked
        n = split(path, p, "/")
        if (p[1] == "proto") return n > 2 ? p[2] : "main"
        if (p[1] == "gateway") return n > 2 ? "g:" p[2] : "main"
        if (n <= 2) return "main"
        return (p[2] in rank) ? p[2] : "adapter"
    }
    BEGIN {
        n = split(ranks, line, "\n")
        for (i = 1; i <= n; i++) if (split(line[i], w, " ") == 2) {
            name = w[2]
            if (w[1] >= 6 && w[1] < 20) name = "g:" name
            rank[name] = w[1] + 0
        }
        n = split(owners, line, "\n"); libs = 0
        for (i = 1; i <= n; i++) if ((at = index(line[i], "|"))) {
            lib[++libs] = substr(line[i], 1, at - 1); may[libs] = substr(line[i], at + 1)
        }
    }
    {
        at = index($0, ":"); file = substr($0, 1, at - 1); rest = substr($0, at + 1)
        lineno = substr(rest, 1, index(rest, ":") - 1)
        quoted = match(rest, /"[^"]+"/); if (!quoted && !match(rest, /<[^>]+>/)) next
        header = substr(rest, RSTART + 1, RLENGTH - 2); includes++
        for (i = 1; i <= libs; i++) if (header ~ lib[i] && file !~ may[i]) {
            printf "%s:%s: <%s> belongs to %s alone\n", file, lineno, header, may[i]; bad++
        }
        if (!quoted || header ~ /\.pb-c\.h$/ || header !~ /\//) next
        me = folder(file)
        n = split(header, h, "/")
        # "http/x.h" may be proto/http or gateway/http: whichever holds the file
        theirs = (("proto/" header) in exists || system("test -e proto/" header) == 0) ? folder("proto/" header) : \
                 (system("test -e gateway/" header) == 0 ? folder("gateway/" header) : folder("adapters/" header))
        if (!(me in rank)) { printf "%s: folder %s has no rank in tests/tools/layers.sh\n", file, me; bad++; next }
        if (!(theirs in rank)) { printf "%s:%s: %s has no rank in tests/tools/layers.sh\n", file, lineno, theirs; bad++; next }
        mine = file; sub(/\/[^\/]*$/, "", mine)
        their_dir = header; sub(/\/[^\/]*$/, "", their_dir)
        same = (mine ~ ("(^|/)" their_dir "$"))
        if (!same && rank[theirs] >= rank[me]) {
            printf "%s:%s: %s (layer %s, rank %d) includes \"%s\" (layer %s, rank %d): upward\n", file, lineno, me, me, rank[me], header, theirs, rank[theirs]
            bad++
        }
    }
    END {
        if (includes < 1) { print "layers: no includes found: nothing was checked"; exit 1 }
        if (bad) { printf "layers: %d of %d includes are wrong\n", bad, includes; exit 1 }
        printf "layers: %d includes, all downward\n", includes
    }'
}

self_test() {
    local dir failed=0
    dir=$(mktemp -d) || exit 1
    trap 'rm -rf "$dir"' EXIT
    mkdir -p "$dir"/{proto/{base,crypto,wire,http},gateway/{core,http,policy},adapters/{school,runtime}}
    touch "$dir"/proto/{base/a.h,crypto/b.h,wire/c.h,http/s.h} "$dir"/gateway/{core/d.h,policy/p.h} "$dir"/adapters/{school/e.h,runtime/r.h}
    try() { # expected status, file, include
        printf '#include %s\n' "$3" >"$dir/$2"
        if (cd "$dir" && check . >/dev/null); then got=0; else got=1; fi
        [ "$got" = "$1" ] || { echo "layers --self-test: $2 with $3: expected $1, got $got"; failed=1; }
        rm "$dir/$2"
    }
    try 0 proto/crypto/x.c '"base/a.h"'
    try 0 gateway/core/x.c '"policy/p.h"'
    try 0 adapters/school/x.c '"runtime/r.h"'
    try 1 proto/base/x.c '"crypto/b.h"'
    try 1 proto/wire/x.c '"http/s.h"'
    try 1 gateway/policy/x.c '"core/d.h"'
    try 1 proto/crypto/x.c '"core/d.h"'
    try 1 adapters/runtime/x.c '"school/e.h"'
    try 1 gateway/core/x.c '<zmq.h>'
    try 1 proto/wire/x.c '<sodium.h>'
    try 0 proto/crypto/crypto.c '<sodium.h>'
    try 1 gateway/core/x.c '<lmdb.h>'
    [ $failed = 0 ] && echo "layers --self-test: every offender is found"
    exit $failed
}

case ${1-} in
--self-test) self_test ;;
'') check . ;;
*) echo "usage: layers.sh [--self-test]" >&2; exit 2 ;;
esac
