"""The parts of the web app: they format what `fontid` returns."""
