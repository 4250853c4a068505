"""How far a reason can be believed: one question a file, each with an answer a picture.

Pictures are images x height x width x 3, maps images x height x width and as large as the pictures.
Whatever answers and explains can be asked: a network is only seen through what it says.
docs/concepts/measured-reasons.md says what a good value is, and what each measure is fooled by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
Maps = NDArray[np.floating]
Ask = Callable[[Pictures], NDArray[np.floating]]  # pictures -> images x classes: probabilities
Explain = Callable[[Pictures], Maps]  # pictures -> a map each
