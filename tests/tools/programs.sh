#!/usr/bin/env bash
# Writes src/lint/programs.tsv: programs that exist, with subcommands and options where the tool itself lists them.
# Run it on Debian after tests/tools/install.sh; needs the tools it asks. One row: name, subcommand, options.
set -euo pipefail
export LC_ALL=C
out=$(dirname "$0")/../../src/lint/programs.tsv

# Cobra programs list their subcommands and options on request, without a daemon or a server.
cobra() {
  local program=$1 sub
  listed() { "$program" __complete "$@" 2>/dev/null | grep -v '^:' | cut -f1 | grep -v '^_' || true; }
  # Completion leaves out what is on already; the help does not.
  shown() { "$program" "${@:1:$#-1}" --help 2>/dev/null | sed -n '/^Options:/,$p' | grep -oE -- '(^|[ ,])--?[A-Za-z][A-Za-z0-9-]*' | tr -d ' ,' || true; }
  options() { { listed "$@" - | grep '^-' || true; shown "$@" -; } | sort -u | tr '\n' ' ' | sed 's/ $//'; }
  printf '%s\t\t%s --help -h\n' "$program" "$(options)"
  for sub in $(listed '' | grep -E '^[a-z]'); do
    printf '%s\t%s\t%s --help -h\n' "$program" "$sub" "$(options "$sub")"
    case $sub in
      network | container | image | volume | system | builder | manifest | plugin | context | secret | config | auth | create | rollout | set | top | pod | certificate | cluster-info | healthcheck | generate | machine | play | kube | checkpoint)
        for nested in $(listed "$sub" '' | grep -E '^[a-z-]+$'); do
          printf '%s\t%s %s\t%s --help -h\n' "$program" "$sub" "$nested" "$(options "$sub" "$nested")"
        done ;;
    esac
  done
}

# Others print their options when asked for help.
helped() {
  local program=$1
  shift
  printf '%s\t\t%s\n' "$program" "$({ "$program" "$@" 2>&1 || true; } | grep -oE -- '--?[A-Za-z][A-Za-z0-9-]*' | sort -u | tr '\n' ' ' | sed 's/ $//')"
}

{
  echo '# name	subcommand	options; written by tests/tools/programs.sh'
  for program in docker podman kubectl; do
    if command -v "$program" > /dev/null; then cobra "$program"; fi
  done
  for program in journalctl systemctl nft grep sed tar cp mv rm chmod chown ln mkdir ls sort head tail cut wc du df cat tee stat touch sha256sum timeout nsenter unshare lsblk findmnt mount umount dmesg wget useradd usermod userdel xargs date id uname truncate shred ss; do
    if command -v "$program" > /dev/null; then helped "$program" --help; fi
  done
  {
    compgen -b
    compgen -k
    find /bin /sbin /usr/bin /usr/sbin -maxdepth 1 ! -type d -printf '%f\n'
    grep -v '^#' "$(dirname "$0")/programs.extra" | tr ' ' '\n'
  } | grep -E '^[A-Za-z0-9_.:[-][A-Za-z0-9_.+[-]*$' | sort -u
} > "$out"
# podman-events(1) has it, the program's own help hides it.
sed -i '/^podman\tevents\t/s/$/ --stream/' "$out"
