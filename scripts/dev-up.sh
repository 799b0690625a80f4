#!/usr/bin/env bash
# Brings the dev environment up on the local platform and says how to use it. Runs inside `slipway local exec`.
set -euo pipefail
cd "$(dirname "$0")/.."
pulumi stack select --create dev
pulumi up --stack dev --yes --skip-preview --suppress-outputs
url=$(pulumi stack output url --stack dev)
active=$(pulumi stack output active --stack dev)
other=$([ "$active" = blue ] && echo green || echo blue)
cat <<EOS

dev is up: $url answers in $active

  open    $url
  which   curl $url/version
  flip    .venv/bin/slipway local exec -- bash -c 'pulumi config set slipway:active $other && pulumi up --yes --skip-preview'
  look    .venv/bin/slipway local status        .venv/bin/slipway local exec -- kubectl get pods -A
  stop    make down
EOS
