"""The commands: thin, one file each; everything heavy is imported when a command runs."""
