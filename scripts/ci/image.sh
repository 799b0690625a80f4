#!/usr/bin/env bash
# Builds, pushes and signs the application's image if it has changed since a commit: scripts/ci/image.sh [BEFORE]
# The image, named by its digest, goes to standard output, everything else to standard error.
# CONTEXT, DOCKERFILE and IMAGE_REPOSITORY say of what and where to; how it is signed: scripts/ci/sign.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
context=${CONTEXT:-apps/chat}
file=${DOCKERFILE:-$context/Dockerfile}
repository=${IMAGE_REPOSITORY:-127.0.0.1:5000/slipway/chat}
commit=$(git rev-parse HEAD)
before=${1-}
if [[ $before =~ [1-9a-f] ]] && git diff --quiet "$before" HEAD -- "$context" "$file"; then
  echo "image: nothing has changed in $context since $before" >&2
  exit
fi
{
  docker buildx build --load --network host --provenance=false --build-arg "VERSION=${commit:0:9}" \
    --label "org.opencontainers.image.revision=$commit" --file "$file" --tag "$repository:$commit" "$context"
  docker push --quiet "$repository:$commit"
  image=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$repository:$commit" |
    grep --max-count 1 --fixed-strings "$repository@")
  scripts/ci/sign.sh image "$image" "$context"
} >&2
echo "$image"
