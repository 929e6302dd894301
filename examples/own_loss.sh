# A loss of your own, from a file: a pair of functions (discriminator, generator), or a whole Objective.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
gancli train ring --loss "$here/my_losses.py:one_sided" --steps 2000 --outdir "$work/one-sided"
gancli train ring --loss "$here/my_losses.py:soft_critic" --steps 2000 --outdir "$work/soft-critic"
echo "look at $work/one-sided/samples and $work/soft-critic/samples"
