#!/usr/bin/env bash
# Signs, with provenance (SLSA 1.0) and a bill of materials (CycloneDX):
#   scripts/ci/sign.sh image IMAGE@DIGEST CONTEXT     kept beside the image in its registry
#   scripts/ci/sign.sh file FILE SBOM                 kept beside it: FILE.sigstore.json, .provenance.json, .materials.json
# With COSIGN_KEY (a file, env://NAME, awskms:///ALIAS) by that key; in a GitHub job without one, by the job's own identity.
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=$1 subject=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cosign=$(.venv/bin/python -c 'from slipway_local import toolchain
toolchain.ensure(["cosign"])
print(toolchain.program("cosign") / "bin/cosign")')
by=(--yes)
if [ -n "${COSIGN_KEY-}" ]; then # who has a key of their own need not tell a public log what they build
  by+=(--key "$COSIGN_KEY" --tlog-upload=false)
fi

jq --null-input --arg at "${GITHUB_SERVER_URL:-file://}/${GITHUB_REPOSITORY:-$PWD}" --arg commit "$(git rev-parse HEAD)" \
  --arg run "${GITHUB_RUN_ID:-by hand}" --arg workflow "${GITHUB_WORKFLOW_REF:-a person}" '{
  buildDefinition: {
    buildType: "https://actions.github.io/buildtypes/workflow/v1",
    externalParameters: {workflow: $workflow},
    resolvedDependencies: [{uri: "git+\($at)", digest: {gitCommit: $commit}}]
  },
  runDetails: {builder: {id: $workflow}, metadata: {invocationId: "\($at)/actions/runs/\($run)"}}
}' >"$work/provenance.json"

if [ "$kind" = file ]; then
  "$cosign" sign-blob "${by[@]}" --bundle "$subject.sigstore.json" "$subject" >/dev/null
  "$cosign" attest-blob "${by[@]}" --type slsaprovenance1 --predicate "$work/provenance.json" --bundle "$subject.provenance.json" "$subject"
  "$cosign" attest-blob "${by[@]}" --type cyclonedx --predicate "$3" --bundle "$subject.materials.json" "$subject"
else
  scripts/ci/materials.sh "$subject" "$3" >"$work/materials.json"
  "$cosign" sign "${by[@]}" "$subject"
  "$cosign" attest "${by[@]}" --type slsaprovenance1 --predicate "$work/provenance.json" "$subject"
  "$cosign" attest "${by[@]}" --type cyclonedx --predicate "$work/materials.json" "$subject"
fi
echo "sign: $subject"
