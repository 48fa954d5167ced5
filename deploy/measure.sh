#!/usr/bin/env bash
# Everything that is measured of the site, in order: it stops at the first step that fails, and names it.
#
#   deploy/measure.sh                the whole run: two hours on two cores, with nothing else on them
#   deploy/measure.sh STEP...        only these
#   deploy/measure.sh steps          their names
#
# Needs what `make test` makes; nginx for the proxy; root for the memory limit and the tmpfs. An environment of what
# requirements.txt names, as on a server, is made in .venv/. Figures go to results/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=.venv/bin/python
SERVED=.venv/served
STEPS=(audit abuse faults deploy unit space load soak)
SECONDS_A_LEVEL=75
SOAK_MINUTES=30

environment() { # what requirements.txt names
  cmp -s requirements.txt "$SERVED/made-of" && return
  "$PYTHON" -m venv --clear "$SERVED"
  "$SERVED/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$SERVED/made-of"
}

tests() { "$PYTHON" -m pytest -q -m '' "$@"; }

audit() { make audit; } # bandit, pip-audit, a search for secrets
abuse() { tests tests/test_abuse.py tests/test_fetching.py; }
faults() { tests tests/test_faults.py tests/test_artifact.py; }
deploy() { tests tests/test_deploy.py; } # install, upgrade, rollback and check in a root of their own; the proxy
unit() {
  local folder
  folder=$(mktemp -d)
  sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' deploy/fontid.service >"$folder/fontid.service" # not installed here
  systemd-analyze verify "$folder/fontid.service"
  rm -r "$folder"
}
space() { tests tests/test_publish.py; }
load() {
  environment
  "$PYTHON" -m deploy.measure_load --seconds "$SECONDS_A_LEVEL" --python "$SERVED/bin/python"
}
soak() {
  environment
  "$PYTHON" -m deploy.measure_load --soak "$SOAK_MINUTES" --python "$SERVED/bin/python"
}

chosen=("$@")
[[ ${#chosen[@]} == 0 ]] && chosen=("${STEPS[@]}")
if [[ ${chosen[*]} == steps ]]; then
  printf '%s\n' "${STEPS[@]}"
  exit
fi
for step in "${chosen[@]}"; do
  [[ " ${STEPS[*]} " == *" $step "* ]] || {
    echo "measure.sh: there is no step $step; there are ${STEPS[*]}" >&2
    exit 2
  }
done
summary=()
for step in "${chosen[@]}"; do
  printf '\n=== %s\n' "$step"
  began=$SECONDS
  # not `"$step" ||`, with which bash would go on after a command that fails inside
  set +e
  (set -e && "$step")
  status=$?
  set -e
  if ((status)); then
    printf '\nmeasure.sh: %s failed after %d s%s\n' "$step" $((SECONDS - began)) "${summary:+; before it: ${summary[*]}}" >&2
    exit 1
  fi
  summary+=("$step $((SECONDS - began)) s,")
done
printf '\nAll is well: %s\n' "${summary[*]%,}"
