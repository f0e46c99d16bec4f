#!/bin/bash
# The programs of others that make bench-peers and make bench measure beside ours. Only what is there is measured; nothing of it is
# started as a service.
set -u
packages=(rabbitmq-server librabbitmq-dev nginx-light wrk postgresql-15)
dpkg -s "${packages[@]}" >/dev/null 2>&1 && exit 0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
echo "deps-peers: installing ${packages[*]}" >&2
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
{ "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y --no-install-recommends -qq "${packages[@]}"; } >&2 || {
    echo "deps-peers: the package manager failed (see above)" >&2
    exit 1
}
