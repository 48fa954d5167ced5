"""Any picture file -> an upright RGB picture. `opening` decodes it; `noise` smooths what a camera added."""
