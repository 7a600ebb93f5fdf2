"""Files on disk, written so that a killed process leaves none of them incomplete."""
