"""What a configuration starts from: defaults and presets."""
