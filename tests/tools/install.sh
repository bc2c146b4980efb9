#!/usr/bin/env bash
# Installs what the tests behind the feature `real-tools` need, from Debian's packages and PyPI. Run as root; does nothing
# when all is there. kubectl is taken as it is found: Debian's kubernetes-client serves where there is none.
set -euo pipefail
exec </dev/null

export DEBIAN_FRONTEND=noninteractive
packages=(
  shellcheck dash zsh fish busybox-static          # shells that must read our quoting alike
  docker.io containerd podman iptables nftables    # private runtimes, and firewalls to try our rules
  apparmor docker-compose seccomp auditd           # validators
  golang-github-containers-common                  # /usr/share/containers/seccomp.json
  tmux                                             # copying inside it
  gdb jq conntrack tcpdump psmisc procps iproute2 systemd gcc libc6-dev python3-venv ca-certificates
)
command -v kubectl >/dev/null || packages+=(kubernetes-client)
packages+=("$@")

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  apt-get install -qq --no-install-recommends "${missing[@]}"
fi

# Python's validators live in a folder of their own; tests/real_tools/main.rs knows it.
python=/opt/cadge-tools
wanted=(kubernetes-validate==1.37.0 awscli==1.46.0)
if [ "$(cat "$python/wanted" 2>/dev/null)" != "${wanted[*]}" ]; then
  /usr/bin/python3 -m venv --clear "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}"
  printf '%s' "${wanted[*]}" > "$python/wanted"
fi
