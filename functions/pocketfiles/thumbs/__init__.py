"""Thumbs: what a size says, which pixels it takes, and the one module that touches them."""
