# In a pipeline: results as JSON on stdout, everything else on stderr, exit codes that mean something.
set -e
work=$(mktemp -d)
gancli train digits --outdir "$work/run" --steps 4000 --json > "$work/train.json"
gancli parzen "$work/run" --samples 2000 --json > "$work/parzen.json"
gancli evaluate "$work/run" --fid --samples 2000 --fail-on-collapse --json > "$work/evaluate.json"
python3 - "$work/parzen.json" <<'PY'
import json, sys
score = json.load(open(sys.argv[1]))
assert score["log_likelihood"] > -60, score["log_likelihood"]
print(f"{score['log_likelihood']:.1f} nats with sigma {score['sigma']:.3f}")
PY
