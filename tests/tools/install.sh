#!/bin/bash
# Installs into a folder of its own, and runs what is there. Usage: install.sh BUILD.
set -eu
cd "$(dirname "$0")/../.."
build=${1:?usage: install.sh BUILD}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make --no-print-directory install-files FLAVOUR="${build##*/}" DESTDIR="$root" PREFIX=/opt/sluis
for program in "$build"/bin/*; do
    "$root/opt/sluis/bin/${program##*/}" --version
done
"$root/opt/sluis/bin/sluisctl" config check --rules "$root/opt/sluis/share/sluis/rules"
for page in config/man/*; do
    cmp "$page" "$root/opt/sluis/share/man/man${page##*.}/${page##*/}"
done
cmp config/examples/sluisd.conf "$root/opt/sluis/share/doc/sluis/examples/sluisd.conf"
cmp adapters/school/oso-2019.1.conf "$root/opt/sluis/share/sluis/mappings/oso-2019.1.conf"
