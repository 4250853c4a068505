"""Learning: folds, augmentation, the loop, and experiments made of them."""
