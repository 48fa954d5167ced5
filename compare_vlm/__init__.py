"""Should a fine-tuned vision-language model replace the small encoder? Models trained, measured and reported alike."""
