"""From results to pages: what a run or a batch of readings says, set for people. No torch.

run_page, prediction_page   what is said, as a Report
figures, overlay            pictures of figures, pictures of reasons
page, contact_sheet         a Report as one HTML file and as JSON; cells with captions as one picture
tables                      a results file as Markdown, for documents
"""
