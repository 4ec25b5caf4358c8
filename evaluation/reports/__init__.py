"""Reports as text, tables and self-contained HTML pages."""
