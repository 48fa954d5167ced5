"""A line -> the encoder's input (`preprocessing`); embeddings of small letters (`small`)."""
