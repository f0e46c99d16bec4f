#!/bin/bash
# Tests for the commands and headers the project needs; installs what is missing with apt (root or sudo), or
# prints the one command to run. Costs nothing when all is there.
set -u
# "what to test|package": a command on the PATH, or a file (with * where a version or architecture stands).
need='
gcc|gcc
clang|clang
ar|binutils
pkg-config|pkg-config
protoc-c|protobuf-c-compiler
clang-format|clang-format
cppcheck|cppcheck
mandoc|mandoc
systemd-analyze|systemd
spin|spin
/usr/bin/python3|python3
openssl|openssl
/usr/include/stdio.h|libc6-dev
/usr/include/zmq.h|libzmq3-dev
/usr/include/protobuf-c/protobuf-c.h|libprotobuf-c-dev
/usr/include/lmdb.h|liblmdb-dev
/usr/include/sodium.h|libsodium-dev
/usr/include/event2/http.h|libevent-dev
/usr/include/jansson.h|libjansson-dev
/usr/include/rhonabwy.h|librhonabwy-dev
/usr/include/libxml2/libxml/tree.h|libxml2-dev
/usr/include/*/curl/curl.h|libcurl4-openssl-dev
/usr/include/libconfig.h|libconfig-dev
/usr/include/cmocka.h|libcmocka-dev
/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a|libclang-rt-14-dev
'
missing=()
while IFS='|' read -r what package; do
    case $what in
    '') ;;
    /*) compgen -G "$what" >/dev/null || missing+=("$package") ;;
    *) type -P "$what" >/dev/null || missing+=("$package") ;;
    esac
done <<<"$need"
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif type -P sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo)
else
    echo "deps: these packages are missing; as root, run:" >&2
    echo "    apt-get update && $install" >&2
    exit 1
fi
echo "deps: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
{ "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install -qq; } >&2 || {
    echo "deps: the package manager failed (see above)" >&2
    exit 1
}
