#!/usr/bin/env bash
# Runs a command with a Docker Engine that has the image in which `sam local invoke` runs Python 3.13:
#
#   tools/with_docker.sh COMMAND [ARGUMENT...]
#   tools/with_docker.sh --check    only says whether the engine is there or can be made
#
# With Docker installed and a network, it pulls the image and runs the command. In a closed network, or on a CI machine
# without an engine, it makes what is missing from Debian's packages:
#
# 1. If no engine answers, it unpacks dockerd, containerd and runc into build/docker, without installing them, and starts
#    them with their own data, state and socket. The engine sets up no iptables and no forwarding: containers reach this
#    machine at the address of the engine's bridge, and no other network.
# 2. If the image can't be pulled, it builds a stand-in from Debian 13, whose Python is also 3.13, with Lambda's runtime
#    interface client and boto3 from requirements/runtime.txt, and keeps it as build/lambda-python.tar.
#
# Both cases need Linux on x86_64, root, and apt-get with Debian's packages; case 2 also needs the environment
# .venv-runtime. If one of these is missing, the script names it and the alternatives, and does not run the command.
#
# At the end the script stops the engine that it started, and removes that engine's files and the stand-in. A pulled
# image stays, as after any `docker pull`.
set -euo pipefail
cd "$(dirname "$0")/.."

IMAGE=public.ecr.aws/lambda/python:3.13-x86_64
OF_SAM=public.ecr.aws/lambda/python:3.13-rapid-x86_64 # the image that SAM builds on it
SUITE=trixie
HERE=$PWD/build/docker
PACKAGES=$HERE/packages
ENGINE=$HERE/engine
STAND_IN=$PWD/build/lambda-python.tar
NO_ENGINE="No Docker Engine answers"
ALTERNATIVE="Install and start Docker, or set DOCKER_HOST to an engine that runs."
started= # the process of the engine
made=()  # what the engine makes outside its folders

say() { printf 'with_docker: %s\n' "$*" >&2; }

give_up() {
  printf '\n*** %s\n*** %s\n*** NOTHING WAS RUN: this does not count as passed.\n\n' "$1" "$2" >&2
  exit 1
}

need_debian() {
  [[ $(uname -sm) == "Linux x86_64" && $EUID == 0 && -n $(type -P apt-get) && -n $(type -P dpkg-deb) ]] ||
    give_up "$1, and making it needs Linux on x86_64, root, apt-get and dpkg-deb." "$2"
}

# Unpacks Debian packages into a folder of their own.
unpack() {
  mkdir -p "$PACKAGES/debs"
  apt-get update > "$HERE/apt.log" 2>&1 || say "apt-get update failed; going on with the lists that are there"
  (cd "$PACKAGES/debs" && rm -f ./*.deb && apt-get download "$@" >> "$HERE/apt.log" 2>&1) ||
    give_up "Debian's packages $* can't be downloaded." "The output of apt is in build/docker/apt.log."
  local deb
  for deb in "$PACKAGES"/debs/*.deb; do dpkg-deb -x "$deb" "$PACKAGES"; done
}

start_engine() {
  need_debian "$NO_ENGINE" "$ALTERNATIVE"
  exec 9> "$HERE/lock"
  flock --nonblock 9 || give_up "Another run is using build/docker." "Wait for it to end."
  say "no Docker Engine answers; starting one from Debian's packages in build/docker"
  local client=docker.io place
  apt-cache show docker-cli > /dev/null 2>&1 && client=docker-cli
  unpack docker.io "$client" containerd runc
  export PATH="$PACKAGES/usr/sbin:$PACKAGES/usr/bin:$PATH" DOCKER_HOST="unix://$ENGINE/docker.sock"
  for place in /etc/docker /run/docker /run/containerd /sys/class/net/docker0; do
    [[ -e $place ]] || made+=("$place")
  done
  rm -rf "$ENGINE"
  mkdir -p "$ENGINE"
  setsid dockerd --host "$DOCKER_HOST" --pidfile "$ENGINE/pid" --data-root "$ENGINE/data" --exec-root "$ENGINE/exec" \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
    > "$HERE/dockerd.log" 2>&1 < /dev/null 9>&- &
  started=$!
  local attempt
  for attempt in {1..60}; do
    docker version > /dev/null 2>&1 && return
    kill -0 "$started" 2> /dev/null || break
    sleep 1
  done
  give_up "The Docker Engine did not start." "$(tail -n 3 "$HERE/dockerd.log") (more in build/docker/dockerd.log)"
}

make_stand_in() {
  need_debian "$IMAGE can't be pulled" "Docker's output is in build/docker/pull.log. If you have a mirror:
*** docker pull MIRROR/lambda/python:3.13-x86_64 && docker tag MIRROR/lambda/python:3.13-x86_64 $IMAGE"
  [[ -x .venv-runtime/bin/python3.13 ]] ||
    give_up "The stand-in for $IMAGE needs Python 3.13, which is missing." "Install it, then: make clean"
  say "$IMAGE can't be pulled; making a stand-in from Debian $SUITE"
  unpack debootstrap
  local root=$HERE/root mirror site
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sed -n 1p)
  rm -rf --one-file-system "$root"
  DEBOOTSTRAP_DIR="$PACKAGES/usr/share/debootstrap" "$PACKAGES/usr/sbin/debootstrap" --variant=minbase \
    --include=python3 "$SUITE" "$root" ${mirror:+"$mirror"} > "$HERE/debootstrap.log" 2>&1 ||
    give_up "debootstrap failed." "$(tail -n 3 "$HERE/debootstrap.log") (more in build/docker/debootstrap.log)"
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
  rm -rf --one-file-system "$root"
}

is_stand_in() {
  [[ $(docker image inspect --format '{{index .Config.Labels "stand-in"}}' "$IMAGE" 2> /dev/null) == yes ]]
}

provide_image() {
  if ! is_stand_in; then
    docker image inspect "$IMAGE" > /dev/null 2>&1 && return
    docker pull --platform linux/amd64 "$IMAGE" > "$HERE/pull.log" 2>&1 && return
  fi
  [[ $STAND_IN -nt requirements/runtime.txt && $STAND_IN -nt $0 ]] || make_stand_in
  docker import --change 'WORKDIR /var/task' --change 'ENTRYPOINT ["/var/runtime/bootstrap"]' \
    --change 'LABEL stand-in=yes' "$STAND_IN" "$IMAGE" > /dev/null
}

clean_up() {
  trap '' INT TERM HUP
  rm -rf "$HERE/tmp"
  if [[ $started ]]; then
    kill "$started" 2> /dev/null || true
    wait "$started" || true
    rm -rf "$ENGINE" "$PACKAGES"
    local place
    for place in "${made[@]}"; do
      if [[ $place == /sys/class/net/* ]]; then
        ip link delete "${place##*/}" 2> /dev/null || true
      else
        rm -rf "$place"
      fi
    done
    rmdir /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker 2> /dev/null || true # they stay if another engine uses them
  elif is_stand_in; then
    docker image rm --force "$IMAGE" "$OF_SAM" > /dev/null 2>&1 || true
  fi
}

# Says at once whether start_engine can do its part; make builds for minutes before it needs an engine.
if [[ $1 == --check ]]; then
  docker version > /dev/null 2>&1 || need_debian "$NO_ENGINE" "$ALTERNATIVE"
  exit 0
fi

# A signal takes effect once the command has ended; the terminal also sends it to the command.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap clean_up EXIT
mkdir -p "$HERE/tmp"
docker version > /dev/null 2>&1 || start_engine
provide_image
TMPDIR=$HERE/tmp "$@"
