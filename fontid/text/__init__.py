"""An RGB picture -> its lines of text. `detector` finds boxes, `frames` turns them upright, `recogniser` reads them,
`reader` puts it together; a `lines.Line` is what goes on."""
