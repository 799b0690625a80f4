#!/usr/bin/env bash
# The image of the branch's application, built, pushed and signed if the registry does not have it yet: scripts/ci/image.sh
# Named by its digest it goes to standard output, everything else to standard error. Its tag is its sources', so that a commit
# which does not touch them is served by the image that is there.
# CONTEXT, DOCKERFILE and IMAGE_REPOSITORY say of what and where to; how it is signed: scripts/ci/sign.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
context=${CONTEXT:-apps/chat}
file=${DOCKERFILE:-$context/Dockerfile}
repository=${IMAGE_REPOSITORY:-127.0.0.1:5000/slipway/chat}
sources=$(git rev-parse "HEAD:$context" "HEAD:$file" | git hash-object --stdin)
image=$repository:$sources
digest() { docker buildx imagetools inspect --format '{{json .Manifest}}' "$image" 2>/dev/null | jq --raw-output .digest; }
{
  if [ -z "$(digest)" ]; then
    docker buildx build --load --network host --provenance=false --build-arg "VERSION=${sources:0:9}" \
      --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" --file "$file" --tag "$image" "$context"
    docker push --quiet "$image"
    scripts/ci/sign.sh image "$repository@$(digest)" "$context"
  else
    echo "image: the registry has $image"
  fi
} >&2
echo "$repository@$(digest)"
