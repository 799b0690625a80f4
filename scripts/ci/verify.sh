#!/usr/bin/env bash
# Whether an image may be released: scripts/ci/verify.sh IMAGE
# It has to be named by its digest. One of IMAGE_REPOSITORY has to be signed, with provenance, by COSIGN_PUBLIC_KEY or, on GitHub,
# by a workflow of this repository on its main branch. An image of somebody else is what the review has seen: its digest says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=$1
if [[ ! $image =~ @sha256:[0-9a-f]{64}$ ]]; then
  echo "verify: $image has no digest: its name may mean another image tomorrow. Nothing was changed." >&2
  exit 1
fi
repository=${image%@*}
if [[ ${repository##*/} == *:* ]]; then # the digest alone says which image it is; a tag beside it is for people
  repository=${repository%:*}
fi
if [ "$repository" != "${IMAGE_REPOSITORY:-127.0.0.1:5000/slipway/chat}" ]; then
  echo "verify: $image is not built here; its digest was reviewed"
  exit
fi
cosign=$(.venv/bin/python -c 'from slipway_local import toolchain
toolchain.ensure(["cosign"])
print(toolchain.program("cosign") / "bin/cosign")')
if [ -n "${COSIGN_PUBLIC_KEY-}" ]; then
  by=(--key "$COSIGN_PUBLIC_KEY" --insecure-ignore-tlog=true)
elif [ -n "${GITHUB_REPOSITORY-}" ]; then
  by=(--certificate-oidc-issuer https://token.actions.githubusercontent.com
    --certificate-identity-regexp "^https://github\.com/${GITHUB_REPOSITORY//./\\.}/\.github/workflows/cd\.yml@refs/heads/main$")
else
  echo "verify: nothing says who may sign $image: set COSIGN_PUBLIC_KEY, or GITHUB_REPOSITORY on GitHub. Nothing was changed." >&2
  exit 1
fi
if ! said=$({ "$cosign" verify "${by[@]}" "$image" && "$cosign" verify-attestation "${by[@]}" --type slsaprovenance1 "$image"; } 2>&1); then
  printf 'verify: %s is not signed as it has to be. Nothing was changed.\n%s\n' "$image" "$said" >&2
  exit 1
fi
echo "verify: $image is signed, and says where it comes from"
