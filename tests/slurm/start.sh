#!/bin/bash
# A Slurm of one node in a folder of its own, for tests: munged, slurmctld and slurmd. Needs root.
#   tests/slurm/start.sh FOLDER        starts it; then: export SLURM_CONF=FOLDER/slurm.conf
#   tests/slurm/start.sh FOLDER stop   stops it
set -eu
folder=$(realpath -m "$1")
host=$(hostname -s)

stop() {
  for name in slurmd slurmctld munged; do
    if [ -f "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" 2>/dev/null || true; fi
  done
}

if [ "${2:-}" = stop ]; then
  stop
  exit 0
fi

for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "no $program here: install slurm-wlm and munge" >&2; exit 2; }
done
mkdir -p "$folder/state" "$folder/spool" /run/munge
if [ ! -f /etc/munge/munge.key ]; then
  mkdir -p /etc/munge
  dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none
fi
chown -R munge:munge /run/munge /etc/munge 2>/dev/null || true
chmod 700 /etc/munge && chmod 400 /etc/munge/munge.key && chmod 755 /run/munge
if ! munge -n >/dev/null 2>&1; then
  runuser -u munge -- munged --force --pid-file=/run/munge/munged.pid || munged --force --pid-file=/run/munge/munged.pid
  cp /run/munge/munged.pid "$folder/munged.pid"
fi

memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
cat > "$folder/slurm.conf" <<EOF
ClusterName=strf
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_min_interval=100000
KillWait=2
MinJobAge=300
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP OverTimeLimit=0
EOF
export SLURM_CONF="$folder/slurm.conf"
slurmctld
slurmd
for _ in $(seq 100); do
  if sinfo -h -o %t 2>/dev/null | grep -q -E 'idle|mix|alloc'; then
    echo "$SLURM_CONF"
    exit 0
  fi
  sleep 0.2
done
echo "Slurm did not come up; see $folder/slurmctld.log and $folder/slurmd.log" >&2
stop
exit 1
