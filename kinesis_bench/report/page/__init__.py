"""``report.html``: a result as one page for people, without network or scripts."""
