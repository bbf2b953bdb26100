"""A diagnosis in, a document out; no check knows how it is shown."""
