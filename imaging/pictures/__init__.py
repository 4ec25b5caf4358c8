"""Pictures of one radiograph: PNG, JPEG, TIFF and their like."""
