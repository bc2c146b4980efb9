#!/usr/bin/env bash
# Installs what the tests behind the feature `real-tools` need, from Debian's packages. Run as root.
# kubectl is taken as it is found: Debian's kubernetes-client serves where there is none.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
packages=(
  shellcheck dash zsh fish busybox-static          # shells that must read our quoting alike
  docker.io iptables nftables                      # a private docker, and firewalls to parse our rules
  apparmor docker-compose seccomp                  # validators
  golang-github-containers-common                  # /usr/share/containers/seccomp.json
  tmux                                             # copying inside it
  gdb jq conntrack tcpdump psmisc procps iproute2 gcc libc6-dev
)
command -v kubectl >/dev/null || packages+=(kubernetes-client)
apt-get update -qq
apt-get install -qq --no-install-recommends "${packages[@]}" "$@"
