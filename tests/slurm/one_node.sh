#!/bin/sh
# A real Slurm of one node from Debian's packages, for tests: as root, without systemd or cgroups, beside any other Slurm.
#   one_node.sh start FOLDER   everything of it lies in FOLDER; prints the environment that its users need
#   one_node.sh controller FOLDER   starts the controller again after it was killed
#   one_node.sh stop FOLDER
# Exit code 77 and a reason on standard error where this machine cannot have one.
set -eu

cannot() { echo "$1" >&2; exit 77; }

install_packages() {
  for program in slurmctld slurmd sbatch munged; do command -v "$program" >/dev/null || missing=$program; done
  [ -n "${missing:-}" ] || return 0
  command -v apt-get >/dev/null || cannot "no $missing, and no apt-get to install it with"
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge; } >"$at/apt.log" 2>&1 ||
    cannot "no $missing, and Debian's packages slurm-wlm and munge cannot be installed here"
}

# One `slot`, a stand-in for a GPU: gres/gpu without a device file would make the node invalid.
# linuxproc finds children that left their process group; the short sched_… intervals are for quick tests.
write_settings() {
  host=$(hostname -s)
  port=$((20000 + $$ % 6000 * 2)) # below those that the system gives away
  cat >"$at/slurm.conf" <<END
ClusterName=pilot
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$at/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
ReturnToService=2
MinJobAge=86400
KillWait=2
StateSaveLocation=$at/controller
SlurmdSpoolDir=$at/node
SlurmctldPidFile=$at/slurmctld.pid
SlurmdPidFile=$at/slurmd.pid
SlurmctldLogFile=$at/slurmctld.log
SlurmdLogFile=$at/slurmd.log
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MaxArraySize=10001
GresTypes=slot
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) Gres=slot:1 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
END
  echo "NodeName=$host Name=slot Count=1" >"$at/gres.conf"
}

# What `sacct` prints where Slurm keeps accounts, for programs that ask it alone: there is no data base here.
write_sacct() {
  cat >"$at/bin/sacct" <<'END'
#!/bin/sh
ids=
while [ $# -gt 0 ]; do [ "$1" = -j ] && { ids="$ids${ids:+,}$2"; shift; }; shift; done
echo 'JobID|State|NodeList'
squeue --states=all -h -r -j "$ids" -o '%i|%T|%N' 2>/dev/null || true
END
  chmod +x "$at/bin/sacct"
}

start() {
  [ "$(id -u)" = 0 ] || cannot "only root can start a Slurm of its own"
  mkdir -p "$at/controller" "$at/node" "$at/bin"
  chmod 0755 "$at"
  install_packages
  write_settings
  write_sacct
  head -c 1024 /dev/urandom >"$at/munge.key"
  chmod 0400 "$at/munge.key"
  munged --socket="$at/munge.socket" --key-file="$at/munge.key" --pid-file="$at/munged.pid" \
    --log-file="$at/munged.log" --seed-file="$at/munge.seed" --force 2>>"$at/munged.log"
  slurmctld
  slurmd
  tries=0
  until sinfo -h -o %t 2>/dev/null | grep -q -E 'idle|mix|alloc'; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { tail -5 "$at/slurmctld.log" "$at/slurmd.log" >&2; stop; cannot "Slurm did not come up"; }
    sleep 0.2
  done
  echo "SLURM_CONF=$at/slurm.conf"
  echo "PATH=$at/bin:$PATH"
}

stop() {
  for daemon in slurmd slurmctld munged; do
    [ -f "$at/$daemon.pid" ] && kill "$(cat "$at/$daemon.pid")" 2>/dev/null || true
  done
}

[ $# = 2 ] || { sed -n 2,6p "$0" >&2; exit 2; }
at=$(mkdir -p "$2" && cd "$2" && pwd)
export SLURM_CONF="$at/slurm.conf"
case $1 in
start) start ;;
controller) slurmctld ;;
stop) stop ;;
*) sed -n 2,6p "$0" >&2; exit 2 ;;
esac
