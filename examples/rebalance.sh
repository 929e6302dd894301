# Ten images of one class, a hundred and thirty of each other: a class-conditional generator fills up the rare one.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
python3 "$here/rebalance.py" skew "$work/skewed.npz"
gancli train "$work/skewed.npz" --conditional --loss relativistic --model mlp --steps 6000 --outdir "$work/run" \
    --batch-size 100 --latent-size 64 --generator-widths 256,256 --discriminator-widths 128,128 --maxout-pieces 3 \
    --input-dropout 0 --hidden-dropout 0.3 --instance-noise 0.2 --generator-init-range 0.05 \
    --generator-learning-rate 1e-3 --discriminator-learning-rate 1e-3 --learning-rate-divisor 1.0002 --quiet
gancli sample "$work/run" --class 8 -n 120 --output "$work/eights.npz"
gancli sample "$work/run" --class-balanced -n 100 --output "$work/classes.png"
python3 "$here/rebalance.py" score "$work/skewed.npz" "$work/eights.npz"
echo "look at $work/classes.png"
