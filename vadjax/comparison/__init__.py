"""Comparison of finished runs: tables, paired tests, pages and workbooks.

`load_run` reads a run, `grouping` puts runs into tables of groups, and `terminal`, `markdown`,
`csv_files`, `page`, `figures` and `workbook` each write a comparison in one form.
"""
