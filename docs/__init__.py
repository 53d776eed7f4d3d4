"""The documentation, and what generates docs/transforms.md: ``python -m docs``."""
