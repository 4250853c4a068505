"""Looking at a data set before anything is learned from it: finds and tells, changes nothing. No torch.

survey      one decoding of every image: file, measures, hash, thumbnail
look        measures of one image, and which of many are odd
copies      identical and nearly identical images, also mirrored or turned
leaks       copies and groups on both sides of a planned split
metadata    what the file alone tells of the label
suspects    labels that a run's predictions speak against
findings    all of these together, and the clean list that follows
folder      the findings as CSV and JSON; page: as a page
"""
