"""Images on a disk: the only reader of folders, zips and arrays."""
