# The paper's Figure 1: a generator learns a Gaussian, and the discriminator ends at one half.
set -e
work=$(mktemp -d)
gancli train gaussian --outdir "$work/run" --quiet
gancli sample "$work/run" -n 5000 --output "$work/figure1.png"
echo "look at $work/figure1.png"
