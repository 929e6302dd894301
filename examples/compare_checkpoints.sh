# Is the run better than it was half-way, and how far is it from real data? Results of one protocol are ranked.
set -e
work=$(mktemp -d)
gancli train digits --outdir "$work/run" --steps 4000 --checkpoint-every 2000 --quiet
cd "$work"
gancli evaluate run --step 2000 --fid --precision-recall --json > half.json
gancli evaluate run --step best --fid --precision-recall --json > best.json
gancli compare half.json best.json
