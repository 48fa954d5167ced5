"""fontid: which Google Fonts family and style is in a picture."""
