"""Papers, reproduced: a folder each."""
