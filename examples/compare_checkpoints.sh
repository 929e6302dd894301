# Is the run better than it was half-way, and how far is it from real data? Results of one protocol are ranked.
set -e
work=$(mktemp -d)
gancli train digits --outdir "$work/run" --steps 4000 --checkpoint-every 2000 --quiet
gancli evaluate "$work/run" --step 2000 --fid --precision-recall --json > "$work/half.json"
gancli evaluate "$work/run" --step best --fid --precision-recall --json > "$work/best.json"
gancli compare "$work/half.json" "$work/best.json"
