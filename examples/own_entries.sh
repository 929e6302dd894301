# A metric and a data set of your own: scripts that add an entry and then run the command line.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
gancli train digits --steps 500 --outdir "$work/digits"
python "$here/my_metric.py" evaluate "$work/digits" --contrast --samples 1000
python "$here/my_data.py" train diagonal --steps 1000 --outdir "$work/diagonal"
python "$here/my_data.py" evaluate "$work/diagonal" --modes
