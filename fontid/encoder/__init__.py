"""A line -> the encoder's input (`preprocessing`)."""
