#!/usr/bin/env bash
# The scans: each stage owns one kind of danger, and blocks. `scripts/scan.sh [STAGE…]`, without one all of them.
# What each blocks, and where an exception with its reason stands: docs/pipeline.md.
# OSV_URL names another server of advisories than osv.dev's own, for networks that do not reach it.
# shellcheck disable=SC2317 # stages are called by name
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PYTHONPATH=$PWD:$PWD/components:$PWD/ops:$PWD/local
bin=.venv/bin
stages=(dependencies secrets code workflows images infrastructure manifests)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tool() { # a program of the toolchain, or of an environment of local/: installed when it is first asked
  "$bin"/python -c 'import sys
from slipway_local import runtime, toolchain
if (name := sys.argv[1]) in toolchain.table():
    toolchain.ensure([name])
    print(toolchain.program(name) / "bin" / name)
else:
    environment = {"pip-audit": runtime.SCAN, "checkov": runtime.CHECKOV}[name]
    environment.ensure()
    print(environment.program(name))' "$1"
}

tracked() { git ls-files --cached --others --exclude-standard -- "$@"; }

dependencies() {
  local audit file found=0 accepted=()
  audit=$(tool pip-audit) || return
  while read -r id until _; do
    [[ $id = "#"* || $until < $(date +%F) ]] || accepted+=(--ignore-vuln "$id")
  done <.github/accepted-advisories
  mkdir "$work/projects"
  mapfile -t projects < <(tracked '*pyproject.toml')
  mapfile -t requirements < <(tracked '*requirements*.txt' '*requirements*.in' '*constraints*.txt')
  for file in "${projects[@]}"; do # what they ask for themselves: a lock file may be older
    requirements+=("$work/projects/${file//\//-}.txt")
    "$bin"/python -c 'import sys, tomllib
project = tomllib.load(open(sys.argv[1], "rb"))
asked = project.get("project", {})
groups = [asked.get("dependencies", []), project.get("build-system", {}).get("requires", [])]
groups += [*asked.get("optional-dependencies", {}).values(), *project.get("dependency-groups", {}).values()]
print(*(one for group in groups for one in group), sep="\n")' "$file" >"${requirements[-1]}" || found=1
  done
  for file in "${requirements[@]}"; do # one by one: they pin a package each as it needs it
    "$audit" --strict --no-deps --disable-pip --progress-spinner off --vulnerability-service osv \
      ${OSV_URL:+--osv-url "$OSV_URL"} "${accepted[@]}" --requirement "$file" || found=1
  done
  mapfile -t packages < <(tracked '*package.json')
  for file in "${packages[@]}"; do # the lock file has to be there, and to have all that is asked for
    (cd "$(dirname "$file")" && npm ls --package-lock-only --all >/dev/null &&
      npm audit --package-lock-only --audit-level=high) || found=1
  done
  return "$found"
}

secrets() { # what was ever committed, on any branch, in a merge's own changes too; and what is not committed yet
  local gitleaks found=0 new=$work/new
  gitleaks=$(tool gitleaks) || return
  local look=(--no-banner --no-color --redact --verbose --ignore-gitleaks-allow --max-decode-depth=3 --config "$PWD/.gitleaks.toml")
  "$gitleaks" git "${look[@]}" --log-opts="--remerge-diff --all HEAD" . || found=1
  mkdir "$new"
  { git diff -z --name-only --diff-filter=d HEAD && git ls-files -z --others --exclude-standard; } |
    xargs -0r cp --parents --no-dereference --target-directory "$new"
  (cd "$new" && "$gitleaks" dir "${look[@]}" .) || found=1
  return "$found"
}

code() { "$bin"/ruff check .; } # flake8-bandit's rules are among those of pyproject.toml

workflows() { # actions wherever they stand, and the workflows that others are shown
  local actionlint found=0
  actionlint=$(tool actionlint) || return
  "$actionlint" || found=1
  mapfile -t files < <(tracked '*.yml' '*.yaml' | grep -E '(^|/)(\.github/workflows/[^/]+|\.github/dependabot|action)\.ya?ml$')
  "$bin"/zizmor --offline --persona=auditor --no-progress --quiet --config .github/zizmor.yml "${files[@]}" || found=1
  return "$found"
}

images() {
  local checkov files found=0
  checkov=$(tool checkov) || return
  mapfile -t files < <(tracked '*ockerfile*' '*ontainerfile*' ':!*.dockerignore' ':!*.py' ':!*.md')
  "$bin"/hadolint "${files[@]}" || found=1
  "$bin"/python -m policies.dockerfiles "${files[@]}" || found=1
  "$checkov" --quiet --compact --skip-download --framework dockerfile --file "${files[@]}" || found=1
  return "$found"
}

infrastructure() { # what the stacks ask of AWS
  "$bin"/python -m tests.support.declared aws prod dev
}

manifests() { # what the stacks put into a cluster, and every object that lies in a file
  local checkov files found=0
  mapfile -t files < <(tracked '*.yaml' '*.yml' '*.json' ':!*package-lock.json')
  "$bin"/python -m policies.manifests "${files[@]}" || found=1
  checkov=$(tool checkov) || return
  "$bin"/python -m tests.support.declared kubernetes prod dev --objects "$work" || found=1
  "$checkov" --quiet --compact --skip-download --framework kubernetes --directory "$work" || found=1
  return "$found"
}

failed=0 told=()
for stage in "${@:-${stages[@]}}"; do
  [[ " ${stages[*]} " = *" $stage "* ]] || { echo "scan: no stage $stage; there are ${stages[*]}" >&2; exit 2; }
  printf '\nscan: %s\n' "$stage"
  result=clean begun=$SECONDS
  $stage || result=BLOCKED failed=1
  told+=("$(printf 'scan: %-16s %-8s %4d s' "$stage" $result $((SECONDS - begun)))")
done
printf '%s\n' "" "${told[@]}"
exit $failed
