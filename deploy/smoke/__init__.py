"""Questions for a running stack: ``client`` asks, ``rows`` says what must come back."""
