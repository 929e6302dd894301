# A model and a game of your own, each from a file.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
gancli train ring --model "$here/my_models.py:residual" --steps 1000 --outdir "$work/model"
gancli train digits --game "$here/my_game.py:LeastSquares" --steps 500 --outdir "$work/game"
gancli sample "$work/game" --output "$work/game.png"
echo "look at $work/model/samples and $work/game.png"
