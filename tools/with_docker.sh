#!/usr/bin/env bash
# Runs a command with a Docker Engine at hand and with the image in it that `sam local invoke` runs Python 3.13 in:
#
#   tools/with_docker.sh COMMAND [ARGUMENT...]
#
# In the open, with Docker installed, it pulls that image and runs the command, and that is all. In a closed network,
# or on a CI machine without an engine, each part that is missing is made from Debian's packages:
#
# 1. No engine answers: dockerd, containerd and runc are unpacked from Debian's packages into build/docker, without
#    installing them, and started with data, state and socket of their own. The engine gets no iptables: containers reach
#    this machine at the bridge's address, and nothing beyond it.
# 2. The image can't be pulled: a stand-in is made of Debian 13, whose Python is 3.13 too, with Lambda's runtime
#    interface client and boto3 from requirements/runtime.txt. It is made once, as build/lambda-python.tar.
#
# Both need Linux on x86_64, root, apt-get with Debian's packages, and for 2 the environment .venv-runtime. Where that
# is not so, it says what is missing and what else helps, and fails without running the command.
#
# In the end it stops the engine that it started, and removes what that one kept and the stand-in. The image that was
# pulled stays, as after any `docker pull`.
set -euo pipefail
cd "$(dirname "$0")/.."

IMAGE=public.ecr.aws/lambda/python:3.13-x86_64
SUITE=trixie
HERE=$PWD/build/docker
PACKAGES=$HERE/packages
ENGINE=$HERE/engine
STAND_IN=$PWD/build/lambda-python.tar
pretends=

say() { printf 'with_docker: %s\n' "$*" >&2; }

give_up() {
  printf '\n*** %s\n*** %s\n*** NOTHING WAS RUN: this does not count as passed.\n\n' "$1" "$2" >&2
  exit 1
}

need_debian() {
  [[ $(uname -sm) == "Linux x86_64" && $EUID == 0 ]] && command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null ||
    give_up "$1, and making it needs Linux on x86_64, root, apt-get and dpkg-deb." "$2"
}

# Unpacks Debian packages, the machine's release of them, where nothing else sees them.
unpack() {
  mkdir -p "$PACKAGES/debs"
  apt-get update > "$HERE/apt.log" 2>&1 || say "apt-get update failed; going on with the lists that are there"
  (cd "$PACKAGES/debs" && rm -f ./*.deb && apt-get download "$@" >> "$HERE/apt.log" 2>&1) ||
    give_up "Debian's packages $* can't be downloaded." "build/docker/apt.log has apt's words; name a mirror in /etc/apt."
  local deb
  for deb in "$PACKAGES"/debs/*.deb; do dpkg-deb -x "$deb" "$PACKAGES"; done
}

start_engine() {
  need_debian "No Docker Engine answers" "Install and start Docker, or set DOCKER_HOST to an engine that runs."
  say "no Docker Engine answers; starting one from Debian's packages in build/docker"
  unpack docker.io containerd runc
  export PATH="$PACKAGES/usr/sbin:$PACKAGES/usr/bin:$PATH" DOCKER_HOST="unix://$ENGINE/docker.sock"
  mkdir -p "$ENGINE"
  setsid dockerd --host "$DOCKER_HOST" --pidfile "$ENGINE/pid" --data-root "$ENGINE/data" --exec-root "$ENGINE/exec" \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false > "$HERE/dockerd.log" 2>&1 < /dev/null &
  local attempt
  for attempt in {1..60}; do
    docker version > /dev/null 2>&1 && return
    kill -0 $! 2> /dev/null || break
    sleep 1
  done
  give_up "The Docker Engine did not start." "$(tail -n 3 "$HERE/dockerd.log") (build/docker/dockerd.log has it all)"
}

make_stand_in() {
  need_debian "$IMAGE can't be pulled" "Pull it from your mirror: docker pull MIRROR/lambda/python:3.13-x86_64, then
*** docker tag MIRROR/lambda/python:3.13-x86_64 $IMAGE"
  [[ -x .venv-runtime/bin/python3.13 ]] ||
    give_up "Python 3.13 is missing, which makes what the stand-in for $IMAGE runs." "Install it, then: make clean"
  say "$IMAGE can't be pulled; making a stand-in from Debian $SUITE"
  unpack debootstrap
  local root=$HERE/root mirror site
  rm -rf "$root"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)
  DEBOOTSTRAP_DIR="$PACKAGES/usr/share/debootstrap" "$PACKAGES/usr/sbin/debootstrap" --variant=minbase \
    --include=python3 "$SUITE" "$root" $mirror > "$HERE/debootstrap.log" 2>&1 ||
    give_up "debootstrap failed." "$(tail -n 3 "$HERE/debootstrap.log") (build/docker/debootstrap.log has it all)"
  mkdir -p "$root/var/runtime" "$root/var/task"
  site=$(.venv-runtime/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
  cp -r "$site"/. "$root/var/runtime"
  cat > "$root/var/runtime/bootstrap" << 'BOOTSTRAP'
#!/bin/sh
export PYTHONPATH=/var/task:/var/runtime
exec python3.13 -m awslambdaric "$_HANDLER"
BOOTSTRAP
  chmod +x "$root/var/runtime/bootstrap"
  rm -rf "$root"/var/cache/apt "$root"/var/lib/apt
  tar -C "$root" -cf "$STAND_IN.part" .
  mv "$STAND_IN.part" "$STAND_IN"
  rm -rf "$root"
}

provide_image() {
  docker image inspect "$IMAGE" > /dev/null 2>&1 && return
  timeout 300 docker pull --quiet "$IMAGE" > /dev/null 2>&1 && return
  [[ -f $STAND_IN ]] || make_stand_in
  pretends=yes
  docker import --change 'WORKDIR /var/task' --change 'ENTRYPOINT ["/var/runtime/bootstrap"]' "$STAND_IN" "$IMAGE" > /dev/null
}

clean_up() {
  if [[ -f $ENGINE/pid ]]; then
    kill "$(cat "$ENGINE/pid")" 2> /dev/null || true
    while [[ -f $ENGINE/pid ]]; do sleep 0.2; done
    rm -rf "$ENGINE" "$PACKAGES"
    # What an engine leaves outside its folders; of another engine that runs, these are in use and stay.
    ip link delete docker0 2> /dev/null || true
    rmdir /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker /run/docker/plugins /run/docker /run/containerd/s /run/containerd 2> /dev/null || true
  elif [[ $pretends ]]; then
    docker image rm --force "$IMAGE" > /dev/null
  fi
}

trap clean_up EXIT
mkdir -p "$HERE"
docker version > /dev/null 2>&1 || start_engine
provide_image
"$@"
