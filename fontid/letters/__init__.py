"""The letters themselves. `letterforms` holds the small fonts, `drawing` compares them with a line, `verification`
judges candidates by it, `outlines` tells whether two faces draw the same letters."""
