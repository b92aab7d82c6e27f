#!/usr/bin/env bash
# What the action runs: install pipcacheplus once a job, beside the project, and run one mode of it.
set -euo pipefail
temporary=${RUNNER_TEMP:-$(mktemp -d)}
tool="$temporary/pipcacheplus-$("$PYTHON" -c 'import sys; print(sys.implementation.cache_tag)')"
if [ ! -e "$tool/installed" ]; then
  # Without the cache: what the tool needs is not to count as used by the job.
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-cache-dir --target "$tool" "$ACTION_PATH"
  touch "$tool/installed"
fi
# By a path and not in an environment of its own, so that the settings of this very pip count.
PYTHONPATH="$tool" RUNNER_TEMP="$temporary" "$PYTHON" "$ACTION_PATH/examples/action.py"
