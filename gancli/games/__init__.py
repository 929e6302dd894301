"""The games: who plays, on which examples, and what one step is; one file each."""
