"""Networks that turn images into features for the metrics: built-in classifiers and Inception-v3."""
