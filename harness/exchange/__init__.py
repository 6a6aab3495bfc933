"""Files of other tools, read into the project's own form."""
