#!/bin/bash
# A sweep on a Ray cluster of machines that share a folder and reach one another by ssh.
#   HOSTS="gpu1 gpu2 gpu3" SHARED=/shared/vadjax examples/ray/sweep.sh --config=configs/sweeps/synthetic_rates.py
# SWEEP=NAME names the sweep's folder, one for each sweep. Run it on the first of HOSTS, in an
# environment with 'vadjax[sweep]' that all of them share.
set -eu
: "${HOSTS:?name the machines}" "${SHARED:?name a folder that all of them see}"

read -ra machines <<<"$HOSTS"
head=${machines[0]}
here=$(dirname "$(command -v ray)")

stop() {
    for machine in "${machines[@]:1}"; do ssh "$machine" "$here/ray stop" || true; done
    ray stop
}
trap stop EXIT

ray start --head --port=6379
for machine in "${machines[@]:1}"; do
    ssh "$machine" "$here/ray start --address=$head:6379"
done

python -m vadjax.sweep "$@" --workdir="$SHARED/sweeps/${SWEEP:-ray}" --launcher=ray \
    --launcher_options=address=auto,retries=3
