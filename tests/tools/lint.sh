#!/bin/bash
# Static analysis: cppcheck over everything that ships, mandoc over the manual pages. Suppressions, each with its reason:
# lint.supp. With --self-test: gives each a file with a defect and sees it found.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p build/lint

analyse() {
    cppcheck --quiet --std=c11 --platform=unix64 --enable=warning,performance,portability --inconclusive \
        --error-exitcode=1 --suppressions-list=tests/tools/lint.supp --template=gcc -j 2 --cppcheck-build-dir=build/lint \
        -D_GNU_SOURCE -D__linux__ "-Djson_object_foreach(o,k,v)=while ((o) && (k) && (v))" "-Djson_array_foreach(a,i,v)=while ((a) && (i) && (v))" -Iproto -Igateway -Iadapters "$@"
}

pages() {
    mandoc -Tlint -Wwarning "$@"
}

if [ "${1-}" = --self-test ]; then
    dir=$(mktemp -d) || exit 1
    trap 'rm -rf "$dir"' EXIT
    printf 'int f(void);\nint f(void)\n{\n    int a[2] = {0, 0};\n    return a[2];\n}\n' >"$dir/defect.c"
    if analyse "$dir/defect.c" >/dev/null 2>&1; then
        echo "lint --self-test: a defect was not found"
        exit 1
    fi
    printf '.Dd November 26, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh DESCRIPTION\n.Bl -tag\n.It Cm\n' >"$dir/x.1"
    if pages "$dir/x.1" >/dev/null 2>&1; then
        echo "lint --self-test: a defect of a page was not found"
        exit 1
    fi
    echo "lint --self-test: the defects are found"
    exit 0
fi

n=$(find proto gateway adapters -name '*.c' | wc -l)
[ "$n" -gt 0 ] || { echo "lint: no files"; exit 1; }
analyse proto gateway adapters || { echo "lint: see above"; exit 1; }
pages config/man/*.[158] || { echo "lint: see above"; exit 1; }
echo "lint: $n files, $(ls config/man | wc -l) pages"
