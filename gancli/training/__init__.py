"""The engine: it moves a state of named players through chunks of steps, and knows no game."""
