"""How close tiles come to a material, how they wrap, and how much of them was copied: pure functions on pictures.

Axes: N tiles or windows, S pixels of a tile's side, H, W pixels of a picture, P patches, K directions, Q quantiles.
None of these is the FID: no network judges here.
"""
