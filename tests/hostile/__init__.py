"""Workbooks that somebody has made to do harm, or that only look like workbooks."""
