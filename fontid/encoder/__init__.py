"""A line -> the encoder's input (`preprocessing`), and which lines share a face (`groups`)."""
