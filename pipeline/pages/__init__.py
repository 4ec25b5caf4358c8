"""HTML pages: one of each hand, an index of a folder of them, and pages that grow from the top for reports."""
