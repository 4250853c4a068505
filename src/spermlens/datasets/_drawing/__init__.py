"""Stained sperm drawn from known geometry: what is in the picture is exact, and so is why.

look -> plan -> cell + surroundings -> stain (optical density) -> camera -> Drawing
"""
