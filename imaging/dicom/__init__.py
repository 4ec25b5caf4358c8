"""DICOM: single images, series, multi-frame files, zip archives."""
