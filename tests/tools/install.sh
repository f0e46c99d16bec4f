#!/bin/bash
# Installs into a folder of its own, and runs what is there. Usage: install.sh BUILD.
set -eu
cd "$(dirname "$0")/../.."
build=${1:?usage: install.sh BUILD}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make --no-print-directory install-files FLAVOUR="${build##*/}" DESTDIR="$root" PREFIX=/usr/local
for program in "$build"/bin/*; do
    "$root/usr/local/bin/${program##*/}" --version
done
"$root/usr/local/bin/sluisctl" config check --rules "$root/usr/local/share/sluis/rules"
for page in config/man/*; do
    cmp "$page" "$root/usr/local/share/man/man${page##*.}/${page##*/}"
done
cmp config/examples/sluisd.conf "$root/usr/local/share/doc/sluis/examples/sluisd.conf"
cmp adapters/school/oso-2019.1.conf "$root/usr/local/share/sluis/mappings/oso-2019.1.conf"

# The services, read by systemd as installed (without the system around them, whose units and commands are not there),
# and each as shut in as its program allows: 0 to 10, where systemd calls 2 "OK".
units=$root/usr/local/lib/systemd/system
said=$(systemd-analyze --root="$root" --man=no verify "$units"/*.service 2>&1 | grep -v 'sysinit.target not found\|Command /bin/kill') || true
[ -z "$said" ] || { printf '%s\n' "$said"; exit 1; }
for unit in "$units"/*.service; do
    systemd-analyze --root="$root" --offline=true --threshold=20 --no-pager security "$unit" >"$root/exposure" ||
        { cat "$root/exposure"; exit 1; }
done
