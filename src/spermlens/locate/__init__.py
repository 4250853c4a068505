"""Where a cell's parts lie and how large they are: geometry, no learned weights, no torch."""
