"""A run folder: its record, its checkpoints, a trained run, an exported one."""
