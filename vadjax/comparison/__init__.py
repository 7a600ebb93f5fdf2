"""Finished runs side by side: tables, tests, pages and workbooks."""
