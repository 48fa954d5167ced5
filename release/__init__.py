"""From a finished run to model/, and from model/ to the hub."""
