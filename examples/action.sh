#!/usr/bin/env bash
# What the action runs: install beside, prune, tell how many bytes went. A machine without a cache yet is fine.
set -euo pipefail
here=$(mktemp -d)
"$PYTHON" -m venv "$here"
"$here/bin/python" -m pip install --quiet "${GITHUB_ACTION_PATH:-pipcacheplus}"
code=0
# shellcheck disable=SC2086 -- arguments are words
"$here/bin/python" -m pipcacheplus prune --format json ${ARGUMENTS:-} > "$here/report.json" || code=$?
[ "$code" -eq 0 ] || exit "$code"
"$here/bin/python" - "$here/report.json" >> "${GITHUB_OUTPUT:-/dev/stdout}" <<'PY'
import json, sys
print("bytes=%d" % json.load(open(sys.argv[1]))["summary"]["bytes"])
PY
