# Train on the embedded digits, then draw, walk, evaluate and score. No download; about a minute.
set -e
work=$(mktemp -d)
gancli train digits --outdir "$work/run" --quiet
gancli sample "$work/run" -n 64 --output "$work/samples.png"
gancli interpolate "$work/run" --path slerp --output "$work/walk.gif"
gancli evaluate "$work/run" --fid --modes
gancli parzen "$work/run" --baselines
echo "pictures in $work"
