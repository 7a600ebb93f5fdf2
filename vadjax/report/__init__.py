"""What a person sees of a run: one page, figures for a paper, tables for the terminal and csv.

`page.write_report` writes report.html, `figures.write_figures` the pictures, `tables` the summary
and the csv files. All take plain numbers and `view.VideoView`s; none knows where they came from.
"""
