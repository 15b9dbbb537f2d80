#!/usr/bin/env bash
# start.sh [SECONDS]: starts a Ceph RGW of one node (monitor, OSD in memory, gateway) on free ports of 127.0.0.1.
#
# SECONDS  length of a lifecycle day, 2 if not given.
# Prints two lines to stdout: port=N and pid=N. Stop it with: tests/rgw/stop.sh PID
# S3 keys: test / test-secret. Data, logs and pids lie in .tools/rgw-run-PORT; no root is needed to run.
# Needs Debian's radosgw, ceph-osd, ceph-mon, ceph-common (16.2); as root it installs them, else it says so.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$(dirname "$(dirname "$here")")/.tools
day=${1:-2}
packages=(radosgw ceph-osd ceph-mon ceph-common)

missing() {
    local program
    for program in radosgw radosgw-admin ceph-osd ceph-mon monmaptool ceph; do
        command -v "$program" > /dev/null || return 0
    done
    return 1
}
if missing; then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "installing ${packages[*]}" >&2
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${packages[@]}" > /dev/null 2>&1 || true
    fi
    if missing; then
        echo "Ceph is not installed: apt-get install --no-install-recommends ${packages[*]}" >&2
        exit 1
    fi
fi

read -r port monitor < <(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(2)]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))
PYTHON
)
run=$tools/rgw-run-$port
rm -rf "$run"
mkdir -p "$run"/{mon,osd,asok,log}
monitor_address="[v2:127.0.0.1:$monitor/0]"
fsid=$(cat /proc/sys/kernel/random/uuid)
osd=$(cat /proc/sys/kernel/random/uuid)

cat > "$run/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = $monitor_address
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
keyring = $run/keyring
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail warn = 1
mon data avail crit = 0
run dir = $run
admin socket = $run/asok/\$name.asok
log file = $run/log/\$name.log
pid file = $run/\$name.pid
[mon]
mon data = $run/mon
[osd]
osd data = $run/osd
osd objectstore = memstore
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw lc debug interval = $day
rgw lc max worker = 1
rgw lifecycle work time = 00:00-23:59
rgw run sync thread = false
CONF
conf=(--conf "$run/ceph.conf")

give_up() {
    "$here/stop.sh" "$run" || true
    echo "the Ceph RGW did not start: $1; its logs are in $run/log" >&2
    exit 1
}
{
    key() { ceph-authtool --gen-key --name "$@" "$run/keyring"; }
    touch "$run/keyring"
    key mon. --cap mon 'allow *'
    key client.admin --cap mon 'allow *' --cap osd 'allow *'
    key client.rgw --cap mon 'allow *' --cap osd 'allow *'
    key osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    monmaptool --create --fsid "$fsid" --addv a "${monitor_address/\/0/}" "$run/monmap"
    ceph-mon "${conf[@]}" --id a --mkfs --monmap "$run/monmap" --keyring "$run/keyring"
    ceph-mon "${conf[@]}" --id a
    timeout 30 ceph "${conf[@]}" osd new "$osd"
    ceph-osd "${conf[@]}" --id 0 --mkfs --osd-uuid "$osd"
    ceph-osd "${conf[@]}" --id 0
    timeout 60 radosgw "${conf[@]}" --name client.rgw
} > "$run/log/start.txt" 2>&1 || give_up "$(tail -n 1 "$run/log/start.txt")"

tries=0
until curl --silent --fail --max-time 2 --noproxy '*' --output /dev/null "http://127.0.0.1:$port/"; do
    tries=$((tries + 1))
    if [ $tries -ge 240 ]; then give_up "no answer within a minute"; fi
    sleep 0.25
done
radosgw-admin "${conf[@]}" --name client.rgw user create --uid test --display-name test \
    --access-key test --secret-key test-secret >> "$run/log/start.txt" 2>&1 || give_up "no user"
echo "port=$port"
echo "pid=$(cat "$run/client.rgw.pid")"
