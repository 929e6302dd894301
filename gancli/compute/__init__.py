"""What makes a step fast or fit into memory; a reader of the games may skip it."""
