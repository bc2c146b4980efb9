#!/usr/bin/env bash
# Reads one log of Falco's JSON with cadge and with whichever of wc, rg, duckdb, lnav, hl and jq is installed, and prints
# how long each takes as a multiple of `wc -l`: peers.sh FILE [ROUNDS]. Each is run ROUNDS times (default 3), and the
# fastest counts, so that the file is in memory and what else runs matters little.
set -euo pipefail
file=${1:?usage: peers.sh FILE [ROUNDS]}
rounds=${2:-3}
cadge=${CADGE:-target/release/cadge}
[ -x "$cadge" ] || { echo "peers.sh: no $cadge: cargo build --release first" >&2; exit 1; }
rule=$(head -n 1 "$file" | grep -o '"rule":"[^"]*"' | cut -d'"' -f4 || true)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_STATE_HOME=$scratch XDG_CONFIG_HOME=$scratch HOME=$scratch

now() { date +%s.%N; }

# best COMMAND…: seconds of the fastest run; fails when the command does.
best() {
  local best=999999 from to took
  for _ in $(seq "$rounds"); do
    from=$(now)
    "$@" >/dev/null 2>&1 </dev/null || return 1
    to=$(now)
    took=$(echo "$to $from" | awk '{ printf "%.4f", $1 - $2 }')
    best=$(echo "$took $best" | awk '{ print ($1 < $2) ? $1 : $2 }')
  done
  echo "$best"
}

row() {
  local what=$1 took
  shift
  took=$(best "$@") || { printf '| %-52s |   failed |        |\n' "$what"; return; }
  echo "$what $took $floor" | awk -F' ' '{ n = NF; t = $(n-1); f = $n; $(n) = ""; $(n-1) = ""; sub(/ +$/, ""); printf "| %-52s | %8.3f | %6.1f |\n", $0, t, t / f }'
}

has() { command -v "$1" >/dev/null; }

# Nothing found is an answer too.
finds() { "$@" || [ $? -eq 1 ]; }

# lnav reads a log in a format that it does not know as no messages at all, and is done at once: here it learns Falco's.
teach_lnav() {
  mkdir -p "$scratch/lnav/formats/falco"
  cat >"$scratch/lnav/formats/falco/format.json" <<'FORMAT'
{
  "$schema": "https://lnav.org/schemas/format-v1.schema.json",
  "falco_json": {
    "title": "Falco",
    "description": "Alerts as JSON, one in each line",
    "json": true,
    "hide-extra": true,
    "timestamp-field": "time",
    "level-field": "priority",
    "body-field": "output",
    "line-format": [{ "field": "__timestamp__" }, " ", { "field": "rule" }, ": ", { "field": "output" }],
    "value": {
      "rule": { "kind": "string", "identifier": true },
      "output": { "kind": "string" },
      "output_fields": { "kind": "json" }
    }
  }
}
FORMAT
}

# lnav_counts QUERY: one whose last column is a count; fails when nothing was counted.
lnav_counts() {
  local last
  last=$(lnav -I "$scratch/lnav" -n -c ";$1" -c ':write-csv-to -' "$file" | tail -n 1)
  [ "${last##*,}" -gt 0 ]
}

cat "$file" >/dev/null
floor=$(best wc -l "$file")
echo "| $(wc -c <"$file" | awk '{ printf "%.0f MB", $1 / 1e6 }'), $(wc -l <"$file") lines, $(nproc) cores | seconds | x wc -l |"
echo "| --- | ---: | ---: |"
row "wc -l" wc -l "$file"
has rg && row "rg -cF, a text that is nowhere" finds rg -cF 'nowhere at all' "$file"
row "cadge groups --json: counts by rule and container" "$cadge" groups "$file" --json
row "cadge groups --by priority: every alert indexed" "$cadge" groups "$file" --by priority
row "cadge list --count, a column" "$cadge" list "$file" --count --filter "alert.rule = \"$rule\""
row "cadge list --count, any other field" "$cadge" list "$file" --count --filter "user.name = nobody9"
row "cadge list --count, a text that is nowhere" "$cadge" list "$file" --count --search 'nowhere at all'
has duckdb && row "duckdb: counts by rule and container" duckdb -c \
  "set threads=2; select rule, output_fields->>'container.id' c, count(*) from read_json('$file', format='newline_delimited', columns={rule:'VARCHAR', output_fields:'JSON'}) group by 1, 2"
has hl && row "hl: one rule" hl -P --no-color -f "rule=$rule" "$file"
if has lnav && teach_lnav; then
  row "lnav: reads, and counts all" lnav_counts "select count(*) from falco_json"
  row "lnav: counts by rule and container" lnav_counts \
    "select rule, json_extract(output_fields, '\$.\"container.id\"') c, count(*) from falco_json group by 1, 2"
fi
has jq && row "jq: rule of each" jq -r .rule "$file"
exit 0
