"""The engine: the trainable state, one step, many steps in one dispatch, and the loop around them."""
